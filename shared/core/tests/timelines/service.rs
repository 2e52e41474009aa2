//! What befalls the service itself: first deployments, deletion, controllers that are not ECS, and ECS's own rollbacks.

use steady_core::event::DeploymentEventName;
use steady_core::rollback::Refusal;

use crate::story::{End, Story, minutes, seconds};

fn loops(story: &mut Story, deployment: u32) {
    (0..4).for_each(|_| story.live(deployment, seconds(5), End::Exit(1)));
}

#[test]
fn the_first_deployment_ever_has_nothing_to_go_back_to_and_says_so() {
    let mut story = Story::first_seen();
    story.begin(1);
    loops(&mut story, 1);
    story.pass(minutes(1));
    assert_eq!(story.refusal(), Some(Refusal::FirstDeployment));
    insta::assert_snapshot!(story.told(), @r#"
    prod/checkout is in a restart loop: tasks of checkout:1 keep failing. Steady does not roll it back; this one is yours.

    Since     2026-11-21 00:00:05 UTC, 5 s after deployment ecs-svc/1 of checkout:1 began

    How bad   0 of 4 tasks running
              checkout:1: 4 of 4 starts failed (10 % is tolerated); 1270 : 1 that it fails more than is tolerated

    Why       container app ended with exit code 1, within 5 s of its start, 4 times

    Done      nothing: this is the first deployment of the service that Steady has seen, so there is nothing to go back to

    You       1. Read the container's last log lines (aws logs tail GROUP --since 15m), then compare environment, secrets and command with the previous revision
              2. See what it runs: aws ecs describe-task-definition --task-definition checkout:1 --region eu-west-1
              3. Mend it and deploy a new revision; until then it can be set to no tasks: aws ecs update-service --cluster prod --service checkout --desired-count 0 --region eu-west-1. If another revision ran here before Steady was installed, find it: aws ecs list-task-definitions --family-prefix checkout --sort DESC --region eu-west-1

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              task      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/tasks/00000000000000000000000000000004?region=eu-west-1
              incident  01M7XPF39GZEFBKQCMW8YGHMHF

    notice 01M7XPF39GZEFBKQCMW8YGHMHF-opened-1795219230, Steady 0.1.0
    "#);
}

#[test]
fn a_deleted_service_ends_its_incident_and_leaves_nothing_to_do() {
    for status in [Some("DRAINING"), Some("INACTIVE"), None] {
        let mut story = Story::with_proven();
        story.config.health.rollback = steady_core::config::RollbackMode::Notify;
        story.begin(42);
        loops(&mut story, 42);
        story.standing().status = status.map(str::to_owned);
        story.pass(minutes(11));
        assert_eq!(story.stages(), ["opened", "resolved"], "{status:?}");
        let summary = &story.notices().last().unwrap().summary;
        assert!(
            summary.starts_with("prod/checkout is out of trouble: the service was deleted."),
            "{summary}"
        );
        assert_eq!(story.due, None);
        let reads = story.ecs.reads.len();
        for task in story.running_of(41) {
            story.end(&task, End::ScaleIn);
        }
        assert_eq!((story.due, story.ecs.reads.len()), (None, reads));
    }
}

#[test]
fn a_service_made_again_under_its_old_name_is_watched_again() {
    let mut story = Story::with_proven();
    story.standing().status = Some("DRAINING".to_owned());
    story.begin(42);
    loops(&mut story, 42);
    assert_eq!(story.record.incident, None);
    story.standing().status = Some("ACTIVE".to_owned());
    story.pass(minutes(5));
    story.begin(43);
    loops(&mut story, 43);
    story.pass(minutes(1));
    assert_eq!(story.stages(), ["opened", "rollback-begun"]);
}

#[test]
fn a_failed_read_deletes_nothing() {
    let mut story = Story::with_proven();
    story.begin(42);
    story.ecs.answers = false;
    loops(&mut story, 42);
    story.pass(minutes(5));
    assert_eq!(story.record.deleted_at, None);
    assert!(story.due.is_some());
}

/// The refusal, and the notice, of a loop of a service that is deployed like this.
fn deployed_by(controller: &str, strategy: &str) -> (Option<Refusal>, String) {
    let mut story = Story::with_proven();
    story.standing().controller = controller.to_owned();
    story.standing().scheduling_strategy = strategy.to_owned();
    story.begin(42);
    loops(&mut story, 42);
    story.pass(minutes(2));
    assert_eq!((story.stages(), story.count("rollback")), (vec!["opened"], 0));
    (story.refusal(), story.told())
}

#[test]
fn other_controllers_and_daemons_are_told_at_once_with_the_command_that_goes_back() {
    let (refusal, told) = deployed_by("CODE_DEPLOY", "REPLICA");
    assert_eq!(refusal, Some(Refusal::ForeignController("CODE_DEPLOY".to_owned())));
    assert!(
        told.contains("aws deploy stop-deployment --auto-rollback-enabled --region eu-west-1"),
        "{told}"
    );
    let (refusal, told) = deployed_by("EXTERNAL", "REPLICA");
    assert_eq!(refusal, Some(Refusal::ForeignController("EXTERNAL".to_owned())));
    assert!(
        told.contains("aws ecs update-service-primary-task-set --cluster prod --service checkout"),
        "{told}"
    );
    let (refusal, told) = deployed_by("ECS", "DAEMON");
    assert_eq!(refusal, Some(Refusal::Daemon));
    assert!(
        told.contains(
            "aws ecs update-service --cluster prod --service checkout --task-definition checkout:41"
        ),
        "{told}"
    );
}

#[test]
fn an_express_service_is_told_at_once_with_the_command_that_goes_back() {
    let mut story = Story::with_proven();
    story.standing().is_express = true;
    story.begin(42);
    loops(&mut story, 42);
    story.pass(minutes(2));
    assert_eq!((story.stages(), story.count("rollback")), (vec!["opened"], 0));
    assert_eq!(story.refusal(), Some(Refusal::Express));
    let told = story.told();
    for words in [
        "aws ecs update-express-gateway-service --region eu-west-1 --service-arn $(aws ecs describe-services --cluster prod --services checkout",
        "--task-definition-arn $(aws ecs describe-task-definition --task-definition checkout:41 --region",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("aws ecs update-service "), "{told}");
}

#[test]
fn a_deployment_alarm_that_rolls_back_is_reported_and_not_repeated() {
    let mut story = Story::with_proven();
    story.begin(42);
    story.pass(minutes(3));
    let reason = "ECS deployment ecs-svc/42 failed: alarm detected.";
    story.deployment(42, DeploymentEventName::Failed, reason);
    let reason = "rolling back to deploymentId ecs-svc/41.";
    story.deployment(43, DeploymentEventName::InProgress, reason);
    story.pass(minutes(1));
    let told: Vec<_> = story.notices().iter().map(|notice| notice.text()).collect();
    assert!(told[0].contains("alarm detected"), "{}", told[0]);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    story.complete(43);
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.stages().last(), Some(&"resolved"));
    let summary = &story.notices().last().unwrap().summary;
    assert!(
        summary.contains("rollback verified: checkout:41 (deployment ecs-svc/43) is steady"),
        "{summary}"
    );
}
