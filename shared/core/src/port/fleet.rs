//! What only `sweep` asks: what is due, and what the whole account runs, piece by piece.

use std::future::Future;

use jiff::Timestamp;

use super::{PortError, RolloutState, Saved};
use crate::event::TaskEvent;
use crate::name::{Account, DeploymentId, Region, ServiceKey, TaskArn};
use crate::record::{Stored, Whose};
use crate::slow_pass::Place;

/// A record with something unfinished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Whose.
    pub whose: Whose,
    /// Since when somebody should look.
    pub due: Timestamp,
}

/// Finds what is due.
pub trait FindOpen {
    /// Services that are due at `until` or were before, the longest overdue first, at most `limit`; only those after
    /// `after`, which is the last one of the page before. Fewer than `limit` are the last.
    ///
    /// It may lag behind the records by moments: a service that has just had its turn has one that finds nothing to
    /// do, and one that has just become due has its turn a minute later.
    ///
    /// # Errors
    /// [`PortError`].
    fn find_open(
        &self,
        until: Timestamp,
        after: Option<&Open>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Open>, PortError>> + Send;
}

/// Reads everything that is remembered.
pub trait ListRecords {
    /// Every record, by its key, without its stops. It may lag behind a save by a second. It reads the whole table,
    /// several megabytes for thousands of services: for a person who asks, not for a function.
    ///
    /// # Errors
    /// [`PortError`]: of any page. A part of them is never given as if it were all.
    fn records(&self) -> impl Future<Output = Result<Vec<(Whose, Stored)>, PortError>> + Send;
}

/// A piece of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In ECS's order.
    pub items: Vec<T>,
    /// `nextToken`: asks for the next piece; `None`: this was the last one.
    pub next: Option<String>,
}

/// A service as DescribeServices shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingService {
    /// Which.
    pub service: ServiceKey,
    /// Of its ARN.
    pub account: Option<Account>,
    /// Of its ARN.
    pub region: Option<Region>,
    /// `desiredCount`
    pub desired_count: i32,
    /// `runningCount`
    pub running_count: i32,
    /// The deployment with status PRIMARY; `None` for services whose deployments are not ECS's own.
    pub primary: Option<StandingDeployment>,
}

/// A deployment as DescribeServices shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingDeployment {
    /// `id`
    pub id: DeploymentId,
    /// `rolloutState`; `None` where ECS gives none (blue/green) or a word that it did not use in 2026.
    pub rollout_state: Option<RolloutState>,
    /// `rolloutStateReason`
    pub reason: Option<String>,
    /// `failedTasks`: ECS's count of *consecutive* failures.
    pub failed_tasks: i32,
    /// `createdAt`
    pub created_at: Option<Timestamp>,
    /// `updatedAt`
    pub updated_at: Option<Timestamp>,
}

/// A task that has stopped, or is about to, as DescribeTasks shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoppedTask {
    /// What an event would have told.
    pub task: TaskEvent,
    /// `stoppedAt`
    pub stopped_at: Option<Timestamp>,
}

/// Reads what the account runs.
pub trait ReadFleet {
    /// Names of clusters: one ListClusters, at most 100.
    ///
    /// # Errors
    /// [`PortError`], as for all that follow.
    fn clusters(
        &self,
        token: Option<&str>,
    ) -> impl Future<Output = Result<Page<String>, PortError>> + Send;

    /// Services of a cluster: one ListServices, at most [`SERVICES_A_PAGE`]. Of a cluster that is gone there are none.
    ///
    /// # Errors
    /// [`PortError`]; a token that ECS takes no more is refused.
    fn services(
        &self,
        cluster: &str,
        token: Option<&str>,
    ) -> impl Future<Output = Result<Page<ServiceKey>, PortError>> + Send;

    /// How they stand: one DescribeServices, of services of one cluster, at most [`SERVICES_A_PAGE`]. Those that ECS does
    /// not know are left out.
    ///
    /// # Errors
    /// [`PortError`].
    fn standing(
        &self,
        services: &[ServiceKey],
    ) -> impl Future<Output = Result<Vec<StandingService>, PortError>> + Send;

    /// A service's tasks with `desiredStatus` STOPPED, which ECS shows for an hour: one ListTasks, at most
    /// [`TASKS_A_PAGE`].
    ///
    /// # Errors
    /// [`PortError`].
    fn stopped(
        &self,
        service: &ServiceKey,
    ) -> impl Future<Output = Result<Vec<TaskArn>, PortError>> + Send;

    /// What became of tasks of a service: one DescribeTasks, of at most [`TASKS_A_PAGE`]. Those that ECS knows no more
    /// are left out.
    ///
    /// # Errors
    /// [`PortError`].
    fn stopped_tasks(
        &self,
        service: &ServiceKey,
        tasks: &[TaskArn],
    ) -> impl Future<Output = Result<Vec<StoppedTask>, PortError>> + Send;
}

/// "You may specify up to 10 services to describe in a single operation" (DescribeServices in the API reference).
pub const SERVICES_A_PAGE: u16 = 10;

/// As many as ListTasks lists and DescribeTasks describes at once (API reference).
pub const TASKS_A_PAGE: u16 = 100;

/// Keeps where the slow pass stands.
pub trait KeepPlace {
    /// It, and what a save of it is conditional on (0 where nothing is stored). What cannot be read any more counts as
    /// nothing: then a new pass begins.
    ///
    /// # Errors
    /// [`PortError`].
    fn place(&self) -> impl Future<Output = Result<(Option<Place>, u64), PortError>> + Send;

    /// Writes it if the stored version is still `version`.
    ///
    /// # Errors
    /// [`PortError`].
    fn save_place(
        &self,
        place: &Place,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;
}
