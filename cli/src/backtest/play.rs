//! The config and its rivals over one load.

use serde::Serialize;
use steady_core::config::{Scaling, TrackedMetric};
use steady_sim::scaling::{
    Action, Assumptions, AutoScaling, Demand, Figures, Given, Held, Hpa, LeftOut, Moment,
    NothingToScale, Oracle, Scaler, Score, Static, needed, run,
};

use super::load::Recorded;
use super::price::Price;

/// All that a report tells.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) service: &'a str,
    pub(super) load: &'a str,
    pub(super) recorded: &'a Recorded,
    pub(super) gaps_are_zero: bool,
    /// Minutes in which more load may have come than utilization could say.
    pub(super) censored_minutes: f64,
    pub(super) demand: &'a Demand,
    pub(super) assumed: &'a Assumptions,
    pub(super) price: &'a Price,
    pub(super) played: &'a Played,
}

/// What came of all runs.
#[derive(Debug)]
pub(super) struct Played {
    /// The config first, then what it is compared with.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) actions: Vec<Action>,
    pub(super) held: Held,
    pub(super) left_out: Vec<LeftOut>,
}

/// What came of one run.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// `config`, `HPA at 55 %`, `static peak`, `oracle`.
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
    pub(super) cost_usd: f64,
    /// In times the oracle's cost.
    pub(super) cost_over_oracle: f64,
    /// SPEC's elastic speed-up over the HPA rule.
    pub(super) speed_up_over_hpa: f64,
}

/// What the HPA rule keeps where the config tracks nothing.
const HPA_TARGET: f64 = 70.0;

/// Runs of a report besides the config's own.
pub(super) const RIVALS: usize = 3;

/// Plays them all. `watch` is told of every step: of the run of that place in [`Played::outcomes`], one after the other.
///
/// # Errors
/// [`NothingToScale`]
pub(super) fn play(
    config: &Scaling,
    given: &Given,
    demand: &Demand,
    assumed: &Assumptions,
    price: &Price,
    mut watch: impl FnMut(usize, &Moment),
) -> Result<Played, NothingToScale> {
    let start_up = assumed.start_up_seconds;
    let (config_figures, scaling) =
        alone(config, given, demand, assumed, |moment| watch(0, moment))?;
    let bounds = config.capacity.map_or((0, u32::MAX), |capacity| (capacity.min, capacity.max));
    let target = hpa_target(config, assumed);
    let at_capacity = assumed.utilization_at_capacity;
    let hpa = Hpa::new(demand, target, at_capacity, bounds.0, bounds.1);
    let known = demand.tasks.iter().copied().filter(|load| !load.is_nan());
    let peak = known.map(needed).max().unwrap_or(0);
    let oracle = Oracle::new(demand, start_up);
    let hpa = rival(demand, start_up, hpa, Some(bounds), |moment| watch(1, moment));
    let fixed = rival(demand, start_up, Static(peak), None, |moment| watch(2, moment));
    let oracle = rival(demand, start_up, oracle, None, |moment| watch(3, moment));
    let named: [(String, Figures); RIVALS + 1] = [
        ("config".to_owned(), config_figures),
        (format!("HPA at {target:.0} %"), hpa),
        ("static peak".to_owned(), fixed),
        ("oracle".to_owned(), oracle),
    ];
    let [_, (_, hpa), _, (_, oracle)] = &named;
    let (hpa, oracle_hours) = (hpa.clone(), oracle.task_hours);
    let outcomes = named.into_iter().map(|(name, figures)| Outcome {
        name,
        cost_usd: figures.task_hours * price.task_hour,
        cost_over_oracle: if oracle_hours > 0.0 { figures.task_hours / oracle_hours } else { 1.0 },
        speed_up_over_hpa: figures.speed_up_over(&hpa),
        figures,
    });
    let outcomes = outcomes.collect();
    let AutoScaling { actions, held, left_out, .. } = scaling;
    Ok(Played { outcomes, actions, held, left_out })
}

/// The config by itself.
///
/// # Errors
/// [`NothingToScale`]
pub(super) fn alone(
    config: &Scaling,
    given: &Given,
    demand: &Demand,
    assumed: &Assumptions,
    mut watch: impl FnMut(&Moment),
) -> Result<(Figures, AutoScaling), NothingToScale> {
    let mut scaling = AutoScaling::new(config, given, demand, assumed)?;
    let mut score = Score::default();
    run(demand, assumed.start_up_seconds, &mut scaling, |moment, scaling| {
        let bounds = scaling.bounds();
        score.see(moment, Some((bounds.min, bounds.max)));
        watch(moment);
    });
    Ok((score.figures(demand.step), scaling))
}

fn rival(
    demand: &Demand,
    start_up: u32,
    mut by: impl Scaler,
    bounds: Option<(u32, u32)>,
    mut watch: impl FnMut(&Moment),
) -> Figures {
    let mut score = Score::default();
    run(demand, start_up, &mut by, |moment, _| {
        score.see(moment, bounds);
        watch(moment);
    });
    score.figures(demand.step)
}

/// The utilization, in percent, at which the config keeps its tasks.
fn hpa_target(config: &Scaling, assumed: &Assumptions) -> f64 {
    let targets = config.target_tracking.iter().filter_map(|one| match &one.metric {
        TrackedMetric::Cpu { .. } => Some(one.target),
        TrackedMetric::AlbRequestsPerTarget { .. } => {
            Some(assumed.utilization_at_capacity * one.target / assumed.per_task_minute?)
        }
        _ => None,
    });
    targets.reduce(f64::min).unwrap_or(HPA_TARGET).min(100.0)
}
