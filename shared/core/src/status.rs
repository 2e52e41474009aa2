//! How a service stands, as Steady remembers it: what `steady status` shows.

use jiff::Timestamp;
use serde::Serialize;

use crate::config::RollbackMode;
use crate::evidence::{self, Counts};
use crate::incident::{IncidentId, IncidentKind};
use crate::ledger::Deployment;
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision};
use crate::notice::words;
use crate::outbox::{Pending, Work};
use crate::overrides::Handed;
use crate::record::Record;
use crate::rollback::RollbackState;

/// How a service stands.
///
/// ```json
/// {"service": "prod/checkout", "incident": {"id": "01JD…", "kind": "restart-loop", …}, "deployment": {"id": "ecs-svc/42",
///  "revision": "checkout:42", "began": "2026-11-21T02:14:07Z", "state": "in-progress", "until": null},
///  "desired_count": 4, "read_at": "2026-11-21T02:15:00Z", "proven": [{"revision": "checkout:41", "at": "…"}],
///  "bad": [], "rollback": "auto", "to_do": [], "deleted_at": null}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// Whose.
    pub service: ServiceKey,
    /// What is wrong now; `None`: nothing that is known.
    pub incident: Option<OpenIncident>,
    /// What is meant to stand; `None`: no deployment is known.
    pub deployment: Option<Standing>,
    /// `desiredCount` when ECS was last read.
    pub desired_count: Option<u32>,
    /// When that was; `None`: never.
    pub read_at: Option<Timestamp>,
    /// What it can be rolled back to, the newest first.
    pub proven: Vec<ProvenRevision>,
    /// What was rolled back from, and not proven since.
    pub bad: Vec<TaskDefinitionRevision>,
    /// What its config allows, as last read.
    pub rollback: RollbackMode,
    /// What was decided and is not confirmed, in the order in which it is done.
    pub to_do: Vec<ToDo>,
    /// When ECS said that it is deleted.
    pub deleted_at: Option<Timestamp>,
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenIncident {
    /// Its id.
    pub id: IncidentId,
    /// What it is by now.
    pub kind: IncidentKind,
    /// When it opened.
    pub opened_at: Timestamp,
    /// The deployment that it is about.
    pub about: DeploymentId,
    /// That deployment's revision, where known.
    pub revision: Option<TaskDefinitionRevision>,
    /// The tasks that it rests on.
    #[serde(skip)]
    pub counts: Counts,
    /// Starts of the revision in the present day of evidence.
    pub starts: u32,
    /// How many of them failed.
    pub failed_starts: u32,
    /// Crashes after that.
    pub crashes: u32,
    /// The odds against the revision, as `evidence` : 1.
    pub evidence: f64,
    /// Running tasks of the service when last read.
    pub running_count: Option<usize>,
    /// What has become of a rollback, in words.
    pub rollback: String,
}

/// The deployment that is meant to stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its id.
    pub id: DeploymentId,
    /// Its revision, where known.
    pub revision: Option<TaskDefinitionRevision>,
    /// When it began.
    pub began: Timestamp,
    /// How far it is.
    pub state: State,
    /// When its soak ends, while it soaks.
    pub until: Option<Timestamp>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has not ended.
    InProgress,
    /// ECS gave it up.
    Failed,
    /// An incident is about it.
    InTrouble,
    /// It completed, and has to behave for a while to be proven.
    Soaking,
    /// It completed, and behaved through its soak.
    Proven,
    /// It completed, and nothing has proven it.
    Unproven,
}

/// A proven revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProvenRevision {
    /// Which.
    pub revision: TaskDefinitionRevision,
    /// When its soak ended.
    pub at: Timestamp,
}

/// Something decided and not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToDo {
    /// What, in words.
    pub what: String,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// How many invocations have taken it up.
    pub attempt: u32,
}

impl ServiceStatus {
    /// By its record.
    pub fn of(record: &Record) -> Self {
        let proven = record.ledger.proven().iter().rev();
        let proven = proven
            .map(|one| ProvenRevision { revision: one.revision.clone(), at: one.at })
            .collect();
        Self {
            service: record.service.clone(),
            incident: incident(record),
            deployment: record.ledger.current().map(|(id, one)| standing(record, id, one)),
            desired_count: record.desired,
            read_at: record.read_at,
            proven,
            bad: record.ledger.bad().to_vec(),
            rollback: record.config.health.rollback,
            to_do: record.outbox.pending().iter().map(to_do).collect(),
            deleted_at: record.deleted_at,
        }
    }
}

impl State {
    /// As in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::InProgress => "in progress",
            Self::Failed => "given up by ECS",
            Self::InTrouble => "completed, in trouble",
            Self::Soaking => "completed, soaking",
            Self::Proven => "proven",
            Self::Unproven => "completed, not proven",
        }
    }
}

fn incident(record: &Record) -> Option<OpenIncident> {
    let incident = record.incident.as_ref()?;
    Some(OpenIncident {
        id: incident.id.clone(),
        kind: incident.is_now(),
        opened_at: incident.opened_at,
        about: incident.about.clone(),
        revision: incident.revision.clone(),
        counts: incident.counts,
        starts: incident.counts.starts(),
        failed_starts: incident.counts.failed_starts,
        crashes: incident.counts.crashes,
        evidence: evidence::rounded(incident.evidence),
        running_count: incident.tasks.map(|tasks| tasks.running),
        rollback: rollback(&incident.rollback),
    })
}

fn standing(record: &Record, id: &DeploymentId, deployment: &Deployment) -> Standing {
    let soaks_until = || {
        let soak = record.config.health.soak;
        let ends = deployment.completed()?.saturating_add(soak).ok()?;
        Some(deployment.soak_again_at.map_or(ends, |again| again.max(ends)))
    };
    let in_trouble = record.incident.as_ref().is_some_and(|incident| incident.about == *id);
    let state = match deployment.completed() {
        _ if deployment.failed().is_some() => State::Failed,
        None => State::InProgress,
        Some(_) if in_trouble => State::InTrouble,
        Some(_) if deployment.is_proven => State::Proven,
        Some(_) if deployment.is_unnamed => State::Unproven,
        Some(_) => State::Soaking,
    };
    Standing {
        id: id.clone(),
        revision: deployment.revision().cloned(),
        began: deployment.began(),
        state,
        until: soaks_until().filter(|_| state == State::Soaking),
    }
}

/// What has become of an incident's rollback, in a line.
pub fn rollback(state: &RollbackState) -> String {
    match state {
        RollbackState::Undecided => "not decided".to_owned(),
        RollbackState::Holding { until, target } => {
            format!("held until {}, then to {}", words::clock(*until), target.revision)
        }
        RollbackState::Probing(probe) => format!(
            "{} tasks of {} are asked as witnesses, until {} at the latest",
            probe.count,
            probe.target.revision,
            words::clock(probe.until),
        ),
        RollbackState::Decided { at, action, begun: Some(_), .. } => {
            format!("begun at {}, {action}", words::clock(*at))
        }
        RollbackState::Decided { at, action, begun: None, untaken, .. } => {
            let why = untaken.as_ref().map(|why| format!(" ({})", words::cut(why, 200)));
            format!(
                "decided at {}, {action}; AWS has not taken it yet{}",
                words::clock(*at),
                why.unwrap_or_default(),
            )
        }
        RollbackState::Refused(refusal) => format!("not rolled back: {refusal}"),
        RollbackState::Failed { action, why } => format!("not done, {action}: {why}"),
    }
}

fn to_do(pending: &Pending) -> ToDo {
    let what = match &pending.work {
        Work::RollBack(action) => format!("roll back {action}"),
        Work::Probe(probe) => format!("start {} tasks of {}", probe.count, probe.target.revision),
        Work::StopProbe(probe) => format!("stop the witnesses of {}", probe.target.revision),
        Work::Override(Handed::Put(one)) => format!("override: {}", one.does()),
        Work::Override(Handed::End(_)) => "end an override".to_owned(),
        Work::Send(message) => format!("send \"{}\"", message.subject),
    };
    ToDo { what, decided_at: pending.decided_at, attempt: pending.attempt }
}
