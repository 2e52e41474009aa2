//! Emitted events beside published recordings of real ones, which are not in the repository: the same members, event by
//! event. Runs where `STEADY_SHARED` points at them and is silent elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};
use steady_sim::Behaviour;

use crate::story::Story;

/// Members that one side has and the other has not, and why that is right. `*` stands for any kind.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "SERVICE_DEPLOYMENT_*",
        "detail.clusterArn",
        "recordings of 2024 lack it; a capture of 2026 has it",
    ),
    (
        "CAPACITY_PROVIDER_STEADY_STATE",
        "*",
        "said many times a minute and of use to nobody here: not emitted",
    ),
];

#[expect(clippy::disallowed_methods, reason = "a test may look where the shared events lie")]
fn streams() -> Option<PathBuf> {
    let shared = std::env::var("STEADY_SHARED").ok()?;
    Some(PathBuf::from(shared).join("fixtures").join("streams"))
}

/// `RUNNING` for a service's task, the event's name for the rest; `None` for tasks of no service.
fn kind(event: &Value) -> Option<String> {
    let detail = &event["detail"];
    if event["detail-type"] == "ECS Task State Change" {
        detail.get("startedBy")?;
        return Some(detail["lastStatus"].as_str()?.to_owned());
    }
    Some(detail["eventName"].as_str()?.to_owned())
}

/// Paths of all members: `detail.containers[].exitCode`.
fn paths(value: &Value, at: &str, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                to.insert(path.clone());
                paths(member, &path, to);
            }
        }
        Value::Array(all) => {
            for one in all {
                paths(one, &format!("{at}[]"), to);
            }
        }
        _ => {}
    }
}

/// What is in some event of a kind, and what is in all of them.
#[derive(Default)]
struct Members {
    some: BTreeSet<String>,
    all: Option<BTreeSet<String>>,
    count: usize,
}

fn by_kind(events: &[Value]) -> BTreeMap<String, Members> {
    let mut to: BTreeMap<String, Members> = BTreeMap::new();
    for event in events {
        let Some(kind) = kind(event) else { continue };
        let mut found = BTreeSet::new();
        paths(event, "", &mut found);
        let members = to.entry(kind).or_default();
        members.count += 1;
        members.some.extend(found.iter().cloned());
        let all = members.all.take();
        members.all = Some(match all {
            Some(all) => all.intersection(&found).cloned().collect(),
            None => found,
        });
    }
    to
}

/// A service like the recorded ones: Spot capacity, a load balancer, one container, one task; it is replaced, fails its
/// checks, and is given up.
fn simulated() -> Vec<Value> {
    let mut events = Vec::new();
    for seed in 0..30 {
        let mut story = Story::empty(seed);
        for image in ["web:1", "web:2"] {
            let containers = json!([{"name": "web", "image": image}]);
            story.call(
                "RegisterTaskDefinition",
                json!({"family": "web", "containerDefinitions": containers}),
            );
        }
        story.call(
            "CreateService",
            json!({
                "cluster": "prod", "serviceName": "checkout", "taskDefinition": "web:1", "desiredCount": 1,
                "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
                "loadBalancers": [{"targetGroupArn": "arn:aws:x:targetgroup/a"}],
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": false}},
            }),
        );
        story.settle();
        story.update(json!({"forceNewDeployment": true}));
        story.settle();
        story.ecs.behave("web:2", Behaviour::FailsHealthChecks);
        story.update(json!({"taskDefinition": "web:2"}));
        story.settle();
        events.append(&mut story.events);
    }
    events
}

fn is_listed(kind: &str, path: &str) -> bool {
    let fits = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    };
    DIFFERENT.iter().any(|(kinds, paths, _)| fits(kinds, kind) && fits(paths, path))
}

#[test]
fn events_have_the_members_of_published_ones() {
    let Some(folder) = streams() else {
        return;
    };
    let mut real = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        real.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    let (real, ours) = (by_kind(&real), by_kind(&simulated()));
    let mut findings = Vec::new();
    let mut cases = 0;
    for (kind, real) in &real {
        let Some(ours) = ours.get(kind) else {
            if !is_listed(kind, "anything") {
                findings.push(format!("{kind}: never emitted"));
            }
            continue;
        };
        cases += real.count;
        let always = |members: &Members| members.all.clone().unwrap_or_default();
        let pairs = [
            ("missing", &real.some - &ours.some),
            ("extra", &ours.some - &real.some),
            ("not in each event", &always(real) - &always(ours)),
        ];
        for (what, paths) in pairs {
            for path in paths.iter().filter(|path| !is_listed(kind, path)) {
                findings.push(format!("{kind}: {path} is {what}"));
            }
        }
    }
    assert_eq!(findings, Vec::<String>::new());
    assert!(cases >= 80, "only {cases} events of services' tasks, deployments and services");
    println!("{cases} cases ran: members of published events");
}
