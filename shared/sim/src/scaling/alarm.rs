//! A CloudWatch alarm: M of the last N datapoints.

use steady_core::config::{Comparison, MissingData};

/// How an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

/// What one datapoint was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Fine,
    Breaching,
    Missing,
}

/// An alarm with its window. One datapoint costs the same however long the window is.
///
/// CloudWatch may look further back than its window where datapoints of it are missing, and may so go to ALARM with fewer of
/// them than it was asked for; here it never does.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    comparison: Comparison,
    threshold: f64,
    to_alarm: u32,
    missing: MissingData,
    window: Vec<Point>,
    at: usize,
    breaching: u32,
    known: u32,
    state: State,
    /// Steps since it last called its policy.
    since_call: usize,
    call_again: usize,
}

impl Alarm {
    pub(super) fn new(comparison: Comparison, threshold: f64, of: u32, call_again: usize) -> Self {
        Self {
            comparison,
            threshold,
            to_alarm: of,
            missing: MissingData::Missing,
            window: vec![Point::Missing; (of as usize).max(1)],
            at: 0,
            breaching: 0,
            known: 0,
            state: State::InsufficientData,
            since_call: 0,
            call_again,
        }
    }

    /// So many of its datapoints are enough, and a missing one means this.
    pub(super) fn with(self, to_alarm: u32, missing: MissingData) -> Self {
        Self { to_alarm, missing, ..self }
    }

    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }

    pub(super) fn is_on(&self) -> bool {
        self.state == State::Alarm
    }

    /// A step goes by, which may bring a datapoint (`NaN`: one that is missing). Whether it calls its policy: as it goes to
    /// ALARM, and again and again while it stays there.
    pub(super) fn step(&mut self, datapoint: Option<f64>) -> bool {
        let was_on = self.is_on();
        if let Some(value) = datapoint {
            self.take(value);
        }
        self.since_call += 1;
        let calls = self.is_on() && (!was_on || self.since_call >= self.call_again);
        if calls {
            self.since_call = 0;
        }
        calls
    }

    fn take(&mut self, value: f64) {
        let point = match self.missing {
            _ if !value.is_nan() && self.breaches(value) => Point::Breaching,
            _ if !value.is_nan() => Point::Fine,
            MissingData::Ignore => return,
            MissingData::Missing => Point::Missing,
            MissingData::Breaching => Point::Breaching,
            MissingData::NotBreaching => Point::Fine,
        };
        let Some(slot) = self.window.get_mut(self.at) else { return };
        let gone = std::mem::replace(slot, point);
        self.at = if self.at + 1 == self.window.len() { 0 } else { self.at + 1 };
        self.breaching += u32::from(point == Point::Breaching);
        self.breaching -= u32::from(gone == Point::Breaching);
        self.known += u32::from(point != Point::Missing);
        self.known -= u32::from(gone != Point::Missing);
        self.state = if self.breaching >= self.to_alarm {
            State::Alarm
        } else if self.known == 0 {
            State::InsufficientData
        } else {
            State::Ok
        };
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::GreaterThanOrEqualToThreshold => value >= self.threshold,
            Comparison::GreaterThanThreshold => value > self.threshold,
            Comparison::LessThanOrEqualToThreshold => value <= self.threshold,
            Comparison::LessThanThreshold => value < self.threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above_50(of: u32) -> Alarm {
        Alarm::new(Comparison::GreaterThanThreshold, 50.0, of, 1)
    }

    #[test]
    fn three_of_three_call_at_the_third_and_again_each_step_until_one_is_fine() {
        let mut alarm = above_50(3);
        let calls = [60.0, 60.0, 60.0, 60.0, 50.0, 60.0].map(|value| alarm.step(Some(value)));
        assert_eq!(calls, [false, false, true, true, false, false]);
    }

    #[test]
    fn two_of_three_forgive_one() {
        let mut alarm = above_50(3).with(2, MissingData::Missing);
        let calls = [60.0, 40.0, 60.0, 40.0].map(|value| alarm.step(Some(value)));
        assert_eq!(calls, [false, false, true, false]);
    }

    #[test]
    fn without_any_datapoint_nothing_is_known_and_what_is_missing_means_what_the_team_said() {
        for (missing, expected) in [
            (MissingData::Missing, State::InsufficientData),
            (MissingData::Ignore, State::Alarm),
            (MissingData::Breaching, State::Alarm),
            (MissingData::NotBreaching, State::Ok),
        ] {
            let mut alarm = above_50(2).with(2, missing);
            for value in [60.0, 60.0, f64::NAN, f64::NAN] {
                alarm.step(Some(value));
            }
            assert_eq!(alarm.state, expected, "{missing:?}");
        }
    }

    #[test]
    fn it_calls_again_only_after_its_minute_even_where_datapoints_come_faster() {
        let mut alarm = Alarm { call_again: 3, ..above_50(1) };
        let calls = [Some(60.0); 7].map(|datapoint| alarm.step(datapoint));
        assert_eq!(calls, [true, false, false, true, false, false, true]);
    }
}
