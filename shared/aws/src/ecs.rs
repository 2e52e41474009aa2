//! ECS: what a service runs and how it stands, and the two calls that change it.
//!
//! Shapes, limits and errors are those of the Amazon ECS API reference, on the page of each action named here. What
//! the state means is decided in the core.

mod fleet;
mod probe;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    ContainerDefinition, DeploymentLifecycleHookDetail, DeploymentLifecycleHookStatus,
    DeploymentLifecycleHookTargetType, DeploymentRolloutState, DeploymentStrategy, DesiredStatus,
    Failure, ResourceManagementType, Service, ServiceDeployment,
    ServiceDeploymentRollbackMonitorsStatus, ServiceRevision, StopServiceDeploymentStopType, Task,
    TaskDefinitionStatus,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use steady_core::ledger::Proven;
use steady_core::name::{
    DeploymentId, ServiceKey, ServiceRevisionArn, TaskArn, TaskDefinitionRevision,
};
use steady_core::port::{
    Call, ChangeService, ContainerLog, DeploymentState, PauseHook, PortError, ReadLogOptions,
    ReadService, Rollout, RolloutState, RunningTask, RunningTasks, ServiceDeploymentState,
    ServiceState, Stage, Standing, TargetState,
};

use crate::error::{port_error, unclear};
use crate::logs::within;
use crate::service_revision::{restored, service_revision, strategy};

/// "A list of up to 100 task IDs or full ARN entries" (DescribeTasks).
const TASKS_MAX: usize = 100;

/// The `reason` of an entry in `failures` for what ECS does not know (ECS developer guide, "API failure reasons").
const MISSING: &str = "MISSING";

/// ECS in one account and region.
#[derive(Debug, Clone)]
pub struct Ecs {
    reads: Client,
    /// One attempt per call, see [`crate::client`].
    changes: Client,
}

impl Ecs {
    pub(crate) fn new(reads: Client, changes: Client) -> Self {
        Self { reads, changes }
    }

    /// `None`: ECS knows no such service, or no such cluster.
    async fn describe_service(&self, key: &ServiceKey) -> Result<Option<Service>, PortError> {
        const CALL: &str = "DescribeServices";
        let answer = self
            .reads
            .describe_services()
            .cluster(key.cluster())
            .services(key.service())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_cluster_not_found_exception()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(port_error(CALL, error)),
        };
        only_missing(CALL, answer.failures())?;
        let is_missing = !answer.failures().is_empty();
        match answer.services.unwrap_or_default().into_iter().next() {
            Some(service) => Ok(Some(service)),
            None if is_missing => Ok(None),
            None => Err(unclear(CALL, "an answer with neither service nor failure")),
        }
    }

    async fn list_running_tasks(&self, key: &ServiceKey) -> Result<Vec<String>, PortError> {
        self.reads
            .list_tasks()
            .cluster(key.cluster())
            .service_name(key.service())
            .desired_status(DesiredStatus::Running)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| port_error("ListTasks", error))
    }

    /// Of a hundred tasks at most. One that ECS no longer knows is not running, and is left out.
    async fn describe_tasks(
        &self,
        key: &ServiceKey,
        tasks: &[String],
    ) -> Result<Vec<Task>, PortError> {
        const CALL: &str = "DescribeTasks";
        let answer = self
            .reads
            .describe_tasks()
            .cluster(key.cluster())
            .set_tasks(Some(tasks.to_vec()))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        only_missing(CALL, answer.failures())?;
        Ok(answer.tasks.unwrap_or_default())
    }

    async fn target_state(
        &self,
        revision: &TaskDefinitionRevision,
    ) -> Result<TargetState, PortError> {
        const CALL: &str = "DescribeTaskDefinition";
        let answer =
            self.reads.describe_task_definition().task_definition(revision.as_str()).send().await;
        match answer {
            // What is neither ACTIVE nor named is not run.
            Ok(answer) => match answer.task_definition().and_then(|found| found.status()) {
                Some(TaskDefinitionStatus::Active) => Ok(TargetState::Active),
                Some(_) => Ok(TargetState::Inactive),
                None => Err(unclear(CALL, "an answer without a task definition's `status`")),
            },
            // ECS has no error of its own for a task definition that it does not know, or that is INACTIVE and used by
            // nothing: it says ClientException, "Unable to describe task definition".
            Err(error) if error.as_service_error().is_some_and(|e| e.is_client_exception()) => {
                Ok(TargetState::Gone)
            }
            Err(error) => Err(port_error(CALL, error)),
        }
    }

    /// `None`: ECS no longer knows it (service deployments are kept for 90 days: ListServiceDeployments).
    async fn describe_service_deployment(
        &self,
        arn: &str,
    ) -> Result<Option<ServiceDeployment>, PortError> {
        const CALL: &str = "DescribeServiceDeployments";
        let answer = self
            .reads
            .describe_service_deployments()
            .service_deployment_arns(arn)
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        only_missing(CALL, answer.failures())?;
        let found = answer.service_deployments.unwrap_or_default().into_iter().next();
        if found.as_ref().is_some_and(|found| found.status().is_none()) {
            return Err(unclear(CALL, "a service deployment without `status`"));
        }
        Ok(found)
    }

    async fn standing(&self, found: &Service) -> Result<Standing, PortError> {
        let ended = [Some(DeploymentRolloutState::Completed), Some(DeploymentRolloutState::Failed)];
        let primary = found.deployments().iter().find(|one| one.status() == Some("PRIMARY"));
        let in_flight = primary.is_some_and(|one| !ended.contains(&one.rollout_state().cloned()));
        // Deployments of any other service wait for nothing but their tasks.
        let staged = found.deployment_configuration().is_some_and(|configuration| {
            let strategy = configuration.strategy();
            strategy.is_some_and(|strategy| *strategy != DeploymentStrategy::Rolling)
                || !configuration.lifecycle_hooks().is_empty()
        });
        let stage = match found.current_service_deployment().filter(|_| in_flight && staged) {
            Some(arn) => self.stage(arn).await?,
            None => None,
        };
        Ok(Standing {
            status: found.status().map(str::to_owned),
            controller: controller(found),
            scheduling_strategy: scheduling_strategy(found),
            is_express: is_express(found),
            rollouts: found.deployments().iter().filter_map(rollout).collect(),
            stage,
        })
    }

    async fn stage(&self, arn: &str) -> Result<Option<Stage>, PortError> {
        let found = self.describe_service_deployment(arn).await?;
        Ok(found.map(|found| Stage {
            service_deployment: arn.to_owned(),
            name: found.lifecycle_stage().map(|stage| stage.as_str().to_owned()),
            new_traffic: found
                .target_service_revision()
                .and_then(|new| new.requested_production_traffic_weight()),
            hook: found.lifecycle_hook_details().iter().find_map(waiting_hook),
        }))
    }

    /// Service revisions, in one call; at most 20 (DescribeServiceRevisions). Those that ECS keeps no longer are left
    /// out.
    async fn service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, PortError> {
        const CALL: &str = "DescribeServiceRevisions";
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .reads
            .describe_service_revisions()
            .set_service_revision_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        only_missing(CALL, answer.failures())?;
        Ok(answer.service_revisions.unwrap_or_default())
    }
}

impl ReadService for Ecs {
    /// A service that ECS does not know has no tasks, and a standing without `status`.
    async fn running_tasks(&self, service: &ServiceKey) -> Result<RunningTasks, PortError> {
        let Some(found) = self.describe_service(service).await? else {
            let standing = Some(Box::default());
            return Ok(RunningTasks { standing, ..RunningTasks::default() });
        };
        let mut tasks = Vec::new();
        for arns in self.list_running_tasks(service).await?.chunks(TASKS_MAX) {
            let described = self.describe_tasks(service, arns).await?;
            tasks.extend(described.iter().filter_map(running_task));
        }
        let standing = Some(Box::new(self.standing(&found).await?));
        Ok(RunningTasks {
            standing,
            desired_count: u32::try_from(found.desired_count()).ok(),
            primary: found
                .deployments()
                .iter()
                .find(|deployment| deployment.status() == Some("PRIMARY"))
                .and_then(|deployment| deployment.id().map(DeploymentId::from)),
            service_revision: match found.current_service_revisions() {
                [only] => only.arn().map(ServiceRevisionArn::from),
                _ => None,
            },
            tasks,
            witnesses: Vec::new(),
        })
    }

    /// The task definition is read first, the service after it: what an action is checked against is then as new as it
    /// can be.
    async fn service_state(
        &self,
        service: &ServiceKey,
        target: &Proven,
    ) -> Result<ServiceState, PortError> {
        let proven_arn = target.service_revision.as_ref().map(|arn| arn.as_str().to_owned());
        let target = self.target_state(&target.revision).await?;
        let Some(found) = self.describe_service(service).await? else {
            return Ok(ServiceState { target, ..ServiceState::default() });
        };
        let service_deployment = match found.current_service_deployment() {
            Some(arn) => self.describe_service_deployment(arn).await?,
            None => None,
        };
        let source_arns = service_deployment.as_ref().map(source_arns).unwrap_or_default();
        let current_arn = service_deployment
            .as_ref()
            .and_then(|one| one.target_service_revision()?.arn().map(str::to_owned));
        let mut arns = source_arns.clone();
        arns.extend([&proven_arn, &current_arn].into_iter().flatten().cloned());
        arns.sort_unstable();
        arns.dedup();
        let revisions = self.service_revisions(&arns).await?;
        let read = |arn: &Option<String>| {
            let of = |one: &&ServiceRevision| one.service_revision_arn() == arn.as_deref();
            revisions.iter().find(of).filter(|_| arn.is_some()).and_then(service_revision)
        };
        let service_deployment =
            service_deployment.map(|one| service_deployment_state(&one, &source_arns, &revisions));
        Ok(ServiceState {
            proven: read(&proven_arn),
            current: read(&current_arn),
            strategy: strategy(found.deployment_configuration()),
            status: found.status().map(str::to_owned),
            controller: controller(&found),
            scheduling_strategy: scheduling_strategy(&found),
            is_express: is_express(&found),
            deployments: found.deployments().iter().filter_map(deployment_state).collect(),
            service_deployment,
            target,
        })
    }
}

impl ReadLogOptions for Ecs {
    async fn container_logs(
        &self,
        revision: &TaskDefinitionRevision,
    ) -> Result<Option<Vec<ContainerLog>>, PortError> {
        const CALL: &str = "DescribeTaskDefinition";
        let asked = self.reads.describe_task_definition().task_definition(revision.as_str()).send();
        match within(CALL, asked).await? {
            Ok(answer) => Ok(answer
                .task_definition
                .map(|found| found.container_definitions().iter().map(container_log).collect())),
            // See `target_state`.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_client_exception()) => {
                Ok(None)
            }
            Err(error) => Err(port_error(CALL, error)),
        }
    }
}

impl ChangeService for Ecs {
    async fn change(&self, call: &Call) -> Result<(), PortError> {
        match call {
            Call::StopServiceDeployment { arn } => self
                .changes
                .stop_service_deployment()
                .service_deployment_arn(arn)
                .stop_type(StopServiceDeploymentStopType::Rollback)
                .send()
                .await
                .map(drop)
                .map_err(|error| port_error("StopServiceDeployment", error)),
            // UpdateService leaves alone what is not named.
            Call::UpdateService { service, revision, restore } => {
                let mut update = self
                    .changes
                    .update_service()
                    .cluster(service.cluster())
                    .service(service.service())
                    .task_definition(revision.as_str());
                if let Some(restore) = restore {
                    let from = self.service_revisions(&[restore.from.as_str().to_owned()]).await?;
                    let Some(from) = from.first() else {
                        return Err(PortError::Refused {
                            call: "DescribeServiceRevisions",
                            code: MISSING.to_owned(),
                            text: format!("ECS keeps {} no longer", restore.from),
                        });
                    };
                    update = restored(update, &restore.settings, from);
                }
                let answer = update.send().await;
                answer.map(drop).map_err(|error| port_error("UpdateService", error))
            }
        }
    }
}

/// Nothing but what ECS does not know may have failed: another reason says that the answer is not whole.
pub(crate) fn only_missing(call: &'static str, failures: &[Failure]) -> Result<(), PortError> {
    match failures.iter().find(|failure| failure.reason() != Some(MISSING)) {
        Some(failure) => Err(unclear(call, described(failure))),
        None => Ok(()),
    }
}

fn described(failure: &Failure) -> String {
    let words = [failure.arn(), failure.reason(), failure.detail()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn running_task(task: &Task) -> Option<RunningTask> {
    if task.last_status() != Some("RUNNING") || task.desired_status() != Some("RUNNING") {
        return None;
    }
    Some(RunningTask {
        task: TaskArn::from(task.task_arn()?),
        deployment: task.started_by().map(DeploymentId::from),
        revision: task.task_definition_arn().map(revision_of),
        started_at: timestamp(task.started_at()?)?,
    })
}

fn controller(service: &Service) -> String {
    let controller = service.deployment_controller();
    controller.map_or("ECS", |controller| controller.r#type().as_str()).to_owned()
}

fn scheduling_strategy(service: &Service) -> String {
    service.scheduling_strategy().map_or("REPLICA", |strategy| strategy.as_str()).to_owned()
}

fn is_express(service: &Service) -> bool {
    service.resource_management_type() == Some(&ResourceManagementType::Ecs)
}

fn rollout_state(deployment: &aws_sdk_ecs::types::Deployment) -> Option<RolloutState> {
    match deployment.rollout_state()? {
        DeploymentRolloutState::InProgress => Some(RolloutState::InProgress),
        DeploymentRolloutState::Completed => Some(RolloutState::Completed),
        DeploymentRolloutState::Failed => Some(RolloutState::Failed),
        _ => None,
    }
}

fn rollout(deployment: &aws_sdk_ecs::types::Deployment) -> Option<Rollout> {
    let state = rollout_state(deployment);
    Some(Rollout {
        deployment: DeploymentId::from(deployment.id()?),
        is_primary: deployment.status() == Some("PRIMARY"),
        revision: deployment.task_definition().map(revision_of),
        state,
        reason: deployment.rollout_state_reason().map(str::to_owned),
    })
}

fn waiting_hook(hook: &DeploymentLifecycleHookDetail) -> Option<PauseHook> {
    let awaits = hook.status() == Some(&DeploymentLifecycleHookStatus::AwaitingAction);
    let is_pause = hook.target_type() == Some(&DeploymentLifecycleHookTargetType::Pause);
    let id = hook.hook_id().filter(|_| awaits && is_pause)?;
    Some(PauseHook {
        id: id.to_owned(),
        expires_at: hook.expires_at().and_then(timestamp),
        timeout_action: hook.timeout_action().map(|action| action.as_str().to_owned()),
    })
}

fn container_log(container: &ContainerDefinition) -> ContainerLog {
    let log = container.log_configuration();
    let option = |name: &str| log?.options()?.get(name).cloned();
    ContainerLog {
        name: container.name().unwrap_or_default().to_owned(),
        essential: container.essential().unwrap_or(true),
        driver: log.map(|log| log.log_driver().as_str().to_owned()),
        group: option("awslogs-group"),
        region: option("awslogs-region"),
        stream_prefix: option("awslogs-stream-prefix"),
    }
}

fn source_arns(deployment: &ServiceDeployment) -> Vec<String> {
    let sources = deployment.source_service_revisions().iter();
    sources.filter_map(|revision| revision.arn().map(str::to_owned)).collect()
}

/// With the task definitions of those of its sources that ECS still keeps.
fn service_deployment_state(
    deployment: &ServiceDeployment,
    source_arns: &[String],
    revisions: &[ServiceRevision],
) -> ServiceDeploymentState {
    let of = |arn: &String| {
        let found = revisions.iter().find(|one| one.service_revision_arn() == Some(arn))?;
        found.task_definition().map(revision_of)
    };
    let sources: Vec<_> = source_arns.iter().filter_map(of).collect();
    ServiceDeploymentState {
        arn: deployment.service_deployment_arn().unwrap_or_default().to_owned(),
        status: deployment.status().map_or("", |status| status.as_str()).to_owned(),
        given_up: given_up(deployment),
        sources,
        source_arns: source_arns.iter().map(|arn| ServiceRevisionArn::from(arn.as_str())).collect(),
    }
}

fn given_up(deployment: &ServiceDeployment) -> bool {
    let triggered = Some(&ServiceDeploymentRollbackMonitorsStatus::Triggered);
    let breaker = deployment.deployment_circuit_breaker().and_then(|one| one.status());
    let alarms = deployment.alarms().and_then(|one| one.status());
    breaker == triggered || alarms == triggered
}

fn deployment_state(deployment: &aws_sdk_ecs::types::Deployment) -> Option<DeploymentState> {
    Some(DeploymentState {
        id: DeploymentId::from(deployment.id()?),
        is_primary: deployment.status() == Some("PRIMARY"),
        revision: deployment.task_definition().map(revision_of),
        created_at: deployment.created_at().and_then(timestamp),
    })
}

/// `arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:42`, or `checkout:42` itself.
fn revision_of(text: &str) -> TaskDefinitionRevision {
    TaskDefinitionRevision::from(text.rsplit('/').next().unwrap_or(text))
}

fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
