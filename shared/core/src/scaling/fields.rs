//! What an object holds, as named values: what decides whether two objects are the same, what a plan shows of them, and
//! what their fingerprint is made of.
//!
//! AWS does not give back what it was given: it fills in defaults, sorts what has no order, turns times into seconds. Here
//! both sides are brought to one form, so that what was put compares equal to what is read, and nowhere else.

use super::object::{
    AlarmAction, MetricAlarm, PolicyConfig, PolicyMetric, ScalableTarget, ScalingPolicy,
    ScheduledAction,
};
use crate::config::{
    Adjustment, Comparison, Metric, MetricQuery, MetricStat, MissingData, QueryOf, Step,
    render_duration,
};
use crate::name::fnv1a;
use jiff::SignedDuration;

/// Named values, in the order in which they are shown. What is as AWS has it by default is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    fn put(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    fn put_unless_default<T: PartialEq + ToString>(&mut self, name: &str, value: T, default: T) {
        if value != default {
            self.put(name, value);
        }
    }

    /// Stands for all of them: 16 hexadecimal digits.
    pub(super) fn fingerprint(&self) -> String {
        let text: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{:016x}", fnv1a(text.join("\n").as_bytes()))
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What differs between `self` and `new`, in the order of both.
    pub(super) fn changes_to<'a>(&'a self, new: &'a Self) -> Vec<Differing<'a>> {
        let gone = self.0.iter().filter(|(name, _)| new.get(name).is_none());
        let gone = gone.map(|(name, value)| Differing { name, old: Some(value), new: None });
        let there = new.0.iter().map(|(name, value)| Differing {
            name,
            old: self.get(name),
            new: Some(value),
        });
        there.chain(gone).filter(|one| one.old != one.new).collect()
    }
}

/// A value that is not the same on both sides; `None`: AWS's default, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Differing<'a> {
    pub(super) name: &'a str,
    pub(super) old: Option<&'a String>,
    pub(super) new: Option<&'a String>,
}

impl ScalingPolicy {
    /// Whether both do the same, whatever they are called: what was put and what AWS gives back of it.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        of_policy(&self.config) == of_policy(&other.config)
    }
}

impl ScheduledAction {
    /// As [`ScalingPolicy::is_equivalent`].
    pub fn is_equivalent(&self, other: &Self) -> bool {
        of_scheduled(self) == of_scheduled(other)
    }
}

impl MetricAlarm {
    /// As [`ScalingPolicy::is_equivalent`]; a policy's name and its ARN are not the same here.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        of_alarm(self) == of_alarm(other)
    }
}

/// Cooldowns and buffers that are not given (the API reference, for ECS services).
const DEFAULT_SECONDS: u32 = 300;

pub(super) fn of_target(target: &ScalableTarget) -> Fields {
    let mut fields = Fields::default();
    fields.put("min", target.bounds.min);
    fields.put("max", target.bounds.max);
    let suspended = target.suspended;
    let all = [
        ("suspended.scale_in", suspended.dynamic_scaling_in),
        ("suspended.scale_out", suspended.dynamic_scaling_out),
        ("suspended.scheduled", suspended.scheduled_scaling),
    ];
    for (name, is_suspended) in all {
        fields.put_unless_default(name, is_suspended, false);
    }
    fields
}

pub(super) fn of_policy(policy: &PolicyConfig) -> Fields {
    let mut fields = Fields::default();
    match policy {
        PolicyConfig::TargetTracking {
            metric,
            target,
            scale_out_cooldown,
            scale_in_cooldown,
            disable_scale_in,
        } => {
            fields.put("type", "target tracking");
            put_policy_metric(&mut fields, metric);
            fields.put("target", target);
            fields.put("scale_out_cooldown", seconds(*scale_out_cooldown));
            fields.put("scale_in_cooldown", seconds(*scale_in_cooldown));
            fields.put_unless_default("disable_scale_in", *disable_scale_in, false);
        }
        PolicyConfig::Step {
            adjustment,
            steps,
            cooldown,
            min_adjustment_magnitude,
            aggregation,
        } => {
            fields.put("type", "step");
            fields.put("adjustment", adjustment_word(*adjustment));
            fields.put("steps", steps_text(*adjustment, steps));
            fields.put("cooldown", seconds(*cooldown));
            fields.put_unless_default(
                "min_adjustment_magnitude",
                min_adjustment_magnitude.unwrap_or(0),
                0,
            );
            let aggregation = aggregation.as_deref().unwrap_or("Average");
            fields.put_unless_default("aggregation", aggregation, "Average");
        }
        PolicyConfig::Predictive {
            pair,
            target,
            scales,
            scheduling_buffer,
            max_capacity_buffer,
        } => {
            fields.put("type", "predictive");
            fields.put("metric", &pair.0);
            put_label(&mut fields, pair.1.as_deref());
            fields.put("target", target);
            fields.put("mode", if *scales { "forecast-and-scale" } else { "forecast-only" });
            fields.put("scheduling_buffer", seconds(*scheduling_buffer));
            if let Some(percent) = max_capacity_buffer {
                fields.put("max_capacity_buffer", format!("{percent} %"));
            }
        }
        PolicyConfig::Other(what) => fields.put("type", what),
    }
    fields
}

pub(super) fn of_scheduled(action: &ScheduledAction) -> Fields {
    let mut fields = Fields::default();
    let schedule: Vec<&str> = action.schedule.split_whitespace().collect();
    fields.put("schedule", schedule.join(" "));
    let zone = action.timezone.as_deref().filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    fields.put_unless_default("timezone", zone, "UTC");
    // Application Auto Scaling keeps whole seconds.
    for (name, at) in [("start", action.start), ("end", action.end)] {
        if let Some(at) = at {
            let whole = jiff::Timestamp::from_second(at.as_second()).unwrap_or(at);
            fields.put(name, whole);
        }
    }
    for (name, bound) in [("min", action.min), ("max", action.max)] {
        if let Some(bound) = bound {
            fields.put(name, bound);
        }
    }
    fields
}

pub(super) fn of_alarm(alarm: &MetricAlarm) -> Fields {
    let mut fields = Fields::default();
    put_metric(&mut fields, &alarm.metric);
    let comparison = comparison_sign(alarm.comparison);
    fields.put("alarm_if", format!("{comparison} {}", alarm.threshold));
    let every = seconds(Some(alarm.period));
    let (m, n) = (alarm.datapoints_to_alarm, alarm.evaluation_periods);
    fields.put("datapoints", format!("{m} of {n}, each {every}"));
    fields.put_unless_default("missing_data", missing_word(alarm.missing_data), "missing");
    let mut actions: Vec<&str> = alarm
        .actions
        .iter()
        .map(|action| match action {
            AlarmAction::Policy(name) => name.as_str(),
            AlarmAction::Arn(arn) => arn.as_str(),
        })
        .collect();
    actions.sort_unstable();
    fields.put("calls", actions.join(", "));
    fields
}

/// Stands for what a policy looks at: two that have the same one would pull at the same service from both sides. CPU at
/// high resolution is CPU. `None` for what looks at nothing by itself (steps), or cannot be read.
pub(super) fn metric_identity(policy: &PolicyConfig) -> Option<String> {
    match policy {
        PolicyConfig::TargetTracking { metric, .. } => {
            let mut fields = Fields::default();
            match metric {
                PolicyMetric::Predefined { kind, resource_label } => {
                    let kind = kind.strip_suffix("HighResolution").unwrap_or(kind);
                    fields.put("metric", kind);
                    put_label(&mut fields, resource_label.as_deref());
                }
                PolicyMetric::Customized(metric) => put_metric(&mut fields, metric),
            }
            Some(fields.fingerprint())
        }
        PolicyConfig::Predictive { pair, .. } => Some(format!("predictive {}", pair.0)),
        PolicyConfig::Step { .. } | PolicyConfig::Other(_) => None,
    }
}

/// What a policy looks at, in a few words.
pub(super) fn metric_words(policy: &PolicyConfig) -> String {
    match policy {
        PolicyConfig::TargetTracking { metric, .. } => match metric {
            PolicyMetric::Predefined { kind, .. } => kind.clone(),
            PolicyMetric::Customized(Metric::One(stat)) => {
                format!("{} {}", stat.namespace, stat.metric_name)
            }
            PolicyMetric::Customized(Metric::Math(_)) => "the same metric math".to_owned(),
        },
        PolicyConfig::Predictive { pair, .. } => pair.0.clone(),
        PolicyConfig::Step { .. } => "steps".to_owned(),
        PolicyConfig::Other(what) => what.clone(),
    }
}

fn put_policy_metric(fields: &mut Fields, metric: &PolicyMetric) {
    match metric {
        PolicyMetric::Predefined { kind, resource_label } => {
            fields.put("metric", kind);
            put_label(fields, resource_label.as_deref());
        }
        PolicyMetric::Customized(metric) => put_metric(fields, metric),
    }
}

fn put_label(fields: &mut Fields, label: Option<&str>) {
    if let Some(label) = label.filter(|label| !label.is_empty()) {
        fields.put("resource_label", label);
    }
}

fn put_metric(fields: &mut Fields, metric: &Metric) {
    match metric {
        Metric::One(stat) => fields.put("metric", stat_text(stat)),
        Metric::Math(queries) => {
            // Their order means nothing.
            let mut queries: Vec<&MetricQuery> = queries.iter().collect();
            queries.sort_by(|a, b| (b.return_data, &a.id).cmp(&(a.return_data, &b.id)));
            for query in queries {
                let name = if query.return_data {
                    "metric".to_owned()
                } else {
                    format!("where {}", query.id)
                };
                let value = match &query.of {
                    QueryOf::Metric(stat) => stat_text(stat),
                    QueryOf::Expression(expression) => expression.clone(),
                };
                fields.put(&name, value);
            }
        }
    }
}

/// `AWS/SQS ApproximateNumberOfMessagesVisible {QueueName=orders} Average`
fn stat_text(stat: &MetricStat) -> String {
    let dimensions: Vec<String> =
        stat.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let unit = stat.unit.as_deref().map(|unit| format!(" in {unit}")).unwrap_or_default();
    let MetricStat { namespace, metric_name, statistic, .. } = stat;
    format!("{namespace} {metric_name} {{{}}} {statistic}{unit}", dimensions.join(", "))
}

/// `0 to 10: +20; 10 and more: +50`
fn steps_text(adjustment: Adjustment, steps: &[Step]) -> String {
    let mut steps: Vec<&Step> = steps.iter().collect();
    let lower = |step: &Step| step.from.unwrap_or(f64::NEG_INFINITY);
    steps.sort_by(|a, b| lower(a).total_cmp(&lower(b)));
    let text = |step: &&Step| {
        let range = match (step.from, step.to) {
            (Some(from), Some(to)) => format!("{} to {}", plain(from), plain(to)),
            (Some(from), None) => format!("{} and more", plain(from)),
            (None, Some(to)) => format!("{} and less", plain(to)),
            (None, None) => "always".to_owned(),
        };
        match adjustment {
            Adjustment::ExactCapacity => format!("{range}: {}", step.by),
            _ => format!("{range}: {:+}", step.by),
        }
    };
    steps.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// Without the minus of a negative zero.
fn plain(value: f64) -> f64 {
    value + 0.0
}

fn seconds(given: Option<u32>) -> String {
    let seconds = given.unwrap_or(DEFAULT_SECONDS);
    render_duration(SignedDuration::from_secs(i64::from(seconds)))
}

fn adjustment_word(adjustment: Adjustment) -> &'static str {
    match adjustment {
        Adjustment::ChangeInCapacity => "tasks more or fewer",
        Adjustment::ExactCapacity => "tasks exactly",
        Adjustment::PercentChangeInCapacity => "percent more or fewer",
    }
}

fn comparison_sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::GreaterThanOrEqualToThreshold => ">=",
        Comparison::GreaterThanThreshold => ">",
        Comparison::LessThanOrEqualToThreshold => "<=",
        Comparison::LessThanThreshold => "<",
    }
}

fn missing_word(missing: MissingData) -> &'static str {
    match missing {
        MissingData::Missing => "missing",
        MissingData::Ignore => "ignore",
        MissingData::Breaching => "breaching",
        MissingData::NotBreaching => "not-breaching",
    }
}
