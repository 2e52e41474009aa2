//! `[[scheduled]]` and `[[window]]`: what their schedules come to.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{InForce, called, entries, error, warning};
use crate::config::keys::{UTC, WindowEntry};
use crate::config::read::Reader;
use crate::config::rule::Rule;
use crate::scaling::{Schedule, ScheduleKind, zone};

/// When looking for two things at one time begins: config knows no clock, and what lies before has no effect any more.
/// 2026-01-01T00:00:00Z.
const FROM: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// For how long: a year, with both changes of the clock, from the first time that both are there.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// At most so many times a year: as many as a window that begins once a day has, and some.
const TIMES_MAX: usize = 400;

/// Every schedule runs some day, and has a zone only where it looks at a clock.
pub(super) fn schedules(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, one) in entries("scheduled", &all.layer.scheduled) {
        let Some(schedule) = &one.schedule else { continue };
        never(file, &format!("{path}.schedule"), schedule);
        let timezone = format!("{path}.timezone");
        if schedule.kind() == ScheduleKind::Rate {
            let message =
                format!("`{timezone}` has no meaning with `rate(…)`, which looks at no clock");
            file.at_first(error(Rule::KeyOutOfPlace), &[&timezone], message, "leave it out");
        }
        if let (Some(start), Some(end)) = (one.start, one.end)
            && end <= start
        {
            let at = format!("{path}.end");
            let message = format!("`{at}` is `{end}`, not after `{path}.start`, `{start}`");
            file.at_first(error(Rule::EndBeforeStart), &[&at], message, "swap them");
        }
    }
    for (path, one) in entries("window", &all.layer.window) {
        for (name, schedule) in [("start", &one.start), ("end", &one.end)] {
            if let Some(schedule) = schedule {
                never(file, &format!("{path}.{name}"), schedule);
            }
        }
    }
}

fn never(file: &mut Reader<'_>, at: &str, schedule: &Schedule) {
    let runs = schedule.first_after(&TimeZone::UTC, Timestamp::UNIX_EPOCH).is_some();
    if !runs {
        let message = format!("`{at}` is `\"{schedule}\"`, which never comes");
        let fix = "write a day that the month has";
        file.at_first(error(Rule::ScheduleNever), &[at], message, fix);
    }
}

/// A window whose times are known.
struct Times<'a> {
    start: &'a Schedule,
    end: &'a Schedule,
    zone: TimeZone,
}

impl<'a> Times<'a> {
    /// `None`: something of it could not be read, or is told elsewhere.
    fn of(window: &'a WindowEntry) -> Option<Self> {
        let (start, end) = (window.start.as_ref()?, window.end.as_ref()?);
        let plain = start.kind() == end.kind() && start.kind() != ScheduleKind::Rate;
        let zone = zone(window.timezone.as_deref().unwrap_or(UTC))?;
        plain.then_some(Self { start, end, zone })
    }

    /// Whether it is in force at a time: it has begun, and has not ended since.
    fn is_in_force(&self, at: Timestamp) -> bool {
        let Some(began) = self.start.last_by(&self.zone, at) else { return false };
        self.end.last_by(&self.zone, at).is_none_or(|ended| ended < began)
    }

    /// The times at which it begins, from `from` on, for a year.
    fn starts(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> {
        runs(self.start, &self.zone, from)
    }

    fn first(&self) -> Option<Timestamp> {
        self.start.first_after(&self.zone, FROM)
    }

    /// A moment by its own clock, for people.
    fn shown(&self, at: Timestamp) -> String {
        let name = self.zone.iana_name().unwrap_or(UTC);
        format!("{} {name}", at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M"))
    }
}

/// When a schedule runs, from `from` on, for a year.
fn runs(schedule: &Schedule, zone: &TimeZone, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let until = from.saturating_add(YEAR).unwrap_or(Timestamp::MAX);
    // The first one counts too.
    let before = from.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(from);
    let first = schedule.first_after(zone, before);
    std::iter::successors(first, move |last| schedule.first_after(zone, *last))
        .take_while(move |at| *at < until)
        .take(TIMES_MAX)
}

pub(super) fn windows(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, window) in entries("window", &all.layer.window) {
        let (Some(start), Some(end)) = (&window.start, &window.end) else { continue };
        let (start_at, end_at) = (format!("{path}.start"), format!("{path}.end"));
        let rates = [(&start_at, start), (&end_at, end)];
        if let Some((at, _)) = rates.iter().find(|(_, one)| one.kind() == ScheduleKind::Rate) {
            let message = format!(
                "`{at}` is a `rate(…)`, which begins or ends no window: it looks at no clock"
            );
            let fix = "write `cron(…)`, or `at(…)` for once; or make a `[[scheduled]]` of it";
            file.at_first(error(Rule::WindowKinds), &[at], message, fix);
            continue;
        }
        if start.kind() != end.kind() {
            let message =
                format!("`{path}` begins by one of `cron(…)` and `at(…)` and ends by the other");
            let fix = "write both as `cron(…)`, or both as `at(…)`";
            file.at_first(error(Rule::WindowKinds), &[&end_at, &start_at], message, fix);
            continue;
        }
        let Some(times) = Times::of(window) else { continue };
        let first = times.start.first_after(&times.zone, Timestamp::UNIX_EPOCH);
        let ends = times.end.first_after(&times.zone, Timestamp::UNIX_EPOCH);
        if let (ScheduleKind::At, Some(start), Some(end)) = (start.kind(), first, ends)
            && end < start
        {
            let message = format!("`{path}` ends before it begins");
            file.at_first(
                error(Rule::EndBeforeStart),
                &[&end_at, &start_at],
                message,
                "swap `start` and `end`",
            );
            continue;
        }
        let from = times.first().or(first);
        let empty = from.and_then(|from| {
            times.starts(from).find(|at| times.end.last_by(&times.zone, *at) == Some(*at))
        });
        if let Some(at) = empty {
            let message = format!("`{path}` ends when it begins, at {}", times.shown(at));
            let fix = "move `start` or `end`";
            file.at_first(error(Rule::WindowEmpty), &[&end_at, &start_at], message, fix);
        }
    }
}

pub(super) fn windows_overlap(file: &mut Reader<'_>, all: &InForce<'_>) {
    let windows: Vec<(String, &WindowEntry, Times<'_>)> = entries("window", &all.layer.window)
        .filter_map(|(path, window)| Some((path, window, Times::of(window)?)))
        .collect();
    for (index, (path, window, times)) in windows.iter().enumerate() {
        for (other_path, other, other_times) in windows.iter().take(index) {
            if let Some(at) = first_overlap(other_times, times) {
                let message = format!(
                    "{} and {} overlap: both are in force at {}",
                    called(path, window.name.as_ref()),
                    called(other_path, other.name.as_ref()),
                    times.shown(at),
                );
                let fix = "let one end before the other begins, or make one window of both";
                file.at_first(
                    error(Rule::WindowsOverlap),
                    &[&format!("{path}.start"), path],
                    message,
                    fix,
                );
                break;
            }
        }
    }
}

/// The first time at which both are in force: where one begins while the other is.
fn first_overlap(a: &Times<'_>, b: &Times<'_>) -> Option<Timestamp> {
    let from = a.first()?.max(b.first()?);
    let a_begins = a.starts(from).find(|at| b.is_in_force(*at) && a.is_in_force(*at));
    let b_begins = b.starts(from).find(|at| a.is_in_force(*at) && b.is_in_force(*at));
    a_begins.into_iter().chain(b_begins).min()
}

/// Application Auto Scaling says nothing of which comes first.
pub(super) fn scheduled_meets_window(file: &mut Reader<'_>, all: &InForce<'_>) {
    let windows: Vec<(String, &WindowEntry, Times<'_>)> = entries("window", &all.layer.window)
        .filter_map(|(path, window)| Some((path, window, Times::of(window)?)))
        .collect();
    for (path, one) in entries("scheduled", &all.layer.scheduled) {
        let zone = zone(one.timezone.as_deref().unwrap_or(UTC));
        let (Some(schedule), Some(zone)) = (&one.schedule, zone) else { continue };
        if schedule.kind() == ScheduleKind::Rate {
            continue;
        }
        for (window_path, window, times) in &windows {
            let meets = |edge: &Schedule| {
                let first = edge.first_after(&times.zone, FROM)?;
                let from = first.max(schedule.first_after(&zone, FROM)?);
                runs(edge, &times.zone, from).find(|at| schedule.last_by(&zone, *at) == Some(*at))
            };
            let edges = [("begins", times.start), ("ends", times.end)];
            let met = edges.into_iter().find_map(|(verb, edge)| Some((verb, meets(edge)?)));
            if let Some((verb, at)) = met {
                let message = format!(
                    "{} runs when {} {verb}, at {}: which of them sets the bounds last is not defined",
                    called(&path, one.name.as_ref()),
                    called(window_path, window.name.as_ref()),
                    times.shown(at),
                );
                let fix = "move one of them by a minute";
                let paths = [format!("{path}.schedule"), format!("{window_path}.start")];
                let paths = paths.each_ref().map(String::as_str);
                file.at_first(warning(Rule::ScheduledMeetsWindow), &paths, message, fix);
                break;
            }
        }
    }
}
