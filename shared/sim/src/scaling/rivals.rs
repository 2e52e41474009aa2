//! What a config is compared with.

use super::demand::{Demand, needed};
use super::fleet::Fleet;
use super::run::{Moment, Scaler};

/// The same number of tasks all the time.
#[derive(Debug, Clone, Copy)]
pub struct Static(pub u32);

impl Scaler for Static {
    fn initial(&self) -> u32 {
        self.0
    }

    fn decide(&mut self, _: usize, _: &Fleet) -> u32 {
        self.0
    }

    fn observe(&mut self, _: &Moment) {}
}

/// Knows the future as far as a task takes to start: never a task short, and none too many beyond that.
///
/// It wants in each step what the most loaded step needs of those until a task started now would serve. What it costs is the
/// least for which no task is ever missing, if tasks that will be wanted again that soon are kept.
#[derive(Debug, Clone)]
pub struct Oracle {
    wanted: Vec<u32>,
}

impl Oracle {
    /// For this load, with tasks that take so long to start.
    pub fn new(demand: &Demand, start_up_seconds: u32) -> Self {
        let start_up = demand.steps_in(start_up_seconds);
        // Where the load is not known it keeps what it has: it is not judged there, and must not look cheap.
        let mut last = 0;
        let need = |load: &f64| {
            last = if load.is_nan() { last } else { needed(*load) };
            last
        };
        let mut wanted: Vec<u32> = demand.tasks.iter().map(need).collect();
        // The maximum over a window that slides: from the end, the candidates in `largest` are ever larger and later.
        let mut largest: std::collections::VecDeque<(usize, u32)> =
            std::collections::VecDeque::new();
        for (step, slot) in wanted.iter_mut().enumerate().rev() {
            while largest.front().is_some_and(|(_, need)| *need <= *slot) {
                largest.pop_front();
            }
            largest.push_front((step, *slot));
            while largest.back().is_some_and(|(last, _)| *last > step + start_up) {
                largest.pop_back();
            }
            *slot = largest.back().map_or(*slot, |(_, need)| *need);
        }
        Self { wanted }
    }
}

impl Scaler for Oracle {
    fn initial(&self) -> u32 {
        self.wanted.first().copied().unwrap_or(0)
    }

    fn decide(&mut self, step: usize, _: &Fleet) -> u32 {
        self.wanted.get(step).copied().unwrap_or(0)
    }

    fn observe(&mut self, _: &Moment) {}
}

/// The rule of Kubernetes' HorizontalPodAutoscaler, on utilization.
///
/// `ceil(running x metric / target)`; nothing within a tenth of the target; out by four tasks or a doubling at once,
/// whichever is more; in only to the most that was asked for in five minutes (the Kubernetes documentation, "Horizontal Pod
/// Autoscaling", and the defaults of its v2 API). It looks every 15 s there; here once a step, at what the step before
/// was like, which is about as late as its metrics are.
#[derive(Debug, Clone)]
pub struct Hpa {
    target: f64,
    at_capacity: f64,
    min: u32,
    max: u32,
    initial: u32,
    /// The sum of the metric over the pods that ran in the step before, and how many those were.
    total: f64,
    measured: u32,
    /// What was asked for in the last five minutes, in a ring.
    asked: Vec<u32>,
    at: usize,
}

/// Within this share of the target nothing is done: `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;

/// `behavior.scaleDown.stabilizationWindowSeconds`.
const STABILIZATION_SECONDS: u32 = 300;

/// `behavior.scaleUp`: so many pods, or all again, in 15 s.
const PODS_AT_ONCE: u32 = 4;

impl Hpa {
    /// Keeps utilization at `target` percent, where a task that carries what it can is at `at_capacity` percent; between
    /// `min` and `max`. It begins with as many as `demand` does first.
    pub fn new(demand: &Demand, target: f64, at_capacity: f64, min: u32, max: u32) -> Self {
        let first = demand.tasks.iter().copied().find(|load| !load.is_nan()).unwrap_or(0.0);
        let initial = needed(first * at_capacity / target).clamp(min, max.max(min));
        let window = demand.steps_in(STABILIZATION_SECONDS).max(1);
        Self {
            target,
            at_capacity,
            min,
            max: max.max(min),
            initial,
            total: f64::NAN,
            measured: 0,
            asked: vec![initial; window],
            at: 0,
        }
    }
}

impl Scaler for Hpa {
    fn initial(&self) -> u32 {
        self.initial
    }

    fn decide(&mut self, _: usize, fleet: &Fleet) -> u32 {
        let desired = fleet.desired();
        let asks = self.asks(desired);
        let at_once = desired.saturating_add(PODS_AT_ONCE.max(desired));
        let asks = asks.min(at_once).clamp(self.min, self.max);
        if let Some(slot) = self.asked.get_mut(self.at) {
            *slot = asks;
        }
        self.at = if self.at + 1 == self.asked.len() { 0 } else { self.at + 1 };
        if asks >= desired {
            return asks;
        }
        self.asked.iter().copied().max().unwrap_or(asks).min(desired)
    }

    fn observe(&mut self, moment: &Moment) {
        let running = f64::from(moment.running);
        self.measured = moment.running;
        self.total = (self.at_capacity * moment.load).min(100.0 * running);
    }
}

impl Hpa {
    /// What the metric asks for. Pods that have none yet count as idle on the way out and as on target on the way in; where that
    /// turns the direction nothing is done.
    fn asks(&self, desired: u32) -> u32 {
        let measured = f64::from(self.measured);
        let ratio = self.total / (measured * self.target);
        if self.measured == 0 || ratio.is_nan() || (ratio - 1.0).abs() <= TOLERANCE {
            return desired;
        }
        let pods = f64::from(desired);
        let total = match ratio > 1.0 {
            true => self.total,
            false => self.total + (pods - measured).max(0.0) * self.target,
        };
        let with_all = total / (pods * self.target);
        if (ratio > 1.0) != (with_all > 1.0) || (with_all - 1.0).abs() <= TOLERANCE {
            return desired;
        }
        needed(total / self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::run;

    fn demand(tasks: &[f64]) -> Demand {
        let start = "2026-11-21T00:00:00Z".parse().unwrap();
        Demand { start, step: 60, tasks: tasks.to_vec() }
    }

    fn running(demand: &Demand, start_up: u32, mut scaler: impl Scaler) -> Vec<u32> {
        let mut all = Vec::new();
        run(demand, start_up, &mut scaler, |moment, _| all.push(moment.running));
        all
    }

    #[test]
    fn the_oracle_is_never_short_and_keeps_what_it_will_want_again_at_once() {
        let demand = demand(&[1.0, 1.0, 1.0, 5.0, 1.0, 4.0, 1.0, 1.0, 1.0]);
        let oracle = Oracle::new(&demand, 120);
        assert_eq!(oracle.wanted, [1, 5, 5, 5, 4, 4, 1, 1, 1]);
        assert_eq!(running(&demand, 120, oracle), [1, 1, 1, 5, 4, 4, 1, 1, 1]);
    }

    #[test]
    fn the_hpa_rule_doubles_at_once_and_comes_down_after_five_minutes() {
        let mut tasks = vec![2.0; 3];
        tasks.extend([7.0; 6]);
        tasks.extend([2.0; 12]);
        let demand = demand(&tasks);
        let got = running(&demand, 60, Hpa::new(&demand, 50.0, 100.0, 1, 40));
        // 100 % is all that CPU can say: 4 → 8 → 14 (7.0 x 100 / 8 = 87.5), then five quiet minutes.
        assert_eq!(got[..10], [4, 4, 4, 4, 4, 8, 8, 14, 14, 14]);
        assert_eq!(got[13..], [14, 4, 4, 4, 4, 4, 4, 4]);
    }

    #[test]
    fn the_hpa_rule_lets_a_tenth_pass() {
        let demand = demand(&[5.0, 5.4, 5.4, 5.4]);
        let got = running(&demand, 0, Hpa::new(&demand, 50.0, 100.0, 1, 40));
        assert_eq!(got, [10, 10, 10, 10]);
    }

    /// "If the new ratio reverses the scale direction … doesn't take any scaling action."
    #[test]
    fn the_hpa_rule_takes_starting_pods_for_idle_and_turns_round_for_none_of_them() {
        let tasks = [vec![2.0; 3], vec![4.0; 2], vec![2.3; 16]].concat();
        let demand = demand(&tasks);
        let mut hpa = Hpa::new(&demand, 50.0, 100.0, 1, 40);
        let mut desired = Vec::new();
        run(&demand, 600, &mut hpa, |moment, _| desired.push(moment.desired()));
        // Four of eight start for ten minutes: 57.5 % of those that run says more, of all says fewer.
        assert_eq!(desired[..4], [4, 4, 4, 4]);
        assert_eq!(desired[4..15], [8; 11]);
        assert!(desired[20] < 8, "once they run: {desired:?}");
    }
}
