//! A rollback that a person orders: the button. What guards the service binds it ([`Refusal::is_safety`]); what config,
//! the installation and the evidence allow Steady to do by itself does not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Refusal, RollbackState, path, target};
use crate::installation::Brakes;
use crate::ledger::Proven;
use crate::name::{DeploymentId, TaskDefinitionRevision};
use crate::port::RunningTasks;
use crate::record::{Record, is_default};

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Unique: by it the order is known again when it comes twice, its first answer being lost.
    pub id: String,
    /// Who.
    pub by: String,
    /// Why, in a line.
    pub reason: Option<String>,
    /// To what, one of the proven revisions; `None`: to the last one.
    pub to: Option<TaskDefinitionRevision>,
    /// Away from what: the deployment that the person was shown as PRIMARY. `None`: from whatever is PRIMARY.
    pub away_from: Option<DeploymentId>,
}

/// Who ordered a rollback, as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// [`Order::id`]
    pub id: String,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Option<String>,
}

impl Order {
    pub(crate) fn ordered(&self) -> Ordered {
        Ordered { id: self.id.clone(), by: self.by.clone(), reason: self.reason.clone() }
    }
}

/// What an order comes to, as the service stands in `running`; what the call itself meets is seen when it is made.
///
/// # Errors
/// What guards the service against it.
pub fn consider_order(
    record: &Record,
    running: &RunningTasks,
    brakes: &Brakes,
    order: &Order,
    now: Timestamp,
) -> Result<Action, Refusal> {
    let status = running.standing.as_ref().and_then(|standing| standing.status.clone());
    fit(running)?;
    let primary = running.primary.as_ref().ok_or(Refusal::NotActive(status))?;
    // The installation's mode and overrides are policy.
    if let Some(refusal) = brakes.for_a_person().refusal(now) {
        return Err(refusal);
    }
    if order.away_from.as_ref().is_some_and(|shown| shown != primary) {
        return Err(Refusal::Replaced(primary.clone()));
    }
    if let Some(incident) = &record.incident
        && let RollbackState::Decided { action, .. } = &incident.rollback
    {
        return Err(Refusal::Underway { to: action.target.revision.clone() });
    }
    let Some(about) = record.ledger.deployment(primary) else {
        return Err(nothing_known(record, primary));
    };
    if about.is_native_rollback() && about.completed().is_none() && about.failed().is_none() {
        return Err(Refusal::NativeRollback(primary.clone()));
    }
    let revision = about.revision().cloned().or_else(|| read_revision(running, primary));
    let target = match &order.to {
        None => target(record, primary, revision.as_ref())?,
        Some(to) => named(record, primary, revision.as_ref(), to)?,
    };
    Ok(Action {
        path: path(record, primary, &target),
        away_from: primary.clone(),
        target,
        ordered: Some(order.ordered()),
    })
}

/// What of the service as such forbids it.
fn fit(running: &RunningTasks) -> Result<(), Refusal> {
    let Some(standing) = &running.standing else { return Ok(()) };
    if standing.status.as_deref() != Some("ACTIVE") {
        return Err(Refusal::NotActive(standing.status.clone()));
    }
    if standing.controller != "ECS" {
        return Err(Refusal::ForeignController(standing.controller.clone()));
    }
    match standing.scheduling_strategy.as_str() {
        "DAEMON" => Err(Refusal::Daemon),
        _ => Ok(()),
    }
}

/// The PRIMARY deployment is one of which no event and no task has told.
fn nothing_known(record: &Record, primary: &DeploymentId) -> Refusal {
    if record.ledger.proven().is_empty() {
        Refusal::NothingProven
    } else {
        Refusal::Replaced(primary.clone())
    }
}

fn read_revision(running: &RunningTasks, primary: &DeploymentId) -> Option<TaskDefinitionRevision> {
    let rollouts = &running.standing.as_ref()?.rollouts;
    rollouts.iter().find(|one| one.deployment == *primary)?.revision.clone()
}

/// The proven revision that the person named.
fn named(
    record: &Record,
    about: &DeploymentId,
    revision: Option<&TaskDefinitionRevision>,
    to: &TaskDefinitionRevision,
) -> Result<Proven, Refusal> {
    let proven = record.ledger.proven().iter().rev().find(|proven| proven.revision == *to);
    let Some(proven) = proven else {
        return Err(Refusal::NotProven { revision: to.clone() });
    };
    if record.ledger.is_bad(to) {
        return Err(Refusal::TargetBad(to.clone()));
    }
    // The same task definition, deployed anew, may have other settings than those that were proven.
    let is_itself = proven.deployment == *about || proven.service_revision.is_none();
    if revision == Some(to) && is_itself {
        return Err(Refusal::OntoItself { proven: proven.deployment.clone() });
    }
    Ok(proven.clone())
}
