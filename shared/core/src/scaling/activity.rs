//! What Application Auto Scaling and CloudWatch tell of the past: why a service scaled, or did not.

use jiff::Timestamp;
use serde::Serialize;

use crate::event::AlarmState;

/// A scaling activity (DescribeScalingActivities): Application Auto Scaling has tried to change a service's desired count, or has
/// seen a reason to and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScalingActivity {
    /// `ActivityId`
    pub id: String,
    /// `StartTime`
    pub started_at: Timestamp,
    /// `EndTime`; `None`: it goes on.
    pub ended_at: Option<Timestamp>,
    /// `Description`: `Setting desired count to 4.`
    pub description: String,
    /// `Cause`: `monitor alarm TargetTracking-… in state ALARM triggered policy steady-cpu`
    pub cause: String,
    /// `StatusCode`: `Pending`, `InProgress`, `Successful`, `Overridden`, `Unfulfilled`, `Failed`.
    pub status: String,
    /// `StatusMessage`
    pub status_message: Option<String>,
    /// `NotScaledReasons`; empty where it scaled.
    pub not_scaled: Vec<NotScaled>,
}

/// Why an activity did not scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotScaled {
    /// `Code`: `AlreadyAtMaxCapacity`, `AlreadyAtMinCapacity`, `AlreadyAtDesiredCapacity`, `AutoScalingAnticipatedFlapping`,
    /// `TargetServicePutResourceAsUnscalable`.
    pub code: String,
    /// `MaxCapacity` at the time, where it is the reason.
    pub max: Option<u32>,
    /// `MinCapacity`, likewise.
    pub min: Option<u32>,
    /// `CurrentCapacity`, likewise.
    pub current: Option<u32>,
}

/// How a CloudWatch alarm stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmStanding {
    /// `AlarmName`
    pub name: String,
    /// `StateValue`
    pub state: AlarmState,
    /// `StateTransitionedTimestamp`: since when.
    pub since: Option<Timestamp>,
    /// `StateReason`, in CloudWatch's words.
    pub reason: Option<String>,
    /// `Threshold`; `None` for alarms that have none of their own.
    pub threshold: Option<f64>,
}

/// The values of one metric, oldest first, each with the beginning of its period. Periods without data are left out.
pub type Series = Vec<(Timestamp, f64)>;
