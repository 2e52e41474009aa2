//! The path of a call: read, number, log, fault, refuse what no service would look at, dispatch, close the log.

use hyper::HeaderMap;
use hyper::body::Bytes;

use crate::answer::{Answer, Refusal, numbered_id};
use crate::call::Outcome;
use crate::fault::What;
use crate::local_aws::State;
use crate::request::{Protocol, Request};
use crate::{autoscaling, cloudwatch, dynamodb, ecs, iam, logs, sns, ssm, sts};

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer, as a fault asks")]
pub(crate) struct NoAnswer;

/// Answers one request, or does not, as a fault asks.
///
/// # Errors
///
/// [`NoAnswer`] with [`What::Dropped`] and [`What::AnswerLost`]; the server closes the connection.
pub(crate) async fn answer(
    state: &State,
    method: &str,
    path: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, NoAnswer> {
    let request = Request::read(method, path, headers, body);
    let (number, fault) = state.journal.enter(&request);
    let request_id = numbered_id(0, number);
    let lost = match &fault {
        None => false,
        Some(What::AnswerLost) => true,
        Some(What::Dropped) => return Err(NoAnswer),
        Some(What::Hang) => std::future::pending().await,
        Some(what) => {
            let refusal = Refusal::of_fault(what, &request.service, &request.operation)
                .unwrap_or_else(|| Refusal::not_known_here("this fault"));
            return Ok(with_id(
                Answer::refusal(request.protocol, &refusal, &request_id),
                &request_id,
            ));
        }
    };
    let answer = match dispatch(state, &request, &request_id).await {
        Ok(answer) => answer,
        Err(refusal) => Answer::refusal(request.protocol, &refusal, &request_id),
    };
    if lost {
        state.journal.close(number, Outcome::Faulted(What::AnswerLost));
        return Err(NoAnswer);
    }
    let outcome = Outcome::Answered { status: answer.status, error: answer.error.clone() };
    state.journal.close(number, outcome);
    Ok(with_id(answer, &request_id))
}

/// SDKs report the request id of this header with an error.
fn with_id(mut answer: Answer, request_id: &str) -> Answer {
    answer.headers.push(("x-amzn-RequestId".to_owned(), request_id.to_owned()));
    answer
}

async fn dispatch(state: &State, request: &Request, request_id: &str) -> Result<Answer, Refusal> {
    check_scope(request, &state.setup.region)?;
    if !request.known {
        return Err(unknown_operation(request));
    }
    if !request.readable {
        // "AWS JSON 1.1 protocol": what is no JSON object is a SerializationException, 400.
        return Err(Refusal::new("SerializationException", ""));
    }
    iam::check(state, request)?;
    let json =
        |result: Result<_, Refusal>| result.map(|body| Answer::json(request.protocol, &body));
    match request.service.as_str() {
        "ecs" => json(ecs::answer(state, request)),
        "application-autoscaling" => json(autoscaling::answer(state, request)),
        "monitoring" => cloudwatch::answer(state, request).map(|body| Answer::cbor(&body)),
        "ssm" => json(ssm::answer(state, request)),
        "logs" => json(logs::answer(state, request)),
        "sns" => sns::answer(state, request)
            .map(|result| Answer::xml(&request.operation, &result, request_id)),
        "sts" => sts::answer(state, request)
            .map(|result| Answer::xml(&request.operation, &result, request_id)),
        "dynamodb" => dynamodb::answer(&state.dynamodb, request).await,
        _ => Err(unknown_operation(request)),
    }
}

/// What AWS looks at before anything else: is it signed, and for this region?
///
/// Unsigned: "Common Error Types", `MissingAuthenticationToken`, 403; the JSON services write it as
/// `MissingAuthenticationTokenException`, 400. A foreign region: IAM User Guide, "Troubleshoot Signature Version 4 signing",
/// credential scope: "Credential should be scoped to a valid Region" with `SignatureDoesNotMatch`, 403, which the JSON services
/// write as `InvalidSignatureException`, 400.
fn check_scope(request: &Request, region: &str) -> Result<(), Refusal> {
    let query = request.protocol == Protocol::Query;
    match &request.region {
        None if query => Err(Refusal::with_status(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        )),
        None => Err(Refusal::new(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        )),
        Some(scoped) if scoped != region => {
            let message = format!("Credential should be scoped to a valid region, not '{scoped}'.");
            Err(if query {
                Refusal::with_status(403, "SignatureDoesNotMatch", message)
            } else {
                Refusal::new("InvalidSignatureException", message)
            })
        }
        Some(_) => Ok(()),
    }
}

/// JSON services answer UnknownOperationException ("AWS JSON 1.1 protocol", and DynamoDB in fact), those of "RPC v2 CBOR" with
/// status 404. Query services answer
/// `MissingAction` and `InvalidAction` ("Common Error Types"; the sentence is AWS's, as quoted in ex-aws/ex_aws#177).
pub(crate) fn unknown_operation(request: &Request) -> Refusal {
    match request.protocol {
        Protocol::Json10 | Protocol::Json11 => Refusal::new("UnknownOperationException", ""),
        Protocol::Cbor => Refusal::with_status(404, "UnknownOperationException", ""),
        Protocol::Query if request.operation.is_empty() => {
            Refusal::new("MissingAction", "The request is missing an action")
        }
        Protocol::Query => {
            let version = request.field("Version").unwrap_or_default();
            let operation = &request.operation;
            Refusal::new(
                "InvalidAction",
                format!("Could not find operation {operation} for version {version}"),
            )
        }
    }
}
