//! Whose fault it is: the old revision beside the new one, neighbours, and the account as a whole.

use steady_core::installation::Trouble;
use steady_core::name::TaskArn;
use steady_core::rollback::Refusal;

use crate::story::{End, Story, minutes, seconds};

/// checkout:42 is being deployed beside `old` tasks of checkout:41 that are 20 minutes old.
fn beside(old: usize) -> (Story, Vec<TaskArn>) {
    let mut story = Story::with_proven();
    let old: Vec<_> = (0..old).map(|_| story.start(41)).collect();
    story.pass(minutes(20));
    story.begin(42);
    (story, old)
}

/// Tasks of checkout:42 that are started together and crash one after the other, two minutes old.
fn crashes(story: &mut Story, tasks: usize) {
    let new: Vec<_> = (0..tasks).map(|_| story.start(42)).collect();
    story.pass(minutes(2));
    for task in &new {
        story.pass(seconds(5));
        story.end(task, End::Exit(1));
    }
}

#[test]
fn crashes_beside_old_tasks_that_live_convict_without_a_hold() {
    let (mut story, _old) = beside(8);
    crashes(&mut story, 8);
    assert_eq!(story.kinds()[..2], ["incident-opened", "rollback-refused"], "{:#?}", story.kinds());
    assert!(
        matches!(story.refusal(), Some(Refusal::NotWorseThanOld { tasks: 12, .. })),
        "{:?}",
        story.refusal()
    );
    assert_eq!(story.count("rollback"), 0, "what runs was read too recently");
    story.pass(seconds(30));
    assert_eq!(story.count("rollback"), 1, "{:?}", story.kinds());
}

#[test]
fn what_befalls_both_alike_rolls_nothing_back() {
    let (mut story, old) = beside(8);
    let new: Vec<_> = (0..8).map(|_| story.start(42)).collect();
    story.pass(minutes(2));
    for (new, old) in new.iter().zip(&old) {
        story.pass(seconds(7));
        story.end(new, End::Exit(1));
        story.end(old, End::Exit(1));
    }
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert!(
        matches!(
            story.refusal(),
            Some(Refusal::OldRevisionSick { .. } | Refusal::NotWorseThanOld { .. })
        ),
        "{:?}",
        story.refusal()
    );
    assert_eq!(story.count("notice"), 1, "one page: {:?}", story.stages());
}

#[test]
fn a_loop_that_paused_while_it_was_compared_is_not_rolled_back_on_what_is_past() {
    let (mut story, _) = beside(0);
    (0..8).for_each(|_| drop(story.start(42)));
    crashes(&mut story, 4);
    story.pass(seconds(31));
    assert!(matches!(story.refusal(), Some(Refusal::NotWorseThanOld { tasks: 4, .. })));
    // The cause is gone: new tasks live, the old ones are replaced, the deployment completes.
    let new: Vec<_> = (0..4).map(|_| story.start(42)).collect();
    story.pass(minutes(4));
    let old: Vec<_> = story.running_of(41);
    old.iter().for_each(|task| story.end(task, End::ScaleIn));
    story.complete(42);
    story.pass(seconds(31));
    assert_eq!(story.refusal(), Some(Refusal::NotFailingNow));
    // It was not gone.
    for task in &new {
        story.pass(seconds(20));
        story.end(task, End::Exit(1));
    }
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1, "{:?}", story.kinds());
}

#[test]
fn tasks_that_do_not_start_any_more_are_not_the_fault_of_a_revision_that_proved_that_it_starts() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..4).for_each(|_| drop(story.start(42)));
    story.complete(42);
    story.pass(minutes(30));
    assert_eq!(story.proven(), ["checkout:41", "checkout:42"]);
    (0..10).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert!(
        matches!(story.refusal(), Some(Refusal::StartedBefore { .. })),
        "{:?}",
        story.refusal()
    );
    assert!(
        story.notices()[0].text().contains("but did when it was proven at 2026-11-21 01:10:00 UTC"),
        "{}",
        story.notices()[0].text()
    );
}

fn trouble(story: &Story, settled: bool, wants_rollback: bool) -> Trouble {
    let since = story.now;
    Trouble { since, settled, wants_rollback: wants_rollback.then_some(since) }
}

fn fails_at_boot(story: &mut Story, settled: &[bool]) {
    story.begin(42);
    for (number, settled) in settled.iter().enumerate() {
        let name = format!("prod/neighbour-{number}");
        let trouble = trouble(story, *settled, false);
        story.account.troubles.insert(name.as_str().into(), trouble);
    }
    (0..4).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(minutes(3));
}

#[test]
fn neighbours_that_fall_ill_at_the_same_time_acquit() {
    // One that is in the middle of its own deployment is no neighbour that counts; one that had settled is, and two.
    for (settled, acquitted) in
        [(&[][..], false), (&[false], false), (&[true], true), (&[false, false], true)]
    {
        let mut story = Story::with_proven();
        fails_at_boot(&mut story, settled);
        let sick = matches!(story.refusal(), Some(Refusal::NeighboursSick { .. }));
        assert_eq!(sick, acquitted, "{settled:?}: {:?}", story.refusal());
        assert_eq!(story.count("rollback"), usize::from(!acquitted), "{settled:?}");
    }
}

#[test]
fn a_neighbours_trouble_of_long_ago_acquits_nobody() {
    let mut story = Story::with_proven();
    let long_ago = trouble(&story, true, true);
    story.account.troubles.insert("prod/other".into(), long_ago.clone());
    story.account.troubles.insert("prod/third".into(), long_ago);
    story.pass(minutes(11));
    fails_at_boot(&mut story, &[]);
    assert_eq!(story.count("rollback"), 1, "{:?}", story.refusal());
}

#[test]
fn the_third_service_that_wants_a_rollback_within_ten_minutes_is_held() {
    for (others, held) in [(1, false), (2, true), (9, true)] {
        let mut story = Story::with_proven();
        let wants = trouble(&story, false, true);
        for number in 0..others {
            story.account.troubles.insert(format!("prod/s{number}").as_str().into(), wants.clone());
        }
        // Neighbours' own trouble began six minutes before, so that only the crowd holds.
        story.pass(minutes(6));
        story.begin(42);
        // Whatever the cause looks like: tasks killed for memory as well.
        (0..3).for_each(|_| story.live(42, seconds(70), End::OutOfMemory));
        story.pass(seconds(5));
        assert_eq!(story.count("rollback"), usize::from(!held), "{others}: {:?}", story.refusal());
        if held {
            assert!(matches!(story.refusal(), Some(Refusal::Crowd { .. })), "{others}");
            // Ten minutes later the others are no crowd any more.
            story.pass(minutes(10));
            story.live(42, seconds(70), End::OutOfMemory);
            assert_eq!(story.count("rollback"), 1, "{others}: {:?}", story.refusal());
        }
    }
}

#[test]
fn the_account_is_told_of_trouble_once_and_of_a_wish_before_it_is_acted_upon() {
    let mut story = Story::with_proven();
    story.begin(42);
    story.live(42, seconds(5), End::Exit(1));
    assert!(story.account.troubles.is_empty(), "one unlucky task");
    story.live(42, seconds(5), End::Exit(1));
    story.live(42, seconds(5), End::Exit(1));
    let own = story.account.troubles[&"prod/checkout".into()].clone();
    assert_eq!((own.settled, own.wants_rollback), (false, None));
    story.live(42, seconds(5), End::Exit(1));
    let wish = story.account.troubles[&"prod/checkout".into()].clone();
    assert_eq!((wish.since, wish.wants_rollback), (own.since, Some(story.now)));
    assert_eq!(story.count("rollback"), 0, "told before, not after");
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
}
