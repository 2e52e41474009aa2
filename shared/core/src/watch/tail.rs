//! The last lines of a container that failed: when they are wanted, where they are, what is shown of them.
//!
//! Two calls, and only where somebody is about to be told: the task definition says where the container logs, the log
//! stream has the lines. `decide` asks for them ([`Ask::Logs`](super::Ask)) before it writes the notice. Whatever keeps
//! them from being read is told in the notice, and keeps nobody from being told.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deciding::Deciding;
use crate::ledger::TaskStop;
use crate::name::{DeploymentId, Region, TaskArn, TaskDefinitionRevision};
use crate::notice::words;
use crate::port::{ContainerLog, LogLine, PortError};
use crate::redact::redact_lines;

/// Lines shown. More would hide the rest of a notice.
pub const LINES_SHOWN: usize = 10;

/// Lines read. A private key has up to 52 lines, and where its begin is not seen it could not be known for one.
pub const LINES_READ: u32 = 100;

/// Characters of a line that are shown; the whole of it is in the log.
pub const LINE_CHARS_MAX: usize = 300;

/// What is known of the logs.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Logs {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// There are none to ask for: a recording.
    Nowhere,
    /// As read, or why not.
    Read(LogTail),
}

/// Whose last lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsOf {
    /// The deployment that the incident is about.
    pub deployment: DeploymentId,
    /// Its newest failed task that ran.
    pub task: TaskArn,
    /// What that ran.
    pub revision: TaskDefinitionRevision,
    /// The container that failed; `None` where the stop names none: the first essential one then.
    pub container: Option<String>,
    /// Where the service is; logs elsewhere are not read.
    pub region: Option<Region>,
}

/// A log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The container's name.
    pub container: String,
    /// `awslogs-group`
    pub group: String,
    /// `awslogs-stream-prefix/container/task-id`
    pub stream: String,
}

/// What a container logged last, without secrets, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// Whose deployment's.
    pub deployment: DeploymentId,
    /// Which task's.
    pub task: TaskArn,
    /// Its container's name, where known.
    pub container: Option<String>,
    /// The log group, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its last lines.
    pub found: Found,
}

/// The lines, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// 1 to [`LINES_SHOWN`], oldest first.
    Lines(Vec<TailLine>),
    /// None, and why.
    Absent(Absence),
}

/// A line that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailLine {
    /// When it was logged.
    pub at: Timestamp,
    /// Redacted, at most [`LINE_CHARS_MAX`] characters, without control characters.
    pub text: String,
}

/// Why there are no lines. Its `Display` goes on a sentence about the container: `its log driver is splunk, which …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// `logDriver` is not `awslogs`.
    Driver(String),
    /// The container has no `logConfiguration`.
    NoDriver,
    /// There is no `awslogs-group`.
    NoGroup,
    /// There is no `awslogs-stream-prefix`: the stream is named by the container's id on its host (ECS developer guide,
    /// "Send Amazon ECS logs to CloudWatch").
    NoPrefix,
    /// `awslogs-region` is another.
    OtherRegion(String),
    /// ECS does not know the task definition, or it has no such container.
    NotDefined(TaskDefinitionRevision),
    /// CloudWatch Logs knows no such group, or no such stream in it.
    NoStream {
        /// The group.
        group: String,
        /// The stream.
        stream: String,
    },
    /// The stream is there, and nothing is in it.
    Empty,
    /// AWS said no.
    Refused {
        /// `GetLogEvents` or `DescribeTaskDefinition`
        call: String,
        /// AWS's error code.
        code: String,
    },
    /// AWS said "not now".
    Throttled {
        /// As above.
        call: String,
    },
    /// AWS did not answer in time, or not clearly.
    Unanswered {
        /// As above.
        call: String,
    },
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(driver) => {
                write!(f, "its log driver is {driver}, which Steady does not read")
            }
            Self::NoDriver => f.write_str("its task definition names no log driver"),
            Self::NoGroup => f.write_str("its logConfiguration names no awslogs-group"),
            Self::NoPrefix => f.write_str(
                "its logConfiguration has no awslogs-stream-prefix, so Steady cannot tell which log stream is its",
            ),
            Self::OtherRegion(region) => {
                write!(f, "its logs are in {region}, and Steady reads only those of its own region")
            }
            Self::NotDefined(revision) => {
                write!(f, "ECS does not describe it in task definition {revision} any more")
            }
            Self::NoStream { group, stream } => write!(
                f,
                "there is no log stream {stream} in {group}, or the log group is gone; perhaps nothing was logged"
            ),
            Self::Empty => f.write_str("nothing is in its log stream"),
            Self::Refused { call, code } => {
                let action = match call.as_str() {
                    "GetLogEvents" => "logs:GetLogEvents on its log group",
                    _ => "ecs:DescribeTaskDefinition",
                };
                write!(f, "AWS refused {call} ({code}); Steady's role needs {action}")
            }
            Self::Throttled { call } => write!(f, "AWS throttled {call}; read them by hand"),
            Self::Unanswered { call } => {
                write!(f, "{call} gave no answer in time; read them by hand")
            }
        }
    }
}

impl From<PortError> for Absence {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Throttled { call, .. } => Self::Throttled { call: call.to_owned() },
            PortError::Refused { call, code, .. } => Self::Refused { call: call.to_owned(), code },
            PortError::Unclear { call, .. } => Self::Unanswered { call: call.to_owned() },
        }
    }
}

impl LogsOf {
    /// Where the container logs, as its task definition says (`None`: ECS does not know it).
    ///
    /// # Errors
    /// Why no lines can be read.
    pub fn place(
        &self,
        defined: Result<Option<Vec<ContainerLog>>, PortError>,
    ) -> Result<Place, Absence> {
        let defined = defined?.unwrap_or_default();
        let container = match &self.container {
            Some(name) => defined.iter().find(|one| one.name == *name),
            None => defined.iter().find(|one| one.essential),
        };
        self.stream(container.ok_or_else(|| Absence::NotDefined(self.revision.clone()))?)
    }

    fn stream(&self, container: &ContainerLog) -> Result<Place, Absence> {
        match container.driver.as_deref() {
            Some("awslogs") => {}
            Some(other) => return Err(Absence::Driver(words::cut(other, 60))),
            None => return Err(Absence::NoDriver),
        }
        // On EC2 the region may be left out; it is the cluster's then.
        let elsewhere = |there: &&String| {
            self.region.as_ref().is_some_and(|here| here.as_str() != there.as_str())
        };
        if let Some(region) = container.region.as_ref().filter(elsewhere) {
            return Err(Absence::OtherRegion(words::cut(region, 60)));
        }
        let (name, group) = (container.name.clone(), container.group.clone());
        let group = group.ok_or(Absence::NoGroup)?;
        let prefix = container.stream_prefix.as_ref().ok_or(Absence::NoPrefix)?;
        let stream = format!("{prefix}/{name}/{}", self.task.id());
        Ok(Place { container: name, group, stream })
    }

    /// What is shown of the lines that were read (`None`: no such group or stream).
    pub fn tail(&self, place: &Place, read: Result<Option<Vec<LogLine>>, PortError>) -> LogTail {
        let found = match read {
            Err(error) => Found::Absent(error.into()),
            Ok(None) => Found::Absent(Absence::NoStream {
                group: place.group.clone(),
                stream: place.stream.clone(),
            }),
            Ok(Some(lines)) => match shown(&lines) {
                lines if lines.is_empty() => Found::Absent(Absence::Empty),
                lines => Found::Lines(lines),
            },
        };
        LogTail {
            container: Some(place.container.clone()),
            group: Some(place.group.clone()),
            found,
            ..self.absent(Absence::Empty)
        }
    }

    /// No lines, and why.
    pub fn absent(&self, why: Absence) -> LogTail {
        LogTail {
            deployment: self.deployment.clone(),
            task: self.task.clone(),
            container: self.container.clone(),
            group: None,
            found: Found::Absent(why),
        }
    }
}

/// The last lines with something in them, as they may be shown. A secret may go over several, so all that were read are
/// redacted together.
fn shown(events: &[LogLine]) -> Vec<TailLine> {
    let lines = events.iter().flat_map(|event| event.text.split('\n').map(|line| (event.at, line)));
    let (times, lines): (Vec<Timestamp>, Vec<&str>) = lines.unzip();
    let redacted = redact_lines(&lines).into_iter();
    let told = redacted.filter(|(_, line)| !line.trim().is_empty());
    let mut shown: Vec<TailLine> = told
        .rev()
        .take(LINES_SHOWN)
        .filter_map(|(at, line)| {
            let text = words::cut(line.trim_end(), LINE_CHARS_MAX);
            Some(TailLine { at: *times.get(at)?, text })
        })
        .collect();
    shown.reverse();
    shown
}

impl Deciding<'_> {
    /// Whose last lines have to be read before people are told: something opens or joins, or they are told again and no
    /// lines are known yet.
    pub(super) fn logs_wanted(&self) -> Option<LogsOf> {
        if self.logs != Logs::NotAsked {
            return None;
        }
        let turns = self.is_known() && self.key1_could_turn();
        let about = match self.untold_failure() {
            Some(failed) => failed,
            None if turns => self.current()?.0,
            None => {
                let incident = self.record.incident.as_ref()?;
                let told_again = [incident.next_escalation(), self.hold_ends()];
                let is_told = told_again.iter().flatten().any(|at| *at <= self.now);
                (is_told && incident.tail.is_none()).then(|| incident.about.clone())?
            }
        };
        self.logs_of(about)
    }

    fn logs_of(&self, deployment: DeploymentId) -> Option<LogsOf> {
        let causes = self.record.ledger.deployment(&deployment)?.causes();
        // What is not known yet names no container, or the wrong one.
        let cause =
            causes.into_iter().map(|(cause, ..)| cause).find(|cause| !cause.is_pending())?;
        let stops = self.record.ledger.stops_of(&deployment);
        let stop = stops.filter(|stop| stop.cause == cause && has_run(stop)).last()?;
        let revision = stop.revision.clone()?;
        let container = stop.telling_container().or(match stop.containers.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        Some(LogsOf {
            task: stop.task.clone(),
            revision,
            container: container.and_then(|it| it.name.as_deref().map(str::to_owned)),
            region: self.record.region.clone(),
            deployment,
        })
    }

    /// Keeps what was read with the incident, as long as it is about that deployment.
    pub(super) fn keep_tail(&mut self) {
        let Some(incident) = &mut self.record.incident else { return };
        if let Logs::Read(tail) = &self.logs {
            incident.tail = Some(tail.clone());
        }
        if incident.tail.as_ref().is_some_and(|tail| tail.deployment != incident.about) {
            incident.tail = None;
        }
    }
}

/// Whether the container that tells why it stopped can have logged: what was never pulled, made or started has not.
fn has_run(stop: &TaskStop) -> bool {
    let container = stop.telling_container();
    let reason = container.and_then(|container| container.reason.as_deref()).unwrap_or_default();
    let ended = container.is_some_and(|container| container.exit_code.is_some());
    !reason.starts_with("Cannot") && (ended || stop.started_at.is_some())
}
