//! Old tasks that take less of the traffic than the new ones, or none: what their quiet is worth, and what their end is.

use steady_core::config::Witness;
use steady_core::name::TaskArn;
use steady_core::rollback::Refusal;

use crate::late::stage;
use crate::story::{End, Story, minutes, seconds};

/// checkout:42 runs beside twelve tasks of checkout:41 that are 20 minutes old; ECS is at this stage, with so much of the
/// production traffic on checkout:42.
fn at(witness: Witness, name: &str, new_traffic: Option<f64>) -> (Story, Vec<TaskArn>) {
    let mut story = Story::with_proven();
    story.config.health.witness = witness;
    (0..8).for_each(|_| drop(story.start(41)));
    story.pass(minutes(20));
    story.begin(42);
    let mut stage = stage(name, None);
    stage.as_mut().unwrap().new_traffic = new_traffic;
    story.standing().stage = stage;
    let new = (0..20).map(|_| story.start(42)).collect();
    story.pass(minutes(2));
    (story, new)
}

/// So many tasks of checkout:42 crash one after the other.
fn crash(story: &mut Story, new: &[TaskArn], tasks: usize) {
    for task in new.iter().take(tasks) {
        story.pass(seconds(5));
        story.end(task, End::Exit(1));
    }
    // What runs may have been read too recently.
    story.pass(seconds(31));
}

#[test]
fn old_tasks_that_take_traffic_convict_and_those_that_take_none_do_not() {
    let before = at(Witness::Page, "POST_TEST_TRAFFIC_SHIFT", Some(0.0));
    let half = at(Witness::Page, "PRODUCTION_TRAFFIC_SHIFT", Some(50.0));
    for (mut story, new) in [before, half] {
        crash(&mut story, &new, 12);
        assert_eq!(story.count("rollback"), 1, "{:?}", story.refusal());
    }
    let in_bake = at(Witness::Page, "BAKE_TIME", Some(100.0));
    let untold = at(Witness::Page, "BAKE_TIME", None);
    for (mut story, new) in [in_bake, untold] {
        crash(&mut story, &new, 12);
        story.pass(minutes(5));
        assert_eq!(story.count("rollback"), 0);
        assert_eq!(story.refusal(), Some(Refusal::WitnessPage));
    }
}

#[test]
fn the_less_traffic_they_take_the_more_crashes_it_takes() {
    let crashes_needed = |new_traffic| {
        let (mut story, new) = at(Witness::Page, "PRODUCTION_TRAFFIC_SHIFT", Some(new_traffic));
        (1..=new.len()).find(|count| {
            crash(&mut story, &new[count - 1..], 1);
            story.count("rollback") > 0
        })
    };
    assert_eq!([10.0, 50.0, 60.0, 75.0].map(crashes_needed), [7, 7, 9, 14].map(Some));
}

#[test]
fn once_the_traffic_has_shifted_the_service_is_held_for_a_moment_as_after_completion() {
    let (mut story, new) = at(Witness::Act, "BAKE_TIME", Some(100.0));
    crash(&mut story, &new, 6);
    assert_eq!(story.kinds(), ["incident-opened", "notice"]);
    assert!(story.notices()[0].summary.contains("rolls it back to checkout:41 at"));
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn old_tasks_that_fail_without_traffic_acquit_all_the_same() {
    let (mut story, new) = at(Witness::Act, "BAKE_TIME", Some(100.0));
    let old = story.running_of(41);
    for (new, old) in new.iter().zip(&old) {
        story.pass(seconds(5));
        story.end(new, End::Exit(1));
        story.end(old, End::Exit(1));
    }
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert!(
        matches!(story.refusal(), Some(Refusal::OldRevisionSick { .. })),
        "{:?}",
        story.refusal()
    );
}

#[test]
fn who_lets_witnesses_be_asked_that_take_no_traffic_has_them_in_the_old_tasks() {
    let (mut story, new) = at(Witness::Probe, "BAKE_TIME", Some(100.0));
    story.probes = true;
    crash(&mut story, &new, 12);
    assert_eq!(story.count("rollback"), 1, "{:?}", story.kinds());
    assert_eq!(story.count("probe"), 0);
}
