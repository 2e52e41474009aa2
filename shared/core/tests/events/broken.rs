//! What is said about input that cannot be used: which field, and why.

use crate::change::{Keys, written};
use crate::parse;

const TASK: &str = r#""detail-type": "ECS Task State Change", "resources": ["arn:aws:ecs:eu-west-1:111122223333:task/prod/1"]"#;
const DEPLOYMENT: &str = r#""detail-type": "ECS Deployment State Change", "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"]"#;
const ACTION: &str = r#""detail-type": "ECS Service Action", "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"]"#;
const ALARM: &str = r#""detail-type": "CloudWatch Alarm State Change""#;

/// How a message must read, whatever is wrong.
pub(crate) fn check_words(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(!message.ends_with('.'), "{message:?}");
    assert!(!message.starts_with(char::is_uppercase), "{message:?}");
    assert!(message.chars().count() < 250, "{message:?}");
    // What the sender wrote stands in backticks; the rest is ours.
    let ours: String = message.split('`').step_by(2).collect();
    for word in ours.split(|c: char| !c.is_alphanumeric() && c != '_') {
        let of_rust = [
            "struct",
            "enum",
            "Option",
            "Vec",
            "Detail",
            "Envelope",
            "RawContainer",
            "State",
            "i64",
            "u64",
            "str",
            "map",
            "sequence",
            "visitor",
            "newtype",
            "tuple",
            "unit",
        ];
        assert!(!of_rust.contains(&word), "`{word}` in {message:?}");
    }
}

#[test]
fn text_that_is_no_event_is_refused_with_the_place() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "not JSON: EOF while parsing a value, at column 0"),
        (b"  \n", "not JSON: EOF while parsing a value at line 2 column 0"),
        (b"ECS Task State Change", "not JSON: expected value, at column 1"),
        (br#"{"id": "1", "#, "not JSON: EOF while parsing a value, at column 12"),
        (br#"{"id": "1"#, "not JSON: EOF while parsing a string, at column 9"),
        (br#"{"detail": {"containers": [1, 2}"#, "not JSON: expected `,` or `]`, at column 32"),
        (br#"{"detail-type": "x"} {"#, "not JSON: trailing characters, at column 22"),
        (b"{\"detail-type\": \"\xff\"}", "not JSON: not UTF-8 after 17 bytes"),
        (b"{\"detail-type\": \"\xc3", "not JSON: not UTF-8 after 17 bytes"),
        (br#"{"detail-type": "\ud83d"}"#, "not JSON: unexpected end of hex escape, at column 24"),
        (b"[]", "not an event: expected an object, found a list"),
        (br#"["0", "ECS Task State Change"]"#, "not an event: expected an object, found a list"),
        (b"5", "not an event: expected an object, found `5`"),
        (b"-1.5e3", "not an event: expected an object, found `-1500.0`"),
        (b"true", "not an event: expected an object, found `true`"),
        (b"null", "not an event: expected an object, found null"),
        (
            br#""{\"detail-type\": 1}""#,
            r#"not an event: expected an object, found `"{\"detail-type\": 1}"`"#,
        ),
    ];
    for (text, message) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, *message, "{}", String::from_utf8_lossy(text));
        check_words(&error);
    }
}

#[test]
fn a_missing_field_is_named_with_what_it_is_needed_for() {
    let no_type = "`detail-type` is missing, so it cannot be told what kind of event this is";
    let no_detail = "`detail` is missing, so the event says nothing";
    let no_name = "`detail.eventName` is missing, so it cannot be told what happened";
    let no_task = "`detail.taskArn` is missing, so the task has no name";
    let no_service =
        "`resources[0]` is missing, so the service has no name (it should be the service's ARN)";
    let no_deployment =
        "`detail.deploymentId` is missing, so it cannot be told which deployment is meant";
    let no_alarm = "`detail.alarmName` is missing, so it cannot be told which alarm is meant";
    let nulls = r#""version": null, "id": null, "source": null, "account": null, "time": null, "region": null, "resources": null, "detail": null"#;
    let cases = [
        (String::new(), no_type),
        (format!(r#""detail-type": null, {nulls}"#), no_type),
        (format!(r#"{nulls}, "detail-type": "ECS Task State Change""#), no_detail),
        (format!(r#"{TASK}, "detail": null"#), no_detail),
        (format!(r#""detail": null, {TASK}"#), no_detail),
        (TASK.to_owned(), no_detail),
        (DEPLOYMENT.to_owned(), no_detail),
        (ACTION.to_owned(), no_detail),
        (ALARM.to_owned(), no_detail),
        (r#""detail-type": "ECS Task State Change", "detail": {}"#.to_owned(), no_task),
        (r#""detail-type": "ECS Task State Change", "resources": [], "detail": {"taskArn": null}"#.to_owned(), no_task),
        (r#""detail-type": "ECS Task State Change", "resources": [null], "detail": {"taskArn": ""}"#.to_owned(), no_task),
        // The resource is the task's name only if it is a task.
        (r#""detail-type": "ECS Task State Change", "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"], "detail": {}"#.to_owned(), no_task),
        (format!(r#"{DEPLOYMENT}, "detail": {{"eventName": "SERVICE_DEPLOYMENT_FAILED"}}"#), no_deployment),
        (format!(r#"{DEPLOYMENT}, "detail": {{"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": ""}}"#), no_deployment),
        (format!(r#"{DEPLOYMENT}, "detail": {{"deploymentId": "ecs-svc/1"}}"#), no_name),
        (format!(r#"{ACTION}, "detail": {{"reason": "RESOURCE:CPU"}}"#), no_name),
        (format!(r#"{ACTION}, "detail": {{"eventName": ""}}"#), no_name),
        (r#""detail-type": "ECS Service Action", "detail": {"eventName": "SERVICE_STEADY_STATE"}"#.to_owned(), no_service),
        (r#""detail-type": "ECS Service Action", "resources": [], "detail": {"eventName": "SERVICE_STEADY_STATE"}"#.to_owned(), no_service),
        (r#""detail-type": "ECS Service Action", "resources": ["checkout"], "detail": {"eventName": "SERVICE_STEADY_STATE"}"#.to_owned(), no_service),
        (r#""detail-type": "ECS Service Action", "resources": ["arn:aws:ecs:eu-west-1:111122223333:cluster/prod"], "detail": {"eventName": "SERVICE_STEADY_STATE"}"#.to_owned(), no_service),
        (r#""detail-type": "ECS Service Action", "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/"], "detail": {"eventName": "SERVICE_STEADY_STATE"}"#.to_owned(), no_service),
        (r#""detail-type": "ECS Deployment State Change", "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": "ecs-svc/1"}"#.to_owned(), no_service),
        (format!(r#"{ALARM}, "detail": {{}}"#), no_alarm),
        (format!(r#"{ALARM}, "detail": {{"alarmName": "", "state": {{"value": "OK"}}}}"#), no_alarm),
    ];
    for (fields, message) in cases {
        let error = parse(format!("{{{fields}}}")).unwrap_err().to_string();
        assert_eq!(error, message, "{fields}");
        check_words(&error);
    }
}

#[test]
fn a_field_of_the_wrong_kind_is_named_with_its_path() {
    let cases: &[(&str, &str, &str)] = &[
        // The envelope.
        (r#""detail-type": 7"#, "", "`detail-type`: expected text, found `7`"),
        (TASK, r#""id": 5"#, "`id`: expected text, found `5`"),
        (TASK, r#""time": 1795226997"#, "`time`: expected text, found `1795226997`"),
        (TASK, r#""account": 111122223333"#, "`account`: expected text, found `111122223333`"),
        (TASK, r#""region": ["eu-west-1"]"#, "`region`: expected text, found a list"),
        (ALARM, r#""resources": "arn""#, "`resources`: expected a list, found `\"arn\"`"),
        (ALARM, r#""resources": {"0": "arn"}"#, "`resources`: expected a list, found an object"),
        (ALARM, r#""resources": ["arn", 2]"#, "`resources[1]`: expected text, found `2`"),
        // The detail as a whole. A list in the order of our fields is none either.
        (TASK, r#""detail": "x""#, "`detail`: expected an object, found `\"x\"`"),
        (TASK, r#""detail": 5"#, "`detail`: expected an object, found `5`"),
        (
            TASK,
            r#""detail": [null, "arn:aws:ecs:eu-west-1:111122223333:task/prod/1"]"#,
            "`detail`: expected an object, found a list",
        ),
        (
            DEPLOYMENT,
            r#""detail": ["SERVICE_DEPLOYMENT_FAILED", "ecs-svc/1"]"#,
            "`detail`: expected an object, found a list",
        ),
        (ACTION, r#""detail": true"#, "`detail`: expected an object, found `true`"),
        (ALARM, r#""detail": ["checkout-5xx"]"#, "`detail`: expected an object, found a list"),
        // Inside it.
        (TASK, r#""detail": {"taskArn": {}}"#, "`detail.taskArn`: expected text, found an object"),
        (
            TASK,
            r#""detail": {"version": "8"}"#,
            "`detail.version`: expected a whole number, 0 or more, found `\"8\"`",
        ),
        (
            TASK,
            r#""detail": {"version": -1}"#,
            "`detail.version`: expected a whole number, 0 or more, found `-1`",
        ),
        (TASK, r#""detail": {"stopCode": 137}"#, "`detail.stopCode`: expected text, found `137`"),
        (
            TASK,
            r#""detail": {"containers": {}}"#,
            "`detail.containers`: expected a list, found an object",
        ),
        (
            TASK,
            r#""detail": {"containers": ["app"]}"#,
            "`detail.containers[0]`: expected an object, found `\"app\"`",
        ),
        (
            TASK,
            r#""detail": {"containers": [{}, ["app", 1]]}"#,
            "`detail.containers[1]`: expected an object, found a list",
        ),
        (
            TASK,
            r#""detail": {"containers": [{"exitCode": 0}, {"exitCode": "x"}]}"#,
            "`detail.containers[1].exitCode`: expected a whole number of 64 bits, found `\"x\"`",
        ),
        (
            TASK,
            r#""detail": {"containers": [{"exitCode": 0}, {"exitCode": 1.5}]}"#,
            "`detail.containers[1].exitCode`: expected a whole number of 64 bits, found `1.5`",
        ),
        (
            TASK,
            r#""detail": {"containers": [{"exitCode": 9223372036854775808}]}"#,
            "`detail.containers[0].exitCode`: expected a whole number of 64 bits, found `9223372036854775808`",
        ),
        (
            TASK,
            r#""detail": {"containers": [null, {"reason": false}]}"#,
            "`detail.containers[1].reason`: expected text, found `false`",
        ),
        (
            DEPLOYMENT,
            r#""detail": {"deploymentId": 5830167122874509811}"#,
            "`detail.deploymentId`: expected text, found `5830167122874509811`",
        ),
        (
            ACTION,
            r#""detail": {"eventName": ["SERVICE_STEADY_STATE"]}"#,
            "`detail.eventName`: expected text, found a list",
        ),
        (
            ALARM,
            r#""detail": {"state": "ALARM"}"#,
            "`detail.state`: expected an object, found `\"ALARM\"`",
        ),
        (
            ALARM,
            r#""detail": {"state": {"value": 1}}"#,
            "`detail.state.value`: expected text, found `1`",
        ),
        (
            ALARM,
            r#""detail": {"previousState": ["OK"]}"#,
            "`detail.previousState`: expected an object, found a list",
        ),
        (
            TASK,
            r#""detail": {"stopCode": "a", "stopCode": "b"}"#,
            "`detail`: duplicate field `stopCode`",
        ),
        // What the sender wrote stays on one line, is not taken for our own words, and is cut.
        (
            TASK,
            r#""detail": {"version": "a\nb, expected u64 at line 3"}"#,
            "`detail.version`: expected a whole number, 0 or more, found `\"a\\nb, expected u64 at line 3\"`",
        ),
        (
            TASK,
            r#""detail": "0123456789012345678901234567890123456789012345678901234567890123456789""#,
            "`detail`: expected an object, found `\"01234567890123456789012345678901234567890123456789012345678…`",
        ),
    ];
    for (envelope, field, message) in cases {
        let texts = match *field {
            "" => vec![format!("{{{envelope}}}")],
            // Whichever comes first, the answer is the same.
            field => vec![format!("{{{envelope}, {field}}}"), format!("{{{field}, {envelope}}}")],
        };
        for text in texts {
            let error = parse(&text).unwrap_err().to_string();
            assert_eq!(error, *message, "{text}");
            check_words(&error);
        }
    }
}

#[test]
fn a_time_that_is_none_is_named_with_its_field() {
    let wanted = "expected a time such as `2026-11-21T02:14:07Z`";
    for (text, shown) in [
        ("yesterday", "yesterday"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T02:14:07", "2026-11-21T02:14:07"),
        ("2026-13-21T02:14:07Z", "2026-13-21T02:14:07Z"),
        ("1795226997", "1795226997"),
        ("2026-11-21T02:14:07Z\n2026", "2026-11-21T02:14:07Z 2026"),
    ] {
        let text = serde_json::Value::from(text);
        let fields = ["createdAt", "startedAt", "stoppingAt", "executionStoppedAt"];
        let mut cases: Vec<(String, String)> = fields
            .map(|field| {
                (
                    format!(r#"{{{TASK}, "detail": {{"{field}": {text}}}}}"#),
                    format!("detail.{field}"),
                )
            })
            .into();
        cases.push((format!(r#"{{{TASK}, "detail": {{}}, "time": {text}}}"#), "time".to_owned()));
        cases.push((
            format!(
                r#"{{{ALARM}, "detail": {{"alarmName": "a", "state": {{"timestamp": {text}}}}}}}"#
            ),
            "detail.state.timestamp".to_owned(),
        ));
        for (event, field) in cases {
            let error = parse(&event).unwrap_err().to_string();
            assert_eq!(error, format!("`{field}`: {wanted}, found `\"{shown}\"`"));
            check_words(&error);
        }
    }
}

#[test]
fn empty_texts_say_no_more_than_missing_ones() {
    let bare = parse(format!(
        r#"{{{TASK}, "detail": {{"lastStatus": "RUNNING", "containers": [{{}}]}}}}"#
    ))
    .unwrap();
    let empty = serde_json::json!({
        "id": null, "time": "", "account": "", "region": "",
        "detail-type": "ECS Task State Change",
        "resources": ["arn:aws:ecs:eu-west-1:111122223333:task/prod/1"],
        "detail": {
            "taskArn": "", "clusterArn": "", "taskDefinitionArn": "", "group": "", "startedBy": "",
            "lastStatus": "RUNNING", "desiredStatus": "", "createdAt": "", "startedAt": "", "stoppingAt": "",
            "executionStoppedAt": "", "stopCode": "", "stoppedReason": "",
            "containers": [{"name": "", "reason": ""}],
        },
    });
    assert_eq!(parse(written(&empty, Keys::Ascending)).unwrap(), bare);
    assert_eq!(bare.account.unwrap().as_str(), "111122223333");
    assert_eq!(bare.region.unwrap().as_str(), "eu-west-1");
}

#[test]
fn what_only_aws_can_say_is_not_believed_of_others() {
    let from = |source: &str| {
        let text = format!(
            r#"{{"source": {source}, "detail-type": "ECS Deployment State Change",
            "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"],
            "detail": {{"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": "ecs-svc/1"}}}}"#
        );
        let event = parse(text.as_bytes()).unwrap();
        !matches!(event.body, steady_core::event::Body::Other { .. })
    };
    assert!(from(r#""aws.ecs""#));
    assert!(from("null"), "trimmed samples lack it");
    assert!(!from(r#""my.app""#));
    assert!(!from(r#""aws.cloudwatch""#));
}
