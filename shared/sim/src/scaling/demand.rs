//! The load of a service over time, in tasks.

use jiff::{SignedDuration, Timestamp};

/// How much work there was, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// When the first step begins.
    pub start: Timestamp,
    /// How long each is, in seconds: 10, 20 or 60.
    pub step: u32,
    /// The load of each, in tasks that it fills: 2.5 is what two and a half tasks carry at their service level. `NaN`: not
    /// known. Then there is no metric either, and the step is not judged.
    pub tasks: Vec<f64>,
}

impl Demand {
    /// When the step of this number begins; the end of time for numbers beyond that.
    pub fn at(&self, step: usize) -> Timestamp {
        let seconds = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(i64::from(self.step));
        self.start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// The first step that begins at `at` or after; 0 for what is before the start.
    pub fn step_at(&self, at: Timestamp) -> usize {
        let since = at.duration_since(self.start).as_secs();
        let whole = since.max(0).unsigned_abs().div_ceil(u64::from(self.step.max(1)));
        usize::try_from(whole).unwrap_or(usize::MAX)
    }

    /// Whole steps in this many seconds, rounded to the nearest.
    pub fn steps_in(&self, seconds: u32) -> usize {
        let step = self.step.max(1);
        (seconds.saturating_add(step / 2) / step) as usize
    }
}

/// How many tasks carry this load within their service level: `ceil`, 0 for none.
///
/// A billionth of a task is forgiven, so that 3 x 0.1 / 0.1 is 3 tasks.
///
/// ```
/// use steady_sim::scaling::needed;
/// assert_eq!([0.0, 0.2, 1.0, 2.01].map(needed), [0, 1, 1, 3]);
/// assert_eq!(needed(0.1 * 3.0 / 0.1), 3);
/// ```
pub fn needed(tasks: f64) -> u32 {
    (tasks - 1e-9).ceil().max(0.0) as u32
}
