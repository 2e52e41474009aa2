//! What an open incident comes to as to a rollback: acted upon, held, asked of witnesses or refused; what of it is news.

use super::READ_EVERY;
use super::deciding::Deciding;
use crate::notice::Stage;
use crate::record::PastRollback;
use crate::report::What;
use crate::rollback::{self, Action, Considered, Refusal, RollbackState};

impl Deciding<'_> {
    pub(super) fn roll_back(&mut self) {
        let Some(incident) = &self.record.incident else {
            return;
        };
        match incident.rollback {
            RollbackState::Decided { .. } | RollbackState::Failed { .. } => return,
            // The old revision is judged again when its tasks are read, and not by chance in between; so is a pause.
            // And what ECS calls PRIMARY is not forgotten because it was not read this time.
            RollbackState::Refused(Refusal::OldRevisionSick { .. } | Refusal::Replaced(_))
                if !self.is_known() =>
            {
                return;
            }
            RollbackState::Refused(ref refusal) if refusal.is_passing() && !self.is_known() => {
                return;
            }
            _ => {}
        }
        if self.is_over() {
            // Nothing is done about what has passed, however long ago somebody last looked.
            if self.opening_untold() {
                self.notify(Stage::Opened);
            }
            return;
        }
        let seen = rollback::Seen {
            primary: self.primary(),
            old: self.old_now(incident),
            probe: self.probe().map(|probe| {
                let new = self.starts_since(&probe.about, probe.began);
                let witnesses = self.witnesses().unwrap_or_default();
                (probe, rollback::hear(probe, witnesses, &new, self.now))
            }),
            desired: self.desired(),
            starts_since_trouble: self.starts_since(&incident.about, self.trouble_began(incident)),
            is_failing: incident.alarmed().is_some() || self.is_failing_now(incident),
            brakes: &self.brakes,
        };
        let outcome = rollback::consider(&self.record, incident, &seen, self.health(), self.now);
        if self.goes_on_probing(&outcome) {
            return;
        }
        if let Some(wish) = self.wish(&outcome) {
            self.wish = Some(wish);
            return;
        }
        let outcome = self.hold_unless_known(outcome);
        // A refusal is news where a rollback was announced, or another deployment has failed since; elsewhere
        // people have been told.
        let expected = match &incident.rollback {
            RollbackState::Holding { .. }
            | RollbackState::Probing(_)
            | RollbackState::Undecided => true,
            RollbackState::Refused(refusal) => refusal.waits_for_evidence(),
            RollbackState::Decided { .. } | RollbackState::Failed { .. } => false,
        };
        let (state, news) = self.state_and_news(outcome);
        if let RollbackState::Probing(probe) = &state {
            self.begin_probe(probe);
        }
        let stage = match &news {
            Some(What::Rollback(action)) => {
                self.act(action.clone());
                Some(Stage::RollbackBegun)
            }
            Some(What::Refused(_)) if expected => Some(Stage::RollbackRefused),
            _ => None,
        };
        if let Some(incident) = &mut self.record.incident {
            incident.rollback = state;
        }
        let opening = self.opening_untold();
        if let Some(news) = news {
            self.tell(news);
        }
        match stage {
            _ if opening => self.notify(Stage::Opened),
            // A rollback that begins says it all.
            None | Some(Stage::RollbackRefused) if self.worsened => self.notify(Stage::Worsened),
            Some(stage) => self.notify(stage),
            None => {}
        }
    }

    /// Nothing is done to a service whose tasks cannot be read now.
    fn hold_unless_known(&self, outcome: Considered) -> Considered {
        match outcome {
            Considered::Act(Action { target, .. }) if !self.is_known() => {
                let soon = self.now.saturating_add(READ_EVERY).unwrap_or(self.now);
                Considered::Hold { until: self.want_read.unwrap_or(soon), target }
            }
            outcome => outcome,
        }
    }

    /// What a rollback's outcome makes of the incident, and what of it has not been said before.
    fn state_and_news(&self, outcome: Considered) -> (RollbackState, Option<What>) {
        let known = self.record.incident.as_ref().map(|incident| &incident.rollback);
        match outcome {
            Considered::Refuse(refusal) => {
                let news = !known.is_some_and(|known| same_refusal(known, &refusal));
                (RollbackState::Refused(refusal.clone()), news.then_some(What::Refused(refusal)))
            }
            Considered::Hold { until, target } => (RollbackState::Holding { until, target }, None),
            Considered::Probe(probe) => (RollbackState::Probing(probe), None),
            Considered::Act(action) => {
                let news = What::Rollback(action.clone());
                let (at, begun, untaken, steady_at) = (self.now, None, None, None);
                (RollbackState::Decided { at, action, begun, untaken, steady_at }, Some(news))
            }
        }
    }

    fn opening_untold(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.what, What::Opened(_)))
            && !self.entries.iter().any(|entry| matches!(entry.what, What::Notice(_)))
    }

    pub(super) fn act(&mut self, action: Action) {
        let revision = self.record.incident.as_ref().and_then(|i| i.revision.clone());
        let was_bad = revision.as_ref().is_some_and(|revision| self.record.ledger.is_bad(revision));
        let away_from = action.away_from.clone();
        self.record.note_rollback(PastRollback { at: self.now, away_from, was_bad });
        // Of one that is deployed anew with other settings, the settings are to blame.
        if let Some(revision) = revision.filter(|one| *one != action.target.revision) {
            self.record.ledger.mark_bad(revision);
        }
        self.record.outbox.push_rollback(action, self.now);
    }
}

/// The same reason, whatever its numbers are now: people are told a reason once.
fn same_refusal(state: &RollbackState, refusal: &Refusal) -> bool {
    match state {
        RollbackState::Refused(known) => {
            std::mem::discriminant(known) == std::mem::discriminant(refusal)
        }
        _ => false,
    }
}
