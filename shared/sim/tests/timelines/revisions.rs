//! Service revisions: what they hold, what is removed from them, and which images they got.

use serde_json::{Value, json};

use crate::story::{CLUSTER, SERVICE, Story};

fn described(story: &mut Story) -> Value {
    let input = json!({"cluster": CLUSTER, "services": [SERVICE]});
    story.call("DescribeServices", input)["services"][0].clone()
}

/// The service revision of the newest service deployment.
fn newest(story: &mut Story) -> Value {
    let arn = story.service_deployment()["targetServiceRevision"]["arn"].clone();
    let input = json!({"serviceRevisionArns": [arn]});
    story.call("DescribeServiceRevisions", input)["serviceRevisions"][0].clone()
}

/// Lists that UpdateService can empty.
const LISTS: [&str; 5] = [
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

#[test]
fn an_empty_list_where_there_is_nothing_changes_nothing() {
    let mut story = Story::steady(3, 2, json!({}));
    let (before, primary) = (described(&mut story), story.primary());
    for list in LISTS {
        story.update(json!({list: []}));
        story.settle();
        assert_eq!(story.primary(), primary, "{list}");
        assert_eq!(described(&mut story), before, "{list}");
    }
    assert_eq!(story.events, Vec::<Value>::new());
}

#[test]
fn an_empty_list_removes_what_there_was_and_a_rollback_brings_it_back() {
    for list in LISTS {
        let some = match list {
            "capacityProviderStrategy" => {
                json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
            }
            "loadBalancers" => json!([{"targetGroupArn": "arn:tg", "containerName": "app"}]),
            "serviceRegistries" => json!([{"registryArn": "arn:registry"}]),
            "volumeConfigurations" => json!([{"name": "disk"}]),
            _ => json!([{"roleArn": "arn:role"}]),
        };
        let mut story = Story::steady(3, 2, json!({}));
        let bare = newest(&mut story);
        story.update(json!({list: some}));
        story.settle();
        let with = newest(&mut story);
        assert_eq!(with[list], some);
        assert_eq!(with["launchType"].is_null(), list == "capacityProviderStrategy", "{list}");

        story.update(json!({list: []}));
        let without = newest(&mut story);
        assert_eq!((&without[list], &without["launchType"]), (&bare[list], &bare["launchType"]));
        let arn = story.service_deployment()["serviceDeploymentArn"].clone();
        story.call("StopServiceDeployment", json!({"serviceDeploymentArn": arn}));
        story.settle();
        assert_eq!(described(&mut story)[list], some, "{list}");
    }
}

#[test]
fn what_is_rolled_back_from_leaves_no_setting_behind() {
    let mut story = Story::steady(3, 2, json!({}));
    let before = described(&mut story);
    story.update(json!({"volumeConfigurations": [{"name": "disk"}]}));
    let arn = story.service_deployment()["serviceDeploymentArn"].clone();
    story.call("StopServiceDeployment", json!({"serviceDeploymentArn": arn}));
    story.settle();
    assert_eq!(described(&mut story)["volumeConfigurations"], before["volumeConfigurations"]);
}

#[test]
fn a_tag_that_was_moved_is_another_image_for_what_is_deployed_later() {
    let digest = |revision: &Value| revision["containerImages"][0]["imageDigest"].clone();
    let mut story = Story::steady(3, 2, json!({}));
    let first = newest(&mut story);
    assert!(digest(&first).as_str().unwrap().starts_with("sha256:"), "{first}");
    story.ecs.move_tag("registry.example/checkout:1", "tuesday");
    story.settle();
    assert_eq!(newest(&mut story), first, "a service revision keeps what it got");

    story.update(json!({"forceNewDeployment": true}));
    story.settle();
    let second = newest(&mut story);
    assert_eq!(second["containerImages"][0]["image"], first["containerImages"][0]["image"]);
    assert_ne!(digest(&second), digest(&first));
    assert_eq!(
        second["containerImages"][1], first["containerImages"][1],
        "another image's tag stays"
    );
    for task in story.tasks() {
        assert_eq!(task["containers"][0]["imageDigest"], digest(&second));
    }
    // What a rollback begins again has what it had.
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.ecs.move_tag("registry.example/checkout:1", "wednesday");
    let arn = story.service_deployment()["serviceDeploymentArn"].clone();
    story.call("StopServiceDeployment", json!({"serviceDeploymentArn": arn}));
    story.settle();
    for task in story.tasks() {
        assert_eq!(task["containers"][0]["imageDigest"], digest(&second));
    }
}
