//! The adapters over HTTP on loopback, by canned conversations.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are tests too"
)]

mod canned;
mod client;
mod ecs;
mod logs;
mod parameters;
mod setup;
mod table;
