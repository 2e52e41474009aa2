//! What is counted of what the functions do: the metrics, by name, and what of a turn goes into them.
//!
//! Each pair of a metric and its dimension's value is a custom metric, which CloudWatch charges for by the month in which it
//! occurs. So there is none by cluster or service: that is what the logs are for, where each decision is a line of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::event::Event;
use crate::incident::{IncidentKind, Resolution};
use crate::report::{Entry, What};
use crate::rollback::Reason;
use crate::scaling::ScalingTaken;
use crate::stop::Verdict;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Steady";

/// The dimension that all metrics have: the stack's name, so that two installations in an account are told apart.
pub const STACK: &str = "Stack";

/// A metric. Its series is named by [`NAMESPACE`], its name, [`STACK`], and its own dimension if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Tasks whose stop was heard of first, by [`Verdict`].
    Stops,
    /// Incidents that opened, by [`IncidentKind`].
    IncidentsOpened,
    /// What became of rollbacks: `begun` (ECS took the call), `verified` (it helped; of one of ECS's own too), `unverified`
    /// (it was done and did not help), `failed` (decided and not done), `refused` (looked at and not decided).
    Rollbacks,
    /// Objects of Application Auto Scaling and CloudWatch that were written or deleted.
    PlanWrites,
    /// From the time that ECS's event names to the turn that decides upon it. Event times have whole seconds, so it is up to a
    /// second too long. An event that comes again, because its turn could not be finished, counts again.
    EventLag,
    /// Attempts that AWS throttled, those that the SDK repeated among them, by the service: `ecs`, `dynamodb`, …
    Throttles,
    /// Messages that go back to their queue, by the function: `watch`, `alarm`, `scale`.
    MessagesFailed,
}

/// What a metric's values are, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `Count`
    Count,
    /// `Milliseconds`
    Milliseconds,
}

impl Metric {
    /// All of them, in the order of this list.
    pub const ALL: [Self; 7] = [
        Self::Stops,
        Self::IncidentsOpened,
        Self::Rollbacks,
        Self::PlanWrites,
        Self::EventLag,
        Self::Throttles,
        Self::MessagesFailed,
    ];

    /// As in CloudWatch: `Stops`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stops => "Stops",
            Self::IncidentsOpened => "IncidentsOpened",
            Self::Rollbacks => "Rollbacks",
            Self::PlanWrites => "PlanWrites",
            Self::EventLag => "EventLag",
            Self::Throttles => "Throttles",
            Self::MessagesFailed => "MessagesFailed",
        }
    }

    /// What it is told apart by, beside [`STACK`].
    pub fn dimension(self) -> Option<&'static str> {
        match self {
            Self::Stops => Some("Verdict"),
            Self::IncidentsOpened => Some("Kind"),
            Self::Rollbacks => Some("Outcome"),
            Self::Throttles => Some("Service"),
            Self::MessagesFailed => Some("Function"),
            Self::PlanWrites | Self::EventLag => None,
        }
    }

    /// The values of [`Self::dimension`], all that there are; none where it has no dimension.
    pub fn values(self) -> Vec<&'static str> {
        match self {
            Self::Stops => Verdict::ALL.map(Verdict::as_str).to_vec(),
            Self::IncidentsOpened => IncidentKind::ALL.map(IncidentKind::slug).to_vec(),
            Self::Rollbacks => vec!["begun", "verified", "unverified", "failed", "refused"],
            // Those of the SDK's crates by which Steady calls: `aws-sdk-…`.
            Self::Throttles => vec![
                "ecs",
                "dynamodb",
                "ssm",
                "sns",
                "applicationautoscaling",
                "cloudwatch",
                "cloudwatchlogs",
            ],
            Self::MessagesFailed => vec!["watch", "alarm", "scale"],
            Self::PlanWrites | Self::EventLag => Vec::new(),
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Self::EventLag => Unit::Milliseconds,
            _ => Unit::Count,
        }
    }
}

/// What was counted, of a turn or of an invocation.
///
/// ```
/// use steady_core::tally::{Metric, Tally};
/// let mut tally = Tally::default();
/// tally.add(Metric::Throttles, Some("ecs"), 2);
/// tally.add(Metric::PlanWrites, None, 0);
/// assert_eq!(tally.counts().collect::<Vec<_>>(), [(Metric::Throttles, Some("ecs"), 2)]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By metric and its dimension's value; none is 0.
    counts: BTreeMap<(Metric, Option<&'static str>), u64>,
    event_lags_ms: Vec<u64>,
}

impl Tally {
    /// What came in, as it is decided upon at `now`. What the slow pass has made of what ECS tells is no event of ECS's: it has
    /// no id, and no lag.
    pub fn of_events(events: &[Event], now: Timestamp) -> Self {
        let events = events.iter().filter(|event| event.id.is_some());
        let lags = events.filter_map(|event| {
            let lag = now.duration_since(event.time?).as_millis();
            Some(u64::try_from(lag).unwrap_or(0))
        });
        Self { event_lags_ms: lags.collect(), ..Self::default() }
    }

    /// What has happened in a turn.
    pub fn of_entries(entries: &[Entry]) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            match &entry.what {
                What::Stop(stop) => tally.add(Metric::Stops, Some(stop.verdict.as_str()), 1),
                What::Opened(_) => {
                    let kind = entry.incident.map(|kind| kind.slug());
                    tally.add(Metric::IncidentsOpened, kind, 1);
                }
                what => {
                    if let Some(outcome) = outcome(what) {
                        tally.add(Metric::Rollbacks, Some(outcome), 1);
                    }
                }
            }
        }
        tally
    }

    /// What a turn has done at a service's scaling.
    pub fn of_scaling(taken: &ScalingTaken) -> Self {
        let mut tally = Self::of_entries(&taken.entries);
        tally.add(Metric::PlanWrites, None, taken.done.len());
        tally
    }

    /// Counts `times` more of it, under the value of the metric's dimension. Nothing is nothing.
    pub fn add(&mut self, metric: Metric, value: Option<&'static str>, times: usize) {
        if let Ok(times @ 1..) = u64::try_from(times) {
            let count = self.counts.entry((metric, value)).or_default();
            *count = count.saturating_add(times);
        }
    }

    /// Takes another one in.
    pub fn merge(&mut self, other: Self) {
        for ((metric, value), times) in other.counts {
            let count = self.counts.entry((metric, value)).or_default();
            *count = count.saturating_add(times);
        }
        self.event_lags_ms.extend(other.event_lags_ms);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.event_lags_ms.is_empty()
    }

    /// What was counted, with the value of its dimension: in the order of [`Metric`], none of it 0.
    pub fn counts(&self) -> impl Iterator<Item = (Metric, Option<&'static str>, u64)> + '_ {
        self.counts.iter().map(|((metric, value), times)| (*metric, *value, *times))
    }

    /// The values of [`Metric::EventLag`], in milliseconds: one for each event.
    pub fn event_lags_ms(&self) -> &[u64] {
        &self.event_lags_ms
    }
}

/// What became of a rollback.
fn outcome(what: &What) -> Option<&'static str> {
    match what {
        What::Begun(_) => Some("begun"),
        What::Resolved(Resolution::RollbackVerified { .. }) => Some("verified"),
        What::Failed(_, Reason::Unverified(_)) => Some("unverified"),
        What::Failed(_, Reason::Guard(_) | Reason::Aws(_)) => Some("failed"),
        What::Refused(_) | What::OrderRefused(_) => Some("refused"),
        _ => None,
    }
}
