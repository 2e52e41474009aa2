//! Logs: one JSON object a line, one line for each thing that happened.

use std::error::Error;
use std::process::ExitCode;

use steady_core::event::Event;
use steady_core::installation::Mode;
use steady_core::report::{Entry, What};
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

use super::settings::Settings;

/// Sends logs to standard output, which Lambda takes to CloudWatch Logs: what is at `level`, or graver. Called once, at start.
///
/// Each line has `timestamp` and `level`: Lambda takes one that lacks either for one at INFO, and keeps it back where the
/// function logs less (Lambda developer guide, "Log-level filtering").
pub fn to_stdout(level: Level) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        // The runtime's span says the request again, in each line.
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_target(false)
        .with_max_level(level)
        .init();
}

/// The first line of a process: what runs, and what it may do.
pub(crate) fn started(settings: &Settings) {
    let mode = match settings.mode {
        Mode::Observe => "observe",
        Mode::Act => "act",
    };
    let Settings { probes, config_prefix, stack, .. } = settings;
    let version = steady_core::VERSION;
    tracing::info!(version, stack, mode, probes, config_prefix, "Steady {version} starts");
}

/// Says why the function cannot run, and with which code it ends. Lambda logs it and reports the function's start as
/// failed.
pub fn cannot_run(error: &dyn Error) -> ExitCode {
    let why = chain(error);
    tracing::error!("the function cannot run: {why}");
    ExitCode::FAILURE
}

/// One thing that happened in a turn over `events`: `at` is when, as it was told. Of the events the line names those that it rests
/// on: a hundred stops of a batch are a hundred lines with one event or two, not with three hundred. To a family, where it is
/// no service's.
pub(crate) fn entry(request: &str, events: &[Event], family: Option<&str>, entry: &Entry) {
    let events = ids(events.iter().filter(|event| entry.rests_on(event)));
    let (notice, verdict) = match &entry.what {
        What::Notice(notice) => (Some(notice.id.as_str()), None),
        What::Stop(stop) => (None, Some(stop.verdict.as_str())),
        _ => (None, None),
    };
    tracing::info!(
        request,
        events = events.as_deref(),
        at = %entry.at,
        service = entry.service.as_ref().map(|service| service.as_str()),
        family,
        kind = entry.what.kind(),
        incident = entry.incident.map(|kind| kind.slug()),
        deployment = entry.deployment.as_ref().map(|deployment| deployment.as_str()),
        revision = entry.revision.as_ref().map(|revision| revision.as_str()),
        verdict,
        cause = entry.cause.map(|cause| cause.slug()),
        evidence = entry.evidence,
        notice,
        "{}",
        entry.reason(),
    );
}

/// EventBridge's ids of what came in, one after the other, with blanks between. `None`: nothing came in.
pub(crate) fn ids<'e>(events: impl Iterator<Item = &'e Event>) -> Option<String> {
    let ids: Vec<&str> = events.filter_map(|event| event.id.as_deref()).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// An error and what caused it, on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
