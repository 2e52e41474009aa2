//! The newest stops in full, and which tasks are known to have stopped: the record's second item.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::TaskStop;
use crate::name::TaskArn;

/// Stops kept in full. What a notice shows comes from them; 50 fill about 40 KB.
pub const STOPS_KEPT: usize = 50;

/// Stops kept while their cause is still to come, for the minute that it takes. 300 that are no more than that fill
/// about 150 KB; an item of DynamoDB holds 400.
const PENDING_KEPT: usize = 300;

/// Longest JSON of the stops. With the hashes beside them (66 KB at most) and 400 KB for an item, there is room.
const JSON_MAX: usize = 250_000;

/// Tasks remembered as stopped. More would outgrow DynamoDB's 400 KB item; a service that stops more than
/// 5,000 tasks in a day loses only the power to tell very late repeats.
pub const TASKS_REMEMBERED: usize = 5_000;

/// How long a stopped task is remembered. EventBridge retries a delivery for up to 24 h by default.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A hash and a second, as bytes.
const BYTES_EACH: usize = 12;

/// Stops, and what is known to be one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stops {
    /// The newest [`STOPS_KEPT`] by end.
    pub(super) kept: Vec<TaskStop>,
    /// Hash of each task that stopped, with its end in seconds since 1970.
    remembered: BTreeMap<u64, i64>,
    /// The earliest end in it, so that looking whether anything is old enough to be forgotten costs nothing.
    oldest: Option<i64>,
    /// Stops that ended before this (seconds since 1970) are no longer told from repeats, and are ignored.
    pub(super) forgotten_before: i64,
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

    pub(super) fn remember(&mut self, task: &TaskArn, ended_at: Timestamp) {
        let ended = ended_at.as_second();
        self.remembered.insert(task.hash64(), ended);
        self.oldest = Some(self.oldest.map_or(ended, |oldest| oldest.min(ended)));
        // Sorting for each stop would cost more than the slack.
        if self.remembered.len() > TASKS_REMEMBERED + TASKS_REMEMBERED / 10 {
            let mut ends: Vec<i64> = self.remembered.values().copied().collect();
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
        self.remembered.retain(|_, ended| *ended >= from);
        self.oldest = self.remembered.values().copied().min();
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

    /// Each hash with its second, big-endian, in the order of the hashes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.remembered.len() * BYTES_EACH);
        for (hash, ended) in &self.remembered {
            bytes.extend(hash.to_be_bytes());
            bytes.extend(u32::try_from(*ended).unwrap_or(0).to_be_bytes());
        }
        bytes
    }

    /// The reverse of [`Self::to_json`] and [`Self::to_bytes`].
    pub(crate) fn read(json: &str, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let Kept { forgotten_before, stops } = serde_json::from_str(json)?;
        let pair = |bytes: &[u8]| {
            let (hash, ended) = bytes.split_first_chunk()?;
            let ended = u32::from_be_bytes(ended.try_into().ok()?);
            Some((u64::from_be_bytes(*hash), i64::from(ended)))
        };
        let remembered: BTreeMap<u64, i64> =
            bytes.chunks_exact(BYTES_EACH).filter_map(pair).collect();
        let oldest = remembered.values().copied().min();
        Ok(Self { kept: stops, remembered, oldest, forgotten_before })
    }
}
