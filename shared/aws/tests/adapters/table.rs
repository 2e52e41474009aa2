//! Records in DynamoDB: what the embedded AWS would not answer.

use serde_json::{Value, json};
use steady_core::port::{KeepRecords, Loaded, PortError, Saved};
use steady_core::record::Stored;

use crate::canned::{Canned, Turn};
use crate::setup::{aws_at, checkout, patient};

/// A Query's answer: the record says that its stops are of `stops_version`; they are of `version`.
fn items(stops_version: u64, version: u64) -> Turn {
    let record = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "record" }, "record": { "S": "{}" },
        "version": { "N": "9" }, "stops_version": { "N": stops_version.to_string() },
    });
    let stops = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "stops" }, "stops": { "S": "[]" },
        "version": { "N": version.to_string() }, "hashes": { "B": "AQI=" },
    });
    ("Query", 200, json!({ "Items": [record, stops], "Count": 2, "ScannedCount": 2 }))
}

async fn load(turns: Vec<Turn>) -> (Canned, Result<Loaded, PortError>) {
    let canned = Canned::start(turns).await;
    let found = aws_at(&canned.endpoint, patient()).await.table("records").load(&checkout()).await;
    (canned, found)
}

#[tokio::test]
async fn a_torn_read_is_read_again() {
    let (canned, found) = load(vec![items(8, 7), items(8, 8)]).await;
    let (record, stops) = ("{}".to_owned(), "[]".to_owned());
    let stored = Stored { record, stops, hashes: vec![1, 2], ..Stored::default() };
    assert_eq!(found, Ok(Loaded { stored: Some(stored), version: 9 }));
    assert_eq!(canned.operations(), ["Query", "Query"]);
    assert_eq!(canned.asked()[0].1["ConsistentRead"], true);
}

#[tokio::test]
async fn a_read_that_stays_torn_is_unclear_after_the_third() {
    let (canned, found) = load(vec![items(8, 7), items(8, 9), items(8, 7)]).await;
    assert_eq!(
        found.expect_err("torn").to_string(),
        "Query gave no clear answer (record and stops of `prod/checkout` do not belong together)"
    );
    assert_eq!(canned.operations().len(), 3);
}

#[tokio::test]
async fn a_damaged_item_is_refused_and_named() {
    let item = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "record" }, "record": { "N": "1" },
        "version": { "N": "1" },
    });
    let (_, found) = load(vec![("Query", 200, json!({ "Items": [item] }))]).await;
    assert_eq!(
        found.expect_err("damaged").to_string(),
        "Query was refused (DamagedItem: the item of `prod/checkout` cannot be read: `record` is not a string)"
    );
}

async fn save(stops: bool, turn: Turn) -> Result<Saved, PortError> {
    let canned = Canned::start([turn]).await;
    let table = aws_at(&canned.endpoint, patient()).await.table("records");
    let saved = table.save(&checkout(), &Stored::default(), stops, 3).await;
    canned.asked();
    saved
}

fn refused(operation: &'static str, code: &str, more: Value) -> Turn {
    let mut body = more;
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    (operation, 400, body)
}

#[tokio::test]
async fn another_write_that_is_under_way_overtakes() {
    let conflict = refused("UpdateItem", "TransactionConflictException", json!({}));
    assert_eq!(save(false, conflict).await, Ok(Saved::Overtaken));
    let reasons =
        json!({ "CancellationReasons": [{ "Code": "None" }, { "Code": "TransactionConflict" }] });
    let conflict = refused("TransactWriteItems", "TransactionCanceledException", reasons);
    assert_eq!(save(true, conflict).await, Ok(Saved::Overtaken));
}

#[tokio::test]
async fn a_transaction_cancelled_for_its_content_is_refused_with_the_reason() {
    let reasons = json!({ "CancellationReasons": [
        { "Code": "None" },
        { "Code": "ValidationError", "Message": "Item size to update has exceeded the maximum allowed size" },
    ] });
    let cancelled = refused("TransactWriteItems", "TransactionCanceledException", reasons);
    assert_eq!(
        save(true, cancelled).await.expect_err("too large").to_string(),
        "TransactWriteItems was refused (ValidationError: Item size to update has exceeded the maximum allowed size)"
    );
}
