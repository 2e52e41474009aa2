//! Notices about what is wrong with a service's scaling for longer.

use jiff::Timestamp;

use super::scaling::scaling;
use super::{Notice, Severity, subject, words};
use crate::config::{Finding, Notify};
use crate::name::ServiceKey;
use crate::scaling::{ScalingRecord, ScalingTrouble, TroubleKind};

/// What is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleStage {
    /// It begins.
    Opened,
    /// It has lasted for a day.
    Escalated,
    /// It is over.
    Resolved,
}

/// A trouble of a service's scaling begins, lasts, or is over.
pub fn of_scaling_trouble(
    record: &ScalingRecord,
    trouble: &ScalingTrouble,
    stage: TroubleStage,
    now: Timestamp,
) -> Notice {
    let service = &record.service;
    let (kind, words) = match &trouble.kind {
        TroubleKind::ConfigRejected { findings, count, .. } => {
            ("config-rejected", of_rejected(service, findings, *count, stage))
        }
        TroubleKind::AtMaxCapacity { max, asked } => {
            ("at-max-capacity", of_max(service, *max, asked, stage))
        }
    };
    let Words { tail, summary, why, you } = words;
    let slug = match stage {
        TroubleStage::Opened => "opened",
        TroubleStage::Escalated => "escalated",
        TroubleStage::Resolved => "resolved",
    };
    let tails = [tail];
    let notice = scaling(service, (slug, &tails, summary), (&why, you), &record.notify, now);
    let severity = if stage == TroubleStage::Resolved { Severity::Info } else { Severity::Warning };
    let mut notice =
        Notice { kind, severity, subject: subject(severity, service.as_str(), &tails), ..notice };
    if let Some(since) = notice.sections.iter_mut().find(|one| one.label == "Since") {
        since.lines = vec![words::clock(trouble.opened_at)];
    }
    notice.sections.retain(|one| !one.lines.is_empty());
    notice
}

/// `defaults.toml` has errors, so that no file takes effect.
pub fn of_rejected_defaults(findings: &[Finding], now: Timestamp) -> Notice {
    let why: Vec<String> = findings.iter().take(10).map(ToString::to_string).collect();
    let tails = ["defaults.toml is rejected, no change of config takes effect".to_owned()];
    let summary = "The live defaults.toml has errors, so no config that is pushed takes effect. Each service keeps its last \
                   good config."
        .to_owned();
    let you =
        vec!["Correct it, see steady check of your config directory, then steady push".to_owned()];
    let account = ServiceKey::from("config");
    let words = ("opened", &tails[..], summary);
    let notice = scaling(&account, words, (&why, you), &Notify::default(), now);
    Notice { kind: "config-rejected", cluster: None, service: None, ..notice }
}

struct Words {
    tail: String,
    summary: String,
    why: Vec<String>,
    you: Vec<String>,
}

fn of_rejected(
    service: &ServiceKey,
    findings: &[String],
    count: usize,
    stage: TroubleStage,
) -> Words {
    if stage == TroubleStage::Resolved {
        return Words {
            tail: "its config takes effect again".to_owned(),
            summary: format!("The config of {service} has no errors any more and is in force."),
            why: vec![],
            you: vec![],
        };
    }
    let errors = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
    let still = if stage == TroubleStage::Escalated { "still " } else { "" };
    let mut why = findings.to_vec();
    if count > findings.len() {
        why.push(format!("and {} more", count - findings.len()));
    }
    Words {
        tail: format!("its config is {still}rejected, {errors}; the last good one holds"),
        summary: format!(
            "The live config of {service} is {still}rejected ({errors}). Nothing of it takes effect; the last good config holds."
        ),
        why,
        you: vec![format!(
            "Correct {service}.toml: steady check of your config directory shows the same, then steady push"
        )],
    }
}

fn of_max(service: &ServiceKey, max: u32, asked: &[String], stage: TroubleStage) -> Words {
    let tasks = if max == 1 { "task" } else { "tasks" };
    if stage == TroubleStage::Resolved {
        return Words {
            tail: format!("nothing asks for more than {max} {tasks} any more"),
            summary: format!(
                "{service} is below its maximum of {max} {tasks}, or nothing asks for more."
            ),
            why: vec![],
            you: vec![],
        };
    }
    let still = if stage == TroubleStage::Escalated { "still " } else { "" };
    Words {
        tail: format!("{still}at its maximum of {max} {tasks}, more are asked for"),
        summary: format!(
            "{service} {still}runs as many tasks as it may, {max}, and its scaling asks for more. Steady does not raise the maximum."
        ),
        why: asked.iter().take(5).cloned().collect(),
        you: vec![
            format!("See whether the load is real: steady why {service}"),
            format!(
                "Raise the maximum for a while: steady override {service} --max {} --for 2h --reason \"…\"",
                max.saturating_mul(2)
            ),
            format!("Or for good: `max` in [capacity] of {service}.toml, then steady push"),
        ],
    }
}
