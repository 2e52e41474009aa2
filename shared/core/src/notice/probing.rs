//! What is told of witnesses, by what ECS has made of them.

use super::compose::{Telling, quoted};
use super::words;
use crate::rollback::{Asked, GIVE_UP_AFTER, Probe};

impl Telling<'_> {
    /// What Steady is about, for the first lines.
    pub(super) fn probing(&self, probe: &Probe) -> String {
        let (target, failing) = (&probe.target.revision, self.revision());
        let beside = self.incident.tasks.map_or(0, |tasks| tasks.running_before);
        let why = match beside {
            0 => format!("No task of {target} is left to compare with"),
            _ => format!("Tasks of {target} run, but none of them has started in this"),
        };
        let wanted = match &probe.asked {
            Asked::NotYet | Asked::Begun => {
                format!("Steady starts {} of them as witnesses", probe.count)
            }
            Asked::Untaken(_) => {
                format!(
                    "Steady wants {} of them as witnesses, which ECS has not started yet",
                    probe.count
                )
            }
        };
        format!("{why}, so {wanted}; it rolls back if they live where those of {failing} die.")
    }
}

/// What was done.
pub(super) fn told(probe: &Probe) -> Vec<String> {
    let (began, tasks) = (words::clock(probe.began), probe.tasks());
    let call = format!("(RunTask, startedBy {})", probe.started_by);
    let until = words::clock(probe.until);
    let ended = format!("they are stopped when they have told enough, at {until} at the latest");
    match &probe.asked {
        Asked::NotYet => vec![format!("{began}: Steady asks for {tasks} {call}; {ended}")],
        Asked::Begun => vec![format!("{began}: Steady started {tasks} {call}; {ended}")],
        Asked::Untaken(why) => vec![
            format!("{began}: Steady asked for {tasks} {call}, which ECS has not started yet"),
            quoted("AWS", why),
            format!(
                "It is asked again until {}; you are told if it does not start them",
                words::clock(probe.began.saturating_add(GIVE_UP_AFTER).unwrap_or(probe.began)),
            ),
        ],
    }
}
