//! CloudWatch's metrics.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use steady_core::port::ReadMetrics;

use crate::scaling::utilization;
use crate::setup::{aws_at, patient, start};

#[tokio::test]
async fn each_metric_has_its_values_oldest_first() {
    let local = start().await;
    let metrics = aws_at(&local.endpoint(), patient()).await.metrics();
    let began: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
    let minute = |minute: i64| began + SignedDuration::from_mins(minute);
    let of = utilization("Average").dimensions;
    let values: Vec<_> = (0..90).map(|at| (minute(at), at as f64)).collect();
    local.add_metric("AWS/ECS", "CPUUtilization", &of, &values);
    let asked = [utilization("Maximum"), utilization("Average")];
    let found = metrics.series(&asked, 3600, began, minute(60)).await.expect("an answer");
    assert_eq!(found, [vec![(began, 59.0)], vec![(began, 29.5)]]);
    let other =
        steady_core::config::MetricStat { dimensions: BTreeMap::new(), ..utilization("Average") };
    let found = metrics.series(&[other], 60, began, minute(60)).await;
    assert_eq!(found, Ok(vec![Vec::new()]));
    assert_eq!(metrics.series(&[], 60, began, minute(60)).await, Ok(Vec::new()));
}

#[tokio::test]
async fn more_than_a_page_and_more_than_a_request_are_read_whole() {
    let local = start().await;
    let metrics = aws_at(&local.endpoint(), patient()).await.metrics();
    let began = Timestamp::UNIX_EPOCH;
    // 100,800 values are a page.
    let values: Vec<_> = (0..101_000)
        .map(|minute| (began + SignedDuration::from_mins(minute), minute as f64))
        .collect();
    let of = utilization("Average").dimensions;
    local.add_metric("AWS/ECS", "CPUUtilization", &of, &values);
    let until = began + SignedDuration::from_mins(101_000);
    let found = metrics.series(&[utilization("Sum")], 60, began, until).await.expect("an answer");
    assert_eq!(found, [values]);
    assert_eq!(local.calls().len(), 2);

    let many = vec![utilization("Sum"); 501];
    let until = began + SignedDuration::from_mins(1);
    let found = metrics.series(&many, 60, began, until).await.expect("an answer");
    assert_eq!(found.len(), 501);
    assert_eq!(found[500], [(began, 0.0)]);
    assert_eq!(local.calls().len(), 4);
}
