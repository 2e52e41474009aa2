//! `steady status`: what is open, and how services stand.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use steady_core::evidence;
use steady_core::installation::Pause;
use steady_core::name::{ServiceKey, TaskDefinitionRevision};
use steady_core::notice::words;
use steady_core::overrides::Override;
use steady_core::port::{KeepRecords, KeepSwitch, ListRecords};
use steady_core::record::{Record, Whose};
use steady_core::scaling::{ScalingRecord, ScalingTrouble};
use steady_core::status::{ServiceStatus, Standing, State};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Place, boxed};
use crate::override_;
use crate::pause::in_words;

/// Show what is open, what is overridden, and how services stand, by Steady's records.
///
/// Open are incidents, rejected config, and services that run as many tasks as they may while more are asked for: exit code 2
/// says that something is. Without a service: all that is open in the account, every override with the command that ends it, then
/// counts; it reads the whole table. Reads only, and Steady's table alone: counts of tasks are those of Steady's last look.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster and service
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: Option<ServiceKey>,
    /// Text, or JSON: one object for a service; for the account a line for itself, then one for each service
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// What is said of one service; the JSON output.
#[derive(Serialize)]
struct One<'a> {
    #[serde(flatten)]
    status: &'a ServiceStatus,
    overrides: &'a [Override],
    troubles: &'a [ScalingTrouble],
    paused: Option<&'a Pause>,
}

/// What is said of the account; the first JSON line.
#[derive(Serialize)]
struct AccountStatus<'a> {
    region: &'a str,
    paused: Option<&'a Pause>,
    services: usize,
    open: usize,
    overrides: &'a [Overridden],
    troubles: &'a [Troubled],
}

/// What is wrong with a service's scaling, and whose.
#[derive(Serialize)]
struct Troubled {
    service: ServiceKey,
    trouble: ScalingTrouble,
}

/// An override in force, and whose.
#[derive(Serialize)]
struct Overridden {
    service: ServiceKey,
    #[serde(rename = "override")]
    one: Override,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let now = live::now();
        let switch = boxed(account.table().load_switch()).await;
        let (switch, _) = switch.map_err(|error| account.failure(&error))?;
        let pause = switch.pause_at(now);
        match &args.service {
            Some(service) => one(args, &account, service, (pause, now), out).await,
            None => all(args, &account, (pause, now), out, err).await,
        }
    })
}

async fn one(
    args: &Args,
    account: &Account<'_>,
    service: &ServiceKey,
    (pause, now): (Option<&Pause>, Timestamp),
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let status = ServiceStatus::of(&load(account, service).await?);
    let scaling = override_::read(account, service).await?;
    let troubles = scaling.as_ref().map(|one| one.troubles.clone()).unwrap_or_default();
    let overrides = scaling.into_iter().flat_map(|one| override_::open(one, now));
    let overrides: Vec<Override> = overrides.collect();
    match args.format {
        Format::Json => {
            let (overrides, troubles) = (&overrides, &troubles);
            let line = One { status: &status, overrides, troubles, paused: pause };
            crate::print::json_line(out, &line)?;
        }
        Format::Text => {
            print_one(out, &status, now)?;
            for one in &troubles {
                writeln!(out, "{:<12}{}", "Scaling", since(one))?;
            }
            for one in &overrides {
                writeln!(out, "{:<12}{}", "Overridden", override_::in_words(one))?;
            }
            if let Some(pause) = pause {
                writeln!(out, "{:<12}{}", "Paused", in_words(pause))?;
            }
        }
    }
    let is_open = status.incident.is_some() || !troubles.is_empty();
    Ok(if is_open { Exit::No } else { Exit::Good })
}

/// A service's record.
pub(crate) async fn load(account: &Account<'_>, service: &ServiceKey) -> Result<Record, Failure> {
    let loaded = boxed(account.table().load(service)).await;
    let loaded = loaded.map_err(|error| account.failure(&error))?;
    let stored = loaded.stored.ok_or_else(|| account.unknown(service))?;
    Record::restore(&stored).map_err(|error| Failure::Unable(live::not_understood(service, &error)))
}

async fn all(
    args: &Args,
    account: &Account<'_>,
    (pause, now): (Option<&Pause>, Timestamp),
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    let records = boxed(account.table().records()).await;
    let records = records.map_err(|error| account.failure(&error))?;
    let (mut services, mut overrides, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_whole = true;
    for (whose, stored) in records {
        let (service, read) = match whose {
            Whose::Service(service) => {
                let read = Record::restore(&stored);
                (service, read.map(|record| services.push(ServiceStatus::of(&record))))
            }
            Whose::Scaling(service) => {
                let read = ScalingRecord::restore(&stored).map(|record| {
                    let own = || service.clone();
                    let known = record.troubles.iter().cloned();
                    troubles.extend(known.map(|trouble| Troubled { service: own(), trouble }));
                    let open = override_::open(record, now);
                    overrides.extend(open.map(|one| Overridden { service: own(), one }));
                });
                (service, read)
            }
            Whose::Family(_) | Whose::Account => continue,
        };
        if let Err(error) = read {
            is_whole = false;
            let _ = writeln!(err, "steady: {}", live::not_understood(&service, &error));
        }
    }
    overrides.sort_by(|a, b| (&a.service, a.one.until).cmp(&(&b.service, b.one.until)));
    troubles.sort_by(|a, b| a.service.cmp(&b.service));
    // What is open first, what has been so for longest above.
    services.sort_by_key(|one| {
        let opened = one.incident.as_ref().map(|incident| incident.opened_at);
        (opened.is_none(), opened)
    });
    let open = services.iter().filter(|one| one.incident.is_some()).count();
    match args.format {
        Format::Json => {
            let region = account.region();
            let (known, overrides) = (services.len(), overrides.as_slice());
            let troubles = troubles.as_slice();
            let line =
                AccountStatus { region, paused: pause, services: known, open, overrides, troubles };
            crate::print::json_line(out, &line)?;
            services.iter().try_for_each(|one| crate::print::json_line(out, one))?;
        }
        Format::Text => print_all(out, (&services, open), (&troubles, &overrides), pause, now)?,
    }
    Ok(match (open + troubles.len(), is_whole) {
        (_, false) => Exit::Input,
        (0, true) => Exit::Good,
        (_, true) => Exit::No,
    })
}

// ---- in words ----

fn print_one(out: &mut impl Write, status: &ServiceStatus, now: Timestamp) -> io::Result<()> {
    let state = match &status.incident {
        Some(incident) => {
            let open_for = words::duration(now.duration_since(incident.opened_at));
            format!("{}, open for {open_for}", incident.kind.words())
        }
        None => "no incident is open".to_owned(),
    };
    writeln!(out, "{}: {state}", status.service)?;
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(at) = status.deleted_at {
        lines.push(("Deleted", words::clock(at)));
    }
    if let Some(incident) = &status.incident {
        let opened = words::clock(incident.opened_at);
        let on = named(incident.revision.as_ref());
        lines.push((
            "Incident",
            format!("{}, since {opened}, on {on}, deployment {}", incident.id, incident.about),
        ));
        let odds = evidence::in_words(incident.evidence);
        let failed = words::failed(incident.counts);
        lines.push((
            "Evidence",
            format!("{failed}; {odds} : 1 that it fails more than is tolerated"),
        ));
        lines.push(("Rollback", incident.rollback.clone()));
    }
    lines.extend(status.deployment.as_ref().map(|one| ("Deployment", standing(one))));
    lines.extend(tasks(status).map(|tasks| ("Tasks", tasks)));
    let proven = status.proven.iter();
    let proven: Vec<String> =
        proven.map(|one| format!("{}, since {}", one.revision, words::clock(one.at))).collect();
    lines
        .push(("Proven", if proven.is_empty() { "nothing".to_owned() } else { proven.join("; ") }));
    if !status.bad.is_empty() {
        let bad: Vec<&str> = status.bad.iter().map(TaskDefinitionRevision::as_str).collect();
        lines.push(("Bad", bad.join(", ")));
    }
    lines.push(("Config", format!("rollback = \"{}\"", mode(status))));
    for to_do in &status.to_do {
        let tried = match to_do.attempt {
            0 => "not tried yet".to_owned(),
            more => format!("taken up {}", words::times(more)),
        };
        let decided = words::clock(to_do.decided_at);
        lines.push(("To do", format!("{}, decided at {decided}, {tried}", to_do.what)));
    }
    writeln!(out)?;
    lines.iter().try_for_each(|(label, text)| writeln!(out, "{label:<12}{text}"))
}

fn mode(status: &ServiceStatus) -> &'static str {
    use steady_core::config::RollbackMode;
    match status.rollback {
        RollbackMode::Auto => "auto",
        RollbackMode::Notify => "notify",
        RollbackMode::Off => "off",
    }
}

fn named(revision: Option<&TaskDefinitionRevision>) -> &str {
    revision.map_or("an unknown revision", TaskDefinitionRevision::as_str)
}

fn standing(one: &Standing) -> String {
    let until = one.until.map(|until| format!(" until {}", words::clock(until)));
    format!(
        "{} ({}), {}{}; it began at {}",
        named(one.revision.as_ref()),
        one.id,
        one.state.words(),
        until.unwrap_or_default(),
        words::clock(one.began),
    )
}

fn tasks(status: &ServiceStatus) -> Option<String> {
    let (desired, read_at) = (status.desired_count?, status.read_at?);
    let running = status.incident.as_ref().and_then(|incident| incident.running_count);
    let tasks = match running {
        Some(running) => format!("{running} of {desired} running"),
        None => format!("{desired} desired"),
    };
    Some(format!("{tasks}, as read at {}", words::clock(read_at)))
}

fn print_all(
    out: &mut impl Write,
    (services, open): (&[ServiceStatus], usize),
    (troubles, overrides): (&[Troubled], &[Overridden]),
    pause: Option<&Pause>,
    now: Timestamp,
) -> io::Result<()> {
    if let Some(pause) = pause {
        writeln!(out, "Steady is paused {}\n", in_words(pause))?;
    }
    if open > 0 {
        let name = |one: &ServiceStatus| one.service.as_str().len();
        let width = services.iter().take(open).map(name).max().unwrap_or(0).max("SERVICE".len());
        writeln!(out, "{:<width$}  {:<10}  {:<9}  WHAT", "SERVICE", "OPEN FOR", "RUNNING")?;
        for one in services {
            let Some(incident) = &one.incident else { continue };
            let open_for = words::duration(now.duration_since(incident.opened_at));
            let running = match (incident.running_count, one.desired_count) {
                (Some(running), Some(desired)) => format!("{running} of {desired}"),
                _ => "-".to_owned(),
            };
            let (kind, on) = (incident.kind.words(), named(incident.revision.as_ref()));
            let service = one.service.as_str();
            writeln!(
                out,
                "{service:<width$}  {open_for:<10}  {running:<9}  {kind} on {on}; {}",
                incident.rollback,
            )?;
        }
        writeln!(out)?;
    }
    if !troubles.is_empty() {
        writeln!(out, "Scaling")?;
        for Troubled { service, trouble } in troubles {
            writeln!(out, "  {service}: {}", since(trouble))?;
        }
        writeln!(out)?;
    }
    if !overrides.is_empty() {
        writeln!(out, "Overridden")?;
        for Overridden { service, one } in overrides {
            writeln!(out, "  {service}: {}", override_::without_id(one))?;
            writeln!(out, "    to end it before: {}", override_::ending(service, one))?;
        }
        writeln!(out)?;
    }
    print_counts(out, services, open)
}

/// How many services there are, and how they stand.
fn print_counts(out: &mut impl Write, services: &[ServiceStatus], open: usize) -> io::Result<()> {
    let to_do = services.iter().filter(|one| !one.to_do.is_empty()).count();
    let in_state = |state: State| {
        let is_it = |one: &&ServiceStatus| {
            one.deleted_at.is_none() && one.deployment.as_ref().is_some_and(|it| it.state == state)
        };
        services.iter().filter(is_it).count()
    };
    writeln!(out, "{} known, {open} with an open incident", several(services.len(), "service"))?;
    let states = [State::InProgress, State::Soaking, State::Proven, State::Unproven, State::Failed];
    let counts: Vec<String> = states
        .into_iter()
        .map(|state| (in_state(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.words()))
        .collect();
    if !counts.is_empty() {
        writeln!(out, "newest deployments: {}", counts.join("; "))?;
    }
    if to_do > 0 {
        writeln!(
            out,
            "{} with something decided and not yet confirmed",
            several(to_do, "service")
        )?;
    }
    Ok(())
}

fn since(trouble: &ScalingTrouble) -> String {
    format!("since {}: {}", words::clock(trouble.opened_at), trouble.kind.words())
}

fn several(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
