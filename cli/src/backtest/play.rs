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
    /// The file of the load, or what was fetched.
    pub(super) load: &'a str,
    pub(super) fetched: bool,
    /// What else is to be known of it.
    pub(super) notes: &'a [String],
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
    /// The config first, then what it is compared with: what is live, if that is known, first.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) actions: Vec<Action>,
    pub(super) held: Held,
    pub(super) left_out: Vec<LeftOut>,
    /// The same of the live policies.
    pub(super) live_left_out: Vec<LeftOut>,
}

/// How a service is scaled today.
#[derive(Debug)]
#[cfg_attr(not(feature = "live"), expect(dead_code, reason = "only AWS knows"))]
pub(super) enum Live {
    Scaled(Box<Scaling>),
    /// It has no scalable target, and so many tasks.
    Fixed(u32),
}

/// What the run of a service that is not scaled is called.
pub(super) const NOT_SCALED: &str = "live, not scaled";

/// What came of one run.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// `config`, `live`, `HPA at 55 %`, `static peak`, `oracle`.
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

/// Runs of a report.
pub(super) fn runs(live: Option<&Live>) -> usize {
    4 + usize::from(live.is_some())
}

/// Plays them all. `watch` is told of every step: of the run of that place in [`Played::outcomes`], one after the other.
///
/// # Errors
/// The config says nothing of scaling.
pub(super) fn play(
    config: &Scaling,
    given: &Given,
    demand: &Demand,
    (assumed, price): (&Assumptions, &Price),
    live: Option<&Live>,
    mut watch: impl FnMut(usize, &Moment),
) -> Result<Played, NothingToScale> {
    let start_up = assumed.start_up_seconds;
    let (figures, scaling) = alone(config, given, demand, assumed, |it| watch(0, it))?;
    let mut named = vec![("config".to_owned(), figures)];
    let mut live_left_out = Vec::new();
    match live {
        Some(Live::Scaled(live)) => {
            // Overrides and surges are Steady's, and not what is live.
            let given = Given { overrides: Vec::new(), ..given.clone() };
            let watch = |it: &Moment| watch(1, it);
            let (figures, scaling) = alone(live, &given, demand, assumed, watch)?;
            named.push(("live".to_owned(), figures));
            live_left_out = scaling.left_out;
        }
        Some(Live::Fixed(tasks)) => {
            let figures = rival(demand, start_up, Static(*tasks), None, |it| watch(1, it));
            named.push((NOT_SCALED.to_owned(), figures));
        }
        None => {}
    }
    let first = named.len();
    let bounds = config.capacity.map_or((0, u32::MAX), |capacity| (capacity.min, capacity.max));
    let target = hpa_target(config, assumed);
    let at_capacity = assumed.utilization_at_capacity;
    let hpa = Hpa::new(demand, target, at_capacity, bounds.0, bounds.1);
    let known = demand.tasks.iter().copied().filter(|load| !load.is_nan());
    let peak = known.map(needed).max().unwrap_or(0);
    let oracle = Oracle::new(demand, start_up);
    let hpa = rival(demand, start_up, hpa, Some(bounds), |it| watch(first, it));
    let fixed = rival(demand, start_up, Static(peak), None, |it| watch(first + 1, it));
    let oracle = rival(demand, start_up, oracle, None, |it| watch(first + 2, it));
    let oracle_hours = oracle.task_hours;
    named.extend([
        (format!("HPA at {target:.0} %"), hpa.clone()),
        ("static peak".to_owned(), fixed),
        ("oracle".to_owned(), oracle),
    ]);
    let outcomes = named.into_iter().map(|(name, figures)| Outcome {
        name,
        cost_usd: figures.task_hours * price.task_hour,
        cost_over_oracle: if oracle_hours > 0.0 { figures.task_hours / oracle_hours } else { 1.0 },
        speed_up_over_hpa: figures.speed_up_over(&hpa),
        figures,
    });
    let outcomes = outcomes.collect();
    let AutoScaling { actions, held, left_out, .. } = scaling;
    Ok(Played { outcomes, actions, held, left_out, live_left_out })
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
