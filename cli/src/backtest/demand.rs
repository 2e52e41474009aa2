//! A recording as demand: how many tasks the load fills, step by step.

use steady_core::config::Scaling;
use steady_sim::scaling::{AutoScaling, Demand};

use super::load::Recorded;

/// What the recorded values are.
#[derive(Debug)]
pub(super) enum Measure {
    /// How much came in each period: requests, messages. A task carries so many a minute.
    Counted { per_task: f64 },
    /// Utilization in percent, of so many tasks that ran. A task that carries what it can is at `at_capacity` percent.
    Utilization { running: Running, at_capacity: f64 },
}

/// How many tasks ran while a utilization was recorded.
#[derive(Debug)]
pub(super) enum Running {
    Always(f64),
    Recorded(Recorded),
}

/// From so many percent on, more load may have come than utilization could say.
pub(super) const CENSORED_FROM: f64 = 95.0;

/// Demand for what these configs look at, and how many of its minutes are censored.
pub(super) fn of(recorded: &Recorded, measure: &Measure, configs: &[&Scaling]) -> (Demand, f64) {
    let finest = configs.iter().map(|config| AutoScaling::step_seconds(config)).min();
    let step = step(recorded.period, finest.unwrap_or(60));
    let steps = (recorded.period / step) as usize;
    let mut tasks = Vec::with_capacity(recorded.values.len() * steps);
    let mut censored = 0;
    for (period, value) in recorded.values.iter().enumerate() {
        let load = match measure {
            Measure::Counted { per_task } => value * 60.0 / f64::from(recorded.period) / per_task,
            Measure::Utilization { running, at_capacity } => {
                censored += usize::from(*value >= CENSORED_FROM);
                value * running.at(recorded, period) / at_capacity
            }
        };
        tasks.extend(std::iter::repeat_n(load, steps));
    }
    let censored = censored as f64 * f64::from(recorded.period) / 60.0;
    (Demand { start: recorded.start, step, tasks }, censored)
}

/// As coarse as the metrics of the config and the recording allow: 60, 20 or 10 s.
fn step(period: u32, finest: u32) -> u32 {
    let fits = |step: &u32| finest.is_multiple_of(*step) && period.is_multiple_of(*step);
    [60, 20, 10].into_iter().find(fits).unwrap_or(10)
}

impl Running {
    /// Tasks that ran in a period of `of`; `NaN` where that is not known.
    fn at(&self, of: &Recorded, period: usize) -> f64 {
        match self {
            Self::Always(tasks) => *tasks,
            Self::Recorded(tasks) => {
                let at = of.start.as_second()
                    + i64::from(of.period) * i64::try_from(period).unwrap_or(i64::MAX);
                let slot = (at - tasks.start.as_second()).div_euclid(i64::from(tasks.period));
                let slot = usize::try_from(slot).ok();
                slot.and_then(|slot| tasks.values.get(slot)).copied().unwrap_or(f64::NAN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::load::Found;

    fn recorded(period: u32, values: &[f64]) -> Recorded {
        let start = "2026-11-21T12:00:00Z".parse().expect("a time");
        Recorded { start, period, values: values.to_vec(), found: Found::default() }
    }

    #[test]
    fn what_came_in_five_minutes_is_spread_over_them() {
        let recorded = recorded(300, &[6000.0, f64::NAN]);
        let (demand, _) = of(&recorded, &Measure::Counted { per_task: 600.0 }, &[]);
        assert_eq!((demand.step, demand.tasks.len()), (60, 10));
        assert_eq!(demand.tasks[..5], [2.0; 5]);
        assert!(demand.tasks[5..].iter().all(|load| load.is_nan()));
    }

    #[test]
    fn utilization_times_tasks_is_load_and_a_pinned_one_is_marked() {
        let tasks = recorded(300, &[4.0, 8.0]);
        let recorded = recorded(60, &[50.0, 97.0, 40.0, 40.0, 40.0, 40.0, 40.0]);
        let running = Running::Recorded(tasks);
        let measure = Measure::Utilization { running, at_capacity: 80.0 };
        let (demand, censored) = of(&recorded, &measure, &[]);
        assert_eq!(demand.tasks, [2.5, 4.85, 2.0, 2.0, 2.0, 4.0, 4.0]);
        assert_eq!(censored, 1.0);
    }

    #[test]
    fn steps_are_as_fine_as_the_recording_or_the_config_asks_for() {
        let table = [
            (60, 60, 60),
            (300, 60, 60),
            (10, 60, 10),
            (20, 60, 20),
            (60, 20, 20),
            (30, 60, 10),
            (20, 10, 10),
        ];
        for (period, finest, expected) in table {
            assert_eq!(step(period, finest), expected, "{period} s, {finest} s");
        }
    }
}
