//! `steady history`: the incidents of a service that are over.

use std::io::{self, Write};

use steady_core::evidence;
use steady_core::history::PastIncident;
use steady_core::name::ServiceKey;
use steady_core::notice::words;
use steady_core::port::ReadHistory;
use steady_core::status;

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Place, boxed};

/// Show the incidents of a service that are over, the newest first.
///
/// They are kept for 90 days. One that is open is shown by `steady status`. Reads only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster and service
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: ServiceKey,
    /// Show so many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Text, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    _err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let table = account.table();
        let past = boxed(table.history(&args.service, usize::from(args.limit))).await;
        let past = past.map_err(|error| account.failure(&error))?;
        if args.format == Format::Json {
            past.iter().try_for_each(|one| crate::print::json_line(out, one))?;
            return Ok(Exit::Good);
        }
        if past.is_empty() {
            writeln!(
                out,
                "no incident of {} that is over is kept (each is, for 90 days)",
                args.service
            )?;
        }
        past.iter().enumerate().try_for_each(|(at, one)| {
            if at > 0 {
                writeln!(out)?;
            }
            print(out, one)
        })?;
        Ok(Exit::Good)
    })
}

fn print(out: &mut impl Write, past: &PastIncident) -> io::Result<()> {
    let incident = &past.incident;
    let on = incident.revision.as_ref().map(|revision| format!(" on {revision}"));
    writeln!(
        out,
        "{} to {}, {}: {}{}",
        words::clock(incident.opened_at),
        words::clock(past.resolved_at),
        words::duration(past.resolved_at.duration_since(incident.opened_at)),
        incident.is_now().words(),
        on.unwrap_or_default(),
    )?;
    let mut line = |label: &str, text: &str| writeln!(out, "  {label:<10}{text}");
    if incident.counts.failed_tasks() > 0 {
        line(
            "evidence",
            &format!(
                "{}; {} : 1 that it fails more than is tolerated",
                words::failed(incident.counts),
                evidence::in_words(incident.evidence),
            ),
        )?;
    }
    if let Some(cause) = past.cause {
        line("why", cause.words())?;
    }
    line("rollback", &status::rollback(&incident.rollback))?;
    line("ended", &words::resolution(&past.resolution))?;
    line("incident", incident.id.as_str())
}
