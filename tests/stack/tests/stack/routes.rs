//! Which event reaches which queue, by the rules of the template that is deployed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use steady_stack::{Deployment, Stack};

const TEMPLATE: &str = include_str!("../../../../infra/translated.json");

/// The stack in the account and the region that an event is from, as EventBridge would have it.
pub(crate) fn stack(account: &str, region: &str, parameters: &[(&str, &str)]) -> Stack {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let deployment = Deployment {
        account: account.to_owned(),
        region: region.to_owned(),
        stack: "steady".to_owned(),
        parameters: parameters.iter().map(owned).collect(),
        names: BTreeMap::new(),
    };
    Stack::read(&serde_json::from_str(TEMPLATE).unwrap(), &deployment).unwrap()
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Stacks by account and region, as they are asked for.
#[derive(Default)]
struct Stacks(BTreeMap<(String, String), Stack>);

impl Stacks {
    /// `WatchQueue by StopRule`, for each queue that gets the event; published samples that were trimmed have no account.
    fn routes(&mut self, event: &Value) -> Vec<String> {
        let or = |found: &str, otherwise: &str| {
            if found.is_empty() { otherwise.to_owned() } else { found.to_owned() }
        };
        let account = or(text(event, "/account"), "111122223333");
        let region = or(text(event, "/region"), "eu-west-1");
        let mut event = event.clone();
        event["account"] = account.as_str().into();
        let stack = self
            .0
            .entry((account.clone(), region.clone()))
            .or_insert_with(|| stack(&account, &region, &[]));
        let routes = stack.routes(&event).into_iter();
        routes.map(|(rule, queue)| format!("{} by {}", queue.id, rule.id)).collect()
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The events of a folder's files, with the files' names; of JSON lines each line.
fn events(folder: &Path) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    let mut events = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            events.extend(lines.map(|event| (name.clone(), event)));
        } else {
            events.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    events
}

/// The project's own events, those of its recorded incidents, and the published ones where `STEADY_SHARED` points at them.
fn all_events() -> Vec<(String, Value)> {
    #[expect(clippy::disallowed_methods, reason = "a test may look where the shared events lie")]
    let shared = std::env::var("STEADY_SHARED").ok().map(PathBuf::from);
    let published = shared.map(|shared| shared.join("fixtures")).into_iter();
    let published = published.flat_map(|all| [all.join("events"), all.join("streams")]);
    let ours = [repository("tests/fixtures/events"), repository("examples/incidents")];
    ours.into_iter().chain(published).flat_map(|folder| events(&folder)).collect()
}

/// A task whose end is told: the state in which it is, with the code.
fn tells_of_a_stop(event: &Value) -> bool {
    let ending = ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
    text(event, "/detail-type") == "ECS Task State Change"
        && ending.contains(&text(event, "/detail/lastStatus"))
        && !text(event, "/detail/stopCode").is_empty()
}

#[test]
fn every_event_of_the_fixtures_reaches_the_queue_that_wants_it() {
    let mut stacks = Stacks::default();
    let mut table = String::new();
    for (name, event) in events(&repository("tests/fixtures/events")) {
        let routes = stacks.routes(&event);
        let to = if routes.is_empty() { "nobody".to_owned() } else { routes.join(", ") };
        table.push_str(&format!("{name:45} {to}\n"));
    }
    assert_eq!(table.trim_end(), ROUTES.trim(), "\n{table}");
}

/// STOPPING tells what DEACTIVATING has told and DEPROVISIONING tells again. What is of 2016 has no stop code. A rule cannot know
/// the cluster of what is named as services were before 2018.
const ROUTES: &str = "
alarm-composite                               AlarmQueue by AlarmRule
alarm-single-metric                           AlarmQueue by AlarmRule
alarm-without-reason-data                     AlarmQueue by AlarmRule
deployment-completed                          WatchQueue by DeploymentRule
deployment-failed                             WatchQueue by DeploymentRule
deployment-in-progress                        WatchQueue by DeploymentRule, ScaleQueue by FirstDeploymentRule
deployment-old-arn-trimmed                    nobody
deployment-old-arn-with-cluster               WatchQueue by DeploymentRule
deployment-rollback-in-progress               WatchQueue by DeploymentRule, ScaleQueue by FirstDeploymentRule
foreign-cloudtrail                            nobody
foreign-detail-first-is-a-list                nobody
foreign-ec2-instance                          nobody
hook-awaiting-action                          WatchQueue by HookRule
hook-succeeded-without-resources              nobody
parameter-written                             ScaleQueue by ConfigRule
service-placement-failure                     WatchQueue by ServiceActionRule
service-steady-state                          WatchQueue by ServiceActionRule
service-unknown-event-name                    nobody
task-activating-us-gov                        nobody
task-deactivating-health-check                WatchQueue by StopRule
task-deprovisioning-crash-two-containers      WatchQueue by StopRule
task-pending                                  nobody
task-provisioning                             nobody
task-running-china                            nobody
task-running-detail-first                     nobody
task-running-old-arn                          nobody
task-running-run-task-free-group              nobody
task-running-told-to-stop                     nobody
task-running                                  nobody
task-spot-warning                             nobody
task-stopped-2016-shape                       nobody
task-stopped-managed-instances                WatchQueue by StopRule
task-stopped-out-of-memory-ec2                WatchQueue by StopRule
task-stopped-run-task                         WatchQueue by StopRule
task-stopped-scale-in-exit-137                WatchQueue by StopRule
task-stopped-windows-exit-code                WatchQueue by StopRule
task-stopping-escapes                         nobody
";

#[test]
fn a_stop_with_a_code_reaches_watch_by_one_rule_and_no_other_event_of_a_task_reaches_anybody() {
    let mut stacks = Stacks::default();
    let events = all_events();
    for (name, event) in &events {
        let routes = stacks.routes(event);
        let kind = text(event, "/detail-type");
        match kind {
            // Between DEACTIVATING and DEPROVISIONING, which tell the same.
            "ECS Task State Change" if text(event, "/detail/lastStatus") == "STOPPING" => {
                assert!(routes.len() <= 1, "{name}: {routes:?}");
            }
            "ECS Task State Change" if tells_of_a_stop(event) => {
                assert_eq!(routes, ["WatchQueue by StopRule"], "{name}");
            }
            "ECS Task State Change" => assert_eq!(routes, [""; 0], "{name}"),
            "Parameter Store Change" => {
                assert!(routes.iter().all(|to| to == "ScaleQueue by ConfigRule"), "{name}");
            }
            "CloudWatch Alarm State Change" => {
                assert_eq!(routes, ["AlarmQueue by AlarmRule"], "{name}");
            }
            _ => {
                let reaches =
                    |queue: &str| routes.iter().filter(|to| to.starts_with(queue)).count();
                assert!(
                    reaches("WatchQueue") <= 1 && reaches("ScaleQueue") <= 1,
                    "{name}: {routes:?}"
                );
                assert_eq!(reaches("AlarmQueue"), 0, "{name}");
            }
        }
    }
    println!("{} cases ran: events by the template's rules", events.len());
}

#[test]
fn what_is_of_another_account_cluster_or_path_reaches_nobody() {
    let event = |name: &str| {
        let file = repository(&format!("tests/fixtures/events/{name}.json"));
        serde_json::from_str::<Value>(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    let count = |stack: &Stack, event: &Value| stack.routes(event).len();
    let narrow = |clusters: &str| stack("111122223333", "eu-west-1", &[("Clusters", clusters)]);
    for (name, wanted) in [
        ("task-deactivating-health-check", 1),
        ("deployment-completed", 1),
        ("deployment-in-progress", 2),
        ("service-placement-failure", 1),
        ("hook-awaiting-action", 1),
    ] {
        let event = event(name);
        for clusters in ["*", "prod", "pro*"] {
            assert_eq!(count(&narrow(clusters), &event), wanted, "{name} {clusters}");
        }
        for clusters in ["dev", "prod-*", "rod", "pr"] {
            assert_eq!(count(&narrow(clusters), &event), 0, "{name} {clusters}");
        }
        let elsewhere = stack("444455556666", "eu-west-1", &[]);
        assert_eq!(count(&elsewhere, &event), 0, "{name} of another account");
    }
    let here = stack("111122223333", "eu-west-1", &[]);
    let another = stack("111122223333", "eu-west-1", &[("ConfigPrefix", "/steady/conf")]);
    assert_eq!(count(&here, &event("parameter-written")), 1);
    assert_eq!(count(&another, &event("parameter-written")), 0);
}

#[test]
fn alarms_that_were_made_for_scaling_reach_nobody() {
    let stack = stack("111122223333", "eu-west-1", &[]);
    let file = repository("tests/fixtures/events/alarm-single-metric.json");
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (name, reaches) in [
        ("checkout-5xx", 1),
        ("TargetTracking-service/prod/checkout-AlarmHigh-4d2e", 0),
        ("steady-prod/checkout-burst", 0),
    ] {
        event["detail"]["alarmName"] = name.into();
        assert_eq!(stack.routes(&event).len(), reaches, "{name}");
    }
}
