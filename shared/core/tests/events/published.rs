//! Events that others published, where they are at hand: they are not in the repository. Runs where
//! `STEADY_SHARED` points at them and is silent elsewhere.

use std::path::PathBuf;

use steady_core::event::Body;

use crate::{files, parse, say};

#[expect(clippy::disallowed_methods, reason = "a test may look where the shared events lie")]
fn shared(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var("STEADY_SHARED").ok()?;
    Some(PathBuf::from(shared).join("fixtures").join(folder))
}

/// File and what it says, in brief.
const EVENTS: &[(&str, &str)] = &[
    ("alarm-composite-suppressor-docs", "alarm ServiceAggregatedAlarm Alarm"),
    ("alarm-configuration-update-docs", "other CloudWatch Alarm Configuration Change"),
    ("alarm-metrics-insights-partial-data-docs", "alarm my-alarm-name Alarm"),
    ("alarm-single-metric-docs", "alarm ServerCpuTooHigh Alarm"),
    (
        "autoscaling-scaled-to-max-docs",
        "other Application Auto Scaling Scaling Activity State Change",
    ),
    ("cloudtrail-createservice-error", "other AWS API Call via CloudTrail"),
    ("cloudtrail-registerscalabletarget-docs", "other AWS API Call via CloudTrail"),
    ("cloudtrail-runtask-trimmed", "other AWS API Call via CloudTrail"),
    ("container-instance-state-change-docs", "other ECS Container Instance State Change"),
    (
        "deployment-completed",
        "deployment Defang-testproj-beta-cluster/testproj_api-f9b8e2b Completed",
    ),
    (
        "deployment-failed-after-elb-failures",
        "deployment Defang-testproj-beta-cluster/testproj_web-1bb0086 Failed",
    ),
    ("deployment-failed-docs", "deployment default/servicetest Failed"),
    (
        "deployment-in-progress",
        "deployment Defang-testproj-beta-cluster/testproj_api-f9b8e2b InProgress",
    ),
    ("deployment-in-progress-2026-with-clusterarn", "deployment autoptic-test/mcp InProgress"),
    ("deployment-in-progress-docs", "deployment default/servicetest InProgress"),
    ("deployment-rollback-in-progress", "deployment default/servicetest InProgress"),
    ("parameter-store-create-docs", "parameter MyExampleParameter written"),
    (
        "parameter-store-create-hierarchy-no-description",
        "parameter /scheduler/do-not-delete-manually/static written",
    ),
    ("parameter-store-update-docs", "parameter MyExampleParameter written"),
    (
        "service-capacity-provider-steady-state",
        "service Defang-testproj-beta-cluster/testproj_api-f9b8e2b CAPACITY_PROVIDER_STEADY_STATE",
    ),
    (
        "service-capacity-provider-steady-state-docs",
        "service default/servicetest CAPACITY_PROVIDER_STEADY_STATE",
    ),
    (
        "service-steady-state",
        "service Defang-testproj-beta-cluster/testproj_api-f9b8e2b SERVICE_STEADY_STATE",
    ),
    ("service-steady-state-docs", "service default/servicetest SERVICE_STEADY_STATE"),
    (
        "service-task-placement-failure-fargate-spot-docs",
        "service default/servicetest SERVICE_TASK_PLACEMENT_FAILURE",
    ),
    ("service-task-start-impaired-docs", "service default/servicetest SERVICE_TASK_START_IMPAIRED"),
    (
        "task-activating-v4-service-fargate",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Activating",
    ),
    (
        "task-activating-v5-attributes-missing",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Activating",
    ),
    (
        "task-deactivating-elb-healthcheck-failed",
        "task Defang-testproj-beta-cluster/testproj_web-1bb0086 Defang-testproj-beta-testproj_web:28 Deactivating/Stopped ServiceSchedulerInitiated",
    ),
    (
        "task-deactivating-scale-in",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:39 Deactivating/Stopped ServiceSchedulerInitiated",
    ),
    (
        "task-deprovisioning-elb-healthcheck-failed-exit2",
        "task Defang-testproj-beta-cluster/testproj_web-1bb0086 Defang-testproj-beta-testproj_web:28 Deprovisioning/Stopped ServiceSchedulerInitiated exit 2",
    ),
    ("task-pending-ec2-2016", "task family testTD testTD:1 Pending"),
    (
        "task-pending-v2-service-fargate",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Pending",
    ),
    (
        "task-pending-v3-same-state-image-digest-added",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Pending",
    ),
    ("task-provisioning-2026-trimmed", "task autoptic-test/mcp mcp:7 Provisioning"),
    (
        "task-provisioning-service-fargate",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Provisioning",
    ),
    ("task-running-docs-2016-group-not-prefixed", "task ? xray:2 Running exit 0"),
    ("task-running-fargate-docs-2020", "task family sample-fargate sample-fargate:1 Running"),
    (
        "task-running-fargate-ecs-exec",
        "task DemoTrafficGen01-ClusterEB0386A7-sCRgDrfn5BP9/DemoTrafficGen01-ServiceD69D759B-EfyMIBhdCKVk DemoTrafficGen01TaskDef59B414B2:10 Running",
    ),
    (
        "task-running-service-fargate",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:40 Running",
    ),
    (
        "task-running-standalone-two-containers",
        "task family Defang-testproj-beta-kanikoAmd64 Defang-testproj-beta-kanikoAmd64:5 Running",
    ),
    ("task-spot-interruption-docs", "task ? - Running/Stopped SpotInterruption"),
    (
        "task-stopped-ec2-2018-no-stopcode",
        "task family example-ecs-events-ec2 example-ecs-events-ec2:1 Stopped exit 0",
    ),
    (
        "task-stopped-elb-healthcheck-failed-exit2",
        "task Defang-testproj-beta-cluster/testproj_web-1bb0086 Defang-testproj-beta-testproj_web:28 Stopped ServiceSchedulerInitiated exit 2",
    ),
    (
        "task-stopped-essential-exit2-envoy-sidecar",
        "task test/example-api-v1 example-api-v1:20 Stopped EssentialContainerExited exit 0 exit 2",
    ),
    (
        "task-stopped-scale-in-exit0",
        "task Defang-testproj-beta-cluster/testproj_api-f9b8e2b Defang-testproj-beta-testproj_api:39 Stopped ServiceSchedulerInitiated exit 0",
    ),
    (
        "task-stopped-scale-in-exit137",
        "task DemoTrafficGen01-ClusterEB0386A7-sCRgDrfn5BP9/DemoTrafficGen01-ServiceD69D759B-EfyMIBhdCKVk DemoTrafficGen01TaskDef59B414B2:10 Stopped ServiceSchedulerInitiated exit 137",
    ),
    (
        "task-stopped-scale-in-exit2-benign",
        "task Defang-testproj-beta-cluster/testproj_web-1bb0086 Defang-testproj-beta-testproj_web:27 Stopped ServiceSchedulerInitiated exit 2",
    ),
    (
        "task-stopped-standalone-exit0-two-containers",
        "task family Defang-testproj-beta-kanikoAmd64 Defang-testproj-beta-kanikoAmd64:5 Stopped EssentialContainerExited exit 0 exit 0",
    ),
    (
        "task-stopped-standalone-exit1-sidecar-exit0",
        "task family Defang-testproj-beta-kanikoAmd64 Defang-testproj-beta-kanikoAmd64:5 Stopped EssentialContainerExited exit 1 exit 0",
    ),
    (
        "task-stopped-user-initiated-ec2",
        "task Features/Webapp webapp:15 Stopped UserInitiated exit 0",
    ),
    (
        "task-stopping-elb-healthcheck-failed",
        "task Defang-testproj-beta-cluster/testproj_web-1bb0086 Defang-testproj-beta-testproj_web:28 Stopping/Stopped ServiceSchedulerInitiated",
    ),
];

#[test]
fn published_events_say_what_is_written_down_for_them() {
    let Some(folder) = shared("events") else {
        return;
    };
    let files = files(&folder, "json");
    let found: Vec<(String, String)> = files
        .into_iter()
        .map(|(name, text)| {
            let event = parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, say::brief(&event))
        })
        .collect();
    let found: Vec<(&str, &str)> =
        found.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect();
    assert!(found.len() >= 51, "only {} events", found.len());
    for (found, written) in found.iter().zip(EVENTS) {
        assert_eq!(found, written);
    }
    assert_eq!(found.len(), EVENTS.len());
    println!("{} cases ran: published events", found.len());
}

/// Stream, lines, and of these: of tasks, of them running, of them telling of a stop; of deployments; of services.
const STREAMS: &[(&str, [usize; 6])] = &[
    ("build-failure", [21, 14, 2, 6, 2, 5]),
    ("healthcheck-failure", [63, 52, 6, 26, 4, 7]),
    ("success", [33, 19, 2, 8, 4, 10]),
];

#[test]
fn published_streams_are_read_to_the_last_line() {
    let Some(folder) = shared("streams") else {
        return;
    };
    let mut total = 0;
    let mut found = Vec::new();
    for (name, text) in files(&folder, "jsonl") {
        let mut counts = [0; 6];
        for (n, line) in text.lines().enumerate() {
            let event = parse(line).unwrap_or_else(|error| panic!("{name}:{}: {error}", n + 1));
            let (tasks, running, stops, deployments, services) = match &event.body {
                Body::Task(task) => {
                    (1, task.is_running().into(), task.tells_of_stop().into(), 0, 0)
                }
                Body::Deployment(_) => (0, 0, 0, 1, 0),
                Body::ServiceAction(_) => (0, 0, 0, 0, 1),
                other => panic!("{name}:{}: {other:?}", n + 1),
            };
            let of = [1, tasks, running, stops, deployments, services];
            counts.iter_mut().zip(of).for_each(|(count, one)| *count += one);
            total += 1;
        }
        found.push((name, counts));
    }
    assert!(total >= 117, "only {total} lines");
    let found: Vec<_> = found.iter().map(|(name, counts)| (name.as_str(), *counts)).collect();
    assert_eq!(found, STREAMS);
    println!("{total} cases ran: lines of published streams");
}
