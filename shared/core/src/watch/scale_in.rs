//! While a service loops it is not scaled in: what its metrics say then is of tasks that die.

use jiff::SignedDuration;

use super::deciding::Deciding;
use crate::incident::Incident;
use crate::overrides::{Handed, OverriddenBy, Override, Which};
use crate::report::What;
use crate::scaling::Suspended;

/// Longest suspension for an incident's sake, which else ends with it.
const LASTS: SignedDuration = SignedDuration::from_hours(24);

impl Deciding<'_> {
    /// Suspends scaling in, once, of a service that loops, if Steady manages its scaling. The config was read with what
    /// runs.
    pub(super) fn hold_scale_in(&mut self) {
        let manages = self.is_known() && self.config.scaling.capacity.is_some();
        let loops =
            |incident: &&mut Incident| incident.key1_turned_at.is_some() && !incident.scale_in_held;
        let Some(incident) = self.record.incident.as_mut().filter(|one| manages && loops(one))
        else {
            return;
        };
        let Ok(until) = self.now.checked_add(LASTS) else { return };
        incident.scale_in_held = true;
        let id = override_id(incident);
        let held = Override {
            id: id.clone(),
            by: OverriddenBy::Incident(incident.id.clone()),
            reason: String::new(),
            since: self.now,
            until,
            min: None,
            max: None,
            suspended: Suspended { dynamic_scaling_in: true, ..Suspended::default() },
            rollback_off: false,
        };
        self.record.outbox.push_override(id, Handed::Put(held), self.now);
        self.tell(What::ScaleInHeld { until });
    }

    /// Ends that with its incident.
    pub(super) fn release_scale_in(&mut self, incident: &Incident) {
        if incident.scale_in_held {
            let id = override_id(incident);
            let end = Handed::End(Which::Id(id.clone()));
            self.record.outbox.push_override(format!("{id}-end"), end, self.now);
        }
    }
}

fn override_id(incident: &Incident) -> String {
    format!("incident-{}", incident.id)
}
