//! From the record to a notice.

use jiff::{SignedDuration, Timestamp};

use super::words;
use super::{Figures, LogTail, Notice, Section, Severity, Stage, subject};
use crate::config::ServiceConfig;
use crate::evidence;
use crate::incident::{ESCALATE_AFTER, Incident, IncidentKind};
use crate::ledger::{Deployment, TaskStop};
use crate::name::{Region, ServiceKey};
use crate::record::Record;
use crate::rollback::{Action, Reason, Refusal, RollbackState};
use crate::stop::{Cause, Verdict};

/// A notice about the record's open incident; `None` if none is open.
pub fn of_incident(
    record: &Record,
    stage: Stage,
    config: &ServiceConfig,
    now: Timestamp,
) -> Option<Notice> {
    let incident = record.incident.as_ref()?;
    let telling = Telling { record, incident, stage: &stage, config, now };
    let (cause, verdict) = telling.main_cause().map(|(cause, verdict, _)| (cause, verdict)).unzip();
    let severity = match stage {
        Stage::Resolved(_) => Severity::Info,
        Stage::RollbackUnderWay(_) => Severity::Warning,
        _ => telling.severity(),
    };
    Some(Notice {
        schema: "steady.notice/1",
        steady_version: crate::VERSION,
        id: format!("{}-{}-{}", incident.id, stage.slug(), now.as_second()),
        at: now,
        stage: stage.slug(),
        severity,
        kind: incident.kind.slug(),
        incident: Some(incident.id.clone()),
        account: record.account.clone(),
        region: record.region.clone(),
        cluster: Some(record.service.cluster().to_owned()),
        service: Some(record.service.to_string()),
        services: telling.others().to_vec(),
        services_count: telling.others_count(),
        family: None,
        team: config.team.clone(),
        deployment: Some(incident.about.to_string()),
        revision: incident.revision.clone(),
        figures: Some(telling.figures()),
        cause,
        verdict,
        subject: subject(severity, &telling.who(), &telling.subject_tails()),
        summary: telling.summary(),
        sections: telling.sections(),
        log_tail: telling.log_tail(),
        topic: config.notify.topic.clone(),
        format: config.notify.format,
    })
}

/// How much the record's open incident matters now; `None` if none is open.
pub(crate) fn severity(
    record: &Record,
    config: &ServiceConfig,
    now: Timestamp,
) -> Option<Severity> {
    let incident = record.incident.as_ref()?;
    Some(Telling { record, incident, stage: &Stage::Opened, config, now }.severity())
}

pub(super) struct Telling<'a> {
    pub(super) record: &'a Record,
    pub(super) incident: &'a Incident,
    pub(super) stage: &'a Stage,
    pub(super) config: &'a ServiceConfig,
    pub(super) now: Timestamp,
}

impl Telling<'_> {
    pub(super) fn service(&self) -> &ServiceKey {
        &self.record.service
    }

    pub(super) fn deployment(&self) -> Option<&Deployment> {
        self.record.ledger.deployment(&self.incident.about)
    }

    /// The failing revision's name, or its deployment's where no task has told it.
    pub(super) fn revision(&self) -> String {
        match &self.incident.revision {
            Some(revision) => revision.to_string(),
            None => format!("deployment {}", self.incident.about),
        }
    }

    pub(super) fn decided(&self) -> Option<(Timestamp, &Action)> {
        match &self.incident.rollback {
            RollbackState::Decided { at, action, .. } => Some((*at, action)),
            _ => None,
        }
    }

    pub(super) fn main_cause(&self) -> Option<(Cause, Verdict, u32)> {
        self.deployment()?.causes().into_iter().next()
    }

    fn figures(&self) -> Figures {
        let Incident { counts, tasks, evidence, .. } = self.incident;
        Figures {
            running: tasks.map(|tasks| tasks.running),
            desired: tasks.and_then(|tasks| tasks.desired),
            starts: counts.starts(),
            failed_starts: counts.failed_starts,
            crashes: counts.crashes,
            evidence: evidence::rounded(*evidence),
        }
    }

    // ---- what ----

    pub(super) fn open_for(&self) -> SignedDuration {
        // Told as the round time that has passed, not with the seconds until the next look.
        let open_for = self.now.duration_since(self.incident.opened_at);
        ESCALATE_AFTER.into_iter().rev().find(|after| *after <= open_for).unwrap_or(open_for)
    }

    fn summary(&self) -> String {
        if let Some(summary) = self.shared_summary() {
            return summary;
        }
        if let Stage::RollbackUnderWay(way) = self.stage {
            return self.way_back_summary(way);
        }
        let (service, revision) = (self.service(), self.revision());
        let state = match self.incident.is_now() {
            IncidentKind::RestartLoop => {
                format!("{service} is in a restart loop: tasks of {revision} keep failing.")
            }
            IncidentKind::DeploymentFailed => {
                format!("The deployment of {revision} to {service} failed: ECS gave it up.")
            }
            IncidentKind::ByHand => self.by_hand_summary(),
            _ => self.life_summary(),
        };
        let what = match (self.stage, &self.incident.rollback) {
            (Stage::Resolved(resolution), _) => {
                return format!(
                    "{service} is out of trouble: {}. The incident was open for {}.",
                    words::resolution(resolution),
                    words::duration(self.now.duration_since(self.incident.opened_at)),
                );
            }
            (_, RollbackState::Decided { action, untaken: Some(_), .. }) => format!(
                "Steady is about to roll it back to {}; AWS has not taken it yet.",
                self.target_named(&action.target),
            ),
            (_, RollbackState::Decided { action, .. }) => {
                format!("Steady is rolling it back to {}.", self.target_named(&action.target))
            }
            (_, RollbackState::Failed { action, why: Reason::Unverified(why) }) => {
                return format!(
                    "Steady rolled {service} back from {revision} to {}, and that did not help: {why}. It does not try again; this one is yours.",
                    action.target.revision,
                );
            }
            (_, RollbackState::Probing(probe)) => self.probing(probe),
            (_, RollbackState::Holding { until, target }) => format!(
                "Steady rolls it back to {} at {}, unless {} by then.",
                self.target_named(target),
                words::clock(*until),
                match self.same_revision() {
                    _ if self.rests_on_alarms() => "the alarm is over".to_owned(),
                    Some(_) => "what ran before fails too".to_owned(),
                    None => format!("{} fails too", target.revision),
                },
            ),
            (_, RollbackState::Refused(Refusal::NotEnoughEvidence(_))) => {
                "Steady waits for more evidence before it rolls back.".to_owned()
            }
            (_, RollbackState::Refused(Refusal::NotFailedAgain)) => {
                "Steady rolls it back as soon as one of its tasks fails.".to_owned()
            }
            (_, RollbackState::Refused(Refusal::NativeRollback(_))) => {
                "ECS is rolling it back by itself; Steady follows and tells you when it is steady."
                    .to_owned()
            }
            (
                _,
                RollbackState::Refused(refusal @ Refusal::StoppedBySomebody { .. })
                | RollbackState::Failed {
                    why: Reason::Guard(refusal @ Refusal::StoppedBySomebody { .. }),
                    ..
                },
            ) => format!("Steady leaves it alone: {refusal}."),
            (_, RollbackState::Refused(Refusal::Replaced(_))) => {
                "Another deployment has begun since; Steady waits for that one.".to_owned()
            }
            (
                _,
                RollbackState::Failed {
                    action,
                    why: Reason::Guard(Refusal::PutBack { deployment, .. }),
                },
            ) => format!(
                "Steady's rollback to {} ran over deployment {deployment}, which had just begun; see whether the service is on what you want.",
                action.target.revision,
            ),
            (_, RollbackState::Failed { why: Reason::Guard(refusal), .. })
                if refusal.is_overtaken() =>
            {
                "Steady leaves it alone, since another change of the service is under way."
                    .to_owned()
            }
            (_, RollbackState::Failed { action, why: Reason::Aws(_) }) => format!(
                "Steady tried to roll it back to {} and could not; this one is yours.",
                action.target.revision,
            ),
            _ => "Steady does not roll it back; this one is yours.".to_owned(),
        };
        format!("{state} {what}")
    }

    fn sections(&self) -> Vec<Section> {
        let sections = [
            ("Since", self.since()),
            ("How bad", self.how_bad()),
            ("Also", self.also()),
            ("Why", self.why()),
            ("Done", self.done()),
            ("You", self.you()),
            ("Links", self.links()),
            ("Not now", self.not_now()),
        ];
        let told = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
        told.map(|(label, lines)| Section { label, lines }).collect()
    }

    fn log_tail(&self) -> Option<LogTail> {
        // When it is over nobody looks for the cause in ten lines of long ago.
        let is_over = matches!(self.stage, Stage::Resolved(_));
        self.incident.tail.as_ref().filter(|_| !is_over).map(LogTail::of)
    }

    // ---- since when, how bad ----

    fn since(&self) -> Vec<String> {
        let Some(deployment) = self.deployment() else {
            return Vec::new();
        };
        let began = deployment.began();
        let about = format!("deployment {} of {}", self.incident.about, self.revision());
        let about = match &self.incident.revision {
            Some(_) => about,
            None => self.revision(),
        };
        let first = deployment.first_trouble().unwrap_or(self.incident.opened_at);
        let age = words::duration(first.duration_since(began));
        let completed = match deployment.completed().filter(|done| *done <= first) {
            Some(done) => format!("; it had completed at {}", words::clock(done)),
            None => String::new(),
        };
        let begin = if deployment.begin_told() {
            format!("{age} after {about} began{completed}")
        } else {
            format!("in {about}, whose begin Steady has not seen{completed}")
        };
        vec![format!("{}, {begin}", words::clock(first))]
    }

    fn how_bad(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(tasks) = self.incident.tasks {
            let whose = self.of_own();
            lines.push(match tasks.desired {
                Some(desired) => format!("{whose}{} of {desired} tasks running", tasks.running),
                // A recording knows the tasks whose start it holds, and no others.
                None => format!("{whose}{} seen running", plural(tasks.running, "task")),
            });
        }
        lines.push(self.how_often());
        lines.extend(self.how_often_before());
        lines
    }

    fn how_often(&self) -> String {
        let counts = self.incident.counts;
        if counts.failed_tasks() > 0 {
            let evidence = evidence::in_words(self.incident.evidence);
            let failed = words::failed(counts);
            return format!(
                "{}: {failed}; {evidence} : 1 that it fails more than is tolerated",
                self.revision(),
            );
        }
        let causes = self.deployment().map(Deployment::causes).unwrap_or_default();
        if causes.iter().any(|(_, verdict, _)| *verdict == Verdict::Revision) {
            return format!("{}: no failed task in the present day of evidence", self.revision());
        }
        match causes.iter().map(|(_, _, times)| *times as usize).sum() {
            0 => format!("no failed task of {} has been seen", self.revision()),
            others => format!(
                "{} of {} ended before their time, none of them by the revision's fault",
                plural(others, "task"),
                self.revision(),
            ),
        }
    }

    /// The same of the revision that the failing one replaces: nought of many speaks for itself.
    fn how_often_before(&self) -> Option<String> {
        let (_, old) = self.record.ledger.replaced_by(&self.incident.about)?;
        let running = self.incident.tasks.map_or(0, |tasks| tasks.running_before);
        let failed = old.totals().failed_tasks();
        let all = running.saturating_add(old.totals().starts() as usize);
        let name = old.revision().map_or("the revision before".to_owned(), ToString::to_string);
        let still = match running {
            0 => String::new(),
            _ => format!(", {running} of them running still"),
        };
        (all > 0).then(|| {
            format!("{name}, before it: {failed} of {} failed{still}", plural(all, "task"))
        })
    }

    // ---- why ----

    /// The stops that were kept in full, of one cause, oldest first.
    pub(super) fn stops_by(&self, cause: Cause) -> Vec<&TaskStop> {
        let stops = self.record.ledger.stops_of(&self.incident.about);
        stops.filter(|stop| stop.cause == cause).collect()
    }

    fn why(&self) -> Vec<String> {
        let failed = self.deployment().filter(|deployment| deployment.failed().is_some());
        let reason = failed.and_then(Deployment::failed_reason);
        let mut lines: Vec<String> =
            reason.map(|reason| quoted("ECS on the deployment", reason)).into_iter().collect();
        lines.extend(self.unplaced());
        lines.extend(self.alarms());
        let mut causes = self.deployment().map(Deployment::causes).unwrap_or_default().into_iter();
        match causes.next() {
            Some((cause, _, count)) => {
                let stops = self.stops_by(cause);
                lines.push(why_line(cause, count, &stops));
                let quote = stops.last().and_then(|stop| own_words(stop));
                lines.extend(quote.map(|quote| quoted("ECS on the newest task", quote)));
            }
            None if self.unplaced().is_some() || !self.incident.alarms.is_empty() => {}
            None if self.incident.is_now() == IncidentKind::BadRedeployed => lines.push(
                "what it was rolled back for may be there still; no task of it has stopped this time"
                    .to_owned(),
            ),
            None if self.is_by_hand() => {}
            None => lines
                .push("no stopped task of it has been seen, so the cause is not known".to_owned()),
        }
        let others =
            causes.map(|(cause, _, count)| format!("{}, {}", cause.words(), words::times(count)));
        let others: Vec<String> = others.collect();
        if !others.is_empty() {
            lines.push(format!("besides: {}", others.join("; ")));
        }
        lines
    }
}

fn why_line(cause: Cause, count: u32, stops: &[&TaskStop]) -> String {
    let container = stops.iter().rev().find_map(|stop| stop.telling_container());
    let ended = words::ended(cause, container);
    let ran: Vec<SignedDuration> = stops.iter().filter_map(|stop| stop.ran()).collect();
    let when = match (ran.iter().min(), ran.iter().max()) {
        (Some(_), Some(most)) if most.as_secs() < 1 => ", as it started".to_owned(),
        (Some(_), Some(most)) if most.as_secs() < 60 => {
            format!(", within {} of its start", words::duration(*most))
        }
        (Some(least), Some(most)) => match (words::duration(*least), words::duration(*most)) {
            (least, most) if least == most => format!(", {most} after its start"),
            (least, most) => format!(", {least} to {most} after its start"),
        },
        _ if stops.is_empty() => String::new(),
        _ => ", before it ran".to_owned(),
    };
    format!("{ended}{when}, {}", words::times(count))
}

/// ECS's own words on a stop: the container's where it has some, they say more. `None` if they say no more than
/// the cause does.
pub(super) fn own_words(stop: &TaskStop) -> Option<&str> {
    let container = stop.telling_container().and_then(|container| container.reason.as_deref());
    let words = container.or(stop.stopped_reason.as_deref())?;
    (words != "Essential container in task exited").then_some(words)
}

/// ECS's words are quoted up to here; the rest of them is in the console.
const QUOTE_MAX: usize = 400;

pub(super) fn quoted(who: &str, words: &str) -> String {
    format!("{who}: \"{}\"", words::said(words, QUOTE_MAX))
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Where the region's console is. China and GovCloud have their own (AWS General Reference, "Console endpoints").
pub(super) fn console(region: &Region) -> String {
    match region.as_str() {
        cn if cn.starts_with("cn-") => format!("https://{cn}.console.amazonaws.cn"),
        gov if gov.starts_with("us-gov-") => "https://console.amazonaws-us-gov.com".to_owned(),
        other => format!("https://{other}.console.aws.amazon.com"),
    }
}
