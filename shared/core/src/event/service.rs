//! `ECS Deployment State Change` and `ECS Service Action`.

use std::sync::Arc;

use serde::Deserialize;

use super::EventError;
use super::raw::{Envelope, Text, filled};
use crate::name::{Arn, DeploymentId, Interner, ServiceKey};

/// A deployment began, completed or failed. It names neither the task definition nor, before 2026, the
/// cluster; `resources[0]` is the only place where it names its service. Its `updatedAt` is up to five minutes
/// older than the event (4 min 38 s for a recorded failure), so the envelope's `time` is what counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentEvent {
    /// `None` for a service ARN of the old form (without the cluster) where `clusterArn` is missing too.
    pub service: Option<ServiceKey>,
    /// `deploymentId`
    pub deployment: DeploymentId,
    /// `eventName`
    pub name: DeploymentEventName,
    /// `reason`: why a deployment failed, and whether one is a rollback.
    pub reason: Option<Arc<str>>,
}

/// `eventName` of a deployment's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentEventName {
    /// `SERVICE_DEPLOYMENT_IN_PROGRESS`
    InProgress,
    /// `SERVICE_DEPLOYMENT_COMPLETED`
    Completed,
    /// `SERVICE_DEPLOYMENT_FAILED`: sent only where the circuit breaker or deployment alarms are on.
    Failed,
    /// A name that ECS did not use in 2026.
    Other(Box<str>),
}

impl DeploymentEvent {
    /// Whether ECS itself (circuit breaker or deployment alarms) began this deployment to roll back: its
    /// reason then says `… rolling back to deploymentId ecs-svc/…`.
    pub fn is_native_rollback(&self) -> bool {
        self.name == DeploymentEventName::InProgress
            && self.reason.as_deref().is_some_and(|reason| reason.contains("rolling back"))
    }
}

/// What the service scheduler says about a service. A steady state here is not health: a service in a memory
/// crash loop reports one after every restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceActionEvent {
    /// As in [`DeploymentEvent::service`].
    pub service: Option<ServiceKey>,
    /// `eventName`: `SERVICE_STEADY_STATE`, `SERVICE_TASK_PLACEMENT_FAILURE`, … The list has grown over the
    /// years, so the name stays text.
    pub name: Arc<str>,
    /// `reason`: with `SERVICE_TASK_PLACEMENT_FAILURE` for example `RESOURCE:FARGATE`.
    pub reason: Option<Arc<str>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    event_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    deployment_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    cluster_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

const NO_NAME: EventError = EventError::Missing {
    field: "detail.eventName",
    consequence: "it cannot be told what happened",
};

pub(super) fn read_deployment(
    detail: &Detail<'_>,
    envelope: &Envelope<'_>,
    interner: &mut Interner,
) -> Result<DeploymentEvent, EventError> {
    let name = match filled(&detail.event_name).ok_or(NO_NAME)? {
        "SERVICE_DEPLOYMENT_IN_PROGRESS" => DeploymentEventName::InProgress,
        "SERVICE_DEPLOYMENT_COMPLETED" => DeploymentEventName::Completed,
        "SERVICE_DEPLOYMENT_FAILED" => DeploymentEventName::Failed,
        other => DeploymentEventName::Other(other.into()),
    };
    let deployment = filled(&detail.deployment_id).ok_or(EventError::Missing {
        field: "detail.deploymentId",
        consequence: "it cannot be told which deployment is meant",
    })?;
    Ok(DeploymentEvent {
        service: service(detail, envelope, interner)?,
        deployment: interner.get(deployment).into(),
        name,
        reason: filled(&detail.reason).map(|reason| interner.get(reason)),
    })
}

pub(super) fn read_action(
    detail: &Detail<'_>,
    envelope: &Envelope<'_>,
    interner: &mut Interner,
) -> Result<ServiceActionEvent, EventError> {
    Ok(ServiceActionEvent {
        service: service(detail, envelope, interner)?,
        name: interner.get(filled(&detail.event_name).ok_or(NO_NAME)?),
        reason: filled(&detail.reason).map(|reason| interner.get(reason)),
    })
}

/// `arn:…:service/CLUSTER/NAME`, or the old `arn:…:service/NAME` with the cluster from `clusterArn`.
fn service(
    detail: &Detail<'_>,
    envelope: &Envelope<'_>,
    interner: &mut Interner,
) -> Result<Option<ServiceKey>, EventError> {
    let arn = envelope
        .resource()
        .and_then(Arn::parse)
        .filter(|arn| arn.kind == "service" && arn.path.split('/').all(|name| !name.is_empty()))
        .ok_or(EventError::Missing {
            field: "resources[0]",
            consequence: "the service has no name (it should be the service's ARN)",
        })?;
    if arn.path.contains('/') {
        return Ok(Some(interner.get(arn.path).into()));
    }
    let cluster =
        filled(&detail.cluster_arn).and_then(Arn::parse).filter(|arn| !arn.path.is_empty());
    Ok(cluster.map(|cluster| interner.get(&format!("{}/{}", cluster.path, arn.path)).into()))
}
