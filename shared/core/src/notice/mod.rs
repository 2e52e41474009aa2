//! Every text that people are sent.
//!
//! A notice answers, in this order: what, since when, how bad, why, what Steady did or why it did nothing,
//! what you do now. Whoever is woken by it must be able to act on it alone.

mod by_hand;
mod compose;
mod life;
mod log_tail;
mod message;
mod overridden;
mod pause;
mod probing;
mod render;
mod scaling;
mod scaling_trouble;
mod standalone;
mod steps;
mod tails;
mod target;
mod together;
mod way_back;
mod witnesses_left;
pub mod words;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{NoticeFormat, Notify};
use crate::incident::{IncidentId, Resolution};
use crate::installation::Home;
use crate::name::{Account, Region, ServiceKey, TaskDefinitionRevision};
use crate::record::is_default;
use crate::stop::{Cause, Verdict};

pub use compose::of_incident;
pub(crate) use compose::severity;
pub use life::of_pause_hook;
pub use log_tail::LogTail;
pub use message::Message;
pub use overridden::{OverrideStage, of_override};
pub use pause::{PauseStage, of_pause};
pub use scaling::{of_held_scaling, of_refused_scaling, of_vanished_config};
pub use scaling_trouble::{TroubleStage, of_rejected_defaults, of_scaling_trouble};
pub use standalone::of_standalone_task;
pub use way_back::WayBack;
pub use witnesses_left::of_witnesses_left;

/// SNS takes subjects of less than 100 ASCII characters (Publish in the API reference).
pub const SUBJECT_MAX: usize = 99;

/// A notice for people, and for the machines behind them.
///
/// Its JSON is the `json` format; the fields here are its schema. What is `null` is not known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notice {
    /// `steady.notice/1`; the number grows when a field changes its meaning or goes.
    pub schema: &'static str,
    /// The version of Steady that wrote it: `0.1.0`. In the text it ends the last line.
    pub steady_version: &'static str,
    /// The same notice has the same id however often it is delivered (SNS is at least once).
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// What it tells: `opened`, `worsened`, `rollback-begun`, `rollback-under-way`, `rollback-refused`, `rollback-failed`,
    /// `rollback-unverified`, `grown`, `escalated`, `resolved`, `task-failed`, `hook-waiting`, `paused`, `still-paused`,
    /// `resumed`, `pause-over`, `override-set`, `override-soon-over`, `override-over`, `scaling-held`, `scaling-refused`,
    /// `config-vanished`.
    pub stage: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The incident's kind, or `standalone-task`, `pause-hook`, `pause`, `override` or `scaling`.
    pub kind: &'static str,
    /// The incident's id.
    pub incident: Option<IncidentId>,
    /// The account.
    pub account: Option<Account>,
    /// The region.
    pub region: Option<Region>,
    /// The cluster.
    pub cluster: Option<String>,
    /// The service, as `cluster/service`.
    pub service: Option<String>,
    /// The other services that share its cause, as `cluster/service`, in the order of their names; at most ten of them,
    /// and left out where there are none. In `resolved`: those for which it told and that are still in trouble.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceKey>,
    /// How many they are; left out where there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub services_count: usize,
    /// The family, for a task of no service.
    pub family: Option<String>,
    /// The config's team.
    pub team: Option<String>,
    /// The deployment it is about.
    pub deployment: Option<String>,
    /// The revision it is about.
    pub revision: Option<TaskDefinitionRevision>,
    /// The numbers behind it.
    pub figures: Option<Figures>,
    /// What ended most of the tasks.
    pub cause: Option<Cause>,
    /// Whom that speaks against.
    pub verdict: Option<Verdict>,
    /// At most [`SUBJECT_MAX`] ASCII characters.
    pub subject: String,
    /// What, in one or two sentences.
    pub summary: String,
    /// The rest, in the order in which it is read.
    pub sections: Vec<Section>,
    /// What the failing container logged last; told under `Why`. Left out where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<LogTail>,
    /// Where to send it; `None`: the account's default topic.
    pub topic: Option<String>,
    /// How the topic wants it.
    #[serde(skip)]
    pub format: NoticeFormat,
}

impl Notice {
    /// One that tells nothing yet, to be sent as `notify` says: what it is about is written over it.
    fn blank(severity: Severity, at: Timestamp, notify: &Notify) -> Self {
        Self {
            schema: "steady.notice/1",
            steady_version: crate::VERSION,
            id: String::new(),
            at,
            stage: "",
            severity,
            kind: "",
            incident: None,
            account: None,
            region: None,
            cluster: None,
            service: None,
            services: Vec::new(),
            services_count: 0,
            family: None,
            team: None,
            deployment: None,
            revision: None,
            figures: None,
            cause: None,
            verdict: None,
            subject: String::new(),
            summary: String::new(),
            sections: Vec::new(),
            log_tail: None,
            topic: notify.topic.clone(),
            format: notify.format,
        }
    }

    /// As told from there: account and region in the fields, and in words below `Since`.
    pub(crate) fn told_from(mut self, home: &Home) -> Self {
        self.account.clone_from(&home.account);
        self.region.clone_from(&home.region);
        if let Some(words) = home.words() {
            let at = self.sections.iter().position(|one| one.label == "Since");
            let at = at.map_or(0, |at| at.saturating_add(1));
            self.sections.insert(at, Section { label: "Where", lines: vec![words] });
        }
        self
    }
}

/// The numbers behind a notice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Running tasks of the service.
    pub running: Option<usize>,
    /// Its desired count.
    pub desired: Option<u32>,
    /// Starts of the revision in the present day of evidence.
    pub starts: u32,
    /// How many of them failed.
    pub failed_starts: u32,
    /// Crashes after that.
    pub crashes: u32,
    /// Key 1, as odds against 1.
    pub evidence: f64,
}

/// A label and its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// `Since`, `Where`, `How bad`, `Also`, `Why`, `Done`, `You`, `Links`, `Not now`
    pub label: &'static str,
    /// Its lines. Those of `You` are steps, and numbered when rendered.
    pub lines: Vec<String>,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Tasks of a service fail now, or are missing.
    Critical,
    /// Something failed that no service depends on, or whose service has the tasks that it needs; or what was critical is
    /// being mended, and nobody need do anything.
    Warning,
    /// It is over.
    Info,
}

impl Severity {
    /// As in the subject.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What about an incident is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It opened.
    Opened,
    /// Something graver has joined it.
    Worsened,
    /// A rollback has begun.
    RollbackBegun,
    /// It takes stages, and ECS goes through them.
    RollbackUnderWay(WayBack),
    /// A rollback that was announced does not come.
    RollbackRefused,
    /// A rollback was tried, and AWS did not do it.
    RollbackFailed,
    /// A rollback was done, and did not help.
    RollbackUnverified,
    /// Others have come to what it shares with them since people were told.
    Grown,
    /// It is still open.
    Escalated,
    /// It is over.
    Resolved(Resolution),
}

impl Stage {
    pub(crate) fn slug(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Worsened => "worsened",
            Self::RollbackBegun => "rollback-begun",
            Self::RollbackUnderWay(_) => "rollback-under-way",
            Self::RollbackRefused => "rollback-refused",
            Self::RollbackFailed => "rollback-failed",
            Self::RollbackUnverified => "rollback-unverified",
            Self::Grown => "grown",
            Self::Escalated => "escalated",
            Self::Resolved(_) => "resolved",
        }
    }
}

/// `[critical] prod/checkout: …`: severity and service first, the rest cut to what fits.
///
/// `tails` are tried in order; the first that fits is taken, else the last is cut.
fn subject(severity: Severity, who: &str, tails: &[String]) -> String {
    let ascii = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
    };
    // Names may have 511 characters together; the end of one tells more than its beginning.
    let who = ascii(who);
    let who = match who.len().checked_sub(60).and_then(|from| who.get(from + 3..)) {
        Some(end) if who.len() > 60 => format!("...{end}"),
        _ => who,
    };
    let head = format!("[{}] {who}: ", severity.slug());
    let room = SUBJECT_MAX.saturating_sub(head.len());
    let fitting = tails.iter().map(|tail| ascii(tail)).find(|tail| tail.len() <= room);
    let last = || words::cut(&ascii(tails.last().map_or("", String::as_str)), room);
    head + &fitting.unwrap_or_else(last)
}
