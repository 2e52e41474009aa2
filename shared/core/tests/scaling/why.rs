//! `why`: one timeline of what AWS tells and what Steady knows.

use jiff::SignedDuration;
use steady_core::config::{Scaling, Window};
use steady_core::event::AlarmState;
use steady_core::scaling::{
    AlarmStanding, Bounds, LiveScaling, LiveTarget, Managed, NotScaled, Place, Read,
    ScalableTarget, ScalingActivity, ScalingRecord, Schedule, Suspended, Why, alarms_of, why,
};

use crate::wanted::{bounds, by_hand, record, sale, start};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// As it stands six hours after the start, with `desired` tasks between 2 and 40.
fn stands(record: &ScalingRecord, desired: u32, activities: &[ScalingActivity]) -> Why {
    let target =
        ScalableTarget { bounds: Bounds { min: 2, max: 40 }, suspended: Suspended::default() };
    let live = LiveScaling {
        target: Some(LiveTarget { target, arn: None, tags: None, created_at: None }),
        policies: vec![by_hand("ECSServiceAverageCPUUtilization")],
        desired_count: Some(desired),
        ..LiveScaling::default()
    };
    let alarms: Vec<AlarmStanding> = alarms_of(&live)
        .into_iter()
        .map(|name| AlarmStanding {
            name,
            state: AlarmState::Alarm,
            since: Some(start() + hours(3)),
            reason: Some("Threshold Crossed".to_owned()),
            threshold: None,
        })
        .collect();
    let read = Read { record, live: &live, running: Some(desired), activities, alarms: &alarms };
    why(&read, start() - hours(18), start() + hours(6))
}

fn lines(why: &Why) -> String {
    let lines = why.timeline.iter().map(|moment| {
        let at = moment.at.strftime("%d %H:%M");
        format!("{at} {} | {}\n", moment.what.label(), moment.what)
    });
    lines.collect()
}

fn activity(after: i64, not_scaled: &[&str]) -> ScalingActivity {
    let reason = |code: &&str| NotScaled {
        code: (*code).to_owned(),
        max: Some(40),
        min: Some(2),
        current: None,
    };
    ScalingActivity {
        id: "1".to_owned(),
        started_at: start() + hours(after),
        ended_at: None,
        description: "Setting desired count to 40.".to_owned(),
        cause: "monitor alarm high in state ALARM triggered policy steady-cpu".to_owned(),
        status: "Successful".to_owned(),
        status_message: None,
        not_scaled: not_scaled.iter().map(reason).collect(),
    }
}

fn managed(config: Scaling) -> ScalingRecord {
    let since = start() - hours(1000);
    ScalingRecord { managed: Some(Managed { since, bounds_before: None }), ..record(config) }
}

#[test]
fn activities_windows_overrides_and_alarms_are_one_timeline_the_newest_last() {
    let schedule = |text: &str| Schedule::parse(text).unwrap();
    let window = Window {
        name: "night".to_owned(),
        start: schedule("cron(0 20 * * ? *)"),
        end: schedule("cron(0 5 * * ? *)"),
        timezone: "UTC".to_owned(),
        min: None,
        max: Some(10),
    };
    let mut record = managed(Scaling { window: vec![window], ..bounds(2, 40) });
    record.overrides.push(sale(20));
    let at_max = activity(4, &["AlreadyAtMaxCapacity"]);
    let why = stands(&record, 40, &[at_max, activity(1, &[])]);
    assert_eq!((why.place, why.in_force.as_ref().unwrap().bounds.max), (Place::AtMax, 40));
    insta::assert_snapshot!(lines(&why), @r#"
    20 20:00 bounds | 2 to 10 tasks, before 2 to 40: window `night`
    21 02:00 override | `ana-1` begins: at least 20 tasks until 2026-11-21 04:00:00 UTC, by ana: sale
    21 02:00 bounds | 20 to 20 tasks, before 2 to 10: override `ana-1`
    21 03:00 scaled | Setting desired count to 40: monitor alarm high in state ALARM triggered policy steady-cpu
    21 04:00 override | `ana-1` ends
    21 04:00 bounds | 2 to 10 tasks, before 20 to 20: min by [capacity], max by window `night`
    21 05:00 bounds | 2 to 40 tasks, before 2 to 10: [capacity]
    21 05:00 alarm | TargetTracking-service/prod/checkout-AlarmHigh-1 of policy by-hand went to ALARM: Threshold Crossed
    21 06:00 not scaled | at max already, 40 tasks: monitor alarm high in state ALARM triggered policy steady-cpu
    "#);
}

#[test]
fn where_steady_does_not_manage_the_scaling_aws_alone_speaks() {
    let why = stands(&record(bounds(2, 40)), 2, &[activity(1, &[])]);
    assert_eq!((why.place, &why.in_force), (Place::AtMin, &None));
    insta::assert_snapshot!(lines(&why), @r#"
    21 03:00 scaled | Setting desired count to 40: monitor alarm high in state ALARM triggered policy steady-cpu
    21 05:00 alarm | TargetTracking-service/prod/checkout-AlarmHigh-1 of policy by-hand went to ALARM: Threshold Crossed
    "#);
}

#[test]
fn what_happened_before_the_time_asked_for_is_left_out() {
    let why = stands(&managed(bounds(2, 40)), 20, &[activity(-19, &[]), activity(7, &[])]);
    assert_eq!(why.place, Place::Between);
    assert!(why.timeline.iter().all(|moment| moment.what.label() == "alarm"), "{:?}", why.timeline);
}

#[test]
fn each_reason_for_not_scaling_is_said_in_words() {
    let said = |code: &str| {
        NotScaled { code: code.to_owned(), max: Some(40), min: Some(1), current: Some(7) }
            .in_words()
    };
    let table = [
        ("AlreadyAtMaxCapacity", "at max already, 40 tasks"),
        ("AlreadyAtMinCapacity", "at min already, 1 task"),
        ("AlreadyAtDesiredCapacity", "it has what the policy asks for already, 7 tasks"),
        ("AutoScalingAnticipatedFlapping", "it would have to be scaled back at once, 7 tasks"),
        ("TargetServicePutResourceAsUnscalable", "ECS does not let it be scaled now, 7 tasks"),
        ("SomethingNew", "SomethingNew, 7 tasks"),
    ];
    for (code, words) in table {
        assert_eq!(said(code), words);
    }
}
