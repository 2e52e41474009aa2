//! How the tasks of a task definition behave: the script that a scenario gives.

use jiff::SignedDuration;

/// How tasks of a task definition behave once they are created. A task keeps the behaviour that held when it was
/// created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
}
