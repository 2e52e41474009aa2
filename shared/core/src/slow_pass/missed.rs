//! What a record does not know of its service, as events.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Body, DeploymentEvent, DeploymentEventName, Event};
use crate::ledger::Ledger;
use crate::name::{ServiceKey, TaskArn};
use crate::port::{RolloutState, StandingDeployment, StandingService, StoppedTask};
use crate::record::Record;

/// What is younger is not missed yet: its event may be on its way, or in a queue's next batch.
pub const EVENTS_TAKE: SignedDuration = SignedDuration::from_mins(5);

/// So many stopped tasks of a service have to be unknown before they are described: with fewer no incident opens
/// ([`crate::evidence::FAILED_TASKS_MIN`]), and one or two may be on their way. Of a service that looks ill one is enough.
pub const UNKNOWN_STOPS_MIN: usize = crate::evidence::FAILED_TASKS_MIN as usize;

/// What events have not told of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed {
    /// Whose.
    pub service: ServiceKey,
    /// As events, for its turn; at least one.
    pub events: Vec<Event>,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stops = self.events.iter().filter(|event| matches!(event.body, Body::Task(_))).count();
        let deployments = self.events.len() - stops;
        let plural =
            |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let words = match (stops, deployments) {
            (stops, 0) => plural(stops, "stop"),
            (0, steps) => plural(steps, "step") + " of a deployment",
            (stops, steps) => {
                format!("{} and {} of a deployment", plural(stops, "stop"), plural(steps, "step"))
            }
        };
        write!(f, "{words} that no event has told, read from ECS")
    }
}

/// Which of the `stopped` tasks to describe: those that the record does not know, if they are enough to matter.
///
/// Every service's stopped tasks are listed, those of healthy-looking ones too: a service whose tasks are killed for
/// memory again and again reports a steady state, `failedTasks` 0 and all tasks running most of the time.
pub fn stops_to_describe(
    record: &Record,
    seen: &StandingService,
    stopped: Vec<TaskArn>,
) -> Vec<TaskArn> {
    let unknown: Vec<TaskArn> =
        stopped.into_iter().filter(|task| !record.ledger.has_stopped(task)).collect();
    let enough = if looks_ill(seen) { 1 } else { UNKNOWN_STOPS_MIN };
    if unknown.len() < enough { Vec::new() } else { unknown }
}

/// Whether DescribeServices alone gives cause to look closer: fewer tasks than wanted, failures in a row, or a
/// deployment given up.
fn looks_ill(seen: &StandingService) -> bool {
    let failing = seen.primary.as_ref().is_some_and(|primary| {
        primary.failed_tasks > 0 || primary.rollout_state == Some(RolloutState::Failed)
    });
    failing || seen.running_count < seen.desired_count
}

/// What the record does not know, as the events that would have told it: how its PRIMARY deployment stands, and the
/// tasks that have stopped.
pub fn events_of(
    record: &Record,
    seen: &StandingService,
    stopped: Vec<StoppedTask>,
    now: Timestamp,
) -> Vec<Event> {
    let event = |time: Timestamp, body: Body| Event {
        id: None,
        time: Some(time),
        account: seen.account.clone(),
        region: seen.region.clone(),
        body,
    };
    let steps = seen.primary.iter().flat_map(|primary| {
        let tell = |(time, name): (Timestamp, DeploymentEventName)| {
            let told = DeploymentEvent {
                service: Some(seen.service.clone()),
                deployment: primary.id.clone(),
                name,
                reason: primary.reason.as_deref().map(Into::into),
            };
            event(time, Body::Deployment(told))
        };
        steps(&record.ledger, primary, now).into_iter().map(tell).collect::<Vec<_>>()
    });
    let stops = stopped.into_iter().map(|one| {
        let task = one.task;
        let ended = one.stopped_at.or(task.stopping_at).or(task.execution_stopped_at);
        event(ended.unwrap_or(now).min(now), Body::Task(Box::new(task)))
    });
    steps.chain(stops).collect()
}

/// The steps of PRIMARY that the ledger does not know. What is not older than [`EVENTS_TAKE`] is left for the next hour.
fn steps(
    ledger: &Ledger,
    primary: &StandingDeployment,
    now: Timestamp,
) -> Vec<(Timestamp, DeploymentEventName)> {
    let (Some(state), Some(created)) = (primary.rollout_state, primary.created_at) else {
        return Vec::new();
    };
    let is_old = |at: Timestamp| now.duration_since(at) >= EVENTS_TAKE;
    let updated = primary.updated_at.unwrap_or(created).max(created);
    let mut steps = Vec::new();
    let current = ledger.current();
    let known = current.filter(|(id, known)| **id == primary.id && known.begin_told());
    let known = known.map(|(_, known)| known);
    let (began, is_new) = match known {
        // ECS begins a deployment again when it rolls back to it.
        Some(known) if state == RolloutState::InProgress => match known.completed() {
            Some(done) if is_old(done) => (updated.max(after(done)), true),
            _ => (known.began(), false),
        },
        Some(known) => (known.began(), false),
        None => {
            let other =
                current.filter(|(id, _)| **id != primary.id).map(|(_, other)| other.began());
            // One that is older than what the record takes for current was begun again, after that.
            let began = match other {
                Some(other) if created <= other => updated.max(after(other)),
                _ => created,
            };
            (began, true)
        }
    };
    if !is_old(began) {
        return Vec::new();
    }
    if is_new {
        steps.push((began, DeploymentEventName::InProgress));
    }
    let ended = updated.max(began);
    let is_known = |end: fn(&crate::ledger::Deployment) -> Option<Timestamp>| {
        !is_new && known.is_some_and(|known| end(known).is_some())
    };
    let (name, is_known) = match state {
        RolloutState::InProgress => return steps,
        RolloutState::Completed => {
            (DeploymentEventName::Completed, is_known(crate::ledger::Deployment::completed))
        }
        RolloutState::Failed => {
            (DeploymentEventName::Failed, is_known(crate::ledger::Deployment::failed))
        }
    };
    if !is_known && is_old(ended) {
        steps.push((ended, name));
    }
    steps
}

/// Events have whole seconds: the next one.
fn after(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at)
}
