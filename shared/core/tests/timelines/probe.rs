//! `witness = "probe"`: tasks of the proven revision bear witness, and are never left behind.

use steady_core::config::Witness as Policy;
use steady_core::outbox::Work;
use steady_core::port::{Witness, WitnessStop};
use steady_core::rollback::{Refusal, RollbackState};

use crate::story::{End, Story, minutes, seconds};

/// checkout:42 is being deployed over checkout:41, which is proven and whose last tasks are gone.
fn deploying() -> Story {
    let mut story = Story::with_proven();
    story.probes = true;
    story.config.health.witness = Policy::Probe;
    for task in story.running_of(41) {
        story.end(&task, End::ScaleIn);
    }
    story.begin(42);
    story
}

fn fails(story: &mut Story, times: usize) {
    (0..times).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
}

/// The witnesses that were asked for run from now on.
fn witnesses_run(story: &mut Story) -> usize {
    let asked = story.todo.iter().find_map(|work| match work {
        Work::Probe(probe) => Some(probe.count),
        _ => None,
    });
    let witness = |number| Witness {
        task: format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/witness{number}")
            .as_str()
            .into(),
        started_at: Some(story.now),
        stop: None,
    };
    let all: Vec<Witness> = (0..asked.unwrap_or(0)).map(witness).collect();
    story.ecs.witnesses = all;
    story.ecs.witnesses.len()
}

fn a_witness_ends(story: &mut Story, code: &str, exit_code: Option<i64>) {
    let container =
        steady_core::event::Container { name: Some("app".into()), exit_code, reason: None };
    let reason = match code {
        "EssentialContainerExited" => "Essential container in task exited",
        _ => "Your Spot Task was interrupted.",
    };
    story.ecs.witnesses[0].stop = Some(WitnessStop {
        at: story.now,
        stop_code: Some(code.into()),
        stopped_reason: Some(reason.to_owned()),
        containers: vec![container],
    });
}

fn stops(story: &Story) -> usize {
    story.todo.iter().filter(|work| matches!(work, Work::StopProbe(_))).count()
}

fn probing(story: &Story) -> bool {
    let incident = story.record.incident.as_ref();
    matches!(incident.map(|incident| &incident.rollback), Some(RollbackState::Probing(_)))
}

#[test]
fn witnesses_that_live_where_new_tasks_die_convict() {
    let mut story = deploying();
    fails(&mut story, 4);
    assert!(probing(&story), "{:?}", story.refusal());
    let notice = story.notices()[0].text();
    assert!(
        notice.contains("Steady starts 4 of them as witnesses; it rolls back if they live where those of checkout:42 die."),
        "{notice}"
    );
    assert_eq!(witnesses_run(&mut story), 4, "as many as the service has tasks");
    fails(&mut story, 3);
    assert_eq!(story.count("rollback"), 0, "the witnesses have not lived long enough");
    story.pass(seconds(61));
    fails(&mut story, 1);
    story.pass(seconds(30));
    assert_eq!(story.count("rollback"), 1, "{:?}", story.kinds());
    assert_eq!(stops(&story), 1);
    assert_eq!(story.record.probe, None);
}

#[test]
fn witnesses_that_die_acquit() {
    let mut story = deploying();
    fails(&mut story, 4);
    witnesses_run(&mut story);
    story.pass(seconds(10));
    a_witness_ends(&mut story, "EssentialContainerExited", Some(1));
    story.pass(seconds(40));
    assert_eq!(
        story.refusal(),
        Some(Refusal::WitnessesFailed { revision: "checkout:41".into(), failed: 1, of: 4 })
    );
    assert_eq!((story.count("rollback"), stops(&story)), (0, 1));
    // That is for good: another probe of the same deployment would tell no more.
    story.ecs.witnesses.clear();
    fails(&mut story, 5);
    story.pass(minutes(5));
    let probes = story.todo.iter().filter(|work| matches!(work, Work::Probe(_))).count();
    assert_eq!((story.count("rollback"), probes), (0, 1));
}

#[test]
fn a_witness_that_spot_takes_says_nothing() {
    let mut story = deploying();
    fails(&mut story, 4);
    witnesses_run(&mut story);
    a_witness_ends(&mut story, "SpotInterruption", None);
    story.pass(seconds(62));
    fails(&mut story, 3);
    story.pass(seconds(30));
    assert_eq!(story.count("rollback"), 1, "three of four lived: {:?}", story.refusal());
}

#[test]
fn while_tasks_run_witnesses_are_compared_as_old_tasks_are() {
    let mut story = deploying();
    let first: Vec<_> = (0..4).map(|_| story.start(42)).collect();
    story.complete(42);
    story.pass(minutes(5));
    first.iter().for_each(|task| story.end(task, End::Exit(1)));
    assert!(probing(&story), "{:?}", story.kinds());
    witnesses_run(&mut story);
    // Two waves more, each as old as the first; the witnesses are as old by then.
    for _ in 0..2 {
        let wave: Vec<_> = (0..4).map(|_| story.start(42)).collect();
        story.pass(minutes(5));
        for task in &wave {
            story.pass(seconds(5));
            story.end(task, End::Exit(1));
        }
    }
    story.pass(minutes(1));
    assert_eq!(story.count("rollback"), 1, "{:?} {:?}", story.kinds(), story.refusal());
    assert_eq!(stops(&story), 1);
}

#[test]
fn after_an_hour_a_probe_is_over() {
    let mut story = deploying();
    story.config.health.deadline = minutes(600);
    fails(&mut story, 4);
    witnesses_run(&mut story);
    // One new task lives, and now and then another does not start: that decides nothing at boot.
    let one = story.start(42);
    for _ in 0..5 {
        story.pass(minutes(11));
        fails(&mut story, 1);
        assert!(probing(&story), "{:?}", story.refusal());
    }
    story.pass(minutes(5));
    assert_eq!(story.refusal(), Some(Refusal::ProbeUndecided { revision: "checkout:41".into() }));
    assert_eq!((story.count("rollback"), stops(&story)), (0, 1));
    story.end(&one, End::ScaleIn);
}

#[test]
fn an_unreadable_ecs_keeps_no_witness_running() {
    let mut story = deploying();
    fails(&mut story, 4);
    witnesses_run(&mut story);
    story.ecs.answers = false;
    story.pass(minutes(61));
    assert_eq!((story.count("rollback"), stops(&story)), (0, 1));
    assert_eq!(story.record.probe, None);
}

#[test]
fn somebodys_deployment_ends_a_probe() {
    let mut story = deploying();
    fails(&mut story, 4);
    witnesses_run(&mut story);
    story.begin(43);
    assert_eq!(stops(&story), 1, "{:?}", story.refusal());
    assert_eq!(story.record.probe, None);
}

#[test]
fn nobody_checks_a_witness_so_failed_health_checks_ask_none() {
    let mut story = deploying();
    (0..5).for_each(|_| story.live(42, seconds(70), End::ElbHealthCheck));
    story.pass(minutes(2));
    assert_eq!(story.refusal(), Some(Refusal::WitnessesUnchecked));
    assert!(!story.todo.iter().any(|work| matches!(work, Work::Probe(_))));
}

#[test]
fn a_task_killed_for_memory_needs_no_witness() {
    let mut story = deploying();
    story.complete(42);
    (0..3).for_each(|_| story.live(42, seconds(70), End::OutOfMemory));
    assert_eq!(story.count("rollback"), 1);
    assert!(!story.todo.iter().any(|work| matches!(work, Work::Probe(_))));
}
