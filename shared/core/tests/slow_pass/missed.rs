//! What a record does not know, case by case.

use jiff::{SignedDuration, Timestamp};
use steady_core::event::{Body, DeploymentEvent, DeploymentEventName, Event};
use steady_core::name::{ServiceKey, TaskArn};
use steady_core::port::{RolloutState, StandingDeployment, StandingService};
use steady_core::record::Record;
use steady_core::slow_pass::{Missed, events_of, stops_to_describe};

use crate::fleet::stopped_task;

fn service() -> ServiceKey {
    ServiceKey::new("prod", "checkout")
}

/// So many minutes after 02:00.
fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// A record that has heard this: deployment, event, minute.
fn heard(events: &[(&str, DeploymentEventName, i64)]) -> Record {
    let mut record = Record::new(service());
    for (deployment, name, minute) in events {
        let event = DeploymentEvent {
            service: Some(service()),
            deployment: (*deployment).into(),
            name: name.clone(),
            reason: None,
        };
        record.ledger.absorb_deployment(&event, at(*minute));
    }
    record
}

/// As ECS shows it: PRIMARY, its state, and the minutes in which it was created and last updated.
fn seen(id: &str, state: RolloutState, created: i64, updated: i64) -> StandingService {
    StandingService {
        service: service(),
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        desired_count: 4,
        running_count: 4,
        primary: Some(StandingDeployment {
            id: id.into(),
            rollout_state: Some(state),
            reason: None,
            failed_tasks: 0,
            created_at: Some(at(created)),
            updated_at: Some(at(updated)),
        }),
    }
}

/// What follows from it at 03:00, in words: `begin 10, completed 12`.
fn told(events: &[Event]) -> String {
    let word = |event: &Event| {
        let minute = event.time.unwrap().duration_since(at(0)).as_secs_f64() / 60.0;
        match &event.body {
            Body::Deployment(told) => match told.name {
                DeploymentEventName::InProgress => format!("begin {minute:.2}"),
                DeploymentEventName::Completed => format!("completed {minute:.2}"),
                DeploymentEventName::Failed => format!("failed {minute:.2}"),
                DeploymentEventName::Other(_) => "?".to_owned(),
            },
            _ => format!("stop {minute:.2}"),
        }
    };
    events.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_steps_of_primary_that_no_event_told_follow_from_how_it_stands() {
    use DeploymentEventName::{Completed as Done, Failed, InProgress as Begin};
    let known = [("d1", Begin, 0), ("d1", Done, 2)];
    let begun = [("d1", Begin, 0)];
    let after = [("d1", Begin, 0), ("d1", Done, 2), ("d2", Begin, 20)];
    let given_up = [("d1", Begin, 0), ("d1", Failed, 9)];
    use RolloutState::{Completed, Failed as GaveUp, InProgress};
    let cases: [(&str, &[_], StandingService, &str); 14] = [
        ("all is known", &known, seen("d1", Completed, 0, 2), ""),
        ("under way, as known", &begun, seen("d1", InProgress, 0, 30), ""),
        ("given up, as known", &given_up, seen("d1", GaveUp, 0, 9), ""),
        ("never seen", &[], seen("d1", Completed, 0, 2), "begin 0.00, completed 2.00"),
        ("never seen, under way", &[], seen("d1", InProgress, 0, 30), "begin 0.00"),
        ("its end was lost", &begun, seen("d1", Completed, 0, 2), "completed 2.00"),
        ("its failure was lost", &begun, seen("d1", GaveUp, 0, 9), "failed 9.00"),
        ("another was lost", &known, seen("d2", Completed, 10, 12), "begin 10.00, completed 12.00"),
        ("another hangs", &known, seen("d2", InProgress, 10, 50), "begin 10.00"),
        ("ECS went back", &after, seen("d1", InProgress, 0, 30), "begin 30.00"),
        ("and is through", &after, seen("d1", Completed, 0, 30), "begin 30.00, completed 30.00"),
        ("its time is not told", &after, seen("d1", InProgress, 0, 2), "begin 20.02"),
        ("it began again", &known, seen("d1", InProgress, 0, 40), "begin 40.00"),
        ("too young to be missed", &known, seen("d2", InProgress, 56, 57), ""),
    ];
    for (case, events, seen, expected) in cases {
        let missed = events_of(&heard(events), &seen, Vec::new(), at(60));
        assert_eq!(told(&missed), expected, "{case}");
        // Once taken in, the next pass finds nothing.
        let mut record = heard(events);
        for event in &missed {
            let Body::Deployment(told) = &event.body else { continue };
            record.ledger.absorb_deployment(told, event.time.unwrap());
        }
        assert_eq!(
            told(&events_of(&record, &seen, Vec::new(), at(120))),
            if case.starts_with("too") { "begin 56.00" } else { "" },
            "{case}, again"
        );
    }
}

#[test]
fn a_begin_that_is_told_late_is_the_one_that_was_read() {
    let mut record = heard(&[]);
    let seen = seen("d1", RolloutState::Completed, 0, 2);
    for event in events_of(&record, &seen, Vec::new(), at(60)) {
        let Body::Deployment(told) = &event.body else { continue };
        record.ledger.absorb_deployment(told, event.time.unwrap());
    }
    let before = record.ledger.clone();
    let late = DeploymentEvent {
        service: Some(service()),
        deployment: "d1".into(),
        name: DeploymentEventName::InProgress,
        reason: None,
    };
    record.ledger.absorb_deployment(&late, at(0) + SignedDuration::from_secs(7));
    assert_eq!(record.ledger, before);
}

#[test]
fn services_whose_deployments_are_not_ecs_s_own_give_no_steps() {
    let none = StandingService { primary: None, ..seen("d1", RolloutState::Completed, 0, 2) };
    assert_eq!(told(&events_of(&heard(&[]), &none, Vec::new(), at(60))), "");
}

#[test]
fn stops_are_described_where_they_could_matter() {
    let healthy = seen("d1", RolloutState::Completed, 0, 2);
    let mut failing = healthy.clone();
    failing.primary.as_mut().unwrap().failed_tasks = 1;
    let short = StandingService { running_count: 3, ..healthy.clone() };
    let gave_up = seen("d1", RolloutState::Failed, 0, 2);
    let tasks = |count: usize| -> Vec<TaskArn> {
        (0..count).map(|number| TaskArn::from(format!("task/{number}").as_str())).collect()
    };
    let cases = [
        (&healthy, 0, 0),
        (&healthy, 2, 0),
        // In a memory loop all looks well, and its stops alone tell.
        (&healthy, 3, 3),
        (&failing, 1, 1),
        (&short, 1, 1),
        (&gave_up, 2, 2),
        (&short, 0, 0),
    ];
    for (seen, stopped, expected) in cases {
        let described = stops_to_describe(&heard(&[]), seen, tasks(stopped));
        assert_eq!(described.len(), expected, "{stopped} of {seen:?}");
    }
    // What the record knows is not asked for again.
    let mut record = heard(&[]);
    for task in tasks(2) {
        let known = stopped_task(&service(), &task);
        record.ledger.absorb_stop(&known.task, at(50));
    }
    assert_eq!(stops_to_describe(&record, &healthy, tasks(4)), Vec::new());
    assert_eq!(stops_to_describe(&record, &healthy, tasks(5)).len(), 3);
}

#[test]
fn what_was_missed_is_said_in_words() {
    let stops = |count: u32| {
        let task = |number| TaskArn::from(format!("task/{number}").as_str());
        (0..count).map(|number| stopped_task(&service(), &task(number))).collect::<Vec<_>>()
    };
    let said = |record: &Record, state, count| {
        let events = events_of(record, &seen("d1", state, 0, 2), stops(count), at(60));
        Missed { service: service(), events }.to_string()
    };
    let nothing = heard(&[]);
    let begun = heard(&[("d1", DeploymentEventName::InProgress, 0)]);
    assert_eq!(
        said(&nothing, RolloutState::Completed, 3),
        "3 stops and 2 steps of a deployment that no event has told, read from ECS"
    );
    assert_eq!(
        said(&begun, RolloutState::Completed, 0),
        "1 step of a deployment that no event has told, read from ECS"
    );
    assert_eq!(
        said(&begun, RolloutState::InProgress, 1),
        "1 stop that no event has told, read from ECS"
    );
}
