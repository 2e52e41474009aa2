//! CloudWatch's metrics over the wire.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, ScanBy,
};
use jiff::Timestamp;

use crate::clients::{caller, code, start};

const HOUR: i64 = 1_795_226_400;

fn query(id: &str, name: &str, statistic: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("QueueName").value("jobs").build();
    let metric =
        Metric::builder().namespace("AWS/SQS").metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(statistic).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn ask(client: &Client) -> GetMetricDataFluentBuilder {
    client
        .get_metric_data()
        .start_time(DateTime::from_secs(HOUR))
        .end_time(DateTime::from_secs(HOUR + 3600))
        .scan_by(ScanBy::TimestampAscending)
}

#[tokio::test]
async fn a_period_is_what_its_values_make_of_it() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    let dimension = Dimension::builder().name("QueueName").value("jobs").build();
    for (second, value) in [(0, 1.0), (30, 2.5), (60, 7.0), (3600, 9.0)] {
        let datum = MetricDatum::builder()
            .metric_name("Visible")
            .dimensions(dimension.clone())
            .timestamp(DateTime::from_secs(HOUR + second))
            .value(value)
            .build();
        client.put_metric_data().namespace("AWS/SQS").metric_data(datum).send().await.unwrap();
    }
    let statistics = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];
    let expected = [[1.75, 7.0], [3.5, 7.0], [1.0, 7.0], [2.5, 7.0], [2.0, 1.0]];
    for (statistic, expected) in statistics.into_iter().zip(expected) {
        let told = ask(&client).metric_data_queries(query("m1", "Visible", statistic));
        let told = told.send().await.unwrap();
        let [result] = told.metric_data_results() else { panic!("one result") };
        assert_eq!(result.values(), expected, "{statistic}");
        assert_eq!(result.timestamps()[1].secs(), HOUR + 60);
        assert_eq!(told.next_token(), None);
    }
}

#[tokio::test]
async fn values_come_in_pages_from_query_to_query() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    let dimensions = BTreeMap::from([("QueueName".to_owned(), "jobs".to_owned())]);
    for name in ["A", "B"] {
        let values: Vec<_> = (0..5)
            .map(|minute| (Timestamp::new(HOUR + 60 * minute, 0).unwrap(), minute as f64))
            .collect();
        aws.add_metric("AWS/SQS", name, &dimensions, &values);
    }
    let ask = || {
        ask(&client)
            .metric_data_queries(query("a", "A", "Sum"))
            .metric_data_queries(query("b", "B", "Sum"))
            .metric_data_queries(query("c", "C", "Sum"))
            .max_datapoints(3)
    };
    let (mut token, mut values, mut pages) = (None, BTreeMap::new(), 0);
    loop {
        let page = ask().set_next_token(token).send().await.unwrap();
        for result in page.metric_data_results() {
            let of: &mut Vec<f64> = values.entry(result.id().unwrap().to_owned()).or_default();
            of.extend(result.values());
        }
        pages += 1;
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, 4);
    assert_eq!(values["a"], [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values["b"], values["a"]);
    assert_eq!(values["c"], [0.0; 0]);
    assert_eq!(code!(ask().next_token("7").send()), "InvalidNextToken");
}

#[tokio::test]
async fn what_cloudwatch_refuses_of_metrics() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    assert_eq!(code!(ask(&client).send()), "InvalidParameterValue");
    let backwards = ask(&client).end_time(DateTime::from_secs(HOUR));
    assert_eq!(
        code!(backwards.metric_data_queries(query("a", "A", "Sum")).send()),
        "InvalidParameterValue"
    );
    let percentile = ask(&client).metric_data_queries(query("a", "A", "p99"));
    assert_eq!(code!(percentile.send()), "NotKnownToLocalAws");
    let math = MetricDataQuery::builder().id("e1").expression("1").build();
    assert_eq!(code!(ask(&client).metric_data_queries(math).send()), "NotKnownToLocalAws");
    let no_period = query("a", "A", "Sum").metric_stat.unwrap();
    let no_period = MetricStat::builder().set_metric(no_period.metric).stat("Sum").build();
    let no_period = MetricDataQuery::builder().id("a").metric_stat(no_period).build();
    assert_eq!(code!(ask(&client).metric_data_queries(no_period).send()), "MissingParameter");
}
