//! Witnesses that cannot be stopped.

use jiff::Timestamp;

use super::life::quoted_for_shell;
use super::{Notice, Section, Severity, subject, words};
use crate::config::ServiceConfig;
use crate::name::fnv1a;
use crate::record::Record;
use crate::rollback::Probe;

/// A notice that a probe is over and its tasks run on. `why`: what came of the last try to stop them; `since`: when the
/// first was decided.
pub fn of_witnesses_left(
    record: &Record,
    probe: &Probe,
    why: &str,
    since: Timestamp,
    config: &ServiceConfig,
    now: Timestamp,
) -> Notice {
    let service = &record.service;
    let lasts = words::duration(now.duration_since(since));
    let target = &probe.target.revision;
    let region = record.region.as_ref().map(|region| format!(" --region {region}"));
    let (cluster, region) = (quoted_for_shell(service.cluster()), region.unwrap_or_default());
    let list = format!(
        "aws ecs list-tasks --cluster {cluster} --started-by {}{region} --query \"taskArns[]\" --output text",
        probe.started_by,
    );
    let stop = format!("aws ecs stop-task --cluster {cluster}{region} --task \"$task\"");
    let tails = [
        format!("witnesses of {target} cannot be stopped for {lasts}"),
        "witnesses cannot be stopped".to_owned(),
    ];
    Notice {
        id: format!("witnesses-{:016x}", fnv1a(probe.started_by.as_bytes())),
        stage: "witnesses-left",
        kind: "probe",
        account: record.account.clone(),
        region: record.region.clone(),
        cluster: Some(service.cluster().to_owned()),
        service: Some(service.to_string()),
        team: config.team.clone(),
        deployment: Some(probe.about.to_string()),
        revision: Some(target.clone()),
        subject: subject(Severity::Warning, service.as_str(), &tails),
        summary: format!(
            "Steady started tasks of {target} beside {service} as witnesses and has tried for {lasts} to stop them: they may run on, beside the service's own, cost as much and do the same work, until they are stopped."
        ),
        sections: vec![
            Section { label: "Since", lines: vec![words::clock(since)] },
            Section {
                label: "Why",
                lines: vec![format!("the last try: {}", words::said(why, 300))],
            },
            Section {
                label: "Done",
                lines: vec![
                    "Steady tries again each minute until none is left; you are not told of it again"
                        .to_owned(),
                ],
            },
            Section {
                label: "You",
                lines: vec![
                    format!("To stop them now: for task in $({list}); do {stop}; done"),
                    "If AWS says AccessDenied: the roles of `watch`, `alarm` and `sweep` need ecs:StopTask on the tasks, and nothing may deny it".to_owned(),
                ],
            },
        ],
        ..Notice::blank(Severity::Warning, now, &config.notify)
    }
}
