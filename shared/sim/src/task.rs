//! A task: its state, and the steps of its life with their times.
//!
//! The times are those of published recordings (Fargate, 2024): created to RUNNING 20 to 39 s; a stop by the scheduler
//! 56 to 60 s behind a load balancer; 23 to 25 s from `stoppingAt` to STOPPED after a crash. What the recordings do not
//! show is said where it stands.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::api::Image;
use crate::behaviour::{Behaviour, Mixed};
use crate::fault::Lacking;
use crate::name::Names;
use crate::queue::Place;
use crate::seed::Seed;
use crate::service::{Deployment, ServiceKey};
use crate::tasks::CrewId;

/// `lastStatus`, in the order of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What happens to a task next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// PROVISIONING to PENDING: the network interface is attached.
    Pend,
    /// PENDING again: only the image digest was added.
    Resolve,
    /// PENDING to ACTIVATING: the image is pulled.
    Activate,
    /// ACTIVATING again: the connectivity is known.
    Connect,
    /// To RUNNING.
    Run,
    /// The checks have passed; no event tells it.
    Pass,
    /// The load balancer's (or the container's) checks have failed.
    FailChecks,
    /// A container ended by itself: to DEPROVISIONING.
    Exit,
    /// The task cannot start: to DEPROVISIONING.
    FailStart,
    /// RUNNING to DEACTIVATING: the time after a warning is over.
    Deactivate,
    /// DEACTIVATING to STOPPING: deregistered from the load balancer.
    Stop,
    /// STOPPING to DEPROVISIONING: the containers have ended.
    Deprovision,
    /// To STOPPED.
    Finish,
}

/// Why a task ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// `stopCode`
    pub(crate) code: &'static str,
    /// `stoppedReason`
    pub(crate) reason: Arc<str>,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i64,
    pub(crate) reason: Option<&'static str>,
}

/// What a task is started with, the same for all tasks of a deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placement {
    /// `group`
    pub(crate) group: Arc<str>,
    /// Its containers, as the task definition has them.
    pub(crate) images: Vec<Image>,
    /// `subnets`; empty: those of the account.
    pub(crate) subnets: Vec<String>,
    pub(crate) has_load_balancer: bool,
    /// The target group in the reason of a failed check.
    pub(crate) target_group: Option<String>,
    pub(crate) capacity_provider: Option<String>,
    pub(crate) enable_execute_command: bool,
    /// `healthCheckGracePeriodSeconds`
    pub(crate) grace: SignedDuration,
    /// What the caller of RunTask tagged it with.
    pub(crate) tags: Vec<Value>,
    /// `overrides`, as the caller of RunTask gave them.
    pub(crate) overrides: Option<Map<String, Value>>,
}

/// Whose a task is: of which service, started by whom, of what.
#[derive(Debug, Clone)]
pub(crate) struct Of {
    pub(crate) service: Arc<ServiceKey>,
    /// The deployment's id, or the caller's text.
    pub(crate) deployment: Arc<str>,
    pub(crate) crew: CrewId,
    /// `family:revision`
    pub(crate) revision: Arc<str>,
}

impl Of {
    pub(crate) fn deployment(service: &Arc<ServiceKey>, deployment: &Deployment) -> Self {
        Self {
            service: service.clone(),
            deployment: deployment.id.clone(),
            crew: deployment.crew,
            revision: deployment.revision.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: Arc<str>,
    pub(crate) arn: Arc<str>,
    /// Its service; of a task that RunTask started the name is empty, and there is no such service.
    pub(crate) service: Arc<ServiceKey>,
    /// The deployment's id, or the caller's text: `startedBy`.
    pub(crate) deployment: Arc<str>,
    /// The number under which it is counted.
    pub(crate) crew: CrewId,
    /// `family:revision`
    pub(crate) revision: Arc<str>,
    pub(crate) behaviour: Arc<Behaviour>,
    pub(crate) placement: Arc<Placement>,
    /// What its ids and addresses come from.
    pub(crate) token: u64,
    /// How its containers ended, once they have.
    pub(crate) ended: Vec<Ended>,
    /// The exit code of a process that something else than its behaviour ends.
    pub(crate) exit_code: Option<i64>,
    /// Of a mixed behaviour: it is memory that ends it.
    pub(crate) outgrows_memory: bool,
    /// What it lacks for its start, as things were when it was created.
    pub(crate) lacking: Option<Lacking>,

    pub(crate) status: Status,
    /// `desiredStatus` is STOPPED.
    pub(crate) told_to_stop: bool,
    /// Counts towards the minimum healthy percent.
    pub(crate) healthy: bool,
    pub(crate) version: u64,
    pub(crate) end: Option<End>,
    pub(crate) resolved: bool,
    pub(crate) connected: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) connectivity_at: Timestamp,
    pub(crate) pull_started_at: Timestamp,
    pub(crate) pull_stopped_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) stopping_at: Option<Timestamp>,
    pub(crate) execution_stopped_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    /// When the scheduler notices that it is gone; until then it is not replaced.
    pub(crate) missed_at: Option<Timestamp>,

    /// The steps to come, in order of time.
    pub(crate) plan: VecDeque<(Timestamp, Step)>,
    /// Where the next of them stands in the queue.
    pub(crate) place: Option<Place>,
}

/// Without a health check of the container, a task counts as healthy 40 s after it reached RUNNING
/// (`DeploymentConfiguration.minimumHealthyPercent`, API reference). Behind a load balancer it took as long in four of
/// four recorded deployments, which completed 41 s after RUNNING.
const HEALTHY_AFTER: SignedDuration = SignedDuration::from_secs(40);

/// From a process's end to the task's: 10.0 s in every recorded stop on Fargate.
const NOTICED_AFTER: SignedDuration = SignedDuration::from_secs(10);

impl Task {
    /// A task that has just been created.
    pub(crate) fn provisioning(
        of: Of,
        names: &Names,
        behaviour: Arc<Behaviour>,
        placement: Arc<Placement>,
        token: u64,
        now: Timestamp,
    ) -> Self {
        let Of { service, deployment, crew, revision } = of;
        let id = Seed::new(token).task_id();
        Self {
            arn: names.task(&service.cluster, &id).into(),
            id: id.into(),
            service,
            deployment,
            crew,
            revision,
            behaviour,
            placement,
            token,
            ended: Vec::new(),
            exit_code: None,
            outgrows_memory: false,
            lacking: None,
            status: Status::Provisioning,
            told_to_stop: false,
            healthy: false,
            version: 1,
            end: None,
            resolved: false,
            connected: false,
            created_at: now,
            updated_at: now,
            connectivity_at: now,
            pull_started_at: now,
            pull_stopped_at: now,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
            missed_at: None,
            plan: VecDeque::new(),
            place: None,
        }
    }

    /// Whether ECS wants it to run: neither told to stop nor ended.
    pub(crate) fn wanted(&self) -> bool {
        !self.told_to_stop
    }

    /// `desiredStatus`
    pub(crate) fn desired_status(&self) -> &'static str {
        if self.told_to_stop { "STOPPED" } else { "RUNNING" }
    }

    /// Plans the way to RUNNING and what the behaviour makes of it.
    pub(crate) fn plan_life(&mut self, seed: &mut Seed) {
        let pending = self.created_at + seed.millis(8_500, 12_900);
        self.connectivity_at = self.created_at + seed.millis(3_200, 5_200);
        self.pull_started_at = pending + seed.millis(1_000, 3_500);
        let resolved = seed.chance(50);
        let connected = seed.chance(15);
        self.plan.push_back((pending, Step::Pend));
        let cannot_pull = match &*self.behaviour {
            Behaviour::CannotPullImage => true,
            Behaviour::Mixed(mixed) => seed.happens(mixed.cannot_pull_image),
            _ => false,
        };
        if cannot_pull || self.lacking.is_some() {
            // Fargate tries several times: a public timeline has two minutes and more from one failed start to the next.
            self.plan
                .push_back((self.pull_started_at + seed.millis(80_000, 100_000), Step::FailStart));
            return;
        }
        if resolved {
            self.plan.push_back((
                self.pull_started_at - SignedDuration::from_millis(100),
                Step::Resolve,
            ));
        }
        self.pull_stopped_at = self.pull_started_at + seed.millis(1_000, 5_900);
        let activating = self.pull_stopped_at + seed.millis(100, 600);
        let mut running = activating + seed.millis(9_400, 16_100);
        if let Behaviour::Mixed(mixed) = &*self.behaviour
            && let Some(within) = mixed.starts_within
        {
            running = (self.created_at + seed.between(within)).max(activating);
        }
        self.plan.push_back((activating, Step::Activate));
        if connected {
            self.plan.push_back((running - seed.millis(4_200, 7_700), Step::Connect));
        }
        self.plan.push_back((running, Step::Run));
        self.plan_running(running, seed);
    }

    pub(crate) fn plan_running(&mut self, running: Timestamp, seed: &mut Seed) {
        let grace = self.placement.grace;
        let behaviour = self.behaviour.clone();
        if let Behaviour::Mixed(mixed) = &*behaviour {
            return self.plan_mixed(mixed, running, seed);
        }
        let run = match &*behaviour {
            Behaviour::ExitsAfter { run, .. } | Behaviour::OutOfMemoryAfter { run } => *run,
            Behaviour::FailsHealthChecks => {
                // 63 to 79 s from RUNNING to the verdict in the recordings.
                let verdict = running + grace + seed.millis(63_000, 79_000);
                self.plan.push_back((verdict, Step::FailChecks));
                return;
            }
            Behaviour::Healthy
            | Behaviour::CannotPullImage
            | Behaviour::Sometimes { .. }
            | Behaviour::Mixed(_) => {
                self.plan.push_back((running + HEALTHY_AFTER, Step::Pass));
                return;
            }
        };
        // The process starts 3.5 to 6.6 s before `startedAt`.
        let began = running - seed.millis(3_500, 6_600);
        let ended = began + run.max(SignedDuration::ZERO);
        if running + HEALTHY_AFTER < ended {
            self.plan.push_back((running + HEALTHY_AFTER, Step::Pass));
        }
        self.execution_stopped_at = Some(ended);
        self.plan.push_back((ended + NOTICED_AFTER + seed.millis(0, 900), Step::Exit));
    }

    /// Plans what a mixed behaviour makes of the task: the earliest end of all that are drawn.
    fn plan_mixed(&mut self, mixed: &Mixed, running: Timestamp, seed: &mut Seed) {
        // The process starts 3.5 to 6.6 s before `startedAt`.
        let began = running - seed.millis(3_500, 6_600);
        let dies_at_once = seed.happens(mixed.failing_starts).then(|| seed.millis(0, 4_000));
        let crash = seed.exponential(mixed.crashes_per_day / 86_400.0);
        let memory =
            mixed.out_of_memory_every.map(|every| seed.between((every * 9 / 10, every * 11 / 10)));
        let exit = [dies_at_once, mixed.exits_after, crash].into_iter().flatten().min();
        self.outgrows_memory = memory.is_some() && exit.is_none_or(|exit| memory < Some(exit));
        let run = [exit, memory].into_iter().flatten().min();
        let healthy =
            running + mixed.healthy_within.map_or(HEALTHY_AFTER, |within| seed.between(within));
        let noticed = seed.millis(0, 900);
        let verdict = mixed.failing_health_checks.filter(|(share, _)| seed.happens(*share));
        let verdict = verdict.map(|(_, after)| running + self.placement.grace + after);
        // The process has to live until RUNNING to be seen there.
        let end =
            run.map(|run| (began + run, (began + run + NOTICED_AFTER + noticed).max(running)));
        match (verdict, end) {
            (Some(verdict), end) if end.is_none_or(|(_, noticed)| verdict < noticed) => {
                self.plan.push_back((verdict, Step::FailChecks));
            }
            (_, end) => {
                if end.is_none_or(|(ended, _)| healthy < ended) {
                    self.plan.push_back((healthy, Step::Pass));
                }
                if let Some((ended, noticed)) = end {
                    self.execution_stopped_at = Some(ended);
                    self.plan.push_back((noticed, Step::Exit));
                }
            }
        }
    }

    /// Plans the end of a task that is told to stop: the bracket of DEACTIVATING and STOPPING where it runs.
    pub(crate) fn plan_stop(&mut self, now: Timestamp, seed: &mut Seed) {
        self.plan.clear();
        self.execution_stopped_at = None;
        if self.status < Status::Running {
            // No recording shows this; the containers are not there yet, so there is little to wait for.
            let deprovision = now + seed.millis(500, 2_000);
            self.plan.push_back((deprovision, Step::Deprovision));
            self.plan.push_back((deprovision + seed.millis(12_800, 14_200), Step::Finish));
            return;
        }
        // Behind a load balancer the target is deregistered first; without one there is nothing to deregister.
        let deregistered = if self.placement.has_load_balancer {
            now + seed.millis(21_800, 22_800)
        } else {
            now + seed.millis(300, 1_500)
        };
        let deprovision = deregistered + seed.millis(21_500, 22_900);
        self.execution_stopped_at = Some(deprovision - NOTICED_AFTER);
        self.plan.push_back((deregistered, Step::Stop));
        self.plan.push_back((deprovision, Step::Deprovision));
        self.plan.push_back((deprovision + seed.millis(12_800, 14_200), Step::Finish));
    }

    /// Plans what follows when a task ended by itself or could not start: DEPROVISIONING is now, STOPPED is later.
    pub(crate) fn plan_finish(&mut self, now: Timestamp, seed: &mut Seed) {
        self.plan.clear();
        self.plan.push_back((now + seed.millis(23_000, 25_000), Step::Finish));
    }

    /// Writes down how the containers ended: `main` with its code and reason, the others asked to stop, with 0 as in
    /// recorded tasks with a sidecar.
    pub(crate) fn end_containers(&mut self, main: usize, code: i64, reason: Option<&'static str>) {
        let ended = |number| {
            if number == main { Ended { code, reason } } else { Ended { code: 0, reason: None } }
        };
        self.ended = (0..self.placement.images.len()).map(ended).collect();
    }

    /// The place of the named container, or of the first essential one.
    pub(crate) fn container(&self, name: Option<&str>) -> usize {
        let images = &self.placement.images;
        let named = name.and_then(|name| images.iter().position(|one| *one.name == *name));
        named.or_else(|| images.iter().position(|one| one.essential)).unwrap_or(0)
    }
}
