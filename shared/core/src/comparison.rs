//! Key 2: is the new revision worse than the old one *right now*? Whose crash was it, given that both were running?
//!
//! An e-value, as key 1 is ([`crate::evidence`]): at each crash the question is asked which of the tasks alive it hit.
//! While the new revision's tasks are no likelier to crash than the old one's, whatever befalls both of them, the
//! evidence reaches 20 with a chance of at most 1 in 20, however often one looks (Lindon and Malek, NeurIPS 2022:
//! "given an event, whose was it?"; the rate common to both, which an outage changes, cancels).
//!
//! Only the run phase is compared: a crash is an end by the revision's fault later than [`TRIAL`] after the start, and
//! only tasks that old are at risk. Tasks at boot have no old ones beside them.

use jiff::SignedDuration;

use crate::evidence::{RESTART_EVERY, TRIAL, mean, weight_of};

/// At this evidence key 2 turns.
pub const TURNS_AT: f64 = 20.0;

/// How many times likelier than an old one a new task crashes, if its revision is bad: three ideas of it.
const RATIOS: [f64; 3] = [3.0, 10.0, 100.0];

/// Old tasks count as compared once they have lived so much of the victims' median age: younger ones may yet die of
/// the same.
const OF_MEDIAN_AGE: f64 = 0.8;

/// But no older than this is asked for.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// A task's life, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// `startedAt`
    pub started: i64,
    /// Its end; `None` while it runs.
    pub ended: Option<i64>,
    /// Whether it ended by its revision's fault, after its trial.
    pub crashed: bool,
}

impl Life {
    fn was_alive(self, at: i64) -> bool {
        self.ended.is_none_or(|ended| ended >= at)
    }

    /// Whether it was alive at `at`, and `age` old.
    fn was_at_risk(self, at: i64, age: i64) -> bool {
        self.was_alive(at) && at.saturating_sub(self.started) >= age
    }
}

/// The new revision beside the old one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// `E2`, the odds against "the new one is no worse than the old one now", as `E2 : 1`. 1.0 at most where there was
    /// nothing to compare.
    pub evidence: f64,
    /// Old tasks that run now and are old enough to be compared with.
    pub old_tasks: usize,
    /// New tasks that run now, beyond their trial.
    pub new_tasks: usize,
}

/// Compares two revisions since `from` (when the new one's evidence begins, in seconds since 1970) up to `now`.
///
/// ```
/// use steady_core::comparison::{Life, compare};
/// let runs = Life { started: 0, ended: None, crashed: false };
/// let crashed = |at| Life { started: 0, ended: Some(at), crashed: true };
/// // Six new tasks crash one after the other; as many old ones run on beside those left.
/// let new: Vec<Life> = (0..6).map(|n| crashed(300 + n)).collect();
/// let old = vec![runs; 6];
/// assert!(compare(&new, &old, 0, 400).evidence > 20.0);
/// // Who has nothing beside it cannot be compared.
/// assert!(compare(&new, &[], 0, 400).evidence <= 1.0);
/// ```
pub fn compare(new: &[Life], old: &[Life], from: i64, now: i64) -> Comparison {
    compare_unlike(new, old, 1.0, from, now)
}

/// The same of old tasks that take less of the traffic than new ones do: `share`, from 0 to 1, is how much of a new task's
/// traffic each of them has now. It counts as that much of a task, at every crash: where it had more before, that makes
/// less of the evidence than there is. Of 0 nothing is left to compare with; an old one that crashes all the same says
/// so.
pub fn compare_unlike(new: &[Life], old: &[Life], share: f64, from: i64, now: i64) -> Comparison {
    let crash = |is_new: bool| {
        move |life: &Life| Some((life.ended.filter(|_| life.crashed)?, is_new, *life))
    };
    let mut crashes: Vec<(i64, bool, Life)> =
        new.iter().filter_map(crash(true)).chain(old.iter().filter_map(crash(false))).collect();
    crashes.retain(|(at, ..)| *at >= from);
    crashes.sort_by_key(|(at, is_new, life)| (*at, *is_new, life.started));
    // Whoever did not live through its trial was never at risk.
    let trial = TRIAL.as_secs();
    let was_exposed = |life: &&Life| life.ended.is_none_or(|ended| ended - life.started >= trial);
    let (new, old): (Vec<Life>, Vec<Life>) = (
        new.iter().filter(was_exposed).copied().collect(),
        old.iter().filter(was_exposed).copied().collect(),
    );
    let new_at_risk = AtRisk::of(&new);
    let mut ages: Vec<i64> = Vec::new();
    let mut factors: Vec<(i64, [f64; 3])> = Vec::new();
    for (at, is_new, victim) in crashes {
        let victim_age = at.saturating_sub(victim.started);
        if is_new {
            let place = ages.partition_point(|age| *age <= victim_age);
            ages.insert(place, victim_age);
        }
        let age = age_asked_for(&ages);
        if !is_new && victim_age < age {
            continue;
        }
        let old_tasks = old.iter().filter(|life| life.was_at_risk(at, age)).count() as f64;
        // The victim itself is one of them, however its times were rounded.
        let new_tasks = new_at_risk.at(at).max(if is_new { 1.0 } else { 0.0 });
        let old_tasks = (old_tasks * share).max(if is_new { 0.0 } else { 1.0 });
        let factor = RATIOS.map(|ratio| {
            let of_its_own = if is_new { ratio } else { 1.0 };
            of_its_own * (new_tasks + old_tasks) / (ratio * new_tasks + old_tasks)
        });
        factors.push((half_hour(at, from), factor));
    }
    let age = age_asked_for(&ages);
    let at_risk = |lives: &[Life], age: i64| {
        let running = lives.iter().filter(|life| life.ended.is_none());
        running.filter(|life| life.was_at_risk(now, age)).count()
    };
    Comparison {
        evidence: evidence(&factors, half_hour(now, from)),
        old_tasks: at_risk(&old, age),
        new_tasks: at_risk(&new, trial),
    }
}

/// How many tasks are beyond their trial at any time: a crash of hundreds asks it hundreds of times.
struct AtRisk {
    /// When each trial ended, sorted.
    from: Vec<i64>,
    /// When each of those that ended did, sorted.
    until: Vec<i64>,
}

impl AtRisk {
    /// Of lives that went beyond their trial, or go on.
    fn of(lives: &[Life]) -> Self {
        let mut from: Vec<i64> =
            lives.iter().map(|life| life.started.saturating_add(TRIAL.as_secs())).collect();
        let mut until: Vec<i64> = lives.iter().filter_map(|life| life.ended).collect();
        from.sort_unstable();
        until.sort_unstable();
        Self { from, until }
    }

    fn at(&self, at: i64) -> f64 {
        let begun = self.from.partition_point(|from| *from <= at);
        let over = self.until.partition_point(|until| *until < at);
        begun.saturating_sub(over) as f64
    }
}

/// As key 1's: counted since the beginning, and afresh since each later half hour.
fn evidence(factors: &[(i64, [f64; 3])], present: i64) -> f64 {
    let mut product = [1.0; 3];
    let mut left = factors;
    let mut sum = 0.0;
    for restart in (0..=present.max(0)).rev() {
        while let Some(((at, factor), before)) = left.split_last()
            && (*at >= restart || restart == 0)
        {
            product.iter_mut().zip(factor).for_each(|(product, factor)| *product *= factor);
            left = before;
        }
        sum += weight_of(usize::try_from(restart).unwrap_or(usize::MAX)) * mean(product);
    }
    sum
}

fn half_hour(at: i64, from: i64) -> i64 {
    at.saturating_sub(from).div_euclid(RESTART_EVERY.as_secs())
}

/// `ages`: the new victims', sorted.
fn age_asked_for(ages: &[i64]) -> i64 {
    let median = ages.get(ages.len() / 2).copied().unwrap_or(0) as f64;
    ((median * OF_MEDIAN_AGE) as i64).clamp(TRIAL.as_secs(), AGE_MAX.as_secs())
}
