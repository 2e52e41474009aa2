//! Logs: one JSON object a line, one line for each thing that happened.

use std::error::Error;
use std::process::ExitCode;

use steady_core::report::Entry;
use tracing_subscriber::fmt::format::FmtSpan;

/// Sends logs to standard output, which Lambda takes to CloudWatch Logs. Called once, at start.
pub fn to_stdout() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_events(FmtSpan::NONE)
        .with_target(false)
        // Lambda stamps each line itself; the time of what happened is in the entry.
        .without_time()
        .with_max_level(tracing::Level::INFO)
        .init();
}

/// Says why the function cannot run, and with which code it ends. Lambda logs it and reports the function's start as
/// failed.
pub fn cannot_run(error: &dyn Error) -> ExitCode {
    let why = chain(error);
    tracing::error!("the function cannot run: {why}");
    ExitCode::FAILURE
}

/// One thing that happened; to a family, where it is no service's.
pub(crate) fn entry(request: &str, family: Option<&str>, entry: &Entry) {
    let empty = String::new;
    tracing::info!(
        request,
        at = %entry.at,
        service = entry.service.as_ref().map_or_else(empty, ToString::to_string),
        family,
        kind = entry.what.kind(),
        incident = entry.incident.map(|kind| kind.slug()),
        revision = entry.revision.as_ref().map(|revision| revision.as_str()),
        evidence = entry.evidence,
        "{}",
        entry.reason(),
    );
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
