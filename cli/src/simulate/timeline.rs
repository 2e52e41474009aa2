//! One run as a picture: tasks as bars by revision, how they ended, the evidence with its thresholds, and below it what
//! was decided and told.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use steady_core::evidence::{SICK_AT, TURNS_AT};
use steady_core::report::{Entry, What};
use steady_core::stop::Verdict;

use super::scenario::{FaultKind, Scenario};
use super::story::{ServiceStory, Story, TaskLine};
use super::world::MINUTE_0;
use crate::page::escaped;

/// In units of the picture, which is as wide as the page.
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 24.0;
const TASKS_HEIGHT: f64 = 220.0;
const LANE_HEIGHT: f64 = 14.0;
const EVIDENCE_HEIGHT: f64 = 110.0;

/// Shown before minute 0, and after the last thing that happened.
const AROUND: SignedDuration = SignedDuration::from_mins(2);

/// The top of the scale of evidence: 10 to this.
const DECADES: f64 = 6.0;

/// Services drawn; of more, the first ones.
const SERVICES: usize = 3;

/// Lines of what happened; of more, the first ones.
const LINES: usize = 40;

/// From time to place.
struct Scale {
    from: Timestamp,
    to: Timestamp,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64().max(1.0);
        let part = at.clamp(self.from, self.to).duration_since(self.from).as_secs_f64() / whole;
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }
}

/// Draws a run, and lists what was decided in it.
pub(super) fn draw(page: &mut String, scenario: &Scenario, story: &Story) {
    let scale = Scale {
        from: MINUTE_0.saturating_sub(AROUND).unwrap_or(MINUTE_0),
        to: last_of_interest(scenario, story),
    };
    for service in story.services.iter().take(SERVICES) {
        picture(page, scenario, story, service, &scale);
    }
    if let Some(more) = story.services.len().checked_sub(SERVICES).filter(|more| *more > 0) {
        let _ = writeln!(page, "<p class=\"legend\">and {more} services more</p>");
    }
    what_happened(page, story, scale.to);
}

/// Nobody wants to look at 23 quiet hours: the picture ends a little after the last decision or failure.
fn last_of_interest(scenario: &Scenario, story: &Story) -> Timestamp {
    let end = after(scenario.horizon);
    let deployments = story.services.iter().flat_map(|one| &one.deployments).map(|(at, _)| *at);
    let entries = story.entries.iter().filter(|entry| is_told(entry)).map(|entry| entry.at);
    let faults = scenario.faults.iter().map(|fault| after(fault.at + fault.lasts));
    let last = deployments.chain(entries).chain(faults).chain(story.fired_at).max();
    let last = last.unwrap_or(MINUTE_0).saturating_add(AROUND).unwrap_or(end);
    last.max(after(SignedDuration::from_mins(10))).min(end)
}

fn after(duration: SignedDuration) -> Timestamp {
    MINUTE_0.saturating_add(duration).unwrap_or(MINUTE_0)
}

fn picture(
    page: &mut String,
    scenario: &Scenario,
    story: &Story,
    service: &ServiceStory,
    scale: &Scale,
) {
    let placed = in_lanes(service, scale);
    let lanes = placed.iter().map(|(lane, _)| lane + 1).max().unwrap_or(1) as f64;
    let step = (TASKS_HEIGHT / lanes).min(LANE_HEIGHT);
    let tasks_height = step * lanes;
    let height = 22.0 + tasks_height + 26.0 + EVIDENCE_HEIGHT + 22.0;
    let name = escaped(service.service.as_str());
    let _ = writeln!(
        page,
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" \
         aria-label=\"tasks and evidence of {name}\">\n<text class=\"name\" x=\"{LEFT:.0}\" y=\"15\">{name}</text>",
    );
    let top = 22.0;
    let bottom = top + tasks_height;
    axis(page, scale, top, bottom + 26.0 + EVIDENCE_HEIGHT);
    faults(page, scenario, scale, (top, tasks_height));
    let thick = if step > 3.0 { step - 1.0 } else { step };
    for (lane, task) in placed {
        bar(page, task, scale, (top + lane as f64 * step, thick));
    }
    marks(page, story, service, scale, (top, bottom));
    evidence(page, service, scale, bottom + 26.0);
    page.push_str("</svg></div>\n");
}

fn faults(page: &mut String, scenario: &Scenario, scale: &Scale, (top, height): (f64, f64)) {
    for fault in &scenario.faults {
        let (from, to) = (scale.x(after(fault.at)), scale.x(after(fault.at + fault.lasts)));
        let _ = writeln!(
            page,
            "<rect class=\"fault\" x=\"{from:.1}\" y=\"{top:.0}\" width=\"{:.1}\" height=\"{height:.0}\"/>\
             <text x=\"{from:.1}\" y=\"{:.0}\">{}</text>",
            (to - from).max(2.0),
            top + height + 22.0,
            fault_words(&fault.kind),
        );
    }
}

/// What ECS told of the deployments, and when the guard fired.
fn marks(
    page: &mut String,
    story: &Story,
    service: &ServiceStory,
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    for (at, words) in &service.deployments {
        let x = scale.x(*at);
        let _ = writeln!(
            page,
            "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{bottom:.0}\"><title>{} {words}</title></line>",
            clock(*at),
        );
    }
    if let Some(at) = story.fired_at {
        let x = scale.x(at);
        let (anchor, label) = if x > WIDTH * 0.85 { ("end", x - 3.0) } else { ("start", x + 3.0) };
        let _ = writeln!(
            page,
            "<line class=\"threshold\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{:.0}\"/>\
             <text text-anchor=\"{anchor}\" x=\"{label:.1}\" y=\"{:.0}\">fires {}</text>",
            bottom + 26.0 + EVIDENCE_HEIGHT,
            bottom + 11.0,
            clock(at),
        );
    }
}

fn fault_words(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Outage { .. } => "outage",
        FaultKind::LoseTasks { .. } => "tasks lost",
        FaultKind::SpotInterruption { .. } => "Spot interruption",
        FaultKind::NoCapacity => "no capacity",
        FaultKind::NoRegistry => "registry away",
        FaultKind::NoSecrets => "secrets away",
    }
}

/// The tasks of the shown time in lanes: the service's own, and below them the witnesses.
fn in_lanes<'s>(service: &'s ServiceStory, scale: &Scale) -> Vec<(usize, &'s TaskLine)> {
    let is_shown = |task: &&TaskLine| {
        task.created < scale.to && task.ended.is_none_or(|ended| ended > scale.from)
    };
    let (witnesses, own): (Vec<&TaskLine>, Vec<&TaskLine>) =
        service.tasks.values().filter(is_shown).partition(|task| task.is_witness);
    let mut placed = lanes_of(own);
    let below = placed.iter().map(|(lane, _)| lane + 1).max().unwrap_or(0);
    placed.extend(lanes_of(witnesses).into_iter().map(|(lane, task)| (below + lane, task)));
    placed
}

/// Each task in the first lane that is free by then.
fn lanes_of(mut tasks: Vec<&TaskLine>) -> Vec<(usize, &TaskLine)> {
    tasks.sort_by_key(|task| (task.created, task.started, task.ended));
    let mut lanes: Vec<Timestamp> = Vec::new();
    let mut placed = Vec::new();
    for task in tasks {
        let end = task.ended.unwrap_or(Timestamp::MAX);
        let free = lanes.iter().position(|free| *free <= task.created);
        let lane = free.unwrap_or(lanes.len());
        match lanes.get_mut(lane) {
            Some(until) => *until = end,
            None => lanes.push(end),
        }
        placed.push((lane, task));
    }
    placed
}

fn bar(page: &mut String, task: &TaskLine, scale: &Scale, (y, thick): (f64, f64)) {
    let class = match task.revision {
        _ if task.is_witness => "witness",
        1 => "r1",
        2 => "r2",
        _ => "r3",
    };
    let end = task.ended.unwrap_or(scale.to);
    let began = task.started.unwrap_or(end).min(end);
    let mut rect = |class: &str, from: Timestamp, to: Timestamp, least: f64| {
        let (x, to) = (scale.x(from), scale.x(to));
        let width = (to - x).max(least);
        if width > 0.0 {
            let _ = write!(
                page,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.2}\" width=\"{width:.1}\" height=\"{thick:.2}\"/>",
            );
        }
    };
    rect(&format!("{class} young"), task.created, began, 0.0);
    rect(class, began, end, 0.0);
    let ended_as = match task.verdict {
        Some(Verdict::Revision) => Some("bad"),
        Some(Verdict::Environment | Verdict::Ambiguous | Verdict::Unknown) => Some("environment"),
        Some(Verdict::Benign) | None => None,
    };
    if let Some(class) = ended_as.filter(|_| end <= scale.to) {
        rect(class, end, end, 3.0);
    }
    page.push('\n');
}

fn evidence(page: &mut String, service: &ServiceStory, scale: &Scale, top: f64) {
    let y = |evidence: f64| {
        let decades = evidence.max(1.0).log10().min(DECADES);
        top + EVIDENCE_HEIGHT * (1.0 - decades / DECADES)
    };
    for decade in [0, 2, 4, 6] {
        let at = y(10_f64.powi(decade));
        let _ = writeln!(
            page,
            "<line class=\"grid\" x1=\"{LEFT:.0}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"4\" y=\"{:.1}\">10^{decade} : 1</text>",
            WIDTH - RIGHT,
            at + 4.0,
        );
    }
    for (threshold, words) in [(TURNS_AT, "1000 : 1, key 1 turns"), (SICK_AT, "20 : 1")] {
        let at = y(threshold);
        let _ = writeln!(
            page,
            "<line class=\"threshold\" x1=\"{LEFT:.0}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text text-anchor=\"end\" x=\"{:.0}\" y=\"{:.1}\">{words}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 2.0,
            at - 3.0,
        );
    }
    let shown = service.evidence.iter().filter(|(at, _)| (scale.from..=scale.to).contains(at));
    let points: Vec<String> =
        shown.map(|(at, evidence)| format!("{:.1},{:.1}", scale.x(*at), y(*evidence))).collect();
    if points.is_empty() {
        let _ = writeln!(
            page,
            "<text x=\"{:.0}\" y=\"{:.0}\">this guard weighs no evidence</text>",
            LEFT + 6.0,
            top + 14.0
        );
    } else {
        let _ = writeln!(page, "<polyline class=\"evidence\" points=\"{}\"/>", points.join(" "));
    }
}

/// Minutes since the deployment.
fn axis(page: &mut String, scale: &Scale, top: f64, bottom: f64) {
    let minutes = scale.to.duration_since(MINUTE_0).as_mins();
    let step = [1, 2, 5, 10, 15, 30, 60, 120, 240].into_iter().find(|step| minutes / step <= 12);
    let step = step.unwrap_or(480);
    for minute in (0..=minutes).step_by(usize::try_from(step).unwrap_or(60)) {
        let x = scale.x(after(SignedDuration::from_mins(minute)));
        let _ = writeln!(
            page,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{bottom:.0}\"/>\
             <text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.0}\">{minute} min</text>",
            bottom + 15.0,
        );
    }
}

/// `1:42`, minutes and seconds after the deployment.
fn clock(at: Timestamp) -> String {
    let seconds = at.duration_since(MINUTE_0).as_secs();
    let sign = if seconds < 0 { "-" } else { "" };
    format!("{sign}{}:{:02}", seconds.abs() / 60, seconds.abs() % 60)
}

/// Stops are in the picture.
fn is_told(entry: &Entry) -> bool {
    entry.at >= MINUTE_0 && !matches!(entry.what, What::Stop(_) | What::Sent(_))
}

fn what_happened(page: &mut String, story: &Story, until: Timestamp) {
    let several = story.services.len() > 1;
    let entries = story.entries.iter().filter(|entry| is_told(entry) && entry.at <= until);
    let mut lines: Vec<(Timestamp, String)> =
        entries.map(|entry| (entry.at, line(entry, several))).collect();
    for service in &story.services {
        let name = if several { format!("{}: ", service.service) } else { String::new() };
        let told = service.deployments.iter().filter(|(at, _)| *at <= until);
        lines.extend(told.map(|(at, words)| (*at, escaped(&format!("{name}{words}")))));
    }
    lines.sort_by_key(|(at, _)| *at);
    let more = lines.len().saturating_sub(LINES);
    page.push_str("<ul class=\"what\">\n");
    for (at, line) in lines.iter().take(LINES) {
        let _ = writeln!(page, "<li><time>{}</time>{line}</li>", clock(*at));
    }
    if more > 0 {
        let _ = writeln!(page, "<li><time></time>and {more} more</li>");
    }
    page.push_str("</ul>\n");
}

fn line(entry: &Entry, several: bool) -> String {
    let name = entry.service.as_ref().filter(|_| several);
    let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
    match &entry.what {
        What::Notice(notice) => format!(
            "<details><summary>{}notice: {}</summary><pre>{}</pre></details>",
            escaped(&name),
            escaped(&notice.subject),
            escaped(&notice.text()),
        ),
        what => escaped(&format!("{name}{}: {}", what.kind(), entry.reason())),
    }
}
