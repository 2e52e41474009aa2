//! A metric as CloudWatch has it: by period, and late.

/// Makes datapoints of steps, and hands each out when its delay is over.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    /// Steps of a period.
    period: usize,
    /// Whether a datapoint is the sum of its period, or the mean.
    sums: bool,
    in_period: usize,
    known: u32,
    total: f64,
    /// What is under way, a slot a step: the slot at `at` is read, then written.
    under_way: Vec<Option<Datapoint>>,
    at: usize,
    latest: Datapoint,
}

/// What a metric was in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Datapoint {
    /// `NaN`: missing.
    pub(super) value: f64,
    /// Tasks that served as the period ended.
    pub(super) running: u32,
}

impl Meter {
    /// Periods of so many steps, the first of which has lasted `begun` of them; a datapoint is seen `delay` steps after its
    /// period ends.
    pub(super) fn new(period: usize, begun: usize, delay: usize, sums: bool) -> Self {
        let period = period.max(1);
        Self {
            period,
            sums,
            in_period: begun % period,
            known: 0,
            total: 0.0,
            under_way: vec![None; delay + 1],
            at: 0,
            latest: Datapoint { value: f64::NAN, running: 0 },
        }
    }

    /// The newest datapoint that is seen and is not missing; its value is `NaN` if there is none yet.
    pub(super) fn latest(&self) -> Datapoint {
        self.latest
    }

    /// What a step was, with so many tasks: its datapoint is on its way when the step ends its period.
    pub(super) fn observe(&mut self, value: f64, running: u32) {
        if !value.is_nan() {
            self.known += 1;
            self.total += value;
        }
        self.in_period += 1;
        let mut datapoint = None;
        if self.in_period == self.period {
            let mean = if self.sums { 1.0 } else { f64::from(self.known) };
            let value = if self.known == 0 { f64::NAN } else { self.total / mean };
            datapoint = Some(Datapoint { value, running });
            (self.in_period, self.known, self.total) = (0, 0, 0.0);
        }
        if let Some(slot) = self.under_way.get_mut(self.at) {
            *slot = datapoint;
        }
        self.at = if self.at + 1 == self.under_way.len() { 0 } else { self.at + 1 };
    }

    /// The datapoint that is seen from this step on, `NaN` if it is missing; `None`: no new one.
    pub(super) fn seen(&mut self) -> Option<f64> {
        let datapoint = self.under_way.get_mut(self.at)?.take()?;
        if !datapoint.value.is_nan() {
            self.latest = datapoint;
        }
        Some(datapoint.value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Datapoint, Meter};

    fn play(mut meter: Meter, values: &[f64]) -> Vec<Option<f64>> {
        let seen = values.iter().map(|value| {
            let seen = meter.seen();
            meter.observe(*value, 1);
            seen
        });
        seen.collect()
    }

    #[test]
    fn a_datapoint_is_the_mean_or_the_sum_of_its_period_and_comes_late() {
        let values = [1.0, 3.0, 5.0, 7.0, 0.0, 0.0];
        let means = play(Meter::new(2, 0, 1, false), &values);
        assert_eq!(means, [None, None, None, Some(2.0), None, Some(6.0)]);
        let sums = play(Meter::new(2, 0, 0, true), &values);
        assert_eq!(sums, [None, None, Some(4.0), None, Some(12.0), None]);
    }

    #[test]
    fn a_period_goes_by_the_clock_and_not_by_the_recordings_start() {
        let seen = play(Meter::new(3, 2, 0, false), &[6.0, 1.0, 2.0, 3.0, 9.0]);
        assert_eq!(seen, [None, Some(6.0), None, None, Some(2.0)]);
    }

    #[test]
    fn what_is_not_known_is_missing_and_the_latest_stays() {
        let mut meter = Meter::new(1, 0, 0, false);
        meter.observe(4.0, 3);
        assert_eq!(meter.seen(), Some(4.0));
        meter.observe(f64::NAN, 5);
        assert!(meter.seen().is_some_and(f64::is_nan));
        assert_eq!(meter.latest(), Datapoint { value: 4.0, running: 3 });
    }
}
