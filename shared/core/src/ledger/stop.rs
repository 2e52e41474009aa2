//! One task's end.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Container, Owner, TaskEvent, TaskStatus};
use crate::evidence::{HEALTH_CHECK_TRIAL, TRIAL};
use crate::name::{DeploymentId, TaskArn, TaskDefinitionRevision};
use crate::stop::{self, Cause, Classification, ContainerEnd, GroupKind, StopCode, Verdict};

/// One task's end, with everything that its events have told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskStop {
    /// Which task.
    pub task: TaskArn,
    /// `startedBy`; `None` if the task was not started by a service's scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// What it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<TaskDefinitionRevision>,
    /// `createdAt`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// `startedAt`; `None` if it never reached RUNNING.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// `stoppingAt`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopping_at: Option<Timestamp>,
    /// `executionStoppedAt`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_stopped_at: Option<Timestamp>,
    /// Time of the earliest event that told of the stop.
    pub told_at: Timestamp,
    /// `stopCode`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_code: Option<StopCode>,
    /// `stoppedReason`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<Arc<str>>,
    /// `containers`
    pub containers: Vec<Container>,
    /// Whom the stop speaks against.
    pub verdict: Verdict,
    /// Why the task ended.
    pub cause: Cause,
    /// Index in [`Self::containers`] of the one that tells why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<usize>,
    /// Whether it has been told: once its cause is known, or its last event has come.
    pub(crate) is_told: bool,
    /// Whether it belongs to a service, a family, or neither.
    group: GroupKind,
}

impl TaskStop {
    /// From an event that tells of a stop.
    pub fn new(event: &TaskEvent, told_at: Timestamp) -> Self {
        let group = match event.owner {
            Owner::Service(_) => GroupKind::Service,
            Owner::Standalone(_) => GroupKind::Family,
            Owner::Unknown => GroupKind::Other,
        };
        let mut stop = Self {
            task: event.task.clone(),
            deployment: event.deployment.clone(),
            revision: event.revision.clone(),
            created_at: event.created_at,
            started_at: event.started_at,
            stopping_at: event.stopping_at,
            execution_stopped_at: event.execution_stopped_at,
            told_at,
            stop_code: event.stop_code.clone(),
            stopped_reason: event.stopped_reason.clone(),
            containers: event.containers.clone(),
            verdict: Verdict::Unknown,
            cause: Cause::Unrecognised,
            container: None,
            is_told: event.last_status >= TaskStatus::Stopped,
            group,
        };
        stop.containers.sort_by(|a, b| a.name.cmp(&b.name));
        stop.classify();
        stop
    }

    /// Adds what `news`, another event of the same stop, knows more. What is known already stays, so the
    /// order in which events of one task come does not matter.
    pub(super) fn merge(&mut self, news: &Self) {
        fn fill<T: Clone>(known: &mut Option<T>, news: &Option<T>) {
            if known.is_none() {
                known.clone_from(news);
            }
        }
        fill(&mut self.deployment, &news.deployment);
        fill(&mut self.revision, &news.revision);
        fill(&mut self.created_at, &news.created_at);
        fill(&mut self.started_at, &news.started_at);
        fill(&mut self.stopping_at, &news.stopping_at);
        fill(&mut self.execution_stopped_at, &news.execution_stopped_at);
        fill(&mut self.stop_code, &news.stop_code);
        fill(&mut self.stopped_reason, &news.stopped_reason);
        self.is_told |= news.is_told;
        self.told_at = self.told_at.min(news.told_at);
        for container in &news.containers {
            match self.containers.iter_mut().find(|known| known.name == container.name) {
                Some(known) => {
                    fill(&mut known.exit_code, &container.exit_code);
                    fill(&mut known.reason, &container.reason);
                }
                None => self.containers.push(container.clone()),
            }
        }
        self.containers.sort_by(|a, b| a.name.cmp(&b.name));
        self.classify();
    }

    /// Whether `news`, another event of the same stop, knows something that this does not.
    pub(super) fn lacks(&self, news: &Self) -> bool {
        fn fills<T>(known: &Option<T>, news: &Option<T>) -> bool {
            known.is_none() && news.is_some()
        }
        let container = |new: &Container| {
            let known = self.containers.iter().find(|known| known.name == new.name);
            known.is_none_or(|known| {
                fills(&known.exit_code, &new.exit_code) || fills(&known.reason, &new.reason)
            })
        };
        fills(&self.deployment, &news.deployment)
            || fills(&self.revision, &news.revision)
            || fills(&self.created_at, &news.created_at)
            || fills(&self.started_at, &news.started_at)
            || fills(&self.stopping_at, &news.stopping_at)
            || fills(&self.execution_stopped_at, &news.execution_stopped_at)
            || fills(&self.stop_code, &news.stop_code)
            || fills(&self.stopped_reason, &news.stopped_reason)
            || news.told_at < self.told_at
            || (news.is_told && !self.is_told)
            || news.containers.iter().any(container)
    }

    fn classify(&mut self) {
        let containers: Vec<ContainerEnd<'_>> =
            self.containers.iter().map(Container::end).collect();
        let Classification { verdict, cause, container, .. } = stop::classify(&stop::Stop {
            stop_code: self.stop_code.as_ref(),
            stopped_reason: self.stopped_reason.as_deref(),
            containers: &containers,
            group: self.group,
        });
        (self.verdict, self.cause, self.container) = (verdict, cause, container);
        self.is_told |= !cause.is_pending();
    }

    /// When the task ended: `stoppingAt`, else `executionStoppedAt`, else the event's time, never before
    /// `startedAt`.
    pub fn ended_at(&self) -> Timestamp {
        let ended = self.stopping_at.or(self.execution_stopped_at).unwrap_or(self.told_at);
        self.started_at.map_or(ended, |started| ended.max(started))
    }

    /// How long the task was in the state RUNNING; `None` if it never was.
    pub fn lived(&self) -> Option<SignedDuration> {
        Some(self.ended_at().duration_since(self.started_at?))
    }

    /// How long its process ran, for people: up to `executionStoppedAt` (the process's end) where that is
    /// earlier than `stoppingAt`, clamped at zero.
    pub fn ran(&self) -> Option<SignedDuration> {
        let ended = self.ended_at().min(self.execution_stopped_at.unwrap_or(Timestamp::MAX));
        Some(ended.duration_since(self.started_at?).max(SignedDuration::ZERO))
    }

    /// Whether it speaks against the revision.
    pub fn blames_revision(&self) -> bool {
        self.verdict == Verdict::Revision
    }

    /// Whether it fails its start: by the revision's fault within [`TRIAL`] of `startedAt` or before it ran at
    /// all, or for failed health checks within [`HEALTH_CHECK_TRIAL`].
    pub fn fails_start(&self) -> bool {
        let trial = if self.cause.is_health_check() { HEALTH_CHECK_TRIAL } else { TRIAL };
        self.blames_revision() && self.lived().is_none_or(|lived| lived < trial)
    }

    /// Whether its start passed: it lived through [`TRIAL`], whatever ended it then.
    pub fn passes_start(&self) -> bool {
        !self.fails_start() && self.lived().is_some_and(|lived| lived >= TRIAL)
    }

    /// The container that tells why the task ended.
    pub fn telling_container(&self) -> Option<&Container> {
        self.containers.get(self.container?)
    }

    pub(super) fn by_end(&self, other: &Self) -> Ordering {
        (self.ended_at(), &self.task).cmp(&(other.ended_at(), &other.task))
    }
}
