//! What befalls several services is told once.

use proptest::prelude::*;
use steady_core::notice::Notice;

use crate::fleet::Fleet;
use crate::story::{End, Story, minutes, seconds};

/// Three tasks that ECS cannot place.
fn unplaced(story: &mut Story) {
    for _ in 0..3 {
        story.scheduler_says("SERVICE_TASK_PLACEMENT_FAILURE", Some("RESOURCE:FARGATE"));
        story.pass(seconds(1));
    }
}

fn without_registry(story: &mut Story) {
    (0..3).for_each(|_| story.never_start(41, End::NoRegistry));
}

fn steady(story: &mut Story) {
    story.scheduler_says("SERVICE_STEADY_STATE", None);
}

/// A deployment whose tasks die at once.
fn bad_deployment(story: &mut Story) {
    story.begin(42);
    (0..4).for_each(|_| story.live(42, seconds(1), End::Exit(1)));
}

fn last(fleet: &Fleet) -> Notice {
    fleet.notices().last().unwrap().1.clone()
}

#[test]
fn services_that_lose_capacity_together_bring_one_page() {
    let mut fleet = Fleet::of(7);
    fleet.befalls_all(1, unplaced);
    fleet.pass(minutes(9));
    assert_eq!(
        fleet.subjects(),
        [
            "[warning] prod/a and 6 more: tasks do not start: ECS cannot place them, RESOURCE:FARGATE"
        ]
    );
    assert_eq!(fleet.count("incident-opened"), 7, "each has its own incident");
    insta::assert_snapshot!(last(&fleet).text());
    let notice = last(&fleet);
    assert_eq!((notice.services.len(), notice.services_count), (6, 6));
    // The ordinary escalations list all.
    fleet.pass(minutes(2));
    assert_eq!(fleet.subjects().len(), 2);
    let subject = &last(&fleet).subject;
    assert!(
        subject.starts_with(
            "[warning] prod/a and 6 more: tasks do not start, still open after 10 min"
        ),
        "{subject}"
    );
}

#[test]
fn the_registry_and_capacity_are_two_causes() {
    let mut fleet = Fleet::of(4);
    fleet.befalls(0, unplaced);
    fleet.befalls(1, unplaced);
    fleet.pass(seconds(10));
    fleet.befalls(2, without_registry);
    fleet.befalls(3, without_registry);
    fleet.pass(minutes(5));
    assert_eq!(
        fleet.subjects(),
        [
            "[warning] prod/a and 1 more: tasks do not start: ECS cannot place them, RESOURCE:FARGATE",
            "[warning] prod/c and 1 more: tasks do not start: the image registry could not be reached",
        ]
    );
}

#[test]
fn another_teams_topic_hears_of_its_own_services_with_the_others_named() {
    let mut fleet = Fleet::of(3);
    let topic = "arn:aws:sns:eu-west-1:111122223333:payments-oncall";
    fleet.stories[2].config.notify.topic = Some(topic.to_owned());
    fleet.befalls_all(1, unplaced);
    fleet.pass(minutes(3));
    let told: Vec<_> =
        fleet.notices().into_iter().map(|(who, one)| (who.to_string(), one.topic)).collect();
    assert_eq!(told, [("prod/a".into(), None), ("prod/c".into(), Some(topic.to_owned()))]);
    let text = last(&fleet).text();
    assert!(
        text.contains(
            "Also      prod/a and prod/b: tasks do not start there either, for the same cause\n\n"
        ),
        "{text}"
    );
}

#[test]
fn a_service_with_too_few_tasks_is_paged_at_once_and_by_itself() {
    let mut fleet = Fleet::of(2);
    fleet.befalls(0, unplaced);
    fleet.pass(minutes(2));
    fleet.befalls(1, |story| {
        for task in story.running_of(41).into_iter().take(3) {
            story.end(&task, End::Spot);
        }
        unplaced(story);
    });
    assert_eq!(
        fleet.subjects()[1..],
        [
            "[critical] prod/b and 1 more: tasks do not start: ECS cannot place them, RESOURCE:FARGATE"
        ]
    );
}

#[test]
fn those_that_come_after_the_page_bring_one_more_when_the_five_minutes_are_over() {
    let mut fleet = Fleet::of(5);
    fleet.befalls(0, unplaced);
    fleet.pass(minutes(2));
    assert_eq!(fleet.subjects().len(), 1);
    for late in 1..4 {
        fleet.befalls(late, unplaced);
        fleet.pass(seconds(40));
    }
    assert_eq!(fleet.subjects().len(), 1, "not one by one");
    fleet.pass(minutes(2));
    assert_eq!(
        fleet.subjects()[1..],
        [
            "[warning] prod/a and 3 more: tasks do not start: ECS cannot place them, RESOURCE:FARGATE"
        ]
    );
    assert_eq!(last(&fleet).stage, "grown");
    // Too late for that page.
    fleet.pass(minutes(1));
    fleet.befalls(4, unplaced);
    fleet.pass(minutes(2));
    assert!(fleet.subjects()[2].starts_with("[warning] prod/e"), "{:?}", fleet.subjects());
    assert_eq!(fleet.subjects().len(), 3);
}

#[test]
fn when_the_leader_is_out_of_trouble_it_says_who_is_not_and_another_tells_of_them() {
    let mut fleet = Fleet::of(3);
    fleet.befalls_all(1, unplaced);
    fleet.pass(minutes(2));
    fleet.befalls(0, steady);
    let resolved = last(&fleet);
    assert_eq!(resolved.subject, "[info] prod/a: resolved, tasks do not start on checkout:41");
    insta::assert_snapshot!(resolved.text());
    fleet.pass(minutes(5));
    let told = last(&fleet);
    assert_eq!(
        (told.service.as_deref(), told.stage),
        (Some("prod/b"), "opened"),
        "{:?}",
        fleet.subjects()
    );
    assert!(told.subject.starts_with("[warning] prod/b and 1 more: "), "{}", told.subject);
    // Who was never told of by itself ends without a word; who told says so.
    fleet.befalls(2, steady);
    fleet.befalls(1, steady);
    assert_eq!(
        fleet.subjects().last().unwrap(),
        "[info] prod/b: resolved, tasks do not start on checkout:41"
    );
    fleet.pass(minutes(60));
    let resolved = fleet.notices().into_iter().filter(|(_, one)| one.stage == "resolved");
    assert_eq!((resolved.count(), fleet.count("incident-resolved")), (2, 3));
    assert!(fleet.stories.iter().all(|story| story.due.is_none()));
}

#[test]
fn what_is_over_before_the_page_went_out_is_told_to_nobody() {
    let mut fleet = Fleet::of(1);
    fleet.befalls(0, unplaced);
    fleet.pass(seconds(30));
    fleet.befalls(0, steady);
    fleet.pass(minutes(30));
    assert_eq!((fleet.subjects(), fleet.count("incident-resolved")), (vec![], 1));
}

#[test]
fn a_restart_loop_in_a_led_incident_is_told_at_once() {
    let mut fleet = Fleet::of(2);
    fleet.befalls_all(1, unplaced);
    fleet.pass(minutes(2));
    assert_eq!(fleet.subjects().len(), 1);
    fleet.befalls(1, bad_deployment);
    fleet.pass(seconds(30));
    assert_eq!(
        fleet.subjects()[1],
        "[critical] prod/b: restart loop on checkout:42, about to roll back to checkout:41"
    );
    fleet.pass(minutes(2));
    assert_eq!(fleet.count("rollback"), 1);
}

#[test]
fn rollbacks_that_are_held_for_the_others_sake_are_one_page() {
    let mut fleet = Fleet::of(5);
    fleet.befalls_all(2, bad_deployment);
    fleet.pass(minutes(8));
    assert_eq!(fleet.count("rollback"), 0);
    let held: Vec<_> = fleet
        .notices()
        .into_iter()
        .filter(|(_, one)| !one.subject.contains("about to roll back"))
        .collect();
    let subjects: Vec<&str> = held.iter().map(|(_, one)| one.subject.as_str()).collect();
    // The third tells at once, and once more when all have come.
    assert_eq!(
        subjects,
        [
            "[critical] prod/c and 2 more: in trouble together, rollbacks held",
            "[critical] prod/c and 4 more: in trouble together, rollbacks held",
        ]
    );
    insta::assert_snapshot!(held[1].1.text());
}

/// What happens to a fleet.
#[derive(Debug, Clone)]
enum Happens {
    Unplaced(usize),
    NoRegistry(usize),
    BadDeployment(usize),
    Steady(usize),
    Deleted(usize),
    OtherTopic(usize),
    Loses(usize),
    Pass(i64),
}

fn happens() -> impl Strategy<Value = Vec<Happens>> {
    let who = || 0..5_usize;
    let one = prop_oneof![
        4 => who().prop_map(Happens::Unplaced),
        2 => who().prop_map(Happens::NoRegistry),
        2 => who().prop_map(Happens::BadDeployment),
        3 => who().prop_map(Happens::Steady),
        1 => who().prop_map(Happens::Deleted),
        1 => who().prop_map(Happens::OtherTopic),
        1 => who().prop_map(Happens::Loses),
        5 => (5..400_i64).prop_map(Happens::Pass),
    ];
    proptest::collection::vec(one, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn no_open_incident_is_told_by_nobody(happens in happens()) {
        let mut fleet = Fleet::of(5);
        for one in happens {
            match one {
                Happens::Unplaced(who) => fleet.befalls(who, unplaced),
                Happens::NoRegistry(who) => fleet.befalls(who, without_registry),
                Happens::BadDeployment(who) => fleet.befalls(who, bad_deployment),
                Happens::Steady(who) => fleet.befalls(who, steady),
                Happens::Deleted(who) => fleet.befalls(who, |story| {
                    story.standing().status = Some("INACTIVE".to_owned());
                }),
                Happens::OtherTopic(who) => {
                    fleet.moved = true;
                    fleet.befalls(who, |story| {
                        story.config.notify.topic =
                            Some("arn:aws:sns:eu-west-1:111122223333:b".to_owned());
                    });
                }
                Happens::Loses(who) => fleet.befalls(who, |story| {
                    for task in story.running_of(41).into_iter().take(2) {
                        story.end(&task, End::Spot);
                    }
                }),
                Happens::Pass(time) => fleet.pass(seconds(time)),
            }
        }
        // Who told is checked all the while.
        fleet.pass(minutes(40));
    }
}
