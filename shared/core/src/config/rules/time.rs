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

/// For how long: a year, with both changes of the clock, from the first time that all are there.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// At most so many times of it: as many as a window that begins once a day has, and some.
const TIMES_MAX: usize = 400;

/// Among so many of a window's beginnings one is looked for at which it ends: two months, where it begins once a day.
const BEGINNINGS: usize = 62;

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

    /// When it begins and ends, where that is once; `None`: it comes again, or is over.
    fn once(&self) -> Option<(Timestamp, Timestamp)> {
        let begins = self.start.first_after(&self.zone, Timestamp::UNIX_EPOCH)?;
        let ends = self.end.first_after(&self.zone, Timestamp::UNIX_EPOCH)?;
        (self.start.kind() == ScheduleKind::At && FROM < ends).then_some((begins, ends))
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
        if let Some(times) = Times::of(window) {
            ends_after_start(file, &path, &times);
        }
    }
}

/// A window that ends before or when it begins.
fn ends_after_start(file: &mut Reader<'_>, path: &str, times: &Times<'_>) {
    let at = [format!("{path}.end"), format!("{path}.start")];
    let at = at.each_ref().map(String::as_str);
    let first = |schedule: &Schedule| schedule.first_after(&times.zone, Timestamp::UNIX_EPOCH);
    if times.start.kind() == ScheduleKind::At && first(times.end) < first(times.start) {
        let message = format!("`{path}` ends before it begins");
        file.at_first(error(Rule::EndBeforeStart), &at, message, "swap `start` and `end`");
        return;
    }
    let from = times.start.first_after(&times.zone, FROM).or_else(|| first(times.start));
    let empty = from.and_then(|from| {
        let ends = |at: &Timestamp| times.end.last_by(&times.zone, *at) == Some(*at);
        runs(times.start, &times.zone, from).take(BEGINNINGS).find(ends)
    });
    if let Some(moment) = empty {
        let message = format!("`{path}` ends when it begins, at {}", times.shown(moment));
        file.at_first(error(Rule::WindowEmpty), &at, message, "move `start` or `end`");
    }
}

/// The windows of a file whose times are known.
fn known<'a>(all: &InForce<'a>) -> Vec<(String, &'a WindowEntry, Times<'a>)> {
    entries("window", &all.layer.window)
        .filter_map(|(path, window)| Some((path, window, Times::of(window)?)))
        .collect()
}

/// From when on a year of several schedules is looked at: when each has come once. Those that never come again do not
/// count.
fn common_start<'s>(
    schedules: impl IntoIterator<Item = (&'s Schedule, &'s TimeZone)>,
) -> Timestamp {
    let firsts = schedules.into_iter().filter_map(|(one, zone)| one.first_after(zone, FROM));
    firsts.max().unwrap_or(FROM)
}

pub(super) fn windows_overlap(file: &mut Reader<'_>, all: &InForce<'_>) {
    let windows = known(all);
    if windows.len() < 2 {
        return;
    }
    let again = windows.iter().filter(|(_, _, one)| one.start.kind() == ScheduleKind::Cron);
    let from = common_start(again.map(|(_, _, one)| (one.start, &one.zone)));
    let years: Vec<Vec<(Timestamp, Timestamp)>> =
        windows.iter().map(|(_, _, times)| spans(times, from)).collect();
    for (index, ((path, window, times), own)) in windows.iter().zip(&years).enumerate() {
        let found = windows.iter().zip(&years).take(index).find_map(|(other, year)| {
            let overlap = match (times.once(), other.2.once()) {
                (Some(span), _) => begins_within(&other.2, span),
                (None, Some(span)) => begins_within(times, span),
                (None, None) => first_overlap(year, own),
            };
            Some((other, overlap?))
        });
        if let Some(((other_path, other, _), at)) = found {
            let message = format!(
                "{} and {} overlap: both are in force at {}",
                called(path, window.name.as_ref()),
                called(other_path, other.name.as_ref()),
                times.shown(at),
            );
            let fix = "let one end before the other begins, or make one window of both";
            let at = format!("{path}.start");
            file.at_first(error(Rule::WindowsOverlap), &[&at, path], message, fix);
        }
    }
}

/// From when to when a window is in force, in a year.
fn spans(times: &Times<'_>, from: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    if times.start.kind() == ScheduleKind::At {
        return times.once().into_iter().collect();
    }
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    let begun = times.is_in_force(from).then_some(from);
    let mut ends = runs(times.end, &times.zone, from).peekable();
    for begins in begun.into_iter().chain(runs(times.start, &times.zone, from)) {
        // It begins again before it has ended, or has begun just there.
        if spans.last().is_some_and(|(_, ended)| begins < *ended) {
            continue;
        }
        while ends.next_if(|end| *end <= begins).is_some() {}
        spans.push((begins, ends.peek().copied().unwrap_or(Timestamp::MAX)));
    }
    spans
}

/// The first moment that lies in one of each; both in order.
fn first_overlap(a: &[(Timestamp, Timestamp)], b: &[(Timestamp, Timestamp)]) -> Option<Timestamp> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some((a_begins, a_ends)), Some((b_begins, b_ends))) = (a.peek(), b.peek()) {
        let begins = *a_begins.max(b_begins);
        if begins < *a_ends && begins < *b_ends {
            return Some(begins);
        }
        if a_ends <= b_ends {
            a.next()
        } else {
            b.next()
        };
    }
    None
}

/// The first moment within a span at which a window is in force.
fn begins_within(times: &Times<'_>, (begins, ends): (Timestamp, Timestamp)) -> Option<Timestamp> {
    if times.is_in_force(begins) {
        return Some(begins);
    }
    let next = times.start.first_after(&times.zone, begins);
    next.filter(|at| *at < ends && times.is_in_force(*at))
}

/// Application Auto Scaling says nothing of which comes first.
pub(super) fn scheduled_meets_window(file: &mut Reader<'_>, all: &InForce<'_>) {
    let windows = known(all);
    if windows.is_empty() {
        return;
    }
    for (path, one) in entries("scheduled", &all.layer.scheduled) {
        let zone = zone(one.timezone.as_deref().unwrap_or(UTC));
        let (Some(schedule), Some(zone)) = (&one.schedule, zone) else { continue };
        if schedule.kind() == ScheduleKind::Rate {
            continue;
        }
        let met = windows.iter().find_map(|(window_path, window, times)| {
            let edges = [("begins", times.start), ("ends", times.end)];
            let meeting = |edge| first_meeting((schedule, &zone), (edge, &times.zone));
            let (verb, at) =
                edges.into_iter().find_map(|(verb, edge)| Some((verb, meeting(edge)?)))?;
            Some((window_path, window, verb, times.shown(at)))
        });
        if let Some((window_path, window, verb, at)) = met {
            let message = format!(
                "{} runs when {} {verb}, at {at}: which of them sets the bounds last is not defined",
                called(&path, one.name.as_ref()),
                called(window_path, window.name.as_ref()),
            );
            let fix = "move one of them by a minute";
            let paths = [format!("{path}.schedule"), format!("{window_path}.start")];
            let paths = paths.each_ref().map(String::as_str);
            file.at_first(warning(Rule::ScheduledMeetsWindow), &paths, message, fix);
        }
    }
}

/// The first time, in a year, at which both run.
fn first_meeting(
    (a, a_zone): (&Schedule, &TimeZone),
    (b, b_zone): (&Schedule, &TimeZone),
) -> Option<Timestamp> {
    let from = common_start([(a, a_zone), (b, b_zone)]);
    let mut b_runs = runs(b, b_zone, from).peekable();
    // What comes once is looked for where it is.
    let once = |one: &Schedule, zone| match one.kind() {
        ScheduleKind::At => one.first_after(zone, FROM),
        ScheduleKind::Cron | ScheduleKind::Rate => None,
    };
    if let Some(at) = once(a, a_zone) {
        return (b.last_by(b_zone, at) == Some(at)).then_some(at);
    }
    if let Some(at) = once(b, b_zone) {
        return (a.last_by(a_zone, at) == Some(at)).then_some(at);
    }
    runs(a, a_zone, from).find(|at| {
        while b_runs.next_if(|other| other < at).is_some() {}
        b_runs.peek() == Some(at)
    })
}
