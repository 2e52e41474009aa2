//! What people read of a rollback is what AWS has said to it.

use crate::faulty::Fault;
use crate::story::{End, stop};
use crate::world::World;

/// checkout:42 loops, and AWS throttles what would roll it back.
fn throttled() -> World {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopServiceDeployment", Fault::Throttled));
    world.deploys();
    let four = world.four(End::OutOfMemory);
    world.turn("first", &four).unwrap().unwrap();
    world
}

fn body(world: &World, number: usize) -> String {
    world.with(|state| state.sent[number].body.clone())
}

#[test]
fn a_rollback_that_aws_has_not_taken_is_announced_as_coming() {
    let world = throttled();
    assert_eq!(world.rollbacks(), []);
    assert_eq!(
        world.subjects(),
        [
            "[critical] prod/checkout: restart loop on checkout:42, about to roll back to checkout:41"
        ]
    );
    let body = body(&world, 0);
    for line in [
        "Steady is about to roll it back to checkout:41; AWS has not taken it yet.",
        "decided to stop deployment ecs-svc/42 with rollback (StopServiceDeployment), which AWS has not taken yet",
        "AWS: \"StopServiceDeployment was throttled (Rate exceeded)\"",
        "you are told when AWS takes it, and if it does not",
        "rollback = \"off\" under [health] in prod/checkout.toml stops this",
    ] {
        assert!(body.contains(line), "{line}: {body}");
    }
    // Once is enough, however often it is tried.
    world.pass(45);
    world.turn("second", &[stop(world.now(), 204, 42, End::OutOfMemory)]).unwrap().unwrap();
    assert_eq!(world.subjects().len(), 1, "{:?}", world.subjects());
}

#[test]
fn when_aws_takes_it_at_last_people_are_told_so() {
    let world = throttled();
    world.with(|state| state.broken.clear());
    world.pass(45);
    world.turn("second", &[stop(world.now(), 204, 42, End::OutOfMemory)]).unwrap().unwrap();
    assert_eq!(world.rollbacks().len(), 1);
    let said = world.subjects();
    assert_eq!(
        said[1..],
        ["[critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41"]
    );
    let body = body(&world, 1);
    assert!(body.contains("AWS has taken it; you are told when it is steady"), "{body}");
    assert!(world.record().outbox.is_empty());
}

#[test]
fn an_announcement_that_could_not_be_sent_says_how_it_is_when_it_is_sent() {
    let world = World::with_proven();
    world.with(|state| {
        state.broken.insert("StopServiceDeployment", Fault::Throttled);
        state.broken.insert("Publish", Fault::Throttled);
    });
    world.deploys();
    let four = world.four(End::OutOfMemory);
    world.turn("first", &four).unwrap().unwrap();
    world.with(|state| state.broken.clear());
    world.pass(45);
    world.turn("second", &[stop(world.now(), 204, 42, End::OutOfMemory)]).unwrap().unwrap();
    assert_eq!(
        world.subjects(),
        ["[critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41"]
    );
    assert!(body(&world, 0).contains("AWS has taken it"), "{}", body(&world, 0));
}
