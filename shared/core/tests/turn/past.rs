//! What is kept of incidents that are over: each once, with its record, whatever fails on the way.

use steady_core::event::DeploymentEventName;
use steady_core::history::{KEPT_FOR, PastIncident};
use steady_core::incident::{IncidentKind, Resolution};
use steady_core::rollback::RollbackState;
use steady_core::stop::Cause;

use crate::faulty::FAULTS;
use crate::story::{End, deployment, stop};
use crate::world::World;

/// checkout:42 loops and is rolled back from; ECS goes back to checkout:41, and that is steady.
fn resolves(world: &World) {
    world.loops(End::OutOfMemory);
    back(world);
}

fn back(world: &World) {
    let begun = world.now();
    world.pass(120);
    let done = world.now();
    world.deliver(
        "back",
        &[
            deployment(begun, "ecs-svc/41", DeploymentEventName::InProgress),
            deployment(done, "ecs-svc/41", DeploymentEventName::Completed),
        ],
    );
    world.pass(180);
    world.deliver("steady", &[stop(world.now(), 900, 41, End::ScaleIn)]);
}

fn past(world: &World) -> Vec<PastIncident> {
    let kept = world.with(|state| state.past.clone());
    kept.iter().map(|one| PastIncident::restore(&one.incident).unwrap()).collect()
}

#[test]
fn an_incident_that_ended_is_kept_with_what_happened() {
    let world = World::with_proven();
    resolves(&world);
    let kept = world.with(|state| state.past.clone());
    let [past] = past(&world).try_into().unwrap();
    assert_eq!(past.service.as_str(), "prod/checkout");
    assert_eq!(kept[0].id, past.incident.id.as_str());
    assert_eq!(kept[0].expires, past.resolved_at + KEPT_FOR);
    assert_eq!(past.resolved_at, world.now());
    assert_eq!(past.incident.kind, IncidentKind::RestartLoop);
    assert_eq!(past.incident.about.as_str(), "ecs-svc/42");
    assert_eq!(past.incident.revision, Some("checkout:42".into()));
    assert_eq!(past.cause, Some(Cause::OutOfMemory));
    assert_eq!((past.incident.counts.failed_starts, past.incident.counts.crashes), (8, 0));
    assert!(past.incident.evidence > 1_000.0, "{}", past.incident.evidence);
    let RollbackState::Decided { action, .. } = &past.incident.rollback else {
        panic!("{:?}", past.incident.rollback);
    };
    assert_eq!(action.target.revision, "checkout:41".into());
    let expected = Resolution::RollbackVerified {
        deployment: "ecs-svc/41".into(),
        revision: Some("checkout:41".into()),
    };
    assert_eq!(past.resolution, expected);
    // Every notice that was sent, the last of which says that it is over, and no other.
    let sent: Vec<String> =
        world.with(|state| state.sent.iter().map(|message| message.id.clone()).collect());
    assert_eq!(past.incident.notices, sent);
    assert!(sent.last().unwrap().contains("-resolved-"), "{sent:?}");
    assert!(world.record().incident.is_none());
}

#[test]
fn an_incident_that_is_open_is_not_kept_yet() {
    let world = World::with_proven();
    world.loops(End::OutOfMemory);
    assert!(world.record().incident.is_some());
    assert_eq!(past(&world), []);
}

#[test]
fn two_incidents_are_two_items_in_the_order_of_their_times() {
    let world = World::with_proven();
    resolves(&world);
    world.pass(3 * 86_400);
    world.with(|state| state.begin("ecs-svc/44", 44));
    let began = deployment(world.now(), "ecs-svc/44", DeploymentEventName::InProgress);
    world.deliver("again", &[began]);
    world.pass(45);
    let four: Vec<_> = (500..504).map(|task| stop(world.now(), task, 44, End::Exit)).collect();
    world.deliver("four", &four);
    world.pass(7_200);
    world.with(crate::world::State::complete);
    let done = deployment(world.now(), "ecs-svc/44", DeploymentEventName::Completed);
    world.deliver("done", &[done]);
    let ids: Vec<String> =
        world.with(|state| state.past.iter().map(|past| past.id.clone()).collect());
    assert_eq!(ids.len(), 2);
    assert!(ids[0] < ids[1], "{ids:?}");
    assert!(matches!(past(&world)[1].resolution, Resolution::Ceased { .. }));
}

#[test]
fn with_any_fault_at_any_call_it_is_kept_once() {
    let first_calls = {
        let dry = World::with_proven();
        dry.loops(End::OutOfMemory);
        dry.with(|state| state.calls.len())
    };
    let calls = {
        let dry = World::with_proven();
        resolves(&dry);
        dry.with(|state| state.calls.len())
    };
    assert!(calls > first_calls + 3, "{first_calls} {calls}");
    for number in first_calls..calls {
        for fault in FAULTS {
            let world = World::with_fault(number, fault);
            resolves(&world);
            // What could not be read is looked at again.
            if world.record().incident.is_some() {
                world.pass(61);
                world.deliver("again", &[]);
            }
            let case = format!("{fault:?} at call {number}");
            let ids: std::collections::BTreeSet<String> =
                world.with(|state| state.past.iter().map(|past| past.id.clone()).collect());
            assert_eq!(ids.len(), 1, "{case}: {:?}", world.subjects());
            assert!(world.record().incident.is_none(), "{case}");
            assert!(world.subjects().last().unwrap().contains("resolved"), "{case}");
        }
    }
}

#[test]
fn it_is_kept_once_when_two_turns_end_it_at_once() {
    for number in 0..5 {
        let world = World::with_proven();
        world.loops(End::OutOfMemory);
        let begun = world.now();
        world.pass(120);
        let back = [
            deployment(begun, "ecs-svc/41", DeploymentEventName::InProgress),
            deployment(world.now(), "ecs-svc/41", DeploymentEventName::Completed),
        ];
        world.deliver("back", &back);
        assert_eq!(past(&world), []);
        world.pass(180);
        world.race(number, &[stop(world.now(), 900, 41, End::ScaleIn)]);
        assert_eq!(past(&world).len(), 1, "the second comes at call {number}");
        assert!(world.record().incident.is_none());
    }
}
