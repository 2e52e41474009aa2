//! The order of events within one second.

use std::cmp::Ordering;

use proptest::prelude::*;
use steady_core::event::{Body, Event};

use crate::{fixtures, parse};

/// The fixtures, and each with one thing about it changed.
fn samples() -> Vec<Event> {
    let mut samples = Vec::new();
    for (_, text) in fixtures() {
        let event = parse(text).unwrap();
        let mut vary = |change: &dyn Fn(&mut Event)| {
            let mut event = event.clone();
            change(&mut event);
            samples.push(event);
        };
        vary(&|_| {});
        vary(&|event| event.id = None);
        vary(&|event| event.account = Some("444455556666".into()));
        vary(&|event| event.region = None);
        vary(&|event| match &mut event.body {
            Body::Task(task) => task.version = None,
            Body::Deployment(deployment) => deployment.service = None,
            Body::ServiceAction(action) => action.service = None,
            Body::Hook(hook) => hook.service = None,
            Body::Alarm(alarm) => alarm.changed_at = None,
            Body::Parameter(parameter) => parameter.is_deleted = true,
            Body::Other { detail_type } => *detail_type = "".into(),
        });
    }
    samples
}

#[test]
fn it_is_a_total_order() {
    let samples = samples();
    let places = || 0..samples.len();
    let order: Vec<Vec<Ordering>> =
        samples.iter().map(|a| samples.iter().map(|b| a.within_second(b)).collect()).collect();
    for a in places() {
        assert_eq!(order[a][a], Ordering::Equal);
        for b in places() {
            assert_eq!(order[a][b], order[b][a].reverse(), "{:?} {:?}", samples[a], samples[b]);
            for c in places() {
                if order[a][b] != Ordering::Greater && order[b][c] != Ordering::Greater {
                    assert_ne!(order[a][c], Ordering::Greater);
                    // Equals stand at the same place towards all others.
                    if order[a][b] == Ordering::Equal {
                        assert_eq!(order[a][c], order[b][c]);
                    }
                }
            }
        }
    }
}

#[test]
fn only_an_event_delivered_twice_has_its_place_twice() {
    let samples = samples();
    for (n, a) in samples.iter().enumerate() {
        for b in samples.iter().skip(n + 1).filter(|b| a.within_second(b).is_eq()) {
            assert_eq!((a, &a.id), (b, &b.id));
        }
    }
    // Two that differ in no more than a reason, which the order does not look at.
    let said = |id: &str, reason: &str| {
        let text = format!(
            r#"{{"id": "{id}", "detail-type": "ECS Service Action", "resources":
                ["arn:aws:ecs:eu-west-1:111122223333:service/prod/search"],
                "detail": {{"eventName": "SERVICE_TASK_PLACEMENT_FAILURE", "reason": "{reason}"}}}}"#
        );
        parse(text).unwrap()
    };
    let (cpu, memory) = (said("1", "RESOURCE:CPU"), said("2", "RESOURCE:MEMORY"));
    assert_eq!(cpu.within_second(&memory), Ordering::Less);
    assert_eq!(cpu.within_second(&said("1", "RESOURCE:CPU")), Ordering::Equal);
}

#[test]
fn what_begins_comes_first_and_what_ends_after_the_tasks() {
    let wanted = [
        "deployment-in-progress",
        "task-provisioning",
        "task-pending",
        "task-running",
        "task-deactivating-health-check",
        "deployment-completed",
        "deployment-failed",
        "deployment-old-arn-trimmed",
        "service-steady-state",
        "alarm-single-metric",
        "foreign-cloudtrail",
    ];
    let mut events: Vec<(String, Event)> = fixtures()
        .into_iter()
        .filter(|(name, _)| wanted.contains(&name.as_str()))
        .map(|(name, text)| (name, parse(text).unwrap()))
        .collect();
    events.sort_by(|(_, a), (_, b)| a.within_second(b));
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, wanted);
}

proptest! {
    #[test]
    fn sorting_ends_in_the_same_order_whatever_the_arrival(
        shuffled in Just((0..fixtures().len()).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let events: Vec<Event> = fixtures().iter().map(|(_, text)| parse(text).unwrap()).collect();
        let sorted = |places: &[usize]| {
            let mut events: Vec<&Event> = places.iter().map(|place| &events[*place]).collect();
            events.sort_by(|a, b| a.within_second(b));
            events.into_iter().cloned().collect::<Vec<Event>>()
        };
        let straight: Vec<usize> = (0..events.len()).collect();
        prop_assert_eq!(sorted(&shuffled), sorted(&straight));
    }
}
