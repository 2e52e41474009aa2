//! What befalls the account: outages, lost capacity, Spot.

use std::sync::Arc;

use jiff::Timestamp;

use crate::Ecs;
use crate::behaviour::{Fault, FaultKind};
use crate::queue::Due;
use crate::task::{Status, Step};

/// ECS's own words (developer guide, "Stopped tasks error messages"; the second one "Fargate Spot termination notices").
const HOST_FAILED: &str = "Task stopped due to an underlying host failure.";
const SPOT: &str = "Your Spot Task was interrupted.";

impl Ecs {
    /// Schedules a fault. One that began before now begins now.
    pub fn befall(&mut self, fault: Fault) {
        let at = fault.at.max(self.now);
        self.faults.push(Fault { at, ..fault });
        self.queue.put(at, Due::Fault(self.faults.len() - 1));
    }

    /// A fault begins.
    pub(crate) fn begin_fault(&mut self, number: usize) {
        let Some(fault) = self.faults.get(number).cloned() else { return };
        let running: Vec<u64> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.status == Status::Running && task.wanted())
            .filter(|(_, task)| befalls(&fault, &task.service.name))
            .map(|(serial, _)| serial)
            .collect();
        match fault.kind {
            FaultKind::Outage { running_per_minute, exit_code, .. } => {
                for serial in running {
                    self.die_at_random(serial, running_per_minute, exit_code, &fault);
                }
            }
            FaultKind::LoseTasks { share, as_host_failure } => {
                for serial in running {
                    if !self.seed.happens(share) {
                        continue;
                    }
                    if as_host_failure {
                        self.stop_task(serial, "InfrastructureHealth", HOST_FAILED.into());
                        self.lose(serial);
                    } else {
                        self.end_process(serial, self.now, 1);
                    }
                }
            }
            FaultKind::SpotInterruption { share } => {
                for serial in running {
                    if self.seed.happens(share) {
                        self.interrupt(serial, SPOT.into());
                        self.lose(serial);
                    }
                }
            }
            FaultKind::NoCapacity | FaultKind::NoRegistry | FaultKind::NoSecrets => {}
        }
    }

    /// What an outage makes of a task that has just reached RUNNING.
    pub(crate) fn meet_outage(&mut self, serial: u64) {
        let now = self.now;
        let Some(name) = self.tasks.get(serial).map(|task| task.service.clone()) else { return };
        let met = self.faults.iter().find(|fault| {
            is_on(fault, now)
                && befalls(fault, &name.name)
                && matches!(fault.kind, FaultKind::Outage { .. })
        });
        let Some(fault) = met.cloned() else { return };
        let FaultKind::Outage { boots, running_per_minute, exit_code } = fault.kind else { return };
        if self.seed.happens(boots) {
            // A process that finds its database gone gives up within a few seconds.
            let at = now + self.seed.millis(0, 4_000);
            self.end_process(serial, at, exit_code);
        } else {
            self.die_at_random(serial, running_per_minute, exit_code, &fault);
        }
    }

    fn die_at_random(&mut self, serial: u64, per_minute: f64, exit_code: i64, fault: &Fault) {
        let Some(after) = self.seed.exponential(per_minute / 60.0) else { return };
        let at = self.now + after;
        if at < fault.at + fault.lasts {
            self.end_process(serial, at, exit_code);
        }
    }

    /// The task's process ends then, unless it would have ended earlier.
    fn end_process(&mut self, serial: u64, at: Timestamp, exit_code: i64) {
        let planned = self.tasks.change(serial, |task| {
            let by_itself = |step: &Step| matches!(step, Step::Exit | Step::FailChecks);
            let ends = task.plan.iter().find(|(_, step)| by_itself(step));
            if task.told_to_stop || ends.is_some_and(|(ends, _)| *ends <= at) {
                return false;
            }
            task.plan.retain(|(when, step)| *when <= at && !by_itself(step));
            task.execution_stopped_at = Some(at);
            task.exit_code = Some(exit_code);
            task.plan.push_back((at, Step::Exit));
            true
        });
        if planned == Some(true) {
            self.put_next(serial);
        }
    }

    /// A task is gone that its service did not send away.
    fn lose(&mut self, serial: u64) {
        let Some(key) = self.tasks.get(serial).map(|task| task.service.clone()) else { return };
        if let Some(mut service) = self.services.remove(&key) {
            service.steady = false;
            self.miss(&mut service, serial);
            self.services.insert(key, service);
        }
    }

    /// Until when nothing can be placed for a service, if so.
    pub(crate) fn no_capacity_until(&self, service: &str) -> Option<Timestamp> {
        self.ongoing(service, |kind| *kind == FaultKind::NoCapacity)
    }

    /// What cannot be had now that a start needs.
    pub(crate) fn lacking(&self, service: &str) -> Option<Lacking> {
        let on = |kind: &FaultKind| self.ongoing(service, |one| one == kind).is_some();
        if on(&FaultKind::NoSecrets) {
            Some(Lacking::Secrets)
        } else if on(&FaultKind::NoRegistry) {
            Some(Lacking::Registry)
        } else {
            None
        }
    }

    fn ongoing(&self, service: &str, which: impl Fn(&FaultKind) -> bool) -> Option<Timestamp> {
        let mut faults = self.faults.iter().filter(|fault| is_on(fault, self.now));
        faults
            .find(|fault| which(&fault.kind) && befalls(fault, service))
            .map(|fault| fault.at + fault.lasts)
    }
}

fn is_on(fault: &Fault, now: Timestamp) -> bool {
    fault.at <= now && now < fault.at + fault.lasts
}

fn befalls(fault: &Fault, service: &str) -> bool {
    fault.services.is_empty() || fault.services.iter().any(|name| name == service)
}

/// What a start needs of the account and does not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// Images.
    Registry,
    /// Secrets, which Fargate reads before it pulls.
    Secrets,
}

impl Lacking {
    /// `stoppedReason`, in ECS's words (developer guide, "Stopped tasks error messages").
    pub(crate) fn reason(self, image: &str) -> Arc<str> {
        match self {
            Self::Registry => format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
                 {image}: failed to do request: dial tcp: i/o timeout"
            )
            .into(),
            Self::Secrets => "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot \
                              pull secrets from AWS Secrets Manager. There is a connection issue between the task and \
                              AWS Secrets Manager. Check your task network configuration."
                .into(),
        }
    }
}
