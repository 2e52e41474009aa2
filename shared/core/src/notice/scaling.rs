//! Notices about scaling that Steady cannot keep as the config wants it.

use jiff::Timestamp;

use super::{Notice, Section, Severity, subject, words};
use crate::config::Notify;
use crate::name::{ServiceKey, fnv1a};
use crate::scaling::Vanished;

/// Somebody changed objects back, twice: Steady leaves them. `lines`: which, and what differs.
pub fn of_held_scaling(
    service: &ServiceKey,
    lines: &[String],
    notify: &Notify,
    now: Timestamp,
) -> Notice {
    let tails = ["scaling was changed back twice, left as it is".to_owned()];
    let summary = format!(
        "Somebody or something else changes the scaling of {service} back each time Steady writes it. Steady has stopped."
    );
    let you = vec![
        format!("See what differs: steady plan of your config directory, service {service}"),
        "Find who writes it (CloudTrail: RegisterScalableTarget, PutScalingPolicy, PutScheduledAction, PutMetricAlarm): often \
         Terraform or CloudFormation"
            .to_owned(),
        "Let one of the two own it: take it out of theirs, or set `remove = true` in Steady's config; changing the config makes \
         Steady write it again"
            .to_owned(),
    ];
    scaling(service, ("scaling-held", &tails, summary), (lines, you), notify, now)
}

/// AWS refuses what the config wants; a line for each object, with AWS's words.
pub fn of_refused_scaling(
    service: &ServiceKey,
    lines: &[String],
    notify: &Notify,
    now: Timestamp,
) -> Notice {
    let tails = ["AWS refuses scaling that the config wants".to_owned()];
    let summary = format!(
        "AWS refuses a part of the scaling that the config of {service} wants; the rest of it is applied. Steady tries again \
         every 15 minutes, and tells again only if something else is refused."
    );
    let you = vec![
        "AccessDenied: the role of the function `scale` lacks the action that is named".to_owned(),
        "ValidationException, LimitExceeded: change the config so that AWS takes it, then steady push".to_owned(),
    ];
    scaling(service, ("scaling-refused", &tails, summary), (lines, you), notify, now)
}

pub(super) fn scaling(
    service: &ServiceKey,
    (stage, tails, summary): (&'static str, &[String], String),
    (why, you): (&[String], Vec<String>),
    notify: &Notify,
    now: Timestamp,
) -> Notice {
    let id = fnv1a(format!("{service} {stage} {}", why.join("\n")).as_bytes());
    let sections = vec![
        Section { label: "Since", lines: vec![words::clock(now)] },
        Section { label: "Why", lines: why.to_vec() },
        Section { label: "You", lines: you },
    ];
    Notice {
        id: format!("scaling-{}-{id:016x}", now.as_second()),
        stage,
        kind: "scaling",
        cluster: Some(service.cluster().to_owned()),
        service: Some(service.to_string()),
        subject: subject(Severity::Warning, service.as_str(), tails),
        summary,
        sections,
        ..Notice::blank(Severity::Warning, now, notify)
    }
}

/// The files of many services are gone at once. Nothing is changed for it.
pub fn of_vanished_config(vanished: &Vanished, notify: &Notify, now: Timestamp) -> Notice {
    let Vanished { services, count, of } = vanished;
    let files = if *count == 1 { "file is" } else { "files are" };
    let tails = [format!("{count} of {of} services' config {files} gone, nothing is changed")];
    let summary = format!(
        "The config of {count} of {of} services cannot be found any more. Nothing is changed: each keeps its last good config."
    );
    let named: Vec<String> = services.iter().take(5).map(ToString::to_string).collect();
    let mut why = vec![named.join(", ")];
    if *count > named.len() {
        why.push(format!("and {} more", count - named.len()));
    }
    let you = vec![
        "See whether somebody deleted the parameters (CloudTrail: DeleteParameter), or the prefix of the config has changed"
            .to_owned(),
        "Put them back: steady push of your config directory".to_owned(),
        "If these services are to leave, say so: `remove = true` in their files, or steady push --prune".to_owned(),
    ];
    let account = ServiceKey::from("config");
    let notice = scaling(&account, ("config-vanished", &tails, summary), (&why, you), notify, now);
    Notice { cluster: None, service: None, ..notice }
}
