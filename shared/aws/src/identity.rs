//! STS: who calls. Asked by the command alone, for the name that its changes bear.

use aws_sdk_sts::Client;
use steady_core::name::Account;
use steady_core::port::PortError;

use crate::error::{port_error, unclear};

/// The caller's identity.
#[derive(Debug, Clone)]
pub struct Identity {
    client: Client,
}

/// Whoever the credentials are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// The last part of the ARN: a user's name, or a role session's, which IAM Identity Center makes the person's:
    /// `ana@example.org` of `arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_0a1b/ana@example.org`.
    pub name: String,
}

impl Identity {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Who calls: GetCallerIdentity, which needs no permission (AWS STS API reference).
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn caller(&self) -> Result<Caller, PortError> {
        const CALL: &str = "GetCallerIdentity";
        let answer = self.client.get_caller_identity().send().await;
        let answer = answer.map_err(|error| port_error(CALL, error))?;
        let name = answer.arn().and_then(name_of);
        match (answer.account(), name) {
            (Some(account), Some(name)) => {
                Ok(Caller { account: account.into(), name: name.to_owned() })
            }
            _ => Err(unclear(CALL, "an answer without an account or a name")),
        }
    }
}

/// `user/ana`, `assumed-role/ops/ana`, `root`: what comes last.
fn name_of(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    resource.rsplit('/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_comes_last_in_the_arn() {
        let cases = [
            ("arn:aws:iam::111122223333:user/ops/ana", Some("ana")),
            (
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_0a1b/ana@example.org",
                Some("ana@example.org"),
            ),
            ("arn:aws:iam::111122223333:root", Some("root")),
            ("arn:aws:iam::111122223333:user/", None),
            ("ana", None),
        ];
        for (arn, name) in cases {
            assert_eq!(name_of(arn), name, "{arn}");
        }
    }
}
