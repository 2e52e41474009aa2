//! What the front does for every service: who calls, what is refused before any service looks, many connections, the end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use steady_local_aws::{Fault, LocalAws, Outcome, What, When};

use crate::clients::{asked, caller, refusal, start};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDRAW/20261121/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=00";

/// A request by hand; gives status and body.
fn send(aws: &LocalAws, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut stream = connect(aws);
    let mut request = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    write!(stream, "{request}connection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn connect(aws: &LocalAws) -> TcpStream {
    TcpStream::connect(aws.endpoint().strip_prefix("http://").unwrap()).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn the_log_tells_callers_apart_by_their_access_keys() {
    let aws = start().await;
    for access_key in ["AKIDWATCH", "AKIDSWEEP"] {
        let mut caller = caller(&aws);
        caller.access_key = access_key;
        caller.ssm().get_parameters().names("/a").send().await.unwrap();
        let _ = caller.sns().publish().topic_arn("x").message("x").send().await;
    }
    let callers: Vec<(u64, String)> =
        aws.calls().into_iter().map(|call| (call.number, call.caller)).collect();
    let wanted = [(1, "AKIDWATCH"), (2, "AKIDWATCH"), (3, "AKIDSWEEP"), (4, "AKIDSWEEP")];
    assert_eq!(callers, wanted.map(|(number, key)| (number, key.to_owned())));
    assert_eq!(aws.calls()[0].outcome, Outcome::Answered { status: 200, error: None });
}

#[tokio::test]
async fn what_is_refused_before_any_service_looks() {
    let aws = start().await;
    let get = ("x-amz-target", "AmazonSSM.GetParameter");
    let signed = ("authorization", SIGNED);
    let elsewhere = SIGNED.replace("eu-west-1", "us-east-1");
    let elsewhere = ("authorization", elsewhere.as_str());
    let sns = SIGNED.replace("/ssm/", "/sns/");
    let sns = ("authorization", sns.as_str());
    let sqs = SIGNED.replace("/ssm/", "/sqs/");
    let sqs = ("authorization", sqs.as_str());
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, &str, u16, &str, &str); 10] = [
        (&[JSON, get], "{}", 400, "\"MissingAuthenticationTokenException\"", "unknown"),
        (
            &[FORM],
            "Action=Publish&Version=2010-03-31",
            403,
            "<Code>MissingAuthenticationToken</Code>",
            "unknown",
        ),
        (&[JSON, get, elsewhere], "{}", 400, "\"InvalidSignatureException\"", "ssm"),
        (&[JSON, get, signed], "{\"Name\":", 400, "\"SerializationException\"", "ssm"),
        (&[JSON, get, signed], "[]", 400, "\"SerializationException\"", "ssm"),
        (
            &[JSON, ("x-amz-target", "AmazonSSM.Nonsense"), signed],
            "{}",
            400,
            "\"UnknownOperationException\"",
            "ssm",
        ),
        (
            &[JSON, ("x-amz-target", "AmazonSQS.SendMessage"), sqs],
            "{}",
            400,
            "\"UnknownOperationException\"",
            "sqs",
        ),
        (&[FORM, sns], "Version=2010-03-31", 400, "<Code>MissingAction</Code>", "sns"),
        (
            &[FORM, sqs],
            "Action=SendMessage&Version=2012-11-05",
            400,
            "<Code>InvalidAction</Code>",
            "sqs",
        ),
        (&[signed], "hello", 400, "\"UnknownOperationException\"", "ssm"),
    ];
    for (at, (headers, body, status, holds, service)) in cases.into_iter().enumerate() {
        let (answered, answer) = send(&aws, headers, body);
        assert_eq!(answered, status, "{answer}");
        assert!(answer.contains(holds), "{answer}");
        let call = &aws.calls()[at];
        if service != "unknown" {
            assert_eq!(call.service, service);
        }
        assert!(matches!(call.outcome, Outcome::Answered { error: Some(_), .. }));
    }
    assert_eq!(aws.calls()[9].operation, "POST /");
}

#[tokio::test]
async fn a_client_of_another_region_is_told_so() {
    let aws = start().await;
    let client = caller(&aws).sns();
    let mut config = client.config().to_builder();
    config.set_region(Some(aws_sdk_sns::config::Region::new("us-east-1")));
    let client = aws_sdk_sns::Client::from_conf(config.build());
    let (code, message) = refusal!(client.publish().topic_arn("x").message("x").send());
    assert_eq!(code, "SignatureDoesNotMatch");
    assert_eq!(message, "Credential should be scoped to a valid region, not 'us-east-1'.");
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered_and_numbered_once() {
    let aws = start().await;
    // Clients of their own, so that each has a connection of its own; one more call hangs and holds nobody up.
    aws.fault(Fault { when: When::Call(1), what: What::Hang });
    let hanging = tokio::spawn(caller(&aws).ssm().get_parameters().names("/a").send());
    while aws.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(caller(&aws).ssm().get_parameters().names("/a").send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let numbers: Vec<u64> = aws.calls().iter().map(|call| call.number).collect();
    assert_eq!(numbers, (1..=101).collect::<Vec<u64>>());
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test]
async fn when_the_server_ends_hanging_calls_end_and_the_port_is_closed() {
    let aws = start().await;
    aws.fault(Fault { when: When::always("*", "*"), what: What::Hang });
    let address = aws.endpoint().strip_prefix("http://").unwrap().to_owned();
    let mut stream = connect(&aws);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
    while asked(&aws.calls()).is_empty() {
        tokio::task::yield_now().await;
    }
    drop(aws);
    let mut rest = Vec::new();
    // The end of the stream or a reset, and no answer.
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn two_servers_share_nothing() {
    let (one, other) = (start().await, start().await);
    assert_ne!(one.endpoint(), other.endpoint());
    one.create_record_table("steady").unwrap();
    assert!(other.items("steady").is_err());
    caller(&one).ssm().get_parameters().names("/a").send().await.unwrap();
    assert_eq!(other.calls(), []);
}
