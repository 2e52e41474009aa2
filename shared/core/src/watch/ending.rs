//! How things end: a soak that proves, a verification, an incident that is over.

use jiff::{SignedDuration, Timestamp};

use super::READ_EVERY;
use super::deciding::Deciding;
use crate::evidence::{self, SICK_AT};
use crate::history::PastIncident;
use crate::incident::{Incident, QUIET_AFTER_MIN, QUIET_GAPS, Resolution, VERIFIED_AFTER};
use crate::ledger::{Deployment, Proven, TaskStop};
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::notice::Stage;
use crate::report::What;
use crate::rollback::RollbackState;

impl Deciding<'_> {
    /// Whether a service is seen deploying for the first time: what ran before is gone soon, and nothing that
    /// Steady saw has proven it.
    pub(super) fn may_look_back(&self) -> bool {
        let begins =
            |deployment: &Deployment| deployment.begin_told() && deployment.completed().is_none();
        !self.record.has_looked_back
            && self.record.ledger.proven().is_empty()
            && self.current().is_some_and(|(_, deployment)| begins(deployment))
    }

    /// Proves the revision that ran before the first deployment that Steady sees: if all its tasks are older than
    /// the soak, and none is known to have failed. Without this the first bad deployment after an installation
    /// would have nothing to go back to.
    pub(super) fn look_back(&mut self) {
        if !self.is_known() || !self.may_look_back() {
            return;
        }
        self.record.has_looked_back = true;
        let Some((current, _)) = self.current() else { return };
        let Some((before, old)) = self.record.ledger.replaced_by(&current) else { return };
        let tasks = self.tasks_of(before);
        let youngest = tasks.iter().map(|task| task.started_at).max();
        let soak = self.health().soak;
        let is_old = youngest.is_some_and(|started| self.now.duration_since(started) >= soak);
        if let Some(revision) = old.revision().filter(|_| is_old && old.failures().is_none()) {
            let (revision, deployment) = (revision.clone(), before.clone());
            let proven = self.proven_now(revision, deployment);
            self.record.ledger.mark_proven(proven);
        }
    }

    /// The deployment that the current one replaces, if it has earned its proof and nobody looked in time: its soak had
    /// ended before the current one began, and nothing came in between.
    fn proof_overdue(&self) -> Option<(DeploymentId, &Deployment)> {
        let (current, standing) = self.current()?;
        let (id, old) = self.record.ledger.replaced_by(&current)?;
        let soaked = self.soak_ends(id, old).is_some_and(|ends| ends <= standing.began());
        soaked.then(|| (id.clone(), old))
    }

    /// Whether what runs has to be read to prove it late: while its tasks still run, ECS names its revision.
    pub(super) fn overdue_proof_needs_running(&self) -> bool {
        self.proof_overdue().is_some_and(|(id, old)| {
            old.revision().is_none() || self.evidence(&id, old).0 >= SICK_AT
        })
    }

    /// Proves late what had earned it.
    pub(super) fn prove_overdue(&mut self) {
        let Some((id, old)) = self.proof_overdue() else { return };
        let revision = old.revision().cloned();
        let is_sick = self.evidence(&id, old).0 >= SICK_AT;
        let is_known = self.is_known();
        let Some(deployment) = self.record.ledger.deployment_mut(&id) else { return };
        match revision {
            Some(revision) if !is_sick => {
                deployment.is_proven = true;
                let proven = self.proven_now(revision, id);
                self.record.ledger.mark_proven(proven);
            }
            // It will not be told better later: its tasks are being replaced.
            _ => deployment.is_unnamed |= is_known,
        }
    }

    /// When the soak of the current deployment ends (or is looked at again), if it has one to go through.
    pub(super) fn soak_ends(
        &self,
        id: &DeploymentId,
        deployment: &Deployment,
    ) -> Option<Timestamp> {
        let completed = deployment.completed()?;
        if self.incident_about(id) || deployment.is_proven || deployment.is_unnamed {
            return None;
        }
        let ends = completed.saturating_add(self.health().soak).ok()?;
        Some(deployment.soak_again_at.map_or(ends, |again| again.max(ends)))
    }

    /// A deployment that completed and behaved through its soak proves its revision.
    pub(super) fn soak(&mut self) {
        let Some((id, deployment)) = self.current() else {
            return;
        };
        if self.soak_ends(&id, deployment).is_none_or(|ends| self.now < ends) {
            return;
        }
        let (evidence, _) = self.evidence(&id, deployment);
        let revision = deployment.revision().cloned();
        if evidence >= SICK_AT && !self.is_known() {
            // An upper bound, which is no evidence; it is looked at again when it can be told.
            return;
        }
        if evidence >= SICK_AT {
            let again = self.now.saturating_add(self.health().soak.max(READ_EVERY)).ok();
            if let Some(deployment) = self.record.ledger.deployment_mut(&id) {
                deployment.soak_again_at = again;
            }
            return;
        }
        // What nobody names cannot be gone back to. Its next task will name it.
        let Some(revision) = revision else { return };
        if let Some(deployment) = self.record.ledger.deployment_mut(&id) {
            deployment.is_proven = true;
        }
        let proven = self.proven_now(revision, id);
        self.record.ledger.mark_proven(proven);
    }

    fn proven_now(&self, revision: TaskDefinitionRevision, deployment: DeploymentId) -> Proven {
        let service_revision = self.service_revision_of(&deployment).cloned();
        Proven { revision, deployment, service_revision, at: self.now }
    }

    /// When a deployment later than the one in trouble has been steady long enough for a rollback's target.
    pub(super) fn verification(
        &self,
        id: &DeploymentId,
        deployment: &Deployment,
    ) -> Option<Timestamp> {
        let completed = deployment.completed()?;
        if self.record.incident.is_none() || self.incident_about(id) {
            return None;
        }
        let steady_since = deployment.failures().map_or(completed, |(_, last)| last.max(completed));
        steady_since.saturating_add(VERIFIED_AFTER).ok()
    }

    /// The median time between the failures of the incident's loop, by the stops kept in full.
    pub(super) fn median_gap(&self, id: &DeploymentId, incident: &Incident) -> SignedDuration {
        let day = SignedDuration::from_hours(24);
        let day_before = incident.opened_at.saturating_sub(day).unwrap_or(Timestamp::MIN);
        let stops = self.record.ledger.stops_of(id).filter(|stop| stop.blames_revision());
        let ends = stops.map(TaskStop::ended_at).filter(|end| *end >= day_before);
        let ends: Vec<Timestamp> = ends.collect();
        let mut gaps: Vec<SignedDuration> =
            ends.iter().zip(ends.iter().skip(1)).map(|(a, b)| b.duration_since(*a)).collect();
        let middle = gaps.len() / 2;
        if gaps.is_empty() { SignedDuration::ZERO } else { *gaps.select_nth_unstable(middle).1 }
    }

    /// When, and how, the incident ends if nothing more happens.
    pub(super) fn resolution(&self) -> Option<(Timestamp, Resolution)> {
        let incident = self.record.incident.as_ref()?;
        if let Some(deleted_at) = self.record.deleted_at {
            return Some((deleted_at, Resolution::Deleted));
        }
        if let Some(verified) = self.rollback_verified() {
            return Some(verified);
        }
        let (id, current) = self.current()?;
        if id == incident.about {
            if let Some(resolution) = self.life_resolution(incident, &id, current) {
                return resolution;
            }
            if current.failed().is_some() {
                return None;
            }
            let (_, last) = current.failures()?;
            let quiet = QUIET_AFTER_MIN.max(self.median_gap(&id, incident) * QUIET_GAPS);
            return Some((last.saturating_add(quiet).ok()?, Resolution::Ceased { quiet }));
        }
        // An alarm that went off in the deployment before says of this one that nothing is mended.
        if incident.alarmed().is_some() {
            return None;
        }
        let completed = current.completed()?;
        let revision = current.revision().cloned();
        if self.is_own_rollback(&id) && matches!(incident.rollback, RollbackState::Decided { .. }) {
            return None;
        }
        if current.is_native_rollback() || current.is_begun_again() {
            let at = self.verification(&id, current)?;
            let resolution = Resolution::RollbackVerified { deployment: id, revision };
            return Some((at, resolution));
        }
        if self.evidence(&id, current).0 >= SICK_AT {
            return None;
        }
        let soak = self.health().soak;
        let resolution = Resolution::Replaced { deployment: id, revision, soak };
        Some((completed.saturating_add(soak).ok()?, resolution))
    }

    /// Whether the incident ends now.
    pub(super) fn is_over(&self) -> bool {
        self.resolution().is_some_and(|(at, _)| at <= self.now)
    }

    pub(super) fn resolve(&mut self) {
        let Some((at, resolution)) = self.resolution() else {
            return;
        };
        if self.now < at {
            return;
        }
        let verified = matches!(resolution, Resolution::RollbackVerified { .. });
        if !verified && !self.withdraw_rollback() {
            return;
        }
        if let Some(incident) = &mut self.record.incident
            && matches!(incident.rollback, RollbackState::Holding { .. })
        {
            incident.rollback = RollbackState::Undecided;
        }
        self.count_again();
        self.tell(What::Resolved(resolution.clone()));
        // Why an order was not carried out has been told.
        if resolution != Resolution::NotDone {
            self.notify(Stage::Resolved(resolution.clone()));
        }
        let Some(incident) = self.record.incident.take() else { return };
        self.past = Some(self.past(incident.clone(), resolution.clone()));
        self.release_scale_in(&incident);
        self.forget_life(&incident, &resolution);
        if let Resolution::Ceased { .. } = resolution
            && let Some(deployment) = self.record.ledger.deployment_mut(&incident.about)
        {
            // What was counted has been told and is over; a new loop must be judged by itself.
            deployment.restart_evidence(self.now);
            deployment.soak_again_at = self.now.saturating_add(self.config.health.soak).ok();
        }
    }

    /// What is kept of an incident that ends now.
    fn past(&self, mut incident: Incident, resolution: Resolution) -> PastIncident {
        let pending = self.record.outbox.pending().iter().map(|one| one.id.clone());
        let on_their_way: Vec<String> = pending.filter(|id| incident.has_notice(id)).collect();
        incident.notices.extend(on_their_way);
        let about = self.record.ledger.deployment(&incident.about);
        let cause = about.and_then(|about| about.causes().first().map(|(cause, ..)| *cause));
        let (service, resolved_at) = (self.record.service.clone(), self.now);
        PastIncident { service, incident, cause, resolved_at, resolution }
    }

    /// What the incident came to, now that tasks of it end no more.
    fn count_again(&mut self) {
        let Some(incident) = &self.record.incident else { return };
        let Some(deployment) = self.record.ledger.deployment(&incident.about) else { return };
        let replaced = self.record.ledger.current().is_some_and(|(id, _)| *id != incident.about);
        let (evidence, counts) = self.evidence(&incident.about, deployment);
        if let Some(incident) = self
            .record
            .incident
            .as_mut()
            .filter(|known| replaced && counts.failed_tasks() >= known.counts.failed_tasks())
        {
            (incident.evidence, incident.counts) = (evidence::rounded(evidence), counts);
        }
    }
}
