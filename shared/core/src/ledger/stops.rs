//! The newest stops in full, and which tasks are known to have stopped: the record's second item.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::TaskStop;
use crate::name::{DeploymentId, TaskArn};

/// Stops kept in full. What a notice shows comes from them; 50 fill about 40 KB.
pub const STOPS_KEPT: usize = 50;

/// Stops kept while their cause is still to come, for the minute that it takes. 300 that are no more than that fill
/// about 150 KB; an item of DynamoDB holds 400.
const PENDING_KEPT: usize = 300;

/// Longest JSON of the stops. With the hashes beside them (116 KB at most) and 400 KB for an item, there is room.
const JSON_MAX: usize = 250_000;

/// Tasks remembered as stopped. More would outgrow DynamoDB's 400 KB item; a service that stops more than
/// 5,000 tasks in a day loses only the power to tell very late repeats.
pub const TASKS_REMEMBERED: usize = 5_000;

/// How long a stopped task is remembered. EventBridge retries a delivery for up to 24 h by default.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A hash and what is remembered of its task, as bytes: 8 + 4 + 4 + 4 + 1.
const BYTES_EACH: usize = 21;

/// In bytes: the task never reached RUNNING.
const NEVER_RAN: u32 = u32::MAX;

/// Stops, and what is known to be one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stops {
    /// The newest [`STOPS_KEPT`] by end.
    pub(super) kept: Vec<TaskStop>,
    /// What is remembered of each task that stopped, by its hash.
    remembered: BTreeMap<u64, Lived>,
    /// The earliest end in it, so that looking whether anything is old enough to be forgotten costs nothing.
    oldest: Option<i64>,
    /// Stops that ended before this (seconds since 1970) are no longer told from repeats, and are ignored.
    pub(super) forgotten_before: i64,
}

/// How a task lived, in short: what remains of each stop when it is no longer kept in full, and enough to tell who
/// was alive when another one crashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lived {
    /// `startedAt`, in seconds since 1970; `None` if it never reached RUNNING.
    pub(crate) started: Option<i64>,
    /// Its end, likewise.
    pub(crate) ended: i64,
    /// Its deployment's [`DeploymentId::hash32`]; 0 if none is known.
    deployment: u32,
    /// How it ended.
    pub(crate) fate: Fate,
}

/// How a task ended, as far as that is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// In any way that is no evidence against its revision.
    Other,
    /// By the revision's fault, on trial.
    FailedStart,
    /// By the revision's fault, later.
    Crash,
}

impl Lived {
    /// Of a task that runs: its life up to now.
    pub(crate) fn running(started_at: Timestamp, now: Timestamp) -> Self {
        let started = Some(started_at.as_second());
        Self { started, ended: now.as_second(), deployment: 0, fate: Fate::Other }
    }

    fn of(stop: &TaskStop) -> Self {
        let fate = match (stop.fails_start(), stop.blames_revision()) {
            (true, _) => Fate::FailedStart,
            (false, true) => Fate::Crash,
            (false, false) => Fate::Other,
        };
        Self {
            started: stop.started_at.map(Timestamp::as_second),
            ended: stop.ended_at().as_second(),
            deployment: stop.deployment.as_ref().map_or(0, DeploymentId::hash32),
            fate,
        }
    }

    fn to_bytes(self, hash: u64) -> [u8; BYTES_EACH] {
        let mut bytes = [0; BYTES_EACH];
        let second = |second: i64| u32::try_from(second).unwrap_or(0).to_be_bytes();
        let started = self.started.map_or(NEVER_RAN.to_be_bytes(), second);
        let fate = match self.fate {
            Fate::Other => 0,
            Fate::FailedStart => 1,
            Fate::Crash => 2,
        };
        let parts = hash
            .to_be_bytes()
            .into_iter()
            .chain(second(self.ended))
            .chain(started)
            .chain(self.deployment.to_be_bytes())
            .chain([fate]);
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<(u64, Self)> {
        let (hash, rest) = bytes.split_first_chunk()?;
        let (ended, rest) = rest.split_first_chunk()?;
        let (started, rest) = rest.split_first_chunk()?;
        let (deployment, rest) = rest.split_first_chunk()?;
        let fate = match rest.first()? {
            1 => Fate::FailedStart,
            2 => Fate::Crash,
            _ => Fate::Other,
        };
        let started = u32::from_be_bytes(*started);
        let lived = Self {
            started: (started != NEVER_RAN).then_some(i64::from(started)),
            ended: i64::from(u32::from_be_bytes(*ended)),
            deployment: u32::from_be_bytes(*deployment),
            fate,
        };
        Some((u64::from_be_bytes(*hash), lived))
    }
}

/// [`Stops`] as JSON, without the hashes.
#[derive(Serialize, Deserialize)]
struct Kept {
    forgotten_before: i64,
    stops: Vec<TaskStop>,
}

impl Stops {
    /// Whether the task is known to have stopped.
    pub(super) fn knows(&self, task: &TaskArn) -> bool {
        self.remembered.contains_key(&task.hash64())
    }

    pub(super) fn keep(&mut self, stop: TaskStop) {
        let at = self.kept.partition_point(|known| known.by_end(&stop).is_le());
        self.kept.insert(at, stop);
        if self.kept.len() > STOPS_KEPT {
            // Those whose cause is still to come go last: a mass crash is told in pieces.
            let told = self.kept.iter().position(|stop| stop.is_told);
            if told.is_some() || self.kept.len() > PENDING_KEPT {
                self.kept.remove(told.unwrap_or(0));
            }
        }
    }

    /// Remembers a stop, or what is known of it by now.
    pub(super) fn remember(&mut self, stop: &TaskStop) {
        let lived = Lived::of(stop);
        let ended = lived.ended;
        self.remembered.insert(stop.task.hash64(), lived);
        self.oldest = Some(self.oldest.map_or(ended, |oldest| oldest.min(ended)));
        // Sorting for each stop would cost more than the slack.
        if self.remembered.len() > TASKS_REMEMBERED + TASKS_REMEMBERED / 10 {
            let mut ends: Vec<i64> = self.remembered.values().map(|lived| lived.ended).collect();
            ends.sort_unstable();
            let cut = ends.len().saturating_sub(TASKS_REMEMBERED);
            if let Some(oldest_kept) = ends.get(cut) {
                // Where all of them stopped in one second, that second goes whole.
                let nothing_older = ends.first() == Some(oldest_kept);
                self.forget_before(oldest_kept.saturating_add(i64::from(nothing_older)));
            }
        }
    }

    /// Forgets tasks that stopped more than [`REMEMBERED_FOR`] before `now`.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        let before = now.as_second().saturating_sub(REMEMBERED_FOR.as_secs());
        // An hour of slack, so that a busy service does not sweep its thousands of hashes at each event. With nothing
        // to forget nothing changes: a change costs a write.
        let due = before > self.forgotten_before.saturating_add(3600);
        if due && self.oldest.is_some_and(|oldest| oldest < before) {
            self.forget_before(before);
        }
    }

    fn forget_before(&mut self, second: i64) {
        self.forgotten_before = self.forgotten_before.max(second);
        let from = self.forgotten_before;
        self.remembered.retain(|_, lived| lived.ended >= from);
        self.oldest = self.remembered.values().map(|lived| lived.ended).min();
    }

    /// The stops as JSON. Of hostile length the oldest go until it fits.
    pub(crate) fn to_json(&self) -> String {
        let mut kept = Kept { forgotten_before: self.forgotten_before, stops: self.kept.clone() };
        loop {
            let json = serde_json::to_string(&kept).unwrap_or_default();
            if json.len() <= JSON_MAX || kept.stops.is_empty() {
                return json;
            }
            let told = kept.stops.iter().position(|stop| stop.is_told);
            kept.stops.remove(told.unwrap_or(0));
        }
    }

    /// The remembered tasks of a deployment, in no order that means anything.
    pub(super) fn lives_of(&self, deployment: &DeploymentId) -> impl Iterator<Item = Lived> {
        let deployment = deployment.hash32();
        self.remembered.values().filter(move |lived| lived.deployment == deployment).copied()
    }

    /// Each hash with what is remembered of its task, big-endian, in the order of the hashes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.remembered.iter().flat_map(|(hash, lived)| lived.to_bytes(*hash)).collect()
    }

    /// The reverse of [`Self::to_json`] and [`Self::to_bytes`].
    pub(crate) fn read(json: &str, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let Kept { forgotten_before, stops } = serde_json::from_str(json)?;
        let remembered: BTreeMap<u64, Lived> =
            bytes.chunks_exact(BYTES_EACH).filter_map(Lived::from_bytes).collect();
        let oldest = remembered.values().map(|lived| lived.ended).min();
        Ok(Self { kept: stops, remembered, oldest, forgotten_before })
    }
}
