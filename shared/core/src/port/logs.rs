//! What containers have logged, and where.

use std::future::Future;

use jiff::Timestamp;

use super::PortError;
use crate::name::TaskDefinitionRevision;

/// A line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was logged, to the millisecond.
    pub at: Timestamp,
    /// As the container wrote it: nothing is redacted yet.
    pub text: String,
}

/// Where a container logs, as its task definition says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerLog {
    /// The container's name.
    pub name: String,
    /// `essential`; true where it is not said.
    pub essential: bool,
    /// `logConfiguration.logDriver`; `None` without a log configuration.
    pub driver: Option<String>,
    /// `awslogs-group`
    pub group: Option<String>,
    /// `awslogs-region`
    pub region: Option<String>,
    /// `awslogs-stream-prefix`
    pub stream_prefix: Option<String>,
}

/// Reads where containers log.
pub trait ReadLogOptions {
    /// Of each container of a task definition, in its order: DescribeTaskDefinition. `None` if ECS does not know it.
    ///
    /// # Errors
    /// [`PortError`]; within [`LOGS_TAKE`].
    fn container_logs(
        &self,
        revision: &TaskDefinitionRevision,
    ) -> impl Future<Output = Result<Option<Vec<ContainerLog>>, PortError>> + Send;
}

/// Longest that an adapter may take for a question about logs. People wait for the notice meanwhile.
pub const LOGS_TAKE: std::time::Duration = std::time::Duration::from_secs(2);

/// Reads the logs of containers.
pub trait ReadLogs {
    /// The last `lines` (1 to 10,000) of a log stream, oldest first; `None` if there is no such group or stream.
    ///
    /// # Errors
    /// [`PortError`]; within [`LOGS_TAKE`].
    fn tail(
        &self,
        group: &str,
        stream: &str,
        lines: u32,
    ) -> impl Future<Output = Result<Option<Vec<LogLine>>, PortError>> + Send;
}
