//! Where the pass stands, and what it has to remember from one to the next.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::name::ServiceKey;
use crate::outbox::Outbox;
use crate::record::is_default;
use crate::scaling::Missing;

/// How often all of the config is read, though no event has told of a change: 3,000 files are 300 calls, and parameter reads
/// share their quota with the secrets of starting tasks.
pub const CONFIG_READ_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Services that are remembered: 5,000 names are some 140 KB, and an item holds 400. Those beyond are looked at while
/// something of theirs is live, and whenever the config is read.
const SERVICES_MAX: usize = 5_000;

/// Kept between two invocations, in an item of its own, which is written twice in each.
///
/// ```json
/// {"run": {"after": "prod/checkout", "compares_config": true}, "config_read_at": "2026-11-21T02:00:00Z",
///  "with_file": ["prod/checkout", "prod/search"]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassPlace {
    /// The pass that is under way; `None`: the last one is through.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) run: Option<Run>,
    /// When the last pass began that has read all of the config.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) config_read_at: Option<Timestamp>,
    /// Something has changed that concerns many services: the next invocation reads the config, whatever is under way.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) config_changed: bool,
    /// The services that had a file when the config was read last.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) with_file: BTreeSet<ServiceKey>,
    /// Those that had one before, and whose last good config holds.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) without_file: BTreeSet<ServiceKey>,
    /// Whose files are gone.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) missing: Missing,
    /// The findings of a `defaults.toml` with errors, as a hash: people were told of them.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) defaults_rejected: Option<u64>,
    /// What is to be told, and not yet sent.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) outbox: Outbox,
}

/// A pass under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Run {
    /// It goes on with the service after this one; `None`: with the first.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) after: Option<ServiceKey>,
    /// Whether it compares what the config says with what records remember.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) compares_config: bool,
}

impl PassPlace {
    /// Something has changed that concerns many services: `defaults.toml`, or files that are gone.
    pub fn config_changed(&mut self) {
        self.config_changed = true;
    }

    /// Goes on with the pass that is under way, or begins one.
    pub(super) fn begin(&mut self, now: Timestamp) {
        let is_old = |at: Timestamp| now.duration_since(at) >= CONFIG_READ_EVERY;
        if self.config_changed {
            self.run = Some(Run { after: None, compares_config: true });
        }
        let compares_config = self.config_read_at.is_none_or(is_old);
        self.run.get_or_insert(Run { after: None, compares_config });
    }

    /// What there was to remember of services beyond those that are live.
    pub(super) fn services(&self) -> impl Iterator<Item = &ServiceKey> {
        self.with_file.iter().chain(&self.without_file)
    }

    /// Keeps no more than an item holds.
    pub(super) fn shorten(&mut self) {
        while self.with_file.len() + self.without_file.len() > SERVICES_MAX {
            if self.with_file.pop_last().is_none() {
                self.without_file.pop_last();
            }
        }
    }
}
