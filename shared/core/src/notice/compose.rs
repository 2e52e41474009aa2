//! From the record to a notice.

use jiff::{SignedDuration, Timestamp};

use super::words;
use super::{Figures, Notice, Section, Severity, Stage, subject};
use crate::config::{Notify, RollbackMode, ServiceConfig};
use crate::evidence;
use crate::incident::{ESCALATE_AFTER, Incident, IncidentKind, Resolution};
use crate::ledger::{Deployment, TaskStop};
use crate::name::{Account, Family, Region, ServiceKey, TaskDefinitionRevision, fnv1a};
use crate::record::Record;
use crate::rollback::{Action, Path, Refusal, RollbackState};
use crate::stop::{Cause, Verdict};

/// ECS's own words are quoted up to here; the rest of them is in the console.
const QUOTE_MAX: usize = 400;

/// A notice about the record's open incident; `None` if none is open.
pub fn of_incident(
    record: &Record,
    stage: Stage,
    config: &ServiceConfig,
    now: Timestamp,
) -> Option<Notice> {
    let incident = record.incident.as_ref()?;
    let telling = Telling {
        record,
        incident,
        stage: &stage,
        config,
        now,
    };
    let (cause, verdict) = telling
        .main_cause()
        .map(|(cause, verdict, _)| (cause, verdict))
        .unzip();
    let severity = match stage {
        Stage::Resolved(_) => Severity::Info,
        _ => Severity::Critical,
    };
    Some(Notice {
        schema: "steady.notice/1",
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
        family: None,
        team: config.team.clone(),
        deployment: Some(incident.about.to_string()),
        revision: incident.revision.clone(),
        figures: Some(telling.figures()),
        cause,
        verdict,
        subject: subject(severity, record.service.as_str(), &telling.subject_tails()),
        summary: telling.summary(),
        sections: telling.sections(),
        topic: config.notify.topic.clone(),
        format: config.notify.format,
    })
}

struct Telling<'a> {
    record: &'a Record,
    incident: &'a Incident,
    stage: &'a Stage,
    config: &'a ServiceConfig,
    now: Timestamp,
}

impl Telling<'_> {
    fn service(&self) -> &ServiceKey {
        &self.record.service
    }

    fn deployment(&self) -> Option<&Deployment> {
        self.record.ledger.deployment(&self.incident.about)
    }

    /// The failing revision's name, or its deployment's where no task has told it.
    fn revision(&self) -> String {
        match &self.incident.revision {
            Some(revision) => revision.to_string(),
            None => format!("deployment {}", self.incident.about),
        }
    }

    fn decided(&self) -> Option<(Timestamp, &Action)> {
        match &self.incident.rollback {
            RollbackState::Decided { at, action } => Some((*at, action)),
            _ => None,
        }
    }

    fn main_cause(&self) -> Option<(Cause, Verdict, u32)> {
        self.deployment()?.causes().into_iter().next()
    }

    fn figures(&self) -> Figures {
        let Incident {
            counts,
            tasks,
            evidence,
            ..
        } = self.incident;
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

    fn subject_tails(&self) -> Vec<String> {
        let short = self.incident.revision.as_ref().map(short_revision);
        let names = [Some(self.revision()), short, None];
        names
            .into_iter()
            .map(|name| self.subject_tail(name.as_deref()))
            .collect()
    }

    fn subject_tail(&self, name: Option<&str>) -> String {
        let kind = self.incident.kind.words();
        let on = name.map(|name| format!(" on {name}")).unwrap_or_default();
        // A target is named as long as the failing revision is.
        let to = |target: &TaskDefinitionRevision| match name {
            Some(name) if name.starts_with(':') => short_revision(target),
            _ => target.to_string(),
        };
        match (self.stage, &self.incident.rollback) {
            (Stage::Resolved(Resolution::RollbackVerified { .. }), _) => {
                format!(
                    "resolved, rolled back from {}",
                    name.unwrap_or("the failing revision")
                )
            }
            (Stage::Resolved(_), _) => format!("resolved, {kind}{on}"),
            (Stage::Escalated, RollbackState::Decided { action, .. }) => format!(
                "still in {} after {}, rolling back to {}",
                kind,
                words::duration(self.open_for()),
                to(&action.target.revision),
            ),
            (Stage::Escalated, _) => {
                format!(
                    "{kind}{on}, still open after {}",
                    words::duration(self.open_for())
                )
            }
            (_, RollbackState::Decided { action, .. }) => {
                format!(
                    "{kind}{on}, rolling back to {}",
                    to(&action.target.revision)
                )
            }
            (_, RollbackState::Holding { target, .. }) => {
                format!("{kind}{on}, about to roll back to {}", to(&target.revision))
            }
            _ => format!("{kind}{on}"),
        }
    }

    fn open_for(&self) -> SignedDuration {
        // Told as the round time that has passed, not with the seconds until the next look.
        let open_for = self.now.duration_since(self.incident.opened_at);
        ESCALATE_AFTER
            .into_iter()
            .rev()
            .find(|after| *after <= open_for)
            .unwrap_or(open_for)
    }

    fn summary(&self) -> String {
        let (service, revision) = (self.service(), self.revision());
        let state = match self.incident.kind {
            IncidentKind::RestartLoop => {
                format!("{service} is in a restart loop: tasks of {revision} keep failing.")
            }
            IncidentKind::DeploymentFailed => {
                format!("The deployment of {revision} to {service} failed: ECS gave it up.")
            }
        };
        let what = match (self.stage, &self.incident.rollback) {
            (Stage::Resolved(resolution), _) => {
                return format!(
                    "{service} is out of trouble: {}. The incident was open for {}.",
                    words::resolution(resolution),
                    words::duration(self.now.duration_since(self.incident.opened_at)),
                );
            }
            (_, RollbackState::Decided { action, .. }) => {
                format!("Steady is rolling it back to {}.", action.target.revision)
            }
            (_, RollbackState::Holding { until, target }) => format!(
                "Steady rolls it back to {} at {}, unless {} fails too by then.",
                target.revision,
                words::clock(*until),
                target.revision,
            ),
            (_, RollbackState::Refused(Refusal::NotEnoughEvidence(_))) => {
                "Steady waits for more evidence before it rolls back.".to_owned()
            }
            _ => "Steady does not roll it back; this one is yours.".to_owned(),
        };
        format!("{state} {what}")
    }

    fn sections(&self) -> Vec<Section> {
        let sections = [
            ("Since", self.since()),
            ("How bad", self.how_bad()),
            ("Why", self.why()),
            ("Done", self.done()),
            ("You", self.you()),
            ("Links", self.links()),
            ("Not now", self.not_now()),
        ];
        let told = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
        told.map(|(label, lines)| Section { label, lines })
            .collect()
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
        let first = deployment
            .failures()
            .map_or(self.incident.opened_at, |(first, _)| first);
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
            lines.push(match tasks.desired {
                Some(desired) => format!("{} of {desired} tasks running", tasks.running),
                None => format!("{} running when last read", plural(tasks.running, "task")),
            });
        }
        let counts = self.incident.counts;
        if counts.failed_tasks() > 0 {
            let evidence = evidence::in_words(self.incident.evidence);
            lines.push(format!(
                "{}: {}; {evidence} : 1 that it fails more than is tolerated",
                self.revision(),
                words::failed(counts),
            ));
        } else {
            lines.push(format!("no failed task of {} is known", self.revision()));
        }
        if let Some((_, old)) = self.record.ledger.replaced_by(&self.incident.about) {
            let (name, counts) = (old.revision().map(ToString::to_string), old.totals());
            let name = name.unwrap_or_else(|| "the revision before".to_owned());
            if counts.starts() + counts.failed_tasks() > 0 {
                lines.push(format!(
                    "{name}, before it: {} of {} failed",
                    counts.failed_tasks(),
                    plural(
                        usize::try_from(counts.starts()).unwrap_or(usize::MAX),
                        "ended task"
                    ),
                ));
            }
        }
        lines
    }

    // ---- why ----

    fn stops_by(&self, cause: Cause) -> Vec<&TaskStop> {
        let stops = self.record.ledger.stops_of(&self.incident.about);
        stops.filter(|stop| stop.cause == cause).collect()
    }

    fn why(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(reason) = self
            .deployment()
            .filter(|deployment| deployment.failed().is_some())
            .and_then(Deployment::failed_reason)
        {
            lines.push(format!(
                "ECS on the deployment: \"{}\"",
                words::cut(reason, QUOTE_MAX)
            ));
        }
        let causes = self
            .deployment()
            .map(Deployment::causes)
            .unwrap_or_default();
        let mut causes = causes.into_iter();
        if let Some((cause, _, count)) = causes.next() {
            let stops = self.stops_by(cause);
            lines.push(self.why_line(cause, count, &stops));
            if let Some(quote) = stops.last().and_then(|stop| quote(stop)) {
                lines.push(format!(
                    "ECS on the task: \"{}\"",
                    words::cut(&quote, QUOTE_MAX)
                ));
            }
        }
        let others: Vec<String> = causes
            .map(|(cause, _, count)| format!("{} ({})", cause.words(), words::times(count)))
            .collect();
        if !others.is_empty() {
            lines.push(format!("besides: {}", others.join("; ")));
        }
        if lines.is_empty() {
            lines.push(
                "no stopped task of this deployment has been seen, so the cause is not known"
                    .to_owned(),
            );
        }
        lines
    }

    fn why_line(&self, cause: Cause, count: u32, stops: &[&TaskStop]) -> String {
        let mut line = cause.words().to_owned();
        let container = stops.iter().rev().find_map(|stop| stop.telling_container());
        if let Some(name) = container.and_then(|container| container.name.as_deref()) {
            line += &format!(", container {name}");
        }
        if let Some(code) = container.and_then(|container| container.exit_code) {
            line += &format!(", exit code {code}");
        }
        let ran: Vec<SignedDuration> = stops.iter().filter_map(|stop| stop.ran()).collect();
        if let (Some(least), Some(most)) = (ran.iter().min(), ran.iter().max()) {
            let (least, most) = (words::duration(*least), words::duration(*most));
            let span = if least == most {
                most
            } else {
                format!("{least} to {most}")
            };
            line += &format!(", {span} after its start");
        } else if !stops.is_empty() {
            line += ", before it ran";
        }
        format!("{line}, {}", words::times(count))
    }

    // ---- done ----

    fn done(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.incident.rollback {
            RollbackState::Decided { at, action } => {
                let how = match action.path {
                    Path::StopServiceDeployment => format!(
                        "stops deployment {} with rollback (StopServiceDeployment): ECS goes back to {}",
                        action.away_from, action.target.revision,
                    ),
                    Path::UpdateService => {
                        format!("updates the service to {} (UpdateService)", action.target.revision)
                    }
                };
                lines.push(format!("{}: {how}", words::clock(*at)));
                if !matches!(self.stage, Stage::Resolved(_)) {
                    lines.push("You are told again when it is steady, or if it is not".to_owned());
                }
            }
            RollbackState::Holding { until, target } => lines.push(format!(
                "waits until {}: if {} fails too by then, the revision is not to blame and nothing is rolled back",
                words::clock(*until),
                target.revision,
            )),
            RollbackState::Refused(refusal) => lines.push(format!("nothing: {refusal}")),
            RollbackState::Undecided => lines.push("nothing yet".to_owned()),
        }
        lines
    }

    // ---- you ----

    fn you(&self) -> Vec<String> {
        let mut steps: Vec<String> = match self.stage {
            Stage::Resolved(resolution) => return self.after(resolution),
            _ => self
                .main_cause()
                .map(|(cause, _, _)| cause.fix().to_owned())
                .into_iter()
                .collect(),
        };
        steps.extend(self.compare());
        match self.decided() {
            Some(_) => steps.extend(self.drift()),
            None => steps.extend(self.by_hand()),
        }
        if self.incident.rollback == RollbackState::Refused(Refusal::ConfigNotify) {
            steps.push(format!(
                "To have Steady do this by itself next time: rollback = \"{}\" under [health] in {}.toml",
                "auto",
                self.service(),
            ));
        }
        steps
    }

    fn compare(&self) -> Option<String> {
        let failing = self.incident.revision.as_ref()?;
        let describe = |revision: &TaskDefinitionRevision| {
            format!(
                "aws ecs describe-task-definition --task-definition {revision}{}",
                self.region_flag()
            )
        };
        Some(match self.going_back_to() {
            Some(good) => format!("See what changed: {} against {good}", describe(failing)),
            None => format!("See what it runs: {}", describe(failing)),
        })
    }

    /// The proven revision that the service goes, or could go, back to.
    fn going_back_to(&self) -> Option<&TaskDefinitionRevision> {
        match &self.incident.rollback {
            RollbackState::Decided { action, .. } => Some(&action.target.revision),
            RollbackState::Holding { target, .. } => Some(&target.revision),
            _ => self
                .record
                .ledger
                .proven_before(self.incident.revision.as_ref())
                .map(|p| &p.revision),
        }
    }

    fn by_hand(&self) -> Option<String> {
        // An environment that fails will fail the old revision too.
        if self
            .main_cause()
            .is_some_and(|(_, verdict, _)| verdict == Verdict::Environment)
        {
            return None;
        }
        if let RollbackState::Refused(Refusal::NativeRollback(_) | Refusal::Replaced(_)) =
            self.incident.rollback
        {
            return None;
        }
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        Some(match self.going_back_to() {
            Some(good) => format!(
                "To go back to {good} by hand: aws ecs update-service --cluster {cluster} --service {service} --task-definition {good}{region}"
            ),
            None => {
                let family = self
                    .incident
                    .revision
                    .as_ref()
                    .map_or(service, |revision| revision.family());
                format!(
                    "No revision is proven, so choose one that you know as good: aws ecs list-task-definitions --family-prefix {family} --sort DESC{region}"
                )
            }
        })
    }

    fn drift(&self) -> Vec<String> {
        let revision = self.revision();
        vec![
            format!("Do not deploy {revision} again before that is mended"),
            format!(
                "Your pipeline and templates still name {revision}: their next run brings it back"
            ),
        ]
    }

    fn after(&self, resolution: &Resolution) -> Vec<String> {
        match resolution {
            Resolution::RollbackVerified { .. } => self.drift(),
            Resolution::Replaced { .. } => vec!["Nothing needs to be done".to_owned()],
            Resolution::Ceased { .. } => vec![format!(
                "Find out what ended it: {} was not changed, so the cause may come back",
                self.revision(),
            )],
        }
    }

    // ---- links ----

    fn links(&self) -> Vec<String> {
        let Some(region) = &self.record.region else {
            return vec![format!("incident {}", self.incident.id)];
        };
        let console = console(region);
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let base = format!("{console}/ecs/v2/clusters/{cluster}");
        let mut lines = vec![
            format!("service   {base}/services/{service}/health?region={region}"),
            format!("logs      {base}/services/{service}/logs?region={region}"),
        ];
        if let Some(stop) = self
            .main_cause()
            .and_then(|(cause, ..)| self.stops_by(cause).pop())
        {
            lines.push(format!(
                "task      {base}/tasks/{}?region={region}",
                stop.task.id()
            ));
        }
        lines.push(format!("incident  {}", self.incident.id));
        lines
    }

    fn not_now(&self) -> Vec<String> {
        let coming = matches!(self.incident.rollback, RollbackState::Holding { .. });
        if !coming || self.config.health.rollback != RollbackMode::Auto {
            return Vec::new();
        }
        vec![format!(
            "rollback = \"off\" under [health] in {}.toml stops this",
            self.service()
        )]
    }

    fn region_flag(&self) -> String {
        region_flag(self.record.region.as_ref())
    }
}

/// ECS's own words on a stop: the container's where it has some, they say more.
fn quote(stop: &TaskStop) -> Option<String> {
    let container = stop
        .telling_container()
        .and_then(|container| container.reason.as_deref());
    container
        .or(stop.stopped_reason.as_deref())
        .map(str::to_owned)
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}

fn short_revision(revision: &TaskDefinitionRevision) -> String {
    let text = revision.as_str();
    text.rsplit_once(':')
        .map_or_else(|| text.to_owned(), |(_, number)| format!(":{number}"))
}

fn region_flag(region: Option<&Region>) -> String {
    region
        .map(|region| format!(" --region {region}"))
        .unwrap_or_default()
}

/// Where the region's console is. China and GovCloud have their own (AWS General Reference, "Console endpoints").
fn console(region: &Region) -> String {
    match region.as_str() {
        cn if cn.starts_with("cn-") => format!("https://{cn}.console.amazonaws.cn"),
        gov if gov.starts_with("us-gov-") => "https://console.amazonaws-us-gov.com".to_owned(),
        other => format!("https://{other}.console.aws.amazon.com"),
    }
}

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
    let revision = stop
        .revision
        .as_ref()
        .map_or_else(|| family.to_string(), ToString::to_string);
    let mut why = vec![words::stop(stop)];
    why.extend(quote(stop).map(|quote| format!("ECS: \"{}\"", words::cut(&quote, QUOTE_MAX))));
    let mut you = vec![stop.cause.fix().to_owned()];
    you.push(
        "No service depends on this task, so nothing is rolled back; run it again once mended"
            .to_owned(),
    );
    let mut sections = vec![
        Section {
            label: "Since",
            lines: vec![words::clock(stop.ended_at())],
        },
        Section {
            label: "Why",
            lines: why,
        },
        Section {
            label: "You",
            lines: you,
        },
    ];
    if since_last > 1 {
        let line = format!("{since_last} tasks of it failed since you were last told");
        sections.insert(
            1,
            Section {
                label: "How bad",
                lines: vec![line],
            },
        );
    }
    if let (Some(region), Some(cluster)) = (&region, cluster) {
        let link = format!(
            "{}/ecs/v2/clusters/{cluster}/tasks/{}?region={region}",
            console(region),
            stop.task.id()
        );
        sections.push(Section {
            label: "Links",
            lines: vec![format!("task      {link}")],
        });
    }
    Notice {
        schema: "steady.notice/1",
        id: format!("task-{:016x}", fnv1a(stop.task.as_str().as_bytes())),
        at: now,
        stage: "task-failed",
        severity: Severity::Warning,
        kind: "standalone-task",
        incident: None,
        account,
        region,
        cluster: cluster.map(str::to_owned),
        service: None,
        family: Some(family.to_string()),
        team: None,
        deployment: None,
        revision: stop.revision.clone(),
        figures: None,
        cause: Some(stop.cause),
        verdict: Some(stop.verdict),
        subject: subject(
            Severity::Warning,
            &who,
            &[
                format!("task of {revision} failed: {}", stop.cause.words()),
                format!("task of {revision} failed"),
                "task failed".to_owned(),
            ],
        ),
        summary: format!(
            "A task of {revision}, of no service, failed: {}.",
            stop.cause.words()
        ),
        sections,
        topic: notify.topic.clone(),
        format: notify.format,
    }
}
