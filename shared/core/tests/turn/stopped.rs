//! Somebody stops the deployment themselves: nothing is done against them, and they are told as what they are.

use steady_core::port::Call;
use steady_core::rollback::{Refusal, RollbackState};

use crate::failed_guard;
use crate::story::End;
use crate::world::World;

/// checkout:42 loops in flight, and when the service is looked at its service deployment has this status.
fn loops_with(status: &str, given_up: bool) -> World {
    let world = World::with_proven();
    world.deploys();
    world.with(|state| {
        let deployment = state.service.service_deployment.as_mut().unwrap();
        deployment.status = status.to_owned();
        deployment.given_up = given_up;
    });
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    world
}

#[test]
fn what_somebody_has_stopped_is_left_to_them_and_said_to_be() {
    let cases = [
        ("ROLLBACK_REQUESTED", true, "somebody stopped deployment ecs-svc/42 with rollback"),
        ("STOP_REQUESTED", false, "somebody stopped deployment ecs-svc/42 (StopServiceDeployment)"),
        ("STOPPED", false, "somebody stopped deployment ecs-svc/42 (StopServiceDeployment)"),
    ];
    for (status, rolls_back, words) in cases {
        let world = loops_with(status, false);
        assert_eq!(world.rollbacks(), [], "{status}");
        let deployment = "ecs-svc/42".into();
        let refusal = Refusal::StoppedBySomebody { deployment, rolls_back };
        assert_eq!(failed_guard(&world), Some(refusal), "{status}");
        let body = world.with(|state| state.sent[0].body.clone());
        assert!(body.contains(&format!("Steady leaves it alone: {words}")), "{status}: {body}");
        assert_eq!(body.contains("aws ecs update-service"), !rolls_back, "{status}: {body}");
        assert_eq!(world.subjects().len(), 1, "{status}");
    }
}

#[test]
fn what_ecs_gave_up_without_going_back_is_rolled_back() {
    let world = loops_with("STOPPED", true);
    assert_eq!(world.rollbacks().len(), 1);
    let incident = world.record().incident.unwrap();
    assert!(matches!(incident.rollback, RollbackState::Decided { .. }), "{incident:?}");
}

#[test]
fn where_ecs_would_go_back_to_is_not_known_the_service_is_updated_to_what_was_proven() {
    let world = World::with_proven();
    world.deploys();
    world.with(|state| {
        let deployment = state.service.service_deployment.as_mut().unwrap();
        // One more than ECS still keeps.
        deployment.source_arns = vec!["ecs-svc/41".into(), "ecs-svc/40".into()];
    });
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    assert!(
        matches!(world.rollbacks()[..], [Call::UpdateService { .. }]),
        "{:?}",
        world.rollbacks()
    );
}
