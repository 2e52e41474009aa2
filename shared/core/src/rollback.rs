//! May a service be rolled back, to what, and by which path? Every refusal has its own reason.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::{Health, RollbackMode, Witness, render_duration};
use crate::evidence::{self, SICK_AT};
use crate::incident::Incident;
use crate::ledger::Proven;
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::notice::words;
use crate::record::Record;
use crate::stop::{Cause, Verdict};

/// With no old task left to compare, wait this long before a rollback: an outage shows in the old revision,
/// or in others, within it.
pub const HOLD: SignedDuration = SignedDuration::from_secs(60);

/// Rollbacks of one service within [`BUDGET_PERIOD`]. More would be two revisions taking turns.
pub const BUDGET: usize = 2;

/// See [`BUDGET`].
pub const BUDGET_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// What an incident has come to as to a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackState {
    /// Not looked at yet.
    Undecided,
    /// Decided, held for a moment in which an outage would show.
    Holding {
        /// When the hold ends.
        until: Timestamp,
        /// What the service will go back to.
        target: Proven,
    },
    /// Begun.
    Decided {
        /// When.
        at: Timestamp,
        /// What is done.
        action: Action,
    },
    /// Not done, and why. Looked at again with every new evidence.
    Refused(Refusal),
}

/// A change to a service, with what it was decided on: if that has moved on when it is tried, it is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// How.
    pub path: Path,
    /// The deployment that was judged, PRIMARY at that time.
    pub away_from: DeploymentId,
    /// Where to.
    pub target: Proven,
}

/// How a rollback is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// `StopServiceDeployment` with stop type `ROLLBACK`, for a deployment in progress. It takes no target:
    /// ECS goes back to its last successful revision, so it is used only where that is the target.
    StopServiceDeployment,
    /// `UpdateService` to the target's task definition.
    UpdateService,
}

/// Why a service is not rolled back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Config says `rollback = "off"`.
    ConfigOff,
    /// Config says `rollback = "notify"`, which is the default.
    ConfigNotify,
    /// ECS rolls back by itself.
    NativeRollback(DeploymentId),
    /// Somebody has begun another deployment.
    Replaced(DeploymentId),
    /// What ended the tasks is not the revision's doing.
    NotTheRevision {
        /// What ended most of them.
        cause: Cause,
        /// Whom that speaks against.
        verdict: Verdict,
        /// How many it ended.
        tasks: u32,
    },
    /// Key 1 has not turned.
    NotEnoughEvidence(f64),
    /// No revision of this service is known to have behaved.
    NothingProven,
    /// The only proven revisions were rolled back from since.
    TargetBad(TaskDefinitionRevision),
    /// This deployment has been rolled back before.
    OncePerDeployment,
    /// [`BUDGET`] rollbacks within [`BUDGET_PERIOD`].
    BudgetSpent,
    /// The failing revision itself was proven, longer ago than `rollback_window`.
    ProvenLongAgo {
        /// When.
        proven_at: Timestamp,
        /// The config's window.
        window: SignedDuration,
    },
    /// The revision before it fails too.
    OldRevisionSick {
        /// Which.
        revision: Option<TaskDefinitionRevision>,
        /// Evidence against it.
        evidence: f64,
    },
    /// Config says `witness = "page"`: only a comparison with running old tasks may roll back.
    WitnessPage,
    /// Config says `witness = "probe"`, and this installation may not start probe tasks.
    ProbesNotAllowed,
}

/// What to do now about a rollback.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Refuse(Refusal),
    Hold { until: Timestamp, target: Proven },
    Act(Action),
}

/// Goes through the guards in the order in which a person would want to hear of them.
pub(crate) fn consider(
    record: &Record,
    incident: &Incident,
    old_evidence: Option<(Option<TaskDefinitionRevision>, f64)>,
    health: &Health,
    now: Timestamp,
) -> Outcome {
    let refusal = overtaken(record, incident)
        .or_else(|| not_the_revision(record, incident))
        .or_else(|| config(health))
        .or_else(|| spent(record, incident, now));
    if let Some(refusal) = refusal {
        return Outcome::Refuse(refusal);
    }
    let target = match target(record, incident) {
        Ok(target) => target,
        Err(refusal) => return Outcome::Refuse(refusal),
    };
    if let Some(refusal) = too_long_ago(record, incident, health, now) {
        return Outcome::Refuse(refusal);
    }
    // Last of what stands for good: nobody should wait for evidence that could change nothing.
    if let Some(refusal) = unproved(incident) {
        return Outcome::Refuse(refusal);
    }
    if let Some((revision, evidence)) = old_evidence.filter(|(_, evidence)| *evidence >= SICK_AT) {
        return Outcome::Refuse(Refusal::OldRevisionSick { revision, evidence });
    }
    if !kills_itself(record, incident) {
        match health.witness {
            Witness::Page => return Outcome::Refuse(Refusal::WitnessPage),
            Witness::Probe => return Outcome::Refuse(Refusal::ProbesNotAllowed),
            Witness::Act => {}
        }
        let turned = incident.key1_turned_at.unwrap_or(now);
        let until = turned.saturating_add(HOLD).unwrap_or(now);
        if now < until {
            return Outcome::Hold { until, target };
        }
    }
    Outcome::Act(Action {
        path: path(record, incident, &target),
        away_from: incident.about.clone(),
        target,
    })
}

fn config(health: &Health) -> Option<Refusal> {
    match health.rollback {
        RollbackMode::Auto => None,
        RollbackMode::Notify => Some(Refusal::ConfigNotify),
        RollbackMode::Off => Some(Refusal::ConfigOff),
    }
}

fn overtaken(record: &Record, incident: &Incident) -> Option<Refusal> {
    let (id, deployment) = record.ledger.current()?;
    if *id == incident.about {
        return None;
    }
    Some(if deployment.is_native_rollback() {
        Refusal::NativeRollback(id.clone())
    } else {
        Refusal::Replaced(id.clone())
    })
}

fn not_the_revision(record: &Record, incident: &Incident) -> Option<Refusal> {
    let causes = record.ledger.deployment(&incident.about)?.causes();
    let blamed = causes.iter().any(|(_, verdict, _)| *verdict == Verdict::Revision);
    let (cause, verdict, tasks) = causes.into_iter().next()?;
    (!blamed).then_some(Refusal::NotTheRevision { cause, verdict, tasks })
}

fn unproved(incident: &Incident) -> Option<Refusal> {
    let turned = incident.key1_turned_at.is_some();
    (!turned).then_some(Refusal::NotEnoughEvidence(incident.evidence))
}

fn spent(record: &Record, incident: &Incident, now: Timestamp) -> Option<Refusal> {
    if record.rollbacks.iter().any(|done| done.away_from == incident.about) {
        return Some(Refusal::OncePerDeployment);
    }
    let recent = record.rollbacks.iter().filter(|done| now.duration_since(done.at) < BUDGET_PERIOD);
    (recent.count() >= BUDGET).then_some(Refusal::BudgetSpent)
}

fn target(record: &Record, incident: &Incident) -> Result<Proven, Refusal> {
    let proven = || {
        let others = record.ledger.proven().iter().rev();
        others.filter(|proven| Some(&proven.revision) != incident.revision.as_ref())
    };
    match proven().find(|proven| !record.ledger.is_bad(&proven.revision)) {
        Some(target) => Ok(target.clone()),
        None => Err(match proven().next() {
            Some(bad) => Refusal::TargetBad(bad.revision.clone()),
            None => Refusal::NothingProven,
        }),
    }
}

fn too_long_ago(
    record: &Record,
    incident: &Incident,
    health: &Health,
    now: Timestamp,
) -> Option<Refusal> {
    let proven_at = record.ledger.proven_at(incident.revision.as_ref()?)?;
    let window = health.rollback_window;
    (now.duration_since(proven_at) > window).then_some(Refusal::ProvenLongAgo { proven_at, window })
}

/// A task killed for memory did it to itself: no outage does that, so nothing needs to be waited for.
fn kills_itself(record: &Record, incident: &Incident) -> bool {
    let stops = record.ledger.stops_of(&incident.about).filter(|stop| stop.blames_revision());
    let causes: Vec<Cause> = stops.map(|stop| stop.cause).collect();
    let failed = usize::try_from(incident.counts.failed_tasks()).unwrap_or(usize::MAX);
    let newest = causes.len().saturating_sub(failed);
    !causes.is_empty() && causes.iter().skip(newest).all(|cause| *cause == Cause::OutOfMemory)
}

fn path(record: &Record, incident: &Incident, target: &Proven) -> Path {
    let in_flight = record
        .ledger
        .deployment(&incident.about)
        .is_some_and(|d| d.begin_told() && d.completed().is_none() && d.failed().is_none());
    // What ECS would go back to, whatever we think of it.
    let about = record.ledger.deployment(&incident.about);
    let source = about.and_then(|d| record.ledger.deployment(d.replaces()?)?.revision());
    if in_flight && source == Some(&target.revision) {
        Path::StopServiceDeployment
    } else {
        Path::UpdateService
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigOff => f.write_str("config says `rollback = \"off\"`"),
            Self::ConfigNotify => f.write_str("config says `rollback = \"notify\"` (the default)"),
            Self::NativeRollback(id) => write!(f, "ECS itself rolls back, with deployment {id}"),
            Self::Replaced(id) => write!(f, "another deployment, {id}, has begun since"),
            Self::NotTheRevision { cause, verdict, tasks } => {
                let tasks_are = if *tasks == 1 { "1 task was" } else { &format!("{tasks} tasks were") };
                let words = cause.words();
                match verdict {
                    Verdict::Environment => {
                        write!(f, "{tasks_are} ended by the environment, not by the revision: {words}")
                    }
                    _ => write!(
                        f,
                        "{tasks_are} ended by something that may not be the revision's fault: {words}"
                    ),
                }
            }
            Self::NotEnoughEvidence(evidence) => write!(
                f,
                "the evidence so far, {} : 1, is below the {} : 1 that a rollback needs",
                evidence::in_words(*evidence),
                evidence::TURNS_AT,
            ),
            Self::NothingProven => f.write_str(
                "no earlier revision of this service is proven (completed, and behaved through its soak)",
            ),
            Self::TargetBad(revision) => {
                write!(f, "{revision}, proven once, has itself been rolled back from since")
            }
            Self::OncePerDeployment => f.write_str("this deployment was rolled back once already"),
            Self::BudgetSpent => write!(
                f,
                "this service was rolled back {BUDGET} times within 24 h; more would be two revisions taking turns"
            ),
            Self::ProvenLongAgo { proven_at, window } => write!(
                f,
                "the failing revision was proven at {}, longer ago than `rollback_window` ({}): something else has changed",
                words::clock(*proven_at),
                render_duration(*window),
            ),
            Self::OldRevisionSick { revision: Some(revision), evidence } => write!(
                f,
                "{revision} fails too ({} : 1), so a cause shared by both is likelier than the new revision",
                evidence::in_words(*evidence),
            ),
            Self::OldRevisionSick { revision: None, evidence } => write!(
                f,
                "the revision before fails too ({} : 1), so a cause shared by both is likelier than the new revision",
                evidence::in_words(*evidence),
            ),
            Self::WitnessPage => {
                f.write_str("config says `witness = \"page\"`, and no old task is left to compare with")
            }
            Self::ProbesNotAllowed => f.write_str(
                "config says `witness = \"probe\"`, and this installation may not start probe tasks",
            ),
        }
    }
}
