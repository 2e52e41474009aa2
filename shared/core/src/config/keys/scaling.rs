//! `[capacity]` and what follows from it.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::entry::{
    CapacityEntry, OneStepEntry, PredictiveEntry, ScheduledEntry, StepEntry, StepKind, SurgeEntry,
    TrackedKind, TrackingEntry, WindowEntry,
};
use super::health::ALARM;
use super::metric::{self, with_stat};
use super::name;
use crate::config::finding::{quoted, shortened};
use crate::config::form::{
    Dimensions, Flag, Key, Moment, Number, OneWord, Span, Tables, Tasks, Text, When, Whole, Word,
    key,
};
use crate::config::read::Flaw;
use crate::config::rule::Rule;
use crate::config::{Adjustment, Comparison, MissingData};

/// `[capacity]`
pub(super) const CAPACITY: &[Key<CapacityEntry>] = &[
    key!(
        CapacityEntry.min,
        Tasks,
        "Tasks at least. 0 only where something can start the first one."
    ),
    key!(CapacityEntry.max, Tasks, "Tasks at most; not below min."),
];

/// `[[target_tracking]]`
pub(super) const TRACKING: &[Key<TrackingEntry>] = with_stat!(
    TrackingEntry.custom.stat;
    key!(TrackingEntry.name, NAME, "Its name, unique among policies: 1 to 64 letters, digits, `-` or `_`. Default: the metric."),
    key!(TrackingEntry.metric, Word(TRACKED), "What is kept at the target."),
    key!(
        TrackingEntry.target,
        Number,
        "Where: percent for cpu and memory (55.0), requests a minute and task, messages a task, or the metric's own unit. \
         Above 0."
    ),
    key!(
        TrackingEntry.high_resolution,
        Flag,
        "With cpu and memory: look every 20 seconds rather than every minute. The service must publish high-resolution \
         metrics. Default: false."
    ),
    key!(
        TrackingEntry.resource_label,
        RESOURCE_LABEL,
        "With alb-requests-per-target: the ends of the load balancer's and the target group's ARNs, \
         \"app/NAME/ID/targetgroup/NAME/ID\"."
    ),
    key!(
        TrackingEntry.queue,
        Text { check: name::check_queue, pattern: name::QUEUE },
        "With queue-backlog-per-task: the SQS queue's name."
    ),
    key!(TrackingEntry.custom.queries, metric::QUERIES, metric::ABOUT_QUERIES),
    key!(
        TrackingEntry.scale_out_cooldown,
        Span(&COOLDOWN),
        "How long after a scale-out only a larger one follows: \"0s\" to \"24h\". Default: \"5m\"."
    ),
    key!(
        TrackingEntry.scale_in_cooldown,
        Span(&COOLDOWN),
        "How long after a scale-in none follows: \"0s\" to \"24h\". Default: \"5m\"."
    ),
    key!(TrackingEntry.disable_scale_in, Flag, "Whether it only scales out. Default: false."),
);

/// `[[step]]`
pub(super) const STEP: &[Key<StepEntry>] = with_stat!(
    StepEntry.custom.stat;
    key!(StepEntry.name, NAME, "Its name, unique among policies: 1 to 64 letters, digits, `-` or `_`."),
    key!(StepEntry.metric, Word(STEP_METRICS), "What its alarm looks at."),
    key!(StepEntry.custom.queries, metric::QUERIES, metric::ABOUT_QUERIES),
    key!(StepEntry.comparison, Word(COMPARISONS), "How the metric is compared with the threshold."),
    key!(StepEntry.threshold, Number, "In the metric's unit; percent for cpu and memory."),
    key!(
        StepEntry.period,
        Span(&PERIOD),
        "How long each period is that the alarm looks at: \"10s\", \"20s\", \"30s\" or whole minutes. Default: \"1m\"."
    ),
    key!(
        StepEntry.evaluation_periods,
        Whole(1..=EVALUATION_PERIODS_MAX),
        "Of so many periods, 1 to 1440, a day at most together. Default: 1."
    ),
    key!(
        StepEntry.datapoints_to_alarm,
        Whole(1..=EVALUATION_PERIODS_MAX),
        "So many of the periods must breach. Default: all."
    ),
    key!(
        StepEntry.missing_data,
        Word(MISSING_DATA),
        "What a period without data means. Default: \"missing\"."
    ),
    key!(
        StepEntry.adjustment,
        Word(ADJUSTMENTS),
        "What the steps' numbers are: tasks more or fewer, so many tasks, or percent more or fewer."
    ),
    key!(
        StepEntry.steps,
        Tables { keys: ONE_STEP, required: &["by"], inline: "{ from = 0, by = 2 }" },
        "What to do by how far the metric is from the threshold; 1 to 20, without gap or overlap."
    ),
    key!(
        StepEntry.cooldown,
        Span(&COOLDOWN),
        "How long after a scaling only a larger one follows: \"0s\" to \"24h\". Default: \"5m\"."
    ),
    key!(
        StepEntry.min_adjustment_magnitude,
        Whole(1..=i32::MAX),
        "With percent-change-in-capacity: change by so many tasks at least. Default: 1."
    ),
);

pub(super) const STEP_REQUIRED: &[&str] =
    &["name", "metric", "comparison", "threshold", "adjustment", "steps"];

/// One of `steps`.
const ONE_STEP: &[Key<OneStepEntry>] = &[
    key!(
        OneStepEntry.from,
        Number,
        "From so far above the threshold (negative: below). Default: no bound."
    ),
    key!(
        OneStepEntry.to,
        Number,
        "Up to so far above the threshold (negative: below). Default: no bound."
    ),
    key!(
        OneStepEntry.by,
        Whole(i32::MIN..=i32::MAX),
        "By how much, in what adjustment says; negative scales in."
    ),
];

/// `[[scheduled]]`
pub(super) const SCHEDULED: &[Key<ScheduledEntry>] = &[
    key!(
        ScheduledEntry.name,
        NAME,
        "Its name, unique among these and the windows: 1 to 64 letters, digits, `-` or `_`."
    ),
    key!(
        ScheduledEntry.schedule,
        When,
        "When: \"cron(0 8 ? * MON-FRI *)\", \"rate(1 hour)\" or \"at(2026-11-27T06:00:00)\"."
    ),
    key!(ScheduledEntry.timezone, TIMEZONE, ABOUT_TIMEZONE),
    key!(
        ScheduledEntry.start,
        Moment,
        "Not before this time, such as 2026-11-27T06:00:00Z. Default: from now."
    ),
    key!(ScheduledEntry.end, Moment, "Not after this time. Default: for ever."),
    key!(
        ScheduledEntry.min,
        Tasks,
        "Tasks at least from then on. Default: unchanged; min, max or both are given."
    ),
    key!(ScheduledEntry.max, Tasks, "Tasks at most from then on. Default: unchanged."),
];

/// `[[window]]`
pub(super) const WINDOW: &[Key<WindowEntry>] = &[
    key!(
        WindowEntry.name,
        NAME,
        "Its name, unique among these and the scheduled: 1 to 64 letters, digits, `-` or `_`."
    ),
    key!(WindowEntry.start, When, "When it begins: \"cron(…)\" or \"at(…)\"."),
    key!(WindowEntry.end, When, "When it ends: of the same kind, never at the same moment."),
    key!(WindowEntry.timezone, TIMEZONE, ABOUT_TIMEZONE),
    key!(
        WindowEntry.min,
        Tasks,
        "Tasks at least meanwhile. Default: as in [capacity]; min, max or both are given."
    ),
    key!(WindowEntry.max, Tasks, "Tasks at most meanwhile. Default: as in [capacity]."),
];

/// `[predictive]`
pub(super) const PREDICTIVE: &[Key<PredictiveEntry>] = &[
    key!(
        PredictiveEntry.metric,
        OneWord {
            words: Word(PREDICTED),
            rule: Rule::PredictiveOneMetric,
            why: ONE_METRIC,
            fix: "keep the one that says most"
        },
        "What is foretold."
    ),
    key!(
        PredictiveEntry.resource_label,
        RESOURCE_LABEL,
        "With alb-requests-per-target: \"app/NAME/ID/targetgroup/NAME/ID\"."
    ),
    key!(PredictiveEntry.target, Number, "Where it is kept: as for target tracking."),
    key!(
        PredictiveEntry.mode,
        Word(MODES),
        "Whether the forecast only shows, or scales out. Default: \"forecast-only\"."
    ),
    key!(
        PredictiveEntry.scheduling_buffer,
        Span(&SCHEDULING_BUFFER),
        "How much earlier tasks are started: \"0s\" to \"59m59s\". Default: \"5m\"."
    ),
    key!(
        PredictiveEntry.max_capacity_breach,
        Word(BREACHES),
        "Whether a forecast above max raises it. Default: \"honor\": it does not."
    ),
    key!(
        PredictiveEntry.max_capacity_buffer,
        Whole(0..=100),
        "With max_capacity_breach = \"increase\": by so many percent above the forecast, 0 to 100."
    ),
];

/// `[[surge]]`
pub(super) const SURGE: &[Key<SurgeEntry>] = &[
    key!(
        SurgeEntry.alarm,
        Text { check: name::check_alarm, pattern: ALARM },
        "The CloudWatch alarm's name."
    ),
    key!(
        SurgeEntry.min,
        Tasks,
        "Tasks at least meanwhile; above the min of [capacity], at most its max."
    ),
    key!("for" => SurgeEntry.lasts, Span(&SURGE_LASTS), "How long after the alarm went off last: \"1m\" to \"24h\". Default: \"15m\"."),
];

/// Why `[predictive]` has one metric (PredictiveScalingPolicyConfiguration in the Application Auto Scaling API
/// reference).
pub(super) const ONE_METRIC: &str = "expected one metric: predictive scaling takes no more";

const NAME: Text = Text { check: name::check_scaling_name, pattern: name::SCALING_NAME };
const RESOURCE_LABEL: Text =
    Text { check: name::check_resource_label, pattern: name::RESOURCE_LABEL };
pub(super) const TIMEZONE: Text =
    Text { check: check_timezone, pattern: "^[A-Za-z0-9_+/-]{1,64}$" };
const ABOUT_TIMEZONE: &str = "IANA zone of cron and at, such as \"Europe/Berlin\"; its changes of the clock are followed. Default: \"UTC\".";

const TRACKED: &[(&str, TrackedKind)] = &[
    ("cpu", TrackedKind::Cpu),
    ("memory", TrackedKind::Memory),
    ("alb-requests-per-target", TrackedKind::AlbRequestsPerTarget),
    ("queue-backlog-per-task", TrackedKind::QueueBacklogPerTask),
    ("custom", TrackedKind::Custom),
];

const PREDICTED: &[(&str, TrackedKind)] = &[
    ("cpu", TrackedKind::Cpu),
    ("memory", TrackedKind::Memory),
    ("alb-requests-per-target", TrackedKind::AlbRequestsPerTarget),
];

const STEP_METRICS: &[(&str, StepKind)] =
    &[("cpu", StepKind::Cpu), ("memory", StepKind::Memory), ("custom", StepKind::Custom)];

const COMPARISONS: &[(&str, Comparison)] = &[
    (">=", Comparison::GreaterThanOrEqualToThreshold),
    (">", Comparison::GreaterThanThreshold),
    ("<=", Comparison::LessThanOrEqualToThreshold),
    ("<", Comparison::LessThanThreshold),
];

const MISSING_DATA: &[(&str, MissingData)] = &[
    ("missing", MissingData::Missing),
    ("ignore", MissingData::Ignore),
    ("breaching", MissingData::Breaching),
    ("not-breaching", MissingData::NotBreaching),
];

const ADJUSTMENTS: &[(&str, Adjustment)] = &[
    ("change-in-capacity", Adjustment::ChangeInCapacity),
    ("exact-capacity", Adjustment::ExactCapacity),
    ("percent-change-in-capacity", Adjustment::PercentChangeInCapacity),
];

const MODES: &[(&str, bool)] = &[("forecast-only", false), ("forecast-and-scale", true)];

const BREACHES: &[(&str, bool)] = &[("honor", false), ("increase", true)];

/// Most steps of a policy (quotas in the Application Auto Scaling user guide; it can be raised, no policy needs it).
pub(in crate::config) const STEPS_MAX: usize = 20;

/// So that at a period of a minute they are the day that CloudWatch allows (PutMetricAlarm).
const EVALUATION_PERIODS_MAX: i32 = 1_440;

/// Zero: none. A policy that waits for more than a day does not follow a service's load any more.
const COOLDOWN: RangeInclusive<SignedDuration> =
    SignedDuration::ZERO..=SignedDuration::from_hours(24);

/// The shortest period that CloudWatch has, and the longest that an alarm can look back over (PutMetricAlarm).
const PERIOD: RangeInclusive<SignedDuration> =
    SignedDuration::from_secs(10)..=SignedDuration::from_hours(7 * 24);

/// "Less than the forecast interval duration of 3600 seconds" (PredictiveScalingPolicyConfiguration).
const SCHEDULING_BUFFER: RangeInclusive<SignedDuration> =
    SignedDuration::ZERO..=SignedDuration::from_secs(3_599);

/// Below a minute a task has hardly started; what must hold for more than a day is no surge but `[capacity]`.
const SURGE_LASTS: RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(24);

/// The zone where none is named.
pub(in crate::config) const UTC: &str = "UTC";

fn check_timezone(text: &str) -> Result<(), Flaw> {
    if crate::scaling::zone(text).is_some() {
        return Ok(());
    }
    let flaw =
        Flaw::new(Rule::UnknownTimezone, "expected an IANA time zone such as `Europe/Berlin`");
    Err(match nearest_zone(text) {
        Some(zone) => {
            flaw.fix(format!("did you mean {}", quoted(&format!("\"{}\"", shortened(&zone)))))
        }
        None => flaw,
    })
}

/// The zone that was probably meant: by its city alone, or with few letters wrong. Abbreviations (`CET`, `PST`) are no
/// zones: their letters are as near to many.
fn nearest_zone(text: &str) -> Option<String> {
    const SHORTEST: usize = 5;
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    let known = || jiff::tz::db().available().map(|zone| zone.as_str().to_owned());
    let city =
        |zone: &String| zone.to_lowercase().rsplit('/').next().is_some_and(|city| city == word);
    if let Some(zone) = known().filter(|zone| zone.contains('/')).find(city) {
        return Some(zone);
    }
    if !(SHORTEST..=40).contains(&word.chars().count()) {
        return None;
    }
    let distance = |zone: &String| strsim::damerau_levenshtein(&word, &zone.to_lowercase());
    let (least, zone) = known().map(|zone| (distance(&zone), zone)).min()?;
    (least <= zone.chars().count() / 4).then_some(zone)
}
