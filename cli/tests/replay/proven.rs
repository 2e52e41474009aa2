//! What a deployment carries is often told by its running tasks alone: none of them has ended yet.

use crate::recorded::healthy_task;
use crate::story::{AUTO, decided, replay, story};

#[test]
fn a_revision_is_proven_though_none_of_its_tasks_has_ended() {
    let mut events = story();
    let scaled_in = healthy_task("checkout", 3).arn();
    events.retain(|event| {
        let detail = &event["detail"];
        detail["taskArn"] != scaled_in || detail["stopCode"].is_null()
    });
    let done = replay(AUTO, &events, "json");
    assert_eq!(
        done.of_kind("rollback")[0]["reason"],
        "to checkout:41: StopServiceDeployment with ROLLBACK, deployment ecs-svc/2"
    );
    assert_eq!(decided(&done), decided(&replay(AUTO, &story(), "json")));
}

#[test]
fn a_rollback_by_a_deployment_of_its_own_is_verified_as_soon() {
    let mut events = story();
    for event in &mut events {
        let detail = &mut event["detail"];
        let begins = detail["updatedAt"].as_str() >= Some("2026-11-21T03:03:20Z");
        for field in ["deploymentId", "startedBy"] {
            if begins && detail["stopCode"].is_null() && detail[field] == "ecs-svc/1" {
                detail[field] = "ecs-svc/3".into();
            }
        }
    }
    let done = replay(AUTO, &events, "json");
    assert_eq!(decided(&done), decided(&replay(AUTO, &story(), "json")));
    assert_eq!(
        done.of_kind("incident-resolved")[0]["reason"],
        "rollback verified: checkout:41 (deployment ecs-svc/3) is steady"
    );
}
