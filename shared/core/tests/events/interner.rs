//! Names are shared between events.

use std::sync::Arc;

use steady_core::event::{self, Body, Event, TaskEvent};
use steady_core::name::Interner;

use crate::fixtures;

fn task(event: &Event) -> &TaskEvent {
    match &event.body {
        Body::Task(task) => task,
        other => panic!("{other:?}"),
    }
}

fn fixture(wanted: &str) -> String {
    let found = fixtures().into_iter().find(|(name, _)| name == wanted);
    found.unwrap_or_else(|| panic!("no fixture {wanted}")).1
}

fn same(a: &str, b: &str) -> bool {
    assert_eq!(a, b);
    std::ptr::eq(a, b)
}

#[test]
fn two_events_of_a_task_share_their_names() {
    let mut interner = Interner::default();
    let mut parse = |name| event::parse(fixture(name).as_bytes(), &mut interner).unwrap();
    let (a, b) = (parse("task-running"), parse("task-deactivating-health-check"));
    assert!(same(a.account.as_ref().unwrap().as_str(), b.account.as_ref().unwrap().as_str()));
    assert!(same(a.region.as_ref().unwrap().as_str(), b.region.as_ref().unwrap().as_str()));
    let (a, b) = (task(&a), task(&b));
    assert!(same(a.task.as_str(), b.task.as_str()));
    assert!(same(a.service().unwrap().as_str(), b.service().unwrap().as_str()));
    assert!(same(a.revision.as_ref().unwrap().as_str(), b.revision.as_ref().unwrap().as_str()));
    assert!(same(a.deployment.as_ref().unwrap().as_str(), b.deployment.as_ref().unwrap().as_str()));
    assert!(Arc::ptr_eq(
        a.containers[0].name.as_ref().unwrap(),
        b.containers[0].name.as_ref().unwrap()
    ));
}

#[test]
fn a_service_has_one_name_whichever_kind_of_event_names_it() {
    let mut interner = Interner::default();
    let mut parse = |name| event::parse(fixture(name).as_bytes(), &mut interner).unwrap().body;
    let bodies =
        [parse("task-running"), parse("deployment-completed"), parse("service-steady-state")];
    let names: Vec<&str> = bodies
        .iter()
        .map(|body| match body {
            Body::Task(event) => event.service().unwrap().as_str(),
            Body::Deployment(event) => event.service.as_ref().unwrap().as_str(),
            Body::ServiceAction(event) => event.service.as_ref().unwrap().as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(same(names[0], names[1]) && same(names[0], names[2]));
}

#[test]
fn another_interner_hands_out_equal_names_of_its_own() {
    let text = fixture("task-running");
    let [a, b] = [(); 2].map(|()| event::parse(text.as_bytes(), &mut Interner::default()).unwrap());
    assert_eq!(a, b);
    assert!(!same(task(&a).task.as_str(), task(&b).task.as_str()));
}

#[test]
fn reasons_are_shared_too() {
    let mut interner = Interner::default();
    let mut parse = |name| event::parse(fixture(name).as_bytes(), &mut interner).unwrap();
    let a = parse("task-stopped-run-task");
    let b = parse("task-deprovisioning-crash-two-containers");
    let reason = |event| task(event).stopped_reason.clone().unwrap();
    assert!(Arc::ptr_eq(&reason(&a), &reason(&b)));
}
