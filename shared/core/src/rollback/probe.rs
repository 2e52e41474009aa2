//! Probes: a few tasks of the proven revision, started to see whether they live where those of the new one die.
//!
//! With no old task left to compare with, nobody can tell a bad revision from an outage that hits whatever boots or
//! runs. Witnesses can: started now, with the service's own network settings, they meet the same world. In an outage
//! they die too.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::comparison::Life;
use crate::event::Container;
use crate::evidence::TRIAL;
use crate::incident::Incident;
use crate::ledger::Proven;
use crate::name::DeploymentId;
use crate::port::Witness;
use crate::record::is_default;
use crate::stop::{self, ContainerEnd, GroupKind, Verdict};

/// Witnesses: as many as the service has tasks, but at least and at most so many. Two alone can be compared; ten decide
/// in minutes (theory §3.2).
const WITNESSES: (u32, u32) = (2, 10);

/// A probe that has not decided by then is over: its tasks cost as much as the service's own. A crash every ten minutes
/// is told from an outage in well under an hour.
pub const PROBE_TAKES: SignedDuration = SignedDuration::from_hours(1);

/// Of so many witnesses one may die of itself by chance: a healthy task crashes now and then. In an outage that kills a
/// quarter of the starts, nine of ten witnesses live beside three new tasks that die in 1 of 85 cases.
const UNLUCKY_OF: u32 = 8;

/// At boot, so many new starts must have failed while the witnesses lived, and none passed.
const NEW_STARTS_MIN: usize = 3;

/// Witnesses, from the moment in which they were decided until nobody can have been left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The tasks' `startedBy`, by which they are found again, and the client token of their RunTask: `steady-probe/`, the
    /// incident's id and the second of the decision, 50 characters. A probe that is begun again, after a pause, is another:
    /// under the token of the first ECS would answer with tasks that are stopped.
    pub started_by: String,
    /// The deployment that they bear witness on.
    pub about: DeploymentId,
    /// What they run.
    pub target: Proven,
    /// How many: first those asked for, then those that ECS has started.
    pub count: u32,
    /// When it was decided.
    pub began: Timestamp,
    /// They are stopped then at the latest.
    pub until: Timestamp,
    /// What ECS has made of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asked: Asked,
    /// Whether people were told that its tasks cannot be stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub left_told: bool,
}

/// What ECS has made of a probe's RunTask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// It has not been asked yet.
    #[default]
    NotYet,
    /// It has not started them, and why: its words. It is asked again.
    Untaken(String),
    /// It has started them; [`Probe::count`] is how many there were.
    Begun,
}

impl Probe {
    /// For an open incident of a service that wants `desired` tasks.
    pub(crate) fn new(incident: &Incident, target: Proven, desired: u32, now: Timestamp) -> Self {
        let (least, most) = WITNESSES;
        Self {
            started_by: format!("steady-probe/{}-{}", incident.id, now.as_second()),
            about: incident.about.clone(),
            target,
            count: desired.clamp(least, most),
            began: now,
            until: now.saturating_add(PROBE_TAKES).unwrap_or(now),
            asked: Asked::NotYet,
            left_told: false,
        }
    }

    /// Whether the two are one probe, whatever ECS has made of it by now.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.started_by == other.started_by
    }

    /// `4 tasks of checkout:41`
    pub(crate) fn tasks(&self) -> String {
        let noun = if self.count == 1 { "task" } else { "tasks" };
        format!("{} {noun} of {}", self.count, self.target.revision)
    }

    /// ECS has started so many; at times it has room for some of them only.
    pub(crate) fn begin(&mut self, started: u32) {
        self.count = started;
        self.asked = Asked::Begun;
    }
}

/// What the witnesses and the new tasks beside them have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Testimony {
    /// The witnesses live where the new tasks die.
    Convicts,
    /// So many witnesses have died of themselves.
    Acquits(usize),
    /// Nothing can be said yet.
    Open,
}

/// Hears the witnesses of a probe, at boot: `new` are the starts of the new revision since it began, whether each
/// passed. (While tasks run, witnesses count among the old ones in [`crate::comparison`].)
pub(crate) fn hear(
    probe: &Probe,
    witnesses: &[Witness],
    new: &[bool],
    now: Timestamp,
) -> Testimony {
    let died = witnesses.iter().filter(|one| died_of_itself(one)).count();
    // One of ten may be unlucky; of two, none.
    if died > usize::try_from(probe.count / UNLUCKY_OF).unwrap_or(0) {
        return Testimony::Acquits(died);
    }
    let passed = witnesses.iter().filter(|one| lived(one, now) >= TRIAL).count();
    let enough = usize::try_from(probe.count / 2).unwrap_or(usize::MAX).max(2);
    let failed = new.iter().filter(|passed| !**passed).count();
    let none_passed = failed == new.len();
    if passed >= enough && failed >= NEW_STARTS_MIN && none_passed {
        Testimony::Convicts
    } else {
        Testimony::Open
    }
}

/// The witnesses as old tasks to compare with.
pub(crate) fn lives(witnesses: &[Witness], now: Timestamp) -> impl Iterator<Item = Life> {
    witnesses.iter().filter_map(move |one| {
        let crashed = died_of_itself(one) && lived(one, now) >= TRIAL;
        let ended = one.stop.as_ref().map(|stop| stop.at.as_second());
        Some(Life { started: one.started_at?.as_second(), ended, crashed })
    })
}

fn lived(witness: &Witness, now: Timestamp) -> SignedDuration {
    let until = witness.stop.as_ref().map_or(now, |stop| stop.at);
    witness.started_at.map_or(SignedDuration::ZERO, |started| until.duration_since(started))
}

/// Whether it ended as a task of the service would that speaks against its revision: not by us, by Spot or its host.
fn died_of_itself(witness: &Witness) -> bool {
    let Some(stop) = &witness.stop else { return false };
    let containers: Vec<ContainerEnd<'_>> = stop.containers.iter().map(Container::end).collect();
    let classified = stop::classify(&stop::Stop {
        stop_code: stop.stop_code.as_ref(),
        stopped_reason: stop.stopped_reason.as_deref(),
        containers: &containers,
        group: GroupKind::Service,
    });
    classified.verdict == Verdict::Revision
}

/// Why a probe that was held for this deployment before decides nothing any more, if one was.
pub(crate) fn spent(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::WitnessesFailed { .. } | Refusal::ProbeUndecided { .. } | Refusal::ProbeFailed(_)
    )
}
