//! Amazon ECS: the simulator behind the wire.
//!
//! Everything that ECS knows and refuses is the simulator's (`steady-sim`); here is only how its errors travel.

use serde_json::Value;

use crate::answer::Refusal;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

/// # Errors
///
/// The simulator's, with status 400; `ServerException`, the one shape with `fault: true` in botocore's ECS model, with 500.
pub(crate) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    lock(&state.ecs).call(&request.operation, &request.input).map_err(|error| {
        let status = if error.code == "ServerException" { 500 } else { 400 };
        Refusal::with_status(status, &error.code, error.message)
    })
}
