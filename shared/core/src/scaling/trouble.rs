//! What is wrong with a service's scaling for longer: a rejected config, a service that cannot grow.
//!
//! Kept in the scaling record and not among health's incidents: a rejected file must neither swallow a restart loop nor be
//! swallowed by one, and must not keep a revision from being proven. Each is told when it opens, once more after a day,
//! and when it is over.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::activity::ScalingActivity;
use super::object::LiveScaling;
use super::pass::digest;
use super::record::ScalingRecord;
use crate::config::Finding;
use crate::notice::{self, TroubleStage};
use crate::record::is_default;

/// What lasts so long is told once more.
pub const ESCALATE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A request for more is over when it was not repeated for so long: an alarm that stays in ALARM asks each minute, and the pass
/// looks every 15.
pub const ASKED_WITHIN: SignedDuration = SignedDuration::from_mins(20);

/// Findings that are kept and told; of more only the number is.
const FINDINGS_KEPT: usize = 10;

/// A trouble that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingTrouble {
    /// What it is.
    pub kind: TroubleKind,
    /// Since when.
    pub opened_at: Timestamp,
    /// Whether people know. At its maximum a service with an open incident is not told of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_told: bool,
    /// Whether they were told that it lasts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_escalated: bool,
}

/// What a trouble is. In JSON: `{"config-rejected": {…}}`, `{"at-max-capacity": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// The service's file has errors: the last good config holds.
    ConfigRejected {
        /// The first of them, one line each.
        findings: Vec<String>,
        /// How many there are.
        count: usize,
        /// All of them as a number, by which the same ones are known.
        digest: u64,
    },
    /// As many tasks run as may, and more are asked for.
    AtMaxCapacity {
        /// `MaxCapacity`
        max: u32,
        /// What asks: the causes of scaling activities that did not scale, in Application Auto Scaling's words.
        asked: Vec<String>,
    },
}

impl TroubleKind {
    /// In words, about the service: `its config is rejected (2 errors), …`.
    pub fn words(&self) -> String {
        match self {
            Self::ConfigRejected { findings, count, .. } => {
                let errors = if *count == 1 { "1 error" } else { &format!("{count} errors") };
                let first = findings.first().map(|first| format!(": {first}"));
                format!(
                    "its config is rejected ({errors}), the last good one holds{}",
                    first.unwrap_or_default()
                )
            }
            Self::AtMaxCapacity { max, asked } => {
                let asks = asked.first().map(|first| format!(": {first}"));
                format!(
                    "{max} tasks are its maximum, and more are asked for{}",
                    asks.unwrap_or_default()
                )
            }
        }
    }
}

impl ScalingTrouble {
    fn escalates_at(&self) -> Option<Timestamp> {
        (self.is_told && !self.is_escalated)
            .then(|| self.opened_at.checked_add(ESCALATE_AFTER).ok())
            .flatten()
    }
}

impl ScalingRecord {
    /// Which findings its file was rejected for, if it is.
    pub(super) fn rejects(&self) -> Option<u64> {
        self.troubles.iter().find_map(|one| match one.kind {
            TroubleKind::ConfigRejected { digest, .. } => Some(digest),
            TroubleKind::AtMaxCapacity { .. } => None,
        })
    }

    /// Whether it is open that the service cannot grow.
    pub(super) fn is_at_max(&self) -> bool {
        self.troubles.iter().any(ScalingTrouble::is_of_max)
    }
}

impl ScalingTrouble {
    fn is_of_max(&self) -> bool {
        matches!(self.kind, TroubleKind::AtMaxCapacity { .. })
    }
}

/// Whether as many tasks run as may, so that it matters whether more are asked for.
pub(super) fn has_all(record: &ScalingRecord, live: &LiveScaling) -> bool {
    let max = live.target.as_ref().map(|live| live.target.bounds.max);
    record.managed.is_some() && max.is_some() && live.desired_count >= max
}

/// The service's file is rejected. The same findings are told once.
pub(super) fn reject(record: &mut ScalingRecord, findings: &[Finding], now: Timestamp) {
    let own = |one: &Finding| one.file != "defaults.toml";
    // What is wrong with `defaults.toml` is told once for all services, by the pass.
    if !findings.iter().any(own) {
        return;
    }
    let digest = digest(findings);
    if record.rejects() == Some(digest) {
        return;
    }
    let lines = findings.iter().take(FINDINGS_KEPT).map(ToString::to_string).collect();
    let kind = TroubleKind::ConfigRejected { findings: lines, count: findings.len(), digest };
    let since = record.troubles.iter().find(|one| !one.is_of_max()).map(|one| one.opened_at);
    record.troubles.retain(ScalingTrouble::is_of_max);
    let opened_at = since.unwrap_or(now);
    let trouble = ScalingTrouble { kind, opened_at, is_told: true, is_escalated: false };
    tell(record, &trouble, TroubleStage::Opened, now);
    record.troubles.push(trouble);
}

/// The service's file takes effect.
pub(super) fn accept(record: &mut ScalingRecord, now: Timestamp) {
    end(record, |one| !one.is_of_max(), now);
}

/// Takes in what has asked for more while the service was at its maximum; `None`: it is not, or nothing has asked.
/// `is_ill`: an incident of the service is open, of which people know.
pub(super) fn at_max(
    record: &mut ScalingRecord,
    asked: Option<TroubleKind>,
    is_ill: bool,
    now: Timestamp,
) {
    let Some(kind) = asked else { return end(record, ScalingTrouble::is_of_max, now) };
    let known = record.troubles.iter().find(|one| one.is_of_max()).cloned();
    let mut trouble = known.unwrap_or(ScalingTrouble {
        kind,
        opened_at: now,
        is_told: false,
        is_escalated: false,
    });
    record.troubles.retain(|one| !one.is_of_max());
    if !trouble.is_told && !is_ill {
        trouble.is_told = true;
        tell(record, &trouble, TroubleStage::Opened, now);
    }
    record.troubles.push(trouble);
}

/// What asked for more and was not heard.
pub(super) fn asked(live: &LiveScaling, activities: &[ScalingActivity]) -> Option<TroubleKind> {
    let max = live.target.as_ref()?.target.bounds.max;
    let is_at_max = |one: &&ScalingActivity| {
        one.not_scaled.iter().any(|why| why.code == "AlreadyAtMaxCapacity")
    };
    let mut asked: Vec<String> =
        activities.iter().filter(is_at_max).map(|one| one.cause.clone()).collect();
    asked.sort();
    asked.dedup();
    (!asked.is_empty()).then_some(TroubleKind::AtMaxCapacity { max, asked })
}

/// Tells once more what has lasted for a day.
pub(super) fn escalate(record: &mut ScalingRecord, now: Timestamp) {
    for mut trouble in std::mem::take(&mut record.troubles) {
        if trouble.escalates_at().is_some_and(|at| at <= now) {
            trouble.is_escalated = true;
            tell(record, &trouble, TroubleStage::Escalated, now);
        }
        record.troubles.push(trouble);
    }
}

/// When one is to be told once more.
pub(super) fn due(record: &ScalingRecord) -> Option<Timestamp> {
    record.troubles.iter().filter_map(ScalingTrouble::escalates_at).min()
}

fn end(record: &mut ScalingRecord, is_over: impl Fn(&ScalingTrouble) -> bool, now: Timestamp) {
    let (over, left) = std::mem::take(&mut record.troubles).into_iter().partition(is_over);
    record.troubles = left;
    let over: Vec<ScalingTrouble> = over;
    for trouble in over.iter().filter(|one| one.is_told) {
        tell(record, trouble, TroubleStage::Resolved, now);
    }
}

fn tell(record: &mut ScalingRecord, trouble: &ScalingTrouble, stage: TroubleStage, now: Timestamp) {
    let notice = notice::of_scaling_trouble(record, trouble, stage, now).told_from(&record.home);
    record.outbox.push_message(notice.message(), now);
}
