//! The preset `queue-backlog-per-task`: a service that works off an SQS queue, from no task and back to none.
//!
//! **While tasks run**, target tracking keeps `messages waiting / running tasks` at the target, by metric math, as
//! Application Auto Scaling's guide has it ("Create a target tracking scaling policy using metric math").
//!
//! **From no task.** Target tracking alone starts at zero only once its metric is above the target: with a target of 100,
//! 40 messages would wait for ever. SageMaker's guide says so of the same arrangement ("Autoscale an asynchronous
//! endpoint": without a step policy it "only scales up from zero after the number of backlog requests exceeds the target
//! tracking value"), and adds a step policy on an alarm for "backlog without capacity". So does this: `…-wake` is in ALARM
//! while messages wait and no task runs, and adds one task. It *adds*, rather than setting one: an alarm that lags behind
//! must never cut what target tracking has just started. It is made only where some bound allows no task.
//!
//! **Back to none.** The metric has a value while no task runs (it divides by one), and is 0 when nothing waits: target
//! tracking scales in by proportion, `ceil(tasks x 0 / target)`, to none if `min` is 0. Missing data would not do, since
//! target tracking never takes it for low load (ECS guide, "Use a target metric to scale").
//!
//! **The guard.** Messages being worked on are not visible: a queue whose last message takes ten minutes looks empty. While
//! any is in flight the metric is [`IN_FLIGHT`], so little that scale-in goes down to one task, and so much that it never
//! goes to none: `ceil` of anything above 0 is 1.
//!
//! **Limits.** It needs Container Insights on the cluster (`RunningTaskCount`). Without it there is no metric, so target
//! tracking holds still, and the wake alarm takes the service for one without tasks: it adds one for each cooldown while
//! messages wait, up to `max`. The guard keeps one task, not all that are at work: where a message takes longer than the
//! scale-in, protect the task (ECS task scale-in protection). SQS publishes each minute and stops for queues unused for
//! six hours; the first message then may take up to 15 minutes to show (SQS guide, "Available CloudWatch metrics").

use std::collections::BTreeMap;

use super::object::{AlarmAction, MetricAlarm, PolicyConfig, ScalingPolicy};
use crate::config::{
    Adjustment, Comparison, Metric, MetricQuery, MetricStat, MissingData, QueryOf, Step,
    TargetTracking,
};
use crate::name::ServiceKey;

/// What the metric says while nothing waits and something is in flight: above 0, and below any sensible target's share.
const IN_FLIGHT: &str = "0.01";

/// Ends the names of the step policy and the alarm that wake.
pub(super) const WAKE: &str = "-wake";

/// Messages waiting for each running task, or all of them while none runs.
pub(super) fn backlog(service: &ServiceKey, queue: &str) -> Metric {
    let backlog = format!(
        "IF(visible > 0, visible, IF(in_flight > 0, {IN_FLIGHT}, 0)) / IF(tasks > 0, tasks, 1)"
    );
    Metric::Math(vec![
        stat("visible", of_queue(queue, "ApproximateNumberOfMessagesVisible")),
        stat("in_flight", of_queue(queue, "ApproximateNumberOfMessagesNotVisible")),
        stat("tasks", running_tasks(service)),
        value("backlog", backlog),
    ])
}

/// The queue, if `metric` is [`backlog`] of one, in whatever order AWS gives it back.
pub(super) fn of_backlog(service: &ServiceKey, metric: &Metric) -> Option<String> {
    let Metric::Math(queries) = metric else { return None };
    let queue = queries.iter().find_map(|query| match &query.of {
        QueryOf::Metric(stat) => stat.dimensions.get("QueueName"),
        QueryOf::Expression(_) => None,
    })?;
    let Metric::Math(wanted) = backlog(service, queue) else { return None };
    let is_same = queries.len() == wanted.len() && wanted.iter().all(|one| queries.contains(one));
    is_same.then(|| queue.clone())
}

/// The step policy that adds a task, and the alarm that calls it, both by their names.
pub(super) fn wake(
    service: &ServiceKey,
    tracking: &TargetTracking,
    queue: &str,
    policy: String,
    alarm: String,
) -> (ScalingPolicy, MetricAlarm) {
    let metric = Metric::Math(vec![
        stat("visible", of_queue(queue, "ApproximateNumberOfMessagesVisible")),
        stat("tasks", running_tasks(service)),
        // Of a service without tasks Container Insights may say 0, or nothing.
        value("asleep", "IF(visible > 0 AND FILL(tasks, 0) < 1, 1, 0)".to_owned()),
    ]);
    let config = PolicyConfig::Step {
        adjustment: Adjustment::ChangeInCapacity,
        steps: vec![Step { from: Some(0.0), to: None, by: 1 }],
        // A task that is slow to start must not be taken for none.
        cooldown: u32::try_from(tracking.scale_out_cooldown.as_secs()).ok(),
        min_adjustment_magnitude: None,
        aggregation: Some("Maximum".to_owned()),
    };
    let alarm = MetricAlarm {
        name: alarm,
        metric,
        period: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        missing_data: MissingData::NotBreaching,
        actions: vec![AlarmAction::Policy(policy.clone())],
    };
    (ScalingPolicy { name: policy, config }, alarm)
}

pub(super) fn running_tasks(service: &ServiceKey) -> MetricStat {
    MetricStat {
        namespace: "ECS/ContainerInsights".to_owned(),
        metric_name: "RunningTaskCount".to_owned(),
        dimensions: service_dimensions(service),
        statistic: "Average".to_owned(),
        unit: None,
    }
}

pub(super) fn of_queue(queue: &str, metric_name: &str) -> MetricStat {
    MetricStat {
        namespace: "AWS/SQS".to_owned(),
        metric_name: metric_name.to_owned(),
        dimensions: BTreeMap::from([("QueueName".to_owned(), queue.to_owned())]),
        statistic: "Average".to_owned(),
        unit: None,
    }
}

/// `ClusterName` and `ServiceName`.
pub(super) fn service_dimensions(service: &ServiceKey) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("ClusterName".to_owned(), service.cluster().to_owned()),
        ("ServiceName".to_owned(), service.service().to_owned()),
    ])
}

fn stat(id: &str, of: MetricStat) -> MetricQuery {
    MetricQuery { id: id.to_owned(), of: QueryOf::Metric(of), return_data: false }
}

fn value(id: &str, expression: String) -> MetricQuery {
    MetricQuery { id: id.to_owned(), of: QueryOf::Expression(expression), return_data: true }
}
