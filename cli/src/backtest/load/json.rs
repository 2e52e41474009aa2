//! What `aws cloudwatch get-metric-data` prints, and `get-metric-statistics`.

use serde::Deserialize;
use serde_json::Value;

use super::{How, Place, Refused, Row, Rows, checked, time, value};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    metric_data_results: Option<Vec<Result>>,
    datapoints: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Result {
    #[serde(default)]
    id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    timestamps: Vec<Value>,
    #[serde(default)]
    values: Vec<Value>,
    #[serde(default)]
    status_code: String,
}

const STATISTICS: [&str; 5] = ["Average", "Sum", "Maximum", "Minimum", "SampleCount"];

/// Reads one metric.
pub(super) fn read(text: &str, how: &How) -> Rows {
    let answer: Answer = match serde_json::from_str(text) {
        Ok(answer) => answer,
        Err(error) => return refused(format!("it is no answer of get-metric-data: {error}")),
    };
    match answer {
        Answer { metric_data_results: Some(results), .. } => of_results(&results, how),
        Answer { datapoints: Some(points), .. } => of_datapoints(&points, how),
        _ => refused(
            "it has no `MetricDataResults`: expected what `aws cloudwatch get-metric-data` prints",
        ),
    }
}

fn of_results(results: &[Result], how: &How) -> Rows {
    let mut names: Vec<&str> = results.iter().map(|result| result.id.as_str()).collect();
    names.dedup();
    let wanted = match &how.column {
        Some(name) => name.as_str(),
        None if names.len() == 1 => names.first().copied().unwrap_or_default(),
        None => {
            let (count, names) = (names.len(), names.join("`, `"));
            return refused(format!("it has {count} metrics, `{names}`: choose one with --column"));
        }
    };
    // Pages of one metric come as several results with its id.
    let of_it = |result: &&Result| result.id == wanted || result.label == wanted;
    let results: Vec<&Result> = results.iter().filter(of_it).collect();
    let mut read = Rows::default();
    let Some(last) = results.last() else {
        return refused(format!("there is no metric `{wanted}`; it has `{}`", names.join("`, `")));
    };
    read.partial = last.status_code == "PartialData";
    for result in &results {
        if result.timestamps.len() != result.values.len() {
            let (times, values) = (result.timestamps.len(), result.values.len());
            return refused(format!("`{wanted}` has {times} timestamps and {values} values"));
        }
        for (at, value) in result.timestamps.iter().zip(&result.values) {
            take(&mut read, at, value, how);
        }
    }
    read
}

fn of_datapoints(points: &[Value], how: &How) -> Rows {
    let of_first = |name: &&str| points.first().is_some_and(|point| point.get(name).is_some());
    let there: Vec<&str> = STATISTICS.into_iter().filter(of_first).collect();
    let statistic = match (how.column.as_deref(), there.as_slice()) {
        (Some(name), _) => name,
        (None, [one]) => one,
        (None, _) => {
            return refused(format!(
                "it has the statistics `{}`: choose one with --column",
                there.join("`, `")
            ));
        }
    };
    let mut read = Rows::default();
    for point in points {
        let get = |name: &str| point.get(name).unwrap_or(&Value::Null);
        take(&mut read, get("Timestamp"), get(statistic), how);
    }
    read
}

fn take(read: &mut Rows, at: &Value, number: &Value, how: &How) {
    let place = Place::Value(read.rows.len() + read.refused.len() + 1);
    match row(place, at, number, how) {
        Ok(row) => read.rows.push(row),
        Err(why) => read.refused.push(Refused::at(place, why)),
    }
}

fn row(place: Place, at: &Value, number: &Value, how: &How) -> std::result::Result<Row, String> {
    let at = match at {
        Value::String(text) => time::parse(text, &how.zone)?,
        Value::Number(number) => {
            let at = number.as_f64().and_then(time::epoch);
            at.ok_or_else(|| format!("`{number}` is no time"))?
        }
        other => return Err(format!("`{other}` is no time")),
    };
    let value = match number {
        Value::Number(number) => checked(number.as_f64().unwrap_or(f64::NAN))?,
        Value::Null => f64::NAN,
        Value::String(text) => value(text)?,
        other => return Err(format!("`{other}` is no number")),
    };
    Ok(Row { place, at, value })
}

fn refused(why: impl Into<String>) -> Rows {
    Rows { refused: vec![Refused::file(why)], ..Rows::default() }
}
