//! What the simulated ECS tells, as the domain's events, without JSON in between.
//!
//! A test holds both ways side by side: the JSON that ECS would have sent, parsed, decides the same.

use std::sync::Arc;

use steady_core::event::{
    Body, Container, DeploymentEvent, DeploymentEventName, Event, Owner, ServiceActionEvent,
    TaskEvent, TaskStatus,
};
use steady_core::name::{Account, Family, FamilyKey, Interner, Region, ServiceKey};
use steady_core::stop::StopCode;
use steady_sim::{TaskTold, Told, What};

/// Turns facts into events.
#[derive(Debug)]
pub(super) struct Facts {
    account: Account,
    region: Region,
    interner: Interner,
    /// Services met so far, by cluster and name: a handful, each a thousand times.
    services: Vec<(Arc<str>, Arc<str>, ServiceKey)>,
}

impl Facts {
    pub(super) fn of(account: &str, region: &str) -> Self {
        let (account, region) = (Account::from(account), Region::from(region));
        Self { account, region, interner: Interner::default(), services: Vec::new() }
    }

    /// One event. It has no id: nothing is delivered twice here.
    pub(super) fn event(&mut self, told: Told) -> Event {
        let service = told.service.as_ref().map(|name| self.service(&told.cluster, name));
        let body = match told.what {
            What::Task(task) => Body::Task(Box::new(self.task(*task, service, &told.cluster))),
            What::Deployment { deployment, event_name, reason } => {
                Body::Deployment(DeploymentEvent {
                    service,
                    deployment: deployment.into(),
                    name: match event_name {
                        "SERVICE_DEPLOYMENT_IN_PROGRESS" => DeploymentEventName::InProgress,
                        "SERVICE_DEPLOYMENT_COMPLETED" => DeploymentEventName::Completed,
                        "SERVICE_DEPLOYMENT_FAILED" => DeploymentEventName::Failed,
                        other => DeploymentEventName::Other(other.into()),
                    },
                    reason: Some(reason.into()),
                })
            }
            What::Action { event_name, reason } => Body::ServiceAction(ServiceActionEvent {
                service,
                name: self.interner.get(event_name),
                reason: reason.map(|reason| self.interner.get(reason)),
            }),
        };
        Event {
            id: None,
            time: Some(told.at),
            account: Some(self.account.clone()),
            region: Some(self.region.clone()),
            body,
        }
    }

    fn service(&mut self, cluster: &Arc<str>, name: &Arc<str>) -> ServiceKey {
        let mut known = self.services.iter();
        if let Some((.., key)) = known.find(|(of, its, _)| its == name && of == cluster) {
            return key.clone();
        }
        let key = ServiceKey::new(cluster, name);
        self.services.push((cluster.clone(), name.clone(), key.clone()));
        key
    }

    fn task(&mut self, told: TaskTold, service: Option<ServiceKey>, cluster: &str) -> TaskEvent {
        let family = told.group.strip_prefix("family:");
        let owner = match (service, family) {
            (Some(service), _) => Owner::Service(service),
            (None, Some(family)) => Owner::Standalone(FamilyKey {
                cluster: Some(self.interner.get(cluster)),
                family: Family::from(self.interner.get(family)),
            }),
            (None, None) => Owner::Unknown,
        };
        let containers = told.containers.into_iter().map(|(name, exit_code, reason)| Container {
            name: Some(name),
            exit_code,
            reason: reason.map(|reason| self.interner.get(reason)),
        });
        TaskEvent {
            containers: containers.collect(),
            owner,
            deployment: told.started_by.starts_with("ecs-svc/").then(|| told.started_by.into()),
            task: told.task_arn.into(),
            revision: Some(told.revision.into()),
            version: Some(told.version),
            last_status: TaskStatus::from(told.last_status),
            desired_status: TaskStatus::from(told.desired_status),
            created_at: Some(told.created_at),
            started_at: told.started_at,
            stopping_at: told.stopping_at,
            execution_stopped_at: told.execution_stopped_at,
            stop_code: told.stop_code.map(StopCode::from),
            stopped_reason: told.stopped_reason,
        }
    }
}
