//! What the service scheduler says: `ECS Service Action`.

use serde_json::Value;

use crate::recorded::{at, healthy_deployment, scheduler_says, steady_state};
use crate::story::{AUTO, decided, replay};

const UNPLACED: (&str, &str) = ("ERROR", "SERVICE_TASK_PLACEMENT_FAILURE");

/// A healthy service, of which ECS cannot place a task at these seconds.
fn unplaced(seconds: &[i64]) -> Vec<Value> {
    let mut events = healthy_deployment("checkout");
    let failure =
        |second: &i64| scheduler_says("checkout", UNPLACED, Some("RESOURCE:MEMORY"), at(*second));
    events.extend(seconds.iter().map(failure));
    events
}

#[test]
fn tasks_that_are_not_placed_open_an_incident_that_ends_with_the_steady_state() {
    let mut events = unplaced(&[3600, 3660, 3720]);
    events.push(steady_state("checkout", at(4000)));
    let done = replay(AUTO, &events, "json");
    let expected = [
        ("2026-11-21T03:02:00Z", "incident-opened"),
        ("2026-11-21T03:02:00Z", "rollback-refused"),
        ("2026-11-21T03:02:00Z", "notice"),
        ("2026-11-21T03:06:40Z", "incident-resolved"),
        ("2026-11-21T03:06:40Z", "notice"),
    ];
    assert_eq!(decided(&done), expected.map(|(at, kind)| (at.to_owned(), kind.to_owned())));
    let opened = &done.of_kind("incident-opened")[0];
    assert_eq!(opened["incident"], "environment");
    let reason = opened["reason"].as_str().unwrap();
    assert!(reason.contains("3 times"), "{reason}");
    let notice = done.of_kind("notice")[0]["notice"].to_string();
    assert!(notice.contains("RESOURCE:MEMORY"), "{notice}");
}

#[test]
fn without_a_steady_state_it_ends_when_no_more_are_told_of() {
    let mut events = unplaced(&[3600, 3660, 3720]);
    events.push(steady_state("another", at(6000)));
    let resolved = replay(AUTO, &events, "json").of_kind("incident-resolved");
    assert_eq!(resolved[0]["at"], "2026-11-21T03:17:00Z");
}

#[test]
fn two_are_ordinary_and_so_are_steady_states() {
    let mut events = unplaced(&[3600, 3660]);
    events.extend((0..20).map(|number| steady_state("checkout", at(4000 + 60 * number))));
    assert!(decided(&replay(AUTO, &events, "json")).is_empty());
}
