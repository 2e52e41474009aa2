//! What a rollback comes to: steady on its target, or no help.

use steady_core::notice::Notice;

use crate::late::stage;
use crate::story::{End, Story, minutes, seconds};

/// checkout:42 loops and is rolled back; ECS makes deployment 43 of it, of which so many tasks run, and tells nothing
/// of it but its begin.
fn rolled_back(tasks: u32) -> Story {
    let mut story = Story::with_proven();
    story.begin(42);
    story.complete(42);
    (0..4).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
    story.pass(seconds(5));
    story.begin(43);
    (0..tasks).for_each(|_| drop(story.start_of(43, 41)));
    story
}

fn last(story: &Story) -> &Notice {
    story.notices().into_iter().next_back().unwrap()
}

#[test]
fn a_lost_completed_event_does_not_block_a_verification() {
    let mut story = rolled_back(4);
    story.pass(minutes(5));
    assert_eq!(story.stages(), ["opened", "rollback-begun", "resolved"]);
}

#[test]
fn too_few_tasks_are_no_steady_state_though_the_deployment_completed() {
    let mut story = rolled_back(3);
    story.complete(43);
    story.pass(minutes(15));
    assert_eq!(story.count("incident-resolved"), 0);
    story.start_of(43, 41);
    story.pass(minutes(5));
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn a_target_whose_tasks_all_run_is_not_verified_before_the_traffic_has_shifted_and_baked() {
    let mut story = rolled_back(4);
    for (name, time) in [("PRODUCTION_TRAFFIC_SHIFT", 30), ("BAKE_TIME", 60)] {
        story.standing().stage = stage(name, None);
        story.pass(minutes(time));
        let over = (story.count("incident-resolved"), story.count("rollback-failed"));
        assert_eq!(over, (0, 0), "{name}");
    }
    story.standing().stage = stage("CLEAN_UP", None);
    story.pass(minutes(5));
    assert_eq!(story.stages().last(), Some(&"resolved"));
}

#[test]
fn a_target_that_does_not_scale_up_after_a_pause_is_late_all_the_same() {
    let mut story = rolled_back(2);
    story.standing().stage = stage("PRE_SCALE_UP", None);
    story.pass(minutes(45));
    assert_eq!(story.count("rollback-failed"), 0);
    story.standing().stage = stage("SCALE_UP", None);
    story.pass(minutes(45));
    assert_eq!(story.count("rollback-failed"), 1);
}

#[test]
fn a_target_whose_tasks_fail_too_is_paged_and_not_rolled_back_again() {
    let mut story = rolled_back(4);
    (0..3).for_each(|_| story.live_of(43, 41, seconds(5), End::Exit(1)));
    assert_eq!(
        last(&story).subject,
        "[critical] prod/checkout: rollback to checkout:41 did not help: 3 of its tasks failed too"
    );
    (0..12).for_each(|_| story.live_of(43, 41, seconds(5), End::Exit(1)));
    story.pass(minutes(8));
    let told = story.stages().into_iter().filter(|stage| *stage == "rollback-unverified").count();
    assert_eq!((story.count("rollback"), told), (1, 1));
}

#[test]
fn a_target_whose_deployment_ecs_gives_up_is_paged() {
    let mut story = rolled_back(0);
    // A task that ends tells what the deployment runs.
    story.live_of(43, 41, seconds(5), End::Exit(1));
    story.fail(43);
    assert!(
        last(&story).subject.contains("did not help: ECS gave its deployment up"),
        "{}",
        last(&story).subject
    );
}

#[test]
fn a_target_that_is_not_steady_by_its_deadline_is_paged_with_what_runs() {
    let mut story = rolled_back(2);
    story.pass(minutes(30));
    assert_eq!(story.stages().iter().filter(|one| **one == "rollback-unverified").count(), 1);
    let notice = story.notices().into_iter().find(|one| one.stage == "rollback-unverified");
    assert!(
        notice.unwrap().summary.contains("that did not help: 2 of 4 tasks run after 20 min"),
        "{}",
        notice.unwrap().summary
    );
}

#[test]
fn what_cannot_be_read_is_no_failed_verification() {
    let mut story = rolled_back(4);
    story.ecs.answers = false;
    story.pass(minutes(40));
    assert!(!story.stages().contains(&"rollback-unverified"), "{:?}", story.stages());
    story.ecs.answers = true;
    story.pass(minutes(5));
    assert_eq!(story.count("incident-resolved"), 1);
}

#[test]
fn the_closing_notice_says_what_templates_still_believe() {
    let mut story = rolled_back(4);
    story.pass(minutes(5));
    let you = last(&story).sections.iter().find(|section| section.label == "You").unwrap();
    assert_eq!(
        you.lines,
        [
            "Do not deploy checkout:42 again before that is mended",
            "Your pipeline and templates still name checkout:42: their next run brings it back",
            "See what runs: aws ecs describe-services --cluster prod --services checkout --query \"services[0].taskDefinition\" --region eu-west-1",
        ]
    );
}
