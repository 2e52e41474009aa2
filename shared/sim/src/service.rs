//! A service with its deployments, service deployments and service revisions: state only. What moves it is in
//! `schedule`, what shows it in `render`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::api::Image;
use crate::stages::{Progress, Strategy};
use crate::tasks::CrewId;

/// Cluster and name: what a service's ARN ends with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceKey {
    pub(crate) cluster: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// `Service.status`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

impl ServiceStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// `Deployment.rolloutState`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// One entry of `Service.deployments`.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// `ecs-svc/<19 digits>`
    pub(crate) id: Arc<str>,
    /// The number under which its tasks are counted.
    pub(crate) crew: CrewId,
    /// `family:revision`
    pub(crate) revision: Arc<str>,
    /// The ARN of its service revision.
    pub(crate) service_revision: String,
    pub(crate) desired_count: u32,
    /// `failedTasks`: consecutive failures, counted while the deployment is in progress.
    pub(crate) failed_tasks: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) rollout_state: RolloutState,
    pub(crate) reason: String,
    /// When the circuit breaker gives it up, once the threshold is reached.
    pub(crate) gives_up_at: Option<Timestamp>,
    pub(crate) throttle: Throttle,
}

/// How long ECS waits before it starts tasks again that repeatedly failed to start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throttle {
    /// Failed attempts since a task last reached RUNNING.
    attempts: u32,
    /// A task failed to start, and nothing was started since.
    pub(crate) failing: bool,
    pub(crate) until: Option<Timestamp>,
}

impl Throttle {
    /// The wait before the next attempt: none after the first failed one, then four minutes, doubling up to 27. The 27
    /// minutes are ECS's ("Amazon ECS service throttle logic", developer guide); the steps are not published: a public
    /// timeline has failed starts at 2:34, 4:46 and 11:00.
    pub(crate) fn wait(&mut self) -> SignedDuration {
        const MOST: i64 = 27;
        let minutes = match self.attempts {
            0 => 0,
            n => 4_i64.checked_shl(n - 1).unwrap_or(MOST).clamp(0, MOST),
        };
        self.attempts = (self.attempts + 1).min(8);
        SignedDuration::from_mins(minutes)
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// `ServiceDeployment.status`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceDeploymentStatus {
    Pending,
    InProgress,
    Successful,
    Stopped,
    StopRequested,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl ServiceDeploymentStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::StopRequested => "STOP_REQUESTED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Whether it is over ("View service history using Amazon ECS service deployments", developer guide).
    pub(crate) fn is_over(self) -> bool {
        matches!(
            self,
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }
}

/// A service deployment: the newer, separate resource, one per deployment that was asked for. A rollback is part of
/// the one that it rolls back.
#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    pub(crate) status: ServiceDeploymentStatus,
    pub(crate) status_reason: Option<String>,
    /// ARNs of service revisions.
    pub(crate) source: Vec<String>,
    pub(crate) target: String,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
    /// `deploymentCircuitBreaker.failureCount`
    pub(crate) failures: u32,
    /// The circuit breaker gave it up.
    pub(crate) triggered: bool,
    /// Where it is in its stages, if it goes through any.
    pub(crate) progress: Option<Progress>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started_at: Timestamp,
    /// The service revision that it goes back to.
    pub(crate) service_revision: String,
}

/// A service revision: what was deployed, never changed afterwards.
#[derive(Debug, Clone)]
pub(crate) struct ServiceRevision {
    pub(crate) arn: String,
    /// `family:revision`
    pub(crate) revision: Arc<str>,
    pub(crate) created_at: Timestamp,
    /// The service's settings then, as the API names them.
    pub(crate) settings: Map<String, Value>,
    /// Its images as their tags stood then: ECS resolves them once for all tasks of a service revision ("container image
    /// resolution", developer guide). Really with the first task, seconds later.
    pub(crate) images: Vec<Image>,
}

/// `DeploymentConfiguration`, read.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    /// Percent of `desiredCount`, rounded up.
    pub(crate) minimum_healthy: u32,
    /// Percent of `desiredCount`, rounded down.
    pub(crate) maximum: u32,
    pub(crate) breaker: Breaker,
    pub(crate) strategy: Strategy,
}

/// `DeploymentCircuitBreaker`, read.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    pub(crate) enable: bool,
    pub(crate) rollback: bool,
    pub(crate) reset_on_healthy_task: bool,
    pub(crate) threshold: Threshold,
}

/// `ThresholdConfiguration`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threshold {
    Count(u32),
    BoundedPercent(u32),
    UnboundedPercent(u32),
}

impl Breaker {
    /// How many consecutive failures make it give up: 50 % of `desiredCount`, at least 3 and at most 200, unless the
    /// service says otherwise (`ServiceDeploymentCircuitBreaker.threshold`, `ThresholdConfiguration`, API reference).
    pub(crate) fn failures_tolerated(&self, desired_count: u32) -> u32 {
        match self.threshold {
            Threshold::Count(count) => count.max(1),
            Threshold::BoundedPercent(percent) => percent_up(desired_count, percent).clamp(3, 200),
            Threshold::UnboundedPercent(percent) => percent_up(desired_count, percent).max(1),
        }
    }
}

/// A share of a count, rounded up.
pub(crate) fn percent_up(count: u32, percent: u32) -> u32 {
    u32::try_from((u64::from(count) * u64::from(percent)).div_ceil(100)).unwrap_or(u32::MAX)
}

/// A share of a count, rounded down.
pub(crate) fn percent_down(count: u32, percent: u32) -> u32 {
    u32::try_from(u64::from(count) * u64::from(percent) / 100).unwrap_or(u32::MAX)
}

/// One of `Service.events`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) message: String,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) key: Arc<ServiceKey>,
    pub(crate) arn: String,
    pub(crate) cluster_arn: String,
    pub(crate) status: ServiceStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) desired_count: u32,
    /// `family:revision`
    pub(crate) task_definition: Arc<str>,
    /// What the caller gave and ECS gives back, by the API's member names.
    pub(crate) settings: Map<String, Value>,
    pub(crate) configuration: Configuration,
    /// PRIMARY first, then the ACTIVE ones, newest first.
    pub(crate) deployments: Vec<Deployment>,
    /// The newest deployment that completed: what a rollback goes back to.
    pub(crate) completed: Option<Deployment>,
    /// Oldest first.
    pub(crate) service_deployments: Vec<ServiceDeployment>,
    pub(crate) service_revisions: Vec<ServiceRevision>,
    /// Newest first, at most 100 (`Service.events`, API reference).
    pub(crate) events: VecDeque<ServiceEvent>,
    /// Serial numbers of its tasks that are not STOPPED.
    pub(crate) tasks: BTreeSet<u64>,
    /// When the scheduler looks again.
    pub(crate) wakes: BTreeSet<Timestamp>,
    /// Said to be steady, and nothing has changed since.
    pub(crate) steady: bool,
}

impl Service {
    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    pub(crate) fn deployment(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| *deployment.id == *id)
    }

    /// The service deployment that moves it now, if one does.
    pub(crate) fn moving(&mut self) -> Option<&mut ServiceDeployment> {
        self.service_deployments.last_mut().filter(|one| !one.status.is_over())
    }

    /// What a deployment's tasks run.
    pub(crate) fn images_of(&self, deployment: &Deployment) -> Vec<Image> {
        let of_it = |one: &&ServiceRevision| one.arn == deployment.service_revision;
        self.service_revisions.iter().find(of_it).map(|one| one.images.clone()).unwrap_or_default()
    }

    pub(crate) fn grace(&self) -> SignedDuration {
        let seconds = self.settings.get("healthCheckGracePeriodSeconds").and_then(Value::as_i64);
        SignedDuration::from_secs(seconds.unwrap_or(0).clamp(0, i64::from(i32::MAX)))
    }

    /// The first target group's ARN.
    pub(crate) fn target_group(&self) -> Option<&str> {
        self.settings.get("loadBalancers")?.get(0)?.get("targetGroupArn")?.as_str()
    }

    pub(crate) fn has_load_balancer(&self) -> bool {
        self.settings
            .get("loadBalancers")
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty())
    }

    /// The fewest healthy tasks while it deploys.
    pub(crate) fn fewest_healthy(&self) -> u32 {
        percent_up(self.desired_count, self.configuration.minimum_healthy).min(self.desired_count)
    }

    /// The most tasks while it deploys.
    pub(crate) fn most_tasks(&self) -> u32 {
        percent_down(self.desired_count, self.configuration.maximum)
    }
}
