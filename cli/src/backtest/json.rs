//! The report as one JSON object.

use std::io::{self, Write};

use serde_json::{Value, json};
use steady_sim::scaling::{Action, LeftOut};

use super::play::Report;

/// Prints it on one line, with the recommendation if one was asked for.
pub(super) fn print(
    out: &mut impl Write,
    report: &Report<'_>,
    recommendation: Option<Value>,
) -> io::Result<()> {
    let Report { recorded, demand, played, .. } = report;
    let actions: Vec<Value> = played.actions.iter().map(|one| action(report, one)).collect();
    let mut all = json!({
        "service": report.service,
        "load": {
            (if report.fetched { "metric" } else { "file" }): report.load,
            "start": recorded.start,
            "period_seconds": recorded.period,
            "periods": recorded.values.len(),
            "found": recorded.found,
            "censored_minutes": report.censored_minutes,
        },
        "step_seconds": demand.step,
        "outcomes": played.outcomes,
        "actions": actions,
        "held": played.held,
        "left_out": words(&played.left_out),
        "live_left_out": words(&played.live_left_out),
        "notes": report.notes,
        "assumptions": report.assumed,
        "price": report.price,
    });
    if let (Some(object), Some(recommendation)) = (all.as_object_mut(), recommendation) {
        object.insert("recommendation".to_owned(), recommendation);
    }
    writeln!(out, "{all}")
}

fn words(left_out: &[LeftOut]) -> Vec<String> {
    left_out.iter().map(ToString::to_string).collect()
}

fn action(report: &Report<'_>, one: &Action) -> Value {
    json!({
        "at": report.demand.at(one.step),
        "from": one.from,
        "to": one.to,
        "running": one.running,
        "why": one.why,
        "limit": one.limit,
        "reason": one.to_string(),
    })
}
