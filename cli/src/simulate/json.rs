//! Summaries as JSON lines: one a scenario and guard.

use std::io::{self, Write};

use serde::Serialize;

use super::stats::Summary;
use super::{Done, Guard};
use crate::checked::Checked;

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    title: &'a str,
    bad: bool,
    guard: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
    /// The share of false rollbacks: that of all runs where the revision is not to blame.
    false_share: Option<f64>,
    expected: &'a [Checked],
    seed: u64,
}

pub(super) fn print(
    out: &mut impl Write,
    all: &[Done<'_>],
    guards: &[Guard],
    seed: u64,
) -> io::Result<()> {
    for done in all {
        let columns = guards.iter().zip(&done.summaries).zip(&done.checked);
        for ((guard, summary), checked) in columns {
            let line = Line {
                scenario: &done.scenario.name,
                title: &done.scenario.title,
                bad: done.scenario.bad,
                guard: guard.word(),
                summary,
                false_share: (!done.scenario.bad).then_some(summary.share),
                expected: checked,
                seed,
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}
