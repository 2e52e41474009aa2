//! What each revision of a service has done: every stop counted once, by deployment.
//!
//! Keyed by deployment, since `force-new-deployment` and changes of the network alone share a task definition.
//! The counts need no RUNNING events: a task that ended has told its start and its run time in its stop event
//! (benign ones too), and tasks still running are read when it matters ([`crate::port`]).
//!
//! // INVARIANT: a stop counts once. It is keyed by its task; repeated, late and reordered events change
//! nothing but what they add in detail, and then the stop's old share is taken out before the new one goes in.

mod deployment;
mod stop;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use deployment::Deployment;
pub use stop::TaskStop;

use crate::event::{DeploymentEvent, DeploymentEventName, TaskEvent};
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::port::RunningTask;

/// Stops kept in full. What a notice shows comes from them; 50 fill about 40 KB of the record's second item.
pub const STOPS_KEPT: usize = 50;

/// Stops kept while their cause is still to come, for the minute that it takes.
const PENDING_KEPT: usize = 1_000;

/// Tasks remembered as stopped. More would outgrow DynamoDB's 400 KB item; a service that stops more than
/// 5,000 tasks in a day loses only the power to tell very late repeats.
pub const TASKS_REMEMBERED: usize = 5_000;

/// How long a stopped task is remembered. EventBridge retries a delivery for up to 24 h by default.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Deployments kept. Proven revisions are listed apart, so older ones have nothing left to say.
pub const DEPLOYMENTS_KEPT: usize = 10;

/// Proven revisions kept.
pub const PROVEN_KEPT: usize = 5;

/// What a service's deployments have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    deployments: BTreeMap<DeploymentId, Deployment>,
    /// The newest [`STOPS_KEPT`] by end.
    stops: Vec<TaskStop>,
    /// Hash of each task that stopped, with its end in seconds since 1970.
    remembered: BTreeMap<u64, i64>,
    /// Stops that ended before this (seconds since 1970) are no longer told from repeats, and are ignored.
    forgotten_before: i64,
    proven: Vec<Proven>,
    bad: Vec<TaskDefinitionRevision>,
}

/// A revision that completed its deployment and behaved through its soak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// What a rollback goes to.
    pub revision: TaskDefinitionRevision,
    /// The deployment that proved it.
    pub deployment: DeploymentId,
    /// When its soak ended.
    pub at: Timestamp,
}

/// What a stop's event changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Absorbed {
    /// A stop whose cause is known now: to be told.
    New(Box<TaskStop>),
    /// The first word of a stop, which does not name its cause yet (behind a load balancer exit codes come up to
    /// a minute later); or something added to a stop that has been told.
    Detail,
    /// A known stop, nothing new.
    Repeat,
    /// Ended too long ago to be told from a repeat; ignored.
    TooOld(Box<TaskStop>),
}

impl Ledger {
    /// Takes in an event that tells of a stop ([`TaskEvent::tells_of_stop`]) of this service's task.
    /// `told_at` is the event's time.
    pub fn absorb_stop(&mut self, event: &TaskEvent, told_at: Timestamp) -> Absorbed {
        let hash = event.task.hash64();
        if self.remembered.contains_key(&hash) {
            return self.absorb_detail(event, told_at);
        }
        let stop = TaskStop::new(event, told_at);
        if stop.ended_at().as_second() < self.forgotten_before {
            return Absorbed::TooOld(Box::new(stop));
        }
        self.remember(hash, stop.ended_at());
        if let Some(deployment) = self.deployment_of(&stop) {
            deployment.add(&stop);
        }
        self.keep(stop.clone());
        if stop.is_told { Absorbed::New(Box::new(stop)) } else { Absorbed::Detail }
    }

    fn absorb_detail(&mut self, event: &TaskEvent, told_at: Timestamp) -> Absorbed {
        // Events of one task come close together, so it is among the newest.
        let known = self.stops.iter_mut().rev().find(|known| known.task == event.task);
        let Some(known) = known else { return Absorbed::Repeat };
        let news = TaskStop::new(event, told_at);
        if !known.lacks(&news) {
            return Absorbed::Repeat;
        }
        let before = known.clone();
        known.merge(&news);
        let after = known.clone();
        if let Some(deployment) = self.deployment_of(&before) {
            deployment.take_out(&before);
        }
        if let Some(deployment) = self.deployment_of(&after) {
            deployment.add(&after);
        }
        self.stops.sort_by(TaskStop::by_end);
        let told_now = after.is_told && !before.is_told;
        if told_now { Absorbed::New(Box::new(after)) } else { Absorbed::Detail }
    }

    /// The stop's deployment, made if it is the first word of it. `None` where the stop names none: it is
    /// reported, and blamed on nobody.
    fn deployment_of(&mut self, stop: &TaskStop) -> Option<&mut Deployment> {
        let id = stop.deployment.clone()?;
        self.make_room_for(&id);
        let first_seen = stop.created_at.or(stop.started_at).unwrap_or_else(|| stop.ended_at());
        let deployment =
            self.deployments.entry(id).or_insert_with(|| Deployment::seen_at(first_seen));
        deployment.learn(stop.revision.as_ref(), Some(first_seen));
        Some(deployment)
    }

    /// Learns from a task that runs that its deployment exists, and which revision that carries.
    pub(crate) fn absorb_running(&mut self, task: &RunningTask) {
        let Some(id) = task.deployment.clone() else {
            return;
        };
        self.make_room_for(&id);
        let deployment =
            self.deployments.entry(id).or_insert_with(|| Deployment::seen_at(task.started_at));
        deployment.learn(task.revision.as_ref(), Some(task.started_at));
    }

    /// Takes in a deployment's event of time `at`.
    pub fn absorb_deployment(&mut self, event: &DeploymentEvent, at: Timestamp) {
        if matches!(event.name, DeploymentEventName::Other(_)) {
            return;
        }
        self.make_room_for(&event.deployment);
        let current = self.current().map(|(id, _)| id.clone());
        let replaces = current.filter(|id| *id != event.deployment);
        let deployment = self
            .deployments
            .entry(event.deployment.clone())
            .or_insert_with(|| Deployment::seen_at(at));
        match event.name {
            DeploymentEventName::InProgress => {
                deployment.begin(at, event.is_native_rollback(), replaces);
            }
            DeploymentEventName::Completed => deployment.complete(at),
            DeploymentEventName::Failed => deployment.fail(at, event.reason.clone()),
            DeploymentEventName::Other(_) => {}
        }
    }

    fn make_room_for(&mut self, id: &DeploymentId) {
        if self.deployments.contains_key(id) || self.deployments.len() < DEPLOYMENTS_KEPT {
            return;
        }
        let oldest =
            self.deployments.iter().min_by_key(|(id, deployment)| (deployment.began(), *id));
        if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
            self.deployments.remove(&oldest);
        }
    }

    fn keep(&mut self, stop: TaskStop) {
        let at = self.stops.partition_point(|known| known.by_end(&stop).is_le());
        self.stops.insert(at, stop);
        if self.stops.len() > STOPS_KEPT {
            // Those whose cause is still to come go last: a mass crash is told in pieces.
            let told = self.stops.iter().position(|stop| stop.is_told);
            if told.is_some() || self.stops.len() > PENDING_KEPT {
                self.stops.remove(told.unwrap_or(0));
            }
        }
    }

    fn remember(&mut self, hash: u64, ended_at: Timestamp) {
        self.remembered.insert(hash, ended_at.as_second());
        // Sorting for each stop would cost more than the slack.
        if self.remembered.len() > TASKS_REMEMBERED + TASKS_REMEMBERED / 10 {
            let mut ends: Vec<i64> = self.remembered.values().copied().collect();
            ends.sort_unstable();
            let cut = ends.len().saturating_sub(TASKS_REMEMBERED);
            if let Some(oldest_kept) = ends.get(cut) {
                // Where all of them stopped in one second, that second goes whole.
                let nothing_older = ends.first() == Some(oldest_kept);
                self.forget_before(oldest_kept.saturating_add(i64::from(nothing_older)));
            }
        }
    }

    /// Forgets tasks that stopped more than [`REMEMBERED_FOR`] before `now`.
    pub fn forget_old(&mut self, now: Timestamp) {
        let before = now.as_second().saturating_sub(REMEMBERED_FOR.as_secs());
        // An hour of slack, so that a busy service does not sweep its thousands of hashes at each event.
        if before > self.forgotten_before.saturating_add(3600) {
            self.forget_before(before);
        }
    }

    fn forget_before(&mut self, second: i64) {
        self.forgotten_before = self.forgotten_before.max(second);
        let from = self.forgotten_before;
        self.remembered.retain(|_, ended| *ended >= from);
    }

    /// The deployment that is meant to stand: whose failures open incidents.
    ///
    /// The one whose begin was told last. One whose begin was never told (lost, or before the recording)
    /// counts as newer only if its first task was made after that one had completed: until then the old
    /// deployment still replaces its own tasks.
    pub fn current(&self) -> Option<(&DeploymentId, &Deployment)> {
        let latest = |told: bool| {
            self.deployments
                .iter()
                .filter(move |(_, deployment)| deployment.begin_told() == told)
                .max_by_key(|(id, deployment)| (deployment.began(), *id))
        };
        match (latest(true), latest(false)) {
            (Some(told), Some(untold)) => {
                let after = told.1.completed().is_some_and(|done| untold.1.began() > done);
                Some(if after { untold } else { told })
            }
            (told, untold) => told.or(untold),
        }
    }

    /// A deployment by its id.
    pub fn deployment(&self, id: &DeploymentId) -> Option<&Deployment> {
        self.deployments.get(id)
    }

    /// As [`Self::deployment`], to note down decisions.
    pub(crate) fn deployment_mut(&mut self, id: &DeploymentId) -> Option<&mut Deployment> {
        self.deployments.get_mut(id)
    }

    /// All deployments known.
    pub fn deployments(&self) -> impl Iterator<Item = (&DeploymentId, &Deployment)> {
        self.deployments.iter()
    }

    /// The deployment that `id` is compared with: the one that it replaced, or else the newest that began before
    /// it; never one that is known as bad, that ECS gave up or that an incident was about.
    pub fn replaced_by(&self, id: &DeploymentId) -> Option<(&DeploymentId, &Deployment)> {
        let this = self.deployments.get(id)?;
        let good = |(_, other): &(&DeploymentId, &Deployment)| {
            let is_bad = other.revision().is_some_and(|revision| self.is_bad(revision));
            !is_bad && !other.in_trouble && other.failed().is_none()
        };
        let replaced = this.replaces().and_then(|old| self.deployments.get_key_value(old));
        replaced.filter(good).or_else(|| {
            self.deployments
                .iter()
                .filter(|(other, deployment)| *other != id && deployment.began() < this.began())
                .filter(good)
                .max_by_key(|(other, deployment)| (deployment.began(), *other))
        })
    }

    /// The newest stops of `deployment` that were kept in full, oldest first.
    pub fn stops_of<'a>(
        &'a self,
        deployment: &'a DeploymentId,
    ) -> impl Iterator<Item = &'a TaskStop> {
        self.stops.iter().filter(move |stop| stop.deployment.as_ref() == Some(deployment))
    }

    /// Whether the task is known to have stopped.
    pub fn has_stopped(&self, task: &crate::name::TaskArn) -> bool {
        self.remembered.contains_key(&task.hash64())
    }

    /// The revisions that were proven, oldest first.
    pub fn proven(&self) -> &[Proven] {
        &self.proven
    }

    /// The newest proven revision other than `revision`: what a rollback of it goes to.
    pub fn proven_before(&self, revision: Option<&TaskDefinitionRevision>) -> Option<&Proven> {
        self.proven.iter().rev().find(|proven| Some(&proven.revision) != revision)
    }

    /// When `revision` was proven, if it was.
    pub fn proven_at(&self, revision: &TaskDefinitionRevision) -> Option<Timestamp> {
        self.proven.iter().find(|proven| proven.revision == *revision).map(|proven| proven.at)
    }

    pub(crate) fn mark_proven(&mut self, proven: Proven) {
        self.bad.retain(|bad| *bad != proven.revision);
        self.proven.retain(|known| known.revision != proven.revision);
        self.proven.push(proven);
        let surplus = self.proven.len().saturating_sub(PROVEN_KEPT);
        self.proven.drain(..surplus);
    }

    /// Whether a rollback away from `revision` was decided, and it was not proven since.
    pub fn is_bad(&self, revision: &TaskDefinitionRevision) -> bool {
        self.bad.contains(revision)
    }

    pub(crate) fn mark_bad(&mut self, revision: TaskDefinitionRevision) {
        if !self.is_bad(&revision) {
            self.bad.push(revision);
            let surplus = self.bad.len().saturating_sub(DEPLOYMENTS_KEPT);
            self.bad.drain(..surplus);
        }
    }
}
