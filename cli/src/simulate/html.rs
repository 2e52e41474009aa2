//! The page: the tables, and of each scenario one run as a picture. It needs nothing but itself: no script, no font, no
//! address.

use std::fmt::Write as _;

use super::runs::seed_of;
use super::table::{cell, unmet};
use super::timeline;
use super::world::{Feed, World};
use super::{Done, Guard};
use crate::checked::Checked;
use crate::page::escaped;

const STYLE: &str = include_str!("page.css");

/// The whole page. `shown`: whose world the pictures are of.
pub(super) fn page(all: &[Done<'_>], guards: &[Guard], shown: Guard, seed: u64) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "<h1>Simulated scenarios</h1>\n\
         <p>Each scenario is played on a simulated ECS in virtual time, once with each guard on its own. A cell says in \
         which share of the runs the guard fired; where it should, also the median and, in brackets, the ninetieth \
         percentile of the minutes after the deployment. Seed {seed}.</p>",
    );
    let parts = [
        (true, "The new revision is bad: it should be rolled back"),
        (false, "It is not the revision’s fault: nothing should be rolled back"),
    ];
    for (bad, heading) in parts {
        let rows: Vec<&Done<'_>> = all.iter().filter(|done| done.scenario.bad == bad).collect();
        if !rows.is_empty() {
            table(&mut page, heading, &rows, guards);
        }
    }
    expectations(&mut page, all, guards);
    let _ = writeln!(page, "<h2>One run of each, with {}</h2>", escaped(&guard_words(shown)));
    page.push_str(LEGEND);
    for done in all {
        picture(&mut page, done, shown, seed);
    }
    crate::page::page("Steady: simulated scenarios", STYLE, &page)
}

const LEGEND: &str = "<p class=\"legend\"><span class=\"r1\">old revision</span> <span class=\"r2\">new</span> \
<span class=\"r3\">later ones</span>, <span class=\"witness\">witnesses</span> that Steady started, below the service’s own; \
pale until RUNNING. <span class=\"bad\">failed</span> and \
<span class=\"environment\">ended by the environment</span> mark the end of a task. Below: the evidence against the current \
deployment, on a log scale; at 20 : 1 it counts as sick, at 1000 : 1 key 1 turns.</p>\n";

fn guard_words(guard: Guard) -> String {
    match guard {
        Guard::Breaker => "ECS’s circuit breaker".to_owned(),
        Guard::Count => "five stops in ten minutes".to_owned(),
        Guard::Page | Guard::Act | Guard::Probe => format!("Steady, witness “{}”", guard.word()),
    }
}

fn table(page: &mut String, heading: &str, rows: &[&Done<'_>], guards: &[Guard]) {
    let _ = write!(page, "<h2>{heading}</h2>\n<div class=\"wide\"><table>\n<tr><th>scenario</th>");
    page.push_str("<th class=\"number\">runs</th>");
    for guard in guards {
        let _ = write!(page, "<th>{}</th>", guard.heading());
    }
    page.push_str("</tr>\n");
    for done in rows {
        let (name, title) = (escaped(&done.scenario.name), escaped(&done.scenario.title));
        let runs = done.summaries.first().map_or(0, |one| one.runs);
        let _ = write!(
            page,
            "<tr><td><a href=\"#{name}\">{title}</a></td><td class=\"number\">{runs}</td>"
        );
        for summary in &done.summaries {
            // How far it is from what should be: 0 is as it should be, 1 its contrary.
            let off = if done.scenario.bad { 1.0 - summary.share } else { summary.share };
            let class = if off <= 0.01 {
                "good"
            } else if off >= 0.5 {
                "wrong"
            } else {
                "partly"
            };
            let _ = write!(page, "<td class=\"{class}\">{}</td>", cell(summary, done.scenario.bad));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

fn expectations(page: &mut String, all: &[Done<'_>], guards: &[Guard]) {
    let checked: Vec<&Checked> = all.iter().flat_map(|done| &done.checked).flatten().collect();
    if checked.is_empty() {
        return;
    }
    let met = checked.iter().filter(|one| one.met).count();
    let _ = writeln!(page, "<h2>Expectations</h2>\n<p>{met} of {} are met.</p>", checked.len());
    if met == checked.len() {
        return;
    }
    page.push_str("<ul>\n");
    for done in all {
        for (guard, one) in unmet(done, guards) {
            let (title, said) = (escaped(&done.scenario.title), escaped(&one.said));
            let _ = writeln!(page, "<li>{title}, {}: {said}</li>", guard.word());
        }
    }
    page.push_str("</ul>\n");
}

fn picture(page: &mut String, done: &Done<'_>, shown: Guard, seed: u64) {
    let scenario = done.scenario;
    let world = World::new(scenario, shown, seed_of(seed, 0), Feed::Facts);
    let (_, story, _) = world.told();
    let (name, title) = (escaped(&scenario.name), escaped(&scenario.title));
    let _ = writeln!(page, "<section id=\"{name}\">\n<h3>{title}</h3>");
    if let Some(about) = &scenario.about {
        let _ = writeln!(page, "<p>{}</p>", escaped(about));
    }
    timeline::draw(page, scenario, &story);
    page.push_str("</section>\n");
}
