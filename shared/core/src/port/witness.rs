//! Tasks of a probe: started, read, stopped.

use std::future::Future;

use jiff::Timestamp;

use super::PortError;
use crate::event::Container;
use crate::name::{ServiceKey, TaskArn};
use crate::rollback::Probe;
use crate::stop::StopCode;

/// A task of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Which.
    pub task: TaskArn,
    /// `startedAt`; `None` if it has not run (yet).
    pub started_at: Option<Timestamp>,
    /// How it ended, if it has or is about to.
    pub stop: Option<WitnessStop>,
}

/// How a task of a probe ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessStop {
    /// `stoppingAt`, else `executionStoppedAt`, else `stoppedAt`.
    pub at: Timestamp,
    /// `stopCode`
    pub stop_code: Option<StopCode>,
    /// `stoppedReason`
    pub stopped_reason: Option<String>,
    /// `containers`
    pub containers: Vec<Container>,
}

/// Runs probes.
pub trait RunProbes {
    /// `RunTask`: the probe's tasks, with the network settings of the service, its launch type or capacity providers and
    /// its platform version, tagged `steady:probe` with the service's name; how many ECS has started, at least one. Asked
    /// again for the same probe it starts nothing more (`clientToken`).
    ///
    /// # Errors
    /// [`PortError`]; [`PortError::Throttled`] also where there is no room for them now.
    fn run_probe(
        &self,
        service: &ServiceKey,
        probe: &Probe,
    ) -> impl Future<Output = Result<u32, PortError>> + Send;

    /// The probe's tasks, those that have stopped within the hour too: ListTasks by `startedBy`, DescribeTasks.
    ///
    /// # Errors
    /// [`PortError`].
    fn witnesses(
        &self,
        service: &ServiceKey,
        probe: &Probe,
    ) -> impl Future<Output = Result<Vec<Witness>, PortError>> + Send;

    /// `StopTask` for each of the probe's tasks that is not stopped or stopping yet. How many there were: none is left
    /// once it answers 0.
    ///
    /// # Errors
    /// [`PortError`].
    fn stop_probe(
        &self,
        service: &ServiceKey,
        probe: &Probe,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;
}
