//! What adapters of scaling implement: Application Auto Scaling, CloudWatch's alarms, and the scaling records.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use super::{Loaded, PortError, Saved};
use crate::config::MetricStat;
use crate::name::ServiceKey;
use crate::record::Stored;
use crate::scaling::{
    AlarmStanding, LiveScaling, PassPlace, ScalingActivity, ScalingAnswer, ScalingCall, Series,
};

/// Reads what is live.
pub trait ReadScaling {
    /// Of one service: DescribeScalableTargets, then, where it has a target, DescribeScalingPolicies,
    /// DescribeScheduledActions and ListTagsForResource; DescribeAlarms by prefix; and DescribeServices for its desired count.
    ///
    /// # Errors
    /// [`PortError`]. What is not there is no error.
    fn live_scaling(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<LiveScaling, PortError>> + Send;
}

/// Reads what is live of the whole account, fifty services at a time.
///
/// Policies and scheduled actions are asked for by one resource or for all of them, so whoever implements this lists the account
/// once (targets by 50, policies by 10, scheduled actions by 50, alarms by 100) and answers from that: 3,000 services with five
/// objects each cost about 1,000 calls, where service by service would cost 6,000. It is as old as that list: what is to be
/// written is decided on a look of its own ([`ReadScaling`]).
pub trait ReadAllScaling {
    /// Of these services, at most 50, in their order; each as it was when the account was listed, but for the desired counts,
    /// which are read now (DescribeServices, ten at a time). Tags are not read.
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
    /// Makes one call, once. To delete what is gone already is no error.
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

/// Reads why a service scaled, or did not.
pub trait ReadActivities {
    /// The activities that began at `since` or later, newest first, those that did not scale among them. AWS keeps them for six
    /// weeks.
    ///
    /// # Errors
    /// [`PortError`].
    fn scaling_activities(
        &self,
        service: &ServiceKey,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<ScalingActivity>, PortError>> + Send;
}

/// Reads alarms by their names.
pub trait ReadAlarms {
    /// How these alarms stand, by name: metric alarms and composite ones. Those that are not there are left out. One
    /// DescribeAlarms for each 100 names; ECS shares its quota for deployment alarms, so never in a loop.
    ///
    /// # Errors
    /// [`PortError`].
    fn alarm_standings(
        &self,
        names: &[String],
    ) -> impl Future<Output = Result<Vec<AlarmStanding>, PortError>> + Send;
}

/// Reads metrics.
pub trait ReadMetrics {
    /// The values of each of `metrics`, in their order, for periods of so many seconds that begin at `from` or later and before
    /// `until`: GetMetricData, 500 metrics a request. `period` is 1, 5, 10, 20, 30 or a multiple of 60; CloudWatch keeps periods
    /// below a minute for 3 hours, a minute for 15 days, 5 minutes for 63 days, an hour for 455 days.
    ///
    /// # Errors
    /// [`PortError`]. Half a series is none.
    fn series(
        &self,
        metrics: &[MetricStat],
        period: u32,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Vec<Series>, PortError>> + Send;
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

/// A config file, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Its name without `.toml`: `defaults`, `prod/checkout`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Reads all of the config.
pub trait ReadAllConfig {
    /// All files, ten a call and at most four calls a second, since parameter reads share their quota with everything in the
    /// account.
    ///
    /// # Errors
    /// [`PortError`] of any page: half of the config would look as if the other half were gone.
    fn all_config(&self) -> impl Future<Output = Result<Vec<NamedFile>, PortError>> + Send;
}

/// Keeps where the pass over all services' scaling stands, in an item of its own.
pub trait KeepPassPlace {
    /// It, and what a save of it is conditional on (0 where nothing is stored). What cannot be read any more counts as
    /// nothing: then a new pass begins, and reads the config.
    ///
    /// # Errors
    /// [`PortError`].
    fn pass_place(
        &self,
    ) -> impl Future<Output = Result<(Option<PassPlace>, u64), PortError>> + Send;

    /// Writes it if the stored version is still `version`.
    ///
    /// # Errors
    /// [`PortError`].
    fn save_pass_place(
        &self,
        place: &PassPlace,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;
}
