//! One deployment's account.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::TaskStop;
use crate::evidence::{self, Counts, RESTART_EVERY, RESTARTS_PER_DAY, TRIAL};
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::port::RunningTask;
use crate::record::is_default;
use crate::stop::{Cause, Verdict};

/// A begin of the current deployment that is told again within this time is the same one: read from ECS its time is
/// `createdAt`, which may lie seconds before its event's.
const SAME_BEGIN: SignedDuration = SignedDuration::from_mins(1);

/// What one deployment of a service, and so one service revision, has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    #[serde(default, skip_serializing_if = "is_default")]
    revision: Option<TaskDefinitionRevision>,
    /// When its begin was told, else when its first known task was made.
    began: Timestamp,
    #[serde(default, skip_serializing_if = "is_default")]
    begin_told: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    native_rollback: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    begun_again: bool,
    /// What was current when its begin was told.
    #[serde(default, skip_serializing_if = "is_default")]
    replaces: Option<DeploymentId>,
    #[serde(default, skip_serializing_if = "is_default")]
    completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    failed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    failed_reason: Option<Arc<str>>,
    /// The evidence's half hours are counted from here.
    evidence_from: Timestamp,
    /// Counts by half hour since `evidence_from`; those of past days are dropped.
    #[serde(default, skip_serializing_if = "is_default", with = "super::rows")]
    half_hours: BTreeMap<i64, Counts>,
    /// Everything ever counted.
    #[serde(default, skip_serializing_if = "is_default")]
    totals: Counts,
    /// Stops by verdict and cause, benign ones left out.
    #[serde(default, skip_serializing_if = "is_default")]
    causes: BTreeMap<Cause, (Verdict, u32)>,
    #[serde(default, skip_serializing_if = "is_default")]
    first_failed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    last_failed_at: Option<Timestamp>,
    /// The end of its first task that ended in any way but a benign one.
    #[serde(default, skip_serializing_if = "is_default")]
    first_trouble_at: Option<Timestamp>,
    /// Its soak has ended, but is looked at again then: there was evidence against it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) soak_again_at: Option<Timestamp>,
    /// Its soak has ended, and nobody could tell which revision it carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) is_unnamed: bool,
    /// It completed and behaved through its soak.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) is_proven: bool,
    /// An incident is or was about it, so it is no measure for others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) in_trouble: bool,
    /// ECS gave it up, and an incident says so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) failure_told: bool,
    /// Its deadline has passed, and an incident says so, or nothing needed to be said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deadline_settled: bool,
    /// It was last seen then to wait for traffic, a clock or a person; its deadline counts from there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) waited_until: Option<Timestamp>,
    /// It waits, and is looked at again then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) look_at: Option<Timestamp>,
    /// The PAUSE hook whose default action people were told of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) hook_told: Option<String>,
    /// It carries a bad revision again, and an incident says so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) bad_told: bool,
    /// The environment keeps its tasks from starting, and an incident says so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) environment_told: bool,
}

impl Deployment {
    pub(super) fn seen_at(at: Timestamp) -> Self {
        Self {
            revision: None,
            began: at,
            begin_told: false,
            native_rollback: false,
            begun_again: false,
            replaces: None,
            completed_at: None,
            failed_at: None,
            failed_reason: None,
            evidence_from: at,
            half_hours: BTreeMap::new(),
            totals: Counts::ZERO,
            causes: BTreeMap::new(),
            first_failed_at: None,
            last_failed_at: None,
            first_trouble_at: None,
            soak_again_at: None,
            is_unnamed: false,
            is_proven: false,
            in_trouble: false,
            failure_told: false,
            deadline_settled: false,
            waited_until: None,
            look_at: None,
            hook_told: None,
            bad_told: false,
            environment_told: false,
        }
    }

    /// An in-progress event of time `at`. ECS may begin a deployment again, when it rolls back to it: the
    /// latest begin counts, and what ended before it is past.
    pub(super) fn begin(
        &mut self,
        at: Timestamp,
        native_rollback: bool,
        replaces: Option<DeploymentId>,
    ) {
        let is_same = || replaces.is_none() && at.duration_since(self.began) < SAME_BEGIN;
        if self.begin_told && (at <= self.began || is_same()) {
            return;
        }
        if self.begin_told || self.totals == Counts::ZERO {
            self.evidence_from = at;
            self.half_hours.clear();
        }
        if self.begin_told {
            // What was noted down belongs to the time before. Not so where the begin is merely told late.
            self.soak_again_at = None;
            self.is_proven = false;
            self.failure_told = false;
            self.in_trouble = false;
            self.deadline_settled = false;
            self.waited_until = None;
            self.look_at = None;
            self.hook_told = None;
            self.bad_told = false;
            self.environment_told = false;
            self.settle();
        }
        self.began = at;
        self.begin_told = true;
        self.native_rollback = native_rollback;
        self.begun_again = self.completed_at.is_some_and(|done| done < at);
        self.replaces = replaces;
    }

    pub(crate) fn complete(&mut self, at: Timestamp) {
        self.completed_at = self.completed_at.max(Some(at));
    }

    pub(crate) fn fail(&mut self, at: Timestamp, reason: Option<Arc<str>>) {
        if self.failed_at < Some(at) {
            self.failed_at = Some(at);
            self.failed_reason = reason;
        }
    }

    pub(crate) fn learn(
        &mut self,
        revision: Option<&TaskDefinitionRevision>,
        task_made: Option<Timestamp>,
    ) {
        if self.revision.is_none() {
            self.revision = revision.cloned();
            self.is_unnamed &= self.revision.is_none();
        }
        if let Some(made) = task_made.filter(|made| !self.begin_told && *made < self.began) {
            self.began = made;
        }
    }

    /// What it deploys, once one of its tasks has told.
    pub fn revision(&self) -> Option<&TaskDefinitionRevision> {
        self.revision.as_ref()
    }

    /// When it began: told, or else when its first known task was made.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Whether its begin was told by an event.
    pub fn begin_told(&self) -> bool {
        self.begin_told
    }

    /// Whether ECS itself began it, to roll back.
    pub fn is_native_rollback(&self) -> bool {
        self.native_rollback
    }

    /// Whether it had completed before it began: a rollback to it. What is not ECS's own, somebody asked for with
    /// StopServiceDeployment.
    pub fn is_begun_again(&self) -> bool {
        self.begun_again
    }

    /// What was current when its begin was told.
    pub fn replaces(&self) -> Option<&DeploymentId> {
        self.replaces.as_ref()
    }

    /// When it completed, if it has since it began.
    pub fn completed(&self) -> Option<Timestamp> {
        self.completed_at.filter(|at| *at >= self.began)
    }

    /// When ECS gave it up, if it has since it began.
    pub fn failed(&self) -> Option<Timestamp> {
        self.failed_at.filter(|at| *at >= self.began)
    }

    /// ECS's reason for giving it up.
    pub fn failed_reason(&self) -> Option<&str> {
        self.failed_reason.as_deref()
    }

    /// Everything counted in ended tasks.
    pub fn totals(&self) -> Counts {
        self.totals
    }

    /// The end of its first and of its last failed task.
    pub fn failures(&self) -> Option<(Timestamp, Timestamp)> {
        self.first_failed_at.zip(self.last_failed_at)
    }

    /// The end of its first task that ended in any way but a benign one.
    pub fn first_trouble(&self) -> Option<Timestamp> {
        self.first_trouble_at
    }

    /// How often each cause ended a task, most often first; benign ones left out.
    pub fn causes(&self) -> Vec<(Cause, Verdict, u32)> {
        let mut causes: Vec<_> = self
            .causes
            .iter()
            .map(|(cause, (verdict, times))| (*cause, *verdict, *times))
            .collect();
        causes.sort_by_key(|(cause, _, times)| (std::cmp::Reverse(*times), *cause));
        causes
    }

    pub(super) fn add(&mut self, stop: &TaskStop) {
        for (half_hour, counts) in self.shares(stop) {
            let sum = self.half_hours.entry(half_hour).or_default();
            *sum = sum.plus(counts);
        }
        self.totals = self.totals.plus(whole(stop));
        if stop.verdict != Verdict::Benign {
            let ended = stop.ended_at();
            self.first_trouble_at =
                Some(self.first_trouble_at.map_or(ended, |first| first.min(ended)));
            let (verdict, times) = self.causes.entry(stop.cause).or_insert((stop.verdict, 0));
            *verdict = stop.verdict;
            *times = times.saturating_add(1);
        }
        if stop.blames_revision() {
            let ended = stop.ended_at();
            self.first_failed_at =
                Some(self.first_failed_at.map_or(ended, |first| first.min(ended)));
            self.last_failed_at = self.last_failed_at.max(Some(ended));
        }
        // The counts of days past are never read again.
        let today = day_of(self.half_hour_of(stop.ended_at().min(stop.told_at)));
        self.half_hours = self.half_hours.split_off(&(today * i64::from(RESTARTS_PER_DAY)));
    }

    pub(super) fn take_out(&mut self, stop: &TaskStop) {
        for (half_hour, counts) in self.shares(stop) {
            if let Some(sum) = self.half_hours.get_mut(&half_hour) {
                *sum = sum.minus(counts);
            }
        }
        self.totals = self.totals.minus(whole(stop));
        if let Some((_, times)) = self.causes.get_mut(&stop.cause) {
            *times = times.saturating_sub(1);
        }
        self.causes.retain(|_, (_, times)| *times > 0);
    }

    /// Begins the evidence anew: what was counted is settled.
    pub(crate) fn restart_evidence(&mut self, now: Timestamp) {
        self.evidence_from = now;
        self.half_hours.clear();
        self.settle();
    }

    /// For one that nobody compares with any more.
    pub(super) fn forget_half_hours(&mut self) {
        self.half_hours.clear();
    }

    /// What its tasks died of so far is told and past.
    fn settle(&mut self) {
        self.causes.clear();
        self.first_trouble_at = None;
        self.first_failed_at = None;
        self.last_failed_at = None;
    }

    /// The counts of each half hour of the present day of evidence, oldest first: of the ended tasks, and of
    /// `running` ones that are of this deployment.
    pub(crate) fn half_hours(&self, now: Timestamp, running: &[&RunningTask]) -> Vec<Counts> {
        let present = self.half_hour_of(now).max(0);
        let first = day_of(present) * i64::from(RESTARTS_PER_DAY);
        let mut counts = vec![Counts::ZERO; usize::try_from(present - first + 1).unwrap_or(1)];
        let last = counts.len() - 1;
        let mut add = |half_hour: i64, more: Counts| {
            // A stop's own times can lie within the second after its event's; it is of the present half hour.
            let at = usize::try_from(half_hour - first).ok().map(|at| at.min(last));
            if let Some(sum) = at.and_then(|at| counts.get_mut(at)) {
                *sum = sum.plus(more);
            }
        };
        for (half_hour, more) in &self.half_hours {
            add(*half_hour, *more);
        }
        for task in running {
            let life = Life {
                trial: Some((task.started_at, true)),
                crashed: false,
                started_at: Some(task.started_at),
                ended_at: now,
            };
            self.share_out(life, &mut add);
        }
        counts
    }

    /// E1 against this deployment's revision, and the counts of the day that it rests on.
    pub fn evidence(
        &self,
        now: Timestamp,
        running: &[&RunningTask],
        tolerated_per_day: f64,
    ) -> (f64, Counts) {
        let half_hours = self.half_hours(now, running);
        let sum = half_hours.iter().fold(Counts::ZERO, |sum, counts| sum.plus(*counts));
        (evidence::key1(&half_hours, tolerated_per_day), sum)
    }

    fn shares(&self, stop: &TaskStop) -> Vec<(i64, Counts)> {
        let mut shares = Vec::new();
        self.share_out(Life::of(stop), |half_hour, counts| shares.push((half_hour, counts)));
        shares
    }

    /// What a task's life adds to which half hour; what lies before `evidence_from` adds nothing.
    fn share_out(&self, life: Life, mut add: impl FnMut(i64, Counts)) {
        let from = self.evidence_from;
        if let Some((at, passed)) = life.trial.filter(|(at, _)| *at >= from) {
            let (passed_starts, failed_starts) = (u32::from(passed), u32::from(!passed));
            let counts = Counts { passed_starts, failed_starts, ..Counts::ZERO };
            add(self.half_hour_of(at), counts);
        }
        if life.crashed && life.ended_at >= from {
            add(self.half_hour_of(life.ended_at), Counts { crashes: 1, ..Counts::ZERO });
        }
        let Some(exposed_from) = life.exposed_from() else {
            return;
        };
        let mut at = exposed_from.max(from);
        // A task that runs for months is cut to the present day; older half hours are never read.
        let day = RESTART_EVERY * i32::try_from(RESTARTS_PER_DAY).unwrap_or(i32::MAX);
        at = at.max(life.ended_at.saturating_sub(day).unwrap_or(at));
        // In whole milliseconds: a running task adds to as many as 48 half hours, and there are hundreds of tasks.
        let since = |at: Timestamp| at.as_millisecond() - self.evidence_from.as_millisecond();
        let (mut at, ended) = (since(at), since(life.ended_at));
        let length = millis(RESTART_EVERY);
        while at < ended {
            let half_hour = at.div_euclid(length);
            let until = ((half_hour + 1) * length).min(ended);
            add(half_hour, Counts { exposure_ms: until - at, ..Counts::ZERO });
            at = until;
        }
    }

    /// When the present day of evidence began.
    pub(crate) fn today_from(&self, now: Timestamp) -> Timestamp {
        let first = day_of(self.half_hour_of(now).max(0)) * i64::from(RESTARTS_PER_DAY);
        self.end_of(first - 1)
    }

    fn half_hour_of(&self, at: Timestamp) -> i64 {
        at.duration_since(self.evidence_from).as_secs().div_euclid(RESTART_EVERY.as_secs())
    }

    fn end_of(&self, half_hour: i64) -> Timestamp {
        let length = SignedDuration::from_secs(
            half_hour.saturating_add(1).saturating_mul(RESTART_EVERY.as_secs()),
        );
        self.evidence_from.saturating_add(length).unwrap_or(Timestamp::MAX)
    }
}

/// What of a task's life is evidence.
struct Life {
    /// When its start was tried, and whether it passed.
    trial: Option<(Timestamp, bool)>,
    crashed: bool,
    started_at: Option<Timestamp>,
    ended_at: Timestamp,
}

impl Life {
    fn of(stop: &TaskStop) -> Self {
        let ended_at = stop.ended_at();
        let tried_at = stop.started_at.unwrap_or(ended_at);
        let trial = if stop.fails_start() {
            Some((tried_at, false))
        } else {
            stop.passes_start().then_some((tried_at, true))
        };
        let crashed = stop.blames_revision() && !stop.fails_start();
        Self { trial, crashed, started_at: stop.started_at, ended_at }
    }

    fn exposed_from(&self) -> Option<Timestamp> {
        let from = self.started_at?.saturating_add(TRIAL).ok()?;
        (from < self.ended_at).then_some(from)
    }
}

/// A stop's share in the totals.
fn whole(stop: &TaskStop) -> Counts {
    let life = Life::of(stop);
    Counts {
        failed_starts: u32::from(life.trial.is_some_and(|(_, passed)| !passed)),
        passed_starts: u32::from(life.trial.is_some_and(|(_, passed)| passed)),
        crashes: u32::from(life.crashed),
        exposure_ms: life
            .exposed_from()
            .map_or(0, |from| millis(life.ended_at.duration_since(from))),
    }
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn day_of(half_hour: i64) -> i64 {
    half_hour.div_euclid(i64::from(RESTARTS_PER_DAY))
}
