//! Deployments that go well, and the bounds that they keep.

use serde_json::json;

use crate::story::{Story, ms_between, short};

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

#[test]
fn a_task_takes_the_steps_and_the_time_that_recorded_ones_took() {
    for seed in 0..40 {
        let mut story =
            Story::steady(seed, 1, json!({"loadBalancers": [{"targetGroupArn": "arn:tg"}]}));
        let old = short(&story.tasks()[0]["taskArn"]);
        story.update(json!({"taskDefinition": "checkout:2"}));
        story.settle();
        let new = short(&story.tasks()[0]["taskArn"]);
        let began = story.of_task(&new);
        let words: Vec<&str> =
            began.iter().map(|event| event["detail"]["lastStatus"].as_str().unwrap()).collect();
        let mut once = words.clone();
        once.dedup();
        assert_eq!(once, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"], "{words:?}");
        let last = began.last().unwrap();
        let start = ms_between(&last["detail"]["createdAt"], &last["detail"]["startedAt"]);
        assert!((20_000..=39_000).contains(&start), "{start} ms to RUNNING");
        let ended = story.of_task(&old);
        let words: Vec<&str> =
            ended.iter().map(|event| event["detail"]["lastStatus"].as_str().unwrap()).collect();
        assert_eq!(words, ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]);
        let last = ended.last().unwrap();
        let stop = ms_between(&last["detail"]["stoppingAt"], &last["detail"]["stoppedAt"]);
        assert!((56_000..=60_000).contains(&stop), "{stop} ms to STOPPED");
        for (events, first) in [(began, 1), (ended, 1)] {
            let versions: Vec<u64> =
                events.iter().map(|event| event["detail"]["version"].as_u64().unwrap()).collect();
            let from = versions[0].max(first);
            assert_eq!(versions, (from..).take(versions.len()).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_changes_no_task_begins_no_deployment() {
    let mut story = Story::steady(3, 2, json!({}));
    let before = story.primary();
    for same in [
        json!({"taskDefinition": "checkout:1"}),
        json!({"desiredCount": 2}),
        json!({"deploymentConfiguration": {"minimumHealthyPercent": 50}}),
        json!({"healthCheckGracePeriodSeconds": 90}),
        json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}}),
    ] {
        story.update(same.clone());
        story.settle();
        assert_eq!(story.primary(), before, "{same}");
    }
    assert_eq!(story.events, Vec::<serde_json::Value>::new());
    for new in [
        json!({"taskDefinition": "checkout:1", "forceNewDeployment": true}),
        json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-3"]}}}),
        json!({"taskDefinition": "checkout"}),
    ] {
        let before = story.primary();
        story.update(new.clone());
        assert_ne!(story.primary(), before, "{new}");
        story.settle();
        assert_eq!(story.rollout().len(), 1);
    }
    assert_eq!(story.rollout(), ["PRIMARY checkout:4 COMPLETED"]);
}

#[test]
fn the_desired_count_moves_tasks_without_a_deployment() {
    let mut story = Story::steady(5, 2, json!({}));
    let before = story.primary();
    story.update(json!({"desiredCount": 5}));
    story.settle();
    assert_eq!(story.tasks().len(), 5);
    story.update(json!({"desiredCount": 1}));
    story.settle();
    assert_eq!(story.tasks().len(), 1);
    assert_eq!(story.primary(), before);
    assert_eq!(story.said(), ["STEADY_STATE", "STEADY_STATE"]);
    let stopped = story.with_status("STOPPED", "checkout:1");
    assert_eq!(stopped.len(), 4);
    for event in stopped {
        assert_eq!(event["detail"]["stopCode"], "ServiceSchedulerInitiated");
        let reason = format!("Scaling activity initiated by (deployment {before})");
        assert_eq!(event["detail"]["stoppedReason"], reason);
    }
}

#[test]
fn a_newer_deployment_takes_over_from_one_under_way() {
    let mut story = Story::steady(11, 3, json!({}));
    story.update(json!({"taskDefinition": "checkout:2"}));
    let overtaken = story.service()["currentServiceDeployment"].clone();
    story.advance(30);
    story.update(json!({"taskDefinition": "checkout:3"}));
    assert_eq!(
        story.rollout(),
        [
            "PRIMARY checkout:3 IN_PROGRESS",
            "ACTIVE checkout:2 IN_PROGRESS",
            "ACTIVE checkout:1 COMPLETED"
        ]
    );
    assert_eq!(story.describe_service_deployment(&overtaken)["status"], "STOPPED");
    let current = story.service_deployment();
    assert_eq!(current["sourceServiceRevisions"].as_array().unwrap().len(), 2);
    story.settle();
    assert_eq!(story.rollout(), ["PRIMARY checkout:3 COMPLETED"]);
    assert_eq!(story.tasks().len(), 3);
}

#[test]
fn a_deleted_service_drains_and_is_inactive() {
    let mut story = Story::steady(2, 2, json!({}));
    let input = json!({"cluster": "prod", "service": "checkout"});
    let refused = story.try_call("DeleteService", input.clone()).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
    story.call("DeleteService", json!({"cluster": "prod", "service": "checkout", "force": true}));
    assert_eq!(story.service()["status"], "DRAINING");
    story.settle();
    assert_eq!(story.service()["status"], "INACTIVE");
    assert_eq!(story.with_status("STOPPED", "checkout:1").len(), 2);
    assert_eq!(story.call("ListServices", json!({"cluster": "prod"}))["serviceArns"], json!([]));
    let refused = story.try_call("UpdateService", input).unwrap_err();
    assert_eq!(refused.code, "ServiceNotActiveException");
}

#[test]
fn a_deployment_completes_when_its_tasks_have_run_for_40_seconds() {
    let percent = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    let mut story = Story::steady(16, 2, json!({"deploymentConfiguration": percent}));
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.settle();
    let last = story.with_status("RUNNING", "checkout:2").last().unwrap()["detail"].clone();
    let steady = story.events.last().unwrap()["detail"].clone();
    let after = ms_between(&last["startedAt"], &steady["createdAt"]);
    assert!((40_000..=42_000).contains(&after), "{after} ms");
}

#[test]
fn healthy_old_tasks_are_kept_before_those_that_have_only_begun() {
    let percent = json!({"minimumHealthyPercent": 50, "maximumPercent": 100});
    let mut story = Story::steady(17, 2, json!({"deploymentConfiguration": percent}));
    let tasks = story.tasks();
    let (kept, stopped) = (&tasks[0]["taskArn"], &tasks[1]["taskArn"]);
    story.call("StopTask", json!({"cluster": "prod", "task": stopped}));
    while story.with_status("RUNNING", "checkout:1").is_empty() {
        assert!(story.step());
    }
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(14);
    let old: Vec<_> = story
        .tasks()
        .into_iter()
        .filter(|task| short(&task["taskDefinitionArn"]) == "checkout:1")
        .map(|task| task["taskArn"].clone())
        .collect();
    assert_eq!(old, std::slice::from_ref(kept));
}
