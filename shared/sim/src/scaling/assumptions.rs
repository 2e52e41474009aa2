//! What AWS does not publish, and what only the team knows: each a number with its source.

use serde::Serialize;

/// The numbers that a simulation has to assume.
///
/// The defaults are as good as what is known; calibrate them with recorded scaling activities where there are some.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumptions {
    /// From the moment a task is wanted until it serves: placed, image pulled, started, healthy, registered. Seconds,
    /// default 60. The team's own: CreatedAt to the first healthy check.
    pub start_up_seconds: u32,
    /// The metric's value, in percent, when a task carries exactly what it can at its service level. Default 100: a task
    /// is good until it is full. 80 says that answers get slow from 80 % on.
    pub utilization_at_capacity: f64,
    /// Requests a minute that one task carries; `None`: load is not in requests. Of it come ALB requests per target and
    /// the messages of a queue.
    pub per_task_minute: Option<f64>,
    /// From the end of a period of a minute until its alarm acts on it: publication, collection, evaluation. Seconds, default
    /// 180: AWS's own benchmark takes 363 s from a step of load to the scale-out, of which three periods are 180 s.
    pub metric_delay_seconds: u32,
    /// The same for periods under a minute. Seconds, default 25: the same benchmark with 20 s metrics takes 86 s, of which
    /// three periods are 60 s.
    pub fast_metric_delay_seconds: u32,
    /// The alarm that scales in is at this share of the target. Default 0.9, as dumps of live alarms of ECS services have it
    /// (70 → 63, 80 → 72); AWS says "usually more than 10% lower" and has changed it for EC2.
    pub scale_in_margin: f64,
    /// Periods in a row that breach before target tracking scales out. Default 3, from the same dumps.
    pub high_datapoints: u32,
    /// Periods of a minute in a row before it scales in. Default 15, from the same dumps.
    pub low_datapoints: u32,
    /// Periods of 20 s in a row before it scales in. Default 45, the same 15 minutes: not published.
    pub fast_low_datapoints: u32,
    /// The tasks that a wish is reckoned from. Default [`Base::Measured`].
    pub base: Base,
    /// How often an alarm that stays in ALARM calls its policy again, in seconds. Default 60 (CloudWatch user guide).
    pub call_again_seconds: u32,
}

/// Which running count policies multiply their metric with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// The one of when the metric was measured. With a metric that is minutes old, [`Base::Now`] would double what has just been
    /// doubled, which Application Auto Scaling is not seen to do: inferred.
    #[default]
    Measured,
    /// The one of when the policy acts, word by word what the ECS developer guide says.
    Now,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            start_up_seconds: 60,
            utilization_at_capacity: 100.0,
            per_task_minute: None,
            metric_delay_seconds: 180,
            fast_metric_delay_seconds: 25,
            scale_in_margin: 0.9,
            high_datapoints: 3,
            low_datapoints: 15,
            fast_low_datapoints: 45,
            base: Base::Measured,
            call_again_seconds: 60,
        }
    }
}
