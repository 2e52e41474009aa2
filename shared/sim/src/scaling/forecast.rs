//! A stand-in for predictive scaling, whose model AWS does not publish.
//!
//! What is documented is kept: at least 24 hours of data, at most 14 days of it, a forecast by the hour for 48 hours, made
//! anew every 6 hours; it only scales out, so much ahead of the hour as the buffer says ("How predictive scaling works",
//! Application Auto Scaling user guide). What is not is simple: an hour's load is the median of the same hour of the week in
//! those 14 days, or where there is none of the same hour of the day; times how much the last week had more than the one
//! before, where there are two.

/// Hours of data used, and needed.
const HISTORY: usize = 14 * 24;
const NEEDED: usize = 24;
const WEEK: usize = 7 * 24;
const AHEAD: usize = 48;
const EVERY: usize = 6;

/// Learns the load of whole hours, and foretells it.
#[derive(Debug, Clone)]
pub(super) struct Forecast {
    /// Steps of an hour, and how many of the first had passed as the recording began.
    steps: usize,
    begun: usize,
    /// Mean load of each hour so far, in tasks; `NaN`: nothing known of it.
    hours: Vec<f64>,
    total: f64,
    known: u32,
    in_hour: usize,
    /// The load foretold for the hours from `made_at` on.
    ahead: Vec<f64>,
    made_at: usize,
}

impl Forecast {
    /// For hours of so many steps, the first `begun` steps old, in a recording of `length` steps.
    pub(super) fn new(steps: usize, begun: usize, length: usize) -> Self {
        Self {
            steps,
            begun,
            hours: Vec::with_capacity(length / steps + 2),
            total: 0.0,
            known: 0,
            in_hour: begun,
            ahead: Vec::with_capacity(AHEAD),
            made_at: 0,
        }
    }

    /// The load of a step.
    pub(super) fn observe(&mut self, load: f64) {
        if !load.is_nan() {
            self.total += load;
            self.known += 1;
        }
        self.in_hour += 1;
        if self.in_hour < self.steps {
            return;
        }
        let mean = if self.known == 0 { f64::NAN } else { self.total / f64::from(self.known) };
        self.hours.push(mean);
        (self.in_hour, self.total, self.known) = (0, 0.0, 0);
        if self.hours.len() >= NEEDED && self.hours.len().is_multiple_of(EVERY) {
            self.make();
        }
    }

    /// The load of the hour that begins `lead` steps after this step, if one does and is foretold.
    pub(super) fn for_hour_in(&self, step: usize, lead: usize) -> Option<f64> {
        let begins = self.begun + step + lead;
        if !begins.is_multiple_of(self.steps) {
            return None;
        }
        let hour = begins / self.steps;
        let load = self.ahead.get(hour.checked_sub(self.made_at)?)?;
        (!load.is_nan()).then_some(*load)
    }

    fn make(&mut self) {
        self.made_at = self.hours.len();
        self.ahead.clear();
        let trend = self.trend();
        for hour in self.made_at..self.made_at + AHEAD {
            let median = self.median_of(hour, WEEK).or_else(|| self.median_of(hour, 24));
            self.ahead.push(median.map_or(f64::NAN, |load| load * trend));
        }
    }

    /// Of the hours that lie whole periods before this one.
    fn median_of(&self, hour: usize, period: usize) -> Option<f64> {
        let mut found = [f64::INFINITY; HISTORY / 24];
        let mut count = 0;
        let oldest = self.made_at.saturating_sub(HISTORY);
        let before = (1..).map_while(|times| hour.checked_sub(times * period));
        for past in before.take_while(|past| *past >= oldest) {
            let known = self.hours.get(past).filter(|load| !load.is_nan());
            if let (Some(load), Some(slot)) = (known, found.get_mut(count)) {
                *slot = *load;
                count += 1;
            }
        }
        let known = found.get_mut(..count)?;
        known.sort_by(f64::total_cmp);
        let (low, high) = (known.get(count.checked_sub(1)? / 2)?, known.get(count / 2)?);
        Some(f64::midpoint(*low, *high))
    }

    fn trend(&self) -> f64 {
        let now = self.hours.len();
        let week = |from: Option<usize>| {
            let from = from?;
            let hours = self.hours.get(from..from + WEEK)?;
            let known = hours.iter().filter(|load| !load.is_nan());
            let (count, sum) =
                known.fold((0.0, 0.0), |(count, sum), load| (count + 1.0, sum + load));
            (count > 0.0 && sum > 0.0).then_some(sum / count)
        };
        match (week(now.checked_sub(WEEK)), week(now.checked_sub(2 * WEEK))) {
            (Some(last), Some(before)) => last / before,
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(hours: impl IntoIterator<Item = f64>) -> Forecast {
        let mut forecast = Forecast::new(1, 0, 0);
        hours.into_iter().for_each(|load| forecast.observe(load));
        forecast
    }

    #[test]
    fn nothing_is_foretold_from_less_than_a_day() {
        assert_eq!(after([5.0; 23]).for_hour_in(23, 1), None);
        assert_eq!(after([5.0; 24]).for_hour_in(24, 0), Some(5.0));
    }

    #[test]
    fn a_day_repeats_itself_until_a_week_is_known() {
        let forecast = after((0..48).map(|hour| f64::from(hour % 24)));
        assert_eq!(forecast.for_hour_in(48, 9), Some(9.0));
    }

    #[test]
    fn a_week_repeats_itself_with_its_growth() {
        let hours = (0..336).map(|hour| {
            let weekend = hour % 168 >= 120;
            let load = if weekend { 2.0 } else { 10.0 };
            if hour < 168 { load } else { load * 1.5 }
        });
        let forecast = after(hours);
        // The median of 10 and 15, half as much again.
        assert_eq!(forecast.for_hour_in(336, 0), Some(12.5 * 1.5));
    }

    #[test]
    fn only_the_step_that_lies_the_buffer_before_an_hour_asks() {
        let mut forecast = Forecast::new(60, 30, 0);
        (0..60 * 25).for_each(|_| forecast.observe(3.0));
        let asks: Vec<usize> =
            (1500..1620).filter(|step| forecast.for_hour_in(*step, 5).is_some()).collect();
        assert_eq!(asks, [1525, 1585]);
    }

    #[test]
    fn it_is_made_anew_every_six_hours() {
        let mut forecast = after([5.0; 24]);
        (0..5).for_each(|_| forecast.observe(100.0));
        assert_eq!(forecast.for_hour_in(29, 19), Some(5.0), "of the second midnight");
        forecast.observe(100.0);
        assert_eq!(forecast.for_hour_in(30, 18), Some(52.5), "the median of 5 and 100");
    }

    #[test]
    fn what_is_older_than_a_fortnight_is_forgotten() {
        let forecast = after([1000.0, 20.0, 10.0].into_iter().flat_map(|load| [load; WEEK]));
        // The median of 20 and 10, and half of it as the week before.
        assert_eq!(forecast.for_hour_in(3 * WEEK, 0), Some(15.0 * 0.5));
    }
}
