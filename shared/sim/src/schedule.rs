//! The service scheduler: what a service wants, and what is done about it.
//!
//! A look at a service (a *pass*) does, in this order: take up what was asked for, give up what fails, stop what is too
//! much, start what is missing, and say what is finished. Passes happen when something changed (a call, a task's step),
//! with the delays of the recordings; one that finds nothing to do does nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::Ecs;
use crate::event::Told;
use crate::queue::Due;
use crate::service::{
    Deployment, RolloutState, Service, ServiceDeploymentStatus as Status, ServiceKey, ServiceStatus,
};
use crate::stages::Stage;
use crate::task::Status as TaskStatus;
use crate::tasks::{Crew, CrewId};

/// From the replacement of the task that reached the threshold to the circuit breaker's verdict: 5 s in two of two
/// published timelines, which is why one task more than the threshold is started.
const GIVES_UP_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// From an attempt that finds no capacity to the next.
const PLACES_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// A service of more tasks than this is looked at only so often: a look costs in proportion to its tasks, and its steps
/// come many a second. ECS's own scheduler is not quicker.
const LARGE: usize = 50;

/// See [`LARGE`].
const LOOKS_EVERY_MS: i64 = 1_000;

/// A task that the scheduler may stop: serial number, whose, whether it runs, whether it is healthy.
#[derive(Debug, Clone, Copy)]
struct Seen {
    serial: u64,
    crew: CrewId,
    runs: bool,
    healthy: bool,
}

impl Ecs {
    /// Has the scheduler look at a service then. Looks at one instant are one look.
    pub(crate) fn wake(&mut self, service: &mut Service, at: Timestamp) {
        let at = if service.tasks.len() > LARGE { next_look(at) } else { at };
        if service.wakes.insert(at) {
            self.queue.put(at, Due::Schedule(service.key.clone()));
        }
    }

    /// One pass.
    pub(crate) fn schedule(&mut self, key: &Arc<ServiceKey>, at: Timestamp) {
        let Some(mut service) = self.services.remove(key) else {
            return;
        };
        service.wakes.remove(&at);
        if service.status != ServiceStatus::Inactive {
            self.take_up(&mut service);
            self.give_up(&mut service);
            self.go_on(&mut service);
            self.stop_surplus(&mut service);
            let started = self.start_missing(&mut service);
            self.finish(&mut service, started);
        }
        self.services.insert(key.clone(), service);
    }

    /// The service's tasks that ECS wants to run, oldest first.
    fn seen(&self, service: &Service) -> Vec<Seen> {
        service
            .tasks
            .iter()
            .filter_map(|serial| Some((*serial, self.tasks.get(*serial)?)))
            .filter(|(_, task)| task.wanted())
            .map(|(serial, task)| Seen {
                serial,
                crew: task.crew,
                runs: task.status == TaskStatus::Running,
                healthy: task.status == TaskStatus::Running && task.healthy,
            })
            .collect()
    }

    /// How many of the service's tasks do what, by deployment in the service's order.
    fn crews(&self, service: &Service) -> impl Iterator<Item = &Crew> {
        service.deployments.iter().map(|one| self.tasks.crew(one.crew))
    }

    /// What calls have asked for begins.
    fn take_up(&mut self, service: &mut Service) {
        let now = self.now;
        let Some(moving) = service.moving() else {
            return;
        };
        match moving.status {
            Status::Pending => {
                moving.status = Status::InProgress;
                moving.started_at = Some(now);
                moving.updated_at = now;
            }
            Status::RollbackRequested => {
                let reason = "Service deployment rolled back by request.".to_owned();
                self.roll_back(service, reason, false);
            }
            Status::StopRequested => self.abandon(service),
            _ => {}
        }
    }

    /// The circuit breaker.
    fn give_up(&mut self, service: &mut Service) {
        let breaker = service.configuration.breaker.clone();
        if !breaker.enable || service.progress().is_some() {
            return;
        }
        let threshold = breaker.failures_tolerated(service.desired_count);
        let now = self.now;
        // Counted from the replacement of the task that it is about.
        let missed = self.crews(service).filter_map(|crew| crew.unnoticed(now).next()).min();
        let Some(primary) = service.deployments.first_mut() else {
            return;
        };
        if primary.rollout_state != RolloutState::InProgress || primary.failed_tasks < threshold {
            return;
        }
        let at = *primary.gives_up_at.get_or_insert(missed.unwrap_or(now) + GIVES_UP_AFTER);
        if at > now {
            self.wake(service, at);
            return;
        }
        self.fail(service, breaker.rollback);
    }

    /// Stops tasks that are too many: of PRIMARY over `desiredCount`, of ACTIVE deployments as far as enough healthy
    /// ones remain.
    fn stop_surplus(&mut self, service: &mut Service) {
        if service.progress().is_some() {
            return self.stop_unwanted(service);
        }
        let Some(primary) = service.deployments.first_mut() else {
            return;
        };
        primary.desired_count = service.desired_count;
        let (crew, wanted) = (primary.crew, service.desired_count);
        let own = self.tasks.crew(crew);
        // INVARIANT: healthy tasks never fall below the minimum by a stop of ours.
        let keep = service.fewest_healthy().saturating_sub(own.healthy);
        let all = self.crews(service).map(|crew| crew.wanted);
        let old: u32 = all.skip(1).sum();
        if own.wanted <= wanted && old <= keep {
            // Nothing is too much, which is what most looks come to.
            let kept = self.crews(service).map(|crew| crew.wanted).collect::<Vec<u32>>();
            return share(service, &kept, keep);
        }
        let (own, mut old): (Vec<Seen>, Vec<Seen>) =
            self.seen(service).into_iter().partition(|task| task.crew == crew);
        let mut stop = surplus(own, wanted);
        // The healthy ones are kept, and of those the oldest.
        old.sort_by_key(|task| (!task.healthy, !task.runs, task.serial));
        let kept = usize::try_from(keep).unwrap_or(usize::MAX).min(old.len());
        stop.extend(old.split_off(kept));
        let of = |one: &Deployment| count(old.iter().filter(|task| task.crew == one.crew));
        let kept: Vec<u32> = service.deployments.iter().map(of).collect();
        share(service, &kept, keep);
        self.stop(service, &stop);
    }

    /// Where deployments go through stages, each has its own number of tasks.
    fn stop_unwanted(&mut self, service: &mut Service) {
        let mut stop = Vec::new();
        for one in &service.deployments {
            if self.tasks.crew(one.crew).wanted > one.desired_count {
                let mut own = self.seen(service);
                own.retain(|task| task.crew == one.crew);
                stop.extend(surplus(own, one.desired_count));
            }
        }
        self.stop(service, &stop);
    }

    /// Stops tasks that are too many.
    fn stop(&mut self, service: &mut Service, tasks: &[Seen]) {
        let mut reasons: BTreeMap<CrewId, Arc<str>> = BTreeMap::new();
        for one in &service.deployments {
            let reason = format!("Scaling activity initiated by (deployment {})", one.id);
            reasons.insert(one.crew, reason.into());
        }
        let mut stopped: BTreeMap<u64, Arc<str>> = BTreeMap::new();
        for task in tasks {
            let reason = reasons.get(&task.crew).cloned().unwrap_or_default();
            self.stop_task(task.serial, "ServiceSchedulerInitiated", reason);
            if let (true, Some(known)) = (task.runs, self.tasks.get(task.serial)) {
                stopped.insert(task.serial, known.id.clone());
            }
        }
        if !stopped.is_empty() {
            service.steady = false;
            let message = format!(
                "has stopped {} running tasks:{}.",
                stopped.len(),
                listed(stopped.values())
            );
            self.note(service, &message);
        }
    }

    /// Starts tasks that are missing, each by the deployment that wants it: ACTIVE ones first replace what they lost.
    fn start_missing(&mut self, service: &mut Service) -> bool {
        let wanted: u32 = self.crews(service).map(|crew| crew.wanted).sum();
        if service.deployments.len() == 1 && wanted >= service.desired_count {
            return false;
        }
        let no_capacity = self.no_capacity_until(&service.key.name);
        let now = self.now;
        // A maximum that is rounded down to nothing still lets the first task start.
        let most = match service.progress() {
            Some(_) => u32::MAX,
            None => service.most_tasks().max(service.desired_count.min(1)),
        };
        let mut room = most.saturating_sub(wanted);
        let mut started = Vec::new();
        for place in (0..service.deployments.len()).rev() {
            let Some(deployment) = service.deployments.get(place) else {
                continue;
            };
            let crew = self.tasks.crew(deployment.crew);
            let unnoticed = u32::try_from(crew.unnoticed(now).count()).unwrap_or(u32::MAX);
            let has = crew.wanted.saturating_add(unnoticed);
            let missing = deployment.desired_count.saturating_sub(has).min(room);
            // A deployment that has FAILED starts nothing more (`Deployment.rolloutState`, API reference).
            if missing == 0 || deployment.rollout_state == RolloutState::Failed {
                continue;
            }
            let id = deployment.id.clone();
            if let Some(until) = self.throttled(service, &id) {
                self.wake(service, until);
                continue;
            }
            let Some(deployment) = service.deployments.get(place).cloned() else {
                continue;
            };
            if let Some(until) = no_capacity {
                // ECS tries again "with an exponential backoff"; how long, is not published.
                self.tell_action(
                    service,
                    "ERROR",
                    "SERVICE_TASK_PLACEMENT_FAILURE",
                    Some("RESOURCE:FARGATE"),
                );
                let again = self.now + PLACES_AGAIN_AFTER;
                self.wake(service, again.min(until));
                continue;
            }
            let placement = Arc::new(self.placement(service, &deployment));
            for _ in 0..missing {
                started.push(self.create_task(service, &deployment, &placement));
            }
            room -= missing;
        }
        if !started.is_empty() {
            service.steady = false;
            let ids =
                started.iter().filter_map(|serial| self.tasks.get(*serial)).map(|task| &task.id);
            let message = format!("has started {} tasks:{}.", started.len(), listed(ids));
            self.note(service, &message);
        }
        !started.is_empty()
    }

    /// Until when a deployment whose tasks repeatedly fail to start has to wait; `None` if it may go on.
    fn throttled(&mut self, service: &mut Service, id: &str) -> Option<Timestamp> {
        let now = self.now;
        let throttle = &mut service.deployment(id)?.throttle;
        if !throttle.failing {
            return None;
        }
        if let Some(until) = throttle.until {
            if until > now {
                return Some(until);
            }
            throttle.until = None;
            throttle.failing = false;
            return None;
        }
        let wait = throttle.wait();
        if wait.is_zero() {
            throttle.failing = false;
            return None;
        }
        let until = now + wait;
        throttle.until = Some(until);
        self.note(service, "is unable to consistently start tasks successfully.");
        self.tell_action(service, "WARN", "SERVICE_TASK_START_IMPAIRED", None);
        Some(until)
    }

    /// Says what is finished: ACTIVE deployments that are drained, PRIMARY completed, the service steady or gone.
    fn finish(&mut self, service: &mut Service, started: bool) {
        if service.deployments.len() > 1 {
            let primary = service.primary().map(|primary| primary.crew);
            let tasks = &self.tasks;
            service.deployments.retain(|one| {
                Some(one.crew) == primary || one.desired_count > 0 || tasks.crew(one.crew).alive > 0
            });
        }
        if service.status == ServiceStatus::Draining {
            if service.tasks.is_empty() {
                service.status = ServiceStatus::Inactive;
                service.deployments.clear();
            }
            return;
        }
        let alone = service.deployments.len() == 1;
        let sum = |of: fn(&Crew) -> u32| self.crews(service).map(of).sum::<u32>();
        let wanted = sum(|crew| crew.wanted);
        let all_run =
            !started && wanted == service.desired_count && sum(|crew| crew.running) == wanted;
        let all_healthy = all_run && sum(|crew| crew.healthy) == wanted;
        let state = service.primary().map(|primary| primary.rollout_state);
        let through = service.progress().is_none_or(|one| one.stage == Stage::CleanUp);
        if alone && all_healthy && through && state == Some(RolloutState::InProgress) {
            self.complete(service);
        }
        let completed = service
            .primary()
            .is_some_and(|primary| primary.rollout_state == RolloutState::Completed);
        if alone && all_run && completed && !service.steady {
            service.steady = true;
            self.note(service, "has reached a steady state.");
            self.tell_action(service, "INFO", "SERVICE_STEADY_STATE", None);
        }
    }

    pub(crate) fn complete(&mut self, service: &mut Service) {
        let now = self.now;
        let Some(primary) = service.deployments.first_mut() else {
            return;
        };
        primary.rollout_state = RolloutState::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.failed_tasks = 0;
        let primary = primary.clone();
        service.completed = Some(primary.clone());
        if let Some(moving) = service.moving() {
            moving.status = match moving.status {
                Status::RollbackInProgress => Status::RollbackSuccessful,
                _ => Status::Successful,
            };
            moving.finished_at = Some(now);
            moving.updated_at = now;
        }
        self.note(service, &format!("(deployment {}) deployment completed.", primary.id));
        self.tell_deployment(service, &primary, Told::Completed);
        service.steady = false;
    }

    /// A deployment of what the service's settings say begins.
    pub(crate) fn begin(&mut self, service: &mut Service, deployment: Deployment) {
        service.steady = false;
        self.tell_deployment(service, &deployment, Told::InProgress);
        service.deployments.insert(0, deployment);
        // 7 to 16 s from the event to the first tasks in the recordings.
        let at = self.now + self.seed.millis(7_000, 13_000);
        self.wake(service, at);
    }
}

fn next_look(at: Timestamp) -> Timestamp {
    let ms = at.as_millisecond();
    let up = ms + (LOOKS_EVERY_MS - ms.rem_euclid(LOOKS_EVERY_MS)) % LOOKS_EVERY_MS;
    Timestamp::from_millisecond(up).unwrap_or(at)
}

fn count<'a>(tasks: impl Iterator<Item = &'a Seen>) -> u32 {
    u32::try_from(tasks.count()).unwrap_or(u32::MAX)
}

/// The tasks over `desired_count`: first those that do not run yet, then the youngest.
fn surplus(mut tasks: Vec<Seen>, desired_count: u32) -> Vec<Seen> {
    tasks.sort_by_key(|task| (!task.runs, !task.healthy, task.serial));
    let keep = usize::try_from(desired_count).unwrap_or(usize::MAX).min(tasks.len());
    tasks.split_off(keep)
}

/// What ACTIVE deployments want from now on: what they keep, and of the rest what they lost, as far as it is still
/// needed. It never grows.
///
/// `kept`: by deployment in the service's order, of which the first is PRIMARY and none of this.
fn share(service: &mut Service, kept: &[u32], keep: u32) {
    let mut rest = keep.saturating_sub(kept.iter().skip(1).sum());
    let mut order: Vec<(usize, u32)> = kept.iter().copied().enumerate().skip(1).collect();
    order.sort_by_key(|(_, kept)| std::cmp::Reverse(*kept));
    for (place, kept) in order {
        if let Some(deployment) = service.deployments.get_mut(place) {
            let lost = deployment.desired_count.saturating_sub(kept).min(rest);
            deployment.desired_count = kept + lost;
            rest -= lost;
        }
    }
}

/// ` (task 0a1b) (task 2c3d)`
fn listed<'a>(ids: impl Iterator<Item = &'a Arc<str>>) -> String {
    ids.map(|id| format!(" (task {id})")).collect()
}
