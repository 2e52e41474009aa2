//! `CloudWatch Alarm State Change` (CloudWatch User Guide, "Alarm events and EventBridge").

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_sim::Setup;

use super::store::{Alarm, AlarmState};

/// Of an alarm as it was and as it is.
pub(super) fn state_change(setup: &Setup, id: String, before: &Alarm, after: &Alarm) -> Value {
    let name = after.put.get("AlarmName");
    json!({
        "version": "0",
        "id": id,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": setup.account,
        "time": format!("{:.0}", after.state.since),
        "region": setup.region,
        "resources": [after.arn],
        "detail": {
            "alarmName": name,
            "configuration": configuration(after),
            "previousState": state(&before.state),
            "state": state(&after.state),
        },
    })
}

fn state(state: &AlarmState) -> Value {
    json!({ "reason": state.reason, "timestamp": time(state.since), "value": state.value })
}

/// `2019-10-02T17:04:40.989+0000`
fn time(at: Timestamp) -> String {
    format!("{at:.3}").replace('Z', "+0000")
}

fn configuration(alarm: &Alarm) -> Value {
    let put = |member: &str| alarm.put.get(member).cloned();
    let metrics = match put("Metrics") {
        Some(Value::Array(queries)) => queries.iter().map(query).collect(),
        _ => {
            let statistic = put("Statistic").or_else(|| put("ExtendedStatistic"));
            vec![json!({
                // CloudWatch's own id for an alarm's only metric.
                "id": "30b6c6b2-a864-43a2-4877-c09a1afc3b87",
                "metricStat": {
                    "metric": metric(put("Namespace"), put("MetricName"), put("Dimensions")),
                    "period": put("Period"),
                    "stat": statistic,
                },
                "returnData": true,
            })]
        }
    };
    let mut configuration = json!({ "metrics": metrics });
    if let (Some(text), Some(members)) = (put("AlarmDescription"), configuration.as_object_mut()) {
        members.insert("description".to_owned(), text);
    }
    configuration
}

fn query(query: &Value) -> Value {
    let member = |name: &str| query.get(name).cloned();
    let returned = member("ReturnData").unwrap_or(Value::Bool(true));
    match query.get("MetricStat") {
        None => {
            json!({ "id": member("Id"), "expression": member("Expression"), "returnData": returned })
        }
        Some(stat) => {
            let of = |name: &str| stat.pointer(&format!("/Metric/{name}")).cloned();
            json!({
                "id": member("Id"),
                "metricStat": {
                    "metric": metric(of("Namespace"), of("MetricName"), of("Dimensions")),
                    "period": stat.get("Period"),
                    "stat": stat.get("Stat"),
                },
                "returnData": returned,
            })
        }
    }
}

fn metric(namespace: Option<Value>, name: Option<Value>, dimensions: Option<Value>) -> Value {
    let dimensions = dimensions.as_ref().and_then(Value::as_array).into_iter().flatten();
    let pair = |dimension: &Value| {
        let name = dimension.get("Name")?.as_str()?.to_owned();
        Some((name, dimension.get("Value")?.clone()))
    };
    let dimensions: serde_json::Map<String, Value> = dimensions.filter_map(pair).collect();
    json!({ "dimensions": dimensions, "name": name, "namespace": namespace })
}
