//! `steady simulate`, the process itself.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../command/mod.rs"]
mod command;
mod config;
mod events;
mod files;
mod page;
mod tables;

/// Every start of the new revision crashes.
pub(crate) const CRASH: &str = "title = \"every start crashes\"\nbad = true\n[service]\ntasks = 4\n\
                                [new]\nfailing_starts = 1.0\n[run]\nhorizon = \"20m\"\n";

/// Nothing is wrong with it.
pub(crate) const HEALTHY: &str =
    "title = \"all is well\"\nbad = false\n[service]\ntasks = 4\n[run]\nhorizon = \"30m\"\n";
