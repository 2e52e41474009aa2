//! Scaling policies, and the alarms that those of target tracking have.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use steady_sim::Setup;

use super::store::{Autoscaling, Policy, alarms_json};
use super::{CODE, not_found, resource, rules, service_of};
use crate::answer::Refusal;
use crate::cloudwatch::Alarms;
use crate::input::Input;

/// "Scaling policies per scalable target".
const POLICIES_MAX: usize = 50;

/// The types, and where the configuration of each is.
const TYPES: [(&str, &str); 3] = [
    ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration"),
    ("StepScaling", "StepScalingPolicyConfiguration"),
    ("PredictiveScaling", "PredictiveScalingPolicyConfiguration"),
];

/// An alarm of target tracking goes off 10 % below its target on the way in (what live alarms of ECS services show).
const SCALE_IN_MARGIN: f64 = 0.9;

/// What is not named of a policy that is there stays (PutScalingPolicy).
pub(super) fn put(
    scaling: &mut Autoscaling,
    alarms: &mut Alarms,
    setup: &Setup,
    input: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let mut known =
        vec!["ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyName", "PolicyType"];
    known.extend(TYPES.map(|(_, member)| member));
    let input = Input::of(input, CODE, &known)?;
    let id = resource(input)?;
    let name = input.required("PolicyName", 256)?;
    let ids = [(); 3].map(|()| scaling.new_id(1));
    let target = scaling
        .targets
        .get_mut(id)
        .ok_or_else(|| not_found("scalable target registered", id, None))?;
    let before = target.policies.get(name);
    if before.is_none() && target.policies.len() >= POLICIES_MAX {
        let message = format!("The scalable target has {POLICIES_MAX} scaling policies already");
        return Err(Refusal::new("LimitExceededException", message));
    }
    let (kind, member, config) = configuration(input, before)?;
    let others = target.policies.iter().filter(|(other, _)| *other != name).map(|(_, one)| one);
    rules::check(input, kind, &config, others)?;
    let [policy_id, high, low] = ids;
    let Setup { account, region, .. } = setup;
    let mut policy = match before {
        Some(before) => Policy { config, ..before.clone() },
        None => Policy {
            arn: format!(
                "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{policy_id}:resource/ecs/{id}:policyName/{name}"
            ),
            kind: kind.to_owned(),
            member,
            config,
            alarms: Vec::new(),
            created_at: now,
        },
    };
    if kind == "TargetTrackingScaling" {
        let names = [
            format!("TargetTracking-{id}-AlarmHigh-{high}"),
            format!("TargetTracking-{id}-AlarmLow-{low}"),
        ];
        track(&mut policy, alarms, setup, id, names, now);
    }
    let answer = json!({ "PolicyARN": policy.arn, "Alarms": alarms_json(&policy.alarms) });
    target.policies.insert(name.to_owned(), policy);
    Ok(answer)
}

/// The type, its member, and the configuration as it will be.
fn configuration<'a>(
    input: Input<'a>,
    before: Option<&'a Policy>,
) -> Result<(&'a str, &'static str, Value), Refusal> {
    let types = TYPES.map(|(kind, _)| kind);
    let asked = input.word("PolicyType", &types)?;
    let kind = match (asked, before) {
        (Some(asked), Some(before)) if asked != before.kind => {
            return Err(input.refuse("The policy type of a scaling policy cannot be changed"));
        }
        (Some(asked), _) => asked,
        (None, Some(before)) => before.kind.as_str(),
        // "This parameter is required if you are creating a scaling policy."
        (None, None) => {
            return Err(input.refuse("PolicyType is required to create a scaling policy"));
        }
    };
    for (other, member) in TYPES {
        if other != kind && input.get(member).is_some() {
            return Err(input.refuse(format!("{member} cannot be used with policy type {kind}")));
        }
    }
    let member = TYPES.iter().find(|(one, _)| *one == kind).map_or("", |(_, member)| member);
    let config = input.get(member).or(before.map(|policy| &policy.config));
    let config = config.ok_or_else(|| input.refuse(format!("{member} is required for {kind}")))?;
    Ok((kind, member, config.clone()))
}

/// The alarms of a target-tracking policy: made, or changed where they are there. Without scale-in there is none for it.
fn track(
    policy: &mut Policy,
    alarms: &mut Alarms,
    setup: &Setup,
    resource: &str,
    names: [String; 2],
    now: Timestamp,
) {
    let target = policy.config.get("TargetValue").and_then(Value::as_f64).unwrap_or_default();
    let scales_in = policy.config.get("DisableScaleIn").and_then(Value::as_bool) != Some(true);
    let conditions = [
        ("-AlarmHigh-", "GreaterThanThreshold", target, 3),
        ("-AlarmLow-", "LessThanThreshold", target * SCALE_IN_MARGIN, 15),
    ];
    let before = std::mem::take(&mut policy.alarms);
    for ((kind, operator, threshold, periods), name) in conditions.into_iter().zip(names) {
        let kept = before.iter().find(|(name, _)| name.contains(kind));
        if kind == "-AlarmLow-" && !scales_in {
            kept.into_iter().for_each(|(name, _)| alarms.remove(name));
            continue;
        }
        let name = kept.map_or(name, |(name, _)| name.clone());
        let mut put = metric(&policy.config, resource);
        for (member, value) in [
            ("AlarmName", json!(name)),
            ("AlarmDescription", json!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy.")),
            ("AlarmActions", json!([policy.arn])),
            ("ComparisonOperator", json!(operator)),
            ("Threshold", json!(threshold)),
            ("EvaluationPeriods", json!(periods)),
        ] {
            put.insert(member.to_owned(), value);
        }
        let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", setup.region, setup.account);
        alarms.put(setup, (name.clone(), put), now);
        policy.alarms.push((name, arn));
    }
}

/// What the alarms of target tracking look at.
fn metric(config: &Value, resource: &str) -> Map<String, Value> {
    let member = |pointer: &str| config.pointer(pointer).cloned();
    let (cluster, service) = service_of(resource).unwrap_or_default();
    let of_service = json!([
        { "Name": "ClusterName", "Value": cluster }, { "Name": "ServiceName", "Value": service },
    ]);
    let predefined = member("/PredefinedMetricSpecification/PredefinedMetricType");
    let metric = match predefined.as_ref().and_then(Value::as_str) {
        Some("ALBRequestCountPerTarget") => json!({
            "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCountPerTarget",
            "Dimensions": of_target_group(config), "Statistic": "Sum", "Period": 60,
        }),
        Some(kind) => json!({
            "Namespace": "AWS/ECS",
            "MetricName": if kind.contains("CPU") { "CPUUtilization" } else { "MemoryUtilization" },
            "Dimensions": of_service, "Statistic": "Average",
            "Period": if kind.ends_with("HighResolution") { 20 } else { 60 },
        }),
        None => match member("/CustomizedMetricSpecification/Metrics") {
            Some(queries) => json!({ "Metrics": with_period(queries) }),
            None => {
                let custom = |name: &str| member(&format!("/CustomizedMetricSpecification/{name}"));
                json!({
                    "Namespace": custom("Namespace"), "MetricName": custom("MetricName"),
                    "Dimensions": custom("Dimensions").unwrap_or_else(|| json!([])),
                    "Statistic": custom("Statistic"), "Unit": custom("Unit"), "Period": 60,
                })
            }
        },
    };
    let members = metric.as_object().cloned().unwrap_or_default();
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// `app/NAME/ID/targetgroup/NAME/ID` as the two dimensions of the metric.
fn of_target_group(config: &Value) -> Value {
    let label = config.pointer("/PredefinedMetricSpecification/ResourceLabel");
    let label = label.and_then(Value::as_str).unwrap_or_default();
    let (balancer, group) = label.split_once("/targetgroup/").unwrap_or_default();
    json!([
        { "Name": "LoadBalancer", "Value": balancer },
        { "Name": "TargetGroup", "Value": format!("targetgroup/{group}") },
    ])
}

/// The queries of a policy have no period; those of an alarm need one.
fn with_period(mut queries: Value) -> Value {
    for query in queries.as_array_mut().into_iter().flatten() {
        let stat = query.get_mut("MetricStat").and_then(Value::as_object_mut);
        stat.into_iter().for_each(|stat| {
            stat.insert("Period".to_owned(), json!(60));
        });
    }
    queries
}

pub(super) fn delete(
    scaling: &mut Autoscaling,
    alarms: &mut Alarms,
    input: &Value,
) -> Result<Value, Refusal> {
    let known = ["ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyName"];
    let input = Input::of(input, CODE, &known)?;
    let id = resource(input)?;
    let name = input.required("PolicyName", 256)?;
    let removed = scaling.targets.get_mut(id).and_then(|target| target.policies.remove(name));
    let policy =
        removed.ok_or_else(|| not_found("scaling policy found", id, Some(("policy", name))))?;
    policy.let_go(alarms);
    Ok(json!({}))
}
