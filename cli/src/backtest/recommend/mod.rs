//! Which config would have been cheapest within a budget of violations, and whether that can be trusted.
//!
//! ```text
//! recording ─┬─ first half ───▶ tuned ─▶ shown on what came next     walk forward, three times
//!            ├─ first 2/3 ────▶ tuned ─▶ shown on what came next
//!            ├─ first 5/6 ────▶ tuned ─▶ shown on what came next
//!            └─ all of it ────▶ tuned ─▶ the recommendation, with its front, its sensitivity and its file
//! ```
//!
//! A candidate is the present config with other numbers ([`Knobs`]). The cheapest that stays within the budget on the earlier
//! part is judged on the later one, which it has not seen. Where that breaks the budget, tuning is stricter; where that does
//! not help either, nothing is recommended. Never one number from one window.

pub(super) mod candidates;
mod edit;
mod learn;
pub(super) mod otherwise;
mod parts;
pub(super) mod print;
#[cfg(test)]
mod tests;

use serde::Serialize;
use steady_core::config::Scaling;
use steady_sim::scaling::{Assumptions, Demand, Figures, Given};

use super::load::spell;
use super::price::Price;
use candidates::Candidates;
pub(super) use candidates::Knobs;

use otherwise::Sensitivity;
use parts::{Part, Parts, play_all};

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) config: &'a Scaling,
    pub(super) given: &'a Given,
    pub(super) demand: &'a Demand,
    pub(super) assumed: &'a Assumptions,
    pub(super) price: &'a Price,
    /// The share of load that may come in violating minutes.
    pub(super) budget: f64,
    /// The zone of windows that are found.
    pub(super) timezone: &'a str,
    pub(super) threads: usize,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// A config.
    Tuned(Box<Tuned>),
    /// Nothing cheaper was found that can be trusted: the present one may stay.
    Keep(Box<Tuned>),
    /// The data do not allow a recommendation, and why.
    No(String, Vec<Fold>),
}

impl Answer {
    /// What the recommended config, the present or the `tuned` one, came to on all of the recording.
    pub(super) fn recommended<'t>(&self, tuned: &'t Tuned) -> &'t Figures {
        match self {
            Self::Keep(_) => &tuned.present,
            Self::Tuned(_) | Self::No(..) => &tuned.figures,
        }
    }
}

/// A config that was found, and how it fared.
#[derive(Debug)]
pub(super) struct Tuned {
    pub(super) config: Scaling,
    pub(super) knobs: Knobs,
    /// How many were played.
    pub(super) candidates: usize,
    /// The part of the budget that was tuned to: 1, or less where the whole did not hold on later load.
    pub(super) margin: f64,
    pub(super) figures: Figures,
    pub(super) present: Figures,
    pub(super) folds: Vec<Fold>,
    /// No candidate is both cheaper and better than one of these, the cheapest first.
    pub(super) front: Vec<(Knobs, Figures)>,
    pub(super) sensitivity: Vec<Sensitivity>,
    /// The most tasks that the load needed at once.
    pub(super) peak: u32,
    /// The share of minutes in which the recommended `min` is enough by itself.
    pub(super) min_is_enough: f64,
}

/// One step of the walk: tuned on what came before, shown on what came after.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fold {
    /// Days tuned on, and days shown.
    pub(super) tuned_days: f64,
    pub(super) shown_days: f64,
    /// The chosen candidate, on the part that it was tuned on and on the later one.
    pub(super) tuned: Figures,
    pub(super) shown: Figures,
    /// Others on the later part: the present config, the HPA rule at the chosen target and bounds, the peak of the earlier part.
    pub(super) present: Figures,
    pub(super) hpa: Figures,
    pub(super) static_peak: Figures,
    pub(super) knobs: Knobs,
}

/// Where the parts end, as shares of the recording: tuned until one, shown until the next.
const WALK: [f64; 4] = [1.0 / 2.0, 2.0 / 3.0, 5.0 / 6.0, 1.0];

/// Two days at least to tune on.
const DAYS_MIN: f64 = 4.0;

/// From so many days on parts end with a day, and none is empty.
const WHOLE_DAYS_FROM: f64 = 6.0;

/// More unknown or censored minutes than this say too little of what the load was.
const UNKNOWN_MAX: f64 = 0.10;
const CENSORED_MAX: f64 = 0.02;

/// What the tuning may use up of the budget, tried in turn.
const MARGINS: [f64; 3] = [1.0, 0.5, 0.25];

/// Less than that is no reason to change a config.
const WORTHWHILE: f64 = 0.98;

/// Looks for it. `progress` is told how many of how many runs are done.
pub(super) fn recommend(
    asked: &Asked<'_>,
    censored_minutes: f64,
    progress: &(impl Fn(usize, usize) + Sync),
) -> Answer {
    if let Some(why) = too_little(asked, censored_minutes) {
        return Answer::No(why, Vec::new());
    }
    let length = asked.demand.tasks.len();
    let ends = WALK.map(|share| end_of_part(length, share, asked.demand.step));
    let walk: Vec<Parts> = ends
        .iter()
        .zip(ends.iter().skip(1))
        .map(|(tuned, shown)| Parts::of(asked, *tuned, *shown))
        .chain([Parts::of(asked, length, length)])
        .collect();
    let total = walk.iter().map(|parts| parts.candidates.all.len()).sum();
    let mut done = 0;
    let mut played = Vec::new();
    for parts in &walk {
        played.push(play_all(asked, parts, &|count| progress(done + count, total)));
        done += parts.candidates.all.len();
    }
    let Some((whole, last)) = walk.last().zip(played.last()) else {
        return Answer::No("the recording is empty".to_owned(), Vec::new());
    };
    let steps = || walk.iter().zip(&played).take(walk.len() - 1);
    let mut nearest = Vec::new();
    for margin in MARGINS {
        let budget = asked.budget * margin;
        let folds: Option<Vec<Fold>> =
            steps().map(|(parts, played)| parts.fold(asked, played, budget)).collect();
        let (Some(folds), Some(best)) = (folds, cheapest(last, budget)) else { continue };
        if share_shown(&folds) <= asked.budget {
            return whole.answer(asked, last, best, margin, folds);
        }
        nearest = folds;
    }
    let why = match share_shown(&nearest) {
        _ if nearest.is_empty() => {
            let least =
                last.iter().map(|one| one.tuned.violating_load).fold(f64::INFINITY, f64::min);
            format!(
                "no candidate stays within {} of the load: the best comes to {}. Load rises faster than tasks are seen to be \
                 missing and started; a shorter start-up, metrics by 20 s or a higher floor than its peak would help, tuning does not",
                print::percent(asked.budget),
                print::percent(least),
            )
        }
        shown => format!(
            "what was tuned on the earlier parts put {} of the later load into violating minutes, the budget is {}: its \
             past does not say enough of its future",
            print::percent(shown),
            print::percent(asked.budget),
        ),
    };
    Answer::No(why, nearest)
}

/// Why the recording cannot say enough, if so.
fn too_little(asked: &Asked<'_>, censored_minutes: f64) -> Option<String> {
    if !Candidates::can_tune(asked.config, asked.assumed) {
        return Some(
            "the config tracks nothing that follows from this load: there is no target to tune"
                .to_owned(),
        );
    }
    let days = days(asked.demand.tasks.len(), asked.demand.step);
    if days < DAYS_MIN {
        let seconds = asked.demand.tasks.len() as u64 * u64::from(asked.demand.step);
        return Some(format!(
            "the recording has {}, four days are the least: two to tune on, and later ones to show it on",
            spell(seconds)
        ));
    }
    let length = asked.demand.tasks.len().max(1) as f64;
    let unknown = asked.demand.tasks.iter().filter(|load| load.is_nan()).count() as f64 / length;
    if unknown > UNKNOWN_MAX {
        let (unknown, most) = (print::percent(unknown), print::percent(UNKNOWN_MAX));
        return Some(format!("{unknown} of the recording is not known, more than {most}"));
    }
    let censored = censored_minutes * 60.0 / f64::from(asked.demand.step) / length;
    if censored > CENSORED_MAX {
        let (censored, from) = (print::percent(censored), super::demand::CENSORED_FROM);
        return Some(format!(
            "utilization was {from} % or more in {censored} of the recording: how much load there was then nobody knows, and it is \
             what matters"
        ));
    }
    None
}

/// Of those within the budget the one with the fewest task-hours; of equals that which starts fewer tasks.
fn cheapest(played: &[Part], budget: f64) -> Option<usize> {
    let within = played.iter().enumerate().filter(|(_, one)| one.tuned.violating_load <= budget);
    let cost = |one: &Part| (one.tuned.task_hours, one.tuned.starts_per_day);
    within
        .min_by(|(_, one), (_, other)| {
            let (one, other) = (cost(one), cost(other));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
        })
        .map(|(index, _)| index)
}

/// The share of all load shown that came in violating minutes: days weigh alike.
fn share_shown(folds: &[Fold]) -> f64 {
    let days: f64 = folds.iter().map(|fold| fold.shown_days).sum();
    let share: f64 = folds.iter().map(|fold| fold.shown.violating_load * fold.shown_days).sum();
    if days > 0.0 { share / days } else { 0.0 }
}

/// A whole day where there are enough: half a day more of one kind of hour is another load.
fn end_of_part(length: usize, share: f64, step_seconds: u32) -> usize {
    let end = length as f64 * share;
    let day = 86_400.0 / f64::from(step_seconds);
    let whole =
        if length as f64 >= WHOLE_DAYS_FROM * day { (end / day).round() * day } else { end };
    if share < 1.0 { (whole as usize).min(length) } else { length }
}

fn days(steps: usize, step_seconds: u32) -> f64 {
    steps as f64 * f64::from(step_seconds) / 86_400.0
}
