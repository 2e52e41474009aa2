//! When schedules run, what bounds hold at a time, and what becomes of overrides.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may end at a surprise"
)]

mod in_force;
mod in_force_props;
mod overrides;
mod schedule;
mod slips;

use jiff::Timestamp;
use steady_core::scaling::Schedule;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
