//! ECS over the wire. What ECS does is the simulator's and tested there; here is that it arrives whole at the SDK, and that what
//! happens reaches a function by way of a queue.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    ContainerDefinition, DeploymentRolloutState, KeyValuePair, ServiceField, TaskStopCode,
};
use jiff::SignedDuration;
use serde_json::Value;
use steady_local_aws::{LocalAws, Outcome, Queue};

use crate::clients::{asked, caller, code, start};

/// A cluster `prod` and a service `web` of two tasks, not yet begun.
async fn with_service() -> (LocalAws, Client) {
    let aws = start().await;
    let client = caller(&aws).ecs();
    client.create_cluster().cluster_name("prod").send().await.unwrap();
    let zone = KeyValuePair::builder().name("TZ").value("UTC").build();
    let app = ContainerDefinition::builder().name("app").image("web:1").environment(zone).build();
    client
        .register_task_definition()
        .family("web")
        .container_definitions(app)
        .send()
        .await
        .unwrap();
    client
        .create_service()
        .cluster("prod")
        .service_name("web")
        .task_definition("web:1")
        .desired_count(2)
        .send()
        .await
        .unwrap();
    (aws, client)
}

/// Lets `minutes` pass, and gives what EventBridge delivered meanwhile.
fn pass(aws: &LocalAws, minutes: i64) -> Vec<Value> {
    aws.ecs(|ecs| ecs.advance(ecs.now() + SignedDuration::from_mins(minutes)))
}

#[tokio::test]
async fn the_sdk_reads_what_the_simulator_answers() {
    let (aws, client) = with_service().await;
    let describe = || client.describe_services().cluster("prod").services("web").services("api");
    let begun = describe().include(ServiceField::Tags).send().await.unwrap();
    let service = &begun.services()[0];
    assert_eq!(service.service_name(), Some("web"));
    assert_eq!((service.desired_count(), service.running_count()), (2, 0));
    let deployment = &service.deployments()[0];
    assert_eq!(deployment.rollout_state(), Some(&DeploymentRolloutState::InProgress));
    assert_eq!(deployment.created_at().unwrap().secs(), 1_795_226_400);
    assert_eq!(begun.failures()[0].reason(), Some("MISSING"));

    pass(&aws, 30);
    let steady = describe().send().await.unwrap();
    let service = &steady.services()[0];
    assert_eq!(service.running_count(), 2);
    assert_eq!(service.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));

    let tasks = client.list_tasks().cluster("prod").service_name("web").send().await.unwrap();
    assert_eq!(tasks.task_arns().len(), 2);
    let stop = client.stop_task().cluster("prod").task(&tasks.task_arns()[0]).reason("why not");
    stop.send().await.unwrap();
    pass(&aws, 1);
    let stopped =
        client.describe_tasks().cluster("prod").tasks(&tasks.task_arns()[0]).send().await.unwrap();
    assert_eq!(stopped.tasks()[0].stop_code(), Some(&TaskStopCode::UserInitiated));
    assert_eq!(stopped.tasks()[0].stopped_reason(), Some("why not"));
    assert_eq!(
        asked(&aws.calls())[..4],
        [
            "ecs CreateCluster",
            "ecs RegisterTaskDefinition",
            "ecs CreateService",
            "ecs DescribeServices"
        ]
    );
    assert_eq!(aws.calls()[2].request["desiredCount"], 2);
}

#[tokio::test]
async fn what_happens_reaches_a_function_by_way_of_a_queue() {
    let (aws, _client) = with_service().await;
    let mut queue = Queue::new("arn:aws:sqs:eu-west-1:111122223333:watch");
    let events = pass(&aws, 30);
    for event in &events {
        queue.send(event);
    }
    let mut read = Vec::new();
    while let Some(batch) = queue.batch(10) {
        let records = batch["Records"].as_array().unwrap().clone();
        assert!(records.len() <= 10);
        for record in records {
            read.push(serde_json::from_str::<Value>(record["body"].as_str().unwrap()).unwrap());
        }
        queue.settle(&batch, &Value::Null);
    }
    assert_eq!(read, events);
    let names: Vec<&str> =
        read.iter().filter_map(|event| event["detail"]["eventName"].as_str()).collect();
    assert!(names.contains(&"SERVICE_DEPLOYMENT_COMPLETED"), "{names:?}");
}

#[tokio::test]
async fn an_error_of_the_simulator_reaches_the_sdk_as_its_own_type() {
    let aws = start().await;
    let ask = caller(&aws).ecs().describe_services().cluster("nowhere").services("web").send();
    let error = ask.await.unwrap_err().into_service_error();
    assert!(error.is_cluster_not_found_exception(), "{error:?}");
    let calls = aws.calls();
    assert_eq!(
        calls[0].outcome,
        Outcome::Answered { status: 400, error: Some("ClusterNotFoundException".to_owned()) }
    );
    assert_eq!(calls[0].request["services"][0], "web");
}

#[tokio::test]
async fn an_operation_that_the_simulator_does_not_know_is_refused() {
    let aws = start().await;
    let client = caller(&aws).ecs();
    assert_eq!(code!(client.submit_task_state_change().send()), "UnknownOperationException");
}
