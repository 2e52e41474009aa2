//! Many runs on all cores. What comes out does not depend on how many there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::guard::Guard;
use super::scenario::Scenario;
use super::stats::Summary;
use super::world::{Feed, Outcome, World};

/// Runs taken at a time: enough that taking costs nothing, few enough that no core waits long for the last ones.
const AT_A_TIME: usize = 4;

/// A few runs of one scenario, with every guard.
struct Job {
    scenario: usize,
    from: usize,
    to: usize,
}

/// The seed of a run: the same for every scenario and guard.
pub(super) fn seed_of(seed: u64, run: usize) -> u64 {
    // splitmix64, as in the simulated ECS: neighbouring seeds share nothing.
    let mut z = seed.wrapping_add((run as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Runs each scenario `runs` times with each guard: summaries by scenario, then by guard, in the order given.
pub(super) fn all(
    scenarios: &[Scenario],
    guards: &[Guard],
    runs: u32,
    seed: u64,
    threads: usize,
) -> Vec<Vec<Summary>> {
    let mut jobs = Vec::new();
    // By scenario, then by run, then by guard.
    let mut outcomes: Vec<Vec<Vec<Outcome>>> = Vec::new();
    for (scenario, of) in scenarios.iter().enumerate() {
        let runs = of.runs_at_most.map_or(runs, |most| most.min(runs)) as usize;
        outcomes.push(vec![Vec::new(); runs]);
        let from = (0..runs).step_by(AT_A_TIME);
        jobs.extend(from.map(|from| Job { scenario, from, to: (from + AT_A_TIME).min(runs) }));
    }
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(outcomes);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(scenario) = scenarios.get(job.scenario) else { return };
            let of = |run| one(scenario, guards, seed_of(seed, run));
            let mut done: Vec<Vec<Outcome>> = (job.from..job.to).map(of).collect();
            let Ok(mut outcomes) = outcomes.lock() else { return };
            let slots =
                outcomes.get_mut(job.scenario).and_then(|all| all.get_mut(job.from..job.to));
            slots.into_iter().for_each(|slots| slots.swap_with_slice(&mut done));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let outcomes = outcomes.into_inner().unwrap_or_default();
    let of_scenario = |runs: Vec<Vec<Outcome>>| {
        let of_guard = |guard: usize| {
            let all: Vec<Outcome> = runs.iter().filter_map(|run| run.get(guard).copied()).collect();
            Summary::of(&all)
        };
        (0..guards.len()).map(of_guard).collect()
    };
    outcomes.into_iter().map(of_scenario).collect()
}

/// One run of a scenario with each guard, in their order.
///
/// Until key 1 turns, nothing that Steady does depends on `witness`: the worlds of its three guards are the same. So what
/// one of them has seen is not played again for the others.
pub(super) fn one(scenario: &Scenario, guards: &[Guard], seed: u64) -> Vec<Outcome> {
    let mut known: Option<Outcome> = None;
    let mut outcomes = vec![Outcome::default(); guards.len()];
    for guard in [Guard::Act, Guard::Probe, Guard::Page, Guard::Breaker, Guard::Count] {
        if !guards.contains(&guard) {
            continue;
        }
        let to_the_end = scenario.expect.get(&guard).is_some_and(|expect| expect.ends_on.is_some());
        let is_steady = matches!(guard, Guard::Page | Guard::Act | Guard::Probe);
        let known_of = known.filter(|_| is_steady && !to_the_end);
        let outcome = match known_of {
            Some(known) if guard == Guard::Page => {
                Outcome { fired_after: known.key1_after, ..known }
            }
            Some(known) if known.key1_after.is_none() => known,
            _ => {
                let world = World::new(scenario, guard, seed, Feed::Facts);
                if to_the_end { world.until_the_end() } else { world.until_fired() }
            }
        };
        if is_steady {
            known = known.or(Some(outcome));
        }
        let slots = guards.iter().zip(&mut outcomes).filter(|(one, _)| **one == guard);
        slots.for_each(|(_, slot)| *slot = outcome);
    }
    outcomes
}
