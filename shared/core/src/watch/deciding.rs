//! One decision, step by step.

use jiff::Timestamp;

use super::together::Seen;
use super::{Ask, Decision, Logs, READ_EVERY, Running};
use crate::config::{Health, ServiceConfig};
use crate::evidence::{self, FAILED_TASKS_MIN, TURNS_AT};
use crate::history::PastIncident;
use crate::incident::{Incident, IncidentId, IncidentKind, TaskCount};
use crate::installation::{Brakes, Trouble};
use crate::ledger::Deployment;
use crate::name::{DeploymentId, ServiceRevisionArn};
use crate::notice::{self, Notice, Stage};
use crate::port::RunningTask;
use crate::record::Record;
use crate::report::{Because, Entry, What};
use crate::rollback::{Order, Refusal, RollbackState};

pub(super) struct Deciding<'a> {
    pub(super) record: Record,
    pub(super) config: &'a ServiceConfig,
    pub(super) now: Timestamp,
    pub(super) running: Running,
    pub(super) entries: Vec<Entry>,
    /// Whether anything came in, be it a repeat.
    pub(super) has_news: bool,
    pub(super) brakes: Brakes,
    pub(super) logs: Logs,
    /// What a person wants done, until it is looked at.
    pub(super) order: Option<Order>,
    /// When the running tasks could be read, if they are wanted and were read too recently.
    pub(super) want_read: Option<Timestamp>,
    /// What the account has to be told before a rollback can be decided.
    pub(super) wish: Option<Trouble>,
    /// The incident that ended now.
    pub(super) past: Option<PastIncident>,
    /// Whether something graver has joined the open incident.
    pub(super) worsened: bool,
    /// A line that this service has joined, as it was then.
    pub(super) joined: Seen,
    /// One that it has left.
    pub(super) left: Seen,
    /// Whether anybody answers if a line is asked for.
    pub(super) can_ask: bool,
    /// What has to be asked of a line before this can be decided.
    pub(super) ask_group: Option<Ask>,
}

impl Deciding<'_> {
    /// Ends here: something has to be answered first.
    pub(super) fn asking(self, ask: Ask) -> Decision {
        Decision {
            record: self.record,
            ask: Some(ask),
            entries: self.entries,
            due: None,
            past: None,
        }
    }

    pub(super) fn health(&self) -> &Health {
        &self.config.health
    }

    // ---- what is known ----

    /// The running tasks of a deployment, without those known to have stopped since they were read.
    pub(super) fn tasks_of(&self, id: &DeploymentId) -> Vec<&RunningTask> {
        let Running::Known(running) = &self.running else {
            return Vec::new();
        };
        let of_it = running.tasks.iter().filter(|task| task.deployment.as_ref() == Some(id));
        of_it.filter(|task| !self.record.ledger.has_stopped(&task.task)).collect()
    }

    /// The deployment that ECS calls PRIMARY, where that was read.
    pub(super) fn primary(&self) -> Option<&DeploymentId> {
        match &self.running {
            Running::Known(running) => running.primary.as_ref(),
            _ => None,
        }
    }

    /// The service revision of a deployment, where what was read tells it: it is read when a soak ends.
    pub(super) fn service_revision_of(&self, id: &DeploymentId) -> Option<&ServiceRevisionArn> {
        match &self.running {
            Running::Known(running) if running.primary.as_ref() == Some(id) => {
                running.service_revision.as_ref()
            }
            _ => None,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        matches!(self.running, Running::Known(_))
    }

    pub(super) fn current(&self) -> Option<(DeploymentId, &Deployment)> {
        self.record.ledger.current().map(|(id, deployment)| (id.clone(), deployment))
    }

    pub(super) fn incident_about(&self, id: &DeploymentId) -> bool {
        self.record.incident.as_ref().is_some_and(|incident| incident.about == *id)
    }

    /// Whether key 1 could turn against the current deployment, and has not in the open incident.
    pub(super) fn key1_could_turn(&self) -> bool {
        let Some((id, deployment)) = self.current() else {
            return false;
        };
        let turned = self.incident_about(&id)
            && self.record.incident.as_ref().is_some_and(|i| i.key1_turned_at.is_some());
        // What a rollback's own deployment does is its verification's to judge.
        if turned
            || self.is_own_rollback(&id)
            || deployment.totals().failed_tasks() < FAILED_TASKS_MIN
        {
            return false;
        }
        let (evidence, counts) = self.evidence(&id, deployment);
        counts.failed_tasks() >= FAILED_TASKS_MIN && evidence >= TURNS_AT
    }

    /// A deployment that ECS gave up, which nobody has been told of, unless a later one has completed.
    pub(super) fn untold_failure(&self) -> Option<DeploymentId> {
        let ledger = &self.record.ledger;
        let failed = |d: &Deployment| d.failed().is_some() && !d.failure_told;
        // What ECS goes back to may have begun in the very second in which it gave this one up.
        let completed_since = |began: Timestamp| {
            ledger
                .deployments()
                .any(|(_, other)| other.completed().is_some_and(|done| done > began))
        };
        // Of one whose begin was never told nobody knows what has been said before.
        let is_news = |d: &Deployment| d.begin_told() || !completed_since(d.began());
        let untold = ledger.deployments().filter(|(_, d)| failed(d) && is_news(d));
        untold.max_by_key(|(id, d)| (d.began(), *id)).map(|(id, _)| id.clone())
    }

    /// Whether the answer to what is open now depends on what runs.
    pub(super) fn needs_running(&mut self) -> bool {
        if self.is_known() || matches!(self.running, Running::Unknown(_)) {
            return false;
        }
        if self.is_worth_reading() || self.untold_failure().is_some() {
            return true;
        }
        let reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.now);
        let incident = self.record.incident.as_ref();
        if reached(incident.and_then(Incident::next_escalation))
            || reached(self.hold_ends())
            || reached(self.pause_ends())
            || reached(self.verification_due())
            || (self.has_news && self.may_pass_by_now())
            || self.record.read_owed
            || reached(self.probe_look())
        {
            return true;
        }
        if self.may_look_back() || self.overdue_proof_needs_running() {
            return true;
        }
        if self.life_needs_running() || self.alarm_needs_running() {
            return true;
        }
        let Some((id, deployment)) = self.current() else { return false };
        let nameless = deployment.revision().is_none() && !deployment.is_unnamed;
        if nameless && reached(self.verification(&id, deployment)) {
            return true;
        }
        // What is proven is named with its service revision, which only ECS tells.
        self.soak_ends(&id, deployment).is_some_and(|ends| ends <= self.now)
    }

    pub(super) fn may_read(&mut self) -> bool {
        let next = self.record.read_at.and_then(|at| at.checked_add(READ_EVERY).ok());
        let too_soon = next.filter(|next| self.now < *next);
        self.want_read = too_soon.or(self.want_read);
        self.record.read_owed = too_soon.is_some();
        too_soon.is_none()
    }

    pub(super) fn desired(&self) -> Option<u32> {
        match &self.running {
            Running::Known(running) => running.desired_count,
            _ => None,
        }
    }

    pub(super) fn hold_ends(&self) -> Option<Timestamp> {
        match self.record.incident.as_ref()?.rollback {
            RollbackState::Holding { until, .. } => Some(until),
            _ => None,
        }
    }

    fn may_pass_by_now(&self) -> bool {
        let rollback = self.record.incident.as_ref().map(|incident| &incident.rollback);
        matches!(rollback, Some(RollbackState::Refused(refusal)) if refusal.is_passing())
    }

    fn pause_ends(&self) -> Option<Timestamp> {
        match &self.record.incident.as_ref()?.rollback {
            RollbackState::Refused(Refusal::Paused(pause)) => pause.until,
            RollbackState::Refused(Refusal::Overridden { until, .. }) => Some(*until),
            _ => None,
        }
    }

    // ---- open, join ----

    pub(super) fn open_or_join(&mut self) {
        if let Some(id) = self.untold_failure() {
            if let Some(deployment) = self.record.ledger.deployment_mut(&id) {
                deployment.failure_told = true;
            }
            let reason = self.record.ledger.deployment(&id).and_then(Deployment::failed_reason);
            let because = Because::DeploymentFailed {
                deployment: id.clone(),
                reason: reason.map(str::to_owned),
            };
            self.add_to_incident(&id, IncidentKind::DeploymentFailed, because);
        }
        // Only what is known convicts: an unreadable ECS is not evidence.
        if self.is_known() && self.key1_could_turn() {
            let Some((id, deployment)) = self.current() else {
                return;
            };
            let (evidence, counts) = self.evidence(&id, deployment);
            self.add_to_incident(
                &id,
                IncidentKind::RestartLoop,
                Because::Key1 { counts, evidence },
            );
        }
    }

    pub(super) fn add_to_incident(
        &mut self,
        id: &DeploymentId,
        kind: IncidentKind,
        because: Because,
    ) {
        let Some(deployment) = self.record.ledger.deployment(id) else {
            return;
        };
        let (evidence, counts) = self.evidence(id, deployment);
        let (revision, began) = (deployment.revision().cloned(), deployment.began());
        let convicts = matches!(because, Because::Key1 { .. } | Because::BadFailsAgain { .. });
        let turned = convicts.then_some(self.now);
        let tasks = self.task_count(id);
        let is_own = self.is_own_rollback(id);
        let what = match &mut self.record.incident {
            None => {
                self.record.incident = Some(Incident {
                    id: IncidentId::new(&self.record.service, id, self.now),
                    kind,
                    graver: None,
                    opened_at: self.now,
                    about: id.clone(),
                    revision,
                    key1_turned_at: turned,
                    evidence: evidence::rounded(evidence),
                    counts,
                    rollback: RollbackState::Undecided,
                    escalations: 0,
                    promised_by: None,
                    tasks,
                    notices: Vec::new(),
                    tail: None,
                    alarms: Vec::new(),
                    scale_in_held: false,
                    untold: true,
                    starved_by: None,
                    group: None,
                });
                What::Opened(because)
            }
            Some(incident) => {
                let newer = |about: &DeploymentId| {
                    let about = self.record.ledger.deployment(about);
                    about.is_none_or(|about| about.began() < began)
                };
                if incident.about != *id && newer(&incident.about) && !is_own {
                    incident.about = id.clone();
                    incident.revision = revision;
                    incident.key1_turned_at = None;
                    incident.rollback = RollbackState::Undecided;
                    incident.alarms.clear();
                }
                if incident.about == *id {
                    incident.key1_turned_at = incident.key1_turned_at.or(turned);
                    incident.evidence = evidence::rounded(evidence);
                    incident.counts = counts;
                    incident.tasks = tasks.or(incident.tasks);
                }
                if incident.worsen(kind) {
                    self.worsened = true;
                }
                What::Joined(because)
            }
        };
        if let Some(deployment) = self.record.ledger.deployment_mut(id) {
            deployment.in_trouble = true;
        }
        self.tell(what);
    }

    /// How many tasks of the service run, and of the deployment that `about` replaces.
    fn task_count(&self, about: &DeploymentId) -> Option<TaskCount> {
        let Running::Known(running) = &self.running else { return None };
        let alive = |task: &&RunningTask| !self.record.ledger.has_stopped(&task.task);
        let before = self.record.ledger.replaced_by(about).map(|(id, _)| self.tasks_of(id).len());
        Some(TaskCount {
            running: running.tasks.iter().filter(alive).count(),
            running_before: before.unwrap_or(0),
            desired: running.desired_count,
        })
    }

    /// What an open incident rests on, as of now, if that is known.
    pub(super) fn refresh(&mut self) {
        let is_unnamed = |d: &Deployment| d.completed().is_some() && d.revision().is_none();
        let unnamed = self.current().filter(|(_, d)| self.is_known() && is_unnamed(d));
        if let Some(id) = unnamed.map(|(id, _)| id)
            && let Some(deployment) = self.record.ledger.deployment_mut(&id)
        {
            deployment.is_unnamed = true;
        }
        let Some(about) = self.record.incident.as_ref().map(|incident| incident.about.clone())
        else {
            return;
        };
        let Some(deployment) = self.record.ledger.deployment(&about) else { return };
        let (evidence, counts) = self.evidence(&about, deployment);
        let (revision, tasks) = (deployment.revision().cloned(), self.task_count(&about));
        // A new day of evidence begins with nothing; what the incident rests on stays.
        let more = |incident: &&mut Incident| {
            tasks.is_some() && counts.failed_tasks() >= incident.counts.failed_tasks()
        };
        if let Some(incident) = self.record.incident.as_mut().filter(more) {
            (incident.evidence, incident.counts, incident.tasks) =
                (evidence::rounded(evidence), counts, tasks);
            incident.revision = revision;
        }
    }

    // ---- tell ----

    pub(super) fn tell(&mut self, what: What) {
        let entry = Entry::plain(self.now, Some(self.record.service.clone()), what);
        let Some(incident) = &self.record.incident else { return self.entries.push(entry) };
        let causes = self.record.ledger.deployment(&incident.about).map(Deployment::causes);
        self.entries.push(Entry {
            incident: Some(incident.kind),
            deployment: Some(incident.about.clone()),
            revision: incident.revision.clone(),
            evidence: Some(incident.evidence),
            cause: causes.and_then(|causes| causes.first().map(|(cause, ..)| *cause)),
            ..entry
        });
    }

    /// What is told by itself, and when, is [`Self::notify`]'s to say.
    pub(super) fn tell_people(&mut self, stage: Stage) {
        if let Some(notice) = self.notice(stage) {
            self.record.outbox.push_message(notice.message(), self.now);
            self.tell(What::Notice(Box::new(notice)));
        }
    }

    pub(super) fn notice(&self, stage: Stage) -> Option<Notice> {
        notice::of_incident(&self.record, stage, self.config, self.now)
    }

    // ---- when next ----

    pub(super) fn due(&self) -> Option<Timestamp> {
        let incident = self.record.incident.as_ref();
        let escalation = incident.and_then(Incident::next_escalation);
        let soak = self.current().and_then(|(id, deployment)| self.soak_ends(&id, deployment));
        let verification =
            self.current().and_then(|(id, deployment)| self.verification(&id, deployment));
        let resolution = self.resolution().map(|(at, _)| at);
        let (hold, pause) = (self.hold_ends(), self.pause_ends());
        let (deadline, look) = (self.deadline(), self.verification_due());
        let due = [deadline, hold, pause, escalation];
        let patience = self.patience_ends();
        let probe =
            [patience, self.probe_look(), self.record.probe.as_ref().map(|probe| probe.until)];
        let due = due.into_iter().chain(probe);
        let all = due.chain([verification, look, soak, resolution, self.want_read]);
        let all = all.chain([self.group_due()]);
        all.flatten().filter(|at| *at > self.now).min()
    }
}
