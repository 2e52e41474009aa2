//! After a rollback: is the service steady on its target, or did it not help?
//!
//! Events alone do not tell: a COMPLETED one may be lost, and a service that crashes again and again stays COMPLETED. So
//! the service is read until it runs as many tasks of the target as it wants, and then once more.

use jiff::{SignedDuration, Timestamp};

use super::Running;
use super::deciding::Deciding;
use crate::evidence::FAILED_TASKS_MIN;
use crate::incident::{Resolution, VERIFIED_AFTER};
use crate::ledger::Deployment;
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::notice::Stage;
use crate::report::What;
use crate::rollback::{Action, Begun, Reason, RollbackState, Unverified};

/// Until a rollback is verified the service is looked at so often: 20 looks in the default deadline.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// An alarm for which a service was rolled back has ended so long after the service is steady, or it did not help. Alarms
/// look at up to ten minutes, mostly.
const ALARM_ENDS: SignedDuration = SignedDuration::from_mins(15);

impl Deciding<'_> {
    pub(super) fn rollback_decided(
        &self,
    ) -> Option<(Timestamp, &Action, Option<&Begun>, Option<Timestamp>)> {
        match &self.record.incident.as_ref()?.rollback {
            RollbackState::Decided { at, action, begun, steady_at, .. } => {
                Some((*at, action, begun.as_ref(), *steady_at))
            }
            _ => None,
        }
    }

    /// Whether a deployment is what Steady's rollback of the open incident made: its failures are the incident's, and
    /// nothing is rolled back again because of them.
    pub(super) fn is_own_rollback(&self, id: &DeploymentId) -> bool {
        let Some(incident) = &self.record.incident else { return false };
        let (RollbackState::Decided { action, .. }
        | RollbackState::Failed { action, why: Reason::Unverified(_) }) = &incident.rollback
        else {
            return false;
        };
        let past = self.record.rollbacks.iter().find(|past| past.away_from == action.away_from);
        let deployment = self.record.ledger.deployment(id).zip(past);
        deployment.is_some_and(|(one, past)| {
            *id != incident.about && is_of(one, past.at, &action.target.revision)
        })
    }

    /// The deployment that a decided rollback made: ECS's word goes before what events told.
    pub(super) fn rollback_deployment(&self) -> Option<(DeploymentId, &Deployment)> {
        let (at, action, ..) = self.rollback_decided()?;
        let target = &action.target.revision;
        let primary = match &self.running {
            Running::Known(running) => running.primary.as_ref(),
            _ => None,
        };
        let read = primary.filter(|id| **id != action.away_from).and_then(|id| {
            let deployment = self.record.ledger.deployment(id)?;
            (deployment.revision() == Some(target)).then(|| (id.clone(), deployment))
        });
        read.or_else(|| {
            let (id, current) = self.current()?;
            (id != action.away_from && is_of(current, at, target)).then_some((id, current))
        })
    }

    /// When the service is looked at next to see whether a rollback helped.
    pub(super) fn verification_due(&self) -> Option<Timestamp> {
        let (at, _, begun, steady_at) = self.rollback_decided()?;
        let ours = self.rollback_deployment();
        let completed = ours.as_ref().and_then(|(_, one)| one.completed());
        let steady = completed.or(steady_at);
        let begins = at.saturating_add(shift(begun)).unwrap_or(at);
        let quiet = ours.as_ref().and_then(|(_, one)| one.failures()).map(|(_, last)| last);
        let from = steady.map_or(begins, |steady| quiet.map_or(steady, |last| last.max(steady)));
        let first = from.saturating_add(VERIFIED_AFTER).ok()?;
        match self.record.read_at {
            Some(read) if read >= first => read.saturating_add(LOOK_EVERY).ok(),
            _ => Some(first),
        }
    }

    /// Takes a look's result in: steady since when, or that it did not help.
    pub(super) fn verify(&mut self) {
        let Some((at, _, begun, steady_at)) = self.rollback_decided() else { return };
        let shift = shift(begun);
        let ours = self.rollback_deployment().map(|(id, one)| (id, one.clone()));
        if let Some(why) = ours.as_ref().and_then(|(id, one)| self.failure(id, one, at)) {
            return self.did_not_help(why);
        }
        let Running::Known(running) = &self.running else { return };
        // A recording cannot tell how many tasks are wanted, and nothing was rolled back in it.
        let Some(desired) = running.desired_count else { return };
        let count = ours.as_ref().map_or(0, |(id, _)| self.tasks_of(id).len());
        // All tasks of the target may run, and the traffic still go to what was rolled back from.
        let all_run = count >= usize::try_from(desired).unwrap_or(usize::MAX);
        let is_steady = all_run && !self.is_shifting();
        let within = shift.saturating_add(self.health().deadline);
        let waited_until = ours.and_then(|(_, one)| one.waited_until).unwrap_or(at);
        // What waits for a hook, for traffic or for its bake time is not late.
        let over = !self.waits_now() && self.now.duration_since(at.max(waited_until)) >= within;
        if !is_steady && over {
            return self.did_not_help(Unverified::NotSteady { running: count, desired, within });
        }
        let since = is_steady.then(|| steady_at.unwrap_or(self.now));
        if let Some(alarm) = self.alarm_stays(since) {
            return self.did_not_help(Unverified::AlarmStays { alarm });
        }
        if let Some(incident) = &mut self.record.incident
            && let RollbackState::Decided { steady_at, .. } = &mut incident.rollback
        {
            *steady_at = since;
        }
    }

    /// The alarm that should have ended by now, the service being steady since `steady`.
    fn alarm_stays(&self, steady: Option<Timestamp>) -> Option<String> {
        let is_late = self.now.duration_since(steady?) >= ALARM_ENDS;
        let alarm = self.record.incident.as_ref()?.alarmed().filter(|_| is_late)?;
        Some(alarm.name.clone())
    }

    /// Why the target's own deployment has failed, if it has.
    fn failure(&self, id: &DeploymentId, one: &Deployment, at: Timestamp) -> Option<Unverified> {
        let stops = self.record.ledger.stops_of(id).filter(|stop| stop.blames_revision());
        // ECS may begin an old deployment again: what its tasks did before is past.
        let failed = stops.filter(|stop| stop.ended_at() >= at).count();
        if failed >= usize::try_from(FAILED_TASKS_MIN).unwrap_or(usize::MAX) {
            return Some(Unverified::TasksFail { failed });
        }
        one.failed()?;
        let reason = one.failed_reason().map(str::to_owned);
        Some(Unverified::DeploymentFailed { reason })
    }

    fn did_not_help(&mut self, why: Unverified) {
        let Some(incident) = &mut self.record.incident else { return };
        let RollbackState::Decided { action, .. } = incident.rollback.clone() else { return };
        let why = Reason::Unverified(why);
        incident.rollback = RollbackState::Failed { action: action.clone(), why: why.clone() };
        self.tell(What::Failed(action, why));
        self.notify(Stage::RollbackUnverified);
    }

    /// How an incident with a decided rollback ends: the service has run as many tasks of the target as it wants, with
    /// all traffic on them, and none of them has failed, for two minutes.
    pub(super) fn rollback_verified(&self) -> Option<(Timestamp, Resolution)> {
        let (_, _, _, steady_at) = self.rollback_decided()?;
        let incident = self.record.incident.as_ref()?;
        if incident.alarmed().is_some() {
            return None;
        }
        let alarms_over = incident.alarms.iter().filter_map(|one| one.over_at).max();
        let (deployment, one) = self.rollback_deployment()?;
        let revision = one.revision().cloned();
        let Running::Known(running) = &self.running else { return None };
        let steady = match running.desired_count {
            Some(_) => steady_at.map(|seen| one.completed().map_or(seen, |done| done.min(seen)))?,
            None => one.completed()?,
        };
        let steady = alarms_over.map_or(steady, |over| over.max(steady));
        let since = one.failures().map_or(steady, |(_, last)| last.max(steady));
        let at = since.saturating_add(VERIFIED_AFTER).ok()?;
        Some((at, Resolution::RollbackVerified { deployment, revision }))
    }
}

fn is_of(deployment: &Deployment, at: Timestamp, target: &TaskDefinitionRevision) -> bool {
    // Event times have whole seconds.
    deployment.began().as_second() >= at.as_second() && deployment.revision() == Some(target)
}

pub(super) fn shift(begun: Option<&Begun>) -> SignedDuration {
    SignedDuration::from_mins(begun.map_or(0, |begun| i64::from(begun.shift_minutes)))
}
