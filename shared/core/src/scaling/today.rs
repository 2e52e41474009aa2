//! The way back: what Application Auto Scaling has for a service, whoever made it, as a config.
//!
//! It is the inverse of [`super::desired`]: a config that is live comes back as one that plans no change. A window comes back as the two
//! scheduled actions that it is. What a config cannot say is not guessed but named ([`Untold`]).

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::desired::{alarm_prefix, desired};
use super::load::utilization;
use super::object::{
    AlarmAction, LivePolicy, LiveScaling, MetricAlarm, PREFIX, PolicyConfig, PolicyMetric,
    ScheduledAction, Suspended,
};
use super::queue;
use super::schedule::{Schedule, zone};
use crate::config::{
    Capacity, Metric, MetricStat, PredictedMetric, Predictive, Scaling, Scheduled, StepMetric,
    StepScaling, TargetTracking, TrackedMetric,
};
use crate::name::ServiceKey;

/// How a service is scaled today.
#[derive(Debug, Clone, PartialEq)]
pub struct Today {
    /// As a config; of policies and scheduled actions of Steady's by the names of the config, of others by their own.
    pub scaling: Scaling,
    /// What is live and not in it, by name.
    pub untold: Vec<Untold>,
}

/// Something live that no config says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untold {
    /// A policy by its name, and why not.
    Policy(String, String),
    /// A scheduled action by its name, and why not.
    Scheduled(String, String),
    /// `scale-in`, `scale-out` or `scheduled scaling` is suspended.
    Suspended(&'static str),
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(name, why) => write!(f, "policy `{name}`: {why}"),
            Self::Scheduled(name, why) => write!(f, "scheduled action `{name}`: {why}"),
            Self::Suspended(what) => write!(f, "the suspension of {what}"),
        }
    }
}

/// What is live of `service`, as a config; `None`: it has no scalable target, so nothing scales it.
///
/// `alarms`: those that call its step policies, ours and others', with ARNs as actions.
pub fn today(
    service: &ServiceKey,
    live: &LiveScaling,
    alarms: &[MetricAlarm],
    now: Timestamp,
) -> Option<Today> {
    let target = live.target.as_ref()?.target;
    let capacity = Capacity { min: target.bounds.min, max: target.bounds.max };
    let scaling = Scaling { capacity: Some(capacity), ..Scaling::default() };
    let mut reading = Reading { service, alarms, today: Today { scaling, untold: Vec::new() } };
    live.scheduled.iter().for_each(|action| reading.scheduled(action));
    let (steps, others): (Vec<_>, Vec<_>) =
        live.policies.iter().partition(|one| one.policy.is_step());
    others.into_iter().for_each(|policy| reading.policy(policy));
    let made = reading.made(now);
    let of_their_own = steps.into_iter().filter(|one| !made.contains(&one.policy.name));
    of_their_own.for_each(|policy| reading.step(policy));
    reading.suspended(target.suspended);
    reading.today.untold.sort();
    Some(reading.today)
}

/// Where a cooldown or buffer is not given (the API reference, for ECS services).
const DEFAULT_SECONDS: u32 = 300;

struct Reading<'a> {
    service: &'a ServiceKey,
    alarms: &'a [MetricAlarm],
    today: Today,
}

impl Reading<'_> {
    fn suspended(&mut self, suspended: Suspended) {
        let all = [
            (suspended.dynamic_scaling_in, "scale-in"),
            (suspended.dynamic_scaling_out, "scale-out"),
            (suspended.scheduled_scaling, "scheduled scaling"),
        ];
        let on = all.into_iter().filter(|(is_on, _)| *is_on);
        self.today.untold.extend(on.map(|(_, what)| Untold::Suspended(what)));
    }

    fn scheduled(&mut self, action: &ScheduledAction) {
        match scheduled(action) {
            Ok(one) => self.today.scaling.scheduled.push(one),
            Err(why) => self.today.untold.push(Untold::Scheduled(action.name.clone(), why)),
        }
    }

    fn policy(&mut self, live: &LivePolicy) {
        if let Err(why) = self.tracking_or_predictive(live) {
            self.today.untold.push(Untold::Policy(live.policy.name.clone(), why));
        }
    }

    fn tracking_or_predictive(&mut self, live: &LivePolicy) -> Result<(), String> {
        let scaling = &mut self.today.scaling;
        match &live.policy.config {
            PolicyConfig::TargetTracking {
                metric,
                target,
                scale_out_cooldown,
                scale_in_cooldown,
                disable_scale_in,
            } => scaling.target_tracking.push(TargetTracking {
                name: own_name(&live.policy.name),
                metric: tracked(self.service, metric)?,
                target: *target,
                scale_out_cooldown: seconds(*scale_out_cooldown),
                scale_in_cooldown: seconds(*scale_in_cooldown),
                disable_scale_in: *disable_scale_in,
            }),
            PolicyConfig::Predictive { .. } if scaling.predictive.is_some() => {
                return Err("a config has one predictive policy only".to_owned());
            }
            PolicyConfig::Predictive {
                pair,
                target,
                scales,
                scheduling_buffer,
                max_capacity_buffer,
            } => {
                scaling.predictive = Some(Predictive {
                    metric: predicted(pair)?,
                    target: *target,
                    scales: *scales,
                    scheduling_buffer: seconds(*scheduling_buffer),
                    max_capacity_buffer: *max_capacity_buffer,
                });
            }
            PolicyConfig::Other(what) => return Err(format!("it is {what}")),
            // By its alarms: see `step`.
            PolicyConfig::Step { .. } => {}
        }
        Ok(())
    }

    /// The names of policies that what is read so far brings with it: those that wake a service from no task.
    fn made(&self, now: Timestamp) -> BTreeSet<String> {
        let desired = desired(self.service, &self.today.scaling, &[], now);
        desired.into_iter().flat_map(|it| it.policies).map(|it| it.name).collect()
    }

    /// One `[[step]]` for each alarm: a policy that several call is as many.
    fn step(&mut self, live: &LivePolicy) {
        let (name, prefix) = (&live.policy.name, alarm_prefix(self.service));
        let calls = |alarm: &&MetricAlarm| {
            alarm.actions.iter().any(|action| match action {
                AlarmAction::Policy(policy) => policy == name,
                AlarmAction::Arn(arn) => *arn == live.arn,
            })
        };
        let alarms: Vec<&MetricAlarm> = self.alarms.iter().filter(calls).collect();
        let mut why_not = Vec::new();
        if alarms.is_empty() {
            why_not.push("no alarm calls it".to_owned());
        }
        for alarm in &alarms {
            let own = match alarm.name.strip_prefix(&prefix) {
                Some(own) => own.to_owned(),
                None if alarms.len() == 1 => own_name(name),
                None => format!("{} by {}", own_name(name), alarm.name),
            };
            match step(self.service, own, &live.policy.config, alarm) {
                Some(step) => self.today.scaling.step.push(step),
                None => why_not.push(format!("its alarm `{}` looks at no metric", alarm.name)),
            }
        }
        let untold = why_not.into_iter().map(|why| Untold::Policy(name.clone(), why));
        self.today.untold.extend(untold);
    }
}

/// As the config calls it; others' names are their own.
fn own_name(name: &str) -> String {
    name.strip_prefix(PREFIX).unwrap_or(name).to_owned()
}

fn seconds(given: Option<u32>) -> SignedDuration {
    SignedDuration::from_secs(i64::from(given.unwrap_or(DEFAULT_SECONDS)))
}

fn scheduled(action: &ScheduledAction) -> Result<Scheduled, String> {
    let schedule = Schedule::parse(&action.schedule)
        .map_err(|error| format!("its schedule `{}`: {error}", action.schedule))?;
    let timezone = action.timezone.as_deref().filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    zone(timezone).ok_or_else(|| format!("its zone `{timezone}` is not known"))?;
    Ok(Scheduled {
        name: own_name(&action.name),
        schedule,
        timezone: timezone.to_owned(),
        start: action.start,
        end: action.end,
        min: action.min,
        max: action.max,
    })
}

fn tracked(service: &ServiceKey, metric: &PolicyMetric) -> Result<TrackedMetric, String> {
    let (kind, label) = match metric {
        PolicyMetric::Predefined { kind, resource_label } => (kind.as_str(), resource_label),
        PolicyMetric::Customized(metric) => {
            let queue = queue::of_backlog(service, metric);
            let queue = queue.map(|queue| TrackedMetric::QueueBacklogPerTask { queue });
            return Ok(queue.unwrap_or_else(|| TrackedMetric::Custom(metric.clone())));
        }
    };
    match (kind, label) {
        ("ECSServiceAverageCPUUtilization", _) => Ok(TrackedMetric::Cpu { high_resolution: false }),
        ("ECSServiceAverageCPUUtilizationHighResolution", _) => {
            Ok(TrackedMetric::Cpu { high_resolution: true })
        }
        ("ECSServiceAverageMemoryUtilization", _) => {
            Ok(TrackedMetric::Memory { high_resolution: false })
        }
        ("ECSServiceAverageMemoryUtilizationHighResolution", _) => {
            Ok(TrackedMetric::Memory { high_resolution: true })
        }
        ("ALBRequestCountPerTarget", Some(label)) => {
            Ok(TrackedMetric::AlbRequestsPerTarget { resource_label: label.clone() })
        }
        _ => Err(format!("no config tracks `{kind}`")),
    }
}

fn predicted((kind, label): &(String, Option<String>)) -> Result<PredictedMetric, String> {
    match (kind.as_str(), label) {
        ("ECSServiceCPUUtilization", _) => Ok(PredictedMetric::Cpu),
        ("ECSServiceMemoryUtilization", _) => Ok(PredictedMetric::Memory),
        ("ALBRequestCount", Some(label)) => {
            Ok(PredictedMetric::AlbRequestsPerTarget { resource_label: label.clone() })
        }
        _ => Err(format!("no config predicts `{kind}`")),
    }
}

/// `None`: the alarm has a form that no config has.
fn step(
    service: &ServiceKey,
    name: String,
    policy: &PolicyConfig,
    alarm: &MetricAlarm,
) -> Option<StepScaling> {
    // How several datapoints are aggregated is not the config's to say: alarms mostly judge one.
    let PolicyConfig::Step { adjustment, steps, cooldown, min_adjustment_magnitude, .. } = policy
    else {
        return None;
    };
    let metric = match &alarm.metric {
        Metric::Math(queries) if queries.is_empty() => return None,
        Metric::One(stat) => of_service(service, stat),
        Metric::Math(_) => None,
    };
    Some(StepScaling {
        name,
        metric: metric.unwrap_or_else(|| StepMetric::Custom(alarm.metric.clone())),
        comparison: alarm.comparison,
        threshold: alarm.threshold,
        period: SignedDuration::from_secs(i64::from(alarm.period)),
        evaluation_periods: alarm.evaluation_periods,
        datapoints_to_alarm: alarm.datapoints_to_alarm,
        missing_data: alarm.missing_data,
        adjustment: *adjustment,
        steps: steps.clone(),
        cooldown: seconds(*cooldown),
        min_adjustment_magnitude: *min_adjustment_magnitude,
    })
}

/// CPU or memory of the service itself, as the config calls them.
fn of_service(service: &ServiceKey, stat: &MetricStat) -> Option<StepMetric> {
    let all = [("CPUUtilization", StepMetric::Cpu), ("MemoryUtilization", StepMetric::Memory)];
    let mut all = all.into_iter();
    all.find(|(name, _)| *stat == utilization(service, name)).map(|(_, metric)| metric)
}
