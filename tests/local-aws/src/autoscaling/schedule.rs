//! Scheduled actions: kept and told, never run.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use steady_sim::Setup;

use super::store::{Autoscaling, ScheduledAction};
use super::{CODE, not_found, resource};
use crate::answer::Refusal;
use crate::input::Input;

/// "Scheduled actions per scalable target".
const ACTIONS_MAX: usize = 200;

/// How far a zone can be from UTC: a time that is past in all of them is past.
const ZONES: SignedDuration = SignedDuration::from_hours(14);

/// A start or end that is not named is deleted; everything else that is not named stays (PutScheduledAction).
pub(super) fn put(
    scaling: &mut Autoscaling,
    setup: &Setup,
    input: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let known = [
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
        "ScheduledActionName",
        "Schedule",
        "Timezone",
        "StartTime",
        "EndTime",
        "ScalableTargetAction",
    ];
    let input = Input::of(input, CODE, &known)?;
    let id = resource(input)?;
    let name = input.required("ScheduledActionName", 256)?;
    let new_id = scaling.new_id(2);
    let target = scaling
        .targets
        .get_mut(id)
        .ok_or_else(|| not_found("scalable target registered", id, None))?;
    let before = target.scheduled.get(name);
    if before.is_none() && target.scheduled.len() >= ACTIONS_MAX {
        let message = format!("The scalable target has {ACTIONS_MAX} scheduled actions already");
        return Err(Refusal::new("LimitExceededException", message));
    }
    let mut put = Map::new();
    for member in ["Schedule", "Timezone", "ScalableTargetAction"] {
        let kept = before.and_then(|action| action.put.get(member));
        if let Some(value) = input.get(member).or(kept) {
            put.insert(member.to_owned(), value.clone());
        }
    }
    for member in ["StartTime", "EndTime"] {
        if let Some(value) = input.get(member) {
            put.insert(member.to_owned(), value.clone());
        }
    }
    let whole = Value::Object(put.clone());
    check(Input::of(&whole, CODE, &known)?, now)?;
    let (arn, created_at) = match before {
        Some(action) => (action.arn.clone(), action.created_at),
        None => {
            let Setup { account, region, .. } = setup;
            let arn = format!(
                "arn:aws:autoscaling:{region}:{account}:scheduledAction:{new_id}:resource/ecs/{id}:scheduledActionName/{name}"
            );
            (arn, now)
        }
    };
    target.scheduled.insert(name.to_owned(), ScheduledAction { arn, put, created_at });
    Ok(json!({}))
}

/// Sentences are ours. Whether a time zone exists is not looked at.
fn check(input: Input<'_>, now: Timestamp) -> Result<(), Refusal> {
    let schedule = input.required("Schedule", 1600)?;
    let timezone = input.text("Timezone")?;
    check_schedule(input, schedule, timezone, now)?;
    let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
    if end.is_some_and(|end| end <= now) {
        return Err(input.refuse("The end time of a scheduled action cannot be in the past"));
    }
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        return Err(input.refuse("The end time of a scheduled action must be after its start time"));
    }
    let Some(action) = input.object("ScalableTargetAction", &["MinCapacity", "MaxCapacity"])?
    else {
        return Err(input.refuse("A scheduled action needs a ScalableTargetAction"));
    };
    let min = action.integer("MinCapacity", 0, i64::from(i32::MAX))?;
    let max = action.integer("MaxCapacity", 0, i64::from(i32::MAX))?;
    match (min, max) {
        (None, None) => {
            Err(input.refuse("A scheduled action needs a minimum or a maximum capacity"))
        }
        (Some(min), Some(max)) if max < min => {
            Err(input.refuse("Maximum capacity cannot be less than minimum capacity"))
        }
        _ => Ok(()),
    }
}

/// The form alone: `at(yyyy-mm-ddThh:mm:ss)`, `rate(value unit)`, `cron(fields)` with six fields, or seven with seconds.
fn check_schedule(
    input: Input<'_>,
    schedule: &str,
    timezone: Option<&str>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let inner = |kind: &str| schedule.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    let is_form = if let Some(at) = inner("at") {
        let at: Option<Timestamp> = at
            .parse::<DateTime>()
            .ok()
            .and_then(|at| at.to_zoned(TimeZone::UTC).ok())
            .map(|at| at.timestamp());
        let slack = match timezone {
            None | Some("UTC") => SignedDuration::ZERO,
            Some(_) => ZONES,
        };
        if at.is_some_and(|at| at.saturating_add(slack).unwrap_or(at) <= now) {
            return Err(input.refuse("Scheduled action time cannot be in the past"));
        }
        at.is_some()
    } else if let Some(rate) = inner("rate") {
        let units = ["minute", "minutes", "hour", "hours", "day", "days"];
        rate.split_once(' ').is_some_and(|(value, unit)| {
            value.parse::<u32>().is_ok_and(|value| value > 0) && units.contains(&unit)
        })
    } else {
        inner("cron").is_some_and(|cron| (6..=7).contains(&cron.split_whitespace().count()))
    };
    if is_form {
        return Ok(());
    }
    Err(input.refuse(format!("Schedule expression is invalid: {schedule}")))
}

pub(super) fn delete(scaling: &mut Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let known = ["ServiceNamespace", "ResourceId", "ScalableDimension", "ScheduledActionName"];
    let input = Input::of(input, CODE, &known)?;
    let id = resource(input)?;
    let name = input.required("ScheduledActionName", 256)?;
    let removed = scaling.targets.get_mut(id).and_then(|target| target.scheduled.remove(name));
    match removed {
        Some(_) => Ok(json!({})),
        None => Err(not_found("scheduled action found", id, Some(("scheduled action", name)))),
    }
}
