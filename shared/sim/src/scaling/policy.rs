//! One scaling policy at work: its metric, its alarms, its cooldowns.

use std::sync::Arc;

use steady_core::config::{Adjustment, Step};

use super::action::Why;
use super::alarm::Alarm;
use super::arithmetic::{step_change, tracking_wish};
use super::assumptions::Base;
use super::meter::Meter;

/// What its metric is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Percent of what tasks can do, at most 100: CPU.
    Utilization,
    /// Requests a minute and running task.
    PerTarget,
    /// Messages that wait, for each running task.
    Backlog,
}

/// What it does with its metric.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Target tracking.
    Tracking { target: f64, high: Alarm, low: Alarm, scales_in: bool },
    /// Step scaling.
    Step { alarm: Alarm, adjustment: Adjustment, steps: Vec<Step>, min_magnitude: Option<u32> },
}

/// A policy.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) name: Arc<str>,
    pub(super) source: Source,
    pub(super) meter: Meter,
    pub(super) kind: Kind,
    pub(super) from: Base,
    /// Cooldowns, in steps.
    pub(super) out_lasts: usize,
    pub(super) in_lasts: usize,
    pub(super) cooling: Cooling,
}

/// Which cooldowns are on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cooling {
    /// Steps at which they are over.
    out_until: usize,
    in_until: usize,
    /// The most that was asked for in the scale-out cooldown, and the tasks from which that was reckoned.
    wish: u32,
    base: u32,
}

/// What a policy asks for in a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// More tasks: so many in all.
    pub(super) out: Option<u32>,
    /// Fewer.
    pub(super) fewer: Option<u32>,
    /// Its alarm for fewer called in this very step.
    pub(super) calls: bool,
}

impl Policy {
    /// Whether it has a say in whether others may scale in.
    pub(super) fn tracks_both_ways(&self) -> bool {
        matches!(self.kind, Kind::Tracking { scales_in: true, .. })
    }

    pub(super) fn is_step(&self) -> bool {
        matches!(self.kind, Kind::Step { .. })
    }

    /// A step begins, with so many tasks running.
    pub(super) fn step(&mut self, step: usize, running: u32, desired: u32) -> Asked {
        let datapoint = self.meter.seen();
        let metric = self.meter.latest().value;
        let running = self.base(running);
        match &mut self.kind {
            Kind::Tracking { target, high, low, scales_in } => {
                let calls_out = high.step(datapoint);
                let calls_in = low.step(datapoint);
                let wish = tracking_wish(running, metric, *target);
                // Of a service without tasks one datapoint is enough.
                let wakes = desired == 0 && datapoint.is_some_and(|value| value > *target);
                Asked {
                    out: (calls_out || wakes).then_some(wish),
                    fewer: (low.is_on() && *scales_in).then_some(wish),
                    calls: calls_in && *scales_in,
                }
            }
            Kind::Step { alarm, adjustment, steps, min_magnitude } => {
                if !alarm.step(datapoint) || metric.is_nan() {
                    return Asked::default();
                }
                let base = if step < self.cooling.out_until { self.cooling.base } else { running };
                let over = metric - alarm.threshold();
                let change = step_change(base, over, *adjustment, steps, *min_magnitude);
                let change = change.unwrap_or(0);
                let wish = u32::try_from((i64::from(base) + change).max(0)).unwrap_or(u32::MAX);
                Asked {
                    out: (change > 0).then_some(wish),
                    fewer: (change < 0).then_some(wish),
                    calls: change < 0,
                }
            }
        }
    }

    /// The tasks from which it reckons.
    pub(super) fn base(&self, running: u32) -> u32 {
        match self.from {
            Base::Measured if running > 0 => self.meter.latest().running,
            Base::Measured | Base::Now => running,
        }
    }

    /// Whether the scale-out cooldown forbids asking for so many: it lets only more than before through.
    pub(super) fn out_is_held(&self, step: usize, wish: u32) -> bool {
        self.out_is_cooling(step) && wish <= self.cooling.wish
    }

    pub(super) fn out_is_cooling(&self, step: usize) -> bool {
        step < self.cooling.out_until
    }

    pub(super) fn in_is_cooling(&self, step: usize) -> bool {
        step < self.cooling.in_until
    }

    /// It has scaled out.
    pub(super) fn has_scaled_out(&mut self, step: usize, running: u32, wish: u32) {
        if !self.out_is_cooling(step) {
            self.cooling.base = self.base(running);
        }
        self.cooling.wish = wish;
        self.cooling.out_until = step + self.out_lasts;
    }

    /// It has scaled in.
    pub(super) fn has_scaled_in(&mut self, step: usize) {
        self.cooling.in_until = step + self.in_lasts;
    }

    /// Somebody has scaled out, which ends every scale-in cooldown.
    pub(super) fn end_in_cooldown(&mut self) {
        self.cooling.in_until = 0;
    }

    /// Why it asks for so many.
    pub(super) fn why(&self, wish: u32, out: bool, in_cooldown: bool) -> Why {
        let (policy, metric) = (Arc::clone(&self.name), self.meter.latest().value);
        match &self.kind {
            Kind::Tracking { target, high, low, .. } => {
                let threshold = if out { high.threshold() } else { low.threshold() };
                Why::Tracking { policy, metric, target: *target, threshold, wish, in_cooldown }
            }
            Kind::Step { alarm, .. } => {
                Why::Step { policy, metric, threshold: alarm.threshold(), wish, in_cooldown }
            }
        }
    }
}
