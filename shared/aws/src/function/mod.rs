//! What the functions have in common: their wiring, their environment, their queues' batches, their
//! logs, and how they take turns.

pub mod emf;
pub mod log;
pub mod queue;
pub mod run;
pub mod scaling;
pub mod settings;

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use steady_core::config::ConfigTree;
use steady_core::event::Event;
use steady_core::installation::Mode;
use steady_core::name::{Account, FamilyKey, ServiceKey};
use steady_core::record::Whose;
use steady_core::standalone::{self, FamilyTurn};
use steady_core::switch::{self, Place, SwitchTurn};
use steady_core::tally::Tally;
use steady_core::turn::{Ports, Taken, Turn, TurnError};

use crate::client::Aws;
use crate::ecs::Ecs;
use crate::logs::Logs;
use crate::parameters::Parameters;
use crate::table::Table;
use crate::topics::Topics;
use settings::Settings;

/// A turn is begun only if so much of the invocation's time is left: what one with its actions takes while AWS is slow.
/// What is not begun comes again.
pub const TURN_TAKES: SignedDuration = SignedDuration::from_secs(10);

/// A turn in which AWS hangs takes longer: each call may take 5 s. It is given up so long before Lambda would end the
/// invocation, so that the others of its batch are answered for, and not all of it comes again. What it leaves is what a
/// killed one leaves.
pub const GIVEN_UP_BEFORE: SignedDuration = SignedDuration::from_secs(1);

/// An invocation, as Lambda describes it.
#[derive(Debug)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`: who holds a claim.
    pub request: String,
    /// `Lambda-Runtime-Deadline-Ms`: when Lambda ends it, and so until when a claim lasts.
    pub deadline: Timestamp,
    /// Whose function it is, by `Lambda-Runtime-Invoked-Function-Arn`; `None` where that is no ARN.
    pub account: Option<Account>,
    counted: Mutex<Tally>,
}

impl Invocation {
    /// In which nothing was counted so far.
    pub fn new(request: impl Into<String>, deadline: Timestamp, account: Option<Account>) -> Self {
        Self { request: request.into(), deadline, account, counted: Mutex::default() }
    }

    /// Counts what has happened in it.
    pub(super) fn count(&self, tally: Tally) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).merge(tally);
    }

    /// What was counted in it.
    pub fn counted(&self) -> Tally {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the time that is left suffices for `what`.
    pub fn has(&self, what: SignedDuration, now: Timestamp) -> bool {
        self.deadline.duration_since(now) >= what
    }

    /// `turn`, or `None` if it is not over in time.
    pub(super) async fn in_time<T>(
        &self,
        now: Timestamp,
        turn: impl Future<Output = T>,
    ) -> Option<T> {
        let left = self.deadline.duration_since(now) - GIVEN_UP_BEFORE;
        tokio::time::timeout(left.try_into().unwrap_or_default(), turn).await.ok()
    }

    pub(super) fn has_time_for(&self, whose: &Whose, now: Timestamp) -> bool {
        let has_time = self.has(TURN_TAKES, now);
        if !has_time {
            let (request, (service, family)) = (self.request.as_str(), names(whose));
            tracing::warn!(request, service, family, "no time is left for this turn");
        }
        has_time
    }

    /// Logs what came of a turn, and counts it.
    fn report(
        &self,
        whose: &Whose,
        events: &[Event],
        taken: Option<Result<Taken, TurnError>>,
    ) -> Took {
        let (request, (service, family)) = (self.request.as_str(), names(whose));
        let ids = log::ids(events.iter());
        let ids = ids.as_deref();
        match taken {
            Some(Ok(taken)) => {
                self.count(Tally::of_entries(&taken.entries));
                for entry in &taken.entries {
                    log::entry(request, events, family.as_deref(), entry);
                }
                for why in &taken.unfinished {
                    tracing::warn!(request, events = ids, service, family, "not finished: {why}");
                }
                if taken.entries.is_empty() {
                    tracing::debug!(request, events = ids, service, family, "nothing follows");
                }
                if taken.unfinished.is_empty() { Took::Whole } else { Took::Unfinished }
            }
            None => {
                tracing::warn!(
                    request,
                    events = ids,
                    service,
                    family,
                    "given up half way, since no time is left"
                );
                Took::Unfinished
            }
            Some(Err(error)) => {
                let why = log::chain(&error);
                tracing::error!(request, events = ids, service, family, "{why}");
                Took::Failed
            }
        }
    }
}

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It was taken, and nothing is left to do.
    Whole,
    /// It was taken; something could not be done, and stays in the outbox. Or it was given up half way.
    Unfinished,
    /// It was not taken: record or table are out of reach.
    Failed,
    /// It was not begun: no time is left.
    NoTime,
}

/// Takes turns with an account's clients, and logs what happens. Made once, used by every invocation.
#[derive(Debug)]
pub struct Turns {
    ecs: Ecs,
    table: Table,
    parameters: Parameters,
    topics: Topics,
    logs: Logs,
    mode: Mode,
    probes: bool,
    region: String,
}

impl Turns {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            ecs: aws.ecs(),
            table: aws.table(&settings.table),
            parameters: aws.parameters(&settings.config_prefix),
            topics: aws.topics(&settings.topic),
            logs: aws.logs(),
            mode: settings.mode,
            probes: settings.probes,
            region: aws.region().to_owned(),
        }
    }

    /// The account's ECS.
    pub fn ecs(&self) -> &Ecs {
        &self.ecs
    }

    /// The table of records.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// What config says of tasks of no service: read once for all families of an invocation.
    pub async fn defaults(&self) -> Result<ConfigTree, String> {
        boxed(standalone::read_defaults(&self.parameters)).await
    }

    /// Takes a service's turn, with what came in of it. What goes wrong is logged here, once.
    pub async fn take(
        &self,
        service: &ServiceKey,
        events: &[Event],
        invocation: &Invocation,
        now: Timestamp,
    ) -> Took {
        let whose = Whose::Service(service.clone());
        if !invocation.has_time_for(&whose, now) {
            return Took::NoTime;
        }
        let (until, by) = (invocation.deadline, invocation.request.as_str());
        let turn = Turn { service, events, now, until, by, mode: self.mode, probes: self.probes };
        let ports = Ports {
            ecs: &self.ecs,
            records: &self.table,
            config: &self.parameters,
            topics: &self.topics,
            logs: &self.logs,
        };
        let taken = invocation.in_time(now, boxed(ports.take(&turn))).await;
        invocation.count(Tally::of_events(events, now));
        invocation.report(&whose, events, taken)
    }

    /// The same for tasks of no service.
    pub async fn take_family(
        &self,
        family: &FamilyKey,
        events: &[Event],
        defaults: &Result<ConfigTree, String>,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Took {
        let whose = Whose::Family(family.clone());
        if !invocation.has_time_for(&whose, now) {
            return Took::NoTime;
        }
        let (until, by) = (invocation.deadline, invocation.request.as_str());
        let turn = FamilyTurn { family, events, defaults, now, until, by };
        let taken = boxed(standalone::take(&self.table, &self.topics, &turn));
        let taken = invocation.in_time(now, taken).await;
        invocation.count(Tally::of_events(events, now));
        invocation.report(&whose, events, taken)
    }

    /// The same for the account's switch. `defaults`: where and how it is told; what cannot be read leaves the default
    /// topic.
    pub async fn take_switch(
        &self,
        defaults: &Result<ConfigTree, String>,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Took {
        if !invocation.has_time_for(&Whose::Account, now) {
            return Took::NoTime;
        }
        let notify = defaults.as_ref().map(|tree| tree.defaults.notify.clone());
        let region = Some(self.region.as_str().into());
        let account = invocation.account.clone();
        let place = Place { account, region, notify: notify.unwrap_or_default() };
        let (until, by) = (invocation.deadline, invocation.request.as_str());
        let turn = SwitchTurn { place: &place, now, until, by };
        let taken = boxed(switch::take(&self.table, &self.topics, &turn));
        let taken = invocation.in_time(now, taken).await;
        invocation.report(&Whose::Account, &[], taken)
    }
}

/// The SDK's futures nest deeper than the compiler follows in one type: this hides one.
pub fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

/// The service, or the family.
fn names(whose: &Whose) -> (Option<&str>, Option<String>) {
    match whose {
        Whose::Service(service) | Whose::Scaling(service) => (Some(service.as_str()), None),
        Whose::Family(family) => (None, Some(family.to_string())),
        Whose::Account => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_that_hangs_is_given_up_before_lambda_ends_the_invocation() {
        let now = Timestamp::UNIX_EPOCH;
        let left = GIVEN_UP_BEFORE + SignedDuration::from_millis(20);
        let invocation = Invocation::new("1", now + left, None);
        assert_eq!(invocation.in_time(now, std::future::pending::<()>()).await, None);
        assert_eq!(invocation.in_time(now, async { 7 }).await, Some(7));
    }
}
