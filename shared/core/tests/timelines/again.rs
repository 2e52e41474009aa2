//! A revision that was rolled back is deployed again.

use steady_core::config::RollbackMode;
use steady_core::incident::IncidentKind;
use steady_core::notice::Severity;
use steady_core::port::RolloutState;
use steady_core::rollback::Refusal;

use crate::story::{End, Story, minutes, seconds};

/// checkout:42 looped and was rolled back to checkout:41 (deployment 43); an hour later deployment 44 brings it again.
fn again() -> Story {
    let mut story = rolled_back();
    story.begin(44);
    story
}

fn rolled_back() -> Story {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..4).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(seconds(61));
    assert_eq!(story.count("rollback"), 1);
    story.begin(43);
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    story.complete(43);
    story.pass(minutes(60));
    assert!(story.record.incident.is_none());
    story.entries.clear();
    story.rollout(44, 42, Some(RolloutState::InProgress));
    story
}

#[test]
fn it_is_recognised_before_its_first_task_runs() {
    let story = again();
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    assert_eq!(story.record.incident.as_ref().unwrap().kind, IncidentKind::BadRedeployed);
    assert_eq!(story.refusal(), Some(Refusal::NotFailedAgain));
    assert_eq!(story.notices()[0].severity, Severity::Warning);
    insta::assert_snapshot!(story.told(), @r#"
    checkout:42 was rolled back at 2026-11-21 01:01:20 UTC, and is deployed to prod/checkout again. Steady rolls it back as soon as one of its tasks fails.

    Since     2026-11-21 02:01:21 UTC, 0 s after deployment ecs-svc/44 of checkout:42 began

    How bad   8 of 4 tasks running
              no failed task of checkout:42 has been seen
              checkout:41, before it: 0 of 4 tasks failed, 4 of them running still

    Why       what it was rolled back for may be there still; no task of it has stopped this time

    Done      nothing: no task of it has failed this time; since it was rolled back before, the first that does is enough

    You       1. If what it failed for is mended elsewhere, let it be: it is taken for good once it has completed and behaved for 10 min
              2. See what changed: aws ecs describe-task-definition --task-definition checkout:42 --region eu-west-1, and the same for checkout:41
              3. To go back to checkout:41 by hand: aws ecs update-service --cluster prod --service checkout --task-definition checkout:41 --region eu-west-1

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              incident  01M7XXCCB826NXRH81DPTYWTTC

    notice 01M7XXCCB826NXRH81DPTYWTTC-opened-1795226481, Steady 0.1.0
    "#);
}

#[test]
fn one_failed_task_of_it_is_enough_for_a_rollback() {
    let mut story = again();
    story.pass(minutes(1));
    story.live_of(44, 42, seconds(5), End::Exit(1));
    story.pass(seconds(91));
    assert_eq!(story.count("rollback"), 1, "{:?}", story.refusal());
    assert_eq!(story.stages(), ["opened", "worsened", "rollback-begun"]);
    story.rollout(45, 41, Some(RolloutState::InProgress));
    story.begin(45);
    (0..4).for_each(|_| drop(story.start_of(45, 41)));
    story.complete(45);
    story.pass(minutes(3));
    assert_eq!(story.stages().last(), Some(&"resolved"));
}

#[test]
fn what_the_environment_ends_does_not_convict_it() {
    let mut story = again();
    story.pass(minutes(1));
    story.never_start(44, End::NoRegistry);
    story.pass(minutes(3));
    assert_eq!(story.count("rollback"), 0);
}

#[test]
fn the_budget_holds_for_it_too() {
    let mut story = again();
    story.pass(minutes(1));
    story.live_of(44, 42, seconds(5), End::Exit(1));
    story.pass(seconds(91));
    story.rollout(45, 41, Some(RolloutState::InProgress));
    story.begin(45);
    (0..4).for_each(|_| drop(story.start_of(45, 41)));
    story.complete(45);
    story.pass(minutes(60));
    story.rollout(46, 42, Some(RolloutState::InProgress));
    story.begin(46);
    story.pass(minutes(1));
    story.live_of(46, 42, seconds(5), End::Exit(1));
    story.pass(minutes(3));
    assert_eq!(story.count("rollback"), 1);
    assert_eq!(story.refusal(), Some(Refusal::BudgetSpent));
}

#[test]
fn without_auto_it_is_only_told() {
    let mut story = rolled_back();
    story.config.health.rollback = RollbackMode::Notify;
    story.begin(44);
    story.pass(minutes(1));
    story.live_of(44, 42, seconds(5), End::Exit(1));
    story.pass(minutes(3));
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.stages(), ["opened", "worsened"]);
}

#[test]
fn it_may_prove_itself_after_all() {
    let mut story = again();
    (0..4).for_each(|_| drop(story.start_of(44, 42)));
    story.pass(minutes(2));
    story.complete(44);
    story.pass(minutes(10));
    assert_eq!(story.stages(), ["opened", "escalated", "resolved"]);
    assert_eq!(story.proven().last(), Some(&"checkout:42"));
    let summary = &story.notices().last().unwrap().summary;
    assert!(
        summary.contains("checkout:42 completed and has behaved for 10 min this time"),
        "{summary}"
    );
    assert_eq!(story.due, None);
}

#[test]
fn another_revision_after_a_rollback_is_nobodys_business() {
    let mut story = rolled_back();
    story.rollout(44, 43, Some(RolloutState::InProgress));
    story.begin(44);
    story.pass(minutes(5));
    assert_eq!(story.kinds(), [""; 0]);
}
