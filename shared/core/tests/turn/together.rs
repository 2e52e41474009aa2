//! Another service tells of what befalls both: and if that cannot be found out, or it is out of trouble, this one does.

use steady_core::config::Notify;
use steady_core::event::Event;
use steady_core::group::{GroupKey, Joining, Page};
use steady_core::name::ServiceKey;
use steady_core::notice::Severity;

use crate::faulty::{FAULTS, Fault};
use crate::story::{End, stop};
use crate::world::World;

fn key() -> GroupKey {
    GroupKey::environment("registry-unreachable")
}

fn cart() -> ServiceKey {
    "prod/cart".into()
}

/// prod/cart has lost its registry, and is there.
fn cart_is_there(world: &World) {
    world.with(|state| {
        let page = Page::of(&Notify::default(), Severity::Warning);
        let known = state.account.groups.get(&key()).and_then(|line| line.members.get(&cart()));
        let at = known.map_or(state.now, |known| known.at);
        state.account.join(&cart(), &Joining { key: key(), page, at, now: state.now });
    });
}

/// Three tasks of checkout:41 that never ran.
fn three(world: &World) -> Vec<Event> {
    (300..303).map(|task| stop(world.now(), task, 41, End::NoRegistry)).collect()
}

/// checkout loses its registry a little later; the queue and `sweep` bring its turns.
fn befallen(world: &World) {
    cart_is_there(world);
    // What runs was read a moment ago.
    world.pass(40);
    world.deliver("three", &three(world));
    minutes(world, 2);
}

/// One more task does not start.
fn goes_on(world: &World) {
    let task = 400 + u32::try_from(world.now().as_second() % 10_000).unwrap();
    world.deliver("more", &[stop(world.now(), task, 41, End::NoRegistry)]);
}

fn minutes(world: &World, minutes: u32) {
    for minute in 0..minutes {
        world.pass(60);
        world.turn(&format!("sweep-{minute}-{}", world.now()), &[]);
    }
}

#[test]
fn who_is_told_of_by_another_sends_nothing_until_that_one_is_out_of_trouble() {
    let world = World::with_proven();
    befallen(&world);
    for _ in 0..3 {
        cart_is_there(&world);
        goes_on(&world);
        minutes(&world, 5);
    }
    assert_eq!(world.subjects(), [""; 0]);
    let incident = world.record().incident.unwrap();
    assert_eq!(incident.group.unwrap().led_by, Some(cart()));
    world.with(|state| drop(state.account.leave(&cart(), &key())));
    minutes(&world, 6);
    let told = world.subjects();
    assert!(told[0].starts_with("[warning] prod/checkout: tasks do not start on"), "{told:?}");
}

#[test]
fn a_leader_that_is_not_seen_any_more_is_not_waited_for() {
    let world = World::with_proven();
    befallen(&world);
    assert_eq!(world.subjects(), [""; 0]);
    goes_on(&world);
    minutes(&world, 14);
    assert_eq!(world.subjects().len(), 1, "{:?}", world.subjects());
}

#[test]
fn with_any_fault_at_any_call_it_is_told_by_itself_or_by_one_that_is_there() {
    let calls = {
        let dry = World::with_proven();
        befallen(&dry);
        assert_eq!(dry.subjects(), [""; 0]);
        dry.with(|state| state.calls.clone())
    };
    assert!(calls.contains(&"UpdateItem of a line"), "{calls:?}");
    let mut alone = 0;
    for (number, call) in calls.iter().enumerate() {
        for fault in FAULTS {
            let world = World::with_fault(number, fault);
            befallen(&world);
            let case = format!("{fault:?} at call {number}, {call}: {:?}", world.subjects());
            let incident = world.record().incident.expect(&case);
            let led = incident.group.as_ref().is_some_and(|group| group.led_by.is_some());
            assert!(!incident.untold || led, "{case}");
            assert_eq!(incident.untold, world.subjects().is_empty(), "{case}");
            alone += usize::from(!incident.untold);
            // And when that one is out of trouble, nobody is forgotten.
            world.with(|state| drop(state.account.leave(&cart(), &key())));
            minutes(&world, 6);
            assert!(!world.record().incident.expect(&case).untold, "{case}");
            assert!(!world.subjects().is_empty(), "{case}");
        }
    }
    assert!(alone >= 6, "{alone}");
}

#[test]
fn a_line_that_can_never_be_seen_silences_nobody() {
    for call in ["GetItem of a line", "UpdateItem of a line"] {
        for fault in [Fault::Throttled, Fault::Refused, Fault::Lost, Fault::AnswerLost] {
            let world = World::with_proven();
            world.with(|state| state.broken.insert(call, fault));
            befallen(&world);
            let told = world.subjects();
            assert_eq!(told.len(), 1, "{fault:?} of {call}: {told:?}");
            assert!(
                told[0].starts_with("[warning] prod/checkout: tasks do not start on"),
                "{told:?}"
            );
        }
    }
}
