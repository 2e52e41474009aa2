//! What one file says, field by field: `None` where it says nothing, or nothing valid.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::config::{
    Adjustment, Comparison, Health, LoadBounds, LoadSettings, MissingData, NoticeFormat, Notify,
    RollbackMode, Running, ServiceConfig, Witness,
};
use crate::scaling::Schedule;

/// A file, or one over another.
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct Layer {
    pub(in crate::config) team: Option<String>,
    pub(in crate::config) health: Option<HealthEntry>,
    pub(in crate::config) notify: Option<NotifyEntry>,
    pub(in crate::config) capacity: Option<CapacityEntry>,
    pub(in crate::config) target_tracking: Option<Vec<TrackingEntry>>,
    pub(in crate::config) step: Option<Vec<StepEntry>>,
    pub(in crate::config) scheduled: Option<Vec<ScheduledEntry>>,
    pub(in crate::config) window: Option<Vec<WindowEntry>>,
    pub(in crate::config) predictive: Option<PredictiveEntry>,
    pub(in crate::config) surge: Option<Vec<SurgeEntry>>,
    pub(in crate::config) adopt: Option<bool>,
    pub(in crate::config) remove: Option<bool>,
    pub(in crate::config) expect: Option<Vec<ExpectEntry>>,
}

/// `[health]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct HealthEntry {
    pub(in crate::config) rollback: Option<RollbackMode>,
    pub(in crate::config) witness: Option<Witness>,
    pub(in crate::config) rollback_window: Option<SignedDuration>,
    pub(in crate::config) deadline: Option<SignedDuration>,
    pub(in crate::config) soak: Option<SignedDuration>,
    pub(in crate::config) rollback_alarms: Option<Vec<String>>,
}

/// `[notify]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct NotifyEntry {
    pub(in crate::config) topic: Option<String>,
    pub(in crate::config) format: Option<NoticeFormat>,
    pub(in crate::config) standalone_tasks: Option<Vec<String>>,
}

/// `[capacity]`
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::config) struct CapacityEntry {
    pub(in crate::config) min: Option<u32>,
    pub(in crate::config) max: Option<u32>,
}

/// `metric` of `[[target_tracking]]` and `[predictive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum TrackedKind {
    Cpu,
    Memory,
    AlbRequestsPerTarget,
    QueueBacklogPerTask,
    Custom,
}

/// `[[target_tracking]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct TrackingEntry {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) metric: Option<TrackedKind>,
    pub(in crate::config) target: Option<f64>,
    pub(in crate::config) high_resolution: Option<bool>,
    pub(in crate::config) resource_label: Option<String>,
    pub(in crate::config) queue: Option<String>,
    pub(in crate::config) custom: MetricEntry,
    pub(in crate::config) scale_out_cooldown: Option<SignedDuration>,
    pub(in crate::config) scale_in_cooldown: Option<SignedDuration>,
    pub(in crate::config) disable_scale_in: Option<bool>,
}

/// The keys of a custom metric.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::config) struct MetricEntry {
    pub(in crate::config) stat: StatEntry,
    pub(in crate::config) queries: Option<Vec<QueryEntry>>,
}

/// One metric.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::config) struct StatEntry {
    pub(in crate::config) namespace: Option<String>,
    pub(in crate::config) metric_name: Option<String>,
    pub(in crate::config) dimensions: Option<BTreeMap<String, String>>,
    pub(in crate::config) statistic: Option<String>,
    pub(in crate::config) unit: Option<&'static str>,
}

/// One of `queries`.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::config) struct QueryEntry {
    pub(in crate::config) id: Option<String>,
    pub(in crate::config) stat: StatEntry,
    pub(in crate::config) expression: Option<String>,
    pub(in crate::config) return_data: Option<bool>,
}

/// `metric` of `[[step]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum StepKind {
    Cpu,
    Memory,
    Custom,
}

/// `[[step]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct StepEntry {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) metric: Option<StepKind>,
    pub(in crate::config) custom: MetricEntry,
    pub(in crate::config) comparison: Option<Comparison>,
    pub(in crate::config) threshold: Option<f64>,
    pub(in crate::config) period: Option<SignedDuration>,
    pub(in crate::config) evaluation_periods: Option<i32>,
    pub(in crate::config) datapoints_to_alarm: Option<i32>,
    pub(in crate::config) missing_data: Option<MissingData>,
    pub(in crate::config) adjustment: Option<Adjustment>,
    pub(in crate::config) steps: Option<Vec<OneStepEntry>>,
    pub(in crate::config) cooldown: Option<SignedDuration>,
    pub(in crate::config) min_adjustment_magnitude: Option<i32>,
}

/// One of `steps`.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::config) struct OneStepEntry {
    pub(in crate::config) from: Option<f64>,
    pub(in crate::config) to: Option<f64>,
    pub(in crate::config) by: Option<i32>,
}

/// `[[scheduled]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct ScheduledEntry {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) schedule: Option<Schedule>,
    pub(in crate::config) timezone: Option<String>,
    pub(in crate::config) start: Option<Timestamp>,
    pub(in crate::config) end: Option<Timestamp>,
    pub(in crate::config) min: Option<u32>,
    pub(in crate::config) max: Option<u32>,
}

/// `[[window]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct WindowEntry {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) start: Option<Schedule>,
    pub(in crate::config) end: Option<Schedule>,
    pub(in crate::config) timezone: Option<String>,
    pub(in crate::config) min: Option<u32>,
    pub(in crate::config) max: Option<u32>,
}

/// `[predictive]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct PredictiveEntry {
    pub(in crate::config) metric: Option<TrackedKind>,
    pub(in crate::config) resource_label: Option<String>,
    pub(in crate::config) target: Option<f64>,
    pub(in crate::config) mode: Option<bool>,
    pub(in crate::config) scheduling_buffer: Option<SignedDuration>,
    pub(in crate::config) max_capacity_breach: Option<bool>,
    pub(in crate::config) max_capacity_buffer: Option<i32>,
}

/// `[[surge]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct SurgeEntry {
    pub(in crate::config) alarm: Option<String>,
    pub(in crate::config) min: Option<u32>,
    pub(in crate::config) lasts: Option<SignedDuration>,
}

/// `[[expect]]`
#[derive(Debug, Default, Clone)]
pub(in crate::config) struct ExpectEntry {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) load: Option<String>,
    pub(in crate::config) scenario: Option<String>,
    pub(in crate::config) runs: Option<i32>,
    pub(in crate::config) per_task: Option<f64>,
    pub(in crate::config) running: Option<Running>,
    pub(in crate::config) settings: LoadSettings,
    pub(in crate::config) bounds: LoadBounds,
}

impl Layer {
    /// This file over `base`: field by field, where an array replaces the other whole.
    pub(in crate::config) fn over(&self, base: &Layer) -> Layer {
        fn both<T: Clone + Default>(
            over: &Option<T>,
            base: &Option<T>,
            merge: impl FnOnce(T, T) -> T,
        ) -> Option<T> {
            match (over, base) {
                (Some(over), Some(base)) => Some(merge(over.clone(), base.clone())),
                (one, other) => one.as_ref().or(other.as_ref()).cloned(),
            }
        }
        fn either<T: Clone>(over: &Option<T>, base: &Option<T>) -> Option<T> {
            over.as_ref().or(base.as_ref()).cloned()
        }
        Layer {
            team: either(&self.team, &base.team),
            health: both(&self.health, &base.health, HealthEntry::over),
            notify: both(&self.notify, &base.notify, NotifyEntry::over),
            capacity: both(&self.capacity, &base.capacity, |over, base| CapacityEntry {
                min: over.min.or(base.min),
                max: over.max.or(base.max),
            }),
            target_tracking: either(&self.target_tracking, &base.target_tracking),
            step: either(&self.step, &base.step),
            scheduled: either(&self.scheduled, &base.scheduled),
            window: either(&self.window, &base.window),
            predictive: both(&self.predictive, &base.predictive, PredictiveEntry::over),
            surge: either(&self.surge, &base.surge),
            adopt: self.adopt.or(base.adopt),
            remove: self.remove.or(base.remove),
            expect: either(&self.expect, &base.expect),
        }
    }

    /// What it comes to. Entries that are not complete are left out: an error says so.
    pub(in crate::config) fn config(&self) -> ServiceConfig {
        let health = self.health.clone().unwrap_or_default();
        let notify = self.notify.clone().unwrap_or_default();
        let default = Health::default();
        ServiceConfig {
            team: self.team.clone(),
            health: Health {
                rollback: health.rollback.unwrap_or_default(),
                witness: health.witness.unwrap_or_default(),
                rollback_window: health.rollback_window.unwrap_or(default.rollback_window),
                deadline: health.deadline.unwrap_or(default.deadline),
                soak: health.soak.unwrap_or(default.soak),
                rollback_alarms: health.rollback_alarms.unwrap_or_default(),
            },
            notify: Notify { topic: notify.topic, format: notify.format.unwrap_or_default() },
            scaling: crate::config::build::scaling(self),
            expect: crate::config::build::expect(self),
        }
    }
}

impl HealthEntry {
    fn over(self, base: Self) -> Self {
        Self {
            rollback: self.rollback.or(base.rollback),
            witness: self.witness.or(base.witness),
            rollback_window: self.rollback_window.or(base.rollback_window),
            deadline: self.deadline.or(base.deadline),
            soak: self.soak.or(base.soak),
            rollback_alarms: self.rollback_alarms.or(base.rollback_alarms),
        }
    }
}

impl NotifyEntry {
    fn over(self, base: Self) -> Self {
        Self {
            topic: self.topic.or(base.topic),
            format: self.format.or(base.format),
            standalone_tasks: self.standalone_tasks.or(base.standalone_tasks),
        }
    }
}

impl PredictiveEntry {
    fn over(self, base: Self) -> Self {
        Self {
            metric: self.metric.or(base.metric),
            resource_label: self.resource_label.or(base.resource_label),
            target: self.target.or(base.target),
            mode: self.mode.or(base.mode),
            scheduling_buffer: self.scheduling_buffer.or(base.scheduling_buffer),
            max_capacity_breach: self.max_capacity_breach.or(base.max_capacity_breach),
            max_capacity_buffer: self.max_capacity_buffer.or(base.max_capacity_buffer),
        }
    }
}
