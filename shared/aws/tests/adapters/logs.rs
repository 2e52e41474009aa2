//! The last lines of a log stream.

use serde_json::{Value, json};
use steady_core::port::{LogLine, PortError, ReadLogs};

use crate::canned::{Canned, Turn};
use crate::setup::{aws_at, patient};

async fn tail(turns: Vec<Turn>, lines: u32) -> (Canned, Result<Option<Vec<LogLine>>, PortError>) {
    let canned = Canned::start(turns).await;
    let logs = aws_at(&canned.endpoint, patient()).await.logs();
    let found = logs.tail("/ecs/checkout", "app/app/0f3c", lines).await;
    (canned, found)
}

fn page(texts: &[(i64, &str)], back: &str) -> Turn {
    let events: Vec<Value> = texts
        .iter()
        .map(|(at, text)| json!({ "timestamp": at, "message": text, "ingestionTime": at + 5 }))
        .collect();
    let body = json!({ "events": events, "nextBackwardToken": back, "nextForwardToken": "f/1" });
    ("GetLogEvents", 200, body)
}

fn texts(found: Result<Option<Vec<LogLine>>, PortError>) -> Vec<String> {
    let lines = found.expect("an answer").expect("a stream");
    lines.into_iter().map(|line| format!("{} {}", line.at, line.text)).collect()
}

#[tokio::test]
async fn the_last_lines_come_oldest_first() {
    let lines = [(1_795_226_047_001, "starting"), (1_795_226_047_250, "DATABASE_URL is not set")];
    let (canned, found) = tail(vec![page(&lines, "b/1")], 10).await;
    assert_eq!(
        texts(found),
        ["2026-11-21T01:54:07.001Z starting", "2026-11-21T01:54:07.25Z DATABASE_URL is not set"]
    );
    let expected = json!({
        "logGroupName": "/ecs/checkout",
        "logStreamName": "app/app/0f3c",
        "limit": 10,
        "startFromHead": false,
    });
    assert_eq!(canned.asked(), [("GetLogEvents".to_owned(), expected)]);
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let (canned, found) =
        tail(vec![page(&[], "b/1"), page(&[(1_795_226_047_000, "last words")], "b/2")], 10).await;
    assert_eq!(texts(found), ["2026-11-21T01:54:07Z last words"]);
    assert_eq!(canned.asked()[1].1["nextToken"], "b/1");
}

#[tokio::test]
async fn an_empty_stream_ends_with_its_own_token_and_at_the_third_page() {
    let (_, found) = tail(vec![page(&[], "b/1"), page(&[], "b/1")], 10).await;
    assert_eq!(found, Ok(Some(Vec::new())));
    let (canned, found) = tail(vec![page(&[], "1"), page(&[], "2"), page(&[], "3")], 10).await;
    assert_eq!(found, Ok(Some(Vec::new())));
    assert_eq!(canned.operations().len(), 3);
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_no_error() {
    let gone = json!({ "__type": "ResourceNotFoundException", "message": "no such stream" });
    let (_, found) = tail(vec![("GetLogEvents", 400, gone)], 10).await;
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn the_number_of_lines_stays_within_what_the_api_takes() {
    for (lines, limit) in [(0, 1), (1, 1), (10_000, 10_000), (u32::MAX, 10_000)] {
        let (canned, _) = tail(vec![page(&[(1, "x")], "b/1")], lines).await;
        assert_eq!(canned.asked()[0].1["limit"], limit, "{lines}");
    }
}
