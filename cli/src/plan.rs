//! `steady plan`: what a config tree would change in the account's scaling.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;
use jiff::Timestamp;
use serde::Serialize;
use steady_core::config::ConfigTree;
use steady_core::name::ServiceKey;
use steady_core::port::{KeepScaling, ListRecords, ReadAllScaling, ReadScaling};
use steady_core::record::{Stored, Whose};
use steady_core::scaling::{LiveScaling, Plan, ScalingRecord, plan, render_plans};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Place, boxed};

/// Of so many services each is read by itself, with its tags: six calls a service. Of more the account is listed once.
const ONE_BY_ONE_MAX: usize = 20;

/// Between two calls that list the account: Application Auto Scaling shares its rates with everything else there.
const BETWEEN_PAGES: Duration = Duration::from_millis(100);

/// As many as [`ReadAllScaling`] takes.
const AT_ONCE: usize = 50;

/// Show what a config tree would change in the account's scaling: targets, policies, scheduled actions, alarms.
///
/// Reads DIR as `check` does and compares it with what is live now, overrides and windows in force included; it does not
/// matter what is pushed. Which files differ from the live config, health and notices among them, is shown by
/// `steady push --dry-run`. Reads only. Exits with 0 if nothing is to be changed, 2 if something is or a service is refused, 65 if the config
/// has errors (on stderr, as `check` prints them; nothing is planned then).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The config: DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Plan this one only, instead of all that have a file
    #[arg(long, value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: Option<ServiceKey>,
    /// Plan as if it were then, `2026-11-27T20:30:00Z`, with the windows and overrides of that time; by default now
    #[arg(long, value_name = "TIME", value_parser = live::time)]
    at: Option<Timestamp>,
    /// Text, or JSON lines: one plan a service
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// A service that Steady scales and that has no file any more; a JSON line.
#[derive(Serialize)]
struct WithoutFile<'a> {
    service: &'a ServiceKey,
    without_file: bool,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    let tree = live::checked(&args.dir, args.format, "nothing was planned", err)?.tree;
    let wanted: Vec<ServiceKey> = match &args.service {
        None => tree.services().map(|(service, _)| ServiceKey::from(service)).collect(),
        Some(service) if tree.services().any(|(known, _)| known == service.as_str()) => {
            vec![service.clone()]
        }
        Some(service) => {
            let path = args.dir.join(format!("{service}.toml"));
            return Err(Failure::Usage(format!(
                "there is no {}: nothing is wanted of this service's scaling, and nothing of it would change",
                path.display(),
            )));
        }
    };
    live::block_on(async {
        let account = args.place.open().await?;
        let now = args.at.unwrap_or_else(live::now);
        let known = Known::read(args, &account, err).await?;
        let lives = read_live(&account, &wanted).await?;
        let mut plans = Vec::new();
        for (service, live) in wanted.iter().zip(&lives) {
            if !known.unreadable.contains(service) {
                plans.push(plan(&known.with(&tree, service), live, now));
            }
        }
        let left: Vec<&ServiceKey> = known.managed().filter(|it| !wanted.contains(it)).collect();
        let left = if args.service.is_some() { Vec::new() } else { left };
        print(args.format, out, &plans, &left)?;
        Ok(exit(&plans, &known))
    })
}

/// What is remembered of the services' scaling.
#[derive(Default)]
struct Known {
    records: BTreeMap<ServiceKey, ScalingRecord>,
    /// Those whose records another version of Steady has written.
    unreadable: Vec<ServiceKey>,
}

impl Known {
    /// One Query for one service, a Scan for all: who has no file any more is known by its record alone.
    async fn read(
        args: &Args,
        account: &Account<'_>,
        err: &mut impl Write,
    ) -> Result<Self, Failure> {
        let table = account.table();
        let mut known = Self::default();
        if let Some(service) = &args.service {
            let loaded = boxed(table.load_scaling(service)).await;
            let loaded = loaded.map_err(|error| account.failure(&error))?;
            if let Some(stored) = loaded.stored {
                known.take(service, &stored, err);
            }
            return Ok(known);
        }
        let records = boxed(table.records()).await.map_err(|error| account.failure(&error))?;
        for (whose, stored) in records {
            if let Whose::Scaling(service) = whose {
                known.take(&service, &stored, err);
            }
        }
        Ok(known)
    }

    fn take(&mut self, service: &ServiceKey, stored: &Stored, err: &mut impl Write) {
        match ScalingRecord::restore(stored) {
            Ok(record) => drop(self.records.insert(service.clone(), record)),
            Err(error) => {
                let what = format_args!("{service} is not planned");
                let _ = writeln!(err, "steady: {}", live::not_understood(&what, &error));
                self.unreadable.push(service.clone());
            }
        }
    }

    /// The record as it would be once the tree was live.
    fn with(&self, tree: &ConfigTree, service: &ServiceKey) -> ScalingRecord {
        let record = self.records.get(service).cloned();
        let mut record = record.unwrap_or_else(|| ScalingRecord::new(service.clone()));
        record.config = tree.for_service(service.as_str()).scaling.clone();
        record
    }

    fn managed(&self) -> impl Iterator<Item = &ServiceKey> {
        self.records.values().filter(|it| it.managed.is_some()).map(|it| &it.service)
    }
}

async fn read_live(
    account: &Account<'_>,
    wanted: &[ServiceKey],
) -> Result<Vec<LiveScaling>, Failure> {
    let scaling = account.aws.scaling();
    let mut lives = Vec::new();
    if wanted.len() <= ONE_BY_ONE_MAX {
        for service in wanted {
            let live = boxed(scaling.live_scaling(service)).await;
            lives.push(live.map_err(|error| account.failure(&error))?);
        }
        return Ok(lives);
    }
    let all = boxed(scaling.account(BETWEEN_PAGES)).await;
    let all = all.map_err(|error| account.failure(&error))?;
    for services in wanted.chunks(AT_ONCE) {
        let page = boxed(all.live_scaling_of(services)).await;
        lives.extend(page.map_err(|error| account.failure(&error))?);
    }
    Ok(lives)
}

fn print(
    format: Format,
    out: &mut impl Write,
    plans: &[Plan],
    left: &[&ServiceKey],
) -> Result<(), Failure> {
    if format == Format::Json {
        plans.iter().try_for_each(|plan| crate::print::json_line(out, plan))?;
        let line = |service| WithoutFile { service, without_file: true };
        left.iter().try_for_each(|service| crate::print::json_line(out, &line(service)))?;
        return Ok(());
    }
    write!(out, "{}", render_plans(plans))?;
    if !left.is_empty() {
        writeln!(
            out,
            "\nWithout a file, and left as they are, since absence removes nothing (`remove = true` or `steady push --prune` does):"
        )?;
        left.iter().try_for_each(|service| writeln!(out, "  {service}"))?;
    }
    Ok(())
}

fn exit(plans: &[Plan], known: &Known) -> Exit {
    let is_quiet = plans.iter().all(|plan| plan.is_empty() && plan.refused.is_none());
    match (known.unreadable.is_empty(), is_quiet) {
        (false, _) => Exit::Input,
        (true, true) => Exit::Good,
        (true, false) => Exit::No,
    }
}
