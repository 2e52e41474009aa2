//! How good a scaler was: elasticity, shortages, what was paid for.

use serde::Serialize;

use super::demand::needed;
use super::run::Moment;

/// Adds up steps as they come.
///
/// Demand `d` is how many tasks the load needs, supply `s` how many serve. A step without known load counts for what is paid,
/// nothing else.
#[derive(Debug, Clone, Default)]
pub struct Score {
    steps: u64,
    known: u64,
    idle: u64,
    under_share: f64,
    over_share: f64,
    under_steps: u64,
    over_steps: u64,
    opposed: u64,
    supply_moves: u64,
    demand_moves: u64,
    load: f64,
    load_when_short: f64,
    paid: u64,
    started: u64,
    changes: u64,
    at_min: u64,
    at_max: u64,
    /// The fewest and the most tasks wanted so far.
    wanted: Option<(u32, u32)>,
    /// Demand, supply and desired count of the step before; the first two `None` if its load was not known.
    last: Option<(Option<u32>, u32, u32)>,
    short_for: u64,
    shortages: Vec<u64>,
}

/// The figures of a run. Shares are between 0 and 1, times in minutes.
///
/// `theta`, `tau`, `instability` and `jitter` are the elasticity metrics of the SPEC Research Group (Herbst et al., "Ready for
/// Rain?", SPEC-RG-2016-01), accuracies normalised by demand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Time that was judged, and time without known load.
    pub minutes: f64,
    /// See `minutes`.
    pub unknown_minutes: f64,
    /// Of the former, without any load.
    pub idle_minutes: f64,
    /// Fewer tasks served than the load needed: the service level was violated.
    pub violating_minutes: f64,
    /// The share of all load that came in those minutes.
    pub violating_load: f64,
    /// Stretches of them.
    pub shortages: u64,
    /// The longest.
    pub longest_shortage_minutes: f64,
    /// How long half of them lasted at most; 0 without any.
    pub median_recovery_minutes: f64,
    /// Accuracy: missing tasks, as a share of those needed, averaged over time.
    pub theta_under: f64,
    /// Tasks too many, likewise.
    pub theta_over: f64,
    /// Share of time with tasks missing.
    pub tau_under: f64,
    /// Share of time with tasks too many.
    pub tau_over: f64,
    /// Share of time in which supply and demand moved in different directions.
    pub instability: f64,
    /// Supply moved by so many tasks a minute more than demand; negative: less.
    pub jitter: f64,
    /// Hours of tasks from their start on, whether they serve or not.
    pub task_hours: f64,
    /// Changes of the desired count.
    pub actions_per_day: f64,
    /// Tasks started.
    pub starts_per_day: f64,
    /// Tasks wanted, at the moment with the fewest.
    pub fewest_tasks: u32,
    /// And with the most.
    pub most_tasks: u32,
    /// Minutes with as many tasks wanted as the bounds allow at least: there the floor is the cost.
    pub minutes_at_min: f64,
    /// And at most: there the service is starved by its own limit.
    pub minutes_at_max: f64,
}

impl Score {
    /// A step, with the bounds that held in it where there are any.
    pub fn see(&mut self, moment: &Moment, bounds: Option<(u32, u32)>) {
        let (supply, desired) = (moment.running, moment.desired());
        self.steps += 1;
        self.paid += u64::from(desired);
        let (fewest, most) = self.wanted.unwrap_or((desired, desired));
        self.wanted = Some((fewest.min(desired), most.max(desired)));
        self.started += u64::from(moment.started);
        if let Some((min, max)) = bounds {
            self.at_min += u64::from(desired <= min);
            self.at_max += u64::from(desired >= max);
        }
        let demand = (!moment.load.is_nan()).then(|| needed(moment.load));
        if let Some((before, last_supply, last_desired)) = self.last {
            self.changes += u64::from(desired != last_desired);
            self.supply_moves += u64::from(supply.abs_diff(last_supply));
            if let (Some(demand), Some(before)) = (demand, before) {
                self.demand_moves += u64::from(demand.abs_diff(before));
                self.opposed += u64::from(supply.cmp(&last_supply) != demand.cmp(&before));
            }
        }
        self.last = Some((demand, supply, desired));
        match demand {
            Some(demand) => self.judge(moment.load, demand, supply),
            None => self.recover(),
        }
    }

    fn judge(&mut self, load: f64, demand: u32, supply: u32) {
        self.known += 1;
        self.load += load;
        if demand == 0 {
            self.idle += 1;
        } else {
            let share = f64::from(demand.abs_diff(supply)) / f64::from(demand);
            if demand > supply {
                self.under_share += share;
            } else {
                self.over_share += share;
            }
        }
        self.over_steps += u64::from(supply > demand);
        if demand > supply {
            self.under_steps += 1;
            self.load_when_short += load;
            self.short_for += 1;
        } else {
            self.recover();
        }
    }

    fn recover(&mut self) {
        if self.short_for > 0 {
            self.shortages.push(self.short_for);
            self.short_for = 0;
        }
    }

    /// The figures, of steps that last so many seconds.
    pub fn figures(mut self, step_seconds: u32) -> Figures {
        self.recover();
        self.shortages.sort_unstable();
        let minute = f64::from(step_seconds) / 60.0;
        let minutes = |steps: u64| steps as f64 * minute;
        let share = |part: f64, of: u64| if of == 0 { 0.0 } else { part / of as f64 };
        let days = minutes(self.steps) / 1440.0;
        let a_day = |count: u64| if days > 0.0 { count as f64 / days } else { 0.0 };
        let half = self.shortages.len() / 2;
        let median = match self.shortages.len() {
            0 => 0.0,
            _ => minutes(self.shortages.get(half).copied().unwrap_or(0)),
        };
        let judged = self.known - self.idle;
        let moved = self.supply_moves as f64 - self.demand_moves as f64;
        Figures {
            minutes: minutes(self.known),
            unknown_minutes: minutes(self.steps - self.known),
            idle_minutes: minutes(self.idle),
            violating_minutes: minutes(self.under_steps),
            violating_load: if self.load > 0.0 { self.load_when_short / self.load } else { 0.0 },
            shortages: self.shortages.len() as u64,
            longest_shortage_minutes: minutes(self.shortages.last().copied().unwrap_or(0)),
            median_recovery_minutes: median,
            theta_under: share(self.under_share, judged),
            theta_over: share(self.over_share, judged),
            tau_under: share(self.under_steps as f64, self.known),
            tau_over: share(self.over_steps as f64, self.known),
            instability: share(self.opposed as f64, self.known),
            jitter: share(moved, self.known) / minute,
            task_hours: minutes(self.paid) / 60.0,
            actions_per_day: a_day(self.changes),
            starts_per_day: a_day(self.started),
            fewest_tasks: self.wanted.map_or(0, |(fewest, _)| fewest),
            most_tasks: self.wanted.map_or(0, |(_, most)| most),
            minutes_at_min: minutes(self.at_min),
            minutes_at_max: minutes(self.at_max),
        }
    }
}

impl Figures {
    /// How many times more elastic this run was than another: the geometric mean of the other's accuracies and timeshares
    /// over its own (SPEC's elastic speed-up). A hundredth of a per cent is added to each, so that zeros can be compared.
    pub fn speed_up_over(&self, other: &Self) -> f64 {
        let of = |one: &Self| [one.theta_under, one.theta_over, one.tau_under, one.tau_over];
        let ratios = of(other).into_iter().zip(of(self));
        let log: f64 = ratios.map(|(other, own)| ((other + 1e-4) / (own + 1e-4)).ln()).sum();
        (log / 4.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (load, running, starting) a step.
    fn score(steps: &[(f64, u32, u32)]) -> Figures {
        let mut score = Score::default();
        for (step, (load, running, starting)) in steps.iter().copied().enumerate() {
            let moment = Moment { step, load, running, starting, started: starting };
            score.see(&moment, Some((2, 4)));
        }
        score.figures(60)
    }

    /// Every figure of six minutes, reckoned by hand.
    #[test]
    fn the_figures_are_those_of_a_table_made_by_hand() {
        // d   2    4    4    0    unknown  1
        // s   2    2    3    3    3        2      starting 0 1 0 0 0 0
        let figures = score(&[
            (2.0, 2, 0),
            (3.5, 2, 1),
            (4.0, 3, 0),
            (0.0, 3, 0),
            (f64::NAN, 3, 0),
            (0.5, 2, 0),
        ]);
        let expected = Figures {
            minutes: 5.0,
            unknown_minutes: 1.0,
            idle_minutes: 1.0,
            violating_minutes: 2.0,
            violating_load: 7.5 / 10.0,
            shortages: 1,
            longest_shortage_minutes: 2.0,
            median_recovery_minutes: 2.0,
            // (2/4 + 1/4) / 4 minutes with demand; 1/1 too many of the last.
            theta_under: 0.75 / 4.0,
            theta_over: 1.0 / 4.0,
            tau_under: 2.0 / 5.0,
            tau_over: 2.0 / 5.0,
            // Demand up and supply not; supply up and demand not; demand down and supply not.
            instability: 3.0 / 5.0,
            // Supply moved by 1 + 1, demand by 2 + 4.
            jitter: (2.0 - 6.0) / 5.0,
            task_hours: (2.0 + 3.0 + 3.0 + 3.0 + 3.0 + 2.0) / 60.0,
            actions_per_day: 2.0 * 240.0,
            starts_per_day: 240.0,
            fewest_tasks: 2,
            most_tasks: 3,
            minutes_at_min: 2.0,
            minutes_at_max: 0.0,
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_shortage_ends_where_the_load_is_not_known() {
        let figures =
            score(&[(3.0, 2, 0), (f64::NAN, 2, 0), (3.0, 2, 0), (3.0, 2, 0), (3.0, 2, 0)]);
        assert_eq!((figures.shortages, figures.longest_shortage_minutes), (2, 3.0));
    }

    #[test]
    fn half_the_error_everywhere_is_twice_as_elastic() {
        let base = score(&[(2.0, 2, 0)]);
        let of = |error: f64| Figures {
            theta_under: error,
            theta_over: error,
            tau_under: error,
            tau_over: error,
            ..base.clone()
        };
        let speed_up = of(0.1).speed_up_over(&of(0.2));
        assert!((speed_up - 2.0).abs() < 0.01, "{speed_up}");
    }
}
