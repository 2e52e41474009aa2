//! Overrides: other bounds, a suspension, or no rollback, until a time; with who and why.
//!
//! There is one kind, whoever makes it: a person, an alarm (`[[surge]]`), an incident. All are kept in the service's
//! scaling record, and one place applies and undoes them ([`crate::scaling`]).

mod hand;
mod tell;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::incident::IncidentId;
use crate::notice::words;
use crate::record::{Stored, Unreadable, is_default};
use crate::scaling::{ScalingRecord, Suspended};

pub use hand::{HandError, Handed, hand, raised_by, surge};
pub use tell::{Told, decide, due};

/// An override lasts so long at most. What is wanted for longer belongs into the config.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// So many of one service at once. People and alarms make a few; more are a script gone wild, and cost with every write.
pub const MOST: usize = 20;

/// ECS runs so many tasks of one service at most ("Service quotas", ECS developer guide).
pub const TASKS_MAX: u32 = 5_000;

/// One override.
///
/// ```json
/// {"id": "ana-1763690400", "by": {"person": "ana"}, "reason": "sale", "since": "2026-11-21T02:00:00Z",
///  "until": "2026-11-21T04:00:00Z", "min": 20}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Unique within the service. A second one with the same id takes the place of the first: a surge whose alarm goes
    /// off again is prolonged, not doubled.
    pub id: String,
    /// Who.
    pub by: OverriddenBy,
    /// Why, in one line. Empty only where `by` says all there is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: String,
    /// From when.
    pub since: Timestamp,
    /// Until when. Every override has an end.
    pub until: Timestamp,
    /// At least so many tasks; `None`: as without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<u32>,
    /// At most so many tasks; `None`: as without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<u32>,
    /// What is suspended besides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspended: Suspended,
    /// Whether rollbacks by themselves are off meanwhile: `--rollback off`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rollback_off: bool,
}

/// Who made an override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverriddenBy {
    /// A person, by name: the IAM principal's, or what `--by` said.
    Person(String),
    /// An alarm of `[[surge]]`, by its name.
    Alarm(String),
    /// An incident: the service loops, so it is not scaled in.
    Incident(IncidentId),
}

impl Override {
    /// Whether it is in force at `now`: from `since`, and no longer at `until`.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }
    /// How long it lasts in all.
    pub fn lasts(&self) -> SignedDuration {
        self.until.duration_since(self.since)
    }

    /// What it does, in words: `at least 20 tasks, no rollback by itself`.
    pub fn does(&self) -> String {
        let tasks = |count: u32| if count == 1 { "task" } else { "tasks" };
        let mut all = Vec::new();
        match (self.min, self.max) {
            (Some(min), Some(max)) => all.push(format!("{min} to {max} {}", tasks(max))),
            (Some(min), None) => all.push(format!("at least {min} {}", tasks(min))),
            (None, Some(max)) => all.push(format!("at most {max} {}", tasks(max))),
            (None, None) => {}
        }
        let Suspended { dynamic_scaling_in, dynamic_scaling_out, scheduled_scaling } =
            self.suspended;
        let suspended = [
            (dynamic_scaling_in, "no scale-in"),
            (dynamic_scaling_out, "no scale-out"),
            (scheduled_scaling, "no scheduled scaling by AWS"),
            (self.rollback_off, "no rollback by itself"),
        ];
        all.extend(suspended.iter().filter(|(is, _)| *is).map(|(_, said)| (*said).to_owned()));
        all.join(", ")
    }
}

impl fmt::Display for OverriddenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::Alarm(name) => write!(f, "alarm {name}"),
            Self::Incident(id) => write!(f, "incident {id}"),
        }
    }
}

/// Why an override is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OverrideError {
    /// It changes nothing.
    #[error("it changes nothing: expected other bounds, or no rollback")]
    Empty,
    /// It is over before it begins, or already.
    #[error("it would be over at {}, which is not after it begins", words::clock(*.until))]
    Over {
        /// Its end.
        until: Timestamp,
    },
    /// Longer than [`LONGEST`].
    #[error("it would last {}, at most {} are taken: what is wanted for longer belongs into the config", words::duration(*.lasts), words::duration(LONGEST))]
    TooLong {
        /// How long.
        lasts: SignedDuration,
    },
    /// More than [`TASKS_MAX`].
    #[error("{tasks} tasks are more than ECS runs of one service, {TASKS_MAX}")]
    TooManyTasks {
        /// How many.
        tasks: u32,
    },
    /// `min` above `max`.
    #[error("it asks for at least {min} and at most {max} tasks")]
    Crossed {
        /// Its `min`.
        min: u32,
        /// Its `max`.
        max: u32,
    },
    /// [`MOST`] are there already.
    #[error("{MOST} overrides of this service are there already: end one first")]
    TooMany,
}

/// Puts an override in. One with its id gives way; while that is in force the new one goes on from its begin.
///
/// # Errors
/// [`OverrideError`]; the record is as it was then.
pub fn put(
    record: &mut ScalingRecord,
    mut new: Override,
    now: Timestamp,
) -> Result<(), OverrideError> {
    check(&new, now)?;
    let same = record.overrides.iter_mut().find(|one| one.id == new.id);
    let Some(same) = same else {
        let open = record.overrides.iter().filter(|one| now < one.until).count();
        if open >= MOST {
            return Err(OverrideError::TooMany);
        }
        record.overrides.push(new);
        return Ok(());
    };
    if same.is_in_force(now) {
        new.since = new.since.min(same.since);
    } else {
        record.told.remove(&new.id);
    }
    *same = new;
    Ok(())
}

fn check(new: &Override, now: Timestamp) -> Result<(), OverrideError> {
    let does_nothing = new.min.is_none()
        && new.max.is_none()
        && new.suspended == Suspended::default()
        && !new.rollback_off;
    if does_nothing {
        return Err(OverrideError::Empty);
    }
    if new.until <= now || new.until <= new.since {
        return Err(OverrideError::Over { until: new.until });
    }
    if new.lasts() > LONGEST {
        return Err(OverrideError::TooLong { lasts: new.lasts() });
    }
    if let Some(tasks) = [new.min, new.max].into_iter().flatten().find(|tasks| *tasks > TASKS_MAX) {
        return Err(OverrideError::TooManyTasks { tasks });
    }
    match (new.min, new.max) {
        (Some(min), Some(max)) if min > max => Err(OverrideError::Crossed { min, max }),
        _ => Ok(()),
    }
}

/// The override of a scaling record, as it is kept, that forbids rollbacks at `now`; of several the one that lasts longest.
///
/// # Errors
/// [`Unreadable`]
pub fn off_by(stored: &Stored, now: Timestamp) -> Result<Option<Override>, Unreadable> {
    let all = ScalingRecord::restore(stored)?.overrides.into_iter();
    Ok(all.filter(|one| one.rollback_off && one.is_in_force(now)).max_by_key(|one| one.until))
}

/// Which overrides are ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The one with this id.
    Id(String),
    /// All that this person made.
    OfPerson(String),
    /// All that people made; what alarms and incidents made ends by itself.
    OfPeople,
}

impl Which {
    fn is(&self, one: &Override) -> bool {
        match (self, &one.by) {
            (Self::Id(id), _) => one.id == *id,
            (Self::OfPerson(name), OverriddenBy::Person(by)) => by == name,
            (Self::OfPeople, OverriddenBy::Person(_)) => true,
            (Self::OfPerson(_) | Self::OfPeople, _) => false,
        }
    }
}

/// Ends overrides before their time; those that it ended, as they were. They are over from now on, and
/// forgotten when that is undone.
pub fn end(record: &mut ScalingRecord, which: &Which, now: Timestamp) -> Vec<Override> {
    let is = |one: &&mut Override| which.is(one) && now < one.until;
    let mut ended = Vec::new();
    for one in record.overrides.iter_mut().filter(is) {
        ended.push(one.clone());
        one.until = now;
        one.since = one.since.min(now);
    }
    ended
}

/// Forgets those that were over at `undone_at`, when what is live was brought to what holds without them.
pub fn forget(record: &mut ScalingRecord, undone_at: Timestamp) {
    record.overrides.retain(|one| undone_at < one.until);
    record.told.retain(|id, _| record.overrides.iter().any(|one| one.id == *id));
}
