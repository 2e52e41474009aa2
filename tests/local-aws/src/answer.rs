//! Answers and errors as each protocol writes them.
//!
//! JSON errors are `{"__type": CODE, "message": TEXT}` (Smithy, "AWS JSON 1.1 protocol", operation error serialization). Query
//! errors are `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>` (Smithy, "AWS query
//! protocol"). CBOR errors are JSON's, written as CBOR, with the code that CloudWatch's older Query protocol has for it in
//! `x-amzn-query-error` (Smithy, "RPC v2 CBOR", query compatibility). Codes that all services share are those of "Common Error Types" in their API references.

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::cbor;
use crate::fault::What;
use crate::request::Protocol;

/// The namespace of SNS's answers: `xmlNamespace` in botocore's model.
const SNS_NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Why a service does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// The common case: status 400.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    pub(crate) fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// AWS would take this; we do not know it, and to ignore it would let a test pass that proves nothing.
    pub(crate) fn not_known_here(what: &str) -> Self {
        Self::new("NotKnownToLocalAws", format!("{what} is not known to the embedded AWS"))
    }

    /// What a fault answers; `None` for those that do not answer.
    pub(crate) fn of_fault(what: &What, service: &str, operation: &str) -> Option<Self> {
        match what {
            What::Throttle => Some(throttle(service, operation)),
            What::ServerError => Some(server_error(service)),
            What::Unavailable => Some(unavailable(service)),
            What::Refuse { status, code, message } => {
                Some(Self::with_status(*status, code, message.clone()))
            }
            What::Hang | What::Dropped | What::AnswerLost => None,
        }
    }
}

/// Each service's word for "too fast".
fn throttle(service: &str, operation: &str) -> Refusal {
    match service {
        // DynamoDB Developer Guide, "Error handling": ProvisionedThroughputExceededException for what reads and writes items,
        // ThrottlingException for control plane operations.
        "dynamodb" if is_about_tables(operation) => {
            Refusal::new("ThrottlingException", "Rate of requests exceeds the allowed throughput.")
        }
        "dynamodb" => Refusal::new(
            "ProvisionedThroughputExceededException",
            "You exceeded your maximum allowed provisioned throughput for a table or for one or more global secondary indexes.",
        ),
        // SNS answers `Throttling`, 400 (Amazon SNS API Reference of Publish does not list it; AWS SDKs treat it as a
        // throttling error: smithy-rs `aws-runtime`, `THROTTLING_ERRORS`).
        // CloudWatch's is `Throttling`, 400 too ("CloudWatch service quotas", and the same classifiers).
        "sns" | "monitoring" => Refusal::new("Throttling", "Rate exceeded"),
        // ECS, Application Auto Scaling, SSM and Logs API References, "Common Error Types": ThrottlingException, 400.
        _ => Refusal::new("ThrottlingException", "Rate exceeded"),
    }
}

/// Control plane operations of DynamoDB (DynamoDB Developer Guide, "DynamoDB API").
fn is_about_tables(operation: &str) -> bool {
    ["Table", "TimeToLive", "ContinuousBackups", "OfResource", "TagResource", "UntagResource"]
        .iter()
        .any(|part| operation.contains(part))
        || operation == "DescribeLimits"
}

/// Status 500. The codes are the shapes with `fault: true` in botocore's models; Logs has none for 500, so the common one.
fn server_error(service: &str) -> Refusal {
    let (code, message) = match service {
        "ecs" => ("ServerException", "Service Unavailable. Please try again later."),
        "ssm" | "dynamodb" => ("InternalServerError", "Internal server error"),
        "sns" => ("InternalError", "Internal service error"),
        "application-autoscaling" => ("InternalServiceException", "Internal service error"),
        "monitoring" => ("InternalServiceError", "Internal service error"),
        _ => ("InternalFailure", "The request processing has failed because of an unknown error"),
    };
    Refusal::with_status(500, code, message)
}

/// Status 503. "Common Error Types" calls it `ServiceUnavailable`; Logs has a shape of its own.
fn unavailable(service: &str) -> Refusal {
    let code = match service {
        "logs" => "ServiceUnavailableException",
        _ => "ServiceUnavailable",
    };
    Refusal::with_status(503, code, "The service is temporarily unavailable.")
}

/// What goes back to the client.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
    /// Further headers.
    pub(crate) headers: Vec<(String, String)>,
    /// The error code, for the log.
    pub(crate) error: Option<String>,
}

impl Answer {
    /// A JSON service's success.
    pub(crate) fn json(protocol: Protocol, body: &Value) -> Self {
        Self::new(200, protocol, body.to_string().into_bytes(), None)
    }

    /// A Query service's success: `<PublishResponse><PublishResult>…</PublishResult>…`.
    pub(crate) fn xml(operation: &str, result: &str, request_id: &str) -> Self {
        let body = format!(
            "<{operation}Response xmlns=\"{SNS_NAMESPACE}\"><{operation}Result>{result}</{operation}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        );
        Self::new(200, Protocol::Query, body.into_bytes(), None)
    }

    /// The success of a service that speaks CBOR.
    pub(crate) fn cbor(body: &Value) -> Self {
        Self::new(200, Protocol::Cbor, cbor::write(body), None)
    }

    /// An error, in the words of the protocol.
    pub(crate) fn refusal(protocol: Protocol, refusal: &Refusal, request_id: &str) -> Self {
        let error = json!({ "__type": refusal.code, "message": refusal.message });
        let body = match protocol {
            Protocol::Json10 | Protocol::Json11 => error.to_string().into_bytes(),
            Protocol::Cbor => cbor::write(&error),
            Protocol::Query => {
                let whose = if refusal.status < 500 { "Sender" } else { "Receiver" };
                format!(
                    "<ErrorResponse xmlns=\"{SNS_NAMESPACE}\"><Error><Type>{whose}</Type><Code>{}</Code>\
                     <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                    escape_xml(&refusal.code),
                    escape_xml(&refusal.message),
                )
                .into_bytes()
            }
        };
        let mut answer = Self::new(refusal.status, protocol, body, Some(refusal.code.clone()));
        if protocol == Protocol::Cbor {
            let whose = if refusal.status < 500 { "Sender" } else { "Receiver" };
            answer
                .headers
                .push(("x-amzn-query-error".to_owned(), format!("{};{whose}", refusal.code)));
        }
        answer
    }

    fn new(status: u16, protocol: Protocol, body: Vec<u8>, error: Option<String>) -> Self {
        let content_type = match protocol {
            Protocol::Json10 => "application/x-amz-json-1.0",
            Protocol::Json11 => "application/x-amz-json-1.1",
            Protocol::Query => "text/xml",
            Protocol::Cbor => "application/cbor",
        };
        // A client of this protocol takes no answer without it.
        let cbor = ("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned());
        Self {
            status,
            content_type: content_type.to_owned(),
            body: Bytes::from(body),
            headers: (protocol == Protocol::Cbor).then_some(cbor).into_iter().collect(),
            error,
        }
    }
}

/// Text as XML takes it.
pub(crate) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A request's or a message's id: the shape of a UUID, made of a number, so that the same run gives the same ids.
pub(crate) fn numbered_id(kind: u16, number: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff)
}
