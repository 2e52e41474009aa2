//! The account's switch, the list of everything, and who calls.

use jiff::Timestamp;
use steady_core::installation::{Pause, Trouble};
use steady_core::name::FamilyKey;
use steady_core::port::{
    FindOpen, KeepFamilies, KeepRecords, KeepSwitch, ListRecords, Open, Saved,
};
use steady_core::record::{Stored, Whose};
use steady_core::switch::{Place, Switch};

use crate::setup::{ACCOUNT, aws_at, checkout, patient, start};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn paused() -> Switch {
    let mut switch = Switch::default();
    let until = Some(at("2026-11-21T04:00:00Z"));
    let pause = Pause { until, by: Some("ana".to_owned()), reason: None };
    switch.pause(pause, &Place::default(), at("2026-11-21T02:00:00Z"));
    switch
}

#[tokio::test]
async fn a_switch_is_read_as_it_was_saved_and_is_due_with_what_it_has_to_tell() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.load_switch().await, Ok((Switch::default(), 0)));
    // A service has told the account of its trouble, in the same item.
    let since = at("2026-11-21T01:59:00Z");
    let trouble = Trouble { since, settled: false, wants_rollback: None };
    table.announce(&checkout(), &trouble, &[]).await.expect("an answer");

    assert_eq!(table.save_switch(&paused(), 0).await, Ok(Saved::Held));
    assert_eq!(table.load_switch().await, Ok((paused(), 1)));
    let account = table.account().await.expect("an answer");
    assert_eq!(account.paused, paused().paused);
    assert_eq!(account.troubles.len(), 1, "it is still there");
    let due = Open { whose: Whose::Account, due: at("2026-11-21T02:00:00Z") };
    let found = table.find_open(at("2026-11-21T03:00:00Z"), None, 10).await;
    assert_eq!(found, Ok(vec![due.clone()]));
    assert_eq!(table.find_open(at("2026-11-21T03:00:00Z"), Some(&due), 10).await, Ok(vec![]));

    assert_eq!(table.save_switch(&Switch::default(), 1).await, Ok(Saved::Held));
    assert_eq!(table.account().await.expect("an answer").paused, None);
    assert_eq!(table.find_open(at("2026-11-22T00:00:00Z"), None, 10).await, Ok(vec![]));
}

#[tokio::test]
async fn of_two_who_turn_it_at_once_the_second_sees_that_it_was_overtaken() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.save_switch(&paused(), 0).await, Ok(Saved::Held));
    assert_eq!(table.save_switch(&Switch::default(), 0).await, Ok(Saved::Overtaken));
    assert_eq!(table.save_switch(&Switch::default(), 2).await, Ok(Saved::Overtaken));
    assert_eq!(table.load_switch().await, Ok((paused(), 1)));
}

#[tokio::test]
async fn everything_that_is_remembered_is_listed_without_stops_and_past_incidents() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let due = Some(at("2026-11-21T02:00:00Z"));
    let record = r#"{"a":1}"#.to_owned();
    let stored = Stored { record, due, stops: "[]".to_owned(), ..Stored::default() };
    assert_eq!(table.save(&checkout(), &stored, true, 0).await, Ok(Saved::Held));
    let family = FamilyKey { cluster: Some("prod".into()), family: "nightly-report".into() };
    assert_eq!(table.save_family(&family, &stored, false, 0).await, Ok(Saved::Held));
    assert_eq!(table.save_switch(&paused(), 0).await, Ok(Saved::Held));
    let listed = Stored { stops: String::new(), ..stored };
    assert_eq!(
        table.records().await,
        Ok(vec![(Whose::Service(checkout()), listed.clone()), (Whose::Family(family), listed),])
    );
}

#[tokio::test]
async fn whoever_calls_is_named_with_the_account() {
    let local = start().await;
    let caller = aws_at(&local.endpoint(), patient()).await.identity().caller().await;
    let caller = caller.expect("an answer");
    assert_eq!((caller.account.as_str(), caller.name.as_str()), (ACCOUNT, "AKIATEST"));
}
