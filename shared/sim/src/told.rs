//! What ECS tells, as plain facts: the hot loop's form of the events. What is here is in the JSON too, under the same
//! names, and the other way round as far as anybody decides on it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::service::{Deployment, Service};
use crate::task::{Status, Task};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The envelope's `time`: the truncated second.
    pub at: Timestamp,
    /// Its cluster.
    pub cluster: Arc<str>,
    /// Its service; `None` for tasks that RunTask started.
    pub service: Option<Arc<str>>,
    /// What it tells.
    pub what: What,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// `ECS Task State Change`
    Task(Box<TaskTold>),
    /// `ECS Deployment State Change`
    Deployment {
        /// `deploymentId`
        deployment: Arc<str>,
        /// `eventName`
        event_name: &'static str,
        /// `reason`
        reason: String,
    },
    /// `ECS Service Action`
    Action {
        /// `eventName`
        event_name: &'static str,
        /// `reason`, where there is one.
        reason: Option<&'static str>,
    },
}

/// One step of a task's life: the fields of the detail by their names.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskTold {
    /// `taskArn`
    pub task_arn: Arc<str>,
    /// `group`
    pub group: Arc<str>,
    /// `startedBy`
    pub started_by: Arc<str>,
    /// `taskDefinitionArn` as `family:revision`
    pub revision: Arc<str>,
    /// `version`
    pub version: u64,
    /// `lastStatus`
    pub last_status: &'static str,
    /// `desiredStatus`
    pub desired_status: &'static str,
    /// `createdAt`
    pub created_at: Timestamp,
    /// `startedAt`
    pub started_at: Option<Timestamp>,
    /// `stoppingAt`
    pub stopping_at: Option<Timestamp>,
    /// `executionStoppedAt`
    pub execution_stopped_at: Option<Timestamp>,
    /// `stoppedAt`
    pub stopped_at: Option<Timestamp>,
    /// `stopCode`
    pub stop_code: Option<&'static str>,
    /// `stoppedReason`
    pub stopped_reason: Option<Arc<str>>,
    /// `containers`: name, `exitCode`, `reason`.
    pub containers: Vec<(Arc<str>, Option<i64>, Option<&'static str>)>,
}

impl TaskTold {
    pub(crate) fn new(task: &Task) -> Self {
        let ended = |number: usize| task.ended.get(number);
        let containers = task.placement.images.iter().enumerate().map(|(number, image)| {
            let ended = ended(number);
            (image.name.clone(), ended.map(|one| one.code), ended.and_then(|one| one.reason))
        });
        Self {
            task_arn: task.arn.clone(),
            group: task.placement.group.clone(),
            started_by: task.deployment.clone(),
            revision: task.revision.clone(),
            version: task.version,
            last_status: task.status.word(),
            desired_status: task.desired_status(),
            created_at: task.created_at,
            started_at: task.started_at,
            stopping_at: task.end.as_ref().and(task.stopping_at),
            execution_stopped_at: task
                .execution_stopped_at
                .filter(|_| task.status >= Status::Deprovisioning),
            stopped_at: task.stopped_at,
            stop_code: task.end.as_ref().map(|end| end.code),
            stopped_reason: task.end.as_ref().map(|end| end.reason.clone()),
            containers: containers.collect(),
        }
    }
}

impl What {
    pub(crate) fn of_deployment(deployment: &Deployment, event_name: &'static str) -> Self {
        Self::Deployment {
            deployment: deployment.id.clone(),
            event_name,
            reason: deployment.reason.clone(),
        }
    }
}

/// Cluster and name, shared.
pub(crate) fn whose(service: &Service) -> (Arc<str>, Option<Arc<str>>) {
    (service.key.cluster.clone(), Some(service.key.name.clone()))
}
