//! Wires the function `alarm`: logs, settings, clients, handler.

use std::process::ExitCode;

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use steady_alarm::handler::Alarm;
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::function::{Invocation, log, settings::Settings};

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
    let alarm = &Alarm::new(&Aws::load(Timing::default()).await?, &settings);
    #[expect(clippy::disallowed_methods, reason = "the function's clock")]
    let clock = Timestamp::now;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let deadline = i64::try_from(event.context.deadline)?;
        let deadline = Timestamp::from_millisecond(deadline)?;
        let invocation = Invocation { request: event.context.request_id, deadline };
        Ok::<_, Error>(alarm.handle(event.payload, &invocation, clock).await)
    }))
    .await
}
