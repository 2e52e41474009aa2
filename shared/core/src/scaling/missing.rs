//! Files that nobody finds any more.
//!
//! Absence is not deletion: a service whose file is gone keeps its last good config, whatever the reason. So all that is
//! left to decide is when so much absence has to be told: a parameter tree that was deleted, or a path that is misspelt,
//! would otherwise show only when the next change of a config has no effect.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::name::ServiceKey;
use crate::record::is_default;

/// Files that vanish within so long of each other are one event.
pub const VANISHED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// More than so many are suspicious, and so is more than one in [`VANISHED_SHARE`].
pub const VANISHED_MAX: usize = 5;

/// See [`VANISHED_MAX`]: a tenth.
pub const VANISHED_SHARE: usize = 10;

/// Names that are kept; of more only the number is.
const NAMED_MAX: usize = 100;

/// What vanished within the hour. Kept by whoever hears of files: one item for the account.
///
/// ```json
/// {"gone": {"prod/checkout": "2026-11-21T02:00:00Z"}, "told_at": "2026-11-21T02:00:10Z"}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Missing {
    /// Since when, by service.
    gone: BTreeMap<ServiceKey, Timestamp>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_default")]
    more: usize,
    /// When people were told last.
    #[serde(skip_serializing_if = "is_default")]
    told_at: Option<Timestamp>,
}

/// Suspiciously many files are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// Some of the services, by name.
    pub services: Vec<ServiceKey>,
    /// How many there are in all.
    pub count: usize,
    /// Of how many that have files of their own.
    pub of: usize,
}

impl Missing {
    /// Takes in which services' files are there and which are not, of those that had one; `of`: how many had one in all.
    /// `Some` where that has to be told, once an hour at most.
    pub fn look(
        &mut self,
        present: &[ServiceKey],
        absent: &[ServiceKey],
        of: usize,
        now: Timestamp,
    ) -> Option<Vanished> {
        let is_recent = |since: Timestamp| now.duration_since(since) < VANISHED_WITHIN;
        self.gone.retain(|service, since| is_recent(*since) && !present.contains(service));
        if self.gone.is_empty() {
            self.more = 0;
        }
        for service in absent {
            if self.gone.len() < NAMED_MAX {
                self.gone.entry(service.clone()).or_insert(now);
            } else if !self.gone.contains_key(service) {
                self.more = self.more.saturating_add(1);
            }
        }
        let count = self.gone.len().saturating_add(self.more);
        let is_suspicious =
            count > VANISHED_MAX || count.saturating_mul(VANISHED_SHARE) > of && count > 0;
        if !is_suspicious || self.told_at.is_some_and(is_recent) {
            return None;
        }
        self.told_at = Some(now);
        Some(Vanished { services: self.gone.keys().cloned().collect(), count, of })
    }
}
