//! Wires the function `watch`: a batch of its queue to the handler.

use std::process::ExitCode;

use aws_lambda_events::event::sqs::SqsEvent;
use steady_aws::function::run::run;
use steady_watch::handler::Watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Watch::new, async |watch, batch: SqsEvent, invocation, clock| {
        Ok(watch.handle(batch, invocation, clock).await)
    })
    .await
}
