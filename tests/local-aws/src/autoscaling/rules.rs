//! What PutScalingPolicy refuses.
//!
//! AWS's own sentences: one policy for each metric, and those about unspecified bounds (both as public reports quote them); all
//! others are ours. The rules are those of the API reference: TargetTrackingScalingPolicyConfiguration,
//! StepScalingPolicyConfiguration, StepAdjustment, PredictiveScalingPolicyConfiguration and the types in them.

use serde_json::Value;

use super::store::Policy;
use crate::answer::Refusal;
use crate::input::Input;

/// Of those that there are, the ones that are for ECS services.
const TRACKED: [&str; 5] = [
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilizationHighResolution",
    ALB,
];
const ALB: &str = "ALBRequestCountPerTarget";
/// PredictiveScalingPredefinedMetricPairSpecification.
const FORETOLD: [&str; 9] = [
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceCPUUtilization",
    "ECSServiceMemoryUtilization",
    "ECSServiceTotalCPUUtilization",
    "ECSServiceTotalMemoryUtilization",
    "ALBRequestCount",
    "ALBRequestCountPerTarget",
    "TotalALBRequestCount",
];
const STATISTICS: [&str; 5] = ["Average", "Minimum", "Maximum", "SampleCount", "Sum"];
const COOLDOWN_MAX: i64 = i32::MAX as i64;
/// "Step adjustments per step scaling policy".
const STEPS_MAX: usize = 20;

pub(super) fn check<'a>(
    input: Input<'_>,
    kind: &str,
    config: &Value,
    others: impl Iterator<Item = &'a Policy>,
) -> Result<(), Refusal> {
    match kind {
        "TargetTrackingScaling" => {
            target_tracking(config)?;
            let metric = tracked(config);
            if others
                .filter(|other| other.kind == kind)
                .any(|other| tracked(&other.config) == metric)
            {
                return Err(input.refuse(
                    "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
                ));
            }
            Ok(())
        }
        "StepScaling" => step(config),
        _ => predictive(config),
    }
}

fn of<'a>(config: &'a Value, known: &[&str]) -> Result<Input<'a>, Refusal> {
    Input::of(config, super::CODE, known)
}

fn tracked(config: &Value) -> (Option<&Value>, Option<&Value>) {
    (config.get("PredefinedMetricSpecification"), config.get("CustomizedMetricSpecification"))
}

fn target_tracking(config: &Value) -> Result<(), Refusal> {
    let known = [
        "TargetValue",
        "PredefinedMetricSpecification",
        "CustomizedMetricSpecification",
        "ScaleOutCooldown",
        "ScaleInCooldown",
        "DisableScaleIn",
    ];
    let config = of(config, &known)?;
    target_value(config)?;
    config.integer("ScaleOutCooldown", 0, COOLDOWN_MAX)?;
    config.integer("ScaleInCooldown", 0, COOLDOWN_MAX)?;
    config.flag("DisableScaleIn")?;
    let predefined = config
        .object("PredefinedMetricSpecification", &["PredefinedMetricType", "ResourceLabel"])?;
    let custom = ["MetricName", "Namespace", "Dimensions", "Statistic", "Unit", "Metrics"];
    let customized = config.object("CustomizedMetricSpecification", &custom)?;
    match (predefined, customized) {
        (Some(predefined), None) => {
            if predefined.word("PredefinedMetricType", &TRACKED)?.is_none() {
                return Err(config.refuse("PredefinedMetricType is required"));
            }
            label(predefined, predefined.text("PredefinedMetricType")? == Some(ALB))
        }
        (None, Some(customized)) => customized_metric(customized),
        _ => Err(config.refuse(
            "Either a predefined or a customized metric specification must be given, and not both",
        )),
    }
}

fn target_value(config: Input<'_>) -> Result<(), Refusal> {
    match config.number("TargetValue")? {
        Some(target) if target > 0.0 => Ok(()),
        _ => Err(config.refuse("The target value must be greater than 0")),
    }
}

/// `app/NAME/ID/targetgroup/NAME/ID`, where the metric is a target group's, and nowhere else.
fn label(of: Input<'_>, is_needed: bool) -> Result<(), Refusal> {
    let label = of.text("ResourceLabel")?;
    let is_label = |label: &str| {
        let parts: Vec<&str> = label.split('/').collect();
        matches!(parts.as_slice(), ["app", _, _, "targetgroup", _, _])
    };
    match label {
        None if is_needed => Err(of.refuse("A resource label is required for this metric type")),
        Some(_) if !is_needed => {
            Err(of.refuse("A resource label cannot be given for this metric type"))
        }
        Some(label) if !is_label(label) => {
            Err(of.refuse(format!("The resource label is invalid: {label}")))
        }
        _ => Ok(()),
    }
}

fn customized_metric(metric: Input<'_>) -> Result<(), Refusal> {
    let queries = metric.list("Metrics")?;
    if queries.is_empty() {
        metric.required("MetricName", 255)?;
        metric.required("Namespace", 255)?;
        dimensions(metric)?;
        return match metric.word("Statistic", &STATISTICS)? {
            Some(_) => Ok(()),
            None => Err(metric.refuse("A statistic is required for a customized metric")),
        };
    }
    if ["MetricName", "Namespace", "Dimensions", "Statistic", "Unit"]
        .iter()
        .any(|member| metric.get(member).is_some())
    {
        return Err(metric.refuse("Metrics cannot be combined with a single metric"));
    }
    let mut returned = 0;
    let mut ids = Vec::new();
    for query in queries {
        let query = of(query, &["Id", "Expression", "Label", "MetricStat", "ReturnData"])?;
        let id = query.required("Id", 64)?;
        if ids.contains(&id) || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(query.refuse(format!("The query id is invalid or not unique: {id}")));
        }
        ids.push(id);
        returned += usize::from(query.flag("ReturnData")?.unwrap_or(true));
        let stat = query.object("MetricStat", &["Metric", "Stat", "Unit"])?;
        match (stat, query.text("Expression")?) {
            (None, Some(_)) => {}
            (Some(stat), None) => {
                stat.required("Stat", 100)?;
                let metric = stat.object("Metric", &["Namespace", "MetricName", "Dimensions"])?;
                let metric = metric.ok_or_else(|| stat.refuse("Metric is required"))?;
                metric.required("MetricName", 255)?;
                metric.required("Namespace", 255)?;
                dimensions(metric)?;
            }
            _ => return Err(query.refuse("Either an expression or a metric must be given")),
        }
    }
    if returned != 1 {
        return Err(metric.refuse("Exactly one of the queries must return data"));
    }
    Ok(())
}

fn dimensions(metric: Input<'_>) -> Result<(), Refusal> {
    for dimension in metric.list("Dimensions")? {
        let dimension = of(dimension, &["Name", "Value"])?;
        dimension.required("Name", 255)?;
        dimension.required("Value", 1024)?;
    }
    Ok(())
}

fn step(config: &Value) -> Result<(), Refusal> {
    let known = [
        "AdjustmentType",
        "StepAdjustments",
        "MinAdjustmentMagnitude",
        "Cooldown",
        "MetricAggregationType",
    ];
    let config = of(config, &known)?;
    let types = ["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"];
    let Some(adjustment) = config.word("AdjustmentType", &types)? else {
        return Err(config.refuse("AdjustmentType is required"));
    };
    config.integer("Cooldown", 0, COOLDOWN_MAX)?;
    config.word("MetricAggregationType", &["Average", "Minimum", "Maximum"])?;
    let magnitude = config.integer("MinAdjustmentMagnitude", 1, COOLDOWN_MAX)?;
    if magnitude.is_some() && adjustment != "PercentChangeInCapacity" {
        return Err(config.refuse(
            "MinAdjustmentMagnitude can be given for adjustment type PercentChangeInCapacity only",
        ));
    }
    let steps = config.list("StepAdjustments")?;
    if steps.is_empty() {
        return Err(config.refuse("At least one StepAdjustment is required"));
    }
    if steps.len() > STEPS_MAX {
        let message = format!("A policy can have at most {STEPS_MAX} step adjustments");
        return Err(Refusal::new("LimitExceededException", message));
    }
    let mut intervals = Vec::new();
    for step in steps {
        let known = ["MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment"];
        let step = of(step, &known)?;
        let least = i64::from(i32::MIN);
        if step.integer("ScalingAdjustment", least, i64::from(i32::MAX))?.is_none() {
            return Err(step.refuse("ScalingAdjustment is required"));
        }
        intervals.push((
            step.number("MetricIntervalLowerBound")?,
            step.number("MetricIntervalUpperBound")?,
        ));
    }
    let wrong = wrong_intervals(&mut intervals);
    wrong.map_or(Ok(()), |message| Err(config.refuse(message)))
}

/// Neither gap nor overlap, and no end that should be open.
fn wrong_intervals(intervals: &mut [(Option<f64>, Option<f64>)]) -> Option<&'static str> {
    let lower = |one: &(Option<f64>, Option<f64>)| one.0.unwrap_or(f64::NEG_INFINITY);
    let upper = |one: &(Option<f64>, Option<f64>)| one.1.unwrap_or(f64::INFINITY);
    if intervals.contains(&(None, None)) {
        return Some("Both lower and upper bounds of a step adjustment cannot be left unspecified");
    }
    if intervals.iter().any(|one| lower(one) >= upper(one)) {
        return Some("The lower bound of a step adjustment must be less than its upper bound");
    }
    if intervals.iter().filter(|one| one.0.is_none()).count() > 1
        || intervals.iter().filter(|one| one.1.is_none()).count() > 1
    {
        return Some(
            "At most one StepAdjustment may have an unspecified lower, and one an unspecified upper bound",
        );
    }
    intervals.sort_by(|a, b| lower(a).total_cmp(&lower(b)));
    if intervals.iter().zip(intervals.iter().skip(1)).any(|(one, next)| upper(one) != lower(next)) {
        return Some("StepAdjustment intervals can't have gaps or overlap");
    }
    if intervals.iter().any(|one| lower(one) < 0.0) && intervals.iter().all(|one| one.0.is_some()) {
        return Some(
            "There must be a StepAdjustment with an unspecified lower bound (i.e., lower bound is null) when one StepAdjustment has a negative lower bound",
        );
    }
    if intervals.iter().any(|one| upper(one) > 0.0) && intervals.iter().all(|one| one.1.is_some()) {
        return Some(
            "There must be a StepAdjustment with an unspecified upper bound (i.e., upper bound is null) when one StepAdjustment has a positive upper bound",
        );
    }
    None
}

fn predictive(config: &Value) -> Result<(), Refusal> {
    let known = [
        "MetricSpecifications",
        "Mode",
        "SchedulingBufferTime",
        "MaxCapacityBreachBehavior",
        "MaxCapacityBuffer",
    ];
    let config = of(config, &known)?;
    config.word("Mode", &["ForecastOnly", "ForecastAndScale"])?;
    // "Less than the forecast interval duration of 3600 seconds" (API reference).
    config.integer("SchedulingBufferTime", 0, 3599)?;
    let behaviors = ["HonorMaxCapacity", "IncreaseMaxCapacity"];
    let breach = config.word("MaxCapacityBreachBehavior", &behaviors)?;
    let buffer = config.integer("MaxCapacityBuffer", 0, 100)?;
    // "Required if MaxCapacityBreachBehavior is IncreaseMaxCapacity, and cannot be used otherwise."
    if buffer.is_some() != (breach == Some("IncreaseMaxCapacity")) {
        return Err(config.refuse(
            "MaxCapacityBuffer must be given with IncreaseMaxCapacity, and with it alone",
        ));
    }
    let [specification] = config.list("MetricSpecifications")? else {
        return Err(config.refuse("Exactly one metric specification is required"));
    };
    // Load and scaling metrics of their own are not known here.
    let specification = of(specification, &["TargetValue", "PredefinedMetricPairSpecification"])?;
    target_value(specification)?;
    let pair = specification
        .object("PredefinedMetricPairSpecification", &["PredefinedMetricType", "ResourceLabel"])?
        .ok_or_else(|| config.refuse("A predefined metric pair is required"))?;
    match pair.word("PredefinedMetricType", &FORETOLD)? {
        None => Err(config.refuse("PredefinedMetricType is required")),
        Some(kind) => label(pair, kind.contains("ALB")),
    }
}
