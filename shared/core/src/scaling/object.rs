//! The objects of Application Auto Scaling and CloudWatch, as both the desired and the live state name them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::{Adjustment, Comparison, Metric, MissingData, Step};

/// Begins the name of every policy, scheduled action and alarm that Steady makes: they cannot carry tags (policies and
/// scheduled actions) or are told apart more cheaply by name (alarms).
pub const PREFIX: &str = "steady-";

/// The tag of a scalable target that Steady registered or adopted: key, with the service as its value.
pub const TARGET_TAG: &str = "steady:service";

/// How many tasks a service may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// `MinCapacity`
    pub min: u32,
    /// `MaxCapacity`
    pub max: u32,
}

/// `SuspendedState`: what Application Auto Scaling does not do for now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suspended {
    /// `DynamicScalingInSuspended`
    pub dynamic_scaling_in: bool,
    /// `DynamicScalingOutSuspended`
    pub dynamic_scaling_out: bool,
    /// `ScheduledScalingSuspended`
    pub scheduled_scaling: bool,
}

/// A scalable target: `service/CLUSTER/SERVICE`, dimension `ecs:service:DesiredCount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// Its bounds.
    pub bounds: Bounds,
    /// What is suspended.
    pub suspended: Suspended,
}

/// A scaling policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    /// `PolicyName`, 1 to 256 characters.
    pub name: String,
    /// What it does.
    pub config: PolicyConfig,
}

impl ScalingPolicy {
    /// Whether it is step scaling, which alarms of somebody's own call.
    pub fn is_step(&self) -> bool {
        matches!(self.config, PolicyConfig::Step { .. })
    }
}

/// What a scaling policy does: its `PolicyType` with the configuration of that type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyConfig {
    /// `TargetTrackingScaling`
    TargetTracking {
        /// What it tracks.
        metric: PolicyMetric,
        /// `TargetValue`
        target: f64,
        /// `ScaleOutCooldown`, in seconds; `None`: the service's default of 300.
        scale_out_cooldown: Option<u32>,
        /// `ScaleInCooldown`, likewise.
        scale_in_cooldown: Option<u32>,
        /// `DisableScaleIn`
        disable_scale_in: bool,
    },
    /// `StepScaling`
    Step {
        /// `AdjustmentType`
        adjustment: Adjustment,
        /// `StepAdjustments`, by their lower bound.
        steps: Vec<Step>,
        /// `Cooldown`, in seconds.
        cooldown: Option<u32>,
        /// `MinAdjustmentMagnitude`
        min_adjustment_magnitude: Option<u32>,
        /// `MetricAggregationType`: `Average`, `Minimum` or `Maximum`.
        aggregation: Option<String>,
    },
    /// `PredictiveScaling`
    Predictive {
        /// `PredefinedMetricPairSpecification`: its type, and the resource label where it has one.
        pair: (String, Option<String>),
        /// `TargetValue`
        target: f64,
        /// Whether `Mode` is `ForecastAndScale`.
        scales: bool,
        /// `SchedulingBufferTime`, in seconds.
        scheduling_buffer: Option<u32>,
        /// `MaxCapacityBuffer`, in percent, where `MaxCapacityBreachBehavior` is `IncreaseMaxCapacity`.
        max_capacity_buffer: Option<u32>,
    },
    /// Of a form that Steady never makes: somebody else's. What it is, in a few words.
    Other(String),
}

/// What a target-tracking policy tracks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyMetric {
    /// `PredefinedMetricSpecification`
    Predefined {
        /// `PredefinedMetricType`: `ECSServiceAverageCPUUtilization`.
        kind: String,
        /// `ResourceLabel`
        resource_label: Option<String>,
    },
    /// `CustomizedMetricSpecification`
    Customized(Metric),
}

/// A policy as it is live.
#[derive(Debug, Clone, PartialEq)]
pub struct LivePolicy {
    /// What it is.
    pub policy: ScalingPolicy,
    /// `PolicyARN`
    pub arn: String,
    /// The names of its `Alarms`: Application Auto Scaling's own for target tracking, those that call it for steps.
    pub alarms: Vec<String>,
}

/// A scheduled action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledAction {
    /// `ScheduledActionName`, 1 to 256 characters.
    pub name: String,
    /// `Schedule`, as AWS writes it: `cron(0 8 ? * MON-FRI *)`.
    pub schedule: String,
    /// `Timezone`; `None` is UTC.
    pub timezone: Option<String>,
    /// `StartTime`
    pub start: Option<Timestamp>,
    /// `EndTime`
    pub end: Option<Timestamp>,
    /// `ScalableTargetAction.MinCapacity`
    pub min: Option<u32>,
    /// `ScalableTargetAction.MaxCapacity`
    pub max: Option<u32>,
}

/// A CloudWatch alarm that calls a step policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricAlarm {
    /// `AlarmName`, 1 to 255 characters.
    pub name: String,
    /// What it looks at. Of a single metric also `Period`; of a math the period is that of each metric in it.
    pub metric: Metric,
    /// In seconds.
    pub period: u32,
    /// `EvaluationPeriods`
    pub evaluation_periods: u32,
    /// `DatapointsToAlarm`
    pub datapoints_to_alarm: u32,
    /// `Threshold`
    pub threshold: f64,
    /// `ComparisonOperator`
    pub comparison: Comparison,
    /// `TreatMissingData`
    pub missing_data: MissingData,
    /// `AlarmActions`: ARNs. Desired alarms name their policy by its name ([`AlarmAction::Policy`]), whose ARN is known
    /// once it is put.
    pub actions: Vec<AlarmAction>,
}

/// Whom an alarm calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmAction {
    /// A policy of the same service, by its name.
    Policy(String),
    /// Anything, by its ARN.
    Arn(String),
}

/// All that is live of one service's scaling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveScaling {
    /// `None`: no scalable target is registered.
    pub target: Option<LiveTarget>,
    /// Ours and others', by name.
    pub policies: Vec<LivePolicy>,
    /// Ours and others', by name.
    pub scheduled: Vec<ScheduledAction>,
    /// Alarms whose names begin with our prefix and name this service ([`crate::scaling::alarm_prefix`]), by name. One whose
    /// actions are disabled calls nobody.
    pub alarms: Vec<MetricAlarm>,
    /// `desiredCount` of the service; `None` where it was not read, or ECS does not know the service.
    pub desired_count: Option<u32>,
}

/// A scalable target as it is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTarget {
    /// What it is.
    pub target: ScalableTarget,
    /// `ScalableTargetARN`, which tags go to.
    pub arn: Option<String>,
    /// Its tags, where they were read; `None`: not read.
    pub tags: Option<BTreeMap<String, String>>,
    /// `CreationTime`
    pub created_at: Option<Timestamp>,
}

/// A change to one service's scaling: one call each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScalingCall {
    /// `RegisterScalableTarget`; a `tag` is written with a new target only, on an existing one by `TagResource`.
    RegisterScalableTarget {
        /// As it is to be.
        target: ScalableTarget,
        /// Whether it is registered for the first time, and so tagged with it.
        is_new: bool,
    },
    /// `TagResource` of the scalable target with [`TARGET_TAG`].
    TagTarget {
        /// Its ARN.
        arn: String,
    },
    /// `UntagResource`, when the service leaves the config.
    UntagTarget {
        /// Its ARN.
        arn: String,
    },
    /// `PutScalingPolicy`; answers with the policy's ARN.
    PutScalingPolicy(ScalingPolicy),
    /// `DeleteScalingPolicy`
    DeleteScalingPolicy {
        /// Its name.
        name: String,
    },
    /// `PutScheduledAction`, with all that it holds: what is left out is deleted.
    PutScheduledAction(ScheduledAction),
    /// `DeleteScheduledAction`
    DeleteScheduledAction {
        /// Its name.
        name: String,
    },
    /// `PutMetricAlarm`, its actions all ARNs by now.
    PutMetricAlarm(MetricAlarm),
    /// `DeleteAlarms`
    DeleteAlarm {
        /// Its name.
        name: String,
    },
}

/// What a call answered, as far as what follows needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScalingAnswer {
    /// `PolicyARN`, from `PutScalingPolicy`.
    pub policy_arn: Option<String>,
}
