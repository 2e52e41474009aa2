//! The account listed once, whatever it holds.

use std::time::{Duration, Instant};

use serde_json::json;
use steady_core::name::ServiceKey;
use steady_core::port::{PortError, ReadAllScaling, ReadScaling};
use steady_core::scaling::{AlarmAction, LiveScaling, LiveTarget, ScalingCall};
use steady_local_aws::{Fault, LocalAws, What, When};

use crate::scaling::{busy, cpu, make, register, running};
use crate::setup::checkout;

fn key(service: &str) -> ServiceKey {
    ServiceKey::new("prod", service)
}

/// More services with targets, two policies and a scheduled action each, made by hand.
fn more(local: &LocalAws, count: u32) {
    for number in 0..count {
        let name = format!("s{number:02}");
        let service = json!({
            "cluster": "prod", "serviceName": name, "taskDefinition": "checkout:1", "desiredCount": 1,
        });
        local.ecs(|ecs| ecs.call("CreateService", &service)).expect("a service");
        let call = |operation: &str, more: serde_json::Value| {
            let mut input = json!({
                "ServiceNamespace": "ecs", "ResourceId": format!("service/prod/{name}"),
                "ScalableDimension": "ecs:service:DesiredCount",
            });
            let members = input.as_object_mut().expect("an object");
            members.extend(more.as_object().expect("an object").clone());
            local.by_hand("application-autoscaling", operation, &input).expect("done");
        };
        call("RegisterScalableTarget", json!({ "MinCapacity": 1, "MaxCapacity": 4 }));
        for kind in ["CPU", "Memory"] {
            let kind = format!("ECSServiceAverage{kind}Utilization");
            let metric = json!({ "PredefinedMetricType": kind });
            let config = json!({ "TargetValue": 50, "PredefinedMetricSpecification": metric });
            let policy = json!({
                "PolicyName": kind, "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": config,
            });
            call("PutScalingPolicy", policy);
        }
        let action = json!({
            "ScheduledActionName": "night", "Schedule": "cron(0 22 * * ? *)",
            "ScalableTargetAction": { "MinCapacity": 1 },
        });
        call("PutScheduledAction", action);
    }
}

#[tokio::test]
async fn sixty_services_cost_a_call_for_each_page_and_ten_for_their_counts() {
    let (local, scaling) = running().await;
    make(&scaling, register(2, 10)).await;
    let policy = make(&scaling, ScalingCall::PutScalingPolicy(cpu(55.0))).await;
    let alarm = busy(vec![AlarmAction::Arn(policy.policy_arn.expect("an ARN"))]);
    make(&scaling, ScalingCall::PutMetricAlarm(alarm)).await;
    more(&local, 59);
    let before = local.calls().len();
    let account = scaling.account(Duration::ZERO).await.expect("an account");
    let calls: Vec<_> =
        local.calls().split_off(before).into_iter().map(|call| call.operation).collect();
    let times = |operation: &str| calls.iter().filter(|one| *one == operation).count();
    assert_eq!(times("DescribeScalableTargets"), 2);
    assert_eq!(times("DescribeScalingPolicies"), 12);
    assert_eq!(times("DescribeScheduledActions"), 2);
    assert_eq!(times("DescribeAlarms"), 1);
    assert_eq!(calls.len(), 17);
    assert_eq!(account.services().count(), 60);

    let asked = [key("s07"), key("nowhere"), checkout(), ServiceKey::new("other", "s07")];
    let before = local.calls().len();
    let found = account.live_scaling_of(&asked).await.expect("an answer");
    assert_eq!(local.calls().len() - before, 2, "one DescribeServices for each cluster");
    assert_eq!(found.len(), 4);
    assert_eq!((found[0].policies.len(), found[0].scheduled.len()), (2, 1));
    assert_eq!((found[0].desired_count, found[2].desired_count), (Some(1), Some(4)));
    assert_eq!((&found[1], &found[3]), (&LiveScaling::default(), &LiveScaling::default()));
    // The same as read alone, but for the tags.
    let alone = scaling.live_scaling(&checkout()).await.expect("an answer");
    let without_tags = alone.target.clone().map(|target| LiveTarget { tags: None, ..target });
    assert_eq!(found[2], LiveScaling { target: without_tags, ..alone });

    let all: Vec<_> = account.services().cloned().collect();
    let before = local.calls().len();
    let between = Duration::from_millis(20);
    #[expect(
        clippy::disallowed_methods,
        reason = "a wait is never shorter, however slow the machine"
    )]
    let began = Instant::now();
    account.counting_every(between).live_scaling_of(&all[..50]).await.expect("an answer");
    assert_eq!(local.calls().len() - before, 5, "ten services in each");
    assert!(began.elapsed() >= between * 4, "a wait between any two");
}

#[tokio::test]
async fn a_throttled_page_is_waited_for_and_a_refused_one_is_the_end() {
    let (local, scaling) = running().await;
    more(&local, 11);
    // The client itself tries three times.
    let busy = When::times(4, "application-autoscaling", "DescribeScalingPolicies");
    local.fault(Fault { when: busy, what: What::Throttle });
    let account = scaling.account(Duration::ZERO).await.expect("an account");
    let s10 = account.live_scaling_of(&[key("s10")]).await.expect("an answer");
    assert_eq!(s10[0].policies.len(), 2);

    let what = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User is not authorized".to_owned(),
    };
    local.fault(Fault { when: When::once("monitoring", "DescribeAlarms"), what });
    let refused = scaling.account(Duration::ZERO).await.expect_err("half an account is none");
    assert!(matches!(refused, PortError::Refused { call: "DescribeAlarms", .. }), "{refused}");
}
