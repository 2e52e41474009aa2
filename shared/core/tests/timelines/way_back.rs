//! A rollback that takes stages: told as what it is while ECS goes through them, and as no progress when it does not.

use steady_core::notice::{Notice, Severity};

use crate::late::stage;
use crate::story::{End, Story, minutes, seconds};

/// checkout:42 looped, and ECS goes back to checkout:41 by deployment 43, whose shift and bake times take half an hour.
/// So many tasks of it run, and it is at this stage.
fn going_back(tasks: u32, at: &str) -> Story {
    let mut story = Story::with_proven();
    (story.probes, story.shift_minutes) = (true, 30);
    story.begin(42);
    story.complete(42);
    story.running_of(41).iter().for_each(|task| story.end(task, End::ScaleIn));
    (0..4).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
    story.pass(seconds(5));
    story.begin(43);
    (0..tasks).for_each(|_| drop(story.start_of(43, 41)));
    story.standing().stage = stage(at, None);
    story
}

fn of_stage<'a>(story: &'a Story, stage: &str) -> Vec<&'a Notice> {
    story.notices().into_iter().filter(|notice| notice.stage == stage).collect()
}

#[test]
fn while_the_traffic_goes_back_people_are_told_so_and_nobody_is_paged_again() {
    let mut story = going_back(4, "PRODUCTION_TRAFFIC_SHIFT");
    story.pass(minutes(11));
    assert_eq!(story.stages(), ["opened", "rollback-begun", "rollback-under-way"]);
    assert_eq!(story.count("incident-escalated"), 0);
    let notice = of_stage(&story, "rollback-under-way")[0];
    assert_eq!(notice.severity, Severity::Warning);
    assert_eq!(
        notice.subject,
        "[warning] prod/checkout: the rollback to checkout:41 goes on, until about 01:31 UTC"
    );
    insta::assert_snapshot!(story.told(), @r#"
    The rollback of prod/checkout to checkout:41 goes on as it should: ECS is at PRODUCTION_TRAFFIC_SHIFT, and 4 of 4 tasks of checkout:41 run. The shift and the bake times should be over by 2026-11-21 01:31:20 UTC; until the traffic has shifted, checkout:42 may still serve some of it.

    Since     2026-11-21 01:00:05 UTC, 5 s after deployment ecs-svc/42 of checkout:42 began; it had completed at 2026-11-21 01:00:00 UTC

    How bad   4 of 4 tasks running
              checkout:42: 4 of 4 starts failed (10 % is tolerated); 1270 : 1 that it fails more than is tolerated
              checkout:41, before it: 0 of 4 tasks failed

    Why       container app ended with exit code 1, within 5 s of its start, 4 times

    Done      2026-11-21 01:01:20 UTC: Steady updates the service to checkout:41 (UpdateService)
              its traffic shift and bake time take about 30 min, besides hooks
              AWS has taken it; you are told when it is steady, and if it does not help

    You       1. Nothing now: you are told when it is steady, and at 2026-11-21 01:51:20 UTC if it is not
              2. To follow it: aws ecs list-service-deployments --cluster prod --service checkout --region eu-west-1

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              task      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/tasks/00000000000000000000000000000008?region=eu-west-1
              incident  01M7XSWN503FEXRH7ZDPTYWSZ6

    notice 01M7XSWN503FEXRH7ZDPTYWSZ6-rollback-under-way-1795223420, Steady 0.1.0
    "#);
    story.standing().stage = stage("BAKE_TIME", None);
    story.pass(minutes(18));
    story.standing().stage = stage("CLEAN_UP", None);
    story.pass(minutes(10));
    assert_eq!(story.stages()[3..], ["resolved"]);
}

#[test]
fn a_shift_that_does_not_end_in_its_time_is_paged_when_it_was_promised() {
    let mut story = going_back(4, "PRODUCTION_TRAFFIC_SHIFT");
    // Half an hour of shifting, and the twenty minutes that any deployment has.
    story.pass(minutes(49));
    assert_eq!(story.stages()[2..], ["rollback-under-way"]);
    story.pass(minutes(2));
    assert_eq!(story.stages()[2..], ["rollback-under-way", "escalated"]);
    let notice = of_stage(&story, "escalated")[0];
    assert_eq!(notice.severity, Severity::Critical);
    // The regular times go on as if nothing had been promised.
    story.pass(minutes(20));
    assert_eq!(of_stage(&story, "escalated").len(), 2);
}

#[test]
fn a_stage_that_waits_for_somebody_is_no_progress() {
    let mut story = going_back(4, "POST_TEST_TRAFFIC_SHIFT");
    story.standing().stage = stage(
        "POST_TEST_TRAFFIC_SHIFT",
        Some(steady_core::port::PauseHook {
            id: "ecs-pause-e7tK9G".to_owned(),
            expires_at: None,
            timeout_action: None,
        }),
    );
    story.pass(minutes(11));
    assert_eq!(story.stages()[2..], ["escalated"]);
}

#[test]
fn neither_is_a_target_of_which_no_task_runs() {
    let mut story = going_back(0, "SCALE_UP");
    story.rollout(43, 41, Some(steady_core::port::RolloutState::InProgress));
    story.pass(minutes(11));
    assert_eq!(story.stages()[2..], ["escalated"]);
}

#[test]
fn what_cannot_be_read_is_no_progress_either() {
    let mut story = going_back(4, "PRODUCTION_TRAFFIC_SHIFT");
    story.ecs.answers = false;
    story.pass(minutes(11));
    assert_eq!(story.stages()[2..], ["escalated"]);
}

#[test]
fn a_target_that_fails_too_is_told_as_that_and_nothing_is_promised_any_more() {
    let mut story = going_back(4, "PRODUCTION_TRAFFIC_SHIFT");
    story.pass(minutes(11));
    (0..3).for_each(|_| story.live_of(43, 41, seconds(5), End::Exit(1)));
    assert_eq!(story.stages()[2..], ["rollback-under-way", "rollback-unverified"]);
    story.pass(minutes(45));
    assert_eq!(of_stage(&story, "escalated").len(), 0, "not before an hour");
}

#[test]
fn a_rollback_without_stages_that_lasts_is_told_again_as_before() {
    let mut story = going_back(2, "SCALE_UP");
    story.standing().stage = None;
    story.pass(minutes(11));
    assert_eq!(story.stages()[2..], ["escalated"]);
}
