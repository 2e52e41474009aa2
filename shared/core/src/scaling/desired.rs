//! What Application Auto Scaling and CloudWatch are to hold of a service, given its config, its overrides and the time.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::in_force::InForce;
use super::load;
use super::object::{
    AlarmAction, MetricAlarm, PREFIX, PolicyConfig, PolicyMetric, ScalableTarget, ScalingPolicy,
    ScheduledAction,
};
use super::queue;
use super::runs::scheduled_actions;
use crate::config::{
    Metric, PredictedMetric, Predictive, Scaling, StepMetric, StepScaling, TargetTracking,
    TrackedMetric,
};
use crate::name::{ServiceKey, fnv1a};
use crate::overrides::Override;

/// What is wanted of one service's scaling. Every list is by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The scalable target.
    pub target: ScalableTarget,
    /// Why its bounds are these.
    pub in_force: InForce,
    /// Scaling policies, `steady-…`.
    pub policies: Vec<ScalingPolicy>,
    /// Scheduled actions, `steady-…`.
    pub scheduled: Vec<ScheduledAction>,
    /// The alarms that call step policies, [`alarm_name`].
    pub alarms: Vec<MetricAlarm>,
}

/// Longest alarm name (PutMetricAlarm in the CloudWatch API reference).
const ALARM_NAME_MAX: usize = 255;

/// Longest name of ours within an alarm's: a policy's 64 characters, and what a preset adds.
const OWN_NAME_MAX: usize = 80;

/// Begins the names of the alarms of a service: `steady-prod/checkout/`. No other service's begin with it, since no name
/// of ECS's holds a `/`; a service whose names are too long for an alarm's has a hash in it.
///
/// ```
/// use steady_core::scaling::{alarm_name, alarm_prefix};
/// assert_eq!(alarm_prefix(&"prod/checkout".into()), "steady-prod/checkout/");
/// assert_eq!(alarm_name(&"prod/checkout".into(), "burst"), "steady-prod/checkout/burst");
/// let long = format!("prod/{}", "x".repeat(255));
/// assert!(alarm_name(&long.as_str().into(), &"y".repeat(80)).len() <= 255);
/// ```
pub fn alarm_prefix(service: &ServiceKey) -> String {
    let whole = format!("{PREFIX}{service}/");
    if whole.len() <= ALARM_NAME_MAX.saturating_sub(OWN_NAME_MAX) {
        return whole;
    }
    let hash = format!("~{:016x}/", fnv1a(service.as_str().as_bytes()));
    let room = ALARM_NAME_MAX.saturating_sub(OWN_NAME_MAX).saturating_sub(hash.len());
    whole.chars().take(room).collect::<String>() + &hash
}

/// The name of the alarm of a service's policy that the config calls `name`.
pub fn alarm_name(service: &ServiceKey, name: &str) -> String {
    alarm_prefix(service) + name
}

/// What is wanted of `service` at `now`; `None`: nothing (no `[capacity]`, or `remove = true`).
pub fn desired(
    service: &ServiceKey,
    config: &Scaling,
    overrides: &[Override],
    now: Timestamp,
) -> Option<Desired> {
    if config.remove {
        return None;
    }
    let in_force = InForce::at(config, overrides, now)?;
    let target = ScalableTarget { bounds: in_force.bounds, suspended: in_force.suspended };
    let mut making = Making { service, names: BTreeSet::new(), policies: vec![], alarms: vec![] };
    for tracking in &config.target_tracking {
        making.track(tracking, can_be_empty(config));
    }
    for step in &config.step {
        making.step(step);
    }
    if let Some(predictive) = &config.predictive {
        making.predict(predictive);
    }
    let Making { mut policies, mut alarms, .. } = making;
    policies.sort_by(|a, b| a.name.cmp(&b.name));
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    let scheduled = scheduled_actions(config, now);
    Some(Desired { target, in_force, policies, scheduled, alarms })
}

/// Whether some bound allows no task at all.
fn can_be_empty(config: &Scaling) -> bool {
    let base = config.capacity.map(|capacity| capacity.min);
    let scheduled = config.scheduled.iter().filter_map(|one| one.min);
    let windows = config.window.iter().filter_map(|one| one.min);
    base.into_iter().chain(scheduled).chain(windows).any(|min| min == 0)
}

struct Making<'a> {
    service: &'a ServiceKey,
    names: BTreeSet<String>,
    policies: Vec<ScalingPolicy>,
    alarms: Vec<MetricAlarm>,
}

impl Making<'_> {
    /// `steady-NAME`; with its kind where another policy of the service has that name.
    fn name(&mut self, name: &str, kind: &str) -> String {
        let plain = format!("{PREFIX}{name}");
        let name = if self.names.contains(&plain) { format!("{plain}-{kind}") } else { plain };
        self.names.insert(name.clone());
        name
    }

    fn track(&mut self, tracking: &TargetTracking, can_be_empty: bool) {
        let name = self.name(&tracking.name, "tracking");
        let metric = match &tracking.metric {
            TrackedMetric::Cpu { high_resolution } => utilization("CPU", *high_resolution),
            TrackedMetric::Memory { high_resolution } => utilization("Memory", *high_resolution),
            TrackedMetric::AlbRequestsPerTarget { resource_label } => PolicyMetric::Predefined {
                kind: "ALBRequestCountPerTarget".to_owned(),
                resource_label: Some(resource_label.clone()),
            },
            TrackedMetric::QueueBacklogPerTask { queue } => {
                PolicyMetric::Customized(queue::backlog(self.service, queue))
            }
            TrackedMetric::Custom(metric) => PolicyMetric::Customized(metric.clone()),
        };
        let config = PolicyConfig::TargetTracking {
            metric,
            target: tracking.target,
            scale_out_cooldown: seconds(tracking.scale_out_cooldown),
            scale_in_cooldown: seconds(tracking.scale_in_cooldown),
            disable_scale_in: tracking.disable_scale_in,
        };
        self.policies.push(ScalingPolicy { name, config });
        if let TrackedMetric::QueueBacklogPerTask { queue } = &tracking.metric
            && can_be_empty
        {
            let own = format!("{}{}", tracking.name, queue::WAKE);
            let policy = self.name(&own, "step");
            let alarm = alarm_name(self.service, &own);
            let (policy, alarm) = queue::wake(self.service, tracking, queue, policy, alarm);
            self.policies.push(policy);
            self.alarms.push(alarm);
        }
    }

    fn step(&mut self, step: &StepScaling) {
        let name = self.name(&step.name, "step");
        let metric = match &step.metric {
            StepMetric::Cpu => Metric::One(load::utilization(self.service, "CPUUtilization")),
            StepMetric::Memory => Metric::One(load::utilization(self.service, "MemoryUtilization")),
            StepMetric::Custom(metric) => metric.clone(),
        };
        let config = PolicyConfig::Step {
            adjustment: step.adjustment,
            steps: step.steps.clone(),
            cooldown: seconds(step.cooldown),
            min_adjustment_magnitude: step.min_adjustment_magnitude,
            // Of an alarm's several datapoints: what PutScalingPolicy takes where it is not told.
            aggregation: Some("Average".to_owned()),
        };
        self.alarms.push(MetricAlarm {
            name: alarm_name(self.service, &step.name),
            metric,
            period: seconds(step.period).unwrap_or(60),
            evaluation_periods: step.evaluation_periods,
            datapoints_to_alarm: step.datapoints_to_alarm,
            threshold: step.threshold,
            comparison: step.comparison,
            missing_data: step.missing_data,
            actions: vec![AlarmAction::Policy(name.clone())],
        });
        self.policies.push(ScalingPolicy { name, config });
    }

    /// The pair types are those of `PredictiveScalingPredefinedMetricPairSpecification` in the API reference. It lists
    /// load, scaling and pair types together; that these three are the pairs follows from EC2 Auto Scaling's, where
    /// `ASGCPUUtilization` is the pair of `ASGTotalCPUUtilization` and `ASGAverageCPUUtilization`.
    fn predict(&mut self, predictive: &Predictive) {
        let name = self.name("predictive", "forecast");
        let pair = match &predictive.metric {
            PredictedMetric::Cpu => ("ECSServiceCPUUtilization", None),
            PredictedMetric::Memory => ("ECSServiceMemoryUtilization", None),
            PredictedMetric::AlbRequestsPerTarget { resource_label } => {
                ("ALBRequestCount", Some(resource_label.clone()))
            }
        };
        let config = PolicyConfig::Predictive {
            pair: (pair.0.to_owned(), pair.1),
            target: predictive.target,
            scales: predictive.scales,
            scheduling_buffer: seconds(predictive.scheduling_buffer),
            max_capacity_buffer: predictive.max_capacity_buffer,
        };
        self.policies.push(ScalingPolicy { name, config });
    }
}

fn utilization(of: &str, high_resolution: bool) -> PolicyMetric {
    let resolution = if high_resolution { "HighResolution" } else { "" };
    PolicyMetric::Predefined {
        kind: format!("ECSServiceAverage{of}Utilization{resolution}"),
        resource_label: None,
    }
}

/// Whole seconds: config takes no fractions.
fn seconds(duration: SignedDuration) -> Option<u32> {
    u32::try_from(duration.as_secs()).ok()
}
