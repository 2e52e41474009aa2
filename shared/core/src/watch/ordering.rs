//! A person presses the button: the order is decided here, and done as any other rollback.

use super::Running;
use super::deciding::Deciding;
use crate::incident::IncidentKind;
use crate::notice::Stage;
use crate::report::{Because, What};
use crate::rollback::{Order, Refusal, RollbackState, consider_order};

impl Deciding<'_> {
    /// Whether there is an order that has not been taken in before: the answer to the save that did may have been lost.
    pub(super) fn has_order(&self) -> bool {
        let Some(order) = &self.order else { return false };
        let known = self.record.incident.as_ref().map(|incident| &incident.rollback);
        let (Some(RollbackState::Decided { action, .. })
        | Some(RollbackState::Failed { action, .. })) = known
        else {
            return true;
        };
        action.ordered.as_ref().is_none_or(|ordered| ordered.id != order.id)
    }

    pub(super) fn order_needs_running(&self) -> bool {
        matches!(self.running, Running::NotAsked) && self.has_order()
    }

    pub(super) fn obey(&mut self) {
        if !self.has_order() {
            return;
        }
        let Some(order) = self.order.take() else { return };
        let considered = match &self.running {
            Running::Known(running) => {
                consider_order(&self.record, running, &self.brakes, &order, self.now)
            }
            Running::Unknown(why) => Err(Refusal::Unreadable(why.clone())),
            Running::NotAsked => Err(Refusal::Unreadable("nobody has looked".to_owned())),
        };
        let action = match considered {
            Ok(action) => action,
            // Whoever ordered it reads it at once; nobody else needs to.
            Err(refusal) => return self.tell(What::OrderRefused(refusal)),
        };
        let was_open = self.record.incident.is_some();
        let Order { by, reason, .. } = order;
        let because = Because::Ordered { by, reason };
        self.add_to_incident(&action.away_from, IncidentKind::ByHand, because);
        self.act(action.clone());
        if let Some(incident) = &mut self.record.incident {
            // Whatever the incident was about until now, this deployment is the one that is left.
            incident.about = action.away_from.clone();
            let (at, begun, untaken, steady_at) = (self.now, None, None, None);
            incident.rollback =
                RollbackState::Decided { at, action: action.clone(), begun, untaken, steady_at };
        }
        self.tell(What::Rollback(action));
        self.notify(if was_open { Stage::RollbackBegun } else { Stage::Opened });
    }

    /// The service is deleted.
    pub(super) fn refuse_order(&mut self) {
        if self.order.take().is_some() {
            self.tell(What::OrderRefused(Refusal::NotActive(None)));
        }
    }
}
