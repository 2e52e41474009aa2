//! A probe's tasks: RunTask with the service's own settings, found again by `startedBy`, stopped with StopTask.

use aws_sdk_ecs::types::{DesiredStatus, Tag, Task};
use steady_core::name::{ServiceKey, TaskArn};
use steady_core::port::{PortError, RunProbes, Witness, WitnessStop};
use steady_core::rollback::Probe;
use steady_core::stop::StopCode;

use super::{Ecs, TASKS_MAX, fleet, timestamp};
use crate::error::{port_error, unclear};

/// The tag by which people, and policies, know a probe's tasks.
const TAG: &str = "steady:probe";

impl RunProbes for Ecs {
    async fn run_probe(&self, service: &ServiceKey, probe: &Probe) -> Result<u32, PortError> {
        const CALL: &str = "RunTask";
        let Some(found) = self.describe_service(service).await? else {
            return Err(PortError::Refused {
                call: "DescribeServices",
                code: super::MISSING.to_owned(),
                text: format!("service `{service}` is not there"),
            });
        };
        let tag = Tag::builder().key(TAG).value(service.service()).build();
        let mut request = self
            .changes
            .run_task()
            .cluster(service.cluster())
            .task_definition(probe.target.revision.as_str())
            .count(i32::try_from(probe.count).unwrap_or(i32::MAX))
            .started_by(&probe.started_by)
            // Up to 64 characters; asked again with it, ECS starts nothing more.
            .client_token(&probe.started_by)
            .set_network_configuration(found.network_configuration().cloned())
            .tags(tag);
        // A service has either; RunTask takes only one of them.
        request = match found.capacity_provider_strategy() {
            [] => request.set_launch_type(found.launch_type().cloned()),
            strategy => request.set_capacity_provider_strategy(Some(strategy.to_vec())),
        };
        request = request.set_platform_version(found.platform_version().map(str::to_owned));
        let answer = request.send().await.map_err(|error| port_error(CALL, error))?;
        match (answer.tasks(), answer.failures()) {
            ([], [failure, ..]) => Err(PortError::Throttled {
                call: CALL,
                text: failure.reason().unwrap_or("no reason was given").to_owned(),
            }),
            ([], []) => Err(unclear(CALL, "an answer with neither tasks nor failures")),
            (tasks, _) => Ok(u32::try_from(tasks.len()).unwrap_or(u32::MAX)),
        }
    }

    async fn witnesses(
        &self,
        service: &ServiceKey,
        probe: &Probe,
    ) -> Result<Vec<Witness>, PortError> {
        let mut arns = self.started_by(service, probe, DesiredStatus::Running).await?;
        arns.extend(self.started_by(service, probe, DesiredStatus::Stopped).await?);
        let mut witnesses = Vec::new();
        for arns in arns.chunks(TASKS_MAX) {
            let tasks = self.describe_tasks(service, arns).await?;
            witnesses.extend(tasks.iter().filter_map(witness));
        }
        Ok(witnesses)
    }

    async fn stop_probe(&self, service: &ServiceKey, probe: &Probe) -> Result<usize, PortError> {
        let left = self.started_by(service, probe, DesiredStatus::Running).await?;
        for task in &left {
            let stopped = self
                .changes
                .stop_task()
                .cluster(service.cluster())
                .task(task)
                .reason("Steady: the probe is over")
                .send()
                .await;
            stopped.map_err(|error| port_error("StopTask", error))?;
        }
        Ok(left.len())
    }
}

impl Ecs {
    async fn started_by(
        &self,
        service: &ServiceKey,
        probe: &Probe,
        status: DesiredStatus,
    ) -> Result<Vec<String>, PortError> {
        self.reads
            .list_tasks()
            .cluster(service.cluster())
            .started_by(&probe.started_by)
            .desired_status(status)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| port_error("ListTasks", error))
    }
}

fn witness(task: &Task) -> Option<Witness> {
    let is_stopping = task.stop_code().is_some() || task.desired_status() == Some("STOPPED");
    let ended = task.stopping_at().or(task.execution_stopped_at()).or(task.stopped_at());
    let stop = ended.filter(|_| is_stopping).and_then(timestamp).map(|at| WitnessStop {
        at,
        stop_code: task.stop_code().map(|code| StopCode::from(code.as_str())),
        stopped_reason: task.stopped_reason().map(str::to_owned),
        containers: task.containers().iter().map(fleet::container).collect(),
    });
    Some(Witness {
        task: TaskArn::from(task.task_arn()?),
        started_at: task.started_at().and_then(timestamp),
        stop,
    })
}
