//! Application Auto Scaling over one service.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use steady_core::config::{Scaling, TrackedMetric};
use steady_core::overrides::Override;
use steady_core::scaling::{Bounds, Suspended};
use thiserror::Error;

use super::action::{Action, Held, Limit, Why};
use super::arithmetic::{Clamped, clamp};
use super::assumptions::Assumptions;
use super::bounds::{From, over_time};
use super::demand::{Demand, needed};
use super::fleet::Fleet;
use super::forecast::Forecast;
use super::making::Making;
use super::policy::{Asked, Kind, Policy, Source};
use super::run::{Moment, Scaler};

/// What befell the service besides its load.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Overrides, by persons, alarms ([`steady_core::overrides::raised_by`]) or incidents.
    pub overrides: Vec<Override>,
    /// Deployments, from when to when: nothing is scaled in meanwhile.
    pub deployments: Vec<(Timestamp, Timestamp)>,
    /// Tasks that run before the first step; `None`: what the policies would have come to with the first load.
    pub initial: Option<u32>,
}

/// Something of the config that is not simulated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// A policy, by its name: what its metric would have been does not follow from load.
    Metric(Arc<str>),
    /// A policy, by its name: its metric is in requests or messages, and the load is not.
    NotInRequests(Arc<str>),
    /// A `[[surge]]`, by its alarm: nobody said when that went off.
    Surge(Arc<str>),
    /// `[predictive]`, which only shows its forecast.
    ForecastOnly,
}

/// The config says nothing of scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the config has no `[capacity]`: there is nothing to simulate")]
pub struct NothingToScale;

/// `predictive` in a run.
#[derive(Debug, Clone)]
pub(super) struct Predictive {
    pub(super) forecast: Forecast,
    /// Tasks that a task's worth of load takes at the policy's target.
    pub(super) per_load: f64,
    /// Steps ahead of the hour.
    pub(super) lead: usize,
    /// Percent, see [`steady_core::config::Predictive::max_capacity_buffer`].
    pub(super) max_buffer: Option<u32>,
    /// Until this step `max` is that at least.
    pub(super) raised: (usize, u32),
}

/// The largest wish so far, with the place of the policy whose it is.
struct Largest(Option<(usize, u32)>);

impl Largest {
    fn take(&mut self, by: usize, wish: Option<u32>) {
        if let Some(wish) = wish.filter(|wish| self.0.is_none_or(|(_, other)| *wish > other)) {
            self.0 = Some((by, wish));
        }
    }
}

/// Application Auto Scaling with one service's config.
#[derive(Debug, Clone)]
pub struct AutoScaling {
    policies: Vec<Policy>,
    over_time: Vec<From>,
    /// How many of `over_time` have come.
    come: usize,
    bounds: Bounds,
    suspended: Suspended,
    /// Steps of deployments, in order.
    deployments: Vec<(usize, usize)>,
    predictive: Option<Predictive>,
    /// Tasks' worth of load in a step, in messages; and what waits, in the former.
    messages: f64,
    waiting: f64,
    /// Steps for which messages have waited and no task ran, and after how many of them the alarm for that is seen.
    asleep: usize,
    wakes_after: usize,
    at_capacity: f64,
    requests: f64,
    hour: usize,
    initial: u32,
    /// What was done, in order.
    pub actions: Vec<Action>,
    /// What was not.
    pub held: Held,
    /// What of the config has no effect here.
    pub left_out: Vec<LeftOut>,
}

impl AutoScaling {
    /// For this config over this load.
    ///
    /// # Errors
    /// [`NothingToScale`]
    pub fn new(
        config: &Scaling,
        given: &Given,
        demand: &Demand,
        assumed: &Assumptions,
    ) -> Result<Self, NothingToScale> {
        let over_time = over_time(config, &given.overrides, demand);
        let capacity = config.capacity.ok_or(NothingToScale)?;
        let bounds = Bounds { min: capacity.min, max: capacity.max };
        let (bounds, suspended) =
            over_time.first().map_or((bounds, Suspended::default()), |from| {
                (from.holds.bounds, from.holds.suspended)
            });
        let mut making = Making { demand, assumed, left_out: Vec::new() };
        let mut policies: Vec<Policy> =
            config.target_tracking.iter().filter_map(|one| making.tracking(one)).collect();
        policies.extend(config.step.iter().filter_map(|one| making.stepping(one)));
        let predictive = making.predictive(config);
        let left_out = making.and_surges(config, &given.overrides);
        let mut deployments: Vec<(usize, usize)> = given
            .deployments
            .iter()
            .map(|(from, until)| (demand.step_at(*from), demand.step_at(*until)))
            .collect();
        deployments.sort_unstable();
        let requests = assumed.per_task_minute.unwrap_or(0.0) * f64::from(demand.step) / 60.0;
        let mut made = Self {
            policies,
            over_time,
            come: 0,
            bounds,
            suspended,
            deployments,
            predictive,
            messages: requests,
            waiting: 0.0,
            asleep: 0,
            wakes_after: demand.steps_in(60).max(1) + demand.steps_in(assumed.metric_delay_seconds),
            at_capacity: assumed.utilization_at_capacity,
            requests,
            hour: demand.steps_in(3600).max(1),
            initial: 0,
            actions: Vec::new(),
            held: Held::default(),
            left_out,
        };
        made.initial = given.initial.unwrap_or_else(|| made.settled(demand));
        Ok(made)
    }

    /// The steps in which a config must be played, in seconds: 60, or as fine as its finest metric.
    pub fn step_seconds(config: &Scaling) -> u32 {
        let fast = |metric: &TrackedMetric| {
            matches!(
                metric,
                TrackedMetric::Cpu { high_resolution: true }
                    | TrackedMetric::Memory { high_resolution: true }
            )
        };
        let tracked = config.target_tracking.iter().filter(|one| fast(&one.metric)).map(|_| 20);
        let stepped = config.step.iter().map(|one| match one.period.as_secs() {
            20 => 20,
            seconds if seconds < 60 => 10,
            _ => 60,
        });
        let all: BTreeSet<u32> = tracked.chain(stepped).collect();
        match (all.contains(&10), all.contains(&20)) {
            (true, _) => 10,
            (false, true) => 20,
            (false, false) => 60,
        }
    }

    /// The bounds that hold in the step that was decided last.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What target tracking comes to with the first load that is known, within the bounds.
    fn settled(&self, demand: &Demand) -> u32 {
        let first = demand.tasks.iter().copied().find(|load| !load.is_nan()).unwrap_or(0.0);
        let asked = self.policies.iter().filter_map(|policy| match (&policy.kind, policy.source) {
            (Kind::Tracking { target, .. }, Source::Utilization) => {
                Some(needed(first * self.at_capacity / target))
            }
            (Kind::Tracking { target, .. }, Source::PerTarget) => {
                Some(needed(first * self.requests * 60.0 / f64::from(demand.step) / target))
            }
            _ => None,
        });
        let asked = asked.max().unwrap_or_else(|| needed(first));
        asked.max(self.bounds.min).min(self.bounds.max)
    }

    /// Bounds that change take the service along at once, whatever cools down.
    fn apply_bounds(&mut self, step: usize, desired: u32, running: u32) -> u32 {
        let Some(from) = self.over_time.get(self.come).filter(|from| from.step <= step) else {
            return desired;
        };
        self.come += 1;
        (self.bounds, self.suspended) = (from.holds.bounds, from.holds.suspended);
        let Bounds { min, max } = self.bounds;
        let (to, by) = if desired < min {
            (min, from.holds.min_by.clone())
        } else if desired > max {
            (max, from.holds.max_by.clone())
        } else {
            return desired;
        };
        let why = Why::Bounds { bound: to, by };
        self.actions.push(Action { step, from: desired, to, running, why, limit: None });
        to
    }

    /// The forecast only ever adds.
    fn foretell(&mut self, step: usize, desired: u32, running: u32) -> u32 {
        let Some(predictive) = &mut self.predictive else { return desired };
        let Some(load) = predictive.forecast.for_hour_in(step, predictive.lead) else {
            return desired;
        };
        let tasks = needed(load * predictive.per_load);
        let mut max = self.bounds.max;
        if let Some(percent) = predictive.max_buffer.filter(|_| tasks > max) {
            max = needed(f64::from(tasks) * f64::from(100 + percent) / 100.0);
            predictive.raised = (step + predictive.lead + self.hour, max);
        }
        let to = tasks.min(max);
        if to <= desired || self.suspended.dynamic_scaling_out {
            return desired;
        }
        let limit = (to < tasks).then_some(Limit::Max);
        let why = Why::Forecast { tasks };
        self.actions.push(Action { step, from: desired, to, running, why, limit });
        to
    }

    /// The bounds for policies: `max` may be raised by a forecast.
    fn bounds_for_policies(&self, step: usize) -> Bounds {
        let raised = self.predictive.as_ref().map(|one| one.raised);
        match raised {
            Some((until, max)) if step < until => {
                Bounds { max: max.max(self.bounds.max), ..self.bounds }
            }
            _ => self.bounds,
        }
    }

    fn is_deploying(&mut self, step: usize) -> bool {
        while self.deployments.first().is_some_and(|(_, until)| *until <= step) {
            self.deployments.remove(0);
        }
        self.deployments.first().is_some_and(|(from, _)| *from <= step)
    }

    /// Out if any policy asks for it; in only if all that track both ways do. The largest capacity wins.
    fn ask_policies(&mut self, step: usize, desired: u32, running: u32) -> u32 {
        let (mut out, mut tracked, mut stepped) = (Largest(None), Largest(None), Largest(None));
        let (mut held_out, mut all_agree, mut calls) = (false, true, false);
        for (by, policy) in self.policies.iter_mut().enumerate() {
            let Asked { out: more, fewer, calls: called } = policy.step(step, running, desired);
            if more.is_some_and(|wish| policy.out_is_held(step, wish)) {
                self.held.cooldown_out += 1;
                held_out = true;
            } else {
                out.take(by, more);
            }
            if policy.is_step() {
                stepped.take(by, fewer);
            } else if policy.tracks_both_ways() {
                calls |= called;
                all_agree &= fewer.is_some();
                tracked.take(by, fewer);
            }
        }
        if let Some((by, wish)) = out.0 {
            return self.scale_out(step, desired, running, by, wish);
        }
        // What is wanted already is larger than what any would leave.
        if held_out {
            return desired;
        }
        if calls && !all_agree {
            self.held.not_all_agree += 1;
        }
        let tracked = tracked.0.filter(|_| calls && all_agree);
        match tracked.into_iter().chain(stepped.0).max_by_key(|(_, wish)| *wish) {
            Some((by, wish)) => self.scale_in(step, desired, running, by, wish),
            None => desired,
        }
    }

    fn scale_out(&mut self, step: usize, desired: u32, running: u32, by: usize, wish: u32) -> u32 {
        if self.suspended.dynamic_scaling_out {
            self.held.suspended += 1;
            return desired;
        }
        let (to, limit) = match clamp(wish, desired, true, self.bounds_for_policies(step)) {
            Clamped::To(to, limit) => (to, limit),
            Clamped::Held(limit) => {
                let held = match limit {
                    Limit::Max => &mut self.held.at_max,
                    Limit::Min | Limit::Desired => &mut self.held.at_desired,
                };
                *held += 1;
                return desired;
            }
        };
        for policy in &mut self.policies {
            policy.end_in_cooldown();
        }
        if let Some(policy) = self.policies.get_mut(by) {
            let why = policy.why(wish, true, policy.out_is_cooling(step));
            policy.has_scaled_out(step, running, wish);
            let running = policy.base(running);
            self.actions.push(Action { step, from: desired, to, running, why, limit });
        }
        to
    }

    fn scale_in(&mut self, step: usize, desired: u32, running: u32, by: usize, wish: u32) -> u32 {
        if self.suspended.dynamic_scaling_in {
            self.held.suspended += 1;
            return desired;
        }
        if self.is_deploying(step) {
            self.held.deployment += 1;
            return desired;
        }
        let cools = |policy: &Policy| policy.tracks_both_ways() && policy.in_is_cooling(step);
        let is_step = self.policies.get(by).is_some_and(Policy::is_step);
        let cooling = match self.policies.get(by) {
            Some(policy) if is_step => policy.in_is_cooling(step),
            _ => self.policies.iter().any(cools),
        };
        if cooling {
            self.held.cooldown_in += 1;
            return desired;
        }
        let (to, limit) = match clamp(wish, desired, false, self.bounds_for_policies(step)) {
            Clamped::To(to, limit) => (to, limit),
            Clamped::Held(limit) => {
                let held = match limit {
                    Limit::Min => &mut self.held.at_min,
                    Limit::Max | Limit::Desired => &mut self.held.flapping,
                };
                *held += 1;
                return desired;
            }
        };
        if let Some(policy) = self.policies.get_mut(by) {
            let why = policy.why(wish, false, false);
            policy.has_scaled_in(step);
            let running = policy.base(running);
            self.actions.push(Action { step, from: desired, to, running, why, limit });
        }
        to
    }

    /// A queue's service that has no task is given one once messages wait: the preset's alarm needs one minute of that.
    fn wake(&mut self, step: usize, desired: u32) -> u32 {
        let asleep = desired == 0 && self.asleep >= self.wakes_after && self.bounds.max > 0;
        if !asleep || self.suspended.dynamic_scaling_out {
            return desired;
        }
        let queue = |policy: &&mut Policy| {
            policy.source == Source::Backlog && !policy.is_step() && !policy.out_is_cooling(step)
        };
        let Some(policy) = self.policies.iter_mut().find(queue) else { return desired };
        policy.has_scaled_out(step, 0, 1);
        let why = Why::Wake { policy: Arc::clone(&policy.name) };
        self.actions.push(Action { step, from: 0, to: 1, running: 0, why, limit: None });
        1
    }
}

impl Scaler for AutoScaling {
    fn initial(&self) -> u32 {
        self.initial
    }

    fn decide(&mut self, step: usize, fleet: &Fleet) -> u32 {
        let running = fleet.running();
        let desired = self.apply_bounds(step, fleet.desired(), running);
        let desired = self.foretell(step, desired, running);
        let desired = self.wake(step, desired);
        self.ask_policies(step, desired, running)
    }

    fn observe(&mut self, moment: &Moment) {
        let (load, running) = (moment.load, f64::from(moment.running));
        let per_task = if moment.running == 0 { f64::NAN } else { load / running };
        if !load.is_nan() {
            self.waiting = (self.waiting + load - running).max(0.0);
        }
        self.asleep = if moment.running == 0 && self.waiting > 0.0 { self.asleep + 1 } else { 0 };
        for policy in &mut self.policies {
            let value = match policy.source {
                Source::Utilization => match self.at_capacity * per_task {
                    value if value > 100.0 => 100.0,
                    value => value,
                },
                Source::PerTarget => self.requests * per_task,
                Source::Backlog if load.is_nan() => f64::NAN,
                Source::Backlog => {
                    // While any is being worked on, so little that one task is kept (`queue-backlog-per-task`).
                    let at_work = if load > 0.0 && moment.running > 0 { 0.01 } else { 0.0 };
                    let waiting = self.waiting * self.messages;
                    (if waiting > 0.0 { waiting } else { at_work }) / running.max(1.0)
                }
            };
            policy.meter.observe(value, moment.running);
        }
        if let Some(predictive) = &mut self.predictive {
            predictive.forecast.observe(load);
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(name) => {
                write!(
                    f,
                    "policy `{name}`: its metric does not follow from load, so it is left out"
                )
            }
            Self::NotInRequests(name) => {
                write!(
                    f,
                    "policy `{name}`: it counts requests or messages and the load does not, so it is left out"
                )
            }
            Self::Surge(alarm) => {
                write!(
                    f,
                    "surge `{alarm}`: no time was given at which its alarm went off, so it never does"
                )
            }
            Self::ForecastOnly => {
                f.write_str("predictive: `mode` is `forecast-only`, so it does nothing")
            }
        }
    }
}

#[cfg(test)]
#[path = "auto_scaling_tests.rs"]
mod tests;
