//! What alarms of `health.rollback_alarms` say of the current deployment.
//!
//! Such an alarm is its team's own judgement: it takes the place of both keys. Everything else stands: whether there is
//! something proven to go back to, what holds the account, neighbours in trouble, the budget, the hold in which an
//! outage would show.

use jiff::{SignedDuration, Timestamp};

use super::deciding::Deciding;
use crate::alarm::{Counted, SeenAlarm};
use crate::config::RollbackMode;
use crate::incident::{Incident, IncidentKind, Resolution};
use crate::name::DeploymentId;
use crate::notice::words;
use crate::report::{Because, What};

/// An alarm that has left ALARM for so long is over. Sooner would close and open again on one that flaps about its
/// threshold.
const OVER_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Why an alarm does not count.
enum Aside {
    /// It was in ALARM when the deployment began.
    Before(DeploymentId),
    /// The deployment's revision was proven longer ago than `rollback_window`.
    Proven(DeploymentId),
    /// No deployment of the service is known.
    NoDeployment,
    /// It goes off while Steady's own rollback is under way, whose verification judges.
    OwnRollback,
}

impl Deciding<'_> {
    /// Whether an alarm went off of which nothing was decided yet. What it means depends on the config, which is read
    /// with what runs.
    pub(super) fn alarm_needs_running(&self) -> bool {
        self.record.alarms.unjudged().next().is_some()
    }

    /// Decides what alarms that went off mean, and takes in which of the incident's are over.
    pub(super) fn look_at_alarms(&mut self) {
        if !self.is_known() {
            return;
        }
        let health = self.health();
        let wanted = match health.rollback {
            RollbackMode::Off => Vec::new(),
            RollbackMode::Notify | RollbackMode::Auto => health.rollback_alarms.clone(),
        };
        let unjudged: Vec<SeenAlarm> = self.record.alarms.unjudged().cloned().collect();
        self.record.alarms.judge_all();
        for alarm in unjudged.into_iter().filter(|one| wanted.contains(&one.name)) {
            match self.aside(&alarm) {
                Ok(id) => self.count_alarm(&id, alarm),
                Err(aside) => self.set_aside(&alarm.name, &aside),
            }
        }
        self.note_over(&wanted);
        let now = self.now;
        self.record.alarms.tidy(&wanted, now);
    }

    /// The deployment against which an alarm speaks, or why it speaks against none.
    fn aside(&self, alarm: &SeenAlarm) -> Result<DeploymentId, Aside> {
        let Some((id, deployment)) = self.current() else { return Err(Aside::NoDeployment) };
        if self.is_own_rollback(&id) {
            return Err(Aside::OwnRollback);
        }
        if alarm.since <= deployment.began() {
            return Err(Aside::Before(id));
        }
        let proven_at = deployment.is_proven.then_some(deployment.revision()).flatten();
        let proven_at = proven_at.and_then(|revision| self.record.ledger.proven_at(revision));
        let window = self.health().rollback_window;
        match proven_at {
            Some(proven) if alarm.since.duration_since(proven) > window => Err(Aside::Proven(id)),
            _ => Ok(id),
        }
    }

    fn set_aside(&mut self, name: &str, aside: &Aside) {
        let why = match aside {
            Aside::Before(id) => format!("was in ALARM already when deployment {id} began"),
            Aside::Proven(id) => format!(
                "went off after the `rollback_window` of deployment {id} ({})",
                words::duration(self.health().rollback_window)
            ),
            Aside::NoDeployment => {
                "went off, and no deployment of the service has been seen".to_owned()
            }
            Aside::OwnRollback => "went off while a rollback is under way".to_owned(),
        };
        self.tell(What::Skipped(format!("alarm {name} {why}: it is not counted")));
    }

    fn count_alarm(&mut self, id: &DeploymentId, alarm: SeenAlarm) {
        let SeenAlarm { name, since, reason, .. } = alarm;
        let because = Because::Alarm { name: name.clone(), since, reason: reason.clone() };
        self.add_to_incident(id, IncidentKind::Alarm, because);
        if let Some(incident) = self.record.incident.as_mut().filter(|one| one.about == *id) {
            incident.alarms.retain(|known| known.name != name);
            incident.alarms.push(Counted { name, since, reason, over_at: None });
        }
    }

    /// Takes in which of the incident's alarms have left ALARM. One that config names no more is over.
    fn note_over(&mut self, wanted: &[String]) {
        let Some(incident) = &mut self.record.incident else { return };
        for counted in &mut incident.alarms {
            let seen = self.record.alarms.get(&counted.name);
            counted.over_at = match seen {
                _ if !wanted.contains(&counted.name) => counted.over_at.or(Some(self.now)),
                Some(seen) if !seen.in_alarm && seen.since > counted.since => Some(seen.since),
                _ => counted.over_at,
            };
        }
    }

    /// How an incident ends that rests on alarms alone.
    pub(super) fn alarms_over(&self, incident: &Incident) -> Option<(Timestamp, Resolution)> {
        let over: Option<Vec<Timestamp>> = incident.alarms.iter().map(|one| one.over_at).collect();
        let last = over?.into_iter().max()?;
        let alarms = incident.alarms.iter().map(|one| one.name.clone()).collect();
        Some((last.saturating_add(OVER_AFTER).ok()?, Resolution::AlarmsOver { alarms }))
    }
}
