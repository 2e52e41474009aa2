//! How the tasks of a task definition behave: the script that a scenario gives.

use jiff::SignedDuration;

/// How tasks of a task definition behave once they are created. A task keeps the behaviour that held when it was
/// created.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Behaviour {
    /// Starts, is healthy, and ends when told to.
    #[default]
    Healthy,
    /// A process ends by itself.
    ExitsAfter {
        /// How long the process runs. Zero is a process that dies at once. It counts from the start of the process,
        /// which ECS's `startedAt` follows by 3.5 to 6.6 s, so a short run ends *before* `startedAt`, as in five of
        /// five recorded crashes. Negative counts as zero.
        run: SignedDuration,
        /// Which container; `None` is the first essential one. A container that the task definition lacks is taken
        /// as `None`.
        container: Option<String>,
        /// Its exit code: 0 to 255 on Linux.
        code: i64,
    },
    /// A container is killed for passing its memory limit: exit code 137 and ECS's reason on the first essential
    /// container.
    OutOfMemoryAfter {
        /// As in [`Behaviour::ExitsAfter`].
        run: SignedDuration,
    },
    /// The image is not there: the task never runs (`TaskFailedToStart`).
    CannotPullImage,
    /// The task runs, and fails its load balancer checks 63 to 79 s after it started (and after the service's
    /// `healthCheckGracePeriodSeconds`); without a load balancer it fails its container health checks.
    FailsHealthChecks,
    /// Some tasks behave this way, by the seed; the others are healthy.
    Sometimes {
        /// How many of a hundred tasks: 0 to 100.
        percent: u8,
        /// How these behave.
        how: Box<Behaviour>,
    },
    /// Several chances of ending at once: whichever comes first.
    Mixed(Box<Mixed>),
}

/// What may end a task, each drawn for each task by the seed; the earliest ends it. The default is a task that nothing
/// ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// The share of starts whose process dies at once: 0 to 1.
    pub failing_starts: f64,
    /// Every process ends so long after its start.
    pub exits_after: Option<SignedDuration>,
    /// How often a running process ends by itself, per task and day of running: the time to it is exponential.
    pub crashes_per_day: f64,
    /// A process outgrows its memory about so long after its start: uniform between 9/10 and 11/10 of it.
    pub out_of_memory_every: Option<SignedDuration>,
    /// The share of starts that fail their health checks, 0 to 1, and how long after RUNNING the verdict comes.
    pub failing_health_checks: Option<(f64, SignedDuration)>,
    /// The share of starts whose image cannot be pulled: 0 to 1.
    pub cannot_pull_image: f64,
    /// The exit code of a process that ends by itself.
    pub exit_code: i64,
    /// From created to RUNNING, at least and at most; `None`: as recorded, 20 to 39 s.
    pub starts_within: Option<(SignedDuration, SignedDuration)>,
    /// From RUNNING to healthy, likewise; `None`: 40 s.
    pub healthy_within: Option<(SignedDuration, SignedDuration)>,
}

impl Default for Mixed {
    fn default() -> Self {
        Self {
            failing_starts: 0.0,
            exits_after: None,
            crashes_per_day: 0.0,
            out_of_memory_every: None,
            failing_health_checks: None,
            cannot_pull_image: 0.0,
            exit_code: 1,
            starts_within: None,
            healthy_within: None,
        }
    }
}

/// Something that befalls the account, whatever its tasks run.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// When it begins.
    pub at: jiff::Timestamp,
    /// How long it lasts; nothing for what happens in an instant.
    pub lasts: SignedDuration,
    /// The services that it befalls, by name; empty: all tasks.
    pub services: Vec<String>,
    /// What.
    pub kind: FaultKind,
}

/// What befalls an account.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// Something that the processes depend on is away, and they end by themselves: it looks like the application's own
    /// fault.
    Outage {
        /// The share of starts meanwhile whose process dies at once: 0 to 1.
        boots: f64,
        /// How often a running task dies of it, per task and minute.
        running_per_minute: f64,
        /// Their exit code.
        exit_code: i64,
    },
    /// Tasks that run die in one instant, as an availability zone is lost.
    LoseTasks {
        /// The share of them: 0 to 1.
        share: f64,
        /// Whether ECS says that it was the host (`InfrastructureHealth`); otherwise the processes are seen to end.
        as_host_failure: bool,
    },
    /// Fargate has no capacity: nothing starts (`SERVICE_TASK_PLACEMENT_FAILURE`, `RESOURCE:FARGATE`).
    NoCapacity,
    /// Spot takes tasks back.
    SpotInterruption {
        /// The share of the running ones: 0 to 1.
        share: f64,
    },
    /// Images cannot be pulled: the registry does not answer.
    NoRegistry,
    /// Secrets cannot be read: Secrets Manager does not answer.
    NoSecrets,
}
