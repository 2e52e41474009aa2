//! The adapter of Application Auto Scaling: what is written is read, foreign things as they are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_aws::scaling::Scaling;
use steady_core::config::{Comparison, Metric, MetricStat, MissingData};
use steady_core::name::ServiceKey;
use steady_core::port::{ChangeScaling, PortError, ReadActivities, ReadScaling};
use steady_core::scaling::{
    AlarmAction, Bounds, LiveScaling, MetricAlarm, PolicyConfig, PolicyMetric, ScalableTarget,
    ScalingAnswer, ScalingCall, ScalingPolicy, ScheduledAction, Suspended,
};
use steady_local_aws::{Fault, LocalAws, What, When};

use crate::setup::{aws_at, checkout, patient};
use crate::story::steady;

pub(crate) const CHECKOUT: &str = "service/prod/checkout";

/// `prod/checkout` with four tasks.
pub(crate) async fn running() -> (LocalAws, Scaling) {
    let (local, _) = steady(4).await;
    let scaling = aws_at(&local.endpoint(), patient()).await.scaling();
    (local, scaling)
}

pub(crate) fn register(min: u32, max: u32) -> ScalingCall {
    let target = ScalableTarget { bounds: Bounds { min, max }, suspended: Suspended::default() };
    ScalingCall::RegisterScalableTarget { target, is_new: true }
}

/// CPU at `target` percent.
pub(crate) fn cpu(target: f64) -> ScalingPolicy {
    let metric = PolicyMetric::Predefined {
        kind: "ECSServiceAverageCPUUtilization".to_owned(),
        resource_label: None,
    };
    ScalingPolicy {
        name: "steady-cpu".to_owned(),
        config: PolicyConfig::TargetTracking {
            metric,
            target,
            scale_out_cooldown: Some(60),
            scale_in_cooldown: None,
            disable_scale_in: false,
        },
    }
}

pub(crate) fn morning() -> ScheduledAction {
    ScheduledAction {
        name: "steady-morning".to_owned(),
        schedule: "cron(0 8 ? * MON-FRI *)".to_owned(),
        timezone: Some("Asia/Seoul".to_owned()),
        start: None,
        end: Some("2027-01-01T00:00:00Z".parse().expect("a time")),
        min: Some(6),
        max: None,
    }
}

pub(crate) fn utilization(statistic: &str) -> MetricStat {
    let dimensions = [("ClusterName", "prod"), ("ServiceName", "checkout")];
    MetricStat {
        namespace: "AWS/ECS".to_owned(),
        metric_name: "CPUUtilization".to_owned(),
        dimensions: dimensions.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        statistic: statistic.to_owned(),
        unit: None,
    }
}

pub(crate) fn busy(actions: Vec<AlarmAction>) -> MetricAlarm {
    MetricAlarm {
        name: "steady-prod/checkout/burst".to_owned(),
        metric: Metric::One(utilization("Average")),
        period: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        threshold: 80.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        missing_data: MissingData::NotBreaching,
        actions,
    }
}

pub(crate) async fn make(scaling: &Scaling, call: ScalingCall) -> ScalingAnswer {
    scaling.change_scaling(&checkout(), &call).await.expect("it is made")
}

pub(crate) async fn live(scaling: &Scaling) -> LiveScaling {
    scaling.live_scaling(&checkout()).await.expect("an answer")
}

fn asked(local: &LocalAws) -> Vec<String> {
    local.calls().into_iter().map(|call| call.operation).collect()
}

fn by_hand(local: &LocalAws, operation: &str, more: Value) {
    let mut input = json!({
        "ServiceNamespace": "ecs", "ResourceId": CHECKOUT,
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    let members = input.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    local.by_hand("application-autoscaling", operation, &input).expect("it is done");
}

#[tokio::test]
async fn a_service_without_scaling_has_its_desired_count_and_nothing_else() {
    let (local, scaling) = running().await;
    let nothing = LiveScaling { desired_count: Some(4), ..LiveScaling::default() };
    assert_eq!(live(&scaling).await, nothing);
    assert_eq!(
        asked(&local),
        ["DescribeScalableTargets", "DescribeAlarms", "DescribeServices"],
        "there are no policies without a target"
    );
    for (cluster, service) in [("prod", "other"), ("other", "checkout")] {
        let found = scaling.live_scaling(&ServiceKey::new(cluster, service)).await;
        assert_eq!(found, Ok(LiveScaling::default()));
    }
    local.ecs(|ecs| {
        let service = json!({ "cluster": "prod", "service": "checkout", "force": true });
        ecs.call("DeleteService", &service).expect("deleted");
    });
    assert_eq!(live(&scaling).await.desired_count, None, "a service that is being deleted");
}

#[tokio::test]
async fn what_is_written_is_read_and_deleted_again() {
    let (local, scaling) = running().await;
    make(&scaling, register(2, 10)).await;
    let policy = make(&scaling, ScalingCall::PutScalingPolicy(cpu(55.0))).await;
    let policy_arn = policy.policy_arn.expect("an ARN");
    let alarm = busy(vec![AlarmAction::Arn(policy_arn.clone())]);
    make(&scaling, ScalingCall::PutMetricAlarm(alarm.clone())).await;
    make(&scaling, ScalingCall::PutScheduledAction(morning())).await;

    let before = local.calls().len();
    let found = live(&scaling).await;
    assert_eq!(
        asked(&local)[before..],
        [
            "DescribeScalableTargets",
            "ListTagsForResource",
            "DescribeScalingPolicies",
            "DescribeScheduledActions",
            "DescribeAlarms",
            "DescribeServices",
        ]
    );
    let target = found.target.expect("a target");
    assert_eq!(target.target.bounds, Bounds { min: 2, max: 10 });
    assert_eq!(target.created_at, Some(local.ecs(|ecs| ecs.now())));
    let tags = BTreeMap::from([("steady:service".to_owned(), "prod/checkout".to_owned())]);
    assert_eq!(target.tags, Some(tags));
    assert_eq!(found.policies.len(), 1);
    assert_eq!(found.policies[0].policy, cpu(55.0));
    assert_eq!(found.policies[0].arn, policy_arn);
    assert_eq!(found.policies[0].alarms.len(), 3, "its own two, and ours");
    assert_eq!(found.scheduled, [morning()]);
    assert_eq!(found.alarms, std::slice::from_ref(&alarm));
    assert_eq!(found.desired_count, Some(4));

    let arn = target.arn.expect("an ARN");
    let gone = [
        ScalingCall::DeleteAlarm { name: alarm.name },
        ScalingCall::DeleteScalingPolicy { name: "steady-cpu".to_owned() },
        ScalingCall::DeleteScheduledAction { name: "steady-morning".to_owned() },
        ScalingCall::UntagTarget { arn: arn.clone() },
    ];
    for call in &gone {
        make(&scaling, call.clone()).await;
    }
    let found = live(&scaling).await;
    let target = found.target.clone().expect("it stays");
    assert_eq!(target.tags, Some(BTreeMap::new()));
    let rest = LiveScaling { desired_count: Some(4), ..LiveScaling::default() };
    assert_eq!(LiveScaling { target: None, ..found }, rest);
    for call in gone {
        make(&scaling, call).await;
    }
    by_hand(&local, "DeregisterScalableTarget", json!({}));
    make(&scaling, ScalingCall::UntagTarget { arn }).await;
}

#[tokio::test]
async fn a_target_that_is_there_keeps_what_it_is_and_is_tagged_apart() {
    let (local, scaling) = running().await;
    by_hand(&local, "RegisterScalableTarget", json!({ "MinCapacity": 1, "MaxCapacity": 9 }));
    let target = live(&scaling).await.target.expect("a target");
    assert_eq!(target.tags, Some(BTreeMap::new()));
    let suspended = Suspended { scheduled_scaling: true, ..Suspended::default() };
    let wanted = ScalableTarget { bounds: Bounds { min: 5, max: 9 }, suspended };
    make(&scaling, ScalingCall::RegisterScalableTarget { target: wanted, is_new: false }).await;
    make(&scaling, ScalingCall::TagTarget { arn: target.arn.clone().expect("an ARN") }).await;
    let found = live(&scaling).await;
    let after = found.target.expect("a target");
    assert_eq!((after.target, after.arn), (wanted, target.arn));
    assert_eq!(after.tags.expect("tags")["steady:service"], "prod/checkout");
    assert_eq!(found.desired_count, Some(5), "it was moved into the bounds");
}

#[tokio::test]
async fn policies_of_a_form_that_steady_never_makes_are_seen_and_never_written() {
    let (local, scaling) = running().await;
    make(&scaling, register(1, 10)).await;
    let canned = crate::canned::Canned::start([
        ("DescribeScalableTargets", 200, json!({ "ScalableTargets": [target()] })),
        ("DescribeScalingPolicies", 200, json!({ "ScalingPolicies": [simple(), predictive()] })),
        ("DescribeScheduledActions", 200, json!({ "ScheduledActions": [] })),
        // CloudWatch's answers are CBOR, which this server does not speak.
        ("DescribeAlarms", 500, json!({})),
    ])
    .await;
    let one_try = steady_aws::client::Settings { attempts: 1, ..patient() };
    let elsewhere = aws_at(&canned.endpoint, one_try).await.scaling();
    let found = elsewhere.live_scaling(&checkout()).await;
    assert!(matches!(found, Err(PortError::Unclear { call: "DescribeAlarms", .. })), "{found:?}");

    let other = ScalingPolicy {
        name: "theirs".to_owned(),
        config: PolicyConfig::Other("SimpleScaling".to_owned()),
    };
    let before = local.calls().len();
    let put = ScalingCall::PutScalingPolicy(other);
    let refused = scaling.change_scaling(&checkout(), &put).await;
    assert!(matches!(refused, Err(PortError::Refused { .. })), "{refused:?}");
    let alarm = busy(vec![AlarmAction::Policy("steady-burst".to_owned())]);
    let refused = scaling.change_scaling(&checkout(), &ScalingCall::PutMetricAlarm(alarm)).await;
    assert_eq!(
        refused.expect_err("its policy has no ARN yet").to_string(),
        "PutMetricAlarm was refused (ConstructionFailure: the ARN of policy `steady-burst` is not known yet)"
    );
    assert_eq!(local.calls().len(), before, "nothing was sent");
}

fn target() -> Value {
    json!({
        "ServiceNamespace": "ecs", "ResourceId": CHECKOUT, "MinCapacity": 1, "MaxCapacity": 2,
        "ScalableDimension": "ecs:service:DesiredCount", "RoleARN": "r", "CreationTime": 1,
    })
}

fn simple() -> Value {
    json!({
        "PolicyARN": "arn", "PolicyName": "theirs", "ServiceNamespace": "ecs",
        "ResourceId": CHECKOUT, "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyType": "SimpleScaling", "CreationTime": 1,
    })
}

fn predictive() -> Value {
    let load = json!({ "PredefinedMetricType": "TotalALBRequestCount" });
    let specification = json!({ "TargetValue": 50, "PredefinedLoadMetricSpecification": load });
    json!({
        "PolicyARN": "arn", "PolicyName": "ahead", "ServiceNamespace": "ecs",
        "ResourceId": CHECKOUT, "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyType": "PredictiveScaling", "CreationTime": 1,
        "PredictiveScalingPolicyConfiguration": { "MetricSpecifications": [specification] },
    })
}

#[tokio::test]
async fn pages_of_policies_and_actions_are_read_to_their_end() {
    let (local, scaling) = running().await;
    make(&scaling, register(1, 10)).await;
    for number in 0..23 {
        let steps = json!([{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": number }]);
        let config = json!({ "AdjustmentType": "ExactCapacity", "StepAdjustments": steps });
        let policy = json!({
            "PolicyName": format!("p{number:02}"), "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": config,
        });
        by_hand(&local, "PutScalingPolicy", policy);
    }
    for number in 0..51 {
        let action = json!({
            "ScheduledActionName": format!("a{number:02}"), "Schedule": "rate(1 hour)",
            "ScalableTargetAction": { "MinCapacity": 1 },
        });
        by_hand(&local, "PutScheduledAction", action);
    }
    let before = local.calls().len();
    let found = live(&scaling).await;
    assert_eq!((found.policies.len(), found.scheduled.len()), (23, 51));
    assert!(found.policies.is_sorted_by_key(|live| live.policy.name.clone()));
    let calls = asked(&local).split_off(before);
    let times = |operation: &str| calls.iter().filter(|one| *one == operation).count();
    assert_eq!((times("DescribeScalingPolicies"), times("DescribeScheduledActions")), (3, 2));
}

#[tokio::test]
async fn what_application_auto_scaling_says_no_or_not_now_with() {
    let (local, scaling) = running().await;
    let cases = [
        (500, "ConcurrentUpdateException", "throttled"),
        (400, "FailedResourceAccessException", "throttled"),
        (400, "LimitExceededException", "refused"),
        (400, "ValidationException", "refused"),
        (500, "InternalServiceException", "unclear"),
    ];
    for (status, code, expected) in cases {
        let what =
            What::Refuse { status, code: code.to_owned(), message: "as AWS says".to_owned() };
        let when = When::once("application-autoscaling", "RegisterScalableTarget");
        local.fault(Fault { when, what });
        let outcome = scaling.change_scaling(&checkout(), &register(1, 2)).await;
        let kind = match outcome.expect_err("a refusal") {
            PortError::Throttled { .. } => "throttled",
            PortError::Refused { .. } => "refused",
            PortError::Unclear { .. } => "unclear",
        };
        assert_eq!(kind, expected, "{code}");
    }
    assert_eq!(asked(&local), ["RegisterScalableTarget"; 5], "each was tried once");
    let missing = ServiceKey::new("prod", "other");
    let refused = scaling.change_scaling(&missing, &register(1, 2)).await;
    assert_eq!(
        refused.expect_err("no service").to_string(),
        "RegisterScalableTarget was refused (ValidationException: ECS service doesn't exist: service/prod/other)"
    );
}

#[tokio::test]
async fn activities_come_newest_first_and_no_further_back_than_asked() {
    let (local, scaling) = running().await;
    let began: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
    for minute in 0..120 {
        let reasons = json!([{ "Code": "AlreadyAtMaxCapacity", "MaxCapacity": 10 }]);
        let mut activity = json!({
            "Description": "Attempting to scale due to alarm triggered", "Cause": "an alarm",
            "StartTime": began.as_second() + 60 * minute, "StatusCode": "Successful",
        });
        if minute % 2 == 1 {
            activity["NotScaledReasons"] = reasons;
        }
        local.add_scaling_activity(CHECKOUT, &activity);
    }
    let ask = async |minutes: i64| {
        let since = began + SignedDuration::from_mins(minutes);
        scaling.scaling_activities(&checkout(), since).await.expect("an answer")
    };
    let newest = ask(110).await;
    assert_eq!(newest.len(), 10);
    assert_eq!(newest[0].started_at, began + SignedDuration::from_mins(119));
    assert_eq!(newest[0].not_scaled[0].code, "AlreadyAtMaxCapacity");
    assert_eq!(newest[0].not_scaled[0].max, Some(10));
    assert_eq!((newest[1].not_scaled.len(), newest[1].status.as_str()), (0, "Successful"));
    assert_eq!(local.calls().len(), 1, "one page reaches back far enough");
    assert_eq!(ask(0).await.len(), 120);
    assert_eq!(local.calls().len(), 4);
}
