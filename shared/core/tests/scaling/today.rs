//! What is live, as a config again.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;
use steady_core::config::{
    Capacity, Comparison, Metric, MetricQuery, MetricStat, PredictedMetric, Predictive, QueryOf,
    Scaling, Scheduled, Step, StepMetric, TrackedMetric, Window,
};
use steady_core::name::ServiceKey;
use steady_core::scaling::{
    AlarmAction, Bounds, LivePolicy, LiveScaling, LiveTarget, MetricAlarm, PolicyConfig,
    PolicyMetric, ScalableTarget, ScalingPolicy, Schedule, ScheduledAction, Suspended, Today,
    came_in, plan, today, utilization,
};

use crate::aws::Aws;
use crate::properties::a_config;
use crate::wanted::{bounds, burst, by_hand, cpu, custom, nightly, queue, record, start, tracking};

fn service() -> ServiceKey {
    "prod/checkout".into()
}

/// Of what somebody made by hand, between 3 and 30 tasks.
fn live(policies: Vec<LivePolicy>, scheduled: Vec<ScheduledAction>) -> LiveScaling {
    let bounds = Bounds { min: 3, max: 30 };
    let target = ScalableTarget { bounds, suspended: Suspended::default() };
    let target = LiveTarget { target, arn: None, tags: None, created_at: None };
    LiveScaling {
        target: Some(target),
        policies,
        scheduled,
        desired_count: Some(4),
        ..LiveScaling::default()
    }
}

fn read(live: &LiveScaling, alarms: &[MetricAlarm]) -> Today {
    today(&service(), live, alarms, start()).unwrap()
}

fn untold(today: &Today) -> Vec<String> {
    today.untold.iter().map(ToString::to_string).collect()
}

fn named(name: &str, config: PolicyConfig) -> LivePolicy {
    let policy = ScalingPolicy { name: name.to_owned(), config };
    LivePolicy { policy, arn: format!("arn:{name}"), alarms: vec![] }
}

fn steps(name: &str) -> LivePolicy {
    let burst = burst();
    let config = PolicyConfig::Step {
        adjustment: burst.adjustment,
        steps: vec![Step { from: Some(0.0), to: None, by: 20 }],
        cooldown: None,
        min_adjustment_magnitude: None,
        aggregation: None,
    };
    named(name, config)
}

fn alarm(name: &str, metric: Metric, calls: &str) -> MetricAlarm {
    MetricAlarm {
        name: name.to_owned(),
        metric,
        period: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        threshold: 80.0,
        comparison: Comparison::GreaterThanThreshold,
        missing_data: Default::default(),
        actions: vec![AlarmAction::Arn(format!("arn:{calls}"))],
    }
}

#[test]
fn a_service_without_a_target_is_not_scaled() {
    let live = LiveScaling { desired_count: Some(4), ..LiveScaling::default() };
    assert_eq!(today(&service(), &live, &[], start()), None);
}

#[test]
fn what_somebody_made_by_hand_is_a_config_by_its_own_names() {
    let label = "app/web/0a/targetgroup/web/1b".to_owned();
    let requests = PolicyMetric::Predefined {
        kind: "ALBRequestCountPerTarget".to_owned(),
        resource_label: Some(label.clone()),
    };
    let requests = PolicyConfig::TargetTracking {
        metric: requests,
        target: 900.0,
        scale_out_cooldown: Some(60),
        scale_in_cooldown: Some(600),
        disable_scale_in: true,
    };
    let policies = vec![
        by_hand("ECSServiceAverageCPUUtilizationHighResolution"),
        named("requests", requests),
        steps("steps"),
    ];
    let of_cpu = Metric::One(utilization(&service(), "CPUUtilization"));
    let today = read(&live(policies, vec![nightly()]), &[alarm("cpu is high", of_cpu, "steps")]);
    let (tracked, requests) = (
        TrackedMetric::Cpu { high_resolution: true },
        TrackedMetric::AlbRequestsPerTarget { resource_label: label },
    );
    let mut requests = tracking("requests", requests, 900.0);
    requests.scale_out_cooldown = SignedDuration::from_mins(1);
    requests.scale_in_cooldown = SignedDuration::from_mins(10);
    requests.disable_scale_in = true;
    let mut step = burst();
    step.name = "steps".to_owned();
    step.comparison = Comparison::GreaterThanThreshold;
    step.steps = vec![Step { from: Some(0.0), to: None, by: 20 }];
    (step.cooldown, step.min_adjustment_magnitude) = (SignedDuration::from_mins(5), None);
    let nightly = Scheduled {
        name: "nightly-by-hand".to_owned(),
        schedule: Schedule::parse("cron(0 22 * * ? *)").unwrap(),
        timezone: "UTC".to_owned(),
        start: None,
        end: None,
        min: Some(1),
        max: None,
    };
    let expected = Scaling {
        target_tracking: vec![tracking("by-hand", tracked, 70.0), requests],
        step: vec![step],
        scheduled: vec![nightly],
        ..bounds(3, 30)
    };
    assert_eq!(today, Today { scaling: expected, untold: vec![] });
}

#[test]
fn a_policy_that_two_alarms_call_is_a_step_for_each() {
    let of_cpu = Metric::One(utilization(&service(), "CPUUtilization"));
    let alarms =
        [alarm("high", of_cpu, "steps"), alarm("carts", Metric::One(custom_stat()), "steps")];
    let today = read(&live(vec![steps("steps")], vec![]), &alarms);
    let found: Vec<_> =
        today.scaling.step.iter().map(|one| (one.name.as_str(), &one.metric)).collect();
    let carts = StepMetric::Custom(custom());
    assert_eq!(found, [("steps by high", &StepMetric::Cpu), ("steps by carts", &carts)]);
}

fn custom_stat() -> MetricStat {
    let Metric::One(stat) = custom() else { panic!("a single metric") };
    stat
}

#[test]
fn what_no_config_says_is_named_and_never_guessed() {
    let no_metric = alarm("anomaly", Metric::Math(vec![]), "blind");
    let odd = ScheduledAction { schedule: "cron(0 0 22 * * ? *)".to_owned(), ..nightly() };
    let mars = ScheduledAction {
        name: "mars".to_owned(),
        timezone: Some("Mars/Olympus".to_owned()),
        ..nightly()
    };
    let mut live = live(
        vec![
            by_hand("SpotFleetRequestAverageCPUUtilization"),
            steps("uncalled"),
            steps("blind"),
            named("odd", PolicyConfig::Other("a policy of another form".to_owned())),
        ],
        vec![odd, mars],
    );
    let suspended =
        Suspended { dynamic_scaling_in: true, scheduled_scaling: true, ..Suspended::default() };
    live.target.as_mut().unwrap().target.suspended = suspended;
    // What is said of one alarm is not forgotten over the next.
    let sighted = alarm("sighted", Metric::One(custom_stat()), "blind");
    let mut today = read(&live, &[no_metric, sighted]);
    assert_eq!(
        today.scaling.step.drain(..).map(|one| one.name).collect::<Vec<_>>(),
        ["blind by sighted"]
    );
    assert_eq!(today.scaling, bounds(3, 30));
    assert_eq!(
        untold(&today),
        [
            "policy `blind`: its alarm `anomaly` looks at no metric",
            "policy `by-hand`: no config tracks `SpotFleetRequestAverageCPUUtilization`",
            "policy `odd`: it is a policy of another form",
            "policy `uncalled`: no alarm calls it",
            "scheduled action `mars`: its zone `Mars/Olympus` is not known",
            "scheduled action `nightly-by-hand`: its schedule `cron(0 0 22 * * ? *)`: it has seven fields: seconds, which AWS takes but does not keep to, are \
             not taken",
            "the suspension of scale-in",
            "the suspension of scheduled scaling",
        ]
    );
}

#[test]
fn what_came_is_counted_by_what_the_config_tracks() {
    let of = |metric| {
        let config = Scaling {
            target_tracking: vec![cpu(55.0), tracking("it", metric, 9.0)],
            ..bounds(1, 9)
        };
        came_in(&config).map(|stat| {
            let dimensions: Vec<String> =
                stat.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!(
                "{} of {}/{} {}",
                stat.statistic,
                stat.namespace,
                stat.metric_name,
                dimensions.join(" ")
            )
        })
    };
    let label = "app/web/0a/targetgroup/shop/1b".to_owned();
    let requests = TrackedMetric::AlbRequestsPerTarget { resource_label: label };
    let math =
        MetricQuery { id: "m1".to_owned(), of: QueryOf::Metric(custom_stat()), return_data: true };
    assert_eq!(
        [of(requests), of(queue("orders")), of(TrackedMetric::Custom(custom()))]
            .map(Option::unwrap),
        [
            "Sum of AWS/ApplicationELB/RequestCount LoadBalancer=app/web/0a TargetGroup=targetgroup/shop/1b",
            "Sum of AWS/SQS/NumberOfMessagesSent QueueName=orders",
            "Sum of Shop/CartsOpen Service=checkout",
        ]
    );
    assert_eq!(of(TrackedMetric::Custom(Metric::Math(vec![math]))), None);
    assert_eq!(of(TrackedMetric::Memory { high_resolution: false }), None);
}

fn more(mut config: Scaling, which: &[bool]) -> Scaling {
    let schedule = |text: &str| Schedule::parse(text).unwrap();
    let Capacity { min, max } = config.capacity.unwrap();
    if which[0] {
        let label = "app/web/0a/targetgroup/web/1b".to_owned();
        let requests = TrackedMetric::AlbRequestsPerTarget { resource_label: label };
        config.target_tracking.push(tracking("requests", requests, 700.0));
    }
    if which[1] {
        config.window.push(Window {
            name: "day".to_owned(),
            start: schedule("cron(0 1 ? * * *)"),
            end: schedule("cron(0 9 ? * * *)"),
            timezone: "Europe/Berlin".to_owned(),
            min: Some(max),
            max: which[2].then_some(max + 5),
        });
    }
    if which[2] {
        config.scheduled.push(Scheduled {
            name: "night".to_owned(),
            schedule: schedule("rate(6 hours)"),
            timezone: "UTC".to_owned(),
            start: Some(start() + SignedDuration::from_hours(3)),
            end: None,
            min: Some(min),
            max: None,
        });
    }
    if which[3] {
        config.predictive = Some(Predictive {
            metric: PredictedMetric::Cpu,
            target: 60.0,
            scales: which[0],
            scheduling_buffer: SignedDuration::from_secs(120),
            max_capacity_buffer: which[1].then_some(10),
        });
    }
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_comes_back_as_a_config_that_plans_no_change(
        config in a_config(),
        which in proptest::collection::vec(any::<bool>(), 4),
        count in 0_u32..80,
    ) {
        let mut aws = Aws::with_tasks(count);
        let mut record = record(more(config, &which));
        aws.reach(&mut record, start());
        let live = aws.read();
        let today = read(&live, &live.alarms);
        prop_assert_eq!(&today.untold, &vec![]);
        record.config = today.scaling.clone();
        let again = plan(&record, &live, start());
        prop_assert!(again.is_empty(), "{:?} {:?}", today, again.changes);
        prop_assert_eq!(today.scaling.window, vec![]);
    }
}

#[test]
fn a_queue_that_wakes_its_service_is_the_preset_again() {
    let config = Scaling {
        target_tracking: vec![tracking("orders", queue("orders"), 20.0)],
        ..bounds(0, 9)
    };
    let mut aws = Aws::with_tasks(0);
    aws.reach(&mut record(config.clone()), start());
    let live = aws.read();
    assert_eq!(live.policies.len(), 2);
    let of_another = BTreeMap::from([("QueueName".to_owned(), "other".to_owned())]);
    assert_eq!(read(&live, &live.alarms), Today { scaling: config, untold: vec![] });
    // The same math over two queues is another metric.
    let mut mixed = live.clone();
    for policy in &mut mixed.policies {
        if let PolicyConfig::TargetTracking {
            metric: PolicyMetric::Customized(Metric::Math(queries)),
            ..
        } = &mut policy.policy.config
            && let QueryOf::Metric(stat) = &mut queries[1].of
        {
            stat.dimensions.clone_from(&of_another);
        }
    }
    let mixed = read(&mixed, &live.alarms);
    let tracked = &mixed.scaling.target_tracking[0].metric;
    assert!(matches!(tracked, TrackedMetric::Custom(Metric::Math(_))), "{tracked:?}");
}
