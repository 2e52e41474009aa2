//! Service revisions: what is compared of them, and what of them an UpdateService restores.

use serde_json::{Value, json};
use steady_core::port::{
    Call, ChangeService, DeploymentStrategy, PortError, ReadService, ServiceState,
};
use steady_core::rollback::{Restore, Setting};

use crate::canned::Canned;
use crate::setup::{aws_at, checkout, patient, proven};

fn arn(n: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:service-revision/prod/checkout/{n}")
}

fn network(subnets: [&str; 2]) -> Value {
    json!({ "awsvpcConfiguration": { "subnets": subnets, "assignPublicIp": "DISABLED" } })
}

fn balanced(container: &str) -> Value {
    json!([{ "targetGroupArn": "arn:tg", "containerName": container, "containerPort": 80 }])
}

/// The proven one (1) and the current one (2).
fn revisions() -> Value {
    json!({ "serviceRevisions": [
        {
            "serviceRevisionArn": arn(1),
            "taskDefinition": "checkout:41",
            "platformVersion": "1.4.0",
            "networkConfiguration": network(["subnet-b", "subnet-a"]),
            "loadBalancers": balanced("app"),
            "containerImages": [{ "image": "app:live", "imageDigest": "sha256:01" }],
        },
        {
            "serviceRevisionArn": arn(2),
            "taskDefinition": "checkout:42",
            "platformVersion": "1.4.0",
            "networkConfiguration": network(["subnet-a", "subnet-b"]),
            "capacityProviderStrategy": [{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }],
            "loadBalancers": balanced("web"),
            "containerImages": [{ "image": "app:live" }],
        },
    ] })
}

async fn state(configuration: Value, revisions: Value) -> (Canned, ServiceState) {
    let canned = Canned::start([
        ("DescribeTaskDefinition", 200, json!({ "taskDefinition": { "status": "ACTIVE" } })),
        (
            "DescribeServices",
            200,
            json!({ "services": [{
                "status": "ACTIVE",
                "currentServiceDeployment": "arn:deployment",
                "deploymentConfiguration": configuration,
            }] }),
        ),
        (
            "DescribeServiceDeployments",
            200,
            json!({ "serviceDeployments": [{
                "status": "SUCCESSFUL", "targetServiceRevision": { "arn": arn(2) },
            }] }),
        ),
        ("DescribeServiceRevisions", 200, revisions),
    ])
    .await;
    let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
    let target = steady_core::ledger::Proven {
        service_revision: Some(arn(1).as_str().into()),
        ..proven("checkout:41")
    };
    let found = ecs.service_state(&checkout(), &target).await.expect("an answer");
    (canned, found)
}

#[tokio::test]
async fn equal_settings_are_equal_in_whatever_order_ecs_lists_them() {
    let (canned, found) = state(json!({}), revisions()).await;
    let (proven, current) = (found.proven.expect("proven"), found.current.expect("current"));
    let differ = |one: &&Setting| proven.settings.get(one) != current.settings.get(one);
    assert_eq!(
        Setting::ALL.iter().filter(differ).collect::<Vec<_>>(),
        [&Setting::CapacityProviderStrategy, &Setting::LoadBalancers]
    );
    assert_eq!(proven.images[0].digest.as_deref(), Some("sha256:01"));
    assert_eq!((current.images[0].image.as_str(), &current.images[0].digest), ("app:live", &None));
    let (_, asked) = canned.asked().pop().expect("a call");
    assert_eq!(asked, json!({ "serviceRevisionArns": [arn(1), arn(2)] }));
}

#[tokio::test]
async fn a_proven_revision_that_ecs_keeps_no_longer_is_none() {
    let mut some = revisions();
    some["serviceRevisions"].as_array_mut().expect("a list").remove(0);
    some["failures"] = json!([{ "arn": arn(1), "reason": "MISSING" }]);
    let (_, found) = state(json!({}), some).await;
    assert_eq!((found.proven, found.current.is_some()), (None, true));
}

#[tokio::test]
async fn what_is_restored_is_named_and_what_was_not_there_is_removed() {
    let canned = Canned::start([
        ("DescribeServiceRevisions", 200, revisions()),
        ("UpdateService", 200, json!({})),
    ])
    .await;
    let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
    let call = Call::UpdateService {
        service: checkout(),
        revision: "checkout:41".into(),
        restore: Some(Restore { from: arn(1).as_str().into(), settings: Setting::ALL.to_vec() }),
    };
    assert_eq!(ecs.change(&call).await, Ok(()));
    let (_, asked) = canned.asked().pop().expect("a call");
    assert_eq!(
        asked,
        json!({
            "cluster": "prod",
            "service": "checkout",
            "taskDefinition": "checkout:41",
            "capacityProviderStrategy": [],
            "forceNewDeployment": true,
            "platformVersion": "1.4.0",
            "networkConfiguration": network(["subnet-b", "subnet-a"]),
            "loadBalancers": balanced("app"),
            "serviceRegistries": [],
            "serviceConnectConfiguration": { "enabled": false },
            "volumeConfigurations": [],
            "vpcLatticeConfigurations": [],
        }),
        "and never desiredCount"
    );
}

#[tokio::test]
async fn nothing_is_updated_from_a_service_revision_that_is_gone() {
    let canned = Canned::start([("DescribeServiceRevisions", 200, json!({}))]).await;
    let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
    let restore = Restore { from: arn(1).as_str().into(), settings: vec![Setting::LoadBalancers] };
    let call = Call::UpdateService {
        service: checkout(),
        revision: "checkout:41".into(),
        restore: Some(restore),
    };
    assert!(matches!(ecs.change(&call).await, Err(PortError::Refused { .. })));
}

#[tokio::test]
async fn a_strategy_tells_how_long_a_shift_takes() {
    let cases = [
        (json!({}), 0),
        (json!({ "strategy": "ROLLING", "bakeTimeInMinutes": 5 }), 0),
        (json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5 }), 5),
        (
            json!({
                "strategy": "CANARY", "bakeTimeInMinutes": 5,
                "canaryConfiguration": { "canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10 },
            }),
            15,
        ),
        (
            json!({
                "strategy": "LINEAR", "bakeTimeInMinutes": 5,
                "linearConfiguration": { "stepPercent": 25.0, "stepBakeTimeInMinutes": 6 },
            }),
            23,
        ),
    ];
    for (configuration, minutes) in cases {
        let words = configuration.to_string();
        let (_, found) = state(configuration, revisions()).await;
        assert_eq!(found.strategy.shift().as_mins(), minutes, "{words}");
    }
    assert_eq!(DeploymentStrategy::default(), DeploymentStrategy::Rolling);
}
