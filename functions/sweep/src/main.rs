//! Wires the function `sweep`: a minute that has passed to the handler.

use std::process::ExitCode;

use serde_json::Value;
use steady_aws::function::run::run;
use steady_sweep::handler::Sweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Whatever calls it, and with what: it is told nothing but that a minute has passed.
    run(Sweep::new, async |sweep, _: Value, invocation, clock| {
        Ok(sweep.handle(invocation, clock).await?)
    })
    .await
}
