//! PutMetricData and GetMetricData: single values, and what a period makes of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::CODE;
use super::alarm::{STATISTICS, invalid, metric_stat, missing};
use crate::answer::Refusal;
use crate::input::Input;

/// GetMetricData: `MaxDatapoints` of a page, and queries in a request.
const POINTS_MAX: i64 = 100_800;
const QUERIES_MAX: usize = 500;
/// PutMetricData: "up to 1000 different metrics".
const DATA_MAX: usize = 1000;

/// Namespace, name, and dimensions by name.
type Name = (String, String, BTreeMap<String, String>);

/// All values of all metrics, by their times.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    values: BTreeMap<Name, Vec<(Timestamp, f64)>>,
    /// Values in a page at most, where a caller asks for more; [`POINTS_MAX`] if 0.
    pub(crate) page: u32,
}

/// A query of GetMetricData.
struct Query<'a> {
    id: &'a str,
    label: &'a str,
    name: Name,
    period: i64,
    statistic: &'a str,
    is_returned: bool,
}

impl Metrics {
    /// In the order of time, whatever comes in which order.
    pub(crate) fn add(&mut self, name: Name, values: &[(Timestamp, f64)]) {
        let series = self.values.entry(name).or_default();
        series.extend(values);
        series.sort_by_key(|(at, _)| *at);
    }

    pub(super) fn put(&mut self, input: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let input = Input::of(input, CODE, &["Namespace", "MetricData"])?;
        let namespace = input.required("Namespace", 255)?;
        let data = input.list("MetricData")?;
        if data.len() > DATA_MAX {
            return Err(invalid(
                "The collection MetricData must not have a size greater than 1000.",
            ));
        }
        let known = ["MetricName", "Dimensions", "Timestamp", "Value", "Unit", "StorageResolution"];
        let mut read = Vec::with_capacity(data.len());
        for datum in data {
            let datum = Input::of(datum, CODE, &known)?;
            let name = (
                namespace.to_owned(),
                datum.required("MetricName", 255)?.to_owned(),
                dimensions(datum)?,
            );
            let value = datum.number("Value")?.ok_or_else(|| missing("Value"))?;
            read.push((name, datum.time("Timestamp")?.unwrap_or(now), value));
        }
        read.into_iter().for_each(|(name, at, value)| self.add(name, &[(at, value)]));
        Ok(json!({}))
    }

    /// Pages go query by query, and within each as `ScanBy` says; a query whose values go on in the next page is `PartialData`.
    pub(super) fn get(&self, input: &Value) -> Result<Value, Refusal> {
        let known =
            ["MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints"];
        let input = Input::of(input, CODE, &known)?;
        let times = (input.time("StartTime")?, input.time("EndTime")?);
        let (Some(start), Some(end)) = times else {
            return Err(missing(if times.0.is_none() { "StartTime" } else { "EndTime" }));
        };
        if start >= end {
            return Err(invalid(
                "The parameter StartTime must be less than the parameter EndTime.",
            ));
        }
        let orders = ["TimestampDescending", "TimestampAscending"];
        let ascends = input.word("ScanBy", &orders)? == Some("TimestampAscending");
        let max = input.integer("MaxDatapoints", 1, POINTS_MAX)?.unwrap_or(POINTS_MAX);
        let max = if self.page == 0 { max } else { max.min(i64::from(self.page)) };
        let (mut left, skipped) = (usize::try_from(max).unwrap_or(usize::MAX), skipped(input)?);
        let (mut results, mut place, mut is_whole) = (Vec::new(), 0, true);
        for query in queries(input)? {
            if !query.is_returned {
                continue;
            }
            let mut points = self.points(&query, start, end);
            if !ascends {
                points.reverse();
            }
            let all = points.len();
            // Values that pages before this one have given.
            let given = skipped.saturating_sub(place).min(all);
            place += all;
            if given == all && all > 0 {
                continue;
            }
            let page: Vec<_> = points.into_iter().skip(given).take(left).collect();
            left -= page.len();
            let goes_on = given + page.len() < all;
            is_whole &= !goes_on;
            results.push(json!({
                "Id": query.id,
                "Label": query.label,
                "Timestamps": page.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
                "Values": page.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
                "StatusCode": if goes_on { "PartialData" } else { "Complete" },
            }));
        }
        let mut answer = json!({ "MetricDataResults": results, "Messages": [] });
        if let (false, Some(answer)) = (is_whole, answer.as_object_mut()) {
            let token = format!("points:{}", skipped + usize::try_from(max).unwrap_or(0));
            answer.insert("NextToken".to_owned(), Value::String(token));
        }
        Ok(answer)
    }

    /// What the periods within `start` and `end` make of the values; periods without any are left out. Times are the periods'
    /// beginnings in seconds.
    fn points(&self, query: &Query<'_>, start: Timestamp, end: Timestamp) -> Vec<(i64, f64)> {
        let mut periods: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        let series = self.values.get(&query.name).map(Vec::as_slice).unwrap_or_default();
        for (at, value) in series.iter().filter(|(at, _)| (start..end).contains(at)) {
            let begins = at.as_second().div_euclid(query.period) * query.period;
            periods.entry(begins).or_default().push(*value);
        }
        periods.into_iter().map(|(at, values)| (at, statistic(query.statistic, &values))).collect()
    }
}

fn statistic(name: &str, values: &[f64]) -> f64 {
    let (sum, count) = (values.iter().sum::<f64>(), values.len() as f64);
    match name {
        "SampleCount" => count,
        "Sum" => sum,
        "Minimum" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "Maximum" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => sum / count,
    }
}

fn queries<'a>(input: Input<'a>) -> Result<Vec<Query<'a>>, Refusal> {
    let queries = input.list("MetricDataQueries")?;
    if queries.is_empty() || queries.len() > QUERIES_MAX {
        return Err(invalid("The collection MetricDataQueries must have a size from 1 to 500."));
    }
    queries.iter().map(query).collect()
}

fn query(query: &Value) -> Result<Query<'_>, Refusal> {
    // Metric math is an `Expression`: not known here.
    let query = Input::of(query, CODE, &["Id", "MetricStat", "Label", "ReturnData"])?;
    let id = query.required("Id", 255)?;
    let stat = query.object("MetricStat", &["Metric", "Period", "Stat", "Unit"])?;
    let stat = stat.ok_or_else(|| missing("MetricStat"))?;
    let period = metric_stat(stat)?;
    let statistic = stat.required("Stat", 255)?;
    if !STATISTICS.contains(&statistic) {
        return Err(Refusal::not_known_here("a percentile of a metric"));
    }
    let metric = stat.object("Metric", &["Namespace", "MetricName", "Dimensions"])?;
    let metric = metric.ok_or_else(|| missing("Metric"))?;
    let (namespace, name) =
        (metric.required("Namespace", 255)?, metric.required("MetricName", 255)?);
    Ok(Query {
        id,
        label: query.text("Label")?.unwrap_or(name),
        name: (namespace.to_owned(), name.to_owned(), dimensions(metric)?),
        period,
        statistic,
        is_returned: query.flag("ReturnData")?.unwrap_or(true),
    })
}

fn skipped(input: Input<'_>) -> Result<usize, Refusal> {
    let Some(token) = input.text("NextToken")? else { return Ok(0) };
    let place = token.strip_prefix("points:").and_then(|place| place.parse().ok());
    place.ok_or_else(|| Refusal::new("InvalidNextToken", "The next token specified is invalid."))
}

fn dimensions(input: Input<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut dimensions = BTreeMap::new();
    for dimension in input.list("Dimensions")? {
        let dimension = Input::of(dimension, CODE, &["Name", "Value"])?;
        let value = dimension.required("Value", 1024)?.to_owned();
        dimensions.insert(dimension.required("Name", 255)?.to_owned(), value);
    }
    Ok(dimensions)
}
