//! How functions take turns at services' scaling.

use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use steady_core::installation::{Home, Mode};
use steady_core::name::ServiceKey;
use steady_core::port::Pace;
use steady_core::record::Whose;
use steady_core::scaling::{Plan, ScalingPorts, ScalingTaken, ScalingTurn, WhyTurn};
use steady_core::tally::Tally;
use steady_core::turn::TurnError;

use super::settings::Settings;
use super::{GIVEN_UP_BEFORE, Invocation, Took, boxed, log};
use crate::client::Aws;
use crate::parameters::Parameters;
use crate::scaling::Scaling;
use crate::table::Table;
use crate::topics::Topics;

/// Takes scaling turns with an account's clients, and logs what happens. Made once, used by every invocation.
#[derive(Debug)]
pub struct ScalingTurns {
    scaling: Scaling,
    table: Table,
    parameters: Parameters,
    topics: Topics,
    mode: Mode,
    region: String,
    between_writes: std::time::Duration,
}

/// A second between any two writes of an invocation: PutScalingPolicy makes alarms, of which an account gets three a second
/// (PutMetricAlarm), and what deploys in the account needs some of them.
#[derive(Debug)]
pub struct Paced<'a> {
    invocation: &'a Invocation,
    between: std::time::Duration,
    /// When the invocation began by the caller's clock, and by the one that runs evenly.
    began: (Timestamp, tokio::time::Instant),
    last: Mutex<Option<tokio::time::Instant>>,
}

impl<'a> Paced<'a> {
    /// For one invocation, at `now`.
    pub fn new(invocation: &'a Invocation, between: std::time::Duration, now: Timestamp) -> Self {
        let began = (now, tokio::time::Instant::now());
        Self { invocation, between, began, last: Mutex::new(None) }
    }

    /// Whether the invocation has so much time left, and a write's time besides.
    fn has(&self, wait: std::time::Duration) -> bool {
        let passed = self.began.1.elapsed().saturating_add(wait);
        let then = SignedDuration::try_from(passed)
            .ok()
            .and_then(|passed| self.began.0.checked_add(passed).ok());
        then.is_some_and(|then| self.invocation.has(WRITE_TAKES + GIVEN_UP_BEFORE, then))
    }
}

/// A write, with the save that follows it, while AWS is slow.
const WRITE_TAKES: SignedDuration = SignedDuration::from_secs(8);

impl Pace for Paced<'_> {
    async fn write(&self) -> bool {
        let now = tokio::time::Instant::now();
        let at = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let at = last.map_or(now, |last| (last + self.between).max(now));
            if !self.has(at - now) {
                return false;
            }
            *last = Some(at);
            at
        };
        tokio::time::sleep_until(at).await;
        true
    }

    async fn back_off(&self, wait: SignedDuration) -> bool {
        let wait = wait.try_into().unwrap_or_default();
        let has_time = self.has(wait);
        if has_time {
            tokio::time::sleep(wait).await;
        }
        has_time
    }
}

impl ScalingTurns {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            scaling: aws.scaling(),
            table: aws.table(&settings.table),
            parameters: aws.parameters(&settings.config_prefix),
            topics: aws.topics(&settings.topic),
            mode: settings.mode,
            region: aws.region().to_owned(),
            between_writes: aws.between_writes(),
        }
    }

    /// Application Auto Scaling and CloudWatch's alarms.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// The table of records.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The teams' config.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Where the installation is.
    pub fn home(&self, invocation: &Invocation) -> Home {
        let region = Some(self.region.as_str().into());
        Home { account: invocation.account.clone(), region }
    }

    /// How fast writes may follow each other in an invocation that began at `now`: one for all its turns.
    pub fn pace<'a>(&self, invocation: &'a Invocation, now: Timestamp) -> Paced<'a> {
        Paced::new(invocation, self.between_writes, now)
    }

    /// Takes a service's turn. What goes wrong is logged here, once.
    pub async fn take(
        &self,
        service: &ServiceKey,
        why: WhyTurn,
        pace: &Paced<'_>,
        now: Timestamp,
    ) -> (Took, Option<ScalingTaken>) {
        let whose = Whose::Scaling(service.clone());
        let invocation = pace.invocation;
        if !invocation.has_time_for(&whose, now) {
            return (Took::NoTime, None);
        }
        let (until, by) = (invocation.deadline, invocation.request.as_str());
        let home = &self.home(invocation);
        let turn = ScalingTurn { service, now, until, by, home, mode: self.mode, why };
        let ports = ScalingPorts {
            aws: &self.scaling,
            records: &self.table,
            config: &self.parameters,
            topics: &self.topics,
            pace,
        };
        let taken = invocation.in_time(now, boxed(ports.take(&turn))).await;
        report(invocation, service, why, taken)
    }
}

/// Logs what came of it, and counts it.
fn report(
    invocation: &Invocation,
    service: &ServiceKey,
    why: WhyTurn,
    taken: Option<Result<ScalingTaken, TurnError>>,
) -> (Took, Option<ScalingTaken>) {
    let (request, service, turn) = (invocation.request.as_str(), service.as_str(), why.slug());
    let taken = match taken {
        Some(Ok(taken)) => taken,
        Some(Err(error)) => {
            let said = log::chain(&error);
            tracing::error!(request, service, turn, "{said}");
            return (Took::Failed, None);
        }
        None => {
            tracing::warn!(request, service, turn, "given up half way, since no time is left");
            return (Took::Unfinished, None);
        }
    };
    invocation.count(Tally::of_scaling(&taken));
    for said in taken.written() {
        tracing::info!(request, service, turn, kind = "scaling-written", "{said}");
    }
    for entry in &taken.entries {
        log::entry(request, &[], None, entry);
    }
    if let Some(brake) = &taken.brake {
        let changes = taken.plan.as_ref().map_or(0, |plan| plan.changes.len());
        let said = format!("{changes} changes are not written: {brake}");
        // The same at each pass, for as long as it is so.
        if why == WhyTurn::Drift {
            tracing::debug!(request, service, turn, kind = "scaling-held", "{said}");
        } else {
            tracing::info!(request, service, turn, kind = "scaling-held", "{said}");
        }
    }
    for (object, error) in &taken.refused {
        tracing::warn!(request, service, turn, kind = "scaling-refused", "{object}: {error}");
    }
    for finding in taken.rejected.iter().flatten() {
        let said = finding.to_string();
        tracing::warn!(request, service, turn, kind = "config-rejected", "{said}");
    }
    for said in &taken.unfinished {
        tracing::warn!(request, service, turn, "not finished: {said}");
    }
    if taken.plan.as_ref().is_some_and(Plan::is_empty) {
        tracing::debug!(request, service, turn, "nothing differs");
    }
    let took = if taken.unfinished.is_empty() { Took::Whole } else { Took::Unfinished };
    (took, Some(taken))
}
