//! Application Auto Scaling, CloudWatch's alarms and a desired count, in memory: takes calls, refuses what AWS refuses, and
//! gives back what AWS gives back, which is not what it was given.

use std::collections::BTreeMap;

use jiff::Timestamp;
use steady_core::config::{Metric, MetricQuery};
use steady_core::name::ServiceKey;
use steady_core::port::PortError;
use steady_core::scaling::{
    AlarmAction, LivePolicy, LiveScaling, LiveTarget, MetricAlarm, Plan, PolicyConfig,
    PolicyMetric, ScalableTarget, ScalingAnswer, ScalingCall, ScalingPolicy, ScalingRecord,
    ScheduledAction, TARGET_TAG, plan,
};

/// What is live, of one service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aws {
    pub(crate) live: LiveScaling,
    /// Numbers the ARNs: a policy that is made anew has another one.
    made: u32,
}

impl Aws {
    /// A service with so many tasks, and no scaling.
    pub(crate) fn with_tasks(count: u32) -> Self {
        Self { live: LiveScaling { desired_count: Some(count), ..LiveScaling::default() }, made: 0 }
    }

    /// As it is read.
    pub(crate) fn read(&self) -> LiveScaling {
        let mut live = self.live.clone();
        for policy in &mut live.policies {
            policy.policy.config = given_back(policy.policy.config.clone());
        }
        for action in &mut live.scheduled {
            action.timezone.get_or_insert("UTC".to_owned());
            let whole = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap();
            action.start = action.start.map(whole);
            action.end = action.end.map(whole);
        }
        for alarm in &mut live.alarms {
            alarm.metric = shuffled(alarm.metric.clone());
        }
        live
    }

    pub(crate) fn call(
        &mut self,
        service: &ServiceKey,
        call: &ScalingCall,
    ) -> Result<ScalingAnswer, PortError> {
        let mut answer = ScalingAnswer::default();
        match call {
            ScalingCall::RegisterScalableTarget { target, is_new } => {
                self.register(service, *target, *is_new)?;
            }
            ScalingCall::TagTarget { .. } => {
                self.tags("TagResource")?.insert(TARGET_TAG.to_owned(), service.to_string());
            }
            ScalingCall::UntagTarget { .. } => {
                self.tags("UntagResource")?.remove(TARGET_TAG);
            }
            ScalingCall::PutScalingPolicy(policy) => {
                answer.policy_arn = Some(self.put_policy(policy)?);
            }
            ScalingCall::DeleteScalingPolicy { name } => {
                let before = self.live.policies.len();
                self.live.policies.retain(|live| live.policy.name != *name);
                found("DeleteScalingPolicy", before != self.live.policies.len())?;
            }
            ScalingCall::PutScheduledAction(action) => self.put_action(action)?,
            ScalingCall::DeleteScheduledAction { name } => {
                let before = self.live.scheduled.len();
                self.live.scheduled.retain(|live| live.name != *name);
                found("DeleteScheduledAction", before != self.live.scheduled.len())?;
            }
            ScalingCall::PutMetricAlarm(alarm) => self.put_alarm(alarm)?,
            ScalingCall::DeleteAlarm { name } => {
                let before = self.live.alarms.len();
                self.live.alarms.retain(|live| live.name != *name);
                found("DeleteAlarms", before != self.live.alarms.len())?;
            }
        }
        Ok(answer)
    }

    fn register(
        &mut self,
        service: &ServiceKey,
        target: ScalableTarget,
        is_new: bool,
    ) -> Result<(), PortError> {
        let call = "RegisterScalableTarget";
        let Some(count) = self.live.desired_count else {
            return Err(refused(call, "ValidationException", "ECS service doesn't exist"));
        };
        if target.bounds.max < target.bounds.min {
            return Err(refused(call, "ValidationException", "Maximum capacity cannot be less"));
        }
        self.live.desired_count = Some(count.clamp(target.bounds.min, target.bounds.max));
        let arn =
            Some("arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/1".into());
        let live = self.live.target.get_or_insert(LiveTarget {
            target,
            arn,
            tags: Some(BTreeMap::new()),
            created_at: None,
        });
        live.target = target;
        if is_new {
            let tag = (TARGET_TAG.to_owned(), service.to_string());
            live.tags.get_or_insert_default().extend([tag]);
        }
        Ok(())
    }

    fn tags(&mut self, call: &'static str) -> Result<&mut BTreeMap<String, String>, PortError> {
        let target = self.live.target.as_mut();
        let target = target.ok_or_else(|| refused(call, "ResourceNotFoundException", "none"))?;
        Ok(target.tags.get_or_insert_default())
    }

    fn put_policy(&mut self, policy: &ScalingPolicy) -> Result<String, PortError> {
        let call = "PutScalingPolicy";
        self.is_registered(call)?;
        let tracked = |config: &PolicyConfig| match config {
            PolicyConfig::TargetTracking { metric, .. } => Some(metric.clone()),
            _ => None,
        };
        let mut same_metric = self.live.policies.iter().filter(|live| {
            live.policy.name != policy.name
                && tracked(&policy.config).is_some()
                && tracked(&live.policy.config) == tracked(&policy.config)
        });
        if same_metric.next().is_some() {
            let text =
                "Only one TargetTrackingScaling policy for a given metric specification is allowed";
            return Err(refused(call, "ValidationException", text));
        }
        let mut known = self.live.policies.iter_mut();
        if let Some(known) = known.find(|live| live.policy.name == policy.name) {
            if std::mem::discriminant(&known.policy.config)
                != std::mem::discriminant(&policy.config)
            {
                return Err(refused(
                    call,
                    "ValidationException",
                    "the type of a policy cannot change",
                ));
            }
            known.policy = policy.clone();
            return Ok(known.arn.clone());
        }
        self.made += 1;
        let arn = format!("arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:{}", self.made);
        self.live.policies.push(LivePolicy {
            policy: policy.clone(),
            arn: arn.clone(),
            alarms: vec![],
        });
        self.live.policies.sort_by(|a, b| a.policy.name.cmp(&b.policy.name));
        Ok(arn)
    }

    fn put_action(&mut self, action: &ScheduledAction) -> Result<(), PortError> {
        self.is_registered("PutScheduledAction")?;
        self.live.scheduled.retain(|live| live.name != action.name);
        self.live.scheduled.push(action.clone());
        self.live.scheduled.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    fn put_alarm(&mut self, alarm: &MetricAlarm) -> Result<(), PortError> {
        for action in &alarm.actions {
            let AlarmAction::Arn(arn) = action else { panic!("an alarm's action is no ARN") };
            let is_known = self.live.policies.iter().any(|live| live.arn == *arn);
            assert!(is_known, "{arn} is not there (any more)");
        }
        self.live.alarms.retain(|live| live.name != alarm.name);
        self.live.alarms.push(alarm.clone());
        self.live.alarms.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    fn is_registered(&self, call: &'static str) -> Result<(), PortError> {
        let none = || refused(call, "ObjectNotFoundException", "No scalable target registered");
        self.live.target.as_ref().map(|_| ()).ok_or_else(none)
    }

    /// Plans and does it all; what was done.
    pub(crate) fn reach(&mut self, record: &mut ScalingRecord, now: Timestamp) -> Plan {
        let plan = plan(record, &self.read(), now);
        let mut arns: BTreeMap<String, String> = BTreeMap::new();
        record.managed = plan.managed.clone();
        for change in &plan.changes {
            let live = self.live.policies.iter();
            arns.extend(live.map(|live| (live.policy.name.clone(), live.arn.clone())));
            let call = resolved(&change.call, &arns);
            self.call(&record.service, &call)
                .unwrap_or_else(|error| panic!("{}: {error}", change.object));
        }
        if plan.leaves {
            record.managed = None;
        }
        plan
    }
}

fn resolved(call: &ScalingCall, arns: &BTreeMap<String, String>) -> ScalingCall {
    let ScalingCall::PutMetricAlarm(alarm) = call else { return call.clone() };
    let mut alarm = alarm.clone();
    for action in &mut alarm.actions {
        if let AlarmAction::Policy(name) = action {
            *action = AlarmAction::Arn(arns[name].clone());
        }
    }
    ScalingCall::PutMetricAlarm(alarm)
}

fn found(call: &'static str, is_found: bool) -> Result<(), PortError> {
    if is_found { Ok(()) } else { Err(refused(call, "ObjectNotFoundException", "is not there")) }
}

fn refused(call: &'static str, code: &str, text: &str) -> PortError {
    PortError::Refused { call, code: code.to_owned(), text: text.to_owned() }
}

/// AWS's defaults filled in, and lists in an order of its own.
fn given_back(config: PolicyConfig) -> PolicyConfig {
    match config {
        PolicyConfig::TargetTracking {
            metric,
            target,
            scale_out_cooldown,
            scale_in_cooldown,
            disable_scale_in,
        } => PolicyConfig::TargetTracking {
            metric: match metric {
                PolicyMetric::Customized(metric) => PolicyMetric::Customized(shuffled(metric)),
                PolicyMetric::Predefined { kind, resource_label } => PolicyMetric::Predefined {
                    kind,
                    resource_label: resource_label.or(Some(String::new())),
                },
            },
            target,
            scale_out_cooldown: scale_out_cooldown.or(Some(300)),
            scale_in_cooldown: scale_in_cooldown.or(Some(300)),
            disable_scale_in,
        },
        PolicyConfig::Step {
            adjustment,
            mut steps,
            cooldown,
            min_adjustment_magnitude,
            aggregation,
        } => {
            steps.reverse();
            PolicyConfig::Step {
                adjustment,
                steps,
                cooldown: cooldown.or(Some(300)),
                min_adjustment_magnitude: min_adjustment_magnitude.or(Some(0)),
                aggregation: aggregation.or(Some("Average".to_owned())),
            }
        }
        PolicyConfig::Predictive {
            pair,
            target,
            scales,
            scheduling_buffer,
            max_capacity_buffer,
        } => PolicyConfig::Predictive {
            pair,
            target,
            scales,
            scheduling_buffer: scheduling_buffer.or(Some(300)),
            max_capacity_buffer,
        },
        other @ PolicyConfig::Other(_) => other,
    }
}

fn shuffled(metric: Metric) -> Metric {
    match metric {
        Metric::One(stat) => Metric::One(stat),
        Metric::Math(mut queries) => {
            queries.sort_by(|a: &MetricQuery, b| b.id.cmp(&a.id));
            Metric::Math(queries)
        }
    }
}
