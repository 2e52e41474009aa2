//! Wires the function `scale`: a batch of its queue, or its schedule, to the handler.

use std::process::ExitCode;

use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::Value;
use steady_aws::function::run::run;
use steady_scale::handler::Scale;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // A batch of its queue, or its schedule, whatever that sends.
    run(Scale::new, async |scale, event: Value, invocation, clock| {
        if event.get("Records").is_none() {
            scale.pass(invocation, &clock).await?;
            return Ok(Value::Null);
        }
        let batch: SqsEvent = serde_json::from_value(event)?;
        Ok(serde_json::to_value(scale.handle(batch, invocation, clock).await)?)
    })
    .await
}
