//! Wires the function `sweep`: logs, settings, clients, handler.

use std::process::ExitCode;

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::function::{Invocation, log, settings::Settings};
use steady_sweep::handler::Sweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::to_stdout();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => log::cannot_run(&*error),
    }
}

async fn run() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let sweep = &Sweep::new(&Aws::load(Timing::default()).await?, &settings);
    #[expect(clippy::disallowed_methods, reason = "the function's clock")]
    let clock = Timestamp::now;
    // Whatever calls it, and with what: it is told nothing but that a minute has passed.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline)?;
        let deadline = Timestamp::from_millisecond(deadline)?;
        let invocation = Invocation { request: event.context.request_id, deadline };
        Ok::<_, Error>(sweep.handle(&invocation, clock).await?)
    }))
    .await
}
