//! `scenario`: as `simulate` plays it, with the config's `[health]` and the guard that this comes to.

use std::fs;
use std::path::Path;

use steady_core::config::Health;

use super::{Played, Unplayed, quoted};
use crate::simulate::{self, Guard, scenario};

/// How it is played.
pub(super) struct Asked {
    pub(super) runs: Option<u32>,
    pub(super) seed: u64,
    pub(super) threads: usize,
}

pub(super) fn play(
    path: &Path,
    dir: &Path,
    service: &str,
    health: &Health,
    asked: &Asked,
) -> Result<Played, Unplayed> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| Unplayed::because(format!("{file}: cannot read it: {error}")))?;
    let mut scenario = scenario::read(&file, &text)
        .map_err(|findings| Unplayed(findings.iter().map(ToString::to_string).collect()))?;
    let guard = Guard::of(health);
    let word = guard.word();
    let Some(expect) = scenario.expect.get(&guard).cloned() else {
        return Err(Unplayed::because(format!(
            "{file}: it expects nothing of `{word}`, which this config's `rollback` and `witness` come to: write `[expect.{word}]` there"
        )));
    };
    scenario.configure_all(health);
    let runs = asked.runs.unwrap_or(simulate::RUNS);
    let summary = simulate::one(scenario, guard, runs, asked.seed, asked.threads);
    let seed = asked.seed;
    Ok(Played {
        how: format!("{word}, {} runs", summary.runs),
        checked: summary.check(&expect),
        see: format!(
            "steady simulate {} --config {} --service {service} --guard {word} --runs {runs} --seed {seed}",
            quoted(&file),
            quoted(&dir.display().to_string()),
        ),
    })
}
