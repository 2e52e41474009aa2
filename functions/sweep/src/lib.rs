//! The function `sweep`: each minute, what is due; once an hour, piece by piece, everything.
//!
//! ```text
//! EventBridge schedule ─▶ index `open`: what is due ─▶ a turn for each, eight at a time ─▶ log lines
//!                     └─▶ slow pass: a piece of the fleet ─▶ a turn for what events missed
//! ```
//!
//! There is no judgement here: when a service is due its last decision has said, what follows is in
//! `steady_core::watch`, what events have missed in `steady_core::slow_pass`. A quiet minute costs a Query of an empty index
//! and a read of where the slow pass stands. What is not begun in time is left for the next minute, which begins with the
//! longest overdue.
//!
//! Start reading at [`handler::Sweep::handle`].

pub mod handler;
