//! `load`: as `backtest` plays it.

use std::path::Path;

use jiff::SignedDuration;
use steady_core::config::{
    LoadBounds, LoadSettings, Measure, Running, ServiceConfig, render_duration,
};
use steady_sim::scaling::{Figures, Given};

use super::{Played, Unplayed, quoted};
use crate::backtest::{self, Setup};
use crate::checked::Checked;

pub(super) fn play(
    config_file: &Path,
    setup: &Setup,
    settings: &LoadSettings,
    bounds: &LoadBounds,
    config: &ServiceConfig,
) -> Result<Played, Unplayed> {
    let mut said = Vec::new();
    let input = setup.read(&config.scaling, &mut said).map_err(|failure| {
        let said = String::from_utf8_lossy(&said);
        let plain = |line: &str| line.strip_prefix("steady: ").unwrap_or(line).to_owned();
        Unplayed(said.lines().map(plain).chain([failure.to_string()]).collect())
    })?;
    let given = Given { initial: settings.tasks, ..Given::default() };
    let (figures, cost) =
        backtest::alone(&config.scaling, &given, &input, setup).map_err(Unplayed::because)?;
    let see = command(config_file, setup, settings);
    Ok(Played { how: String::new(), checked: check(&figures, cost, bounds), see })
}

/// Goes through what is expected.
fn check(figures: &Figures, cost_usd: f64, bounds: &LoadBounds) -> Vec<Checked> {
    let mut all = Vec::new();
    let mut at_most = |key, got: f64, wanted: Option<f64>, unit: &str| {
        all.extend(wanted.map(|wanted| Checked {
            key,
            met: got <= wanted,
            said: format!("{}{unit}, expected at most {}", number(got), number(wanted)),
        }));
    };
    let violating = figures.violating_load * 100.0;
    let unit = " % of the load in violating minutes";
    at_most("violating_percent_at_most", violating, bounds.violating_percent_at_most, unit);
    let (minutes, most) = (figures.violating_minutes, bounds.violating_minutes_at_most);
    at_most("violating_minutes_at_most", minutes, most, " violating minutes");
    at_most("cost_usd_at_most", cost_usd, bounds.cost_usd_at_most, " USD");
    let (actions, starts) = (figures.actions_per_day, figures.starts_per_day);
    at_most("actions_per_day_at_most", actions, bounds.actions_per_day_at_most, " actions a day");
    at_most("starts_per_day_at_most", starts, bounds.starts_per_day_at_most, " task starts a day");
    all.extend(bounds.longest_shortage_at_most.map(|wanted| {
        let got = SignedDuration::from_secs_f64(figures.longest_shortage_minutes * 60.0);
        Checked {
            key: "longest_shortage_at_most",
            met: got <= wanted,
            said: format!(
                "longest shortage {}, expected at most {}",
                render_duration(got),
                render_duration(wanted)
            ),
        }
    }));
    let (fewest, most) = (figures.fewest_tasks, figures.most_tasks);
    all.extend(bounds.tasks_at_least.map(|wanted| Checked {
        key: "tasks_at_least",
        met: fewest >= wanted,
        said: format!("fewest tasks wanted {fewest}, expected at least {wanted}"),
    }));
    all.extend(bounds.tasks_at_most.map(|wanted| Checked {
        key: "tasks_at_most",
        met: most <= wanted,
        said: format!("most tasks wanted {most}, expected at most {wanted}"),
    }));
    all
}

/// Two digits after the point at most, so many that a small one is not 0, and none that say nothing.
fn number(number: f64) -> String {
    let digits = if number != 0.0 && number.abs() < 0.01 { 4 } else { 2 };
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same as a command, which shows every minute of it.
fn command(config: &Path, setup: &Setup, settings: &LoadSettings) -> String {
    let mut words = vec![
        "steady backtest --load".to_owned(),
        quoted(&setup.load.display().to_string()),
        "--config".to_owned(),
        quoted(&config.display().to_string()),
    ];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))));
    };
    let pair = |pair: [f64; 2]| format!("{}/{}", pair[0], pair[1]);
    match &setup.measure {
        Measure::PerTask(count) => option("per-task", Some(count.to_string())),
        Measure::Running(Running::Tasks(tasks)) => option("running", Some(tasks.to_string())),
        Measure::Running(Running::File(file)) => option("running", Some(file.clone())),
    }
    option("column", settings.column.clone());
    option("timezone", settings.timezone.clone());
    let gaps = settings.gaps_are_zero.map(|zero| if zero { "zero" } else { "unknown" });
    option("gaps", gaps.map(str::to_owned));
    option("tasks", settings.tasks.map(|tasks| tasks.to_string()));
    option("start-up", settings.start_up.map(render_duration));
    option("capacity-at", settings.capacity_at.map(|percent| percent.to_string()));
    option("task", settings.task.map(pair));
    option("price", settings.price.map(pair));
    option("region", settings.region.clone());
    option("spot", settings.spot.map(|percent| percent.to_string()));
    if settings.arm == Some(true) {
        words.push("--arm".to_owned());
    }
    words.join(" ")
}
