//! How services move: timelines over fixed seeds.

mod deploy;
mod story;
