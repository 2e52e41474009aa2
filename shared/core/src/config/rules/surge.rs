//! `[[surge]]`, and the alarms that teams name.

use super::{InForce, entries, error, warning};
use crate::alarm::is_of_scaling;
use crate::config::read::Reader;
use crate::config::rule::Rule;

pub(super) fn surges(file: &mut Reader<'_>, all: &InForce<'_>) {
    let capacity = all.layer.capacity.unwrap_or_default();
    let mut seen: Vec<&String> = Vec::new();
    for (path, surge) in entries("surge", &all.layer.surge) {
        let min_at = format!("{path}.min");
        if let (Some(min), Some(max)) = (surge.min, capacity.max)
            && min > max
        {
            let message = format!("`{min_at}` is `{min}`, more than `capacity.max`, `{max}`");
            let fix = format!("write `min = {max}` or less, or raise `max` in `[capacity]`");
            file.at_first(error(Rule::SurgeAboveMax), &[&min_at, "capacity.max"], message, fix);
        }
        if let (Some(min), Some(least)) = (surge.min, capacity.min)
            && min <= least
        {
            let message =
                format!("`{min_at}` is `{min}`, which raises nothing: `capacity.min` is `{least}`");
            let fix = format!("write `min = {}` or more", least.saturating_add(1));
            let at = [min_at.as_str(), "capacity.min"];
            file.at_first(warning(Rule::SurgeNoEffect), &at, message, fix);
        }
        let Some(alarm) = &surge.alarm else { continue };
        let alarm_at = format!("{path}.alarm");
        if seen.contains(&alarm) {
            let message = format!("`{alarm_at}` is `\"{alarm}\"`, as that of another surge");
            file.at_first(error(Rule::SurgeTwice), &[&alarm_at], message, "leave one of them out");
        }
        if all.config.health.rollback_alarms.contains(alarm) {
            let message = format!(
                "alarm `{alarm}` both starts more tasks and speaks for a rollback: what is slow for load is taken for the \
                 revision's fault"
            );
            let fix = "leave it out of `[[surge]]` or of `health.rollback_alarms`";
            let at = [alarm_at.as_str(), "health.rollback_alarms"];
            file.at_first(warning(Rule::SurgeIsRollbackAlarm), &at, message, fix);
        }
        seen.push(alarm);
    }
}

/// Those that Application Auto Scaling and Steady make go off with each scale-out: they do not reach Steady.
pub(super) fn alarms_of_scaling(file: &mut Reader<'_>, all: &InForce<'_>) {
    let counted = all.config.health.rollback_alarms.iter();
    let counted = counted.map(|alarm| ("health.rollback_alarms".to_owned(), alarm));
    let surges = entries("surge", &all.layer.surge).filter_map(|(path, surge)| {
        surge.alarm.as_ref().map(|alarm| (format!("{path}.alarm"), alarm))
    });
    for (at, alarm) in counted.chain(surges) {
        if is_of_scaling(alarm) {
            let message = format!(
                "alarm `{alarm}` is one of scaling by its name, which Steady does not listen to: it goes off with each scale-out"
            );
            let fix = "name an alarm of your own; its name must not begin with `TargetTracking-` or `steady-`";
            file.at_first(error(Rule::AlarmOfScaling), &[&at], message, fix);
        }
    }
}
