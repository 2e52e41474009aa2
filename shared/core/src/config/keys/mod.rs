//! The format as tables: every key of a file with its form, its place and what it means.
//!
//! A new key is a line in one of them. The reader and the JSON Schema ([`super::schema`]) are both made from these.

mod entry;
mod expect;
mod health;
mod metric;
mod name;
mod scaling;

pub(super) use entry::{
    CapacityEntry, ExpectEntry, Layer, MetricEntry, PredictiveEntry, QueryEntry, ScheduledEntry,
    StatEntry, StepEntry, StepKind, SurgeEntry, TrackedKind, TrackingEntry, WindowEntry,
};
pub(super) use expect::{bounds, of_load};
pub(super) use metric::{DIMENSIONS_MAX, QUERIES_MAX, check_dimension, is_percentile, is_query_id};
pub(super) use name::is_ecs_name;
pub(super) use scaling::{STEPS_MAX, UTC};

use expect::EXPECT;
use health::{HEALTH, NOTIFY};
use scaling::{CAPACITY, PREDICTIVE, SCHEDULED, STEP, SURGE, TRACKING, WINDOW};

use super::form::{Flag, InService, Key, Table, Tables, Text, key};
use super::rule::Rule;

/// Above the first section.
pub(super) const TOP: &[Key<Layer>] = &[
    key!(
        Layer.team,
        Text { check: name::check_team, pattern: "^.{1,100}$" },
        "Whose service it is; named in notices. 1 to 100 characters. Default: nobody is named."
    ),
    key!(
        Layer.health,
        Table { keys: HEALTH, one: None },
        "How the service is judged, and what may be done about it."
    ),
    key!(Layer.notify, Table { keys: NOTIFY, one: None }, "Where notices go."),
    key!(
        Layer.capacity,
        Table { keys: CAPACITY, one: None },
        "The bounds of the service's task count. Without this section nothing of its scaling is managed."
    ),
    key!(
        Layer.target_tracking,
        Tables { keys: TRACKING, required: &["metric", "target"], inline: "" },
        "Keep a metric at a value."
    ),
    key!(
        Layer.step,
        Tables { keys: STEP, required: scaling::STEP_REQUIRED, inline: "" },
        "Change the task count by steps when an alarm says so. Steady makes the alarm too."
    ),
    key!(
        Layer.scheduled,
        Tables { keys: SCHEDULED, required: &["name", "schedule"], inline: "" },
        "Set the bounds at a time; they stay until something sets others."
    ),
    key!(
        Layer.window,
        Tables { keys: WINDOW, required: &["name", "start", "end"], inline: "" },
        "Other bounds between two times; afterwards those from before."
    ),
    key!(
        Layer.predictive,
        Table { keys: PREDICTIVE, one: Some((Rule::PredictiveOneMetric, scaling::ONE_METRIC)) },
        "Scale out ahead of what the last weeks foretell."
    ),
    key!(
        Layer.surge,
        Tables { keys: SURGE, required: &["alarm", "min"], inline: "" },
        "Raise the floor for a while when an alarm goes off."
    ),
    key!(
        Layer.adopt,
        InService(Flag),
        "Whether policies that track the same metric and are not Steady's may be replaced by Steady's. Default: false."
    ),
    key!(
        Layer.remove,
        InService(Flag),
        "Whether what Steady made for this service is to go, and the bounds from before it to come back. Default: false."
    ),
    key!(
        Layer.expect,
        InService(Tables { keys: EXPECT, required: &[], inline: "" }),
        "What is to come of the sections above, played over recorded load or in a scenario by `steady test`."
    ),
];

/// The section in which a key of this name exists, for one that was found in `here`, where it is unknown. Of several only
/// at the top level, where a section's header was probably forgotten: the first.
pub(super) fn section_of(name: &str, here: &str) -> Option<&'static str> {
    let sections = [
        ("", names(TOP)),
        ("[health]", names(HEALTH)),
        ("[notify]", names(NOTIFY)),
        ("[capacity]", names(CAPACITY)),
        ("[[target_tracking]]", names(TRACKING)),
        ("[[step]]", names(STEP)),
        ("[[scheduled]]", names(SCHEDULED)),
        ("[[window]]", names(WINDOW)),
        ("[predictive]", names(PREDICTIVE)),
        ("[[surge]]", names(SURGE)),
        ("[[expect]]", names(EXPECT)),
    ];
    let found: Vec<&str> = sections
        .into_iter()
        .filter(|(_, names)| names.contains(&name))
        .map(|(section, _)| section)
        .collect();
    match found.as_slice() {
        [one] => Some(one),
        [first, ..] if here.is_empty() => Some(first),
        _ => None,
    }
}

fn names<T>(keys: &[Key<T>]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// Our name for what AWS, Terraform and people call otherwise.
pub(super) fn other_name(name: &str) -> Option<&'static str> {
    const OTHER: &[(&str, &str)] = &[
        ("target_tracking_scaling", "target_tracking"),
        ("step_scaling", "step"),
        ("scheduled_action", "scheduled"),
        ("scheduled_scaling", "scheduled"),
        ("schedule", "scheduled"),
        ("predictive_scaling", "predictive"),
        ("min_capacity", "min"),
        ("max_capacity", "max"),
        ("minimum", "min"),
        ("maximum", "max"),
        ("target_value", "target"),
        ("metric_type", "metric"),
        ("step_adjustments", "steps"),
        ("step_adjustment", "steps"),
        ("adjustment_type", "adjustment"),
        ("comparison_operator", "comparison"),
        ("treat_missing_data", "missing_data"),
        ("scaling_adjustment", "by"),
        ("lower_bound", "from"),
        ("upper_bound", "to"),
        ("start_time", "start"),
        ("end_time", "end"),
        ("duration", "for"),
        ("scheduling_buffer_time", "scheduling_buffer"),
        ("max_capacity_breach_behavior", "max_capacity_breach"),
    ];
    let word = name.replace('-', "_");
    OTHER.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours)
}

/// What could stand after `name = `, where it is missing.
pub(super) fn example(table: &str, name: &str) -> &'static str {
    match name {
        "name" if table.starts_with("window") => "\"business-hours\"",
        "name" => "\"…\"",
        "metric" => "\"cpu\"",
        "target" => "55.0",
        "comparison" => "\">=\"",
        "threshold" => "80.0",
        "adjustment" => "\"change-in-capacity\"",
        "steps" => "[{ from = 0, by = 2 }]",
        "by" => "2",
        "schedule" | "start" => "\"cron(0 8 ? * MON-FRI *)\"",
        "end" => "\"cron(0 20 ? * MON-FRI *)\"",
        "min" => "2",
        "max" => "40",
        "resource_label" => "\"app/NAME/ID/targetgroup/NAME/ID\"",
        "namespace" => "\"AWS/SQS\"",
        "metric_name" => "\"ApproximateNumberOfMessagesVisible\"",
        "statistic" => "\"Average\"",
        "id" => "\"m1\"",
        "max_capacity_buffer" => "10",
        _ => "\"…\"",
    }
}
