//! What speaks for and against the new revision: key 1, and the old revision beside it.

use jiff::{SignedDuration, Timestamp};

use super::deciding::Deciding;
use crate::comparison::{self, Life};
use crate::config::Witness;
use crate::evidence::{self, Counts, RESTART_EVERY, SICK_AT, TRIAL};
use crate::incident::Incident;
use crate::installation::Trouble;
use crate::ledger::{Deployment, Fate, Lived, TaskStop};
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::rollback::{self, Considered, OldNow};

/// A loop counts as over for the moment when no task has failed for so long, or for twice the median time between
/// its failures where that is longer, while a task that began later lives.
const PAUSES_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// How long a reading waits for more failures: in a loop the next ones come within seconds.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);

/// The same where the deployment was read once all of it could run.
const PATIENCE_WHEN_READ: SignedDuration = SignedDuration::from_mins(5);

/// From a deployment's begin until its first tasks are exposed: a minute to start and the minute of trial.
const STARTS_TAKE: SignedDuration = SignedDuration::from_mins(2);

/// One unlucky task is no trouble.
const TROUBLED_TASKS_MIN: u32 = 2;

impl Deciding<'_> {
    /// E1 against a deployment. Without running tasks known it is an upper bound: they only speak for it.
    pub(super) fn evidence(&self, id: &DeploymentId, deployment: &Deployment) -> (f64, Counts) {
        let tolerated = self.tolerated_per_day(id);
        deployment.evidence(self.now, &self.tasks_of(id), tolerated)
    }

    /// Whether to read what runs because key 1 could turn: it costs calls of a quota that all of the account shares, and
    /// is not done again for [`READ_EVERY`](super::READ_EVERY). So where it is known how many tasks the service wants,
    /// it waits until the failures would turn the key with so many tasks running, but not for ever.
    pub(super) fn is_worth_reading(&mut self) -> bool {
        if !self.key1_could_turn() {
            self.record.could_turn_at = None;
            return false;
        }
        let since = *self.record.could_turn_at.get_or_insert(self.now);
        self.now.duration_since(since) >= self.patience() || self.would_turn()
    }

    /// Until when the reading waits for more, if it does.
    pub(super) fn patience_ends(&self) -> Option<Timestamp> {
        self.record.could_turn_at?.checked_add(self.patience()).ok()
    }

    /// A large service always has failures that could turn the key if nothing else ran. Once its deployment has been read
    /// whole, what is expected of it is right.
    fn patience(&self) -> SignedDuration {
        let began = self.current().map(|(_, deployment)| deployment.began());
        let whole = began.and_then(|began| began.checked_add(STARTS_TAKE).ok());
        if whole.is_some_and(|whole| self.record.read_at > Some(whole)) {
            PATIENCE_WHEN_READ
        } else {
            PATIENCE
        }
    }

    /// Whether key 1 turns if as many tasks as the service wanted when it was last read have started and run.
    fn would_turn(&self) -> bool {
        let Some((id, deployment)) = self.current() else { return false };
        let Some(desired) = self.record.desired else { return true };
        let mut half_hours = deployment.half_hours(self.now, &[]);
        let since = deployment.began().saturating_add(STARTS_TAKE).unwrap_or(self.now);
        let since = since.max(deployment.today_from(self.now));
        // A little less than all the time: what ends is away for a minute until it is replaced.
        let ran = self.now.duration_since(since).max(SignedDuration::ZERO) * 19 / 20;
        let ended: i64 = half_hours.iter().map(|counts| counts.exposure_ms).sum();
        let whole = i64::try_from(ran.as_millis()).unwrap_or(0).saturating_mul(i64::from(desired));
        if let Some(present) = half_hours.last_mut() {
            *present = present.plus(Counts {
                passed_starts: desired.saturating_sub(present.starts()),
                // What has ended has told its share.
                exposure_ms: whole.saturating_sub(ended).max(0),
                ..Counts::ZERO
            });
        }
        evidence::key1(&half_hours, self.tolerated_per_day(&id)) >= evidence::TURNS_AT
    }

    /// λ0 of a deployment: by what the revision before it did.
    fn tolerated_per_day(&self, id: &DeploymentId) -> f64 {
        let old = self.record.ledger.replaced_by(id).map(|(_, old)| old.totals());
        evidence::tolerated_per_day(old)
    }

    /// The trouble that the current deployment has just got into, if the account has not been told.
    pub(super) fn trouble_begins(&mut self) -> Option<Trouble> {
        let (id, deployment) = self.current()?;
        let is_sick = deployment.totals().failed_tasks() >= TROUBLED_TASKS_MIN
            && self.evidence(&id, deployment).0 >= SICK_AT;
        let settled = deployment.is_proven;
        if !is_sick {
            self.record.trouble = None;
        } else if self.record.trouble.is_none() && !self.incident_about(&id) {
            let since = self.now;
            self.record.trouble = Some(Trouble { since, settled, wants_rollback: None });
            return self.record.trouble.clone();
        }
        None
    }

    /// When the trouble of an incident's deployment began: with the first of the failures that turned key 1.
    pub(super) fn trouble_began(&self, incident: &Incident) -> Timestamp {
        let day = SignedDuration::from_hours(24);
        let stops = self.record.ledger.stops_of(&incident.about);
        let failed = stops.filter(|stop| stop.blames_revision()).map(TaskStop::ended_at);
        let from = incident.opened_at.saturating_sub(day).unwrap_or(Timestamp::MIN);
        // Starts that fail were tried just before they did.
        let began = failed.filter(|ended| *ended >= from).min().unwrap_or(incident.opened_at);
        began.saturating_sub(TRIAL).unwrap_or(began)
    }

    /// That this service wants a rollback, if it has to be told before one is decided: others may want one too.
    pub(super) fn wish(&self, outcome: &Considered) -> Option<Trouble> {
        let account = self.brakes.account.as_ref().filter(|_| self.is_known())?;
        let wants =
            matches!(outcome, Considered::Hold { .. } | Considered::Probe(_) | Considered::Act(_));
        let known = account.wants_rollback(&self.record.service, self.now);
        let own = self.record.trouble.clone();
        let own = own.unwrap_or(Trouble { since: self.now, settled: false, wants_rollback: None });
        (wants && !known).then_some(Trouble { wants_rollback: Some(self.now), ..own })
    }

    /// The revision that the one in trouble replaces, as it fares in the same time; `None` where there is none, or its
    /// running tasks are not known: what cannot be seen neither convicts nor acquits.
    pub(super) fn old_now(&self, incident: &Incident) -> Option<OldNow> {
        if !self.is_known() {
            return None;
        }
        let ledger = &self.record.ledger;
        let new = ledger.deployment(&incident.about)?;
        let (old_id, old) = ledger.replaced_by(&incident.about)?;
        // Never from before the new one was there: what befell the old one alone says nothing of both.
        let from = new.today_from(self.now).max(new.began());
        let (new_lives, old_lives) = (self.lives_of(&incident.about), self.lives_of(old_id));
        let (new_tasks, mut old_tasks) = (run_phase(&new_lives), run_phase(&old_lives));
        let share = self.old_share();
        let compare = |old: &[Life]| {
            let (from, now) = (from.as_second(), self.now.as_second());
            comparison::compare_unlike(&new_tasks, old, share, from, now)
        };
        let beside = compare(&old_tasks).old_tasks;
        old_tasks.extend(rollback::lives(self.witnesses().unwrap_or_default(), self.now));
        let comparison = compare(&old_tasks);
        let half_hours = half_hours(&old_lives, from, self.now);
        let evidence = evidence::key1(&half_hours, self.tolerated_per_day(old_id));
        let revision: Option<TaskDefinitionRevision> = old.revision().cloned();
        Some(OldNow { revision, evidence: evidence::rounded(evidence), comparison, beside, share })
    }

    /// How much of a new task's traffic each old one takes: 1 where both take alike, or nothing shifts; less while it shifts
    /// (in all of the stages both revisions have all their tasks); 0 once it has shifted, or if nobody can tell how far. What
    /// takes no traffic is quiet whatever befalls those that do. Only who lets witnesses be asked, which take none either,
    /// has accepted that: then the old tasks are as good.
    fn old_share(&self) -> f64 {
        let stage = self.standing().and_then(|standing| standing.stage.as_ref());
        let Some(stage) = stage.filter(|_| self.health().witness != Witness::Probe) else {
            return 1.0;
        };
        let begins = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP"];
        let tests = ["TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"];
        let begins = |name: &str| begins.contains(&name) || tests.contains(&name);
        match stage.new_traffic {
            Some(new) if new > 0.0 => ((100.0 - new) / new).clamp(0.0, 1.0),
            Some(_) => 1.0,
            None if stage.name.as_deref().is_none_or(begins) => 1.0,
            None => 0.0,
        }
    }

    /// How the tasks of a deployment lived: those that stopped within a day, and those that run.
    fn lives_of(&self, id: &DeploymentId) -> Vec<(Lived, bool)> {
        let stopped = self.record.ledger.lives_of(id).map(|lived| (lived, false));
        let running = self.tasks_of(id).into_iter();
        let running = running.map(|task| (Lived::running(task.started_at, self.now), true));
        stopped.chain(running).collect()
    }

    /// Whether the loop goes on: an outage that ended before anything was done needs nothing to be done.
    pub(super) fn is_failing_now(&self, incident: &Incident) -> bool {
        let deployment = self.record.ledger.deployment(&incident.about);
        let Some((_, last)) = deployment.and_then(Deployment::failures) else { return false };
        let pause = PAUSES_AFTER.max(self.median_gap(&incident.about, incident) * 2);
        let has_paused = self.now.duration_since(last) > pause;
        let lives_on =
            |started: Timestamp| started > last && self.now.duration_since(started) >= TRIAL;
        !(has_paused && self.tasks_of(&incident.about).iter().any(|task| lives_on(task.started_at)))
    }
}

/// Tasks that ran, as they are compared.
fn run_phase(lives: &[(Lived, bool)]) -> Vec<Life> {
    let life = |(lived, runs): &(Lived, bool)| {
        Some(Life {
            started: lived.started?,
            ended: (!runs).then_some(lived.ended),
            crashed: lived.fate == Fate::Crash,
        })
    };
    lives.iter().filter_map(life).collect()
}

/// What the tasks did since `from`, by half hour.
fn half_hours(lives: &[(Lived, bool)], from: Timestamp, now: Timestamp) -> Vec<Counts> {
    let (from, now) = (from.as_second(), now.as_second());
    let length = RESTART_EVERY.as_secs();
    let present = usize::try_from((now - from).div_euclid(length)).unwrap_or(0);
    let mut counts = vec![Counts::ZERO; present + 1];
    let mut add = |at: i64, more: Counts| {
        let place = usize::try_from((at - from).div_euclid(length)).unwrap_or(0).min(present);
        if let Some(sum) = counts.get_mut(place) {
            *sum = sum.plus(more);
        }
    };
    for (lived, runs) in lives {
        let trial = lived.started.unwrap_or(lived.ended);
        let lived_through = |started: i64| *runs || lived.ended - started >= TRIAL.as_secs();
        match lived.fate {
            Fate::FailedStart if lived.ended >= from => {
                add(trial, Counts { failed_starts: 1, ..Counts::ZERO });
            }
            Fate::FailedStart => {}
            Fate::Crash | Fate::Other => {
                if trial >= from && lived.started.is_some_and(lived_through) {
                    add(trial, Counts { passed_starts: 1, ..Counts::ZERO });
                }
                if lived.fate == Fate::Crash && lived.ended >= from {
                    add(lived.ended, Counts { crashes: 1, ..Counts::ZERO });
                }
            }
        }
        let Some(started) = lived.started else { continue };
        let mut at = (started + TRIAL.as_secs()).max(from);
        let until = lived.ended.min(now);
        while at < until {
            let end = (from + ((at - from).div_euclid(length) + 1) * length).min(until);
            add(at, Counts { exposure_ms: (end - at) * 1000, ..Counts::ZERO });
            at = end;
        }
    }
    counts
}
