//! The queue: what a function is handed, and what becomes of its answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use steady_local_aws::{Queue, Settled};

const ARN: &str = "arn:aws:sqs:eu-west-1:111122223333:watch";

fn with(events: &[&str]) -> Queue {
    let mut queue = Queue::new(ARN);
    for id in events {
        queue.send(&json!({ "id": id, "time": "2026-11-21T02:14:07Z" }));
    }
    queue
}

/// The ids of the events in a batch, each with its receive count.
fn told(batch: Option<&Value>) -> Vec<(String, String)> {
    let records = batch.and_then(|batch| batch["Records"].as_array());
    records
        .into_iter()
        .flatten()
        .map(|record| {
            let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
            let count = record["attributes"]["ApproximateReceiveCount"].as_str().unwrap();
            (body["id"].as_str().unwrap().to_owned(), count.to_owned())
        })
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(id, count)| ((*id).to_owned(), (*count).to_owned())).collect()
}

/// The message id of the n-th record.
fn message_id(batch: &Value, at: usize) -> &str {
    batch["Records"][at]["messageId"].as_str().unwrap()
}

#[test]
fn a_batch_is_the_event_that_lambda_hands_to_a_function() {
    let mut queue = with(&["a"]);
    assert_eq!(
        queue.batch(10).unwrap(),
        json!({ "Records": [{
            "messageId": "00000002-0000-4000-8000-000000000001",
            "receiptHandle": "receipt-00000002-0000-4000-8000-000000000001-1",
            "body": r#"{"id":"a","time":"2026-11-21T02:14:07Z"}"#,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1795227247000",
                "SenderId": "AIDALOCALAWS",
                "ApproximateFirstReceiveTimestamp": "1795227247000",
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": ARN,
            "awsRegion": "eu-west-1",
        }] })
    );
}

#[test]
fn a_batch_takes_the_oldest_and_leaves_the_rest() {
    let mut queue = with(&["a", "b", "c"]);
    let first = queue.batch(2);
    assert_eq!(told(first.as_ref()), pairs(&[("a", "1"), ("b", "1")]));
    assert_eq!(queue.waiting(), 1);
    let second = queue.batch(2);
    assert_eq!(told(second.as_ref()), pairs(&[("c", "1")]));
    assert_eq!(queue.batch(2), None);
    assert_eq!(Queue::new(ARN).batch(10), None);
}

#[test]
fn what_each_answer_of_a_function_means() {
    const WHOLE: bool = true;
    // `$0` stands for the first message's id.
    let cases = [
        ("nothing", "null", 0, !WHOLE),
        ("an empty object", "{}", 0, !WHOLE),
        ("a null list", r#"{"batchItemFailures":null}"#, 0, !WHOLE),
        ("an empty list", r#"{"batchItemFailures":[]}"#, 0, !WHOLE),
        ("one failed", r#"{"batchItemFailures":[{"itemIdentifier":"$0"}]}"#, 1, !WHOLE),
        (
            "one named twice",
            r#"{"batchItemFailures":[{"itemIdentifier":"$0"},{"itemIdentifier":"$0"}]}"#,
            1,
            !WHOLE,
        ),
        ("an empty id", r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, 3, WHOLE),
        ("a null id", r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, 3, WHOLE),
        ("another key", r#"{"batchItemFailures":[{"messageId":"$0"}]}"#, 3, WHOLE),
        ("an unknown id", r#"{"batchItemFailures":[{"itemIdentifier":"m"}]}"#, 3, WHOLE),
        (
            "a good id and an unknown one",
            r#"{"batchItemFailures":[{"itemIdentifier":"$0"},{"itemIdentifier":"m"}]}"#,
            3,
            WHOLE,
        ),
        ("a bare id", r#"{"batchItemFailures":["$0"]}"#, 3, WHOLE),
        ("no list", r#"{"batchItemFailures":"$0"}"#, 3, WHOLE),
        ("a text", r#""done""#, 3, WHOLE),
    ];
    for (name, answer, returned, whole) in cases {
        let mut queue = with(&["a", "b", "c"]);
        let event = queue.batch(10).unwrap();
        let answer = answer.replace("$0", message_id(&event, 0));
        let settled = queue.settle(&event, &serde_json::from_str(&answer).unwrap());
        assert_eq!(settled.returned, returned, "{name}");
        assert_eq!(settled.deleted, 3 - returned, "{name}");
        assert_eq!(settled.failed_whole.is_some(), whole, "{name}");
        assert_eq!(queue.waiting(), returned, "{name}");
    }
}

#[test]
fn a_failed_message_comes_again_behind_the_others_with_a_higher_count() {
    let mut queue = with(&["a", "b", "c"]);
    let event = queue.batch(2).unwrap();
    let answer = json!({ "batchItemFailures": [{ "itemIdentifier": message_id(&event, 0) }] });
    queue.settle(&event, &answer);
    let again = queue.batch(10).unwrap();
    assert_eq!(told(Some(&again)), pairs(&[("c", "1"), ("a", "2")]));
    let receipt = |event: &Value, at: usize| event["Records"][at]["receiptHandle"].clone();
    assert_eq!(message_id(&again, 1), message_id(&event, 0));
    assert_ne!(receipt(&again, 1), receipt(&event, 0));
}

#[test]
fn after_five_receives_a_failed_message_is_a_dead_letter() {
    let mut queue = with(&["a", "b"]);
    for count in 1..=5 {
        let event = queue.batch(10).unwrap();
        let poison = told(Some(&event)).iter().position(|(id, _)| id == "a").unwrap();
        assert_eq!(told(Some(&event))[poison].1, count.to_string());
        let answer =
            json!({ "batchItemFailures": [{ "itemIdentifier": message_id(&event, poison) }] });
        let settled = queue.settle(&event, &answer);
        assert_eq!((settled.returned, settled.dead), if count < 5 { (1, 0) } else { (0, 1) });
    }
    assert_eq!(queue.batch(10), None);
    let dead: Vec<Value> = queue.dead_letters().iter().map(|body| body["id"].clone()).collect();
    assert_eq!(dead, ["a"]);
}

#[test]
fn an_invocation_that_failed_whole_returns_all_and_in_the_end_buries_all() {
    let mut queue = with(&["a", "b"]);
    for count in 1..=5 {
        let event = queue.batch(10).unwrap();
        let settled = queue.settle_error(&event);
        assert!(settled.failed_whole.is_some());
        assert_eq!((settled.returned, settled.dead), if count < 5 { (2, 0) } else { (0, 2) });
    }
    assert_eq!(queue.dead_letters().len(), 2);
}

#[test]
fn two_invocations_at_once_settle_their_own_batches() {
    let mut queue = with(&["a", "b"]);
    let (one, two) = (queue.batch(1).unwrap(), queue.batch(1).unwrap());
    assert_eq!(queue.settle(&two, &json!({})).deleted, 1);
    assert_eq!(queue.settle_error(&one).returned, 1);
    // What is settled is settled.
    assert_eq!(
        queue.settle_error(&two),
        Settled { failed_whole: Some("the invocation failed".to_owned()), ..Settled::default() }
    );
    assert_eq!(told(queue.batch(10).as_ref()), pairs(&[("a", "2")]));
}
