//! What is remembered of a service's scaling. Kept beside the service's record, which every event loads: config of up to
//! 4 KB would be paid for with each of its writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::in_force::InForce;
use super::object::{Bounds, LiveScaling};
use super::plan::Written;
use super::trouble::{self, ScalingTrouble};
use crate::config::{Notify, Scaling};
use crate::installation::Home;
use crate::name::ServiceKey;
use crate::outbox::Outbox;
use crate::overrides::{self, Override, Told};
use crate::port::AlarmUse;
use crate::record::{Stored, Unreadable, is_default};

/// What is remembered of a service's scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingRecord {
    /// Whose it is.
    pub service: ServiceKey,
    /// Where it is told from. Not kept: whoever loads the record says it.
    #[serde(skip)]
    pub home: Home,
    /// The last good config.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config: Scaling,
    /// Whether the last good config came from a file of the service's own: then its absence is no wish.
    #[serde(default, skip_serializing_if = "is_default")]
    pub has_own_file: bool,
    /// Where notices go, by the last good config.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify: Notify,
    /// Since when Steady manages its scaling; `None`: it does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: Option<Managed>,
    /// In force, to come, or over and not yet undone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overrides: Vec<Override>,
    /// What people were told of overrides, by their ids.
    #[serde(default, skip_serializing_if = "is_default")]
    pub told: BTreeMap<String, Told>,
    /// What the last good config makes of alarms, as noted where alarms find services.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alarm_uses: BTreeMap<String, AlarmUse>,
    /// When its live state was last compared with what is desired.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compared_at: Option<Timestamp>,
    /// What Steady wrote last of each object: who changes it back is seen by that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub written: Written,
    /// What is wrong for longer; at most one of each kind.
    #[serde(default, skip_serializing_if = "is_default")]
    pub troubles: Vec<ScalingTrouble>,
    /// What was decided and is not confirmed yet: messages only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outbox: Outbox,
}

/// What was there before Steady managed a service's scaling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Managed {
    /// Since when.
    pub since: Timestamp,
    /// The bounds of the scalable target that was there before, given back when the service leaves the config; `None`:
    /// there was none.
    pub bounds_before: Option<Bounds>,
}

impl ScalingRecord {
    /// Of a service never seen before.
    pub fn new(service: ServiceKey) -> Self {
        Self {
            service,
            home: Home::default(),
            config: Scaling::default(),
            has_own_file: false,
            notify: Notify::default(),
            managed: None,
            overrides: Vec::new(),
            told: BTreeMap::new(),
            alarm_uses: BTreeMap::new(),
            compared_at: None,
            written: Written::default(),
            troubles: Vec::new(),
            outbox: Outbox::default(),
        }
    }

    /// When its turn comes though nothing comes in, once everything is as desired at `now`: what holds changes and AWS does
    /// not change it by itself, an override begins, is soon over or over, or one that is over is still remembered.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let changes = InForce::at(&self.config, &self.overrides, now).and_then(|it| it.changes_at);
        let overrides = self.overrides.iter().map(|one| overrides::due(self, one, now));
        overrides.chain(changes).chain(trouble::due(self)).min()
    }

    /// As it is kept; a record without stops. `due`: when its turn comes, sooner where the outbox is not empty.
    /// Whoever has changed what is desired, and leaves it to the turn, says now; the turn itself [`Self::due`].
    pub fn store(&self, due: Option<Timestamp>) -> Stored {
        Stored {
            record: serde_json::to_string(self).unwrap_or_default(),
            due: [due, self.outbox.due()].into_iter().flatten().min(),
            ..Stored::default()
        }
    }

    /// The reverse of [`Self::store`].
    ///
    /// # Errors
    /// [`Unreadable`], for what another version of Steady wrote in a way that this one cannot read.
    pub fn restore(stored: &Stored) -> Result<Self, Unreadable> {
        serde_json::from_str(&stored.record)
            .map_err(|error| Unreadable { part: "record", why: error.to_string() })
    }

    /// Whether its file is to be there. One that said `remove = true`, and was applied, may go.
    pub(super) fn has_a_file_to_miss(&self) -> bool {
        self.has_own_file && !(self.config.remove && self.managed.is_none())
    }

    /// Nothing of it is managed any more.
    pub(super) fn leave(&mut self) {
        self.managed = None;
        self.written.clear();
    }

    /// ECS does not know the service any more. What has gone with it nobody has changed back, and one that comes back
    /// under its name had nothing before.
    pub(super) fn service_is_gone(&mut self, live: &LiveScaling) {
        self.written.clear();
        if live.target.is_none() && !self.config.remove {
            self.managed = None;
        }
    }

    /// Whether nobody asks anything for the service, and nothing is left to do.
    pub(super) fn is_idle(&self) -> bool {
        let nothing = Self {
            home: self.home.clone(),
            notify: self.notify.clone(),
            compared_at: self.compared_at,
            ..Self::new(self.service.clone())
        };
        *self == nothing
    }
}
