//! Events as facts and events as JSON tell the same, and making them either way changes nothing.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_sim::{Behaviour, Ecs, Fault, FaultKind, Mixed, TaskTold, Told, What};

use crate::story::{CLUSTER, SERVICE, setup, short};

/// A day's worth of everything in an hour and a half: a deployment that fails in every way at once, with the circuit
/// breaker; then all faults, a task of nobody, scaling, and a task stopped by a caller.
fn live(seed: u64, mut pass: impl FnMut(&mut Ecs, Timestamp), ecs: Ecs) {
    let mut ecs = ecs;
    let call = |ecs: &mut Ecs, operation: &str, input: Value| ecs.call(operation, &input).unwrap();
    call(&mut ecs, "CreateCluster", json!({"clusterName": CLUSTER}));
    for revision in 1..=2 {
        let containers = json!([
            {"name": "router", "image": "router:1", "essential": false},
            {"name": "app", "image": format!("checkout:{revision}")},
        ]);
        let input = json!({"family": SERVICE, "containerDefinitions": containers});
        call(&mut ecs, "RegisterTaskDefinition", input);
    }
    let breaker = json!({"enable": true, "rollback": true});
    let subnets = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let input = json!({
        "cluster": CLUSTER, "serviceName": SERVICE, "taskDefinition": "checkout:1", "desiredCount": 6,
        "deploymentConfiguration": {"deploymentCircuitBreaker": breaker},
        "loadBalancers": [{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"}],
    });
    call(&mut ecs, "CreateService", input);
    if seed.is_multiple_of(2) {
        ecs.settle(CLUSTER, SERVICE).unwrap();
    }
    let chances = Mixed {
        failing_starts: 0.4,
        crashes_per_day: 500.0,
        out_of_memory_every: Some(SignedDuration::from_mins(4)),
        failing_health_checks: Some((0.3, SignedDuration::from_secs(50))),
        cannot_pull_image: 0.1,
        exit_code: 3,
        ..Mixed::default()
    };
    ecs.behave("checkout:2", Behaviour::Mixed(Box::new(chances)));
    let start = ecs.now();
    let after = |minutes| start + SignedDuration::from_mins(minutes);
    let kinds = [
        FaultKind::Outage { boots: 0.5, running_per_minute: 0.2, exit_code: 9 },
        FaultKind::LoseTasks { share: 0.5, as_host_failure: false },
        FaultKind::NoRegistry,
        FaultKind::LoseTasks { share: 0.5, as_host_failure: true },
        FaultKind::NoSecrets,
        FaultKind::SpotInterruption { share: 0.5 },
        FaultKind::NoCapacity,
        FaultKind::SpotInterruption { share: 0.5 },
    ];
    for (minutes, kind) in (40..).step_by(6).zip(kinds) {
        let lasts = SignedDuration::from_mins(8);
        ecs.befall(Fault { at: after(minutes), lasts, services: Vec::new(), kind });
    }
    pass(&mut ecs, after(5));
    let input = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "checkout:2"});
    call(&mut ecs, "UpdateService", input);
    pass(&mut ecs, after(38));
    let input = json!({
        "cluster": CLUSTER, "taskDefinition": "checkout:2", "count": 3, "startedBy": "nightly",
        "networkConfiguration": subnets,
    });
    call(&mut ecs, "RunTask", input);
    let input = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "checkout:1"});
    call(&mut ecs, "UpdateService", input);
    pass(&mut ecs, after(60));
    let input = json!({"cluster": CLUSTER, "serviceName": SERVICE});
    let task = call(&mut ecs, "ListTasks", input)["taskArns"][0].clone();
    let input = json!({"cluster": CLUSTER, "task": task, "reason": "looking"});
    call(&mut ecs, "StopTask", input);
    let input = json!({"cluster": CLUSTER, "service": SERVICE, "desiredCount": 3});
    call(&mut ecs, "UpdateService", input);
    pass(&mut ecs, after(95));
}

fn at(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

/// What a whole event says, as the facts have it.
fn told(event: &Value) -> Told {
    let detail = &event["detail"];
    let word = |name: &str| detail[name].as_str();
    let resource = event["resources"][0].as_str().unwrap();
    // Words are compared as text; here they live as long as the test.
    let fixed = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let event_name = || fixed(word("eventName").unwrap());
    let what = match event["detail-type"].as_str().unwrap() {
        "ECS Task State Change" => {
            let containers = detail["containers"].as_array().unwrap().iter().map(|one| {
                let name = one["name"].as_str().unwrap().into();
                (name, one["exitCode"].as_i64(), one["reason"].as_str().map(fixed))
            });
            assert_eq!(word("taskArn"), Some(resource));
            What::Task(Box::new(TaskTold {
                task_arn: word("taskArn").unwrap().into(),
                group: word("group").unwrap().into(),
                started_by: word("startedBy").unwrap_or_default().into(),
                revision: short(&detail["taskDefinitionArn"]).into(),
                version: detail["version"].as_u64().unwrap(),
                last_status: fixed(word("lastStatus").unwrap()),
                desired_status: fixed(word("desiredStatus").unwrap()),
                created_at: at(&detail["createdAt"]).unwrap(),
                started_at: at(&detail["startedAt"]),
                stopping_at: at(&detail["stoppingAt"]),
                execution_stopped_at: at(&detail["executionStoppedAt"]),
                stopped_at: at(&detail["stoppedAt"]),
                stop_code: word("stopCode").map(fixed),
                stopped_reason: word("stoppedReason").map(Into::into),
                containers: containers.collect(),
            }))
        }
        "ECS Deployment State Change" => What::Deployment {
            deployment: word("deploymentId").unwrap().into(),
            event_name: event_name(),
            reason: word("reason").unwrap().to_owned(),
        },
        _ => What::Action { event_name: event_name(), reason: word("reason").map(fixed) },
    };
    let service = match &what {
        What::Task(task) => task.group.strip_prefix("service:").map(Into::into),
        _ => resource.rsplit_once('/').map(|(_, name)| name.into()),
    };
    let cluster = short(&detail["clusterArn"]).into();
    Told { at: at(&event["time"]).unwrap(), cluster, service, what }
}

/// Of a task's steps, those from RUNNING on.
fn is_told_as_fact(event: &Value) -> bool {
    let detail = &event["detail"];
    event["detail-type"] != "ECS Task State Change"
        || detail["lastStatus"] == "RUNNING"
        || detail["stopCode"].is_string()
}

#[test]
fn facts_and_json_tell_the_same_events_in_the_same_order() {
    let mut words = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut events = Vec::new();
        live(seed, |ecs, until| events.extend(ecs.advance(until)), Ecs::new(setup(seed)));
        let mut facts = Vec::new();
        live(
            seed,
            |ecs, until| facts.extend(ecs.advance_facts(until)),
            Ecs::new(setup(seed)).telling_facts(),
        );
        events.retain(is_told_as_fact);
        for (number, (event, fact)) in events.iter().zip(&facts).enumerate() {
            assert_eq!(told(event), *fact, "seed {seed}, event {number}: {event}");
            match &fact.what {
                What::Task(task) => words.insert(task.stop_code.unwrap_or(task.last_status)),
                What::Deployment { event_name, .. } | What::Action { event_name, .. } => {
                    words.insert(event_name)
                }
            };
        }
        assert_eq!(events.len(), facts.len(), "seed {seed}");
    }
    // Otherwise this tests less than it says.
    for word in [
        "EssentialContainerExited",
        "InfrastructureHealth",
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_TASK_PLACEMENT_FAILURE",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TaskFailedToStart",
        "UserInitiated",
    ] {
        assert!(words.contains(word), "no {word} among {words:?}");
    }
}

#[test]
fn an_ecs_gives_its_events_in_one_form_only() {
    let create = |ecs: &mut Ecs| {
        ecs.call("CreateCluster", &json!({"clusterName": CLUSTER})).unwrap();
        let input =
            json!({"family": "job", "containerDefinitions": [{"name": "job", "image": "job:1"}]});
        ecs.call("RegisterTaskDefinition", &input).unwrap();
        let input = json!({
            "cluster": CLUSTER, "serviceName": "job", "taskDefinition": "job", "desiredCount": 1,
        });
        ecs.call("CreateService", &input).unwrap();
    };
    let mut ecs = Ecs::new(setup(1));
    create(&mut ecs);
    let now = ecs.now();
    assert_eq!(ecs.advance_facts(now), []);
    assert_eq!(ecs.advance(now).len(), 1);
    let mut ecs = ecs_of_facts();
    create(&mut ecs);
    assert_eq!(ecs.advance(now), Vec::<Value>::new());
    assert_eq!(ecs.advance_facts(now).len(), 1);
}

fn ecs_of_facts() -> Ecs {
    Ecs::new(setup(1)).telling_facts()
}
