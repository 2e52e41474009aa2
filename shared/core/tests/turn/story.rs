//! The story that the turns are tried on: checkout:41 is proven, checkout:42 is killed for memory as it starts.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use steady_core::event::{
    Body, Container, DeploymentEvent, DeploymentEventName, Event, Owner, TaskEvent, TaskStatus,
};
use steady_core::port::{ConfigFiles, ContainerLog, RunningTask, ServiceRevision, ServiceState};
use steady_core::stop::StopCode;

use crate::ecs::revision;
use crate::faulty::Fault;
use crate::world::{State, World};

fn start() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

fn event(at: Timestamp, body: Body) -> Event {
    Event {
        id: None,
        time: Some(at),
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        body,
    }
}

pub(crate) fn deployment(at: Timestamp, id: &str, name: DeploymentEventName) -> Event {
    let service = Some("prod/checkout".into());
    event(
        at,
        Body::Deployment(DeploymentEvent { service, deployment: id.into(), name, reason: None }),
    )
}

/// How a task ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    OutOfMemory,
    Exit,
    ScaleIn,
    /// It never ran.
    NoRegistry,
}

pub(crate) fn stop(at: Timestamp, task: u32, number: u32, end: End) -> Event {
    let exited = "Essential container in task exited";
    let (code, reason, exit_code, why) = match end {
        End::OutOfMemory => (
            StopCode::EssentialContainerExited,
            exited,
            137,
            Some("OutOfMemoryError: Container killed due to memory usage"),
        ),
        End::Exit => (StopCode::EssentialContainerExited, exited, 1, None),
        End::ScaleIn => (
            StopCode::ServiceSchedulerInitiated,
            "Scaling activity initiated by (deployment ecs-svc/41)",
            0,
            None,
        ),
        End::NoRegistry => (
            StopCode::TaskFailedToStart,
            "CannotPullContainerError: failed to do request: dial tcp 10.0.0.1:443: i/o timeout",
            0,
            None,
        ),
    };
    let has_run = !matches!(end, End::NoRegistry);
    event(
        at,
        Body::Task(Box::new(TaskEvent {
            task: format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}")
                .as_str()
                .into(),
            owner: Owner::Service("prod/checkout".into()),
            deployment: Some(format!("ecs-svc/{number}").as_str().into()),
            revision: Some(revision(number)),
            version: Some(6),
            last_status: TaskStatus::Deprovisioning,
            desired_status: TaskStatus::Stopped,
            created_at: Some(at - SignedDuration::from_secs(35)),
            started_at: has_run.then(|| at - SignedDuration::from_secs(8)),
            stopping_at: Some(at),
            execution_stopped_at: None,
            stop_code: Some(code),
            stopped_reason: Some(reason.into()),
            containers: vec![Container {
                name: Some("app".into()),
                exit_code: has_run.then_some(exit_code),
                reason: why.map(Into::into),
            }],
        })),
    )
}

impl World {
    /// checkout:41 is proven by `ecs-svc/41`, and four of its tasks run; config says `rollback = "auto"`.
    pub(crate) fn with_proven() -> Self {
        Self::with_proven_of(None)
    }

    /// The same, with the service revision that was proven.
    pub(crate) fn with_proven_of(proven: Option<ServiceRevision>) -> Self {
        let world = Self::of(ConfigFiles {
            defaults: None,
            service: Some("team = 'payments'\n[health]\nrollback = 'auto'\n".to_owned()),
        });
        world.with(|state| {
            state.revisions.extend(proven.map(|one| (one.arn.clone(), one)));
            state.begin("ecs-svc/41", 41);
            for task in 1..=4 {
                state.running.push(RunningTask {
                    task: format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}")
                        .as_str()
                        .into(),
                    deployment: Some("ecs-svc/41".into()),
                    revision: Some(revision(41)),
                    started_at: start(),
                });
            }
        });
        world.deliver(
            "before-1",
            &[deployment(start(), "ecs-svc/41", DeploymentEventName::InProgress)],
        );
        world.with(State::complete);
        world.deliver(
            "before-2",
            &[deployment(start(), "ecs-svc/41", DeploymentEventName::Completed)],
        );
        world.pass(1_800);
        world.deliver("before-3", &[stop(world.now(), 100, 41, End::ScaleIn)]);
        let proven = world.record();
        assert_eq!(proven.ledger.proven().len(), 1, "checkout:41 is proven");
        world.with(|state| {
            state.calls.clear();
            state.sent.clear();
        });
        world
    }

    pub(crate) fn of(config: ConfigFiles) -> Self {
        let service = ServiceState {
            status: Some("ACTIVE".to_owned()),
            controller: "ECS".to_owned(),
            scheduling_strategy: "REPLICA".to_owned(),
            ..ServiceState::default()
        };
        let app = ContainerLog {
            name: "app".to_owned(),
            essential: true,
            driver: Some("awslogs".to_owned()),
            group: Some("/ecs/checkout".to_owned()),
            region: Some("eu-west-1".to_owned()),
            stream_prefix: Some("ecs".to_owned()),
        };
        let container_logs = vec![app];
        let state = State { now: start(), service, config, container_logs, ..State::default() };
        Self(Mutex::new(state))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.with(|state| state.now += SignedDuration::from_secs(seconds));
    }

    /// As the queue does: what was not taken, or not finished, comes again a minute later, five times in all.
    pub(crate) fn deliver(&self, by: &str, events: &[Event]) {
        for receive in 1..=5 {
            let taken = self.turn(&format!("{by}.{receive}"), events);
            if matches!(&taken, Some(Ok(taken)) if taken.unfinished.is_empty()) {
                return;
            }
            self.pass(60);
        }
    }

    /// checkout:42 is being deployed, for 45 s now.
    pub(crate) fn deploys(&self) {
        self.with(|state| state.begin("ecs-svc/42", 42));
        let begin = deployment(self.now(), "ecs-svc/42", DeploymentEventName::InProgress);
        self.deliver("begin", &[begin]);
        self.pass(45);
    }

    /// checkout:42 was deployed, and has completed two minutes ago.
    pub(crate) fn completes(&self) {
        self.with(|state| {
            state.begin("ecs-svc/42", 42);
            state.complete();
        });
        let now = self.now();
        let told = [DeploymentEventName::InProgress, DeploymentEventName::Completed]
            .map(|name| deployment(now, "ecs-svc/42", name));
        self.deliver("deployed", &told);
        self.pass(120);
    }

    /// Four tasks of checkout:42 end now.
    pub(crate) fn four(&self, end: End) -> Vec<Event> {
        let now = self.now();
        (200..204).map(|task| stop(now, task, 42, end)).collect()
    }

    /// checkout:42 is deployed, and its tasks end as they start. Four at once, then one at a time.
    pub(crate) fn loops(&self, end: End) {
        self.deploys();
        self.deliver("four", &self.four(end));
        for task in 204..208 {
            self.pass(45);
            self.deliver(&format!("one-{task}"), &[stop(self.now(), task, 42, end)]);
        }
    }

    pub(crate) fn with_fault(number: usize, fault: Fault) -> Self {
        let world = Self::with_proven();
        world.with(|state| state.faults.insert(number, fault));
        world
    }
}
