//! What a team expects of its config: `[[expect]]`. `steady test` plays it; the functions only see to it that it can be read.

use jiff::SignedDuration;

/// One entry: something that is played with the config of the file, and what has to come of it.
///
/// ```toml
/// [[expect]]
/// load = "checkout-black-friday.csv"
/// per_task = 600
/// violating_percent_at_most = 1.0
/// cost_usd_at_most = 120.0
///
/// [[expect]]
/// scenario = "../scenarios/crash-at-start.toml"
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Its own name, else the path of what it plays.
    pub name: String,
    /// What is played.
    pub play: Play,
}

/// What is played with a config. Paths are relative to the folder of the config file.
#[derive(Debug, Clone, PartialEq)]
pub enum Play {
    /// `load`: recorded load, as `steady backtest` plays it.
    Load {
        /// Path of the recording.
        file: String,
        /// What its values are.
        measure: Measure,
        /// How it is read and played.
        settings: Box<LoadSettings>,
        /// What has to come of it; one of them at least.
        bounds: LoadBounds,
    },
    /// `scenario`: a scenario, as `steady simulate` plays it. What has to come of it is in the scenario.
    Scenario {
        /// Path of the scenario.
        file: String,
        /// `runs`: how often, 1 to 1,000,000. `None`: as often as without the option.
        runs: Option<u32>,
    },
}

/// What the values of recorded load are.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// `per_task`: they count requests or messages, of which a task carries so many a minute; above 0.
    PerTask(f64),
    /// `running`: they are CPU utilization in percent, while so many tasks ran.
    Running(Running),
}

/// How many tasks ran while utilization was recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Running {
    /// Always as many; above 0.
    Tasks(f64),
    /// As in a file like that of the load.
    File(String),
}

/// How recorded load is read and played; what is `None` is as without the option of that name of `steady backtest`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadSettings {
    /// Of a file with several columns.
    pub column: Option<String>,
    /// IANA zone of times that name none.
    pub timezone: Option<String>,
    /// `gaps`: whether a period without a value is one without load.
    pub gaps_are_zero: Option<bool>,
    /// Tasks at the beginning.
    pub tasks: Option<u32>,
    /// From the moment a task is wanted until it serves: 0 s to 1 h.
    pub start_up: Option<SignedDuration>,
    /// CPU utilization, in percent, of a task that carries what it can; above 0.
    pub capacity_at: Option<f64>,
    /// `task`: vCPU and GB of one.
    pub task: Option<[f64; 2]>,
    /// Whose Fargate prices are taken.
    pub region: Option<String>,
    /// Whether tasks run on ARM.
    pub arm: Option<bool>,
    /// USD for a vCPU and a GB, each for an hour, in place of the region's.
    pub price: Option<[f64; 2]>,
    /// The share of task-hours on Fargate Spot, in percent.
    pub spot: Option<f64>,
}

/// What has to come of recorded load; what is `None` is not asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadBounds {
    /// Of the load so many percent come in minutes with fewer tasks than it needs.
    pub violating_percent_at_most: Option<f64>,
    /// So many such minutes.
    pub violating_minutes_at_most: Option<f64>,
    /// The longest stretch of them.
    pub longest_shortage_at_most: Option<SignedDuration>,
    /// What the tasks of the whole recording cost.
    pub cost_usd_at_most: Option<f64>,
    /// Tasks that are wanted, at every moment.
    pub tasks_at_least: Option<u32>,
    /// See `tasks_at_least`.
    pub tasks_at_most: Option<u32>,
    /// Changes of the task count.
    pub actions_per_day_at_most: Option<f64>,
    /// Tasks started.
    pub starts_per_day_at_most: Option<f64>,
}

/// Reads vCPU and GB of a task, or their prices: `0.5/1`.
///
/// # Errors
/// What was expected, as a sentence's end.
pub fn parse_vcpu_and_gb(text: &str) -> Result<[f64; 2], &'static str> {
    let number = |text: &str| {
        let number = text.trim().parse().ok();
        number.filter(|number: &f64| number.is_finite() && *number > 0.0)
    };
    let parts = text.split_once('/');
    let parts = parts.and_then(|(vcpu, gb)| Some([number(vcpu)?, number(gb)?]));
    parts.ok_or("expected vCPU and GB, both above 0, such as `0.5/1`")
}
