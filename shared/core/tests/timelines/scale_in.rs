//! While a service loops it is not scaled in.

use steady_core::config::Capacity;
use steady_core::outbox::Work;
use steady_core::overrides::{Handed, OverriddenBy, Which};

use crate::story::{End, Story, minutes, seconds};

fn handed(story: &Story) -> Vec<&Handed> {
    let handed = story.todo.iter().filter_map(|work| match work {
        Work::Override(handed) => Some(handed),
        _ => None,
    });
    handed.collect()
}

fn managed() -> Story {
    let mut story = Story::with_proven();
    // What is to be done is seen only where somebody does it.
    story.probes = true;
    story.config.scaling.capacity = Some(Capacity { min: 2, max: 8 });
    story.pass(minutes(10));
    story.begin(42);
    story
}

#[test]
fn a_loop_suspends_scaling_in_and_its_end_ends_that() {
    let mut story = managed();
    (0..4).for_each(|_| story.live(42, seconds(8), End::Exit(1)));
    story.pass(minutes(1));
    let incident = story.record.incident.as_ref().unwrap().id.clone();
    let [Handed::Put(held)] = handed(&story)[..] else { panic!("{:?}", story.todo) };
    assert_eq!(held.by, OverriddenBy::Incident(incident.clone()));
    assert!(held.suspended.dynamic_scaling_in && !held.suspended.dynamic_scaling_out);
    assert_eq!((held.min, held.max, held.rollback_off), (None, None, false));
    assert_eq!(held.until, held.since + minutes(24 * 60), "nothing is suspended for ever");
    assert_eq!(story.count("scale-in-suspended"), 1);
    let id = held.id.clone();

    story.begin(43);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    story.complete(43);
    story.pass(minutes(30));
    assert_eq!(story.record.incident, None);
    assert_eq!(handed(&story).last(), Some(&&Handed::End(Which::Id(id))));
    assert_eq!(handed(&story).len(), 2, "once each");
}

#[test]
fn a_service_whose_scaling_is_not_managed_is_left_alone_and_so_is_one_without_a_loop() {
    let mut story = managed();
    story.config.scaling.capacity = None;
    (0..4).for_each(|_| story.live(42, seconds(8), End::Exit(1)));
    story.pass(minutes(5));
    assert!(story.record.incident.is_some());
    assert_eq!(handed(&story), Vec::<&Handed>::new());

    let mut story = managed();
    story.fail(42);
    story.pass(minutes(5));
    assert!(story.record.incident.is_some(), "its deployment failed, and no key has turned");
    assert_eq!(handed(&story), Vec::<&Handed>::new());
}
