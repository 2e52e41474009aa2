//! What an error of the SDK means to whoever asked: not now, no, or no clear answer.
//!
//! One function for all services. What a service means by one error of its own (a condition that failed, a parameter
//! that is not there) is known in that service's module, before it comes here.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use steady_core::port::PortError;

/// Error codes by which AWS says "not now", having done nothing. The general ones are those that the AWS SDKs retry as
/// throttling ("Retry behavior" in the AWS SDKs and Tools Reference Guide; `aws_runtime::retries::classifiers`), but for
/// two: `LimitExceededException` is also said of quotas, which do not pass by themselves, and
/// `TransactionInProgressException` leaves open what becomes of the transaction. The last six are of one service each.
const THROTTLING: [&str; 17] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    // SNS, with status 429 (Publish in the API reference).
    "Throttled",
    // SNS, of an encrypted topic's key (Publish).
    "KMSThrottling",
    // The same in newer SDK models.
    "KMSThrottlingException",
    // SSM: concurrent updates of one parameter (PutParameter in the API reference).
    "TooManyUpdates",
    // Application Auto Scaling, with status 500: an update of the same target is pending (PutScalingPolicy).
    "ConcurrentUpdateException",
    // Application Auto Scaling: it could not read or make the alarms of a policy for now (PutScalingPolicy,
    // DescribeScalingPolicies).
    "FailedResourceAccessException",
];

/// Error codes with a status of 4xx that still leave open whether something was done.
const UNCLEAR: [&str; 3] = [
    "RequestTimeout",
    "RequestTimeoutException",
    // DynamoDB: an earlier attempt of the same transaction is still at work (TransactWriteItems in the API reference).
    "TransactionInProgressException",
];

/// Tells apart what went wrong with `call`, which is the API's name for it.
pub(crate) fn port_error<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let Some(credentials) = find::<CredentialsError>(&error) {
        return credentials_error(call, credentials);
    }
    match &error {
        SdkError::ServiceError(answer) => {
            service_error(call, answer.err(), answer.raw().status().as_u16())
        }
        SdkError::ConstructionFailure(_) => {
            PortError::Refused { call, code: "ConstructionFailure".to_owned(), text: chain(&error) }
        }
        // A timeout, a lost connection, an answer that cannot be read; and whatever the SDK may add.
        _ => PortError::Unclear { call, text: chain(&error) },
    }
}

/// An answer that was read but lacks what the API reference promises.
pub(crate) fn unclear(call: &'static str, text: impl Into<String>) -> PortError {
    PortError::Unclear { call, text: text.into() }
}

/// A request that was not sent because the SDK found something missing in it.
pub(crate) fn not_built(call: &'static str, error: &dyn Error) -> PortError {
    PortError::Refused { call, code: "ConstructionFailure".to_owned(), text: chain(error) }
}

fn service_error<E: ProvideErrorMetadata + Error>(
    call: &'static str,
    error: &E,
    status: u16,
) -> PortError {
    let code = error.code().unwrap_or_default();
    let message = one_line(error.message().unwrap_or_default());
    if THROTTLING.contains(&code) || status == 429 {
        return PortError::Throttled { call, text: told(code, &message, status) };
    }
    if UNCLEAR.contains(&code) || !(400..500).contains(&status) {
        return PortError::Unclear { call, text: told(code, &message, status) };
    }
    let code = if code.is_empty() { status.to_string() } else { code.to_owned() };
    let text = if message.is_empty() { chain(error) } else { message };
    PortError::Refused { call, code, text }
}

/// Without credentials nothing is sent. A source of them that does not answer may do so later; that there is none, or
/// that what was found cannot be used, does not pass by itself.
fn credentials_error(call: &'static str, error: &CredentialsError) -> PortError {
    let text = chain(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) => PortError::Refused {
            call,
            code: "MissingCredentials".to_owned(),
            text: format!("no credentials found in environment, profile or role: {text}"),
        },
        CredentialsError::InvalidConfiguration(_) => {
            PortError::Refused { call, code: "InvalidCredentials".to_owned(), text }
        }
        _ => PortError::Unclear { call, text },
    }
}

fn told(code: &str, message: &str, status: u16) -> String {
    match (code, message) {
        ("", "") => format!("status {status}"),
        ("", message) => format!("status {status}: {message}"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

/// The error and what caused it, on one line. What only repeats the words before it is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = one_line(&error.to_string());
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first error of type `T` in the chain.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<T>())
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug)]
    struct Answered(ErrorMetadata);

    impl std::fmt::Display for Answered {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("unhandled error")
        }
    }

    impl Error for Answered {}

    impl ProvideErrorMetadata for Answered {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn answered(status: u16, code: &str, message: &str) -> PortError {
        let mut meta = ErrorMetadata::builder();
        if !code.is_empty() {
            meta = meta.code(code);
        }
        if !message.is_empty() {
            meta = meta.message(message);
        }
        let status = status.try_into().expect("a status");
        let raw = HttpResponse::new(status, SdkBody::empty());
        port_error("AnyCall", SdkError::service_error(Answered(meta.build()), raw))
    }

    fn kind(error: &PortError) -> &'static str {
        match error {
            PortError::Throttled { .. } => "throttled",
            PortError::Refused { .. } => "refused",
            PortError::Unclear { .. } => "unclear",
        }
    }

    #[test]
    fn an_answer_is_told_apart_by_its_code_and_then_by_its_status() {
        let cases = [
            (400, "ThrottlingException", "throttled"),
            (400, "Throttling", "throttled"),
            (400, "ProvisionedThroughputExceededException", "throttled"),
            (400, "RequestLimitExceeded", "throttled"),
            (400, "TooManyUpdates", "throttled"),
            (500, "ConcurrentUpdateException", "throttled"),
            (400, "FailedResourceAccessException", "throttled"),
            (500, "InternalServiceException", "unclear"),
            (400, "ObjectNotFoundException", "refused"),
            (400, "KMSThrottling", "throttled"),
            (429, "Throttled", "throttled"),
            (429, "", "throttled"),
            (429, "SomethingNew", "throttled"),
            (503, "SlowDown", "throttled"),
            (500, "ServerException", "unclear"),
            (500, "InternalServerError", "unclear"),
            (503, "", "unclear"),
            (302, "", "unclear"),
            (408, "RequestTimeout", "unclear"),
            (400, "TransactionInProgressException", "unclear"),
            (400, "AccessDeniedException", "refused"),
            (403, "AccessDenied", "refused"),
            (400, "ExpiredTokenException", "refused"),
            (400, "LimitExceededException", "refused"),
            (400, "InvalidParameterException", "refused"),
            (404, "", "refused"),
        ];
        for (status, code, expected) in cases {
            assert_eq!(kind(&answered(status, code, "")), expected, "{status} {code}");
        }
    }

    #[test]
    fn every_code_of_throttling_is_throttling_at_any_status() {
        for code in THROTTLING {
            for status in [400, 429, 500, 503] {
                assert_eq!(kind(&answered(status, code, "")), "throttled", "{status} {code}");
            }
        }
    }

    #[test]
    fn a_refusal_keeps_code_and_message_on_one_line() {
        assert_eq!(
            answered(400, "AccessDeniedException", "User is not authorized\n to perform: x"),
            PortError::Refused {
                call: "AnyCall",
                code: "AccessDeniedException".to_owned(),
                text: "User is not authorized to perform: x".to_owned(),
            }
        );
    }

    #[test]
    fn a_refusal_without_words_has_its_status_as_code() {
        assert_eq!(answered(404, "", "").to_string(), "AnyCall was refused (404: unhandled error)");
    }

    #[test]
    fn no_answer_is_unclear_and_says_what_was_seen() {
        let timeout = SdkError::<Answered, HttpResponse>::timeout_error("took 2 s");
        assert_eq!(
            port_error("AnyCall", timeout).to_string(),
            "AnyCall gave no clear answer (request has timed out: took 2 s)"
        );
        let raw = HttpResponse::new(200.try_into().expect("a status"), SdkBody::empty());
        let garbled = SdkError::<Answered, HttpResponse>::response_error("not JSON", raw);
        assert_eq!(kind(&port_error("AnyCall", garbled)), "unclear");
    }

    #[test]
    fn a_request_that_cannot_be_built_is_refused() {
        let error = SdkError::<Answered, HttpResponse>::construction_failure("`cluster` is empty");
        assert_eq!(
            port_error("AnyCall", error).to_string(),
            "AnyCall was refused (ConstructionFailure: failed to construct request: `cluster` is empty)"
        );
    }

    #[test]
    fn missing_credentials_are_refused_and_slow_ones_are_not() {
        let failed = |error: CredentialsError| {
            port_error("AnyCall", SdkError::<Answered, HttpResponse>::construction_failure(error))
        };
        let missing = failed(CredentialsError::not_loaded("nothing in the chain"));
        assert!(missing.to_string().contains("MissingCredentials"), "{missing}");
        assert!(missing.to_string().contains("nothing in the chain"), "{missing}");
        let slow = failed(CredentialsError::provider_timed_out(std::time::Duration::from_secs(1)));
        assert_eq!(kind(&slow), "unclear");
        assert_eq!(kind(&failed(CredentialsError::invalid_configuration("a loop"))), "refused");
    }
}
