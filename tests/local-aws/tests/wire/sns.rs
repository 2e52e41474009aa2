//! SNS over the wire.

use std::collections::BTreeMap;

use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::json;
use steady_local_aws::{Attribute, Delivery};

use crate::clients::{caller, code, refusal, start};

fn attribute(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().unwrap()
}

#[tokio::test]
async fn what_is_published_is_delivered_whole() {
    let aws = start().await;
    let client = caller(&aws).sns();
    let topic = client.create_topic().name("oncall").send().await.unwrap();
    let topic = topic.topic_arn().unwrap();
    assert_eq!(topic, "arn:aws:sns:eu-west-1:111122223333:oncall");
    assert_eq!(aws.create_topic("oncall"), topic);

    let message = "prod/web <is> in a \"restart loop\" & more\n+ 10 % – ünïcode\r\n";
    let published = client
        .publish()
        .topic_arn(topic)
        .subject("[critical] prod/web: restart loop")
        .message(message)
        .message_attributes("severity", attribute("String", "critical & <grave>"))
        .message_attributes("failures", attribute("Number", "9"))
        .send()
        .await
        .unwrap();

    let attributes = [("severity", "String", "critical & <grave>"), ("failures", "Number", "9")];
    let attributes: BTreeMap<String, Attribute> = attributes
        .into_iter()
        .map(|(name, data_type, value)| {
            let (data_type, value) = (data_type.to_owned(), value.to_owned());
            (name.to_owned(), Attribute { data_type, value })
        })
        .collect();
    let delivery = Delivery {
        topic: topic.to_owned(),
        message_id: published.message_id().unwrap().to_owned(),
        subject: Some("[critical] prod/web: restart loop".to_owned()),
        message: message.to_owned(),
        attributes,
        at: "2026-11-21T02:00:00Z".parse().unwrap(),
    };
    assert_eq!(aws.deliveries(), std::slice::from_ref(&delivery));
    assert_eq!(
        delivery.notification(),
        json!({
            "Type": "Notification",
            "MessageId": published.message_id().unwrap(),
            "TopicArn": topic,
            "Subject": "[critical] prod/web: restart loop",
            "Message": message,
            "Timestamp": "2026-11-21T02:00:00.000Z",
            "MessageAttributes": {
                "severity": { "Type": "String", "Value": "critical & <grave>" },
                "failures": { "Type": "Number", "Value": "9" },
            },
        })
    );

    let call = &aws.calls()[1];
    assert_eq!(call.request["Action"], "Publish");
    assert_eq!(call.request["Message"], message);
    // Two messages have two ids.
    let second = client.publish().topic_arn(topic).message("x").send().await.unwrap();
    assert_ne!(second.message_id(), published.message_id());
    assert_eq!(aws.deliveries()[1].notification().get("Subject"), None);
}

#[tokio::test]
async fn what_sns_refuses_to_publish() {
    let aws = start().await;
    let client = caller(&aws).sns();
    let topic = aws.create_topic("oncall");
    let ask = || client.publish().topic_arn(&topic).message("x");
    let long = "x".repeat(100);
    for subject in ["", " x", "a\nb", "a\tb", "\u{7f}", "é", &long] {
        let (code, message) = refusal!(ask().subject(subject).send());
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("InvalidParameter", "Invalid parameter: Subject")
        );
    }
    ask().subject("x".repeat(99)).send().await.unwrap();

    let refused = refusal!(client.publish().topic_arn(&topic).message("").send());
    assert_eq!(refused.1, "Invalid parameter: Empty message");

    let cases = [
        ("arn:aws:sns:eu-west-1:111122223333:nowhere", "NotFound", "Topic does not exist"),
        (
            "arn:aws:sns:us-east-1:111122223333:oncall",
            "InvalidParameter",
            "Invalid parameter: TopicArn",
        ),
        (
            "arn:aws:sns:eu-west-1:999922223333:oncall",
            "AuthorizationError",
            "not authorized to perform: SNS:Publish on resource: arn:aws:sns:eu-west-1:999922223333:oncall",
        ),
        (
            "oncall",
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: oncall does not start with arn",
        ),
        (
            "a & <b>",
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: a & <b> does not start with arn",
        ),
        (
            "arn:x",
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2",
        ),
    ];
    for (arn, code, message) in cases {
        let refused = refusal!(client.publish().topic_arn(arn).message("x").send());
        assert_eq!(refused, (code.to_owned(), message.to_owned()), "{arn}");
    }
    let error = client.publish().topic_arn(cases[0].0).message("x").send().await.unwrap_err();
    assert!(error.into_service_error().is_not_found_exception());
    let nowhere = client.publish().message("x").send();
    assert_eq!(code!(nowhere), "InvalidParameter");
    assert_eq!(aws.deliveries().len(), 1);
}

#[tokio::test]
async fn a_message_and_its_attributes_hold_256_kib_together() {
    let aws = start().await;
    let client = caller(&aws).sns();
    let topic = aws.create_topic("oncall");
    // 262,144 less `team`, `String` and `web`.
    let ask = |bytes: usize| {
        let ask = client.publish().topic_arn(&topic).message("x".repeat(bytes));
        ask.message_attributes("team", attribute("String", "web")).send()
    };
    ask(262_144 - 13).await.unwrap();
    let refused = refusal!(ask(262_144 - 12));
    assert_eq!(refused.1, "Invalid parameter: Message too long");
    let in_bytes = client.publish().topic_arn(&topic).message("é".repeat(131_073)).send();
    assert_eq!(refusal!(in_bytes).1, "Invalid parameter: Message too long");
}

#[tokio::test]
async fn what_sns_refuses_of_attributes_and_topics() {
    let aws = start().await;
    let client = caller(&aws).sns();
    let topic = aws.create_topic("oncall");
    let cases = [
        ("a b", "String", "x"),
        (".a", "String", "x"),
        ("a..b", "String", "x"),
        ("a", "", "x"),
        ("a", "Text", "x"),
        ("a", "String", ""),
        ("a", "Number", "nine"),
    ];
    for (name, data_type, value) in cases {
        let ask = client.publish().topic_arn(&topic).message("x");
        let ask = ask.message_attributes(name, attribute(data_type, value)).send();
        assert_eq!(code!(ask), "ParameterValueInvalid", "{name} {data_type} {value}");
    }
    let structured = client.publish().topic_arn(&topic).message("{}").message_structure("json");
    assert_eq!(code!(structured.send()), "NotKnownToLocalAws");
    let long = "x".repeat(257);
    for name in ["", "on call", "oncall.fifo", &long] {
        assert_eq!(code!(client.create_topic().name(name).send()), "InvalidParameter", "{name}");
    }
    let (code, message) = refusal!(client.list_topics().send());
    assert_eq!(code, "InvalidAction");
    assert_eq!(message, "Could not find operation ListTopics for version 2010-03-31");
    assert_eq!(aws.deliveries(), []);
}
