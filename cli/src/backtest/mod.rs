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
#[cfg(feature = "live")]
mod service;
mod setup;
mod text;

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use clap::{ArgGroup, ValueEnum, ValueHint};
use jiff::Timestamp;
use steady_core::config::{Measure, Running, Scaling};
#[cfg(feature = "live")]
use steady_core::name::ServiceKey;
use steady_core::overrides::raised_by;
use steady_core::scaling::zone;
use steady_sim::scaling::{Figures, Given, NothingToScale};

use crate::exit::{Exit, Failure};
use crate::{Format, files};
use html::Recommended;
use load::How;
use play::Live;
use price::Price;
use recommend::print::{self, File};
use recommend::{Answer, Asked, recommend};
#[cfg(feature = "live")]
use setup::read_running;
use setup::{Assumed, Costs, HOME, UTC, percent, positive};
pub(crate) use setup::{Input, Setup};

/// Play a scaling config over recorded load: shortages, cost, and why it scaled, beside what else there could be.
///
/// The load is a CSV file with a time and a value in each row, a CSV export of CloudWatch, or what `aws cloudwatch
/// get-metric-data` prints. With --per-task it counts requests or messages; with --running it is CPU utilization in
/// percent. Application Auto Scaling is simulated; what AWS does not publish is assumed, and can be set. Nothing is changed, and AWS
/// is asked for nothing but what --service fetches. The same input gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("source").required(true).args(SOURCES)))]
#[command(group(ArgGroup::new("measure").args(["per_task", "running"])))]
pub(crate) struct Args {
    /// The recorded load.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "measure")]
    load: Option<PathBuf>,
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
    #[cfg(feature = "live")]
    #[command(flatten)]
    live: service::Service,
    #[command(flatten)]
    assumed: Assumed,
    #[command(flatten)]
    costs: Costs,
}

/// Where the load is from: one of these.
#[cfg(feature = "live")]
const SOURCES: [&str; 2] = ["load", "service"];
#[cfg(not(feature = "live"))]
const SOURCES: [&str; 1] = ["load"];

/// The load, wherever it is from.
struct Loaded {
    input: Input,
    /// The file's name, or what was fetched.
    name: String,
    /// Where it was fetched: whose it is, and how that is scaled today.
    fetched: Option<(String, Live)>,
    notes: Vec<String>,
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
    let assumed = args.assumed.all(args.per_task);
    let how = args.how().map_err(Failure::Usage)?;
    let (Loaded { input, name: load, fetched, notes }, price) = args.load(config, &how, err)?;
    let Input { recorded, demand, censored_minutes } = input;
    let (service, live) = fetched.unzip();
    let runs = play::runs(live.as_ref());
    let mut traces = args.html.is_some().then(|| html::Traces::of(&demand, runs));
    let watch = html::watch(traces.as_mut());
    let played = play::play(config, &given, &demand, (&assumed, &price), live.as_ref(), watch)
        .map_err(|error| Failure::Usage(format!("{}: {error}", args.config.display())))?;
    let report = play::Report {
        service: service.as_ref().unwrap_or(&read.service),
        load: &load,
        fetched: service.is_some(),
        notes: &notes,
        recorded: &recorded,
        gaps_are_zero: how.gaps_are_zero,
        censored_minutes,
        demand: &demand,
        assumed: &assumed,
        price: &price,
        played: &played,
    };
    let asked = Asked {
        config,
        given: &given,
        demand: &demand,
        assumed: &assumed,
        price: &price,
        budget: args.budget / 100.0,
        timezone: &args.timezone,
        threads: thread::available_parallelism().map_or(1, NonZero::get),
    };
    let named = args.config.display().to_string();
    let (path, defaults) = (read.in_tree.as_str(), read.defaults.as_deref());
    let file = File { named, path, text: &read.text, defaults, load: &load };
    let answer = args.recommend.then(|| recommend(&asked, censored_minutes, &runs_done));
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
        files::write("--html", path, &html::page(&report, traces, recommended.as_ref())?)?;
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

/// How far a recommendation is, told so often that it moves and so seldom that it costs nothing.
fn runs_done(done: usize, of: usize) {
    if done == of || done.is_multiple_of(16) {
        progress(done, of, "runs");
    }
}

/// A line on a terminal that tells how far it is, written over as it goes.
fn progress(done: usize, of: usize, what: &str) {
    const WIDTH: usize = 40;
    if !io::stderr().is_terminal() {
        return;
    }
    let full = WIDTH * done / of.max(1);
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full));
    let _ = write!(io::stderr(), "\r{bar} {done} of {of} {what}");
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

    fn running(&self) -> Result<Option<Running>, String> {
        let running = |text: &String| match text.parse::<f64>() {
            Ok(_) => positive(text).map(Running::Tasks).map_err(|why| format!("--running: {why}")),
            Err(_) => Ok(Running::File(text.clone())),
        };
        self.running.as_ref().map(running).transpose()
    }

    fn price(&self, region: &str) -> Result<Price, String> {
        self.costs
            .price(region)
            .map_err(|why| format!("--region: {why}: give it with --price VCPU/GB, in USD an hour"))
    }

    /// The load, and the price of tasks where it is from.
    fn load(
        &self,
        config: &Scaling,
        how: &How,
        err: &mut impl Write,
    ) -> Result<(Loaded, Price), Failure> {
        let running = self.running().map_err(Failure::Usage)?;
        #[cfg(feature = "live")]
        if let Some(service) = &self.live.service {
            return self.fetch(service, config, (how, running), err);
        }
        let price = self.price(HOME).map_err(Failure::Usage)?;
        let measure = match (self.per_task, running) {
            (Some(per_task), _) => Some(Measure::PerTask(per_task)),
            (None, running) => running.map(Measure::Running),
        };
        let (Some(load), Some(measure)) = (self.load.clone(), measure) else {
            return Err(Failure::Usage(
                "--load and --per-task or --running must be given".to_owned(),
            ));
        };
        let name = load.display().to_string();
        let (how, assumed) = (how.clone(), self.assumed.all(self.per_task));
        let setup = Setup { load, measure, how, assumed, price };
        let input = setup.read(config, err)?;
        let notes = Vec::new();
        Ok((Loaded { input, name, fetched: None, notes }, setup.price))
    }

    /// The same of a service that runs.
    #[cfg(feature = "live")]
    fn fetch(
        &self,
        service: &ServiceKey,
        config: &Scaling,
        (how, running): (&How, Option<Running>),
        err: &mut impl Write,
    ) -> Result<(Loaded, Price), Failure> {
        let region = self.live.region(self.costs.region.as_deref())?;
        let price = self.price(&region).map_err(Failure::Usage)?;
        let given = running.map(|running| read_running(&running, how, err)).transpose()?;
        let wanted = match (self.per_task, given) {
            (Some(per_task), _) => service::Wanted::Counted(per_task),
            (None, Some(running)) => service::Wanted::Cpu(running),
            (None, None) => service::Wanted::Utilized,
        };
        let (assumed, wanted) = (self.assumed.all(self.per_task), (config, wanted));
        let told = |done, of| progress(done, of, "periods fetched");
        let how = (&assumed, how.gaps_are_zero);
        let fetched = self.live.fetch(service, &region, wanted, how, told)?;
        let service::Fetched { name, recorded, measure, live, notes } = fetched;
        let configs = match &live {
            Live::Scaled(live) => vec![config, live.as_ref()],
            Live::Fixed(_) => vec![config],
        };
        let input = Input::of(recorded, &measure, &configs);
        let fetched = Some((service.to_string(), live));
        Ok((Loaded { input, name, fetched, notes }, price))
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
