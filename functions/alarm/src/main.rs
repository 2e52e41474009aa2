//! Wires the function `alarm`: a batch of its queue to the handler.

use std::process::ExitCode;

use aws_lambda_events::event::sqs::SqsEvent;
use steady_alarm::handler::Alarm;
use steady_aws::function::run::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Alarm::new, async |alarm, batch: SqsEvent, invocation, clock| {
        Ok(alarm.handle(batch, invocation, clock).await)
    })
    .await
}
