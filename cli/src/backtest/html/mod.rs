//! The page: the report, with pictures.
//!
//! ```text
//! play ── every step ──▶ Traces: what a picture can show ──▶ chart ─┐
//! Report ──────────────────────────── words, tables, actions ───────┴▶ crate::page
//! ```

mod actions;
mod chart;
mod front;
mod trace;

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use super::load::spell;
use super::play::Report;
use super::text;
use crate::page::{escaped, with_names};
use chart::{Axis, HEIGHT, Tick};
pub(super) use front::Recommended;
use trace::{Column, Shortage, Span};
pub(super) use trace::{Traces, watch};

const STYLE: &str = include_str!("page.css");

/// Shortages in the list: the longest.
const SHORTAGES: usize = 20;

/// The whole page. The same report gives the same bytes.
///
/// # Errors
/// None that happens: words are written to memory.
pub(super) fn page(
    report: &Report<'_>,
    traces: &Traces,
    recommended: Option<&Recommended<'_>>,
) -> io::Result<String> {
    let mut page = String::new();
    let _ = writeln!(page, "<h1>{}: a backtest</h1>", escaped(report.service));
    lines(&mut page, |out| text::input(out, report))?;
    let end = report.demand.at(report.demand.tasks.len());
    let times = chart::times(report.demand.start, end);
    tasks(&mut page, report, traces, &times);
    cost(&mut page, report, traces, &times);
    compared(&mut page, report);
    shortages(&mut page, report, traces);
    if let Some(recommended) = recommended {
        front::section(&mut page, report, recommended)?;
    }
    page.push_str("<h2 id=\"actions\">Actions</h2>\n");
    lines(&mut page, |out| {
        text::counted(out, &report.played.actions)?;
        text::held(out, &report.played.held)
    })?;
    actions::list(&mut page, report);
    page.push_str("<h2>What this rests on</h2>\n");
    lines(&mut page, |out| text::assumed(out, report))?;
    let title = format!("{}: a backtest", report.service);
    Ok(crate::page::page(&title, STYLE, &page))
}

/// What the report says, a paragraph each line.
fn lines(page: &mut String, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let mut text = Vec::new();
    write(&mut text)?;
    page.push_str("<div class=\"said\">\n");
    for line in String::from_utf8_lossy(&text).lines() {
        let _ = writeln!(page, "<p>{}</p>", with_names(line));
    }
    page.push_str("</div>\n");
    Ok(())
}

const LEGEND: &str = "<p class=\"legend\"><span class=\"load\">load</span>, in tasks that it fills; \
<span class=\"running\">running</span> tasks, which serve; <span class=\"desired\">desired</span> tasks, where \
some still start; <span class=\"short\">shaded</span>: fewer served than the load needed.";

fn tasks(page: &mut String, report: &Report<'_>, traces: &Traces, times: &[Tick]) {
    let columns = &traces.columns;
    let (steps, width) = (report.demand.tasks.len(), columns.len());
    let _ = write!(page, "<h2>Load and capacity</h2>\n{LEGEND}");
    if steps > width {
        let seconds = steps as u64 * u64::from(report.demand.step) / width.max(1) as u64;
        let _ = write!(
            page,
            " A column of the picture stands for {}: lines go from the least to the most in it, load is pale up to the most \
             and full up to the least, and one short minute shades it.",
            spell(seconds),
        );
    }
    page.push_str(
        " Below: tasks that were added and taken away. <a href=\"#actions\">Every action with its reason</a></p>\n",
    );
    let axis = Axis::to(traces.top());
    let of = |span: fn(&Column) -> Option<Span>| columns.iter().map(span);
    let shapes = [
        chart::area("load", &axis, of(|one| one.load).map(|span| Some(span?.most))),
        chart::area("load", &axis, of(|one| one.load).map(|span| Some(span?.least))),
        shaded(columns),
        chart::line("desired", &axis, of(|one| one.desired)),
        chart::line("running", &axis, of(|one| one.running)),
    ];
    let config = report.played.outcomes.first();
    let minutes = config.map_or(0.0, |one| one.figures.violating_minutes);
    let label = format!(
        "load, running and desired tasks over time; up to {:.1} tasks; too few in {minutes:.0} minutes",
        traces.top(),
    );
    chart::frame(page, &label, width, (times, &axis), &shapes.concat());
    actions::lane(page, report);
}

/// The columns with a shortage, neighbours in one.
fn shaded(columns: &[Column]) -> String {
    let mut path = "<path class=\"short\" d=\"".to_owned();
    let mut from = None;
    for at in 0..=columns.len() {
        let is_short = columns.get(at).is_some_and(|column| column.short);
        match (from, is_short) {
            (None, true) => from = Some(at),
            (Some(first), false) => {
                let _ = write!(path, "M{first} 0H{at}V{HEIGHT:.0}H{first}Z");
                from = None;
            }
            _ => {}
        }
    }
    path.push_str("\"/>\n");
    path
}

fn cost(page: &mut String, report: &Report<'_>, traces: &Traces, times: &[Tick]) {
    let outcomes = &report.played.outcomes;
    page.push_str("<h2>Cost</h2>\n<p class=\"legend\">USD since the beginning:");
    for (run, one) in outcomes.iter().enumerate() {
        let _ = write!(
            page,
            " <span class=\"c{run}\">{}</span> {:.2}{}",
            escaped(&one.name),
            one.cost_usd,
            if run + 1 == outcomes.len() { "" } else { "," },
        );
    }
    page.push_str("</p>\n");
    let most = outcomes.iter().map(|one| one.cost_usd).fold(0.0, f64::max);
    let axis = Axis::to(most);
    let step_hours = f64::from(report.demand.step) / 3600.0;
    let each = step_hours * report.price.task_hour;
    let mut shapes = String::new();
    // The config's own comes last, above the others.
    for (run, paid) in traces.paid.iter().enumerate().rev() {
        let mut steps = 0;
        let _ = write!(shapes, "<path class=\"cost c{run}\" d=\"M0 {HEIGHT:.0}");
        for (column, paid) in paid.iter().enumerate() {
            steps += paid;
            let _ = write!(shapes, "L{} {}", column + 1, axis.y(steps as f64 * each));
        }
        shapes.push_str("\"/>\n");
    }
    let named: Vec<String> =
        outcomes.iter().map(|one| format!("{} {:.2}", one.name, one.cost_usd)).collect();
    let label = format!("cost over time, in the end in USD: {}", named.join(", "));
    chart::frame(page, &label, traces.columns.len(), (times, &axis), &shapes);
}

fn compared(page: &mut String, report: &Report<'_>) {
    page.push_str("<h2 id=\"figures\">Beside what else there could be</h2>\n");
    page.push_str("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"figures of each run\"><table>\n<tr><th></th>");
    for (run, one) in report.played.outcomes.iter().enumerate() {
        let name = escaped(&one.name);
        let _ = write!(page, "<th class=\"number c{run}\" scope=\"col\">{name}</th>");
    }
    page.push_str("</tr>\n");
    for (name, value) in text::ROWS {
        let _ = write!(page, "<tr><th scope=\"row\">{name}</th>");
        for one in &report.played.outcomes {
            let _ = write!(page, "<td class=\"number\">{}</td>", value(one));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

fn shortages(page: &mut String, report: &Report<'_>, traces: &Traces) {
    let all = &traces.shortages;
    if all.is_empty() {
        page.push_str("<h2>Shortages</h2>\n<p>There were always enough tasks.</p>\n");
        return;
    }
    let mut longest: Vec<&Shortage> = all.iter().collect();
    longest.sort_by_key(|one| (Reverse(one.steps), one.first));
    longest.truncate(SHORTAGES);
    longest.sort_by_key(|one| one.first);
    let heading = match all.len() - longest.len() {
        0 => "Shortages".to_owned(),
        _ => format!("The {SHORTAGES} longest of {} shortages", all.len()),
    };
    let _ = writeln!(page, "<h2>{heading}</h2>\n<ol class=\"what\">");
    for one in longest {
        let lasted = spell(one.steps as u64 * u64::from(report.demand.step));
        let tasks = if one.missing == 1 { "task" } else { "tasks" };
        let _ = writeln!(
            page,
            "<li><time>{}</time><span>{lasted}, up to {} {tasks} too few</span></li>",
            text::clock(report.demand.at(one.first)),
            one.missing,
        );
    }
    page.push_str("</ol>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_are_short_are_shaded_together() {
        let columns = [true, true, false, true];
        let columns = columns.map(|short| Column { short, ..Column::default() });
        let expected = "<path class=\"short\" d=\"M0 0H2V1000H0ZM3 0H4V1000H3Z\"/>\n";
        assert_eq!(shaded(&columns), expected);
    }
}
