//! The recommendation: cost against violations, with all that was tried and is worth a look.

use std::fmt::Write as _;
use std::io;

use steady_sim::scaling::Figures;

use super::chart::{self, Axis};
use crate::backtest::play::{Outcome, Report};
use crate::backtest::recommend::print::{self, File};
use crate::backtest::recommend::{Answer, Asked, Tuned};
use crate::page::{escaped, with_names};

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
        plot(page, &report.played.outcomes, of.asked, tuned);
        warnings(page, of.asked, tuned, of.answer.recommended(tuned));
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

/// What would break the budget, where it is seen at once.
fn warnings(page: &mut String, asked: &Asked<'_>, tuned: &Tuned, recommended: &Figures) {
    let warnings = print::warnings(asked, tuned, recommended);
    if warnings.is_empty() {
        return;
    }
    page.push_str("<div class=\"said warning\">\n");
    for warning in warnings {
        let _ = writeln!(page, "<p>{}</p>", with_names(&warning));
    }
    page.push_str("</div>\n");
}

fn plot(page: &mut String, outcomes: &[Outcome], asked: &Asked<'_>, tuned: &Tuned) {
    let (front, others) = (front(asked, tuned), others(outcomes));
    // The budget is always in the picture, and so are the config and the HPA rule.
    let tried = front.iter().map(|one| one.violating).fold(0.0, f64::max);
    let least = others.iter().take(2).map(|one| one.violating).fold(asked.budget * 1.2, f64::max);
    let top = tried.min(asked.budget * BUDGETS).max(least) * 100.0;
    let y = Axis::to(top);
    let all = || front.iter().chain(&others);
    let x = Axis::to(all().map(|one| one.cost).fold(0.0, f64::max));
    let is_shown = |one: &&Point| one.violating * 100.0 <= y.top();
    legend(page, asked, outcomes, front.iter().filter(|one| !is_shown(one)).count());
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

fn legend(page: &mut String, asked: &Asked<'_>, outcomes: &[Outcome], above: usize) {
    let _ = write!(
        page,
        "<p class=\"legend\">To the right: cost in USD; up: percent of the load in violating minutes. \
         <span class=\"front\">Tried</span>, and nothing that was tried is both cheaper and better; \
         <span class=\"chosen\">recommended</span>; <span class=\"short\">dashed</span>: the budget of {} %. Beside them",
        asked.budget * 100.0,
    );
    for (run, one) in outcomes.iter().enumerate() {
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
fn others(outcomes: &[Outcome]) -> Vec<Point> {
    let point = |(run, one): (usize, &Outcome)| Point {
        class: format!("c{run}"),
        to: "figures".to_owned(),
        name: one.name.clone(),
        cost: one.cost_usd,
        violating: one.figures.violating_load,
    };
    outcomes.iter().enumerate().map(point).collect()
}

fn table(page: &mut String, asked: &Asked<'_>, tuned: &Tuned) {
    page.push_str(
        "<h3 id=\"front\">All of the front</h3>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"the front\"><table>\n<tr>\
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
    page.push_str("</table></div>\n");
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use steady_core::config::Scaling;
    use steady_sim::scaling::{Assumptions, Demand, Given, Score};

    use super::*;
    use crate::backtest::price::Price;
    use crate::backtest::recommend::otherwise::{Broken, Sensitivity};
    use crate::backtest::recommend::{Knobs, candidates::Windows};

    fn figures(task_hours: f64, violating_load: f64) -> Figures {
        Figures { task_hours, violating_load, ..Score::default().figures(60) }
    }

    fn knobs(min: u32) -> Knobs {
        let (fill, windows) = (0.5, Windows::Kept);
        Knobs { fill, min, max: 9, scale_out_cooldown: None, scale_in_cooldown: None, windows }
    }

    fn outcome(name: &str, figures: Figures) -> Outcome {
        let cost_usd = figures.task_hours;
        let name = name.to_owned();
        Outcome { name, figures, cost_usd, cost_over_oracle: 1.0, speed_up_over_hpa: 1.0 }
    }

    #[test]
    fn each_point_of_the_front_is_drawn_unless_it_is_said_to_lie_above() {
        let front = [(2, 10.0, 0.3), (3, 20.0, 0.02), (4, 30.0, 0.008), (5, 40.0, 0.0)];
        let holds = Some((knobs(5), figures(40.0, 0.0)));
        let broken = Some(Broken { violating_load: 0.013, over: 0.003, holds });
        let (tuned, present) = (figures(36.0, 0.013), figures(60.0, 0.0));
        let more = Sensitivity { what: "load +20 %", tuned, present, broken };
        let tuned = Tuned {
            config: Scaling::default(),
            knobs: knobs(4),
            candidates: 7,
            margin: 1.0,
            figures: figures(30.0, 0.008),
            present: figures(50.0, 0.0),
            folds: Vec::new(),
            front: front.map(|(min, hours, load)| (knobs(min), figures(hours, load))).to_vec(),
            sensitivity: vec![more],
            peak: 8,
            min_is_enough: 0.5,
        };
        let demand = Demand { start: Timestamp::UNIX_EPOCH, step: 60, tasks: vec![1.0] };
        // A dollar for a task and hour.
        let price = Price::new([1.0, 1.0], [0.5, 0.5], "as given".to_owned(), 0.0, 0.0);
        let asked = Asked {
            config: &Scaling::default(),
            given: &Given::default(),
            demand: &demand,
            assumed: &Assumptions::default(),
            price: &price,
            budget: 0.01,
            timezone: "UTC",
            threads: 1,
        };
        let outcomes =
            [outcome("config", figures(50.0, 0.0)), outcome("HPA", figures(45.0, 0.001))];
        let mut page = String::new();
        plot(&mut page, &outcomes, &asked, &tuned);
        for (number, class) in [(1, "front"), (2, "chosen"), (3, "front")] {
            let point = page.split(&format!("<a href=\"#f{number}\">")).nth(1).unwrap();
            assert!(point.contains(&format!("<path class=\"point {class}\"")), "{number}");
        }
        assert_eq!(page.matches("<path class=\"point").count(), 3 + outcomes.len());
        warnings(&mut page, &asked, &tuned, &tuned.figures);
        assert!(page.contains(
            "<div class=\"said warning\">\n<p>Warning: load +20 % breaks the budget of 1.00 %, with 1.30 % of the load in \
             violating minutes (the present config: 0 %), 0.30 points too much. Of the front, <code>min 5, 50 % full</code> would hold it, for 40.00 USD \
             instead of 30.00"
        ), "{page}");
        assert!(page.contains("1 of the front lies above the picture"), "{page}");
        // 30 USD of an axis to 60, 0.8 % of one to 5.
        assert!(page.contains("<path class=\"point chosen\" d=\"M500 840h0\"/>"), "{page}");
    }
}
