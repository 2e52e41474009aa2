//! Checks across keys: each sees what is in force, defaults included, and speaks only at keys that the file itself
//! contains. What `defaults.toml` does is said there and not again for every service.

mod capacity;
mod expect;
mod health;
mod metric;
mod name;
mod predictive;
mod step;
mod surge;
mod time;
mod tracking;

use super::ServiceConfig;
use super::finding::Severity;
use super::keys::Layer;
use super::read::Reader;
use super::rule::Rule;

/// What is in force for a file.
pub(super) struct InForce<'a> {
    /// The file over the defaults.
    pub(super) layer: &'a Layer,
    /// What that comes to.
    pub(super) config: &'a ServiceConfig,
}

/// All of them.
pub(super) const ACROSS: &[fn(&mut Reader<'_>, &InForce<'_>)] = &[
    health::auto_without_witness,
    health::alarms_while_off,
    capacity::no_capacity,
    capacity::max_below_min,
    capacity::more_than_ecs_runs,
    capacity::nothing_wakes,
    capacity::bounds_of_windows,
    capacity::bounds_of_scheduled,
    tracking::keys_of_metrics,
    tracking::metric_twice,
    name::policies,
    name::scheduled_actions,
    tracking::targets,
    step::alarms,
    step::adjustments,
    step::intervals,
    step::scale_in_beside_tracking,
    time::schedules,
    time::windows,
    time::windows_overlap,
    time::scheduled_meets_window,
    predictive::predictive,
    surge::surges,
    surge::alarms_of_scaling,
    expect::expectations,
];

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;

const fn error(rule: Rule) -> (Severity, Rule) {
    (ERROR, rule)
}

const fn warning(rule: Rule) -> (Severity, Rule) {
    (WARNING, rule)
}

/// The entries of a section with their key paths: `window[0]`.
fn entries<'e, T>(
    section: &str,
    entries: &'e Option<Vec<T>>,
) -> impl Iterator<Item = (String, &'e T)> + use<'e, T> {
    let section = section.to_owned();
    let entries = entries.iter().flatten().enumerate();
    entries.map(move |(index, entry)| (format!("{section}[{index}]"), entry))
}

/// `` `window[0]` (`lunch`) ``
fn called(path: &str, name: Option<&String>) -> String {
    match name {
        Some(name) => format!("`{path}` (`{name}`)"),
        None => format!("`{path}`"),
    }
}
