//! Whose name a change bears.

use steady_core::name::Account as AccountId;

use super::Account;
use crate::exit::Failure;

/// Whose name a change bears.
#[derive(Debug, clap::Args)]
pub(crate) struct Who {
    /// Your name, in records and notices; by default that of the AWS identity that calls
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// A person, in an account.
pub(crate) struct Person {
    pub(crate) name: String,
    /// `None` where the person gave a name, and AWS was not asked.
    pub(crate) account: Option<AccountId>,
}

impl Who {
    pub(crate) async fn person(&self, account: &Account<'_>) -> Result<Person, Failure> {
        if let Some(name) = &self.by {
            return Ok(Person { name: name.clone(), account: None });
        }
        match account.aws.identity().caller().await {
            Ok(caller) => Ok(Person { name: caller.name, account: Some(caller.account) }),
            Err(error) => Err(account.failure(&error)),
        }
    }
}
