//! What never happens, for any config and whatever others made.

use jiff::SignedDuration;
use proptest::prelude::*;
use steady_core::config::{Scaling, TrackedMetric};
use steady_core::scaling::{
    Bounds, LivePolicy, LiveScaling, LiveTarget, ScalableTarget, ScalingCall, Suspended, is_ours,
    plan,
};

use crate::aws::Aws;
use crate::wanted::{
    bounds, burst, by_hand, cpu, custom, nightly, queue, record, sale, start, tracking,
};

prop_compose! {
    pub(crate) fn a_config()(
        min in 0_u32..10,
        room in 0_u32..50,
        which in proptest::collection::vec(any::<bool>(), 6),
        target in 1_u32..100,
        adopt in any::<bool>(),
    ) -> Scaling {
        let mut config = bounds(min, min + room);
        let target = f64::from(target) / 4.0;
        if which[0] { config.target_tracking.push(cpu(target)); }
        if which[1] {
            let memory = TrackedMetric::Memory { high_resolution: which[5] };
            config.target_tracking.push(tracking("memory", memory, target));
        }
        if which[2] { config.target_tracking.push(tracking("orders", queue("orders"), target)); }
        if which[3] {
            config.target_tracking.push(tracking("carts", TrackedMetric::Custom(custom()), target));
        }
        if which[4] { config.step.push(burst()); }
        config.adopt = adopt;
        config
    }
}

prop_compose! {
    fn an_account()(
        count in 0_u32..80,
        target in proptest::option::of((0_u32..10, 0_u32..50, any::<bool>())),
        policies in 0_usize..4,
        has_schedule in any::<bool>(),
    ) -> Aws {
        let kinds = ["ECSServiceAverageCPUUtilization", "ALBRequestCountPerTarget", "ECSServiceAverageMemoryUtilization"];
        let mut aws = Aws::with_tasks(count);
        aws.live.target = target.map(|(min, room, is_suspended)| LiveTarget {
            target: ScalableTarget {
                bounds: Bounds { min, max: min + room },
                suspended: Suspended { dynamic_scaling_in: is_suspended, ..Suspended::default() },
            },
            arn: Some("arn:target".to_owned()),
            tags: Some(Default::default()),
            created_at: None,
        });
        if aws.live.target.is_some() {
            for (number, kind) in kinds.iter().take(policies).enumerate() {
                let mut policy = by_hand(kind);
                policy.policy.name = format!("by-hand-{number}");
                aws.live.policies.push(policy);
            }
            if has_schedule { aws.live.scheduled.push(nightly()); }
        }
        aws
    }
}

fn of_others(live: &LiveScaling) -> (Vec<LivePolicy>, usize) {
    let policies = live.policies.iter().filter(|live| !is_ours(&live.policy.name));
    let scheduled = live.scheduled.iter().filter(|live| !is_ours(&live.name)).count();
    (policies.cloned().collect(), scheduled)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn done_once_there_is_nothing_left_to_do(first in a_config(), second in a_config(), mut aws in an_account()) {
        let mut record = record(first);
        for config in [record.config.clone(), second] {
            record.config = config;
            aws.reach(&mut record, start());
            let again = plan(&record, &aws.read(), start());
            prop_assert!(again.is_empty(), "{:?}", again.changes);
        }
        record.config.remove = true;
        aws.reach(&mut record, start());
        let again = plan(&record, &aws.read(), start());
        prop_assert!(again.is_empty() && record.managed.is_none(), "{:?}", again.changes);
        prop_assert!(aws.live.policies.iter().all(|live| !is_ours(&live.policy.name)));
        prop_assert!(aws.live.alarms.is_empty());
    }

    #[test]
    fn what_others_made_is_never_changed_and_deleted_only_where_adopted(
        config in a_config(),
        mut aws in an_account(),
        leaves in any::<bool>(),
    ) {
        let adopts = config.adopt;
        let before = of_others(&aws.live);
        let mut record = record(config);
        aws.reach(&mut record, start());
        record.config.remove = leaves;
        aws.reach(&mut record, start());
        let after = of_others(&aws.live);
        prop_assert!(after.0.iter().all(|one| before.0.contains(one)));
        prop_assert_eq!(before.1, after.1);
        if !adopts {
            prop_assert_eq!(before.0, after.0);
        }
    }

    #[test]
    fn leaving_moves_no_task(config in a_config(), mut aws in an_account(), count in 0_u32..80) {
        let mut record = record(config);
        aws.reach(&mut record, start());
        aws.live.desired_count = Some(count);
        record.config.remove = true;
        let plan = aws.reach(&mut record, start());
        prop_assert_eq!(aws.live.desired_count, Some(count));
        prop_assert_eq!(plan.moves, None);
    }

    #[test]
    fn bounds_that_are_written_are_those_that_were_asked_for_and_what_moves_is_said(
        config in a_config(),
        mut aws in an_account(),
        floor in 0_u32..60,
        hours in 0_i64..4,
    ) {
        let mut record = record(config);
        record.overrides = vec![sale(floor)];
        let now = start() + SignedDuration::from_hours(hours);
        let asked = steady_core::scaling::desired(&record.service, &record.config, &record.overrides, now);
        let before = aws.live.desired_count;
        let plan = aws.reach(&mut record, now);
        for change in &plan.changes {
            if let ScalingCall::RegisterScalableTarget { target, .. } = &change.call {
                prop_assert_eq!(target, &asked.as_ref().unwrap().target);
            }
        }
        let moved = plan.moves.map_or(before, |moves| Some(moves.to));
        prop_assert_eq!(aws.live.desired_count, moved);
    }
}
