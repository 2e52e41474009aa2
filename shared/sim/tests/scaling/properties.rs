//! What must hold whatever the config and the load. Judged from outside: by the bounds in force and the log of actions, with
//! cooldowns as the config has them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use steady_core::config::Scaling;
use steady_core::overrides::{OverriddenBy, Override};
use steady_core::scaling::{InForce, Suspended};
use steady_sim::scaling::{Limit, Oracle, Why, needed};

use super::*;

/// Policies that track CPU, requests, both or neither: targets in percent of what a task carries, cooldowns in minutes, whether they
/// scale in.
fn tracked() -> impl Strategy<Value = String> {
    const CPU: &str = "metric = 'cpu'";
    const REQUESTS: &str = "metric = 'alb-requests-per-target'\nresource_label = 'app/web/0123456789abcdef/targetgroup/web/0123456789abcdef'";
    let one = || prop::option::of((20_u32..95, 0_u32..12, 0_u32..12, any::<bool>()));
    (one(), one()).prop_map(|(cpu, requests)| {
        let one = |name: &str, metric: &str, (target, out, fewer, disabled)| {
            format!(
                "[[target_tracking]]\nname = '{name}'\n{metric}\ntarget = {target}\nscale_out_cooldown = '{out}m'\n\
                 scale_in_cooldown = '{fewer}m'\ndisable_scale_in = {disabled}\n"
            )
        };
        let cpu = cpu.map(|cpu| one("p0", CPU, cpu)).unwrap_or_default();
        cpu + &requests.map(|requests| one("p1", REQUESTS, requests)).unwrap_or_default()
    })
}

/// A step policy out and one in, each with its adjustment and cooldown in minutes; or neither.
fn stepped() -> impl Strategy<Value = String> {
    let change = prop_oneof![Just("change-in-capacity"), Just("percent-change-in-capacity")];
    let one = (50_u32..100, 1_u32..60, change, 0_u32..9, 5_u32..45, 1_u32..60);
    prop::option::of(one).prop_map(|one| {
        let Some((high, more, adjustment, cooldown, low, fewer)) = one else { return String::new() };
        let policy = |name: &str, comparison: &str, threshold: u32, step: String| {
            format!(
                "[[step]]\nname = '{name}'\nmetric = 'cpu'\ncomparison = '{comparison}'\nthreshold = {threshold}\n\
                 evaluation_periods = 2\nadjustment = '{adjustment}'\nsteps = [{step}]\ncooldown = '{cooldown}m'\n"
            )
        };
        policy("s0", ">=", high, format!("{{ from = 0, by = {more} }}"))
            + &policy("s1", "<", low, format!("{{ to = 0, by = -{fewer} }}"))
    })
}

/// Bounds, and other ones in a window each night and from a scheduled action on.
fn bounded() -> impl Strategy<Value = String> {
    let bounds = || (1_u32..12, 0_u32..40).prop_map(|(min, room)| (min, min + room));
    let times = (0_u32..4, 0_u32..60);
    (bounds(), prop::option::of(bounds()), prop::option::of((bounds(), times))).prop_map(
        |((min, max), window, scheduled)| {
            let mut text = format!("[capacity]\nmin = {min}\nmax = {max}\n");
            if let Some((min, max)) = window {
                text += &format!(
                    "[[window]]\nname = 'w'\nstart = 'cron(0 1 * * ? *)'\nend = 'cron(0 3 * * ? *)'\nmin = {min}\nmax = {max}\n"
                );
            }
            if let Some(((min, max), (hour, minute))) = scheduled {
                text += &format!(
                    "[[scheduled]]\nname = 'c'\nschedule = 'at(2026-11-21T0{hour}:{minute:02}:00)'\nmin = {min}\nmax = {max}\n"
                );
            }
            text
        },
    )
}

fn configs() -> impl Strategy<Value = Scaling> {
    (bounded(), tracked(), stepped())
        .prop_map(|(bounds, tracked, stepped)| config(&format!("{bounds}{tracked}{stepped}")))
}

/// An override for a while, and a deployment for a while; or neither.
fn givens() -> impl Strategy<Value = Given> {
    let bounds = (prop::option::of(1_u32..50), prop::option::of(1_u32..50));
    let suspended = (any::<bool>(), any::<bool>());
    let one = (0_i64..300, 1_i64..120, bounds, suspended);
    prop::option::of(one).prop_map(|one| {
        let Some((from, lasts, (min, max), (out, fewer))) = one else { return Given::default() };
        let at = |minutes| demand(60, []).at(minutes as usize);
        let suspended = Suspended {
            dynamic_scaling_out: out,
            dynamic_scaling_in: fewer,
            ..Suspended::default()
        };
        let one = Override {
            id: "ana".to_owned(),
            by: OverriddenBy::Person("ana".to_owned()),
            reason: "sale".to_owned(),
            since: at(from),
            until: at(from + lasts),
            min,
            max,
            suspended,
            rollback_off: false,
        };
        let deployments = vec![(at(from + lasts), at(from + 2 * lasts))];
        Given { overrides: vec![one], deployments, initial: None }
    })
}

/// The cooldowns of each policy in minutes, out and in, and whether it tracks and scales in.
fn cooldowns(config: &Scaling) -> BTreeMap<String, (usize, usize, bool)> {
    let minutes = |duration: jiff::SignedDuration| duration.as_mins() as usize;
    let tracked = config.target_tracking.iter().map(|one| {
        let (out, fewer) = (minutes(one.scale_out_cooldown), minutes(one.scale_in_cooldown));
        (one.name.clone(), (out, fewer, !one.disable_scale_in))
    });
    let stepped = config
        .step
        .iter()
        .map(|one| (one.name.clone(), (minutes(one.cooldown), minutes(one.cooldown), false)));
    tracked.chain(stepped).collect()
}

/// Stretches of load, some of it unknown.
fn loads() -> impl Strategy<Value = Vec<f64>> {
    let load = prop_oneof![8 => 0.0..40.0, 1 => Just(0.0), 1 => Just(f64::NAN)];
    prop::collection::vec((1_usize..40, load), 1..30).prop_map(|parts| stretches(&parts))
}

/// A task carries 100 requests a minute, so that targets of both metrics are percents of it.
fn assumed() -> Assumptions {
    Assumptions { per_task_minute: Some(100.0), ..Assumptions::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn capacity_is_within_the_bounds_in_force_in_every_step(
        config in configs(), given in givens(), tasks in loads(), start_up in 0_u32..400,
    ) {
        let assumed = Assumptions { start_up_seconds: start_up, ..assumed() };
        let demand = demand(60, tasks);
        let played = play(&config, &given, &demand, &assumed);
        for (moment, bounds) in played.moments.iter().zip(&played.bounds) {
            let in_force = InForce::at(&config, &given.overrides, demand.at(moment.step)).unwrap();
            prop_assert_eq!(*bounds, in_force.bounds);
            prop_assert!((bounds.min..=bounds.max).contains(&moment.desired()), "{moment:?} {bounds:?}");
        }
    }

    #[test]
    fn actions_tell_the_whole_way_and_none_changes_nothing(
        config in configs(), given in givens(), tasks in loads(),
    ) {
        let played = play(&config, &given, &demand(60, tasks), &assumed());
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

    /// A scale-in of target tracking waits for the cooldowns of all that track both ways, one by a step policy for its own; a
    /// scale-out by any policy ends them. A scale-out within its policy's cooldown asks for more than the one before it.
    #[test]
    fn no_policy_acts_in_its_cooldown(config in configs(), given in givens(), tasks in loads()) {
        let played = play(&config, &given, &demand(60, tasks), &assumed());
        let cooldowns = cooldowns(&config);
        let mut last_in: BTreeMap<&str, usize> = BTreeMap::new();
        let mut last_out: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
        for action in &played.actions {
            let (by, wish, tracks) = match &action.why {
                Why::Tracking { policy, wish, .. } => (&**policy, *wish, true),
                Why::Step { policy, wish, .. } => (&**policy, *wish, false),
                _ => continue,
            };
            if action.to > action.from {
                if let Some((at, before)) = last_out.insert(by, (action.step, wish)) {
                    prop_assert!(action.step >= at + cooldowns[by].0 || wish > before, "{action:?}");
                }
                last_in.clear();
                continue;
            }
            for (other, at) in &last_in {
                let (_, cooldown, both_ways) = cooldowns[*other];
                let concerns = *other == by || (tracks && both_ways);
                prop_assert!(!concerns || action.step >= at + cooldown, "{action:?} after {other}");
            }
            last_in.insert(by, action.step);
        }
    }

    #[test]
    fn nothing_is_scaled_in_while_a_deployment_is_in_progress_nor_either_way_while_suspended(
        config in configs(), given in givens(), tasks in loads(),
    ) {
        let demand = demand(60, tasks);
        let played = play(&config, &given, &demand, &assumed());
        let by_policy = |why: &Why| matches!(why, Why::Tracking { .. } | Why::Step { .. });
        for action in played.actions.iter().filter(|action| by_policy(&action.why)) {
            let (at, out) = (demand.at(action.step), action.to > action.from);
            let deploying = given.deployments.iter().any(|(from, until)| *from <= at && at < *until);
            prop_assert!(out || !deploying, "{action:?}");
            for one in given.overrides.iter().filter(|one| one.since <= at && at < one.until) {
                let Suspended { dynamic_scaling_out, dynamic_scaling_in, .. } = one.suspended;
                prop_assert!(!(if out { dynamic_scaling_out } else { dynamic_scaling_in }), "{action:?}");
            }
        }
    }

    #[test]
    fn a_wish_that_was_cut_ends_at_its_bound(
        config in configs(), given in givens(), tasks in loads(),
    ) {
        let played = play(&config, &given, &demand(60, tasks), &assumed());
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
    fn the_same_input_gives_the_same_bytes(
        config in configs(), given in givens(), tasks in loads(),
    ) {
        let demand = demand(60, tasks);
        let bytes = || {
            let played = play(&config, &given, &demand, &assumed());
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
