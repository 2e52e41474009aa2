//! How a rollback is announced: by what AWS says to it.
//!
//! The announcement is put into the outbox with the decision, and sent after the call. What it says is composed anew in
//! between, so that nobody reads of a rollback under way that AWS has not taken, and everybody reads what was restored.

use jiff::Timestamp;

use super::deciding::Deciding;
use crate::notice::Stage;
use crate::report::What;
use crate::rollback::{Action, Begun, RollbackState};

impl Deciding<'_> {
    /// AWS has taken it.
    pub(super) fn rollback_begun(&mut self, action: Action, decided_at: Timestamp, taken: &Begun) {
        let action = Action { path: taken.path.unwrap_or(action.path), ..action };
        let mut was_announced_as_waiting = false;
        if let Some(incident) = &mut self.record.incident
            && let RollbackState::Decided { action: decided, begun, untaken, .. } =
                &mut incident.rollback
            && decided.away_from == action.away_from
        {
            decided.path = action.path;
            *begun = Some(taken.clone());
            was_announced_as_waiting = untaken.take().is_some();
        }
        self.tell(What::Begun(action));
        if !self.announce_anew(decided_at) && was_announced_as_waiting {
            self.notify(Stage::RollbackBegun);
        }
    }

    /// AWS has not taken it now. People need not wait to hear of the incident.
    pub(super) fn rollback_waits(&mut self, action: &Action, decided_at: Timestamp, why: &str) {
        if let Some(incident) = &mut self.record.incident
            && let RollbackState::Decided { action: decided, untaken, .. } = &mut incident.rollback
            && decided.away_from == action.away_from
        {
            *untaken = Some(why.to_owned());
        }
        self.announce_anew(decided_at);
    }

    /// Composes anew what announces the rollback, or the probe, and has not been sent; whether there was something. It is the same
    /// notice still, so it keeps its id.
    pub(super) fn announce_anew(&mut self, decided_at: Timestamp) -> bool {
        let Some(incident) = self.record.incident.as_ref().map(|incident| incident.id.clone())
        else {
            return false;
        };
        let mut waits = false;
        for stage in [Stage::Opened, Stage::RollbackBegun] {
            let id = format!("{incident}-{}-{}", stage.slug(), decided_at.as_second());
            if self.record.outbox.get(&id).is_none() {
                continue;
            }
            waits = true;
            if let Some(mut notice) = self.notice(stage) {
                notice.id = id;
                self.record.outbox.replace_message(notice.message());
            }
        }
        waits
    }
}
