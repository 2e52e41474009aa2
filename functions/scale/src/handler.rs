//! The handler: a batch in, the failed messages out; or a quarter of an hour has passed.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use steady_aws::client::Aws;
use steady_aws::function::scaling::{Paced, ScalingTurns};
use steady_aws::function::settings::Settings;
use steady_aws::function::{Invocation, TURN_TAKES, Took, boxed, queue};
use steady_aws::parameters::Parameters;
use steady_aws::table::Table;
use steady_aws::topics::Topics;
use steady_core::clusters::Clusters;
use steady_core::name::ServiceKey;
use steady_core::port::{KeepScaling, PortError};
use steady_core::scaling::{self, Pass, PassPage, PassTurn, WhyTurn};
use thiserror::Error;

use crate::batch::Batch;

/// Waited before each call that lists the account's scaling: ten a second, of DescribeScalingPolicies' quota that consoles and
/// pipelines share.
const BETWEEN_LISTS: Duration = Duration::from_millis(100);

/// Waited between calls of DescribeServices, ten services each: with what else a page of 50 takes, fewer than a hundred calls a
/// minute, as many as the slow pass of `sweep` makes at most.
const BETWEEN_COUNTS: Duration = Duration::from_millis(750);

/// What a page of the pass takes at most, with its first turn.
const PAGE_TAKES: SignedDuration = SignedDuration::from_secs(10);

/// The function, made once and used by every invocation.
#[derive(Debug)]
pub struct Scale {
    turns: ScalingTurns,
    topics: Topics,
    config_prefix: String,
    clusters: Clusters,
}

/// The pass ended early; the next one goes on. The cause is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the pass over all services' scaling could not read what it compares")]
pub struct Failed;

impl Scale {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            turns: ScalingTurns::new(aws, settings),
            topics: aws.topics(&settings.topic),
            config_prefix: settings.config_prefix.clone(),
            clusters: settings.clusters.clone(),
        }
    }

    /// Takes a batch in. The answer names the messages that have to come again: what cannot be read, and what could not be
    /// kept or finished.
    pub async fn handle(
        &self,
        batch: SqsEvent,
        invocation: &Invocation,
        clock: impl Fn() -> Timestamp + Send + Sync,
    ) -> SqsBatchResponse {
        let batch = Batch::sort(queue::messages(batch), &self.config_prefix);
        let request = invocation.request.as_str();
        let pace = self.turns.pace(invocation, clock());
        let mut failed = queue::give_back(batch.unreadable, invocation);
        for (service, messages) in batch.written {
            if !self.read_config(&service, &pace, clock()).await {
                failed.extend(messages);
            }
        }
        for (service, messages) in batch.deployed {
            if !self.meet(&service, invocation, &pace, clock()).await {
                failed.extend(messages);
            }
        }
        // Many services' business, so it is only noted: the pass finds out whose. Files that go are looked at together, since
        // many of them at once are told.
        if !batch.defaults.is_empty() || !batch.gone.is_empty() {
            match boxed(scaling::ask_for_config(self.turns.table())).await {
                Ok(()) if batch.defaults.is_empty() => {}
                // Its failure is in the log, and the schedule comes again.
                Ok(()) => drop(self.pass(invocation, &clock).await),
                Err(error) => {
                    tracing::error!(request, "that the config has changed is not noted: {error}");
                    failed.extend(batch.defaults.into_iter().chain(batch.gone));
                }
            }
        }
        queue::answer("scale", failed, invocation)
    }

    /// A service's file was written; whether all was done.
    async fn read_config(&self, service: &ServiceKey, pace: &Paced<'_>, now: Timestamp) -> bool {
        let (took, _) = self.turns.take(service, WhyTurn::ConfigChanged, pace, now).await;
        took == Took::Whole
    }

    /// A service is deployed: one that nobody has met may have had a file for long.
    async fn meet(
        &self,
        service: &ServiceKey,
        invocation: &Invocation,
        pace: &Paced<'_>,
        now: Timestamp,
    ) -> bool {
        match boxed(self.turns.table().load_scaling(service)).await {
            Ok(loaded) if loaded.stored.is_some() => true,
            Ok(_) => self.read_config(service, pace, now).await,
            Err(error) => {
                let request = invocation.request.as_str();
                tracing::error!(
                    request,
                    service = service.as_str(),
                    "its scaling record could not be read: {error}"
                );
                false
            }
        }
    }

    /// Goes over all services, as far as the time reaches.
    ///
    /// # Errors
    /// [`Failed`], so that the function's errors count it. What could be done was done.
    pub async fn pass(
        &self,
        invocation: &Invocation,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> Result<(), Failed> {
        boxed(self.go_over(invocation, clock)).await.map_err(|error| {
            let request = invocation.request.as_str();
            if error.may_pass() {
                tracing::warn!(request, "the pass ends early: {error}");
            } else {
                tracing::error!(request, "the pass ends early: {error}");
            }
            Failed
        })
    }

    async fn go_over(
        &self,
        invocation: &Invocation,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> Result<(), PortError> {
        let request = invocation.request.as_str();
        let live = boxed(self.turns.scaling().account(BETWEEN_LISTS)).await?;
        let live = live.counting_every(BETWEEN_COUNTS);
        let (until, clusters) = (invocation.deadline, &self.clusters);
        let home = &self.turns.home(invocation);
        let turn = PassTurn { now: clock(), until, by: request, clusters, home };
        let ports = (self.turns.table(), self.turns.parameters(), &self.topics);
        let Some(mut pass) = boxed(Pass::begin(ports, live.services(), &turn)).await? else {
            tracing::info!(request, "another invocation is at the pass");
            return Ok(());
        };
        if let Some(error) = pass.unread() {
            tracing::warn!(request, "the config is not compared in this pass: {error}");
        }
        let pace = self.turns.pace(invocation, clock());
        let (mut services, mut turns) = (0, 0);
        let outcome = loop {
            if !invocation.has(PAGE_TAKES + TURN_TAKES, clock()) {
                break Ok(());
            }
            let page = match boxed(pass.page(&live, clock())).await {
                Ok(Some(page)) => page,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            services += page.services;
            if !self.take_page(&mut pass, page, &pace, clock, &mut turns).await {
                break Ok(());
            }
        };
        let is_through = boxed(pass.end()).await?;
        let how = if is_through { "through" } else { "to be continued" };
        tracing::info!(request, kind = "pass", services, turns, "the pass over all scaling: {how}");
        outcome
    }

    /// The turns of a page; whether there was time for all of them.
    async fn take_page(
        &self,
        pass: &mut Pass<'_, Table, Parameters, Topics>,
        page: PassPage,
        pace: &Paced<'_>,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
        turns: &mut usize,
    ) -> bool {
        for (service, why) in &page.trouble {
            tracing::error!(service = service.as_str(), "the scaling record makes no sense: {why}");
        }
        for (service, why) in &page.turns {
            if self.turns.take(service, *why, pace, clock()).await.0 == Took::NoTime {
                return false;
            }
            *turns += 1;
            pass.went(Some(service));
        }
        pass.went(page.last.as_ref());
        true
    }
}
