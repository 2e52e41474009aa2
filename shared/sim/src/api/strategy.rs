//! `deploymentConfiguration.strategy` with its times and hooks.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::input::Input;
use crate::error::ApiError;
use crate::stages::{Hook, HookAction, Stage, Strategy};

/// Minutes of a bake time: at most a day (`DeploymentConfiguration`, API reference).
const BAKE_MINUTES_MAX: u32 = 1440;

/// The default of a hook's timeout and the longest one (`DeploymentLifecycleHookTimeoutConfiguration`, API reference).
const HOOK_MINUTES: (u32, u32) = (1440, 20_160);

/// Writes into a configuration what ECS takes where a strategy is not said in full: a canary of 5 % for 10 minutes
/// (`CanaryConfiguration`), steps of 10 % every 6 minutes (`LinearConfiguration`, API reference).
pub(super) fn show_defaults(whole: &mut Map<String, Value>) {
    let (name, defaults) = match whole.get("strategy").and_then(Value::as_str) {
        Some("CANARY") => (
            "canaryConfiguration",
            [("canaryPercent", json!(5.0)), ("canaryBakeTimeInMinutes", json!(10))],
        ),
        Some("LINEAR") => (
            "linearConfiguration",
            [("stepPercent", json!(10.0)), ("stepBakeTimeInMinutes", json!(6))],
        ),
        _ => return,
    };
    let of = whole.entry(name).or_insert_with(|| json!({}));
    if let Some(of) = of.as_object_mut() {
        for (member, value) in defaults {
            of.entry(member).or_insert(value);
        }
    }
}

/// Reads the strategy of a whole `deploymentConfiguration`.
///
/// # Errors
/// `InvalidParameterException` for what is out of range, and for linear and canary without anything that shifts traffic
/// ("your service must use one of … Elastic Load Balancing, Service Connect", developer guide); AWS's words for these are
/// not published. `UnsupportedFeatureException` for hooks that call a function.
pub(super) fn read(
    members: Input<'_>,
    settings: &Map<String, Value>,
) -> Result<Strategy, ApiError> {
    let empty = json!({});
    let of = |name: &str| Input::new(members.value(name).unwrap_or(&empty));
    let bake = bake_time(members, "bakeTimeInMinutes", 0)?;
    let (steps, step_tenths, step_bake) = match members.text("strategy")?.unwrap_or("ROLLING") {
        "ROLLING" => {
            hooks(members)?;
            return Ok(Strategy::Rolling);
        }
        "BLUE_GREEN" => (1, 1000, SignedDuration::ZERO),
        "CANARY" => {
            let canary = of("canaryConfiguration")?;
            let percent = tenths(canary, "canaryPercent", 50, 1)?;
            // All at once is no canary.
            let steps = if percent < 1000 { 2 } else { 1 };
            (steps, percent, bake_time(canary, "canaryBakeTimeInMinutes", 10)?)
        }
        "LINEAR" => {
            let linear = of("linearConfiguration")?;
            let percent = tenths(linear, "stepPercent", 100, 30)?;
            let steps = 1000_u32.div_ceil(percent);
            (steps, percent, bake_time(linear, "stepBakeTimeInMinutes", 6)?)
        }
        _ => return Err(ApiError::invalid("Invalid deployment strategy.")),
    };
    let shifts = |name: &str| match settings.get(name) {
        Some(Value::Array(list)) => !list.is_empty(),
        Some(one) => one.get("enabled") == Some(&Value::Bool(true)),
        None => false,
    };
    let can_shift = shifts("loadBalancers") || shifts("serviceConnectConfiguration");
    if members.text("strategy")? != Some("BLUE_GREEN") && !can_shift {
        return Err(ApiError::invalid(
            "The deployment strategy requires a load balancer or Service Connect.",
        ));
    }
    Ok(Strategy::Shifting { steps, step_tenths, step_bake, bake, hooks: hooks(members)? })
}

fn bake_time(members: Input<'_>, name: &str, usual: u32) -> Result<SignedDuration, ApiError> {
    let minutes = members.count(name)?.unwrap_or(usual);
    if minutes > BAKE_MINUTES_MAX {
        return Err(ApiError::invalid(format!("{name} must be between 0 and {BAKE_MINUTES_MAX}.")));
    }
    Ok(SignedDuration::from_mins(minutes.into()))
}

/// A percentage in tenths: from `least` to 1000.
fn tenths(members: Input<'_>, name: &str, usual: u32, least: u32) -> Result<u32, ApiError> {
    let Some(value) = members.value(name) else { return Ok(usual) };
    let percent = value.as_f64().ok_or_else(|| ApiError::wrong_type(name, "a Double"))?;
    let given = (percent * 10.0).round();
    if given < f64::from(least) || given > 1000.0 {
        return Err(ApiError::invalid(format!("Invalid {name}.")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1000")]
    Ok(given as u32)
}

fn hooks(members: Input<'_>) -> Result<Vec<Hook>, ApiError> {
    let Some(all) = members.value("lifecycleHooks") else { return Ok(Vec::new()) };
    let all = all.as_array().ok_or_else(|| ApiError::wrong_type("lifecycleHooks", "a list"))?;
    all.iter().map(|one| hook(Input::new(one)?)).collect()
}

fn hook(given: Input<'_>) -> Result<Hook, ApiError> {
    if given.text("targetType")? != Some("PAUSE") {
        return Err(ApiError::not_simulated("a lifecycle hook that calls a function"));
    }
    let stage = |word: &str| {
        Stage::with_hook(word).ok_or_else(|| ApiError::invalid("Invalid lifecycle stage."))
    };
    let stages =
        given.texts("lifecycleStages")?.into_iter().map(stage).collect::<Result<_, _>>()?;
    let empty = json!({});
    let timeout = Input::new(given.value("timeoutConfiguration").unwrap_or(&empty))?;
    let minutes = timeout.count("timeoutInMinutes")?.unwrap_or(HOOK_MINUTES.0);
    if !(1..=HOOK_MINUTES.1).contains(&minutes) {
        return Err(ApiError::invalid("Invalid timeoutInMinutes."));
    }
    let action = action(timeout.text("action")?.unwrap_or("ROLLBACK"))?;
    Ok(Hook { stages, timeout: SignedDuration::from_mins(minutes.into()), action })
}

/// # Errors
/// `InvalidParameterException`
pub(super) fn action(word: &str) -> Result<HookAction, ApiError> {
    match word {
        "CONTINUE" => Ok(HookAction::Continue),
        "ROLLBACK" => Ok(HookAction::RollBack),
        _ => Err(ApiError::invalid("Invalid action.")),
    }
}
