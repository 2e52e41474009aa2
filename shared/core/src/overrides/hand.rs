//! How a person, an alarm or an incident hands an override in, or ends one: only the record is written. What follows of it
//! is the scaling turn's, which is due at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{OverriddenBy, Override, OverrideError, Which, end, put};
use crate::config::Surge;
use crate::event::{AlarmEvent, AlarmState};
use crate::name::ServiceKey;
use crate::port::{KeepScaling, PortError, Saved};
use crate::record::Whose;
use crate::scaling::ScalingRecord;
use crate::turn::{RACES_MAX, TurnError};

/// What is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handed {
    /// An override; handed in again it changes nothing.
    Put(Override),
    /// The end of some.
    End(Which),
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum HandError {
    /// It is none that is taken.
    #[error(transparent)]
    Refused(#[from] OverrideError),
    /// The record could not be read or written. If it is not clear whether it was, handing in the same again does no harm.
    #[error(transparent)]
    Record(#[from] TurnError),
}

impl From<HandError> for PortError {
    /// As an adapter tells it: what may pass, may pass.
    fn from(error: HandError) -> Self {
        const CALL: &str = "override";
        match error {
            HandError::Record(TurnError::Load { source, .. } | TurnError::Save { source, .. }) => {
                source
            }
            HandError::Record(TurnError::Contended { .. }) => {
                Self::Throttled { call: CALL, text: error.to_string() }
            }
            HandError::Refused(_) | HandError::Record(_) => {
                Self::Refused { call: CALL, code: "NotTaken".to_owned(), text: error.to_string() }
            }
        }
    }
}

/// Raises the floor as `[[surge]]` has it, if the alarm went off and that is not long past. What goes off again prolongs it;
/// back in OK it ends by itself, at its time. The overrides that it put.
///
/// # Errors
/// [`HandError`].
pub async fn surge(
    records: &impl KeepScaling,
    service: &ServiceKey,
    alarm: &AlarmEvent,
    now: Timestamp,
) -> Result<Vec<Override>, HandError> {
    if alarm.state != AlarmState::Alarm {
        return Ok(Vec::new());
    }
    let whose = || Whose::Scaling(service.clone());
    let loaded = records.load_scaling(service).await;
    let loaded = loaded.map_err(|source| TurnError::Load { whose: whose(), source })?;
    let Some(stored) = loaded.stored else { return Ok(Vec::new()) };
    let record = ScalingRecord::restore(&stored)
        .map_err(|source| TurnError::Unreadable { whose: whose(), source })?;
    let since = alarm.changed_at.unwrap_or(now);
    let of_it = record.config.surge.iter().find(|surge| *surge.alarm == *alarm.name);
    let raised = of_it.and_then(|surge| raised_by(surge, since));
    let Some(raised) = raised.filter(|raised| now < raised.until) else {
        return Ok(Vec::new());
    };
    hand(records, service, &Handed::Put(raised), now).await
}

/// The override that a `[[surge]]` is, once its alarm has gone off at `since`; `None`: it would end after the last moment
/// that there is.
pub fn raised_by(surge: &Surge, since: Timestamp) -> Option<Override> {
    Some(Override {
        id: format!("surge-{}", surge.alarm),
        by: OverriddenBy::Alarm(surge.alarm.clone()),
        reason: String::new(),
        since,
        until: since.checked_add(surge.lasts).ok()?,
        min: Some(surge.min),
        max: None,
        suspended: crate::scaling::Suspended::default(),
        rollback_off: false,
    })
}

/// Puts it into the service's scaling record and makes that due, on whatever others have saved meanwhile. The overrides
/// that it put or ended; none where there was nothing to change.
///
/// # Errors
/// [`HandError`].
pub async fn hand(
    records: &impl KeepScaling,
    service: &ServiceKey,
    handed: &Handed,
    now: Timestamp,
) -> Result<Vec<Override>, HandError> {
    let whose = || Whose::Scaling(service.clone());
    for _ in 0..RACES_MAX {
        let loaded = records.load_scaling(service).await;
        let loaded = loaded.map_err(|source| TurnError::Load { whose: whose(), source })?;
        let known = match &loaded.stored {
            None => ScalingRecord::new(service.clone()),
            Some(stored) => ScalingRecord::restore(stored)
                .map_err(|source| TurnError::Unreadable { whose: whose(), source })?,
        };
        let mut record = known.clone();
        let changed = match handed {
            Handed::Put(new) => {
                put(&mut record, new.clone(), now)?;
                record.overrides.iter().filter(|one| one.id == new.id).cloned().collect()
            }
            Handed::End(which) => end(&mut record, which, now),
        };
        if record == known {
            return Ok(changed);
        }
        let stored = record.store(Some(now));
        let saved = records.save_scaling(service, &stored, loaded.version).await;
        match saved.map_err(|source| TurnError::Save { whose: whose(), source })? {
            Saved::Held => return Ok(changed),
            Saved::Overtaken => {}
        }
    }
    Err(TurnError::Contended { whose: whose() }.into())
}
