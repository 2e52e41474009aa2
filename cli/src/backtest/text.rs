//! The report for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use steady_sim::scaling::{Action, Figures, Held, Why};

use super::load::spell;
use super::play::{NOT_SCALED, Outcome, Report};

/// Actions that are printed without being asked for.
const FIRST: usize = 10;

/// Prints it.
pub(super) fn print(
    out: &mut impl Write,
    report: &Report<'_>,
    all_actions: bool,
) -> io::Result<()> {
    input(out, report)?;
    writeln!(out)?;
    table(out, &report.played.outcomes)?;
    writeln!(out)?;
    actions(out, report, all_actions)?;
    held(out, &report.played.held)?;
    writeln!(out)?;
    assumed(out, report)
}

/// What was recorded, and what is to be known of it.
pub(super) fn input(out: &mut impl Write, report: &Report<'_>) -> io::Result<()> {
    let Report { recorded, demand, .. } = report;
    let seconds = demand.tasks.len() as u64 * u64::from(demand.step);
    writeln!(
        out,
        "{} over {}: {} from {} on, a value each {}",
        report.service,
        report.load,
        spell(seconds),
        clock(recorded.start),
        spell(u64::from(recorded.period)),
    )?;
    let known: Vec<f64> = demand.tasks.iter().copied().filter(|load| !load.is_nan()).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let peak = known.iter().copied().fold(0.0, f64::max);
    writeln!(out, "the load fills {mean:.1} tasks on average, {peak:.1} at most")?;
    for line in recorded.found.told(report.gaps_are_zero) {
        writeln!(out, "note: {line}")?;
    }
    if recorded.period > 60 {
        let period = spell(u64::from(recorded.period));
        writeln!(
            out,
            "note: what rose and fell within {period} is not seen, so shortages are shorter than they were"
        )?;
    }
    if report.censored_minutes > 0.0 {
        let minutes = count(report.censored_minutes);
        writeln!(
            out,
            "note: in {minutes} minutes utilization was {} % or more: more load may have come than it could say",
            super::demand::CENSORED_FROM
        )?;
    }
    for left_out in &report.played.left_out {
        writeln!(out, "note: {left_out}")?;
    }
    for note in report.notes {
        writeln!(out, "note: {note}")?;
    }
    for left_out in &report.played.live_left_out {
        writeln!(out, "note: live: {left_out}")?;
    }
    Ok(())
}

/// A name, and its figure for a run.
pub(super) type Row = (&'static str, fn(&Outcome) -> String);

pub(super) const ROWS: [Row; 21] = [
    ("violating minutes", |one| count(one.figures.violating_minutes)),
    ("load in those minutes", |one| percent(one.figures.violating_load)),
    ("shortages", |one| one.figures.shortages.to_string()),
    ("longest shortage, minutes", |one| count(one.figures.longest_shortage_minutes)),
    ("median recovery, minutes", |one| count(one.figures.median_recovery_minutes)),
    ("task-hours", |one| count(one.figures.task_hours)),
    ("cost, USD", |one| format!("{:.2}", one.cost_usd)),
    ("cost / oracle's cost", |one| format!("{:.2}", one.cost_over_oracle)),
    ("actions a day", |one| format!("{:.1}", one.figures.actions_per_day)),
    ("task starts a day", |one| format!("{:.1}", one.figures.starts_per_day)),
    ("tasks wanted", |one| format!("{} to {}", one.figures.fewest_tasks, one.figures.most_tasks)),
    ("minutes at min", |one| at_bound(one, |figures| figures.minutes_at_min)),
    ("minutes at max", |one| at_bound(one, |figures| figures.minutes_at_max)),
    ("tasks missing (theta_U)", |one| percent(one.figures.theta_under)),
    ("tasks too many (theta_O)", |one| percent(one.figures.theta_over)),
    ("time with too few (tau_U)", |one| percent(one.figures.tau_under)),
    ("time with too many (tau_O)", |one| percent(one.figures.tau_over)),
    ("instability", |one| percent(one.figures.instability)),
    ("jitter, tasks a minute", |one| format!("{:.3}", one.figures.jitter)),
    ("elastic speed-up over HPA", |one| format!("{:.2}", one.speed_up_over_hpa)),
    ("minutes judged", |one| count(one.figures.minutes)),
];

fn table(out: &mut impl Write, outcomes: &[Outcome]) -> io::Result<()> {
    let width = |one: &Outcome| one.name.chars().count().max(9) + 3;
    write!(out, "{:26}", "")?;
    for one in outcomes {
        write!(out, "{:>width$}", one.name, width = width(one))?;
    }
    writeln!(out)?;
    for (name, value) in ROWS {
        write!(out, "{name:26}")?;
        for one in outcomes {
            write!(out, "{:>width$}", value(one), width = width(one))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// How often each reason acted, and the first actions or all.
fn actions(out: &mut impl Write, report: &Report<'_>, all: bool) -> io::Result<()> {
    let actions = &report.played.actions;
    counted(out, actions)?;
    let shown = if all { actions.len() } else { FIRST };
    for action in actions.iter().take(shown) {
        let at = clock(report.demand.at(action.step));
        writeln!(out, "  {at}  {:>4} → {:<4}  {action}", action.from, action.to)?;
    }
    if actions.len() > shown {
        writeln!(out, "  and {} more: --actions prints them all", actions.len() - shown)?;
    }
    Ok(())
}

/// How often each reason acted.
pub(super) fn counted(out: &mut impl Write, actions: &[Action]) -> io::Result<()> {
    if actions.is_empty() {
        return writeln!(out, "no action: the count never changed");
    }
    let mut by_reason: BTreeMap<String, usize> = BTreeMap::new();
    for action in actions {
        *by_reason.entry(reason(action)).or_default() += 1;
    }
    let one = if actions.len() == 1 { "action" } else { "actions" };
    let counted: Vec<String> =
        by_reason.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    writeln!(out, "{} {one}: {}", actions.len(), counted.join(", "))
}

fn reason(action: &Action) -> String {
    let way = if action.to > action.from { "out" } else { "in" };
    match &action.why {
        Why::Tracking { policy, .. } | Why::Step { policy, .. } => format!("{way} by `{policy}`"),
        Why::Wake { policy } => format!("woken by `{policy}`"),
        Why::Bounds { by, .. } => format!("{way} by {by}"),
        Why::Forecast { .. } => "out by the forecast".to_owned(),
    }
}

/// What was not done, and why.
pub(super) fn held(out: &mut impl Write, held: &Held) -> io::Result<()> {
    let all = [
        (held.at_max, "to scale out at max: the service was starved by its own limit"),
        (held.cooldown_out, "to scale out within the cooldown, for no more than before"),
        (held.at_desired, "to scale out for no more than was wanted already"),
        (held.at_min, "to scale in at min"),
        (held.cooldown_in, "to scale in within the cooldown"),
        (held.flapping, "to scale in where one task fewer would be too few"),
        (held.not_all_agree, "to scale in, which another policy did not agree to"),
        (held.deployment, "to scale in while a deployment was in progress"),
        (held.suspended, "while scaling was suspended"),
    ];
    for (count, said) in all.into_iter().filter(|(count, _)| *count > 0) {
        let called = if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
        writeln!(out, "{called} in vain {said}")?;
    }
    Ok(())
}

/// What is only assumed, and what tasks cost.
pub(super) fn assumed(out: &mut impl Write, report: &Report<'_>) -> io::Result<()> {
    let (assumed, price) = (report.assumed, report.price);
    writeln!(
        out,
        "assumed: a task serves {} after it is wanted; a metric acts {} after its minute; scale-in below {} of the target; \
         a task that carries what it can is at {} % CPU; nobody retries (open loop)",
        spell(u64::from(assumed.start_up_seconds)),
        spell(u64::from(assumed.metric_delay_seconds)),
        assumed.scale_in_margin,
        assumed.utilization_at_capacity,
    )?;
    let spot = match price.spot {
        0.0 => String::new(),
        spot => format!(", {} of them on Spot", percent(spot)),
    };
    writeln!(
        out,
        "priced: tasks of {} vCPU and {} GB{spot}, {:.5} USD an hour each ({})",
        price.vcpu, price.gb, price.task_hour, price.by
    )
}

/// Rivals without bounds have no minutes at them.
fn at_bound(one: &Outcome, minutes: fn(&Figures) -> f64) -> String {
    match one.name.as_str() {
        "static peak" | "oracle" | NOT_SCALED => "-".to_owned(),
        _ => count(minutes(&one.figures)),
    }
}

/// Whole numbers without a point, others with one digit.
fn count(number: f64) -> String {
    if (number - number.round()).abs() < 1e-9 || number >= 1000.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 {
        format!("{percent:.2} %")
    } else {
        format!("{percent:.1} %")
    }
}

pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}
