//! When an incident opens, and when it does not.

use proptest::prelude::*;
use steady_core::incident::IncidentKind;
use steady_core::record::Record;
use steady_core::watch::{self, Observation, Running};

use crate::story::{End, Story, minutes, seconds};

#[test]
fn four_straight_failing_starts_open_a_restart_loop() {
    let mut story = Story::new();
    story.begin(42);
    for failed in 1..=4 {
        assert_eq!(story.kinds(), [""; 0], "after {} failures", failed - 1);
        story.live(42, seconds(5), End::Exit(1));
    }
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    assert_eq!(story.evidence(), 1270.0);
    let incident = story.record.incident.as_ref().unwrap();
    assert_eq!(incident.kind, IncidentKind::RestartLoop);
    assert_eq!(incident.revision.as_ref().unwrap().as_str(), "checkout:42");
}

#[test]
fn of_twenty_tasks_that_crash_after_five_minutes_the_fifth_opens_it() {
    let mut story = Story::new();
    story.begin(42);
    let tasks: Vec<_> = (0..20).map(|_| story.start(42)).collect();
    story.complete(42);
    story.pass(minutes(5));
    for (crashed, task) in (1..).zip(&tasks) {
        story.end(task, End::Exit(1));
        assert_eq!(story.count("incident-opened"), usize::from(crashed >= 5), "at crash {crashed}");
        // Slower than the limit on reads, so that each crash is looked at.
        story.pass(seconds(31));
    }
}

#[test]
fn of_two_tasks_that_crash_after_five_minutes_the_third_crash_opens_it() {
    let mut story = Story::new();
    story.begin(42);
    let mut tasks = [story.start(42), story.start(42)];
    for crashed in 1..=4 {
        story.pass(minutes(5));
        let again = tasks.each_ref().map(|_| story.start(42));
        for task in std::mem::replace(&mut tasks, again) {
            story.end(&task, End::Exit(1));
        }
        // Two crashes a wave: the third is the first of the second wave.
        assert_eq!(story.count("incident-opened"), usize::from(2 * crashed > 2), "wave {crashed}");
    }
}

#[test]
fn failed_health_checks_within_five_minutes_fail_the_start_and_later_ones_are_crashes() {
    let lives = |life| {
        let mut story = Story::new();
        story.begin(42);
        (0..4).for_each(|_| story.live(42, life, End::ElbHealthCheck));
        let (_, current) = story.record.ledger.current().unwrap();
        let totals = current.totals();
        (totals.failed_starts, totals.passed_starts, totals.crashes)
    };
    assert_eq!(lives(seconds(75)), (4, 0, 0));
    assert_eq!(lives(seconds(299)), (4, 0, 0));
    assert_eq!(lives(seconds(300)), (0, 4, 4));
}

#[test]
fn the_breaker_opens_an_incident_which_the_fourth_failure_joins() {
    let mut story = Story::new();
    story.begin(28);
    for _ in 0..3 {
        story.live(28, seconds(70), End::ElbHealthCheck);
        story.pass(seconds(25));
    }
    story.fail(28);
    assert_eq!(story.evidence(), 147.0);
    story.pass(seconds(31));
    story.live(28, seconds(65), End::ElbHealthCheck);
    assert_eq!(
        story.kinds(),
        ["incident-opened", "rollback-refused", "notice", "incident-joined",],
    );
    assert_eq!(story.evidence(), 1270.0);
    assert_eq!(story.record.incident.as_ref().unwrap().kind, IncidentKind::DeploymentFailed);
}

#[test]
fn tasks_that_still_run_keep_it_from_turning() {
    let mut story = Story::new();
    story.begin(42);
    (0..40).for_each(|_| drop(story.start(42)));
    for _ in 0..5 {
        story.live(42, seconds(5), End::Exit(1));
        story.pass(seconds(30));
    }
    assert_eq!(story.kinds(), [""; 0]);
    assert!(!story.ecs.reads.is_empty(), "ECS is asked once the failures seen could turn the key");
}

#[test]
fn a_healthy_service_costs_one_read_for_each_completed_deployment_and_one_at_first_sight() {
    let mut story = Story::first_seen();
    for deployment in 1..=5 {
        story.begin(deployment);
        let tasks: Vec<_> = (0..4).map(|_| story.start(deployment)).collect();
        story.pass(minutes(3));
        story.complete(deployment);
        story.pass(minutes(180));
        tasks.iter().for_each(|task| story.end(task, End::ScaleIn));
    }
    // Whose revision each deployment carries is not known until it is read.
    assert_eq!(story.ecs.reads.len(), 1 + 5);
    assert_eq!(story.entries.len(), story.count("stop"), "nothing but stops");
}

#[test]
fn it_is_read_at_most_once_in_thirty_seconds() {
    let mut story = Story::new();
    story.begin(42);
    (0..200).for_each(|_| drop(story.start(42)));
    for _ in 0..120 {
        story.live(42, seconds(1), End::Exit(1));
    }
    let gaps: Vec<i64> =
        story.ecs.reads.windows(2).map(|pair| (pair[1] - pair[0]).get_seconds()).collect();
    assert!(story.ecs.reads.len() >= 2, "{:?}", story.ecs.reads);
    assert!(gaps.iter().all(|gap| *gap >= 30), "{gaps:?}");
}

#[test]
fn an_ecs_that_does_not_answer_convicts_nobody_and_is_asked_again() {
    let mut story = Story::new();
    story.begin(42);
    story.ecs.answers = false;
    for _ in 0..8 {
        story.live(42, seconds(5), End::Exit(1));
    }
    story.pass(minutes(5));
    assert_eq!(story.kinds(), [""; 0]);
    assert!(story.ecs.reads.len() > 5);
    story.ecs.answers = true;
    story.pass(seconds(30));
    assert_eq!(story.count("incident-opened"), 1);
}

#[test]
fn never_on_fewer_than_three_failed_tasks() {
    let mut story = Story::new();
    story.begin(42);
    // Two crashes in hardly any exposure are strong in number: two tasks may still be two accidents.
    story.live(42, seconds(61), End::OutOfMemory);
    story.live(42, seconds(61), End::OutOfMemory);
    assert_eq!(story.kinds(), [""; 0]);
    story.live(42, seconds(61), End::OutOfMemory);
    assert_eq!(story.count("incident-opened"), 1);
}

#[test]
fn late_stops_of_a_replaced_revision_never_open_one() {
    let mut story = Story::with_proven();
    let old: Vec<_> = (0..8).map(|_| story.start(41)).collect();
    story.begin(42);
    old.iter().for_each(|task| story.end(task, End::Exit(1)));
    story.pass(minutes(5));
    assert_eq!(story.kinds(), [""; 0]);
}

#[test]
fn what_the_environment_ends_is_counted_for_nobody() {
    let mut story = Story::new();
    story.begin(42);
    (0..20).for_each(|_| story.never_start(42, End::NoRegistry));
    (0..20).for_each(|_| story.live(42, seconds(20), End::Spot));
    story.pass(minutes(5));
    assert_eq!(story.record.incident.as_ref().unwrap().kind, IncidentKind::Environment);
    assert_eq!(story.count("incident-opened"), 1);
    let (_, current) = story.record.ledger.current().unwrap();
    assert_eq!((current.totals().starts(), current.totals().failed_tasks()), (0, 0));
}

#[test]
fn a_loop_on_the_tenth_day_is_found_as_one_on_the_first() {
    let mut story = Story::with_proven();
    story.pass(minutes(10 * 24 * 60));
    let before = story.entries.len();
    // In its 240th hour, with four good tasks and an hour of good behaviour that day.
    for _ in 0..8 {
        story.live(41, minutes(4), End::Exit(1));
    }
    assert_eq!(
        story.entries[before..].iter().filter(|e| e.what.kind() == "incident-opened").count(),
        1
    );
}

#[test]
fn a_stop_told_in_pieces_counts_once_and_by_what_is_known_in_the_end() {
    let mut story = Story::new();
    story.begin(42);
    let task = story.start(42);
    story.pass(seconds(5));
    let whole = story.end_event(&task, End::OutOfMemory);
    let mut early = whole.clone();
    if let steady_core::event::Body::Task(task) = &mut early.body {
        task.containers[0].exit_code = None;
        task.containers[0].reason = None;
    }
    story.decide(vec![early]);
    let causes = |story: &Story| {
        let (_, current) = story.record.ledger.current().unwrap();
        (
            current.causes().iter().map(|(c, _, n)| (c.slug(), *n)).collect::<Vec<_>>(),
            current.totals().failed_starts,
        )
    };
    assert_eq!(causes(&story), (vec![("exit-pending", 1)], 0));
    story.decide(vec![whole.clone(), whole]);
    assert_eq!(causes(&story), (vec![("out-of-memory", 1)], 1));
    assert_eq!(story.count("stop"), 1);
}

/// The ledger after `events`, taken in as batches of the given lengths.
fn ledger_after(
    events: &[steady_core::event::Event],
    batches: &[usize],
) -> steady_core::ledger::Ledger {
    let story = Story::new();
    let mut record = Record::new("prod/checkout".into());
    let now = story.now + minutes(120);
    let mut rest = events;
    for length in batches.iter().copied().chain([usize::MAX]) {
        let (batch, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        let observation = Observation {
            events: batch.to_vec(),
            running: Running::Unknown("not asked in this test".to_owned()),
            brakes: steady_core::installation::Brakes::released(&story.account),
            logs: watch::Logs::Nowhere,
            ..Observation::default()
        };
        record = watch::decide(record, observation, &story.config, now).record;
    }
    record.ledger
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn order_and_repeats_change_nothing_in_the_ledger(
        lives in prop::collection::vec((0..3_u8, 1..400_i64), 1..30),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        batches in prop::collection::vec(1..9_usize, 0..6),
    ) {
        let mut story = Story::new();
        story.begin(42);
        let mut events = Vec::new();
        for (end, life) in lives {
            let task = story.start(42);
            story.now += seconds(life);
            let end = [End::Exit(1), End::ElbHealthCheck, End::ScaleIn][usize::from(end)];
            events.push(story.end_event(&task, end));
        }
        let once = ledger_after(&events, &[]);
        let mut shuffled = events.clone();
        shuffled.extend_from_slice(&events[order.index(events.len())..]);
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        // One batch in any order, with repeats: the very same.
        prop_assert_eq!(&ledger_after(&shuffled, &[]), &once);
        // In several batches the deployment's begin is not known at first, so half hours may be counted from
        // another task's; what is counted is the same.
        let several = ledger_after(&shuffled, &batches);
        let totals = |ledger: &steady_core::ledger::Ledger| {
            let (_, current) = ledger.current().unwrap();
            (current.totals(), current.causes(), current.failures())
        };
        prop_assert_eq!(totals(&several), totals(&once));
    }
}
