//! Scaling: desired beside live, the plan, and its turn over a fake Application Auto Scaling.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at a surprise"
)]

mod aws;
#[path = "../faulty/mod.rs"]
mod faulty;
mod gone;
mod late;
mod missing;
mod pass;
mod plans;
mod properties;
mod rates;
mod region;
mod same;
mod today;
mod troubles;
mod turns;
mod wanted;
mod why;
mod world;
