//! `cargo bench -p steady-core --bench plan`: what a plan of 3,000 services with five objects each costs, given what is live;
//! once where nothing is there yet, and once where nothing differs. At most 5 s and 200 MB, or it fails.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end at a surprise")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{
    Adjustment, Capacity, Comparison, MissingData, Scaling, Step, StepMetric, StepScaling,
    TargetTracking, TrackedMetric,
};
use steady_core::name::ServiceKey;
use steady_core::scaling::{
    AlarmAction, LivePolicy, LiveScaling, LiveTarget, Plan, ScalingCall, ScalingRecord, plan,
    render_plans,
};

const SERVICES: usize = 3_000;

fn main() {
    let records: Vec<ScalingRecord> = (0..SERVICES).map(record).collect();
    let empty: Vec<LiveScaling> = (0..SERVICES)
        .map(|_| LiveScaling { desired_count: Some(4), ..Default::default() })
        .collect();
    let (first, took) = plans(&records, &empty);
    let objects: usize = first.iter().map(|plan| plan.changes.len()).sum();
    assert_eq!(objects, SERVICES * 5);
    report("everything is new", took, render_plans(&first).len());
    let live: Vec<LiveScaling> = first.iter().map(applied).collect();
    drop((first, empty));
    let (second, took) = plans(&records, &live);
    assert!(second.iter().all(Plan::is_empty), "{}", render_plans(&second));
    report("nothing differs", took, 0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    if let Some(peak) =
        peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok())
    {
        println!("peak of the whole process: {} MB", peak / 1024);
        assert!(peak < 200 * 1024);
    }
}

fn report(what: &str, took: Duration, bytes: usize) {
    println!("{SERVICES} services, {what}: {took:.2?}, {bytes} bytes of text");
    assert!(took < Duration::from_secs(5));
}

fn plans(records: &[ScalingRecord], live: &[LiveScaling]) -> (Vec<Plan>, Duration) {
    let now: Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
    let begin = Instant::now();
    let plans = records.iter().zip(live).map(|(record, live)| plan(record, live, now)).collect();
    (plans, begin.elapsed())
}

/// What is live once a plan is done.
fn applied(plan: &Plan) -> LiveScaling {
    let mut live = LiveScaling { desired_count: Some(4), ..Default::default() };
    for change in &plan.changes {
        match &change.call {
            ScalingCall::RegisterScalableTarget { target, .. } => {
                live.target =
                    Some(LiveTarget { target: *target, arn: None, tags: None, created_at: None });
            }
            ScalingCall::PutScalingPolicy(policy) => live.policies.push(LivePolicy {
                policy: policy.clone(),
                arn: format!("arn:{}", policy.name),
                alarms: vec![],
            }),
            ScalingCall::PutScheduledAction(action) => live.scheduled.push(action.clone()),
            ScalingCall::PutMetricAlarm(alarm) => {
                let mut alarm = alarm.clone();
                for action in &mut alarm.actions {
                    if let AlarmAction::Policy(name) = action {
                        *action = AlarmAction::Arn(format!("arn:{name}"));
                    }
                }
                live.alarms.push(alarm);
            }
            _ => {}
        }
    }
    live
}

/// A target, two policies that track, one of steps, and its alarm.
fn record(number: usize) -> ScalingRecord {
    let five_minutes = SignedDuration::from_mins(5);
    let tracking = |name: &str, metric| TargetTracking {
        name: name.to_owned(),
        metric,
        target: 55.0,
        scale_out_cooldown: five_minutes,
        scale_in_cooldown: five_minutes,
        disable_scale_in: false,
    };
    let step = StepScaling {
        name: "burst".to_owned(),
        metric: StepMetric::Cpu,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        threshold: 80.0,
        period: SignedDuration::from_mins(1),
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        missing_data: MissingData::Missing,
        adjustment: Adjustment::PercentChangeInCapacity,
        steps: vec![Step { from: Some(0.0), to: None, by: 20 }],
        cooldown: five_minutes,
        min_adjustment_magnitude: None,
    };
    let config = Scaling {
        capacity: Some(Capacity { min: 2, max: 40 }),
        target_tracking: vec![
            tracking("cpu", TrackedMetric::Cpu { high_resolution: false }),
            tracking("orders", TrackedMetric::QueueBacklogPerTask { queue: format!("q{number}") }),
        ],
        step: vec![step],
        ..Scaling::default()
    };
    let service = ServiceKey::new("prod", &format!("service-{number}"));
    ScalingRecord { config, ..ScalingRecord::new(service) }
}
