//! The commands that speak to AWS: the real binary, on an account in which Steady runs. Judged by what it prints, its exit
//! code, and the calls that it made.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

mod backtest;
mod changes;
mod command;
mod config;
mod place;
mod reads;
