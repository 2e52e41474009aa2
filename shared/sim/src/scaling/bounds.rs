//! Which bounds hold when, all of them known before the first step.

use steady_core::config::Scaling;
use steady_core::overrides::Override;
use steady_core::scaling::{InForce, next_scheduled};

use super::demand::Demand;

/// From this step on that holds.
#[derive(Debug, Clone)]
pub(super) struct From {
    pub(super) step: usize,
    pub(super) holds: InForce,
}

/// What holds over the time of `demand`, from its first step on; empty without `[capacity]`. What says the same as before is
/// not told twice.
pub(super) fn over_time(config: &Scaling, overrides: &[Override], demand: &Demand) -> Vec<From> {
    let mut all: Vec<From> = Vec::new();
    let mut now = demand.start;
    while let Some(holds) = InForce::at(config, overrides, now) {
        let step = demand.step_at(now);
        if step >= demand.tasks.len() {
            break;
        }
        let same = |last: &From| {
            last.holds.bounds == holds.bounds && last.holds.suspended == holds.suspended
        };
        let edge = holds.changes_at;
        match all.last_mut() {
            Some(last) if same(last) => {}
            // Two changes within one step: the later holds.
            Some(last) if last.step == step => last.holds = holds,
            _ => all.push(From { step, holds }),
        }
        let next = next_scheduled(config, now).into_iter().chain(edge).min();
        let Some(next) = next else { break };
        now = next;
    }
    all
}
