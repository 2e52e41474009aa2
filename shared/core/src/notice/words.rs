//! Facts as people read them, one place for each.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use crate::event::Container;
use crate::evidence::{Counts, TOLERATED_FAILING_STARTS};
use crate::incident::Resolution;
use crate::ledger::TaskStop;
use crate::name::ServiceKey;
use crate::redact::redact;
use crate::stop::Cause;

/// `2026-11-21 02:14:07 UTC`
pub fn clock(at: Timestamp) -> String {
    let text = format!("{at:.0}");
    text.trim_end_matches('Z').replacen('T', " ", 1) + " UTC"
}

/// `8 s`, `3 min`, `1 h 5 min`, `2 d 3 h`: two units at most, rounded down.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        _ => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{minutes} min"),
        3_600..86_400 => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

/// `once`, `twice`, `9 times`
pub fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// `9 of 20 starts failed (10 % is tolerated), 2 crashes in 1.3 task-hours`
pub fn failed(counts: Counts) -> String {
    let mut text = String::new();
    if counts.failed_starts > 0 || counts.crashes == 0 {
        let _ = write!(
            text,
            "{} of {} starts failed ({:.0} % is tolerated)",
            counts.failed_starts,
            counts.starts(),
            TOLERATED_FAILING_STARTS * 100.0,
        );
    }
    if counts.crashes > 0 {
        let hours = counts.task_days() * 24.0;
        let crashes = if counts.crashes == 1 { "crash" } else { "crashes" };
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{} {crashes} in {hours:.1} task-hours", counts.crashes);
    }
    text
}

/// How a task ended, in one line.
pub fn stop(stop: &TaskStop) -> String {
    let ended = ended(stop.cause, stop.telling_container());
    let ran = match stop.ran() {
        Some(ran) => format!("ran {}", duration(ran)),
        None => "never ran".to_owned(),
    };
    format!("task {}: {ended}, {ran}", short(stop.task.id()))
}

/// The cause, with the container that tells it and its exit code:
/// `container app ended with exit code 1`.
pub fn ended(cause: Cause, container: Option<&Container>) -> String {
    let mut text = cause.words().to_owned();
    let Some(container) = container else { return text };
    if let Some(name) = &container.name {
        let unnamed = ["an essential container", "a container"];
        text = match unnamed.iter().find_map(|words| text.strip_prefix(words)) {
            Some(rest) => format!("container {name}{rest}"),
            None => format!("{text}, container {name}"),
        };
    }
    let Some(code) = container.exit_code else { return text };
    let said = format!("exit code {code}");
    if text.contains("an error code") {
        return text.replace("an error code", &said);
    }
    // 137 is SIGKILL, and the words of those causes say so already.
    if code == 137 || text.contains(&said) { text } else { format!("{text}, {said}") }
}

/// How an incident ended.
pub fn resolution(resolution: &Resolution) -> String {
    let name = |deployment: &crate::name::DeploymentId, revision: &Option<_>| match revision {
        Some(revision) => format!("{revision} (deployment {deployment})"),
        None => format!("deployment {deployment}"),
    };
    match resolution {
        Resolution::RollbackVerified { deployment, revision } => {
            format!("rollback verified: {} is steady", name(deployment, revision))
        }
        Resolution::Replaced { deployment, revision, soak } => format!(
            "{} completed and has behaved for {}",
            name(deployment, revision),
            duration(*soak),
        ),
        Resolution::Completed { deployment, revision, took } => {
            format!("{} completed after {}", name(deployment, revision), duration(*took),)
        }
        Resolution::Behaved { revision, soak } => format!(
            "{} completed and has behaved for {} this time",
            revision.as_ref().map_or("the revision", |revision| revision.as_str()),
            duration(*soak),
        ),
        Resolution::NotDone => "the rollback that was ordered was not done".to_owned(),
        Resolution::Steady => "tasks start again, and ECS calls the service steady".to_owned(),
        Resolution::AlarmsOver { alarms } => match alarms.as_slice() {
            [alarm] => format!("alarm {alarm} is over"),
            alarms => format!("alarms {} are over", alarms.join(", ")),
        },
        Resolution::Deleted => "the service was deleted".to_owned(),
        Resolution::Ceased { quiet } => format!("no task has failed for {}", duration(*quiet)),
    }
}

/// The first 8 characters of a task's id are enough to find it.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Names in a sentence: `prod/a`, `prod/a and prod/b`, `prod/a, prod/b and 3 more`.
pub fn listed(services: &[ServiceKey]) -> String {
    const NAMED: usize = 5;
    listed_of(services.get(..NAMED).unwrap_or(services), services.len())
}

/// The same of `count` services, of which these are named.
pub fn listed_of(named: &[ServiceKey], count: usize) -> String {
    let mut names: Vec<String> = named.iter().map(ToString::to_string).collect();
    let more = count.saturating_sub(named.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "nobody".to_owned(),
    }
}

/// What ECS, AWS or people said, fit to be quoted: without secrets, then as [`cut`]. A reason can repeat a URL with its
/// token, or a command line with its password.
pub fn said(text: &str, limit: usize) -> String {
    let parts: Vec<_> = text.split(NO_HEADER).map(redact).collect();
    cut(&parts.join(NO_HEADER), limit)
}

/// Registries say so of what cannot be pulled, and why after it: it looks like a header, and is none.
const NO_HEADER: &str = "may require authorization: ";

/// `text` cut to `limit` characters, with `...` where something was lost.
pub fn cut(text: &str, limit: usize) -> String {
    // Reasons are other people's text: a line break in one could pass for a section of ours.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= limit {
        return text;
    }
    let kept: String = text.chars().take(limit.saturating_sub(3)).collect();
    kept + "..."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(said(-5), "0 s");
        assert_eq!(said(119), "119 s");
        assert_eq!(said(120), "2 min");
        assert_eq!(said(3_600), "1 h");
        assert_eq!(said(3_900), "1 h 5 min");
        assert_eq!(said(2 * 86_400 + 3 * 3_600), "2 d 3 h");
    }

    #[test]
    fn a_clock_has_date_and_zone() {
        let at = "2026-11-21T02:14:07.9Z".parse().unwrap();
        assert_eq!(clock(at), "2026-11-21 02:14:07 UTC");
    }

    #[test]
    fn failures_are_told_with_what_they_are_measured_by() {
        let counts = Counts { failed_starts: 9, passed_starts: 11, crashes: 0, exposure_ms: 0 };
        assert_eq!(failed(counts), "9 of 20 starts failed (10 % is tolerated)");
        let counts =
            Counts { failed_starts: 0, passed_starts: 20, crashes: 5, exposure_ms: 4_800_000 };
        assert_eq!(failed(counts), "5 crashes in 1.3 task-hours");
    }
}
