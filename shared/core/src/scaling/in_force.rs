//! What holds at a time: base bounds, then schedules and windows, then overrides.
//!
//! Scheduled actions *set* bounds, and those stay until another sets others. A window is two of them: at its start its
//! own bounds are set, at its end those of `[capacity]`. So what holds of a bound is what the newest run that named it has
//! set, and it can be told of any moment without having watched: that is what Application Auto Scaling does by itself
//! ([`super::scheduled_actions`]), and what [`InForce::at`] computes while scheduled scaling is suspended, or has not run because the
//! config is new.
//!
//! An override *replaces* the bounds that it names. Several that name `min` are all kept by the largest, several that name
//! `max` by the smallest. Where an override's bound and one from the config cross, the config's gives way; where two
//! overrides' cross, `max` holds, since what asks for a limit protects something. Where the config's own cross, which
//! its checks mostly prevent, `min` holds.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::object::{Bounds, Suspended};
use super::runs::{self, window_is_open};
use crate::config::{Capacity, Scaling};
use crate::overrides::Override;

/// What holds at a time, and because of what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InForce {
    /// What the scalable target is to have; `min` is never above `max`.
    pub bounds: Bounds,
    /// What set `bounds.min`.
    pub min_by: SetBy,
    /// What set `bounds.max`.
    pub max_by: SetBy,
    /// What is suspended. While an override of bounds is in force scheduled scaling is, since it would write over it.
    pub suspended: Suspended,
    /// The window in force, by its name, whatever else holds; of several the one last in the file.
    pub window: Option<String>,
    /// The overrides in force, by their ids, in the record's order.
    pub overrides: Vec<String>,
    /// When something else will hold, for whoever has to write it: an override begins or ends, or, while scheduled scaling
    /// is suspended, a window or a scheduled action. `None`: nothing changes by itself that AWS does not do.
    pub changes_at: Option<Timestamp>,
}

/// What a bound comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// `[capacity]`
    Capacity,
    /// A `[[scheduled]]`, by its name.
    Scheduled(String),
    /// A `[[window]]` in force, by its name.
    Window(String),
    /// An override, by its id.
    Override(String),
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity => f.write_str("[capacity]"),
            Self::Scheduled(name) => write!(f, "scheduled action `{name}`"),
            Self::Window(name) => write!(f, "window `{name}`"),
            Self::Override(id) => write!(f, "override `{id}`"),
        }
    }
}

impl InForce {
    /// At `now`. `None`: `config` has no `[capacity]`, so nothing is wanted.
    pub fn at(config: &Scaling, overrides: &[Override], now: Timestamp) -> Option<Self> {
        let capacity = config.capacity?;
        let in_force: Vec<&Override> =
            overrides.iter().filter(|one| one.is_in_force(now)).collect();
        let mut set = of_config(config, capacity, now);
        set.replace_with(&in_force);
        let suspended = suspended(&in_force);
        let mut changes: Vec<Timestamp> =
            overrides.iter().flat_map(|one| [one.since, one.until]).collect();
        if suspended.scheduled_scaling {
            changes.extend(runs::next_scheduled(config, now));
        }
        let open = config.window.iter().rfind(|one| window_is_open(one, now));
        Some(Self {
            bounds: Bounds { min: set.min, max: set.max },
            min_by: set.min_by,
            max_by: set.max_by,
            suspended,
            window: open.map(|one| one.name.clone()),
            overrides: in_force.iter().map(|one| one.id.clone()).collect(),
            changes_at: changes.into_iter().filter(|at| *at > now).min(),
        })
    }
}

/// Both bounds, and what they come from.
struct Set {
    min: u32,
    max: u32,
    min_by: SetBy,
    max_by: SetBy,
}

/// What holds by the config alone: of each bound what the newest run that named it has set.
fn of_config(config: &Scaling, capacity: Capacity, now: Timestamp) -> Set {
    let Capacity { min, max } = capacity;
    let mut set = Set { min, max, min_by: SetBy::Capacity, max_by: SetBy::Capacity };
    for ran in runs::newest(config, capacity, now) {
        if let Some(min) = ran.min {
            (set.min, set.min_by) = (min, ran.by.clone());
        }
        if let Some(max) = ran.max {
            (set.max, set.max_by) = (max, ran.by);
        }
    }
    set.uncross(false);
    set
}

impl Set {
    fn replace_with(&mut self, overrides: &[&Override]) {
        let by = |one: &Override| SetBy::Override(one.id.clone());
        let mins = overrides.iter().filter_map(|one| Some((one.min?, by(one))));
        let maxes = overrides.iter().filter_map(|one| Some((one.max?, by(one))));
        if let Some(min) = mins.max_by_key(|(min, _)| *min) {
            (self.min, self.min_by) = min;
        }
        let max = maxes.min_by_key(|(max, _)| *max);
        let limits = max.is_some();
        if let Some(max) = max {
            (self.max, self.max_by) = max;
        }
        self.uncross(limits);
    }

    fn uncross(&mut self, max_holds: bool) {
        if self.min <= self.max {
            return;
        }
        if max_holds {
            (self.min, self.min_by) = (self.max, self.max_by.clone());
        } else {
            (self.max, self.max_by) = (self.min, self.min_by.clone());
        }
    }
}

/// What is suspended by overrides: all that one of them names, and scheduled scaling while one names a bound.
fn suspended(in_force: &[&Override]) -> Suspended {
    in_force.iter().fold(Suspended::default(), |all, one| Suspended {
        dynamic_scaling_in: all.dynamic_scaling_in || one.suspended.dynamic_scaling_in,
        dynamic_scaling_out: all.dynamic_scaling_out || one.suspended.dynamic_scaling_out,
        scheduled_scaling: all.scheduled_scaling
            || one.suspended.scheduled_scaling
            || one.min.is_some()
            || one.max.is_some(),
    })
}
