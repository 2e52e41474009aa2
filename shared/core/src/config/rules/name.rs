//! Names: Application Auto Scaling keeps one list of names for all policies of a service, and one for its scheduled
//! actions (PutScalingPolicy and PutScheduledAction write over what has the name, whatever kind it is of).

use std::collections::BTreeMap;

use super::{InForce, called, entries, error};
use crate::config::build::tracking_name;
use crate::config::keys::TrackedKind;
use crate::config::read::Reader;
use crate::config::rule::Rule;

/// What has a name.
struct Holder<'a> {
    section: &'a str,
    path: String,
}

/// Two of one section with one name, and policies of different sections.
pub(super) fn policies(file: &mut Reader<'_>, all: &InForce<'_>) {
    let layer = all.layer;
    let mut taken: BTreeMap<String, Holder<'_>> = BTreeMap::new();
    if layer.predictive.is_some() {
        let holder = Holder { section: "predictive", path: "predictive".to_owned() };
        taken.insert("predictive".to_owned(), holder);
    }
    let tracking = entries("target_tracking", &layer.target_tracking).flat_map(|(path, policy)| {
        let name = tracking_name(policy);
        // The preset makes a second policy, which starts the first task.
        let is_queue = policy.metric == Some(TrackedKind::QueueBacklogPerTask);
        let wake = name.as_ref().filter(|_| is_queue).map(|name| format!("{name}-wake"));
        let names = [name, wake].into_iter().flatten();
        names.map(|name| ("target_tracking", path.clone(), name)).collect::<Vec<_>>()
    });
    let step = entries("step", &layer.step)
        .filter_map(|(path, policy)| Some(("step", path, policy.name.clone()?)));
    for (section, path, name) in tracking.chain(step) {
        match taken.get(&name) {
            None => {
                taken.insert(name, Holder { section, path });
            }
            Some(first) if first.section == section => twice(file, &path, &name, &first.path),
            Some(first) => {
                let message = format!(
                    "{} has the name of a policy of `{}`: Application Auto Scaling has one list of names for all policies \
                     of a service, whatever their type",
                    called(&path, Some(&name)),
                    first.path,
                );
                at_both(file, Rule::PoliciesShareName, &path, &first.path, message);
            }
        }
    }
}

/// Two of `[[scheduled]]` and `[[window]]` with one name, and the two scheduled actions that a window becomes.
pub(super) fn scheduled_actions(file: &mut Reader<'_>, all: &InForce<'_>) {
    let layer = all.layer;
    let scheduled = entries("scheduled", &layer.scheduled)
        .filter_map(|(path, one)| Some((path, one.name.clone()?)));
    let windows =
        entries("window", &layer.window).filter_map(|(path, one)| Some((path, one.name.clone()?)));
    let (scheduled, windows): (Vec<_>, Vec<_>) = (scheduled.collect(), windows.collect());
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, name) in scheduled.iter().chain(&windows) {
        match taken.get(name.as_str()) {
            Some(first) => twice(file, path, name, first),
            None => drop(taken.insert(name, path)),
        }
    }
    for (window_path, window) in &windows {
        for (edge, verb) in [("start", "begins"), ("end", "ends")] {
            let action = format!("{window}-{edge}");
            let Some((path, _)) = scheduled.iter().find(|(_, name)| *name == action) else {
                continue;
            };
            let message = format!(
                "{} has the name of the scheduled action by which {} {verb}",
                called(path, Some(&action)),
                called(window_path, Some(window)),
            );
            at_both(file, Rule::ScheduledIsWindowEdge, path, window_path, message);
        }
    }
}

fn twice(file: &mut Reader<'_>, path: &str, name: &String, first: &str) {
    let message = format!("{} has a name that `{first}` has too", called(path, Some(name)));
    at_both(file, Rule::NameTwice, path, first, message);
}

/// At the one, or at the other where the one is in `defaults.toml`.
fn at_both(file: &mut Reader<'_>, rule: Rule, path: &str, other: &str, message: String) {
    let fix = "give it a `name` of its own";
    let names = [path, other].map(|path| format!("{path}.name"));
    let [name, other_name] = names.each_ref().map(String::as_str);
    file.at_first(error(rule), &[name, path, other_name, other], message, fix);
}
