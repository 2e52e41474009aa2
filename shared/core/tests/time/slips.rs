//! What is no schedule: what is said of it, and what was probably meant.

use std::fmt::Write as _;

use proptest::prelude::*;
use steady_core::scaling::Schedule;

const SLIPS: [&str; 66] = [
    "",
    "  cron(0 8 ? * MON-FRI *)",
    "0 8 ? * MON-FRI *",
    "0 8 * * 1-5",
    "2026-11-27T06:00:00",
    "1 hour",
    "every hour",
    "Cron(0 8 ? * MON-FRI *)",
    "corn(0 8 ? * MON-FRI *)",
    "cron (0 8 ? * MON-FRI *)",
    "cron(0 8 ? * MON-FRI *",
    "cron(0 8 ? * (MON) *)",
    "cron()",
    "cron(0 8)",
    "cron(0 8 * * MON-FRI)",
    "cron(0 8 * * 1-5)",
    "cron(0 8 1 * *)",
    "cron(0 8 1 * 1)",
    "cron(0 0 8 ? * MON-FRI *)",
    "cron(0 8 * * * *)",
    "cron(0 8 * * MON-FRI *)",
    "cron(0 8 1 * MON *)",
    "cron(0 8 ? * ? *)",
    "cron(0 8 ? * mon-fri *)",
    "cron(0 8 ? * Monday-Friday *)",
    "cron(0 8 ? * MOM *)",
    "cron(0 8 ? * TU *)",
    "cron(0 8 ? * 0 *)",
    "cron(0 8 ? * 8 *)",
    "cron(0 8 ? * FRI-MON *)",
    "cron(0 8 ? * MON/2 *)",
    "cron(0 8 ? * fril *)",
    "cron(0 8 ? * 6L,2 *)",
    "cron(0 8 ? * 3#6 *)",
    "cron(0 8 ? * tue#2 *)",
    "cron(0 8 ? * 3#1,6#3 *)",
    "cron(0 8 LW * ? *)",
    "cron(0 8 L-3 * ? *)",
    "cron(0 8 1,L * ? *)",
    "cron(0 8 32 * ? *)",
    "cron(0 8 0 * ? *)",
    "cron(60 8 ? * MON *)",
    "cron(0 24 ? * MON *)",
    "cron(0 22-6 * * ? *)",
    "cron(0 ? * * ? *)",
    "cron(0, 8 * * ? *)",
    "cron(0,,5 8 * * ? *)",
    "cron(-5 8 * * ? *)",
    "cron(*/0 8 * * ? *)",
    "cron(0/90 8 * * ? *)",
    "cron(0 8 1 13 ? *)",
    "cron(0 8 1 Sept ? *)",
    "cron(0 8 1 * ? 26)",
    "cron(0 8 1 * ? 2200)",
    "rate(1 hours)",
    "rate(5 minute)",
    "rate(0 minutes)",
    "rate(2  Hours)",
    "rate(5m)",
    "rate(2 weeks)",
    "rate(90 seconds)",
    "rate(120 seconds)",
    "at(2026-11-27T06:00:00Z)",
    "at(2026-11-27T06:00:00+01:00)",
    "at(2026-11-27 06:00)",
    "at(2026-02-29T06:00:00)",
];

#[test]
fn every_slip_is_told_with_what_was_meant() {
    let mut told = String::new();
    for text in SLIPS {
        let error = Schedule::parse(text).expect_err(text);
        let fix = error.fix.map(|fix| format!("\n    -> {fix}")).unwrap_or_default();
        writeln!(told, "{text}\n    {}{fix}", error.why).unwrap();
    }
    insta::assert_snapshot!(told);
}

/// Pieces from which nearly valid schedules are made.
fn nearly() -> impl Strategy<Value = String> {
    let pieces = [
        "cron(",
        "rate(",
        "at(",
        ")",
        "(",
        " ",
        " ",
        " ",
        "*",
        "?",
        "L",
        "W",
        "#",
        "/",
        "-",
        ",",
        "0",
        "1",
        "6",
        "31",
        "59",
        "2026",
        "MON",
        "fri",
        "jan",
        "minute",
        "hours",
        "2026-11-27",
        "T",
        "06:00:00",
        "Z",
        "é",
        "\t",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..14)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_read_is_a_schedule_or_an_error_whose_fix_is_one(text in nearly()) {
        match Schedule::parse(&text) {
            Ok(schedule) => {
                prop_assert_eq!(schedule.as_str(), &text);
                let json = serde_json::to_string(&schedule).unwrap();
                prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
            }
            Err(error) => {
                prop_assert!(!error.why.contains(char::is_control), "{:?}", error.why);
                prop_assert!(!error.why.ends_with('.') && !error.why.starts_with(char::is_uppercase));
                if let Some(fix) = error.fix {
                    prop_assert!(Schedule::parse(&fix).is_ok(), "{text:?} -> {fix:?}");
                }
            }
        }
    }
}
