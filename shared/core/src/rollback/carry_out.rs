//! Doing it: what to call, given how the service stands at this very moment, and when to leave it.
//!
//! UpdateService has no compare-and-set, and an answer can be lost after the call was done. So every step begins with a
//! look at the service: it tells whether it is still as it was judged, whether an earlier try went through after all,
//! and whether somebody's own deployment was run over.

use jiff::{SignedDuration, Timestamp};

use super::settings::{self, Begun, Restore, Setting};
use super::{Action, Path, Reason, Refusal};
use crate::installation::Brakes;
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision};
use crate::port::{
    Call, DeploymentState, PortError, ServiceDeploymentState, ServiceState, TargetState,
};

/// A rollback that AWS has not taken for so long is given up, and a person is told to do it: an outage of the API must
/// not keep people waiting for what does not come.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Tries within one invocation. More would only add to a throttle; the next event or the queue's retry comes soon.
const TRIES: usize = 2;

/// A decided rollback, being done.
#[derive(Debug)]
pub struct CarryingOut<'a> {
    action: &'a Action,
    service: &'a ServiceKey,
    decided_at: Timestamp,
    /// An earlier invocation may have done it, and died before it could say so.
    was_tried: bool,
    brakes: &'a Brakes,
    /// What has come to forbid it since it was decided.
    forbidden: Option<Refusal>,
    /// The deployments there were before the first call.
    before: Vec<DeploymentId>,
    /// What is known of it, should ECS take it.
    begun: Begun,
    /// What the last UpdateService was to restore.
    restoring: Vec<Setting>,
    /// Revisions that nobody is given back.
    bad: &'a [TaskDefinitionRevision],
    tries: Vec<Try>,
    putting_back: Option<(DeploymentId, TaskDefinitionRevision)>,
}

#[derive(Debug)]
enum Try {
    Accepted,
    Refused(String),
    Unclear(String),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Make this call, hand in its answer, look again.
    Call(Call),
    /// Nothing more.
    End(Outcome),
}

/// What became of a rollback.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// ECS has begun it.
    Begun(Begun),
    /// It will not be done.
    Failed(Reason),
    /// Not now, and why. It stays in the outbox.
    Later(String),
}

impl<'a> CarryingOut<'a> {
    /// Begins. `attempt` counts the invocations that took it up, this one included; `bad` are the revisions that were
    /// rolled back from.
    pub fn new(
        service: &'a ServiceKey,
        action: &'a Action,
        decided_at: Timestamp,
        attempt: u32,
        brakes: &'a Brakes,
        bad: &'a [TaskDefinitionRevision],
    ) -> Self {
        Self {
            action,
            service,
            decided_at,
            was_tried: attempt > 1,
            brakes,
            forbidden: None,
            before: Vec::new(),
            begun: Begun::default(),
            restoring: Vec::new(),
            bad,
            tries: Vec::new(),
            putting_back: None,
        }
    }

    /// Something has come to forbid it since it was decided: no call is made any more. What was done already is still
    /// seen.
    pub fn forbid(&mut self, refusal: Refusal) {
        // What is policy binds Steady, not the person who orders.
        if self.action.ordered.is_none() || refusal.is_safety() {
            self.forbidden = Some(refusal);
        }
    }

    /// Decides on a fresh look at the service. Ends after a handful of steps, whatever is seen.
    pub fn next(&mut self, state: &ServiceState, now: Timestamp) -> Step {
        if let Some((deployment, revision)) = self.putting_back.take() {
            return Step::End(self.was_put_back(deployment, revision));
        }
        let primary = state.deployments.iter().find(|one| one.is_primary);
        if let Some(refusal) = unfit(state) {
            return Step::End(Outcome::Failed(Reason::Guard(refusal)));
        }
        match primary {
            Some(primary) if primary.id == self.action.away_from => self.unmoved(state, now),
            Some(primary) => self.moved(state, primary),
            None => Step::End(guard(Refusal::NotActive(state.status.clone()))),
        }
    }

    /// What is known of it so far: before a call is made, what that will restore and what not.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Takes in a call's answer.
    pub fn answered(&mut self, answer: Result<(), PortError>) {
        self.tries.push(match answer {
            Ok(()) => Try::Accepted,
            Err(error @ PortError::Refused { .. }) => Try::Refused(error.to_string()),
            Err(error) => Try::Unclear(error.to_string()),
        });
    }

    /// The service, or what an action needs besides, cannot be read: nothing is done on a guess.
    pub fn blind(&mut self, error: &PortError, now: Timestamp) -> Outcome {
        if let Some((deployment, revision)) = self.putting_back.take() {
            // It needs no further look, and a later one would not know any more that somebody was run over.
            self.was_put_back(deployment, revision)
        } else if matches!(self.tries.last(), Some(Try::Accepted)) {
            // ECS took it. What cannot be seen now is only whether somebody was run over.
            Outcome::Begun(self.begun.clone())
        } else if error.may_pass() {
            self.later(error.to_string(), now)
        } else {
            Outcome::Failed(Reason::Aws(error.to_string()))
        }
    }

    fn may_be_ours(&self) -> bool {
        // What AWS refused was not done.
        self.was_tried || self.tries.iter().any(|one| !matches!(one, Try::Refused(_)))
    }

    fn later(&self, why: String, now: Timestamp) -> Outcome {
        if now.duration_since(self.decided_at) >= GIVE_UP_AFTER {
            Outcome::Failed(Reason::Aws(why))
        } else {
            Outcome::Later(why)
        }
    }

    /// The judged deployment is still PRIMARY.
    fn unmoved(&mut self, state: &ServiceState, now: Timestamp) -> Step {
        let current = state.service_deployment.as_ref();
        if current.is_some_and(is_stopping) {
            let ours = self.may_be_ours() && current.is_some_and(is_rolling_back);
            return Step::End(if ours {
                Outcome::Begun(self.begun.clone())
            } else {
                guard(self.stopped_already(current))
            });
        }
        if current.is_some_and(is_abandoned) && self.tries.is_empty() {
            return Step::End(guard(self.stopped_already(current)));
        }
        match self.tries.last() {
            // What is read may lag behind what was accepted.
            Some(Try::Accepted) => return Step::End(Outcome::Begun(self.begun.clone())),
            // It completed between the look and the call: then the service is updated away from it.
            Some(Try::Refused(_))
                if self.begun.path == Some(Path::StopServiceDeployment)
                    && !current.is_some_and(is_in_flight) => {}
            // The task definition is what matters most.
            Some(Try::Refused(why)) if !self.restoring.is_empty() => {
                self.begun.settings_refused = Some(why.clone());
            }
            Some(Try::Refused(why)) => return Step::End(Outcome::Failed(Reason::Aws(why.clone()))),
            Some(Try::Unclear(why)) if self.tries.len() >= TRIES => {
                return Step::End(self.later(why.clone(), now));
            }
            Some(Try::Unclear(_)) | None => {}
        }
        if let Some(refusal) = self.braked(now) {
            return Step::End(guard(refusal));
        }
        let target = &self.action.target.revision;
        if state.target != TargetState::Active {
            let revision = target.clone();
            return Step::End(guard(Refusal::TargetUnusable { revision, state: state.target }));
        }
        if self.tries.is_empty() {
            self.before = state.deployments.iter().map(|one| one.id.clone()).collect();
        }
        // No task may have told what the judged deployment runs; ECS does.
        let is_target = state
            .deployments
            .iter()
            .any(|one| one.is_primary && one.revision.as_ref() == Some(target));
        let stoppable = current.filter(|one| is_in_flight(one) && self.goes_back_to_target(one));
        if let Some(one) = stoppable {
            self.begun.path = Some(Path::StopServiceDeployment);
            return Step::Call(Call::StopServiceDeployment { arn: one.arn.clone() });
        }
        match self.update(state, is_target) {
            Ok(call) => Step::Call(call),
            Err(outcome) => Step::End(outcome),
        }
    }

    /// Not by us.
    fn stopped_already(&self, current: Option<&ServiceDeploymentState>) -> Refusal {
        let deployment = self.action.away_from.clone();
        match current.map(|one| one.status.as_str()) {
            Some("ROLLBACK_REQUESTED") => {
                Refusal::StoppedBySomebody { deployment, rolls_back: true }
            }
            Some("STOP_REQUESTED" | "STOPPED") => {
                Refusal::StoppedBySomebody { deployment, rolls_back: false }
            }
            _ => Refusal::AlreadyRollingBack(deployment),
        }
    }

    /// Another deployment is PRIMARY: ours, or somebody's.
    fn moved(&mut self, state: &ServiceState, primary: &DeploymentState) -> Step {
        let is_back =
            |one: &DeploymentState| one.revision.as_ref() == Some(&self.action.target.revision);
        let mut since = state.deployments.iter().filter(|one| self.began_since(one, state));
        if !is_back(primary) {
            // Ours may have been done, and replaced since.
            let was_done = matches!(self.tries.last(), Some(Try::Accepted))
                || (self.may_be_ours() && since.any(|one| !one.is_primary && is_back(one)));
            return Step::End(if was_done {
                self.begun.replaced_by = Some(primary.id.clone());
                Outcome::Begun(self.begun.clone())
            } else {
                guard(Refusal::Replaced(primary.id.clone()))
            });
        }
        if !self.may_be_ours() {
            return Step::End(guard(Refusal::AlreadyRollingBack(primary.id.clone())));
        }
        let run_over = since.find(|one| !one.is_primary).cloned();
        if self.tries.is_empty() {
            self.begun = taken_by_an_earlier_try(state);
        }
        match run_over {
            None => Step::End(Outcome::Begun(self.begun.clone())),
            Some(theirs) => match theirs.revision.clone() {
                Some(revision) if self.bad.contains(&revision) => {
                    self.begun.ran_over = Some(theirs.id);
                    Step::End(Outcome::Begun(self.begun.clone()))
                }
                Some(revision) => {
                    self.putting_back = Some((theirs.id, revision.clone()));
                    Step::Call(self.update_to(revision, None))
                }
                None => {
                    Step::End(guard(Refusal::PutBack { deployment: theirs.id, revision: None }))
                }
            },
        }
    }

    fn was_put_back(&self, deployment: DeploymentId, revision: TaskDefinitionRevision) -> Outcome {
        let accepted = matches!(self.tries.last(), Some(Try::Accepted));
        guard(Refusal::PutBack { deployment, revision: accepted.then_some(revision) })
    }

    /// Whether a deployment began after the judged one was PRIMARY. An earlier invocation's look is not known any more;
    /// then what is newer than the judged one tells.
    fn began_since(&self, one: &DeploymentState, state: &ServiceState) -> bool {
        if !self.before.is_empty() {
            return !self.before.contains(&one.id);
        }
        let judged = state.deployments.iter().find(|one| one.id == self.action.away_from);
        let judged_at = judged.and_then(|one| one.created_at).unwrap_or(self.decided_at);
        one.id != self.action.away_from && one.created_at.is_some_and(|at| at > judged_at)
    }

    /// UpdateService to the target, with the settings that differ from what was proven.
    fn update(&mut self, state: &ServiceState, is_target: bool) -> Result<Call, Outcome> {
        let was_refused = self.begun.settings_refused.is_some();
        let (mut restore, mut rest) = (None, Vec::new());
        if let Some((proven, current)) = state.proven.as_ref().zip(state.current.as_ref()) {
            let (settings, not_restorable) = settings::differing(proven, current);
            if is_target && settings.is_empty() {
                let proven = self.action.target.deployment.clone();
                return Err(guard(Refusal::OntoItself { proven }));
            }
            if let Some(refusal) = settings::moved_image(proven, current) {
                return Err(guard(refusal));
            }
            rest = not_restorable;
            if was_refused {
                rest.splice(0..0, settings);
            } else if !settings.is_empty() {
                restore = Some(Restore { from: proven.arn.clone(), settings });
            }
        } else if is_target {
            return Err(guard(Refusal::NothingProven));
        }
        if is_target && restore.is_none() {
            // Without them it would be an update to what runs.
            let why = self.begun.settings_refused.clone().unwrap_or_default();
            return Err(Outcome::Failed(Reason::Aws(why)));
        }
        self.restoring = restore.as_ref().map(|it| it.settings.clone()).unwrap_or_default();
        self.begun = Begun {
            path: Some(Path::UpdateService),
            restored: self.restoring.clone(),
            not_restored: rest,
            settings_refused: self.begun.settings_refused.take(),
            ..taken_by_an_earlier_try(state)
        };
        Ok(self.update_to(self.action.target.revision.clone(), restore))
    }

    /// Whether ECS, told to roll back, would go to the target and to nothing else.
    fn goes_back_to_target(&self, deployment: &ServiceDeploymentState) -> bool {
        let target = &self.action.target;
        let proven = target.service_revision.as_ref();
        !deployment.sources.is_empty()
            && deployment.sources.len() >= deployment.source_arns.len()
            && deployment.sources.iter().all(|source| *source == target.revision)
            && deployment.source_arns.iter().all(|arn| proven.is_none_or(|proven| proven == arn))
    }

    fn update_to(&self, revision: TaskDefinitionRevision, restore: Option<Restore>) -> Call {
        Call::UpdateService { service: self.service.clone(), revision, restore }
    }

    fn braked(&self, now: Timestamp) -> Option<Refusal> {
        let brakes = self.brakes;
        if self.action.ordered.is_some() {
            return brakes.for_a_person().refusal(now).or_else(|| self.forbidden.clone());
        }
        let crowd = || super::crowd(self.service, brakes, now);
        brakes.refusal(now).or_else(|| self.forbidden.clone()).or_else(crowd)
    }
}

/// What can be seen of a rollback that ECS took: settings which differ even so were not restored.
fn taken_by_an_earlier_try(state: &ServiceState) -> Begun {
    let pair = state.proven.as_ref().zip(state.current.as_ref());
    let (mut differ, rest) = pair.map(|(a, b)| settings::differing(a, b)).unwrap_or_default();
    differ.extend(rest);
    Begun {
        not_restored: differ,
        settings_unread: pair.is_none(),
        shift_minutes: u32::try_from(state.strategy.shift().as_mins()).unwrap_or(u32::MAX),
        ..Begun::default()
    }
}

fn guard(refusal: Refusal) -> Outcome {
    Outcome::Failed(Reason::Guard(refusal))
}

/// What of the service as such forbids it.
fn unfit(state: &ServiceState) -> Option<Refusal> {
    if state.status.as_deref() != Some("ACTIVE") {
        return Some(Refusal::NotActive(state.status.clone()));
    }
    if state.controller != "ECS" {
        return Some(Refusal::ForeignController(state.controller.clone()));
    }
    if state.is_express {
        return Some(Refusal::Express);
    }
    (state.scheduling_strategy == "DAEMON").then_some(Refusal::Daemon)
}

// The statuses are those of ServiceDeployment in the ECS API reference.

fn is_in_flight(deployment: &ServiceDeploymentState) -> bool {
    matches!(deployment.status.as_str(), "PENDING" | "IN_PROGRESS")
}

/// Somebody asked for its stop and for no rollback. What the circuit breaker or an alarm gave up is STOPPED too.
fn is_abandoned(deployment: &ServiceDeploymentState) -> bool {
    deployment.status == "STOPPED" && !deployment.given_up
}

fn is_stopping(deployment: &ServiceDeploymentState) -> bool {
    deployment.status == "STOP_REQUESTED" || is_rolling_back(deployment)
}

fn is_rolling_back(deployment: &ServiceDeploymentState) -> bool {
    matches!(deployment.status.as_str(), "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")
}
