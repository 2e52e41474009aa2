//! AWS STS: GetCallerIdentity. There is no IAM here, so whoever signs with an access key is the user of that name.
//!
//! Answer: AWS STS API Reference, GetCallerIdentity.

use crate::answer::{Refusal, escape_xml};
use crate::front::unknown_operation;
use crate::local_aws::State;
use crate::request::Request;

/// The inside of the operation's result element.
pub(crate) fn answer(state: &State, request: &Request) -> Result<String, Refusal> {
    if request.operation != "GetCallerIdentity" {
        return Err(unknown_operation(request));
    }
    let (account, user) = (&state.setup.account, escape_xml(&request.caller));
    Ok(format!(
        "<Arn>arn:aws:iam::{account}:user/{user}</Arn><UserId>{user}</UserId><Account>{account}</Account>"
    ))
}
