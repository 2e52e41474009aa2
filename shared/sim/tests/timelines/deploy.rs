//! Deployments that go well, and the bounds that they keep.

use serde_json::json;

use crate::story::{Story, short};

#[test]
fn a_healthy_deployment_replaces_every_task_and_completes() {
    let mut story = Story::steady(7, 3, json!({}));
    let before = story.primary();
    let answer = story.update(json!({"taskDefinition": "checkout:2"}));
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 IN_PROGRESS", "ACTIVE checkout:1 COMPLETED"]);
    assert_eq!(story.service_deployment()["status"], "PENDING");
    story.settle();
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 COMPLETED"]);
    assert_ne!(story.primary(), before);
    assert_eq!(story.primary(), answer["deployments"][0]["id"].as_str().unwrap());
    assert_eq!(story.service_deployment()["status"], "SUCCESSFUL");
    let tasks = story.tasks();
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        assert_eq!(short(&task["taskDefinitionArn"]), "checkout:2");
        assert_eq!(task["lastStatus"], "RUNNING");
        assert_eq!(task["startedBy"], story.primary());
    }
    assert_eq!(story.with_status("STOPPED", "checkout:1").len(), 3);
    assert_eq!(story.with_status("STOPPED", "checkout:2").len(), 0);
}
