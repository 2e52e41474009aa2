//! What every test needs: clients of a loopback endpoint.

use std::time::Duration;

use aws_config::{ConfigLoader, Region};
use aws_credential_types::Credentials;
use steady_aws::client::{Aws, Settings};
use steady_core::ledger::Proven;
use steady_core::name::ServiceKey;
use steady_local_aws::{LocalAws, Setup};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ACCOUNT: &str = "111122223333";

/// Names all that `aws-config` would otherwise look for outside.
pub(crate) fn loader(endpoint: &str) -> ConfigLoader {
    ConfigLoader::default()
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "test"))
        .endpoint_url(endpoint)
}

/// The settings of an account, but for shorter waits between attempts: time enough for a busy machine.
pub(crate) fn patient() -> Settings {
    Settings {
        connect_timeout: Duration::from_secs(10),
        attempt_timeout: Duration::from_secs(20),
        operation_timeout: Duration::from_secs(60),
        initial_backoff: Duration::from_millis(1),
        ..Settings::default()
    }
}

pub(crate) async fn aws_at(endpoint: &str, settings: Settings) -> Aws {
    Aws::of(loader(endpoint), settings).await.expect("a region")
}

pub(crate) fn checkout() -> ServiceKey {
    ServiceKey::new("prod", "checkout")
}

/// As a rollback asks for it.
pub(crate) fn proven(revision: &str) -> Proven {
    Proven {
        revision: revision.into(),
        deployment: "ecs-svc/1".into(),
        service_revision: None,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// An AWS of its own for each test, with the table `records`.
pub(crate) async fn start() -> LocalAws {
    let setup = Setup {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        seed: 1,
        start: "2026-11-21T02:00:00Z".parse().expect("a time"),
    };
    let local = LocalAws::start(setup).await.expect("a port");
    local.create_record_table("records").expect("a table");
    local
}
