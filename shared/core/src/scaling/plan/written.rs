//! What Steady wrote, so that it can tell when somebody changes it back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::change::{Change, Object};
use crate::record::is_default;

/// How often the same is written over somebody's change. Whoever reverts Steady twice means it (a pipeline, another
/// controller): a third time would be a fight.
pub(super) const WRITTEN_OVER_MAX: u32 = 1;

/// After so long a change by somebody else is a new one. Nothing is left alone for ever, so what is held is tried again then.
pub(super) const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was written last of each object, and what AWS refused.
///
/// ```json
/// {"put": {"scaling policy steady-cpu": {"fingerprint": "8594f171f73967e8", "at": "2026-11-21T02:00:00Z"}}}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Written {
    #[serde(skip_serializing_if = "is_default")]
    put: BTreeMap<String, Put>,
    /// What people were told that AWS refuses: by object, what it should have held.
    #[serde(skip_serializing_if = "is_default")]
    refused: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Put {
    fingerprint: String,
    at: Timestamp,
    /// How often the same was written again.
    #[serde(default, skip_serializing_if = "is_default")]
    over: u32,
    /// Whether people were told that it is left alone.
    #[serde(default, skip_serializing_if = "is_default")]
    is_told: bool,
}

impl Written {
    /// Whether `change` writes what was written before, and was changed back as often as is borne.
    pub(super) fn holds(&self, change: &Change, now: Timestamp) -> bool {
        self.same(change, now).is_some_and(|put| put.over >= WRITTEN_OVER_MAX)
    }

    /// `change` was made, for certain.
    pub(in crate::scaling) fn note(&mut self, change: &Change, now: Timestamp) {
        let key = change.object.to_string();
        self.refused.remove(&key);
        let Some(fingerprint) = change.fingerprint.clone() else {
            self.put.remove(&key);
            return;
        };
        let over = self.same(change, now).map_or(0, |put| put.over.saturating_add(1));
        self.put.insert(key, Put { fingerprint, at: now, over, is_told: false });
    }

    /// Notes that people are told of `object`; `false`: they were before.
    pub(in crate::scaling) fn tell(&mut self, object: &Object) -> bool {
        let put = self.put.get_mut(&object.to_string());
        put.is_some_and(|put| !std::mem::replace(&mut put.is_told, true))
    }

    /// Forgets everything: the service leaves.
    pub(in crate::scaling) fn clear(&mut self) {
        *self = Self::default();
    }

    /// AWS refused `change`; `false`: people know.
    pub(in crate::scaling) fn refuse(&mut self, change: &Change) -> bool {
        let what = change.fingerprint.clone().unwrap_or_default();
        self.refused.insert(change.object.to_string(), what.clone()) != Some(what)
    }

    fn same(&self, change: &Change, now: Timestamp) -> Option<&Put> {
        let put = self.put.get(&change.object.to_string())?;
        let is_same = change.fingerprint.as_ref() == Some(&put.fingerprint);
        (is_same && now.duration_since(put.at) < REMEMBERED_FOR).then_some(put)
    }
}
