//! What an incident has come to as to a rollback, as the record keeps it: what is done, or why it is not.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Begun, Ordered, Probe, Refusal};
use crate::ledger::Proven;
use crate::name::DeploymentId;
use crate::notice::words;
use crate::record::is_default;

/// What an incident has come to as to a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackState {
    /// Not looked at yet.
    Undecided,
    /// Decided, held for a moment in which an outage would show.
    Holding {
        /// When the hold ends.
        until: Timestamp,
        /// What the service will go back to.
        target: Proven,
    },
    /// Witnesses are asked.
    Probing(Probe),
    /// Begun.
    Decided {
        /// When.
        at: Timestamp,
        /// What is done.
        action: Action,
        /// What ECS has taken of it; `None` as long as it has not.
        #[serde(default, skip_serializing_if = "is_default")]
        begun: Option<Begun>,
        /// Why AWS has not taken it though it was tried: its words, while it is tried again.
        #[serde(default, skip_serializing_if = "is_default")]
        untaken: Option<String>,
        /// Since when it runs as many tasks of the target as it wants, as far as was read.
        #[serde(default, skip_serializing_if = "is_default")]
        steady_at: Option<Timestamp>,
    },
    /// Not done, and why. Looked at again with every new evidence.
    Refused(Refusal),
    /// Decided, tried, and not to be done: a person has to. Final for this deployment.
    Failed {
        /// What could not be done.
        action: Action,
        /// Why not.
        why: Reason,
    },
}

/// Why a decided rollback was not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The service, or what it was to go back to, is not as it was judged any more.
    Guard(Refusal),
    /// AWS refused it, or did not do it within [`GIVE_UP_AFTER`](super::GIVE_UP_AFTER); its own words.
    Aws(String),
    /// It was done, and did not help.
    Unverified(Unverified),
}

/// Why a rollback that was done did not help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unverified {
    /// Tasks of the target fail too.
    TasksFail {
        /// So many since.
        failed: usize,
    },
    /// The alarm for which it was done is in ALARM still.
    AlarmStays {
        /// Which.
        alarm: String,
    },
    /// ECS gave the target's deployment up.
    DeploymentFailed {
        /// ECS's words.
        reason: Option<String>,
    },
    /// It is not steady by its deadline.
    NotSteady {
        /// So many tasks of it run,
        running: usize,
        /// of so many wanted,
        desired: u32,
        /// after so long.
        within: SignedDuration,
    },
}

/// A change to a service, with what it was decided on: if that has moved on when it is tried, it is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// How.
    pub path: Path,
    /// The deployment that was judged, PRIMARY at that time.
    pub away_from: DeploymentId,
    /// Where to.
    pub target: Proven,
    /// Who ordered it; `None`: Steady decided it by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ordered: Option<Ordered>,
}

/// How a rollback is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// `StopServiceDeployment` with stop type `ROLLBACK`, for a deployment in progress. It takes no target:
    /// ECS goes back to its last successful revision, so it is used only where that is the target.
    StopServiceDeployment,
    /// `UpdateService` to the target's task definition.
    UpdateService,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guard(refusal) => refusal.fmt(f),
            Self::Aws(why) => f.write_str(&words::said(why, 400)),
            Self::Unverified(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TasksFail { failed } => write!(f, "{failed} of its tasks failed too"),
            Self::AlarmStays { alarm } => write!(f, "alarm {} is still on", words::cut(alarm, 255)),
            Self::DeploymentFailed { reason: Some(reason) } => {
                write!(f, "ECS gave its deployment up ({})", words::said(reason, 200))
            }
            Self::DeploymentFailed { reason: None } => f.write_str("ECS gave its deployment up"),
            Self::NotSteady { running, desired, within } => {
                write!(f, "{running} of {desired} tasks run after {}", words::duration(*within))
            }
        }
    }
}
