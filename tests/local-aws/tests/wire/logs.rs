//! CloudWatch Logs over the wire.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;
use jiff::{SignedDuration, Timestamp};
use steady_local_aws::LocalAws;

use crate::clients::{caller, code, refusal, start};

fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T02:13:00Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

/// A stream with the lines `0`, `1`, … one second apart.
async fn with_lines(count: i64) -> (LocalAws, Client) {
    let aws = start().await;
    let lines: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    let lines: Vec<(Timestamp, &str)> =
        lines.iter().zip(0..).map(|(line, second)| (at(second), line.as_str())).collect();
    aws.log_lines("/ecs/web", "app/app/0a1b", &lines);
    let client = caller(&aws).logs();
    (aws, client)
}

fn messages(page: &GetLogEventsOutput) -> Vec<&str> {
    page.events().iter().filter_map(|event| event.message()).collect()
}

#[tokio::test]
async fn the_last_lines_come_in_the_order_of_time() {
    let (_aws, client) = with_lines(25).await;
    let ask = client.get_log_events().log_group_name("/ecs/web").log_stream_name("app/app/0a1b");
    let last = ask.clone().limit(3).send().await.unwrap();
    assert_eq!(messages(&last), ["22", "23", "24"]);
    assert_eq!(last.events()[0].timestamp(), Some(at(22).as_millisecond()));
    let first = ask.clone().limit(2).start_from_head(true).send().await.unwrap();
    assert_eq!(messages(&first), ["0", "1"]);
    assert_eq!(ask.send().await.unwrap().events().len(), 25);
}

#[tokio::test]
async fn pages_forward_and_backward_meet_every_line_once_and_end_with_the_same_token() {
    let (_aws, client) = with_lines(25).await;
    for forward in [true, false] {
        let mut pages: Vec<Vec<String>> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = client
                .get_log_events()
                .log_group_name("/ecs/web")
                .log_stream_name("app/app/0a1b")
                .start_from_head(forward)
                .limit(10)
                .set_next_token(token.clone())
                .send()
                .await
                .unwrap();
            let next = if forward { page.next_forward_token() } else { page.next_backward_token() };
            let next = next.map(str::to_owned);
            if next == token {
                assert_eq!(messages(&page), Vec::<&str>::new());
                break;
            }
            pages.push(messages(&page).into_iter().map(str::to_owned).collect());
            token = next;
        }
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 10, 5]);
        if !forward {
            pages.reverse();
        }
        let wanted: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        assert_eq!(pages.concat(), wanted);
    }
}

#[tokio::test]
async fn a_time_range_has_its_start_and_not_its_end() {
    let (_aws, client) = with_lines(10).await;
    let page = client
        .get_log_events()
        .log_group_name("/ecs/web")
        .log_stream_name("app/app/0a1b")
        .start_time(at(3).as_millisecond())
        .end_time(at(6).as_millisecond())
        .send()
        .await
        .unwrap();
    assert_eq!(messages(&page), ["3", "4", "5"]);
}

#[tokio::test]
async fn a_page_holds_one_megabyte() {
    let aws = start().await;
    let line = "x".repeat(262_144 - 26);
    let lines: Vec<(Timestamp, &str)> = (0..5).map(|second| (at(second), line.as_str())).collect();
    aws.log_lines("g", "s", &lines);
    let ask = caller(&aws).logs().get_log_events().log_group_name("g").log_stream_name("s");
    assert_eq!(ask.send().await.unwrap().events().len(), 4);
}

#[tokio::test]
async fn what_logs_refuses() {
    let (aws, client) = with_lines(1).await;
    aws.log_lines("/ecs/web", "empty", &[]);
    let ask = || client.get_log_events();
    let missing = refusal!(ask().log_group_name("/ecs/api").log_stream_name("x").send());
    assert_eq!(missing.0, "ResourceNotFoundException");
    assert_eq!(missing.1, "The specified log group does not exist.");
    let missing = refusal!(ask().log_group_name("/ecs/web").log_stream_name("x").send());
    assert_eq!(missing.0, "ResourceNotFoundException");
    assert_eq!(missing.1, "The specified log stream does not exist.");

    let ask = || ask().log_group_name("/ecs/web").log_stream_name("empty");
    assert_eq!(ask().send().await.unwrap().events().len(), 0);
    assert_eq!(code!(ask().limit(0).send()), "InvalidParameterException");
    assert_eq!(code!(ask().limit(10_001).send()), "InvalidParameterException");
    assert_eq!(code!(ask().next_token("17").send()), "InvalidParameterException");
    assert_eq!(code!(ask().log_group_identifier("/ecs/web").send()), "InvalidParameterException");
    let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web";
    let by_arn = client.get_log_events().log_group_identifier(arn).log_stream_name("empty").send();
    assert_eq!(by_arn.await.unwrap().events().len(), 0);
    let nameless = client.get_log_events().log_stream_name("empty").send();
    assert_eq!(code!(nameless), "InvalidParameterException");
    assert_eq!(code!(client.describe_log_groups().send()), "UnknownOperationException");
}
