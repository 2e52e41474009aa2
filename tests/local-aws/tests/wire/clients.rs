//! An embedded AWS and SDK clients for it. One try per call unless a test asks for more, so that a call is one line of the log.

use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use steady_local_aws::{Call, LocalAws, Setup};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

pub(crate) fn setup() -> Setup {
    Setup {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        seed: 1,
        start: "2026-11-21T02:00:00Z".parse().unwrap(),
    }
}

pub(crate) async fn start() -> LocalAws {
    LocalAws::start(setup()).await.unwrap()
}

/// A caller with an access key of its own.
pub(crate) struct Caller<'a> {
    pub(crate) aws: &'a LocalAws,
    pub(crate) access_key: &'a str,
    pub(crate) tries: u32,
    pub(crate) patience: Duration,
}

pub(crate) fn caller(aws: &LocalAws) -> Caller<'_> {
    Caller { aws, access_key: "AKIDTEST", tries: 1, patience: Duration::from_secs(20) }
}

pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

macro_rules! client {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name(&self) -> $sdk::Client {
            let key = Credentials::new(self.access_key, "secret", None, None, "test");
            let retry = RetryConfig::standard()
                .with_max_attempts(self.tries)
                .with_initial_backoff(Duration::from_millis(1));
            let timeout = TimeoutConfig::builder().operation_attempt_timeout(self.patience).build();
            $sdk::Client::from_conf(
                $sdk::Config::builder()
                    .behavior_version(BehaviorVersion::v2026_01_12())
                    .endpoint_url(self.aws.endpoint())
                    .region(Region::new(REGION))
                    .credentials_provider(key)
                    .http_client(http())
                    .retry_config(retry)
                    .timeout_config(timeout)
                    .build(),
            )
        }
    };
}

impl Caller<'_> {
    client!(ecs, aws_sdk_ecs);
    client!(scaling, aws_sdk_applicationautoscaling);
    client!(cloudwatch, aws_sdk_cloudwatch);
    client!(ssm, aws_sdk_ssm);
    client!(sns, aws_sdk_sns);
    client!(logs, aws_sdk_cloudwatchlogs);
    client!(dynamodb, aws_sdk_dynamodb);
}

/// What the log says in short: `ssm PutParameter`.
pub(crate) fn asked(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}", call.service, call.operation)).collect()
}

/// The error code that the SDK read, of any operation.
macro_rules! code {
    ($result:expr) => {
        crate::clients::refusal!($result).0
    };
}

/// The HTTP status and the error code that the SDK read.
macro_rules! status {
    ($result:expr) => {{
        use aws_sdk_ecs::error::ProvideErrorMetadata as _;
        let error = $result.await.unwrap_err();
        let status = error.raw_response().unwrap().status().as_u16();
        (status, error.code().unwrap_or_default().to_owned())
    }};
}

/// The error code and message that the SDK read.
macro_rules! refusal {
    ($result:expr) => {{
        use aws_sdk_ecs::error::ProvideErrorMetadata as _;
        let error = $result.await.unwrap_err();
        (
            error.code().unwrap_or_default().to_owned(),
            error.message().unwrap_or_default().to_owned(),
        )
    }};
}

pub(crate) use {code, refusal, status};
