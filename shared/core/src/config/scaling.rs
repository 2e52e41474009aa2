//! What a team wants of a service's scaling, checked: the sections `[capacity]`, `[[target_tracking]]`, `[[step]]`,
//! `[[scheduled]]`, `[[window]]`, `[predictive]` and `[[surge]]`.
//!
//! These are the words of the file. What Application Auto Scaling is told of it is [`crate::scaling`]'s business, and
//! what a simulation makes of it the simulator's: both read these types, never the file.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::scaling::Schedule;

/// The scaling of one service. The default is none: Steady leaves the service's scaling alone.
///
/// ```toml
/// [capacity]
/// min = 2
/// max = 40
///
/// [[target_tracking]]
/// metric = "cpu"
/// target = 55.0
/// scale_in_cooldown = "5m"
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scaling {
    /// The base bounds. `None`: nothing of this service's scaling is managed, and no other section may be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// `[[target_tracking]]`, in the file's order; no two track one metric, no two have one name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_tracking: Vec<TargetTracking>,
    /// `[[step]]`, in the file's order; names unique.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub step: Vec<StepScaling>,
    /// `[[scheduled]]`, in the file's order; names unique among these and the windows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduled: Vec<Scheduled>,
    /// `[[window]]`, in the file's order; none overlaps another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub window: Vec<Window>,
    /// `[predictive]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictive: Option<Predictive>,
    /// `[[surge]]`, in the file's order; no alarm twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub surge: Vec<Surge>,
    /// `adopt = true`: policies that track the same metric and are not ours may be replaced by ours.
    #[serde(skip_serializing_if = "crate::record::is_default")]
    pub adopt: bool,
    /// `remove = true`: what Steady made for this service goes, and the bounds from before it came back.
    #[serde(skip_serializing_if = "crate::record::is_default")]
    pub remove: bool,
}

/// `[capacity]`: the bounds that hold when no window and no override says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Tasks at least; 0 only where something can wake the service.
    pub min: u32,
    /// Tasks at most, not below `min`.
    pub max: u32,
}

/// `[[target_tracking]]`: keep a metric at a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetTracking {
    /// 1 to 64 letters, digits, `-` or `_`; where the file has none, after the metric: `cpu`.
    pub name: String,
    /// What is kept.
    pub metric: TrackedMetric,
    /// Where: percent for CPU and memory (above 0, at most 100), requests a minute and task, messages a task, or the
    /// metric's own unit. Above 0.
    pub target: f64,
    /// After a scale-out: 0 s to 24 h, whole seconds, default 5 min (as Application Auto Scaling has it for ECS).
    pub scale_out_cooldown: SignedDuration,
    /// After a scale-in: likewise.
    pub scale_in_cooldown: SignedDuration,
    /// `disable_scale_in = true`: it only scales out.
    #[serde(default, skip_serializing_if = "crate::record::is_default")]
    pub disable_scale_in: bool,
}

/// What target tracking keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrackedMetric {
    /// `metric = "cpu"`: `ECSServiceAverageCPUUtilization`.
    Cpu {
        /// `high_resolution = true`: every 20 s rather than every minute.
        high_resolution: bool,
    },
    /// `metric = "memory"`: `ECSServiceAverageMemoryUtilization`.
    Memory {
        /// As for CPU.
        high_resolution: bool,
    },
    /// `metric = "alb-requests-per-target"`: `ALBRequestCountPerTarget`.
    AlbRequestsPerTarget {
        /// `app/NAME/ID/targetgroup/NAME/ID`.
        resource_label: String,
    },
    /// `metric = "queue-backlog-per-task"`: visible messages of an SQS queue for each running task.
    QueueBacklogPerTask {
        /// The queue's name.
        queue: String,
    },
    /// `metric = "custom"`
    Custom(Metric),
}

/// A metric of CloudWatch's: one, or an expression over several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// `namespace`, `metric_name`, `dimensions`, `statistic`, `unit`
    One(MetricStat),
    /// `queries`: 1 to 10, of which exactly one returns data.
    Math(Vec<MetricQuery>),
}

/// One metric with its statistic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricStat {
    /// `AWS/SQS`
    pub namespace: String,
    /// `ApproximateNumberOfMessagesVisible`
    pub metric_name: String,
    /// By name; at most 30.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, `Minimum`, `Maximum`, `SampleCount`, `Sum`; within a math also a percentile such as `p99`.
    pub statistic: String,
    /// `Count`, `Seconds`, …; `None`: whatever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// One line of a metric math.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricQuery {
    /// Begins with a lower-case letter: `m1`, `e1`.
    pub id: String,
    /// A metric, or an expression over other ids.
    pub of: QueryOf,
    /// Whether this is the one whose value counts.
    pub return_data: bool,
}

/// What a line of a metric math is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryOf {
    /// `namespace`, `metric_name`, …
    Metric(MetricStat),
    /// `expression`: `m1 / m2`.
    Expression(String),
}

/// `[[step]]`: change the count by steps, when an alarm says so. Steady makes the alarm too.
///
/// ```toml
/// [[step]]
/// name = "burst"
/// metric = "cpu"
/// comparison = ">="
/// threshold = 80
/// period = "1m"
/// evaluation_periods = 3
/// adjustment = "percent-change-in-capacity"
/// steps = [{ from = 0, to = 10, by = 20 }, { from = 10, by = 50 }]
/// cooldown = "3m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepScaling {
    /// 1 to 64 letters, digits, `-` or `_`.
    pub name: String,
    /// What its alarm looks at. `metric = "cpu"` and `"memory"` are the service's own; else as for a custom metric.
    pub metric: StepMetric,
    /// How the metric is compared with the threshold.
    pub comparison: Comparison,
    /// In the metric's unit.
    pub threshold: f64,
    /// 10, 20, 30 s or a multiple of 60 s, default 1 min.
    pub period: SignedDuration,
    /// Of so many periods …, 1 to 1440, default 1; all of them within a day (a week for periods of an hour and more).
    pub evaluation_periods: u32,
    /// … so many must breach; default all.
    pub datapoints_to_alarm: u32,
    /// What a period without data means. Default [`MissingData::Missing`].
    pub missing_data: MissingData,
    /// What the steps' numbers are.
    pub adjustment: Adjustment,
    /// In order of the interval; without gap or overlap.
    pub steps: Vec<Step>,
    /// 0 s to 24 h, whole seconds, default 5 min.
    pub cooldown: SignedDuration,
    /// With [`Adjustment::PercentChangeInCapacity`] only: change by so many tasks at least. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_adjustment_magnitude: Option<u32>,
}

/// What a step policy's alarm looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepMetric {
    /// The service's `CPUUtilization`, in percent.
    Cpu,
    /// The service's `MemoryUtilization`, in percent.
    Memory,
    /// Any other.
    Custom(Metric),
}

/// How an alarm compares: CloudWatch's `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// `">="`
    GreaterThanOrEqualToThreshold,
    /// `">"`
    GreaterThanThreshold,
    /// `"<="`
    LessThanOrEqualToThreshold,
    /// `"<"`
    LessThanThreshold,
}

/// What an alarm makes of a period without data: CloudWatch's `TreatMissingData`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingData {
    /// `"missing"`, the default: INSUFFICIENT_DATA if all are.
    #[default]
    Missing,
    /// `"ignore"`: the state stays.
    Ignore,
    /// `"breaching"`
    Breaching,
    /// `"not-breaching"`
    NotBreaching,
}

/// What the numbers of steps are: Application Auto Scaling's `AdjustmentType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// So many tasks more, or fewer.
    ChangeInCapacity,
    /// So many tasks.
    ExactCapacity,
    /// So many percent more, or fewer.
    PercentChangeInCapacity,
}

/// One step: what to do while the metric is this far from the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The metric minus the threshold, at least (`MetricIntervalLowerBound`); `None`: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// At most (`MetricIntervalUpperBound`); `None`: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// By how much, in what [`Adjustment`] says.
    pub by: i32,
}

/// `[[scheduled]]`: set the bounds at a time; they stay until somebody sets others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    /// 1 to 64 letters, digits, `-` or `_`.
    pub name: String,
    /// `cron(…)`, `rate(…)` or `at(…)`.
    pub schedule: Schedule,
    /// Of cron and at: an IANA zone, default `UTC`.
    pub timezone: String,
    /// Not before; `None`: from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Not after; `None`: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// One of both at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// See `min`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// `[[window]]`: other bounds between two times; afterwards those from before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// 1 to 64 letters, digits, `-` or `_`.
    pub name: String,
    /// `cron(…)` or `at(…)`: when it begins.
    pub start: Schedule,
    /// Of the same kind: when it ends; never at the same moment.
    pub end: Schedule,
    /// An IANA zone, default `UTC`.
    pub timezone: String,
    /// One of both at least; what is not named stays as in `[capacity]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// See `min`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// `[predictive]`: scale out ahead of what the last weeks foretell. One metric only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictive {
    /// What is foretold.
    pub metric: PredictedMetric,
    /// Where the forecast is kept: as for target tracking.
    pub target: f64,
    /// `mode = "forecast-and-scale"`; the default `"forecast-only"` shows and does nothing.
    pub scales: bool,
    /// How much earlier tasks are started: 0 s to 59 min 59 s ("less than the forecast interval duration of 3600
    /// seconds", PredictiveScalingPolicyConfiguration in the API reference), default 5 min.
    pub scheduling_buffer: SignedDuration,
    /// `max_capacity_breach = "increase"`: a forecast above `max` raises it, by so many percent (0 to 100) above the
    /// forecast. `None`, the default (`"honor"`): it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_capacity_buffer: Option<u32>,
}

/// What predictive scaling foretells: a pair of load and utilisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredictedMetric {
    /// `metric = "cpu"`
    Cpu,
    /// `metric = "memory"`
    Memory,
    /// `metric = "alb-requests-per-target"`
    AlbRequestsPerTarget {
        /// `app/NAME/ID/targetgroup/NAME/ID`.
        resource_label: String,
    },
}

/// `[[surge]]`: raise the floor for a while when an alarm goes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surge {
    /// The CloudWatch alarm's name.
    pub alarm: String,
    /// At least so many tasks; at most `max`.
    pub min: u32,
    /// `for`: how long after the alarm went off last, 1 min to 24 h, default 15 min.
    pub lasts: SignedDuration,
}
