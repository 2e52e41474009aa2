//! CloudWatch's alarms: whose they are, and how they stand.

use std::time::Duration;

use serde_json::{Value, json};
use steady_core::event::AlarmState;
use steady_core::name::ServiceKey;
use steady_core::port::{ReadAlarms, ReadAllScaling};
use steady_core::scaling::{AlarmAction, MetricAlarm, ScalingCall, alarm_name};
use steady_local_aws::LocalAws;

use crate::scaling::{busy, live, make, register, running};
use crate::setup::{aws_at, checkout, patient};

fn put(local: &LocalAws, name: &str, more: Value) {
    let mut alarm = json!({
        "AlarmName": name, "Namespace": "AWS/ECS", "MetricName": "CPUUtilization",
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    let members = alarm.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    local.by_hand("monitoring", "PutMetricAlarm", &alarm).expect("an alarm");
}

fn policy(service: &str) -> String {
    format!(
        "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:1:resource/ecs/service/{service}:policyName/steady-burst"
    )
}

#[tokio::test]
async fn an_alarm_is_of_the_service_that_its_name_names() {
    let (local, scaling) = running().await;
    let of = |service: &str| json!({ "AlarmActions": [policy(service)] });
    let long = ServiceKey::new("prod", &"x".repeat(250));
    put(&local, "steady-prod/checkout/burst", of("prod/checkout"));
    put(&local, "steady-prod/checkout-api/burst", of("prod/checkout-api"));
    put(&local, "steady-prod/checkout/robbed", json!({}));
    put(&local, &alarm_name(&long, "burst"), of(long.as_str()));
    put(&local, "steady-mine", json!({}));
    put(&local, "theirs", of("prod/checkout"));
    let names = |alarms: Vec<MetricAlarm>| -> Vec<String> {
        alarms.into_iter().map(|alarm| alarm.name).collect()
    };
    let wanted = ["steady-prod/checkout/burst", "steady-prod/checkout/robbed"];
    assert_eq!(names(live(&scaling).await.alarms), wanted);
    let account = scaling.account(Duration::ZERO).await.expect("an account");
    let asked = [checkout(), ServiceKey::new("prod", "checkout-api"), long.clone()];
    let found = account.live_scaling_of(&asked).await.expect("an answer");
    let found: Vec<_> = found.into_iter().map(|live| names(live.alarms)).collect();
    assert_eq!(found[0], wanted);
    assert_eq!(found[1], ["steady-prod/checkout-api/burst"]);
    assert_eq!(found[2], [alarm_name(&long, "burst")]);
    assert_eq!(account.services().count(), 3);
}

#[tokio::test]
async fn an_alarm_that_was_disabled_or_given_another_form_is_not_what_was_put() {
    let (local, scaling) = running().await;
    make(&scaling, register(1, 10)).await;
    let wanted = busy(vec![AlarmAction::Arn(policy("prod/checkout"))]);
    make(&scaling, ScalingCall::PutMetricAlarm(wanted.clone())).await;
    assert_eq!(live(&scaling).await.alarms, std::slice::from_ref(&wanted));
    let actions = json!([policy("prod/checkout")]);
    put(&local, &wanted.name, json!({ "AlarmActions": actions, "ActionsEnabled": false }));
    assert_eq!(live(&scaling).await.alarms[0].actions, []);
    make(&scaling, ScalingCall::PutMetricAlarm(wanted.clone())).await;
    assert_eq!(live(&scaling).await.alarms, [wanted], "and it is enabled again");
}

#[tokio::test]
async fn alarms_stand_as_they_were_set_and_the_unknown_are_left_out() {
    let (local, _) = running().await;
    let alarms = aws_at(&local.endpoint(), patient()).await.alarms();
    for number in 0..101 {
        put(&local, &format!("a{number:03}"), json!({}));
    }
    local.set_alarm_state("a007", "ALARM", "Threshold Crossed").expect("an alarm");
    let mut names: Vec<String> = (0..101).map(|number| format!("a{number:03}")).collect();
    names.push("unknown".to_owned());
    let standings = alarms.alarm_standings(&names).await.expect("an answer");
    assert_eq!(standings.len(), 101);
    assert_eq!(local.calls().len(), 2, "a hundred names in each");
    let a007 = &standings[7];
    assert_eq!((a007.name.as_str(), a007.state), ("a007", AlarmState::Alarm));
    assert_eq!(a007.reason.as_deref(), Some("Threshold Crossed"));
    assert_eq!(a007.since, Some(local.ecs(|ecs| ecs.now())));
    assert_eq!(a007.threshold, Some(80.0));
    assert_eq!(standings[8].state, AlarmState::InsufficientData);
    assert_eq!(alarms.alarm_standings(&[]).await, Ok(Vec::new()));
    assert_eq!(local.calls().len(), 2, "nobody asks about no alarm");
}

#[tokio::test]
async fn alarms_of_others_are_read_by_their_names() {
    let (local, _) = running().await;
    let alarms = aws_at(&local.endpoint(), patient()).await.alarms();
    for number in 0..101 {
        put(&local, &format!("a{number:03}"), json!({}));
    }
    put(&local, "by hand", json!({ "AlarmActions": [policy("prod/checkout")], "Threshold": 70.0 }));
    let mut names: Vec<String> = (0..101).map(|number| format!("a{number:03}")).collect();
    names.extend(["by hand".to_owned(), "unknown".to_owned()]);
    let found = alarms.named(&names).await.expect("an answer");
    assert_eq!(found.len(), 102);
    let by_hand = &found[101];
    assert_eq!((by_hand.name.as_str(), by_hand.threshold), ("by hand", 70.0));
    assert_eq!(by_hand.actions, [AlarmAction::Arn(policy("prod/checkout"))]);
    assert_eq!(local.calls().len(), 2, "a hundred names in each");
    assert_eq!(alarms.named(&[]).await, Ok(Vec::new()));
    assert_eq!(local.calls().len(), 2, "nobody asks about no alarm");
}
