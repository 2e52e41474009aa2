//! The life of a deployment and of its service, beside what its tasks' failures say: deadlines, bad revisions that come
//! back, an environment in which nothing starts, and services that are deleted.

use jiff::{SignedDuration, Timestamp};

use super::deciding::Deciding;
use super::{READ_EVERY, Running};
use crate::event::{HookEvent, ServiceActionEvent};
use crate::group::GroupKey;
use crate::incident::{Incident, IncidentKind, Resolution};
use crate::ledger::{Deployment, TaskStop};
use crate::name::DeploymentId;
use crate::notice;
use crate::port::{Rollout, RolloutState, Stage, Standing};
use crate::record::{Placement, Record};
use crate::report::{Because, Entry, What};
use crate::rollback::{Reason, RollbackState};
use crate::stop::{Cause, Verdict};

/// So many tasks that do not start within [`ENVIRONMENT_WITHIN`] open an incident, as do so many that ECS could not
/// place. Fewer are ordinary: ECS tries again, and mostly it works.
pub const ENVIRONMENT_TASKS_MIN: usize = 3;

/// See [`ENVIRONMENT_TASKS_MIN`].
pub const ENVIRONMENT_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// An environment counts as mended after so long without a task that did not start, where ECS does not call the
/// service steady before. ECS waits longer and longer between its tries, up to about this.
const ENVIRONMENT_QUIET: SignedDuration = SignedDuration::from_mins(15);

/// A deployment that waits for traffic, a clock or a person is looked at again after so long.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// People are told so long before a PAUSE hook's default action.
const HOOK_TOLD_BEFORE: SignedDuration = SignedDuration::from_mins(10);

/// Takes in how the service itself stands.
pub(super) fn absorb_standing(record: &mut Record, standing: &Standing, now: Timestamp) {
    let is_gone = standing.status.as_deref() != Some("ACTIVE");
    record.deleted_at = is_gone.then(|| record.deleted_at.unwrap_or(now));
    if is_gone {
        return;
    }
    record.deployed_by = match (standing.controller.as_str(), standing.scheduling_strategy.as_str())
    {
        ("ECS", _) if standing.is_express => Some("EXPRESS".to_owned()),
        ("ECS", "DAEMON") => Some("DAEMON".to_owned()),
        ("ECS", _) => None,
        (controller, _) => Some(controller.to_owned()),
    };
    for rollout in &standing.rollouts {
        absorb_rollout(record, rollout, now);
    }
}

/// What an event would have told, had it not been lost. ECS's own time of it is not known to the second, so that it
/// counts from now.
fn absorb_rollout(record: &mut Record, rollout: &Rollout, now: Timestamp) {
    let Some(deployment) = record.ledger.deployment_mut(&rollout.deployment) else { return };
    deployment.learn(rollout.revision.as_ref(), None);
    let is_open = deployment.completed().is_none() && deployment.failed().is_none();
    // Of one whose begin nobody saw, nobody waits for the end.
    if !is_open || !deployment.begin_told() {
        return;
    }
    match rollout.state {
        // The others are on their way out, whatever they came to.
        Some(RolloutState::Completed) if rollout.is_primary => deployment.complete(now),
        Some(RolloutState::Failed) => {
            deployment.fail(now, rollout.reason.as_deref().map(Into::into))
        }
        _ => {}
    }
}

/// Takes in what the service scheduler says.
pub(super) fn absorb_action(record: &mut Record, action: &ServiceActionEvent, at: Timestamp) {
    match &*action.name {
        "SERVICE_TASK_PLACEMENT_FAILURE" => {
            let placement = &mut record.placement;
            if placement.failed_at.last().is_none_or(|last| *last < at) {
                placement.failed_at.push(at);
                placement.reason = action.reason.as_deref().map(str::to_owned);
                let surplus = placement.failed_at.len().saturating_sub(Placement::KEPT);
                placement.failed_at.drain(..surplus);
            }
        }
        // Of a healthy service it would change nothing but the record.
        "SERVICE_STEADY_STATE" if record.incident.is_some() => {
            record.placement.steady_at = record.placement.steady_at.max(Some(at));
        }
        _ => {}
    }
}

/// A hook waits for somebody: the deployment in flight is looked at now, not when it is late. By then the hook may have
/// expired, and its time would have counted as the deployment's own.
pub(super) fn absorb_hook(record: &mut Record, hook: &HookEvent, at: Timestamp) {
    let Some((id, _)) = record.ledger.current().filter(|_| hook.is_waiting) else { return };
    let id = id.clone();
    let Some(deployment) = record.ledger.deployment_mut(&id) else { return };
    if deployment.completed().is_none() && deployment.failed().is_none() {
        deployment.look_at = Some(deployment.look_at.map_or(at, |look| look.min(at)));
    }
}

/// A loop that the revision is not known to cause.
struct Starving {
    about: DeploymentId,
    cause: Option<Cause>,
    times: usize,
    /// What others may suffer from too, if that is known.
    shared: Option<GroupKey>,
}

impl Deciding<'_> {
    // ---- what is known ----

    pub(super) fn standing(&self) -> Option<&Standing> {
        match &self.running {
            Running::Known(running) => running.standing.as_deref(),
            _ => None,
        }
    }

    fn rollout_of(&self, id: &DeploymentId) -> Option<&Rollout> {
        self.standing()?.rollouts.iter().find(|rollout| rollout.deployment == *id)
    }

    /// The current deployment while it is in progress, if its begin was told.
    fn in_flight(&self) -> Option<(DeploymentId, &Deployment)> {
        self.current().filter(|(_, one)| {
            one.begin_told() && one.completed().is_none() && one.failed().is_none()
        })
    }

    /// When the current deployment is stuck, or is looked at again because it waits, or a hook of it does.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let (_, deployment) = self.in_flight()?;
        if deployment.deadline_settled {
            // People know that it is late, and not that a hook waits for them.
            return deployment.look_at;
        }
        let from = deployment.waited_until.unwrap_or(deployment.began());
        let deadline = from.saturating_add(self.health().deadline).ok()?;
        Some(deployment.look_at.map_or(deadline, |look| look.min(deadline)))
    }

    /// Whether the life of the current deployment asks for what runs now.
    pub(super) fn life_needs_running(&self) -> bool {
        self.deadline().is_some_and(|at| at <= self.now)
            || self.may_be_bad()
            || self.bad_redeployed().is_some()
            || self.bad_fails_again()
            || self.starving().is_some()
    }

    /// Whether the revision in flight is unknown, and may be one that was rolled back.
    fn may_be_bad(&self) -> bool {
        self.record.ledger.has_bad()
            && self.in_flight().is_some_and(|(_, deployment)| deployment.revision().is_none())
    }

    /// The current deployment, if it carries a bad revision again and nobody has been told.
    fn bad_redeployed(&self) -> Option<DeploymentId> {
        let (id, deployment) = self.current()?;
        let is_bad = deployment.revision().is_some_and(|one| self.record.ledger.is_bad(one));
        // What was rolled back is bad from then on, and is no redeployment of itself.
        let itself = self.record.rollbacks.iter().any(|past| past.away_from == id);
        (is_bad && !itself && deployment.begin_told() && !deployment.bad_told).then_some(id)
    }

    /// When the revision of `id` was last rolled back.
    fn rolled_back_at(&self, id: &DeploymentId) -> Option<Timestamp> {
        let ledger = &self.record.ledger;
        let revision = ledger.deployment(id)?.revision()?;
        let of_it = |away: &DeploymentId| {
            ledger.deployment(away).and_then(Deployment::revision) == Some(revision)
        };
        self.record.rollbacks.iter().filter(|past| of_it(&past.away_from)).map(|past| past.at).max()
    }

    /// Whether a bad revision that is deployed again has failed again. What is known of it from before stands in for
    /// the evidence that key 1 would gather: one failed task is enough.
    fn bad_fails_again(&self) -> bool {
        let Some(incident) = &self.record.incident else { return false };
        let Some((id, deployment)) = self.current() else { return false };
        incident.about == id
            && deployment.bad_told
            && incident.key1_turned_at.is_none()
            && deployment.totals().failed_tasks() > 0
    }

    /// Stops that tell of an environment in which nothing starts: of tasks that never ran, and of those whose end may
    /// be anybody's fault. A Spot interruption or a host's retirement ends a task that ran, and is ordinary.
    fn starved<'a>(&'a self, id: &'a DeploymentId) -> impl Iterator<Item = &'a TaskStop> {
        self.record.ledger.stops_of(id).filter(|stop| match stop.verdict {
            Verdict::Environment => stop.started_at.is_none(),
            Verdict::Ambiguous | Verdict::Unknown => true,
            Verdict::Revision | Verdict::Benign => false,
        })
    }

    pub(super) fn is_starving(&self) -> bool {
        self.starving().is_some()
    }

    fn starving(&self) -> Option<Starving> {
        let (id, deployment) = self.current()?;
        if deployment.environment_told {
            return None;
        }
        let from = self.now.saturating_sub(ENVIRONMENT_WITHIN).unwrap_or(Timestamp::MIN);
        let from = from.max(self.record.placement.steady_at.unwrap_or(from));
        let stops = self.starved(&id).filter(|stop| stop.ended_at() >= from);
        let causes: Vec<(Cause, Verdict)> = stops.map(|stop| (stop.cause, stop.verdict)).collect();
        let unplaced = self.record.placement.failed_at.iter().filter(|at| **at >= from).count();
        let often = |(cause, _): &&(Cause, Verdict)| {
            causes.iter().filter(|(other, _)| other == cause).count()
        };
        if causes.len() >= ENVIRONMENT_TASKS_MIN {
            let most = causes.iter().max_by_key(often).copied();
            // What may be anybody's fault may be another fault in each.
            let shared = most.filter(|(_, verdict)| *verdict == Verdict::Environment);
            let shared = shared.map(|(cause, _)| GroupKey::environment(cause.slug()));
            let cause = most.map(|(cause, _)| cause);
            return Some(Starving { about: id, cause, times: causes.len(), shared });
        }
        let unplaced = Some(unplaced).filter(|times| *times >= ENVIRONMENT_TASKS_MIN);
        let reason = self.record.placement.reason.as_deref().unwrap_or_default();
        let shared = Some(GroupKey::environment(reason));
        unplaced.map(|times| Starving { about: id, cause: None, times, shared })
    }

    // ---- open, join ----

    /// A bad revision is named before its failures are: they then are those of a known bad one.
    pub(super) fn recognise_bad(&mut self) {
        if let Some(id) = self.bad_redeployed() {
            let rolled_back_at = self.rolled_back_at(&id);
            if let Some(deployment) = self.record.ledger.deployment_mut(&id) {
                deployment.bad_told = true;
            }
            let because = Because::BadRedeployed { rolled_back_at };
            self.add_to_incident(&id, IncidentKind::BadRedeployed, because);
        }
        if self.is_known() && self.bad_fails_again() {
            let Some((id, deployment)) = self.current() else { return };
            let failed_tasks = deployment.totals().failed_tasks();
            let because = Because::BadFailsAgain { failed_tasks };
            self.add_to_incident(&id, IncidentKind::RestartLoop, because);
        }
    }

    /// Opens, or joins, what the deployment's life gives rise to.
    pub(super) fn look_at_life(&mut self) {
        if let Some(Starving { about, cause, times, shared }) = self.starving() {
            if let Some(deployment) = self.record.ledger.deployment_mut(&about) {
                deployment.environment_told = true;
            }
            let because = Because::Environment { cause, times };
            self.add_to_incident(&about, IncidentKind::Environment, because);
            if let Some(incident) = &mut self.record.incident {
                incident.starved_by = incident.starved_by.take().or(shared);
            }
        }
        // Only what was looked at is stuck: the event that says otherwise may have been lost.
        if self.is_known() && self.deadline().is_some_and(|at| at <= self.now) {
            self.pass_deadline();
        }
    }

    fn pass_deadline(&mut self) {
        let Some((id, deployment)) = self.in_flight() else { return };
        let lasts = self.now.duration_since(deployment.began());
        let failed_tasks = deployment.totals().failed_tasks();
        let from = deployment.waited_until.unwrap_or(deployment.began());
        let is_late = self.now.duration_since(from) >= self.health().deadline;
        if let Some(stage) = self.waits().cloned() {
            self.wait(&id, &stage);
            return;
        }
        let is_moot = self.is_moot(&id);
        let Some(deployment) = self.record.ledger.deployment_mut(&id) else { return };
        deployment.look_at = None;
        if !is_late || deployment.deadline_settled {
            return;
        }
        deployment.deadline_settled = true;
        if !is_moot {
            let because = Because::DeploymentStuck { deployment: id.clone(), lasts, failed_tasks };
            self.add_to_incident(&id, IncidentKind::DeploymentStuck, because);
        }
    }

    /// Whether there is nothing to be late with: ECS has another deployment as PRIMARY, whose event is still to come, or
    /// gives no rollout state, and all tasks run.
    fn is_moot(&self, id: &DeploymentId) -> bool {
        let Running::Known(running) = &self.running else { return true };
        let replaced = running.primary.as_ref().is_some_and(|primary| primary != id);
        let stateless = self.rollout_of(id).is_some_and(|rollout| rollout.state.is_none());
        let desired = running.desired_count.map(|desired| desired as usize);
        let complete = desired.is_some_and(|desired| self.tasks_of(id).len() >= desired);
        replaced || (stateless && complete)
    }

    /// The stage in which the current deployment waits for a hook, for traffic or for its bake time; `None` while it is
    /// its tasks' turn.
    fn waits(&self) -> Option<&Stage> {
        let stage = self.standing()?.stage.as_ref()?;
        let tasks_turn = ["RECONCILE_SERVICE", "SCALE_UP", "CLEAN_UP"];
        let name = stage.name.as_deref()?;
        (stage.hook.is_some() || !tasks_turn.contains(&name)).then_some(stage)
    }

    /// See [`Self::waits`].
    pub(super) fn waits_now(&self) -> bool {
        self.waits().is_some()
    }

    /// Whether a deployment in flight goes through stages, and has yet to shift its traffic or to bake: only in CLEAN_UP is
    /// the new revision the only one that counts.
    pub(super) fn is_shifting(&self) -> bool {
        let stage = self.standing().and_then(|standing| standing.stage.as_ref());
        stage.is_some_and(|stage| stage.name.as_deref() != Some("CLEAN_UP"))
    }

    /// Neither bake, nor shift, nor PAUSE counts: the deadline begins anew when they are over.
    fn wait(&mut self, id: &DeploymentId, stage: &Stage) {
        let tell_at = stage.hook.as_ref().and_then(|hook| hook.expires_at);
        let tell_at = tell_at.and_then(|at| at.checked_sub(HOOK_TOLD_BEFORE).ok());
        let mut look_at = self.now.saturating_add(LOOK_AGAIN).ok();
        if let Some(tell_at) = tell_at.filter(|at| *at > self.now) {
            look_at = look_at.map(|look| look.min(tell_at));
        }
        let Some(deployment) = self.record.ledger.deployment_mut(id) else { return };
        deployment.waited_until = Some(self.now);
        deployment.look_at = look_at;
        let Some(hook) = stage.hook.as_ref().filter(|_| tell_at.is_some_and(|at| at <= self.now))
        else {
            return;
        };
        if deployment.hook_told.as_ref() == Some(&hook.id) {
            return;
        }
        deployment.hook_told = Some(hook.id.clone());
        let notice = notice::of_pause_hook(&self.record, id, stage, hook, self.config, self.now);
        self.record.outbox.push_message(notice.message(), self.now);
        let (service, what) = (self.record.service.clone(), What::Notice(Box::new(notice)));
        self.entries.push(Entry::plain(self.now, Some(service), what));
    }

    // ---- how it ends ----

    /// How an incident ends that rests on no failed task of its own; `None`: by the rules for those that do.
    pub(super) fn life_resolution(
        &self,
        incident: &Incident,
        id: &DeploymentId,
        current: &Deployment,
    ) -> Option<Option<(Timestamp, Resolution)>> {
        if incident.key1_turned_at.is_some() || current.failed().is_some() {
            return None;
        }
        let revision = current.revision().cloned();
        let completed = || {
            let done = current.completed()?;
            let took = done.duration_since(current.began());
            let revision = revision.clone();
            Some((done, Resolution::Completed { deployment: id.clone(), revision, took }))
        };
        match incident.is_now() {
            IncidentKind::DeploymentStuck => Some(completed()),
            IncidentKind::Environment => Some(self.environment_mended(id)),
            IncidentKind::Alarm => Some(self.alarms_over(incident)),
            // What a person ordered and does not come leaves nothing to follow.
            IncidentKind::ByHand => match incident.rollback {
                RollbackState::Decided { .. }
                | RollbackState::Failed { why: Reason::Unverified(_), .. } => None,
                _ => Some(Some((incident.opened_at, Resolution::NotDone))),
            },
            IncidentKind::BadRedeployed if current.failures().is_none() => {
                let soak = self.health().soak;
                let soaked = current.completed().and_then(|done| done.saturating_add(soak).ok());
                Some(soaked.map(|at| (at, Resolution::Behaved { revision, soak })))
            }
            // ECS's own rollback, say, which was late itself.
            IncidentKind::RestartLoop | IncidentKind::DeploymentFailed
                if current.failures().is_none() && current.deadline_settled =>
            {
                Some(completed())
            }
            _ => None,
        }
    }

    fn environment_mended(&self, id: &DeploymentId) -> Option<(Timestamp, Resolution)> {
        let placement = &self.record.placement;
        let stopped = self.starved(id).map(TaskStop::ended_at).max();
        let last = stopped.max(placement.failed_at.last().copied())?;
        if let Some(steady) = placement.steady_at.filter(|steady| *steady > last) {
            return Some((steady, Resolution::Steady));
        }
        let quiet = ENVIRONMENT_QUIET;
        Some((last.saturating_add(quiet).ok()?, Resolution::Ceased { quiet }))
    }

    /// What an incident leaves behind that was not the revision's doing, when it has ended.
    pub(super) fn forget_life(&mut self, incident: &Incident, resolution: &Resolution) {
        self.record.placement.failed_at.clear();
        self.record.placement.reason = None;
        let Some(deployment) = self.record.ledger.deployment_mut(&incident.about) else { return };
        deployment.environment_told = false;
        // It may stand as a measure again.
        if deployment.totals().failed_tasks() == 0 && deployment.failed().is_none() {
            deployment.in_trouble = false;
        }
        if matches!(resolution, Resolution::Behaved { .. }) {
            self.soak();
        }
    }

    /// Whether the service is deleted: then its incident ends, and nothing is left to do.
    pub(super) fn is_deleted(&self) -> bool {
        self.record.deleted_at.is_some()
    }

    /// When to look again at a deleted service: only if somebody may be at its rollback right now.
    pub(super) fn due_when_deleted(&self) -> Option<Timestamp> {
        self.record.incident.as_ref()?;
        self.now.saturating_add(READ_EVERY).ok()
    }
}
