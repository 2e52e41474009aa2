//! The adapter of ECS against a simulated ECS, whose deployments move.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use steady_aws::ecs::Ecs;
use steady_core::name::TaskDefinitionRevision;
use steady_core::port::{
    Call, ChangeService, PortError, ReadService, RunningTasks, ServiceDeploymentState,
    ServiceState, TargetState,
};
use steady_local_aws::{Fault, LocalAws, What, When};

use crate::setup::{aws_at, checkout, patient, proven, start};

/// `prod/checkout` with `checkout:1`, steady, and `checkout:2` registered.
pub(crate) async fn steady(desired_count: u32) -> (LocalAws, Ecs) {
    let local = start().await;
    let ecs = aws_at(&local.endpoint(), patient()).await.ecs();
    local.ecs(|ecs| {
        ecs.call("CreateCluster", &json!({ "clusterName": "prod" })).expect("a cluster");
        for image in ["checkout:1", "checkout:2"] {
            let containers = json!([{ "name": "app", "image": image }]);
            let family = json!({ "family": "checkout", "containerDefinitions": containers });
            ecs.call("RegisterTaskDefinition", &family).expect("a task definition");
        }
        let service = json!({
            "cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1",
            "desiredCount": desired_count,
        });
        ecs.call("CreateService", &service).expect("a service");
    });
    pass(&local, 60);
    (local, ecs)
}

pub(crate) fn pass(local: &LocalAws, minutes: i64) {
    local.ecs(|ecs| ecs.advance(ecs.now() + SignedDuration::from_mins(minutes)));
}

pub(crate) fn update(revision: &str) -> Call {
    Call::UpdateService { service: checkout(), revision: revision.into(), restore: None }
}

async fn state(ecs: &Ecs) -> ServiceState {
    ecs.service_state(&checkout(), &proven("checkout:1")).await.expect("an answer")
}

fn primary(state: &ServiceState) -> Option<&TaskDefinitionRevision> {
    state.deployments.iter().find(|one| one.is_primary).and_then(|one| one.revision.as_ref())
}

fn deployment(state: &ServiceState) -> &ServiceDeploymentState {
    state.service_deployment.as_ref().expect("a service deployment")
}

#[tokio::test]
async fn all_tasks_of_a_large_service_are_seen() {
    let (local, ecs) = steady(105).await;
    let running = ecs.running_tasks(&checkout()).await.expect("an answer");
    assert_eq!(running.desired_count, Some(105));
    let tasks: BTreeSet<_> = running.tasks.iter().map(|task| task.task.as_str()).collect();
    assert_eq!(tasks.len(), 105);
    let now = local.ecs(|ecs| ecs.now());
    for task in &running.tasks {
        assert_eq!(task.revision, Some("checkout:1".into()));
        assert_eq!(task.deployment, running.primary);
        assert!(task.started_at < now);
    }
    let operations: Vec<_> = local.calls().into_iter().map(|call| call.operation).collect();
    let expected = ["DescribeServices", "ListTasks", "ListTasks", "DescribeTasks", "DescribeTasks"];
    assert_eq!(operations, expected);
}

#[tokio::test]
async fn tasks_of_both_deployments_are_told_apart() {
    let (local, ecs) = steady(4).await;
    let before = ecs.running_tasks(&checkout()).await.expect("an answer");
    assert_eq!(ecs.change(&update("checkout:2")).await, Ok(()));
    pass(&local, 1);
    let running = ecs.running_tasks(&checkout()).await.expect("an answer");
    assert_ne!(running.primary, before.primary);
    let revisions: BTreeSet<_> =
        running.tasks.iter().filter_map(|task| task.revision.as_ref()?.as_str().into()).collect();
    assert_eq!(revisions, BTreeSet::from(["checkout:1", "checkout:2"]));
    for task in &running.tasks {
        let is_new = task.revision == Some("checkout:2".into());
        assert_eq!(task.deployment == running.primary, is_new, "{task:?}");
    }
}

#[tokio::test]
async fn a_deployment_in_flight_is_seen_and_stopped_with_rollback() {
    let (local, ecs) = steady(4).await;
    assert_eq!(ecs.change(&update("checkout:2")).await, Ok(()));
    pass(&local, 1);
    let flying = state(&ecs).await;
    assert_eq!(flying.status.as_deref(), Some("ACTIVE"));
    assert_eq!((flying.controller.as_str(), flying.target), ("ECS", TargetState::Active));
    assert_eq!(flying.scheduling_strategy, "REPLICA");
    assert_eq!(flying.deployments.len(), 2);
    assert_eq!(primary(&flying), Some(&"checkout:2".into()));
    let now = deployment(&flying);
    assert_eq!(now.status, "IN_PROGRESS");
    assert_eq!(now.sources, ["checkout:1".into()]);

    let stop = Call::StopServiceDeployment { arn: now.arn.clone() };
    assert_eq!(ecs.change(&stop).await, Ok(()));
    let asked = local.calls().pop().expect("a call");
    assert_eq!(asked.request["stopType"], "ROLLBACK");
    pass(&local, 60);
    let back = state(&ecs).await;
    assert_eq!(primary(&back), Some(&"checkout:1".into()));
    assert_eq!(deployment(&back).status, "ROLLBACK_SUCCESSFUL");

    let again = ecs.change(&stop).await;
    assert!(matches!(again, Err(PortError::Refused { .. })), "{again:?}");
}

#[tokio::test]
async fn a_deregistered_target_is_inactive_and_refused() {
    let (local, ecs) = steady(2).await;
    assert_eq!(ecs.change(&update("checkout:2")).await, Ok(()));
    pass(&local, 60);
    local.ecs(|ecs| {
        let revision = json!({ "taskDefinition": "checkout:1" });
        ecs.call("DeregisterTaskDefinition", &revision).expect("deregistered");
    });
    assert_eq!(state(&ecs).await.target, TargetState::Inactive);
    let refused = ecs.change(&update("checkout:1")).await;
    assert!(matches!(refused, Err(PortError::Refused { .. })), "{refused:?}");
    let unknown = ecs.service_state(&checkout(), &proven("checkout:9")).await;
    assert_eq!(unknown.expect("an answer").target, TargetState::Gone);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_unclear_made_once_and_done() {
    let (local, ecs) = steady(2).await;
    local.fault(Fault { when: When::once("ecs", "UpdateService"), what: What::AnswerLost });
    let outcome = ecs.change(&update("checkout:2")).await;
    assert!(matches!(outcome, Err(PortError::Unclear { .. })), "{outcome:?}");
    let times = local.calls().iter().filter(|call| call.operation == "UpdateService").count();
    assert_eq!(times, 1);
    assert_eq!(primary(&state(&ecs).await), Some(&"checkout:2".into()));
}

#[tokio::test]
async fn a_service_or_cluster_that_is_not_there_has_no_status() {
    let (_local, ecs) = steady(1).await;
    for (cluster, service) in [("prod", "other"), ("other", "checkout")] {
        let service = steady_core::name::ServiceKey::new(cluster, service);
        let found = ecs.service_state(&service, &proven("checkout:1")).await;
        assert_eq!(found, Ok(ServiceState::default()));
        let standing = Some(Box::default());
        let nothing = RunningTasks { standing, ..RunningTasks::default() };
        assert_eq!(ecs.running_tasks(&service).await, Ok(nothing));
    }
}
