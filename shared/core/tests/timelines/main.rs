//! Behaviour over time: a service's life is told step by step, and after each story nothing else is left to do
//! than what the story names.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may end at a surprise"
)]

mod again;
mod alarm;
mod always;
mod environment;
mod fleet;
mod judge;
mod late;
mod open;
mod probe;
mod quoted;
mod refuse;
mod resolve;
mod roll_back;
mod scale_in;
mod service;
mod story;
mod together;
mod traffic;
mod verify;
mod way_back;
