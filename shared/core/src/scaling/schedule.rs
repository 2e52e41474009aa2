//! `cron(…)`, `rate(…)` and `at(…)`, as Application Auto Scaling understands them, and when they run.
//!
//! The form is that of PutScheduledAction (Application Auto Scaling API reference) and, for cron, of the "Cron expressions
//! reference" in the EventBridge user guide, which the former names. It is not Unix's: six fields, Sunday is 1, and one of
//! the two fields of days is `?`. So it is read here and not by a library of another dialect, of which there are several.
//!
//! **Where clocks change.** AWS says of Application Auto Scaling only that zones with daylight saving time are followed. Here
//! a time that the clock skips is the first moment after the gap (what is to hold from 02:30 on does hold on that day), and
//! a time that comes twice is the first of the two. Should AWS decide otherwise on such a day, the next comparison of live
//! state with what is desired sets it right. `rate` does not look at clocks.

mod cron;
mod slip;

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use cron::Cron;

/// When a scheduled action runs.
///
/// In TOML, JSON and AWS's API it is the same text: `cron(0 8 ? * MON-FRI *)`, `rate(1 hour)`, `at(2026-11-27T06:00:00)`.
///
/// ```
/// use steady_core::scaling::{Schedule, zone};
/// let mornings = Schedule::parse("cron(0 8 ? * MON-FRI *)").expect("a schedule");
/// let (berlin, friday_evening) = (zone("Europe/Berlin").expect("a zone"), "2026-11-20T20:00:00Z".parse().expect("a time"));
/// assert_eq!(mornings.first_after(&berlin, friday_evening), "2026-11-23T07:00:00Z".parse().ok());
/// assert_eq!(mornings.last_by(&berlin, friday_evening), "2026-11-20T07:00:00Z".parse().ok());
///
/// let slip = Schedule::parse("cron(0 8 * * MON-FRI)").expect_err("five fields");
/// assert_eq!(slip.why, "it has five fields: the sixth, the year, is missing");
/// assert_eq!(slip.fix.as_deref(), Some("cron(0 8 ? * MON-FRI *)"));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
    form: Form,
}

/// What a schedule is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Cron(Box<Cron>),
    Rate(SignedDuration),
    At(DateTime),
}

/// Which of the three a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleKind {
    /// `cron(…)`: by the clock of its zone.
    Cron,
    /// `rate(…)`: again and again, whatever the clock says.
    Rate,
    /// `at(…)`: once, by the clock of its zone.
    At,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct ScheduleError {
    /// What is wrong, in one line that goes on after "the schedule `…`: ".
    pub why: String,
    /// What was probably meant: a schedule, ready to be written.
    pub fix: Option<String>,
}

/// One time that a schedule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// When.
    pub(super) at: Timestamp,
    /// What the schedule says: later than another's where both were moved to the end of one gap.
    clock: DateTime,
}

/// The zone of this name, by the tz database that is built in; `None` if there is none that is spelt so.
///
/// Application Auto Scaling takes "the canonical names of the IANA time zones" (its user guide).
///
/// ```
/// use steady_core::scaling::zone;
/// assert!(zone("Europe/Berlin").is_some());
/// assert!(zone("europe/berlin").is_none() && zone("CEST").is_none());
/// ```
pub fn zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

impl Schedule {
    /// Reads one.
    ///
    /// Six fields of cron, no more: Application Auto Scaling also takes a seventh, seconds, in front, and says that it is
    /// not precise.
    ///
    /// # Errors
    /// [`ScheduleError`], for what Application Auto Scaling would refuse, or would understand otherwise than it reads.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let form = match slip::call(text)? {
            ("cron", inner) => Cron::parse(inner).map(|cron| Form::Cron(Box::new(cron))),
            ("rate", inner) => slip::rate(inner).map(Form::Rate),
            (_, inner) => slip::at(inner).map(Form::At),
        };
        let form = form.map_err(ScheduleError::told)?;
        Ok(Self { text: text.to_owned(), form })
    }

    /// As AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which of the three it is.
    pub fn kind(&self) -> ScheduleKind {
        match self.form {
            Form::Cron(_) => ScheduleKind::Cron,
            Form::Rate(_) => ScheduleKind::Rate,
            Form::At(_) => ScheduleKind::At,
        }
    }

    /// The first time after `after` that it runs; `None`: never again, up to the year 2199, which is cron's last.
    ///
    /// A `rate` counts from 1970 here: what it counts from at AWS, where it has no start, is not told.
    pub fn first_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        match &self.form {
            Form::Cron(cron) => {
                let from = zone.to_datetime(after);
                cron.from(from).filter_map(|clock| moment(zone, clock)).find(|at| *at > after)
            }
            Form::Rate(every) => {
                let last = counted(Timestamp::UNIX_EPOCH, *every, after)?;
                last.checked_add(*every).ok()
            }
            Form::At(clock) => moment(zone, *clock).filter(|at| *at > after),
        }
    }

    /// The last time that it ran, at `by` or before; `None`: never before, down to 1970, which is cron's first year.
    ///
    /// `rate` as in [`Self::first_after`].
    pub fn last_by(&self, zone: &TimeZone, by: Timestamp) -> Option<Timestamp> {
        self.last_run(zone, by).map(|run| run.at)
    }

    pub(super) fn last_run(&self, zone: &TimeZone, by: Timestamp) -> Option<Run> {
        let run = |clock| Some(Run { at: moment(zone, clock)?, clock });
        match &self.form {
            Form::Cron(cron) => {
                cron.until(latest_clock(zone, by)).filter_map(run).find(|run| run.at <= by)
            }
            Form::Rate(every) => {
                let at = counted(Timestamp::UNIX_EPOCH, *every, by)?;
                Some(Run { at, clock: zone.to_datetime(at) })
            }
            Form::At(clock) => run(*clock).filter(|run| run.at <= by),
        }
    }

    /// How long a `rate` waits; `None` for the others.
    pub(super) fn every(&self) -> Option<SignedDuration> {
        match self.form {
            Form::Rate(every) => Some(every),
            Form::Cron(_) | Form::At(_) => None,
        }
    }
}

/// The last of `from`, `from + every`, … that is not after `by`.
pub(super) fn counted(from: Timestamp, every: SignedDuration, by: Timestamp) -> Option<Timestamp> {
    let since = by.duration_since(from).as_secs();
    let whole = since.checked_sub(since.checked_rem_euclid(every.as_secs())?)?;
    from.checked_add(SignedDuration::from_secs(whole)).ok()
}

/// When the clock of `zone` says this: the first time where it does so twice, the end of the gap where it never does.
fn moment(zone: &TimeZone, clock: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(clock).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            // By the old offset it lies in what follows the gap; what made the gap is the last change before that.
            let within = before.to_timestamp(clock).ok()?;
            let after = within.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(after).next().map(|transition| transition.timestamp())
        }
    }
}

/// The latest that the clock has said at `by` or before: more than it says then, where it goes through an hour again.
fn latest_clock(zone: &TimeZone, by: Timestamp) -> DateTime {
    let clock = zone.to_datetime(by);
    let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(clock).offset()
    else {
        return clock;
    };
    let again = SignedDuration::from_secs(i64::from(before.seconds() - after.seconds()));
    clock.checked_add(again).unwrap_or(clock)
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.text).finish()
    }
}
