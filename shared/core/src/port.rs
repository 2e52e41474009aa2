//! What adapters implement. Reading and writing are apart: code that holds only a reader cannot change anything.
//!
//! The traits are asynchronous without a runtime: nothing here knows what polls it. Every method is one question or
//! one order; what it means is decided in the core, by whoever calls it.

mod alarms;
mod fleet;
mod groups;
mod logs;
mod records;
mod scaling;
mod witness;

use std::future::Future;

pub use alarms::*;
pub use fleet::*;
pub use groups::*;
use jiff::Timestamp;
pub use logs::*;
pub use records::*;
pub use scaling::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;
pub use witness::*;

use crate::ledger::Proven;
use crate::name::{DeploymentId, ServiceKey, ServiceRevisionArn, TaskArn, TaskDefinitionRevision};
use crate::notice::Message;
use crate::rollback::{Restore, Settings};

/// Why an adapter could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PortError {
    /// AWS said "not now". Nothing was done; asked again later it may be.
    #[error("{call} was throttled ({text})")]
    Throttled {
        /// The API's name for it: `DescribeServices`.
        call: &'static str,
        /// AWS's error code and message.
        text: String,
    },
    /// AWS said "no". Nothing was done, and asking the same again gives the same answer.
    #[error("{call} was refused ({code}: {text})")]
    Refused {
        /// The API's name for it.
        call: &'static str,
        /// AWS's error code: `AccessDeniedException`.
        code: String,
        /// AWS's message.
        text: String,
    },
    /// No answer, or none that tells whether it was done: a timeout, a lost connection, an error of AWS's own.
    #[error("{call} gave no clear answer ({text})")]
    Unclear {
        /// The API's name for it.
        call: &'static str,
        /// What was seen.
        text: String,
    },
}

impl PortError {
    /// Whether the same may succeed if it is asked again.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// A task that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningTask {
    /// Which.
    pub task: TaskArn,
    /// `startedBy`
    pub deployment: Option<DeploymentId>,
    /// `taskDefinitionArn` as `family:revision`
    pub revision: Option<TaskDefinitionRevision>,
    /// `startedAt`
    pub started_at: Timestamp,
}

/// A service's running tasks, as read once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunningTasks {
    /// The service's `desiredCount`; `None` where the reader cannot know it (a recording).
    pub desired_count: Option<u32>,
    /// The id of the deployment with status PRIMARY; `None` where the reader cannot know it.
    pub primary: Option<DeploymentId>,
    /// How the service itself stands; `None` where the reader cannot know it.
    pub standing: Option<Box<Standing>>,
    /// Its service revision, if that is the only one in use (`currentServiceRevisions`); else `None`.
    pub service_revision: Option<ServiceRevisionArn>,
    /// All its tasks with `lastStatus` and `desiredStatus` RUNNING, of every deployment.
    pub tasks: Vec<RunningTask>,
    /// The tasks of the service's probe, while it has one.
    pub witnesses: Vec<Witness>,
}

/// How a service stands, as the DescribeServices of [`ReadService::running_tasks`] shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// `status`: `ACTIVE`, `DRAINING` or `INACTIVE`; `None` if ECS does not know the service.
    pub status: Option<String>,
    /// `deploymentController.type`: `ECS` (also where the answer has none), `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// `schedulingStrategy`: `REPLICA` or `DAEMON`.
    pub scheduling_strategy: String,
    /// Whether it is an Express service: `resourceManagementType` is `ECS` (API reference, Service).
    pub is_express: bool,
    /// `deployments`, as ECS lists them.
    pub rollouts: Vec<Rollout>,
    /// Where the service deployment in flight is, of a service whose deployments go through stages (blue/green, linear,
    /// canary, or with lifecycle hooks).
    pub stage: Option<Stage>,
}

/// How far one of `deployments` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// `id`
    pub deployment: DeploymentId,
    /// Whether its `status` is PRIMARY.
    pub is_primary: bool,
    /// `taskDefinition` as `family:revision`
    pub revision: Option<TaskDefinitionRevision>,
    /// `rolloutState`; `None` where ECS gives none, as for services behind a Classic Load Balancer (API reference,
    /// Deployment).
    pub state: Option<RolloutState>,
    /// `rolloutStateReason`
    pub reason: Option<String>,
}

/// `rolloutState`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    /// `IN_PROGRESS`
    InProgress,
    /// `COMPLETED`
    Completed,
    /// `FAILED`: the circuit breaker or a deployment alarm gave it up.
    Failed,
}

/// Where a service deployment is (DescribeServiceDeployments).
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// `serviceDeploymentArn`
    pub service_deployment: String,
    /// `lifecycleStage`: `SCALE_UP`, `POST_TEST_TRAFFIC_SHIFT`, `BAKE_TIME`, …; `None` before it has one.
    pub name: Option<String>,
    /// `targetServiceRevision.requestedProductionTrafficWeight`: how much of the production traffic goes to the new revision,
    /// in percent, 0 to 100; `None` where ECS does not tell.
    pub new_traffic: Option<f64>,
    /// The PAUSE hook that waits for ContinueServiceDeployment, if one does.
    pub hook: Option<PauseHook>,
}

/// An entry of `lifecycleHookDetails` with target type PAUSE and status AWAITING_ACTION (ECS developer guide, "Pause
/// hooks for Amazon ECS service deployments").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseHook {
    /// `hookId`
    pub id: String,
    /// `expiresAt`: when ECS takes `timeout_action` by itself.
    pub expires_at: Option<Timestamp>,
    /// `timeoutAction`: `CONTINUE` or `ROLLBACK`.
    pub timeout_action: Option<String>,
}

/// How a service stands, as one reading of it shows: what an action is checked against just before it is done, and
/// just after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceState {
    /// `status`: `ACTIVE`, `DRAINING` or `INACTIVE`; `None` if ECS does not know the service.
    pub status: Option<String>,
    /// `deploymentController.type`: `ECS` (also where the answer has none), `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// `schedulingStrategy`: `REPLICA` or `DAEMON`.
    pub scheduling_strategy: String,
    /// Whether it is an Express service: `resourceManagementType` is `ECS` (API reference, Service).
    pub is_express: bool,
    /// `deployments`, as ECS lists them: the one with status PRIMARY, and those it replaces.
    pub deployments: Vec<DeploymentState>,
    /// What `currentServiceDeployment` names, if it names one.
    pub service_deployment: Option<ServiceDeploymentState>,
    /// Whether the task definition asked about can be run.
    pub target: TargetState,
    /// The service revision asked about; `None` if none was, or ECS keeps it no longer.
    pub proven: Option<ServiceRevision>,
    /// The service revision that `currentServiceDeployment` deploys, if ECS tells.
    pub current: Option<ServiceRevision>,
    /// `deploymentConfiguration.strategy` with its times: how UpdateService deploys.
    pub strategy: DeploymentStrategy,
}

/// A service revision: what ECS starts a deployment's tasks with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRevision {
    /// `serviceRevisionArn`
    pub arn: ServiceRevisionArn,
    /// Its settings besides the task definition.
    pub settings: Settings,
    /// `containerImages`
    pub images: Vec<ContainerImage>,
}

/// An image of a service revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerImage {
    /// `image`, as the task definition names it.
    pub image: String,
    /// `imageDigest`; `None` before a task has pulled it, and where version consistency is off.
    pub digest: Option<String>,
}

/// `deploymentConfiguration.strategy`. Times are whole minutes, 0 to 1440 (API reference).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DeploymentStrategy {
    /// `ROLLING`
    #[default]
    Rolling,
    /// `BLUE_GREEN`
    BlueGreen {
        /// `bakeTimeInMinutes`
        bake_minutes: u32,
    },
    /// `LINEAR`
    Linear {
        /// `linearConfiguration.stepPercent`, rounded down; 3 to 100.
        step_percent: u32,
        /// `linearConfiguration.stepBakeTimeInMinutes`
        step_bake_minutes: u32,
        /// `bakeTimeInMinutes`
        bake_minutes: u32,
    },
    /// `CANARY`
    Canary {
        /// `canaryConfiguration.canaryBakeTimeInMinutes`
        canary_bake_minutes: u32,
        /// `bakeTimeInMinutes`
        bake_minutes: u32,
    },
}

/// One of `deployments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentState {
    /// `id`
    pub id: DeploymentId,
    /// Whether its `status` is PRIMARY.
    pub is_primary: bool,
    /// `taskDefinition` as `family:revision`
    pub revision: Option<TaskDefinitionRevision>,
    /// `createdAt`
    pub created_at: Option<Timestamp>,
}

/// A service deployment: the newer ECS resource, which has an ARN and can be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeploymentState {
    /// `serviceDeploymentArn`
    pub arn: String,
    /// `status`: `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_REQUESTED`, …
    pub status: String,
    /// Whether `deploymentCircuitBreaker.status` or `alarms.status` is `TRIGGERED`.
    pub given_up: bool,
    /// The task definitions of `sourceServiceRevisions`: what ECS would go back to is among them. Fewer than
    /// `source_arns` where ECS keeps some no longer: then nobody knows what it would go back to.
    pub sources: Vec<TaskDefinitionRevision>,
    /// The ARNs of all of them.
    pub source_arns: Vec<ServiceRevisionArn>,
}

/// Whether a task definition can be run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// `ACTIVE`
    #[default]
    Active,
    /// Deregistered: `INACTIVE` or `DELETE_IN_PROGRESS`. UpdateService refuses it.
    Inactive,
    /// ECS does not know it.
    Gone,
}

/// A change to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `StopServiceDeployment` with `stopType` ROLLBACK.
    StopServiceDeployment {
        /// `serviceDeploymentArn`
        arn: String,
    },
    /// `UpdateService` to a task definition; of the service's other settings those are touched that are named.
    UpdateService {
        /// Which service.
        service: ServiceKey,
        /// To what: `checkout:41`.
        revision: TaskDefinitionRevision,
        /// What else, if anything.
        restore: Option<Restore>,
    },
}

/// Reads ECS.
pub trait ReadService {
    /// What runs: DescribeServices, then ListTasks and DescribeTasks.
    ///
    /// # Errors
    /// [`PortError`]. Not being able to tell is not failure: nothing is decided on it.
    fn running_tasks(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<RunningTasks, PortError>> + Send;

    /// How the service stands, whether `target` can be run, and what its service revision holds: DescribeServices,
    /// DescribeServiceDeployments, DescribeServiceRevisions and DescribeTaskDefinition.
    ///
    /// # Errors
    /// [`PortError`]. A service or task definition that ECS does not know is not an error, see [`ServiceState`].
    fn service_state(
        &self,
        service: &ServiceKey,
        target: &Proven,
    ) -> impl Future<Output = Result<ServiceState, PortError>> + Send;
}

/// Changes ECS.
pub trait ChangeService {
    /// Makes one call, once: an attempt whose outcome is unclear is not repeated here, since only a new look at the
    /// service can tell whether it was done.
    ///
    /// # Errors
    /// [`PortError`].
    fn change(&self, call: &Call) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A service's config as its team wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFiles {
    /// `defaults.toml`, if there is one.
    pub defaults: Option<String>,
    /// `<cluster>/<service>.toml`, if there is one.
    pub service: Option<String>,
}

/// Reads config.
pub trait ReadConfig {
    /// The files that hold for a service, in one call.
    ///
    /// # Errors
    /// [`PortError`]. A file that is not there is no error.
    fn config_files(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<ConfigFiles, PortError>> + Send;

    /// `defaults.toml` alone, for what is no service's business; `None` if there is none.
    ///
    /// # Errors
    /// [`PortError`].
    fn defaults(&self) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
}

/// Sends messages.
pub trait Publish {
    /// Sends one message to its topic, or to the account's default one where it names none.
    ///
    /// # Errors
    /// [`PortError`].
    fn publish(&self, message: &Message) -> impl Future<Output = Result<(), PortError>> + Send;
}
