//! Scalable targets, their activities and tags over the wire.

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use serde_json::json;
use steady_local_aws::LocalAws;

use crate::clients::{caller, code, refusal, start};

pub(crate) const CHECKOUT: &str = "service/prod/checkout";
pub(crate) const DIMENSION: ScalableDimension = ScalableDimension::EcsServiceDesiredCount;
pub(crate) const ECS: ServiceNamespace = ServiceNamespace::Ecs;

/// A service with so many tasks.
pub(crate) fn run(aws: &LocalAws, service: &str, desired_count: u32) {
    aws.ecs(|ecs| {
        let _ = ecs.call("CreateCluster", &json!({ "clusterName": "prod" }));
        let containers = json!([{ "name": "app", "image": "app:1" }]);
        let family = json!({ "family": service, "containerDefinitions": containers });
        ecs.call("RegisterTaskDefinition", &family).unwrap();
        let service = json!({
            "cluster": "prod", "serviceName": service, "taskDefinition": service,
            "desiredCount": desired_count,
        });
        ecs.call("CreateService", &service).unwrap();
    });
}

fn desired_count(aws: &LocalAws) -> u64 {
    let asked = json!({ "cluster": "prod", "services": ["checkout"] });
    let answer = aws.ecs(|ecs| ecs.call("DescribeServices", &asked)).unwrap();
    answer.pointer("/services/0/desiredCount").unwrap().as_u64().unwrap()
}

/// Registers `service/prod/checkout` and gives its ARN.
pub(crate) async fn register(client: &Client, min: i32, max: i32) -> String {
    let answer = client
        .register_scalable_target()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .min_capacity(min)
        .max_capacity(max)
        .send()
        .await
        .unwrap();
    answer.scalable_target_arn().unwrap().to_owned()
}

#[tokio::test]
async fn a_target_is_registered_changed_in_part_and_told() {
    let aws = start().await;
    run(&aws, "checkout", 4);
    let client = caller(&aws).scaling();
    let arn = register(&client, 2, 10).await;
    let change = client
        .register_scalable_target()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION);
    change.clone().max_capacity(20).send().await.unwrap();
    let suspended = SuspendedState::builder().dynamic_scaling_in_suspended(true).build();
    change.suspended_state(suspended).send().await.unwrap();

    let told = client.describe_scalable_targets().service_namespace(ECS).send().await.unwrap();
    let [target] = told.scalable_targets() else { panic!("one target") };
    assert_eq!((target.min_capacity(), target.max_capacity()), (2, 20));
    assert_eq!(target.scalable_target_arn(), Some(arn.as_str()));
    assert_eq!(target.creation_time().secs(), 1_795_226_400);
    let suspended = target.suspended_state().unwrap();
    assert_eq!(suspended.dynamic_scaling_in_suspended(), Some(true));
    assert_eq!(suspended.scheduled_scaling_suspended(), Some(false));
    assert_eq!(desired_count(&aws), 4, "it is within the bounds");
}

#[tokio::test]
async fn bounds_that_exclude_the_desired_count_move_it_at_once_and_say_so() {
    let aws = start().await;
    run(&aws, "checkout", 4);
    let client = caller(&aws).scaling();
    for (min, max, moved) in [(6, 10, 6), (1, 3, 3), (0, 100, 3)] {
        register(&client, min, max).await;
        assert_eq!(desired_count(&aws), moved);
    }
    let told = client.describe_scaling_activities().service_namespace(ECS).send().await.unwrap();
    let causes: Vec<_> = told.scaling_activities().iter().map(|one| one.cause()).collect();
    let newest_first = ["maximum capacity was set to 3", "minimum capacity was set to 6"];
    assert_eq!(causes, newest_first);
}

#[tokio::test]
async fn what_is_refused_of_a_target() {
    let aws = start().await;
    run(&aws, "checkout", 4);
    let client = caller(&aws).scaling();
    let target = |resource: &str, min, max| {
        client
            .register_scalable_target()
            .service_namespace(ECS)
            .scalable_dimension(DIMENSION)
            .resource_id(resource)
            .set_min_capacity(min)
            .set_max_capacity(max)
    };
    let cases = [
        (CHECKOUT, Some(5), Some(4), "Maximum capacity cannot be less than minimum capacity"),
        (CHECKOUT, Some(1), None, "A minimum and a maximum capacity are required"),
        (CHECKOUT, Some(-1), Some(4), "1 validation error detected: Value '-1' at 'minCapacity'"),
        ("service/prod/other", Some(1), Some(4), "ECS service doesn't exist: service/prod/other"),
        ("service/checkout", Some(1), Some(4), "Unsupported service namespace, resource type"),
    ];
    for (resource, min, max, begins) in cases {
        let (code, message) = refusal!(target(resource, min, max).send());
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.starts_with(begins), "{message}");
    }
    let other = target(CHECKOUT, Some(1), Some(4)).service_namespace(ServiceNamespace::Rds);
    assert_eq!(code!(other.send()), "NotKnownToLocalAws");
    register(&client, 1, 4).await;
    let (code, message) = refusal!(target(CHECKOUT, Some(5), None).send());
    assert_eq!(code, "ValidationException");
    assert_eq!(message, "Maximum capacity cannot be less than minimum capacity");
    let tagged = target(CHECKOUT, Some(1), Some(4)).tags("a", "b");
    assert_eq!(code!(tagged.send()), "ValidationException");

    aws.ecs(|ecs| {
        let service = json!({ "cluster": "prod", "service": "checkout", "force": true });
        ecs.call("DeleteService", &service).unwrap();
    });
    let (_, message) = refusal!(target(CHECKOUT, Some(1), Some(4)).send());
    assert_eq!(message, "ECS service doesn't exist: service/prod/checkout");
}

#[tokio::test]
async fn tags_belong_to_the_target_and_are_not_told_with_it() {
    let aws = start().await;
    run(&aws, "checkout", 1);
    let client = caller(&aws).scaling();
    let arn = client
        .register_scalable_target()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .min_capacity(1)
        .max_capacity(2)
        .tags("team", "payments")
        .send()
        .await
        .unwrap();
    let arn = arn.scalable_target_arn().unwrap();
    client.tag_resource().resource_arn(arn).tags("steady:service", "x").send().await.unwrap();
    let tags = async || client.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    let told = tags().await;
    assert_eq!(told.tags().unwrap()["team"], "payments");
    assert_eq!(told.tags().unwrap()["steady:service"], "x");
    client.untag_resource().resource_arn(arn).tag_keys("team").send().await.unwrap();
    assert_eq!(tags().await.tags().unwrap().len(), 1);
    let elsewhere = client.list_tags_for_resource().resource_arn("arn:aws:elsewhere");
    assert_eq!(code!(elsewhere.send()), "ResourceNotFoundException");
    let many = (0..50).map(|n| (n.to_string(), String::new())).collect();
    let many = client.tag_resource().resource_arn(arn).set_tags(Some(many));
    assert_eq!(code!(many.send()), "TooManyTagsException");
}

#[tokio::test]
async fn targets_come_in_pages_and_by_their_ids() {
    let aws = start().await;
    let client = caller(&aws).scaling();
    for number in 0..52 {
        let service = format!("s{number:02}");
        run(&aws, &service, 1);
        let target = json!({
            "ServiceNamespace": "ecs", "ResourceId": format!("service/prod/{service}"),
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 2,
        });
        aws.by_hand("application-autoscaling", "RegisterScalableTarget", &target).unwrap();
    }
    let ask = || client.describe_scalable_targets().service_namespace(ECS);
    let first = ask().send().await.unwrap();
    assert_eq!(first.scalable_targets().len(), 50);
    let rest = ask().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((rest.scalable_targets().len(), rest.next_token()), (2, None));
    let ids = ask().resource_ids("service/prod/s07").resource_ids("service/prod/nowhere");
    let found = ids.scalable_dimension(DIMENSION).send().await.unwrap();
    assert_eq!(found.scalable_targets().len(), 1);
    assert_eq!(code!(ask().max_results(51).send()), "ValidationException");
    assert_eq!(code!(ask().scalable_dimension(DIMENSION).send()), "ValidationException");
    assert_eq!(code!(ask().next_token("7").send()), "InvalidNextTokenException");
    assert_eq!(aws.calls().len(), 6, "what is done by hand is not in the log");
}

#[tokio::test]
async fn what_did_not_scale_is_told_only_where_it_is_asked_for() {
    let aws = start().await;
    let client = caller(&aws).scaling();
    let activity = json!({
        "Description": "Attempting to scale due to alarm triggered", "StartTime": 1_795_226_400,
        "Cause": "monitor alarm TargetTracking-… in state ALARM triggered policy cpu",
        "StatusCode": "Unfulfilled",
        "NotScaledReasons": [{ "Code": "AlreadyAtMaxCapacity", "MaxCapacity": 4 }],
    });
    aws.add_scaling_activity(CHECKOUT, &activity);
    let ask = || client.describe_scaling_activities().service_namespace(ECS).resource_id(CHECKOUT);
    assert_eq!(ask().send().await.unwrap().scaling_activities().len(), 0);
    let told = ask().include_not_scaled_activities(true).send().await.unwrap();
    let [told] = told.scaling_activities() else { panic!("one activity") };
    let [reason] = told.not_scaled_reasons() else { panic!("one reason") };
    assert_eq!((reason.code(), reason.max_capacity()), ("AlreadyAtMaxCapacity", Some(4)));
    assert_eq!(told.resource_id(), CHECKOUT);
}
