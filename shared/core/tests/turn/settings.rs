//! What of the service's other settings a rollback restores.

use std::collections::BTreeMap;

use steady_core::port::{Call, ContainerImage, ServiceRevision};
use steady_core::rollback::{Reason, Refusal, Restore, RollbackState, Setting};

use crate::ecs::revision;
use crate::story::End;
use crate::world::World;

fn service_revision(id: &str, settings: &[(Setting, &str)], digest: &str) -> ServiceRevision {
    let settings = settings.iter().map(|(one, text)| (*one, (*text).to_owned()));
    ServiceRevision {
        arn: id.into(),
        settings: settings.collect::<BTreeMap<_, _>>(),
        images: vec![ContainerImage {
            image: "app:live".to_owned(),
            digest: Some(digest.to_owned()),
        }],
    }
}

/// checkout:41 is proven with these settings; checkout:42 completed with those, and loops.
fn looping(
    proven: &[(Setting, &str)],
    current: &[(Setting, &str)],
    digests: [&str; 2],
    before: impl FnOnce(&World),
) -> World {
    let proven = service_revision("ecs-svc/41", proven, digests[0]);
    let current = service_revision("ecs-svc/42", current, digests[1]);
    let world = World::with_proven_of(Some(proven));
    world.with(|state| state.revisions.insert(current.arn.clone(), current));
    world.completes();
    before(&world);
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    world
}

fn updated(settings: &[Setting]) -> Call {
    let restore = Restore { from: "ecs-svc/41".into(), settings: settings.to_vec() };
    Call::UpdateService {
        service: "prod/checkout".into(),
        revision: revision(41),
        restore: (!settings.is_empty()).then_some(restore),
    }
}

const A: [&str; 2] = ["sha256:a", "sha256:a"];

fn begun(world: &World) -> steady_core::rollback::Begun {
    let begun = match world.record().incident.unwrap().rollback {
        RollbackState::Decided { begun, .. } => begun,
        _ => None,
    };
    begun.unwrap()
}

#[test]
fn settings_that_differ_are_restored_and_those_that_cannot_be_are_named() {
    let world = looping(
        &[(Setting::LoadBalancers, "one"), (Setting::LaunchType, "EC2")],
        &[
            (Setting::LoadBalancers, "two"),
            (Setting::LaunchType, "FARGATE"),
            (Setting::NetworkConfiguration, "subnets"),
            (Setting::VolumeConfigurations, "disk"),
        ],
        A,
        |_| (),
    );
    let settings = [Setting::LoadBalancers, Setting::VolumeConfigurations];
    assert_eq!(world.rollbacks(), [updated(&settings)]);
    let begun = begun(&world);
    assert_eq!(begun.restored, settings);
    assert_eq!(begun.not_restored, [Setting::LaunchType, Setting::NetworkConfiguration]);
    // The first notice says so already.
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("restored with it: loadBalancers, volumeConfigurations"), "{body}");
    assert!(body.contains("not restored: launchType, networkConfiguration"), "{body}");
}

#[test]
fn equal_settings_are_left_alone() {
    let same = [(Setting::LoadBalancers, "one")];
    let world = looping(&same, &same, A, |_| ());
    assert_eq!((world.rollbacks(), begun(&world).settings_unread), (vec![updated(&[])], false));
}

#[test]
fn settings_that_aws_refuses_do_not_keep_the_task_definition_back() {
    let world = looping(&[(Setting::LoadBalancers, "one")], &[], A, |world| {
        world.with(|state| state.refuses.insert(Setting::LoadBalancers));
    });
    assert_eq!(world.rollbacks(), [updated(&[])]);
    let begun = begun(&world);
    assert_eq!((begun.restored, begun.not_restored), (vec![], vec![Setting::LoadBalancers]));
    assert!(begun.settings_refused.unwrap().contains("target group does not exist"));
}

#[test]
fn a_service_revision_that_is_kept_no_longer_leaves_the_task_definition() {
    let world = looping(&[(Setting::LoadBalancers, "one")], &[], A, |world| {
        world.with(|state| state.revisions.remove(&"ecs-svc/41".into()));
    });
    assert_eq!((world.rollbacks(), begun(&world).settings_unread), (vec![updated(&[])], true));
}

#[test]
fn a_tag_that_has_moved_since_is_refused_with_its_image() {
    let world = looping(&[], &[], ["sha256:a", "sha256:b"], |_| ());
    assert_eq!(world.rollbacks(), []);
    let RollbackState::Failed { why: Reason::Guard(refusal), .. } =
        world.record().incident.unwrap().rollback
    else {
        panic!("refused");
    };
    assert_eq!(refusal, Refusal::TargetImageMoved { image: "app:live".to_owned() });
}
