//! ECS over the wire. What ECS does is the simulator's and tested there.

use steady_local_aws::Outcome;

use crate::clients::{caller, code, start};

#[tokio::test]
async fn an_error_of_the_simulator_reaches_the_sdk_as_its_own_type() {
    let aws = start().await;
    let error = caller(&aws)
        .ecs()
        .describe_services()
        .cluster("nowhere")
        .services("web")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
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
