//! `steady backtest`: a scaling config played over recorded load, beside what else there could be.
//!
//! ```text
//! recording ─ load ─▶ values a period ─ demand ─▶ tasks' worth of load ─┐
//! config file ─ core ─▶ checked config ─────────────────────────────────┤
//!                                                 steady_sim::scaling ◀─┘─▶ report ─▶ text, JSON, page
//! ```
//!
//! Auto scaling is simulated in [`steady_sim::scaling`]; here is what people give and what they are shown.

mod config;
mod demand;
mod html;
mod json;
mod load;
mod play;
mod price;
mod recommend;
mod setup;
mod text;

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use clap::{ArgGroup, ValueEnum, ValueHint};
use jiff::Timestamp;
use steady_core::config::{Measure, Running, Scaling};
use steady_core::overrides::raised_by;
use steady_core::scaling::zone;
use steady_sim::scaling::{Figures, Given, NothingToScale};

use crate::exit::{Exit, Failure};
use crate::{Format, page};
use html::Recommended;
use load::How;
use recommend::print::{self, File};
use recommend::{Answer, Asked, recommend};
use setup::{Assumed, Costs, UTC, percent, positive};
pub(crate) use setup::{Input, Setup};

/// Play a scaling config over recorded load: shortages, cost, and why it scaled, beside what else there could be.
///
/// The load is a CSV file with a time and a value in each row, a CSV export of CloudWatch, or what `aws cloudwatch
/// get-metric-data` prints. With --per-task it counts requests or messages; with --running it is CPU utilization in
/// percent. Application Auto Scaling is simulated; what AWS does not publish is assumed, and can be set. Nothing is asked of
/// AWS and nothing is changed. The same input gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("measure").required(true).args(["per_task", "running"])))]
pub(crate) struct Args {
    /// The recorded load.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    load: PathBuf,
    /// The config of the service; `defaults.toml` of the folder above its own holds too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// The load counts requests or messages, of which one task carries so many a minute at its service level.
    #[arg(long, value_name = "COUNT", value_parser = positive)]
    per_task: Option<f64>,
    /// The load is CPU utilization in percent, while so many tasks ran: a number, or a file like that of the load.
    #[arg(long, value_name = "COUNT|FILE")]
    running: Option<String>,
    /// Which column of a file with several, or which `Id` or `Label`.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// The zone of times that name none.
    #[arg(long, value_name = "ZONE", default_value = UTC)]
    timezone: String,
    /// What a period without a value means.
    #[arg(long, value_enum, default_value_t = Gaps::Unknown)]
    gaps: Gaps,
    /// Tasks that run at the beginning; without it, what the config would have come to.
    #[arg(long, value_name = "COUNT")]
    tasks: Option<u32>,
    /// An alarm of `[[surge]]` went off then, again and again if given so: `checkout-latency-high=2026-11-21T02:14:00Z`.
    #[arg(long, value_name = "NAME=TIME")]
    alarm: Vec<String>,
    /// A deployment was in progress, from when to when: nothing is scaled in meanwhile.
    #[arg(long, value_name = "FROM/TO")]
    deployment: Vec<String>,
    /// Look for a cheaper config, or a better one: candidates are tuned on the earlier part of the recording and shown on the later.
    /// Where the data do not allow a recommendation it says so, and exits with 2.
    #[arg(long)]
    recommend: bool,
    /// Of the load so much may come in violating minutes, for --recommend.
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0, value_parser = percent)]
    budget: f64,
    /// Print every action, not only the first.
    #[arg(long)]
    actions: bool,
    /// For people, or one JSON object with all of it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write a page too: load against capacity, what was done and why, what it cost.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
    #[command(flatten)]
    assumed: Assumed,
    #[command(flatten)]
    costs: Costs,
}

/// What a period without a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Gaps {
    /// Nobody knows: no metric then, and not judged.
    Unknown,
    /// There was no load, as where CloudWatch has no value for "none".
    Zero,
}

/// Plays and reports.
pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    let read = config::read(&args.config, err)?;
    let config = &read.scaling;
    let given = args.given(config).map_err(Failure::Usage)?;
    let setup = args.setup().map_err(Failure::Usage)?;
    let Input { recorded, demand, censored_minutes } = setup.read(config, err)?;
    let (assumed, price) = (&setup.assumed, &setup.price);
    let mut traces = args.html.is_some().then(|| html::Traces::of(&demand));
    let watch = html::watch(traces.as_mut());
    let played = play::play(config, &given, &demand, assumed, price, watch)
        .map_err(|error| Failure::Usage(format!("{}: {error}", args.config.display())))?;
    let load = setup.load.display().to_string();
    let report = play::Report {
        service: &read.service,
        load: &load,
        recorded: &recorded,
        gaps_are_zero: setup.how.gaps_are_zero,
        censored_minutes,
        demand: &demand,
        assumed,
        price,
        played: &played,
    };
    let asked = Asked {
        config,
        given: &given,
        demand: &demand,
        assumed,
        price,
        budget: args.budget / 100.0,
        timezone: &args.timezone,
        threads: thread::available_parallelism().map_or(1, NonZero::get),
    };
    let named = args.config.display().to_string();
    let (path, defaults) = (read.in_tree.as_str(), read.defaults.as_deref());
    let file = File { named, path, text: &read.text, defaults, load: &load };
    let answer = args.recommend.then(|| recommend(&asked, censored_minutes, &progress));
    match args.format {
        Format::Text => {
            text::print(out, &report, args.actions)?;
            if let Some(answer) = &answer {
                print::text(out, &asked, &file, answer)?;
            }
        }
        Format::Json => {
            let answer = answer.as_ref().map(|answer| print::json(&asked, &file, answer));
            json::print(out, &report, answer)?;
        }
    }
    if let (Some(path), Some(traces)) = (&args.html, &traces) {
        let recommended =
            answer.as_ref().map(|answer| Recommended { asked: &asked, file: &file, answer });
        page::write(path, &html::page(&report, traces, recommended.as_ref())?)?;
    }
    Ok(if matches!(answer, Some(Answer::No(..))) { Exit::No } else { Exit::Good })
}

/// The figures of a config without its rivals, and what its tasks cost in USD.
///
/// # Errors
/// There is nothing to scale.
pub(crate) fn alone(
    config: &Scaling,
    given: &Given,
    input: &Input,
    setup: &Setup,
) -> Result<(Figures, f64), NothingToScale> {
    let (figures, _) = play::alone(config, given, &input.demand, &setup.assumed, |_| {})?;
    let cost_usd = figures.task_hours * setup.price.task_hour;
    Ok((figures, cost_usd))
}

/// A line on a terminal that tells how far it is, written over as it goes.
fn progress(done: usize, of: usize) {
    const WIDTH: usize = 40;
    // So often that it moves, so seldom that it costs nothing.
    if !io::stderr().is_terminal() || (done != of && !done.is_multiple_of(16)) {
        return;
    }
    let full = WIDTH * done / of.max(1);
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full));
    let _ = write!(io::stderr(), "\r{bar} {done} of {of} runs");
    if done == of {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

impl Args {
    fn how(&self) -> Result<How, String> {
        let zone = zone(&self.timezone);
        let zone = zone.ok_or_else(|| {
            format!(
                "--timezone: `{}` is no zone, expected one such as `Europe/Berlin`",
                self.timezone
            )
        })?;
        let gaps_are_zero = self.gaps == Gaps::Zero;
        Ok(How { column: self.column.clone(), zone, gaps_are_zero })
    }

    fn measure(&self) -> Result<Measure, String> {
        match (self.per_task, &self.running) {
            (Some(per_task), _) => Ok(Measure::PerTask(per_task)),
            (None, Some(text)) if text.parse::<f64>().is_ok() => {
                let tasks = positive(text).map_err(|why| format!("--running: {why}"))?;
                Ok(Measure::Running(Running::Tasks(tasks)))
            }
            (None, Some(file)) => Ok(Measure::Running(Running::File(file.clone()))),
            (None, None) => Err("--per-task or --running must be given".to_owned()),
        }
    }

    fn setup(&self) -> Result<Setup, String> {
        let price = self.costs.price().map_err(|why| {
            format!("--region: {why}: give it with --price VCPU/GB, in USD an hour")
        })?;
        let measure = self.measure()?;
        Ok(Setup {
            load: self.load.clone(),
            assumed: self.assumed.all(&measure),
            measure,
            how: self.how()?,
            price,
        })
    }

    fn given(&self, config: &Scaling) -> Result<Given, String> {
        let mut given = Given { initial: self.tasks, ..Given::default() };
        for text in &self.alarm {
            let (alarm, at) = text.split_once('=').ok_or_else(|| {
                format!("--alarm: `{text}` has no time, expected `NAME=2026-11-21T02:14:00Z`")
            })?;
            let surge = config.surge.iter().find(|surge| surge.alarm == alarm);
            let surge = surge.ok_or_else(|| format!("--alarm: no `[[surge]]` names `{alarm}`"))?;
            let raised = raised_by(surge, time("--alarm", at)?);
            given.overrides.extend(raised);
        }
        for text in &self.deployment {
            let (from, until) = text
                .split_once('/')
                .ok_or_else(|| format!("--deployment: `{text}` has no end, expected `FROM/TO`"))?;
            let (from, until) = (time("--deployment", from)?, time("--deployment", until)?);
            if until <= from {
                return Err(format!("--deployment: `{text}` ends before it begins"));
            }
            given.deployments.push((from, until));
        }
        Ok(given)
    }
}

fn time(flag: &str, text: &str) -> Result<Timestamp, String> {
    let at = text.trim().parse();
    at.map_err(|_| {
        format!("{flag}: `{text}` is no time, expected one such as `2026-11-21T02:14:00Z`")
    })
}
