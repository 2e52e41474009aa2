//! A service that has run for long: where most stories begin.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::Ecs;
use crate::error::ApiError;
use crate::service::{Service, ServiceKey};
use crate::task::{Of, Status, Step};
use crate::told::whose;

/// The youngest and the oldest task of a settled service.
const AGES: (SignedDuration, SignedDuration) =
    (SignedDuration::from_hours(1), SignedDuration::from_hours(24));

impl Ecs {
    /// Takes a service that was just created as one that has run for a day: its deployment is COMPLETED, its tasks are
    /// RUNNING and healthy, an hour to a day old, and nobody is told of anything. What ends a task by its behaviour is
    /// drawn from now on.
    ///
    /// # Errors
    /// `ServiceNotFoundException`.
    pub fn settle(&mut self, cluster: &str, service: &str) -> Result<(), ApiError> {
        let key = ServiceKey { cluster: cluster.into(), name: service.into() };
        let Some((key, mut service)) = self.services.remove_entry(&key) else {
            return Err(ApiError::no_service());
        };
        let now = self.now;
        if let Some(deployment) = service.primary().cloned() {
            let placement = std::sync::Arc::new(self.placement(&service, &deployment));
            for _ in 0..deployment.desired_count {
                let serial = self.make_task(Of::deployment(&key, &deployment), &placement);
                let age = self.seed.between(AGES);
                let seed = &mut self.seed;
                self.tasks.change(serial, |task| task.run_since(now - age, now, seed));
                service.tasks.insert(serial);
                self.put_next(serial);
            }
            self.complete(&mut service);
            begun_at(&mut service, now - AGES.1);
            service.steady = true;
        }
        // Its creation was told, and its completion: all that long ago.
        self.events.retain(|event| {
            event.pointer("/resources/0").and_then(Value::as_str) != Some(&*service.arn)
        });
        let (cluster, name) = whose(&service);
        if let Some(facts) = &mut self.facts {
            facts.retain(|told| told.cluster != cluster || told.service != name);
        }
        self.services.insert(key, service);
        Ok(())
    }
}

/// The service and its only deployment were there already then.
fn begun_at(service: &mut Service, at: Timestamp) {
    service.created_at = at;
    for one in service.deployments.iter_mut().chain(&mut service.completed) {
        (one.created_at, one.updated_at) = (at, at);
    }
    for one in &mut service.service_deployments {
        (one.created_at, one.updated_at) = (at, at);
        (one.started_at, one.finished_at) = (Some(at), Some(at));
    }
    for one in &mut service.service_revisions {
        one.created_at = at;
    }
}

impl crate::task::Task {
    /// Runs since long, and is healthy.
    fn run_since(&mut self, started: Timestamp, now: Timestamp, seed: &mut crate::seed::Seed) {
        self.plan.clear();
        self.execution_stopped_at = None;
        self.plan_running(now, seed);
        self.plan.retain(|(_, step)| *step != Step::Pass);
        self.created_at = started - SignedDuration::from_secs(30);
        self.started_at = Some(started);
        self.updated_at = started;
        (self.status, self.healthy, self.resolved, self.version) = (Status::Running, true, true, 4);
    }
}
