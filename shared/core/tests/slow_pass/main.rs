//! The slow pass: what it finds, how it spreads, and what it costs.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

mod fleet;
mod missed;

use jiff::{SignedDuration, Timestamp};
use steady_core::slow_pass::{CALLS_A_MINUTE, Place};

use fleet::Fleet;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn start() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

/// The services looked at in each of so many minutes.
fn looked_at(fleet: &Fleet, minutes: i64) -> Vec<usize> {
    let minute = |number| start() + SignedDuration::from_mins(number) + SECOND;
    (0..minutes).map(|number| fleet.minute(minute(number)).services).collect()
}

#[test]
fn the_first_pass_is_quick_and_the_next_one_spreads_over_the_hour() {
    let fleet = Fleet::of(&[("prod", 70), ("empty", 0), ("staging", 50)]);
    let looked = looked_at(&fleet, 120);
    assert_eq!(looked[..3], [40, 40, 40], "as fast as the budget allows");
    assert_eq!(looked[3..60].iter().sum::<usize>(), 0, "until the hour is over");
    let second = &looked[60..];
    assert_eq!(second.iter().sum::<usize>(), 120);
    assert!(second.iter().all(|looked| *looked <= 10), "{second:?}");
    let idle = second.split(|looked| *looked > 0).map(<[usize]>::len);
    assert!(idle.max().unwrap() <= 10, "{second:?}");
}

#[test]
fn other_clusters_are_not_looked_at() {
    let fleet = Fleet::of(&[("prod-eu", 3), ("staging", 5), ("prod-us", 2)]);
    let clusters = "prod-*".parse().unwrap();
    assert_eq!(fleet.minute_of(start() + SECOND, &clusters).services, 5);
}

#[test]
fn every_service_is_looked_at_once_in_a_pass_however_the_minutes_come() {
    let fleet = Fleet::of(&[("a", 3), ("b", 37), ("c", 1), ("d", 11)]);
    // The first pass, then an hour in which every third minute is lost, or a sweep comes twice.
    looked_at(&fleet, 60);
    fleet.looked.lock().unwrap().clear();
    for number in (60..120).filter(|number| number % 3 != 1) {
        let at = start() + SignedDuration::from_mins(number) + SECOND;
        fleet.minute(at);
        fleet.minute(at);
    }
    let mut looked = fleet.looked.lock().unwrap().clone();
    looked.sort();
    let all = fleet.services();
    assert_eq!(looked, all);
}

#[test]
fn a_minute_never_makes_more_calls_than_it_may() {
    for unknown in [false, true] {
        let mut fleet = Fleet::of(&[("prod", 400), ("many", 1)]);
        for number in 0..300 {
            fleet.clusters.push((format!("small-{number:03}"), 1));
        }
        // Each service has stopped tasks that nobody knows: each is described, and has a turn.
        fleet.stopped_each = if unknown { 100 } else { 0 };
        for number in 0..120 {
            let at = start() + SignedDuration::from_mins(number);
            fleet.calls.lock().unwrap().clear();
            let piece = fleet.minute(at);
            let made = fleet.calls.lock().unwrap().iter().filter(|call| **call != "table").count();
            let made = made + 3 * piece.missed.len();
            assert!(made <= CALLS_A_MINUTE, "minute {number}: {made}");
        }
        let mut looked = fleet.looked.lock().unwrap().clone();
        looked.sort();
        looked.dedup();
        assert_eq!(looked.len(), 701, "and none is left out");
    }
}

#[test]
fn where_ecs_says_not_now_the_minute_ends_and_the_next_goes_on() {
    let fleet = Fleet::of(&[("prod", 30)]);
    fleet.throttle.lock().unwrap().replace("ListTasks");
    let piece = fleet.minute(start());
    assert_eq!(piece.trouble.len(), 1);
    assert!(piece.trouble[0].may_pass());
    fleet.throttle.lock().unwrap().take();
    // What was left out is looked at in an hour; the rest goes on.
    assert_eq!(fleet.minute(start() + SignedDuration::from_mins(1)).services, 20);
    let next = looked_at_from(&fleet, 60, 120);
    assert_eq!(next, 30);
}

fn looked_at_from(fleet: &Fleet, from: i64, to: i64) -> usize {
    let minutes = (from..to).map(|number| start() + SignedDuration::from_mins(number) + SECOND);
    minutes.map(|at| fleet.minute(at).services).sum()
}

#[test]
fn a_token_that_ecs_takes_no_more_begins_the_cluster_again() {
    let fleet = Fleet::of(&[("prod", 70)]);
    assert_eq!(fleet.minute(start()).services, 40);
    fleet.refuses_tokens.lock().unwrap().replace(true);
    let piece = fleet.minute(start() + SignedDuration::from_mins(1));
    assert!(piece.trouble.is_empty(), "{:?}", piece.trouble);
    fleet.refuses_tokens.lock().unwrap().take();
    assert_eq!(looked_at_from(&fleet, 2, 4), 60, "all but the page that was read again");
    let mut looked = fleet.looked.lock().unwrap().clone();
    looked.sort();
    looked.dedup();
    assert_eq!(looked, fleet.services());
}

#[test]
fn of_two_at_once_one_goes_on() {
    let fleet = Fleet::of(&[("prod", 30)]);
    fleet.overtakes.lock().unwrap().replace(true);
    let piece = fleet.minute(start());
    assert_eq!((piece.services, piece.trouble.len()), (0, 0));
}

#[test]
fn where_it_stands_survives_being_stored_and_is_small() {
    let place = Place::first(start());
    let text = serde_json::to_string(&place).unwrap();
    assert_eq!(text, r#"{"began":"2026-11-21T02:00:00Z","rest":"all"}"#);
    assert_eq!(serde_json::from_str::<Place>(&text).unwrap(), place);
}
