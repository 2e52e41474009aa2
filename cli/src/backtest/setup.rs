//! What is played and how: what options of `backtest` and keys of `[[expect]]` say alike.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use jiff::SignedDuration;
use steady_core::config::{
    LoadSettings, Measure, Running, Scaling, parse_duration, parse_vcpu_and_gb,
};
use steady_core::scaling::zone;
use steady_sim::scaling::{Assumptions, Demand};

use super::demand;
use super::load::{self, How, Recorded};
use super::price::{self, Price};
use crate::exit::Failure;

/// Recorded load, and all that is needed to play a config over it.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) load: PathBuf,
    pub(crate) measure: Measure,
    pub(crate) how: How,
    pub(crate) assumed: Assumptions,
    pub(super) price: Price,
}

/// A recording, read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) recorded: Recorded,
    pub(crate) demand: Demand,
    /// Minutes in which more load may have come than utilization could say.
    pub(crate) censored_minutes: f64,
}

impl Setup {
    /// Reads what it names; for `config`, which says how finely it is to be looked at. All that is wrong with a file goes to
    /// `err`.
    pub(crate) fn read(&self, config: &Scaling, err: &mut impl Write) -> Result<Input, Failure> {
        let recorded = read_load(&self.load, &self.how, err)?;
        let at_capacity = self.assumed.utilization_at_capacity;
        let measure = match &self.measure {
            Measure::PerTask(per_task) => demand::Measure::Counted { per_task: *per_task },
            Measure::Running(running) => {
                let running = read_running(running, &self.how, err)?;
                demand::Measure::Utilization { running, at_capacity }
            }
        };
        Ok(Input::of(recorded, &measure, &[config]))
    }
}

/// How many tasks ran, which may take a file to know.
pub(super) fn read_running(
    running: &Running,
    how: &How,
    err: &mut impl Write,
) -> Result<demand::Running, Failure> {
    match running {
        Running::Tasks(tasks) => Ok(demand::Running::Always(*tasks)),
        Running::File(file) => {
            // Its columns are its own, and no value of it means none.
            let how = How { column: None, gaps_are_zero: false, ..how.clone() };
            Ok(demand::Running::Recorded(read_load(Path::new(file), &how, err)?))
        }
    }
}

impl Input {
    /// For what these configs look at.
    pub(super) fn of(recorded: Recorded, measure: &demand::Measure, configs: &[&Scaling]) -> Self {
        let (demand, censored_minutes) = demand::of(&recorded, measure, configs);
        Self { recorded, demand, censored_minutes }
    }
}

/// Reads a recording; all that is wrong with it goes to `err`.
fn read_load(path: &Path, how: &How, err: &mut impl Write) -> Result<Recorded, Failure> {
    let file = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("{file}: cannot read it: {error}")))?;
    load::read(&text, how).map_err(|refused| {
        const SHOWN: usize = 20;
        for one in refused.iter().take(SHOWN) {
            let _ = writeln!(err, "steady: {file}: {one}");
        }
        if refused.len() > SHOWN {
            let _ = writeln!(err, "steady: {file}: and {} more", refused.len() - SHOWN);
        }
        Failure::Config(format!("nothing was played: {file} cannot be used as it is"))
    })
}

/// What AWS does not publish, and what only the team knows.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Assumptions")]
pub(super) struct Assumed {
    /// From the moment a task is wanted until it serves.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    start_up: SignedDuration,
    /// CPU utilization, in percent, of a task that carries what it can at its service level.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0, value_parser = percent)]
    capacity_at: f64,
    /// From the end of a minute until an alarm acts on its metric; of metrics by 20 s it is 25 s.
    #[arg(long, value_name = "DURATION", default_value = "180s", value_parser = duration)]
    metric_delay: SignedDuration,
    /// The alarm of target tracking that scales in is at this share of the target.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = share)]
    scale_in_margin: f64,
}

/// What tasks cost.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Costs")]
pub(super) struct Costs {
    /// How large a task is: vCPU and GB.
    #[arg(long, value_name = "VCPU/GB", default_value = "1/2", value_parser = pair)]
    task: [f64; 2],
    /// The region whose Fargate prices are taken, by default us-east-1. With --service also where that is, by default the region of the
    /// environment or the profile.
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Tasks run on ARM.
    #[arg(long)]
    arm: bool,
    /// USD for a vCPU and a GB, each for an hour, instead of the region's.
    #[arg(long, value_name = "VCPU/GB", value_parser = pair, conflicts_with = "arm")]
    price: Option<[f64; 2]>,
    /// The share of task-hours on Fargate Spot.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    spot: f64,
    /// How much less Spot costs. AWS changes it; 70 is what it advertises.
    #[arg(long, value_name = "PERCENT", default_value_t = 70.0, value_parser = percent)]
    spot_discount: f64,
}

/// The options' own defaults.
#[derive(Debug, Parser)]
struct Defaults {
    #[command(flatten)]
    assumed: Assumed,
    #[command(flatten)]
    costs: Costs,
}

impl Setup {
    /// What an expectation of a config file in `folder` plays.
    ///
    /// # Errors
    /// A key's value that only here is known to be none: which, and why.
    pub(crate) fn of_expectation(
        folder: &Path,
        load: &str,
        measure: &Measure,
        settings: &LoadSettings,
    ) -> Result<Self, String> {
        let Defaults { mut assumed, mut costs } =
            Defaults::try_parse_from(["defaults"]).map_err(|error| error.to_string())?;
        let in_folder = |file: &str| folder.join(file);
        let measure = match measure {
            Measure::Running(Running::File(file)) => {
                Measure::Running(Running::File(in_folder(file).display().to_string()))
            }
            other => other.clone(),
        };
        fn set<T: Clone>(to: &mut T, given: &Option<T>) {
            if let Some(given) = given {
                *to = given.clone();
            }
        }
        set(&mut assumed.start_up, &settings.start_up);
        set(&mut assumed.capacity_at, &settings.capacity_at);
        set(&mut costs.task, &settings.task);
        costs.region.clone_from(&settings.region);
        set(&mut costs.arm, &settings.arm);
        set(&mut costs.spot, &settings.spot);
        costs.price = settings.price;
        let per_task = match &measure {
            Measure::PerTask(count) => Some(*count),
            Measure::Running(_) => None,
        };
        let timezone = settings.timezone.as_deref().unwrap_or(UTC);
        let price = costs.price(HOME).map_err(|why| {
            format!("`region`: {why}: write `price = \"VCPU/GB\"`, in USD an hour")
        })?;
        Ok(Self {
            load: in_folder(load),
            assumed: assumed.all(per_task),
            measure,
            how: How {
                column: settings.column.clone(),
                zone: zone(timezone)
                    .ok_or_else(|| format!("`timezone`: `{timezone}` is no zone"))?,
                gaps_are_zero: settings.gaps_are_zero.unwrap_or_default(),
            },
            price,
        })
    }
}

/// The region whose prices are taken, where nobody says another.
pub(super) const HOME: &str = "us-east-1";

/// The zone of times that name none, where nobody says another.
pub(super) const UTC: &str = "UTC";

impl Assumed {
    pub(super) fn all(&self, per_task_minute: Option<f64>) -> Assumptions {
        let seconds =
            |duration: SignedDuration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        Assumptions {
            start_up_seconds: seconds(self.start_up),
            utilization_at_capacity: self.capacity_at,
            per_task_minute,
            metric_delay_seconds: seconds(self.metric_delay),
            scale_in_margin: self.scale_in_margin,
            ..Assumptions::default()
        }
    }
}

impl Costs {
    /// By the region that was given, else by `region`.
    ///
    /// # Errors
    /// The region has no price here.
    pub(super) fn price(&self, region: &str) -> Result<Price, String> {
        let region = self.region.as_deref().unwrap_or(region);
        let (price, by) = match self.price {
            Some(price) => (price, "as given".to_owned()),
            None => price::of_region(region, self.arm)?,
        };
        Ok(Price::new(self.task, price, by, self.spot / 100.0, self.spot_discount / 100.0))
    }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("`{text}` is no number above 0"))
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| format!("`{text}` is no percentage, expected 0 to 100"))
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| format!("`{text}` is no share, expected 0 to 1"))
}

fn pair(text: &str) -> Result<[f64; 2], String> {
    parse_vcpu_and_gb(text).map_err(str::to_owned)
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}
