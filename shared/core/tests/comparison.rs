//! Key 2's numbers: the rule's worked examples, its bound, and what must hold whatever befalls both revisions.

use proptest::prelude::*;
use steady_core::comparison::{Life, TURNS_AT, compare};

fn runs(started: i64) -> Life {
    Life { started, ended: None, crashed: false }
}

fn crash(started: i64, ended: i64) -> Life {
    Life { started, ended: Some(ended), crashed: true }
}

/// `crashes` new tasks crash, one each second from 600 s on, each replaced so that `tasks` of them are always at
/// risk; `old` old ones run on beside them.
fn one_sided(crashes: i64, tasks: i64, old: i64) -> f64 {
    let mut new: Vec<Life> = (0..crashes).map(|n| crash(0, 600 + n)).collect();
    // Those that die later are at risk until they do.
    for n in 0..crashes {
        let others = tasks - (crashes - n);
        assert!(others >= 0, "enough tasks for all who crash");
    }
    new.extend((0..tasks - crashes).map(|_| runs(0)));
    // Replacements of run age: as many as have crashed, at risk from the next second on.
    new.extend((0..crashes).map(|n| runs(600 + n + 1 - 60)));
    let old: Vec<Life> = (0..old).map(|_| runs(0)).collect();
    compare(&new, &old, 0, 600 + crashes).evidence
}

#[test]
fn so_many_one_sided_crashes_are_needed_by_the_ratio_of_old_to_new_tasks() {
    // Theory's table, with 100 new tasks.
    for (crashes, ratio) in [(39, 0.1), (21, 0.2), (10, 0.5), (6, 1.0), (4, 2.0), (2, 10.0)] {
        let old = (100.0 * ratio) as i64;
        assert!(one_sided(crashes, 100, old) >= TURNS_AT, "{crashes} at {ratio}");
        let fewer = one_sided(crashes - 1, 100, old);
        assert!(fewer < TURNS_AT, "{} at {ratio}: {fewer}", crashes - 1);
    }
}

#[test]
fn a_crash_of_the_old_revision_speaks_for_the_new_one() {
    let new: Vec<Life> = (0..6).map(|n| crash(0, 600 + n)).collect();
    let old = vec![runs(0); 6];
    let alone = compare(&new, &old, 0, 700).evidence;
    let both = [vec![crash(0, 602)], old].concat();
    assert!(compare(&new, &both, 0, 700).evidence < alone / 2.0);
}

#[test]
fn old_tasks_too_young_to_have_died_of_it_are_no_witnesses() {
    let new: Vec<Life> = (0..6).map(|n| crash(0, 600 + n)).collect();
    // Six minutes old, when tasks die after ten.
    let young = vec![runs(240); 6];
    let compared = compare(&new, &young, 0, 610);
    assert!(compared.evidence <= 1.0, "{compared:?}");
    assert_eq!(compared.old_tasks, 0);
    // Two minutes later they are old enough, and were so when nobody crashed.
    assert_eq!(compare(&new, &young, 0, 730).old_tasks, 6);
}

#[test]
fn what_was_before_is_not_compared() {
    let new: Vec<Life> = (0..6).map(|n| crash(0, 600 + n)).collect();
    assert!(compare(&new, &[runs(0); 6], 610, 700).evidence <= 1.0);
}

/// A small generator, the same numbers everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn in_an_outage_that_hits_both_alike_it_turns_in_at_most_one_of_twenty() {
    let mut turned = 0;
    let rounds = 2_000;
    for round in 0..rounds {
        let mut numbers = Numbers(round);
        let (mut new, mut old): (Vec<i64>, Vec<i64>) = (vec![0; 5], vec![0; 5]);
        let (mut new_lives, mut old_lives) = (Vec::new(), Vec::new());
        // Forty crashes: each hits any of the tasks alive, which is replaced by one that is at risk at once.
        for n in 0..40 {
            let at = 700 + n * 20;
            let whose = numbers.below((new.len() + old.len()) as u64) as usize;
            if whose < new.len() {
                new_lives.push(crash(new[whose], at));
                new[whose] = at - 600;
            } else {
                let whose = whose - new.len();
                old_lives.push(crash(old[whose], at));
                old[whose] = at - 600;
            }
            let with = |lives: &[Life], alive: &[i64]| {
                [lives.to_vec(), alive.iter().map(|started| runs(*started)).collect()].concat()
            };
            if compare(&with(&new_lives, &new), &with(&old_lives, &old), 0, at).evidence >= TURNS_AT
            {
                turned += 1;
                break;
            }
        }
        new.clear();
        old.clear();
    }
    assert!(turned <= rounds / 20, "{turned} of {rounds}");
}

fn life() -> impl Strategy<Value = Life> {
    (0..3_000_i64, 0..3_000_i64, any::<bool>(), any::<bool>()).prop_map(
        |(started, lived, ended, crashed)| Life {
            started,
            ended: ended.then_some(started + lived),
            crashed: ended && crashed && lived >= 60,
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_lives_changes_nothing(
        mut new in prop::collection::vec(life(), 0..20), mut old in prop::collection::vec(life(), 0..20),
    ) {
        let before = compare(&new, &old, 0, 6_000);
        new.reverse();
        let half = old.len() / 2;
        old.rotate_left(half);
        let after = compare(&new, &old, 0, 6_000);
        prop_assert_eq!(before.old_tasks, after.old_tasks);
        prop_assert!((before.evidence - after.evidence).abs() <= before.evidence * 1e-9);
    }

    #[test]
    fn without_a_crash_of_the_new_revision_it_never_turns(
        mut new in prop::collection::vec(life(), 0..20), old in prop::collection::vec(life(), 0..20),
    ) {
        new.iter_mut().for_each(|life| life.crashed = false);
        prop_assert!(compare(&new, &old, 0, 6_000).evidence <= 1.0 + 1e-9);
    }
}
