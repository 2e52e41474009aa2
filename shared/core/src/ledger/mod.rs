//! What each revision of a service has done: every stop counted once, by deployment.
//!
//! Keyed by deployment, since `force-new-deployment` and changes of the network alone share a task definition.
//! The counts need no RUNNING events: a task that ended has told its start and its run time in its stop event
//! (benign ones too), and tasks still running are read when it matters ([`crate::port`]).
//!
//! // INVARIANT: a stop counts once. It is keyed by its task; repeated, late and reordered events change
//! nothing but what they add in detail, and then the stop's old share is taken out before the new one goes in.

mod deployment;
mod rows;
mod stop;
mod stops;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use deployment::Deployment;
pub use stop::TaskStop;
pub(crate) use stops::{Fate, Lived};
pub use stops::{REMEMBERED_FOR, STOPS_KEPT, Stops, TASKS_REMEMBERED};

use crate::event::{DeploymentEvent, DeploymentEventName, TaskEvent};
use crate::name::{DeploymentId, ServiceRevisionArn, TaskDefinitionRevision};
use crate::port::RunningTask;
use crate::record::is_default;

/// Deployments kept. Proven revisions are listed apart, so older ones have nothing left to say.
pub const DEPLOYMENTS_KEPT: usize = 10;

/// Proven revisions kept.
pub const PROVEN_KEPT: usize = 5;

/// What a service's deployments have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    deployments: BTreeMap<DeploymentId, Deployment>,
    /// Kept apart from the rest: only stops need them.
    #[serde(skip)]
    stops: Stops,
    #[serde(default, skip_serializing_if = "is_default")]
    proven: Vec<Proven>,
    #[serde(default, skip_serializing_if = "is_default")]
    bad: Vec<TaskDefinitionRevision>,
}

/// A revision that completed its deployment and behaved through its soak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// What a rollback goes to.
    pub revision: TaskDefinitionRevision,
    /// The deployment that proved it.
    pub deployment: DeploymentId,
    /// The service revision that it deployed, which holds the service's other settings; `None` if it was not read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service_revision: Option<ServiceRevisionArn>,
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
        if self.stops.knows(&event.task) {
            return self.absorb_detail(event, told_at);
        }
        let stop = TaskStop::new(event, told_at);
        if stop.ended_at().as_second() < self.stops.forgotten_before {
            return Absorbed::TooOld(Box::new(stop));
        }
        self.stops.remember(&stop);
        if let Some(deployment) = self.deployment_of(&stop) {
            deployment.add(&stop);
        }
        self.stops.keep(stop.clone());
        if stop.is_told { Absorbed::New(Box::new(stop)) } else { Absorbed::Detail }
    }

    fn absorb_detail(&mut self, event: &TaskEvent, told_at: Timestamp) -> Absorbed {
        // Events of one task come close together, so it is among the newest.
        let known = self.stops.kept.iter_mut().rev().find(|known| known.task == event.task);
        let Some(known) = known else { return Absorbed::Repeat };
        let news = TaskStop::new(event, told_at);
        if !known.lacks(&news) {
            return Absorbed::Repeat;
        }
        let before = known.clone();
        known.merge(&news);
        let after = known.clone();
        self.stops.remember(&after);
        if let Some(deployment) = self.deployment_of(&before) {
            deployment.take_out(&before);
        }
        if let Some(deployment) = self.deployment_of(&after) {
            deployment.add(&after);
        }
        self.stops.kept.sort_by(TaskStop::by_end);
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

    /// Forgets tasks that stopped more than [`REMEMBERED_FOR`] before `now`.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.stops.forget_old(now);
    }

    /// The stops.
    pub(crate) fn stops(&self) -> &Stops {
        &self.stops
    }

    pub(crate) fn set_stops(&mut self, stops: Stops) {
        self.stops = stops;
    }

    /// Drops what has nothing left to say, so that a healthy service's record stays small: once the current deployment
    /// is proven, all but it, the one that it replaced, and those that began within a day; and the half hours of what
    /// neither stands nor is compared with.
    pub(crate) fn tidy(&mut self, now: Timestamp, in_trouble: Option<&DeploymentId>) {
        let Some((current, standing)) = self.current() else { return };
        let is_proven = standing.is_proven;
        let measure = self.replaced_by(current).map(|(id, _)| id.clone());
        let current = current.clone();
        let stands = |id: &DeploymentId| *id == current || Some(id) == in_trouble;
        let is_measure = |id: &DeploymentId| Some(id) == measure.as_ref();
        let is_old = |other: &Deployment| now.duration_since(other.began()) >= REMEMBERED_FOR;
        self.deployments
            .retain(|id, other| stands(id) || is_measure(id) || !is_proven || !is_old(other));
        for (id, other) in &mut self.deployments {
            // Of what was replaced the totals stay: they are the measure of what is tolerated.
            let compared = is_measure(id) && !is_proven;
            if !stands(id) && !compared && other.completed().is_some() {
                other.forget_half_hours();
            }
        }
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
        self.stops.kept.iter().filter(move |stop| stop.deployment.as_ref() == Some(deployment))
    }

    /// How the tasks of `deployment` lived that stopped within a day.
    pub(crate) fn lives_of(&self, deployment: &DeploymentId) -> impl Iterator<Item = Lived> {
        self.stops.lives_of(deployment)
    }

    /// Whether the task is known to have stopped.
    pub fn has_stopped(&self, task: &crate::name::TaskArn) -> bool {
        self.stops.knows(task)
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

    /// Whether any revision is bad.
    pub(crate) fn has_bad(&self) -> bool {
        !self.bad.is_empty()
    }

    /// Whether a rollback away from `revision` was decided, and it was not proven since.
    pub fn is_bad(&self, revision: &TaskDefinitionRevision) -> bool {
        self.bad.contains(revision)
    }

    /// The revisions that were rolled back from, and not proven since; at most [`DEPLOYMENTS_KEPT`].
    pub fn bad(&self) -> &[TaskDefinitionRevision] {
        &self.bad
    }

    pub(crate) fn unmark_bad(&mut self, revision: &TaskDefinitionRevision) {
        self.bad.retain(|bad| bad != revision);
    }

    pub(crate) fn mark_bad(&mut self, revision: TaskDefinitionRevision) {
        if !self.is_bad(&revision) {
            self.bad.push(revision);
            let surplus = self.bad.len().saturating_sub(DEPLOYMENTS_KEPT);
            self.bad.drain(..surplus);
        }
    }
}
