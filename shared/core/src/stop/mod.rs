//! Why a task stopped: a stop code, a few texts and exit codes in; verdict, cause and first fix out.
//!
//! ECS says why a task stopped in prose. [`classify`] reads that prose with one table of rows
//! (`rules.rs`: data, first match wins) and answers the only question that a rollback depends on:
//! does this stop speak against what was deployed?
//!
//! What it deliberately does not do: count, compare revisions, look at times, or remember. It
//! never guesses either: a text that no row knows is [`Verdict::Unknown`], and nothing acts on that.
//!
//! Flow: [`Stop`] → `Evidence` (texts normalised once, exit codes summed up) → rows → [`Classification`].
//! Start reading at `rules.rs`.

mod cause;
mod code;
mod evidence;
mod rule;
mod rules;
mod text;
mod words;

pub use cause::Cause;
pub use code::StopCode;

use serde::{Deserialize, Serialize};
use std::fmt;

use evidence::Evidence;
use rules::{EXIT_ROWS, RULES};

/// What a stop says about the revision that the task ran.
///
/// JSON and `Display` are the kebab-case word: `"revision"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Evidence against what was deployed: a crash, a failed health check, an image that is not there.
    Revision,
    /// Something around the task failed: capacity, network, registry, Spot, host, quota, permission.
    Environment,
    /// Wanted: scale-in, replacement, maintenance, somebody's `StopTask`.
    Benign,
    /// The text is known but does not decide; comparing with the previous revision can.
    Ambiguous,
    /// A text never seen before: reported, never acted on.
    Unknown,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Revision, Self::Environment, Self::Benign, Self::Ambiguous, Self::Unknown];

    /// The kebab-case word, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::Environment => "environment",
            Self::Benign => "benign",
            Self::Ambiguous => "ambiguous",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose task it was, from the `group` field of a task state change event.
///
/// It decides what exit code 0 means: a service whose main process ends is broken, a standalone
/// task whose main process ends has done its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    /// `service:NAME`: a task of a service.
    Service,
    /// `family:NAME`: a task started with `RunTask`, under the default group.
    Family,
    /// Any other text (callers of `RunTask` may set it freely), or no group at all.
    Other,
}

impl GroupKind {
    /// Reads the `group` field: `service:web`, `family:nightly`, anything else. `None` = absent.
    #[must_use]
    pub fn of(group: Option<&str>) -> Self {
        match group {
            Some(text) if text.starts_with("service:") => Self::Service,
            Some(text) if text.starts_with("family:") => Self::Family,
            _ => Self::Other,
        }
    }
}

/// How one container of the task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerEnd<'a> {
    /// `containers[].name`; `None` where the event lacks it. Not used to classify.
    pub name: Option<&'a str>,
    /// `containers[].exitCode`: 0 to 255 on Linux, up to 2^32 - 1 (or negative) on Windows.
    /// `None`: the container never ran, or the event came before the code was known.
    pub exit_code: Option<i64>,
    /// `containers[].reason`, such as `OutOfMemoryError: Container killed due to memory usage`.
    /// `None` or blank: the agent had nothing to say.
    pub reason: Option<&'a str>,
}

/// All that an event tells about why a task stopped. Every field can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop<'a> {
    /// `stopCode`; `None` in events before 2019 and in trimmed ones.
    pub stop_code: Option<&'a StopCode>,
    /// `stoppedReason`, prose by ECS, by the agent or (for `UserInitiated`) by the caller.
    pub stopped_reason: Option<&'a str>,
    /// `containers[]`, in the order of the event.
    pub containers: &'a [ContainerEnd<'a>],
    /// From `group`.
    pub group: GroupKind,
}

/// What [`classify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Classification {
    /// What the stop says about the revision.
    pub verdict: Verdict,
    /// Why it stopped; carries words and a first fix.
    pub cause: Cause,
    /// Index into [`Stop::containers`] of the container that tells why; `None` if the stop code or
    /// `stoppedReason` alone told it.
    pub container: Option<usize>,
    /// Where the row that matched has its knowledge from, for example an AWS docs page.
    pub rule: &'static str,
}

/// Classifies a stop. Total and pure: any input has an answer, equal inputs have equal answers.
///
/// ```
/// use steady_core::stop::{ContainerEnd, GroupKind, Stop, StopCode, Verdict, classify};
///
/// let app = ContainerEnd { name: Some("app"), exit_code: Some(1), reason: None };
/// let found = classify(&Stop {
///     stop_code: Some(&StopCode::EssentialContainerExited),
///     stopped_reason: Some("Essential container in task exited"),
///     containers: &[app],
///     group: GroupKind::Service,
/// });
/// assert_eq!(found.verdict, Verdict::Revision);
/// assert_eq!(found.cause.slug(), "exit-code");
/// assert_eq!(found.container, Some(0));
/// ```
#[must_use]
pub fn classify(stop: &Stop<'_>) -> Classification {
    classify_row(stop).1
}

/// As [`classify`], with the number of the row that matched: lets a test prove every row reachable.
#[doc(hidden)]
#[must_use]
pub fn classify_row(stop: &Stop<'_>) -> (usize, Classification) {
    let evidence = Evidence::of(stop);
    // A bare "Essential container in task exited", the commonest crash, is decided by its exit
    // codes; the rows on texts cannot match it and are not tried.
    let from = if evidence.is_bare_exit() { EXIT_ROWS } else { 0 };
    for (row, rule) in RULES.iter().enumerate().skip(from) {
        let Some(container) = rule.matches(&evidence) else {
            continue;
        };
        let verdict = match (stop.stop_code, rule.verdict) {
            // INVARIANT: a stop code that we do not know convicts nobody, whatever its text says.
            (Some(StopCode::Other(_)), Verdict::Revision) => Verdict::Unknown,
            (_, verdict) => verdict,
        };
        return (row, Classification { verdict, cause: rule.cause, container, rule: rule.source });
    }
    // The last row matches everything, so this is not reached; it keeps the function total.
    let none = Classification {
        verdict: Verdict::Unknown,
        cause: Cause::Unrecognised,
        container: None,
        rule: "no row",
    };
    (RULES.len(), none)
}

/// The verdict and cause of every row, in order: for tests that look at the table as a whole.
#[doc(hidden)]
pub fn rows() -> impl ExactSizeIterator<Item = (Verdict, Cause)> {
    RULES.iter().map(|rule| (rule.verdict, rule.cause))
}
