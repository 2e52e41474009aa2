//! Application Auto Scaling for ECS services: scalable targets, policies, scheduled actions, activities, tags.
//!
//! Shapes and error codes: botocore's model (2016-02-06) and the Application Auto Scaling API Reference, on the page of each
//! operation. Numbers: the User Guide's "Quotas for Application Auto Scaling". Sentences are AWS's where they are published
//! (`rules.rs` says of each group where); where none are, the code is AWS's and the sentence is ours.
//!
//! A service's `desiredCount` is moved into the bounds by RegisterScalableTarget, at once, and the simulator obeys. Nothing else
//! happens by itself: no alarm calls a policy, no scheduled action runs. A target-tracking policy makes its alarms among
//! CloudWatch's and takes them with it. Not kept: forecasts, `RoleARN`; other namespaces than `ecs` are refused.

mod activity;
mod policy;
mod read;
mod rules;
mod schedule;
mod store;
mod tags;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::cloudwatch::Alarms;
use crate::front::unknown_operation;
use crate::input::Input;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

pub(crate) use store::Autoscaling;
use store::{Suspended, Target};

/// Application Auto Scaling's code for everything that is wrong with a request.
const CODE: &str = "ValidationException";
const DIMENSION: &str = "ecs:service:DesiredCount";

pub(crate) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    call(state, &request.operation, &request.input)
        .unwrap_or_else(|| Err(unknown_operation(request)))
}

/// `None`: there is no such operation here. The locks are taken in this order everywhere: ours, ECS's, CloudWatch's.
pub(crate) fn call(
    state: &State,
    operation: &str,
    input: &Value,
) -> Option<Result<Value, Refusal>> {
    let now = state.now();
    let mut scaling = lock(&state.scaling);
    let alarms = || lock(&state.alarms);
    Some(match operation {
        "RegisterScalableTarget" => register(state, &mut scaling, input, now),
        "DeregisterScalableTarget" => deregister(&mut scaling, &mut alarms(), input),
        "DescribeScalableTargets" => read::targets(&scaling, &state.setup, input),
        "PutScalingPolicy" => policy::put(&mut scaling, &mut alarms(), &state.setup, input, now),
        "DeleteScalingPolicy" => policy::delete(&mut scaling, &mut alarms(), input),
        "DescribeScalingPolicies" => read::policies(&scaling, &alarms(), input),
        "PutScheduledAction" => schedule::put(&mut scaling, &state.setup, input, now),
        "DeleteScheduledAction" => schedule::delete(&mut scaling, input),
        "DescribeScheduledActions" => read::scheduled_actions(&scaling, input),
        "DescribeScalingActivities" => read::activities(&scaling, input),
        "TagResource" => tags::tag(&mut scaling, input),
        "UntagResource" => tags::untag(&mut scaling, input),
        "ListTagsForResource" => tags::list(&scaling, input),
        _ => return None,
    })
}

/// `ServiceNamespace`, `ResourceId` and `ScalableDimension` of a request about one target; gives the resource's id.
fn resource(input: Input<'_>) -> Result<&str, Refusal> {
    namespace(input)?;
    let id = input.required("ResourceId", 1600)?;
    if input.required("ScalableDimension", 256)? != DIMENSION || service_of(id).is_none() {
        return Err(unsupported(input));
    }
    Ok(id)
}

fn namespace(input: Input<'_>) -> Result<(), Refusal> {
    match input.required("ServiceNamespace", 256)? {
        "ecs" => Ok(()),
        other => Err(Refusal::not_known_here(&format!("the namespace `{other}`"))),
    }
}

fn unsupported(input: Input<'_>) -> Refusal {
    input.refuse("Unsupported service namespace, resource type or scalable dimension")
}

/// Cluster and service of `service/prod/checkout`.
fn service_of(resource: &str) -> Option<(&str, &str)> {
    let (cluster, service) = resource.strip_prefix("service/")?.split_once('/')?;
    (!cluster.is_empty() && !service.is_empty() && !service.contains('/'))
        .then_some((cluster, service))
}

/// What is not there: `ObjectNotFoundException`, in the words that public reports quote.
fn not_found(what: &str, resource: &str, which: Option<(&str, &str)>) -> Refusal {
    let which = which.map(|(kind, name)| format!(", {kind} name: {name}")).unwrap_or_default();
    Refusal::new(
        "ObjectNotFoundException",
        format!(
            "No {what} for service namespace: ecs, resource ID: {resource}, scalable dimension: {DIMENSION}{which}"
        ),
    )
}

/// What is named may be changed alone: the rest of a target stays (RegisterScalableTarget, "any parameters that you don't
/// specify are not changed").
fn register(
    state: &State,
    scaling: &mut Autoscaling,
    input: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let known = [
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
        "MinCapacity",
        "MaxCapacity",
        "SuspendedState",
        "Tags",
    ];
    let input = Input::of(input, CODE, &known)?;
    let id = resource(input)?;
    let bounds = (
        input.integer("MinCapacity", 0, i64::from(i32::MAX))?,
        input.integer("MaxCapacity", 0, i64::from(i32::MAX))?,
    );
    let before = scaling.targets.get(id);
    let (min, max) = match (bounds, before) {
        ((min, max), Some(target)) => (min.unwrap_or(target.min), max.unwrap_or(target.max)),
        ((Some(min), Some(max)), None) => (min, max),
        (_, None) => {
            return Err(input.refuse(
                "A minimum and a maximum capacity are required to register a scalable target",
            ));
        }
    };
    if max < min {
        return Err(input.refuse("Maximum capacity cannot be less than minimum capacity"));
    }
    let suspended = suspended(input, before.map(|target| target.suspended).unwrap_or_default())?;
    let tags = tags::read(input)?;
    if before.is_some() && !tags.is_empty() {
        // "To tag an existing scalable target, use the TagResource operation" (RegisterScalableTarget, Tags).
        return Err(input.refuse(
            "Tags can be given only when a scalable target is registered: use TagResource",
        ));
    }
    let desired_count = desired_count(state, id)
        .ok_or_else(|| input.refuse(format!("ECS service doesn't exist: {id}")))?;
    let arn = match before {
        Some(target) => target.arn.clone(),
        None => scaling.new_target_arn(&state.setup),
    };
    let target = scaling
        .targets
        .entry(id.to_owned())
        .or_insert_with(|| Target { tags, ..Target::new(arn.clone(), now) });
    (target.min, target.max, target.suspended) = (min, max, suspended);
    let within = desired_count.clamp(min, max);
    if within != desired_count {
        move_to(state, id, within)?;
        let bound = if within == min { "minimum" } else { "maximum" };
        scaling.add_activity(id, activity::bound_set(bound, within, now));
    }
    Ok(json!({ "ScalableTargetARN": arn }))
}

fn suspended(input: Input<'_>, before: Suspended) -> Result<Suspended, Refusal> {
    let known =
        ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];
    let Some(state) = input.object("SuspendedState", &known)? else { return Ok(before) };
    let [dynamic_in, dynamic_out, scheduled] = known.map(|member| state.flag(member));
    Ok(Suspended {
        dynamic_in: dynamic_in?.unwrap_or(before.dynamic_in),
        dynamic_out: dynamic_out?.unwrap_or(before.dynamic_out),
        scheduled: scheduled?.unwrap_or(before.scheduled),
    })
}

/// Of a service that is ACTIVE.
fn desired_count(state: &State, resource: &str) -> Option<i64> {
    let (cluster, service) = service_of(resource)?;
    let asked = json!({ "cluster": cluster, "services": [service] });
    let answer = lock(&state.ecs).call("DescribeServices", &asked).ok()?;
    let service = answer.pointer("/services/0")?;
    (service.get("status")?.as_str()? == "ACTIVE")
        .then(|| service.get("desiredCount")?.as_i64())
        .flatten()
}

fn move_to(state: &State, resource: &str, count: i64) -> Result<(), Refusal> {
    let Some((cluster, service)) = service_of(resource) else { return Ok(()) };
    let update = json!({ "cluster": cluster, "service": service, "desiredCount": count });
    let moved = lock(&state.ecs).call("UpdateService", &update);
    moved.map(drop).map_err(|error| Refusal::new(&error.code, error.message))
}

/// With its policies and scheduled actions (DeregisterScalableTarget).
fn deregister(
    scaling: &mut Autoscaling,
    alarms: &mut Alarms,
    input: &Value,
) -> Result<Value, Refusal> {
    let input = Input::of(input, CODE, &["ServiceNamespace", "ResourceId", "ScalableDimension"])?;
    let id = resource(input)?;
    let target =
        scaling.targets.remove(id).ok_or_else(|| not_found("scalable target found", id, None))?;
    target.policies.values().for_each(|policy| policy.let_go(alarms));
    Ok(json!({}))
}
