//! Deployments that end without success: the circuit breaker, and StopServiceDeployment.

use serde_json::{Value, json};
use steady_sim::Behaviour;

use crate::story::Story;

fn breaker(rollback: bool) -> Value {
    json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}}})
}

#[test]
fn the_circuit_breaker_gives_up_and_begins_the_completed_deployment_again() {
    let mut story = Story::steady(7, 1, breaker(true));
    let good = story.primary();
    let kept = story.tasks()[0]["taskArn"].clone();
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    let bad = story.primary();
    let asked = story.service()["currentServiceDeployment"].clone();
    while !story.said().contains(&"DEPLOYMENT_FAILED".to_owned()) {
        assert!(story.step());
    }
    // Three failures reach the threshold; a fourth task was started meanwhile, as recorded.
    assert_eq!(story.with_status("DEPROVISIONING", "checkout:2").len(), 3);
    let mut started = story.with_status("PROVISIONING", "checkout:2");
    started.retain(|event| event["detail"]["version"] == 1);
    assert_eq!(started.len(), 4);
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 IN_PROGRESS", "ACTIVE checkout:2 FAILED"]);
    let current = story.describe_service_deployment(&asked);
    assert_eq!(current["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(
        current["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    );
    assert_eq!(
        current["rollback"]["serviceRevisionArn"],
        current["sourceServiceRevisions"][0]["arn"]
    );
    story.settle();
    let told: Vec<(&str, &str, &str)> = story
        .events
        .iter()
        .filter(|event| event["detail-type"] == "ECS Deployment State Change")
        .map(|event| {
            let text = |name: &str| event["detail"][name].as_str().unwrap();
            (text("eventName"), text("deploymentId"), text("reason"))
        })
        .collect();
    let begun = format!("ECS deployment {bad} in progress.");
    let back = format!("ECS deployment circuit breaker: rolling back to deploymentId {good}.");
    let done = format!("ECS deployment {good} completed.");
    assert_eq!(
        told,
        [
            ("SERVICE_DEPLOYMENT_IN_PROGRESS", bad.as_str(), begun.as_str()),
            (
                "SERVICE_DEPLOYMENT_FAILED",
                bad.as_str(),
                "ECS deployment circuit breaker: tasks failed to start."
            ),
            ("SERVICE_DEPLOYMENT_IN_PROGRESS", good.as_str(), back.as_str()),
            ("SERVICE_DEPLOYMENT_COMPLETED", good.as_str(), done.as_str()),
        ]
    );
    assert_eq!(story.describe_service_deployment(&asked)["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(story.service()["currentServiceDeployment"], asked);
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    // The good task was never removed.
    assert_eq!(story.tasks()[0]["taskArn"], kept);
}

#[test]
fn without_rollback_a_failed_deployment_stands_and_starts_nothing_more() {
    let mut story = Story::steady(7, 4, breaker(false));
    story.ecs.behave("checkout:2", Behaviour::FailsHealthChecks);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.settle();
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_FAILED"]);
    assert_eq!(story.service_deployment()["status"], "STOPPED");
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 FAILED", "ACTIVE checkout:1 COMPLETED"]);
    // The old tasks go on, and the next deployment is free to begin.
    assert_eq!(story.tasks().len(), 4);
    story.update(json!({"taskDefinition": "checkout:3"}));
    story.settle();
    assert_eq!(story.rollout(), ["PRIMARY checkout:3 COMPLETED"]);
}

#[test]
fn the_threshold_is_half_of_the_desired_count_between_3_and_200_unless_said_otherwise() {
    let threshold = |count: u32, more: Value| {
        let mut members = json!({"enable": true, "rollback": false});
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let configuration =
            json!({"deploymentConfiguration": {"deploymentCircuitBreaker": members}});
        let mut story = Story::created(1, count, configuration);
        story.service_deployment()["deploymentCircuitBreaker"]["threshold"].as_u64().unwrap()
    };
    for (count, expected) in [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (1000, 200)] {
        assert_eq!(threshold(count, json!({})), expected, "{count} tasks");
    }
    let of =
        |kind: &str, value: u32| json!({"thresholdConfiguration": {"type": kind, "value": value}});
    assert_eq!(threshold(10, of("COUNT", 7)), 7);
    assert_eq!(threshold(10, of("UNBOUNDED_PERCENT", 10)), 1);
    assert_eq!(threshold(1000, of("UNBOUNDED_PERCENT", 50)), 500);
}

#[test]
fn a_healthy_task_resets_the_count_unless_the_service_counts_all_failures() {
    let tripped = |reset: bool| {
        let breaker = json!({"enable": true, "rollback": false, "resetOnHealthyTask": reset,
            "thresholdConfiguration": {"type": "COUNT", "value": 4}});
        let configuration =
            json!({"deploymentConfiguration": {"deploymentCircuitBreaker": breaker}});
        let mut story = Story::steady(3, 2, configuration);
        // Two tasks die at once; the next two pass their checks before they end; two more die at once; then it is well.
        story.update(json!({"taskDefinition": "checkout:2"}));
        for (started, run_s) in [(0, 0), (2, 60), (4, 0)] {
            while story.with_status("PROVISIONING", "checkout:2").len() < started {
                assert!(story.step());
            }
            story.crash("checkout:2", run_s);
        }
        while story.with_status("PROVISIONING", "checkout:2").len() < 6 {
            assert!(story.step());
        }
        story.ecs.behave("checkout:2", Behaviour::Healthy);
        story.settle();
        story.said().contains(&"DEPLOYMENT_FAILED".to_owned())
    };
    assert!(tripped(false));
    assert!(!tripped(true));
}

#[test]
fn a_deployment_is_stopped_with_rollback_and_the_service_goes_back() {
    let mut story = Story::steady(21, 3, json!({}));
    let good = story.primary();
    story.crash("checkout:2", 8);
    story.update(json!({"taskDefinition": "checkout:2"}));
    let asked = story.service()["currentServiceDeployment"].clone();
    story.advance(120);
    let stop = json!({"serviceDeploymentArn": asked, "stopType": "ROLLBACK"});
    let answer = story.call("StopServiceDeployment", stop.clone());
    assert_eq!(answer, json!({"serviceDeploymentArn": asked}));
    assert_eq!(story.describe_service_deployment(&asked)["status"], "ROLLBACK_REQUESTED");
    // Asked again, it just goes on.
    story.call("StopServiceDeployment", stop.clone());
    story.events.clear();
    story.advance(6);
    let current = story.describe_service_deployment(&asked);
    assert_eq!(current["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(
        current["rollback"]["serviceRevisionArn"],
        current["sourceServiceRevisions"][0]["arn"]
    );
    assert_eq!(
        story.service()["taskDefinition"].as_str().unwrap().rsplit('/').next(),
        Some("checkout:1")
    );
    story.call("StopServiceDeployment", stop.clone());
    story.settle();
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
    assert_eq!(story.primary(), good);
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    assert_eq!(story.describe_service_deployment(&asked)["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(story.tasks().len(), 3);
    let refused = story.try_call("StopServiceDeployment", stop).unwrap_err();
    assert_eq!(refused.code, "ConflictException");
}

#[test]
fn a_rollback_starts_what_was_stopped_already() {
    let percent =
        json!({"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}});
    let mut story = Story::steady(22, 2, percent);
    let good = story.primary();
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(200);
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 IN_PROGRESS"]);
    let asked = story.service()["currentServiceDeployment"].clone();
    story.call(
        "StopServiceDeployment",
        json!({"serviceDeploymentArn": asked, "stopType": "ROLLBACK"}),
    );
    story.events.clear();
    story.settle();
    assert_eq!(story.primary(), good);
    let started = story.with_status("RUNNING", "checkout:1");
    assert_eq!(started.len(), 2);
    assert!(started.iter().all(|event| event["detail"]["startedBy"] == good));
}

#[test]
fn a_deployment_is_aborted_and_left_where_it_is() {
    let mut story = Story::steady(23, 2, json!({}));
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(60);
    let asked = story.service()["currentServiceDeployment"].clone();
    story
        .call("StopServiceDeployment", json!({"serviceDeploymentArn": asked, "stopType": "ABORT"}));
    assert_eq!(story.service_deployment()["status"], "STOP_REQUESTED");
    story.settle();
    assert_eq!(story.service_deployment()["status"], "STOPPED");
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 FAILED", "ACTIVE checkout:1 COMPLETED"]);
}

#[test]
fn what_never_completed_has_nothing_to_go_back_to() {
    let mut story = Story::empty(24);
    story.crash("checkout:1", 0);
    story.call(
        "CreateService",
        json!({"cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1", "desiredCount": 1}),
    );
    let asked = story.service()["currentServiceDeployment"].clone();
    let refused = story
        .try_call("StopServiceDeployment", json!({"serviceDeploymentArn": asked}))
        .unwrap_err();
    assert_eq!(refused.code, "ConflictException");
}
