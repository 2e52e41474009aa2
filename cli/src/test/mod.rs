//! `steady test`: the expectations that teams write beside their config, played.
//!
//! ```text
//! config tree ─ core ─▶ checked config with [[expect]] ─┬─ load ─────▶ backtest ─┐
//!                                                       └─ scenario ─▶ simulate ─┴─▶ cases ─▶ text, JSON, JUnit
//! ```

mod junit;
mod load;
mod print;
mod scenario;

use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::ValueHint;
use steady_core::config::{Expect, Play, ServiceConfig};

use crate::backtest::Setup;
use crate::checked::Checked;
use crate::exit::{Exit, Failure};
use crate::{Format, configs};

/// Test a config tree: what teams expect of it, played over recorded load and in scenarios.
///
/// Plays each `[[expect]]` of each DIR/CLUSTER/SERVICE.toml with that file's config: `load` as `backtest` does, `scenario` as
/// `simulate` does with this file's [health]. It asks nobody and changes nothing, and the same input gives the same bytes. Exits
/// with 0 if all are met, 2 if one is not, 65 if one could not be played.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The config: DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Only this service; may be given again.
    #[arg(long, value_name = "CLUSTER/SERVICE")]
    service: Vec<String>,
    /// Everything random in scenarios comes of it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For people, or JSON lines: one an expectation.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the results as JUnit XML too, for a CI.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    junit: Option<PathBuf>,
}

/// An expectation, played.
#[derive(Debug)]
struct Case<'c> {
    /// As `cluster/service`.
    service: &'c str,
    expect: &'c Expect,
    result: Result<Played, Unplayed>,
}

/// What came of it.
#[derive(Debug)]
struct Played {
    /// How it was played: `act, 100 runs`. Empty: there is nothing to choose.
    how: String,
    /// What was asked for, each.
    checked: Vec<Checked>,
    /// The command that shows more.
    see: String,
}

impl Played {
    fn is_met(&self) -> bool {
        self.checked.iter().all(|one| one.met)
    }
}

/// Why it could not be played, in lines.
#[derive(Debug)]
struct Unplayed(Vec<String>);

impl Unplayed {
    fn because(why: impl ToString) -> Self {
        Self(vec![why.to_string()])
    }
}

/// How many were met, were not, and could not be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Totals {
    met: usize,
    unmet: usize,
    unplayed: usize,
}

impl Totals {
    fn of(cases: &[Case<'_>]) -> Self {
        let count = |is: fn(&Case<'_>) -> bool| cases.iter().filter(|case| is(case)).count();
        Self {
            met: count(|case| case.result.as_ref().is_ok_and(Played::is_met)),
            unmet: count(|case| case.result.as_ref().is_ok_and(|played| !played.is_met())),
            unplayed: count(|case| case.result.is_err()),
        }
    }

    fn exit(self) -> Exit {
        match self {
            Self { unplayed: 1.., .. } => Exit::Input,
            Self { unmet: 1.., .. } => Exit::No,
            _ => Exit::Good,
        }
    }
}

/// Plays them all, and tells.
pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    let dir = &args.dir;
    let tree = configs::load(dir, "tested", err)?;
    for service in &args.service {
        configs::of_service(&tree, dir, service)?;
    }
    let asked =
        |service: &str| args.service.is_empty() || args.service.iter().any(|it| it == service);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut cases = Vec::new();
    for (service, config) in tree.services().filter(|(service, _)| asked(service)) {
        for expect in &config.expect {
            let result = play(dir, service, config, expect, args.seed, threads);
            cases.push(Case { service, expect, result });
        }
    }
    if cases.is_empty() {
        return Err(Failure::Usage(format!(
            "nothing was tested: no file in {} has an `[[expect]]`",
            dir.display()
        )));
    }
    match args.format {
        Format::Text => print::text(out, &cases)?,
        Format::Json => print::json(out, &cases)?,
    }
    if let Some(file) = &args.junit {
        junit::write(file, &cases)?;
    }
    Ok(Totals::of(&cases).exit())
}

fn play(
    dir: &Path,
    service: &str,
    config: &ServiceConfig,
    expect: &Expect,
    seed: u64,
    threads: usize,
) -> Result<Played, Unplayed> {
    let file = dir.join(format!("{service}.toml"));
    let folder = file.parent().unwrap_or(dir);
    match &expect.play {
        Play::Load { file: load, measure, settings, bounds } => {
            let setup = Setup::of_expectation(folder, load, measure, settings);
            let setup = setup.map_err(Unplayed::because)?;
            load::play(&file, &setup, settings, bounds, config)
        }
        Play::Scenario { file, runs } => {
            let asked = scenario::Asked { runs: *runs, seed, threads };
            scenario::play(&folder.join(file), dir, service, &config.health, &asked)
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
