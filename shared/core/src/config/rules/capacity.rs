//! `[capacity]`, and the bounds of windows and scheduled actions over it.

use super::{InForce, entries, error, warning};
use crate::config::keys::{CapacityEntry, Layer, StepKind, TrackedKind};
use crate::config::read::Reader;
use crate::config::rule::Rule;

/// What has no effect without `[capacity]`.
const MANAGED: [&str; 7] =
    ["target_tracking", "step", "scheduled", "window", "predictive", "surge", "adopt"];

/// Both bounds; `None`: something is missing.
fn bounds(layer: &Layer) -> Option<(u32, u32)> {
    let CapacityEntry { min, max } = layer.capacity?;
    Some((min?, max?))
}

/// In `defaults.toml` half of it is enough: the services say the rest.
pub(super) fn no_capacity(file: &mut Reader<'_>, all: &InForce<'_>) {
    if file.is_defaults() || bounds(all.layer).is_some() {
        return;
    }
    if file.contains("capacity") {
        // No table at all: said already.
        let Some(half) = all.layer.capacity else { return };
        for (name, value) in [("min", half.min), ("max", half.max)] {
            if value.is_none() && !file.contains(&format!("capacity.{name}")) {
                file.missing("capacity", name, "");
            }
        }
        return;
    }
    if let Some(section) = MANAGED.into_iter().find(|section| file.contains(section)) {
        let message = format!(
            "`{section}` has no effect without `[capacity]`: nothing of the service's scaling is managed"
        );
        let fix = "begin a section `[capacity]` with `min` and `max`";
        file.at_first(error(Rule::NoCapacity), &[section], message, fix);
    }
}

pub(super) fn max_below_min(file: &mut Reader<'_>, all: &InForce<'_>) {
    if let Some((min, max)) = bounds(all.layer)
        && max < min
    {
        let message = format!("`capacity.max` is `{max}`, less than `capacity.min`, `{min}`");
        let fix = format!("write `max = {min}` or more");
        let at = ["capacity.max", "capacity.min"];
        file.at_first(error(Rule::MaxBelowMin), &at, message, fix);
    }
}

/// "Tasks per service" in the quotas of Amazon ECS (AWS general reference).
const ECS_TASKS_MAX: u32 = 5_000;

pub(super) fn more_than_ecs_runs(file: &mut Reader<'_>, all: &InForce<'_>) {
    let max = all.layer.capacity.and_then(|capacity| capacity.max);
    if let Some(max) = max.filter(|max| *max > ECS_TASKS_MAX) {
        let message = format!(
            "`capacity.max` is `{max}`, more than the {ECS_TASKS_MAX} tasks that ECS runs for one service unless the quota \
             was raised"
        );
        let fix = format!("write `max = {ECS_TASKS_MAX}` or less, or split the service");
        file.at_first(warning(Rule::MoreThanEcsRuns), &["capacity.max"], message, fix);
    }
}

/// CPU, memory and requests per target have no data while no task runs, and nothing scales without data (target tracking
/// in the Application Auto Scaling user guide).
pub(super) fn nothing_wakes(file: &mut Reader<'_>, all: &InForce<'_>) {
    let layer = all.layer;
    let policies = entries("", &layer.target_tracking).count() + entries("", &layer.step).count();
    let is_empty = policies == 0 && layer.predictive.is_none();
    let min = layer.capacity.and_then(|capacity| capacity.min);
    if min != Some(0) || is_empty || wakes(layer) {
        return;
    }
    file.at_first(
        error(Rule::NothingWakes),
        // The last three where the file takes away what would have started it.
        &["capacity.min", "target_tracking", "step", "predictive", "scheduled", "window", "surge"],
        "`capacity.min` is `0`, and nothing here can start the first task: CPU, memory and requests per target have no \
         data while none runs",
        "write `min = 1` or more, or add what sees the load from outside: `metric = \"queue-backlog-per-task\"`, a custom \
         metric, a `[[scheduled]]`, a `[[window]]` or a `[[surge]]`",
    );
}

/// Whether something can start the first task. What could not be read may be just that.
fn wakes(layer: &Layer) -> bool {
    let raises = |min: Option<u32>| min.is_some_and(|min| min > 0);
    let mut tracking = entries("", &layer.target_tracking);
    let mut step = entries("", &layer.step);
    let mut scheduled = entries("", &layer.scheduled);
    let mut window = entries("", &layer.window);
    let mut surge = entries("", &layer.surge);
    tracking.any(|(_, one)| {
        let sees = [TrackedKind::QueueBacklogPerTask, TrackedKind::Custom];
        one.metric.is_none_or(|metric| sees.contains(&metric))
    }) || step.any(|(_, one)| one.metric.is_none_or(|metric| metric == StepKind::Custom))
        || scheduled.any(|(_, one)| raises(one.min))
        || window.any(|(_, one)| raises(one.min))
        || surge.any(|(_, one)| raises(one.min))
        || layer.predictive.as_ref().is_some_and(|one| one.mode == Some(true))
}

pub(super) fn bounds_of_windows(file: &mut Reader<'_>, all: &InForce<'_>) {
    let capacity = all.layer.capacity.unwrap_or_default();
    for (path, window) in entries("window", &all.layer.window) {
        if no_bounds(file, &path) {
            continue;
        }
        let (min, max) = (window.min.or(capacity.min), window.max.or(capacity.max));
        if let (Some(min), Some(max)) = (min, max)
            && max < min
        {
            let from = |own: Option<u32>| if own.is_some() { "" } else { " of `[capacity]`" };
            let message = format!(
                "`{path}` has at most {max} tasks{}, fewer than at least {min}{}",
                from(window.max),
                from(window.min),
            );
            let fix = "raise `max`, or lower `min`";
            let own = [format!("{path}.min"), format!("{path}.max")];
            let [own_min, own_max] = &own;
            let at = [own_min.as_str(), own_max, "capacity.max", "capacity.min"];
            file.at_first(error(Rule::MaxBelowMin), &at, message, fix);
        }
    }
}

/// A scheduled action sets a bound beside whatever the other is by then: only what can never fit is told.
pub(super) fn bounds_of_scheduled(file: &mut Reader<'_>, all: &InForce<'_>) {
    let capacity = all.layer.capacity.unwrap_or_default();
    let others = || entries("scheduled", &all.layer.scheduled).map(|(_, one)| one);
    let highest = others().filter_map(|one| one.max).chain(capacity.max).max();
    let lowest = others().filter_map(|one| one.min).chain(capacity.min).min();
    for (path, one) in entries("scheduled", &all.layer.scheduled) {
        if no_bounds(file, &path) {
            continue;
        }
        let (min_at, max_at) = (format!("{path}.min"), format!("{path}.max"));
        let rule = error(Rule::MaxBelowMin);
        match (one.min, one.max) {
            (Some(min), Some(max)) if max < min => {
                let message = format!("`{max_at}` is `{max}`, less than `{min_at}`, `{min}`");
                file.at_first(rule, &[&max_at], message, format!("write `max = {min}` or more"));
            }
            (Some(min), None) if highest.is_some_and(|highest| highest < min) => {
                let highest = highest.unwrap_or_default();
                let message = format!(
                    "`{min_at}` is `{min}`, more than any `max` here: the highest is {highest}"
                );
                let fix = "write a `max` beside it, or raise that of `[capacity]`";
                file.at_first(rule, &[&min_at, "capacity.max"], message, fix);
            }
            (None, Some(max)) if lowest.is_some_and(|lowest| lowest > max) => {
                let lowest = lowest.unwrap_or_default();
                let message = format!(
                    "`{max_at}` is `{max}`, less than any `min` here: the lowest is {lowest}"
                );
                let fix = "write a `min` beside it, or lower that of `[capacity]`";
                file.at_first(rule, &[&max_at, "capacity.min"], message, fix);
            }
            _ => {}
        }
    }
}

/// Whether neither bound is there.
fn no_bounds(file: &mut Reader<'_>, path: &str) -> bool {
    let has = |name: &str| file.contains(&format!("{path}.{name}"));
    let none = file.contains(path) && !has("min") && !has("max");
    if none {
        let message = format!("`{path}` sets neither `min` nor `max`, so it changes nothing");
        file.at_first(error(Rule::NoBounds), &[path], message, "write `min`, `max` or both");
    }
    none
}
