//! Which services an alarm concerns.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortError;
use crate::name::ServiceKey;

/// The services whose config names an alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmUses {
    /// In `health.rollback_alarms`, by name.
    pub rollback: Vec<ServiceKey>,
    /// In `[[surge]]`, by name.
    pub surge: Vec<ServiceKey>,
}

/// Finds services by alarm.
pub trait FindByAlarm {
    /// Of one alarm, in one call. Most alarms of an account concern nobody.
    ///
    /// # Errors
    /// [`PortError`].
    fn uses_of_alarm(
        &self,
        alarm: &str,
    ) -> impl Future<Output = Result<AlarmUses, PortError>> + Send;
}

/// What a service's config says of an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmUse {
    /// It is in `health.rollback_alarms`.
    pub rollback: bool,
    /// It is in `[[surge]]`.
    pub surge: bool,
}

/// Keeps what services' configs say of alarms.
pub trait KeepAlarmUses {
    /// Notes what `service` makes of an alarm; nothing, where `used` is the default. The same twice is the same.
    ///
    /// # Errors
    /// [`PortError`].
    fn note_alarm_use(
        &self,
        alarm: &str,
        service: &ServiceKey,
        used: AlarmUse,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
