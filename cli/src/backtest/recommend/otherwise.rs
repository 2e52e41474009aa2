//! What would be if something were otherwise: more load, less, tasks that start slowly. And what of it breaks the budget.

use steady_core::config::Scaling;
use steady_sim::scaling::{Assumptions, Demand, Figures};

use super::{Asked, Knobs};
use crate::backtest::play;

/// The recording once more, with something changed.
#[derive(Debug, Clone)]
pub(in crate::backtest) struct Sensitivity {
    /// `load +20 %`
    pub(in crate::backtest) what: &'static str,
    pub(in crate::backtest) tuned: Figures,
    pub(in crate::backtest) present: Figures,
    /// `None`: what is recommended, the new config or the present one, stays within the budget then.
    pub(in crate::backtest) broken: Option<Broken>,
}

/// What is recommended does not stay within the budget.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::backtest) struct Broken {
    /// The share of load in violating minutes, and how much of it is over the budget.
    pub(in crate::backtest) violating_load: f64,
    pub(in crate::backtest) over: f64,
    /// The cheapest of the front that does, played with the same change; `None`: none does. Its figures are those of the load as
    /// recorded.
    pub(in crate::backtest) holds: Option<(Knobs, Figures)>,
}

/// How the recording is changed: times as much load, times as long a start-up.
const CASES: [(&str, f64, u32); 4] = [
    ("as recorded", 1.0, 1),
    ("load +20 %", 1.2, 1),
    ("load -20 %", 0.8, 1),
    ("start-up doubled", 1.0, 2),
];

/// Plays each case. `keep`: the present config is what is recommended, else `tuned`. `trusted` is the part of the front that keeps the
/// budget as far as the walk allows it to be used up, the cheapest first.
pub(super) fn all(
    asked: &Asked<'_>,
    tuned: &Scaling,
    keep: bool,
    trusted: &[(Knobs, Figures)],
) -> Vec<Sensitivity> {
    let cases = CASES.into_iter().filter_map(|(what, load, start_up)| {
        let case = Case::of(asked, load, start_up);
        let (tuned, present) = (case.play(asked, tuned)?, case.play(asked, asked.config)?);
        let recommended = if keep { &present } else { &tuned };
        let broken = case.broken(asked, recommended.violating_load, trusted);
        Some(Sensitivity { what, tuned, present, broken })
    });
    cases.collect()
}

/// A changed recording.
struct Case {
    demand: Demand,
    assumed: Assumptions,
}

impl Case {
    fn of(asked: &Asked<'_>, load: f64, start_up: u32) -> Self {
        let tasks = asked.demand.tasks.iter().map(|tasks| tasks * load).collect();
        let start_up_seconds = asked.assumed.start_up_seconds.saturating_mul(start_up);
        Self {
            demand: Demand { tasks, ..*asked.demand },
            assumed: Assumptions { start_up_seconds, ..asked.assumed.clone() },
        }
    }

    fn play(&self, asked: &Asked<'_>, config: &Scaling) -> Option<Figures> {
        let played = play::alone(config, asked.given, &self.demand, &self.assumed, |_| {});
        played.ok().map(|(figures, _)| figures)
    }

    fn broken(
        &self,
        asked: &Asked<'_>,
        violating_load: f64,
        trusted: &[(Knobs, Figures)],
    ) -> Option<Broken> {
        let over = violating_load - asked.budget;
        if over <= 0.0 {
            return None;
        }
        // Nothing is said to hold that has not been played with the change.
        let holds = |(knobs, _): &&(Knobs, Figures)| {
            let played = self.play(asked, &knobs.applied(asked.config, asked.assumed));
            played.is_some_and(|figures| figures.violating_load <= asked.budget)
        };
        Some(Broken { violating_load, over, holds: trusted.iter().find(holds).cloned() })
    }
}
