//! What the verbs that speak to AWS have in common: which account, as whom, and what is said when it does not work.
//!
//! Credentials and region come from where the AWS CLI has them. Which table and which parameters are Steady's is said by
//! the names that the functions know them by.

mod person;
mod tree;
mod trouble;
mod who;

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use steady_aws::client::{Aws, Settings};
use steady_aws::parameters::Parameters;
use steady_aws::table::Table;
use steady_core::name::ServiceKey;
use steady_core::port::PortError;

use crate::exit::Failure;
pub(crate) use person::Person;
pub(crate) use tree::checked;
pub(crate) use who::Who;

/// Which account and region, and what in it is Steady's.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct Place {
    /// Profile of the AWS CLI, with access keys or a role to assume
    #[arg(long, value_name = "NAME", env = "AWS_PROFILE", hide_env_values = true)]
    profile: Option<String>,
    /// Region; by default that of the environment or the profile
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Steady's table of records
    #[arg(
        long,
        value_name = "NAME",
        env = "STEADY_TABLE",
        hide_env_values = true,
        default_value = "steady"
    )]
    table: String,
    /// The parameters that hold the config are below this path
    #[arg(
        long,
        value_name = "PATH",
        env = "STEADY_CONFIG_PREFIX",
        hide_env_values = true,
        default_value = steady_aws::parameters::PREFIX
    )]
    config_prefix: String,
}

/// An account, reached.
pub(crate) struct Account<'a> {
    pub(crate) aws: Aws,
    place: &'a Place,
}

impl Place {
    /// For a command that needs nothing of Steady's there.
    pub(crate) fn of(profile: Option<&str>, region: Option<&str>) -> Self {
        Self {
            profile: profile.map(str::to_owned),
            region: region.map(str::to_owned),
            table: String::new(),
            config_prefix: String::new(),
        }
    }

    /// Finds region and credentials. The credentials are read with the first call.
    pub(crate) async fn open(&self) -> Result<Account<'_>, Failure> {
        let aws = Aws::load_as(self.profile.as_deref(), self.region.as_deref(), patient()).await;
        match aws {
            Ok(aws) => Ok(Account { aws, place: self }),
            Err(error) => Err(trouble::failure(&error, self, "")),
        }
    }
}

impl Account<'_> {
    /// The region that is called.
    pub(crate) fn region(&self) -> &str {
        self.aws.region()
    }

    pub(crate) fn table(&self) -> Table {
        self.aws.table(&self.place.table)
    }

    pub(crate) fn parameters(&self) -> Parameters {
        self.aws.parameters(&self.place.config_prefix)
    }

    /// An error as a person can act on it.
    pub(crate) fn failure(&self, error: &PortError) -> Failure {
        trouble::failure(error, self.place, self.region())
    }

    /// Where nothing is known of a service: the name may be wrong, or the place.
    pub(crate) fn unknown(&self, service: &ServiceKey) -> Failure {
        Failure::Usage(format!(
            "nothing is known of service `{service}` in table `{}`, {}: is that its cluster and name, and the region? Steady knows a service from its first event, or within an hour",
            self.place.table,
            self.region(),
        ))
    }
}

/// A person waits rather than sees an error: longer, and more often, than a function.
fn patient() -> Settings {
    let seconds = std::time::Duration::from_secs;
    Settings {
        connect_timeout: seconds(3),
        attempt_timeout: seconds(5),
        operation_timeout: seconds(20),
        attempts: 5,
        initial_backoff: std::time::Duration::from_millis(100),
        ..Settings::default()
    }
}

/// Runs what speaks to AWS, in this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Unable(format!("cannot run: {error}")))?;
    runtime.block_on(work)
}

/// What is said of a record that makes no sense: `what` it is about, and the likely reason.
pub(crate) fn not_understood(what: &dyn Display, error: &dyn Display) -> String {
    format!("{what}: {error}; is this command older than the functions?")
}

/// The SDK's futures nest deeper than the compiler follows in one type.
pub(crate) fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "a command that changes an account acts now")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// `prod/checkout`, as an argument.
pub(crate) fn service(text: &str) -> Result<ServiceKey, String> {
    let is_name = |name: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        (1..=255).contains(&name.len()) && name.chars().all(is_allowed)
    };
    match text.split_once('/') {
        Some((cluster, name)) if is_name(cluster) && is_name(name) => Ok(text.into()),
        _ => Err("expected cluster and service, such as `prod/checkout`".to_owned()),
    }
}

/// `2026-11-27T20:30:00Z`, as an argument.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected a time such as `2026-11-27T20:30:00Z`".to_owned())
}

/// Nobody means more, and the end of time is not far beyond.
const LONGEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(3_650 * 24);

/// `20`, as an argument: so many tasks.
pub(crate) fn tasks(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a whole number of tasks, such as `20`".to_owned())
}

/// `2h`, as an argument: how long something holds from now on.
pub(crate) fn duration(text: &str) -> Result<jiff::SignedDuration, String> {
    match steady_core::config::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("expected more than nothing".to_owned()),
        Ok(duration) if duration > LONGEST => Err("expected at most 10 years, `3650d`".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; expected a duration such as `30m`, `2h` or `1d`")),
    }
}
