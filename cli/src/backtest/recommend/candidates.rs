//! The present config with other numbers.

use serde::Serialize;
use steady_core::config::{Capacity, Scaling, TargetTracking, TrackedMetric, Window};
use steady_core::scaling::ScheduleKind;
use steady_sim::scaling::{Assumptions, needed};

use jiff::SignedDuration;

use super::learn::Learned;

/// What differs from candidate to candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::backtest) struct Knobs {
    /// How full a task is kept, as a share of what it can carry.
    pub(in crate::backtest) fill: f64,
    pub(in crate::backtest) min: u32,
    pub(in crate::backtest) max: u32,
    /// Seconds; `None`: as they are.
    pub(in crate::backtest) scale_out_cooldown: Option<i64>,
    pub(in crate::backtest) scale_in_cooldown: Option<i64>,
    pub(in crate::backtest) windows: Windows,
}

/// What becomes of windows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backtest) enum Windows {
    /// As they are.
    Kept,
    /// Those that recur have that share of their `min`.
    Lowered(f64),
    /// One more, that was found in the load.
    Found(Window),
}

/// How full tasks are kept.
const FILLS: [f64; 12] = [0.20, 0.30, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85];

/// `min` is what this share of minutes needs at most …
const MINS: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.97];

/// … or what is enough for the load but this share of the budget, whatever scaling does: the way where peaks come faster than tasks.
const MINS_BY_BUDGET: [f64; 6] = [0.1, 0.25, 0.5, 0.8, 1.0, 2.0];

/// A service of one task does not survive the loss of its zone: nobody is led there who is not there.
const MIN_SAFE: u32 = 2;

/// `max` leaves a third more room than the peak was seen to take.
const ROOM: f64 = 4.0 / 3.0;

/// Shorter cooldowns, besides those of the config.
const OUT_COOLDOWN: i64 = 60;
const IN_COOLDOWN: i64 = 120;

/// All that are played.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) all: Vec<Knobs>,
}

impl Candidates {
    /// Whether there is anything to tune.
    pub(super) fn can_tune(config: &Scaling, assumed: &Assumptions) -> bool {
        config.capacity.is_some()
            && config.target_tracking.iter().any(|one| fill(one, assumed).is_some())
    }

    /// Made of what is known of the load that is tuned on, and nothing else.
    pub(super) fn of(
        config: &Scaling,
        assumed: &Assumptions,
        learned: &Learned,
        budget: f64,
    ) -> Self {
        let Some(capacity) = config.capacity else { return Self { all: Vec::new() } };
        let least = capacity.min.min(MIN_SAFE);
        let in_time = MINS.iter().map(|share| learned.needed_in(*share));
        let for_load = MINS_BY_BUDGET.iter().map(|part| learned.needed_for(1.0 - budget * part));
        let mut mins: Vec<u32> = in_time.chain(for_load).map(|min| min.max(least)).collect();
        mins.push(capacity.min);
        mins.sort_unstable();
        mins.dedup();
        let present =
            config.target_tracking.iter().filter_map(|one| fill(one, assumed)).reduce(f64::max);
        let mut fills: Vec<f64> = FILLS.iter().copied().chain(present).collect();
        fills.sort_by(f64::total_cmp);
        fills.dedup_by(|one, other| (*one - *other).abs() < 1e-6);
        let windows = windows(config, learned);
        let mut all = Vec::new();
        for fill in fills {
            let room = needed(f64::from(learned.peak) / fill * ROOM);
            for min in &mins {
                for windows in &windows {
                    for scale_out_cooldown in [None, Some(OUT_COOLDOWN)] {
                        for scale_in_cooldown in [None, Some(IN_COOLDOWN)] {
                            let knobs = Knobs {
                                fill,
                                min: *min,
                                max: capacity.max.max(room).max(*min),
                                scale_out_cooldown,
                                scale_in_cooldown,
                                windows: windows.clone(),
                            };
                            if knobs.make_sense() {
                                all.push(knobs);
                            }
                        }
                    }
                }
            }
        }
        Self { all }
    }
}

/// How full a policy keeps its tasks; `None`: it does not follow from load.
pub(super) fn fill(one: &TargetTracking, assumed: &Assumptions) -> Option<f64> {
    match &one.metric {
        TrackedMetric::Cpu { .. } => Some(one.target / assumed.utilization_at_capacity),
        TrackedMetric::AlbRequestsPerTarget { .. } => Some(one.target / assumed.per_task_minute?),
        _ => None,
    }
}

/// Whether a window comes again and again, and raises the floor.
pub(super) fn recurs(window: &Window) -> bool {
    window.start.kind() == ScheduleKind::Cron && window.min.is_some()
}

fn windows(config: &Scaling, learned: &Learned) -> Vec<Windows> {
    if config.window.iter().any(recurs) {
        return vec![Windows::Kept, Windows::Lowered(0.75), Windows::Lowered(0.5)];
    }
    let found = learned.windows.iter().cloned().map(Windows::Found);
    std::iter::once(Windows::Kept).chain(found).collect()
}

impl Knobs {
    /// A window below the floor would lower it.
    fn make_sense(&self) -> bool {
        match &self.windows {
            Windows::Found(window) => window.min.is_some_and(|min| min > self.min),
            Windows::Kept | Windows::Lowered(_) => true,
        }
    }

    /// The config with them.
    pub(super) fn applied(&self, to: &Scaling, assumed: &Assumptions) -> Scaling {
        let mut config = to.clone();
        config.capacity = Some(Capacity { min: self.min, max: self.max });
        for one in &mut config.target_tracking {
            let Some(before) = fill(one, assumed) else { continue };
            one.target = rounded(one.target / before * self.fill);
            let set = |cooldown: &mut SignedDuration, seconds: Option<i64>| {
                *cooldown = seconds.map_or(*cooldown, SignedDuration::from_secs);
            };
            set(&mut one.scale_out_cooldown, self.scale_out_cooldown);
            set(&mut one.scale_in_cooldown, self.scale_in_cooldown);
        }
        let share = match &self.windows {
            Windows::Lowered(share) => *share,
            Windows::Kept | Windows::Found(_) => 1.0,
        };
        for window in &mut config.window {
            if recurs(window) {
                window.min = window.min.map(|min| needed(f64::from(min) * share).max(self.min));
            }
            // The floor of a window never lies below the one that holds without it.
            window.min = window.min.map(|min| min.max(self.min));
            window.max = window.max.map(|max| max.max(self.min));
        }
        if let Windows::Found(window) = &self.windows {
            config.window.push(window.clone());
        }
        config
    }
}

/// Three digits are all that a target is known to.
fn rounded(target: f64) -> f64 {
    let scale = 10_f64.powi(2 - target.log10().floor() as i32);
    (target * scale).round() / scale
}
