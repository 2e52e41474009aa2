//! `ECS Task State Change`.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::EventError;
use super::raw::{self, Envelope, Object, Text, filled};
use crate::name::{
    Arn, DeploymentId, FamilyKey, Interner, ServiceKey, TaskArn, TaskDefinitionRevision,
};
use crate::stop::{ContainerEnd, StopCode};

/// One step of a task's life.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEvent {
    /// Which task.
    pub task: TaskArn,
    /// Whose task it is.
    pub owner: Owner,
    /// `startedBy`, where a service's scheduler started the task.
    pub deployment: Option<DeploymentId>,
    /// `taskDefinitionArn` as `family:revision`.
    pub revision: Option<TaskDefinitionRevision>,
    /// Counts up per task; a higher one is later. Not in all old events.
    pub version: Option<u64>,
    /// `lastStatus`
    pub last_status: TaskStatus,
    /// `desiredStatus`
    pub desired_status: TaskStatus,
    /// `createdAt`
    pub created_at: Option<Timestamp>,
    /// `startedAt`: from RUNNING on; `None` if the task has not run (yet).
    pub started_at: Option<Timestamp>,
    /// `stoppingAt`: from the first event that carries a stop code.
    pub stopping_at: Option<Timestamp>,
    /// `executionStoppedAt`: from DEPROVISIONING on. Can lie *before* `startedAt` (by 3.5 to 6.6 s in five of
    /// five recorded tasks whose process ended at once).
    pub execution_stopped_at: Option<Timestamp>,
    /// `stopCode`: already there in DEACTIVATING or DEPROVISIONING, up to 60 s before STOPPED.
    pub stop_code: Option<StopCode>,
    /// `stoppedReason`, likewise.
    pub stopped_reason: Option<Arc<str>>,
    /// `containers`, in the event's order.
    pub containers: Vec<Container>,
}

/// A container of a task, as far as it tells why the task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// `name`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// `exitCode`: from DEPROVISIONING on. Windows codes exceed 32 bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// `reason`: failed starts on EC2, and kills for memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

impl Container {
    /// As the table of stops reads it.
    pub(crate) fn end(&self) -> ContainerEnd<'_> {
        ContainerEnd {
            name: self.name.as_deref(),
            exit_code: self.exit_code,
            reason: self.reason.as_deref(),
        }
    }
}

/// Whose task it is, by `group`, `startedBy` and the task definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// `group` is `service:NAME`, and the cluster is known.
    Service(ServiceKey),
    /// Started by RunTask or StartTask: `group` is `family:NAME`, or some text of the caller's own, and then
    /// this is the task definition's family.
    Standalone(FamilyKey),
    /// A service's task whose service is not named (events of 2016), or too little is given to tell.
    Unknown,
}

/// `lastStatus` and `desiredStatus`, in the order of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskStatus {
    /// Missing, or a word that ECS did not use in 2026.
    Unknown,
    /// `PROVISIONING`
    Provisioning,
    /// `PENDING`
    Pending,
    /// `ACTIVATING`
    Activating,
    /// `RUNNING`
    Running,
    /// `DEACTIVATING`
    Deactivating,
    /// `STOPPING`
    Stopping,
    /// `DEPROVISIONING`
    Deprovisioning,
    /// `STOPPED`
    Stopped,
    /// `DELETED`
    Deleted,
}

impl From<&str> for TaskStatus {
    fn from(word: &str) -> Self {
        match word {
            "PROVISIONING" => Self::Provisioning,
            "PENDING" => Self::Pending,
            "ACTIVATING" => Self::Activating,
            "RUNNING" => Self::Running,
            "DEACTIVATING" => Self::Deactivating,
            "STOPPING" => Self::Stopping,
            "DEPROVISIONING" => Self::Deprovisioning,
            "STOPPED" => Self::Stopped,
            "DELETED" => Self::Deleted,
            _ => Self::Unknown,
        }
    }
}

impl TaskEvent {
    /// Whether the event tells that the task has ended or is about to: by its stop code, its reason, or a
    /// status after RUNNING. A Spot warning is one although its `lastStatus` is still RUNNING.
    pub fn tells_of_stop(&self) -> bool {
        self.stop_code.is_some()
            || self.stopped_reason.is_some()
            || self.last_status >= TaskStatus::Deactivating
    }

    /// Whether the task runs and is meant to go on.
    pub fn is_running(&self) -> bool {
        self.last_status == TaskStatus::Running
            && self.desired_status <= TaskStatus::Running
            && !self.tells_of_stop()
    }

    /// The service, if it is one's task.
    pub fn service(&self) -> Option<&ServiceKey> {
        match &self.owner {
            Owner::Service(service) => Some(service),
            Owner::Standalone(_) | Owner::Unknown => None,
        }
    }

    /// How long the task ran: up to `executionStoppedAt`, else `stoppingAt`, clamped at zero. `None` if it
    /// never ran or has not ended.
    pub fn ran(&self) -> Option<SignedDuration> {
        let ended = self.execution_stopped_at.or(self.stopping_at)?;
        Some(ended.duration_since(self.started_at?).max(SignedDuration::ZERO))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    cluster_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    task_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    task_definition_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    group: Option<Text<'a>>,
    #[serde(borrow, default)]
    started_by: Option<Text<'a>>,
    #[serde(default)]
    version: Option<u64>,
    #[serde(borrow, default)]
    last_status: Option<Text<'a>>,
    #[serde(borrow, default)]
    desired_status: Option<Text<'a>>,
    #[serde(borrow, default)]
    created_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    started_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    stopping_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    execution_stopped_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_code: Option<Text<'a>>,
    #[serde(borrow, default)]
    stopped_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    containers: Option<Vec<Option<Object<RawContainer<'a>>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

pub(super) fn read(
    detail: &Detail<'_>,
    envelope: &Envelope<'_>,
    interner: &mut Interner,
) -> Result<TaskEvent, EventError> {
    let resource = || {
        envelope.resource().filter(|text| Arn::parse(text).is_some_and(|arn| arn.kind == "task"))
    };
    let task = filled(&detail.task_arn).or_else(resource).ok_or(EventError::Missing {
        field: "detail.taskArn",
        consequence: "the task has no name",
    })?;
    let cluster = cluster(detail.cluster_arn.as_ref(), task);
    let word = |text: &Option<Text<'_>>| {
        text.as_ref().map_or(TaskStatus::Unknown, |word| TaskStatus::from(word.as_str()))
    };
    let mut shared = |text: &Option<Text<'_>>| filled(text).map(|text| interner.get(text));
    let containers = detail.containers.iter().flatten().flatten();
    let containers = containers
        .map(|Object(container)| Container {
            name: shared(&container.name),
            exit_code: container.exit_code,
            reason: shared(&container.reason),
        })
        .collect();
    let stopped_reason = shared(&detail.stopped_reason);
    let revision = detail.task_definition_arn.as_ref().and_then(|arn| {
        let text = Arn::parse(arn.as_str()).map_or(arn.as_str(), |arn| arn.path);
        (!text.is_empty()).then(|| interner.get(text).into())
    });
    Ok(TaskEvent {
        owner: owner(&detail.group, &detail.started_by, cluster, revision.as_ref(), interner),
        deployment: started_by_service(&detail.started_by).map(|id| interner.get(id).into()),
        task: interner.get(task).into(),
        revision,
        version: detail.version,
        last_status: word(&detail.last_status),
        desired_status: word(&detail.desired_status),
        created_at: raw::time(&detail.created_at, "detail.createdAt")?,
        started_at: raw::time(&detail.started_at, "detail.startedAt")?,
        stopping_at: raw::time(&detail.stopping_at, "detail.stoppingAt")?,
        execution_stopped_at: raw::time(&detail.execution_stopped_at, "detail.executionStoppedAt")?,
        stop_code: filled(&detail.stop_code).map(StopCode::from),
        stopped_reason,
        containers,
    })
}

/// From `clusterArn`, else from a task ARN of the newer form.
fn cluster<'a>(cluster_arn: Option<&'a Text<'_>>, task: &'a str) -> Option<&'a str> {
    let named = cluster_arn.and_then(|arn| Arn::parse(arn.as_str())).map(|arn| arn.path);
    named
        .or_else(|| Some(Arn::parse(task)?.path.split_once('/')?.0))
        .filter(|name| !name.is_empty())
}

/// For tasks of services ECS writes `ecs-svc/ID` there; RunTask callers may write anything else.
fn started_by_service<'a>(started_by: &'a Option<Text<'_>>) -> Option<&'a str> {
    started_by.as_ref().map(Text::as_str).filter(|text| text.starts_with("ecs-svc/"))
}

fn owner(
    group: &Option<Text<'_>>,
    started_by: &Option<Text<'_>>,
    cluster: Option<&str>,
    revision: Option<&TaskDefinitionRevision>,
    interner: &mut Interner,
) -> Owner {
    let group = group.as_ref().map(Text::as_str);
    if let Some(name) = group.and_then(|group| group.strip_prefix("service:")) {
        return match cluster {
            Some(cluster) if !name.is_empty() => {
                Owner::Service(interner.get(&format!("{cluster}/{name}")).into())
            }
            _ => Owner::Unknown,
        };
    }
    if started_by_service(started_by).is_some() {
        return Owner::Unknown;
    }
    let family =
        group.and_then(|group| group.strip_prefix("family:")).filter(|name| !name.is_empty());
    match family.or(revision.map(TaskDefinitionRevision::family)) {
        Some(family) => Owner::Standalone(FamilyKey {
            cluster: cluster.map(|cluster| interner.get(cluster)),
            family: interner.get(family).into(),
        }),
        None => Owner::Unknown,
    }
}
