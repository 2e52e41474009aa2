//! The clock is the events' own: it needs no order, knows no years, and ends with the last event.

use serde_json::Value;

use crate::command::{Done, replay_json};
use crate::recorded::{
    EXIT_1, Task, at, deployment, healthy_deployment, healthy_task, lines, restart_loop,
    steady_state, time,
};
use crate::story::{AUTO, decided, replay};

fn loop_until(seconds: i64) -> Done {
    let mut events = healthy_deployment("checkout");
    events.extend(restart_loop("checkout", 0..4));
    events.push(deployment("checkout", "ecs-svc/2", "COMPLETED", at(3725)));
    events.push(steady_state("other", at(seconds)));
    replay("[health]\nrollback = \"notify\"\n", &events, "json")
}

fn times_of(done: &Done, kind: &str) -> Vec<String> {
    let of_kind = decided(done).into_iter().filter(|(_, known)| known == kind);
    of_kind.map(|(at, _)| at).collect()
}

/// Opens at second 3708, 03:01:48.
const OPENED: i64 = 3708;

/// A loop that goes on for days is never over by itself.
fn loop_for_days() -> Vec<Value> {
    let mut events = healthy_deployment("checkout");
    events.extend(restart_loop("checkout", 0..4));
    for number in 0..60 {
        let started = at(4200 + 1800 * i64::from(number));
        let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", started, 200 + number);
        events.extend(task.life(8, EXIT_1));
    }
    events
}

#[test]
fn an_open_incident_is_told_again_after_ten_minutes_one_four_and_twenty_four_hours() {
    let done = replay("[health]\nrollback = \"notify\"\n", &loop_for_days(), "json");
    assert_eq!(
        times_of(&done, "incident-escalated"),
        [
            "2026-11-21T03:11:48Z",
            "2026-11-21T04:01:48Z",
            "2026-11-21T07:01:48Z",
            "2026-11-22T03:01:48Z",
        ]
    );
    let reasons: Vec<Value> =
        done.of_kind("incident-escalated").iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(
        reasons,
        [
            "still open after 10 min",
            "still open after 1 h",
            "still open after 4 h",
            "still open after 1 d",
        ]
    );
    assert_eq!(done.of_kind("notice").len(), 5);
}

#[test]
fn the_clock_ends_with_the_last_event() {
    let before = loop_until(OPENED + 599);
    assert!(before.of_kind("incident-escalated").is_empty());
    let with = loop_until(OPENED + 600);
    assert_eq!(with.of_kind("incident-escalated").len(), 1);
    let after = loop_until(OPENED + 601);
    assert_eq!(with.stdout, after.stdout);
}

#[test]
fn the_hold_ends_to_the_second_even_where_another_services_event_is_the_next() {
    let with_end = |seconds: i64| {
        let mut events = healthy_deployment("checkout");
        events.extend(restart_loop("checkout", 0..4));
        events.push(steady_state("other", at(seconds)));
        replay(AUTO, &events, "json")
    };
    assert!(with_end(OPENED + 59).of_kind("rollback").is_empty());
    for end in [OPENED + 60, OPENED + 61, OPENED + 7000] {
        let rollbacks = times_of(&with_end(end), "rollback");
        assert_eq!(rollbacks, ["2026-11-21T03:02:48Z"], "{end}");
    }
}

#[test]
fn a_loop_that_ends_by_itself_is_over_after_a_quiet_hour() {
    let done = loop_until(OPENED + 3600);
    let resolved = done.of_kind("incident-resolved");
    assert_eq!(resolved[0]["at"], "2026-11-21T04:01:48Z");
    assert_eq!(resolved[0]["reason"], "no task has failed for 1 h");
    assert!(loop_until(OPENED + 3599).of_kind("incident-resolved").is_empty());
}

#[test]
fn a_year_ends_in_between_without_notice() {
    let shifted = |from: &str| {
        let mut events = Vec::new();
        let begin = time(from, 0);
        events.push(deployment("checkout", "ecs-svc/2", "IN_PROGRESS", begin));
        for number in 0..4 {
            let started = time(from, 20 + 20 * i64::from(number));
            let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", started, number);
            events.extend(task.life(8, EXIT_1));
        }
        events.push(steady_state("checkout", time(from, 700)));
        // As lines of two files named after their days would be: the later first.
        events.reverse();
        replay_json(lines(&events)).good()
    };
    let done = shifted("2026-12-31T23:58:50Z");
    let opened = done.of_kind("incident-opened");
    assert_eq!(opened[0]["at"], "2027-01-01T00:00:18Z");
    assert_eq!(opened[0]["evidence"], 1270.0);
    let escalated = done.of_kind("incident-escalated");
    assert_eq!(escalated[0]["at"], "2027-01-01T00:10:18Z");
    assert_eq!(done.kinds(), shifted("2026-06-15T11:58:50Z").kinds());
}

#[test]
fn a_second_is_decided_as_one() {
    let mut events = healthy_deployment("checkout");
    events.push(deployment("checkout", "ecs-svc/2", "IN_PROGRESS", at(3600)));
    for number in 0..6 {
        let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", at(3640), 100 + number);
        events.extend(task.life(8, EXIT_1));
    }
    let done = replay(AUTO, &events, "json");
    let opened = done.of_kind("incident-opened");
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0]["at"], "2026-11-21T03:00:48Z");
    let reason = opened[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("6 of 6 starts failed"), "{reason}");
    // Six stops come before what they led to.
    let kinds = done.kinds();
    let first = kinds.iter().position(|kind| kind == "incident-opened").unwrap();
    assert_eq!(kinds[..first].iter().filter(|kind| *kind == "stop").count(), 7);
}

#[test]
fn times_at_either_end_of_the_calendar_are_replayed() {
    let mut events = restart_loop("checkout", 0..4);
    events.push(deployment("checkout", "ecs-svc/2", "COMPLETED", at(3725)));
    events.push(steady_state("checkout", time("0001-01-01T00:00:00Z", 0)));
    events.push(steady_state("checkout", time("9999-12-30T21:59:59Z", 0)));
    events.extend(healthy_task("checkout", 1).starts());
    let done = replay(AUTO, &events, "json");
    assert_eq!(done.of_kind("incident-opened").len(), 1);
    assert_eq!(done.of_kind("incident-resolved").len(), 1);
}
