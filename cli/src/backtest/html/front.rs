//! The recommendation: cost against violations, with all that was tried and is worth a look.

use std::fmt::Write as _;
use std::io;

use super::chart::{self, Axis};
use crate::backtest::play::Report;
use crate::backtest::recommend::print::{self, File};
use crate::backtest::recommend::{Answer, Asked, Tuned};
use crate::page::escaped;

/// What was asked, and what was answered.
#[derive(Debug, Clone, Copy)]
pub(in crate::backtest) struct Recommended<'a> {
    pub(in crate::backtest) asked: &'a Asked<'a>,
    pub(in crate::backtest) file: &'a File<'a>,
    pub(in crate::backtest) answer: &'a Answer,
}

/// The picture is so wide, in its own units.
const WIDTH: usize = 1000;

/// Candidates are shown up to so many budgets of violations.
const BUDGETS: f64 = 4.0;

/// A point: what it cost and which share of load came in violating minutes.
struct Point {
    class: String,
    /// Where more is said of it.
    to: String,
    name: String,
    cost: f64,
    violating: f64,
}

/// The picture, where there is a front; then all that is said of the recommendation.
///
/// # Errors
/// None that happens: words are written to memory.
pub(super) fn section(
    page: &mut String,
    report: &Report<'_>,
    of: &Recommended<'_>,
) -> io::Result<()> {
    page.push_str("<h2 id=\"recommendation\">Recommendation</h2>\n");
    if let Answer::Tuned(tuned) | Answer::Keep(tuned) = of.answer {
        plot(page, report, of.asked, tuned);
    }
    let mut said = Vec::new();
    print::text(&mut said, of.asked, of.file, of.answer)?;
    let said = String::from_utf8_lossy(&said);
    let said = escaped(said.trim());
    let _ = writeln!(
        page,
        "<pre tabindex=\"0\" role=\"region\" aria-label=\"the recommendation in words\">{said}</pre>"
    );
    if let Answer::Tuned(tuned) | Answer::Keep(tuned) = of.answer {
        table(page, of.asked, tuned);
    }
    Ok(())
}

fn plot(page: &mut String, report: &Report<'_>, asked: &Asked<'_>, tuned: &Tuned) {
    let (front, others) = (front(asked, tuned), others(report));
    // The budget is always in the picture, and so are the config and the HPA rule.
    let tried = front.iter().map(|one| one.violating).fold(0.0, f64::max);
    let least = others.iter().take(2).map(|one| one.violating).fold(asked.budget * 1.2, f64::max);
    let top = tried.min(asked.budget * BUDGETS).max(least) * 100.0;
    let y = Axis::to(top);
    let all = || front.iter().chain(&others);
    let x = Axis::to(all().map(|one| one.cost).fold(0.0, f64::max));
    let is_shown = |one: &&Point| one.violating * 100.0 <= y.top();
    legend(page, asked, report, front.iter().filter(|one| !is_shown(one)).count());
    let budget = y.y(asked.budget * 100.0);
    let mut shapes = format!("<path class=\"budget\" d=\"M0 {budget}H{WIDTH}\"/>\n");
    let mut line = String::new();
    for one in &front {
        let (x, y) = (x.x(one.cost, WIDTH), y.y(one.violating * 100.0));
        // What lies between two points was not found: at its cost there is no less than the left one's violations.
        let _ = if line.is_empty() { write!(line, "M{x} {y}") } else { write!(line, "H{x}V{y}") };
    }
    let _ = writeln!(shapes, "<path class=\"front\" d=\"{line}\"/>");
    for one in all().filter(is_shown) {
        let _ = writeln!(
            shapes,
            "<a href=\"#{}\"><title>{}: {:.2} USD, {:.2} % of the load in violating minutes</title>\
             <path class=\"point {}\" d=\"M{} {}h0\"/></a>",
            one.to,
            escaped(&one.name),
            one.cost,
            one.violating * 100.0,
            one.class,
            x.x(one.cost, WIDTH),
            y.y(one.violating * 100.0),
        );
    }
    chart::frame(page, "cost against violations, a point each", WIDTH, (&x.ticks, &y), &shapes);
}

fn legend(page: &mut String, asked: &Asked<'_>, report: &Report<'_>, above: usize) {
    let _ = write!(
        page,
        "<p class=\"legend\">To the right: cost in USD; up: percent of the load in violating minutes. \
         <span class=\"front\">Tried</span>, and nothing that was tried is both cheaper and better; \
         <span class=\"chosen\">recommended</span>; <span class=\"short\">dashed</span>: the budget of {} %. Beside them",
        asked.budget * 100.0,
    );
    for (run, one) in report.played.outcomes.iter().enumerate() {
        let comma = if run == 0 { "" } else { "," };
        let _ = write!(page, "{comma} <span class=\"c{run}\">{}</span>", escaped(&one.name));
    }
    if above > 0 {
        let verb = if above == 1 { "lies" } else { "lie" };
        let _ = write!(page, ". {above} of the front {verb} above the picture");
    }
    page.push_str(". <a href=\"#front\">All of the front as a table</a></p>\n");
}

/// The front as points, the cheapest first.
fn front(asked: &Asked<'_>, tuned: &Tuned) -> Vec<Point> {
    let point = |(number, (knobs, figures)): (usize, &(_, _))| {
        let is_chosen = *knobs == tuned.knobs;
        Point {
            class: if is_chosen { "chosen" } else { "front" }.to_owned(),
            to: format!("f{number}"),
            name: print::words(knobs),
            cost: print::cost(asked, figures),
            violating: figures.violating_load,
        }
    };
    tuned.front.iter().enumerate().map(point).collect()
}

/// The config and its rivals over the same load.
fn others(report: &Report<'_>) -> Vec<Point> {
    let outcomes = report.played.outcomes.iter().enumerate();
    let point = |(run, one): (usize, &crate::backtest::play::Outcome)| Point {
        class: format!("c{run}"),
        to: "figures".to_owned(),
        name: one.name.clone(),
        cost: one.cost_usd,
        violating: one.figures.violating_load,
    };
    outcomes.map(point).collect()
}

fn table(page: &mut String, asked: &Asked<'_>, tuned: &Tuned) {
    page.push_str(
        "<details id=\"front\"><summary>All of the front</summary>\n<div class=\"wide\"><table>\n<tr>\
         <th class=\"number\">cost, USD</th><th class=\"number\">violating load, %</th><th>candidate</th></tr>\n",
    );
    for one in front(asked, tuned) {
        let _ = writeln!(
            page,
            "<tr id=\"{}\"><td class=\"number\">{:.2}</td><td class=\"number\">{:.2}</td><td>{}{}</td></tr>",
            one.to,
            one.cost,
            one.violating * 100.0,
            escaped(&one.name),
            if one.class == "chosen" { ", recommended" } else { "" },
        );
    }
    page.push_str("</table></div></details>\n");
}
