//! From what files say to what is wanted: entries that are complete, with their defaults.

use jiff::SignedDuration;

use super::keys::{
    ExpectEntry, Layer, MetricEntry, PredictiveEntry, QueryEntry, ScheduledEntry, StatEntry,
    StepEntry, StepKind, SurgeEntry, TrackedKind, TrackingEntry, UTC, WindowEntry,
};
use super::{
    Capacity, Expect, Measure, Metric, MetricQuery, MetricStat, Play, PredictedMetric, Predictive,
    QueryOf, Scaling, Scheduled, Step, StepMetric, StepScaling, Surge, TargetTracking,
    TrackedMetric, Window,
};

/// As Application Auto Scaling has it for ECS.
const COOLDOWN: SignedDuration = SignedDuration::from_mins(5);

/// As Application Auto Scaling has it.
const SCHEDULING_BUFFER: SignedDuration = SignedDuration::from_mins(5);

const PERIOD: SignedDuration = SignedDuration::from_mins(1);

const SURGE_LASTS: SignedDuration = SignedDuration::from_mins(15);

/// What is wanted of a service's scaling. Without `[capacity]` nothing is, whatever else is said.
pub(super) fn scaling(layer: &Layer) -> Scaling {
    fn each<E, T>(entries: &Option<Vec<E>>, build: fn(&E) -> Option<T>) -> Vec<T> {
        entries.iter().flatten().filter_map(build).collect()
    }
    let capacity =
        layer.capacity.and_then(|entry| Some(Capacity { min: entry.min?, max: entry.max? }));
    let (adopt, remove) = (layer.adopt.unwrap_or_default(), layer.remove.unwrap_or_default());
    if capacity.is_none() {
        return Scaling { adopt, remove, ..Scaling::default() };
    }
    Scaling {
        capacity,
        target_tracking: each(&layer.target_tracking, target_tracking),
        step: each(&layer.step, step),
        scheduled: each(&layer.scheduled, scheduled),
        window: each(&layer.window, window),
        predictive: layer.predictive.as_ref().and_then(predictive),
        surge: each(&layer.surge, surge),
        adopt,
        remove,
    }
}

/// What is expected of it.
pub(super) fn expect(layer: &Layer) -> Vec<Expect> {
    layer.expect.iter().flatten().filter_map(expected).collect()
}

fn expected(entry: &ExpectEntry) -> Option<Expect> {
    let play = match (&entry.load, &entry.scenario) {
        (Some(file), None) => Play::Load {
            file: file.clone(),
            measure: match (entry.per_task, &entry.running) {
                (Some(count), None) => Measure::PerTask(count),
                (None, Some(running)) => Measure::Running(running.clone()),
                _ => return None,
            },
            settings: Box::new(entry.settings.clone()),
            bounds: entry.bounds.clone(),
        },
        (None, Some(file)) => {
            let runs = entry.runs.and_then(|runs| u32::try_from(runs).ok());
            Play::Scenario { file: file.clone(), runs }
        }
        _ => return None,
    };
    let file = entry.load.as_ref().or(entry.scenario.as_ref());
    Some(Expect { name: entry.name.as_ref().or(file)?.clone(), play })
}

/// The name of a policy: its own, else its metric's.
pub(super) fn tracking_name(entry: &TrackingEntry) -> Option<String> {
    entry.name.clone().or_else(|| Some(metric_name(entry.metric?).to_owned()))
}

/// As in the file.
pub(super) fn metric_name(metric: TrackedKind) -> &'static str {
    match metric {
        TrackedKind::Cpu => "cpu",
        TrackedKind::Memory => "memory",
        TrackedKind::AlbRequestsPerTarget => "alb-requests-per-target",
        TrackedKind::QueueBacklogPerTask => "queue-backlog-per-task",
        TrackedKind::Custom => "custom",
    }
}

fn target_tracking(entry: &TrackingEntry) -> Option<TargetTracking> {
    Some(TargetTracking {
        name: tracking_name(entry)?,
        metric: tracked_metric(entry)?,
        target: entry.target?,
        scale_out_cooldown: entry.scale_out_cooldown.unwrap_or(COOLDOWN),
        scale_in_cooldown: entry.scale_in_cooldown.unwrap_or(COOLDOWN),
        disable_scale_in: entry.disable_scale_in.unwrap_or_default(),
    })
}

/// What is tracked; `None` while something of it is missing.
pub(super) fn tracked_metric(entry: &TrackingEntry) -> Option<TrackedMetric> {
    let high_resolution = entry.high_resolution.unwrap_or_default();
    Some(match entry.metric? {
        TrackedKind::Cpu => TrackedMetric::Cpu { high_resolution },
        TrackedKind::Memory => TrackedMetric::Memory { high_resolution },
        TrackedKind::AlbRequestsPerTarget => {
            TrackedMetric::AlbRequestsPerTarget { resource_label: entry.resource_label.clone()? }
        }
        TrackedKind::QueueBacklogPerTask => {
            TrackedMetric::QueueBacklogPerTask { queue: entry.queue.clone()? }
        }
        TrackedKind::Custom => TrackedMetric::Custom(metric(&entry.custom)?),
    })
}

fn metric(entry: &MetricEntry) -> Option<Metric> {
    match &entry.queries {
        Some(queries) => queries.iter().map(query).collect::<Option<_>>().map(Metric::Math),
        None => stat(&entry.stat).map(Metric::One),
    }
}

fn query(entry: &QueryEntry) -> Option<MetricQuery> {
    let of = match &entry.expression {
        Some(expression) => QueryOf::Expression(expression.clone()),
        None => QueryOf::Metric(stat(&entry.stat)?),
    };
    let return_data = entry.return_data.unwrap_or_default();
    Some(MetricQuery { id: entry.id.clone()?, of, return_data })
}

fn stat(entry: &StatEntry) -> Option<MetricStat> {
    Some(MetricStat {
        namespace: entry.namespace.clone()?,
        metric_name: entry.metric_name.clone()?,
        dimensions: entry.dimensions.clone().unwrap_or_default(),
        statistic: entry.statistic.clone()?,
        unit: entry.unit.map(str::to_owned),
    })
}

fn step(entry: &StepEntry) -> Option<StepScaling> {
    let periods = |number: i32| u32::try_from(number).ok();
    let evaluation_periods = periods(entry.evaluation_periods.unwrap_or(1))?;
    let steps = entry.steps.iter().flatten();
    let mut steps: Vec<Step> = steps
        .map(|step| Some(Step { from: step.from, to: step.to, by: step.by? }))
        .collect::<Option<_>>()?;
    let lower = |step: &Step| step.from.unwrap_or(f64::NEG_INFINITY);
    steps.sort_by(|a, b| lower(a).total_cmp(&lower(b)));
    Some(StepScaling {
        name: entry.name.clone()?,
        metric: match entry.metric? {
            StepKind::Cpu => StepMetric::Cpu,
            StepKind::Memory => StepMetric::Memory,
            StepKind::Custom => StepMetric::Custom(metric(&entry.custom)?),
        },
        comparison: entry.comparison?,
        threshold: entry.threshold?,
        period: entry.period.unwrap_or(PERIOD),
        evaluation_periods,
        datapoints_to_alarm: entry.datapoints_to_alarm.map_or(Some(evaluation_periods), periods)?,
        missing_data: entry.missing_data.unwrap_or_default(),
        adjustment: entry.adjustment?,
        steps,
        cooldown: entry.cooldown.unwrap_or(COOLDOWN),
        min_adjustment_magnitude: entry.min_adjustment_magnitude.and_then(periods),
    })
}

fn scheduled(entry: &ScheduledEntry) -> Option<Scheduled> {
    Some(Scheduled {
        name: entry.name.clone()?,
        schedule: entry.schedule.clone()?,
        timezone: entry.timezone.clone().unwrap_or_else(|| UTC.to_owned()),
        start: entry.start,
        end: entry.end,
        min: entry.min,
        max: entry.max,
    })
}

fn window(entry: &WindowEntry) -> Option<Window> {
    Some(Window {
        name: entry.name.clone()?,
        start: entry.start.clone()?,
        end: entry.end.clone()?,
        timezone: entry.timezone.clone().unwrap_or_else(|| UTC.to_owned()),
        min: entry.min,
        max: entry.max,
    })
}

fn predictive(entry: &PredictiveEntry) -> Option<Predictive> {
    let increases = entry.max_capacity_breach.unwrap_or_default();
    let buffer = entry.max_capacity_buffer.and_then(|percent| u32::try_from(percent).ok());
    Some(Predictive {
        metric: match entry.metric? {
            TrackedKind::Cpu => PredictedMetric::Cpu,
            TrackedKind::Memory => PredictedMetric::Memory,
            _ => PredictedMetric::AlbRequestsPerTarget {
                resource_label: entry.resource_label.clone()?,
            },
        },
        target: entry.target?,
        scales: entry.mode.unwrap_or_default(),
        scheduling_buffer: entry.scheduling_buffer.unwrap_or(SCHEDULING_BUFFER),
        max_capacity_buffer: buffer.filter(|_| increases),
    })
}

fn surge(entry: &SurgeEntry) -> Option<Surge> {
    Some(Surge {
        alarm: entry.alarm.clone()?,
        min: entry.min?,
        lasts: entry.lasts.unwrap_or(SURGE_LASTS),
    })
}
