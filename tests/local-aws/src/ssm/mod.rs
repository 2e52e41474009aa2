//! SSM Parameter Store: PutParameter, GetParameter, GetParameters, GetParametersByPath, DeleteParameter, DeleteParameters.
//!
//! Shapes, required members and error names: botocore's SSM model (2014-11-06). Limits: Systems Manager User Guide, "Managing
//! parameter tiers" and "About requirements and constraints for parameter names". The sentences are those AWS gives, as quoted
//! in public issues and asserted in moto's tests.
//!
//! Each change is told by a `Parameter Store Change` event (User Guide, "Monitoring Parameter Store changes with EventBridge"), which
//! is among [`LocalAws::events`](crate::LocalAws::events).
//!
//! Not kept: labels, policies, tags, SecureString, filters, `AllowedPattern`, descriptions; a request that has them is refused.

mod rules;
mod store;

use serde_json::{Value, json};
use steady_sim::Setup;

use crate::answer::Refusal;
use crate::front::unknown_operation;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

pub(crate) use store::Parameters;

pub(crate) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    call(state, &request.operation, &request.input)
        .unwrap_or_else(|| Err(unknown_operation(request)))
}

/// `None`: there is no such operation here.
pub(crate) fn call(
    state: &State,
    operation: &str,
    input: &Value,
) -> Option<Result<Value, Refusal>> {
    Some(match operation {
        "PutParameter" => put(state, input),
        "DeleteParameter" => delete(state, input),
        "DeleteParameters" => delete_all(state, input),
        "GetParameter" | "GetParameters" | "GetParametersByPath" => get(state, operation, input),
        _ => return None,
    })
}

fn get(state: &State, operation: &str, input: &Value) -> Result<Value, Refusal> {
    let parameters = lock(&state.parameters);
    match operation {
        "GetParameter" => {
            let wanted = rules::text(input, "Name")?;
            let found = parameters.find(wanted)?;
            Ok(json!({ "Parameter": found.to_json(&state.setup, wanted) }))
        }
        "GetParameters" => {
            let mut found = Vec::new();
            let mut invalid = Vec::new();
            for name in rules::names(input)? {
                match parameters.find(name) {
                    Ok(parameter) => found.push(parameter.to_json(&state.setup, name)),
                    Err(_) => invalid.push(name),
                }
            }
            Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
        }
        _ => {
            let wanted = rules::by_path(input)?;
            let (page, next) = parameters.by_path(&wanted);
            let page: Vec<Value> =
                page.iter().map(|found| found.to_json(&state.setup, found.name)).collect();
            let mut answer = json!({ "Parameters": page });
            if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
                answer.insert("NextToken".to_owned(), Value::String(next));
            }
            Ok(answer)
        }
    }
}

fn put(state: &State, input: &Value) -> Result<Value, Refusal> {
    let put = rules::put(input)?;
    let (name, tier) = (put.name, put.tier);
    let (version, kind) = lock(&state.parameters).put(put, state.now())?;
    tell(state, if version == 1 { "Create" } else { "Update" }, name, &kind);
    Ok(json!({ "Version": version, "Tier": tier }))
}

fn delete(state: &State, input: &Value) -> Result<Value, Refusal> {
    let name = rules::text(input, "Name")?;
    let kind = lock(&state.parameters).delete(name)?;
    tell(state, "Delete", name, &kind);
    Ok(json!({}))
}

/// Those that are there, and the names of those that are not (DeleteParameters).
fn delete_all(state: &State, input: &Value) -> Result<Value, Refusal> {
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for name in rules::names(input)? {
        let outcome = lock(&state.parameters).delete(name);
        match outcome {
            Ok(kind) => {
                tell(state, "Delete", name, &kind);
                deleted.push(name);
            }
            Err(_) => invalid.push(name),
        }
    }
    Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
}

fn tell(state: &State, operation: &str, name: &str, kind: &str) {
    let (Setup { account, region, .. }, bare) =
        (&state.setup, name.strip_prefix('/').unwrap_or(name));
    state.send(json!({
        "version": "0",
        "id": state.next_event(),
        "detail-type": "Parameter Store Change",
        "source": "aws.ssm",
        "account": account,
        "time": format!("{:.0}", state.now()),
        "region": region,
        "resources": [format!("arn:aws:ssm:{region}:{account}:parameter/{bare}")],
        "detail": { "operation": operation, "name": name, "type": kind },
    }));
}
