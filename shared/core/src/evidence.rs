//! When is a revision bad? Key 1: worse than this service's own tolerated past. (Key 2, worse than the old revision
//! at the same time, is [`crate::comparison`].)
//!
//! An e-value: a number that, while the revision fails no more than is tolerated, reaches 1000 with a chance
//! of at most one in a thousand over the whole deployment, *however often one looks* (Ville's inequality;
//! Lindon and Malek, NeurIPS 2022, for counts). It multiplies up with every failing start and every crash, and
//! shrinks with every start that passes and every hour without a crash. `ARCHITECTURE.md` tells the rule
//! without the mathematics.
//!
//! Terms (see [`crate::ledger`] for how stops become these):
//! * a **start** is a task that reached RUNNING or failed to. It *fails* if it ends by the revision's fault
//!   within [`TRIAL`], or for failed health checks within [`HEALTH_CHECK_TRIAL`]; every other one passes, those
//!   still young too: failures report before passes, so leaving young ones out would call healthy deployments
//!   of many tasks bad.
//! * a **crash** is a later end by the revision's fault; **exposure** is run time beyond the first [`TRIAL`].

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How long after `startedAt` a start is on trial.
pub const TRIAL: SignedDuration = SignedDuration::from_secs(60);

/// How long after `startedAt` an end for failed health checks still fails the start: the task never proved
/// itself. Load balancer verdicts come 63 to 79 s after the start in recorded streams, later with grace.
pub const HEALTH_CHECK_TRIAL: SignedDuration = SignedDuration::from_secs(5 * 60);

/// At this evidence key 1 turns: an incident opens.
pub const TURNS_AT: f64 = 1000.0;

/// Never on fewer failed tasks than this, however strong the number.
pub const FAILED_TASKS_MIN: u32 = 3;

/// Evidence against the old revision that forbids blaming the new one; also the most that a revision may have
/// against it and still be called proven.
pub const SICK_AT: f64 = 20.0;

/// The share of failing starts that is tolerated.
pub const TOLERATED_FAILING_STARTS: f64 = 0.10;

/// The crashes per task and day that are tolerated in a service without a worse past.
pub const TOLERATED_CRASHES_PER_DAY: f64 = 3.0;

/// Besides the count since the deployment began, the evidence is counted afresh every half hour, so that a
/// long good time does not hide a bad one that follows.
pub const RESTART_EVERY: SignedDuration = SignedDuration::from_secs(30 * 60);

/// Half hours in a day, and so restarts in a day of evidence. Theory gives weights for one day; after each day
/// the account begins again (so from the second day on the bound is one in a thousand *per day*).
pub const RESTARTS_PER_DAY: u32 = 48;

const FAILING_SHARES: [f64; 3] = [0.3, 0.6, 0.95];
const CRASH_FACTORS: [f64; 4] = [4.0, 16.0, 64.0, 256.0];
const FIRST_WEIGHT: f64 = 0.8;
const LATER_WEIGHT: f64 = 0.2 / RESTARTS_PER_DAY as f64;
const DAY_SECONDS: f64 = 86_400.0;

/// What is counted over some stretch of time. A record holds many, so each is `[9, 11, 0, 0]` there: its fields in
/// their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32, i64)", into = "(u32, u32, u32, i64)")]
pub struct Counts {
    /// Starts that failed.
    pub failed_starts: u32,
    /// Starts that passed, those still young too.
    pub passed_starts: u32,
    /// Later ends by the revision's fault.
    pub crashes: u32,
    /// Run time beyond the first [`TRIAL`] of each task, in milliseconds.
    pub exposure_ms: i64,
}

impl From<(u32, u32, u32, i64)> for Counts {
    fn from((failed_starts, passed_starts, crashes, exposure_ms): (u32, u32, u32, i64)) -> Self {
        Self { failed_starts, passed_starts, crashes, exposure_ms }
    }
}

impl From<Counts> for (u32, u32, u32, i64) {
    fn from(counts: Counts) -> Self {
        (counts.failed_starts, counts.passed_starts, counts.crashes, counts.exposure_ms)
    }
}

impl Counts {
    /// Nothing counted.
    pub const ZERO: Self = Self { failed_starts: 0, passed_starts: 0, crashes: 0, exposure_ms: 0 };

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            failed_starts: self.failed_starts.saturating_add(other.failed_starts),
            passed_starts: self.passed_starts.saturating_add(other.passed_starts),
            crashes: self.crashes.saturating_add(other.crashes),
            exposure_ms: self.exposure_ms.saturating_add(other.exposure_ms),
        }
    }

    /// This without `other`, which was counted in it before.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            failed_starts: self.failed_starts.saturating_sub(other.failed_starts),
            passed_starts: self.passed_starts.saturating_sub(other.passed_starts),
            crashes: self.crashes.saturating_sub(other.crashes),
            exposure_ms: self.exposure_ms.saturating_sub(other.exposure_ms).max(0),
        }
    }

    /// Failing starts and crashes.
    pub fn failed_tasks(self) -> u32 {
        self.failed_starts.saturating_add(self.crashes)
    }

    /// Starts, failing or passing.
    pub fn starts(self) -> u32 {
        self.failed_starts.saturating_add(self.passed_starts)
    }

    /// Exposure in task-days.
    pub fn task_days(self) -> f64 {
        self.exposure_ms as f64 / 1000.0 / DAY_SECONDS
    }
}

/// `S`: evidence in starts, the mean over three ideas of how often a bad revision fails its starts.
///
/// 1.0 means none either way; four straight failures give 3174.
pub fn of_starts(counts: Counts) -> f64 {
    let (failed, passed) = (f64::from(counts.failed_starts), f64::from(counts.passed_starts));
    mean(FAILING_SHARES.map(|share| {
        let up = (share / TOLERATED_FAILING_STARTS).ln();
        let down = ((1.0 - share) / (1.0 - TOLERATED_FAILING_STARTS)).ln();
        (failed * up + passed * down).exp()
    }))
}

/// `R`: evidence in crashes, the mean over four ideas of how much more often than tolerated a bad revision
/// crashes. `tolerated_per_day` is λ0, crashes per task and day.
pub fn of_crashes(counts: Counts, tolerated_per_day: f64) -> f64 {
    let expected = tolerated_per_day * counts.task_days();
    mean(
        CRASH_FACTORS.map(|factor| {
            (f64::from(counts.crashes) * factor.ln() - (factor - 1.0) * expected).exp()
        }),
    )
}

/// λ0, the tolerated crashes per task and day: three times the old revision's own rate (counted as if it had
/// crashed once more in one task-day more), at least [`TOLERATED_CRASHES_PER_DAY`].
pub fn tolerated_per_day(old: Option<Counts>) -> f64 {
    old.map_or(TOLERATED_CRASHES_PER_DAY, |old| {
        let rate = (f64::from(old.crashes) + 1.0) / (old.task_days() + 1.0);
        (3.0 * rate).max(TOLERATED_CRASHES_PER_DAY)
    })
}

/// `E1`, the evidence of key 1: the odds against "no worse than tolerated", as `E1 : 1`.
///
/// `half_hours` holds the counts of each half hour since the deployment (or the present day of evidence) began,
/// up to the present one, oldest first, at most [`RESTARTS_PER_DAY`]; restarts not yet begun weigh nothing.
/// May be infinite, never NaN.
///
/// ```
/// use steady_core::evidence::{key1, Counts};
/// let four_straight = Counts { failed_starts: 4, ..Counts::ZERO };
/// assert_eq!(key1(&[four_straight], 3.0).round(), 1270.0);
/// ```
pub fn key1(half_hours: &[Counts], tolerated_per_day: f64) -> f64 {
    let mut since = Counts::ZERO;
    let mut evidence = 0.0;
    for (restart, counts) in half_hours.iter().enumerate().rev() {
        since = since.plus(*counts);
        evidence +=
            weight_of(restart) * (of_starts(since) + of_crashes(since, tolerated_per_day)) / 2.0;
    }
    evidence
}

/// How much the count since the `restart`th half hour weighs. All of a day weigh 1 together.
pub(crate) fn weight_of(restart: usize) -> f64 {
    if restart == 0 { FIRST_WEIGHT } else { LATER_WEIGHT }
}

pub(crate) fn mean<const N: usize>(values: [f64; N]) -> f64 {
    values.iter().sum::<f64>() / N as f64
}

/// Evidence as people read it: `1270`, `18`, `2.9`, `more than 1,000,000`.
pub fn in_words(evidence: f64) -> String {
    match evidence {
        e if e > 1e6 => "more than 1,000,000".to_owned(),
        e if e >= 9.95 => format!("{e:.0}"),
        e => format!("{e:.1}"),
    }
}

/// Evidence for machines: four significant digits, at most 10^12 (JSON has no infinity).
pub fn rounded(evidence: f64) -> f64 {
    let bounded = evidence.min(1e12);
    format!("{bounded:.3e}").parse().unwrap_or(bounded)
}
