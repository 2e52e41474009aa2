//! Every refusal has its own reason, and its own story.

use steady_core::config::{RollbackMode, Witness};
use steady_core::rollback::Refusal;

use crate::story::{End, Story, id, minutes, seconds};

fn loops(story: &mut Story, deployment: u32) {
    (0..4).for_each(|_| story.live(deployment, seconds(5), End::Exit(1)));
}

/// The refusal of a loop on checkout:42 after `prepare`, a few minutes on.
fn refused(prepare: impl FnOnce(&mut Story)) -> (Refusal, String) {
    let mut story = Story::with_proven();
    prepare(&mut story);
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0, "{:?}", story.rollback());
    let refusal = story.refusal().expect("a refusal");
    let notice = story.notices().last().unwrap().text();
    assert!(notice.contains(&format!("nothing: {refusal}")), "{notice}");
    (refusal.clone(), refusal.to_string())
}

fn bad_42(story: &mut Story) {
    story.begin(42);
    loops(story, 42);
}

#[test]
fn config_says_notify_or_off() {
    let (refusal, said) = refused(|story| {
        story.config.health.rollback = RollbackMode::Notify;
        bad_42(story);
    });
    assert_eq!(refusal, Refusal::ConfigNotify);
    assert_eq!(said, "config says `rollback = \"notify\"` (the default)");
    let (refusal, _) = refused(|story| {
        story.config.health.rollback = RollbackMode::Off;
        bad_42(story);
    });
    assert_eq!(refusal, Refusal::ConfigOff);
}

#[test]
fn nothing_is_proven() {
    let mut story = Story::new();
    story.begin(41);
    story.pass(minutes(1));
    bad_42(&mut story);
    assert_eq!(story.refusal(), Some(Refusal::NothingProven));
}

#[test]
fn the_environment_ended_the_tasks() {
    let (refusal, said) = refused(|story| {
        story.begin(42);
        (0..3).for_each(|_| story.never_start(42, End::NoRegistry));
        story.fail(42);
    });
    assert!(matches!(refusal, Refusal::NotTheRevision { tasks: 3, .. }));
    assert_eq!(
        said,
        "3 tasks were ended by the environment, not by the revision: the image registry could not be reached",
    );
}

#[test]
fn the_evidence_is_too_weak() {
    let (refusal, said) = refused(|story| {
        story.begin(42);
        (0..3).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
        story.fail(42);
    });
    assert!(matches!(refusal, Refusal::NotEnoughEvidence(_)));
    assert_eq!(said, "the evidence so far, 147 : 1, is below the 1000 : 1 that a rollback needs");
}

#[test]
fn somebody_was_faster() {
    let mut story = Story::with_proven();
    bad_42(&mut story);
    story.begin(43);
    assert_eq!(story.refusal(), Some(Refusal::Replaced(id(43))));
    let summary = &story.notices().last().unwrap().summary;
    assert!(summary.ends_with("Steady waits for that one."), "{summary}");
    assert_eq!(story.stages(), ["opened", "rollback-refused"], "it had been announced");
}

#[test]
fn ecs_rolls_back_by_itself() {
    let (refusal, _) = refused(|story| {
        story.begin(42);
        (0..3).for_each(|_| story.live(42, seconds(70), End::ElbHealthCheck));
        story.begin_native_rollback(41);
        story.fail(42);
    });
    assert_eq!(refusal, Refusal::NativeRollback(id(41)));
}

#[test]
fn the_old_revision_is_sick_too() {
    let (refusal, said) = refused(|story| {
        let old: Vec<_> = (0..8).map(|_| story.start(41)).collect();
        story.begin(42);
        old.iter().for_each(|task| story.end(task, End::Exit(1)));
        loops(story, 42);
    });
    assert!(matches!(refusal, Refusal::OldRevisionSick { .. }), "{refusal:?}");
    assert!(said.starts_with("checkout:41 fails too ("), "{said}");
}

#[test]
fn a_witness_is_wanted_and_there_is_none() {
    let (refusal, _) = refused(|story| {
        story.config.health.witness = Witness::Page;
        bad_42(story);
    });
    assert_eq!(refusal, Refusal::WitnessPage);
    let (refusal, _) = refused(|story| {
        story.config.health.witness = Witness::Probe;
        bad_42(story);
    });
    assert_eq!(refusal, Refusal::ProbesNotAllowed);
}

#[test]
fn the_failing_revision_was_proven_long_ago() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..4).for_each(|_| drop(story.start(42)));
    story.complete(42);
    story.pass(minutes(25 * 60));
    assert_eq!(story.proven(), ["checkout:41", "checkout:42"]);
    loops(&mut story, 42);
    assert!(
        matches!(story.refusal(), Some(Refusal::ProvenLongAgo { .. })),
        "{:?}",
        story.refusal()
    );
    let said = story.refusal().unwrap().to_string();
    assert_eq!(
        said,
        "the failing revision was proven at 2026-11-21 01:10:00 UTC, longer ago than `rollback_window` (24h): something else has changed",
    );
}

/// A loop on `deployment`, rolled back with a deployment of `back_to`'s revision, verified.
fn loops_and_goes_back(story: &mut Story, deployment: u32, back: u32, back_to: u32) {
    story.begin(deployment);
    loops(story, deployment);
    // Where something is known as bad, what begins is read; the next read comes half a minute later.
    story.pass(seconds(61 + 30));
    story.begin(back);
    (0..4).for_each(|_| drop(story.start_of(back, back_to)));
    story.complete(back);
    story.pass(minutes(3));
}

#[test]
fn two_rollbacks_a_day_are_enough() {
    let mut story = Story::with_proven();
    loops_and_goes_back(&mut story, 42, 43, 41);
    loops_and_goes_back(&mut story, 44, 45, 41);
    assert_eq!((story.count("rollback"), story.count("incident-resolved")), (2, 2));
    story.begin(46);
    loops(&mut story, 46);
    story.pass(minutes(2));
    assert_eq!(story.count("rollback"), 2);
    assert_eq!(story.refusal(), Some(Refusal::BudgetSpent));
    // The day after, the budget is there again.
    story.begin(47);
    story.start(47);
    story.complete(47);
    story.pass(minutes(24 * 60));
    story.begin(48);
    loops(&mut story, 48);
    story.pass(minutes(2));
    assert_eq!(story.count("rollback"), 3);
}

#[test]
fn the_only_proven_revision_was_rolled_back_from() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..4).for_each(|_| drop(story.start(42)));
    story.complete(42);
    story.pass(minutes(15));
    assert_eq!(story.proven(), ["checkout:41", "checkout:42"]);
    // 42 turns bad within its window and is rolled back; then 41, deployed anew, loops.
    (0..8).for_each(|_| story.live(42, seconds(90), End::Exit(1)));
    story.pass(seconds(61));
    assert_eq!(story.count("rollback"), 1);
    story.begin(43);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    story.complete(43);
    story.pass(minutes(3));
    assert_eq!(story.count("incident-resolved"), 1);
    story.begin(44);
    (0..4).for_each(|_| story.live_of(44, 41, seconds(5), End::Exit(1)));
    story.pass(minutes(2));
    assert_eq!(story.refusal(), Some(Refusal::TargetBad("checkout:42".into())));
}
