//! Tasks of nobody: started, listed, described, stopped, and told of.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_sim::{Behaviour, Ecs};

use crate::{call, ecs};

/// RunTask of `web:2` with more members over what Fargate requires.
fn input(more: Value) -> Value {
    let mut input = json!({
        "cluster": "prod", "taskDefinition": "web:2",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"]}},
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn run(ecs: &mut Ecs, more: Value) -> Vec<Value> {
    let answer = call(ecs, "RunTask", input(more));
    assert_eq!(answer["failures"], json!([]));
    answer["tasks"].as_array().unwrap().clone()
}

fn listed(ecs: &mut Ecs, more: Value) -> Vec<Value> {
    let mut input = json!({"cluster": "prod"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call(ecs, "ListTasks", input)["taskArns"].as_array().unwrap().clone()
}

fn pass(ecs: &mut Ecs, seconds: i64) -> Vec<Value> {
    ecs.advance(ecs.now() + SignedDuration::from_secs(seconds))
}

#[test]
fn a_task_of_nobody_runs_with_what_its_caller_said() {
    let mut ecs = ecs();
    let over = json!({"containerOverrides": [{"name": "app", "command": ["migrate"]}], "taskRoleArn": "arn:r"});
    let tags = json!([{"key": "for", "value": "probe"}]);
    let said = json!({"count": 2, "startedBy": "nightly/1", "tags": tags, "overrides": over});
    let tasks = run(&mut ecs, said);
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        assert_eq!(task["lastStatus"], "PROVISIONING");
        assert_eq!(task["desiredStatus"], "RUNNING");
        assert_eq!(task["group"], "family:web");
        assert_eq!(task["startedBy"], "nightly/1");
        assert_eq!(task["tags"], tags);
        assert_eq!(task["overrides"], over);
        assert_eq!(task["attachments"][0]["details"][0]["value"], "subnet-9");
    }
    let arns = json!([tasks[0]["taskArn"]]);
    let described = json!({"cluster": "prod", "tasks": arns});
    assert_eq!(call(&mut ecs, "DescribeTasks", described)["tasks"][0]["tags"], json!([]));
    let with_tags = json!({"cluster": "prod", "tasks": arns, "include": ["TAGS"]});
    assert_eq!(call(&mut ecs, "DescribeTasks", with_tags)["tasks"][0]["tags"], tags);
    let events = pass(&mut ecs, 60);
    let last = events.last().unwrap();
    assert_eq!(last["detail"]["lastStatus"], "RUNNING");
    assert_eq!(last["detail"]["group"], "family:web");
    assert_eq!(last["detail"]["startedBy"], "nightly/1");
    assert_eq!(last["detail"].get("tags"), None);
    let named = run(&mut ecs, json!({"group": "jobs"}));
    assert_eq!(named[0]["group"], "jobs");
    assert_eq!(named[0].get("startedBy"), None);
}

#[test]
fn tasks_of_nobody_are_listed_by_family_by_who_started_them_and_by_what_ecs_wants() {
    let mut ecs = ecs();
    let arn = run(&mut ecs, json!({"startedBy": "probe"}))[0]["taskArn"].clone();
    assert_eq!(
        listed(&mut ecs, json!({"startedBy": "probe"})),
        json!([arn]).as_array().unwrap()[..]
    );
    assert_eq!(listed(&mut ecs, json!({"family": "web"})).len(), 4, "three of the service");
    assert_eq!(listed(&mut ecs, json!({"family": "we"})).len(), 0);
    assert_eq!(listed(&mut ecs, json!({"serviceName": "web"})).len(), 3);
    let stop = json!({"cluster": "prod", "task": arn, "reason": "seen enough"});
    let stopped = call(&mut ecs, "StopTask", stop)["task"].clone();
    assert_eq!(stopped["stopCode"], "UserInitiated");
    assert_eq!(stopped["stoppedReason"], "seen enough");
    assert_eq!(listed(&mut ecs, json!({"startedBy": "probe"})).len(), 0);
    let gone = json!({"startedBy": "probe", "desiredStatus": "STOPPED"});
    assert_eq!(listed(&mut ecs, gone.clone()), [arn]);
    let events = pass(&mut ecs, 90);
    let last = &events.last().unwrap()["detail"];
    assert_eq!(last["lastStatus"], "STOPPED");
    assert_eq!(last["stoppedReason"], "seen enough");
    assert_eq!(listed(&mut ecs, gone.clone()).len(), 1);
    pass(&mut ecs, 3700);
    // Nobody replaces it, and after an hour ECS forgets it.
    assert_eq!(listed(&mut ecs, gone).len(), 0);
    assert_eq!(listed(&mut ecs, json!({"family": "web"})).len(), 3);
}

#[test]
fn tasks_of_nobody_behave_as_their_task_definition_is_said_to() {
    let mut ecs = ecs();
    let run_for = SignedDuration::from_secs(60);
    ecs.behave("web:3", Behaviour::ExitsAfter { run: run_for, container: None, code: 0 });
    run(&mut ecs, json!({"taskDefinition": "web"}));
    let events = pass(&mut ecs, 300);
    let last = &events.last().unwrap()["detail"];
    assert_eq!(
        last["taskDefinitionArn"],
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3"
    );
    assert_eq!(last["stopCode"], "EssentialContainerExited");
    assert_eq!(last["containers"][0]["exitCode"], 0);
    assert!(events.iter().all(|event| event["detail"]["group"] == "family:web"));
}

#[test]
fn the_same_client_token_again_answers_with_the_same_tasks() {
    let mut ecs = ecs();
    let first = run(&mut ecs, json!({"clientToken": "one", "count": 3}));
    assert_eq!(run(&mut ecs, json!({"clientToken": "one", "count": 3})), first);
    assert_ne!(run(&mut ecs, json!({"clientToken": "two", "count": 3})), first);
    assert_eq!(listed(&mut ecs, json!({"family": "web"})).len(), 9);
}

#[test]
fn what_run_task_refuses_starts_nothing() {
    let mut ecs = ecs();
    let long = "a".repeat(129);
    let cases = [
        (json!({"count": 11}), "InvalidParameterException"),
        (json!({"count": 0}), "InvalidParameterException"),
        (json!({"startedBy": "a b"}), "InvalidParameterException"),
        (json!({"startedBy": long}), "InvalidParameterException"),
        (json!({"networkConfiguration": null}), "InvalidParameterException"),
        (json!({"taskDefinition": "web:9"}), "ClientException"),
        (json!({"cluster": "nowhere"}), "ClusterNotFoundException"),
        (json!({"launchType": "EC2"}), "UnsupportedFeatureException"),
    ];
    for (more, code) in cases {
        let error = ecs.call("RunTask", &input(more.clone())).unwrap_err();
        assert_eq!(error.code, code, "{more}: {error}");
    }
    assert_eq!(listed(&mut ecs, json!({"family": "web"})).len(), 3);
}
