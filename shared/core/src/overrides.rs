//! Overrides: other bounds, a suspension, or no rollback, until a time; with who and why.
//!
//! There is one kind, whoever makes it: a person, an alarm (`[[surge]]`), an incident. All are kept in the service's
//! scaling record, and one place applies and undoes them ([`crate::scaling`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentId;
use crate::record::is_default;
use crate::scaling::Suspended;

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
}
