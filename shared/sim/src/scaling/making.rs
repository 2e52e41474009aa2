//! A config's policies, made ready to be played.

use std::sync::Arc;

use steady_core::config::{
    Comparison, MissingData, PredictedMetric, Scaling, StepMetric, StepScaling, TargetTracking,
    TrackedMetric,
};
use steady_core::overrides::{OverriddenBy, Override};

use super::alarm::Alarm;
use super::assumptions::Assumptions;
use super::auto_scaling::{LeftOut, Predictive};
use super::demand::Demand;
use super::forecast::Forecast;
use super::meter::Meter;
use super::policy::{Cooling, Kind, Policy, Source};

/// Makes policies.
pub(super) struct Making<'a> {
    pub(super) demand: &'a Demand,
    pub(super) assumed: &'a Assumptions,
    pub(super) left_out: Vec<LeftOut>,
}

impl Making<'_> {
    pub(super) fn tracking(&mut self, one: &TargetTracking) -> Option<Policy> {
        let source = match &one.metric {
            TrackedMetric::Cpu { .. } => Source::Utilization,
            TrackedMetric::AlbRequestsPerTarget { .. } => Source::PerTarget,
            TrackedMetric::QueueBacklogPerTask { .. } => Source::Backlog,
            TrackedMetric::Memory { .. } | TrackedMetric::Custom(_) => {
                self.left_out.push(LeftOut::Metric(one.name.as_str().into()));
                return None;
            }
        };
        let in_requests = source != Source::Utilization;
        if in_requests && self.assumed.per_task_minute.is_none() {
            self.left_out.push(LeftOut::NotInRequests(one.name.as_str().into()));
            return None;
        }
        let fast = matches!(one.metric, TrackedMetric::Cpu { high_resolution: true });
        let assumed = self.assumed;
        let (period, low) = match fast {
            true => (20, assumed.fast_low_datapoints),
            false => (60, assumed.low_datapoints),
        };
        let again = self.demand.steps_in(assumed.call_again_seconds).max(1);
        let (above, below) = (Comparison::GreaterThanThreshold, Comparison::LessThanThreshold);
        let low_at = one.target * assumed.scale_in_margin;
        let kind = Kind::Tracking {
            target: one.target,
            high: Alarm::new(above, one.target, assumed.high_datapoints, again),
            low: Alarm::new(below, low_at, low, again),
            scales_in: !one.disable_scale_in,
        };
        Some(Policy {
            name: one.name.as_str().into(),
            source,
            meter: self.meter(period, source == Source::PerTarget),
            kind,
            from: self.assumed.base,
            out_lasts: self.steps(one.scale_out_cooldown.as_secs()),
            in_lasts: self.steps(one.scale_in_cooldown.as_secs()),
            cooling: Cooling::default(),
        })
    }

    pub(super) fn stepping(&mut self, one: &StepScaling) -> Option<Policy> {
        if one.metric != StepMetric::Cpu {
            self.left_out.push(LeftOut::Metric(one.name.as_str().into()));
            return None;
        }
        let period = u32::try_from(one.period.as_secs()).unwrap_or(60);
        let again = self.demand.steps_in(self.assumed.call_again_seconds).max(1);
        let missing: MissingData = one.missing_data;
        let alarm = Alarm::new(one.comparison, one.threshold, one.evaluation_periods, again)
            .with(one.datapoints_to_alarm, missing);
        let kind = Kind::Step {
            alarm,
            adjustment: one.adjustment,
            steps: one.steps.clone(),
            min_magnitude: one.min_adjustment_magnitude,
        };
        let lasts = self.steps(one.cooldown.as_secs());
        Some(Policy {
            name: one.name.as_str().into(),
            source: Source::Utilization,
            meter: self.meter(period, false),
            kind,
            from: self.assumed.base,
            out_lasts: lasts,
            in_lasts: lasts,
            cooling: Cooling::default(),
        })
    }

    pub(super) fn predictive(&mut self, config: &Scaling) -> Option<Predictive> {
        let one = config.predictive.as_ref()?;
        let name = || Arc::from("predictive");
        if !one.scales {
            self.left_out.push(LeftOut::ForecastOnly);
            return None;
        }
        let per_load = match (&one.metric, self.assumed.per_task_minute) {
            (PredictedMetric::Cpu, _) => self.assumed.utilization_at_capacity / one.target,
            (PredictedMetric::AlbRequestsPerTarget { .. }, Some(requests)) => requests / one.target,
            (PredictedMetric::AlbRequestsPerTarget { .. }, None) => {
                self.left_out.push(LeftOut::NotInRequests(name()));
                return None;
            }
            (PredictedMetric::Memory, _) => {
                self.left_out.push(LeftOut::Metric(name()));
                return None;
            }
        };
        let hour = self.demand.steps_in(3600).max(1);
        let begun = self.begun_of(3600);
        Some(Predictive {
            forecast: Forecast::new(hour, begun, self.demand.tasks.len()),
            per_load,
            lead: self.steps(one.scheduling_buffer.as_secs()),
            max_buffer: one.max_capacity_buffer,
            raised: (0, 0),
        })
    }

    pub(super) fn and_surges(mut self, config: &Scaling, overrides: &[Override]) -> Vec<LeftOut> {
        let told = |alarm: &str| {
            overrides.iter().any(|one| matches!(&one.by, OverriddenBy::Alarm(by) if by == alarm))
        };
        let silent = config.surge.iter().filter(|surge| !told(&surge.alarm));
        self.left_out.extend(silent.map(|surge| LeftOut::Surge(surge.alarm.as_str().into())));
        self.left_out
    }

    fn meter(&self, period: u32, sums: bool) -> Meter {
        let delay = match period {
            0..60 => self.assumed.fast_metric_delay_seconds,
            _ => self.assumed.metric_delay_seconds,
        };
        let (steps, delay) = (self.demand.steps_in(period), self.demand.steps_in(delay));
        Meter::new(steps, self.begun_of(period), delay, sums)
    }

    /// How many steps of a period by the clock had passed as the recording began.
    fn begun_of(&self, seconds: u32) -> usize {
        let into = self.demand.start.as_second().rem_euclid(i64::from(seconds.max(1)));
        usize::try_from(into / i64::from(self.demand.step.max(1))).unwrap_or(0)
    }

    fn steps(&self, seconds: i64) -> usize {
        self.demand.steps_in(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}
