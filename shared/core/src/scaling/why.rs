//! Why a service scaled, or did not: what AWS tells and what Steady knows, in one timeline.
//!
//! Application Auto Scaling tells of its activities for six weeks, those that did not scale among them. An alarm tells
//! of its last change only. Bounds are computed from the last good config and the overrides that are remembered, as far back as
//! Steady manages the service: who changed them by hand meanwhile is in AWS's activities alone.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::activity::{AlarmStanding, NotScaled, ScalingActivity};
use super::in_force::{InForce, SetBy};
use super::object::{Bounds, LiveScaling, ScalableTarget};
use super::record::ScalingRecord;
use super::runs;
use crate::event::AlarmState;
use crate::name::ServiceKey;
use crate::notice::words;
use crate::overrides::Override;

/// Runs of windows and scheduled actions that are looked at: a week of one each minute. What came after is left out.
const RUNS_MAX: usize = 10_080;

/// Longest piece of what AWS says that is shown, in characters.
const SAID_MAX: usize = 300;

/// What was read.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// What Steady remembers.
    pub record: &'a ScalingRecord,
    /// What is live.
    pub live: &'a LiveScaling,
    /// `runningCount`; `None` where ECS does not know the service.
    pub running: Option<u32>,
    /// Since `since`.
    pub activities: &'a [ScalingActivity],
    /// Of [`alarms_of`].
    pub alarms: &'a [AlarmStanding],
}

/// How a service's scaling stands, and how that came.
///
/// ```json
/// {"service": "prod/checkout", "desired": 40, "running": 38, "place": "at-max", "live": {"bounds": {"min": 2, "max": 40}, "suspended": {…}},
///  "in_force": {"bounds": {"min": 2, "max": 40}, "min_by": "capacity", …}, "alarms": [{"name": "TargetTracking-…", "policy": "steady-cpu", …}]}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// Whose.
    pub service: ServiceKey,
    /// `desiredCount`; `None`: ECS does not know the service.
    pub desired: Option<u32>,
    /// `runningCount`, likewise.
    pub running: Option<u32>,
    /// Where the desired count lies.
    pub place: Place,
    /// The scalable target; `None`: there is none, so nothing scales the service.
    pub live: Option<ScalableTarget>,
    /// What Steady wants, and because of what; `None`: it does not manage the scaling.
    pub in_force: Option<InForce>,
    /// The alarms that call the service's policies, by name.
    pub alarms: Vec<PolicyAlarm>,
    /// What happened, the newest last.
    #[serde(skip)]
    pub timeline: Vec<Moment>,
}

/// Where a desired count lies within the bounds that are live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// No scalable target, or no desired count.
    Unscaled,
    /// Nothing adds tasks any more.
    AtMax,
    /// Nothing takes tasks away any more.
    AtMin,
    /// `min` is `max`: nothing changes it.
    Fixed,
    /// Policies may move it both ways.
    Between,
}

/// An alarm that calls a policy, as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyAlarm {
    /// `AlarmName`
    pub name: String,
    /// The policy that it calls.
    pub policy: String,
    /// `StateValue`
    pub state: AlarmState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// `StateReason`, in CloudWatch's words.
    pub reason: Option<String>,
}

/// Something that happened.
///
/// ```json
/// {"at": "2026-11-21T02:10:00Z", "kind": "not-scaled", "reasons": [{"code": "AlreadyAtMaxCapacity", "max": 40, …}], "cause": "…"}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Happened {
    /// Application Auto Scaling has changed the desired count, or tried to.
    Scaled {
        /// `Description`
        description: String,
        /// `Cause`
        cause: String,
        /// `StatusCode`
        status: String,
        /// `StatusMessage`
        message: Option<String>,
    },
    /// It has seen a reason to, and did not.
    NotScaled {
        /// Why not.
        reasons: Vec<NotScaled>,
        /// `Cause`: what asked for it.
        cause: String,
    },
    /// Other bounds hold: by a window, a scheduled action, or an override.
    Bounds {
        /// What held before.
        from: Bounds,
        /// What holds since.
        to: Bounds,
        /// What set `to.min`.
        min_by: SetBy,
        /// What set `to.max`.
        max_by: SetBy,
    },
    /// An override begins.
    OverrideBegan {
        /// It.
        #[serde(rename = "override")]
        one: Override,
    },
    /// An override is over.
    OverrideEnded {
        /// Its id.
        id: String,
    },
    /// An alarm that calls a policy has changed its state. Of several changes the last.
    Alarm(PolicyAlarm),
}

/// The names of the alarms that call policies of the service.
pub fn alarms_of(live: &LiveScaling) -> Vec<String> {
    let mut names: Vec<String> =
        live.policies.iter().flat_map(|policy| policy.alarms.iter().cloned()).collect();
    names.sort();
    names.dedup();
    names
}

/// Puts together what was read; the timeline begins at `since`.
pub fn why(read: &Read<'_>, since: Timestamp, now: Timestamp) -> Why {
    let Read { record, live, running, activities, alarms } = *read;
    let target = live.target.as_ref().map(|live| live.target);
    let managed = record.managed.as_ref();
    let in_force = InForce::at(&record.config, &record.overrides, now);
    let alarms: Vec<PolicyAlarm> = alarms.iter().map(|alarm| policy_alarm(live, alarm)).collect();
    // What asks for something stands before what came of it, where both are of one moment.
    let mut timeline: Vec<Moment> = record.overrides.iter().flat_map(override_edges).collect();
    if let Some(managed) = managed {
        timeline.extend(bounds(record, since.max(managed.since), now));
    }
    timeline.extend(alarms.iter().filter_map(|alarm| {
        Some(Moment { at: alarm.since?, what: Happened::Alarm(alarm.clone()) })
    }));
    timeline.extend(activities.iter().map(activity));
    timeline.retain(|moment| since <= moment.at && moment.at <= now);
    timeline.sort_by_key(|moment| moment.at);
    Why {
        service: record.service.clone(),
        desired: live.desired_count,
        running,
        place: place(live.desired_count, target),
        live: target,
        in_force: in_force.filter(|_| managed.is_some()),
        alarms,
        timeline,
    }
}

fn place(desired: Option<u32>, target: Option<ScalableTarget>) -> Place {
    match (desired, target) {
        (Some(_), Some(target)) if target.bounds.min == target.bounds.max => Place::Fixed,
        (Some(desired), Some(target)) if desired >= target.bounds.max => Place::AtMax,
        (Some(desired), Some(target)) if desired <= target.bounds.min => Place::AtMin,
        (Some(_), Some(_)) => Place::Between,
        _ => Place::Unscaled,
    }
}

fn policy_alarm(live: &LiveScaling, alarm: &AlarmStanding) -> PolicyAlarm {
    let AlarmStanding { name, state, since, reason, .. } = alarm.clone();
    let policy = live.policies.iter().find(|policy| policy.alarms.contains(&name));
    let policy = policy.map(|policy| policy.policy.name.clone()).unwrap_or_default();
    PolicyAlarm { name, policy, state, since, reason }
}

fn activity(activity: &ScalingActivity) -> Moment {
    let ScalingActivity { started_at, description, cause, status, status_message, .. } =
        activity.clone();
    let what = if activity.not_scaled.is_empty() {
        Happened::Scaled { description, cause, status, message: status_message }
    } else {
        Happened::NotScaled { reasons: activity.not_scaled.clone(), cause }
    };
    Moment { at: started_at, what }
}

fn override_edges(one: &Override) -> [Moment; 2] {
    let began = Happened::OverrideBegan { one: one.clone() };
    let ended = Happened::OverrideEnded { id: one.id.clone() };
    [Moment { at: one.since, what: began }, Moment { at: one.until, what: ended }]
}

/// When other bounds came to hold, after `since`.
fn bounds(record: &ScalingRecord, since: Timestamp, now: Timestamp) -> Vec<Moment> {
    let at = |at| InForce::at(&record.config, &record.overrides, at);
    let mut edges: Vec<Timestamp> =
        record.overrides.iter().flat_map(|one| [one.since, one.until]).collect();
    let runs = std::iter::successors(runs::next_scheduled(&record.config, since), |at| {
        runs::next_scheduled(&record.config, *at)
    });
    edges.extend(runs.take_while(|at| *at <= now).take(RUNS_MAX));
    edges.retain(|edge| since < *edge && *edge <= now);
    edges.sort();
    edges.dedup();
    let mut before = at(since);
    let mut moments = Vec::new();
    for edge in edges {
        let after = at(edge);
        if let (Some(was), Some(is)) = (&before, &after)
            && was.bounds != is.bounds
        {
            let (min_by, max_by) = (is.min_by.clone(), is.max_by.clone());
            let what = Happened::Bounds { from: was.bounds, to: is.bounds, min_by, max_by };
            moments.push(Moment { at: edge, what });
        }
        before = after;
    }
    moments
}

// ---- in words ----

impl Happened {
    /// The first word of its line: `not scaled`.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Scaled { .. } => "scaled",
            Self::NotScaled { .. } => "not scaled",
            Self::Bounds { .. } => "bounds",
            Self::OverrideBegan { .. } | Self::OverrideEnded { .. } => "override",
            Self::Alarm(_) => "alarm",
        }
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |text: &str| words::cut(text.trim_end_matches('.'), SAID_MAX);
        match self {
            Self::Scaled { description, cause, status, message } => {
                write!(f, "{}: {}", cut(description), cut(cause))?;
                match (status.as_str(), message) {
                    ("Successful", _) => Ok(()),
                    (status, Some(message)) => write!(f, " ({status}: {})", cut(message)),
                    (status, None) => write!(f, " ({status})"),
                }
            }
            Self::NotScaled { reasons, cause } => {
                let reasons: Vec<String> = reasons.iter().map(NotScaled::in_words).collect();
                write!(f, "{}: {}", reasons.join("; "), cut(cause))
            }
            Self::Bounds { from, to, min_by, max_by } => {
                write!(f, "{} to {} tasks, before {} to {}: ", to.min, to.max, from.min, from.max)?;
                match (min_by == max_by, from.min == to.min, from.max == to.max) {
                    (true, ..) | (_, _, true) => write!(f, "{min_by}"),
                    (_, true, _) => write!(f, "{max_by}"),
                    _ => write!(f, "min by {min_by}, max by {max_by}"),
                }
            }
            Self::OverrideBegan { one } => {
                let until = words::clock(one.until);
                write!(f, "`{}` begins: {} until {until}, by {}", one.id, one.does(), one.by)?;
                let reason = words::cut(&one.reason, SAID_MAX);
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
            Self::OverrideEnded { id } => write!(f, "`{id}` ends"),
            Self::Alarm(alarm) => {
                write!(f, "{} of policy {} went to {}", alarm.name, alarm.policy, alarm.state)?;
                let reason = alarm.reason.as_deref().map(cut).unwrap_or_default();
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
        }
    }
}

impl NotScaled {
    /// `at max already, 40 tasks`. The codes are those of NotScaledReason in the Application Auto Scaling API reference.
    pub fn in_words(&self) -> String {
        let tasks = |count: Option<u32>| {
            count.map(|count| format!(", {count} {}", if count == 1 { "task" } else { "tasks" }))
        };
        let with = |said: &str, count| format!("{said}{}", tasks(count).unwrap_or_default());
        match self.code.as_str() {
            "AlreadyAtMaxCapacity" => with("at max already", self.max),
            "AlreadyAtMinCapacity" => with("at min already", self.min),
            "AlreadyAtDesiredCapacity" => {
                with("it has what the policy asks for already", self.current)
            }
            "AutoScalingAnticipatedFlapping" => {
                with("it would have to be scaled back at once", self.current)
            }
            "TargetServicePutResourceAsUnscalable" => {
                with("ECS does not let it be scaled now", self.current)
            }
            other => with(&words::cut(other, SAID_MAX), self.current),
        }
    }
}
