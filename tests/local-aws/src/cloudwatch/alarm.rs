//! What PutMetricAlarm takes.

use serde_json::{Map, Value};

use super::CODE;
use crate::answer::Refusal;
use crate::input::Input;

/// Actions for each state (PutMetricAlarm, "up to 5").
const ACTIONS_MAX: usize = 5;
/// Queries of a metric math (PutMetricAlarm, `Metrics`: "up to 20" structures, of which at most 10 metrics).
const QUERIES_MAX: usize = 20;
const DIMENSIONS_MAX: usize = 30;
/// EvaluationPeriods × Period, in seconds: a day, and a week where the period is an hour or more (PutMetricAlarm).
const DAY: i64 = 86_400;
const WEEK: i64 = 604_800;

const KNOWN: [&str; 21] = [
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
];
/// Members of a request that belong to an alarm on one metric.
const OF_ONE: [&str; 7] =
    ["MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"];
pub(super) const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

/// The members of an alarm that has passed, by name.
pub(super) fn put(input: &Value) -> Result<(String, Map<String, Value>), Refusal> {
    let members = input;
    let input = Input::of(input, CODE, &KNOWN)?;
    let name = input.required("AlarmName", 255)?;
    for actions in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        if input.texts(actions)?.len() > ACTIONS_MAX {
            let rule = "Member must have length less than or equal to 5";
            return Err(input.constraint("'[…]'", actions, rule));
        }
    }
    if input.get("ThresholdMetricId").is_some() {
        return Err(Refusal::not_known_here("an anomaly detection alarm"));
    }
    input.flag("ActionsEnabled")?;
    if input.number("Threshold")?.is_none() {
        return Err(missing("Threshold"));
    }
    let operators = [
        "GreaterThanOrEqualToThreshold",
        "GreaterThanThreshold",
        "LessThanThreshold",
        "LessThanOrEqualToThreshold",
    ];
    if input.word("ComparisonOperator", &operators)?.is_none() {
        return Err(missing("ComparisonOperator"));
    }
    if let Some(treat) = input.text("TreatMissingData")?
        && !["breaching", "notBreaching", "ignore", "missing"].contains(&treat)
    {
        return Err(invalid(format!("Invalid value for TreatMissingData: {treat}")));
    }
    let Some(periods) = input.integer("EvaluationPeriods", 1, i64::MAX)? else {
        return Err(missing("EvaluationPeriods"));
    };
    if input.integer("DatapointsToAlarm", 1, i64::MAX)?.is_some_and(|points| points > periods) {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
    }
    let period = if input.list("Metrics")?.is_empty() {
        one(input)?
    } else if let Some(member) = OF_ONE.iter().find(|member| input.get(member).is_some()) {
        let message = format!("{member} cannot be specified together with Metrics");
        return Err(Refusal::new("InvalidParameterCombination", message));
    } else {
        math(input)?
    };
    if periods.saturating_mul(period) > if period >= 3600 { WEEK } else { DAY } {
        return Err(invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).",
        ));
    }
    let members = members.as_object().cloned().unwrap_or_default();
    let given = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
    Ok((name.to_owned(), given))
}

/// Gives the period.
fn one(input: Input<'_>) -> Result<i64, Refusal> {
    for member in ["MetricName", "Namespace"] {
        if input.text(member)?.is_none() {
            return Err(missing(member));
        }
    }
    match (input.word("Statistic", &STATISTICS)?, input.text("ExtendedStatistic")?) {
        (Some(_), None) => {}
        (None, Some(percentile)) if is_percentile(percentile) => {}
        (None, Some(other)) => {
            return Err(invalid(format!(
                "The value {other} for parameter ExtendedStatistic is not supported."
            )));
        }
        _ => return Err(missing("Statistic")),
    }
    dimensions(input)?;
    let Some(period) = input.integer("Period", 1, WEEK)? else { return Err(missing("Period")) };
    check_period(period)?;
    Ok(period)
}

/// Gives the longest period.
fn math(input: Input<'_>) -> Result<i64, Refusal> {
    let queries = input.list("Metrics")?;
    if queries.len() > QUERIES_MAX {
        return Err(invalid("The collection Metrics must not have a size greater than 20."));
    }
    let (mut longest, mut returned) = (60, 0);
    for query in queries {
        let known = ["Id", "MetricStat", "Expression", "Label", "ReturnData", "Period"];
        let query = Input::of(query, CODE, &known)?;
        let id = query.required("Id", 255)?;
        if !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(invalid(format!(
                "The value {id} for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            )));
        }
        returned += usize::from(query.flag("ReturnData")?.unwrap_or(true));
        match (
            query.object("MetricStat", &["Metric", "Period", "Stat", "Unit"])?,
            query.text("Expression")?,
        ) {
            (Some(stat), None) => longest = metric_stat(stat)?.max(longest),
            (None, Some(_)) => {}
            _ => {
                return Err(invalid(
                    "Either MetricStat or Expression must be specified for each metric data query.",
                ));
            }
        }
    }
    if returned != 1 {
        return Err(invalid("Exactly one element of the metrics list should return data."));
    }
    Ok(longest)
}

/// Gives the period.
pub(super) fn metric_stat(stat: Input<'_>) -> Result<i64, Refusal> {
    let metric = stat
        .object("Metric", &["Namespace", "MetricName", "Dimensions"])?
        .ok_or_else(|| missing("Metric"))?;
    metric.required("Namespace", 255)?;
    metric.required("MetricName", 255)?;
    dimensions(metric)?;
    let statistic = stat.required("Stat", 255)?;
    if !STATISTICS.contains(&statistic) && !is_percentile(statistic) {
        return Err(invalid(format!("The value {statistic} for parameter Stat is not supported.")));
    }
    let Some(period) = stat.integer("Period", 1, WEEK)? else { return Err(missing("Period")) };
    check_period(period)?;
    Ok(period)
}

fn check_period(period: i64) -> Result<(), Refusal> {
    if [10, 20, 30].contains(&period) || period % 60 == 0 {
        return Ok(());
    }
    Err(invalid("Period must be 10, 20, 30 or a multiple of 60"))
}

fn dimensions(input: Input<'_>) -> Result<(), Refusal> {
    let dimensions = input.list("Dimensions")?;
    if dimensions.len() > DIMENSIONS_MAX {
        return Err(invalid("The collection Dimensions must not have a size greater than 30."));
    }
    for dimension in dimensions {
        let dimension = Input::of(dimension, CODE, &["Name", "Value"])?;
        dimension.required("Name", 255)?;
        dimension.required("Value", 1024)?;
    }
    Ok(())
}

/// `p99`, `p99.9`.
fn is_percentile(statistic: &str) -> bool {
    let number = statistic.strip_prefix('p').and_then(|number| number.parse::<f64>().ok());
    number.is_some_and(|number| (0.0..=100.0).contains(&number))
}

pub(super) fn missing(member: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The parameter {member} is required."))
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}
