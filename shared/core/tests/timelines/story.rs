//! A service's life, told step by step against a fake clock and a fake ECS that answers what runs.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{RollbackMode, ServiceConfig};
use steady_core::event::{
    AlarmEvent, AlarmState, Body, Container, DeploymentEvent, DeploymentEventName, Event,
    HookEvent, Owner, ServiceActionEvent, TaskEvent, TaskStatus,
};
use steady_core::installation::Account;
use steady_core::name::{DeploymentId, ServiceKey, TaskArn};
use steady_core::notice::Notice;
use steady_core::outbox::Work;
use steady_core::port::{Rollout, RolloutState, RunningTask, RunningTasks, Standing, Witness};
use steady_core::record::Record;
use steady_core::report::{Entry, What};
use steady_core::rollback::Refusal;
use steady_core::rollback::{Begun, Outcome};
use steady_core::stop::StopCode;
use steady_core::watch::{self, Settled};

/// ECS, as far as the port shows it.
#[derive(Default)]
pub(crate) struct Ecs {
    pub(crate) running: BTreeMap<TaskArn, RunningTask>,
    pub(crate) answers: bool,
    /// What DescribeServices tells beside the tasks; `None` as in a recording.
    pub(crate) standing: Option<Standing>,
    pub(crate) reads: Vec<Timestamp>,
    /// Tasks of a probe.
    pub(crate) witnesses: Vec<Witness>,
}

impl Ecs {
    fn running_tasks(&mut self, now: Timestamp) -> Result<RunningTasks, String> {
        self.reads.push(now);
        if !self.answers {
            return Err("ThrottlingException: Rate exceeded".to_owned());
        }
        let tasks = self.running.values().cloned().collect();
        Ok(RunningTasks {
            desired_count: Some(4),
            primary: None,
            service_revision: None,
            standing: self.standing.clone().map(Box::new),
            witnesses: self.witnesses.clone(),
            tasks,
        })
    }
}

pub(crate) struct Story {
    pub(crate) record: Record,
    pub(crate) config: ServiceConfig,
    pub(crate) ecs: Ecs,
    /// What the account's services have in common.
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    pub(crate) due: Option<Timestamp>,
    /// Everything that has happened.
    pub(crate) entries: Vec<Entry>,
    /// Whether the stack allows probes.
    pub(crate) probes: bool,
    /// ECS's shift and bake times on the way back, where what is to be done is done.
    pub(crate) shift_minutes: u32,
    /// What is to be done, left to the story.
    pub(crate) todo: Vec<Work>,
    tasks: u32,
}

/// How a task ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Exit(i64),
    OutOfMemory,
    ElbHealthCheck,
    ScaleIn,
    NoRegistry,
    Spot,
    /// Ends with exit code 1, and ECS and the container say this.
    Saying(&'static str),
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

impl Story {
    /// A service under `rollback = "auto"`, at 2026-11-21 00:00 UTC, whose deployments were seen before, and proved
    /// nothing.
    pub(crate) fn new() -> Self {
        let mut story = Self::first_seen();
        story.record.has_looked_back = true;
        story
    }

    /// The same, never seen before.
    pub(crate) fn first_seen() -> Self {
        Self::of("prod/checkout")
    }

    fn of(service: &str) -> Self {
        let mut config = ServiceConfig::default();
        config.health.rollback = RollbackMode::Auto;
        Self {
            record: Record::new(service.into()),
            config,
            ecs: Ecs { answers: true, ..Ecs::default() },
            account: Account::default(),
            now: "2026-11-21T00:00:00Z".parse().unwrap(),
            due: None,
            entries: Vec::new(),
            probes: false,
            shift_minutes: 0,
            todo: Vec::new(),
            tasks: 0,
        }
    }

    /// The same with checkout:41 proven an hour ago by deployment `ecs-svc/41`, four tasks of it running.
    pub(crate) fn with_proven() -> Self {
        Self::with_proven_of("prod/checkout")
    }

    /// The same of another service.
    pub(crate) fn with_proven_of(service: &str) -> Self {
        let mut story = Self::of(service);
        story.record.has_looked_back = true;
        story.begin(41);
        for _ in 0..4 {
            story.start(41);
        }
        story.complete(41);
        story.pass(minutes(60));
        assert_eq!(story.proven(), ["checkout:41"]);
        story.entries.clear();
        story
    }

    // ---- what happens ----

    /// Lets time pass; what falls due meanwhile is decided when it does.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        let until = self.now + time;
        while let Some(due) = self.due.filter(|due| *due <= until) {
            assert!(due > self.now, "due at {due}, which is not after {}", self.now);
            self.now = due;
            self.decide(Vec::new());
        }
        self.now = until;
    }

    pub(crate) fn begin(&mut self, deployment: u32) {
        self.deployment(deployment, DeploymentEventName::InProgress, "in progress");
    }

    pub(crate) fn begin_native_rollback(&mut self, deployment: u32) {
        let reason = format!(
            "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/{deployment}."
        );
        self.deployment(deployment, DeploymentEventName::InProgress, &reason);
    }

    pub(crate) fn complete(&mut self, deployment: u32) {
        self.deployment(deployment, DeploymentEventName::Completed, "completed");
    }

    pub(crate) fn fail(&mut self, deployment: u32) {
        let reason = "ECS deployment circuit breaker: tasks failed to start.";
        self.deployment(deployment, DeploymentEventName::Failed, reason);
    }

    pub(crate) fn deployment(&mut self, deployment: u32, name: DeploymentEventName, reason: &str) {
        let body = Body::Deployment(DeploymentEvent {
            service: Some(self.record.service.clone()),
            deployment: id(deployment),
            name,
            reason: Some(reason.into()),
        });
        self.decide(vec![self.event(body)]);
    }

    /// A PAUSE hook waits for somebody: so the service deployment's event says.
    pub(crate) fn hook_waits(&mut self) {
        let service = Some(self.record.service.clone());
        let body = Body::Hook(HookEvent { service, is_waiting: true });
        self.decide(vec![self.event(body)]);
    }

    /// An alarm goes from one state to the other, now.
    pub(crate) fn alarm(&mut self, name: &str, in_alarm: bool) {
        let event = self.alarm_event(name, in_alarm);
        self.decide(vec![event]);
    }

    pub(crate) fn alarm_event(&self, name: &str, in_alarm: bool) -> Event {
        let (state, previous) = match in_alarm {
            true => (AlarmState::Alarm, AlarmState::Ok),
            false => (AlarmState::Ok, AlarmState::Alarm),
        };
        self.event(Body::Alarm(Box::new(AlarmEvent {
            name: name.into(),
            state,
            changed_at: Some(self.now),
            reason: Some(
                "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).".into(),
            ),
            previous,
        })))
    }

    /// The service scheduler says something.
    pub(crate) fn scheduler_says(&mut self, name: &str, reason: Option<&str>) {
        let body = Body::ServiceAction(ServiceActionEvent {
            service: Some(self.record.service.clone()),
            name: name.into(),
            reason: reason.map(Into::into),
        });
        self.decide(vec![self.event(body)]);
    }

    /// DescribeServices tells this of the PRIMARY deployment, from now on.
    pub(crate) fn rollout(&mut self, deployment: u32, revision: u32, state: Option<RolloutState>) {
        let rollout = Rollout {
            deployment: id(deployment),
            is_primary: true,
            revision: Some(format!("checkout:{revision}").as_str().into()),
            state,
            reason: None,
        };
        self.standing().rollouts = vec![rollout];
    }

    /// What DescribeServices tells, to be changed.
    pub(crate) fn standing(&mut self) -> &mut Standing {
        self.ecs.standing.get_or_insert_with(|| Standing {
            status: Some("ACTIVE".to_owned()),
            controller: "ECS".to_owned(),
            scheduling_strategy: "REPLICA".to_owned(),
            ..Standing::default()
        })
    }

    /// The text of the newest notice.
    pub(crate) fn told(&self) -> String {
        self.notices().last().expect("a notice").text()
    }

    /// A task of `deployment` (whose revision has the same number) reaches RUNNING now. ECS tells nobody.
    pub(crate) fn start(&mut self, deployment: u32) -> TaskArn {
        self.start_of(deployment, deployment)
    }

    /// The same, of a deployment of another number's revision.
    pub(crate) fn start_of(&mut self, deployment: u32, revision: u32) -> TaskArn {
        self.tasks += 1;
        let task = TaskArn::from(
            format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{:032x}", self.tasks).as_str(),
        );
        let running = RunningTask {
            task: task.clone(),
            deployment: Some(id(deployment)),
            revision: Some(format!("checkout:{revision}").as_str().into()),
            started_at: self.now,
        };
        self.ecs.running.insert(task.clone(), running);
        task
    }

    /// The running tasks of a deployment.
    pub(crate) fn running_of(&self, deployment: u32) -> Vec<TaskArn> {
        let of_it = |task: &&RunningTask| task.deployment == Some(id(deployment));
        self.ecs.running.values().filter(of_it).map(|task| task.task.clone()).collect()
    }

    /// A running task ends now.
    pub(crate) fn end(&mut self, task: &TaskArn, end: End) {
        let event = self.end_event(task, end);
        self.decide(vec![event]);
    }

    pub(crate) fn end_event(&mut self, task: &TaskArn, end: End) -> Event {
        let ran = self.ecs.running.remove(task).expect("the task runs");
        self.stop_event(ran, end, true)
    }

    /// A task of `deployment` is started, runs for `life`, and ends.
    pub(crate) fn live(&mut self, deployment: u32, life: SignedDuration, end: End) {
        let task = self.start(deployment);
        self.pass(life);
        self.end(&task, end);
    }

    /// The same, of a deployment of another number's revision.
    pub(crate) fn live_of(
        &mut self,
        deployment: u32,
        revision: u32,
        life: SignedDuration,
        end: End,
    ) {
        let task = self.start_of(deployment, revision);
        self.pass(life);
        self.end(&task, end);
    }

    /// A task of `deployment` ends without ever having run.
    pub(crate) fn never_start(&mut self, deployment: u32, end: End) {
        let task = self.start(deployment);
        let ran = self.ecs.running.remove(&task).expect("the task was made");
        let event = self.stop_event(ran, end, false);
        self.decide(vec![event]);
    }

    fn stop_event(&self, ran: RunningTask, end: End, has_run: bool) -> Event {
        let exited = "Essential container in task exited";
        let (code, reason, exit_code, container_reason) = match end {
            End::Exit(code) => (StopCode::EssentialContainerExited, exited.to_owned(), Some(code), None),
            End::Saying(words) => {
                (StopCode::EssentialContainerExited, words.to_owned(), Some(1), Some(words.into()))
            }
            End::OutOfMemory => (
                StopCode::EssentialContainerExited,
                exited.to_owned(),
                Some(137),
                Some("OutOfMemoryError: Container killed due to memory usage".into()),
            ),
            End::ElbHealthCheck => (
                StopCode::ServiceSchedulerInitiated,
                "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/0011223344556677)".to_owned(),
                None,
                None,
            ),
            End::ScaleIn => (
                StopCode::ServiceSchedulerInitiated,
                "Scaling activity initiated by (deployment ecs-svc/41)".to_owned(),
                None,
                None,
            ),
            End::NoRegistry => (
                StopCode::TaskFailedToStart,
                "CannotPullContainerError: failed to do request: dial tcp 10.0.0.1:443: i/o timeout".to_owned(),
                None,
                None,
            ),
            End::Spot => (StopCode::SpotInterruption, "Your Spot Task was interrupted.".to_owned(), None, None),
        };
        let container = Container { name: Some("app".into()), exit_code, reason: container_reason };
        self.event(Body::Task(Box::new(TaskEvent {
            task: ran.task,
            owner: Owner::Service(self.record.service.clone()),
            deployment: ran.deployment,
            revision: ran.revision,
            version: Some(6),
            last_status: TaskStatus::Deprovisioning,
            desired_status: TaskStatus::Stopped,
            created_at: Some(ran.started_at - seconds(25)),
            started_at: has_run.then_some(ran.started_at),
            stopping_at: Some(self.now),
            execution_stopped_at: None,
            stop_code: Some(code),
            stopped_reason: Some(reason.as_str().into()),
            containers: vec![container],
        })))
    }

    fn event(&self, body: Body) -> Event {
        Event {
            id: None,
            time: Some(self.now),
            account: Some("111122223333".into()),
            region: Some("eu-west-1".into()),
            body,
        }
    }

    /// One invocation: the record comes from, and goes back to, the table as JSON.
    pub(crate) fn decide(&mut self, events: Vec<Event>) {
        let record = Record::restore(&self.record.store(self.due)).unwrap();
        assert_eq!(record, self.record, "the record changes on its way through the table");
        let (now, ecs) = (self.now, &mut self.ecs);
        let account = &mut self.account;
        let config = &self.config;
        let read = |_: &ServiceKey| ecs.running_tasks(now);
        let shift = self.shift_minutes;
        let decision = if self.probes {
            let decision = watch::observe(record, events, config, now, account, true, read);
            self.entries.extend(decision.entries);
            let pending = decision.record.outbox.pending().to_vec();
            let done: Vec<_> =
                pending.iter().map(|one| (one.id.clone(), done(&one.work, shift))).collect();
            self.todo.extend(pending.into_iter().map(|one| one.work));
            watch::settle(decision.record, &done, config, now)
        } else {
            watch::step(record, events, config, now, account, read)
        };
        assert!(decision.ask.is_none(), "everything asked was answered");
        self.due = decision.due;
        self.record = decision.record;
        self.entries.extend(decision.entries);
    }

    // ---- what has come of it ----

    /// The kinds of what has happened, stops left out.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.entries.iter().map(|entry| entry.what.kind()).filter(|kind| *kind != "stop").collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.entries.iter().filter(|entry| entry.what.kind() == kind).count()
    }

    pub(crate) fn notices(&self) -> Vec<&Notice> {
        let notices = self.entries.iter().filter_map(|entry| match &entry.what {
            What::Notice(notice) => Some(notice.as_ref()),
            _ => None,
        });
        notices.collect()
    }

    /// What each notice tells.
    pub(crate) fn stages(&self) -> Vec<&'static str> {
        self.notices().iter().map(|notice| notice.stage).collect()
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        })
    }

    pub(crate) fn rollback(&self) -> Option<String> {
        self.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Rollback(action) => Some(action.to_string()),
            _ => None,
        })
    }

    pub(crate) fn proven(&self) -> Vec<&str> {
        self.record.ledger.proven().iter().map(|proven| proven.revision.as_str()).collect()
    }

    /// The evidence with which something last opened or joined.
    pub(crate) fn evidence(&self) -> f64 {
        let looked_at = self.entries.iter().rev();
        looked_at.filter_map(|entry| entry.evidence).next().unwrap_or(0.0).round()
    }
}

pub(crate) fn id(deployment: u32) -> DeploymentId {
    format!("ecs-svc/{deployment}").as_str().into()
}

/// Everything is done at once.
fn done(work: &Work, shift_minutes: u32) -> Settled {
    match work {
        Work::Send(_) => Settled::Sent,
        Work::RollBack(_) => {
            Settled::Tried(Outcome::Begun(Begun { shift_minutes, ..Begun::default() }))
        }
        Work::Probe(probe) => Settled::Started(probe.count),
        Work::StopProbe(_) | Work::Override(_) => Settled::Done,
    }
}
