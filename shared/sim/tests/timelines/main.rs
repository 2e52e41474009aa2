//! How services move: timelines over fixed seeds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "functions that tests share are tests too"
)]

mod bounds;
mod chances;
mod crash;
mod deploy;
mod facts;
mod faults;
mod published;
mod read_by_core;
mod revisions;
mod rollback;
mod same_bytes;
mod stages;
mod story;
