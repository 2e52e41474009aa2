//! What AWS's errors ask of a person.

use steady_core::port::PortError;

use super::Place;
use crate::exit::Failure;

/// Codes for "these credentials do not hold": expired, revoked, mistyped.
const NOT_YOU: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// Codes for "you may not".
const NOT_ALLOWED: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"];

/// The calls to DynamoDB, of which `ResourceNotFoundException` speaks of the table.
const OF_THE_TABLE: [&str; 5] = ["Query", "Scan", "GetItem", "UpdateItem", "TransactWriteItems"];

pub(super) fn failure(error: &PortError, place: &Place, region: &str) -> Failure {
    Failure::Unable(match error {
        PortError::Refused { call, code, text } => refused(call, code, text, place, region),
        PortError::Throttled { .. } => format!("{error}; try again in a minute"),
        PortError::Unclear { call, .. } if is_write(call) => {
            format!("{error}; whether it was done is not known: look before you repeat it")
        }
        PortError::Unclear { .. } => {
            format!("{error}; is the network there, and the region right?")
        }
    })
}

fn refused(call: &str, code: &str, text: &str, place: &Place, region: &str) -> String {
    match code {
        "MissingRegion" => {
            "no region is set: use `--region eu-west-1`, `AWS_REGION`, or the profile's `region`"
                .to_owned()
        }
        "MissingCredentials" => {
            no_credentials("none in the environment, the profile, or the role of this machine")
        }
        "InvalidCredentials" => no_credentials(text),
        "ResourceNotFoundException" if OF_THE_TABLE.contains(&call) => format!(
            "there is no table `{}` in {region}: is Steady installed in this account and region? Another name is given with `--table` or `STEADY_TABLE`",
            place.table,
        ),
        code if NOT_YOU.contains(&code) => {
            format!(
                "AWS does not take these credentials ({code}: {text}): are they expired? Sign in again"
            )
        }
        code if NOT_ALLOWED.contains(&code) => format!(
            "you are not allowed to call {call} ({code}: {text}); which actions a command needs is in docs/commands.md under \"Permissions\""
        ),
        code => format!("{call} was refused ({code}: {text})"),
    }
}

fn no_credentials(why: &str) -> String {
    format!(
        "no AWS credentials: {why}. Name a profile (`--profile`) or set `AWS_ACCESS_KEY_ID` and its companions. A profile of IAM Identity Center (`aws sso login`) or with `credential_process` has to be exported first: eval \"$(aws configure export-credentials --profile NAME --format env)\""
    )
}

fn is_write(call: &str) -> bool {
    ["UpdateItem", "TransactWriteItems", "PutParameter", "DeleteParameters"].contains(&call)
}
