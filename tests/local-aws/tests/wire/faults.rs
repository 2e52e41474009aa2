//! Faults as the SDK's clients see them.

use std::time::Duration;

use aws_sdk_ecs::error::SdkError;
use aws_sdk_ssm::types::ParameterType;
use jiff::Timestamp;
use steady_local_aws::{Fault, LocalAws, Outcome, What, When};

use crate::clients::{asked, caller, code, start, status};

/// One call of each service, and the status and error code that its client read.
async fn refusals(aws: &LocalAws) -> Vec<(u16, String)> {
    let caller = caller(aws);
    let lines: &[(Timestamp, &str)] = &[];
    aws.log_lines("g", "s", lines);
    let table = caller.dynamodb();
    let read = table.get_item().table_name("steady");
    let read = read.key("pk", aws_sdk_dynamodb::types::AttributeValue::S("a".to_owned()));
    let publish = caller.sns().publish().topic_arn("arn").message("x");
    let put = caller.ssm().put_parameter().name("/a").value("x").r#type(ParameterType::String);
    let lines = caller.logs().get_log_events().log_group_name("g").log_stream_name("s");
    vec![
        status!(caller.ecs().describe_services().services("web").send()),
        status!(put.send()),
        status!(lines.send()),
        status!(publish.send()),
        status!(read.send()),
        status!(table.describe_table().table_name("steady").send()),
    ]
}

#[tokio::test]
async fn each_service_throttles_and_fails_in_its_own_words() {
    let aws = start().await;
    let cases = [
        (
            What::Throttle,
            400,
            [
                "ThrottlingException",
                "ThrottlingException",
                "ThrottlingException",
                "Throttling",
                "ProvisionedThroughputExceededException",
                "ThrottlingException",
            ],
        ),
        (
            What::ServerError,
            500,
            [
                "ServerException",
                "InternalServerError",
                "InternalFailure",
                "InternalError",
                "InternalServerError",
                "InternalServerError",
            ],
        ),
        (
            What::Unavailable,
            503,
            [
                "ServiceUnavailable",
                "ServiceUnavailable",
                "ServiceUnavailableException",
                "ServiceUnavailable",
                "ServiceUnavailable",
                "ServiceUnavailable",
            ],
        ),
    ];
    for (what, status, codes) in cases {
        aws.fault(Fault { when: When::always("*", "*"), what: what.clone() });
        let wanted = codes.map(|code| (status, code.to_owned()));
        assert_eq!(refusals(&aws).await, wanted, "{what:?}");
        assert!(
            aws.calls()
                .iter()
                .rev()
                .take(6)
                .all(|call| call.outcome == Outcome::Faulted(what.clone()))
        );
        aws.clear_faults();
    }
    // Nothing was carried out.
    let read = caller(&aws).ssm().get_parameter().name("/a").send();
    assert_eq!(code!(read), "ParameterNotFound");
}

#[tokio::test]
async fn a_throttled_call_is_tried_again_by_the_sdk_and_each_try_is_logged() {
    let aws = start().await;
    for service in ["ssm", "sns", "dynamodb"] {
        aws.fault(Fault { when: When::times(2, service, "*"), what: What::Throttle });
    }
    aws.create_record_table("steady").unwrap();
    let topic = aws.create_topic("oncall");
    let mut caller = caller(&aws);
    caller.tries = 3;
    let put = caller.ssm().put_parameter().name("/a").value("x").r#type(ParameterType::String);
    put.send().await.unwrap();
    caller.sns().publish().topic_arn(topic).message("x").send().await.unwrap();
    caller.dynamodb().scan().table_name("steady").send().await.unwrap();
    assert_eq!(
        asked(&aws.calls()),
        [["ssm PutParameter"; 3], ["sns Publish"; 3], ["dynamodb Scan"; 3]].concat()
    );
    assert_eq!(aws.waiting_faults(), []);
}

#[tokio::test]
async fn any_error_of_the_api_reference_can_be_asked_for() {
    let aws = start().await;
    let what = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User: x is not authorized to perform: ecs:UpdateService".to_owned(),
    };
    aws.fault(Fault { when: When::once("ecs", "UpdateService"), what });
    let error = caller(&aws).ecs().update_service().service("web").send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_access_denied_exception(), "{error:?}");
}

#[tokio::test]
async fn a_call_that_hangs_times_out_and_was_not_carried_out() {
    let aws = start().await;
    aws.fault(Fault { when: When::once("ssm", "PutParameter"), what: What::Hang });
    let mut caller = caller(&aws);
    caller.patience = Duration::from_millis(200);
    let client = caller.ssm();
    let put = || client.put_parameter().name("/a").value("x").r#type(ParameterType::String).send();
    let error = put().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert_eq!(aws.calls()[0].outcome, Outcome::Faulted(What::Hang));
    assert_eq!(put().await.unwrap().version(), 1);
}

#[tokio::test]
async fn a_dropped_call_was_not_carried_out_and_a_lost_answer_was() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    let put = || {
        let put = client.put_parameter().name("/a").value("x").r#type(ParameterType::String);
        put.overwrite(true).send()
    };
    for (what, version) in [(What::Dropped, 1), (What::AnswerLost, 3)] {
        aws.fault(Fault { when: When::once("ssm", "PutParameter"), what: what.clone() });
        let error = put().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(aws.calls().last().unwrap().outcome, Outcome::Faulted(what));
        assert_eq!(put().await.unwrap().version(), version);
    }
}

#[tokio::test]
async fn a_lost_answer_is_carried_out_by_every_service() {
    let aws = start().await;
    aws.create_record_table("steady").unwrap();
    let topic = aws.create_topic("oncall");
    aws.fault(Fault { when: When::always("*", "*"), what: What::AnswerLost });
    caller(&aws).sns().publish().topic_arn(topic).message("x").send().await.unwrap_err();
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let put = caller(&aws).dynamodb().put_item().table_name("steady");
    put.item("pk", text("a")).item("sk", text("b")).send().await.unwrap_err();
    assert_eq!(aws.deliveries().len(), 1);
    assert_eq!(aws.items("steady").unwrap().len(), 1);
}

#[tokio::test]
async fn a_fault_by_number_meets_the_call_of_that_number_in_the_log() {
    let aws = start().await;
    aws.fault(Fault { when: When::Call(3), what: What::Unavailable });
    let client = caller(&aws).ssm();
    for _ in 0..4 {
        let _ = client.get_parameters().names("/a").send().await;
    }
    let faulted: Vec<u64> = aws
        .calls()
        .iter()
        .filter(|call| matches!(call.outcome, Outcome::Faulted(_)))
        .map(|call| call.number)
        .collect();
    assert_eq!(faulted, [3]);
}
