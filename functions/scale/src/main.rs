//! Wires the function `scale`: logs, settings, clients, handler.

use std::process::ExitCode;

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::function::{Invocation, log, settings::Settings};
use steady_scale::handler::Scale;

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
    let scale = &Scale::new(&Aws::load(Timing::default()).await?, &settings);
    #[expect(clippy::disallowed_methods, reason = "the function's clock")]
    let clock = Timestamp::now;
    // A batch of its queue, or its schedule, whatever that sends.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline)?;
        let deadline = Timestamp::from_millisecond(deadline)?;
        let invocation = Invocation { request: event.context.request_id, deadline };
        if event.payload.get("Records").is_none() {
            scale.pass(&invocation, &clock).await?;
            return Ok::<_, Error>(Value::Null);
        }
        let batch: SqsEvent = serde_json::from_value(event.payload)?;
        Ok(serde_json::to_value(scale.handle(batch, &invocation, clock).await)?)
    }))
    .await
}
