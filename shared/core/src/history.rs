//! Incidents that are over, kept for [`KEPT_FOR`] beside the record of their service.
//!
//! Written when an incident ends, and only then, in the same transaction as the record that no longer has it: so each is
//! there once, whoever's save held. An item's key is the incident's id, so the same one written twice is one item.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::incident::{Incident, Resolution};
use crate::name::ServiceKey;
use crate::stop::Cause;

/// How long a past incident is kept: a quarter's worth, for a review.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What an incident was.
///
/// ```json
/// {"service": "prod/checkout", "id": "01JD…", "kind": "restart-loop", "opened_at": "2026-11-21T02:14:07Z",
///  "about": "ecs-svc/42", "revision": "checkout:42", "evidence": 1270.0, "counts": {…}, "rollback": {"decided": {…}},
///  "notices": ["01JD…-opened-1795227247", …], …, "cause": "exit-code", "resolved_at": "2026-11-21T02:22:40Z",
///  "resolution": {"rollback-verified": {…}}}
/// ```
///
/// What is added to it later needs a default: what was written before is read for [`KEPT_FOR`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastIncident {
    /// Whose it was.
    pub service: ServiceKey,
    /// As it stood when it ended: what opened it and when, what it was about, what it rested on, and what became of
    /// the rollback. Its `notices` name those too that were still on their way.
    #[serde(flatten)]
    pub incident: Incident,
    /// What ended most of the tasks of the deployment that it was about; `None` where no task was seen to end.
    pub cause: Option<Cause>,
    /// When it ended.
    pub resolved_at: Timestamp,
    /// How.
    pub resolution: Resolution,
}

impl PastIncident {
    /// As it is kept.
    pub fn store(&self) -> StoredIncident {
        StoredIncident {
            id: self.incident.id.to_string(),
            incident: serde_json::to_string(self).unwrap_or_default(),
            expires: self.resolved_at.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX),
        }
    }

    /// The reverse of [`Self::store`].
    ///
    /// # Errors
    /// Where, and what was expected.
    pub fn restore(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// A past incident as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIncident {
    /// The incident's id: sorts by the time it opened.
    pub id: String,
    /// JSON: a [`PastIncident`].
    pub incident: String,
    /// Afterwards it may be deleted.
    pub expires: Timestamp,
}
