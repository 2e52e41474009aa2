//! An incident: opens, gathers evidence, escalates, resolves. At most one is open per service.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alarm::Counted;
use crate::evidence::Counts;
use crate::group::{GroupKey, Grouped};
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision, fnv1a};
use crate::record::is_default;
use crate::rollback::RollbackState;
use crate::watch::LogTail;

/// While open, people are told again this long after it opened.
pub const ESCALATE_AFTER: [SignedDuration; 4] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(24),
];

/// How long a rollback's target must be steady, without a new failed task, to count as verified.
pub const VERIFIED_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// A loop that ends by itself (its database is back, say) counts as over after this long without a failed
/// task, or after [`QUIET_GAPS`] times the median time between its failures where that is longer. Shorter would
/// close and open again on slow leaks; never would let a stale incident swallow the next one.
pub const QUIET_AFTER_MIN: SignedDuration = SignedDuration::from_hours(1);

/// See [`QUIET_AFTER_MIN`]. Of a loop that goes on, a gap this long comes by chance in 1 of 400 (e^-6).
pub const QUIET_GAPS: i32 = 6;

/// A service in trouble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Sorts by the time it opened.
    pub id: IncidentId,
    /// What opened it.
    pub kind: IncidentKind,
    /// What it has become, where that is graver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub graver: Option<IncidentKind>,
    /// When it opened.
    pub opened_at: Timestamp,
    /// The deployment whose failures it is about: the newest that failed.
    pub about: DeploymentId,
    /// That deployment's revision, where known.
    pub revision: Option<TaskDefinitionRevision>,
    /// When key 1 turned, if it has.
    pub key1_turned_at: Option<Timestamp>,
    /// Key 1 when it was last looked at, rounded: JSON has no infinity.
    pub evidence: f64,
    /// What that rested on.
    pub counts: Counts,
    /// What was decided about a rollback.
    pub rollback: RollbackState,
    /// How many of [`ESCALATE_AFTER`] have been told.
    pub escalations: usize,
    /// People were told that its rollback goes on, and that they are told again by then if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_by: Option<Timestamp>,
    /// Tasks of the service, when last read.
    pub tasks: Option<TaskCount>,
    /// Ids of its notices that were sent, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What its failing container logged last, once somebody was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<LogTail>,
    /// Alarms of `health.rollback_alarms` that went off in its deployment, in the order in which they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<Counted>,
    /// Whether scaling in is suspended for its sake.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scale_in_held: bool,
    /// Whether no notice of its own has told of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub untold: bool,
    /// What of its environment keeps tasks from starting, where others may suffer from the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starved_by: Option<GroupKey>,
    /// What it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Grouped>,
}

/// How many tasks of a service run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCount {
    /// RUNNING ones, of every deployment.
    pub running: usize,
    /// Those of the deployment that the failing one replaces.
    pub running_before: usize,
    /// `desiredCount`; `None` where the reader could not know it.
    pub desired: Option<u32>,
}

/// What an incident is. Its kind is what opened it; what comes later joins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
    /// Key 1 turned: tasks of the current revision fail more than is tolerated.
    RestartLoop,
    /// ECS gave a deployment up.
    DeploymentFailed,
    /// A deployment has not ended by its deadline (`health.deadline`).
    DeploymentStuck,
    /// A revision that was rolled back is deployed again.
    BadRedeployed,
    /// Tasks do not start, and the revision is not the cause, as far as can be told.
    Environment,
    /// An alarm of `health.rollback_alarms` went off.
    Alarm,
    /// A person ordered a rollback of a service that was in no incident.
    ByHand,
}

impl IncidentKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RestartLoop,
        Self::DeploymentFailed,
        Self::DeploymentStuck,
        Self::BadRedeployed,
        Self::Environment,
        Self::Alarm,
        Self::ByHand,
    ];

    /// As in JSON and message attributes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::RestartLoop => "restart-loop",
            Self::DeploymentFailed => "deployment-failed",
            Self::DeploymentStuck => "deployment-stuck",
            Self::BadRedeployed => "bad-redeployed",
            Self::Environment => "environment",
            Self::Alarm => "alarm",
            Self::ByHand => "by-hand",
        }
    }

    /// As in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::RestartLoop => "restart loop",
            Self::DeploymentFailed => "deployment failed",
            Self::DeploymentStuck => "deployment stuck",
            Self::BadRedeployed => "bad revision deployed again",
            Self::Environment => "tasks do not start",
            Self::Alarm => "alarm",
            Self::ByHand => "rollback by hand",
        }
    }

    /// A graver kind in an open incident is news, an equal or lesser one is not.
    fn gravity(self) -> u8 {
        match self {
            Self::Environment | Self::ByHand => 0,
            Self::DeploymentStuck | Self::BadRedeployed => 1,
            Self::Alarm => 2,
            // What ends tasks says more than what is measured of them.
            Self::RestartLoop | Self::DeploymentFailed => 3,
        }
    }
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// 26 letters and digits in the form of a ULID: the time in milliseconds, then a hash of what the incident is
/// about, so that the same input gives the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    /// For an incident of `service` about `deployment`, opened at `at`.
    pub fn new(service: &ServiceKey, deployment: &DeploymentId, at: Timestamp) -> Self {
        let hash = |salt: &str| fnv1a(format!("{salt}{service} {deployment}").as_bytes());
        let random = u128::from(hash("")) | (u128::from(hash("+") & 0xffff) << 64);
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
        let mut bits = (millis << 80) | random;
        let mut letters = Vec::with_capacity(26);
        for _ in 0..26 {
            letters.push(crockford((bits & 31) as u8));
            bits >>= 5;
        }
        Self(letters.into_iter().rev().collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Crockford's base 32: no I, L, O or U.
fn crockford(five_bits: u8) -> char {
    let letter = match five_bits {
        0..=9 => b'0' + five_bits,
        10..=17 => b'A' + (five_bits - 10),
        18 | 19 => b'J' + (five_bits - 18),
        20 | 21 => b'M' + (five_bits - 20),
        22..=26 => b'P' + (five_bits - 22),
        _ => b'V' + (five_bits.min(31) - 27),
    };
    char::from(letter)
}

impl Incident {
    /// Whether a notice is about this incident: by its id, which begins with the incident's.
    pub(crate) fn has_notice(&self, id: &str) -> bool {
        id.strip_prefix(self.id.as_str()).is_some_and(|rest| rest.starts_with('-'))
    }

    /// What it is by now: what opened it, or what came later and is graver.
    pub fn is_now(&self) -> IncidentKind {
        self.graver.unwrap_or(self.kind)
    }

    /// Takes in that `kind` joins it. Whether that is graver than all before.
    pub(crate) fn worsen(&mut self, kind: IncidentKind) -> bool {
        let is_graver = kind.gravity() > self.is_now().gravity();
        if is_graver {
            self.graver = Some(kind);
        }
        is_graver
    }

    /// The alarm in ALARM that went off first, of those that it rests on.
    pub fn alarmed(&self) -> Option<&Counted> {
        self.alarms.iter().find(|one| one.over_at.is_none())
    }

    /// When people are told again, if it stays open.
    pub fn next_escalation(&self) -> Option<Timestamp> {
        let after = ESCALATE_AFTER.get(self.escalations);
        let regular = after.and_then(|after| self.opened_at.saturating_add(*after).ok());
        regular.into_iter().chain(self.promised_by).min()
    }
}

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The rollback's target is steady.
    RollbackVerified {
        /// The rollback's deployment.
        deployment: DeploymentId,
        /// What runs now, where known.
        revision: Option<TaskDefinitionRevision>,
    },
    /// A later deployment completed and soaked.
    Replaced {
        /// That deployment.
        deployment: DeploymentId,
        /// What runs now, where known.
        revision: Option<TaskDefinitionRevision>,
        /// How long it has behaved.
        soak: SignedDuration,
    },
    /// A deployment that was late completed after all.
    Completed {
        /// Which.
        deployment: DeploymentId,
        /// What it deployed, where known.
        revision: Option<TaskDefinitionRevision>,
        /// From its begin on.
        took: SignedDuration,
    },
    /// A bad revision that was deployed again completed, and behaved through its soak.
    Behaved {
        /// Which.
        revision: Option<TaskDefinitionRevision>,
        /// For how long.
        soak: SignedDuration,
    },
    /// The rollback that a person ordered was not done: they were told why.
    NotDone,
    /// Tasks start again: ECS says that the service is steady.
    Steady,
    /// The alarms that it rested on are over.
    AlarmsOver {
        /// Which.
        alarms: Vec<String>,
    },
    /// The service was deleted.
    Deleted,
    /// No task has failed for long.
    Ceased {
        /// For how long.
        quiet: SignedDuration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crockford_digits_are_the_published_ones() {
        let all: String = (0..32).map(crockford).collect();
        assert_eq!(all, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    }

    #[test]
    fn an_incident_id_begins_with_its_time_as_a_ulid_does() {
        let id = |at: &str| {
            IncidentId::new(&"prod/checkout".into(), &"ecs-svc/1".into(), at.parse().unwrap())
        };
        // 2016-07-30T23:54:10.259Z is the ULID specification's own example time.
        assert!(id("2016-07-30T23:54:10.259Z").as_str().starts_with("01ARZ3NDEK"));
        assert_eq!(id("2026-11-21T02:14:07Z").as_str().len(), 26);
        assert!(id("2026-11-21T02:14:07Z").as_str() < id("2026-11-21T02:14:08Z").as_str());
    }
}
