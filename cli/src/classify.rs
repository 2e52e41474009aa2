//! `steady classify`: why tasks stopped, event by event.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueHint;
use serde::Serialize;
use steady_core::event::{Body, Event, Owner};
use steady_core::ledger::TaskStop;
use steady_core::notice::words;
use steady_core::stop::{Cause, StopCode, Verdict};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::input::{self, Place, Sink, Unreadable};

/// Say why tasks stopped: verdict, cause and first fix of each event that tells of a stop.
///
/// Reads ECS events as EventBridge delivers them: JSON lines, or one JSON document (an event, or an array of
/// them). Prints one line for each event that tells of a stop, and nothing for others. Events of one task are
/// not merged: `replay` does that.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of events; `-` or none is stdin.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// JSON lines by default: the output is made for `jq` and the like.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// One line of output.
#[derive(Serialize)]
struct Line<'a> {
    event_id: Option<&'a str>,
    service: Option<&'a str>,
    family: Option<&'a str>,
    task: &'a str,
    revision: Option<&'a str>,
    verdict: Verdict,
    cause: Cause,
    stop_code: Option<&'a StopCode>,
    fix: &'static str,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    let mut classifying = Classifying { format: args.format, out, err, exit: Exit::Good };
    input::read(&args.files, &mut classifying)?;
    Ok(classifying.exit)
}

struct Classifying<'a, O, E> {
    format: Format,
    out: &'a mut O,
    err: &'a mut E,
    exit: Exit,
}

impl<O: Write, E: Write> Sink for Classifying<'_, O, E> {
    fn event(&mut self, event: Event, _at: &Place<'_>) -> io::Result<()> {
        let Body::Task(task) = &event.body else {
            return Ok(());
        };
        if !task.tells_of_stop() {
            return Ok(());
        }
        let stop = TaskStop::new(task, event.time.unwrap_or_default());
        let family = match &task.owner {
            Owner::Standalone(key) => Some(key.family.as_str()),
            Owner::Service(_) | Owner::Unknown => None,
        };
        let line = Line {
            event_id: event.id.as_deref(),
            service: task.service().map(|service| service.as_str()),
            family,
            task: task.task.as_str(),
            revision: task.revision.as_ref().map(|revision| revision.as_str()),
            verdict: stop.verdict,
            cause: stop.cause,
            stop_code: task.stop_code.as_ref(),
            fix: stop.cause.fix(),
        };
        match self.format {
            Format::Json => {
                serde_json::to_writer(&mut *self.out, &line)?;
                self.out.write_all(b"\n")
            }
            Format::Text => {
                let whose = line.service.or(line.family).unwrap_or("-");
                writeln!(
                    self.out,
                    "{whose} {} task {}: {}, {}\n    {}",
                    line.revision.unwrap_or("-"),
                    task.task.id(),
                    line.verdict,
                    words::ended(stop.cause, stop.telling_container()),
                    line.fix,
                )
            }
        }
    }

    fn unreadable(&mut self, what: Unreadable) -> io::Result<()> {
        self.exit = Exit::Input;
        // The exit code says it too; a closed stderr must not cost the result.
        let _ = writeln!(self.err, "steady: {what}");
        Ok(())
    }
}
