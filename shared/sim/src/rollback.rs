//! How a deployment ends without success: given up by the circuit breaker, rolled back, abandoned.
//!
//! Where ECS goes back to: the newest deployment that completed, and it begins *that deployment again*, under its own id.
//! Four published observations say so: the developer guide's sample event ("Amazon ECS events") has the same id in
//! `deploymentId` and in "rolling back to deploymentId …", with an `updatedAt` long past; a DescribeServices answer of
//! 2022 shows PRIMARY with that id, and its author adds that it is the earlier one; a poll of 2026 every 20 s shows the
//! earlier revision's task running in the rollback's PRIMARY at once; and a timeline of 2026 says that the last good task
//! was never removed. (One emulator makes a new id instead.)
//!
//! What no publication shows, and is decided here: a rollback asked for with StopServiceDeployment tells the begin with
//! the ordinary reason, and no SERVICE_DEPLOYMENT_FAILED (the developer guide names that event for the circuit breaker
//! and alarms only); the deployment that is left keeps its `rolloutState` IN_PROGRESS until it is drained. The texts of
//! `rollback.reason` and `statusReason` are ours: let nobody read them for meaning.

use crate::Ecs;
use crate::event::Told;
use crate::service::{
    Deployment, Rollback, RolloutState, Service, ServiceDeploymentStatus as Status,
};

impl Ecs {
    /// The circuit breaker gives PRIMARY up, and rolls back where the service asks for it and something ever completed.
    pub(crate) fn fail(&mut self, service: &mut Service, roll_back: bool) {
        let now = self.now;
        let Some(primary) = service.deployments.first_mut() else {
            return;
        };
        primary.rollout_state = RolloutState::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        let failed = primary.clone();
        self.note(
            service,
            &format!("(deployment {}) deployment failed: tasks failed to start.", failed.id),
        );
        self.tell_deployment(service, &failed, Told::Failed);
        if let Some(moving) = service.moving() {
            moving.triggered = true;
            moving.status_reason = Some(failed.reason);
            moving.updated_at = now;
        }
        let rolling_back =
            service.moving().is_some_and(|moving| moving.status == Status::RollbackInProgress);
        if !roll_back || rolling_back || service.completed.is_none() {
            // "The rollback option is not in use … and the service fails" (`ServiceDeployment.stoppedAt`, API reference);
            // a rollback that fails, or has nowhere to go ("requires a previous deployment in COMPLETED state",
            // developer guide), is a failed one.
            let status = if roll_back { Status::RollbackFailed } else { Status::Stopped };
            close(service, status, now);
            return;
        }
        let reason = "Service deployment rolled back because the circuit breaker threshold was \
                      exceeded."
            .to_owned();
        self.roll_back(service, reason, true);
    }

    /// Begins the newest completed deployment again; `native` is the circuit breaker's own rollback.
    pub(crate) fn roll_back(&mut self, service: &mut Service, reason: String, native: bool) {
        let now = self.now;
        let Some(completed) = service.completed.clone() else {
            close(service, Status::RollbackFailed, now);
            return;
        };
        if let Some(moving) = service.moving() {
            moving.status = Status::RollbackInProgress;
            moving.started_at.get_or_insert(now);
            moving.updated_at = now;
            moving.rollback = Some(Rollback {
                reason,
                started_at: now,
                service_revision: completed.service_revision.clone(),
            });
        }
        let again = Deployment {
            desired_count: service.desired_count,
            failed_tasks: 0,
            rollout_state: RolloutState::InProgress,
            reason: if native {
                format!(
                    "ECS deployment circuit breaker: rolling back to deploymentId {}.",
                    completed.id
                )
            } else {
                format!("ECS deployment {} in progress.", completed.id)
            },
            gives_up_at: None,
            throttle: crate::service::Throttle::default(),
            ..completed
        };
        service.deployments.retain(|one| one.id != again.id);
        service.task_definition.clone_from(&again.revision);
        if let Some(settings) = service
            .service_revisions
            .iter()
            .find(|one| one.arn == again.service_revision)
            .map(|one| one.settings.clone())
        {
            service.settings.retain(|name, _| !crate::api::is_of_revision(name));
            service.settings.extend(settings);
        }
        self.note(service, &format!("rolling back to (deployment {}).", again.id));
        self.begin(service, again);
    }

    /// StopServiceDeployment with ABORT: the deployment is left where it is, and starts nothing more.
    pub(crate) fn abandon(&mut self, service: &mut Service) {
        if let Some(primary) = service.deployments.first_mut() {
            primary.rollout_state = RolloutState::Failed;
            primary.reason = format!("ECS deployment {} stopped.", primary.id);
        }
        close(service, Status::Stopped, self.now);
    }
}

/// The service deployment is over, without success.
pub(crate) fn close(service: &mut Service, status: Status, now: jiff::Timestamp) {
    if let Some(moving) = service.moving() {
        moving.status = status;
        moving.finished_at = Some(now);
        moving.updated_at = now;
        if status == Status::Stopped {
            moving.stopped_at = Some(now);
        }
    }
}
