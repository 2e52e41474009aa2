//! Turns over a fake that fails as AWS does, at every call.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use steady_core::config::Scaling;
use steady_core::installation::{Mode, Pause};
use steady_core::rollback::Refusal;
use steady_core::scaling::{
    Bounds, LiveTarget, Managed, ScalableTarget, ScalingRecord, Suspended, WhyTurn, is_ours,
    needs_turn, plan,
};

use crate::aws::Aws;
use crate::faulty::{FAULTS, Fault};
use crate::wanted::{bounds, by_hand, nightly, sale, whole};
use crate::world::World;

/// A service of six tasks with a target, a policy and a schedule from before.
fn from_before() -> Aws {
    let mut aws = Aws::with_tasks(6);
    aws.live.target = Some(LiveTarget {
        target: ScalableTarget {
            bounds: Bounds { min: 1, max: 8 },
            suspended: Suspended::default(),
        },
        arn: Some("arn:target".to_owned()),
        tags: Some(BTreeMap::new()),
        created_at: None,
    });
    aws.live.policies.push(by_hand("ECSServiceAverageMemoryUtilization"));
    aws.live.scheduled.push(nightly());
    aws
}

/// The same with other numbers, and without the steps.
fn edited() -> Scaling {
    let mut config = whole();
    config.target_tracking[0].target = 60.0;
    config.step.clear();
    config
}

fn leaving() -> Scaling {
    Scaling { remove: true, ..whole() }
}

// ---- one case in full ----

#[test]
fn what_config_wants_is_there_after_one_turn_and_the_next_writes_nothing() {
    let world = World::new(from_before());
    world.wants(whole());
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert_eq!((taken.unfinished.len(), taken.refused.len(), taken.done.len()), (0, 0, 5));
    let calls = [
        "load",
        "live_scaling",
        "account",
        "save",
        "RegisterScalableTarget",
        "TagResource",
        "PutScalingPolicy",
        "PutScalingPolicy",
        "PutMetricAlarm",
        "save",
    ];
    assert_eq!(world.with(|state| state.calls.clone()), calls);
    let managed = world.record().managed.unwrap();
    assert_eq!(managed.bounds_before, Some(Bounds { min: 1, max: 8 }));
    let (writes, saves) = world.with(|state| (state.writes, state.saves));
    assert!(world.drift().plan.unwrap().is_empty());
    assert_eq!(world.with(|state| (state.writes, state.saves)), (writes, saves));
}

// ---- every fault at every call ----

/// A turn with a fault at a call, then turns without one: what is live must be what it would have been.
fn survives(before: &[Scaling], config: &Scaling) {
    let prepared = || {
        let world = World::new(from_before());
        for config in before {
            world.wants(config.clone());
            world.drift();
        }
        world.wants(config.clone());
        world.with(|state| state.calls.clear());
        world
    };
    let smooth = prepared();
    smooth.turn(WhyTurn::Due).unwrap().unwrap();
    let calls = smooth.with(|state| state.calls.len());
    assert!(calls > 5);
    for number in 0..calls {
        for fault in FAULTS {
            let world = prepared();
            world.with(|state| state.faults.insert(number, fault));
            let _ = world.turn(WhyTurn::Due);
            for _ in 0..2 {
                world.drift();
            }
            let what = format!("{fault:?} at call {number} of {calls}");
            world.with(|state| {
                let (live, wanted) = (&state.aws.live, smooth.with(|it| it.aws.live.clone()));
                assert_eq!(live.target, wanted.target, "{what}");
                let names = |live: &steady_core::scaling::LiveScaling| {
                    live.policies.iter().map(|it| it.policy.clone()).collect::<Vec<_>>()
                };
                assert_eq!(names(live), names(&wanted), "{what}");
                assert_eq!(live.scheduled, wanted.scheduled, "{what}");
                assert_eq!(live.alarms.len(), wanted.alarms.len(), "{what}");
                assert_eq!(live.desired_count, wanted.desired_count, "{what}");
            });
            let record = world.record();
            assert_eq!(record.managed.is_some(), smooth.record().managed.is_some(), "{what}");
            let live = world.with(|state| state.aws.read());
            assert!(plan(&record, &live, world.with(|state| state.now)).is_empty(), "{what}");
            let writes = world.with(|state| state.writes);
            world.drift();
            assert_eq!(world.with(|state| state.writes), writes, "{what}: a turn too many writes");
        }
    }
}

#[test]
fn a_first_plan_is_finished_whatever_fails() {
    survives(&[], &whole());
}

#[test]
fn an_edit_is_finished_whatever_fails() {
    survives(&[whole()], &edited());
}

#[test]
fn leaving_is_finished_whatever_fails_and_the_bounds_from_before_come_back() {
    survives(&[whole()], &leaving());
    let world = World::new(from_before());
    for config in [whole(), leaving()] {
        world.wants(config);
        world.drift();
    }
    world.with(|state| {
        assert_eq!(state.aws.live.policies, from_before().live.policies);
        assert_eq!(state.aws.live.target, from_before().live.target);
    });
}

// ---- brakes ----

#[test]
fn nothing_is_written_while_paused_or_observing_or_when_nobody_knows() {
    let world = World::new(from_before());
    world.wants(whole());
    let until = world.with(|state| state.now) + SignedDuration::from_hours(2);
    world.with(|state| {
        state.account.paused = Some(Pause { until: Some(until), ..Pause::default() });
    });
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert!(matches!(taken.brake, Some(Refusal::Paused(_))), "{:?}", taken.brake);
    assert!(!taken.plan.unwrap().is_empty(), "what would be done is known");
    assert_eq!(world.with(|state| state.stored.clone().unwrap().due), Some(until));
    assert_eq!(world.record().managed, None, "what was not adopted is not remembered");
    world.with(|state| {
        state.account.paused = None;
        state.mode = Mode::Observe;
    });
    assert_eq!(world.drift().brake, Some(Refusal::ObserveMode));
    world.with(|state| state.mode = Mode::Act);
    let account = world.with(|state| state.calls.len() + 2);
    world.with(|state| state.faults.insert(account, Fault::Throttled));
    let taken = world.turn(WhyTurn::Drift).unwrap().unwrap();
    assert!(matches!(taken.brake, Some(Refusal::Unreadable(_))), "{:?}", taken.brake);
    assert_eq!(world.with(|state| state.writes), 0);
    assert!(world.drift().brake.is_none());
    assert_eq!(world.with(|state| state.writes), 5);
}

#[test]
fn what_was_due_and_needs_nothing_is_not_due_any_more() {
    let world = World::new(from_before());
    world.wants(whole());
    world.drift();
    // Made due by somebody who changed nothing.
    world.edit(|_| {});
    let due = || world.with(|state| state.stored.as_ref().unwrap().due);
    assert!(due().is_some());
    world.drift();
    assert_eq!(due(), None, "or it would be looked at each minute for nothing");
}

// ---- somebody else saves meanwhile ----

#[test]
fn what_somebody_hands_in_while_a_turn_plans_is_planned_with() {
    let world = World::new(from_before());
    world.wants(whole());
    world
        .with(|state| state.meanwhile = Some(("save", |record| record.overrides = vec![sale(12)])));
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert_eq!(taken.unfinished, [""; 0]);
    let calls = world.with(|state| state.calls.clone());
    let saves: Vec<usize> = (0..calls.len()).filter(|call| calls[*call] == "save").collect();
    let first_write = calls.iter().position(|call| *call == "RegisterScalableTarget").unwrap();
    assert_eq!(calls[saves[0] + 1..first_write], ["load", "live_scaling", "account", "save"]);
    let writes = calls.iter().filter(|call| **call == "RegisterScalableTarget").count();
    assert_eq!((writes, world.with(|state| state.aws.live.desired_count)), (1, Some(12)));
    assert_eq!(world.record().overrides, [sale(12)]);
    assert_eq!(world.record().managed.unwrap().bounds_before, Some(Bounds { min: 1, max: 8 }));
}

#[test]
fn what_somebody_hands_in_while_a_turn_writes_is_kept_with_what_was_written() {
    let world = World::new(from_before());
    world.wants(whole());
    let sells = |record: &mut ScalingRecord| record.overrides = vec![sale(12)];
    world.with(|state| state.meanwhile = Some(("PutMetricAlarm", sells)));
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert_eq!((taken.unfinished.len(), taken.done.len()), (0, 5));
    assert_eq!(world.record().overrides, [sale(12)]);
    // All of what was written is remembered: by hand once it is repaired, the second time left.
    let by_hand = |world: &World| {
        world.with(|state| state.aws.live.policies.retain(|it| it.policy.name != "steady-cpu"))
    };
    by_hand(&world);
    assert!(world.drift().done.iter().any(|done| done.name == "steady-cpu"));
    by_hand(&world);
    assert!(world.drift().done.is_empty());
    assert_eq!(world.with(|state| state.aws.live.desired_count), Some(12));
}

#[test]
fn an_invocation_that_ends_leaves_the_rest_to_the_next() {
    let world = World::new(from_before());
    world.wants(whole());
    world.with(|state| state.writes_left = 2);
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert_eq!((taken.done.len(), taken.unfinished.len()), (2, 1));
    let due = world.with(|state| state.stored.clone().unwrap().due.unwrap() - state.now);
    assert_eq!(due.get_seconds(), 60, "somebody goes on in a minute");
    world.with(|state| state.writes_left = usize::MAX);
    assert_eq!(world.drift().done.len(), 3);
}

#[test]
fn what_was_written_is_said_a_line_each_and_what_was_not_is_not() {
    let world = World::new(from_before());
    world.wants(whole());
    world.with(|state| state.writes_left = 2);
    let began = world.turn(WhyTurn::Due).unwrap().unwrap().written().join("\n");
    insta::assert_snapshot!(began, @r"
    scalable target service/prod/checkout changed: min 1 → 2, max 8 → 40
    tag of scalable target service/prod/checkout created: steady:service prod/checkout
    ");
    world.with(|state| state.writes_left = usize::MAX);
    assert_eq!(world.drift().written().len(), 3);
    world.wants(edited());
    insta::assert_snapshot!(world.drift().written().join("\n"), @r"
    scaling policy steady-cpu changed: target 55 → 60
    alarm steady-prod/checkout/burst deleted
    scaling policy steady-burst deleted
    ");
    assert_eq!(world.drift().written(), [""; 0], "nothing differs");
}

#[test]
fn a_throttled_call_is_made_again_later_and_later_and_not_for_ever() {
    let world = World::new(from_before());
    world.wants(whole());
    world.with(|state| state.faults.extend((4..9).map(|call| (call, Fault::Throttled))));
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert_eq!((taken.done.len(), taken.unfinished.len()), (0, 1));
    let waited = world.with(|state| state.waited.clone());
    assert_eq!(waited.len(), 4);
    for (wait, longest) in waited.iter().zip([1000, 2000, 4000, 8000]) {
        assert!((longest / 2..=longest).contains(&wait.as_millis()), "{wait:?} of {longest} ms");
    }
}

// ---- others ----

#[test]
fn what_somebody_changes_by_hand_is_put_right_once_and_then_left_and_told_once() {
    let world = World::new(from_before());
    world.wants(whole());
    world.drift();
    let by_hand = |world: &World| {
        world.with(|state| state.aws.live.target.as_mut().unwrap().target.bounds.max = 99);
    };
    by_hand(&world);
    assert_eq!(world.drift().done.len(), 1, "a slip is put right");
    by_hand(&world);
    let in_the_pass = |world: &World| {
        let (live, now) = world.with(|state| (state.aws.read(), state.now));
        needs_turn(&world.record(), &live, None, now)
    };
    assert_eq!(in_the_pass(&world), Some(WhyTurn::Drift), "it is to be told");
    for _ in 0..3 {
        let taken = world.drift();
        assert_eq!(in_the_pass(&world), None, "people know");
        assert_eq!(taken.done.len(), 0, "whoever does it twice means it");
        assert_eq!(taken.plan.unwrap().held().count(), 1);
    }
    let sent = world.with(|state| state.sent.clone());
    assert_eq!(sent.len(), 1);
    insta::assert_snapshot!(format!("{}\n\n{}", sent[0].subject, sent[0].body), @r"
    [warning] prod/checkout: scaling was changed back twice, left as it is

    Somebody or something else changes the scaling of prod/checkout back each time Steady writes it. Steady has stopped.

    Since     2026-11-21 02:06:00 UTC

    Where     account 111122223333, eu-west-1

    Why       scalable target service/prod/checkout: max is 99, wanted 40

    You       1. See what differs: steady plan of your config directory, service prod/checkout
              2. Find who writes it (CloudTrail: RegisterScalableTarget, PutScalingPolicy, PutScheduledAction, PutMetricAlarm): often Terraform or CloudFormation
              3. Let one of the two own it: take it out of theirs, or set `remove = true` in Steady's config; changing the config makes Steady write it again

    notice scaling-1795226760-eb3343b3dbf7ce91, Steady 0.1.0
    ");
    // Another wish is a new one.
    world.edit(|record| record.config.capacity.as_mut().unwrap().max = 30);
    assert_eq!(world.drift().done.len(), 1);
}

#[test]
fn where_a_policy_is_made_anew_and_refused_its_alarm_is_not_told_of_the_one_that_is_gone() {
    let world = World::new(from_before());
    world.wants(whole());
    world.drift();
    // Somebody made a policy of another type under the name of ours, and changed its alarm: theirs goes before ours comes.
    world.with(|state| {
        let burst = state.aws.live.policies.iter_mut().find(|it| it.policy.name == "steady-burst");
        burst.unwrap().policy.config = by_hand("ECSServiceAverageMemoryUtilization").policy.config;
        state.aws.live.policies.retain(|live| is_ours(&live.policy.name));
        state.aws.live.alarms[0].threshold += 1.0;
        state.broken.insert("PutScalingPolicy", Fault::Refused);
    });
    let taken = world.drift();
    // The fake stops the test at an alarm whose action is not there.
    assert_eq!((taken.done.len(), taken.refused.len(), taken.unfinished.len()), (1, 1, 0));
    world.with(|state| state.broken.clear());
    assert_eq!(world.drift().done.len(), 2);
    assert!(world.drift().plan.unwrap().is_empty());
}

#[test]
fn what_aws_refuses_is_told_once_and_tried_again() {
    let world = World::new(from_before());
    world.wants(whole());
    world.with(|state| state.broken.insert("PutScalingPolicy", Fault::Refused));
    for tries in 1..=3 {
        let taken = world.drift();
        assert_eq!((taken.refused.len(), taken.unfinished.len()), (2, 0), "try {tries}");
    }
    world.with(|state| state.broken.clear());
    assert_eq!(world.drift().done.len(), 3, "two policies and the alarm that waited for one");
    let sent = world.with(|state| state.sent.clone());
    assert_eq!(sent.len(), 1);
    insta::assert_snapshot!(format!("{}\n\n{}", sent[0].subject, sent[0].body), @r"
    [warning] prod/checkout: AWS refuses scaling that the config wants

    AWS refuses a part of the scaling that the config of prod/checkout wants; the rest of it is applied. Steady tries again every 15 minutes, and tells again only if something else is refused.

    Since     2026-11-21 02:02:00 UTC

    Where     account 111122223333, eu-west-1

    Why       scaling policy steady-burst: PutScalingPolicy was refused (AccessDeniedException: is not authorized)
              scaling policy steady-cpu: PutScalingPolicy was refused (AccessDeniedException: is not authorized)

    You       1. AccessDenied: the role of the function `scale` lacks the action that is named
              2. ValidationException, LimitExceeded: change the config so that AWS takes it, then steady push

    notice scaling-1795226520-815bea5152a25c07, Steady 0.1.0
    ");
}

#[test]
fn an_override_is_applied_and_undone_by_the_same_turn() {
    let world = World::new(from_before());
    world.wants(bounds(2, 40));
    world.drift();
    world.edit(|record| {
        record.overrides = vec![sale(20)];
        record.overrides[0].since += SignedDuration::from_mins(1);
    });
    world.drift();
    let taken = world.turn(WhyTurn::Due).unwrap().unwrap();
    assert!(taken.plan.unwrap().is_empty());
    let target = |world: &World| world.with(|state| state.aws.live.target.clone().unwrap().target);
    let wanted = steady_core::scaling::desired(
        &"prod/checkout".into(),
        &world.record().config,
        &world.record().overrides,
        world.with(|state| state.now),
    );
    assert_eq!(target(&world), wanted.unwrap().target);
    world.with(|state| state.now += SignedDuration::from_hours(3));
    world.drift();
    assert_eq!(target(&world).bounds, Bounds { min: 2, max: 40 });
}

// ---- config ----

#[test]
fn a_config_with_errors_leaves_the_last_good_one_in_force() {
    let world = World::new(from_before());
    world.wants(whole());
    world.drift();
    world.with(|state| state.config.service = Some("[health]\nsook = '5m'".to_owned()));
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert_eq!(taken.rejected.unwrap().len(), 1);
    assert!(taken.plan.unwrap().is_empty());
    assert_eq!(world.record().config, whole());
}

#[test]
fn a_file_is_read_applied_and_removed_by_what_it_says() {
    let world = World::new(from_before());
    let file =
        "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";
    world.with(|state| state.config.service = Some(file.to_owned()));
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert_eq!((taken.rejected, taken.done.len()), (None, 3), "target, tag, policy");
    assert!(world.record().has_own_file);
    world.with(|state| state.config.service = Some(format!("remove = true\n{file}")));
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert_eq!((taken.rejected, taken.done.len()), (None, 3));
    assert_eq!(world.record().managed, None);
    world.with(|state| assert_eq!(state.aws.live.target, from_before().live.target));
    world.with(|state| state.config.service = None);
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert!(!taken.vanished, "what was removed and applied may go");
    assert!(!world.record().has_own_file);
}

#[test]
fn a_file_that_is_gone_changes_nothing() {
    let world = World::new(from_before());
    world.edit(|record| {
        record.config = whole();
        record.has_own_file = true;
    });
    world.drift();
    let writes = world.with(|state| state.writes);
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert!(taken.vanished && taken.plan.unwrap().is_empty());
    assert_eq!(world.record().config, whole());
    assert_eq!(world.with(|state| state.writes), writes);
}

#[test]
fn a_service_that_nobody_asks_anything_for_costs_no_write_of_the_table() {
    let world = World::new(from_before());
    world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert_eq!(world.with(|state| (state.saves, state.writes)), (0, 0));
}

#[test]
fn a_record_with_everything_survives_being_stored() {
    let world = World::new(from_before());
    world.wants(whole());
    world.drift();
    world.edit(|record| record.overrides = vec![sale(20)]);
    let record = world.record();
    assert!(!record.written.eq(&Default::default()));
    assert!(matches!(record.managed, Some(Managed { bounds_before: Some(_), .. })));
    let stored = record.store(None);
    assert_eq!(steady_core::scaling::ScalingRecord::restore(&stored).unwrap(), record);
    assert!(stored.record.len() < 2048, "{} bytes", stored.record.len());
    assert!(!is_ours("by-hand"));
}
