//! A notice about tasks of no service.

use jiff::Timestamp;

use super::compose::{console, own_words, quoted};
use super::steps::filled_in;
use super::{Notice, Section, Severity, subject, words};
use crate::config::Notify;
use crate::ledger::TaskStop;
use crate::name::{Account, Family, Region, fnv1a};

/// A notice about failed tasks of no service.
///
/// `stop` is the newest; `since_last` counts those that failed since the last notice about this family, this
/// one included.
pub fn of_standalone_task(
    family: &Family,
    cluster: Option<&str>,
    stop: &TaskStop,
    since_last: u32,
    envelope: (Option<Account>, Option<Region>),
    notify: &Notify,
    now: Timestamp,
) -> Notice {
    let (account, region) = envelope;
    let who = match cluster {
        Some(cluster) => format!("{cluster}/{family}"),
        None => family.to_string(),
    };
    let revision = stop.revision.as_ref().map_or_else(|| family.to_string(), ToString::to_string);
    let ended = words::ended(stop.cause, stop.telling_container());
    let failed = match since_last {
        0 | 1 => format!("task of {revision} failed"),
        _ => format!("{since_last} tasks of {revision} failed"),
    };
    let tails = [format!("{failed}: {ended}"), failed, "task failed".to_owned()];
    let mut why = vec![words::stop(stop)];
    why.extend(own_words(stop).map(|said| quoted("ECS on the task", said)));
    let cluster_name = cluster.unwrap_or("CLUSTER");
    let mut you = vec![filled_in(stop.cause.fix(), cluster_name, "SERVICE", stop.task.id())];
    you.push(
        "No service depends on this task, so nothing is rolled back; run it again once mended"
            .to_owned(),
    );
    let mut sections = vec![
        Section { label: "Since", lines: vec![words::clock(stop.ended_at())] },
        Section { label: "Why", lines: why },
        Section { label: "You", lines: you },
    ];
    if since_last > 1 {
        let line = format!("{since_last} tasks of it failed since you were last told");
        sections.insert(1, Section { label: "How bad", lines: vec![line] });
    }
    if let (Some(region), Some(cluster)) = (&region, cluster) {
        let link = format!(
            "{}/ecs/v2/clusters/{cluster}/tasks/{}?region={region}",
            console(region),
            stop.task.id()
        );
        sections.push(Section { label: "Links", lines: vec![format!("task      {link}")] });
    }
    Notice {
        id: format!("task-{:016x}", fnv1a(stop.task.as_str().as_bytes())),
        stage: "task-failed",
        kind: "standalone-task",
        account,
        region,
        cluster: cluster.map(str::to_owned),
        family: Some(family.to_string()),
        revision: stop.revision.clone(),
        cause: Some(stop.cause),
        verdict: Some(stop.verdict),
        subject: subject(Severity::Warning, &who, &tails),
        summary: format!("A task of {revision}, of no service, failed: {}.", ended),
        sections,
        ..Notice::blank(Severity::Warning, now, notify)
    }
}
