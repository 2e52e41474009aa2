//! Decisions that come to be done late: what holds by then, and what has been said of them.

use steady_core::event::{Body, DeploymentEventName, Event};
use steady_core::port::Call;

use crate::ecs::revision;
use crate::faulty::Fault;
use crate::story::{End, deployment, stop};
use crate::world::World;

/// The number of the first call of this name in the story, without a fault.
fn number_of(call: &str) -> usize {
    let dry = World::with_proven();
    dry.loops(End::OutOfMemory);
    dry.with(|state| state.calls.iter().position(|one| *one == call)).unwrap()
}

/// checkout:42 is deployed, four of its tasks end, and the invocation dies at its `call`.
fn killed_at(call: &str) -> World {
    let world = World::with_proven();
    world.deploys();
    let number = number_of(call);
    world.with(|state| state.faults.insert(number, Fault::Killed));
    let four = world.four(End::OutOfMemory);
    assert!(world.turn("first", &four).is_none(), "killed");
    world
}

#[test]
fn a_loop_that_has_ceased_before_anybody_looked_again_is_resolved_and_not_rolled_back() {
    let world = World::with_proven();
    world.deploys();
    let four = world.four(End::Exit);
    world.deliver("four", &four);
    assert_eq!(world.subjects().len(), 1, "it is held: {:?}", world.subjects());
    // What failed is back, the deployment completes, and nothing stops for two hours.
    world.pass(7_200);
    world.with(crate::world::State::complete);
    let done = deployment(world.now(), "ecs-svc/42", DeploymentEventName::Completed);
    world.deliver("done", &[done]);
    assert_eq!(world.rollbacks(), [], "{:?}", world.subjects());
    assert!(world.subjects()[1].contains("resolved"), "{:?}", world.subjects());
    assert!(!world.record().ledger.is_bad(&revision(42)));
}

#[test]
fn a_rollback_that_nobody_did_is_withdrawn_when_the_loop_has_ceased() {
    let world = killed_at("StopServiceDeployment");
    world.pass(7_200);
    world.with(crate::world::State::complete);
    let done = deployment(world.now(), "ecs-svc/42", DeploymentEventName::Completed);
    world.deliver("done", &[done]);
    let said = world.subjects();
    assert_eq!(world.rollbacks(), [], "{said:?}");
    assert!(!said.iter().any(|one| one.contains("rolling back")), "{said:?}");
    assert!(said.last().unwrap().contains("resolved"), "{said:?}");
    assert!(world.record().outbox.is_empty());
    assert!(!world.record().ledger.is_bad(&revision(42)), "nothing was done against it");
    assert!(world.record().rollbacks.is_empty(), "and no budget is spent");
}

#[test]
fn config_that_forbids_it_since_the_decision_holds_when_it_is_done() {
    let world = killed_at("StopServiceDeployment");
    world.with(|state| state.config.service = Some("[health]\nrollback = 'off'\n".to_owned()));
    world.pass(60);
    world.deliver("next", &[stop(world.now(), 204, 42, End::OutOfMemory)]);
    assert_eq!(world.rollbacks(), [] as [Call; 0], "{:?}", world.subjects());
    assert_eq!(
        world.subjects(),
        ["[critical] prod/checkout: restart loop on checkout:42, not rolled back"]
    );
}

#[test]
fn a_rollback_that_is_overtaken_by_another_failing_deployment_is_not_announced() {
    let world = killed_at("StopServiceDeployment");
    world.pass(60);
    world.with(|state| state.begin("ecs-svc/43", 43));
    let at = world.now();
    world.deliver(
        "another",
        &[
            deployment(at, "ecs-svc/43", DeploymentEventName::InProgress),
            deployment(at, "ecs-svc/43", DeploymentEventName::Failed),
        ],
    );
    assert_eq!(world.rollbacks(), []);
    let said = world.subjects();
    assert!(!said.iter().any(|one| one.contains("rolling back")), "{said:?}");
    assert!(!said.is_empty());
}

#[test]
fn config_that_was_never_read_is_not_taken_for_one_that_says_notify() {
    let world = World::with_proven();
    // The service's config has not been read since the record was made.
    world.with(|state| {
        let stored = state.stored.as_mut().unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&stored.record).unwrap();
        record.as_object_mut().unwrap().remove("config");
        stored.record = record.to_string();
        state.broken.insert("GetParameters", Fault::Throttled);
    });
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), []);
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("whether it is allowed could not be read"), "{body}");
    // When it can be read, the next event finds it so.
    world.with(|state| state.broken.clear());
    world.pass(45);
    world.deliver("later", &[stop(world.now(), 300, 42, End::OutOfMemory)]);
    assert_eq!(world.rollbacks().len(), 1);
}

#[test]
fn a_deployment_that_was_put_back_is_told_of_though_nothing_can_be_read_after_it() {
    let world = World::with_proven();
    world.completes();
    world.with(|state| state.meanwhile = Some("ecs-svc/43"));
    // Two looks and two updates; the look after them is throttled.
    let calls = world.with(|state| state.calls.len());
    let four = world.four(End::OutOfMemory);
    let nth = {
        let dry = World::with_proven();
        dry.completes();
        dry.with(|state| state.meanwhile = Some("ecs-svc/43"));
        dry.deliver("four", &four);
        dry.with(|state| state.calls.iter().rposition(|one| *one == "DescribeServices")).unwrap()
    };
    assert!(nth > calls);
    world.with(|state| state.faults.insert(nth, Fault::Throttled));
    world.deliver("four", &four);
    assert_eq!(world.rollbacks().len(), 2);
    let last = world.with(|state| state.sent.last().cloned()).unwrap();
    assert!(last.body.contains("run over by it"), "{}", last.body);
}

#[test]
fn a_rollback_that_ecs_itself_began_at_that_moment_is_not_told_as_ours() {
    let world = World::with_proven();
    world.with(|state| state.gives_up = true);
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), []);
    let said = world.subjects();
    assert!(!said.iter().any(|one| one.contains("rolling back to")), "{said:?}");
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("is being rolled back or stopped already, not by Steady"), "{body}");
}

/// Stops of `deployment`, whose revision has another number, or none that is told.
fn stops_of(world: &World, deployment: &str, number: Option<u32>) -> Vec<Event> {
    let mut stops: Vec<_> =
        (400..404).map(|n| stop(world.now(), n, 42, End::OutOfMemory)).collect();
    for event in &mut stops {
        if let Body::Task(task) = &mut event.body {
            task.deployment = Some(deployment.into());
            task.revision = number.map(revision);
        }
    }
    stops
}

#[test]
fn a_revision_that_was_rolled_back_from_stays_bad_when_the_next_rollback_from_it_does_not_come() {
    let world = World::with_proven();
    world.loops(End::OutOfMemory);
    assert!(world.record().ledger.is_bad(&revision(42)));
    // It is deployed again, and this time there is nothing to go back to.
    world.pass(600);
    world.with(|state| {
        state.begin("ecs-svc/44", 42);
        state.inactive.insert(revision(41));
    });
    let begin = deployment(world.now(), "ecs-svc/44", DeploymentEventName::InProgress);
    world.deliver("again", &[begin]);
    world.pass(45);
    world.deliver("four", &stops_of(&world, "ecs-svc/44", Some(42)));
    let last = world.with(|state| state.sent.last().cloned()).unwrap();
    assert!(last.body.contains("checkout:41 was deregistered"), "{}", last.body);
    assert!(world.record().ledger.is_bad(&revision(42)));
}

#[test]
fn a_revision_that_no_task_names_is_not_updated_to_itself() {
    let world = World::with_proven();
    // The proven revision is deployed anew, and its tasks end without telling what they ran.
    world.with(|state| {
        state.begin("ecs-svc/44", 41);
        state.complete();
        state.running.clear();
    });
    let now = world.now();
    let told = [DeploymentEventName::InProgress, DeploymentEventName::Completed]
        .map(|name| deployment(now, "ecs-svc/44", name));
    world.deliver("again", &told);
    world.pass(45);
    world.deliver("four", &stops_of(&world, "ecs-svc/44", None));
    let said = world.subjects();
    assert!(!said.is_empty() && !said.iter().any(|one| one.contains("rolling back")), "{said:?}");
}

#[test]
fn a_failed_deployment_is_told_of_once_though_its_event_comes_again_days_later() {
    let world = World::with_proven();
    world.with(|state| state.begin("ecs-svc/42", 42));
    let begin = deployment(world.now(), "ecs-svc/42", DeploymentEventName::InProgress);
    world.deliver("begin", &[begin]);
    world.pass(300);
    let failed = deployment(world.now(), "ecs-svc/42", DeploymentEventName::Failed);
    // ECS goes back, in the same second.
    let mut back = deployment(world.now(), "ecs-svc/41", DeploymentEventName::InProgress);
    if let Body::Deployment(told) = &mut back.body {
        told.reason =
            Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/41.".into());
    }
    world.with(|state| state.begin("ecs-svc/41", 41));
    world.deliver("failed", &[failed.clone(), back]);
    world.pass(120);
    world.with(crate::world::State::complete);
    let done = deployment(world.now(), "ecs-svc/41", DeploymentEventName::Completed);
    world.deliver("done", &[done]);
    for day in 0..3_u32 {
        world.pass(86_400);
        world.deliver("day", &[stop(world.now(), 500 + day, 41, End::ScaleIn)]);
    }
    let said = world.subjects();
    assert!(said.last().unwrap().contains("resolved"), "{said:?}");
    // Somebody redrives the dead-letter queue.
    world.deliver("redriven", &[failed]);
    assert_eq!(world.subjects(), said);
}

#[test]
fn a_rollback_whose_deployment_is_never_told_is_not_said_to_have_changed_nothing() {
    let world = World::with_proven();
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks().len(), 1);
    world.pass(7_200);
    world.deliver("later", &[stop(world.now(), 500, 41, End::ScaleIn)]);
    let last = world.with(|state| state.sent.last().cloned()).unwrap();
    assert!(last.subject.contains("resolved"), "{}", last.subject);
    assert!(!last.body.contains("was not changed"), "{}", last.body);
}

#[test]
fn a_deployment_replaced_by_one_whose_begin_is_never_told_is_told_of_once() {
    let world = World::with_proven();
    world.deploys();
    world.with(|state| state.begin("ecs-svc/43", 43));
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    for n in 204..210 {
        world.pass(40);
        world.deliver(&format!("one-{n}"), &[stop(world.now(), n, 42, End::OutOfMemory)]);
    }
    assert_eq!(world.subjects().len(), 1, "{:?}", world.subjects());
}

#[test]
fn a_deployment_that_completes_just_before_it_is_stopped_is_updated_away_from() {
    let world = World::with_proven();
    world.with(|state| state.completes_before = Some("StopServiceDeployment"));
    world.loops(End::OutOfMemory);
    let service = "prod/checkout".into();
    assert_eq!(
        world.rollbacks(),
        [Call::UpdateService { service, revision: revision(41), restore: None }]
    );
    assert!(world.subjects()[0].contains("rolling back to checkout:41"), "{:?}", world.subjects());
}
