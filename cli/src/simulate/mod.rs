//! `steady simulate`: scenarios in virtual time, with many seeds, Steady beside what ECS and plain counts would do.
//!
//! ```text
//! scenario file ─▶ world: simulated ECS ──events──▶ guard ──calls──▶ simulated ECS     × guards × runs
//!                                └──────────────────▶ outcome ─▶ summary ─▶ table, JSON, page
//! ```
//!
//! Steady's guards take the very turns that its functions take ([`steady_core::turn`]); nothing is decided here.

mod aws;
mod guard;
mod html;
mod json;
mod probe;
mod read;
mod reading;
mod runs;
pub mod scenario;
mod stats;
mod steady;
mod story;
mod strategy;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod typed;
mod world;

use std::fs;
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::ValueHint;

pub use guard::Guard;

use crate::checked::Checked;
use crate::exit::{Exit, Failure};
use crate::{Format, configs, files};
use scenario::Scenario;
use stats::Summary;
use world::{Feed, World};

/// Runs of a scenario, where nobody asks for another number.
pub(crate) const RUNS: u32 = 100;

/// One scenario with one guard, on so many cores.
pub(crate) fn one(
    scenario: Scenario,
    guard: Guard,
    runs: u32,
    seed: u64,
    threads: usize,
) -> Summary {
    let summaries = runs::all(&[scenario], &[guard], runs, seed, threads);
    let summary = summaries.into_iter().flatten().next();
    summary.unwrap_or_else(|| Summary::of(&[]))
}

/// Simulate scenarios: would a bad revision have been rolled back, how fast, and how often falsely.
///
/// A scenario is a TOML file: what runs, what is deployed, what goes wrong, and what is expected. Each is played many
/// times on a simulated ECS, in virtual time, with each guard on its own: ECS's circuit breaker, five stops in ten
/// minutes, and Steady with each `witness`. Steady sees an event within a second; what falls due without one is looked at
/// once a minute. The same seed gives the same bytes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files, or folders of them.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Config: a service with a file DIR/CLUSTER/SERVICE.toml has its soak, deadline and rollback window from there (and from
    /// DIR/defaults.toml), not from the scenario.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    config: Option<PathBuf>,
    /// With --config: every service of the scenarios has the config of this one.
    #[arg(long, value_name = "CLUSTER/SERVICE", requires = "config")]
    service: Option<String>,
    /// Runs of each scenario with each guard; a scenario may ask for fewer.
    #[arg(long, default_value_t = RUNS, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    runs: u32,
    /// Everything random comes of it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these guards.
    #[arg(long, value_enum, value_delimiter = ',')]
    guard: Vec<Guard>,
    /// For people, or JSON lines: one a scenario and guard.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write a page with the tables, and of each scenario the timeline of its first run under the last guard named (`act`
    /// by default).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
    /// Instead of the tables, print the events of the first run of one scenario, as ECS would send them: JSON lines, which
    /// `replay` reads. They are of the last guard named, `act` by default.
    #[arg(long, conflicts_with_all = ["html", "format", "runs"])]
    emit_events: bool,
}

/// A scenario, and what came of it.
#[derive(Debug)]
struct Done<'s> {
    file: &'s str,
    scenario: &'s Scenario,
    /// By guard.
    summaries: Vec<Summary>,
    /// By guard.
    checked: Vec<Vec<Checked>>,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`], when nothing can be simulated or the result cannot be written.
pub fn run(args: &Args, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Failure> {
    let (mut read, mut exit) = read_all(&args.paths, err)?;
    if let Some(dir) = &args.config {
        let tree = configs::load(dir, "simulated", err)?;
        match &args.service {
            None => read.iter_mut().for_each(|(_, scenario)| scenario.configure(&tree)),
            Some(one) => {
                let own = configs::of_service(&tree, dir, one)?;
                read.iter_mut().for_each(|(_, scenario)| scenario.configure_all(&own.health));
            }
        }
    }
    let shown = args.guard.last().copied().unwrap_or(Guard::Act);
    if args.emit_events {
        return emit_events(&read, exit, shown, args.seed, out);
    }
    let guards = if args.guard.is_empty() { Guard::ALL.to_vec() } else { args.guard.clone() };
    let (files, scenarios): (Vec<String>, Vec<Scenario>) = read.into_iter().unzip();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let summaries = runs::all(&scenarios, &guards, args.runs, args.seed, threads);
    let done = files.iter().zip(&scenarios).zip(summaries).map(|((file, scenario), summaries)| {
        let check = |(guard, summary): (&Guard, &Summary)| {
            scenario.expect.get(guard).map(|expect| summary.check(expect)).unwrap_or_default()
        };
        let checked = guards.iter().zip(&summaries).map(check).collect();
        Done { file, scenario, summaries, checked }
    });
    let done: Vec<Done<'_>> = done.collect();
    match args.format {
        _ if done.is_empty() => {}
        Format::Text => table::print(out, &done, &guards, args.seed)?,
        Format::Json => json::print(out, &done, &guards, args.seed)?,
    }
    if let Some(path) = &args.html {
        files::write("--html", path, &html::page(&done, &guards, shown, args.seed))?;
    }
    if exit == Exit::Good && done.iter().any(|done| table::unmet(done, &guards).next().is_some()) {
        exit = Exit::No;
    }
    Ok(exit)
}

fn emit_events(
    read: &[(String, Scenario)],
    exit: Exit,
    guard: Guard,
    seed: u64,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let [(_, scenario)] = read else {
        let count = read.len();
        let why = format!("--emit-events writes the events of one scenario, {count} were given");
        return if exit == Exit::Good { Err(Failure::Usage(why)) } else { Ok(exit) };
    };
    let world = World::new(scenario, guard, runs::seed_of(seed, 0), Feed::Json);
    let (_, _, events) = world.told();
    for event in events {
        serde_json::to_writer(&mut *out, &event).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(exit)
}

/// Reads every file; what is wrong with one is told, and keeps no other from being done.
fn read_all(
    paths: &[PathBuf],
    err: &mut impl Write,
) -> Result<(Vec<(String, Scenario)>, Exit), Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    let mut exit = Exit::Good;
    let mut scenarios = Vec::new();
    for path in files {
        let file = path.display().to_string();
        match fs::read_to_string(&path) {
            Err(error) => {
                exit = Exit::Input;
                let _ = writeln!(err, "steady: {file}: cannot read it: {error}");
            }
            Ok(text) => match scenario::read(&file, &text) {
                Ok(scenario) => scenarios.push((file, scenario)),
                Err(findings) => {
                    exit = Exit::Input;
                    for finding in findings {
                        let _ = writeln!(err, "{finding}");
                    }
                }
            },
        }
    }
    Ok((scenarios, exit))
}

/// The scenario files of a folder, by name.
fn folder(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unusable = |error| Failure::Usage(format!("{}: cannot read it: {error}", dir.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unusable)? {
        let path = entry.map_err(unusable)?.path();
        if path.is_file() && path.extension().is_some_and(|it| it == "toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage(format!(
            "{}: no scenario there (looked for *.toml)",
            dir.display()
        )));
    }
    files.sort();
    Ok(files)
}
