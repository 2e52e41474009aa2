//! What must hold whatever the load.

use proptest::prelude::*;
use steady_sim::scaling::{Limit, Oracle, Why, needed};

use super::*;

const TWO_POLICIES: &str = "[capacity]
min = 2
max = 30
[[target_tracking]]
metric = 'cpu'
target = 60.0
scale_out_cooldown = '4m'
scale_in_cooldown = '7m'
[[step]]
name = 'burst'
metric = 'cpu'
comparison = '>='
threshold = 85
evaluation_periods = 2
adjustment = 'percent-change-in-capacity'
steps = [{ from = 0, to = 10, by = 20 }, { from = 10, by = 50 }]
cooldown = '3m'
[[window]]
name = 'mornings'
start = 'cron(0 1 * * ? *)'
end = 'cron(0 3 * * ? *)'
min = 5
max = 20
";

/// Stretches of load, some of it unknown.
fn loads() -> impl Strategy<Value = Vec<f64>> {
    let load = prop_oneof![8 => 0.0..40.0, 1 => Just(0.0), 1 => Just(f64::NAN)];
    prop::collection::vec((1_usize..40, load), 1..30).prop_map(|parts| stretches(&parts))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn capacity_is_within_its_bounds_in_every_step(tasks in loads(), start_up in 0_u32..400) {
        let assumed = Assumptions { start_up_seconds: start_up, ..Assumptions::default() };
        let played = play(&config(TWO_POLICIES), &Given::default(), &demand(60, tasks), &assumed);
        for (moment, bounds) in played.moments.iter().zip(&played.bounds) {
            prop_assert!((bounds.min..=bounds.max).contains(&moment.desired()), "{moment:?} {bounds:?}");
        }
    }

    #[test]
    fn actions_tell_the_whole_way_and_none_changes_nothing(tasks in loads()) {
        let played = play(&config(TWO_POLICIES), &Given::default(), &demand(60, tasks), &Assumptions::default());
        let mut desired = played.moments[0].desired();
        if let Some(first) = played.actions.first().filter(|first| first.step == 0) {
            desired = first.from;
        }
        let mut actions = played.actions.iter().peekable();
        for moment in &played.moments {
            while let Some(action) = actions.next_if(|action| action.step == moment.step) {
                prop_assert_eq!(action.from, desired);
                prop_assert_ne!(action.to, action.from);
                desired = action.to;
            }
            prop_assert_eq!(moment.desired(), desired);
        }
        prop_assert!(actions.next().is_none());
    }

    /// Judged by the log alone: a scale-in of target tracking less than 7 minutes after another, with no scale-out between,
    /// is one in its cooldown; so is a scale-out less than 4 minutes after another that asks for no more than that.
    #[test]
    fn no_policy_acts_in_its_cooldown(tasks in loads()) {
        let played = play(&config(TWO_POLICIES), &Given::default(), &demand(60, tasks), &Assumptions::default());
        let (mut last_in, mut last_out): (Option<usize>, Option<(usize, u32)>) = (None, None);
        for action in &played.actions {
            let Why::Tracking { wish, .. } = action.why else {
                if action.to > action.from && matches!(action.why, Why::Step { .. }) {
                    last_in = None;
                }
                continue;
            };
            if action.to < action.from {
                prop_assert!(last_in.is_none_or(|at| action.step >= at + 7), "{action:?}");
                last_in = Some(action.step);
            } else {
                prop_assert!(
                    last_out.is_none_or(|(at, before)| action.step >= at + 4 || wish > before),
                    "{action:?}"
                );
                (last_in, last_out) = (None, Some((action.step, wish)));
            }
        }
    }

    #[test]
    fn a_wish_that_was_cut_ends_at_its_bound(tasks in loads()) {
        let played = play(&config(TWO_POLICIES), &Given::default(), &demand(60, tasks), &Assumptions::default());
        for action in &played.actions {
            let bounds = played.bounds[action.step];
            match action.limit {
                Some(Limit::Max) => prop_assert_eq!(action.to, bounds.max),
                Some(Limit::Min) => prop_assert_eq!(action.to, bounds.min),
                _ => {}
            }
        }
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(tasks in loads()) {
        let demand = demand(60, tasks);
        let bytes = || {
            let played = play(&config(TWO_POLICIES), &Given::default(), &demand, &Assumptions::default());
            format!("{:?}{:?}{:?}", played.moments, played.actions, played.held)
        };
        prop_assert_eq!(bytes(), bytes());
    }

    /// Against a maximum taken afresh for each step.
    #[test]
    fn the_oracle_is_never_short_and_wants_no_more_than_the_future_needs(tasks in loads(), start_up in 0_usize..7) {
        let demand = demand(60, tasks);
        let mut last = 0;
        let mut needs = Vec::new();
        for load in &demand.tasks {
            last = if load.is_nan() { last } else { needed(*load) };
            needs.push(last);
        }
        let mut oracle = Oracle::new(&demand, start_up as u32 * 60);
        run(&demand, start_up as u32 * 60, &mut oracle, |moment, _| {
            let until = (moment.step + start_up + 1).min(demand.tasks.len());
            let most = needs[moment.step..until].iter().copied().max();
            assert_eq!(Some(moment.desired()), most);
            assert!(moment.running >= needs[moment.step], "{moment:?}");
        });
    }
}
