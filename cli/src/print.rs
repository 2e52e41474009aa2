//! The timeline as text and as JSON lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use steady_core::evidence;
use steady_core::notice::{Notice, words};
use steady_core::report::{Entry, What};
use steady_core::stop::{Cause, Verdict};

use crate::Format;

/// One line of `--format json`. The fields after `reason` are there for the kinds that have them.
#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    service: Option<&'a str>,
    kind: &'static str,
    incident: Option<&'static str>,
    revision: Option<&'a str>,
    evidence: Option<f64>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'a Notice>,
}

/// Prints entries, and counts them for the summary.
pub(crate) struct Printer<'a, O> {
    out: &'a mut O,
    format: Format,
    /// Entries by their `kind`.
    kinds: BTreeMap<&'static str, u64>,
    blaming: u64,
    /// Reasons of what was skipped, in text printed together at the end.
    skipped: BTreeMap<String, u64>,
}

impl<'a, O: Write> Printer<'a, O> {
    pub(crate) fn new(out: &'a mut O, format: Format) -> Self {
        Self { out, format, kinds: BTreeMap::new(), blaming: 0, skipped: BTreeMap::new() }
    }

    /// `family` of an entry about tasks of no service.
    pub(crate) fn entry(&mut self, entry: &Entry, family: Option<&str>) -> io::Result<()> {
        *self.kinds.entry(entry.what.kind()).or_default() += 1;
        if let What::Stop(stop) = &entry.what {
            self.blaming += u64::from(stop.blames_revision());
        }
        match self.format {
            Format::Json => self.json(entry, family),
            Format::Text => self.text(entry, family),
        }
    }

    fn json(&mut self, entry: &Entry, family: Option<&str>) -> io::Result<()> {
        let stop = match &entry.what {
            What::Stop(stop) => Some(stop),
            _ => None,
        };
        let notice = match &entry.what {
            What::Notice(notice) => Some(notice.as_ref()),
            _ => None,
        };
        let revision = entry.revision.as_ref();
        let line = Line {
            at: entry.at,
            service: entry.service.as_ref().map(|service| service.as_str()),
            kind: entry.what.kind(),
            incident: entry.incident.map(|kind| kind.slug()),
            revision: revision.map(|revision| revision.as_str()),
            evidence: entry.evidence.map(evidence::rounded),
            reason: entry.reason(),
            task: stop.map(|stop| stop.task.as_str()),
            family,
            verdict: stop.map(|stop| stop.verdict).or(notice.and_then(|notice| notice.verdict)),
            cause: entry.cause,
            notice,
        };
        serde_json::to_writer(&mut *self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn text(&mut self, entry: &Entry, family: Option<&str>) -> io::Result<()> {
        if let What::Skipped(why) = &entry.what {
            *self.skipped.entry(why.clone()).or_default() += 1;
            return Ok(());
        }
        let service = entry.service.as_ref().map(|service| service.as_str());
        let who = service.or(family).unwrap_or("-");
        let kind = match &entry.what {
            What::Stop(stop) => format!("stop ({})", stop.verdict),
            what => what.kind().to_owned(),
        };
        let at = words::clock(entry.at);
        let revision = match (&entry.what, &entry.revision) {
            (What::Stop(_) | What::Opened(_) | What::Joined(_), Some(revision)) => {
                format!("{revision} ")
            }
            _ => String::new(),
        };
        writeln!(self.out, "{at}  {who}  {kind:<19} {revision}{}", entry.reason())?;
        if let What::Notice(notice) = &entry.what {
            for line in notice.text().lines() {
                writeln!(self.out, "{}", format!("    | {line}").trim_end())?;
            }
        }
        Ok(())
    }

    /// What it came to; text only, for in JSON it is the lines themselves.
    pub(crate) fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        let count = |kind: &str| self.kinds.get(kind).copied().unwrap_or(0);
        let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), words::clock);
        writeln!(self.out)?;
        writeln!(
            self.out,
            "{}, {} to {}",
            several(summary.events, "event"),
            time(summary.from),
            time(summary.until),
        )?;
        writeln!(
            self.out,
            "{}, {} of them against the revision; {}, {} open at the end; {}; {}",
            several(count("stop"), "stop"),
            self.blaming,
            several(count("incident-opened"), "incident"),
            summary.open,
            several(count("rollback"), "rollback"),
            several(count("notice"), "notice"),
        )?;
        for (why, times) in &self.skipped {
            writeln!(self.out, "{} skipped: {why}", several(*times, "event"))?;
        }
        writeln!(self.out, "This is a replay: nothing was changed, and nothing was sent.")
    }
}

/// What the printer cannot count by itself.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) events: u64,
    pub(crate) open: u64,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// One JSON object on a line of its own.
#[cfg(feature = "live")]
pub(crate) fn json_line(out: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, what)?;
    out.write_all(b"\n")
}

fn several(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
