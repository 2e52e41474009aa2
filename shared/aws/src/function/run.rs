//! What every function's `main` does: logs, settings, clients, handler, run; and what was counted, after each invocation.

use std::pin::Pin;
use std::process::ExitCode;

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use steady_core::name::Arn;
use tracing::Level;

use super::emf::Emf;
use super::settings::{self, Settings, SettingsError};
use super::{Invocation, log};
use crate::client::{Aws, Settings as Timing};

/// The machine's clock, as handlers are given it.
pub type Clock = fn() -> Timestamp;

/// Runs a function until Lambda ends it: `new` makes it, once, and `handle` is called for each invocation, one after the
/// other. An error of `handle` is the invocation's, and counts among the function's errors.
///
/// The environment is read here and nowhere else ([`Settings::read`]; region, credentials and `AWS_ENDPOINT_URL` by
/// `aws-config`). What cannot run says why in the log, and ends with a failure.
pub async fn run<Function, Event, Answer>(
    new: impl FnOnce(&Aws, &Settings) -> Function,
    handle: impl AsyncFn(&Function, Event, &Invocation, Clock) -> Result<Answer, Error>,
) -> ExitCode
where
    Event: DeserializeOwned,
    Answer: Serialize,
{
    #[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
    let variable = |name: &str| std::env::var(name).ok();
    let level = settings::log_level(variable);
    log::to_stdout(*level.as_ref().unwrap_or(&Level::INFO));
    match serve(level, variable, new, handle).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => log::cannot_run(&*error),
    }
}

async fn serve<Function, Event, Answer>(
    level: Result<Level, SettingsError>,
    variable: impl Fn(&str) -> Option<String>,
    new: impl FnOnce(&Aws, &Settings) -> Function,
    handle: impl AsyncFn(&Function, Event, &Invocation, Clock) -> Result<Answer, Error>,
) -> Result<(), Error>
where
    Event: DeserializeOwned,
    Answer: Serialize,
{
    let (level, settings) = (level?, Settings::read(variable)?);
    let aws = &Aws::load(Timing::default()).await?;
    let function = &new(aws, &settings);
    let emf = &Emf::start(&settings.stack, level)?;
    log::started(&settings);
    #[expect(clippy::disallowed_methods, reason = "the functions' clock")]
    let clock: Clock = Timestamp::now;
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| async move {
        let deadline = i64::try_from(event.context.deadline)?;
        let deadline = Timestamp::from_millisecond(deadline)?;
        let whose = Arn::parse(&event.context.invoked_function_arn);
        let account = whose.map(|arn| arn.account.into());
        let invocation = Invocation::new(event.context.request_id, deadline, account);
        // The SDK's futures nest deeper than the compiler follows in one type.
        let answer: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(handle(function, event.payload, &invocation, clock));
        let answer = answer.await;
        let mut tally = invocation.counted();
        tally.merge(aws.throttles().take());
        // Whether it is counted makes no difference to what was done.
        if let Err(error) = emf.print(&tally, clock(), std::io::stdout().lock()) {
            tracing::warn!(
                request = invocation.request,
                "what was counted is not printed: {error}"
            );
        }
        answer
    }))
    .await
}
