//! Scheduled actions that AWS runs a little late.

use jiff::Timestamp;
use steady_core::config::{Scaling, Window};
use steady_core::overrides::{OverriddenBy, Override};
use steady_core::scaling::{Bounds, Schedule, Suspended, WhyTurn};

use crate::aws::Aws;
use crate::wanted::bounds;
use crate::world::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Six tasks at least from eight to seven past eight in the evening.
fn day() -> Scaling {
    let schedule = |text| Schedule::parse(text).unwrap();
    let day = Window {
        name: "day".to_owned(),
        start: schedule("cron(0 8 * * ? *)"),
        end: schedule("cron(7 20 * * ? *)"),
        timezone: "UTC".to_owned(),
        min: Some(6),
        max: None,
    };
    Scaling { window: vec![day], ..bounds(2, 40) }
}

fn at_night() -> World {
    let world = World::new(Aws::with_tasks(6));
    world.wants(day());
    world.drift();
    world
}

/// What a look at that time writes.
fn look(world: &World, now: &str) -> Vec<String> {
    world.with(|state| state.now = at(now));
    let taken = world.turn(WhyTurn::Drift).unwrap().unwrap();
    taken.done.iter().map(ToString::to_string).collect()
}

fn aws_sets(world: &World, min: u32) {
    world.with(|state| state.aws.live.target.as_mut().unwrap().target.bounds.min = min);
}

const NOTHING: [&str; 0] = [];
const TARGET: [&str; 1] = ["scalable target service/prod/checkout"];

#[test]
fn whoever_looks_each_morning_just_before_aws_writes_nothing_and_takes_aws_for_nobody_else() {
    let world = at_night();
    for day in 22..=28 {
        assert_eq!(look(&world, &format!("2026-11-{day}T08:00:04Z")), NOTHING);
        aws_sets(&world, 6);
        assert_eq!(look(&world, &format!("2026-11-{day}T08:15:04Z")), NOTHING);
        aws_sets(&world, 2);
        assert_eq!(look(&world, &format!("2026-11-{day}T20:15:04Z")), NOTHING);
    }
    assert_eq!(world.with(|state| state.sent.clone()), []);
}

#[test]
fn what_aws_has_not_done_after_three_minutes_steady_does() {
    let world = at_night();
    assert_eq!(look(&world, "2026-11-22T08:02:59Z"), NOTHING);
    assert_eq!(look(&world, "2026-11-22T08:03:00Z"), TARGET);
    let live = world.with(|state| state.aws.live.target.clone()).unwrap();
    assert_eq!(live.target.bounds, Bounds { min: 6, max: 40 });
}

#[test]
fn nothing_is_awaited_of_an_action_that_aws_does_not_have_or_of_other_bounds() {
    let world = at_night();
    world.with(|state| state.aws.live.scheduled.retain(|one| one.name != "steady-day-start"));
    let both = ["scalable target service/prod/checkout", "scheduled action steady-day-start"];
    assert_eq!(look(&world, "2026-11-22T08:00:04Z"), both);
    let world = at_night();
    aws_sets(&world, 3);
    assert_eq!(look(&world, "2026-11-22T08:00:04Z"), TARGET, "by somebody else");
}

#[test]
fn what_an_override_leaves_behind_is_not_awaited() {
    let world = at_night();
    world.edit(|record| {
        record.overrides.push(Override {
            id: "sale".to_owned(),
            by: OverriddenBy::Person("ana".to_owned()),
            reason: "sale".to_owned(),
            since: at("2026-11-22T05:00:00Z"),
            until: at("2026-11-22T08:00:00Z"),
            min: Some(20),
            max: None,
            suspended: Suspended::default(),
            rollback_off: false,
        });
    });
    assert_eq!(look(&world, "2026-11-22T07:00:00Z"), TARGET);
    assert_eq!(look(&world, "2026-11-22T08:00:04Z"), TARGET);
    let live = world.with(|state| state.aws.live.target.clone()).unwrap();
    assert_eq!(live.target.bounds, Bounds { min: 6, max: 40 });
}
