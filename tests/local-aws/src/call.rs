//! What the log says of a call: who asked what of which service, and how it ended.

use serde_json::Value;

use crate::fault::What;

/// One call, as it reached the front.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number, from 1, in the order of arrival; [`When::Call`](crate::When::Call) counts the same.
    pub number: u64,
    /// The service by its signing name: `ecs`, `application-autoscaling`, `monitoring` (CloudWatch), `ssm`, `sns`,
    /// `logs`, `dynamodb`; of an unknown service what the signature's
    /// scope says, or `unknown`.
    pub service: String,
    /// The operation: `UpdateService`. Of a request that names none, method and path: `GET /`.
    pub operation: String,
    /// The access key id of the signature: tests tell callers apart by giving each its own. Empty where a request is unsigned.
    pub caller: String,
    /// What was asked: the JSON as it came; of SNS the form as an object of texts, names as on the wire
    /// (`{"Action":"Publish","MessageAttributes.entry.1.Name":"severity",…}`). A body that cannot be read is its text.
    pub request: Value,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended, seen from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Not yet: the service is at it, or the client went away meanwhile.
    Open,
    /// Answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The error code without its namespace (`ServiceNotFoundException`); `None` for success.
        error: Option<String>,
    },
    /// A fault was injected, and this is which one. With [`What::AnswerLost`] the call was carried out, with every other not.
    Faulted(What),
}

impl Outcome {
    /// The error code that was answered, or `None`: success, or no answer at all.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Answered { error, .. } => error.as_deref(),
            Self::Open | Self::Faulted(_) => None,
        }
    }
}
