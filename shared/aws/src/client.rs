//! The clients, and the one place where TLS, timeouts and retries are chosen.
//!
//! | calls | attempts | why |
//! |---|---|---|
//! | reads (ECS, Application Auto Scaling, CloudWatch, SSM, DynamoDB, Logs) | 3, standard mode, backoff at most 50 and 100 ms | A read may be repeated at will. Throttling is usual on ECS and SSM, whose rates are shared with everything in the account, starting tasks included. |
//! | changes to ECS | 1 | Only a new look at the service tells whether a call without an answer was done: a second UpdateService could overtake somebody's deployment. |
//! | changes to scaling and alarms | 1 | Whoever makes them plans anew from what is live, at its own pace: rates of writes are low (3 PutScalingPolicy a second) and shared. |
//! | conditional writes (DynamoDB) | 3 | Throttling deserves it, and a condition keeps a repeat from writing twice. See [`Table`]'s `save` for what a lost answer then looks like. |
//! | PutParameter (SSM), Publish (SNS) | 3 | The same text once more is a further version, or a message that comes twice. Each message carries its id, and SNS delivers at least once anyway. |
//!
//! The timeouts are those of [`Settings`]. Standard mode also keeps a quota of retries for each service in a process (500
//! tokens; a retry takes 5, after a timeout 10, and a success gives back: AWS SDKs and Tools Reference Guide, "Retry
//! behavior"), so that an outage is not met with three times the load. An error tells of the last attempt: where that was
//! throttled, an earlier one without an answer may still have been done.
//!
//! TLS is **ring**, not aws-lc: aws-lc gathers CPU jitter entropy at its first use, which costs 35–47 ms in the first
//! call over TLS; ring needs 2.3–2.8 ms and makes a binary 2 MB smaller. The alternative, building aws-lc without jitter
//! entropy, is an environment variable that no build may forget. What is traded: ring is not validated for FIPS.
//! `deny.toml` keeps aws-lc out.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use steady_core::port::PortError;

use crate::alarms::Alarms;
use crate::ecs::Ecs;
use crate::identity::Identity;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::parameters::Parameters;
use crate::scaling::Scaling;
use crate::table::Table;
use crate::throttles::Throttles;
use crate::topics::Topics;

/// How long a call may take and how often it is tried. [`Settings::default`] is what runs in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// For making a connection: 1 s. The endpoints are in the same region, a few milliseconds away; a connection that
    /// takes longer is lost.
    pub connect_timeout: Duration,
    /// For one attempt, connecting included: 2 s, several times the slowest usual answer of these APIs.
    pub attempt_timeout: Duration,
    /// For one call with all its attempts: 5 s. Several calls must fit into one invocation.
    pub operation_timeout: Duration,
    /// How often a call is tried, the first time included: 3; 0 counts as 1. Changes to ECS, to scaling and to alarms are
    /// tried once whatever this says.
    pub attempts: u32,
    /// The longest wait before the second attempt, 50 ms; it doubles before each further one, and the actual wait is a
    /// random part of it. Short, since a function's waiting is paid for and the queue behind it repeats anyway.
    pub initial_backoff: Duration,
    /// Between two writes of scaling in one invocation: 1 s. See [`crate::function::scaling::Paced`].
    pub between_writes: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            attempt_timeout: Duration::from_secs(2),
            operation_timeout: Duration::from_secs(5),
            attempts: 3,
            initial_backoff: Duration::from_millis(50),
            between_writes: Duration::from_secs(1),
        }
    }
}

/// An account and region, and how its APIs are called. The adapters made of one share its connections and
/// credentials: make it once, at start.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    settings: Settings,
    throttles: Throttles,
}

impl Aws {
    /// From where the AWS SDK and the AWS CLI look: environment, profile, web identity, container and instance
    /// metadata. `AWS_ENDPOINT_URL` moves all services elsewhere. (AWS SDKs and Tools Reference Guide,
    /// "Configuration".) Credentials of IAM Identity Center (`aws sso login`) and of `credential_process` are not looked
    /// for: they would bring two more SDK crates into every function.
    ///
    /// Credentials are read with the first call.
    ///
    /// # Errors
    /// [`PortError::Refused`] with code `MissingRegion` if no region is found.
    pub async fn load(settings: Settings) -> Result<Self, PortError> {
        Self::of(aws_config::defaults(behavior_version()), settings).await
    }

    /// As [`Aws::load`], of this profile and region where they are given.
    ///
    /// # Errors
    /// As [`Aws::load`].
    pub async fn load_as(
        profile: Option<&str>,
        region: Option<&str>,
        settings: Settings,
    ) -> Result<Self, PortError> {
        let mut loader = aws_config::defaults(behavior_version());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(aws_config::Region::new(region.to_owned()));
        }
        Self::of(loader, settings).await
    }

    /// From a loader of the caller's, which may name region, credentials and endpoint itself.
    ///
    /// # Errors
    /// As [`Aws::load`].
    pub async fn of(loader: ConfigLoader, settings: Settings) -> Result<Self, PortError> {
        let config = loader
            .behavior_version(behavior_version())
            .http_client(http())
            .timeout_config(timeouts(settings.attempt_timeout, &settings))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(settings.attempts.max(1))
                    .with_initial_backoff(settings.initial_backoff),
            )
            // Every answer is small and read whole within the attempt's time, so a stalled one ends there. The
            // protection's own grace is longer than that, and it would watch each body for nothing.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .load()
            .await;
        if config.region().is_none() {
            return Err(PortError::Refused {
                call: "configuration",
                code: "MissingRegion".to_owned(),
                text: "no region is set, neither by `AWS_REGION` nor by the profile".to_owned(),
            });
        }
        Ok(Self { config, settings, throttles: Throttles::default() })
    }

    /// The region that is called: `eu-west-1`.
    pub fn region(&self) -> &str {
        self.config.region().map_or("", |region| region.as_ref())
    }

    /// Of all clients made of this one.
    pub fn throttles(&self) -> &Throttles {
        &self.throttles
    }

    /// Between two writes of scaling.
    pub(crate) fn between_writes(&self) -> Duration {
        self.settings.between_writes
    }

    /// ECS, to read and to change.
    pub fn ecs(&self) -> Ecs {
        let once = self
            .ecs_config()
            .retry_config(RetryConfig::disabled())
            // Its only attempt has all of the call's time.
            .timeout_config(timeouts(self.settings.operation_timeout, &self.settings));
        Ecs::new(
            aws_sdk_ecs::Client::from_conf(self.ecs_config().build()),
            aws_sdk_ecs::Client::from_conf(once.build()),
        )
    }

    fn ecs_config(&self) -> aws_sdk_ecs::config::Builder {
        let config = aws_sdk_ecs::config::Builder::from(&self.config);
        config.interceptor(self.throttles.of("ecs"))
    }

    /// The table of records, by its name or ARN.
    pub fn table(&self, name: &str) -> Table {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.config)
            .interceptor(self.throttles.of("dynamodb"));
        Table::new(aws_sdk_dynamodb::Client::from_conf(config.build()), name)
    }

    /// Config as parameters below `prefix`, usually [`parameters::PREFIX`](crate::parameters::PREFIX).
    pub fn parameters(&self, prefix: &str) -> Parameters {
        let config =
            aws_sdk_ssm::config::Builder::from(&self.config).interceptor(self.throttles.of("ssm"));
        Parameters::new(aws_sdk_ssm::Client::from_conf(config.build()), prefix)
    }

    /// Topics; `default_topic` is the ARN of the one for messages that name none.
    pub fn topics(&self, default_topic: &str) -> Topics {
        let config =
            aws_sdk_sns::config::Builder::from(&self.config).interceptor(self.throttles.of("sns"));
        Topics::new(aws_sdk_sns::Client::from_conf(config.build()), default_topic)
    }

    /// Who calls.
    pub fn identity(&self) -> Identity {
        Identity::new(aws_sdk_sts::Client::new(&self.config))
    }

    /// The scaling of ECS services, to read and to change.
    pub fn scaling(&self) -> Scaling {
        let config = || {
            aws_sdk_applicationautoscaling::config::Builder::from(&self.config)
                .interceptor(self.throttles.of("applicationautoscaling"))
        };
        let once = config()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(self.settings.operation_timeout, &self.settings));
        Scaling::new(
            aws_sdk_applicationautoscaling::Client::from_conf(config().build()),
            aws_sdk_applicationautoscaling::Client::from_conf(once.build()),
            self.alarms(),
            aws_sdk_ecs::Client::from_conf(self.ecs_config().build()),
        )
    }

    /// CloudWatch's alarms.
    pub fn alarms(&self) -> Alarms {
        let once = self
            .cloudwatch_config()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(self.settings.operation_timeout, &self.settings));
        Alarms::new(
            aws_sdk_cloudwatch::Client::from_conf(self.cloudwatch_config().build()),
            aws_sdk_cloudwatch::Client::from_conf(once.build()),
        )
    }

    /// CloudWatch's metrics.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(aws_sdk_cloudwatch::Client::from_conf(self.cloudwatch_config().build()))
    }

    fn cloudwatch_config(&self) -> aws_sdk_cloudwatch::config::Builder {
        let config = aws_sdk_cloudwatch::config::Builder::from(&self.config);
        config.interceptor(self.throttles.of("cloudwatch"))
    }

    /// The logs of containers.
    pub fn logs(&self) -> Logs {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(&self.config)
            .interceptor(self.throttles.of("cloudwatchlogs"));
        Logs::new(aws_sdk_cloudwatchlogs::Client::from_conf(config.build()))
    }
}

/// The connector: HTTP and HTTPS, with ring.
pub fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// The SDK's defaults of a date: written down, so that an update of the SDK does not change how Steady behaves.
fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn timeouts(attempt: Duration, settings: &Settings) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(attempt)
        .operation_timeout(settings.operation_timeout)
        .build()
}
