//! One load, one scaler, step by step.

use super::demand::Demand;
use super::fleet::Fleet;

/// What one step was like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Its number.
    pub step: usize,
    /// The load, in tasks that it fills; `NaN`: not known.
    pub load: f64,
    /// Tasks that served.
    pub running: u32,
    /// Tasks that were paid for and did not serve yet.
    pub starting: u32,
    /// Tasks that the step began to start.
    pub started: u32,
}

impl Moment {
    /// `desiredCount`.
    pub fn desired(&self) -> u32 {
        self.running.saturating_add(self.starting)
    }
}

/// Who says how many tasks there are to be.
pub trait Scaler {
    /// How many run before the first step.
    fn initial(&self) -> u32;
    /// How many are to be there from the beginning of this step on.
    fn decide(&mut self, step: usize, fleet: &Fleet) -> u32;
    /// What that step was like: what it may know when it decides again.
    fn observe(&mut self, moment: &Moment);
}

/// Plays the load through. `see` is told of every step, in order, with the scaler as it stands then.
///
/// ```
/// use steady_sim::scaling::{Demand, Static, run};
/// let start = "2026-11-21T00:00:00Z".parse().unwrap();
/// let demand = Demand { start, step: 60, tasks: vec![1.0, 2.5, 4.0] };
/// let mut short = 0.0;
/// run(&demand, 60, &mut Static(3), |moment, _| short += (moment.load - f64::from(moment.running)).max(0.0));
/// assert_eq!(short, 1.0);
/// ```
pub fn run<S: Scaler>(
    demand: &Demand,
    start_up_seconds: u32,
    scaler: &mut S,
    mut see: impl FnMut(&Moment, &S),
) {
    let mut fleet = Fleet::new(scaler.initial(), demand.steps_in(start_up_seconds));
    for (step, load) in demand.tasks.iter().copied().enumerate() {
        fleet.advance();
        let started = fleet.started();
        let desired = scaler.decide(step, &fleet);
        fleet.set_desired(desired);
        let started = u32::try_from(fleet.started() - started).unwrap_or(u32::MAX);
        let (running, starting) = (fleet.running(), fleet.starting());
        let moment = Moment { step, load, running, starting, started };
        scaler.observe(&moment);
        see(&moment, scaler);
    }
}
