//! Incidents that are over, beside the record, over the embedded AWS.

use serde_json::{Value, json};
use steady_core::history::{PastIncident, StoredIncident};
use steady_core::name::ServiceKey;
use steady_core::port::{KeepRecords, PortError, ReadHistory, Saved};
use steady_core::record::Stored;
use steady_local_aws::{Fault, What, When};

use crate::setup::{aws_at, checkout, patient, start};

/// The `n`th incident of checkout, opened in the `n`th minute.
fn incident(n: u64) -> PastIncident {
    let opened = format!("2026-11-21T02:{n:02}:00Z");
    let text = json!({
        "service": "prod/checkout", "id": format!("01JD{n:022}"), "kind": "restart-loop", "opened_at": opened,
        "about": "ecs-svc/42", "revision": "checkout:42", "key1_turned_at": opened, "evidence": 1270.0,
        "counts": [9, 11, 0, 0],
        "rollback": "undecided", "escalations": 0, "tasks": null, "notices": ["n-1", "n-2"],
        "cause": "exit-code", "resolved_at": "2026-11-21T03:14:07.5Z", "resolution": { "ceased": { "quiet": "PT1H" } },
    });
    PastIncident::restore(&text.to_string()).expect("an incident")
}

fn saved_with(past: Option<StoredIncident>) -> Stored {
    Stored { record: "{}".to_owned(), stops: "[]".to_owned(), past, ..Stored::default() }
}

#[tokio::test]
async fn what_ended_is_written_with_the_record_and_is_no_part_of_it() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let stored = saved_with(Some(incident(1).store()));
    // Whether the stops have changed or not.
    for (stops, version) in [(true, 0), (false, 1)] {
        assert_eq!(table.save(&checkout(), &stored, stops, version).await, Ok(Saved::Held));
    }
    let items = local.items("records").expect("a table");
    let keys: Vec<&Value> = items.iter().map(|item| &item["sk"]["S"]).collect();
    // The same one twice is one item, and sorts before what a load reads.
    assert_eq!(json!(keys), json!(["incident#01JD0000000000000000000001", "record", "stops"]));
    // 90 days after 2026-11-21T03:14:07.5Z, rounded up.
    assert_eq!(items[0]["expires"], json!({ "N": "1803006848" }));
    let before = local.calls().len();
    let loaded = table.load(&checkout()).await.expect("an answer");
    assert_eq!((loaded.stored, loaded.version), (Some(saved_with(None)), 2));
    let read = &local.calls()[before].request;
    assert_eq!(read["KeyConditionExpression"], "pk = :pk AND sk BETWEEN :record AND :stops");
    assert_eq!(table.history(&checkout(), 10).await, Ok(vec![incident(1)]));
}

#[tokio::test]
async fn a_save_that_is_overtaken_writes_no_incident() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.save(&checkout(), &saved_with(None), true, 0).await, Ok(Saved::Held));
    let stored = saved_with(Some(incident(1).store()));
    for stops in [false, true] {
        assert_eq!(table.save(&checkout(), &stored, stops, 7).await, Ok(Saved::Overtaken));
    }
    assert_eq!(table.history(&checkout(), 10).await, Ok(vec![]));
}

#[tokio::test]
async fn the_newest_come_first_and_no_more_than_asked_for() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    for n in [3, 1, 4, 2, 5] {
        let version = table.load(&checkout()).await.expect("an answer").version;
        let stored = saved_with(Some(incident(n).store()));
        assert_eq!(table.save(&checkout(), &stored, true, version).await, Ok(Saved::Held));
    }
    assert_eq!(table.history(&checkout(), 3).await, Ok([5, 4, 3].map(incident).to_vec()));
    assert_eq!(table.history(&checkout(), 5).await.expect("an answer").len(), 5);
    assert_eq!(table.history(&checkout(), 50).await.expect("an answer").len(), 5);
    assert_eq!(table.history(&checkout(), 0).await, Ok(vec![]));
    let other = ServiceKey::new("prod", "checkout-2");
    assert_eq!(table.history(&other, 5).await, Ok(vec![]));
}

#[tokio::test]
async fn one_that_cannot_be_read_is_refused_and_a_throttle_is_told() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let mut past = incident(1).store();
    past.incident = "{}".to_owned();
    let stored = saved_with(Some(past));
    assert_eq!(table.save(&checkout(), &stored, true, 0).await, Ok(Saved::Held));
    let damaged = table.history(&checkout(), 5).await;
    assert!(matches!(&damaged, Err(PortError::Refused { code, .. }) if code == "DamagedItem"));
    local.fault(Fault { when: When::always("dynamodb", "Query"), what: What::Throttle });
    let throttled = table.history(&checkout(), 5).await;
    assert!(matches!(throttled, Err(PortError::Throttled { .. })), "{throttled:?}");
}
