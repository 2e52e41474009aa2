//! What is told of a rollback that a person ordered.

use super::compose::Telling;
use super::words;
use crate::incident::IncidentKind;
use crate::rollback::{Ordered, RollbackState};

/// A reason is quoted up to here.
const REASON_MAX: usize = 200;

impl Telling<'_> {
    /// Who ordered the incident's rollback, if a person did.
    fn ordered(&self) -> Option<&Ordered> {
        match &self.incident.rollback {
            RollbackState::Decided { action, .. } | RollbackState::Failed { action, .. } => {
                action.ordered.as_ref()
            }
            _ => None,
        }
    }

    fn orderer(&self) -> String {
        self.ordered().map_or("somebody".to_owned(), |ordered| words::cut(&ordered.by, 100))
    }

    /// Whether a person ordered a rollback of a service that was in no incident.
    pub(super) fn is_by_hand(&self) -> bool {
        self.incident.is_now() == IncidentKind::ByHand
    }

    /// The state, of an incident that is nothing but a rollback by hand.
    pub(super) fn by_hand_summary(&self) -> String {
        let (service, revision) = (self.service(), self.revision());
        format!("{} ordered a rollback of {service} from {revision}.", self.orderer())
    }

    /// In the subject, with the revision if there is room for it.
    pub(super) fn by_hand_tail(&self, from: Option<&str>, to: &str) -> String {
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        format!("{} rolls it back{from} to {to}", self.orderer())
    }

    /// Who ordered it, and why: above what Steady did.
    pub(super) fn ordered_told(&self) -> Option<String> {
        let ordered = self.ordered()?;
        let reason = ordered.reason.as_ref().map(|reason| words::cut(reason, REASON_MAX));
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("ordered by {}{reason}", self.orderer()))
    }
}
