//! ECS behind the ports: one service's deployments, what changes them, and the tasks that probe.

use steady_core::ledger::Proven;
use steady_core::name::{ServiceKey, ServiceRevisionArn, TaskDefinitionRevision};
use steady_core::port::{
    Call, ChangeService, ContainerLog, DeploymentState, PortError, ReadLogOptions, ReadService,
    RunProbes, RunningTasks, ServiceDeploymentState, ServiceState, TargetState, Witness,
};
use steady_core::rollback::Probe;

use crate::world::{State, World};

/// `checkout:42` of `ecs-svc/42`, and so on.
pub(crate) fn revision(number: u32) -> TaskDefinitionRevision {
    format!("checkout:{number}").as_str().into()
}

impl State {
    /// A deployment becomes PRIMARY.
    pub(crate) fn begin(&mut self, id: &str, revision: u32) {
        let sources = self.service.deployments.iter().filter(|one| one.is_primary);
        let sources = sources.filter_map(|one| one.revision.clone()).collect();
        for one in &mut self.service.deployments {
            one.is_primary = false;
        }
        let deployment = DeploymentState {
            id: id.into(),
            is_primary: true,
            revision: Some(self::revision(revision)),
            created_at: Some(self.now),
        };
        self.service.deployments.insert(0, deployment);
        self.service.service_deployment = Some(ServiceDeploymentState {
            arn: format!(
                "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/{id}"
            ),
            status: "IN_PROGRESS".to_owned(),
            given_up: false,
            sources,
            source_arns: Vec::new(),
        });
    }

    /// Where the PRIMARY deployment has a service revision.
    fn service_revision(&self) -> Option<ServiceRevisionArn> {
        let primary = self.service.deployments.iter().find(|one| one.is_primary)?;
        let arn = ServiceRevisionArn::from(primary.id.as_str());
        self.revisions.contains_key(&arn).then_some(arn)
    }

    pub(crate) fn complete(&mut self) {
        self.service.deployments.retain(|one| one.is_primary);
        if let Some(current) = &mut self.service.service_deployment {
            current.status = "SUCCESSFUL".to_owned();
        }
    }

    fn take(&mut self, call: &Call) -> Result<(), PortError> {
        if let Some(theirs) = self.meanwhile.take() {
            self.begin(theirs, 43);
        }
        if std::mem::take(&mut self.gives_up) {
            for one in &mut self.service.deployments {
                one.is_primary = one.id.as_str() == "ecs-svc/41";
            }
            self.service.service_deployment.as_mut().unwrap().status =
                "ROLLBACK_IN_PROGRESS".to_owned();
        }
        let refused = |call, code: &str, text: &str| PortError::Refused {
            call,
            code: code.to_owned(),
            text: text.to_owned(),
        };
        match call {
            Call::StopServiceDeployment { arn } => {
                let current = self.service.service_deployment.as_mut().unwrap();
                if current.arn != *arn || current.status != "IN_PROGRESS" {
                    return Err(refused(
                        "StopServiceDeployment",
                        "ConflictException",
                        "The deployment is not in progress.",
                    ));
                }
                current.status = "ROLLBACK_REQUESTED".to_owned();
            }
            Call::UpdateService { revision, restore, .. } => {
                let mut named = restore.iter().flat_map(|restore| &restore.settings);
                if named.any(|one| self.refuses.contains(one)) {
                    return Err(refused(
                        "UpdateService",
                        "InvalidParameterException",
                        "The target group does not exist.",
                    ));
                }
                if self.inactive.contains(revision) {
                    return Err(refused(
                        "UpdateService",
                        "ClientException",
                        "TaskDefinition is inactive",
                    ));
                }
                let primary = self.service.deployments.first();
                if primary.and_then(|one| one.revision.as_ref()) == Some(revision)
                    && restore.is_none()
                {
                    return Ok(());
                }
                let number = revision.as_str().rsplit(':').next().unwrap().parse().unwrap();
                let id = format!("ecs-svc/back-{}", self.changes.len());
                self.begin(&id, number);
            }
        }
        self.changes.push(call.clone());
        Ok(())
    }
}

impl ReadService for World {
    async fn running_tasks(&self, _: &ServiceKey) -> Result<RunningTasks, PortError> {
        self.call("DescribeTasks", |state| {
            let primary = state.service.deployments.iter().find(|one| one.is_primary);
            Ok(RunningTasks {
                desired_count: Some(4),
                primary: primary.map(|one| one.id.clone()),
                standing: None,
                service_revision: state.service_revision(),
                tasks: state.running.clone(),
                witnesses: Vec::new(),
            })
        })
        .await
    }

    async fn service_state(
        &self,
        _: &ServiceKey,
        target: &Proven,
    ) -> Result<ServiceState, PortError> {
        self.call("DescribeServices", |state| {
            let inactive = state.inactive.contains(&target.revision);
            let revision = |arn: &ServiceRevisionArn| state.revisions.get(arn).cloned();
            let proven = target.service_revision.as_ref().and_then(revision);
            let target = if inactive { TargetState::Inactive } else { TargetState::Active };
            let current = state.service_revision().as_ref().and_then(revision);
            Ok(ServiceState { target, proven, current, ..state.service.clone() })
        })
        .await
    }
}

impl RunProbes for World {
    async fn run_probe(&self, _: &ServiceKey, probe: &Probe) -> Result<u32, PortError> {
        self.call("RunTask", |state| {
            // The same client token starts nothing more.
            let started = probe.count.min(state.room.unwrap_or(u32::MAX));
            if !state.probes.contains(&probe.started_by) {
                state.probes.push(probe.started_by.clone());
                let now = state.now;
                state.witnesses = (0..started)
                    .map(|number| Witness {
                        task: format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/w{number}")
                            .as_str()
                            .into(),
                        started_at: Some(now),
                        stop: None,
                    })
                    .collect();
            }
            Ok(started)
        })
        .await
    }

    async fn witnesses(&self, _: &ServiceKey, _: &Probe) -> Result<Vec<Witness>, PortError> {
        self.call("ListTasks", |state| Ok(state.witnesses.clone())).await
    }

    async fn stop_probe(&self, _: &ServiceKey, _: &Probe) -> Result<usize, PortError> {
        self.call("StopTask", |state| {
            let left = state.witnesses.len();
            state.witnesses.clear();
            Ok(left)
        })
        .await
    }
}

impl ReadLogOptions for World {
    async fn container_logs(
        &self,
        _: &TaskDefinitionRevision,
    ) -> Result<Option<Vec<ContainerLog>>, PortError> {
        let call = "DescribeTaskDefinition";
        self.call(call, |state| Ok(Some(state.container_logs.clone()))).await
    }
}

impl ChangeService for World {
    async fn change(&self, call: &Call) -> Result<(), PortError> {
        let name = match call {
            Call::StopServiceDeployment { .. } => "StopServiceDeployment",
            Call::UpdateService { .. } => "UpdateService",
        };
        self.call(name, |state| state.take(call)).await
    }
}
