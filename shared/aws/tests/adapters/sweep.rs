//! What only `sweep` asks: the index of what is due, where the slow pass stands, and the fleet.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use steady_core::name::ServiceKey;
use steady_core::port::{
    ChangeService, FindOpen, KeepPassPlace, KeepPlace, KeepRecords, Open, Page, ReadFleet,
    RolloutState, Saved,
};
use steady_core::record::{Stored, Whose};
use steady_core::scaling::PassPlace;
use steady_core::slow_pass::Place;
use steady_core::stop::StopCode;
use steady_local_aws::{Fault, What, When};
use steady_sim::Behaviour;

use crate::setup::{ACCOUNT, REGION, aws_at, checkout, patient, start};
use crate::story::{pass, steady, update};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn service(number: usize) -> ServiceKey {
    ServiceKey::new("prod", &format!("service-{number:02}"))
}

fn of_service(open: &Open) -> ServiceKey {
    let Whose::Service(service) = &open.whose else { return "no/service".into() };
    service.clone()
}

#[tokio::test]
async fn what_is_due_is_found_longest_overdue_first_and_in_pages() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let now = at("2026-11-21T02:00:00Z");
    // Saved from the last to the first; three share each second.
    for number in (0..25).rev() {
        let due = now - SignedDuration::from_secs(20 - number as i64 / 3);
        let stored = Stored { due: Some(due), record: "{}".to_owned(), ..Stored::default() };
        assert_eq!(table.save(&service(number), &stored, false, 0).await, Ok(Saved::Held));
    }
    let later = Stored { due: Some(now + SignedDuration::from_secs(1)), ..Stored::default() };
    assert_eq!(table.save(&service(25), &later, false, 0).await, Ok(Saved::Held));
    let never = Stored { due: None, ..later };
    assert_eq!(table.save(&service(26), &never, false, 0).await, Ok(Saved::Held));

    let (mut found, mut sizes): (Vec<Open>, Vec<usize>) = (Vec::new(), Vec::new());
    while sizes.last().is_none_or(|size| *size == 10) {
        let page = table.find_open(now, found.last(), 10).await.expect("an answer");
        sizes.push(page.len());
        found.extend(page);
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert!(found.is_sorted_by_key(|open| open.due), "{found:?}");
    let mut services: Vec<_> = found.iter().map(of_service).collect();
    services.sort();
    assert_eq!(services, (0..25).map(service).collect::<Vec<_>>());
    // A page goes on where the one before ended, though what was there has had its turn.
    let first = table.find_open(now, None, 1).await.expect("an answer");
    let done = Stored { due: None, ..Stored::default() };
    assert_eq!(table.save(&of_service(&first[0]), &done, false, 1).await, Ok(Saved::Held));
    let rest = table.find_open(now, first.first(), 100).await.expect("an answer");
    assert_eq!(rest.len(), 24);
}

#[tokio::test]
async fn where_the_slow_pass_stands_is_read_as_it_was_saved_and_of_two_saves_one_holds() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.place().await, Ok((None, 0)));
    let place = Place::first(at("2026-11-21T02:00:00Z"));
    assert_eq!(table.save_place(&place, 0).await, Ok(Saved::Held));
    assert_eq!(table.place().await, Ok((Some(place.clone()), 1)));
    assert_eq!(table.save_place(&place, 0).await, Ok(Saved::Overtaken));
    assert_eq!(table.save_place(&place, 2).await, Ok(Saved::Overtaken));
    assert_eq!(table.save_place(&place, 1).await, Ok(Saved::Held));
    assert_eq!(table.place().await, Ok((Some(place), 2)));
    // Nothing of it is in the index.
    assert_eq!(table.find_open(Timestamp::MAX, None, 10).await, Ok(Vec::new()));
}

/// So many names, and a notice that is still to be sent.
fn pass_place(names: usize) -> PassPlace {
    let names: Vec<String> =
        (0..names).map(|number| format!("prod/payments-worker-{number:04}")).collect();
    let place = json!({
        "run": { "after": "prod/checkout", "compares_config": true },
        "config_read_at": "2026-11-21T02:00:00Z", "with_file": names, "without_file": ["prod/search"],
        "missing": { "gone": { "prod/search": "2026-11-21T02:00:00Z" } }, "defaults_rejected": 17,
    });
    serde_json::from_value(place).expect("a place")
}

#[tokio::test]
async fn where_the_pass_stands_is_read_as_it_was_saved_and_who_is_overtaken_writes_nothing() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.pass_place().await, Ok((None, 0)));
    // As many as it holds: 140 KB, and an item has 400.
    let (first, mut second) = (pass_place(5_000), pass_place(3));
    second.config_changed();
    assert_eq!(table.save_pass_place(&first, 0).await, Ok(Saved::Held));
    assert_eq!(table.pass_place().await, Ok((Some(first.clone()), 1)));
    for stale in [0, 2] {
        assert_eq!(table.save_pass_place(&second, stale).await, Ok(Saved::Overtaken));
        assert_eq!(table.pass_place().await, Ok((Some(first.clone()), 1)));
    }
    assert_eq!(table.save_pass_place(&second, 1).await, Ok(Saved::Held));
    assert_eq!(table.pass_place().await, Ok((Some(second.clone()), 2)));

    // A save whose answer is lost is tried again, and finds that somebody has saved: it was itself.
    let when = When::once("dynamodb", "PutItem");
    local.fault(Fault { when, what: What::AnswerLost });
    assert_eq!(table.save_pass_place(&first, 2).await, Ok(Saved::Overtaken));
    assert_eq!(table.pass_place().await, Ok((Some(first), 3)));
    // The slow pass has a place of its own, and neither is in the index.
    assert_eq!(table.place().await, Ok((None, 0)));
    assert_eq!(table.find_open(Timestamp::MAX, None, 10).await, Ok(Vec::new()));
}

#[tokio::test]
async fn the_fleet_is_listed_in_pages() {
    let (local, ecs) = steady(1).await;
    local.ecs(|ecs| {
        ecs.call("CreateCluster", &json!({ "clusterName": "empty" })).expect("a cluster");
        for number in 0..12 {
            let service = json!({
                "cluster": "prod", "serviceName": format!("service-{number:02}"),
                "taskDefinition": "checkout:1", "desiredCount": 0,
            });
            ecs.call("CreateService", &service).expect("a service");
        }
    });
    let clusters = ecs.clusters(None).await.expect("an answer");
    let expected = vec!["empty".to_owned(), "prod".to_owned()];
    assert_eq!(clusters, Page { items: expected, next: None });
    let first = ecs.services("prod", None).await.expect("an answer");
    let second = ecs.services("prod", first.next.as_deref()).await.expect("an answer");
    assert_eq!((first.items.len(), second.items.len(), second.next), (10, 3, None));
    assert_eq!(first.items.first(), Some(&checkout()));
    for cluster in ["empty", "gone"] {
        let none = ecs.services(cluster, None).await;
        assert_eq!(none, Ok(Page { items: Vec::new(), next: None }), "{cluster}");
    }
    let stale = ecs.services("prod", Some("stale")).await.expect_err("no such token");
    assert!(!stale.may_pass(), "{stale}");
    let gone = ServiceKey::new("prod", "gone");
    let standing = ecs.standing(&[checkout(), gone, service(3)]).await.expect("an answer");
    let found: Vec<_> = standing.into_iter().map(|one| one.service).collect();
    assert_eq!(found, [checkout(), service(3)]);
}

#[tokio::test]
async fn a_service_in_trouble_shows_how_it_stands_and_what_stopped() {
    let (local, ecs) = steady(2).await;
    assert_eq!(ecs.stopped(&checkout()).await, Ok(Vec::new()));
    let run = SignedDuration::from_secs(10);
    local.ecs(|sim| sim.behave("checkout:2", Behaviour::OutOfMemoryAfter { run }));
    assert_eq!(ecs.change(&update("checkout:2")).await, Ok(()));
    let began = local.ecs(|ecs| ecs.now());
    pass(&local, 3);

    let standing = ecs.standing(&[checkout()]).await.expect("an answer").remove(0);
    assert_eq!(standing.account, Some(ACCOUNT.into()));
    assert_eq!(standing.region, Some(REGION.into()));
    assert_eq!(standing.desired_count, 2);
    let primary = standing.primary.expect("a deployment");
    assert_eq!(primary.rollout_state, Some(RolloutState::InProgress));
    assert_eq!(primary.created_at, Some(began));

    let stopped = ecs.stopped(&checkout()).await.expect("an answer");
    assert!(stopped.len() >= 4, "{stopped:?}");
    let tasks = ecs.stopped_tasks(&checkout(), &stopped).await.expect("an answer");
    assert_eq!(tasks.len(), stopped.len());
    for one in tasks {
        let task = one.task;
        assert!(task.tells_of_stop(), "{task:?}");
        assert_eq!(task.service(), Some(&checkout()));
        assert_eq!(task.deployment.as_ref(), Some(&primary.id));
        assert_eq!(task.revision, Some("checkout:2".into()));
        assert_eq!(task.stop_code, Some(StopCode::from("EssentialContainerExited")));
        assert_eq!(task.containers[0].exit_code, Some(137));
        assert!(task.containers[0].reason.as_ref().is_some_and(|why| why.contains("OutOfMemory")));
        assert!(task.created_at >= Some(began) && task.stopping_at >= task.started_at);
    }
}
