//! How incidents go on and end; how revisions become proven.

use jiff::SignedDuration;

use crate::story::{End, Story, minutes, seconds};

fn open(story: &mut Story, deployment: u32) {
    (0..4).for_each(|_| story.live(deployment, seconds(5), End::Exit(1)));
    assert!(story.record.incident.is_some());
}

#[test]
fn while_open_it_is_told_again_after_ten_minutes_one_four_and_twenty_four_hours() {
    let mut story = Story::new();
    story.begin(42);
    open(&mut story, 42);
    // Given up by ECS, it does not end by silence.
    story.fail(42);
    let opened = story.now;
    story.pass(minutes(48 * 60));
    let after: Vec<i64> = story
        .entries
        .iter()
        .filter(|entry| entry.what.kind() == "incident-escalated")
        .map(|entry| (entry.at - opened).get_seconds() / 60)
        .collect();
    assert_eq!(after, [10, 60, 240, 1440]);
    assert_eq!(story.due, None, "nothing is left to do");
    let subject = &story.notices().last().unwrap().subject;
    assert_eq!(
        subject,
        "[critical] prod/checkout: restart loop on checkout:42, still open after 1 d"
    );
}

#[test]
fn escalations_missed_together_are_told_once() {
    let mut story = Story::new();
    story.begin(42);
    open(&mut story, 42);
    // Given up by ECS, it does not end by silence.
    story.fail(42);
    // Nobody looked for five hours.
    story.now += minutes(300);
    story.decide(Vec::new());
    assert_eq!(story.count("incident-escalated"), 1);
}

#[test]
fn a_rollback_is_verified_two_minutes_after_its_target_completed_without_a_failed_task() {
    let mut story = Story::with_proven();
    story.begin(42);
    open(&mut story, 42);
    story.pass(seconds(60));
    story.pass(seconds(5));
    // ECS goes back with a deployment of its own.
    story.begin(43);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    story.pass(minutes(2));
    story.complete(43);
    story.pass(seconds(119));
    assert_eq!(story.count("incident-resolved"), 0);
    story.pass(seconds(1));
    assert_eq!(story.count("incident-resolved"), 1);
    assert_eq!(story.stages(), ["opened", "rollback-begun", "resolved"]);
    let subject = &story.notices().last().unwrap().subject;
    assert_eq!(subject, "[info] prod/checkout: resolved, rolled back from checkout:42");
    assert_eq!(story.record.incident, None);
}

#[test]
fn the_same_deployment_begun_again_is_a_rollback_too() {
    let mut story = Story::with_proven();
    story.begin(42);
    open(&mut story, 42);
    story.pass(seconds(61));
    story.begin(41);
    story.pass(minutes(1));
    story.complete(41);
    story.pass(minutes(2));
    assert_eq!(story.stages(), ["opened", "rollback-begun", "resolved"]);
}

#[test]
fn a_failed_task_of_the_target_puts_the_verification_off() {
    let mut story = Story::with_proven();
    story.begin(42);
    open(&mut story, 42);
    story.pass(seconds(61));
    story.begin(43);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    let unlucky = story.start_of(43, 41);
    story.complete(43);
    story.pass(seconds(90));
    story.end(&unlucky, End::Exit(1));
    story.pass(seconds(119));
    assert_eq!(story.count("incident-resolved"), 0);
    story.pass(seconds(1));
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn a_later_deployment_resolves_it_when_it_has_completed_and_soaked() {
    let mut story = Story::new();
    story.begin(42);
    open(&mut story, 42);
    story.begin(43);
    (0..4).for_each(|_| drop(story.start(43)));
    story.pass(minutes(2));
    story.complete(43);
    story.pass(minutes(9));
    assert_eq!(story.count("incident-resolved"), 0);
    story.pass(minutes(1));
    assert_eq!(story.count("incident-resolved"), 1);
    assert_eq!(story.proven(), ["checkout:43"]);
    assert_eq!(story.due, None, "nothing is left to do");
}

#[test]
fn ecs_rolling_back_by_itself_is_followed_and_not_repeated() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..3).for_each(|_| story.live(42, seconds(70), End::ElbHealthCheck));
    story.fail(42);
    story.begin_native_rollback(41);
    story.pass(seconds(70));
    story.complete(41);
    story.pass(minutes(2));
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn a_loop_that_ends_by_itself_is_over_after_an_hour_and_a_new_one_needs_new_failures() {
    let mut story = Story::with_proven();
    // A database outage: the proven revision fails for some minutes.
    story.pass(minutes(24 * 60 * 2));
    open(&mut story, 41);
    story.pass(minutes(59));
    assert_eq!(story.count("incident-resolved"), 0);
    story.pass(minutes(1));
    assert_eq!(story.count("incident-resolved"), 1);
    story.live(41, seconds(5), End::Exit(1));
    story.live(41, seconds(5), End::Exit(1));
    assert_eq!(story.count("incident-opened"), 1);
    story.live(41, seconds(5), End::Exit(1));
    story.live(41, seconds(5), End::Exit(1));
    story.pass(seconds(30));
    assert_eq!(story.count("incident-opened"), 2);
}

#[test]
fn a_slow_leak_is_not_taken_for_over_between_two_kills() {
    let mut story = Story::new();
    story.begin(42);
    story.complete(42);
    // One task, killed for memory every 50 minutes.
    for _ in 0..12 {
        story.live(42, minutes(50), End::OutOfMemory);
    }
    assert_eq!(story.count("incident-opened"), 1);
    assert_eq!(story.count("incident-resolved"), 0);
}

#[test]
fn a_deployment_that_ecs_gave_up_does_not_resolve_by_silence() {
    let mut story = Story::new();
    story.begin(42);
    story.fail(42);
    story.pass(minutes(48 * 60));
    assert_eq!(story.count("incident-resolved"), 0);
}

#[test]
fn a_revision_is_proven_when_its_soak_ends_and_not_before() {
    let mut story = Story::new();
    story.begin(41);
    story.start(41);
    story.pass(minutes(2));
    story.complete(41);
    story.pass(minutes(10) - seconds(1));
    assert_eq!(story.proven(), [""; 0]);
    story.pass(seconds(1));
    assert_eq!(story.proven(), ["checkout:41"]);
    assert_eq!(story.due, None, "nothing is left to do");
}

/// A service that Steady sees for the first time when 42 begins, with two tasks of 41 that run for so long.
fn seen_first(old_for: jiff::SignedDuration) -> Story {
    let mut story = Story::first_seen();
    story.start(41);
    story.start(41);
    story.pass(old_for);
    story.begin(42);
    story
}

#[test]
fn what_ran_before_the_first_deployment_seen_is_proven_if_it_is_old_enough() {
    let mut story = seen_first(minutes(10));
    assert_eq!(story.proven(), ["checkout:41"]);
    story.pass(seconds(30));
    open(&mut story, 42);
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
    assert_eq!(seen_first(minutes(10) - seconds(1)).proven(), [""; 0]);
}

/// checkout:41 completes, and nobody looks (no event comes) until checkout:42 is deployed `later`.
fn seen_late(later: SignedDuration, crashes: usize) -> Story {
    let mut story = Story::new();
    story.begin(41);
    let tasks = [story.start(41), story.start(41), story.start(41)];
    story.complete(41);
    for task in tasks.iter().take(crashes) {
        story.now += seconds(61);
        story.end(task, End::OutOfMemory);
    }
    story.now += later;
    story.begin(42);
    story
}

#[test]
fn a_soak_that_nobody_looked_at_is_proven_when_the_next_deployment_begins() {
    let mut story = seen_late(minutes(10), 0);
    assert_eq!((story.proven(), story.ecs.reads.len()), (vec!["checkout:41"], 1));
    story.pass(seconds(30));
    open(&mut story, 42);
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn a_soak_that_had_not_ended_or_not_gone_well_is_not_proven_by_the_next_deployment() {
    assert_eq!(seen_late(minutes(10) - seconds(1), 0).proven(), [""; 0]);
    assert_eq!(seen_late(minutes(10), 2).proven(), [""; 0]);
}

#[test]
fn what_ran_before_is_looked_at_once() {
    let mut story = Story::first_seen();
    story.config.health.deadline = minutes(60);
    for deployment in 1..=4 {
        story.begin(deployment);
        story.pass(minutes(40));
    }
    assert_eq!((story.proven(), story.ecs.reads.len()), (vec![], 1));
}

#[test]
fn what_fails_before_the_first_deployment_seen_is_not_proven() {
    let mut story = Story::first_seen();
    let tasks = [story.start(41), story.start(41)];
    story.pass(minutes(20));
    story.end(&tasks[0], End::Exit(1));
    story.begin(42);
    assert_eq!(story.proven(), [""; 0]);
}

#[test]
fn evidence_against_it_puts_the_proof_off() {
    let mut story = Story::new();
    story.begin(41);
    story.start(41);
    story.complete(41);
    // Two crashes in hardly any exposure: 20 : 1 and more, no incident.
    story.live(41, seconds(70), End::OutOfMemory);
    story.live(41, seconds(70), End::OutOfMemory);
    story.pass(minutes(10));
    assert_eq!((story.proven(), story.count("incident-opened")), (vec![], 0));
    // Hours of good behaviour outweigh them.
    story.pass(minutes(24 * 60));
    assert_eq!(story.proven(), ["checkout:41"]);
}

#[test]
fn a_service_without_tasks_proves_nothing_and_is_not_asked_for_ever() {
    let mut story = Story::new();
    story.begin(41);
    story.complete(41);
    story.pass(minutes(24 * 60));
    assert_eq!(story.proven(), [""; 0]);
    assert_eq!(story.ecs.reads.len(), 1);
    assert_eq!(story.due, None, "nothing is left to do");
}

#[test]
fn a_second_failure_report_of_the_same_deployment_opens_nothing() {
    let mut story = Story::new();
    story.begin(42);
    story.fail(42);
    story.begin(43);
    story.start(43);
    story.complete(43);
    story.pass(minutes(10));
    assert_eq!(story.count("incident-resolved"), 1);
    // Delivered late and twice.
    story.now -= minutes(5);
    story.fail(42);
    story.now += minutes(5);
    story.fail(42);
    assert_eq!(story.count("incident-opened"), 1);
}

#[test]
fn an_accident_of_last_week_does_not_keep_todays_loop_open() {
    let mut story = Story::with_proven();
    story.live(41, seconds(5), End::Exit(1));
    story.pass(minutes(7 * 24 * 60));
    open(&mut story, 41);
    story.pass(minutes(60));
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn another_deployment_that_fails_in_an_open_incident_is_told_at_once() {
    let mut story = Story::new();
    story.config.health.rollback = steady_core::config::RollbackMode::Notify;
    story.begin(42);
    story.fail(42);
    story.pass(minutes(2));
    story.begin(43);
    story.pass(minutes(3));
    story.fail(43);
    assert_eq!(story.count("incident-opened"), 1);
    assert_eq!(story.stages(), ["opened", "rollback-refused"]);
    // An older one's failure that comes late changes nothing about whom it is.
    assert_eq!(story.record.incident.as_ref().unwrap().about, crate::story::id(43));
}

#[test]
fn what_is_over_is_not_escalated_in_the_same_breath() {
    let mut story = Story::new();
    story.begin(42);
    open(&mut story, 42);
    let opened = story.now;
    story.begin(43);
    story.start(43);
    // The soak ends just when the first escalation would be due.
    story.complete(43);
    story.now = opened + minutes(10);
    story.decide(Vec::new());
    assert_eq!(story.stages(), ["opened", "resolved"]);
}

#[test]
fn a_begin_that_is_told_after_the_failure_opens_nothing_again() {
    let mut story = Story::new();
    story.begin(41);
    story.pass(minutes(5));
    story.fail(42);
    assert_eq!(story.count("incident-opened"), 1);
    // Delivered late, in another batch.
    story.now -= minutes(3);
    story.begin(42);
    story.now += minutes(3);
    story.pass(minutes(1));
    assert_eq!((story.count("incident-opened"), story.count("incident-joined")), (1, 0));
}

#[test]
fn a_loop_in_a_deployment_whose_end_was_never_seen_ends_by_silence_too() {
    let mut story = Story::new();
    (0..4).for_each(|_| drop(story.start(41)));
    story.pass(minutes(300));
    (0..12).for_each(|_| story.live(41, seconds(5), End::Exit(1)));
    story.pass(minutes(24 * 60));
    assert_eq!((story.count("incident-opened"), story.count("incident-resolved")), (1, 1));
    (0..30).for_each(|_| story.live(41, seconds(5), End::Exit(1)));
    assert_eq!(story.count("incident-opened"), 2, "it swallows no later one");
}

#[test]
fn an_accident_of_the_same_day_does_not_keep_a_loop_open() {
    let mut story = Story::with_proven();
    story.pass(minutes(48 * 60));
    story.live(41, seconds(5), End::Exit(1));
    story.pass(minutes(20 * 60));
    open(&mut story, 41);
    story.pass(minutes(60));
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn a_revision_as_bad_as_the_one_before_is_neither_tolerated_nor_proven() {
    let mut story = Story::with_proven();
    story.config.health.rollback = steady_core::config::RollbackMode::Notify;
    for deployment in [42, 43] {
        story.begin(deployment);
        let mut tasks: Vec<_> = (0..20).map(|_| story.start(deployment)).collect();
        story.complete(deployment);
        for _ in 0..6 {
            story.pass(minutes(5));
            let again: Vec<_> = (0..20).map(|_| story.start(deployment)).collect();
            for task in std::mem::replace(&mut tasks, again) {
                story.end(&task, End::Exit(1));
            }
        }
        tasks.iter().for_each(|task| story.end(task, End::ScaleIn));
    }
    assert_eq!(story.proven(), ["checkout:41"]);
    assert_eq!(story.record.incident.as_ref().unwrap().about, crate::story::id(43));
}

#[test]
fn a_failure_that_ecs_mends_within_seconds_is_told_all_the_same() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..16).for_each(|_| drop(story.start(42)));
    story.pass(seconds(20));
    (0..4).for_each(|_| story.live(42, seconds(2), End::Exit(1)));
    // Within the limit on reads, and over before the next one.
    story.pass(seconds(8));
    story.fail(42);
    story.begin_native_rollback(41);
    story.pass(seconds(9));
    story.complete(41);
    story.pass(minutes(10));
    assert_eq!((story.count("incident-opened"), story.count("incident-resolved")), (1, 1));
}

#[test]
fn a_mass_crash_told_in_pieces_counts_whole() {
    let mut story = Story::new();
    story.begin(42);
    let tasks: Vec<_> = (0..120).map(|_| story.start(42)).collect();
    story.pass(seconds(5));
    let whole: Vec<_> = tasks.iter().map(|task| story.end_event(task, End::Exit(1))).collect();
    let mut early = whole.clone();
    for event in &mut early {
        if let steady_core::event::Body::Task(task) = &mut event.body {
            task.containers[0].exit_code = None;
        }
    }
    story.decide(early);
    story.decide(whole);
    let (_, current) = story.record.ledger.current().unwrap();
    assert_eq!((story.count("stop"), current.totals().failed_starts), (120, 120));
}

#[test]
fn the_notice_that_a_loop_is_over_still_says_what_it_was() {
    let mut story = Story::new();
    story.begin(42);
    open(&mut story, 42);
    story.pass(minutes(60));
    let notice = story.notices().into_iter().next_back().unwrap();
    assert_eq!(notice.stage, "resolved");
    assert_eq!(notice.cause.map(|cause| cause.slug()), Some("exit-code"));
    let text = notice.text();
    assert!(text.contains("container app ended with exit code 1"), "{text}");
}
