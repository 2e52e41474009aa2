//! What happens to one task: created, its steps as they fall due, told to stop.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::Ecs;
use crate::behaviour::Behaviour;
use crate::queue::Due;
use crate::seed::{Seed, digest};
use crate::service::{Deployment, RolloutState, Service};
use crate::task::{Container, End, Interface, Status, Step, Task};

/// How long a stopped task can still be described: at least an hour (`DescribeTasks`, API reference).
const STOPPED_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// From RUNNING to "has reached a steady state" of a completed deployment: 6 s in a published recording.
const STEADY_AFTER: SignedDuration = SignedDuration::from_secs(6);

impl Ecs {
    /// Creates a task of a deployment: PROVISIONING, with its life planned. Answers with its id.
    pub(crate) fn create_task(&mut self, service: &mut Service, deployment: &Deployment) -> String {
        let behaviour = self.behaviour_of(&deployment.revision);
        let id = self.seed.task_id();
        let containers = self.containers(&deployment.revision, &id);
        let (zone, interface) = self.place(service);
        let load_balancer = service.has_load_balancer().then(|| self.seed.uuid());
        let capacity = service.settings.get("capacityProviderStrategy");
        let mut task = Task {
            id: id.clone(),
            service: service.key.clone(),
            deployment: deployment.id.clone(),
            revision: deployment.revision.clone(),
            behaviour,
            containers,
            cpu: self.size(&deployment.revision, "cpu", "256"),
            memory: self.size(&deployment.revision, "memory", "512"),
            zone,
            interface,
            load_balancer,
            target_group: service.target_group().map(str::to_owned),
            capacity_provider: capacity
                .and_then(|all| all.get(0)?.get("capacityProvider")?.as_str())
                .map(str::to_owned),
            enable_execute_command: service
                .settings
                .get("enableExecuteCommand")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            ..Task::provisioning(self.now)
        };
        task.plan_life(service.grace(), &mut self.seed);
        self.tasks_created += 1;
        let serial = self.tasks_created;
        service.tasks.insert(serial);
        self.tasks.insert(serial, task);
        self.put_next(serial);
        self.tell_task(serial);
        id
    }

    fn containers(&mut self, revision: &str, task: &str) -> Vec<Container> {
        let images = self.definition(revision).map(|one| one.containers()).unwrap_or_default();
        images
            .into_iter()
            .map(|image| Container {
                id: self.seed.uuid(),
                runtime_id: format!("{task}-{}", self.seed.below(4_000_000_000)),
                name: image.name,
                image: image.image,
                essential: image.essential,
                exit_code: None,
                reason: None,
            })
            .collect()
    }

    /// `cpu` or `memory` of a task definition; the smallest of Fargate where it says nothing.
    fn size(&self, revision: &str, member: &str, smallest: &str) -> String {
        let given = self.definition(revision).and_then(|one| one.given.get(member)?.as_str());
        given.unwrap_or(smallest).to_owned()
    }

    fn behaviour_of(&mut self, revision: &str) -> Behaviour {
        let mut behaviour = self.behaviours.get(revision).cloned().unwrap_or_default();
        while let Behaviour::Sometimes { percent, how } = behaviour {
            behaviour = if self.seed.chance(percent.into()) { *how } else { Behaviour::Healthy };
        }
        behaviour
    }

    /// An availability zone, and a network interface in one of the service's subnets.
    fn place(&mut self, service: &Service) -> (String, Interface) {
        let zone = match self.seed.below(3) {
            0 => "a",
            1 => "b",
            _ => "c",
        };
        let subnets = service
            .settings
            .get("networkConfiguration")
            .and_then(|one| one.get("awsvpcConfiguration")?.get("subnets")?.as_array())
            .cloned()
            .unwrap_or_default();
        let chosen = self.seed.below(u64::try_from(subnets.len()).unwrap_or(0));
        let subnet = usize::try_from(chosen).ok().and_then(|chosen| subnets.get(chosen)?.as_str());
        let mac: Vec<String> = (0..5).map(|_| self.seed.hex(2)).collect();
        let interface = Interface {
            attachment: self.seed.uuid(),
            id: format!("eni-0{}", self.seed.hex(16)),
            subnet: subnet.map_or_else(
                // The same three for every service that names none.
                || format!("subnet-0{}", digest(zone).get(7..23).unwrap_or_default()),
                str::to_owned,
            ),
            mac: format!("0a:{}", mac.join(":")),
            address: format!("10.0.{}.{}", self.seed.below(256), 4 + self.seed.below(250)),
        };
        (format!("{}{zone}", self.names.region), interface)
    }

    /// Puts a task's next step into the queue, in place of what stood there.
    fn put_next(&mut self, serial: u64) {
        let Some(task) = self.tasks.get_mut(&serial) else {
            return;
        };
        if let Some(place) = task.place.take() {
            self.queue.remove(place);
        }
        let Some((at, _)) = task.plan.front() else {
            return;
        };
        task.place = Some(self.queue.put(*at, Due::Task(serial)));
    }

    /// A task's next step is due.
    pub(crate) fn step(&mut self, serial: u64) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&serial) else {
            return;
        };
        task.place = None;
        let Some((_, step)) = task.plan.pop_front() else {
            return;
        };
        if step == Step::FailChecks {
            let reason = match &task.target_group {
                Some(group) => format!("Task failed ELB health checks in (target-group {group})"),
                None => "Task failed container health checks".to_owned(),
            };
            self.after_step(serial, step);
            self.stop_task(serial, "ServiceSchedulerInitiated", reason);
            return;
        }
        take(task, step, now, &mut self.seed);
        if step != Step::Pass {
            task.updated_at = now;
            task.version += 1;
            self.tell_task(serial);
        }
        if let Some(task) = self.tasks.get_mut(&serial)
            && step == Step::Connect
        {
            // Only this one event lacks what else is known.
            task.connected = false;
        }
        self.put_next(serial);
        self.after_step(serial, step);
    }

    /// What a task's step means for its service.
    fn after_step(&mut self, serial: u64, step: Step) {
        let Some(task) = self.tasks.get(&serial) else {
            return;
        };
        let (key, id, healthy) = (task.service.clone(), task.deployment.clone(), task.healthy);
        let Some(mut service) = self.services.remove(&key) else {
            return;
        };
        let now = self.now;
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
                self.stopped.push_back((now, serial));
                while let Some((stopped, serial)) = self.stopped.front().copied()
                    && now.duration_since(stopped) > STOPPED_KEPT
                {
                    self.stopped.pop_front();
                    self.tasks.remove(&serial);
                }
            }
            _ => {}
        }
        self.services.insert(key, service);
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
        if let Some(task) = self.tasks.get_mut(&serial) {
            task.missed_at = Some(at);
        }
        self.wake(service, at);
    }

    /// Tells a task to stop. Nothing happens to one that was told already.
    pub(crate) fn stop_task(&mut self, serial: u64, code: &'static str, reason: String) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&serial) else {
            return;
        };
        if task.told_to_stop {
            return;
        }
        end(task, now, End { code, reason });
        task.plan_stop(now, &mut self.seed);
        if task.status >= Status::Running {
            task.status = Status::Deactivating;
        }
        task.updated_at = now;
        task.version += 1;
        self.put_next(serial);
        self.tell_task(serial);
    }
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
    if service.primary().is_some_and(|primary| primary.id == id)
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
    if service.primary().is_some_and(|primary| primary.id == id)
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
    let (container, code, reason) = match &task.behaviour {
        Behaviour::ExitsAfter { container, code, .. } => (container.as_deref(), *code, None),
        _ => (None, 137, Some("OutOfMemoryError: Container killed due to memory usage")),
    };
    let main = task.container(container);
    task.end_containers(main, code, reason);
    let reason = "Essential container in task exited".to_owned();
    end(task, now, End { code: "EssentialContainerExited", reason });
    task.status = Status::Deprovisioning;
    task.plan_finish(now, seed);
}

fn fails_to_start(task: &mut Task, now: Timestamp, seed: &mut Seed) {
    let image = task.containers.first().map_or("", |one| one.image.as_str());
    let reason = format!(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): \
                     failed to resolve ref {image}: {image}: not found"
    );
    end(task, now, End { code: "TaskFailedToStart", reason });
    task.status = Status::Deprovisioning;
    task.plan_finish(now, seed);
}
