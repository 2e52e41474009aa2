//! Which metrics of CloudWatch tell how much load a service had.

use super::queue;
use crate::config::{Metric, MetricStat, Scaling, TrackedMetric};
use crate::name::ServiceKey;

/// So many seconds long are the shortest periods that CloudWatch still has after so many days: a minute for 15 days, 5 minutes for
/// 63, an hour for 455 (GetMetricData, Amazon CloudWatch API reference). `None`: longer than it keeps anything.
///
/// The first minutes of the last day may be gone already, so each holds for a day less.
///
/// ```
/// use steady_core::scaling::period_kept;
/// assert_eq!([14, 15, 62, 63, 454, 455].map(period_kept), [Some(60), Some(300), Some(300), Some(3600), Some(3600), None]);
/// ```
pub fn period_kept(days: u32) -> Option<u32> {
    match days {
        0..15 => Some(60),
        15..63 => Some(300),
        63..455 => Some(3600),
        455.. => None,
    }
}

/// What counts the requests or messages that came, for the first policy of the config that tracks any; `None`: none does.
///
/// | tracked | counted |
/// |---|---|
/// | `alb-requests-per-target` | `RequestCount` of the target group: `app/NAME/ID/targetgroup/NAME/ID` names both its dimensions |
/// | `queue-backlog-per-task` | `NumberOfMessagesSent` of the queue |
/// | `custom`, a single metric | the metric's sum, whatever statistic is tracked |
pub fn came_in(config: &Scaling) -> Option<MetricStat> {
    config.target_tracking.iter().find_map(|one| match &one.metric {
        TrackedMetric::AlbRequestsPerTarget { resource_label } => requests(resource_label),
        TrackedMetric::QueueBacklogPerTask { queue } => {
            Some(sum(queue::of_queue(queue, "NumberOfMessagesSent")))
        }
        TrackedMetric::Custom(Metric::One(stat)) => Some(sum(stat.clone())),
        TrackedMetric::Custom(Metric::Math(_))
        | TrackedMetric::Cpu { .. }
        | TrackedMetric::Memory { .. } => None,
    })
}

fn requests(resource_label: &str) -> Option<MetricStat> {
    let (balancer, group) = resource_label.split_once("/targetgroup/")?;
    let dimensions = [
        ("LoadBalancer".to_owned(), balancer.to_owned()),
        ("TargetGroup".to_owned(), format!("targetgroup/{group}")),
    ];
    Some(MetricStat {
        namespace: "AWS/ApplicationELB".to_owned(),
        metric_name: "RequestCount".to_owned(),
        dimensions: dimensions.into(),
        statistic: "Sum".to_owned(),
        unit: None,
    })
}

fn sum(stat: MetricStat) -> MetricStat {
    MetricStat { statistic: "Sum".to_owned(), ..stat }
}

/// `CPUUtilization` or `MemoryUtilization` of a service in percent, the average over its tasks.
pub fn utilization(service: &ServiceKey, metric_name: &str) -> MetricStat {
    MetricStat {
        namespace: "AWS/ECS".to_owned(),
        metric_name: metric_name.to_owned(),
        dimensions: queue::service_dimensions(service),
        statistic: "Average".to_owned(),
        unit: None,
    }
}

/// How many tasks ran: `RunningTaskCount` of Container Insights, there only where the cluster has that.
pub fn running_tasks(service: &ServiceKey) -> MetricStat {
    queue::running_tasks(service)
}

/// How often `CPUUtilization` was measured: once a task and minute, unless the service's metrics come every 20 s.
///
/// The ECS developer guide said so until 2024 ("Service RUNNING task count": period 1 minute, statistic Sample Count); since then it
/// names [`running_tasks`] alone. So this is the second choice, and told as such.
pub fn cpu_samples(service: &ServiceKey) -> MetricStat {
    let average = utilization(service, "CPUUtilization");
    MetricStat { statistic: "SampleCount".to_owned(), ..average }
}
