//! Configs and records that the tests begin with.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{
    Adjustment, Capacity, Comparison, Metric, MetricStat, MissingData, Scaling, Step, StepMetric,
    StepScaling, TargetTracking, TrackedMetric,
};
use steady_core::overrides::{OverriddenBy, Override};
use steady_core::scaling::{
    LivePolicy, PolicyConfig, PolicyMetric, ScalingPolicy, ScalingRecord, ScheduledAction,
    Suspended,
};

pub(crate) fn start() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

pub(crate) fn record(config: Scaling) -> ScalingRecord {
    ScalingRecord { config, ..ScalingRecord::new("prod/checkout".into()) }
}

pub(crate) fn bounds(min: u32, max: u32) -> Scaling {
    Scaling { capacity: Some(Capacity { min, max }), ..Scaling::default() }
}

pub(crate) fn tracking(name: &str, metric: TrackedMetric, target: f64) -> TargetTracking {
    TargetTracking {
        name: name.to_owned(),
        metric,
        target,
        scale_out_cooldown: SignedDuration::from_mins(5),
        scale_in_cooldown: SignedDuration::from_mins(5),
        disable_scale_in: false,
    }
}

pub(crate) fn cpu(target: f64) -> TargetTracking {
    tracking("cpu", TrackedMetric::Cpu { high_resolution: false }, target)
}

pub(crate) fn queue(name: &str) -> TrackedMetric {
    TrackedMetric::QueueBacklogPerTask { queue: name.to_owned() }
}

pub(crate) fn burst() -> StepScaling {
    StepScaling {
        name: "burst".to_owned(),
        metric: StepMetric::Cpu,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        threshold: 80.0,
        period: SignedDuration::from_mins(1),
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        missing_data: MissingData::Missing,
        adjustment: Adjustment::PercentChangeInCapacity,
        steps: vec![
            Step { from: Some(0.0), to: Some(10.0), by: 20 },
            Step { from: Some(10.0), to: None, by: 50 },
        ],
        cooldown: SignedDuration::from_mins(3),
        min_adjustment_magnitude: Some(2),
    }
}

/// Bounds, a policy on CPU, a step policy with its alarm.
pub(crate) fn whole() -> Scaling {
    Scaling { target_tracking: vec![cpu(55.0)], step: vec![burst()], ..bounds(2, 40) }
}

pub(crate) fn custom() -> Metric {
    Metric::One(MetricStat {
        namespace: "Shop".to_owned(),
        metric_name: "CartsOpen".to_owned(),
        dimensions: BTreeMap::from([("Service".to_owned(), "checkout".to_owned())]),
        statistic: "Average".to_owned(),
        unit: None,
    })
}

pub(crate) fn by_hand(kind: &str) -> LivePolicy {
    let config = PolicyConfig::TargetTracking {
        metric: PolicyMetric::Predefined { kind: kind.to_owned(), resource_label: None },
        target: 70.0,
        scale_out_cooldown: None,
        scale_in_cooldown: None,
        disable_scale_in: false,
    };
    LivePolicy {
        policy: ScalingPolicy { name: "by-hand".to_owned(), config },
        arn: "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:by-hand".to_owned(),
        alarms: vec!["TargetTracking-service/prod/checkout-AlarmHigh-1".to_owned()],
    }
}

pub(crate) fn nightly() -> ScheduledAction {
    ScheduledAction {
        name: "nightly-by-hand".to_owned(),
        schedule: "cron(0 22 * * ? *)".to_owned(),
        timezone: None,
        start: None,
        end: None,
        min: Some(1),
        max: None,
    }
}

/// At least so many tasks for two hours from the start on.
pub(crate) fn sale(min: u32) -> Override {
    Override {
        id: "ana-1".to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since: start(),
        until: start() + SignedDuration::from_hours(2),
        min: Some(min),
        max: None,
        suspended: Suspended::default(),
        rollback_off: false,
    }
}
