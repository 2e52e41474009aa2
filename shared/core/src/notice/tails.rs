//! What a subject line says behind the service's name.

use super::compose::Telling;
use super::{Stage, words};
use crate::incident::{IncidentKind, Resolution};
use crate::name::TaskDefinitionRevision;
use crate::rollback::{Asked, Reason, Refusal, RollbackState};

impl Telling<'_> {
    /// From the most telling to the shortest; the first that fits is taken.
    pub(super) fn subject_tails(&self) -> Vec<String> {
        if let Some(tails) = self.shared_tails() {
            return tails;
        }
        let short = self.incident.revision.as_ref().map(short_revision);
        let names = [Some(self.revision()), short, None];
        let tails = names.map(|name| self.subject_tail(name.as_deref()));
        // Why is worth more than the revision's whole name, where nothing is done about it.
        let idle = matches!(self.incident.rollback, RollbackState::Refused(_))
            && matches!(self.stage, Stage::Opened | Stage::RollbackRefused);
        let why = self.main_cause().filter(|_| idle).map(|(cause, ..)| {
            let stops = self.stops_by(cause);
            words::ended(cause, stops.last().and_then(|stop| stop.telling_container()))
        });
        let telling =
            why.iter().flat_map(|why| tails.iter().map(move |tail| format!("{tail}: {why}")));
        telling.take(2).chain(tails.iter().cloned()).collect()
    }

    fn subject_tail(&self, name: Option<&str>) -> String {
        let kind = self.kind();
        let on = name.map(|name| format!(" on {name}")).unwrap_or_default();
        // A target is named as long as the failing revision is.
        let to = |target: &TaskDefinitionRevision| match name {
            _ if self.same_revision().is_some() => "its proven settings".to_owned(),
            Some(name) if name.starts_with(':') => short_revision(target),
            _ => target.to_string(),
        };
        match (self.stage, &self.incident.rollback) {
            (Stage::Resolved(Resolution::RollbackVerified { .. }), _) => {
                format!("resolved, rolled back from {}", name.unwrap_or("the failing revision"))
            }
            (Stage::Resolved(_), _) => format!("resolved, {kind}{on}"),
            (Stage::RollbackUnderWay(way), _) => self.way_back_tail(way),
            (Stage::Escalated, RollbackState::Decided { action, untaken: None, .. }) => format!(
                "still in {} after {}, rolling back to {}",
                kind,
                words::duration(self.open_for()),
                to(&action.target.revision),
            ),
            (Stage::Escalated, _) => {
                format!("{kind}{on}, still open after {}", words::duration(self.open_for()))
            }
            (_, RollbackState::Decided { action, untaken: Some(_), .. }) => {
                format!("{kind}{on}, about to roll back to {}", to(&action.target.revision))
            }
            (_, RollbackState::Decided { action, .. }) if self.is_by_hand() => {
                self.by_hand_tail(name, &to(&action.target.revision))
            }
            (_, RollbackState::Decided { action, .. }) => {
                format!("{kind}{on}, rolling back to {}", to(&action.target.revision))
            }
            (_, RollbackState::Probing(probe)) => {
                let verb = match probe.asked {
                    Asked::Untaken(_) => "about to probe",
                    Asked::NotYet | Asked::Begun => "probing",
                };
                format!("{kind}{on}, {verb} {}", to(&probe.target.revision))
            }
            (_, RollbackState::Holding { target, .. }) => {
                format!("{kind}{on}, about to roll back to {}", to(&target.revision))
            }
            (_, RollbackState::Failed { action, why: Reason::Unverified(why) }) => {
                format!("rollback to {} did not help: {why}", to(&action.target.revision))
            }
            (Stage::RollbackFailed, _) => format!("{kind}{on}, and the rollback FAILED"),
            (_, RollbackState::Failed { why: Reason::Guard(Refusal::PutBack { .. }), .. }) => {
                format!("{kind}{on}, rollback ran over a newer deployment")
            }
            (_, RollbackState::Failed { .. }) => format!("{kind}{on}, not rolled back"),
            _ => format!("{kind}{on}"),
        }
    }

    /// What it is, in a few words; an alarm by its name.
    pub(super) fn kind(&self) -> String {
        let kind = self.incident.is_now();
        match self.incident.alarms.first().filter(|_| kind == IncidentKind::Alarm) {
            Some(alarm) => format!("alarm {}", words::cut(&alarm.name, ALARM_SHOWN)),
            None => kind.words().to_owned(),
        }
    }
}

/// Of an alarm's name so much stands in a subject, which has 99 characters.
const ALARM_SHOWN: usize = 40;

fn short_revision(revision: &TaskDefinitionRevision) -> String {
    let text = revision.as_str();
    text.rsplit_once(':').map_or_else(|| text.to_owned(), |(_, number)| format!(":{number}"))
}
