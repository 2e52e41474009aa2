//! CloudWatch's alarms over the wire, which is CBOR.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat, StateValue, Statistic,
};
use jiff::SignedDuration;
use steady_local_aws::{Fault, What, When};

use crate::clients::{caller, code, refusal, start, status};

fn alarm(client: &Client, name: &str) -> PutMetricAlarmFluentBuilder {
    let dimension = Dimension::builder().name("ServiceName").value("checkout").build();
    client
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/ECS")
        .metric_name("CPUUtilization")
        .dimensions(dimension)
        .statistic(Statistic::Average)
        .period(60)
        .evaluation_periods(3)
        .threshold(80.5)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .alarm_actions("arn:aws:sns:eu-west-1:111122223333:oncall")
}

#[tokio::test]
async fn an_alarm_is_put_told_changed_and_deleted() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    alarm(&client, "busy").send().await.unwrap();
    let told = async || {
        let answer = client.describe_alarms().alarm_names("busy").send().await.unwrap();
        answer.metric_alarms.unwrap().remove(0)
    };
    let first = told().await;
    assert_eq!(first.alarm_arn(), Some("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:busy"));
    assert_eq!(first.threshold(), Some(80.5));
    assert_eq!(first.actions_enabled(), Some(true));
    assert_eq!(first.state_value(), Some(&StateValue::InsufficientData));
    assert_eq!(first.state_updated_timestamp().unwrap().secs(), 1_795_226_400);
    assert_eq!(first.dimensions()[0].value(), Some("checkout"));

    aws.set_alarm_state("busy", "ALARM", "Threshold Crossed").unwrap();
    alarm(&client, "busy").threshold(90.0).send().await.unwrap();
    let second = told().await;
    assert_eq!(second.threshold(), Some(90.0));
    assert_eq!(second.state_value(), Some(&StateValue::Alarm), "a changed alarm keeps its state");

    let both = client.delete_alarms().alarm_names("busy").alarm_names("nowhere");
    assert_eq!(status!(both.send()), (404, "ResourceNotFound".to_owned()));
    assert_eq!(told().await.alarm_name(), Some("busy"), "all of them or none");
    client.delete_alarms().alarm_names("busy").send().await.unwrap();
    let none = client.describe_alarms().alarm_names("busy").send().await.unwrap();
    assert_eq!(none.metric_alarms().len(), 0);
}

#[tokio::test]
async fn a_change_of_state_is_an_event_and_the_same_state_is_none() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    alarm(&client, "busy").alarm_description("Too busy").send().await.unwrap();
    aws.ecs(|ecs| ecs.advance(ecs.now() + SignedDuration::from_millis(90_123)));
    let set = client.set_alarm_state().alarm_name("busy").state_reason("by hand");
    for value in [StateValue::Alarm, StateValue::Alarm, StateValue::Ok] {
        set.clone().state_value(value).send().await.unwrap();
    }
    let events = aws.events();
    assert_eq!(events.len(), 2);
    let expected = serde_json::json!({
        "version": "0",
        "id": "00000004-0000-4000-8000-000000000001",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "111122223333",
        "time": "2026-11-21T02:01:30Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:busy"],
        "detail": {
            "alarmName": "busy",
            "configuration": {
                "description": "Too busy",
                "metrics": [{
                    "id": "30b6c6b2-a864-43a2-4877-c09a1afc3b87",
                    "metricStat": {
                        "metric": {
                            "dimensions": { "ServiceName": "checkout" },
                            "name": "CPUUtilization",
                            "namespace": "AWS/ECS",
                        },
                        "period": 60,
                        "stat": "Average",
                    },
                    "returnData": true,
                }],
            },
            "previousState": {
                "reason": "Unchecked: Initial alarm creation",
                "timestamp": "2026-11-21T02:00:00.000+0000",
                "value": "INSUFFICIENT_DATA",
            },
            "state": {
                "reason": "by hand", "timestamp": "2026-11-21T02:01:30.123+0000", "value": "ALARM",
            },
        },
    });
    assert_eq!(events[0], expected);
    assert_eq!(events[1]["detail"]["previousState"]["value"], "ALARM");
    assert!(aws.events().is_empty(), "an event is taken once");
    let unknown = client.set_alarm_state().alarm_name("other").state_reason("x");
    assert_eq!(code!(unknown.state_value(StateValue::Ok).send()), "ResourceNotFound");
}

#[tokio::test]
async fn alarms_come_by_prefix_state_and_page() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    for number in 0..103 {
        alarm(&client, &format!("steady-prod/checkout-{number:03}")).send().await.unwrap();
    }
    alarm(&client, "other").send().await.unwrap();
    let ask = || client.describe_alarms().alarm_name_prefix("steady-");
    let first = ask().max_records(100).send().await.unwrap();
    assert_eq!(first.metric_alarms().len(), 100);
    let rest = ask().max_records(100).set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((rest.metric_alarms().len(), rest.next_token()), (3, None));
    assert_eq!(ask().send().await.unwrap().metric_alarms().len(), 50);
    aws.set_alarm_state("steady-prod/checkout-007", "OK", "").unwrap();
    assert_eq!(ask().state_value(StateValue::Ok).send().await.unwrap().metric_alarms().len(), 1);
    assert_eq!(code!(ask().max_records(101).send()), "ValidationError");
    assert_eq!(code!(ask().alarm_names("other").send()), "InvalidParameterCombination");
    assert_eq!(code!(ask().next_token("7").send()), "InvalidNextToken");
}

#[tokio::test]
async fn what_cloudwatch_refuses_of_an_alarm() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    let query = |id: &str| MetricDataQuery::builder().id(id).expression("1");
    let metric = Metric::builder().namespace("n").metric_name("m").build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("p99").build();
    let math = || {
        client
            .put_metric_alarm()
            .alarm_name("math")
            .evaluation_periods(1)
            .threshold(1.0)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
    };
    let returned = query("e1").return_data(true).build();
    let hidden = MetricDataQuery::builder().id("m1").metric_stat(stat).return_data(false).build();
    math().metrics(hidden.clone()).metrics(returned.clone()).send().await.unwrap();
    let cases = [
        (alarm(&client, ""), "ValidationError", "1 validation error detected: Value '' at"),
        (alarm(&client, "a").period(90), "InvalidParameterValue", "Period must be 10, 20, 30"),
        (
            alarm(&client, "a").datapoints_to_alarm(4),
            "InvalidParameterValue",
            "DatapointsToAlarm must be",
        ),
        (
            alarm(&client, "a").evaluation_periods(1441),
            "InvalidParameterValue",
            "Metrics cannot be checked across more than a day",
        ),
        (
            alarm(&client, "a").treat_missing_data("perhaps"),
            "InvalidParameterValue",
            "Invalid value for TreatMissingData",
        ),
        (math(), "MissingParameter", "The parameter MetricName is required."),
        (math().metrics(hidden), "InvalidParameterValue", "Exactly one element of the metrics"),
        (
            math().metrics(returned.clone()).namespace("n"),
            "InvalidParameterCombination",
            "Namespace cannot be specified together",
        ),
        (
            math().metrics(query("E").build()),
            "InvalidParameterValue",
            "The value E for parameter Id",
        ),
        (
            alarm(&client, "a").threshold_metric_id("e1"),
            "NotKnownToLocalAws",
            "an anomaly detection alarm",
        ),
    ];
    for (put, expected, begins) in cases {
        let (code, message) = refusal!(put.send());
        assert_eq!(code, expected, "{message}");
        assert!(message.starts_with(begins), "{message}");
    }
    let six = (0..6).map(|n| n.to_string()).collect();
    let actions = alarm(&client, "a").set_alarm_actions(Some(six));
    assert_eq!(code!(actions.send()), "ValidationError");
    let unknown = status!(client.list_metrics().send());
    assert_eq!(unknown, (404, "UnknownOperationException".to_owned()));
}

#[tokio::test]
async fn faults_meet_cloudwatch_in_its_own_words() {
    let aws = start().await;
    let client = caller(&aws).cloudwatch();
    for (what, expected) in [
        (What::Throttle, (400, "Throttling")),
        (What::ServerError, (500, "InternalServiceError")),
        (What::Unavailable, (503, "ServiceUnavailable")),
    ] {
        aws.fault(Fault { when: When::once("monitoring", "DescribeAlarms"), what });
        let (status, code) = status!(client.describe_alarms().send());
        assert_eq!((status, code.as_str()), expected);
    }
    let call = &aws.calls()[0];
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("monitoring", "DescribeAlarms"));
    assert_eq!(call.caller, "AKIDTEST");
}
