//! `steady replay`, the process itself: what it prints for whole recordings.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

#[path = "../command/mod.rs"]
mod command;
mod fields;
mod proven;
mod published;
#[path = "../recorded/mod.rs"]
mod recorded;
mod same_bytes;
mod scheduler;
mod scope;
mod standalone;
mod story;
mod time;
