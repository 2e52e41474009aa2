//! A task: its state, and the steps of its life with their times.
//!
//! The times are those of published recordings (Fargate, 2024): created to RUNNING 20 to 39 s; a stop by the scheduler
//! 56 to 60 s behind a load balancer; 23 to 25 s from `stoppingAt` to STOPPED after a crash. What the recordings do not
//! show is said where it stands.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::behaviour::Behaviour;
use crate::queue::Place;
use crate::seed::Seed;
use crate::service::ServiceKey;

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
    pub(crate) reason: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    /// The UUID at the end of its ARN.
    pub(crate) id: String,
    pub(crate) runtime_id: String,
    pub(crate) exit_code: Option<i64>,
    pub(crate) reason: Option<&'static str>,
}

/// A task's network interface.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interface {
    pub(crate) attachment: String,
    pub(crate) id: String,
    pub(crate) subnet: String,
    pub(crate) mac: String,
    pub(crate) address: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) service: ServiceKey,
    /// The deployment's id: `startedBy`.
    pub(crate) deployment: String,
    /// `family:revision`
    pub(crate) revision: String,
    pub(crate) behaviour: Behaviour,
    pub(crate) containers: Vec<Container>,
    pub(crate) cpu: String,
    pub(crate) memory: String,
    pub(crate) zone: String,
    pub(crate) interface: Interface,
    /// The attachment's id where the service has a load balancer.
    pub(crate) load_balancer: Option<String>,
    /// The target group in the reason of a failed check.
    pub(crate) target_group: Option<String>,
    pub(crate) capacity_provider: Option<String>,
    pub(crate) enable_execute_command: bool,

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
    /// A task that has just been created, of nobody yet.
    pub(crate) fn provisioning(now: Timestamp) -> Self {
        Self {
            id: String::new(),
            service: ServiceKey { cluster: String::new(), name: String::new() },
            deployment: String::new(),
            revision: String::new(),
            behaviour: Behaviour::Healthy,
            containers: Vec::new(),
            cpu: String::new(),
            memory: String::new(),
            zone: String::new(),
            interface: Interface::default(),
            load_balancer: None,
            target_group: None,
            capacity_provider: None,
            enable_execute_command: false,
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

    /// Plans the way to RUNNING and what the behaviour makes of it. `grace` is the service's
    /// `healthCheckGracePeriodSeconds`.
    pub(crate) fn plan_life(&mut self, grace: SignedDuration, seed: &mut Seed) {
        let pending = self.created_at + seed.millis(8_500, 12_900);
        self.connectivity_at = self.created_at + seed.millis(3_200, 5_200);
        self.pull_started_at = pending + seed.millis(1_000, 3_500);
        let resolved = seed.chance(50);
        let connected = seed.chance(15);
        self.plan.push_back((pending, Step::Pend));
        if self.behaviour == Behaviour::CannotPullImage {
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
        let running = activating + seed.millis(9_400, 16_100);
        self.plan.push_back((activating, Step::Activate));
        if connected {
            self.plan.push_back((running - seed.millis(4_200, 7_700), Step::Connect));
        }
        self.plan.push_back((running, Step::Run));
        self.plan_running(running, grace, seed);
    }

    fn plan_running(&mut self, running: Timestamp, grace: SignedDuration, seed: &mut Seed) {
        let run = match &self.behaviour {
            Behaviour::ExitsAfter { run, .. } | Behaviour::OutOfMemoryAfter { run } => *run,
            Behaviour::FailsHealthChecks => {
                // 63 to 79 s from RUNNING to the verdict in the recordings.
                let verdict = running + grace + seed.millis(63_000, 79_000);
                self.plan.push_back((verdict, Step::FailChecks));
                return;
            }
            Behaviour::Healthy | Behaviour::CannotPullImage | Behaviour::Sometimes { .. } => {
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
        let deregistered = if self.load_balancer.is_some() {
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
        for (number, container) in self.containers.iter_mut().enumerate() {
            container.exit_code = Some(if number == main { code } else { 0 });
            if number == main {
                container.reason = reason;
            }
        }
    }

    /// The place of the named container, or of the first essential one.
    pub(crate) fn container(&self, name: Option<&str>) -> usize {
        let named = name.and_then(|name| self.containers.iter().position(|one| one.name == name));
        named.or_else(|| self.containers.iter().position(|one| one.essential)).unwrap_or(0)
    }
}
