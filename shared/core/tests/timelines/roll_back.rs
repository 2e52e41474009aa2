//! Rollbacks: held, done, by which path; each once.

use steady_core::config::Witness;
use steady_core::rollback::Refusal;

use crate::story::{End, Story, minutes, seconds};

fn four_failures(story: &mut Story, deployment: u32) {
    (0..4).for_each(|_| story.live(deployment, seconds(5), End::Exit(1)));
}

#[test]
fn in_flight_the_deployment_is_stopped_after_a_hold_of_a_minute() {
    let mut story = Story::with_proven();
    story.begin(42);
    four_failures(&mut story, 42);
    assert_eq!(story.kinds(), ["incident-opened", "notice"]);
    assert!(
        story.notices()[0]
            .summary
            .contains("rolls it back to checkout:41 at 2026-11-21 01:01:20 UTC"),
        "{}",
        story.notices()[0].summary
    );
    story.pass(seconds(59));
    assert_eq!(story.rollback(), None);
    story.pass(seconds(1));
    assert_eq!(
        story.rollback().unwrap(),
        "to checkout:41: StopServiceDeployment with ROLLBACK, deployment ecs-svc/42"
    );
    assert_eq!(story.stages(), ["opened", "rollback-begun"]);
    // Once: failures go on, and nothing more is decided.
    four_failures(&mut story, 42);
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn after_completion_the_service_is_updated() {
    let mut story = Story::with_proven();
    story.begin(42);
    story.complete(42);
    four_failures(&mut story, 42);
    story.pass(seconds(60));
    assert_eq!(story.rollback().unwrap(), "to checkout:41: UpdateService, away from ecs-svc/42");
}

#[test]
fn where_the_source_is_not_the_proven_revision_the_service_is_updated() {
    let mut story = Story::with_proven();
    // 42 came and went unproven; ECS would go back to it.
    story.begin(42);
    story.start(42);
    story.complete(42);
    story.live(42, minutes(2), End::ScaleIn);
    story.begin(43);
    four_failures(&mut story, 43);
    story.pass(seconds(60));
    assert_eq!(story.rollback().unwrap(), "to checkout:41: UpdateService, away from ecs-svc/43");
}

#[test]
fn a_task_killed_for_memory_did_it_to_itself_so_nothing_is_waited_for() {
    let mut story = Story::with_proven();
    story.begin(42);
    story.complete(42);
    (0..3).for_each(|_| story.live(42, seconds(70), End::OutOfMemory));
    assert_eq!(story.kinds(), ["incident-opened", "rollback", "notice"]);
}

#[test]
fn a_failed_deployment_is_rolled_back_once_the_evidence_is_there() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..3).for_each(|_| story.live(42, seconds(70), End::ElbHealthCheck));
    story.fail(42);
    assert_eq!(story.kinds(), ["incident-opened", "rollback-refused", "notice"]);
    assert!(story.notices()[0].summary.contains("waits for more evidence"));
    story.live(42, seconds(70), End::ElbHealthCheck);
    story.pass(seconds(60));
    assert_eq!(story.rollback().unwrap(), "to checkout:41: UpdateService, away from ecs-svc/42");
    assert_eq!(story.stages(), ["opened", "rollback-begun"]);
}

#[test]
fn a_rollback_that_was_announced_and_does_not_come_is_told() {
    let mut story = Story::with_proven();
    let old: Vec<_> = (0..8).map(|_| story.start(41)).collect();
    story.begin(42);
    four_failures(&mut story, 42);
    // Now tasks of the proven revision die of the same: it was not the new one.
    story.pass(seconds(20));
    old.iter().for_each(|task| story.end(task, End::Exit(1)));
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.stages(), ["opened", "rollback-refused"]);
}

#[test]
fn one_unlucky_old_task_is_no_veto() {
    let mut story = Story::with_proven();
    let unlucky = story.start(41);
    story.begin(42);
    four_failures(&mut story, 42);
    story.end(&unlucky, End::Exit(1));
    story.pass(seconds(60));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn nothing_is_done_while_ecs_cannot_be_read() {
    let mut story = Story::with_proven();
    story.begin(42);
    four_failures(&mut story, 42);
    story.ecs.answers = false;
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    story.ecs.answers = true;
    story.pass(seconds(31));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn every_notice_fits_its_subject_and_says_what_to_do() {
    let mut story = Story::with_proven();
    story.begin(42);
    four_failures(&mut story, 42);
    story.pass(minutes(70));
    assert!(story.notices().len() >= 4, "{:?}", story.stages());
    for notice in story.notices() {
        assert!(notice.subject.len() <= 99 && notice.subject.is_ascii(), "{}", notice.subject);
        assert!(notice.subject.contains("prod/checkout"), "{}", notice.subject);
        let labels: Vec<&str> = notice.sections.iter().map(|section| section.label).collect();
        assert!(
            labels.starts_with(&["Since", "How bad", "Why", "Done", "You", "Links"]),
            "{labels:?}"
        );
        let json: serde_json::Value = serde_json::from_str(&notice.json()).unwrap();
        assert_eq!(json["schema"], "steady.notice/1");
        assert_eq!(json["service"], "prod/checkout");
        assert_eq!(json["steady_version"], steady_core::VERSION);
        let chat: serde_json::Value = serde_json::from_str(&notice.chat()).unwrap();
        let context = &chat["metadata"]["additionalContext"];
        assert_eq!(context["steady_version"], steady_core::VERSION);
        let last = format!("notice {}, Steady {}\n", notice.id, steady_core::VERSION);
        assert!(notice.text().ends_with(&last), "{}", notice.text());
    }
    let ids: std::collections::BTreeSet<&str> =
        story.notices().iter().map(|n| n.id.as_str()).collect();
    assert_eq!(ids.len(), story.notices().len(), "ids differ");
}

#[test]
fn the_longest_names_still_fit_the_subject() {
    let mut story = Story::new();
    let (cluster, service) = ("c".repeat(255), "s".repeat(255));
    story.record =
        steady_core::record::Record::new(steady_core::name::ServiceKey::new(&cluster, &service));
    story.record.has_looked_back = true;
    story.begin(42);
    four_failures(&mut story, 42);
    let subject = &story.notices()[0].subject;
    assert!(subject.len() <= 99, "{subject}");
    assert!(subject.starts_with("[critical] ...sss"), "{subject}");
    assert!(subject.ends_with("s: restart loop on :42"), "{subject}");
}

#[test]
fn a_sick_old_revision_is_said_once_and_not_by_turns() {
    let mut story = Story::with_proven();
    let old: Vec<_> = (0..8).map(|_| story.start(41)).collect();
    story.pass(minutes(2));
    story.begin(42);
    old.iter().for_each(|task| story.end(task, End::OutOfMemory));
    story.pass(seconds(31));
    for _ in 0..8 {
        story.live(42, seconds(5), End::Exit(1));
        story.pass(seconds(10));
    }
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.stages(), ["opened"]);
}

#[test]
fn a_failed_predecessor_does_not_acquit_its_successor() {
    let mut story = Story::with_proven();
    story.begin(42);
    four_failures(&mut story, 42);
    story.pass(seconds(20));
    story.begin(43);
    story.pass(seconds(31));
    four_failures(&mut story, 43);
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 1);
}

#[test]
fn old_kills_for_memory_do_not_spare_a_crash_its_witness() {
    let mut story = Story::with_proven();
    story.config.health.witness = steady_core::config::Witness::Page;
    story.begin(42);
    (0..10).for_each(|_| drop(story.start(42)));
    story.complete(42);
    for _ in 0..9 {
        story.pass(minutes(100));
        story.live(42, minutes(40), End::OutOfMemory);
    }
    story.pass(minutes(100));
    for _ in 0..8 {
        story.live(42, seconds(5), End::Exit(1));
        story.pass(seconds(31));
    }
    assert_eq!(story.count("rollback"), 0);
}

#[test]
fn ecs_is_not_asked_to_go_back_to_what_was_rolled_back_from() {
    let mut story = Story::with_proven();
    story.begin(42);
    (0..4).for_each(|_| drop(story.start(42)));
    story.pass(minutes(1));
    story.complete(42);
    (0..12).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    story.pass(seconds(90));
    assert_eq!(story.count("rollback"), 1);
    // Somebody overtakes it; ECS's last successful revision is 42.
    story.begin(44);
    story.pass(seconds(31));
    four_failures(&mut story, 44);
    story.pass(seconds(120));
    assert_eq!(story.rollback().unwrap(), "to checkout:41: UpdateService, away from ecs-svc/44");
}

#[test]
fn a_rollback_that_somebody_asked_ecs_for_is_told_as_theirs_and_ends_the_incident() {
    let mut story = Story::with_proven();
    story.config.health.witness = Witness::Page;
    story.begin(42);
    (0..5).for_each(|_| story.live(42, seconds(5), End::Exit(1)));
    assert_eq!(story.refusal(), Some(Refusal::WitnessPage));
    // StopServiceDeployment with ROLLBACK: the deployment that had completed begins again, with the ordinary reason.
    story.pass(minutes(1));
    story.begin(41);
    story.pass(seconds(30));
    let stopped = Refusal::StoppedBySomebody { deployment: "ecs-svc/42".into(), rolls_back: true };
    assert_eq!(story.refusal(), Some(stopped));
    story.complete(41);
    story.pass(minutes(5));
    assert_eq!(story.count("rollback"), 0);
    assert_eq!(story.stages().last(), Some(&"resolved"), "{:?}", story.kinds());
    assert!(story.told().contains("rollback verified: checkout:41"), "{}", story.told());
}
