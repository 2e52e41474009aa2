//! SSM Parameter Store: PutParameter, GetParameter, GetParameters, GetParametersByPath, DeleteParameter.
//!
//! Shapes, required members and error names: botocore's SSM model (2014-11-06). Limits: Systems Manager User Guide, "Managing
//! parameter tiers" and "About requirements and constraints for parameter names". The sentences are those AWS gives, as quoted
//! in public issues and asserted in moto's tests.
//!
//! Not kept: labels, policies, tags, SecureString, filters, `AllowedPattern`; a request that has them is refused. No Parameter
//! Store Change events.

mod rules;
mod store;

use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::front::unknown_operation;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

pub(crate) use store::Parameters;

pub(crate) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    let input = &request.input;
    let now = state.now();
    let mut parameters = lock(&state.parameters);
    match request.operation.as_str() {
        "PutParameter" => put(&mut parameters, input, now),
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
        "GetParametersByPath" => {
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
        "DeleteParameter" => {
            parameters.delete(rules::text(input, "Name")?)?;
            Ok(json!({}))
        }
        _ => Err(unknown_operation(request)),
    }
}

fn put(parameters: &mut Parameters, input: &Value, now: jiff::Timestamp) -> Result<Value, Refusal> {
    let put = rules::put(input)?;
    let tier = put.tier;
    let version = parameters.put(put, now)?;
    Ok(json!({ "Version": version, "Tier": tier }))
}
