//! The adapters over HTTP on loopback: against the embedded AWS, which knows what AWS would answer, and against canned
//! conversations for answers that it would not give.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are tests too"
)]

mod account;
mod alarms;
mod canned;
mod client;
mod ecs;
mod families;
mod faults;
mod groups;
mod history;
mod live;
mod logs;
mod metric_alarms;
mod metrics;
mod parameters;
mod round_trip;
mod scaling;
mod scaling_records;
mod service_revision;
mod setup;
mod story;
mod sweep;
mod switch;
mod table;
