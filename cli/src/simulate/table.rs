//! Summaries as two tables: where a rollback is right, and where it is false.

use std::io::{self, Write};

use super::stats::{Summary, percent};
use super::{Done, Guard};
use crate::checked::Checked;

/// `100% · 1.6 (1.7)`; of a guard that should not fire, the share alone.
pub(super) fn cell(summary: &Summary, bad: bool) -> String {
    match (summary.median_minutes, summary.p90_minutes) {
        (Some(median), Some(p90)) if bad => {
            format!("{} · {median:.1} ({p90:.1})", percent(summary.share))
        }
        _ => percent(summary.share),
    }
}

/// The expectations that are not met, with the guard's.
pub(super) fn unmet<'d>(
    done: &'d Done<'_>,
    guards: &[Guard],
) -> impl Iterator<Item = (Guard, &'d Checked)> {
    let all = guards.iter().copied().zip(&done.checked);
    all.flat_map(|(guard, checked)| checked.iter().map(move |one| (guard, one)))
        .filter(|(_, one)| !one.met)
}

/// Prints the tables, what is not met, and how to read it.
pub(super) fn print(
    out: &mut impl Write,
    all: &[Done<'_>],
    guards: &[Guard],
    seed: u64,
) -> io::Result<()> {
    let parts = [
        (true, "The new revision is bad: it should be rolled back"),
        (false, "It is not the revision's fault: nothing should be rolled back"),
    ];
    let mut first = true;
    for (bad, heading) in parts {
        let rows: Vec<&Done<'_>> = all.iter().filter(|done| done.scenario.bad == bad).collect();
        if rows.is_empty() {
            continue;
        }
        if !first {
            writeln!(out)?;
        }
        first = false;
        one(out, heading, &rows, guards)?;
    }
    let expected: usize = all.iter().flat_map(|done| &done.checked).map(Vec::len).sum();
    let missed: usize = all.iter().map(|done| unmet(done, guards).count()).sum();
    writeln!(out)?;
    for done in all {
        for (guard, checked) in unmet(done, guards) {
            writeln!(out, "not met: {}, {}: {}", done.file, guard.word(), checked.said)?;
        }
    }
    if expected > 0 {
        writeln!(out, "{} of {expected} expectations met", expected - missed)?;
    }
    writeln!(
        out,
        "Seed {seed}. Share of runs in which it fired · median (nine of ten) minutes after the deployment."
    )?;
    let most = all.iter().flat_map(|done| &done.summaries).map(|one| one.runs).max().unwrap_or(0);
    if most > 0 {
        // The rule of three: an event that never came in n runs has a share under 3/n, with 95 % confidence.
        let bound = 3.0 / most as f64;
        writeln!(
            out,
            "Never in {most} runs means: less than {}, 19 times of 20.",
            percent(bound.min(1.0))
        )?;
    }
    Ok(())
}

fn one(
    out: &mut impl Write,
    heading: &str,
    rows: &[&Done<'_>],
    guards: &[Guard],
) -> io::Result<()> {
    let mut lines = vec![vec![heading.to_owned(), "runs".to_owned()]];
    if let Some(head) = lines.first_mut() {
        head.extend(guards.iter().map(|guard| guard.heading().to_owned()));
    }
    for done in rows {
        let runs = done.summaries.first().map_or(0, |one| one.runs);
        let mut line = vec![done.scenario.title.clone(), runs.to_string()];
        line.extend(done.summaries.iter().map(|one| cell(one, done.scenario.bad)));
        lines.push(line);
    }
    let columns = guards.len() + 2;
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            text += &format!("{cell:<width$}  ");
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
