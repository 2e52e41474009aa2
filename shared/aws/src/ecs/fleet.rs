//! What the slow pass reads: clusters, services, how they stand, and tasks that stopped.

use aws_sdk_ecs::types::{Container, Deployment, DesiredStatus, Service, Task};
use steady_core::event::{self, Owner, TaskEvent, TaskStatus};
use steady_core::name::{Arn, DeploymentId, ServiceKey, TaskArn};
use steady_core::port::{
    Page, PortError, ReadFleet, SERVICES_A_PAGE, StandingDeployment, StandingService, StoppedTask,
    TASKS_A_PAGE,
};
use steady_core::stop::StopCode;

use super::{Ecs, only_missing, revision_of, timestamp};
use crate::error::port_error;

impl ReadFleet for Ecs {
    async fn clusters(&self, token: Option<&str>) -> Result<Page<String>, PortError> {
        let answer = self
            .reads
            .list_clusters()
            .max_results(100)
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| port_error("ListClusters", error))?;
        let items = answer.cluster_arns().iter().map(|arn| name_of(arn).to_owned()).collect();
        Ok(Page { items, next: answer.next_token })
    }

    async fn services(
        &self,
        cluster: &str,
        token: Option<&str>,
    ) -> Result<Page<ServiceKey>, PortError> {
        let answer = self
            .reads
            .list_services()
            .cluster(cluster)
            .max_results(i32::from(SERVICES_A_PAGE))
            .set_next_token(token.map(str::to_owned))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_cluster_not_found_exception()) =>
            {
                return Ok(Page { items: Vec::new(), next: None });
            }
            Err(error) => return Err(port_error("ListServices", error)),
        };
        let key = |arn: &String| ServiceKey::new(cluster, name_of(arn));
        Ok(Page { items: answer.service_arns().iter().map(key).collect(), next: answer.next_token })
    }

    async fn standing(&self, services: &[ServiceKey]) -> Result<Vec<StandingService>, PortError> {
        const CALL: &str = "DescribeServices";
        let Some(cluster) = services.first().map(ServiceKey::cluster) else {
            return Ok(Vec::new());
        };
        let names = services.iter().map(|key| key.service().to_owned()).collect();
        let answer = self
            .reads
            .describe_services()
            .cluster(cluster)
            .set_services(Some(names))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        only_missing(CALL, answer.failures())?;
        Ok(answer.services().iter().filter_map(|found| standing(cluster, found)).collect())
    }

    async fn stopped(&self, service: &ServiceKey) -> Result<Vec<TaskArn>, PortError> {
        let answer = self
            .reads
            .list_tasks()
            .cluster(service.cluster())
            .service_name(service.service())
            .desired_status(DesiredStatus::Stopped)
            .max_results(i32::from(TASKS_A_PAGE))
            .send()
            .await
            .map_err(|error| port_error("ListTasks", error))?;
        Ok(answer.task_arns().iter().map(|arn| TaskArn::from(arn.as_str())).collect())
    }

    async fn stopped_tasks(
        &self,
        service: &ServiceKey,
        tasks: &[TaskArn],
    ) -> Result<Vec<StoppedTask>, PortError> {
        let arns: Vec<String> = tasks.iter().map(|task| task.as_str().to_owned()).collect();
        let found = self.describe_tasks(service, &arns).await?;
        Ok(found.iter().filter_map(|task| stopped_task(service, task)).collect())
    }
}

/// The last part of an ARN, whichever form it has.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn standing(cluster: &str, service: &Service) -> Option<StandingService> {
    let arn = service.service_arn().and_then(Arn::parse);
    let primary = service.deployments().iter().find(|one| one.status() == Some("PRIMARY"));
    Some(StandingService {
        service: ServiceKey::new(cluster, service.service_name()?),
        account: arn.map(|arn| arn.account.into()),
        region: arn.map(|arn| arn.region.into()),
        desired_count: service.desired_count(),
        running_count: service.running_count(),
        primary: primary.and_then(standing_deployment),
    })
}

fn standing_deployment(deployment: &Deployment) -> Option<StandingDeployment> {
    Some(StandingDeployment {
        id: DeploymentId::from(deployment.id()?),
        rollout_state: super::rollout_state(deployment),
        reason: deployment.rollout_state_reason().map(str::to_owned),
        failed_tasks: deployment.failed_tasks(),
        created_at: deployment.created_at().and_then(timestamp),
        updated_at: deployment.updated_at().and_then(timestamp),
    })
}

/// As the event of its last step would tell it.
fn stopped_task(service: &ServiceKey, task: &Task) -> Option<StoppedTask> {
    let status = |word: Option<&str>| word.map_or(TaskStatus::Unknown, TaskStatus::from);
    let by_service = task.started_by().filter(|by| by.starts_with("ecs-svc/"));
    Some(StoppedTask {
        task: TaskEvent {
            task: TaskArn::from(task.task_arn()?),
            owner: Owner::Service(service.clone()),
            deployment: by_service.map(DeploymentId::from),
            revision: task.task_definition_arn().map(revision_of),
            version: u64::try_from(task.version()).ok(),
            last_status: status(task.last_status()),
            desired_status: status(task.desired_status()),
            created_at: task.created_at().and_then(timestamp),
            started_at: task.started_at().and_then(timestamp),
            stopping_at: task.stopping_at().and_then(timestamp),
            execution_stopped_at: task.execution_stopped_at().and_then(timestamp),
            stop_code: task.stop_code().map(|code| StopCode::from(code.as_str())),
            stopped_reason: task.stopped_reason().map(Into::into),
            containers: task.containers().iter().map(container).collect(),
        },
        stopped_at: task.stopped_at().and_then(timestamp),
    })
}

pub(super) fn container(container: &Container) -> event::Container {
    event::Container {
        name: container.name().map(Into::into),
        exit_code: container.exit_code().map(i64::from),
        reason: container.reason().map(Into::into),
    }
}
