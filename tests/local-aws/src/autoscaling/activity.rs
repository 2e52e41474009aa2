//! Scaling activities that Application Auto Scaling itself would write.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::store::seconds;

/// The desired count was moved because a bound excludes it.
pub(super) fn bound_set(bound: &str, count: i64, now: Timestamp) -> Map<String, Value> {
    let at = seconds(now);
    let members = [
        ("Description", json!(format!("Setting desired count to {count}."))),
        ("Cause", json!(format!("{bound} capacity was set to {count}"))),
        ("StartTime", at.clone()),
        ("EndTime", at),
        ("StatusCode", json!("Successful")),
        (
            "StatusMessage",
            json!(format!(
                "Successfully set desired count to {count}. Change successfully fulfilled by ecs."
            )),
        ),
    ];
    members.into_iter().map(|(member, value)| (member.to_owned(), value)).collect()
}
