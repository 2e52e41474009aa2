//! Scaling: what Application Auto Scaling is to hold of a service, and how to get there.
//!
//! ```text
//! config ─┐
//! overrides ├─ desired ─▶ Desired ─┐
//! now ────┘                        ├─ plan ─▶ Plan: create, change, delete; what is left alone, and why
//!                 live state ──────┘
//! ```
//!
//! Everything here is pure. The objects are Application Auto Scaling's and CloudWatch's own, in their words
//! ([`object`]); whoever reads and writes them implements [`crate::port::ReadScaling`] and
//! [`crate::port::ChangeScaling`].

mod activity;
mod alarm_uses;
mod desired;
mod fields;
mod in_force;
mod load;
mod missing;
pub mod object;
mod pass;
mod plan;
mod queue;
mod record;
mod runs;
mod schedule;
mod today;
mod told;
mod trouble;
mod turn;
mod why;

pub use activity::*;
pub use desired::{Desired, alarm_name, alarm_prefix, desired};
pub use in_force::{InForce, SetBy};
pub use load::{came_in, cpu_samples, period_kept, running_tasks, utilization};
pub use missing::{Missing, VANISHED_MAX, VANISHED_SHARE, VANISHED_WITHIN, Vanished};
pub use object::*;
pub use pass::{
    AllConfig, CONFIG_READ_EVERY, Pass, PassPage, PassPlace, PassTurn, SERVICES_A_PAGE,
    ask_for_config, needs_turn,
};
pub use plan::{
    Change, Does, FieldChange, Moves, Note, Object, ObjectKind, Plan, Refused, Written, is_ours,
    plan, render_plans,
};
pub use record::{Managed, ScalingRecord};
pub use runs::{next_scheduled, scheduled_actions, window_is_open};
pub use schedule::{Schedule, ScheduleError, ScheduleKind, zone};
pub use today::{Today, Untold, today};
pub use trouble::{ASKED_WITHIN, ESCALATE_AFTER, ScalingTrouble, TroubleKind};
pub use turn::{ScalingPorts, ScalingTaken, ScalingTurn, WhyTurn};
pub use why::{Happened, Moment, Place, PolicyAlarm, Read, Why, alarms_of, why};
