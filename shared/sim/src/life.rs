//! What happens to one task: created, its steps as they fall due, told to stop.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::Ecs;
use crate::behaviour::Behaviour;
use crate::queue::Due;
use crate::seed::Seed;
use crate::service::{Deployment, RolloutState, Service};
use crate::task::{End, Of, Placement, Status, Step, Task};

/// How long a stopped task can still be described: at least an hour (`DescribeTasks`, API reference).
const STOPPED_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// From RUNNING to "has reached a steady state" of a completed deployment: 6 s in a published recording.
const STEADY_AFTER: SignedDuration = SignedDuration::from_secs(6);

/// From Spot's warning, which comes with SIGTERM, to the stop. A guess: two minutes are what a process is left at most,
/// and one that heeds the signal is gone sooner.
const WARNED_MS: (u64, u64) = (10_000, 60_000);

impl Ecs {
    /// Creates a task of a deployment: PROVISIONING, with its life planned. Answers with its serial number.
    pub(crate) fn create_task(
        &mut self,
        service: &mut Service,
        deployment: &Deployment,
        placement: &Arc<Placement>,
    ) -> u64 {
        let serial = self.make_task(Of::deployment(&service.key, deployment), placement);
        service.tasks.insert(serial);
        self.put_next(serial);
        self.tell_task(serial);
        serial
    }

    /// Makes a task.
    pub(crate) fn make_task(&mut self, of: Of, placement: &Arc<Placement>) -> u64 {
        let behaviour = self.behaviour_of(&of.revision);
        let lacking = self.lacking(&of.service.name);
        let token = self.seed.next();
        let placement = placement.clone();
        let mut task = Task::provisioning(of, &self.names, behaviour, placement, token, self.now);
        task.lacking = lacking;
        task.plan_life(&mut self.seed);
        self.tasks.add(task)
    }

    /// What the tasks of a service's deployment are started with.
    pub(crate) fn placement(&self, service: &Service, deployment: &Deployment) -> Placement {
        let setting = |name: &str| service.settings.get(name);
        let subnets = setting("networkConfiguration")
            .and_then(|one| one.get("awsvpcConfiguration")?.get("subnets")?.as_array());
        let subnets = subnets.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let provider = setting("capacityProviderStrategy")
            .and_then(|all| all.get(0)?.get("capacityProvider")?.as_str());
        Placement {
            group: format!("service:{}", service.key.name).into(),
            images: service.images_of(deployment),
            subnets: subnets.collect(),
            has_load_balancer: service.has_load_balancer(),
            target_group: service.target_group().map(str::to_owned),
            capacity_provider: provider.map(str::to_owned),
            enable_execute_command: setting("enableExecuteCommand")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            grace: service.grace(),
            tags: Vec::new(),
            overrides: None,
        }
    }

    fn behaviour_of(&mut self, revision: &str) -> Arc<Behaviour> {
        let mut behaviour = self.behaviours.get(revision).cloned().unwrap_or_default();
        while let Behaviour::Sometimes { percent, how } = &*behaviour {
            let happens = self.seed.chance((*percent).into());
            behaviour = Arc::new(if happens { (**how).clone() } else { Behaviour::Healthy });
        }
        behaviour
    }

    /// Puts a task's next step into the queue, in place of what stood there.
    pub(crate) fn put_next(&mut self, serial: u64) {
        let queue = &mut self.queue;
        self.tasks.change(serial, |task| {
            if let Some(place) = task.place.take() {
                queue.remove(place);
            }
            task.place = task.plan.front().map(|(at, _)| queue.put(*at, Due::Task(serial)));
        });
    }

    /// A task's next step is due.
    pub(crate) fn step(&mut self, serial: u64) {
        let now = self.now;
        let seed = &mut self.seed;
        let taken = self.tasks.change(serial, |task| {
            task.place = None;
            let (_, step) = task.plan.pop_front()?;
            take(task, step, now, seed);
            if !matches!(step, Step::Pass | Step::FailChecks) {
                task.updated_at = now;
                task.version += 1;
            }
            Some(step)
        });
        let Some(step) = taken.flatten() else {
            return;
        };
        match step {
            Step::FailChecks => {
                let group = self.tasks.get(serial).and_then(|it| it.placement.target_group.clone());
                let reason = match group {
                    Some(group) => {
                        format!("Task failed ELB health checks in (target-group {group})")
                    }
                    None => "Task failed container health checks".to_owned(),
                };
                self.after_step(serial, step);
                return self.stop_task(serial, "ServiceSchedulerInitiated", reason.into());
            }
            Step::Pass => {}
            _ => self.tell_task(serial),
        }
        if step == Step::Connect {
            // Only this one event lacks what else is known.
            self.tasks.change(serial, |task| task.connected = false);
        }
        self.put_next(serial);
        self.after_step(serial, step);
    }

    /// What a task's step means for its service.
    fn after_step(&mut self, serial: u64, step: Step) {
        if !concerns_service(step) {
            return;
        }
        let Some(task) = self.tasks.get(serial) else {
            return;
        };
        let (key, id, healthy) = (task.service.clone(), task.deployment.clone(), task.healthy);
        let now = self.now;
        if step == Step::Run {
            self.meet_outage(serial);
        }
        if step == Step::Finish {
            self.stopped.push_back((now, serial));
            self.forget_stopped();
        }
        let Some(mut service) = self.services.remove(&key) else {
            return;
        };
        match step {
            Step::Run => {
                service.steady = false;
                self.first_runs(&mut service, &id);
                self.wake(&mut service, now + STEADY_AFTER);
            }
            Step::Pass => {
                passes(&mut service, &id);
                self.wake(&mut service, now);
            }
            Step::FailChecks => {
                fails(&mut service, &id);
                // The replacement begins in the same second in the recordings.
                self.wake(&mut service, now);
            }
            Step::Exit => {
                service.steady = false;
                if !healthy {
                    fails(&mut service, &id);
                }
                self.miss(&mut service, serial);
            }
            Step::FailStart => {
                fails(&mut service, &id);
                if let Some(deployment) = service.deployment(&id) {
                    deployment.throttle.failing = true;
                }
                self.miss(&mut service, serial);
            }
            Step::Finish => {
                service.tasks.remove(&serial);
                self.wake(&mut service, now);
            }
            _ => {}
        }
        self.services.insert(key, service);
    }

    /// A task that is STOPPED can be listed and described for a while.
    pub(crate) fn forget_stopped(&mut self) {
        let now = self.now;
        while let Some((stopped, serial)) = self.stopped.front().copied()
            && now.duration_since(stopped) > STOPPED_KEPT
        {
            self.stopped.pop_front();
            self.tasks.remove(serial);
        }
    }

    /// A deployment's `updatedAt` is when its first task ran: the recorded events carry a time about there.
    fn first_runs(&mut self, service: &mut Service, id: &str) {
        let now = self.now;
        if let Some(deployment) = service.deployment(id) {
            deployment.throttle.reset();
            if deployment.updated_at == deployment.created_at
                && deployment.rollout_state == RolloutState::InProgress
            {
                deployment.updated_at = now;
            }
        }
    }

    /// A task is gone that nobody told to stop. From there to its replacement it took 8 s in a published recording (EC2);
    /// the starts of a task that dies at once were 50 to 52 s apart in another (Fargate).
    pub(crate) fn miss(&mut self, service: &mut Service, serial: u64) {
        let at = self.now + self.seed.millis(8_000, 16_000);
        self.tasks.change(serial, |task| task.missed_at = Some(at));
        self.wake(service, at);
    }

    /// Spot takes a running task back: first comes a warning, an event whose `lastStatus` is still RUNNING ("Fargate
    /// capacity providers", developer guide).
    pub(crate) fn interrupt(&mut self, serial: u64, reason: Arc<str>) {
        let now = self.now;
        let seed = &mut self.seed;
        let told = self.tasks.change(serial, |task| {
            if task.told_to_stop {
                return false;
            }
            end(task, now, End { code: "SpotInterruption", reason });
            let deactivated = now + seed.millis(WARNED_MS.0, WARNED_MS.1);
            task.plan_stop(deactivated, seed);
            task.plan.push_front((deactivated, Step::Deactivate));
            task.updated_at = now;
            task.version += 1;
            true
        });
        if told == Some(true) {
            self.put_next(serial);
            self.tell_task(serial);
        }
    }

    /// Tells a task to stop. Nothing happens to one that was told already.
    pub(crate) fn stop_task(&mut self, serial: u64, code: &'static str, reason: Arc<str>) {
        let now = self.now;
        let seed = &mut self.seed;
        let told = self.tasks.change(serial, |task| {
            if task.told_to_stop {
                return false;
            }
            end(task, now, End { code, reason });
            task.plan_stop(now, seed);
            if task.status >= Status::Running {
                task.status = Status::Deactivating;
            }
            task.updated_at = now;
            task.version += 1;
            true
        });
        if told == Some(true) {
            self.put_next(serial);
            self.tell_task(serial);
        }
    }
}

/// Whether a step of a task is anything to its service.
fn concerns_service(step: Step) -> bool {
    use Step::{Exit, FailChecks, FailStart, Finish, Pass, Run};
    matches!(step, Run | Pass | FailChecks | Exit | FailStart | Finish)
}

/// A task's end has begun: `desiredStatus` is STOPPED from here on.
fn end(task: &mut Task, now: Timestamp, end: End) {
    task.told_to_stop = true;
    task.end = Some(end);
    task.stopping_at = Some(now);
}

/// A task has passed its checks.
fn passes(service: &mut Service, id: &str) {
    if !service.configuration.breaker.reset_on_healthy_task {
        return;
    }
    if let Some(deployment) = service.deployment(id) {
        deployment.failed_tasks = 0;
        deployment.gives_up_at = None;
    }
    if service.primary().is_some_and(|primary| *primary.id == *id)
        && let Some(moving) = service.moving()
    {
        moving.failures = 0;
    }
}

/// A task failed to start, or its checks, or ended before it passed them (`Deployment.failedTasks`, API reference). It is
/// counted only while its deployment is in progress: a crash loop of a completed one shows `failedTasks` 0.
fn fails(service: &mut Service, id: &str) {
    let Some(deployment) = service.deployment(id) else {
        return;
    };
    if deployment.rollout_state != RolloutState::InProgress {
        return;
    }
    deployment.failed_tasks += 1;
    let failures = deployment.failed_tasks;
    if service.primary().is_some_and(|primary| *primary.id == *id)
        && let Some(moving) = service.moving()
    {
        moving.failures = failures;
    }
}

/// What a step does to the task itself.
fn take(task: &mut Task, step: Step, now: Timestamp, seed: &mut Seed) {
    match step {
        Step::Pend => task.status = Status::Pending,
        Step::Resolve => task.resolved = true,
        Step::Activate => {
            task.status = Status::Activating;
            task.resolved = true;
        }
        Step::Connect => task.connected = true,
        Step::Run => {
            task.status = Status::Running;
            task.started_at = Some(now);
        }
        Step::Pass => task.healthy = true,
        Step::Exit => exits(task, now, seed),
        Step::FailStart => fails_to_start(task, now, seed),
        Step::Deactivate => task.status = Status::Deactivating,
        Step::Stop => task.status = Status::Stopping,
        Step::Deprovision => {
            task.status = Status::Deprovisioning;
            if task.started_at.is_some() {
                // Told to stop, most processes end with 0; one in five is killed, benign as it is.
                let code = if seed.chance(20) { 137 } else { 0 };
                let main = task.container(None);
                task.end_containers(main, code, None);
            }
        }
        Step::Finish => {
            task.status = Status::Stopped;
            task.stopped_at = Some(now);
        }
        // Told to stop for it, which is a step of its own.
        Step::FailChecks => {}
    }
}

fn exits(task: &mut Task, now: Timestamp, seed: &mut Seed) {
    let memory = Some("OutOfMemoryError: Container killed due to memory usage");
    let (container, code, reason) = match (&*task.behaviour, task.exit_code) {
        // Something else has ended it.
        (_, Some(code)) => (None, code, None),
        (Behaviour::ExitsAfter { container, code, .. }, None) => {
            (container.as_deref(), *code, None)
        }
        (Behaviour::Mixed(mixed), None) if !task.outgrows_memory => (None, mixed.exit_code, None),
        (_, None) => (None, 137, memory),
    };
    let main = task.container(container);
    task.end_containers(main, code, reason);
    let reason = "Essential container in task exited".into();
    end(task, now, End { code: "EssentialContainerExited", reason });
    task.status = Status::Deprovisioning;
    task.plan_finish(now, seed);
}

fn fails_to_start(task: &mut Task, now: Timestamp, seed: &mut Seed) {
    let image = task.placement.images.first().map(|one| one.image.clone()).unwrap_or_default();
    let reason = match task.lacking {
        Some(lacking) => lacking.reason(&image),
        None => format!(
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: \
             {image}: not found"
        )
        .into(),
    };
    end(task, now, End { code: "TaskFailedToStart", reason });
    task.status = Status::Deprovisioning;
    task.plan_finish(now, seed);
}
