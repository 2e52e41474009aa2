//! EventBridge events: the envelope, and the details of deployments and service actions. A task's detail is `render`'s.
//!
//! Shapes are those of published recordings of 2024 and of the developer guide ("Amazon ECS events"); `clusterArn` in
//! deployment events was first seen in a capture of 2026.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Ecs;
use crate::render::{Form, time};
use crate::service::{Deployment, Service, ServiceEvent};
use crate::task::Status;
use crate::told::{TaskTold, Told as Fact, What, whose};

/// Which end of a deployment's way is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    InProgress,
    Completed,
    Failed,
}

impl Ecs {
    /// Puts an event into its envelope. Its `time` is the truncated second.
    fn emit(&mut self, detail_type: &str, resource: &str, detail: Value) {
        let event = json!({
            "version": "0",
            "id": self.ids.uuid(),
            "detail-type": detail_type,
            "source": "aws.ecs",
            "account": self.names.account,
            "time": time(self.second(), Form::Event),
            "region": self.names.region,
            "resources": [resource],
            "detail": detail,
        });
        self.events.push(event);
    }

    /// The truncated second: what an envelope's `time` is.
    fn second(&self) -> Timestamp {
        Timestamp::from_second(self.now.as_millisecond().div_euclid(1000)).unwrap_or(self.now)
    }

    /// Tells a fact, if facts are told.
    fn tell(&mut self, whose: (Arc<str>, Option<Arc<str>>), what: What) {
        let at = self.second();
        let (cluster, service) = whose;
        if let Some(facts) = &mut self.facts {
            facts.push(Fact { at, cluster, service, what });
        }
    }

    /// `ECS Task State Change` for a task as it is now.
    pub(crate) fn tell_task(&mut self, serial: u64) {
        let Some(task) = self.tasks.get(serial) else {
            return;
        };
        if self.facts.is_some() {
            if task.end.is_none() && task.status != Status::Running {
                return;
            }
            let told = TaskTold::new(task);
            let name = (!task.service.name.is_empty()).then(|| task.service.name.clone());
            let whose = (task.service.cluster.clone(), name);
            return self.tell(whose, What::Task(Box::new(told)));
        }
        let resource = task.arn.clone();
        let detail = self.task_json(task, Form::Event);
        self.emit("ECS Task State Change", &resource, detail);
    }

    /// `ECS Deployment State Change`. `updatedAt` is the deployment's, which is older than the event, as in the
    /// recordings.
    pub(crate) fn tell_deployment(
        &mut self,
        service: &Service,
        deployment: &Deployment,
        told: Told,
    ) {
        let (kind, name) = match told {
            Told::InProgress => ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
            Told::Completed => ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
            Told::Failed => ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
        };
        if self.facts.is_some() {
            return self.tell(whose(service), What::of_deployment(deployment, name));
        }
        let detail = json!({
            "eventType": kind,
            "eventName": name,
            "clusterArn": service.cluster_arn,
            "deploymentId": *deployment.id,
            "updatedAt": time(deployment.updated_at, Form::Event),
            "reason": deployment.reason,
        });
        self.emit("ECS Deployment State Change", &service.arn, detail);
    }

    /// `ECS Service Action`.
    pub(crate) fn tell_action(
        &mut self,
        service: &Service,
        kind: &str,
        name: &'static str,
        reason: Option<&'static str>,
    ) {
        if self.facts.is_some() {
            return self.tell(whose(service), What::Action { event_name: name, reason });
        }
        let mut detail = json!({
            "eventType": kind,
            "eventName": name,
            "clusterArn": service.cluster_arn,
            "createdAt": time(self.now, Form::Event),
        });
        if let (Some(reason), Some(detail)) = (reason, detail.as_object_mut()) {
            detail.insert("reason".to_owned(), reason.into());
        }
        self.emit("ECS Service Action", &service.arn, detail);
    }

    /// A line of `Service.events`, which EventBridge does not get.
    pub(crate) fn note(&mut self, service: &mut Service, message: &str) {
        const KEPT: usize = 100;
        if self.facts.is_some() {
            // Nobody reads them there, and they name every task.
            return;
        }
        let message = format!("(service {}) {message}", service.key.name);
        let event = ServiceEvent { id: self.ids.uuid(), created_at: self.now, message };
        service.events.push_front(event);
        service.events.truncate(KEPT);
    }

    /// Puts a time into an object where there is one.
    pub(crate) fn put_time(
        to: &mut Map<String, Value>,
        name: &str,
        at: Option<Timestamp>,
        form: Form,
    ) {
        if let Some(at) = at {
            to.insert(name.to_owned(), time(at, form));
        }
    }
}
