//! Whatever Steady writes comes back as it was: core, SDK, wire, embedded AWS, wire, SDK, core.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use steady_aws::scaling::Scaling;
use steady_core::config::{
    Adjustment, Comparison, Metric, MetricQuery, MetricStat, MissingData, QueryOf, Step,
};
use steady_core::scaling::{
    AlarmAction, Bounds, MetricAlarm, PolicyConfig, PolicyMetric, ScalableTarget, ScalingCall,
    ScalingPolicy, ScheduledAction, Suspended,
};

use crate::scaling::{live, make, register, running};

fn stat(statistics: &'static [&'static str]) -> impl Strategy<Value = MetricStat> {
    let dimensions = prop::collection::btree_map("[A-Z][a-zA-Z]{0,8}", "[a-z/.-]{1,12}", 0..4);
    let unit = prop::option::of(prop::sample::select(vec!["Count", "Percent", "Seconds"]));
    let statistic = prop::sample::select(statistics);
    ("[A-Z][a-z/]{0,9}", "[A-Z][a-z]{0,9}", dimensions, statistic, unit).prop_map(
        |(namespace, metric_name, dimensions, statistic, unit)| MetricStat {
            namespace,
            metric_name,
            dimensions: dimensions as BTreeMap<_, _>,
            statistic: statistic.to_owned(),
            unit: unit.map(str::to_owned),
        },
    )
}

/// Numbers that decimal and binary both have exactly: whether the last digit of others comes back is nobody's business here.
fn eighths(number: u32) -> f64 {
    f64::from(number) / 8.0
}

const PLAIN: &[&str] = &["Average", "Minimum", "Maximum", "SampleCount", "Sum"];
const ALSO_PERCENTILES: &[&str] = &["Average", "Sum", "p50", "p99.9"];

fn metric(of_one: &'static [&'static str]) -> impl Strategy<Value = Metric> {
    let math = prop::collection::vec(stat(ALSO_PERCENTILES), 1..4).prop_map(|stats| {
        let query = |(at, stat): (usize, MetricStat)| MetricQuery {
            id: format!("m{at}"),
            of: QueryOf::Metric(stat),
            return_data: false,
        };
        let mut queries: Vec<_> = stats.into_iter().enumerate().map(query).collect();
        let of = QueryOf::Expression("FILL(m0, 0) * 2".to_owned());
        queries.push(MetricQuery { id: "e1".to_owned(), of, return_data: true });
        Metric::Math(queries)
    });
    prop_oneof![stat(of_one).prop_map(Metric::One), math]
}

fn tracking() -> impl Strategy<Value = PolicyConfig> {
    let label = "app/[a-z]{1,9}/[0-9a-f]{16}/targetgroup/[a-z]{1,9}/[0-9a-f]{16}";
    let predefined = prop::sample::select(vec![
        "ECSServiceAverageCPUUtilization",
        "ECSServiceAverageMemoryUtilization",
        "ECSServiceAverageCPUUtilizationHighResolution",
        "ECSServiceAverageMemoryUtilizationHighResolution",
    ])
    .prop_map(|kind| PolicyMetric::Predefined { kind: kind.to_owned(), resource_label: None });
    let balanced = label.prop_map(|label| PolicyMetric::Predefined {
        kind: "ALBRequestCountPerTarget".to_owned(),
        resource_label: Some(label),
    });
    let metric =
        prop_oneof![predefined, balanced, metric(PLAIN).prop_map(PolicyMetric::Customized)];
    let cooldown = || prop::option::of(0_u32..86_400);
    (metric, (1_u32..8_000_000).prop_map(eighths), cooldown(), cooldown(), any::<bool>()).prop_map(
        |(metric, target, scale_out_cooldown, scale_in_cooldown, disable_scale_in)| {
            PolicyConfig::TargetTracking {
                metric,
                target,
                scale_out_cooldown,
                scale_in_cooldown,
                disable_scale_in,
            }
        },
    )
}

/// Steps above the threshold, or below it.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bounds = prop::collection::btree_set(1_u32..1000, 0..5);
    (bounds, prop::collection::vec(-50_i32..50, 6), any::<bool>()).prop_map(
        |(bounds, by, is_above)| {
            let mut ends: Vec<Option<f64>> = vec![Some(0.0)];
            ends.extend(bounds.into_iter().map(|bound| Some(f64::from(bound) / 4.0)));
            ends.push(None);
            let step = |((near, far), by): ((&Option<f64>, &Option<f64>), i32)| {
                let below = |bound: &Option<f64>| {
                    bound.map(|bound| if bound == 0.0 { 0.0 } else { -bound })
                };
                match is_above {
                    true => Step { from: *near, to: *far, by },
                    false => Step { from: below(far), to: below(near), by },
                }
            };
            let pairs = ends.iter().zip(ends.iter().skip(1));
            let mut steps: Vec<Step> = pairs.zip(by).map(step).collect();
            if !is_above {
                steps.reverse();
            }
            steps
        },
    )
}

fn stepping() -> impl Strategy<Value = PolicyConfig> {
    let adjustment = prop::sample::select(vec![
        Adjustment::ChangeInCapacity,
        Adjustment::ExactCapacity,
        Adjustment::PercentChangeInCapacity,
    ]);
    let aggregation = prop::option::of(prop::sample::select(vec!["Average", "Minimum", "Maximum"]));
    let magnitude = prop::option::of(1_u32..10);
    (adjustment, steps(), prop::option::of(0_u32..3600), magnitude, aggregation).prop_map(
        |(adjustment, steps, cooldown, magnitude, aggregation)| PolicyConfig::Step {
            adjustment,
            steps,
            cooldown,
            min_adjustment_magnitude: magnitude
                .filter(|_| adjustment == Adjustment::PercentChangeInCapacity),
            aggregation: aggregation.map(str::to_owned),
        },
    )
}

fn predicting() -> impl Strategy<Value = PolicyConfig> {
    let pair = prop_oneof![
        Just(("ECSServiceCPUUtilization".to_owned(), None)),
        Just(("ALBRequestCount".to_owned(), Some("app/a/1/targetgroup/b/2".to_owned()))),
    ];
    let buffers = (prop::option::of(0_u32..3600), prop::option::of(0_u32..=100));
    (pair, (1_u32..800).prop_map(eighths), any::<bool>(), buffers).prop_map(
        |(pair, target, scales, (scheduling_buffer, max_capacity_buffer))| {
            PolicyConfig::Predictive {
                pair,
                target,
                scales,
                scheduling_buffer,
                max_capacity_buffer,
            }
        },
    )
}

fn scheduled() -> impl Strategy<Value = ScheduledAction> {
    let schedule = prop::sample::select(vec![
        "cron(0 8 ? * MON-FRI *)",
        "rate(5 minutes)",
        "at(2027-02-28T23:59:59)",
    ]);
    let timezone = prop::option::of(prop::sample::select(vec!["UTC", "Asia/Seoul"]));
    // After the embedded AWS's own time, to the millisecond; the end after the start.
    let time = |from: i64| prop::option::of(from..from + 1_000_000);
    let times = (time(1_800_000_000_000), time(1_900_000_000_000));
    let bounds = prop_oneof![
        (0_u32..9).prop_map(|min| (Some(min), None)),
        (0_u32..9).prop_map(|max| (None, Some(max))),
        (0_u32..9, 9_u32..99).prop_map(|(min, max)| (Some(min), Some(max))),
    ];
    (schedule, timezone, times, bounds).prop_map(
        |(schedule, timezone, (start, end), (min, max))| {
            let time = |at: i64| Timestamp::from_millisecond(at).expect("a time");
            ScheduledAction {
                name: "steady-action".to_owned(),
                schedule: schedule.to_owned(),
                timezone: timezone.map(str::to_owned),
                start: start.map(time),
                end: end.map(time),
                min,
                max,
            }
        },
    )
}

fn target() -> impl Strategy<Value = ScalableTarget> {
    (0_u32..20, 0_u32..20, any::<[bool; 3]>()).prop_map(|(min, more, [inwards, out, scheduled])| {
        ScalableTarget {
            bounds: Bounds { min, max: min + more },
            suspended: Suspended {
                dynamic_scaling_in: inwards,
                dynamic_scaling_out: out,
                scheduled_scaling: scheduled,
            },
        }
    })
}

fn alarm() -> impl Strategy<Value = MetricAlarm> {
    let comparison = prop::sample::select(vec![
        Comparison::GreaterThanOrEqualToThreshold,
        Comparison::GreaterThanThreshold,
        Comparison::LessThanOrEqualToThreshold,
        Comparison::LessThanThreshold,
    ]);
    let missing = prop::sample::select(vec![
        MissingData::Missing,
        MissingData::Ignore,
        MissingData::Breaching,
        MissingData::NotBreaching,
    ]);
    let periods = (prop::sample::select(vec![10_u32, 20, 30, 60, 300]), 1_u32..9, 1_u32..9);
    (metric(ALSO_PERCENTILES), periods, (0_u32..8_000_000).prop_map(eighths), comparison, missing)
        .prop_map(|(metric, (period, one, other), threshold, comparison, missing_data)| {
            MetricAlarm {
                name: "steady-prod/checkout/burst".to_owned(),
                metric,
                period,
                evaluation_periods: one.max(other),
                datapoints_to_alarm: one.min(other),
                threshold,
                comparison,
                missing_data,
                actions: Vec::new(),
            }
        })
}

/// A strategy over one embedded AWS: what is made is compared by `round`.
fn holds<T: std::fmt::Debug>(
    cases: u32,
    values: impl Strategy<Value = T>,
    round: impl AsyncFn(&Scaling, T),
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (_local, scaling) = runtime.block_on(async {
        let (local, scaling) = running().await;
        make(&scaling, register(0, 100)).await;
        (local, scaling)
    });
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&values, |value| {
        runtime.block_on(round(&scaling, value));
        Ok(())
    });
    outcome.expect("it comes back as it was");
}

#[test]
fn a_policy_comes_back_as_it_was_put() {
    let configs = prop_oneof![3 => tracking(), 2 => stepping(), 1 => predicting()];
    holds(96, configs, async |scaling: &Scaling, config| {
        let name = "steady-policy".to_owned();
        let policy = ScalingPolicy { name: name.clone(), config };
        // A policy cannot change its type.
        make(scaling, ScalingCall::DeleteScalingPolicy { name }).await;
        make(scaling, ScalingCall::PutScalingPolicy(policy.clone())).await;
        let found = live(scaling).await.policies;
        assert_eq!(found.first().map(|found| &found.policy), Some(&policy));
    });
}

#[test]
fn a_scheduled_action_comes_back_as_it_was_put_over_any_other() {
    holds(48, scheduled(), async |scaling: &Scaling, action| {
        make(scaling, ScalingCall::PutScheduledAction(action.clone())).await;
        let found = live(scaling).await.scheduled.into_iter().next().expect("an action");
        // Without a zone it is in UTC, whatever zone the one before it was in.
        let expected = ScheduledAction {
            timezone: action.timezone.clone().or(Some("UTC".to_owned())),
            ..action
        };
        assert_eq!(found, expected);
    });
}

#[test]
fn a_target_comes_back_as_it_was_registered_over_any_other() {
    holds(24, target(), async |scaling: &Scaling, target| {
        let call = ScalingCall::RegisterScalableTarget { target, is_new: false };
        make(scaling, call).await;
        assert_eq!(live(scaling).await.target.map(|live| live.target), Some(target));
    });
}

#[test]
fn an_alarm_comes_back_as_it_was_put_over_any_other() {
    holds(64, alarm(), async |scaling: &Scaling, alarm| {
        let policy = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:1:resource/ecs/service/prod/checkout:policyName/steady-burst";
        let alarm = MetricAlarm { actions: vec![AlarmAction::Arn(policy.to_owned())], ..alarm };
        make(scaling, ScalingCall::PutMetricAlarm(alarm.clone())).await;
        assert_eq!(live(scaling).await.alarms, [alarm]);
    });
}
