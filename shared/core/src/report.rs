//! What was seen, decided and sent, one entry each: the lines of `steady replay`, and of the functions' logs.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Body, Event};
use crate::evidence::{self, Counts};
use crate::incident::{IncidentKind, Resolution};
use crate::ledger::TaskStop;
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision};
use crate::notice::{Notice, words};
use crate::rollback::{Action, Path, Probe, Reason, Refusal};
use crate::stop::Cause;

/// One line of what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// To which service; `None` for tasks of no service and for what concerns none.
    pub service: Option<ServiceKey>,
    /// The open incident's kind, if it is about one.
    pub incident: Option<IncidentKind>,
    /// The deployment it is about: the task's own, or the incident's.
    pub deployment: Option<DeploymentId>,
    /// The revision it is about, where known.
    pub revision: Option<TaskDefinitionRevision>,
    /// Key 1 where it was looked at.
    pub evidence: Option<f64>,
    /// What ended the task, or most tasks of the incident.
    pub cause: Option<Cause>,
    /// What happened.
    pub what: What,
}

impl Entry {
    /// One that is about no incident.
    pub fn plain(at: Timestamp, service: Option<ServiceKey>, what: What) -> Self {
        let stop = match &what {
            What::Stop(stop) => Some(stop),
            _ => None,
        };
        Self {
            at,
            service,
            incident: None,
            deployment: stop.and_then(|stop| stop.deployment.clone()),
            revision: stop.and_then(|stop| stop.revision.clone()),
            evidence: None,
            cause: stop.map(|stop| stop.cause),
            what,
        }
    }

    /// Whether it rests on this event of its turn: a stop on those of its task, all else on whatever came in.
    pub fn rests_on(&self, event: &Event) -> bool {
        match (&self.what, &event.body) {
            (What::Stop(stop), Body::Task(told)) => told.task == stop.task,
            (What::Stop(_), _) => false,
            _ => true,
        }
    }

    /// What happened, in words.
    pub fn reason(&self) -> String {
        match (&self.what, self.cause) {
            (What::Opened(because), Some(cause)) => format!("{because}; why: {}", cause.words()),
            (what, _) => what.to_string(),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A task stopped: the first word of it.
    Stop(Box<TaskStop>),
    /// An incident opened.
    Opened(Because),
    /// More came to an open incident.
    Joined(Because),
    /// It is still open.
    Escalated {
        /// For how long.
        open_for: SignedDuration,
    },
    /// It is over.
    Resolved(Resolution),
    /// A rollback was decided.
    Rollback(Action),
    /// What a person ordered is not done, and why.
    OrderRefused(Refusal),
    /// A rollback was looked at and not done, and why.
    Refused(Refusal),
    /// A decided rollback has begun: ECS took the call.
    Begun(Action),
    /// A decided rollback was not done, and why.
    Failed(Action, Reason),
    /// Witnesses are to be started.
    Probe(Probe),
    /// ECS has started them.
    ProbeBegun(Probe),
    /// None of a probe's tasks is left.
    ProbeEnded(Probe),
    /// Scaling in is suspended while the service loops.
    ScaleInHeld {
        /// Until then at the latest.
        until: Timestamp,
    },
    /// A notice for people.
    Notice(Box<Notice>),
    /// SNS took the notice of this id.
    Sent(String),
    /// Something decided was not done now, and why; it stays in the outbox.
    PutOff(String),
    /// Something was left aside.
    Skipped(String),
}

/// Why an incident opened, or what joined it.
#[derive(Debug, Clone, PartialEq)]
pub enum Because {
    /// Key 1 turned.
    Key1 {
        /// On these counts.
        counts: Counts,
        /// At this evidence.
        evidence: f64,
    },
    /// ECS gave the deployment up.
    DeploymentFailed {
        /// Which.
        deployment: DeploymentId,
        /// ECS's reason.
        reason: Option<String>,
    },
    /// A deployment has not ended by its deadline, and ECS was asked whether it really has not.
    DeploymentStuck {
        /// Which.
        deployment: DeploymentId,
        /// For how long it has been in progress.
        lasts: SignedDuration,
        /// How many of its tasks failed so far.
        failed_tasks: u32,
    },
    /// A bad revision is deployed again.
    BadRedeployed {
        /// When it was last rolled back, where that is still known.
        rolled_back_at: Option<Timestamp>,
    },
    /// A person ordered a rollback.
    Ordered {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// And a task of it fails: with what was known of it before, that is enough.
    BadFailsAgain {
        /// How many.
        failed_tasks: u32,
    },
    /// Tasks do not start, and the revision is not the cause, as far as can be told.
    Environment {
        /// What ended most of them; `None`: they were not even placed.
        cause: Option<Cause>,
        /// How many, or how often ECS could not place one.
        times: usize,
    },
    /// An alarm of `health.rollback_alarms` went off.
    Alarm {
        /// Which.
        name: String,
        /// When.
        since: Timestamp,
        /// CloudWatch's words.
        reason: Option<String>,
    },
}

impl What {
    /// The `kind` of the JSON lines.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stop(_) => "stop",
            Self::Opened(_) => "incident-opened",
            Self::Joined(_) => "incident-joined",
            Self::Escalated { .. } => "incident-escalated",
            Self::Resolved(_) => "incident-resolved",
            Self::Rollback(_) => "rollback",
            Self::OrderRefused(_) => "order-refused",
            Self::Refused(_) => "rollback-refused",
            Self::Begun(_) => "rollback-begun",
            Self::Failed(..) => "rollback-failed",
            Self::Probe(_) => "probe",
            Self::ProbeBegun(_) => "probe-begun",
            Self::ProbeEnded(_) => "probe-ended",
            Self::ScaleInHeld { .. } => "scale-in-suspended",
            Self::Notice(_) => "notice",
            Self::Sent(_) => "notice-sent",
            Self::PutOff(_) => "put-off",
            Self::Skipped(_) => "skipped",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop(stop) => write!(f, "{}", words::stop(stop)),
            Self::Opened(because) | Self::Joined(because) => because.fmt(f),
            Self::Escalated { open_for } => {
                write!(f, "still open after {}", words::duration(*open_for))
            }
            Self::Resolved(resolution) => write!(f, "{}", words::resolution(resolution)),
            Self::Rollback(action) => action.fmt(f),
            Self::OrderRefused(refusal) => write!(f, "ordered, and not rolled back: {refusal}"),
            Self::Refused(refusal) => write!(f, "not rolled back: {refusal}"),
            Self::Begun(action) => write!(f, "ECS has begun it, {action}"),
            Self::Failed(action, reason) => write!(f, "not done, {action}: {reason}"),
            Self::Probe(probe) => write!(
                f,
                "{} are asked for as witnesses, until {} at the latest",
                probe.tasks(),
                words::clock(probe.until),
            ),
            Self::ProbeBegun(probe) => {
                write!(f, "ECS has started {} as witnesses", probe.tasks())
            }
            Self::ProbeEnded(probe) => {
                write!(f, "no witness of {} runs any more", probe.target.revision)
            }
            Self::ScaleInHeld { until } => write!(
                f,
                "scaling in is suspended until this is over, until {} at the latest",
                words::clock(*until)
            ),
            Self::Notice(notice) => f.write_str(&notice.subject),
            Self::Sent(id) => write!(f, "notice {id} was sent"),
            Self::PutOff(why) => write!(f, "not now: {}", words::said(why, 400)),
            Self::Skipped(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key1 { counts, evidence } => write!(
                f,
                "{}; {} : 1 that it fails more than is tolerated",
                words::failed(*counts),
                evidence::in_words(*evidence),
            ),
            Self::DeploymentFailed { deployment, reason } => match reason {
                Some(reason) => {
                    write!(f, "ECS gave up deployment {deployment}: {}", words::said(reason, 400))
                }
                None => write!(f, "ECS gave up deployment {deployment}"),
            },
            Self::DeploymentStuck { deployment, lasts, failed_tasks } => {
                let lasts = words::duration(*lasts);
                write!(f, "deployment {deployment} has been in progress for {lasts}; ")?;
                match failed_tasks {
                    0 => f.write_str("no task of it has failed"),
                    1 => f.write_str("1 task of it failed"),
                    many => write!(f, "{many} tasks of it failed"),
                }
            }
            Self::BadRedeployed { rolled_back_at: Some(at) } => {
                write!(f, "deployed again, though rolled back at {}", words::clock(*at))
            }
            Self::BadRedeployed { rolled_back_at: None } => {
                f.write_str("deployed again, though rolled back before")
            }
            Self::Ordered { by, reason } => {
                write!(f, "{} ordered a rollback", words::cut(by, 100))?;
                match reason {
                    Some(reason) => write!(f, ": {}", words::cut(reason, 200)),
                    None => Ok(()),
                }
            }
            Self::BadFailsAgain { failed_tasks: 1 } => {
                f.write_str("rolled back before, and 1 task of it fails again")
            }
            Self::BadFailsAgain { failed_tasks } => {
                write!(f, "rolled back before, and {failed_tasks} tasks of it fail again")
            }
            Self::Alarm { name, since, reason } => {
                write!(f, "alarm {name} went off at {}", words::clock(*since))?;
                match reason {
                    Some(reason) => write!(f, ": {}", words::cut(reason, 400)),
                    None => Ok(()),
                }
            }
            Self::Environment { cause: Some(cause), times } => write!(
                f,
                "{times} tasks did not start within {}: {}",
                words::duration(crate::watch::ENVIRONMENT_WITHIN),
                cause.words(),
            ),
            Self::Environment { cause: None, times } => write!(
                f,
                "ECS could not place a task {times} times within {}",
                words::duration(crate::watch::ENVIRONMENT_WITHIN),
            ),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = &self.target.revision;
        match self.path {
            Path::StopServiceDeployment => write!(
                f,
                "to {target}: StopServiceDeployment with ROLLBACK, deployment {}",
                self.away_from,
            ),
            Path::UpdateService => {
                write!(f, "to {target}: UpdateService, away from {}", self.away_from)
            }
        }
    }
}
