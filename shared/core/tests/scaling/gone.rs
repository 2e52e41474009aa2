//! Services that are deleted, and come back under their names.

use steady_core::config::Scaling;
use steady_core::scaling::{Bounds, LiveScaling, Managed, WhyTurn, needs_turn, render_plans};

use crate::aws::Aws;
use crate::wanted::whole;
use crate::world::World;

/// Application Auto Scaling forgets a service with ECS; CloudWatch's alarms stay.
fn is_deleted(world: &World) {
    world.with(|state| {
        let alarms = std::mem::take(&mut state.aws.live.alarms);
        state.aws.live = LiveScaling { alarms, ..LiveScaling::default() };
    });
}

#[test]
fn one_that_comes_back_again_and_again_is_scaled_each_time() {
    let world = World::new(Aws::with_tasks(6));
    world.wants(whole());
    for time in 0..4 {
        // The alarm has outlived the service, and has to call the new policy.
        assert_eq!(world.drift().done.len(), 4, "time {time}");
        let managed = world.record().managed.unwrap();
        assert_eq!(managed.bounds_before, None, "time {time}: nothing was there before");
        let writes = world.with(|state| state.writes);
        is_deleted(&world);
        let live = world.with(|state| state.aws.live.clone());
        let now = world.with(|state| state.now);
        assert_eq!(needs_turn(&world.record(), &live, None, now), Some(WhyTurn::Drift));
        assert_eq!(world.drift().done, []);
        let record = world.record();
        assert_eq!(record.managed, None::<Managed>);
        assert_eq!(needs_turn(&record, &live, None, now), None, "that is known now");
        assert_eq!(world.with(|state| state.writes), writes, "nothing is written for it");
        world.with(|state| state.aws.live.desired_count = Some(3));
    }
    assert_eq!(world.with(|state| state.sent.clone()), [], "nobody has changed anything back");
}

#[test]
fn what_is_left_of_one_that_is_gone_goes_when_its_file_says_so() {
    let world = World::new(Aws::with_tasks(6));
    world.wants(whole());
    world.drift();
    is_deleted(&world);
    world.wants(Scaling { remove: true, ..whole() });
    let taken = world.drift();
    insta::assert_snapshot!(render_plans(&[taken.plan.unwrap()]), @r#"
    prod/checkout
      - alarm steady-prod/checkout/burst

    Plan: 0 to create, 0 to change, 1 to delete, 0 left alone
    "#);
    assert_eq!(world.drift().done, []);
    let record = world.record();
    assert_eq!(record.managed, None, "so that its parameter may go");
    assert_eq!(world.with(|state| state.aws.live.clone()), LiveScaling::default());
}

#[test]
fn a_scalable_target_that_outlives_its_service_is_not_registered_again() {
    let world = World::new(Aws::with_tasks(6));
    world.wants(whole());
    world.drift();
    world.with(|state| state.aws.live.desired_count = None);
    world.wants(Scaling { remove: true, ..whole() });
    assert_eq!(world.drift().refused, []);
    let live = world.with(|state| state.aws.live.clone());
    let target = live.target.unwrap();
    assert_eq!((target.target.bounds, target.tags), (Bounds { min: 2, max: 40 }, Some([].into())));
    assert_eq!((live.policies.len(), live.alarms.len()), (0, 0));
    world.drift();
    assert_eq!(world.record().managed, None);
}
