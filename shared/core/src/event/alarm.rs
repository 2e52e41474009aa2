//! `CloudWatch Alarm State Change`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EventError;
use super::raw::{self, Object, Text, filled};
use crate::name::Interner;

/// An alarm went from one state to another. The sibling detail-types `… Contributor State Change` and
/// `… Configuration Change` are not this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmEvent {
    /// `alarmName`. Application Auto Scaling's own are named
    /// `TargetTracking-service/CLUSTER/SERVICE-AlarmHigh|AlarmLow-UUID`.
    pub name: Arc<str>,
    /// `state.value`
    pub state: AlarmState,
    /// `state.timestamp`: when it changed.
    pub changed_at: Option<Timestamp>,
    /// `state.reason`, in CloudWatch's words.
    pub reason: Option<Arc<str>>,
    /// `previousState.value`
    pub previous: AlarmState,
}

/// The value of an alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// `OK`
    Ok,
    /// `ALARM`
    Alarm,
    /// `INSUFFICIENT_DATA`
    InsufficientData,
    /// Missing, or a word that CloudWatch did not use in 2026.
    Unknown,
}

impl fmt::Display for AlarmState {
    /// In CloudWatch's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Unknown => "UNKNOWN",
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    alarm_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    state: Option<Object<State<'a>>>,
    #[serde(borrow, default)]
    previous_state: Option<Object<State<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
struct State<'a> {
    #[serde(borrow, default)]
    value: Option<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

impl State<'_> {
    fn value(&self) -> AlarmState {
        match self.value.as_ref().map(Text::as_str) {
            Some("OK") => AlarmState::Ok,
            Some("ALARM") => AlarmState::Alarm,
            Some("INSUFFICIENT_DATA") => AlarmState::InsufficientData,
            _ => AlarmState::Unknown,
        }
    }
}

pub(super) fn read(detail: Detail<'_>, interner: &mut Interner) -> Result<AlarmEvent, EventError> {
    let name = filled(&detail.alarm_name).ok_or(EventError::Missing {
        field: "detail.alarmName",
        consequence: "it cannot be told which alarm is meant",
    })?;
    let state = detail.state.map_or_else(State::default, |state| state.0);
    let previous = detail.previous_state.map_or_else(State::default, |state| state.0);
    Ok(AlarmEvent {
        name: interner.get(name),
        state: state.value(),
        changed_at: raw::time(&state.timestamp, "detail.state.timestamp")?,
        reason: filled(&state.reason).map(|reason| interner.get(reason)),
        previous: previous.value(),
    })
}
