//! May a service be rolled back, to what, and by which path? And when it is done: is the service still as it was
//! judged, and was it done?

mod carry_out;
mod order;
mod probe;
mod refusal;
mod settings;
mod state;

pub use carry_out::{CarryingOut, GIVE_UP_AFTER, Outcome, Step};
pub use order::{Order, Ordered, consider_order};
pub use probe::{Asked, PROBE_TAKES, Probe};
pub(crate) use probe::{Testimony, hear, lives};
pub use refusal::Refusal;
pub(crate) use settings::named;
pub use settings::{Begun, Restore, Setting, Settings};
pub use state::{Action, Path, Reason, RollbackState, Unverified};

use jiff::{SignedDuration, Timestamp};

use crate::alarm::Counted;
use crate::comparison::{self, Comparison};
use crate::config::{Health, RollbackMode, Witness};
use crate::evidence::{self, Counts, SICK_AT};
use crate::incident::{Incident, IncidentKind};
use crate::installation::Brakes;
use crate::ledger::Proven;
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision};
use crate::record::Record;
use crate::stop::{Cause, Verdict};

/// With no old task left to compare, wait this long before a rollback: an outage shows in the old revision,
/// or in others, within it.
pub const HOLD: SignedDuration = SignedDuration::from_secs(60);

/// Old tasks are waited for as a comparison while there is one for so many new ones: at that ratio 39 crashes prove it.
const COMPARABLE: f64 = 10.0;

/// Evidence in starts at which a proven revision counts as one that starts no more: one failing start among crashes.
const STARTS_NO_MORE: f64 = 3.0;

/// So many services of the account that want a rollback within [`CROWD_WITHIN`](crate::installation::CROWD_WITHIN) are
/// all held.
pub const CROWD: usize = 3;

/// The same for a revision that was proven: it has behaved for a while, so something else may have changed, and within
/// this time its replacements have shown whether they start.
pub const HOLD_PROVEN: SignedDuration = SignedDuration::from_mins(3);

/// Rollbacks of one service within [`BUDGET_PERIOD`]. More would be two revisions taking turns.
pub const BUDGET: usize = 2;

/// See [`BUDGET`].
pub const BUDGET_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// What to do now about a rollback.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Considered {
    Refuse(Refusal),
    Hold { until: Timestamp, target: Proven },
    Probe(Probe),
    Act(Action),
}

/// What was read just now, as far as it bears on a rollback.
pub(crate) struct Seen<'a> {
    /// The deployment that ECS calls PRIMARY, where known.
    pub(crate) primary: Option<&'a DeploymentId>,
    /// The revision before, where known.
    pub(crate) old: Option<OldNow>,
    /// The service's probe, and what became of it, where it has one.
    pub(crate) probe: Option<(&'a Probe, Testimony)>,
    /// `desiredCount`, where known.
    pub(crate) desired: Option<u32>,
    /// The failing revision's starts since its trouble began: whether each passed.
    pub(crate) starts_since_trouble: Vec<bool>,
    /// Whether the loop goes on.
    pub(crate) is_failing: bool,
    /// Whether Steady may act at all, and what else is wrong in the account.
    pub(crate) brakes: &'a Brakes,
}

/// The revision that the failing one replaces, as it fares since then.
pub(crate) struct OldNow {
    /// Which, where known.
    pub(crate) revision: Option<TaskDefinitionRevision>,
    /// E1 against it since the failing deployment began.
    pub(crate) evidence: f64,
    /// Key 2: the failing one beside it, and beside witnesses.
    pub(crate) comparison: Comparison,
    /// Tasks of its own that run now and are old enough to be compared with.
    pub(crate) beside: usize,
    /// How much of a new task's traffic each of them takes, from 0 to 1.
    pub(crate) share: f64,
}

/// Goes through the guards in the order in which a person would want to hear of them.
pub(crate) fn consider(
    record: &Record,
    incident: &Incident,
    seen: &Seen<'_>,
    health: &Health,
    now: Timestamp,
) -> Considered {
    let refusal = not_by_ecs(record)
        .or_else(|| overtaken(record, incident))
        .or_else(|| overtaken_unheard(incident, seen.primary))
        .or_else(|| not_the_revision(record, incident))
        // What evidence there is does not depend on what config allows.
        .or_else(|| no_evidence_at_all(incident))
        // The config held on to may be no more than the default, of a service whose config was never read.
        .or_else(|| seen.brakes.refusal(now).filter(|it| matches!(it, Refusal::Unreadable(_))))
        .or_else(|| config(health))
        .or_else(|| seen.brakes.refusal(now))
        .or_else(|| spent(record, incident, now));
    if let Some(refusal) = refusal {
        return Considered::Refuse(refusal);
    }
    let target = match target(record, &incident.about, incident.revision.as_ref()) {
        Ok(target) => target,
        Err(refusal) => return Considered::Refuse(refusal),
    };
    let refusal = too_long_ago(record, incident, &target, health, now)
        // Last of what stands for good: nobody should wait for evidence that could change nothing.
        .or_else(|| unproved(incident))
        .or_else(|| crowd(&record.service, seen.brakes, now));
    if let Some(refusal) = refusal {
        return Considered::Refuse(refusal);
    }
    match second_key(record, incident, seen, health, now) {
        Err(refusal) => Considered::Refuse(refusal),
        // Nothing is begun about what has paused. Witnesses already asked wait for the next wave.
        Ok(key) if !(seen.is_failing || matches!(key, Key::Ask) && seen.probe.is_some()) => {
            Considered::Refuse(Refusal::NotFailingNow)
        }
        Ok(Key::Ask) => Considered::Probe(match seen.probe {
            Some((probe, _)) => probe.clone(),
            None => Probe::new(incident, target, seen.desired.unwrap_or(0), now),
        }),
        Ok(Key::Turned(from)) if now < from => Considered::Hold { until: from, target },
        Ok(Key::Turned(_)) => Considered::Act(Action {
            path: path(record, &incident.about, &target),
            away_from: incident.about.clone(),
            target,
            ordered: None,
        }),
    }
}

/// What the second key has come to.
enum Key {
    /// It has turned; from then on the revision may be acted upon.
    Turned(Timestamp),
    /// Witnesses are to be asked.
    Ask,
}

/// Whether the new revision is to blame, rather than something that befalls the old one as well; from when on it may
/// be acted upon. This is where an outage is told from a bad deployment.
fn second_key(
    record: &Record,
    incident: &Incident,
    seen: &Seen<'_>,
    health: &Health,
    now: Timestamp,
) -> Result<Key, Refusal> {
    let old = seen.old.as_ref();
    if old.is_some_and(|old| old.comparison.evidence >= comparison::TURNS_AT) {
        return Ok(Key::Turned(now));
    }
    if let Some(old) = old.filter(|old| old.evidence >= SICK_AT) {
        let (revision, evidence) = (old.revision.clone(), old.evidence);
        return Err(Refusal::OldRevisionSick { revision, evidence });
    }
    if kills_itself(record, incident) {
        return Ok(Key::Turned(now));
    }
    if let Some(alarm) = incident.alarmed() {
        return by_alarm(record, incident, alarm, seen, health, now);
    }
    // A handful beside hundreds would prove nothing for an hour.
    let runs_beside = old.filter(|old| {
        let beside = old.beside as f64 * old.share;
        beside > 0.0 && beside * COMPARABLE >= old.comparison.new_tasks as f64
    });
    if let Some(old) =
        runs_beside.filter(|_| incident.counts.crashes > incident.counts.failed_starts)
    {
        let (revision, tasks) = (old.revision.clone(), old.beside);
        let evidence = evidence::rounded(old.comparison.evidence);
        return Err(Refusal::NotWorseThanOld { revision, evidence, tasks });
    }
    // No old task left to compare with: the witness decides.
    if let Some(refusal) =
        neighbours(record, seen.brakes, now).or_else(|| started_before(record, incident, seen))
    {
        return Err(refusal);
    }
    match health.witness {
        Witness::Page => Err(Refusal::WitnessPage),
        Witness::Probe if fails_checks(record, incident) => Err(Refusal::WitnessesUnchecked),
        Witness::Probe => ask_witnesses(incident, seen, now),
        Witness::Act => {
            let turned = incident.key1_turned_at.unwrap_or(now);
            Ok(Key::Turned(turned.saturating_add(hold(record, incident)).unwrap_or(now)))
        }
    }
}

/// An alarm that the team named convicts in the place of both keys, unless an outage shows in others. There is nothing
/// to compare old and new tasks by: it is of the whole service.
fn by_alarm(
    record: &Record,
    incident: &Incident,
    alarm: &Counted,
    seen: &Seen<'_>,
    health: &Health,
    now: Timestamp,
) -> Result<Key, Refusal> {
    if let Some(refusal) = neighbours(record, seen.brakes, now) {
        return Err(refusal);
    }
    match health.witness {
        Witness::Page => Err(Refusal::WitnessPage),
        Witness::Act | Witness::Probe => {
            Ok(Key::Turned(alarm.since.saturating_add(hold(record, incident)).unwrap_or(now)))
        }
    }
}

fn hold(record: &Record, incident: &Incident) -> SignedDuration {
    let about = record.ledger.deployment(&incident.about);
    if about.is_some_and(|one| one.is_proven) { HOLD_PROVEN } else { HOLD }
}

fn ask_witnesses(incident: &Incident, seen: &Seen<'_>, now: Timestamp) -> Result<Key, Refusal> {
    // Once for a deployment.
    if let RollbackState::Refused(refusal) = &incident.rollback
        && probe::spent(refusal)
    {
        return Err(refusal.clone());
    }
    if !seen.brakes.probes {
        return Err(Refusal::ProbesNotAllowed);
    }
    let Some((probe, testimony)) = seen.probe else { return Ok(Key::Ask) };
    let revision = || probe.target.revision.clone();
    let at_boot = incident.counts.failed_starts >= incident.counts.crashes;
    match testimony {
        Testimony::Acquits(failed) => {
            Err(Refusal::WitnessesFailed { revision: revision(), failed, of: probe.count })
        }
        // In the run phase they count among the old tasks of key 2.
        Testimony::Convicts if at_boot => Ok(Key::Turned(now)),
        _ if now >= probe.until => Err(Refusal::ProbeUndecided { revision: revision() }),
        _ => Ok(Key::Ask),
    }
}

/// Others of the account want a rollback in the same ten minutes: a shared dependency is likelier than three bad
/// deployments (design, invariant 11).
pub(crate) fn crowd(service: &ServiceKey, brakes: &Brakes, now: Timestamp) -> Option<Refusal> {
    let services = brakes.account.as_ref()?.others_wanting_rollback(service, now);
    (services.len() + 1 >= CROWD).then_some(Refusal::Crowd { services })
}

fn neighbours(record: &Record, brakes: &Brakes, now: Timestamp) -> Option<Refusal> {
    let services = brakes.account.as_ref()?.neighbours_in_trouble(&record.service, now)?;
    Some(Refusal::NeighboursSick { services })
}

/// Tasks of a revision that has proven that it starts do not start any more: it has not changed since, something else
/// has. (A leak, or a fault that comes with time, shows in tasks that ran.)
fn started_before(record: &Record, incident: &Incident, seen: &Seen<'_>) -> Option<Refusal> {
    let about = record.ledger.deployment(&incident.about)?;
    let proven_at = record.ledger.proven_at(incident.revision.as_ref()?);
    let proven_at = proven_at.filter(|_| about.is_proven)?;
    // What started before the trouble says nothing of how tasks start now.
    let count = |which: bool| {
        let starts = seen.starts_since_trouble.iter().filter(|passed| **passed == which);
        u32::try_from(starts.count()).unwrap_or(u32::MAX)
    };
    let (passed_starts, failed_starts) = (count(true), count(false));
    let counts = Counts { passed_starts, failed_starts, ..Counts::ZERO };
    (evidence::of_starts(counts) >= STARTS_NO_MORE).then_some(Refusal::StartedBefore { proven_at })
}

/// What config says against any rollback.
pub(crate) fn config(health: &Health) -> Option<Refusal> {
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
    } else if deployment.is_begun_again() {
        Refusal::StoppedBySomebody { deployment: incident.about.clone(), rolls_back: true }
    } else {
        Refusal::Replaced(id.clone())
    })
}

/// Another deployment is PRIMARY, and its event is still to come.
fn overtaken_unheard(incident: &Incident, primary: Option<&DeploymentId>) -> Option<Refusal> {
    let primary = primary.filter(|id| **id != incident.about)?;
    Some(Refusal::Replaced(primary.clone()))
}

fn not_the_revision(record: &Record, incident: &Incident) -> Option<Refusal> {
    let causes = record.ledger.deployment(&incident.about)?.causes();
    let blamed = causes.iter().any(|(_, verdict, _)| *verdict == Verdict::Revision);
    let (cause, verdict, tasks) = causes.into_iter().next()?;
    (!blamed).then_some(Refusal::NotTheRevision { cause, verdict, tasks })
}

/// Nobody but ECS's own rolling of deployments takes UpdateService, or StopServiceDeployment, for a rollback.
fn not_by_ecs(record: &Record) -> Option<Refusal> {
    Some(match record.deployed_by.as_deref()? {
        "DAEMON" => Refusal::Daemon,
        "EXPRESS" => Refusal::Express,
        controller => Refusal::ForeignController(controller.to_owned()),
    })
}

fn no_evidence_at_all(incident: &Incident) -> Option<Refusal> {
    let kind = incident.key1_turned_at.is_none().then(|| incident.is_now())?;
    match kind {
        IncidentKind::DeploymentStuck => Some(Refusal::OnlyStuck(incident.evidence)),
        IncidentKind::Environment => Some(Refusal::OnlyEnvironment),
        _ => None,
    }
}

fn unproved(incident: &Incident) -> Option<Refusal> {
    if incident.key1_turned_at.is_some() || incident.alarmed().is_some() {
        return None;
    }
    Some(match incident.is_now() {
        IncidentKind::Alarm => Refusal::AlarmOver,
        IncidentKind::BadRedeployed => Refusal::NotFailedAgain,
        _ => Refusal::NotEnoughEvidence(incident.evidence),
    })
}

fn spent(record: &Record, incident: &Incident, now: Timestamp) -> Option<Refusal> {
    if record.rollbacks.iter().any(|done| done.away_from == incident.about) {
        return Some(Refusal::OncePerDeployment);
    }
    let recent = record.rollbacks.iter().filter(|done| now.duration_since(done.at) < BUDGET_PERIOD);
    (recent.count() >= BUDGET).then_some(Refusal::BudgetSpent)
}

/// The last proven revision that a service on `about` can go back to.
fn target(
    record: &Record,
    about: &DeploymentId,
    revision: Option<&TaskDefinitionRevision>,
) -> Result<Proven, Refusal> {
    let others = || record.ledger.proven().iter().rev();
    let is_same = |proven: &Proven| Some(&proven.revision) == revision;
    // The same task definition, deployed anew: its settings may differ from those that were proven. Whether they do is
    // read before anything is done.
    let anew = |proven: &Proven| {
        is_same(proven) && proven.deployment != *about && proven.service_revision.is_some()
    };
    let proven = || others().filter(|one| !is_same(one) || anew(one));
    match proven().find(|proven| !record.ledger.is_bad(&proven.revision)) {
        Some(target) => Ok(target.clone()),
        None => Err(match proven().next() {
            Some(bad) => Refusal::TargetBad(bad.revision.clone()),
            None if record.ledger.deployments().count() <= 1 => Refusal::FirstDeployment,
            None => Refusal::NothingProven,
        }),
    }
}

fn too_long_ago(
    record: &Record,
    incident: &Incident,
    target: &Proven,
    health: &Health,
    now: Timestamp,
) -> Option<Refusal> {
    if Some(&target.revision) == incident.revision.as_ref() {
        // What was proven is the target, not the deployment that fails.
        return None;
    }
    let proven_at = record.ledger.proven_at(incident.revision.as_ref()?)?;
    let window = health.rollback_window;
    (now.duration_since(proven_at) > window).then_some(Refusal::ProvenLongAgo { proven_at, window })
}

/// A task killed for memory did it to itself: no outage does that, so nothing needs to be waited for. Now and then a
/// crash of another kind between them changes nothing of that.
fn kills_itself(record: &Record, incident: &Incident) -> bool {
    let newest = newest_causes(record, incident);
    let killed = newest.iter().filter(|cause| **cause == Cause::OutOfMemory).count();
    killed > 0 && killed * 3 >= newest.len() * 2
}

/// Whether most of the failures are failed health checks, which nobody does to a witness: it stands behind no load
/// balancer, and ECS stops no task of RunTask's for its container's checks.
fn fails_checks(record: &Record, incident: &Incident) -> bool {
    let newest = newest_causes(record, incident);
    let failed = newest.iter().filter(|cause| cause.is_health_check()).count();
    failed * 2 > newest.len()
}

/// What ended the tasks on which the evidence rests, as far as they are kept in full.
fn newest_causes(record: &Record, incident: &Incident) -> Vec<Cause> {
    let stops = record.ledger.stops_of(&incident.about).filter(|stop| stop.blames_revision());
    let causes: Vec<Cause> = stops.map(|stop| stop.cause).collect();
    let failed = usize::try_from(incident.counts.failed_tasks()).unwrap_or(usize::MAX);
    causes.into_iter().rev().take(failed).collect()
}

fn path(record: &Record, about: &DeploymentId, target: &Proven) -> Path {
    let about = record.ledger.deployment(about);
    let in_flight =
        about.is_some_and(|d| d.begin_told() && d.completed().is_none() && d.failed().is_none());
    // What ECS would go back to, whatever we think of it.
    let source = about.and_then(|d| record.ledger.deployment(d.replaces()?)?.revision());
    if in_flight && source == Some(&target.revision) {
        Path::StopServiceDeployment
    } else {
        Path::UpdateService
    }
}
