//! Tasks that fail: how they end, and that they are started again.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_sim::Behaviour;

use crate::story::{Story, ms_between, short};

#[test]
fn a_crash_loop_is_started_again_and_again_without_a_verdict() {
    let mut story = Story::steady(7, 1, json!({}));
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(1200);
    let ended = story.with_status("STOPPED", "checkout:2");
    assert!((20..=26).contains(&ended.len()), "{} tasks ended in 20 minutes", ended.len());
    for event in ended {
        let detail = &event["detail"];
        assert_eq!(detail["stopCode"], "EssentialContainerExited");
        assert_eq!(detail["stoppedReason"], "Essential container in task exited");
        assert_eq!(detail["containers"][0]["exitCode"], 1);
        assert_eq!(detail["containers"][1]["exitCode"], 0);
        let before = ms_between(&detail["executionStoppedAt"], &detail["startedAt"]);
        assert!((3_500..=6_600).contains(&before), "{before} ms");
        let rest = ms_between(&detail["stoppingAt"], &detail["stoppedAt"]);
        assert!((23_000..=25_000).contains(&rest), "{rest} ms");
    }
    // Without a circuit breaker ECS never says that it failed.
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS"]);
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 IN_PROGRESS", "ACTIVE checkout:1 COMPLETED"]);
    assert!(story.service()["deployments"][0]["failedTasks"].as_u64().unwrap() > 15);
}

#[test]
fn a_crash_has_no_bracket_and_tells_the_code_from_deprovisioning_on() {
    let mut story = Story::steady(8, 1, json!({}));
    let run = SignedDuration::from_secs(20);
    let behaviour = Behaviour::ExitsAfter { run, container: Some("router".to_owned()), code: 3 };
    story.ecs.behave("checkout:2", behaviour);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(110);
    let id = story
        .with_status("STOPPED", "checkout:2")
        .first()
        .map(|event| short(&event["detail"]["taskArn"]))
        .unwrap();
    let end: Vec<(&str, &Value, &Value)> = story
        .of_task(&id)
        .into_iter()
        .skip_while(|event| event["detail"]["lastStatus"] != "RUNNING")
        .map(|event| {
            let detail = &event["detail"];
            let word = detail["lastStatus"].as_str().unwrap();
            (word, &detail["stopCode"], &detail["containers"][1]["exitCode"])
        })
        .collect();
    let code = json!("EssentialContainerExited");
    assert_eq!(
        end,
        [
            ("RUNNING", &Value::Null, &Value::Null),
            ("DEPROVISIONING", &code, &json!(3)),
            ("STOPPED", &code, &json!(3)),
        ]
    );
}

#[test]
fn a_completed_deployment_that_loops_is_steady_after_each_restart() {
    let mut story = Story::steady(4, 2, json!({}));
    story
        .ecs
        .behave("checkout:2", Behaviour::OutOfMemoryAfter { run: SignedDuration::from_secs(300) });
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(3600);
    let said = story.said();
    assert_eq!(said[..2], ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED"]);
    let steady = said.iter().filter(|name| *name == "STEADY_STATE").count();
    assert!(steady >= 9, "steady {steady} times");
    let stops = story.with_status("STOPPED", "checkout:2");
    assert!(stops.len() >= 16, "{} stops", stops.len());
    for event in &stops {
        let app = &event["detail"]["containers"][0];
        assert_eq!(app["exitCode"], 137);
        assert_eq!(app["reason"], "OutOfMemoryError: Container killed due to memory usage");
    }
    let service = story.service();
    assert_eq!(service["deployments"][0]["failedTasks"], 0);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn an_old_task_that_crashes_while_a_deployment_runs_is_replaced_by_its_own_deployment() {
    let mut story = Story::empty(6);
    // The first tasks live for ten minutes.
    story.crash("checkout:1", 600);
    story.call(
        "CreateService",
        json!({"cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1", "desiredCount": 1}),
    );
    story.advance(300);
    let old = story.primary();
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.events.clear();
    story.advance(600);
    let replaced = story.with_status("PROVISIONING", "checkout:1");
    assert_eq!(replaced.len(), 1);
    assert_eq!(replaced[0]["detail"]["startedBy"], old);
}

#[test]
fn going_away_from_a_completed_deployment_that_loops_ends_the_loop() {
    let mut story = Story::steady(9, 3, json!({}));
    story.crash("checkout:2", 120);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(900);
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 COMPLETED"]);
    story.events.clear();
    story.update(json!({"taskDefinition": "checkout:1"}));
    story.settle();
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    assert_eq!(story.tasks().len(), 3);
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
}

#[test]
fn tasks_that_never_run_are_started_ever_more_rarely() {
    let mut story = Story::steady(1, 1, json!({}));
    story.ecs.behave("checkout:2", Behaviour::CannotPullImage);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(3 * 3600);
    let starts: Vec<&Value> = story
        .with_status("PROVISIONING", "checkout:2")
        .into_iter()
        .map(|event| &event["detail"]["createdAt"])
        .collect();
    let minutes: Vec<i64> =
        starts.windows(2).map(|two| ms_between(two[0], two[1]) / 60_000).collect();
    let waits = [1..=2, 5..=7, 9..=11, 17..=19];
    for (minutes, wait) in minutes.iter().zip(waits) {
        assert!(wait.contains(minutes), "{minutes} min, not {wait:?}");
    }
    assert!(minutes.len() >= 7, "{minutes:?}");
    assert!(minutes[4..].iter().all(|wait| (28..=30).contains(wait)), "{minutes:?}");
    assert!(story.said().contains(&"TASK_START_IMPAIRED".to_owned()));
    let stop = story.with_status("STOPPED", "checkout:2")[0];
    assert_eq!(stop["detail"]["stopCode"], "TaskFailedToStart");
    for never in ["startedAt", "executionStoppedAt", "pullStoppedAt"] {
        assert_eq!(stop["detail"].get(never), None, "{never}");
    }
    // A new task definition is tried at once.
    story.events.clear();
    story.update(json!({"taskDefinition": "checkout:3"}));
    story.settle();
    assert_eq!(story.rollout(), ["PRIMARY checkout:3 COMPLETED"]);
}

#[test]
fn a_caller_stops_a_task_and_it_is_replaced() {
    let mut story = Story::steady(12, 1, json!({}));
    let task = story.tasks()[0]["taskArn"].clone();
    let answer = story
        .call("StopTask", json!({"cluster": "prod", "task": task, "reason": "looking around"}));
    assert_eq!(answer["task"]["stopCode"], "UserInitiated");
    assert_eq!(answer["task"]["lastStatus"], "DEACTIVATING");
    story.settle();
    assert_eq!(
        story.with_status("STOPPED", "checkout:1")[0]["detail"]["stoppedReason"],
        "looking around"
    );
    assert_ne!(story.tasks()[0]["taskArn"], task);
    // Once more, it changes nothing.
    story.events.clear();
    story.call("StopTask", json!({"cluster": "prod", "task": task}));
    story.settle();
    assert_eq!(story.events, Vec::<Value>::new());
    assert_eq!(story.tasks().len(), 1);
}

#[test]
fn failures_after_completion_are_not_counted_and_trip_no_breaker() {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let mut story = Story::steady(13, 2, json!({"deploymentConfiguration": breaker}));
    // What the tasks need is gone: from now on they die at once.
    story.crash("checkout:1", 0);
    for task in story.tasks() {
        story.call("StopTask", json!({"cluster": "prod", "task": task["taskArn"]}));
    }
    story.advance(1200);
    assert!(story.with_status("STOPPED", "checkout:1").len() > 30);
    assert_eq!(story.service()["deployments"][0]["failedTasks"], 0);
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    assert!(!story.said().iter().any(|name| name.starts_with("DEPLOYMENT")));
}

#[test]
fn some_tasks_fail_and_others_do_not_where_a_scenario_says_so() {
    let mut story = Story::steady(14, 40, json!({}));
    let how = Box::new(Behaviour::ExitsAfter {
        run: SignedDuration::from_secs(8),
        container: None,
        code: 1,
    });
    story.ecs.behave("checkout:2", Behaviour::Sometimes { percent: 30, how });
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(1200);
    let failed = story
        .with_status("STOPPED", "checkout:2")
        .iter()
        .filter(|event| event["detail"]["stopCode"] == "EssentialContainerExited")
        .count();
    let started = story.with_status("PROVISIONING", "checkout:2").len();
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 COMPLETED"]);
    assert!((20..=40).contains(&(failed * 100 / started)), "{failed} of {started}");
}
