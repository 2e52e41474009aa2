//! CloudWatch: PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, PutMetricData and GetMetricData.
//!
//! Shapes and error codes: botocore's model (2010-08-01) and the Amazon CloudWatch API Reference, on the page of each operation.
//! The sentences are AWS's where they are published.
//!
//! Nothing is evaluated: an alarm changes its state when SetAlarmState or
//! [`LocalAws::set_alarm_state`](crate::LocalAws::set_alarm_state) says so, and the event that CloudWatch sends then is among
//! [`LocalAws::events`](crate::LocalAws::events). Not kept: tags, composite alarms, anomaly detection, metric math as data,
//! percentiles, compressed requests; a request that has them is refused.

mod alarm;
mod event;
mod metric;
mod store;

use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::front::unknown_operation;
use crate::input::Input;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

pub(crate) use metric::Metrics;
pub(crate) use store::Alarms;

/// CloudWatch's code for a value that breaks a constraint of the model ("Common Error Types").
const CODE: &str = "ValidationError";

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
    let now = state.now();
    Some(match operation {
        "PutMetricAlarm" => {
            alarm::put(input).map(|put| lock(&state.alarms).put(&state.setup, put, now))
        }
        "DescribeAlarms" => lock(&state.alarms).describe(input),
        "DeleteAlarms" => lock(&state.alarms).delete(input),
        "SetAlarmState" => set_state(state, input),
        "PutMetricData" => lock(&state.metrics).put(input, now),
        "GetMetricData" => lock(&state.metrics).get(input),
        _ => return None,
    })
}

fn set_state(state: &State, input: &Value) -> Result<Value, Refusal> {
    let known = ["AlarmName", "StateValue", "StateReason", "StateReasonData"];
    let input = Input::of(input, CODE, &known)?;
    let name = input.required("AlarmName", 255)?;
    let reason = input.text("StateReason")?.unwrap_or_default();
    let Some(value) = input.word("StateValue", &["OK", "ALARM", "INSUFFICIENT_DATA"])? else {
        return Err(input.constraint("null", "StateValue", "Member must not be null"));
    };
    change_state(state, name, value, reason)?;
    Ok(json!({}))
}

/// Changes an alarm's state, and sends the event if it is another one: CloudWatch tells of changes only.
///
/// # Errors
///
/// `ResourceNotFound`, 404.
pub(crate) fn change_state(
    state: &State,
    name: &str,
    value: &str,
    reason: &str,
) -> Result<(), Refusal> {
    let now = state.now();
    let changed = lock(&state.alarms).change(name, value, reason, now)?;
    if let Some((before, alarm)) = changed {
        let event = event::state_change(&state.setup, state.next_event(), &before, &alarm);
        state.send(event);
    }
    Ok(())
}
