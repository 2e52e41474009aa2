//! The function `scale`: the teams' config, applied to Application Auto Scaling and kept there.
//!
//! ```text
//! SQS batch ─▶ parameters, deployments by service ─▶ a scaling turn for each ─▶ log lines
//! EventBridge schedule ─▶ the pass: config and live state of everything ─▶ a turn where something differs
//! ```
//!
//! There is no judgement here: what is desired, what differs and in which order it is written is in `steady_core::scaling`. What
//! is not begun in time comes again: a message by its queue, a pass by the next schedule, which goes on where this one ended.
//!
//! Start reading at [`handler::Scale::handle`] and [`handler::Scale::pass`].

pub mod batch;
pub mod handler;
