//! What is remembered of a family's tasks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TELL_EVERY;
use crate::config::Notify;
use crate::ledger::{Ledger, TaskStop};
use crate::name::{Account, FamilyKey, Region};
use crate::outbox::Outbox;
use crate::record::{self, Stored, Unreadable, is_default};

/// What is remembered of a family's tasks. Kept as a service's record is, and only of families that config asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandaloneRecord {
    /// Whose it is.
    pub key: FamilyKey,
    /// The account, for links in notices; from the first event.
    pub(super) account: Option<Account>,
    /// The region, likewise.
    pub(super) region: Option<Region>,
    /// Only its stops are used: such tasks have no deployment. They are kept apart ([`StandaloneRecord::store`]).
    #[serde(skip)]
    pub(super) ledger: Ledger,
    /// When the last notice was written.
    pub(super) told_at: Option<Timestamp>,
    /// Failed since then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) untold: u32,
    /// The newest of these.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) newest: Option<TaskStop>,
    /// Where notices go, by the last config that could be used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) notify: Notify,
    /// What was decided and is not confirmed yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outbox: Outbox,
}

impl StandaloneRecord {
    /// Of a family never seen before.
    pub fn new(key: FamilyKey) -> Self {
        Self {
            key,
            account: None,
            region: None,
            ledger: Ledger::default(),
            told_at: None,
            untold: 0,
            newest: None,
            notify: Notify::default(),
            outbox: Outbox::default(),
        }
    }

    /// When a notice is to be written, though nothing comes in; `None`: nothing is untold. In the past for a family
    /// that nobody has been told of yet.
    pub fn due(&self) -> Option<Timestamp> {
        if self.untold == 0 {
            return None;
        }
        let told_at = self.told_at.unwrap_or(Timestamp::MIN);
        told_at.saturating_add(TELL_EVERY).ok()
    }

    /// As it is kept.
    pub fn store(&self) -> Stored {
        record::store(self, &self.ledger, &self.outbox, self.due())
    }

    /// The reverse of [`Self::store`].
    ///
    /// # Errors
    /// [`Unreadable`], for what another version of Steady wrote in a way that this one cannot read.
    pub fn restore(stored: &Stored) -> Result<Self, Unreadable> {
        record::restore(stored, |record: &mut Self| &mut record.ledger)
    }

    /// Whether the stops of `other` are the same: then they need not be written.
    pub(super) fn has_stops_of(&self, other: &Self) -> bool {
        self.ledger.stops() == other.ledger.stops()
    }
}
