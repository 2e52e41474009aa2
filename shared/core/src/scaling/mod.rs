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

mod in_force;
pub mod object;
mod record;
mod schedule;

pub use in_force::{InForce, scheduled_actions};
pub use object::*;
pub use record::{Managed, ScalingRecord};
pub use schedule::{Schedule, ScheduleError};
