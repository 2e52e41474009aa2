//! What happened in one run, written down for the page.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use steady_core::event::{Body, DeploymentEventName, Event, Owner, TaskEvent};
use steady_core::evidence;
use steady_core::ledger::TaskStop;
use steady_core::name::{FamilyKey, ServiceKey};
use steady_core::port::RunningTask;
use steady_core::record::Record;
use steady_core::report::Entry;
use steady_core::stop::Verdict;

use super::aws::Aws;
use super::guard::{Heard, Watching};
use super::scenario::Scenario;
use super::world::MINUTE_0;

/// Evidence is looked at no oftener than this, unless something is decided.
const SAMPLE_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// One run.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// By service, in the scenario's order.
    pub(super) services: Vec<ServiceStory>,
    /// What Steady said, in order.
    pub(super) entries: Vec<Entry>,
    /// When the guard fired first.
    pub(super) fired_at: Option<Timestamp>,
}

/// What happened to one service.
#[derive(Debug)]
pub(super) struct ServiceStory {
    pub(super) service: ServiceKey,
    /// By the task's hash.
    pub(super) tasks: BTreeMap<u64, TaskLine>,
    /// What ECS told of its deployments since minute 0: when, and in words.
    pub(super) deployments: Vec<(Timestamp, &'static str)>,
    /// E1 against the current deployment.
    pub(super) evidence: Vec<(Timestamp, f64)>,
}

/// One task.
#[derive(Debug, Clone)]
pub(super) struct TaskLine {
    /// Its revision's number: 1 is the old one.
    pub(super) revision: usize,
    /// Whether it is a probe's, and none of the service's own.
    pub(super) is_witness: bool,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// Why it ended.
    pub(super) verdict: Option<Verdict>,
    /// In words.
    pub(super) why: String,
}

impl Story {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let services = scenario.services.iter().map(|one| ServiceStory {
            service: ServiceKey::new(&one.cluster, &one.name),
            tasks: BTreeMap::new(),
            deployments: Vec::new(),
            evidence: Vec::new(),
        });
        Self { services: services.collect(), ..Self::default() }
    }

    pub(super) fn event(&mut self, event: &Event, now: Timestamp) {
        let of = |service: &Option<&ServiceKey>, one: &ServiceStory| *service == Some(&one.service);
        match &event.body {
            Body::Task(task) => {
                // Nobody else runs tasks of no service here, and a service's family has its name.
                let witness = match &task.owner {
                    Owner::Standalone(FamilyKey { cluster: Some(cluster), family }) => {
                        Some(ServiceKey::new(cluster, family.as_str()))
                    }
                    _ => None,
                };
                let service = task.service().or(witness.as_ref());
                let found = self.services.iter_mut().find(|one| of(&service, one));
                found.into_iter().for_each(|one| one.task(task, event.time.unwrap_or(now)));
            }
            Body::Deployment(told) if now >= MINUTE_0 => {
                let service = told.service.as_ref();
                let Some(one) = self.services.iter_mut().find(|one| of(&service, one)) else {
                    return;
                };
                one.deployments.push(match told.name {
                    DeploymentEventName::InProgress => (now, "deployment begins"),
                    DeploymentEventName::Completed => (now, "deployment completed"),
                    DeploymentEventName::Failed => (now, "ECS gives the deployment up"),
                    DeploymentEventName::Other(_) => return,
                });
            }
            _ => {}
        }
    }

    pub(super) fn heard(&mut self, heard: Heard, watching: &Watching, aws: &Aws, now: Timestamp) {
        if heard.fires && now >= MINUTE_0 {
            self.fired_at.get_or_insert(now);
        }
        if let Watching::Steady(steady) = watching {
            for one in &mut self.services {
                let own =
                    heard.entries.iter().any(|entry| entry.service.as_ref() == Some(&one.service));
                let last = one.evidence.last().map(|(at, _)| now.duration_since(*at));
                if own || last.is_none_or(|since| since >= SAMPLE_EVERY) {
                    let record = steady.record(&one.service);
                    let evidence = record.and_then(|record| evidence_now(record, aws, now));
                    one.evidence.extend(evidence.map(|evidence| (now, evidence)));
                }
            }
        }
        self.entries.extend(heard.entries);
    }
}

impl ServiceStory {
    fn task(&mut self, task: &TaskEvent, at: Timestamp) {
        let number =
            task.revision.as_ref().and_then(|it| it.as_str().rsplit(':').next()?.parse().ok());
        let line = self.tasks.entry(task.task.hash64()).or_insert_with(|| TaskLine {
            revision: number.unwrap_or(1),
            is_witness: task.service().is_none(),
            created: task.created_at.unwrap_or(at),
            started: None,
            ended: None,
            verdict: None,
            why: String::new(),
        });
        line.started = line.started.or(task.started_at);
        if task.tells_of_stop() && line.ended.is_none() {
            let stop = TaskStop::new(task, at);
            line.ended = Some(stop.ended_at());
            line.verdict = Some(stop.verdict);
            line.why = steady_core::notice::words::stop(&stop);
        }
    }
}

/// E1 against the current deployment, as Steady would reckon it if it read what runs.
fn evidence_now(record: &Record, aws: &Aws, now: Timestamp) -> Option<f64> {
    let (id, deployment) = record.ledger.current()?;
    let running: Vec<&RunningTask> =
        aws.running(&record.service).filter(|task| task.deployment.as_ref() == Some(id)).collect();
    let old = record.ledger.replaced_by(id).map(|(_, old)| old.totals());
    Some(deployment.evidence(now, &running, evidence::tolerated_per_day(old)).0)
}
