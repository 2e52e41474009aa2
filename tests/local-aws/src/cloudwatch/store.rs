//! The alarms.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use steady_sim::Setup;

use super::CODE;
use crate::answer::Refusal;
use crate::input::{Input, page};

/// Page sizes of DescribeAlarms (`MaxRecords`: 1 to 100; 50 where it is not said), and names in it and in DeleteAlarms.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 100;
const NAMES_MAX: usize = 100;

/// All alarms of the account, by name.
#[derive(Debug, Default)]
pub(crate) struct Alarms(BTreeMap<String, Alarm>);

/// One alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) arn: String,
    /// The members of PutMetricAlarm, as they were put.
    pub(crate) put: Map<String, Value>,
    pub(crate) state: AlarmState,
    configured_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct AlarmState {
    pub(crate) value: String,
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
}

impl Alarm {
    /// Whom it calls.
    fn actions(&self) -> impl Iterator<Item = &str> {
        let actions = self.put.get("AlarmActions").and_then(Value::as_array);
        actions.into_iter().flatten().filter_map(Value::as_str)
    }

    /// As the shape `MetricAlarm`, with CloudWatch's own values for what was not said.
    fn to_json(&self) -> Value {
        let mut alarm = self.put.clone();
        for list in ["OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions"] {
            alarm.entry(list).or_insert_with(|| json!([]));
        }
        alarm.entry("ActionsEnabled").or_insert(Value::Bool(true));
        let since = seconds(self.state.since);
        for (member, value) in [
            ("AlarmArn", json!(self.arn)),
            ("AlarmConfigurationUpdatedTimestamp", seconds(self.configured_at)),
            ("StateValue", json!(self.state.value)),
            ("StateReason", json!(self.state.reason)),
            ("StateUpdatedTimestamp", since.clone()),
            ("StateTransitionedTimestamp", since),
        ] {
            alarm.insert(member.to_owned(), value);
        }
        Value::Object(alarm)
    }
}

fn seconds(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

impl Alarms {
    /// A new alarm has too little data; one that is there keeps its state (PutMetricAlarm).
    pub(crate) fn put(
        &mut self,
        setup: &Setup,
        (name, put): (String, Map<String, Value>),
        now: Timestamp,
    ) -> Value {
        let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", setup.region, setup.account);
        let state = self.0.get(&name).map(|alarm| alarm.state.clone());
        let state = state.unwrap_or_else(|| AlarmState {
            value: "INSUFFICIENT_DATA".to_owned(),
            reason: "Unchecked: Initial alarm creation".to_owned(),
            since: now,
        });
        self.0.insert(name, Alarm { arn, put, state, configured_at: now });
        json!({})
    }

    pub(super) fn describe(&self, input: &Value) -> Result<Value, Refusal> {
        let known = [
            "AlarmNames",
            "AlarmNamePrefix",
            "AlarmTypes",
            "StateValue",
            "ActionPrefix",
            "MaxRecords",
            "NextToken",
        ];
        let input = Input::of(input, CODE, &known)?;
        let names = input.texts("AlarmNames")?;
        let prefix = input.text("AlarmNamePrefix")?;
        if !names.is_empty() && prefix.is_some() {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "AlarmNamePrefix and AlarmNames are mutually exclusive",
            ));
        }
        check_names(input, &names)?;
        let types = input.texts("AlarmTypes")?;
        let is_wanted = types.is_empty() || types.contains(&"MetricAlarm");
        let state = input.text("StateValue")?;
        let action = input.text("ActionPrefix")?;
        let max = input.integer("MaxRecords", 1, PAGE_MAX)?.unwrap_or(PAGE);
        let found = self
            .0
            .iter()
            .filter(|(name, _)| {
                is_wanted
                    && (names.is_empty() || names.contains(&name.as_str()))
                    && prefix.is_none_or(|prefix| name.starts_with(prefix))
            })
            .filter(|(_, alarm)| {
                state.is_none_or(|state| alarm.state.value == state)
                    && action
                        .is_none_or(|prefix| alarm.actions().any(|one| one.starts_with(prefix)))
            })
            .map(|(name, alarm)| (name.clone(), alarm.to_json()))
            .collect();
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let (alarms, next) = page(found, max, input.text("NextToken")?).ok_or_else(|| {
            Refusal::new("InvalidNextToken", "The next token specified is invalid.")
        })?;
        let mut answer = json!({ "MetricAlarms": alarms, "CompositeAlarms": [] });
        if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
            answer.insert("NextToken".to_owned(), Value::String(next));
        }
        Ok(answer)
    }

    /// All of them or none (DeleteAlarms: "if you specify even one incorrect alarm name, the alarm names that are correct are not
    /// deleted").
    pub(super) fn delete(&mut self, input: &Value) -> Result<Value, Refusal> {
        let input = Input::of(input, CODE, &["AlarmNames"])?;
        let names = input.texts("AlarmNames")?;
        check_names(input, &names)?;
        if let Some(name) = names.iter().find(|name| !self.0.contains_key(**name)) {
            return Err(not_found(name));
        }
        names.iter().for_each(|name| self.remove(name));
        Ok(json!({}))
    }

    /// The alarm as it was and as it is, if it has changed.
    pub(super) fn change(
        &mut self,
        name: &str,
        value: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<(Alarm, Alarm)>, Refusal> {
        let alarm = self.0.get_mut(name).ok_or_else(|| not_found(name))?;
        if alarm.state.value == value {
            return Ok(None);
        }
        let before = alarm.clone();
        alarm.state = AlarmState { value: value.to_owned(), reason: reason.to_owned(), since: now };
        Ok(Some((before, alarm.clone())))
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Name and ARN of those that call `action`.
    pub(crate) fn calling(&self, action: &str) -> Vec<(String, String)> {
        let calling = self.0.iter().filter(|(_, alarm)| alarm.actions().any(|one| one == action));
        calling.map(|(name, alarm)| (name.clone(), alarm.arn.clone())).collect()
    }

    /// Nobody calls `action` any more.
    pub(crate) fn forget(&mut self, action: &str) {
        for alarm in self.0.values_mut() {
            let actions = alarm.put.get_mut("AlarmActions").and_then(Value::as_array_mut);
            actions.into_iter().for_each(|actions| actions.retain(|one| one != action));
        }
    }
}

fn check_names(input: Input<'_>, names: &[&str]) -> Result<(), Refusal> {
    if names.len() > NAMES_MAX {
        let rule = "Member must have length less than or equal to 100";
        return Err(input.constraint("'[…]'", "AlarmNames", rule));
    }
    Ok(())
}

fn not_found(name: &str) -> Refusal {
    Refusal::with_status(404, "ResourceNotFound", format!("Alarm {name} does not exist"))
}
