//! What Steady knows and decides: the domain, pure: no AWS SDK, no clock, no environment.

pub mod config;
pub mod event;
pub mod name;
pub mod stop;
