//! What ECS answers when it refuses.
//!
//! Codes are those of the service model (`AmazonEC2ContainerServiceV20141113`, the `errors` of each operation).
//! Messages are AWS's own words where they are published; where none are, the constructor says so.

use thiserror::Error;

/// A refusal, as the wire has it: `__type` and `message`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The error's name: `"ServiceNotFoundException"`.
    pub code: String,
    /// What AWS says: `"Service not found."`.
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// `InvalidParameterException`: "The specified parameter isn't valid" (ECS service model).
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// `ClientException`: "specifying an identifier that isn't valid" (ECS service model).
    pub(crate) fn client(message: impl Into<String>) -> Self {
        Self::new("ClientException", message)
    }

    /// A required member (`required` in the service model) is missing or empty. The wording is published for lists
    /// only (`Tasks cannot be empty.`); single members follow it.
    pub(crate) fn missing(member: &str) -> Self {
        let mut letters = member.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        Self::invalid(format!("{first}{} cannot be empty.", letters.as_str()))
    }

    /// More than the API reference allows in one list. No message is published.
    pub(crate) fn too_many(member: &str, most: usize) -> Self {
        Self::invalid(format!("{member} cannot have more than {most} elements."))
    }

    /// A member of another type than the model's. JSON protocols of AWS answer `SerializationException`.
    pub(crate) fn wrong_type(member: &str, wanted: &str) -> Self {
        Self::new("SerializationException", format!("{member} can not be converted to {wanted}"))
    }

    /// `UnknownOperationException`: what AWS's JSON protocols answer for an `X-Amz-Target` that is no operation.
    pub(crate) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "")
    }

    /// `ClusterNotFoundException`, with AWS's message.
    pub(crate) fn no_cluster() -> Self {
        Self::new("ClusterNotFoundException", "Cluster not found.")
    }

    /// `ServiceNotFoundException`, with AWS's message.
    pub(crate) fn no_service() -> Self {
        Self::new("ServiceNotFoundException", "Service not found.")
    }

    /// What is real in ECS and not simulated yet: better refused than answered wrongly.
    pub(crate) fn not_simulated(what: &str) -> Self {
        Self::new("UnsupportedFeatureException", format!("{what} is not simulated"))
    }
}
