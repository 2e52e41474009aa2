//! Tasks that do not start, and not for the revision's sake.

use steady_core::incident::IncidentKind;
use steady_core::notice::Severity;
use steady_core::rollback::Refusal;

use crate::story::{End, Story, minutes, seconds};

fn starved() -> Story {
    let mut story = Story::with_proven();
    (0..3).for_each(|_| {
        story.never_start(41, End::NoRegistry);
        story.pass(seconds(40));
    });
    story.pass(seconds(30));
    story
}

#[test]
fn three_tasks_that_do_not_start_within_ten_minutes_are_told_once_and_never_rolled_back() {
    let mut story = starved();
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    assert_eq!(story.record.incident.as_ref().unwrap().kind, IncidentKind::Environment);
    assert!(matches!(story.refusal(), Some(Refusal::NotTheRevision { .. })));
    insta::assert_snapshot!(story.told(), @r#"
    New tasks of prod/checkout do not start, and as far as can be told that is not the doing of checkout:41. Steady does not roll it back; this one is yours.

    Since     2026-11-21 01:00:00 UTC, 1 h after deployment ecs-svc/41 of checkout:41 began; it had completed at 2026-11-21 00:00:00 UTC

    How bad   4 of 4 tasks running
              3 tasks of checkout:41 ended before their time, none of them by the revision's fault

    Why       the image registry could not be reached, before it ran, 3 times
              ECS on the newest task: "CannotPullContainerError: failed to do request: dial tcp 10.0.0.1:443: i/o timeout"

    Done      nothing: 3 tasks were ended by the environment, not by the revision: the image registry could not be reached

    You       1. Check NAT gateway or the VPC endpoints ecr.api, ecr.dkr and s3, their security groups, and assignPublicIp; then the registry's status page

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              task      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/tasks/00000000000000000000000000000007?region=eu-west-1
              incident  01M7XSYFR02V2DRH7YDPTYWSHK

    notice 01M7XSYFR02V2DRH7YDPTYWSHK-opened-1795222940, Steady 0.1.0
    "#);
    (0..50).for_each(|_| story.never_start(41, End::NoRegistry));
    assert_eq!(story.stages(), ["opened"], "more of the same is no news");
    assert_eq!(story.count("rollback"), 0);
}

#[test]
fn two_are_ordinary_and_so_are_three_in_an_hour() {
    let mut story = Story::with_proven();
    for _ in 0..3 {
        story.never_start(41, End::NoRegistry);
        story.pass(minutes(20));
    }
    assert_eq!(story.kinds(), [""; 0]);
}

#[test]
fn spot_interruptions_of_tasks_that_ran_are_ordinary() {
    let mut story = Story::with_proven();
    (0..9).for_each(|_| story.live(41, seconds(20), End::Spot));
    assert_eq!(story.kinds(), [""; 0]);
}

#[test]
fn it_ends_when_ecs_calls_the_service_steady() {
    let mut story = starved();
    story.pass(minutes(1));
    story.scheduler_says("SERVICE_STEADY_STATE", None);
    assert_eq!(story.stages(), ["opened", "resolved"]);
    assert_eq!(story.due, None);
}

#[test]
fn it_ends_after_a_quarter_of_an_hour_without_another() {
    let mut story = starved();
    story.pass(minutes(15));
    assert_eq!(story.stages(), ["opened", "escalated", "resolved"]);
    story.pass(minutes(60));
    assert_eq!((story.count("notice"), story.due), (3, None));
}

#[test]
fn with_fewer_than_half_its_tasks_the_service_is_in_a_critical_state() {
    let mut story = Story::with_proven();
    for task in story.running_of(41).into_iter().take(3) {
        story.end(&task, End::Spot);
    }
    (0..3).for_each(|_| story.never_start(41, End::NoRegistry));
    assert_eq!(story.notices()[0].severity, Severity::Critical);
}

#[test]
fn tasks_that_are_not_even_placed_are_told_with_what_is_missing() {
    let mut story = Story::with_proven();
    for _ in 0..3 {
        story.scheduler_says("SERVICE_TASK_PLACEMENT_FAILURE", Some("RESOURCE:FARGATE"));
        story.pass(minutes(1));
    }
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    insta::assert_snapshot!(story.told(), @r#"
    New tasks of prod/checkout do not start, and as far as can be told that is not the doing of checkout:41. Steady does not roll it back; this one is yours.

    Since     2026-11-21 01:02:00 UTC, 1 h 2 min after deployment ecs-svc/41 of checkout:41 began; it had completed at 2026-11-21 00:00:00 UTC

    How bad   4 of 4 tasks running
              no failed task of checkout:41 has been seen

    Why       ECS could not place a task, 3 times: RESOURCE:FARGATE

    Done      nothing: the revision is not known to be what keeps tasks from starting, and an earlier one would need the same

    You       1. See what is missing (capacity, subnets, placement constraints): aws ecs describe-services --cluster prod --services checkout --region eu-west-1 --query "services[0].events[:5].message"

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              incident  01M7XSZPT02V2DRH7YDPTYWSHK

    notice 01M7XSZPT02V2DRH7YDPTYWSHK-opened-1795222980, Steady 0.1.0
    "#);
    story.scheduler_says("SERVICE_STEADY_STATE", None);
    assert_eq!(story.stages(), ["opened", "resolved"]);
}
