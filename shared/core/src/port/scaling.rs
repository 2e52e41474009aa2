//! What adapters of scaling implement: Application Auto Scaling, CloudWatch's alarms, and the scaling records.

use std::future::Future;

use jiff::SignedDuration;

use super::{Loaded, PortError, Saved};
use crate::name::ServiceKey;
use crate::record::Stored;
use crate::scaling::{LiveScaling, ScalingAnswer, ScalingCall};

/// Reads what is live.
pub trait ReadScaling {
    /// Of one service: DescribeScalableTargets, DescribeScalingPolicies, DescribeScheduledActions, ListTagsForResource,
    /// DescribeAlarms (by names or prefix) and the service's desired count.
    ///
    /// # Errors
    /// [`PortError`]. What is not there is no error.
    fn live_scaling(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<LiveScaling, PortError>> + Send;
}

/// Reads what is live of the whole account, page by page: what 3,000 services cost one call for each 50.
pub trait ReadAllScaling {
    /// Of these services, at most 50, in their order, in as few calls as AWS allows.
    ///
    /// # Errors
    /// [`PortError`]. Half a page is none.
    fn live_scaling_of(
        &self,
        services: &[ServiceKey],
    ) -> impl Future<Output = Result<Vec<LiveScaling>, PortError>> + Send;
}

/// Changes it.
pub trait ChangeScaling {
    /// Makes one call, once.
    ///
    /// # Errors
    /// [`PortError`]. `ConcurrentUpdateException` and `FailedResourceAccessException` are
    /// [`PortError::Throttled`]: nothing was done, and later it may be.
    fn change_scaling(
        &self,
        service: &ServiceKey,
        call: &ScalingCall,
    ) -> impl Future<Output = Result<ScalingAnswer, PortError>> + Send;
}

/// How fast writes may follow each other: about one a second, for the whole account (PutScalingPolicy makes alarms, and
/// CloudWatch takes 3 PutMetricAlarm a second of an account). It waits, since the core has no clock.
pub trait Pace {
    /// Waits until one more write may be made; `false`: there is no time for it in this invocation.
    fn write(&self) -> impl Future<Output = bool> + Send;

    /// Waits so long before a throttled write is tried again; `false`: there is no time for that.
    fn back_off(&self, wait: SignedDuration) -> impl Future<Output = bool> + Send;
}

/// Keeps scaling records: an item for each service, in the same table and in the same way as services' records.
pub trait KeepScaling {
    /// As [`super::KeepRecords::load`].
    ///
    /// # Errors
    /// [`PortError`].
    fn load_scaling(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// As [`super::KeepRecords::save`], without stops.
    ///
    /// # Errors
    /// [`PortError`]. [`PortError::Unclear`] leaves open whether it was written.
    fn save_scaling(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;
}
