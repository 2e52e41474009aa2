//! Whatever the config and the overrides: bounds that never cross, and the same as Application Auto Scaling would have.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use steady_core::config::{Scaling, Scheduled, Window};
use steady_core::overrides::Override;
use steady_core::scaling::{Bounds, InForce, Schedule, ScheduledAction, scheduled_actions, zone};

use crate::in_force::{capacity, over, scheduled, window};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

fn times() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..60_u8, 0..24_u8).prop_map(|(m, h)| format!("cron({m} {h} * * ? *)")),
        (0..60_u8, 0..24_u8, 1..8_u8).prop_map(|(m, h, d)| format!("cron({m} {h} ? * {d} *)")),
        (0..60_u8, 0..24_u8).prop_map(|(m, h)| format!("cron({m} {h} ? * MON-FRI *)")),
        (1..30_u8, 0..24_u8).prop_map(|(d, h)| format!("at(2027-03-{d:02}T{h:02}:30:00)")),
    ]
}

fn bound(from: u32, to: u32) -> impl Strategy<Value = Option<u32>> {
    prop::option::of(from..to)
}

prop_compose! {
    fn any_window()(
        start in times(), end in times(), zone in 0..ZONES.len(), min in bound(0, 10), max in bound(10, 20),
    ) -> Window {
        Window { min, max, ..window("w", &start, &end, ZONES[zone]) }
    }
}

prop_compose! {
    fn any_scheduled()(
        text in prop_oneof![times(), (1..200_u8).prop_map(|n| format!("rate({} minutes)", n + 1))],
        zone in 0..ZONES.len(), min in bound(0, 10), max in bound(10, 20),
        start in prop::option::of(1_803_859_200_i64..1_806_000_000),
        end in prop::option::of(1_805_000_000_i64..1_807_000_000),
    ) -> Scheduled {
        let second = |at: i64| Timestamp::from_second(at - at % 60).unwrap();
        Scheduled {
            min, max, timezone: ZONES[zone].to_owned(), start: start.map(second), end: end.map(second),
            ..scheduled("s", &text)
        }
    }
}

prop_compose! {
    fn config()(
        mut window in prop::collection::vec(any_window(), 0..3),
        mut scheduled in prop::collection::vec(any_scheduled(), 0..3),
        min in 0..10_u32, max in 10..20_u32,
    ) -> Scaling {
        for (n, one) in window.iter_mut().enumerate() { one.name = format!("w{n}"); }
        for (n, one) in scheduled.iter_mut().enumerate() { one.name = format!("s{n}"); }
        Scaling { window, scheduled, ..capacity(min, max) }
    }
}

prop_compose! {
    fn overrides()(
        all in prop::collection::vec((0..40_i64, 1..40_i64, bound(0, 30), bound(0, 30)), 0..4),
    ) -> Vec<Override> {
        let hour = |n: i64| (START + SignedDuration::from_hours(n)).to_string();
        all.into_iter().enumerate().map(|(n, (since, lasts, min, max))| Override {
            min, max, ..over(&n.to_string(), &hour(since), &hour(since + lasts))
        }).collect()
    }
}

/// Sunday, 14 March 2027, when clocks go forward in New York; two weeks later they do in Berlin.
const START: Timestamp = Timestamp::constant(1_804_982_400, 0);

/// One action under way at AWS, by a simpler reading: when it runs next.
fn next_at_aws(action: &ScheduledAction, after: Timestamp) -> Option<Timestamp> {
    let zone = zone(action.timezone.as_deref().unwrap_or("UTC")).unwrap();
    let schedule = Schedule::parse(&action.schedule).unwrap();
    let next = match action.start.filter(|start| *start > after) {
        Some(start) if !action.schedule.starts_with("at") => Some(start),
        _ if action.schedule.starts_with("rate") => {
            let minutes: i64 = action.schedule[5..].split(' ').next()?.parse().unwrap();
            let mut next = action.start?;
            while next <= after {
                next += SignedDuration::from_mins(minutes);
            }
            Some(next)
        }
        start => schedule.first_after(&zone, after).filter(|at| start.is_none_or(|it| it <= *at)),
    };
    next.filter(|at| action.end.is_none_or(|end| *at <= end))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounds_never_cross_and_change_only_when_told(config in config(), overrides in overrides()) {
        let mut now = START;
        let mut before: Option<InForce> = None;
        for _ in 0..48 * 12 {
            let it = InForce::at(&config, &overrides, now).unwrap();
            prop_assert!(it.bounds.min <= it.bounds.max, "{:?}", it);
            prop_assert!(it.changes_at.is_none_or(|at| at > now));
            if let Some(before) = before.filter(|it| it.suspended.scheduled_scaling)
                && before.changes_at.is_none_or(|at| at > now)
            {
                prop_assert_eq!(&it, &before, "{}", now);
            }
            before = Some(it);
            now += SignedDuration::from_mins(5);
        }
    }

    /// Application Auto Scaling left to itself, and nothing suspended.
    #[test]
    fn scheduled_actions_make_the_same_bounds_as_computed(mut config in config()) {
        // What counts from when AWS took it is nobody's to compare.
        config.scheduled.retain(|one| {
            one.start.is_some_and(|start| start > START) || !one.schedule.as_str().starts_with("rate")
        });
        let bounds = |now| InForce::at(&config, &[], now).unwrap().bounds;
        let actions = scheduled_actions(&config, START);
        let mut aws = bounds(START);
        let mut now = START;
        for _ in 0..400 {
            let due: Vec<(Timestamp, &ScheduledAction)> =
                actions.iter().filter_map(|one| Some((next_at_aws(one, now)?, one))).collect();
            let Some(next) = due.iter().map(|(at, _)| *at).min() else { break };
            // What runs at one moment: AWS does not say in which order, so only one at a time is judged.
            let at_once: Vec<_> = due.iter().filter(|(at, _)| *at == next).collect();
            prop_assert_eq!(aws, bounds(next - SignedDuration::from_secs(1)), "before {}", next);
            now = next;
            if let [(_, one)] = at_once.as_slice() {
                aws = Bounds { min: one.min.unwrap_or(aws.min), max: one.max.unwrap_or(aws.max) };
                prop_assert_eq!(aws, bounds(now), "{} at {}", &one.name, now);
            } else {
                aws = bounds(now);
            }
        }
    }
}
