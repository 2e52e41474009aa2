//! The API, call by call: refusals as a table, pages, and what answers carry.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "functions that tests share are tests too"
)]

mod refusals;
mod run_task;

use serde_json::{Value, json};
use steady_sim::{Ecs, Setup};

fn ecs() -> Ecs {
    let mut ecs = Ecs::new(Setup {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        seed: 7,
        start: "2026-11-21T02:00:00.25Z".parse().unwrap(),
    });
    call(&mut ecs, "CreateCluster", json!({"clusterName": "prod"}));
    for revision in 1..=3 {
        call(
            &mut ecs,
            "RegisterTaskDefinition",
            json!({"family": "web", "containerDefinitions": [{"name": "app", "image": format!("web:{revision}")}]}),
        );
    }
    call(&mut ecs, "DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}));
    create(&mut ecs, "web", 3);
    settle(&mut ecs);
    ecs
}

fn call(ecs: &mut Ecs, operation: &str, input: Value) -> Value {
    ecs.call(operation, &input).unwrap_or_else(|error| panic!("{operation} {input}: {error}"))
}

fn create(ecs: &mut Ecs, name: &str, count: u32) {
    call(
        ecs,
        "CreateService",
        json!({"cluster": "prod", "serviceName": name, "taskDefinition": "web:2", "desiredCount": count}),
    );
}

fn settle(ecs: &mut Ecs) {
    while let Some(next) = ecs.next_at() {
        ecs.advance(next);
    }
}

fn finished(ecs: &mut Ecs) -> Value {
    let found = call(ecs, "DescribeServices", json!({"cluster": "prod", "services": ["web"]}));
    found["services"][0]["currentServiceDeployment"].clone()
}

#[test]
fn what_is_not_found_beside_what_is_comes_as_a_failure() {
    let mut ecs = ecs();
    let arn = |rest: &str| format!("arn:aws:ecs:eu-west-1:111122223333:{rest}");
    let missing = |rest: &str| json!([{"arn": arn(rest), "reason": "MISSING"}]);
    let found = call(
        &mut ecs,
        "DescribeServices",
        json!({"cluster": "prod", "services": ["gone", arn("service/prod/web")]}),
    );
    assert_eq!(found["services"].as_array().unwrap().len(), 1);
    assert_eq!(found["failures"], missing("service/prod/gone"));
    let found =
        call(&mut ecs, "DescribeTasks", json!({"cluster": arn("cluster/prod"), "tasks": ["0a"]}));
    assert_eq!(found, json!({"tasks": [], "failures": missing("task/prod/0a")}));
    let found = call(&mut ecs, "DescribeClusters", json!({"clusters": ["prod", "nowhere"]}));
    assert_eq!(found["clusters"][0]["activeServicesCount"], 1);
    assert_eq!(found["failures"], missing("cluster/nowhere"));
    let gone = arn("service-deployment/prod/web/none");
    let found =
        call(&mut ecs, "DescribeServiceDeployments", json!({"serviceDeploymentArns": [gone]}));
    assert_eq!(found["failures"], missing("service-deployment/prod/web/none"));
    let gone = arn("service-revision/prod/web/1");
    let found = call(&mut ecs, "DescribeServiceRevisions", json!({"serviceRevisionArns": [gone]}));
    assert_eq!(found["failures"], missing("service-revision/prod/web/1"));
}

#[test]
fn a_deregistered_task_definition_is_inactive_and_can_be_described() {
    let mut ecs = ecs();
    let found = call(&mut ecs, "DescribeTaskDefinition", json!({"taskDefinition": "web:1"}));
    assert_eq!(found["taskDefinition"]["status"], "INACTIVE");
    assert_eq!(found["taskDefinition"]["containerDefinitions"][0]["image"], "web:1");
    let newest = call(&mut ecs, "DescribeTaskDefinition", json!({"taskDefinition": "web"}));
    assert_eq!(newest["taskDefinition"]["revision"], 3);
    let list = |ecs: &mut Ecs, input: Value| {
        call(ecs, "ListTaskDefinitions", input)["taskDefinitionArns"].clone()
    };
    let arn = |revision: u32| {
        format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:{revision}")
    };
    assert_eq!(list(&mut ecs, json!({"familyPrefix": "web"})), json!([arn(2), arn(3)]));
    assert_eq!(list(&mut ecs, json!({"sort": "DESC"})), json!([arn(3), arn(2)]));
    assert_eq!(list(&mut ecs, json!({"status": "INACTIVE"})), json!([arn(1)]));
    assert_eq!(list(&mut ecs, json!({"familyPrefix": "we"})), json!([]));
    call(&mut ecs, "DeregisterTaskDefinition", json!({"taskDefinition": arn(3)}));
    let newest = call(&mut ecs, "DescribeTaskDefinition", json!({"taskDefinition": "web"}));
    assert_eq!(newest["taskDefinition"]["revision"], 2);
}

#[test]
fn pages_hold_all_things_once() {
    let mut ecs = ecs();
    create(&mut ecs, "big", 230);
    settle(&mut ecs);
    for number in 0..12 {
        create(&mut ecs, &format!("small-{number:02}"), 0);
    }
    let mut pages = |operation: &str, list: &str, mut input: Value| {
        let mut sizes = Vec::new();
        let mut all = std::collections::BTreeSet::new();
        loop {
            let page = call(&mut ecs, operation, input.clone());
            let arns = page[list].as_array().unwrap();
            sizes.push(arns.len());
            all.extend(arns.iter().map(Value::to_string));
            match page.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => return (sizes, all.len()),
            }
        }
    };
    let big = json!({"cluster": "prod", "serviceName": "big"});
    assert_eq!(pages("ListTasks", "taskArns", big), (vec![100, 100, 30], 230));
    let all = json!({"cluster": "prod", "family": "web", "maxResults": 80});
    assert_eq!(pages("ListTasks", "taskArns", all), (vec![80, 80, 73], 233));
    let none = json!({"cluster": "prod", "family": "we"});
    assert_eq!(pages("ListTasks", "taskArns", none), (vec![0], 0));
    assert_eq!(pages("ListServices", "serviceArns", json!({"cluster": "prod"})), (vec![10, 4], 14));
}

#[test]
fn tasks_are_listed_by_who_started_them_and_by_what_ecs_wants_of_them() {
    let mut ecs = ecs();
    let found = call(&mut ecs, "DescribeServices", json!({"cluster": "prod", "services": ["web"]}));
    let deployment = found["services"][0]["deployments"][0]["id"].clone();
    let list = |ecs: &mut Ecs, input: Value| {
        call(ecs, "ListTasks", input)["taskArns"].as_array().unwrap().clone()
    };
    let of = json!({"cluster": "prod", "startedBy": deployment});
    let tasks = list(&mut ecs, of.clone());
    assert_eq!(tasks.len(), 3);
    call(&mut ecs, "StopTask", json!({"cluster": "prod", "task": tasks[0]}));
    assert_eq!(list(&mut ecs, of).len(), 2);
    let stopped = json!({"cluster": "prod", "desiredStatus": "STOPPED"});
    assert_eq!(list(&mut ecs, stopped), [tasks[0].clone()]);
    assert_eq!(list(&mut ecs, json!({"cluster": "prod", "desiredStatus": "PENDING"})).len(), 0);
}

#[test]
fn answers_carry_what_a_reader_relies_on() {
    let mut ecs = ecs();
    let found = call(&mut ecs, "DescribeServices", json!({"cluster": "prod", "services": ["web"]}));
    let service = &found["services"][0];
    for member in [
        "serviceArn",
        "serviceName",
        "clusterArn",
        "status",
        "desiredCount",
        "runningCount",
        "pendingCount",
        "launchType",
        "taskDefinition",
        "deploymentConfiguration",
        "deployments",
        "events",
        "createdAt",
        "currentServiceDeployment",
        "currentServiceRevisions",
        "schedulingStrategy",
        "loadBalancers",
    ] {
        assert!(service.get(member).is_some(), "{member}");
    }
    assert_eq!(service["createdAt"], json!(1_795_226_400.25));
    assert_eq!(service["runningCount"], 3);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(service["currentServiceRevisions"][0]["runningTaskCount"], 3);
    let current = call(
        &mut ecs,
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [service["currentServiceDeployment"]]}),
    );
    let current = &current["serviceDeployments"][0];
    let times: Vec<f64> = ["createdAt", "startedAt", "finishedAt"]
        .iter()
        .map(|name| current[*name].as_f64().unwrap_or_else(|| panic!("{name}")))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(
        current["targetServiceRevision"]["arn"],
        service["currentServiceRevisions"][0]["arn"]
    );
    let revision = call(
        &mut ecs,
        "DescribeServiceRevisions",
        json!({"serviceRevisionArns": [current["targetServiceRevision"]["arn"]]}),
    );
    let revision = &revision["serviceRevisions"][0];
    assert_eq!(revision["taskDefinition"], service["taskDefinition"]);
    let image = &revision["containerImages"][0];
    assert_eq!((&image["containerName"], &image["image"]), (&json!("app"), &json!("web:2")));
    assert_eq!(image["imageDigest"].as_str().unwrap().len(), 71);
    let listed = call(
        &mut ecs,
        "ListServiceDeployments",
        json!({"cluster": "prod", "service": "web", "status": ["SUCCESSFUL"]}),
    );
    assert_eq!(
        listed["serviceDeployments"][0]["serviceDeploymentArn"],
        current["serviceDeploymentArn"]
    );
    let none = json!({"cluster": "prod", "service": "web", "status": ["STOPPED"]});
    assert_eq!(call(&mut ecs, "ListServiceDeployments", none)["serviceDeployments"], json!([]));
}

#[test]
fn a_stopped_task_can_be_described_for_an_hour() {
    let mut ecs = ecs();
    let tasks = call(&mut ecs, "ListTasks", json!({"cluster": "prod"}))["taskArns"].clone();
    let stop = |ecs: &mut Ecs, task: &Value| {
        call(ecs, "StopTask", json!({"cluster": "prod", "task": task}));
        settle(ecs);
    };
    let describe = json!({"cluster": "prod", "tasks": [tasks[0]]});
    stop(&mut ecs, &tasks[0]);
    let found = call(&mut ecs, "DescribeTasks", describe.clone());
    assert_eq!(found["tasks"][0]["lastStatus"], "STOPPED");
    assert_eq!(found["tasks"][0]["stoppedReason"], "Task stopped by user");
    let later = ecs.now() + jiff::SignedDuration::from_mins(61);
    ecs.advance(later);
    stop(&mut ecs, &tasks[1]);
    assert_eq!(call(&mut ecs, "DescribeTasks", describe)["failures"][0]["reason"], "MISSING");
}

#[test]
fn regions_outside_the_first_partition_have_their_own_arns() {
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
        let mut ecs = Ecs::new(Setup {
            account: "111122223333".to_owned(),
            region: region.to_owned(),
            seed: 1,
            start: "2026-11-21T02:00:00Z".parse().unwrap(),
        });
        let made = call(&mut ecs, "CreateCluster", json!({}));
        let arn = format!("arn:{partition}:ecs:{region}:111122223333:cluster/default");
        assert_eq!(made["cluster"]["clusterArn"], arn);
    }
}

#[test]
fn a_simulated_ecs_can_be_handed_to_another_thread() {
    fn sendable<T: Send>(_: T) {}
    sendable(ecs());
}

#[test]
fn clusters_are_listed_in_pages() {
    let mut ecs = ecs();
    call(&mut ecs, "CreateCluster", json!({"clusterName": "staging"}));
    let first = call(&mut ecs, "ListClusters", json!({"maxResults": 1}));
    let arn = |name: &str| json!([format!("arn:aws:ecs:eu-west-1:111122223333:cluster/{name}")]);
    assert_eq!(first["clusterArns"], arn("prod"));
    let second = call(&mut ecs, "ListClusters", json!({"nextToken": first["nextToken"]}));
    assert_eq!(second, json!({"clusterArns": arn("staging")}));
}
