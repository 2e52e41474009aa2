//! `[predictive]`

use super::{InForce, error, tracking};
use crate::config::keys::TrackedKind;
use crate::config::read::Reader;
use crate::config::rule::Rule;

pub(super) fn predictive(file: &mut Reader<'_>, all: &InForce<'_>) {
    let Some(predictive) = &all.layer.predictive else { return };
    let has = |file: &Reader<'_>, name: &str| file.contains(&format!("predictive.{name}"));
    // In `defaults.toml` half of it is enough: the services say the rest.
    let complete = !file.is_defaults() && file.contains("predictive");
    if complete {
        for (name, is_there) in
            [("metric", predictive.metric.is_some()), ("target", predictive.target.is_some())]
        {
            if !is_there && !has(file, name) {
                file.missing("predictive", name, "");
            }
        }
    }
    tracking::target(file, "predictive.target", predictive.metric, predictive.target);
    match predictive.metric {
        Some(kind @ TrackedKind::AlbRequestsPerTarget)
            if complete && predictive.resource_label.is_none() =>
        {
            tracking::needed(file, "predictive", "resource_label", kind);
        }
        Some(kind) => tracking::out_of_place(file, "predictive", kind),
        None => {}
    }
    let increases = predictive.max_capacity_breach == Some(true);
    if increases
        && complete
        && predictive.max_capacity_buffer.is_none()
        && !has(file, "max_capacity_buffer")
    {
        let because = ", which `max_capacity_breach = \"increase\"` needs";
        file.missing("predictive", "max_capacity_buffer", because);
    }
    if !increases && !has(file, "max_capacity_breach")
        || predictive.max_capacity_breach == Some(false)
    {
        file.at_first(
            error(Rule::KeyOutOfPlace),
            &["predictive.max_capacity_buffer"],
            "`predictive.max_capacity_buffer` has no meaning unless a forecast may raise the maximum",
            "leave it out, or write `max_capacity_breach = \"increase\"`",
        );
    }
}
