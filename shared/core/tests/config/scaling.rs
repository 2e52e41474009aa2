//! The sections of scaling: what they come to, and how files come together.

use jiff::SignedDuration;
use steady_core::config::{
    Adjustment, Capacity, Comparison, Loaded, Metric, MetricQuery, MetricStat, MissingData,
    PredictedMetric, Predictive, QueryOf, Scaling, Scheduled, SourceFile, Step, StepMetric,
    StepScaling, Surge, TargetTracking, TrackedMetric, Window, load_tree,
};
use steady_core::scaling::Schedule;

use crate::SAMPLE;

fn load(files: &[(&str, &str)]) -> Loaded {
    let files: Vec<SourceFile<'_>> =
        files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    load_tree(&files)
}

/// The scaling of prod/checkout, from files without a finding.
fn scaling(files: &[(&str, &str)]) -> Scaling {
    let loaded = load(files);
    assert_eq!(loaded.findings, []);
    loaded.tree.unwrap().for_service("prod/checkout").scaling.clone()
}

fn of(text: &str) -> Scaling {
    scaling(&[("prod/checkout.toml", text)])
}

fn said(files: &[(&str, &str)]) -> String {
    let lines: Vec<String> = load(files).findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap()
}

const FIVE_MINUTES: SignedDuration = SignedDuration::from_mins(5);

fn cpu(target: f64) -> TargetTracking {
    TargetTracking {
        name: "cpu".to_owned(),
        metric: TrackedMetric::Cpu { high_resolution: false },
        target,
        scale_out_cooldown: FIVE_MINUTES,
        scale_in_cooldown: FIVE_MINUTES,
        disable_scale_in: false,
    }
}

#[test]
fn the_sample_is_read_with_its_values() {
    let text = SAMPLE.replace("standalone_tasks", "# standalone_tasks");
    let expected = Scaling {
        capacity: Some(Capacity { min: 2, max: 40 }),
        target_tracking: vec![cpu(55.0)],
        window: vec![Window {
            name: "business-hours".to_owned(),
            start: schedule("cron(0 8 ? * MON-FRI *)"),
            end: schedule("cron(0 20 ? * MON-FRI *)"),
            timezone: "Asia/Seoul".to_owned(),
            min: Some(6),
            max: None,
        }],
        surge: vec![Surge {
            alarm: "checkout-latency-high".to_owned(),
            min: 12,
            lasts: SignedDuration::from_mins(15),
        }],
        ..Scaling::default()
    };
    assert_eq!(of(&text), expected);
}

#[test]
fn every_kind_of_target_tracking_is_read() {
    let text = r#"
        capacity = { min = 0, max = 100 }
        [[target_tracking]]
        metric = "memory"
        high_resolution = true
        target = 70
        scale_out_cooldown = "0s"
        scale_in_cooldown = "24h"
        disable_scale_in = true
        [[target_tracking]]
        metric = "alb-requests-per-target"
        resource_label = "app/shop/50dc6c495c0c9188/targetgroup/shop/943f017f100becff"
        target = 800
        [[target_tracking]]
        metric = "queue-backlog-per-task"
        queue = "orders.fifo"
        target = 20
        [[target_tracking]]
        name = "connections"
        metric = "custom"
        namespace = "Shop"
        metric_name = "Connections"
        dimensions = { Service = "checkout" }
        statistic = "Average"
        unit = "Count"
        target = 1e3
        [[target_tracking]]
        name = "age"
        metric = "custom"
        target = 30
        [[target_tracking.queries]]
        id = "age"
        namespace = "AWS/SQS"
        metric_name = "ApproximateAgeOfOldestMessage"
        dimensions = { QueueName = "orders" }
        statistic = "p99.9"
        [[target_tracking.queries]]
        id = "e1"
        expression = "FILL(age, 0) + 1e0"
        return_data = true
    "#;
    let read = of(text);
    let metrics: Vec<TrackedMetric> =
        read.target_tracking.iter().map(|one| one.metric.clone()).collect();
    let age = MetricStat {
        namespace: "AWS/SQS".to_owned(),
        metric_name: "ApproximateAgeOfOldestMessage".to_owned(),
        dimensions: [("QueueName".to_owned(), "orders".to_owned())].into(),
        statistic: "p99.9".to_owned(),
        unit: None,
    };
    let queries = vec![
        MetricQuery { id: "age".to_owned(), of: QueryOf::Metric(age), return_data: false },
        MetricQuery {
            id: "e1".to_owned(),
            of: QueryOf::Expression("FILL(age, 0) + 1e0".to_owned()),
            return_data: true,
        },
    ];
    let label = "app/shop/50dc6c495c0c9188/targetgroup/shop/943f017f100becff";
    assert_eq!(
        metrics,
        [
            TrackedMetric::Memory { high_resolution: true },
            TrackedMetric::AlbRequestsPerTarget { resource_label: label.to_owned() },
            TrackedMetric::QueueBacklogPerTask { queue: "orders.fifo".to_owned() },
            TrackedMetric::Custom(Metric::One(MetricStat {
                namespace: "Shop".to_owned(),
                metric_name: "Connections".to_owned(),
                dimensions: [("Service".to_owned(), "checkout".to_owned())].into(),
                statistic: "Average".to_owned(),
                unit: Some("Count".to_owned()),
            })),
            TrackedMetric::Custom(Metric::Math(queries)),
        ]
    );
    let names: Vec<&str> = read.target_tracking.iter().map(|one| one.name.as_str()).collect();
    let unnamed = ["memory", "alb-requests-per-target", "queue-backlog-per-task"];
    assert_eq!(names, [&unnamed[..], &["connections", "age"]].concat());
    let first = &read.target_tracking[0];
    assert_eq!(first.scale_out_cooldown, SignedDuration::ZERO);
    assert_eq!(first.scale_in_cooldown, SignedDuration::from_hours(24));
    assert!(first.disable_scale_in);
}

#[test]
fn steps_are_read_in_the_order_of_their_bounds() {
    let text = r#"
        capacity = { min = 2, max = 100 }
        [[step]]
        name = "burst"
        metric = "cpu"
        comparison = ">="
        threshold = 80
        period = "20s"
        evaluation_periods = 3
        datapoints_to_alarm = 2
        missing_data = "not-breaching"
        adjustment = "percent-change-in-capacity"
        min_adjustment_magnitude = 2
        steps = [{ from = 10, by = 50 }, { from = 0, to = 10, by = 20 }]
        cooldown = "3m"
        [[step]]
        name = "idle"
        metric = "custom"
        namespace = "Shop"
        metric_name = "Connections"
        statistic = "Sum"
        comparison = "<"
        threshold = 5.5
        adjustment = "exact-capacity"
        steps = [{ to = 0, by = 2 }]
    "#;
    let loaded = load(&[("prod/checkout.toml", text)]);
    // A period below a minute is warned about, and taken.
    assert_eq!(loaded.findings.len(), 1);
    let read = loaded.tree.unwrap().for_service("prod/checkout").scaling.step.clone();
    let [burst, idle] = read.as_slice() else { panic!("{read:?}") };
    let expected = StepScaling {
        name: "burst".to_owned(),
        metric: StepMetric::Cpu,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        threshold: 80.0,
        period: SignedDuration::from_secs(20),
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        missing_data: MissingData::NotBreaching,
        adjustment: Adjustment::PercentChangeInCapacity,
        steps: vec![
            Step { from: Some(0.0), to: Some(10.0), by: 20 },
            Step { from: Some(10.0), to: None, by: 50 },
        ],
        cooldown: SignedDuration::from_mins(3),
        min_adjustment_magnitude: Some(2),
    };
    assert_eq!(burst, &expected);
    assert_eq!(
        (idle.period, idle.evaluation_periods, idle.datapoints_to_alarm, idle.cooldown),
        (SignedDuration::from_mins(1), 1, 1, FIVE_MINUTES)
    );
    assert_eq!(idle.missing_data, MissingData::Missing);
}

#[test]
fn schedules_and_predictions_are_read() {
    let text = r#"
        adopt = true
        capacity = { min = 2, max = 100 }
        [[scheduled]]
        name = "sale"
        schedule = "at(2026-11-27T06:00:00)"
        timezone = "America/New_York"
        min = 20
        max = 200
        [[scheduled]]
        name = "hourly"
        schedule = "rate(1 hour)"
        start = 2026-11-27T06:00:00+01:00
        end = "2026-11-28T06:00:00Z"
        max = 80
        [predictive]
        metric = "cpu"
        target = 60
        mode = "forecast-and-scale"
        scheduling_buffer = "10m"
        max_capacity_breach = "increase"
        max_capacity_buffer = 10
    "#;
    let expected = Scaling {
        capacity: Some(Capacity { min: 2, max: 100 }),
        scheduled: vec![
            Scheduled {
                name: "sale".to_owned(),
                schedule: schedule("at(2026-11-27T06:00:00)"),
                timezone: "America/New_York".to_owned(),
                start: None,
                end: None,
                min: Some(20),
                max: Some(200),
            },
            Scheduled {
                name: "hourly".to_owned(),
                schedule: schedule("rate(1 hour)"),
                timezone: "UTC".to_owned(),
                start: Some("2026-11-27T05:00:00Z".parse().unwrap()),
                end: Some("2026-11-28T06:00:00Z".parse().unwrap()),
                min: None,
                max: Some(80),
            },
        ],
        predictive: Some(Predictive {
            metric: PredictedMetric::Cpu,
            target: 60.0,
            scales: true,
            scheduling_buffer: SignedDuration::from_mins(10),
            max_capacity_buffer: Some(10),
        }),
        adopt: true,
        ..Scaling::default()
    };
    assert_eq!(of(text), expected);
    assert_eq!(of("remove = true"), Scaling { remove: true, ..Scaling::default() });
}

const DEFAULTS: &str = r#"
    [capacity]
    max = 40
    [[target_tracking]]
    metric = "cpu"
    target = 55
    [[window]]
    name = "day"
    start = "cron(0 8 ? * MON-FRI *)"
    end = "cron(0 20 ? * MON-FRI *)"
    min = 6
    [predictive]
    metric = "cpu"
    target = 60
"#;

#[test]
fn tables_hold_field_by_field_over_the_defaults_and_arrays_whole() {
    let with = |service| scaling(&[("defaults.toml", DEFAULTS), ("prod/checkout.toml", service)]);
    let plain = with("capacity.min = 2");
    assert_eq!(plain.capacity, Some(Capacity { min: 2, max: 40 }));
    assert_eq!(plain.target_tracking, [cpu(55.0)]);
    assert_eq!((plain.window.len(), plain.predictive.clone().unwrap().target), (1, 60.0));

    let other = with("window = []\ncapacity = { min = 3, max = 50 }\npredictive.target = 70");
    assert_eq!(other.capacity, Some(Capacity { min: 3, max: 50 }));
    assert_eq!((other.window.len(), other.predictive.unwrap().target), (0, 70.0));
    assert_eq!(other.target_tracking, [cpu(55.0)]);

    let other = with("capacity.min = 2\n[[target_tracking]]\nmetric = 'memory'\ntarget = 60");
    assert_eq!(other.target_tracking.len(), 1);
    assert_eq!(other.target_tracking[0].name, "memory");
}

#[test]
fn a_service_that_nobody_named_is_not_scaled() {
    let whole = DEFAULTS.replace("max = 40", "min = 2\nmax = 40");
    let files = [("defaults.toml", whole.as_str()), ("prod/checkout.toml", "team = 'payments'")];
    let tree = load(&files).tree.unwrap();
    assert_eq!(
        tree.for_service("prod/checkout").scaling.capacity,
        Some(Capacity { min: 2, max: 40 })
    );
    assert_eq!(tree.for_service("prod/search").scaling, Scaling::default());
    // Half of the bounds is no capacity: the service says nothing of it, so it is left alone.
    let tree = load(&[("defaults.toml", DEFAULTS), files[1]]).tree.unwrap();
    assert_eq!(tree.for_service("prod/checkout").scaling, Scaling::default());
}

#[test]
fn what_does_not_fit_the_defaults_is_said_where_the_service_says_it() {
    let cases = [
        (
            "capacity.min = 60",
            "prod/checkout.toml:1:16: `capacity.max` is `40`, less than `capacity.min`, `60`; write `max = 60` or more",
        ),
        (
            "capacity = { min = 1, max = 5 }",
            "prod/checkout.toml:1:29: `window[0]` has at most 5 tasks of `[capacity]`, fewer than at least 6; raise `max`, or lower `min`",
        ),
        (
            "capacity.min = 2\npredictive.metric = 'alb-requests-per-target'",
            "prod/checkout.toml:2:1: `predictive` has no `resource_label`, which `metric = \"alb-requests-per-target\"` needs; write `resource_label = \"app/NAME/ID/targetgroup/NAME/ID\"`",
        ),
        ("capacity.max = 50", "prod/checkout.toml:1:1: `capacity` has no `min`; write `min = 2`"),
        ("capacity.min = 2\nteam = 'x'", ""),
    ];
    for (service, expected) in cases {
        let files = [("defaults.toml", DEFAULTS), ("prod/checkout.toml", service)];
        assert_eq!(said(&files), expected, "{service}");
    }
}

#[test]
fn what_a_service_takes_away_from_the_defaults_or_sets_beside_them_is_said_at_its_own_key() {
    let defaults = r#"
        capacity = { min = 0, max = 9 }
        [[step]]
        name = "cpu"
        metric = "cpu"
        comparison = ">="
        threshold = 80
        adjustment = "change-in-capacity"
        steps = [{ from = 0, by = 2 }]
        [[window]]
        name = "day"
        start = "cron(0 8 * * ? *)"
        end = "cron(0 20 * * ? *)"
        min = 1
    "#;
    let cases = [
        (
            "window = []",
            "prod/checkout.toml:1:10: `capacity.min` is `0`, and nothing here can start the first task: CPU, memory and requests per target have no data while none runs; write `min = 1` or more, or add what sees the load from outside: `metric = \"queue-backlog-per-task\"`, a custom metric, a `[[scheduled]]`, a `[[window]]` or a `[[surge]]`",
        ),
        (
            "[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0",
            "prod/checkout.toml:1:1: `step[0]` (`cpu`) has the name of a policy of `target_tracking[0]`: Application Auto Scaling has one list of names for all policies of a service, whatever their type; give it a `name` of its own",
        ),
    ];
    for (service, expected) in cases {
        let files = [("defaults.toml", defaults), ("prod/checkout.toml", service)];
        assert_eq!(said(&files), expected, "{service}");
    }
}

#[test]
fn windows_that_touch_or_alternate_do_not_overlap() {
    let window = |name: &str, start: &str, end: &str, zone: &str| {
        format!(
            "[[window]]\nname = '{name}'\nstart = '{start}'\nend = '{end}'\ntimezone = '{zone}'\nmin = 3\n"
        )
    };
    let capacity = "capacity = { min = 2, max = 40 }\n";
    let day = window("day", "cron(0 8 * * ? *)", "cron(0 20 * * ? *)", "Europe/Berlin");
    let clean = [
        window("night", "cron(0 20 * * ? *)", "cron(0 8 * * ? *)", "Europe/Berlin"),
        window("dawn", "cron(0 4 * * ? *)", "cron(0 6 * * ? *)", "UTC"),
        window("sale", "at(2030-11-27T21:00:00)", "at(2030-11-28T07:00:00)", "Europe/Berlin"),
        window("past", "at(2020-11-27T09:00:00)", "at(2020-11-27T10:00:00)", "Europe/Berlin"),
    ];
    for other in clean {
        assert_eq!(said(&[("prod/a.toml", &format!("{capacity}{day}{other}"))]), "", "{other}");
    }
    let cases = [
        // An hour of summer time only: in winter 08:00 in Berlin is 07:00 UTC.
        (window("dawn", "cron(0 5 * * ? *)", "cron(30 6 * * ? *)", "UTC"), "2026-03-29 06:00 UTC"),
        (
            window("sale", "at(2030-11-27T21:00:00)", "at(2030-11-28T09:00:00)", "Europe/Berlin"),
            "2030-11-28 08:00 Europe/Berlin",
        ),
        (
            window("leap", "cron(0 12 29 2 ? *)", "cron(0 13 29 2 ? *)", "Europe/Berlin"),
            "2028-02-29 12:00 Europe/Berlin",
        ),
        (
            window("evening", "cron(0 19 * * ? *)", "cron(0 7 * * ? *)", "Europe/Berlin"),
            "2026-01-01 19:00 Europe/Berlin",
        ),
    ];
    for (other, at) in cases {
        let said = said(&[("prod/a.toml", &format!("{capacity}{day}{other}"))]);
        let expected = format!("overlap: both are in force at {at}; let one end");
        assert!(said.contains(&expected) && said.lines().count() == 1, "{at}: {said}");
    }
}

#[test]
fn what_is_missing_is_not_said_of_a_file_that_cannot_be_read_whole() {
    let text = "[capacity]\nmin = 2\nmax = 40\n[[window]]\nname = 'day'\nstart = cron\nend = 'x'\n";
    let said = said(&[("prod/a.toml", text)]);
    assert!(said.contains("prod/a.toml:6:9: not valid TOML"), "{said}");
    assert!(!said.contains("has no"), "{said}");
}

#[test]
fn nothing_is_wrong_with_a_service_that_can_be_woken() {
    let wakes = [
        "[[target_tracking]]\nmetric = 'queue-backlog-per-task'\nqueue = 'orders'\ntarget = 10",
        "[[surge]]\nalarm = 'orders-waiting'\nmin = 2",
        "[[scheduled]]\nname = 'morning'\nschedule = 'cron(0 6 * * ? *)'\nmin = 1",
    ];
    for wakes in wakes {
        let cpu = "[[target_tracking]]\nmetric = 'cpu'\ntarget = 55";
        of(&format!("capacity = {{ min = 0, max = 5 }}\n{cpu}\n{wakes}"));
    }
    of("capacity = { min = 0, max = 0 }");
}
