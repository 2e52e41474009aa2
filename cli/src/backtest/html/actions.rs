//! What was done, and why: a lane of marks below the picture, and a list that each mark leads to.

use std::fmt::Write as _;

use steady_sim::scaling::Action;

use crate::backtest::play::Report;
use crate::backtest::text::clock;
use crate::page::{escaped, with_names};

/// Marks at most: so many can still be hit with a pointer.
const MARKS: usize = 240;

/// Actions that a mark tells of; of more, the first ones.
const TOLD: usize = 4;

/// Actions in the list; of more, the first ones.
const LISTED: usize = 2000;

/// Half the height of the lane, in units of its picture.
const HALF: f64 = 50.0;

/// Actions of one mark, with their places among all.
struct Mark<'a> {
    column: usize,
    first: usize,
    actions: Vec<&'a Action>,
}

/// The lane: a bar up for tasks that are added, a bar down for those that are taken away.
pub(super) fn lane(page: &mut String, report: &Report<'_>) {
    let steps = report.demand.tasks.len();
    let columns = steps.clamp(1, MARKS);
    let marks = marks(&report.played.actions, steps, columns);
    let moved = |mark: &Mark<'_>| mark.actions.iter().fold((0, 0), |sum, one| added(sum, one));
    let most = marks.iter().map(moved).map(|(out, back)| out.max(back)).max().unwrap_or(0).max(1);
    let _ = write!(
        page,
        "<div class=\"plot lane\">\n<div class=\"ys\" aria-hidden=\"true\"><span style=\"bottom:75%\">out</span>\
         <span style=\"bottom:25%\">in</span></div>\n\
         <svg viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" role=\"group\" aria-label=\"actions over time\">\n\
         <path class=\"grid\" d=\"M0 50H{}\"/>\n",
        columns * 10,
        columns * 10,
    );
    for mark in &marks {
        draw(page, report, mark, moved(mark), most);
    }
    page.push_str("</svg>\n</div>\n");
}

fn marks(actions: &[Action], steps: usize, columns: usize) -> Vec<Mark<'_>> {
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        let column = action.step * columns / steps.max(1);
        match marks.last_mut() {
            Some(mark) if mark.column == column => mark.actions.push(action),
            _ => marks.push(Mark { column, first: place, actions: vec![action] }),
        }
    }
    marks
}

fn added((out, back): (u32, u32), one: &Action) -> (u32, u32) {
    (out + one.to.saturating_sub(one.from), back + one.from.saturating_sub(one.to))
}

fn draw(
    page: &mut String,
    report: &Report<'_>,
    mark: &Mark<'_>,
    (out, back): (u32, u32),
    most: u32,
) {
    // By the root, so that a task more is seen beside fifty.
    let height = |tasks: u32| match tasks {
        0 => 0.0,
        _ => (HALF * (f64::from(tasks) / f64::from(most)).sqrt()).max(8.0).round(),
    };
    let (x, up, down) = (mark.column * 10, height(out), height(back));
    let _ = write!(
        page,
        "<a href=\"#{}\"><title>{}</title><rect class=\"hit\" x=\"{x}\" y=\"0\" width=\"10\" height=\"100\"/>",
        place(mark.first),
        escaped(&words(report, mark)),
    );
    if out > 0 {
        let y = HALF - up;
        let _ =
            write!(page, "<rect class=\"out\" x=\"{x}\" y=\"{y}\" width=\"10\" height=\"{up}\"/>");
    }
    if back > 0 {
        let _ = write!(
            page,
            "<rect class=\"in\" x=\"{x}\" y=\"{HALF}\" width=\"10\" height=\"{down}\"/>"
        );
    }
    page.push_str("</a>\n");
}

/// Where in the list an action is: at its end, if it has no line of its own.
fn place(number: usize) -> String {
    if number < LISTED { format!("a{number}") } else { "more".to_owned() }
}

fn words(report: &Report<'_>, mark: &Mark<'_>) -> String {
    let told = mark.actions.iter().take(TOLD);
    let mut lines: Vec<String> = told
        .map(|one| {
            let at = clock(report.demand.at(one.step));
            format!("{at}  {} → {}  {one}", one.from, one.to).replace('`', "")
        })
        .collect();
    if mark.actions.len() > TOLD {
        lines.push(format!("and {} more", mark.actions.len() - TOLD));
    }
    lines.join("\n")
}

/// The list.
pub(super) fn list(page: &mut String, report: &Report<'_>) {
    let actions = &report.played.actions;
    if actions.is_empty() {
        page.push_str("<p>The count never changed.</p>\n");
        return;
    }
    page.push_str("<ol class=\"what\">\n");
    for (number, action) in actions.iter().take(LISTED).enumerate() {
        let _ = writeln!(
            page,
            "<li id=\"{}\"><time>{}</time><span>{} → {} &ensp;{}</span></li>",
            place(number),
            clock(report.demand.at(action.step)),
            action.from,
            action.to,
            with_names(&action.to_string()),
        );
    }
    if actions.len() > LISTED {
        let _ = writeln!(
            page,
            "<li id=\"more\"><time></time><span>and {} more: <code>--actions</code> prints them all</span></li>",
            actions.len() - LISTED,
        );
    }
    page.push_str("</ol>\n");
}
