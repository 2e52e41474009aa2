//! `steady override`: other bounds, or no rollback, for a while.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use steady_core::name::ServiceKey;
use steady_core::notice::words;
use steady_core::overrides::{HandError, Handed, OverriddenBy, Override, Which, hand};
use steady_core::port::KeepScaling;
use steady_core::scaling::{ScalingRecord, Suspended};
use steady_core::turn::TurnError;

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Place, Who, boxed};

/// Change a service's bounds, or forbid rollbacks, for a while; list such overrides, or end them.
///
/// Every override has an end. Steady applies it within a minute, and undoes it when it is over: what holds then is
/// computed anew from the config. Bounds are changed only where Steady manages the service's scaling; `--rollback off`
/// works everywhere. The table alone is written; notices tell when a long one begins, is soon over, and ends.
/// Exit code 2: it is not taken, or nothing of that id is in force.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["min", "max", "rollback", "list", "end"]))]
pub(crate) struct Args {
    /// Cluster and service
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: ServiceKey,
    /// At least so many tasks
    #[arg(long, value_name = "TASKS", value_parser = live::tasks, allow_negative_numbers = true, requires = "lasts", requires = "reason")]
    min: Option<u32>,
    /// At most so many tasks
    #[arg(long, value_name = "TASKS", value_parser = live::tasks, allow_negative_numbers = true, requires = "lasts", requires = "reason")]
    max: Option<u32>,
    /// `off`: no rollback by itself meanwhile; `steady rollback` still works
    #[arg(long, value_name = "off", value_parser = ["off"], requires = "lasts", requires = "reason")]
    rollback: Option<String>,
    /// For how long: `30m`, `2h`, at most `30d`
    #[arg(long = "for", value_name = "DURATION", value_parser = live::duration)]
    lasts: Option<SignedDuration>,
    /// Why; stands in the notices
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// List what is in force
    #[arg(long, conflicts_with_all = ["min", "max", "rollback", "lasts", "reason", "end"])]
    list: bool,
    /// End one by its id, or `all` that people made
    #[arg(long, value_name = "ID|all", conflicts_with_all = ["min", "max", "rollback", "lasts", "reason"])]
    end: Option<String>,
    /// Text, or JSON lines: one an override
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: Place,
}

/// One of them; a JSON line.
#[derive(Serialize)]
struct Line<'a> {
    service: &'a str,
    /// `put`, `ended`, `listed` or `refused`.
    outcome: &'static str,
    #[serde(rename = "override")]
    one: Option<&'a Override>,
    reason: Option<String>,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let now = live::now();
        if args.list {
            return list(args, &account, now, out).await;
        }
        let (handed, outcome) = match &args.end {
            Some(id) if id == "all" => (Handed::End(Which::OfPeople), "ended"),
            Some(id) => (Handed::End(Which::Id(id.clone())), "ended"),
            None => (Handed::Put(wanted(args, &account, now).await?), "put"),
        };
        let table = account.table();
        if args.end.is_none() && (args.min.is_some() || args.max.is_some()) {
            let record = read(&account, &args.service).await?;
            if record.is_none_or(|record| record.config.capacity.is_none()) {
                let _ = writeln!(
                    err,
                    "steady: Steady does not manage the scaling of {} (no `[capacity]` in its config, or not read yet): bounds change only once it does",
                    args.service,
                );
            }
        }
        match boxed(hand(&table, &args.service, &handed, now)).await {
            // Something else may be in force that was meant.
            Ok(changed)
                if changed.is_empty() && args.end.as_ref().is_some_and(|id| id != "all") =>
            {
                let why = "no override of that id is in force; `--list` shows what is";
                refused(args, out, why.to_owned())
            }
            Ok(changed) => print(args, out, outcome, &changed),
            Err(HandError::Refused(why)) => refused(args, out, why.to_string()),
            Err(HandError::Record(
                TurnError::Load { source, .. } | TurnError::Save { source, .. },
            )) => Err(account.failure(&source)),
            Err(HandError::Record(error)) => Err(Failure::Unable(error.to_string())),
        }
    })
}

/// What the person asks for.
async fn wanted(args: &Args, account: &Account<'_>, now: Timestamp) -> Result<Override, Failure> {
    let person = args.who.person(account).await?;
    let until = args.lasts.and_then(|lasts| now.checked_add(lasts).ok());
    Ok(Override {
        id: format!("{}-{}", person.name, now.as_second()),
        by: OverriddenBy::Person(person.name),
        reason: args.reason.clone().unwrap_or_default(),
        since: now,
        until: until.unwrap_or(now),
        min: args.min,
        max: args.max,
        suspended: Suspended::default(),
        rollback_off: args.rollback.is_some(),
    })
}

async fn list(
    args: &Args,
    account: &Account<'_>,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let record = read(account, &args.service).await?;
    let open: Vec<Override> = record.map(|record| open(record, now).collect()).unwrap_or_default();
    print(args, out, "listed", &open)
}

/// What is in force, or to come.
pub(crate) fn open(record: ScalingRecord, now: Timestamp) -> impl Iterator<Item = Override> {
    record.overrides.into_iter().filter(move |one| now < one.until)
}

/// What is remembered of its scaling.
pub(crate) async fn read(
    account: &Account<'_>,
    service: &ServiceKey,
) -> Result<Option<ScalingRecord>, Failure> {
    let loaded = boxed(account.table().load_scaling(service)).await;
    let loaded = loaded.map_err(|error| account.failure(&error))?;
    let record = loaded.stored.as_ref().map(ScalingRecord::restore).transpose();
    record.map_err(|error| Failure::Unable(live::not_understood(service, &error)))
}

fn print(
    args: &Args,
    out: &mut impl Write,
    outcome: &'static str,
    overrides: &[Override],
) -> Result<Exit, Failure> {
    let service = args.service.as_str();
    if args.format == Format::Json {
        let line = |one| Line { service, outcome, one: Some(one), reason: None };
        overrides.iter().try_for_each(|one| crate::print::json_line(out, &line(one)))?;
        return Ok(Exit::Good);
    }
    match (outcome, overrides) {
        ("ended", []) if args.end.as_deref() == Some("all") => {
            writeln!(out, "{service}: nothing that people made is in force; nothing was changed")?
        }
        (_, []) => writeln!(out, "{service}: nothing is overridden")?,
        ("ended", _) => writeln!(out, "{service}: ended, and undone within a minute")?,
        ("put", _) => writeln!(out, "{service}: overridden, and applied within a minute")?,
        _ => writeln!(out, "{service}: overridden")?,
    }
    overrides.iter().try_for_each(|one| writeln!(out, "  {}", in_words(one)))?;
    if let ("put", Some(one)) = (outcome, overrides.first()) {
        writeln!(out, "To end it before its time: {}", ending(&args.service, one))?;
    }
    Ok(Exit::Good)
}

fn refused(args: &Args, out: &mut impl Write, why: String) -> Result<Exit, Failure> {
    let service = args.service.as_str();
    match args.format {
        Format::Json => {
            let line = Line { service, outcome: "refused", one: None, reason: Some(why) };
            crate::print::json_line(out, &line)?;
        }
        Format::Text if args.end.is_some() => {
            writeln!(out, "{service}: nothing was ended: {why}")?;
        }
        Format::Text => writeln!(out, "{service} is not overridden: {why}")?,
    }
    Ok(Exit::No)
}

/// `at least 20 tasks until 2026-11-21 04:00:00 UTC, by ana: sale (ana-1763690400)`
pub(crate) fn in_words(one: &Override) -> String {
    format!("{} ({})", without_id(one), one.id)
}

/// The same without its id.
pub(crate) fn without_id(one: &Override) -> String {
    let until = words::clock(one.until);
    let reason = Some(words::cut(&one.reason, 200)).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} until {until}, by {}{reason}", one.does(), one.by)
}

/// The command that ends one before its time.
pub(crate) fn ending(service: &ServiceKey, one: &Override) -> String {
    format!("steady override {service} --end {}", one.id)
}
