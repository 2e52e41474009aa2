//! What adapters implement. Reading and writing are apart: code that holds only a reader cannot change anything.

use jiff::Timestamp;

use crate::name::{DeploymentId, ServiceKey, TaskArn, TaskDefinitionRevision};

/// A task that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningTask {
    /// Which.
    pub task: TaskArn,
    /// `startedBy`
    pub deployment: Option<DeploymentId>,
    /// `taskDefinitionArn` as `family:revision`
    pub revision: Option<TaskDefinitionRevision>,
    /// `startedAt`
    pub started_at: Timestamp,
}

/// A service's running tasks, as read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningTasks {
    /// The service's `desiredCount`; `None` where the reader cannot know it (a recording).
    pub desired_count: Option<u32>,
    /// All its tasks with `lastStatus` and `desiredStatus` RUNNING, of every deployment.
    pub tasks: Vec<RunningTask>,
}

/// Reads what runs. In the account that is ListTasks with DescribeTasks and DescribeServices; `steady replay`
/// reads the recorded events instead.
pub trait ReadRunningTasks {
    /// # Errors
    /// A text that says why it cannot be told (throttled, denied, timed out). Not being able to tell is not
    /// failure: nothing is decided on it.
    fn running_tasks(&mut self, service: &ServiceKey) -> Result<RunningTasks, String>;
}
