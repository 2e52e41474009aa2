//! The embedded AWS over the wire: real SDK clients, real HTTP.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests fail by panicking")]

mod alarms;
mod clients;
mod dynamodb;
mod ecs;
mod faults;
mod front;
mod iam;
mod logs;
mod metrics;
mod policies;
mod scaling;
mod schedules;
mod sns;
mod ssm;
