//! Deployments that do not end: the deadline, and what does not count towards it.

use steady_core::config::RollbackMode;
use steady_core::incident::IncidentKind;
use steady_core::notice::Severity;
use steady_core::port::{PauseHook, RolloutState, Stage};
use steady_core::rollback::Refusal;

use crate::story::{End, Story, id, minutes, seconds};

fn kind(story: &Story) -> Option<IncidentKind> {
    story.record.incident.as_ref().map(|incident| incident.kind)
}

/// checkout:42 is being deployed beside checkout:41, and not one task of it has come up.
fn begun() -> Story {
    let mut story = Story::with_proven();
    story.begin(42);
    story.rollout(42, 42, Some(RolloutState::InProgress));
    story
}

#[test]
fn a_deployment_that_has_not_ended_by_its_deadline_is_stuck() {
    let mut story = begun();
    story.pass(minutes(20) - seconds(1));
    assert_eq!(
        (story.kinds(), story.ecs.reads.len()),
        (vec![], 1),
        "nothing is said, or read, before"
    );
    story.pass(seconds(1));
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentStuck));
    insta::assert_snapshot!(story.told(), @r#"
    The deployment of checkout:42 to prod/checkout is stuck: it has not ended for 20 min. Steady does not roll it back; this one is yours.

    Since     2026-11-21 01:20:00 UTC, 20 min after deployment ecs-svc/42 of checkout:42 began

    How bad   4 of 4 tasks running
              no failed task of checkout:42 has been seen
              checkout:41, before it: 0 of 4 tasks failed, 4 of them running still

    Why       no stopped task of it has been seen, so the cause is not known

    Done      nothing: being late is no evidence against a revision; a rollback needs 1000 : 1 from its tasks' failures (0.8 : 1 so far)

    You       1. See what ECS waits for: aws ecs describe-services --cluster prod --services checkout --region eu-west-1 --query "services[0].events[:5].message"
              2. See what changed: aws ecs describe-task-definition --task-definition checkout:42 --region eu-west-1, and the same for checkout:41
              3. To go back to checkout:41 by hand: aws ecs update-service --cluster prod --service checkout --task-definition checkout:41 --region eu-west-1

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              incident  01M7XV0NG03FEXRH7ZDPTYWSZ6

    notice 01M7XV0NG03FEXRH7ZDPTYWSZ6-opened-1795224000, Steady 0.1.0
    "#);
}

#[test]
fn a_stuck_deployment_resolves_when_it_completes_and_says_how_long_it_took() {
    let mut story = begun();
    story.pass(minutes(25));
    story.complete(42);
    assert_eq!(story.stages(), ["opened", "resolved"]);
    assert_eq!(
        story.notices().last().unwrap().summary,
        "prod/checkout is out of trouble: checkout:42 (deployment ecs-svc/42) completed after 25 min. The incident was open for 5 min."
    );
    (0..4).for_each(|_| drop(story.start(42)));
    story.pass(minutes(11));
    assert_eq!(
        story.proven(),
        ["checkout:41", "checkout:42"],
        "being late proves nothing against it"
    );
    assert_eq!(story.due, None);
}

#[test]
fn a_stuck_deployment_resolves_when_another_replaces_it() {
    let mut story = begun();
    story.pass(minutes(25));
    story.begin(43);
    (0..4).for_each(|_| drop(story.start(43)));
    story.complete(43);
    story.pass(minutes(11));
    assert_eq!(story.stages(), ["opened", "escalated", "resolved"]);
    assert_eq!(story.due, None);
}

#[test]
fn a_lost_completion_is_not_called_stuck() {
    let mut story = begun();
    (0..4).for_each(|_| drop(story.start(42)));
    story.rollout(42, 42, Some(RolloutState::Completed));
    story.pass(minutes(40));
    assert_eq!(story.kinds(), [""; 0]);
    assert_eq!(story.proven(), ["checkout:41", "checkout:42"]);
    assert_eq!(story.due, None);
}

#[test]
fn a_lost_failure_is_told_as_one() {
    let mut story = begun();
    story.rollout(42, 42, Some(RolloutState::Failed));
    story.pass(minutes(21));
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentFailed));
}

#[test]
fn where_ecs_gives_no_rollout_state_a_deployment_with_all_its_tasks_is_not_stuck() {
    let mut story = begun();
    (0..4).for_each(|_| drop(story.start(42)));
    story.rollout(42, 42, None);
    story.pass(minutes(60));
    assert_eq!(story.kinds(), [""; 0]);
    assert_eq!(story.due, None);
}

#[test]
fn nothing_is_called_stuck_while_ecs_cannot_be_read() {
    let mut story = begun();
    story.ecs.answers = false;
    story.pass(minutes(25));
    assert_eq!(story.kinds(), [""; 0]);
    story.ecs.answers = true;
    story.pass(minutes(1));
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentStuck));
}

#[test]
fn a_stuck_deployment_whose_tasks_fail_slowly_tells_why_and_is_not_rolled_back_for_it() {
    let mut story = begun();
    story.pass(minutes(2));
    story.live(42, minutes(8), End::Exit(1));
    story.live(42, minutes(9), End::Exit(1));
    story.pass(minutes(2));
    assert!(matches!(story.refusal(), Some(Refusal::OnlyStuck(_))), "{:?}", story.refusal());
    let told = story.told();
    assert!(told.contains("container app ended with exit code 1"), "{told}");
    assert!(told.contains("nothing: being late is no evidence against a revision"), "{told}");
}

#[test]
fn a_stuck_deployment_that_then_loops_is_told_at_once_as_the_graver_thing_and_rolled_back() {
    let mut story = begun();
    story.pass(minutes(21));
    (0..4).for_each(|_| story.live(42, seconds(31), End::Exit(1)));
    let incident = story.record.incident.as_ref().unwrap();
    assert_eq!(
        (incident.kind, incident.is_now()),
        (IncidentKind::DeploymentStuck, IncidentKind::RestartLoop)
    );
    assert_eq!(story.stages(), ["opened", "worsened"]);
    story.pass(seconds(91));
    assert_eq!(story.stages(), ["opened", "worsened", "rollback-begun"]);
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn graver_news_is_sent_even_where_config_only_notifies() {
    let mut story = begun();
    story.config.health.rollback = RollbackMode::Notify;
    story.pass(minutes(21));
    (0..4).for_each(|_| story.live(42, seconds(31), End::Exit(1)));
    assert_eq!(story.stages(), ["opened", "worsened"]);
    let summary = &story.notices().last().unwrap().summary;
    assert!(summary.starts_with("prod/checkout is in a restart loop"), "{summary}");
}

#[test]
fn a_service_that_lacks_tasks_while_its_deployment_is_stuck_is_critical() {
    let mut story = begun();
    for task in story.running_of(41).into_iter().take(1) {
        story.end(&task, End::ScaleIn);
    }
    story.pass(minutes(20));
    assert_eq!(story.notices()[0].severity, Severity::Critical);
}

#[test]
fn ecs_rolling_back_by_itself_can_be_stuck_too() {
    let mut story = begun();
    story.begin_native_rollback(43);
    story.rollout(43, 41, Some(RolloutState::InProgress));
    story.pass(minutes(21));
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentStuck));
    assert_eq!(story.record.incident.as_ref().unwrap().about, id(43));
    story.complete(43);
    assert_eq!(story.stages(), ["opened", "resolved"]);
}

pub(crate) fn stage(name: &str, hook: Option<PauseHook>) -> Option<Stage> {
    Some(Stage {
        service_deployment:
            "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/AbCd".to_owned(),
        name: Some(name.to_owned()),
        new_traffic: None,
        hook,
    })
}

#[test]
fn bake_and_traffic_shift_do_not_count_towards_the_deadline() {
    let mut story = begun();
    for (name, time) in [("PRODUCTION_TRAFFIC_SHIFT", 30), ("BAKE_TIME", 60)] {
        story.standing().stage = stage(name, None);
        story.pass(minutes(time));
    }
    assert_eq!(story.kinds(), [""; 0]);
    story.standing().stage = stage("CLEAN_UP", None);
    story.pass(minutes(19));
    assert_eq!(story.kinds(), [""; 0], "it has its whole time again");
    story.pass(minutes(6));
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentStuck));
}

/// The deployment waits at a hook that expires in so many minutes.
fn pause(story: &mut Story, minutes_left: i64) {
    let hook = PauseHook {
        id: "ecs-pause-e7tK9G".to_owned(),
        expires_at: Some(story.now + minutes(minutes_left)),
        timeout_action: Some("ROLLBACK".to_owned()),
    };
    story.standing().stage = stage("POST_TEST_TRAFFIC_SHIFT", Some(hook));
}

/// Somebody answers the hook, and the deployment goes on.
fn go_on(story: &mut Story) {
    story.standing().stage = stage("CLEAN_UP", None);
}

#[test]
fn a_pause_hook_is_told_once_shortly_before_ecs_acts_by_itself() {
    let mut story = begun();
    pause(&mut story, 60);
    story.pass(minutes(50) - seconds(1));
    assert_eq!(story.kinds(), [""; 0]);
    story.pass(minutes(9));
    assert_eq!(story.kinds(), ["notice"]);
    insta::assert_snapshot!(story.told(), @r#"
    The deployment of checkout:42 to prod/checkout is paused at POST_TEST_TRAFFIC_SHIFT and waits for somebody to let it go on. At 2026-11-21 02:00:00 UTC ECS rolls it back by itself.

    Done      nothing: Steady leaves it to whoever set the hook

    You       1. To let it go on: aws ecs continue-service-deployment --service-deployment-arn arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/AbCd --hook-id ecs-pause-e7tK9G --region eu-west-1 --action CONTINUE
              2. To roll it back now: aws ecs continue-service-deployment --service-deployment-arn arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/AbCd --hook-id ecs-pause-e7tK9G --region eu-west-1 --action ROLLBACK

    Links     deployment ecs-svc/42
              service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/deployments?region=eu-west-1

    notice hook-cb339a732ca448ed, Steady 0.1.0
    "#);
}

#[test]
fn a_pause_hook_that_expires_before_the_deadline_is_told_and_does_not_count_towards_it() {
    let mut story = begun();
    story.pass(minutes(2));
    pause(&mut story, 15);
    story.hook_waits();
    assert_eq!(story.kinds(), [""; 0], "there is time");
    story.pass(minutes(5));
    assert_eq!(story.stages(), ["hook-waiting"], "ten minutes before ECS acts");
    story.pass(minutes(9));
    go_on(&mut story);
    story.pass(minutes(15));
    assert_eq!(story.stages(), ["hook-waiting"], "its time counts from when it was seen to wait");
    story.pass(minutes(6));
    assert_eq!(story.stages(), ["hook-waiting", "opened"]);
}

#[test]
fn a_pause_hook_of_a_few_minutes_is_told_at_once() {
    let mut story = begun();
    story.pass(minutes(2));
    pause(&mut story, 5);
    story.hook_waits();
    assert_eq!(story.stages(), ["hook-waiting"]);
    story.hook_waits();
    story.pass(minutes(1));
    assert_eq!(story.stages(), ["hook-waiting"], "a repeat tells nobody again");
}

#[test]
fn an_event_of_a_hook_that_is_answered_by_now_changes_nothing() {
    let mut story = begun();
    go_on(&mut story);
    story.pass(minutes(2));
    story.hook_waits();
    story.pass(minutes(17));
    assert_eq!((story.kinds(), story.ecs.reads.len()), (vec![], 2), "the begin's read, and one");
    story.pass(minutes(1));
    assert_eq!(kind(&story), Some(IncidentKind::DeploymentStuck), "its time has not begun anew");
}

#[test]
fn a_hook_that_waits_in_a_deployment_known_to_be_stuck_is_told_all_the_same() {
    let mut story = begun();
    story.pass(minutes(25));
    assert_eq!(story.stages(), ["opened"]);
    pause(&mut story, 30);
    story.hook_waits();
    story.pass(minutes(21));
    go_on(&mut story);
    story.pass(minutes(60));
    assert_eq!(story.stages(), ["opened", "escalated", "hook-waiting", "escalated"]);
    assert_eq!(story.count("incident-joined"), 0, "nor is it told as stuck once more");
}

#[test]
fn a_hook_of_a_deployment_that_has_ended_is_no_reason_to_read() {
    let mut story = begun();
    (0..4).for_each(|_| drop(story.start(42)));
    story.complete(42);
    let reads = story.ecs.reads.len();
    story.hook_waits();
    story.pass(minutes(1));
    assert_eq!(story.ecs.reads.len(), reads);
}
