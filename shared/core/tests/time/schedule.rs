//! When schedules run.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use steady_core::scaling::{Schedule, ScheduleKind, zone};

use crate::{at, schedule};

/// The next runs after a time, by the clock of the zone.
fn runs(text: &str, name: &str, after: &str, count: usize) -> String {
    let (schedule, zone) = (schedule(text), zone(name).expect("a zone"));
    let mut now = at(after);
    let mut told = Vec::new();
    for _ in 0..count {
        let Some(next) = schedule.first_after(&zone, now) else {
            told.push("never".to_owned());
            break;
        };
        assert!(next > now, "{text}");
        assert_eq!(schedule.last_by(&zone, next), Some(next), "{text}");
        now = next;
        told.push(now.to_zoned(zone.clone()).strftime("%Y-%m-%d %a %H:%M").to_string());
    }
    told.join(", ")
}

/// From Saturday, 21 November 2026, noon UTC.
fn from_now(text: &str, count: usize) -> String {
    runs(text, "UTC", "2026-11-21T12:00:00Z", count)
}

#[test]
fn cron_runs_when_its_fields_say_so() {
    let table = [
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23 Mon 08:00, 2026-11-24 Tue 08:00"),
        ("cron(0 8 ? * 2-6 *)", "2026-11-23 Mon 08:00, 2026-11-24 Tue 08:00"),
        ("cron(0 8 ? * 1 *)", "2026-11-22 Sun 08:00, 2026-11-29 Sun 08:00"),
        ("cron(30 6 ? * SUN,WED *)", "2026-11-22 Sun 06:30, 2026-11-25 Wed 06:30"),
        ("cron(0/15 * * * ? *)", "2026-11-21 Sat 12:15, 2026-11-21 Sat 12:30"),
        ("cron(*/20 12 * * ? *)", "2026-11-21 Sat 12:20, 2026-11-21 Sat 12:40"),
        ("cron(5-10/5 0,12 * * ? *)", "2026-11-21 Sat 12:05, 2026-11-21 Sat 12:10"),
        ("cron(0 18 L * ? *)", "2026-11-30 Mon 18:00, 2026-12-31 Thu 18:00"),
        ("cron(0 0 1 JAN,JUL ? *)", "2027-01-01 Fri 00:00, 2027-07-01 Thu 00:00"),
        ("cron(0 9 15W * ? *)", "2026-12-15 Tue 09:00, 2027-01-15 Fri 09:00"),
        ("cron(0 9 1W 5,8 ? 2027)", "2027-05-03 Mon 09:00, 2027-08-02 Mon 09:00, never"),
        ("cron(0 9 31W 1 ? 2027-2028)", "2027-01-29 Fri 09:00, 2028-01-31 Mon 09:00, never"),
        ("cron(0 9 31W FEB ? *)", "never"),
        ("cron(15 10 ? * 6L *)", "2026-11-27 Fri 10:15, 2026-12-25 Fri 10:15"),
        ("cron(0 9 ? * L *)", "2026-11-28 Sat 09:00, 2026-12-05 Sat 09:00"),
        ("cron(0 9 ? * 3#2 *)", "2026-12-08 Tue 09:00, 2027-01-12 Tue 09:00"),
        ("cron(0 9 ? * FRI#5 *)", "2027-01-29 Fri 09:00, 2027-04-30 Fri 09:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29 Tue 00:00, 2032-02-29 Sun 00:00"),
        ("cron(0 0 29 2 ? 2097-2105)", "2104-02-29 Fri 00:00, never"),
        ("cron(0 0 31 2,4 ? *)", "never"),
        ("cron(0 0 1 1 ? 1999)", "never"),
        ("cron(59 23 31 12 ? 2199)", "2199-12-31 Tue 23:59, never"),
        ("cron(0 0 1 1 ? 2026/4)", "2030-01-01 Tue 00:00, 2034-01-01 Sun 00:00"),
    ];
    for (text, expected) in table {
        assert_eq!(from_now(text, expected.split(", ").count()), expected, "{text}");
    }
}

#[test]
fn rate_runs_again_and_again_and_at_runs_once() {
    assert_eq!(from_now("rate(5 minutes)", 2), "2026-11-21 Sat 12:05, 2026-11-21 Sat 12:10");
    assert_eq!(from_now("rate(1 day)", 2), "2026-11-22 Sun 00:00, 2026-11-23 Mon 00:00");
    assert_eq!(from_now("at(2026-11-27T06:00:00)", 2), "2026-11-27 Fri 06:00, never");
    assert_eq!(from_now("at(2026-11-21T12:00:00)", 1), "never");
    let berlin = zone("Europe/Berlin").unwrap();
    let sale = schedule("at(2026-11-27T06:00:00)");
    assert_eq!(
        sale.first_after(&berlin, at("2026-11-01T00:00:00Z")),
        Some(at("2026-11-27T05:00:00Z"))
    );
    assert_eq!(sale.last_by(&berlin, at("2026-11-27T04:59:59Z")), None);
    assert_eq!(sale.last_by(&berlin, at("2026-11-28T00:00:00Z")), Some(at("2026-11-27T05:00:00Z")));
    let kinds = ["cron(0 0 1 1 ? *)", "rate(1 hour)", "at(2026-11-27T06:00:00)"];
    assert_eq!(
        kinds.map(|text| schedule(text).kind()),
        [ScheduleKind::Cron, ScheduleKind::Rate, ScheduleKind::At]
    );
}

#[test]
fn a_time_that_the_clock_skips_is_the_first_after_the_gap_and_one_that_comes_twice_is_the_first() {
    // schedule, zone, after, and what the clock says then.
    let table = [
        // 02:00 becomes 03:00 on 28 March 2027.
        (
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2027-03-26T12:00:00Z",
            "2027-03-27 Sat 02:30, 2027-03-28 Sun 03:00, 2027-03-29 Mon 02:30",
        ),
        (
            "cron(0/30 1-3 * * ? *)",
            "Europe/Berlin",
            "2027-03-28T00:00:00Z",
            "2027-03-28 Sun 01:30, 2027-03-28 Sun 03:00, 2027-03-28 Sun 03:30, 2027-03-29 Mon 01:00",
        ),
        (
            "at(2027-03-28T02:00:00)",
            "Europe/Berlin",
            "2027-03-26T12:00:00Z",
            "2027-03-28 Sun 03:00, never",
        ),
        // 03:00 becomes 02:00 on 31 October 2027.
        (
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2027-10-30T12:00:00Z",
            "2027-10-31 Sun 02:30, 2027-11-01 Mon 02:30",
        ),
        (
            "cron(0 2,3 * * ? *)",
            "Europe/Berlin",
            "2027-10-30T12:00:00Z",
            "2027-10-31 Sun 02:00, 2027-10-31 Sun 03:00, 2027-11-01 Mon 02:00",
        ),
        // 02:00 becomes 03:00 on 14 March, 02:00 becomes 01:00 on 7 November 2027.
        (
            "cron(15 2 ? * SUN *)",
            "America/New_York",
            "2027-03-08T12:00:00Z",
            "2027-03-14 Sun 03:00, 2027-03-21 Sun 02:15",
        ),
        (
            "cron(15 1 ? * SUN *)",
            "America/New_York",
            "2027-11-06T12:00:00Z",
            "2027-11-07 Sun 01:15, 2027-11-14 Sun 01:15",
        ),
        // Half an hour: 02:00 becomes 02:30 on 3 October 2027, 02:00 becomes 01:30 on 4 April.
        (
            "cron(0/10 2 3 10 ? 2027)",
            "Australia/Lord_Howe",
            "2027-10-02T12:00:00Z",
            "2027-10-03 Sun 02:30, 2027-10-03 Sun 02:40, 2027-10-03 Sun 02:50, never",
        ),
        (
            "cron(45 1 * * ? *)",
            "Australia/Lord_Howe",
            "2027-04-03T12:00:00Z",
            "2027-04-04 Sun 01:45, 2027-04-05 Mon 01:45",
        ),
        // A whole day was skipped: 30 December 2011.
        (
            "cron(0 8 * * ? *)",
            "Pacific/Apia",
            "2011-12-29T12:00:00Z",
            "2011-12-29 Thu 08:00, 2011-12-31 Sat 00:00, 2011-12-31 Sat 08:00",
        ),
        // No change of clocks at all.
        (
            "cron(30 2 28 3 ? 2027)",
            "Asia/Seoul",
            "2027-03-26T12:00:00Z",
            "2027-03-28 Sun 02:30, never",
        ),
    ];
    for (text, name, after, expected) in table {
        assert_eq!(
            runs(text, name, after, expected.split(", ").count()),
            expected,
            "{text} {name}"
        );
    }
}

#[test]
fn what_comes_twice_ran_at_its_first_time_only() {
    let (berlin, schedule) = (zone("Europe/Berlin").unwrap(), schedule("cron(30 2 * * ? *)"));
    let first = at("2027-10-31T00:30:00Z");
    for (by, expected) in [
        ("2027-10-31T00:29:59Z", at("2027-10-30T00:30:00Z")),
        ("2027-10-31T00:30:00Z", first),
        ("2027-10-31T01:10:00Z", first),
        ("2027-10-31T01:30:00Z", first),
        ("2027-10-31T02:00:00Z", first),
    ] {
        assert_eq!(schedule.last_by(&berlin, at(by)), Some(expected), "{by}");
    }
    assert_eq!(schedule.first_after(&berlin, first), Some(at("2027-11-01T01:30:00Z")));
}

const CRONS: [&str; 8] = [
    "cron(0/7 * * * ? *)",
    "cron(30 2 * * ? *)",
    "cron(0 0/5 ? * SUN,MON *)",
    "cron(10-40/15 1-3 L,W * ? *)",
    "cron(0 12 ? * 3#1 *)",
    "cron(45 1 15W * ? *)",
    "cron(5 2 ? * 1L *)",
    "cron(0 3 29 2 ? *)",
];

const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

proptest! {
    /// Judged minute by minute, by what the clock says.
    #[test]
    fn no_run_is_left_out_and_none_is_made_up(
        which in 0..CRONS.len(), name in 0..ZONES.len(), from in 1_790_000_000_i64..1_830_000_000,
    ) {
        let Ok(schedule) = Schedule::parse(CRONS[which]) else { return Ok(()) };
        let zone = zone(ZONES[name]).unwrap();
        let from = Timestamp::from_second(from - from % 60).unwrap();
        let next = schedule.first_after(&zone, from);
        if let Some(next) = next {
            prop_assert_eq!(schedule.last_by(&zone, next), Some(next));
            let before = next - SignedDuration::from_nanos(1);
            prop_assert_eq!(schedule.last_by(&zone, before), schedule.last_by(&zone, from));
            prop_assert_eq!(schedule.first_after(&zone, before), Some(next));
        }
        if let Some(last) = schedule.last_by(&zone, from) {
            prop_assert!(last <= from);
            prop_assert_eq!(schedule.first_after(&zone, last), next);
        }
    }
}
