//! What is remembered of a service's scaling. Kept beside the service's record, which every event loads: config of up to
//! 4 KB would be paid for with each of its writes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::object::Bounds;
use super::plan::Written;
use crate::config::{Notify, Scaling};
use crate::name::ServiceKey;
use crate::outbox::Outbox;
use crate::overrides::Override;
use crate::record::is_default;

/// What is remembered of a service's scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingRecord {
    /// Whose it is.
    pub service: ServiceKey,
    /// The last good config.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config: Scaling,
    /// Where notices go, by the last good config.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify: Notify,
    /// Since when Steady manages its scaling; `None`: it does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: Option<Managed>,
    /// In force, to come, or over and not yet undone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overrides: Vec<Override>,
    /// When its live state was last compared with what is desired.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compared_at: Option<Timestamp>,
    /// What Steady wrote last of each object: who changes it back is seen by that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub written: Written,
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
            config: Scaling::default(),
            notify: Notify::default(),
            managed: None,
            overrides: Vec::new(),
            compared_at: None,
            written: Written::default(),
            outbox: Outbox::default(),
        }
    }
}
