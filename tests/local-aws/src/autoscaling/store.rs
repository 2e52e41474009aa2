//! What is registered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use steady_sim::Setup;

use super::DIMENSION;
use crate::answer::numbered_id;
use crate::cloudwatch::Alarms;

/// All targets of the account, by resource id, and what has happened to them.
#[derive(Debug, Default)]
pub(crate) struct Autoscaling {
    pub(super) targets: BTreeMap<String, Target>,
    /// By resource, the newest last. They outlive their targets.
    pub(super) activities: BTreeMap<String, Vec<Value>>,
    serial: u64,
}

#[derive(Debug)]
pub(super) struct Target {
    pub(super) arn: String,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) suspended: Suspended,
    pub(super) created_at: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) scheduled: BTreeMap<String, ScheduledAction>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Suspended {
    pub(super) dynamic_in: bool,
    pub(super) dynamic_out: bool,
    pub(super) scheduled: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) arn: String,
    /// `PolicyType`
    pub(super) kind: String,
    /// The member of that type's configuration, and its value as it was put.
    pub(super) member: &'static str,
    pub(super) config: Value,
    /// Name and ARN of the alarms that are its own: those of target tracking.
    pub(super) alarms: Vec<(String, String)>,
    pub(super) created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct ScheduledAction {
    pub(super) arn: String,
    /// `Schedule`, `Timezone`, `StartTime`, `EndTime`, `ScalableTargetAction`, as they were put.
    pub(super) put: Map<String, Value>,
    pub(super) created_at: Timestamp,
}

impl Autoscaling {
    /// The next id of a kind: 1 targets' policies, 2 scheduled actions, 3 activities, 4 alarms.
    pub(super) fn new_id(&mut self, kind: u16) -> String {
        self.serial += 1;
        numbered_id(kind, self.serial)
    }

    /// `arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/0ec5…`, its last part 36 hexadecimal digits.
    pub(super) fn new_target_arn(&mut self, setup: &Setup) -> String {
        self.serial += 1;
        let Setup { account, region, .. } = setup;
        format!(
            "arn:aws:application-autoscaling:{region}:{account}:scalable-target/0ec5{:032x}",
            self.serial
        )
    }

    pub(crate) fn add_activity(&mut self, resource: &str, activity: Map<String, Value>) {
        let mut activity = activity;
        for (member, value) in [
            ("ActivityId", self.new_id(3)),
            ("ServiceNamespace", "ecs".to_owned()),
            ("ResourceId", resource.to_owned()),
            ("ScalableDimension", DIMENSION.to_owned()),
        ] {
            activity.entry(member).or_insert(Value::String(value));
        }
        self.activities.entry(resource.to_owned()).or_default().push(Value::Object(activity));
    }
}

impl Target {
    pub(super) fn new(arn: String, now: Timestamp) -> Self {
        Self {
            arn,
            min: 0,
            max: 0,
            suspended: Suspended::default(),
            created_at: now,
            tags: BTreeMap::new(),
            policies: BTreeMap::new(),
            scheduled: BTreeMap::new(),
        }
    }

    pub(super) fn to_json(&self, resource: &str, role: &str) -> Value {
        json!({
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": DIMENSION,
            "MinCapacity": self.min,
            "MaxCapacity": self.max,
            "RoleARN": role,
            "CreationTime": seconds(self.created_at),
            "SuspendedState": {
                "DynamicScalingInSuspended": self.suspended.dynamic_in,
                "DynamicScalingOutSuspended": self.suspended.dynamic_out,
                "ScheduledScalingSuspended": self.suspended.scheduled,
            },
            "ScalableTargetARN": self.arn,
        })
    }
}

impl Policy {
    /// Without its alarms' conditions: those are CloudWatch's.
    pub(super) fn to_json(&self, resource: &str, name: &str, alarms: &Alarms) -> Value {
        let mut policy = json!({
            "PolicyARN": self.arn,
            "PolicyName": name,
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": DIMENSION,
            "PolicyType": self.kind,
            "Alarms": alarms_json(&alarms.calling(&self.arn)),
            "CreationTime": seconds(self.created_at),
        });
        if let Some(members) = policy.as_object_mut() {
            members.insert(self.member.to_owned(), self.config.clone());
        }
        policy
    }

    /// The alarms of target tracking go with it; an alarm of a step policy stays and calls nobody (DeleteScalingPolicy).
    pub(super) fn let_go(&self, alarms: &mut Alarms) {
        self.alarms.iter().for_each(|(name, _)| alarms.remove(name));
        alarms.forget(&self.arn);
    }
}

impl ScheduledAction {
    pub(super) fn to_json(&self, resource: &str, name: &str) -> Value {
        let mut action = self.put.clone();
        for (member, value) in [
            ("ScheduledActionName", json!(name)),
            ("ScheduledActionARN", json!(self.arn)),
            ("ServiceNamespace", json!("ecs")),
            ("ResourceId", json!(resource)),
            ("ScalableDimension", json!(DIMENSION)),
            ("CreationTime", seconds(self.created_at)),
        ] {
            action.insert(member.to_owned(), value);
        }
        Value::Object(action)
    }
}

pub(super) fn alarms_json(alarms: &[(String, String)]) -> Value {
    alarms.iter().map(|(name, arn)| json!({ "AlarmName": name, "AlarmARN": arn })).collect()
}

pub(super) fn seconds(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}
