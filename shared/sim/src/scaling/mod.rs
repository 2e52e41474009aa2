//! Application Auto Scaling in virtual time: a service's load in, its tasks out, and why.
//!
//! ```text
//! Demand ──▶ run ──▶ Fleet: starting, running ──▶ what each step was like ──▶ whoever looks (score, picture)
//!             ▲ │
//!             │ └──▶ Scaler ◀── AutoScaling: config, bounds over time, alarms, cooldowns
//!             └─────── desired  ◀── or a rival: Static, Hpa, Oracle
//! ```
//!
//! [`AutoScaling`] reads the checked config that `scale` applies ([`steady_core::config::Scaling`]) and asks the core what
//! bounds hold when; nothing of the file is read here a second time. What AWS does not publish is a field of
//! [`Assumptions`], with where its default comes from. There is no randomness: the same input gives the same bytes.
//!
//! The replay is *open loop*: nobody retries, and load that was not served does not come back. Only a queue keeps what waits.
//!
//! Time goes in steps of 10, 20 or 60 s ([`Demand::step`]). Within one nothing changes; delays are rounded to whole
//! steps. A step allocates nothing, so that years can be played in a blink; only actions are kept.
//!
//! Deliberately not here: tasks that fail, the speed at which ECS launches many tasks, anything that load does to a task
//! but fill it. A policy on a metric that does not follow from load alone (memory, custom metrics) is left out, and
//! [`AutoScaling::left_out`] says so.

mod action;
mod alarm;
mod arithmetic;
mod assumptions;
mod auto_scaling;
mod bounds;
mod demand;
mod fleet;
mod forecast;
mod making;
mod meter;
mod policy;
mod rivals;
mod run;
mod score;

pub use action::{Action, Held, Limit, Why};
pub use arithmetic::{Clamped, clamp, step_change, tracking_wish};
pub use assumptions::{Assumptions, Base};
pub use auto_scaling::{AutoScaling, Given, LeftOut, NothingToScale};
pub use demand::{Demand, needed};
pub use fleet::Fleet;
pub use rivals::{Hpa, Oracle, Static};
pub use run::{Moment, Scaler, run};
pub use score::{Figures, Score};
