//! A way back that takes stages: while ECS verifiably goes it, people are told so, and not that nothing gets better.

use jiff::Timestamp;

use super::deciding::Deciding;
use super::verifying::shift;
use super::{READ_EVERY, Running};
use crate::notice::{self, WayBack};
use crate::report::What;
use crate::rollback::RollbackState;

impl Deciding<'_> {
    /// People are told again of what stays open; or, once, that its rollback takes its time.
    pub(super) fn escalate(&mut self) {
        // A reading of a moment ago is no reason to page without one.
        if self.way_back_is_owed() {
            return;
        }
        let Some(incident) = &mut self.record.incident else { return };
        let promised = incident.promised_by.take_if(|at| *at <= self.now).is_some();
        let mut due = promised && matches!(incident.rollback, RollbackState::Decided { .. });
        while incident.next_escalation().is_some_and(|at| at <= self.now) {
            incident.escalations += 1;
            due = true;
        }
        if !due {
            return;
        }
        if let Some(way) = self.way_back() {
            if let Some(incident) = &mut self.record.incident {
                incident.promised_by = Some(way.late_at);
            }
            return self.notify(notice::Stage::RollbackUnderWay(way));
        }
        let Some(incident) = &self.record.incident else { return };
        let open_for = self.now.duration_since(incident.opened_at);
        self.tell(What::Escalated { open_for });
        self.notify(notice::Stage::Escalated);
    }

    /// Whether a rollback is under way, it is time to tell people again, and ECS can be asked within half a minute.
    fn way_back_is_owed(&self) -> bool {
        let Some(incident) = &self.record.incident else { return false };
        let is_time = incident.next_escalation().is_some_and(|at| at <= self.now);
        let soon = self.now.saturating_add(READ_EVERY).unwrap_or(self.now);
        is_time
            && matches!(self.running, Running::NotAsked)
            && matches!(incident.rollback, RollbackState::Decided { begun: Some(_), .. })
            && self.want_read.is_some_and(|at| at > self.now && at <= soon)
    }

    /// How far ECS is on its way back, read just now; `None`: there are no stages, or it makes no progress. A stage that
    /// waits for somebody makes none, nor does one in which no task of the target runs, nor any once the shift, the bake
    /// times and the deadline of a deployment have passed.
    fn way_back(&self) -> Option<WayBack> {
        let (at, action, begun, _) = self.rollback_decided()?;
        let begun = begun?;
        let stage = self.standing()?.stage.as_ref().filter(|stage| stage.hook.is_none())?;
        let Running::Known(running) = &self.running else { return None };
        let (deployment, _) = self.rollback_deployment()?;
        let tasks = self.tasks_of(&deployment).len();
        let expected_by = at.saturating_add(shift(Some(begun))).ok()?;
        let late_at = expected_by.saturating_add(self.health().deadline).ok()?;
        (tasks > 0 && self.now < late_at).then(|| WayBack {
            target: action.target.revision.clone(),
            stage: stage.name.clone(),
            tasks,
            desired: running.desired_count,
            expected_by: Some(expected_by).filter(|by: &Timestamp| *by > self.now),
            late_at,
        })
    }
}
