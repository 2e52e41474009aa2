//! Scheduled actions and windows: when they run, and as Application Auto Scaling is given them.

use jiff::Timestamp;

use super::in_force::SetBy;
use super::object::{PREFIX, ScheduledAction};
use super::schedule::{ScheduleKind, counted, zone};
use crate::config::{Capacity, Scaling, Scheduled, Window};

/// Bounds that were set, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ran {
    at: Timestamp,
    order: Order,
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
    pub(super) by: SetBy,
}

/// Which goes first of what runs at one moment: a window that begins as another ends is not ended by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    End,
    Scheduled,
    Start,
}

/// The newest run of every scheduled action and window until `now`, in the order in which they ran.
pub(super) fn newest(config: &Scaling, capacity: Capacity, now: Timestamp) -> Vec<Ran> {
    let scheduled = config.scheduled.iter().filter_map(|one| {
        let at = last_run(one, now)?;
        let by = SetBy::Scheduled(one.name.clone());
        Some(Ran { at, order: Order::Scheduled, min: one.min, max: one.max, by })
    });
    let windows = windows(config).filter_map(|one| match last_edge(one, now)? {
        Edge::Start(at) => {
            let by = SetBy::Window(one.name.clone());
            Some(Ran { at, order: Order::Start, min: one.min, max: one.max, by })
        }
        Edge::End(at) => {
            let (min, max) = bounds_after(one, capacity);
            Some(Ran { at, order: Order::End, min, max, by: SetBy::Capacity })
        }
    });
    let mut all: Vec<Ran> = scheduled.chain(windows).collect();
    // Stable: of two of one kind at one moment the one later in the file goes last.
    all.sort_by_key(|ran| (ran.at, ran.order));
    all
}

/// When the next scheduled action or window runs after `now`, be it its start or its end: the next moment at which the config
/// alone may set other bounds. `None`: never again.
pub fn next_scheduled(config: &Scaling, now: Timestamp) -> Option<Timestamp> {
    let scheduled = config.scheduled.iter().filter_map(|one| next_run(one, now));
    let windows = windows(config).filter_map(|one| {
        let zone = zone(&one.timezone)?;
        [&one.start, &one.end].into_iter().filter_map(|edge| edge.first_after(&zone, now)).min()
    });
    scheduled.chain(windows).min()
}

/// Whether `at` lies in the window: it has begun, and has not ended since. One that ends when it begins, be it because
/// the clock skips all of it, is never open.
pub fn window_is_open(window: &Window, at: Timestamp) -> bool {
    matches!(last_edge(window, at), Some(Edge::Start(_)))
}

/// Those that are ever open.
fn windows(config: &Scaling) -> impl Iterator<Item = &Window> {
    config.window.iter().filter(|one| one.start != one.end)
}

/// Where a window was entered or left.
enum Edge {
    Start(Timestamp),
    End(Timestamp),
}

/// The newest; `None`: none until `now`, or no such zone.
fn last_edge(window: &Window, now: Timestamp) -> Option<Edge> {
    let zone = zone(&window.timezone)?;
    let start = window.start.last_run(&zone, now);
    let end = window.end.last_run(&zone, now);
    if start > end {
        start.map(|run| Edge::Start(run.at))
    } else {
        end.map(|run| Edge::End(run.at))
    }
}

/// What the end of a window sets: of the bounds that it named, those of `[capacity]`.
fn bounds_after(window: &Window, capacity: Capacity) -> (Option<u32>, Option<u32>) {
    (window.min.map(|_| capacity.min), window.max.map(|_| capacity.max))
}

/// When a scheduled action ran last, at `now` or before. One that recurs also runs at its start time ("Schedule recurring
/// scaling actions", Application Auto Scaling user guide); none runs before its start or after its end.
fn last_run(one: &Scheduled, now: Timestamp) -> Option<Timestamp> {
    let by = one.end.map_or(now, |end| end.min(now));
    let zone = zone(&one.timezone)?;
    let last = match (one.schedule.every(), one.start) {
        (Some(every), Some(start)) => counted(start, every, by),
        _ => one.schedule.last_run(&zone, by).map(|run| run.at),
    };
    let Some(start) = one.start else { return last };
    let first = (recurs(one) && start <= by).then_some(start);
    last.filter(|at| *at >= start).or(first)
}

/// When it runs next, after `now`.
fn next_run(one: &Scheduled, now: Timestamp) -> Option<Timestamp> {
    let zone = zone(&one.timezone)?;
    let next = match (one.schedule.every(), one.start) {
        (Some(_), Some(start)) if start > now => Some(start),
        (Some(every), Some(start)) => counted(start, every, now)?.checked_add(every).ok(),
        (None, Some(start)) if start > now && recurs(one) => Some(start),
        (_, start) => {
            one.schedule.first_after(&zone, now).filter(|at| start.is_none_or(|it| *at >= it))
        }
    };
    next.filter(|at| one.end.is_none_or(|end| *at <= end))
}

fn recurs(one: &Scheduled) -> bool {
    one.schedule.kind() != ScheduleKind::At
}

/// The scheduled actions that make `config` come true by themselves: one for each `[[scheduled]]`, two for each window,
/// by name. What never runs again after `now` is not among them: AWS refuses an `at` in the past.
///
/// A window's second action sets the bounds of `[capacity]`. Where another window begins at that very schedule, what it
/// sets is left to it, since AWS does not say which of two actions at one moment goes first.
pub fn scheduled_actions(config: &Scaling, now: Timestamp) -> Vec<ScheduledAction> {
    let Some(capacity) = config.capacity else { return Vec::new() };
    let scheduled = config.scheduled.iter().filter_map(|one| {
        next_run(one, now)?;
        Some(ScheduledAction {
            name: format!("{PREFIX}{}", one.name),
            schedule: one.schedule.to_string(),
            timezone: named(&one.timezone).filter(|_| goes_by_clock(one)),
            // One that is past says nothing any more, and AWS may refuse it.
            start: one.start.filter(|start| *start > now),
            end: one.end,
            min: one.min,
            max: one.max,
        })
    });
    let windows = windows(config).flat_map(|one| {
        let (min, max) = bounds_after(one, capacity);
        let follows = |other: &&Window| other.start == one.end && other.timezone == one.timezone;
        let next: Vec<&Window> = config.window.iter().filter(follows).collect();
        let min = min.filter(|_| next.iter().all(|other| other.min.is_none()));
        let max = max.filter(|_| next.iter().all(|other| other.max.is_none()));
        [("start", &one.start, one.min, one.max), ("end", &one.end, min, max)].map(
            |(edge, schedule, min, max)| {
                let zone = zone(&one.timezone)?;
                schedule.first_after(&zone, now)?;
                min.or(max)?;
                Some(ScheduledAction {
                    name: format!("{PREFIX}{}-{edge}", one.name),
                    schedule: schedule.to_string(),
                    timezone: named(&one.timezone),
                    start: None,
                    end: None,
                    min,
                    max,
                })
            },
        )
    });
    let mut all: Vec<ScheduledAction> = scheduled.chain(windows.flatten()).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// AWS takes a zone with `cron` and `at` only.
fn goes_by_clock(one: &Scheduled) -> bool {
    one.schedule.kind() != ScheduleKind::Rate
}

/// `None` is UTC.
fn named(timezone: &str) -> Option<String> {
    (timezone != "UTC").then(|| timezone.to_owned())
}
