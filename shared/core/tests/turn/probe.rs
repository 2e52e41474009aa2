//! A probe through everything that goes wrong: its tasks are started once, and never left behind.

use steady_core::config::Witness as Policy;
use steady_core::installation::{Account, Pause};
use steady_core::port::ConfigFiles;

use crate::faulty::{FAULTS, Fault};
use crate::story::{End, stop};
use crate::world::World;

const PROBING: &str = "[health]\nrollback = \"auto\"\nwitness = \"probe\"\n";

/// checkout:42 loops; its team asks for witnesses.
fn loops(world: &World) {
    world.with(|state| {
        state.config = ConfigFiles { defaults: Some(PROBING.to_owned()), service: None };
        state.running.clear();
    });
    world.loops(End::Exit);
}

/// Sweeps, for longer than a probe may take: each minute at first, then now and then.
fn sweeps(world: &World) {
    for number in 0..14 {
        world.pass(if number < 7 { 60 } else { 600 });
        world.turn(&format!("sweep-{number}"), &[]);
    }
}

#[test]
fn witnesses_are_started_and_stopped() {
    let world = World::with_proven();
    loops(&world);
    assert_eq!(world.record().config.health.witness, Policy::Probe);
    assert_eq!(
        world.subjects(),
        [
            "[critical] prod/checkout: restart loop on checkout:42, probing checkout:41",
            "[critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41",
        ]
    );
    sweeps(&world);
    let (started, left) = world.with(|state| (state.probes.len(), state.witnesses.len()));
    assert_eq!((started, left), (1, 0));
    assert_eq!(world.record().probe, None);
}

#[test]
fn with_any_fault_at_any_call_none_is_left_behind() {
    let calls = {
        let dry = World::with_proven();
        loops(&dry);
        sweeps(&dry);
        dry.with(|state| state.calls.len())
    };
    for fault in FAULTS {
        for number in 0..calls.min(90) {
            let world = World::with_fault(number, fault);
            loops(&world);
            sweeps(&world);
            let case = format!("{fault:?} at call {number}");
            let (started, left) = world.with(|state| (state.probes.clone(), state.witnesses.len()));
            assert!(started.len() <= 1, "{case}: {started:?}");
            assert_eq!(left, 0, "{case}");
            assert_eq!(world.record().probe, None, "{case}");
        }
    }
}

#[test]
fn where_tasks_may_not_be_stopped_it_is_tried_until_they_may() {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopTask", FAULTS[1]));
    loops(&world);
    sweeps(&world);
    assert_eq!(world.with(|state| state.witnesses.len()), 4, "refused");
    world.with(|state| state.broken.clear());
    sweeps(&world);
    assert_eq!(world.with(|state| state.witnesses.len()), 0);
    assert_eq!(world.record().probe, None);
}

#[test]
fn tasks_are_told_to_stop_once_in_a_turn() {
    let world = World::with_proven();
    loops(&world);
    let stops =
        || world.with(|state| state.calls.iter().filter(|call| **call == "StopTask").count());
    for number in 0..14 {
        world.pass(60);
        let before = stops();
        world.turn(&format!("sweep-{number}"), &[]);
        assert!(stops() - before <= 1, "turn {number}");
    }
    assert_eq!(stops(), 2, "told to stop, and seen to have stopped");
}

/// The notices of witnesses that run on.
fn of_left(world: &World) -> Vec<String> {
    let sent = world.with(|state| state.sent.clone());
    let left = sent.into_iter().filter(|message| message.attributes["stage"] == "witnesses-left");
    left.map(|message| format!("{}\n\n{}", message.subject, message.body)).collect()
}

#[test]
fn witnesses_that_cannot_be_stopped_for_ten_minutes_are_told_once_with_the_command_that_does() {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopTask", FAULTS[1]));
    loops(&world);
    for minute in 0..9 {
        world.pass(60);
        world.turn(&format!("minute-{minute}"), &[]);
    }
    assert_eq!(of_left(&world), [""; 0], "what is slow is over by then");
    sweeps(&world);
    let told = of_left(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    insta::assert_snapshot!(told[0], @r#"
    [warning] prod/checkout: witnesses of checkout:41 cannot be stopped for 10 min

    Steady started tasks of checkout:41 beside prod/checkout as witnesses and has tried for 10 min to stop them: they may run on, beside the service's own, cost as much and do the same work, until they are stopped.

    Since     2026-11-21 02:33:00 UTC

    Why       the last try: StopTask was refused (AccessDeniedException: is not authorized)

    Done      Steady tries again each minute until none is left; you are not told of it again

    You       1. To stop them now: for task in $(aws ecs list-tasks --cluster prod --started-by steady-probe/01M7XZ27083FEXRH7ZDPTYWSZ6-1795228245 --region eu-west-1 --query "taskArns[]" --output text); do aws ecs stop-task --cluster prod --region eu-west-1 --task "$task"; done
              2. If AWS says AccessDenied: the roles of `watch`, `alarm` and `sweep` need ecs:StopTask on the tasks, and nothing may deny it

    notice witnesses-28ad3d3eb1af89b3, Steady 0.1.0
    "#);
}

#[test]
fn witnesses_that_are_stopped_late_are_told_to_nobody() {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopTask", Fault::Throttled));
    loops(&world);
    for minute in 0..8 {
        world.pass(60);
        world.turn(&format!("minute-{minute}"), &[]);
    }
    world.with(|state| state.broken.clear());
    sweeps(&world);
    assert_eq!(world.with(|state| state.witnesses.len()), 0);
    assert_eq!(of_left(&world), [""; 0]);
}

/// What each notice says that was done, and the line before it.
fn told(world: &World) -> Vec<String> {
    let bodies = world.with(|state| state.sent.clone());
    bodies.into_iter().map(|message| message.body).collect()
}

#[test]
fn witnesses_that_ecs_has_started_are_told_as_started() {
    let world = World::with_proven();
    loops(&world);
    let told = told(&world);
    assert!(
        told[0].contains("so Steady starts 4 of them as witnesses; it rolls back"),
        "{}",
        told[0]
    );
    assert!(told[0].contains("Steady started 4 tasks of checkout:41 (RunTask"), "{}", told[0]);
}

#[test]
fn of_fewer_witnesses_than_were_asked_for_those_are_told_that_there_are() {
    let world = World::with_proven();
    world.with(|state| state.room = Some(2));
    loops(&world);
    let told = told(&world);
    assert!(told[0].contains("Steady started 2 tasks of checkout:41"), "{}", told[0]);
}

#[test]
fn witnesses_that_ecs_has_not_started_are_told_as_wanted_and_at_last_as_refused() {
    for fault in [Fault::Throttled, Fault::Lost] {
        let world = World::with_proven();
        world.with(|state| state.broken.insert("RunTask", fault));
        loops(&world);
        let first = told(&world)[0].clone();
        assert_eq!(
            world.subjects()[0],
            "[critical] prod/checkout: restart loop on checkout:42, about to probe checkout:41",
        );
        for words in [
            "so Steady wants 4 of them as witnesses, which ECS has not started yet; it rolls back",
            "Steady asked for 4 tasks of checkout:41",
            "AWS: \"RunTask ",
            "you are told if it does not start them",
        ] {
            assert!(first.contains(words), "{words}: {first}");
        }
        assert!(!first.contains("Steady starts") && !first.contains("Steady started"), "{first}");
        sweeps(&world);
        let refused = told(&world)[1].clone();
        assert!(refused.contains("nothing: no witnesses could be started: RunTask "), "{refused}");
        assert_eq!(world.with(|state| state.witnesses.len()), 0);
        assert_eq!(world.record().probe, None);
    }
}

#[test]
fn a_probe_is_logged_as_asked_for_as_begun_and_as_ended_once_each() {
    let of_probe = |world: &World| {
        let entries = world.with(|state| state.entries.clone());
        let entries = entries.iter().filter(|entry| entry.what.kind().starts_with("probe"));
        let entries = entries.map(|entry| format!("{}: {}", entry.what.kind(), entry.what));
        entries.collect::<Vec<_>>()
    };
    let asked = "probe: 4 tasks of checkout:41 are asked for as witnesses, until 2026-11-21 03:";
    let (begun, ended) = (
        "probe-begun: ECS has started 4 tasks of checkout:41 as witnesses",
        "probe-ended: no witness of checkout:41 runs any more",
    );
    let world = World::with_proven();
    loops(&world);
    sweeps(&world);
    let told = of_probe(&world);
    assert!(told[0].starts_with(asked), "{told:?}");
    assert_eq!(told[1..], [begun, ended]);

    let world = World::with_proven();
    world.with(|state| state.broken.insert("RunTask", Fault::Throttled));
    loops(&world);
    sweeps(&world);
    let told = of_probe(&world);
    assert!(told[0].starts_with(asked), "{told:?}");
    assert_eq!(told[1..], [ended]);
}

/// checkout:42 has failed four times, and witnesses have just been started.
fn asked(world: &World) {
    world.with(|state| {
        state.config = ConfigFiles { defaults: Some(PROBING.to_owned()), service: None };
        state.running.clear();
    });
    world.deploys();
    world.deliver("four", &world.four(End::Exit));
    assert_eq!(world.with(|state| (state.probes.len(), state.witnesses.len())), (1, 4));
}

#[test]
fn what_cannot_be_read_for_a_moment_does_not_end_a_probe() {
    for call in ["GetItem", "GetParameters", "DescribeTasks", "ListTasks"] {
        let world = World::with_proven();
        asked(&world);
        let told = world.subjects();
        world.with(|state| state.broken.insert(call, Fault::Throttled));
        world.pass(40);
        world.turn("sweep", &[]);
        assert_eq!(world.subjects(), told, "{call}");
        world.with(|state| state.broken.clear());
        world.pass(40);
        world.turn("sweep again", &[]);
        assert_eq!(world.with(|state| state.witnesses.len()), 4, "{call}");
        assert!(world.record().probe.is_some(), "{call}");
    }
}

#[test]
fn an_account_that_cannot_be_read_keeps_no_witness_beyond_its_hour() {
    let world = World::with_proven();
    asked(&world);
    world.with(|state| state.broken.insert("GetItem", Fault::Throttled));
    sweeps(&world);
    assert_eq!(world.with(|state| (state.probes.len(), state.witnesses.len())), (1, 0));
    assert_eq!(world.record().probe, None);
}

#[test]
fn after_a_pause_the_witnesses_are_others() {
    let world = World::with_proven();
    asked(&world);
    let paused = Account { paused: Some(Pause::default()), ..Account::default() };
    world.with(|state| state.account = paused);
    for number in 0..3 {
        world.pass(60);
        world.turn(&format!("paused-{number}"), &[]);
    }
    assert_eq!(world.with(|state| state.witnesses.len()), 0);
    assert_eq!(world.record().probe, None);
    world.with(|state| state.account = Account::default());
    world.pass(60);
    world.deliver("more", &[stop(world.now(), 210, 42, End::Exit)]);
    let (probes, left) = world.with(|state| (state.probes.clone(), state.witnesses.len()));
    assert_eq!((probes.len(), left), (2, 4), "{:?}", world.subjects());
    assert_ne!(probes[0], probes[1]);
    assert!(probes.iter().all(|one| one.len() <= 64), "a client token is no longer: {probes:?}");
}
