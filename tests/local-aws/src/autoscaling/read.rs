//! What is told of what is registered, page by page.

use serde_json::{Value, json};
use steady_sim::Setup;

use super::store::Autoscaling;
use super::{CODE, DIMENSION, namespace, unsupported};
use crate::answer::Refusal;
use crate::cloudwatch::Alarms;
use crate::input::{Input, page};

/// `MaxResults`: at most, and where it is not said. Policies come ten at a time, everything else by fifty.
const PAGE_MAX: i64 = 50;
const POLICIES_MAX: i64 = 10;
/// Names and resource ids in one request.
const NAMES_MAX: usize = 50;

/// The service-linked role that targets of ECS have.
const ROLE: &str = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";

pub(super) fn targets(
    scaling: &Autoscaling,
    setup: &Setup,
    input: &Value,
) -> Result<Value, Refusal> {
    let known = ["ServiceNamespace", "ResourceIds", "ScalableDimension", "MaxResults", "NextToken"];
    let input = Input::of(input, CODE, &known)?;
    namespace(input)?;
    let ids = names(input, "ResourceIds")?;
    dimension(input, !ids.is_empty())?;
    let role = format!("arn:aws:iam::{}:{ROLE}", setup.account);
    let found = scaling
        .targets
        .iter()
        .filter(|(id, _)| ids.is_empty() || ids.contains(&id.as_str()))
        .map(|(id, target)| (id.clone(), target.to_json(id, &role)))
        .collect();
    paged(input, "ScalableTargets", PAGE_MAX, found)
}

pub(super) fn policies(
    scaling: &Autoscaling,
    alarms: &Alarms,
    input: &Value,
) -> Result<Value, Refusal> {
    let known = [
        "ServiceNamespace",
        "PolicyNames",
        "ResourceId",
        "ScalableDimension",
        "MaxResults",
        "NextToken",
    ];
    let input = Input::of(input, CODE, &known)?;
    let wanted = Wanted::read(input, "PolicyNames")?;
    let mut found = Vec::new();
    for (id, target) in scaling.targets.iter().filter(|(id, _)| wanted.is_of(id)) {
        for (name, policy) in target.policies.iter().filter(|(name, _)| wanted.is_named(name)) {
            found.push((format!("{id} {name}"), policy.to_json(id, name, alarms)));
        }
    }
    paged(input, "ScalingPolicies", POLICIES_MAX, found)
}

pub(super) fn scheduled_actions(scaling: &Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let known = [
        "ServiceNamespace",
        "ScheduledActionNames",
        "ResourceId",
        "ScalableDimension",
        "MaxResults",
        "NextToken",
    ];
    let input = Input::of(input, CODE, &known)?;
    let wanted = Wanted::read(input, "ScheduledActionNames")?;
    let mut found = Vec::new();
    for (id, target) in scaling.targets.iter().filter(|(id, _)| wanted.is_of(id)) {
        for (name, action) in target.scheduled.iter().filter(|(name, _)| wanted.is_named(name)) {
            found.push((format!("{id} {name}"), action.to_json(id, name)));
        }
    }
    paged(input, "ScheduledActions", PAGE_MAX, found)
}

/// The newest first. Those that did not scale only where `IncludeNotScaledActivities` asks for them.
pub(super) fn activities(scaling: &Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let known = [
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
        "IncludeNotScaledActivities",
        "MaxResults",
        "NextToken",
    ];
    let input = Input::of(input, CODE, &known)?;
    let wanted = Wanted::read(input, "ActivityNames")?;
    let all = input.flag("IncludeNotScaledActivities")?.unwrap_or(false);
    let started =
        |activity: &Value| activity.get("StartTime").and_then(Value::as_f64).unwrap_or(0.0);
    let mut found: Vec<&Value> = scaling
        .activities
        .iter()
        .filter(|(id, _)| wanted.is_of(id))
        .flat_map(|(_, activities)| activities.iter().rev())
        .filter(|activity| all || activity.get("NotScaledReasons").is_none())
        .collect();
    found.sort_by(|a, b| started(b).total_cmp(&started(a)));
    let numbered = found.into_iter().zip(0_u32..);
    let found = numbered.map(|(activity, at)| (format!("{at:08}"), activity.clone())).collect();
    paged(input, "ScalingActivities", PAGE_MAX, found)
}

/// One resource or all, some names or all.
struct Wanted<'a> {
    resource: Option<&'a str>,
    names: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(input: Input<'a>, names_in: &str) -> Result<Self, Refusal> {
        namespace(input)?;
        let resource = input.text("ResourceId")?;
        dimension(input, resource.is_some())?;
        Ok(Self { resource, names: names(input, names_in)? })
    }

    fn is_of(&self, resource: &str) -> bool {
        self.resource.is_none_or(|wanted| wanted == resource)
    }

    fn is_named(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.contains(&name)
    }
}

/// "If you specify a scalable dimension, you must also specify a resource ID."
fn dimension(input: Input<'_>, has_resource: bool) -> Result<(), Refusal> {
    match input.text("ScalableDimension")? {
        None => Ok(()),
        Some(DIMENSION) if has_resource => Ok(()),
        Some(DIMENSION) => {
            Err(input.refuse("Resource ID must be specified if a scalable dimension is specified"))
        }
        Some(_) => Err(unsupported(input)),
    }
}

fn names<'a>(input: Input<'a>, member: &str) -> Result<Vec<&'a str>, Refusal> {
    let names = input.texts(member)?;
    if names.len() > NAMES_MAX {
        return Err(input.constraint(
            "'[…]'",
            member,
            "Member must have length less than or equal to 50",
        ));
    }
    Ok(names)
}

fn paged(
    input: Input<'_>,
    member: &str,
    most: i64,
    found: Vec<(String, Value)>,
) -> Result<Value, Refusal> {
    let max = input.integer("MaxResults", 1, most)?.unwrap_or(most);
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let (items, next) = page(found, max, input.text("NextToken")?).ok_or_else(|| {
        Refusal::new("InvalidNextTokenException", "The specified next token is invalid")
    })?;
    let mut answer = json!({ member: items });
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), Value::String(next));
    }
    Ok(answer)
}
