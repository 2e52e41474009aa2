//! CloudWatch alarms of `health.rollback_alarms`: what is remembered of their state, and those that an incident rests on.
//!
//! An alarm speaks against the deployment in which it went off: not one that was in ALARM already when the deployment
//! began, and not one that goes off long after its revision was proven.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{AlarmEvent, AlarmState};
use crate::record::is_default;

/// Alarms remembered of one service. A config names a few.
const KEPT: usize = 20;

/// An alarm back in OK is remembered so long, for events that come late and out of order.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Begins the names of the alarms that Application Auto Scaling makes for target tracking.
const OF_TARGET_TRACKING: &str = "TargetTracking-";

/// Whether an alarm is made for scaling, by Application Auto Scaling or by Steady: what it says of a service is told to
/// whom it scales, and nobody else.
///
/// ```
/// use steady_core::alarm::is_of_scaling;
/// assert!(is_of_scaling("TargetTracking-service/prod/checkout-AlarmHigh-4d2e"));
/// assert!(is_of_scaling("steady-prod/checkout-burst"));
/// assert!(!is_of_scaling("checkout-5xx"));
/// ```
pub fn is_of_scaling(name: &str) -> bool {
    name.starts_with(OF_TARGET_TRACKING) || name.starts_with(crate::scaling::PREFIX)
}

/// The alarms heard of, by when they changed, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Alarms {
    seen: Vec<SeenAlarm>,
}

/// An alarm as last heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAlarm {
    /// `alarmName`
    pub name: String,
    /// Whether its state is ALARM.
    pub in_alarm: bool,
    /// `state.timestamp`: since when.
    pub since: Timestamp,
    /// `state.reason`, in CloudWatch's words, of one in ALARM.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Option<String>,
    /// Whether it was decided what this ALARM says of the deployment of its time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub judged: bool,
}

/// An alarm that an incident rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// `alarmName`
    pub name: String,
    /// When it went off.
    pub since: Timestamp,
    /// CloudWatch's words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Option<String>,
    /// When it left ALARM; `None`: it has not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub over_at: Option<Timestamp>,
}

impl Alarms {
    /// Takes an event in; `at`: its time, where it says no other. What is older than what is known changes nothing.
    pub(crate) fn absorb(&mut self, event: &AlarmEvent, at: Timestamp) {
        let since = event.changed_at.unwrap_or(at);
        let in_alarm = event.state == AlarmState::Alarm;
        let known = self.seen.iter().position(|one| one.name == *event.name);
        if let Some(known) = known.and_then(|place| self.seen.get(place))
            && (known.since >= since || known.in_alarm == in_alarm)
        {
            return;
        }
        known.map(|place| self.seen.remove(place));
        let reason = event.reason.as_deref().filter(|_| in_alarm).map(str::to_owned);
        let name = event.name.to_string();
        self.seen.push(SeenAlarm { name, in_alarm, since, reason, judged: false });
        self.seen.sort_by(|a, b| (a.since, &a.name).cmp(&(b.since, &b.name)));
        let surplus = self.seen.len().saturating_sub(KEPT);
        self.seen.drain(..surplus);
    }

    /// Those in ALARM of which nobody has decided anything yet.
    pub(crate) fn unjudged(&self) -> impl Iterator<Item = &SeenAlarm> {
        self.seen.iter().filter(|one| one.in_alarm && !one.judged)
    }

    /// Those in ALARM.
    pub fn in_alarm(&self) -> impl Iterator<Item = &SeenAlarm> {
        self.seen.iter().filter(|one| one.in_alarm)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&SeenAlarm> {
        self.seen.iter().find(|one| one.name == name)
    }

    pub(crate) fn judge_all(&mut self) {
        self.seen.iter_mut().for_each(|one| one.judged = true);
    }

    /// Forgets those that `wanted` does not name, and those long back in OK.
    pub(crate) fn tidy(&mut self, wanted: &[String], now: Timestamp) {
        let is_old = |one: &SeenAlarm| now.duration_since(one.since) > FORGOTTEN_AFTER;
        self.seen.retain(|one| wanted.contains(&one.name) && (one.in_alarm || !is_old(one)));
    }
}
