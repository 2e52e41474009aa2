//! A stack in small: one function behind one queue, and what is wrong when a part is missing.

use std::time::Duration;

use serde_json::{Value, json};
use steady_stack::policy::Ask;
use steady_stack::{Deployment, Stack};

fn template() -> Value {
    let send = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
        "Resource": { "Fn::GetAtt": ["Queue", "Arn"] },
        "Condition": { "ArnEquals": { "aws:SourceArn": { "Fn::GetAtt": ["Rule", "Arn"] } } },
    });
    json!({ "Resources": {
        "Queue": { "Type": "AWS::SQS::Queue", "Properties": {
            "VisibilityTimeout": 180,
            "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["Dead", "Arn"] }, "maxReceiveCount": 5 },
        } },
        "Dead": { "Type": "AWS::SQS::Queue" },
        "MaySend": { "Type": "AWS::SQS::QueuePolicy", "Properties": {
            "Queues": [{ "Ref": "Queue" }], "PolicyDocument": { "Statement": [send] },
        } },
        "Rule": { "Type": "AWS::Events::Rule", "Properties": {
            "EventPattern": { "source": ["aws.ecs"] },
            "Targets": [{ "Id": "1", "Arn": { "Fn::GetAtt": ["Queue", "Arn"] } }],
        } },
        "Role": { "Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {},
            "ManagedPolicyArns": [{ "Ref": "Shared" }],
            "Policies": [{ "PolicyName": "reads", "PolicyDocument": { "Statement": [
                { "Effect": "Allow", "Action": ["ecs:DescribeServices"], "Resource": "*" }] } }],
        } },
        "Attached": { "Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "tells", "Roles": [{ "Ref": "Role" }],
            "PolicyDocument": { "Statement": { "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:*" } },
        } },
        "Shared": { "Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "PolicyDocument": { "Statement": { "Effect": "Allow", "Action": "ecs:StopTask", "Resource": "*" } },
        } },
        "Watch": { "Type": "AWS::Lambda::Function", "Properties": {
            "Role": { "Fn::GetAtt": ["Role", "Arn"] }, "Timeout": "30",
            "Environment": { "Variables": { "STEADY_MODE": "act" } },
        } },
        "WatchQueue": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "EventSourceArn": { "Fn::GetAtt": ["Queue", "Arn"] }, "FunctionName": { "Ref": "Watch" },
            "BatchSize": 100, "MaximumBatchingWindowInSeconds": 2,
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": { "MaximumConcurrency": 2 },
        } },
        "EveryMinute": { "Type": "AWS::Events::Rule", "Properties": {
            "ScheduleExpression": "rate(1 minute)",
            "Targets": [{ "Id": "1", "Arn": { "Fn::GetAtt": ["Watch", "Arn"] } }],
        } },
    } })
}

fn read(template: &Value) -> Result<Stack, String> {
    let deployment = Deployment {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        stack: "steady".to_owned(),
        ..Deployment::default()
    };
    Stack::read(template, &deployment).map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

#[test]
fn an_event_goes_by_its_rule_to_a_queue_that_calls_a_function() {
    let stack = read(&template()).unwrap();
    let routes = stack.routes(&json!({ "source": "aws.ecs" }));
    assert_eq!(routes.len(), 1);
    let (rule, queue) = routes[0];
    assert_eq!((rule.id.as_str(), queue.id.as_str()), ("Rule", "Queue"));
    assert_eq!(queue.visibility_timeout, Duration::from_secs(180));
    let dead = queue.dead_letters.as_ref().unwrap();
    assert_eq!((stack.queues[&dead.queue].id.as_str(), dead.max_receive_count), ("Dead", 5));
    assert!(stack.routes(&json!({ "source": "aws.ec2" })).is_empty());

    let watch = &stack.functions["Watch"];
    assert_eq!(watch.timeout, Duration::from_secs(30));
    assert_eq!(watch.environment["STEADY_MODE"], "act");
    let (mapping, of) = stack.queues_of(watch).next().unwrap();
    assert_eq!(
        (of.id.as_str(), mapping.batch_size, mapping.window),
        ("Queue", 100, Duration::from_secs(2))
    );
    assert_eq!((mapping.partial_failures, mapping.concurrency), (true, Some(2)));
    let every = stack.schedules_of(watch).map(|schedule| schedule.every).collect::<Vec<_>>();
    assert_eq!(every, [Duration::from_secs(60)]);

    let may = |action: &str, on: &str| watch.policy.allows(&Ask::new(action, on));
    assert!(may(
        "ecs:DescribeServices",
        "arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"
    ));
    assert!(
        may("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:topic"),
        "by an attached policy"
    );
    assert!(may("ecs:StopTask", "*"), "by a managed policy of the template");
    assert!(!may("ecs:UpdateService", "arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"));
}

#[test]
fn a_queue_whose_policy_does_not_let_the_rule_send_gets_nothing() {
    for (member, value) in [
        ("/Resources/MaySend/Properties/Queues", json!([{ "Ref": "Dead" }])),
        (
            "/Resources/MaySend/Properties/PolicyDocument/Statement/0/Condition/ArnEquals/aws:SourceArn",
            json!("arn:aws:events:eu-west-1:111122223333:rule/another"),
        ),
    ] {
        let mut template = template();
        *template.pointer_mut(member).unwrap() = value;
        let stack = read(&template).unwrap();
        assert!(stack.routes(&json!({ "source": "aws.ecs" })).is_empty(), "{member}");
    }
}

#[test]
fn a_stack_with_a_part_that_is_not_understood_is_none() {
    let cases = [
        (
            "/Resources/Rule/Properties/EventPattern",
            json!({ "source": [{ "cidr": "x" }] }),
            "`Rule`: event pattern, `source`: the operator `cidr` with `\"x\"` is not known here",
        ),
        (
            "/Resources/Attached/Properties/PolicyDocument/Statement",
            json!({ "Effect": "Allow", "NotAction": "sns:Publish", "Resource": "*" }),
            "`Attached`: policy: `NotAction` is not known here",
        ),
        (
            "/Resources/EveryMinute/Properties/ScheduleExpression",
            json!("cron(0 8 * * ? *)"),
            "`EveryMinute`: the schedule `cron(0 8 * * ? *)` is not known here",
        ),
        (
            "/Resources/Watch/Properties/Role",
            json!("arn:aws:iam::111122223333:role/another"),
            "`Watch`: there is no role `arn:aws:iam::111122223333:role/another`",
        ),
    ];
    for (member, value, said) in cases {
        let mut template = template();
        *template.pointer_mut(member).unwrap() = value;
        assert_eq!(read(&template).unwrap_err(), said);
    }
}
