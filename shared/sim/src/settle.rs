//! A service that has run for long: where most stories begin.

use jiff::SignedDuration;

use crate::Ecs;
use crate::error::ApiError;
use crate::service::ServiceKey;
use crate::task::{Status, Step};

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
        let key = ServiceKey { cluster: cluster.to_owned(), name: service.to_owned() };
        let Some((key, mut service)) = self.services.remove_entry(&key) else {
            return Err(ApiError::no_service());
        };
        let (events, facts) = (std::mem::take(&mut self.events), self.facts.take());
        self.facts = facts.is_some().then(Vec::new);
        let now = self.now;
        if let Some(deployment) = service.primary().cloned() {
            let placement = std::sync::Arc::new(self.placement(&service, &deployment.revision));
            for _ in 0..deployment.desired_count {
                let of = (key.clone(), deployment.id.clone(), deployment.revision.clone());
                let serial = self.make_task(of, &placement);
                let age = self.seed.between(AGES);
                let Some(task) = self.tasks.get_mut(serial) else { continue };
                task.run_since(now - age, now, &mut self.seed);
                service.tasks.insert(serial);
                self.put_next(serial);
            }
            if let Some(deployment) = service.deployments.first_mut() {
                deployment.created_at = now - AGES.1;
                deployment.updated_at = deployment.created_at;
            }
            self.complete(&mut service);
            service.steady = true;
        }
        self.services.insert(key, service);
        self.events = events;
        self.facts = facts;
        Ok(())
    }
}

impl crate::task::Task {
    /// Runs since long, and is healthy.
    fn run_since(
        &mut self,
        started: jiff::Timestamp,
        now: jiff::Timestamp,
        seed: &mut crate::seed::Seed,
    ) {
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
