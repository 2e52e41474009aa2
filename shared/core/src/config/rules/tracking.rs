//! `[[target_tracking]]`, and what policies have in common.

use super::{InForce, entries, error, metric, warning};
use crate::config::TrackedMetric;
use crate::config::build::{metric_name, tracked_metric};
use crate::config::keys::{StepKind, TrackedKind};
use crate::config::read::Reader;
use crate::config::rule::Rule;

/// The keys that have a meaning with some metrics only.
const SPECIAL: &[(&str, &[TrackedKind])] = &[
    ("high_resolution", &[TrackedKind::Cpu, TrackedKind::Memory]),
    ("resource_label", &[TrackedKind::AlbRequestsPerTarget]),
    ("queue", &[TrackedKind::QueueBacklogPerTask]),
    ("namespace", &[TrackedKind::Custom]),
    ("metric_name", &[TrackedKind::Custom]),
    ("dimensions", &[TrackedKind::Custom]),
    ("statistic", &[TrackedKind::Custom]),
    ("unit", &[TrackedKind::Custom]),
    ("queries", &[TrackedKind::Custom]),
];

/// Each metric has its keys: those that it needs are there, and no others.
pub(super) fn keys_of_metrics(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, policy) in entries("target_tracking", &all.layer.target_tracking) {
        let Some(kind) = policy.metric else { continue };
        out_of_place(file, &path, kind);
        match kind {
            TrackedKind::AlbRequestsPerTarget => needed(file, &path, "resource_label", kind),
            TrackedKind::QueueBacklogPerTask => needed(file, &path, "queue", kind),
            TrackedKind::Custom => metric::custom(file, &path, &policy.custom),
            TrackedKind::Cpu | TrackedKind::Memory => {}
        }
    }
    for (path, policy) in entries("step", &all.layer.step) {
        match policy.metric {
            Some(StepKind::Custom) => metric::custom(file, &path, &policy.custom),
            Some(StepKind::Cpu) => out_of_place(file, &path, TrackedKind::Cpu),
            Some(StepKind::Memory) => out_of_place(file, &path, TrackedKind::Memory),
            None => {}
        }
    }
}

/// Tells of keys of other metrics.
pub(super) fn out_of_place(file: &mut Reader<'_>, path: &str, kind: TrackedKind) {
    for (name, kinds) in SPECIAL.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
        let key = format!("{path}.{name}");
        let words: Vec<String> =
            kinds.iter().map(|kind| format!("`metric = \"{}\"`", metric_name(*kind))).collect();
        let message = format!("`{key}` has no meaning with `metric = \"{}\"`", metric_name(kind));
        let fix = format!("leave it out, or write {}", words.join(" or "));
        file.at_first(error(Rule::KeyOutOfPlace), &[&key], message, fix);
    }
}

/// Tells that a key is missing which this metric needs.
pub(super) fn needed(file: &mut Reader<'_>, path: &str, name: &str, kind: TrackedKind) {
    if file.contains(path) && !file.contains(&format!("{path}.{name}")) {
        let because = format!(", which `metric = \"{}\"` needs", metric_name(kind));
        file.missing(path, name, &because);
    }
}

/// Two policies that track one metric pull at the task count in turn, each by its own cooldowns.
pub(super) fn metric_twice(file: &mut Reader<'_>, all: &InForce<'_>) {
    let mut seen: Vec<(String, TrackedMetric)> = Vec::new();
    for (path, policy) in entries("target_tracking", &all.layer.target_tracking) {
        let Some(metric) = tracked_metric(policy).map(plain) else { continue };
        if let Some((first, _)) = seen.iter().find(|(_, other)| *other == metric) {
            let message = format!("`{path}` tracks the metric that `{first}` tracks");
            let fix = "leave one of them out";
            let at = [format!("{path}.metric"), path];
            let [metric_at, path] = &at;
            file.at_first(error(Rule::MetricTwice), &[metric_at, path], message, fix);
        } else {
            seen.push((path, metric));
        }
    }
}

/// The metric whatever its resolution.
fn plain(metric: TrackedMetric) -> TrackedMetric {
    match metric {
        TrackedMetric::Cpu { .. } => TrackedMetric::Cpu { high_resolution: false },
        TrackedMetric::Memory { .. } => TrackedMetric::Memory { high_resolution: false },
        other => other,
    }
}

/// Above so many percent a burst meets tasks that have nothing left: they queue before the alarm has seen it.
const HEADROOM_PERCENT: f64 = 90.0;

pub(super) fn targets(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, policy) in entries("target_tracking", &all.layer.target_tracking) {
        target(file, &format!("{path}.target"), policy.metric, policy.target);
    }
}

/// Whether a target can be meant.
pub(super) fn target(
    file: &mut Reader<'_>,
    at: &str,
    metric: Option<TrackedKind>,
    target: Option<f64>,
) {
    let Some(target) = target else { return };
    let is_percent = matches!(metric, Some(TrackedKind::Cpu | TrackedKind::Memory));
    let tell = |file: &mut Reader<'_>, grade, why: &str, fix: String| {
        file.at_first(grade, &[at], format!("`{at}` is `{target}`, {why}"), fix);
    };
    if target <= 0.0 {
        let fix = "write a number above 0, such as `55.0`".to_owned();
        tell(file, error(Rule::ImpossibleTarget), "a target that no load can have", fix);
    } else if is_percent && target > 100.0 {
        let fix = "write at most `100.0`; `55.0` leaves room for a burst".to_owned();
        tell(file, error(Rule::ImpossibleTarget), "more than 100 percent", fix);
    } else if is_percent && target <= 1.0 {
        let percent = (target * 10_000.0).round() / 100.0;
        let fix = format!("did you mean `{percent}`");
        tell(file, warning(Rule::TargetIsFraction), "which is at most 1 percent", fix);
    } else if metric == Some(TrackedKind::Cpu) && target > HEADROOM_PERCENT {
        let why = "which leaves no room: tasks are saturated before more are started";
        let fix = "write `70.0` or less, unless the work can wait".to_owned();
        tell(file, warning(Rule::NoHeadroom), why, fix);
    }
}
