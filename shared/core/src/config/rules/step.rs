//! `[[step]]`: its alarm and its steps.

use jiff::SignedDuration;

use super::{InForce, entries, error, warning};
use crate::config::duration::render_duration;
use crate::config::keys::{STEPS_MAX, StepEntry, StepKind};
use crate::config::read::Reader;
use crate::config::rule::Rule;
use crate::config::{Adjustment, Comparison};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Looking back is limited to a day, and to a week where a period is an hour or more (PutMetricAlarm in the CloudWatch API
/// reference).
const LOOKS_BACK_MAX: [SignedDuration; 2] =
    [SignedDuration::from_hours(24), SignedDuration::from_hours(7 * 24)];

pub(super) fn alarms(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, policy) in entries("step", &all.layer.step) {
        let period = policy.period.unwrap_or(MINUTE);
        let periods = policy.evaluation_periods.unwrap_or(1);
        let at = format!("{path}.period");
        let shown = render_duration(period);
        if ![10, 20, 30].contains(&period.as_secs()) && period.as_secs() % 60 != 0 {
            let message = format!("`{at}` is `\"{shown}\"`, which CloudWatch does not have");
            let fix = "write `\"10s\"`, `\"20s\"`, `\"30s\"` or whole minutes";
            file.at_first(error(Rule::AlarmPeriod), &[&at], message, fix);
        } else if period < MINUTE && matches!(policy.metric, Some(StepKind::Cpu | StepKind::Memory))
        {
            let message = format!(
                "`{at}` is `\"{shown}\"`, and ECS publishes CPU and memory once a minute: the alarm would have no data"
            );
            let fix = "write `period = \"1m\"`";
            file.at_first(warning(Rule::PeriodBelowResolution), &[&at], message, fix);
        }
        let [day, week] = LOOKS_BACK_MAX;
        let longest = if period < SignedDuration::from_hours(1) { day } else { week };
        if let Some(whole) = period.checked_mul(periods).filter(|whole| *whole > longest) {
            let message = format!(
                "`{path}` looks at {periods} periods of `\"{shown}\"`, `\"{}\"` together: an alarm looks back at most `\"{}\"`",
                render_duration(whole),
                render_duration(longest),
            );
            let fix = "lower `evaluation_periods`";
            let at = [format!("{path}.evaluation_periods"), format!("{path}.period")];
            file.at_first(
                error(Rule::AlarmTooLong),
                &at.each_ref().map(String::as_str),
                message,
                fix,
            );
        }
        if let Some(breaching) = policy.datapoints_to_alarm.filter(|breaching| *breaching > periods)
        {
            let at = format!("{path}.datapoints_to_alarm");
            let message = format!(
                "`{at}` is `{breaching}`, more than the {periods} periods that are looked at"
            );
            let fix = format!("write at most `{periods}`, or raise `evaluation_periods`");
            file.at_first(error(Rule::DatapointsAbovePeriods), &[&at], message, fix);
        }
    }
}

pub(super) fn adjustments(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, policy) in entries("step", &all.layer.step) {
        let is_percent = policy.adjustment == Some(Adjustment::PercentChangeInCapacity);
        if policy.adjustment.is_some() && !is_percent {
            let at = format!("{path}.min_adjustment_magnitude");
            let message = format!("`{at}` has no meaning unless steps are in percent");
            let fix = "leave it out, or write `adjustment = \"percent-change-in-capacity\"`";
            file.at_first(error(Rule::KeyOutOfPlace), &[&at], message, fix);
        }
        if policy.adjustment == Some(Adjustment::ExactCapacity) {
            for (at, step) in entries(&format!("{path}.steps"), &policy.steps) {
                if let Some(by) = step.by.filter(|by| *by < 0) {
                    let message =
                        format!("`{at}.by` is `{by}`, and steps say how many tasks there shall be");
                    let fix = "write 0 or more, or `adjustment = \"change-in-capacity\"`";
                    file.at_first(
                        error(Rule::NumberOutOfRange),
                        &[&format!("{at}.by")],
                        message,
                        fix,
                    );
                }
            }
        }
    }
}

/// A step's interval, from its place in the file.
#[derive(Clone, Copy)]
struct Interval {
    index: usize,
    from: Option<f64>,
    to: Option<f64>,
}

impl Interval {
    fn lower(&self) -> f64 {
        self.from.unwrap_or(f64::NEG_INFINITY)
    }

    fn upper(&self) -> f64 {
        self.to.unwrap_or(f64::INFINITY)
    }
}

/// Each rule of StepAdjustment in the Application Auto Scaling API reference and user guide: what is refused there is told
/// here, all at once.
pub(super) fn intervals(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, policy) in entries("step", &all.layer.step) {
        let path = format!("{path}.steps");
        let Some(steps) = &policy.steps else { continue };
        if steps.is_empty() {
            let message = format!("`{path}` is empty");
            let fix = "write `[{ from = 0, by = 2 }]`";
            file.at_first(error(Rule::MissingKey), &[&path], message, fix);
            continue;
        }
        if steps.len() > STEPS_MAX {
            let message = format!(
                "`{path}` has {} steps, Application Auto Scaling takes {STEPS_MAX}",
                steps.len()
            );
            let fix = "join those that differ least";
            file.at_first(error(Rule::TooManySteps), &[&path], message, fix);
        }
        let all: Vec<Interval> = (0..)
            .zip(steps)
            .map(|(index, step)| Interval { index, from: step.from, to: step.to })
            .collect();
        // A bound that could not be read would count as none.
        let broken = all.iter().any(|one| {
            let has = |name: &str| file.contains(&format!("{path}[{}].{name}", one.index));
            has("from") && one.from.is_none() || has("to") && one.to.is_none()
        });
        if !broken && !inverted(file, &path, &all) {
            opened(file, &path, &all);
            neighbours(file, &path, &all);
            reached(file, &path, policy, &all);
        }
    }
}

fn inverted(file: &mut Reader<'_>, path: &str, all: &[Interval]) -> bool {
    let mut found = false;
    for one in all.iter().filter(|one| one.lower() >= one.upper()) {
        found = true;
        let path = format!("{path}[{}]", one.index);
        let message = format!(
            "`{path}` goes from {} to {}, and `from` must be less than `to`",
            one.lower(),
            one.upper()
        );
        let fix = if one.lower() > one.upper() {
            "swap them"
        } else {
            "give it a width, or leave it out"
        };
        file.at_first(error(Rule::StepInverted), &[&format!("{path}.from"), &path], message, fix);
    }
    found
}

/// At most one step is open on each side, and one must be where a bound lies on that side of the threshold.
fn opened(file: &mut Reader<'_>, path: &str, all: &[Interval]) {
    let lowest = all.iter().map(Interval::lower).fold(f64::INFINITY, f64::min);
    let highest = all.iter().map(Interval::upper).fold(f64::NEG_INFINITY, f64::max);
    let open = |is_open: fn(&Interval) -> bool| -> Vec<usize> {
        all.iter().filter(|one| is_open(one)).map(|one| one.index).collect()
    };
    let bounds_below = all.iter().any(|one| one.from.is_some_and(|from| from < 0.0));
    let bounds_above = all.iter().any(|one| one.to.is_some_and(|to| to > 0.0));
    let sides = [
        ("from", "below", open(|one| one.from.is_none()), bounds_below, -lowest, "lowest"),
        ("to", "above", open(|one| one.to.is_none()), bounds_above, highest, "highest"),
    ];
    for (bound, side, open, must, end, last) in sides {
        if let [first, second, ..] = open.as_slice() {
            let at = format!("{path}[{second}]");
            let message = format!(
                "`{at}` has no `{bound}`, and neither has `{path}[{first}]`: both take all that lies {side}"
            );
            let fix = format!("give one of them a `{bound}`");
            file.at_first(error(Rule::StepsOpenTwice), &[&at], message, fix);
        } else if open.is_empty() && must {
            let message = format!(
                "`{path}` ends {end} {side} the threshold: a metric further {side} would change nothing"
            );
            let fix = format!("leave `{bound}` out in the {last} step");
            file.at_first(error(Rule::StepsNotOpen), &[path], message, fix);
        }
    }
}

fn neighbours(file: &mut Reader<'_>, path: &str, all: &[Interval]) {
    let mut sorted = all.to_vec();
    sorted.sort_by(|a, b| a.lower().total_cmp(&b.lower()));
    for pair in sorted.windows(2) {
        let [low, high] = pair else { continue };
        let (end, begin) = (low.upper(), high.lower());
        let at = format!("{path}[{}]", high.index);
        let from = format!("{at}.from");
        if end < begin {
            let message = format!(
                "between {end} and {begin} above the threshold no step of `{path}` says what to do"
            );
            let fix = format!("write `from = {end}` here, or `to = {begin}` in the step below");
            file.at_first(error(Rule::StepsGap), &[&from, &at], message, fix);
        } else if end > begin && begin.is_finite() && end.is_finite() {
            let message = format!(
                "`{at}` begins at {begin}, where `{path}[{}]` has not ended: that goes to {end}",
                low.index
            );
            let fix = format!("write `from = {end}` here, or `to = {begin}` there");
            file.at_first(error(Rule::StepsOverlap), &[&from, &at], message, fix);
        } else if end.is_infinite() && begin.is_finite() && high.to.is_some() {
            let message = format!("`{at}` lies within `{path}[{}]`, which has no `to`", low.index);
            let fix = format!("write `to = {begin}` there, and leave `to` out here");
            file.at_first(error(Rule::StepsOverlap), &[&from, &at], message, fix);
        }
    }
}

/// An alarm that goes off above its threshold never sees what lies below it, and the reverse.
fn reached(file: &mut Reader<'_>, path: &str, policy: &StepEntry, all: &[Interval]) {
    let Some(comparison) = policy.comparison else { return };
    let above = matches!(
        comparison,
        Comparison::GreaterThanOrEqualToThreshold | Comparison::GreaterThanThreshold
    );
    let (side, other) = if above { ("above", "below") } else { ("below", "above") };
    for one in all {
        let never = if above { one.upper() <= 0.0 } else { one.lower() >= 0.0 };
        if never {
            let at = format!("{path}[{}]", one.index);
            let message =
                format!("`{at}` lies {other} the threshold, and the alarm goes off {side} it");
            let fix = format!(
                "leave it out, or make a `[[step]]` of its own that compares the other way; bounds are relative to the threshold, {side} it they are {}",
                if above { "positive" } else { "negative" }
            );
            let paths = [format!("{at}.to"), format!("{at}.from"), at.clone()];
            file.at_first(
                error(Rule::StepUnreachable),
                &paths.each_ref().map(String::as_str),
                message,
                fix,
            );
        }
    }
    let lowest = all.iter().map(Interval::lower).fold(f64::INFINITY, f64::min);
    let highest = all.iter().map(Interval::upper).fold(f64::NEG_INFINITY, f64::max);
    let miss = if above { lowest > 0.0 } else { highest < 0.0 };
    if miss {
        let far = if above { lowest } else { -highest };
        let message = format!(
            "`{path}` says nothing of a metric less than {far} {side} the threshold: the alarm goes off and nothing changes"
        );
        let fix = if above {
            "write `from = 0` in the lowest step"
        } else {
            "write `to = 0` in the highest step"
        };
        file.at_first(warning(Rule::StepsMissThreshold), &[path], message, fix);
    }
}

/// Target tracking scales in only if all its policies agree; a step policy does not ask (Application Auto Scaling user
/// guide, "Multiple scaling policies").
pub(super) fn scale_in_beside_tracking(file: &mut Reader<'_>, all: &InForce<'_>) {
    let mut tracking = entries("target_tracking", &all.layer.target_tracking);
    if !tracking.any(|(_, policy)| policy.disable_scale_in != Some(true)) {
        return;
    }
    for (path, policy) in entries("step", &all.layer.step) {
        let mut steps = entries(&format!("{path}.steps"), &policy.steps);
        if let Some((at, _)) = steps.find(|(_, step)| step.by.is_some_and(|by| by < 0)) {
            let message = format!(
                "`{path}` scales in beside target tracking, and does not wait for it to agree: the two may take turns"
            );
            let fix =
                "leave scaling in to target tracking, or write `disable_scale_in = true` there";
            let paths = [format!("{at}.by"), "target_tracking".to_owned()];
            file.at_first(
                warning(Rule::StepScaleInBesideTracking),
                &paths.each_ref().map(String::as_str),
                message,
                fix,
            );
        }
    }
}
