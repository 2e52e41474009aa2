//! Plans, as people read them.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use jiff::SignedDuration;
use steady_core::config::{PredictedMetric, Predictive, Scaling, TrackedMetric};
use steady_core::scaling::{
    Bounds, LiveTarget, Managed, ObjectKind, ScalableTarget, ScalingCall, ScalingRecord, Suspended,
    plan, render_plans,
};

use crate::aws::Aws;
use crate::wanted::{bounds, burst, by_hand, cpu, custom, nightly, record, start, tracking, whole};

fn target(min: u32, max: u32) -> LiveTarget {
    let suspended = Suspended::default();
    LiveTarget {
        target: ScalableTarget { bounds: Bounds { min, max }, suspended },
        arn: Some(
            "arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/1".to_owned(),
        ),
        tags: Some(BTreeMap::new()),
        created_at: None,
    }
}

/// Four tasks, and all that this config wants is live.
fn reached(config: Scaling) -> (Aws, ScalingRecord) {
    let (mut aws, mut record) = (Aws::with_tasks(4), record(config));
    aws.reach(&mut record, start());
    (aws, record)
}

#[test]
fn a_first_plan_names_everything_that_will_be_there_and_what_moves_at_once() {
    let mut aws = Aws::with_tasks(1);
    let mut record = record(whole());
    let plan = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      + scalable target service/prod/checkout
          min: 2
          max: 40
      + scaling policy steady-burst
          type:                     step
          adjustment:               percent more or fewer
          steps:                    0 to 10: +20; 10 and more: +50
          cooldown:                 3m
          min_adjustment_magnitude: 2
      + scaling policy steady-cpu
          type:               target tracking
          metric:             ECSServiceAverageCPUUtilization
          target:             55
          scale_out_cooldown: 5m
          scale_in_cooldown:  5m
      + alarm steady-prod/checkout/burst
          metric:     AWS/ECS CPUUtilization {ClusterName=prod, ServiceName=checkout} Average
          alarm_if:   >= 80
          datapoints: 2 of 3, each 1m
          calls:      steady-burst
      ! desired count 1 → 2, at once

    Plan: 4 to create, 0 to change, 0 to delete, 0 left alone
    ");
    let again = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[again]), @"Nothing to change: what is live is what the config wants");
    assert_eq!(aws.live.desired_count, Some(2));
}

#[test]
fn what_differs_is_shown_old_and_new_and_what_others_made_is_left_alone() {
    let (mut aws, mut record) = reached(whole());
    aws.live.policies.push(by_hand("ECSServiceAverageMemoryUtilization"));
    aws.live.scheduled.push(nightly());
    record.config.target_tracking[0].target = 60.0;
    record.config.step.clear();
    record.config.capacity.as_mut().unwrap().max = 20;
    let plan = plan(&record, &aws.read(), start());
    assert_snapshot!(render_plans(std::slice::from_ref(&plan)), @r"
    prod/checkout
      ~ scalable target service/prod/checkout
          max: 40 → 20
      ~ scaling policy steady-cpu
          target: 55 → 60
      - alarm steady-prod/checkout/burst
      - scaling policy steady-burst
      ! others' scheduled actions set these bounds too: `nightly-by-hand`; what they set is written over once, then left to them
      = scaling policy by-hand (not Steady's: left alone)
      = scheduled action nightly-by-hand (not Steady's: left alone)

    Plan: 0 to create, 2 to change, 2 to delete, 2 left alone
    ");
    assert_snapshot!(serde_json::to_string(&plan).unwrap(), @r#"{"service":"prod/checkout","changes":[{"does":"change","object":{"kind":"scalable-target","name":"service/prod/checkout"},"fields":[{"field":"max","old":"40","new":"20"}]},{"does":"change","object":{"kind":"scaling-policy","name":"steady-cpu"},"fields":[{"field":"target","old":"55","new":"60"}]},{"does":"delete","object":{"kind":"alarm","name":"steady-prod/checkout/burst"},"fields":[]},{"does":"delete","object":{"kind":"scaling-policy","name":"steady-burst"},"fields":[]}],"left_alone":[{"kind":"scaling-policy","name":"by-hand"},{"kind":"scheduled-action","name":"nightly-by-hand"}],"moves":null,"notes":[{"kind":"others-schedule","actions":["nightly-by-hand"]}],"refused":null}"#);
}

#[test]
fn a_target_from_before_is_adopted_and_given_back() {
    let mut aws = Aws::with_tasks(4);
    aws.live.target = Some(target(1, 6));
    let mut record = record(bounds(2, 40));
    let adopts = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[adopts]), @r"
    prod/checkout
      ~ scalable target service/prod/checkout
          min: 1 → 2
          max: 6 → 40
      + tag of scalable target service/prod/checkout
          steady:service: prod/checkout
      ! the scalable target was there before: its bounds, 1 to 6 tasks, are remembered, and given back when the service leaves

    Plan: 1 to create, 1 to change, 0 to delete, 0 left alone
    ");
    aws.live.desired_count = Some(9);
    record.config.remove = true;
    let leaves = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[leaves]), @r"
    prod/checkout
      ~ scalable target service/prod/checkout
          min: 2 → 1
          max: 40 → 9
      - tag of scalable target service/prod/checkout
      ! the bounds from before, 1 to 6 tasks, would move what runs: 1 to 9 tasks are given back

    Plan: 0 to create, 1 to change, 1 to delete, 0 left alone
    ");
    assert_eq!(aws.live.desired_count, Some(9), "nothing that runs is cut");
    assert_eq!(aws.live.target.as_ref().unwrap().tags, Some(BTreeMap::new()));
    assert!(aws.reach(&mut record, start()).is_empty(), "and once gone it is gone");
}

#[test]
fn a_target_that_steady_made_stays_and_everything_else_of_it_goes() {
    let (mut aws, mut record) = reached(whole());
    aws.live.policies.push(by_hand("ECSServiceAverageMemoryUtilization"));
    record.config.remove = true;
    let leaves = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[leaves]), @r"
    prod/checkout
      - alarm steady-prod/checkout/burst
      - scaling policy steady-burst
      - scaling policy steady-cpu
      - tag of scalable target service/prod/checkout
      ! the scalable target stays, 2 to 40 tasks, and nothing of Steady's scales it any more
      = scaling policy by-hand (not Steady's: left alone)

    Plan: 0 to create, 0 to change, 4 to delete, 1 left alone
    ");
    assert_eq!(aws.live.policies.len(), 1);
    assert!(aws.live.target.is_some());
}

#[test]
fn a_service_whose_config_is_gone_is_not_removed() {
    let (mut aws, mut record) = reached(whole());
    record.config = Scaling::default();
    let plan = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      ! the config wants no scaling any more; what Steady made stays, since only `remove = true` removes it

    Nothing to change
    ");
}

/// A service that wants to track CPU, where somebody else tracks `kind`.
fn beside_others(kind: &str) -> (Aws, ScalingRecord) {
    let mut aws = Aws::with_tasks(4);
    aws.live.target = Some(target(1, 6));
    aws.live.policies.push(by_hand(kind));
    (aws, record(Scaling { target_tracking: vec![cpu(55.0)], ..bounds(2, 40) }))
}

#[test]
fn others_policy_on_the_same_metric_refuses_the_service_until_it_is_adopted() {
    let (mut aws, mut record) = beside_others("ECSServiceAverageCPUUtilization");
    let refused = plan(&record, &aws.read(), start());
    assert!(refused.is_empty() && refused.managed.is_none());
    assert_snapshot!(render_plans(&[refused]), @r"
    prod/checkout
      x not planned: others' scaling policies track what this config does: `by-hand` (ECSServiceAverageCPUUtilization); remove them, or let Steady replace them with `adopt = true`

    Plan: 0 to create, 0 to change, 0 to delete, 0 left alone, 1 service refused
    ");
    record.config.adopt = true;
    let adopted = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[adopted]), @r"
    prod/checkout
      ~ scalable target service/prod/checkout
          min: 1 → 2
          max: 6 → 40
      + tag of scalable target service/prod/checkout
          steady:service: prod/checkout
      - scaling policy by-hand
      + scaling policy steady-cpu
          type:               target tracking
          metric:             ECSServiceAverageCPUUtilization
          target:             55
          scale_out_cooldown: 5m
          scale_in_cooldown:  5m
      ! `by-hand`, not Steady's, tracks ECSServiceAverageCPUUtilization too: deleted, as `adopt = true` says
      ! the scalable target was there before: its bounds, 1 to 6 tasks, are remembered, and given back when the service leaves

    Plan: 2 to create, 1 to change, 1 to delete, 0 left alone
    ");
    assert!(aws.live.policies.iter().all(|live| live.policy.name.starts_with("steady-")));
}

#[test]
fn a_metric_at_high_resolution_is_the_same_metric() {
    let (mut aws, mut record) = beside_others("ECSServiceAverageCPUUtilizationHighResolution");
    let refused = plan(&record, &aws.read(), start());
    assert!(refused.is_empty() && refused.managed.is_none() && refused.refused.is_some());
    record.config.adopt = true;
    aws.reach(&mut record, start());
    assert!(aws.live.policies.iter().all(|live| live.policy.name.starts_with("steady-")));
}

#[test]
fn a_service_that_ecs_does_not_know_is_not_touched() {
    let mut aws = Aws::default();
    let plan = aws.reach(&mut record(whole()), start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      x not planned: ECS knows no active service of this name here; its config takes effect with its first deployment

    Plan: 0 to create, 0 to change, 0 to delete, 0 left alone, 1 service refused
    ");
}

#[test]
fn a_service_nobody_asks_for_is_not_mentioned() {
    let mut aws = Aws::with_tasks(3);
    aws.live.policies.push(by_hand("ECSServiceAverageCPUUtilization"));
    let plan = aws.reach(&mut record(Scaling::default()), start());
    assert_snapshot!(render_plans(&[plan]), @"Nothing to change: what is live is what the config wants");
}

#[test]
fn policies_that_swap_their_metrics_are_out_of_each_others_way() {
    let memory =
        |target| tracking("main", TrackedMetric::Memory { high_resolution: false }, target);
    let mut config = bounds(2, 40);
    config.target_tracking = vec![cpu(55.0), memory(70.0)];
    let (mut aws, mut record) = reached(config);
    let [first, second] = &mut record.config.target_tracking[..] else { panic!() };
    std::mem::swap(&mut first.metric, &mut second.metric);
    aws.reach(&mut record, start());
    assert!(plan(&record, &aws.read(), start()).is_empty());
}

#[test]
fn a_policy_of_another_type_under_the_same_name_is_made_anew_with_its_alarm() {
    let mut config = whole();
    let mut aws = Aws::with_tasks(4);
    config.target_tracking = vec![tracking("burst", TrackedMetric::Custom(custom()), 5.0)];
    config.step.clear();
    let mut record = record(config);
    aws.reach(&mut record, start());
    record.config = bounds(2, 40);
    record.config.step = vec![burst()];
    let to_steps = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[to_steps]), @r"
    prod/checkout
      - scaling policy steady-burst
      + scaling policy steady-burst
          type:                     step
          adjustment:               percent more or fewer
          steps:                    0 to 10: +20; 10 and more: +50
          cooldown:                 3m
          min_adjustment_magnitude: 2
      + alarm steady-prod/checkout/burst
          metric:     AWS/ECS CPUUtilization {ClusterName=prod, ServiceName=checkout} Average
          alarm_if:   >= 80
          datapoints: 2 of 3, each 1m
          calls:      steady-burst

    Plan: 2 to create, 0 to change, 1 to delete, 0 left alone
    ");
    assert!(plan(&record, &aws.read(), start()).is_empty());
    // And an alarm that calls a policy that was made anew by somebody calls nobody.
    aws.live.policies[0].arn = "arn:another".to_owned();
    let kinds: Vec<ObjectKind> =
        plan(&record, &aws.read(), start()).changes.iter().map(|it| it.object.kind).collect();
    assert_eq!(kinds, [ObjectKind::Alarm]);
}

#[test]
fn one_service_never_deletes_the_alarms_of_another_whose_name_is_longer() {
    let mut aws = Aws::with_tasks(4);
    let mut worker = record(whole());
    worker.service = "prod/checkout-worker".into();
    aws.reach(&mut worker, start());
    let alarms = aws.live.alarms.clone();
    let mut checkout = Aws::with_tasks(4);
    checkout.live.alarms = alarms;
    let plan = plan(&record(bounds(2, 40)), &checkout.read(), start());
    assert!(plan.changes.iter().all(|change| change.object.kind == ObjectKind::ScalableTarget));
}

#[test]
fn predictive_scaling_names_its_pair_and_keeps_a_maximum_that_it_raised_while_it_is_needed() {
    let mut config = bounds(2, 40);
    config.predictive = Some(Predictive {
        metric: PredictedMetric::Cpu,
        target: 55.0,
        scales: true,
        scheduling_buffer: SignedDuration::from_mins(10),
        max_capacity_buffer: Some(10),
    });
    let mut aws = Aws::with_tasks(4);
    let mut record = record(config);
    let plan = aws.reach(&mut record, start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      + scalable target service/prod/checkout
          min: 2
          max: 40
      + scaling policy steady-predictive
          type:                predictive
          metric:              ECSServiceCPUUtilization
          target:              55
          mode:                forecast-and-scale
          scheduling_buffer:   10m
          max_capacity_buffer: 10 %

    Plan: 2 to create, 0 to change, 0 to delete, 0 left alone
    ");
    aws.live.target.as_mut().unwrap().target.bounds.max = 55;
    aws.live.desired_count = Some(50);
    assert!(aws.reach(&mut record, start()).is_empty());
    aws.live.desired_count = Some(30);
    assert_eq!(aws.reach(&mut record, start()).changes.len(), 1);
}

#[test]
fn what_resumes_comes_last_and_what_suspends_comes_first() {
    let (mut aws, mut record) = reached(whole());
    aws.live.target.as_mut().unwrap().target.suspended.dynamic_scaling_out = true;
    record.config.target_tracking[0].target = 60.0;
    let is_target = |call: &ScalingCall| matches!(call, ScalingCall::RegisterScalableTarget { .. });
    let plan = plan(&record, &aws.read(), start());
    let order: Vec<bool> = plan.changes.iter().map(|change| is_target(&change.call)).collect();
    assert_eq!(order, [false, true]);
}

#[test]
fn a_record_that_was_lost_does_not_take_its_own_target_for_one_from_before() {
    let mut aws = Aws::with_tasks(4);
    aws.reach(&mut record(bounds(2, 40)), start());
    let mut anew = record(bounds(2, 40));
    let plan = aws.reach(&mut anew, start());
    assert!(plan.is_empty());
    assert_eq!(anew.managed, Some(Managed { since: start(), bounds_before: None }));
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      ! the scalable target has Steady's tag, but what was there before is not known: no bounds will be given back

    Nothing to change
    ");
}

#[test]
fn a_target_tagged_for_a_service_of_another_name_is_tagged_anew() {
    let mut aws = Aws::with_tasks(4);
    let tags = BTreeMap::from([("steady:service".to_owned(), "prod/basket".to_owned())]);
    aws.live.target = Some(LiveTarget { tags: Some(tags), ..target(2, 40) });
    let plan = aws.reach(&mut record(bounds(2, 40)), start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      ~ tag of scalable target service/prod/checkout
          steady:service: prod/basket → prod/checkout
      ! the scalable target has Steady's tag, but what was there before is not known: no bounds will be given back

    Plan: 0 to create, 1 to change, 0 to delete, 0 left alone
    ");
}

#[test]
fn metric_math_is_shown_line_by_line() {
    let mut config = bounds(0, 40);
    config.target_tracking = vec![tracking("orders", crate::wanted::queue("orders"), 100.0)];
    let plan = Aws::with_tasks(0).reach(&mut record(config), start());
    assert_snapshot!(render_plans(&[plan]), @r"
    prod/checkout
      + scalable target service/prod/checkout
          min: 0
          max: 40
      + scaling policy steady-orders
          type:               target tracking
          metric:             IF(visible > 0, visible, IF(in_flight > 0, 0.01, 0)) / IF(tasks > 0, tasks, 1)
          where in_flight:    AWS/SQS ApproximateNumberOfMessagesNotVisible {QueueName=orders} Average
          where tasks:        ECS/ContainerInsights RunningTaskCount {ClusterName=prod, ServiceName=checkout} Average
          where visible:      AWS/SQS ApproximateNumberOfMessagesVisible {QueueName=orders} Average
          target:             100
          scale_out_cooldown: 5m
          scale_in_cooldown:  5m
      + scaling policy steady-orders-wake
          type:        step
          adjustment:  tasks more or fewer
          steps:       0 and more: +1
          cooldown:    5m
          aggregation: Maximum
      + alarm steady-prod/checkout/orders-wake
          metric:        IF(visible > 0 AND FILL(tasks, 0) < 1, 1, 0)
          where tasks:   ECS/ContainerInsights RunningTaskCount {ClusterName=prod, ServiceName=checkout} Average
          where visible: AWS/SQS ApproximateNumberOfMessagesVisible {QueueName=orders} Average
          alarm_if:      >= 1
          datapoints:    1 of 1, each 1m
          missing_data:  not-breaching
          calls:         steady-orders-wake

    Plan: 4 to create, 0 to change, 0 to delete, 0 left alone
    ");
}
