//! What bounds hold at a time, and because of what.

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{Capacity, Scaling, Scheduled, Window};
use steady_core::overrides::{OverriddenBy, Override};
use steady_core::scaling::{
    Bounds, InForce, ScheduledAction, Suspended, scheduled_actions, window_is_open,
};

use crate::{at, schedule};

pub(crate) fn capacity(min: u32, max: u32) -> Scaling {
    Scaling { capacity: Some(Capacity { min, max }), ..Scaling::default() }
}

pub(crate) fn window(name: &str, start: &str, end: &str, timezone: &str) -> Window {
    Window {
        name: name.to_owned(),
        start: schedule(start),
        end: schedule(end),
        timezone: timezone.to_owned(),
        min: None,
        max: None,
    }
}

pub(crate) fn scheduled(name: &str, text: &str) -> Scheduled {
    Scheduled {
        name: name.to_owned(),
        schedule: schedule(text),
        timezone: "UTC".to_owned(),
        start: None,
        end: None,
        min: None,
        max: None,
    }
}

fn business_hours(timezone: &str) -> Scaling {
    let hours =
        window("business-hours", "cron(0 8 ? * MON-FRI *)", "cron(0 20 ? * MON-FRI *)", timezone);
    Scaling { window: vec![Window { min: Some(6), ..hours }], ..capacity(2, 40) }
}

pub(crate) fn over(id: &str, since: &str, until: &str) -> Override {
    Override {
        id: id.to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since: at(since),
        until: at(until),
        min: None,
        max: None,
        suspended: Suspended::default(),
        rollback_off: false,
    }
}

/// `2-40`, and what is not from `[capacity]`.
fn told(config: &Scaling, overrides: &[Override], now: Timestamp) -> String {
    let it = InForce::at(config, overrides, now).expect("a capacity");
    let Bounds { min, max } = it.bounds;
    let mut told = format!("{min}-{max}");
    if it.min_by.to_string() != "[capacity]" {
        told += &format!(", min by {}", it.min_by);
    }
    if it.max_by.to_string() != "[capacity]" {
        told += &format!(", max by {}", it.max_by);
    }
    if it.suspended.scheduled_scaling {
        told += ", suspended";
    }
    if let Some(changes_at) = it.changes_at {
        told += &format!(", until {}", changes_at.strftime("%d %H:%M"));
    }
    told
}

fn check(config: &Scaling, overrides: &[Override], table: &[(&str, &str)]) {
    for (now, expected) in table {
        assert_eq!(told(config, overrides, at(now)), *expected, "{now}");
    }
}

#[test]
fn without_a_capacity_nothing_is_wanted() {
    let config = Scaling { capacity: None, ..business_hours("UTC") };
    assert_eq!(InForce::at(&config, &[], at("2026-11-23T12:00:00Z")), None);
    assert_eq!(scheduled_actions(&config, at("2026-11-23T12:00:00Z")), []);
}

#[test]
fn a_window_holds_from_its_start_until_just_before_its_end() {
    check(
        &business_hours("Europe/Berlin"),
        &[],
        &[
            ("2026-11-23T06:59:59Z", "2-40"),
            ("2026-11-23T07:00:00Z", "6-40, min by window `business-hours`"),
            ("2026-11-23T18:59:59Z", "6-40, min by window `business-hours`"),
            ("2026-11-23T19:00:00Z", "2-40"),
            ("2026-11-22T12:00:00Z", "2-40"),
        ],
    );
}

#[test]
fn windows_follow_the_clock_of_their_zone_through_its_changes() {
    // window, zone, and when it is open around a change: the first and the last minute, in UTC.
    let table = [
        // Clocks go forward at 02:00 on 28 March 2027, back at 03:00 on 31 October.
        ("Europe/Berlin", "30 2", "0 5", "2027-03-28T01:00:00Z", "2027-03-28T02:59:00Z"),
        ("Europe/Berlin", "30 1", "30 2", "2027-03-28T00:30:00Z", "2027-03-28T00:59:00Z"),
        ("Europe/Berlin", "30 2", "0 5", "2027-10-31T00:30:00Z", "2027-10-31T03:59:00Z"),
        ("Europe/Berlin", "30 1", "30 2", "2027-10-30T23:30:00Z", "2027-10-31T00:29:00Z"),
        // 02:00 on 14 March, 02:00 on 7 November.
        ("America/New_York", "0 1", "0 4", "2027-03-14T06:00:00Z", "2027-03-14T07:59:00Z"),
        ("America/New_York", "0 1", "0 4", "2027-11-07T05:00:00Z", "2027-11-07T08:59:00Z"),
        ("America/New_York", "45 1", "15 2", "2027-11-07T05:45:00Z", "2027-11-07T07:14:00Z"),
        // Half an hour, at 02:00 on 3 October and on 4 April.
        ("Australia/Lord_Howe", "0 2", "0 3", "2027-10-02T15:30:00Z", "2027-10-02T15:59:00Z"),
        ("Australia/Lord_Howe", "45 1", "0 3", "2027-04-03T14:45:00Z", "2027-04-03T16:29:00Z"),
        // Never.
        ("Asia/Seoul", "30 2", "0 5", "2027-03-27T17:30:00Z", "2027-03-27T19:59:00Z"),
    ];
    for (zone, start, end, first, last) in table {
        let daily = |time: &str| format!("cron({time} * * ? *)");
        let window = window("w", &daily(start), &daily(end), zone);
        let minute = SignedDuration::from_mins(1);
        let open = |at: Timestamp| window_is_open(&window, at);
        let (first, last) = (at(first), at(last));
        let said = format!("{zone} {start} {end} {first}");
        assert!(!open(first - minute), "before {said}");
        let mut now = first;
        while now <= last {
            assert!(open(now), "{now} {said}");
            now += minute;
        }
        assert!(!open(last + minute), "after {said}");
    }
}

#[test]
fn a_window_that_the_clock_skips_whole_is_not_open_that_day() {
    let night = window("w", "cron(10 2 * * ? *)", "cron(50 2 * * ? *)", "Europe/Berlin");
    assert!(window_is_open(&night, at("2027-03-27T01:30:00Z")));
    for minute in 0..180 {
        let now = at("2027-03-28T00:00:00Z") + SignedDuration::from_mins(minute);
        assert!(!window_is_open(&night, now), "{now}");
    }
    assert!(window_is_open(&night, at("2027-03-29T00:30:00Z")));
}

#[test]
fn a_window_that_ends_as_it_begins_is_never_open() {
    let never = window("w", "cron(0 8 * * ? *)", "cron(0 8 * * ? *)", "UTC");
    let config = Scaling { window: vec![Window { min: Some(9), ..never }], ..capacity(2, 40) };
    check(&config, &[], &[("2026-11-23T08:00:00Z", "2-40"), ("2026-11-23T12:00:00Z", "2-40")]);
    assert_eq!(scheduled_actions(&config, at("2026-11-23T12:00:00Z")), []);
}

#[test]
fn a_window_goes_across_midnight_and_over_a_leap_day() {
    let night = window("night", "cron(0 22 * * ? *)", "cron(0 6 * * ? *)", "UTC");
    let leap = window("leap", "cron(0 0 29 2 ? *)", "cron(0 0 1 3 ? *)", "UTC");
    let config = Scaling {
        window: vec![Window { max: Some(10), ..night }, Window { min: Some(7), ..leap }],
        ..capacity(2, 40)
    };
    check(
        &config,
        &[],
        &[
            ("2026-11-21T21:59:00Z", "2-40"),
            ("2026-11-21T23:59:00Z", "2-10, max by window `night`"),
            ("2026-11-22T00:00:00Z", "2-10, max by window `night`"),
            ("2026-11-22T06:00:00Z", "2-40"),
            ("2028-02-28T12:00:00Z", "2-40"),
            ("2028-02-29T00:00:00Z", "7-10, min by window `leap`, max by window `night`"),
            ("2028-02-29T12:00:00Z", "7-40, min by window `leap`"),
            ("2028-03-01T00:00:00Z", "2-10, max by window `night`"),
            ("2029-03-01T12:00:00Z", "2-40"),
        ],
    );
}

#[test]
fn of_windows_that_overlap_the_one_that_began_last_holds_until_either_ends() {
    let first = window("first", "cron(0 8 * * ? *)", "cron(0 12 * * ? *)", "UTC");
    let second = window("second", "cron(0 10 * * ? *)", "cron(0 14 * * ? *)", "UTC");
    let config = Scaling {
        window: vec![Window { min: Some(5), ..first }, Window { min: Some(9), ..second }],
        ..capacity(2, 40)
    };
    check(
        &config,
        &[],
        &[
            ("2026-11-21T09:00:00Z", "5-40, min by window `first`"),
            ("2026-11-21T11:00:00Z", "9-40, min by window `second`"),
            // As at AWS, whose action at noon knows nothing of the second.
            ("2026-11-21T13:00:00Z", "2-40"),
            ("2026-11-21T14:00:00Z", "2-40"),
        ],
    );
}

#[test]
fn a_window_that_begins_as_another_ends_is_not_ended_by_it() {
    let day = window("day", "cron(0 8 * * ? *)", "cron(0 20 * * ? *)", "UTC");
    let night = window("night", "cron(0 20 * * ? *)", "cron(0 8 * * ? *)", "UTC");
    let config = Scaling {
        window: vec![
            Window { min: Some(1), max: Some(4), ..night },
            Window { min: Some(6), ..day },
        ],
        ..capacity(2, 40)
    };
    check(
        &config,
        &[],
        &[
            ("2026-11-21T07:59:00Z", "1-4, min by window `night`, max by window `night`"),
            ("2026-11-21T08:00:00Z", "6-40, min by window `day`"),
            ("2026-11-21T20:00:00Z", "1-4, min by window `night`, max by window `night`"),
        ],
    );
    // The end of `night` leaves `min` to the start of `day`; that of `day` has nothing left to set.
    let actions: Vec<String> = scheduled_actions(&config, at("2026-11-21T12:00:00Z"))
        .iter()
        .map(|one| format!("{} {} {:?} {:?}", one.name, one.schedule, one.min, one.max))
        .collect();
    assert_eq!(
        actions,
        [
            "steady-day-start cron(0 8 * * ? *) Some(6) None",
            "steady-night-end cron(0 8 * * ? *) None Some(40)",
            "steady-night-start cron(0 20 * * ? *) Some(1) Some(4)",
        ]
    );
}

#[test]
fn what_a_scheduled_action_sets_stays_until_another_sets_it() {
    let config = Scaling {
        scheduled: vec![
            Scheduled { min: Some(8), ..scheduled("up", "cron(0 6 ? * MON *)") },
            Scheduled { min: Some(3), ..scheduled("down", "cron(0 6 ? * SAT *)") },
            Scheduled { max: Some(20), ..scheduled("sale", "at(2026-11-27T06:00:00)") },
        ],
        ..capacity(2, 40)
    };
    check(
        &config,
        &[],
        &[
            ("2026-11-20T12:00:00Z", "8-40, min by scheduled action `up`"),
            ("2026-11-21T12:00:00Z", "3-40, min by scheduled action `down`"),
            (
                "2026-11-27T06:00:00Z",
                "8-20, min by scheduled action `up`, max by scheduled action `sale`",
            ),
            (
                "2027-11-27T12:00:00Z",
                "3-20, min by scheduled action `down`, max by scheduled action `sale`",
            ),
        ],
    );
}

#[test]
fn scheduled_actions_keep_to_their_start_and_end() {
    let (start, end) = (Some(at("2026-11-23T10:30:00Z")), Some(at("2026-11-25T08:00:00Z")));
    let daily = Scheduled { start, end, min: Some(5), ..scheduled("daily", "cron(0 8 * * ? *)") };
    let config = Scaling {
        scheduled: vec![
            daily,
            Scheduled { min: Some(4), ..scheduled("noon", "cron(0 12 * * ? *)") },
        ],
        ..capacity(2, 40)
    };
    check(
        &config,
        &[],
        &[
            ("2026-11-23T09:00:00Z", "4-40, min by scheduled action `noon`"),
            // At its start time itself, as AWS does.
            ("2026-11-23T10:30:00Z", "5-40, min by scheduled action `daily`"),
            ("2026-11-23T12:00:00Z", "4-40, min by scheduled action `noon`"),
            ("2026-11-25T08:00:00Z", "5-40, min by scheduled action `daily`"),
            ("2026-11-26T08:00:00Z", "4-40, min by scheduled action `noon`"),
        ],
    );
    let rate = |start| Scaling {
        scheduled: vec![
            Scheduled { start, min: Some(5), ..scheduled("often", "rate(7 hours)") },
            Scheduled { min: Some(4), ..scheduled("noon", "cron(0 12 * * ? *)") },
        ],
        ..capacity(2, 40)
    };
    check(
        &rate(Some(at("2026-11-21T11:00:00Z"))),
        &[],
        &[
            ("2026-11-21T10:59:00Z", "4-40, min by scheduled action `noon`"),
            ("2026-11-21T11:00:00Z", "5-40, min by scheduled action `often`"),
            ("2026-11-21T17:59:00Z", "4-40, min by scheduled action `noon`"),
            ("2026-11-21T18:00:00Z", "5-40, min by scheduled action `often`"),
        ],
    );
}

#[test]
fn an_override_replaces_the_bounds_it_names_and_schedules_are_suspended_meanwhile() {
    let sale =
        Override { min: Some(20), ..over("sale", "2026-11-23T05:00:00Z", "2026-11-23T12:00:00Z") };
    check(
        &business_hours("UTC"),
        &[sale],
        &[
            ("2026-11-23T04:00:00Z", "2-40, until 23 05:00"),
            ("2026-11-23T05:00:00Z", "20-40, min by override `sale`, suspended, until 23 08:00"),
            ("2026-11-23T08:00:00Z", "20-40, min by override `sale`, suspended, until 23 12:00"),
            // It ends inside the window: what holds is the window's, which AWS has missed.
            ("2026-11-23T12:00:00Z", "6-40, min by window `business-hours`"),
        ],
    );
}

#[test]
fn while_only_max_is_overridden_the_window_still_sets_min() {
    let limit =
        Override { max: Some(10), ..over("limit", "2026-11-23T05:00:00Z", "2026-11-23T23:00:00Z") };
    check(
        &business_hours("UTC"),
        &[limit],
        &[
            ("2026-11-23T07:59:00Z", "2-10, max by override `limit`, suspended, until 23 08:00"),
            (
                "2026-11-23T08:00:00Z",
                "6-10, min by window `business-hours`, max by override `limit`, suspended, until 23 20:00",
            ),
            ("2026-11-23T20:00:00Z", "2-10, max by override `limit`, suspended, until 23 23:00"),
        ],
    );
}

#[test]
fn bounds_that_cross_are_uncrossed_by_a_rule() {
    let now = "2026-11-23T12:00:00Z";
    let one = |id: &str, min: Option<u32>, max: Option<u32>| Override {
        min,
        max,
        ..over(id, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")
    };
    let day = ", suspended, until 24 00:00";
    let table: [(Vec<Override>, &str); 8] = [
        // The largest min and the smallest max: each of them is kept.
        (vec![one("a", Some(5), None), one("b", Some(9), None)], "9-10, min by override `b`"),
        (vec![one("a", None, Some(6)), one("b", None, Some(8))], "2-6, max by override `a`"),
        // An override may lower min as well.
        (vec![one("a", Some(1), None)], "1-10, min by override `a`"),
        // The config's bound gives way to an override's.
        (vec![one("a", Some(20), None)], "20-20, min by override `a`, max by override `a`"),
        (vec![one("a", None, Some(1))], "1-1, min by override `a`, max by override `a`"),
        (vec![one("a", Some(20), Some(30))], "20-30, min by override `a`, max by override `a`"),
        // Between two overrides a limit holds.
        (
            vec![one("surge", Some(20), None), one("limit", None, Some(4))],
            "4-4, min by override `limit`, max by override `limit`",
        ),
        (
            vec![one("limit", None, Some(8)), one("surge", Some(6), None)],
            "6-8, min by override `surge`, max by override `limit`",
        ),
    ];
    for (overrides, expected) in table {
        assert_eq!(told(&capacity(2, 10), &overrides, at(now)), format!("{expected}{day}"));
    }
    // In the config itself, where its checks have not prevented it: min holds.
    let config = Scaling {
        scheduled: vec![Scheduled { min: Some(15), ..scheduled("up", "cron(0 6 * * ? *)") }],
        ..capacity(2, 10)
    };
    let expected = "15-15, min by scheduled action `up`, max by scheduled action `up`";
    assert_eq!(told(&config, &[], at(now)), expected);
}

#[test]
fn an_incident_suspends_scale_in_and_nothing_else() {
    let looping = Override {
        suspended: Suspended { dynamic_scaling_in: true, ..Suspended::default() },
        ..over("incident", "2026-11-23T05:00:00Z", "2026-11-23T12:00:00Z")
    };
    let off = Override {
        rollback_off: true,
        ..over("off", "2026-11-23T05:00:00Z", "2026-11-23T06:00:00Z")
    };
    let it = InForce::at(&business_hours("UTC"), &[looping, off], at("2026-11-23T05:30:00Z"));
    let it = it.unwrap();
    assert!(it.suspended.dynamic_scaling_in && !it.suspended.scheduled_scaling);
    assert_eq!(it.overrides, ["incident", "off"]);
    assert_eq!(it.bounds, Bounds { min: 2, max: 40 });
    assert_eq!(it.changes_at, Some(at("2026-11-23T06:00:00Z")));
}

#[test]
fn what_never_runs_again_is_not_given_to_aws() {
    let sale =
        window("sale", "at(2026-11-27T06:00:00)", "at(2026-11-30T00:00:00)", "Europe/Berlin");
    let config = Scaling {
        scheduled: vec![
            Scheduled { min: Some(4), ..scheduled("past", "at(2026-11-20T06:00:00)") },
            Scheduled { min: Some(4), ..scheduled("year", "cron(0 0 1 1 ? 2025)") },
            Scheduled {
                min: Some(4),
                end: Some(at("2026-11-21T00:00:00Z")),
                ..scheduled("ended", "rate(1 hour)")
            },
            Scheduled {
                min: Some(4),
                start: Some(at("2026-11-01T00:00:00Z")),
                end: Some(at("2026-12-24T00:00:00Z")),
                timezone: "Europe/Berlin".to_owned(),
                ..scheduled("daily", "cron(0 8 * * ? *)")
            },
        ],
        window: vec![Window { min: Some(9), max: Some(90), ..sale }],
        ..capacity(2, 40)
    };
    let names = |now: &str| -> Vec<String> {
        scheduled_actions(&config, at(now)).into_iter().map(|one| one.name).collect()
    };
    assert_eq!(
        names("2026-11-22T00:00:00Z"),
        ["steady-daily", "steady-sale-end", "steady-sale-start"]
    );
    assert_eq!(names("2026-11-27T05:00:00Z"), ["steady-daily", "steady-sale-end"]);
    assert_eq!(names("2026-11-29T23:00:00Z"), ["steady-daily"]);
    assert_eq!(names("2026-12-24T00:00:00Z"), [""; 0]);
    // While it is open the bounds are there without the action that set them.
    check(
        &config,
        &[],
        &[("2026-11-27T06:59:00Z", "9-90, min by window `sale`, max by window `sale`")],
    );
    let daily = scheduled_actions(&config, at("2026-11-22T00:00:00Z")).remove(0);
    assert_eq!(
        daily,
        ScheduledAction {
            name: "steady-daily".to_owned(),
            schedule: "cron(0 8 * * ? *)".to_owned(),
            timezone: Some("Europe/Berlin".to_owned()),
            start: None,
            end: Some(at("2026-12-24T00:00:00Z")),
            min: Some(4),
            max: None,
        }
    );
}
