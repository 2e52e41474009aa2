//! A probe through everything that goes wrong: its tasks are started once, and never left behind.

use steady_core::config::Witness as Policy;
use steady_core::port::ConfigFiles;

use crate::story::End;
use crate::world::{FAULTS, World};

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
