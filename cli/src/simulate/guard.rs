//! The guards that are compared. Each has a world of its own, made of the same seed: what would have happened with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{Health, RollbackMode, Witness};
use steady_core::event::{Body, DeploymentEventName, Event};
use steady_core::ledger::TaskStop;
use steady_core::name::{DeploymentId, ServiceKey};
use steady_core::report::Entry;
use steady_core::stop::Verdict;

use super::aws::Aws;
use super::scenario::Scenario;
use super::steady::Steady;

/// Who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Guard {
    /// ECS's deployment circuit breaker, with rollback; Steady is absent. It fires when ECS gives the deployment up.
    Breaker,
    /// Five stops of the service's tasks within ten minutes. Stops that were wanted (replacement, scale-in, somebody's
    /// StopTask: verdict `benign`) do not count. It fires at the fifth.
    Count,
    /// Steady with `witness = "page"`. It fires when key 1 turns, which pages.
    Page,
    /// Steady with `witness = "act"`. It fires when a rollback is decided.
    Act,
    /// Steady with `witness = "probe"`, likewise.
    Probe,
}

impl Guard {
    /// In the order of the tables.
    pub const ALL: [Self; 5] = [Self::Breaker, Self::Count, Self::Page, Self::Act, Self::Probe];

    /// The one that a service's config comes to: Steady, which pages where it may not roll back by itself.
    pub(crate) fn of(health: &Health) -> Self {
        match (health.rollback, health.witness) {
            (RollbackMode::Auto, Witness::Act) => Self::Act,
            (RollbackMode::Auto, Witness::Probe) => Self::Probe,
            (RollbackMode::Auto, Witness::Page) | (RollbackMode::Notify | RollbackMode::Off, _) => {
                Self::Page
            }
        }
    }

    /// As on the command line, in `[expect.…]` and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Count => "count",
            Self::Page => "page",
            Self::Act => "act",
            Self::Probe => "probe",
        }
    }

    /// As a heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Breaker => "ECS breaker",
            Self::Count => "5 stops / 10 min",
            Self::Page => "Steady: page",
            Self::Act => "Steady: act",
            Self::Probe => "Steady: probe",
        }
    }
}

/// So many stops…
const STOPS: usize = 5;

/// …within so long.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// A guard at work in one world.
#[derive(Debug)]
pub(super) enum Watching {
    Breaker(Breaker),
    Count(Count),
    Steady(Box<Steady>),
}

/// What a guard made of what it heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whether it fires now.
    pub(super) fires: bool,
    /// Whether key 1 turns now, whatever the guard.
    pub(super) turns_key1: bool,
    /// Whether it has called ECS.
    pub(super) acted: bool,
    /// What Steady says of it.
    pub(super) entries: Vec<Entry>,
}

impl Watching {
    pub(super) fn new(guard: Guard, scenario: &Scenario, seed: u64) -> Self {
        match guard {
            Guard::Breaker => Self::Breaker(Breaker::default()),
            Guard::Count => Self::Count(Count::default()),
            Guard::Page | Guard::Act | Guard::Probe => {
                Self::Steady(Box::new(Steady::new(guard, scenario, seed)))
            }
        }
    }

    /// Takes in what ECS told within one second, which may be nothing, and does what follows.
    pub(super) fn hear(&mut self, events: Vec<Event>, aws: &mut Aws, now: Timestamp) -> Heard {
        match self {
            Self::Breaker(breaker) => Heard { fires: breaker.hear(&events), ..Heard::default() },
            Self::Count(count) => Heard { fires: count.hear(&events, now), ..Heard::default() },
            Self::Steady(steady) => steady.hear(events, aws, now),
        }
    }

    /// When it looks though nothing was told.
    pub(super) fn wakes(&self) -> Option<Timestamp> {
        match self {
            Self::Breaker(_) | Self::Count(_) => None,
            Self::Steady(steady) => steady.wakes(),
        }
    }

    /// Whether it cannot fire any more, if nobody deploys again.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Breaker(breaker) => breaker.in_progress.is_empty(),
            Self::Count(_) | Self::Steady(_) => false,
        }
    }
}

/// ECS itself.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_progress: BTreeSet<DeploymentId>,
}

impl Breaker {
    fn hear(&mut self, events: &[Event]) -> bool {
        let mut fires = false;
        for event in events {
            let Body::Deployment(told) = &event.body else { continue };
            match told.name {
                DeploymentEventName::InProgress => {
                    self.in_progress.insert(told.deployment.clone());
                }
                DeploymentEventName::Failed => {
                    fires = true;
                    self.in_progress.remove(&told.deployment);
                }
                DeploymentEventName::Completed | DeploymentEventName::Other(_) => {
                    self.in_progress.remove(&told.deployment);
                }
            }
        }
        fires
    }
}

/// What alarms on counts do.
#[derive(Debug, Default)]
pub(super) struct Count {
    services: BTreeMap<ServiceKey, Stops>,
}

#[derive(Debug, Default)]
struct Stops {
    /// Newest last.
    at: VecDeque<Timestamp>,
    /// The tasks that are counted, and those whose stop was wanted.
    known: BTreeSet<u64>,
}

impl Count {
    fn hear(&mut self, events: &[Event], now: Timestamp) -> bool {
        let mut fires = false;
        for event in events {
            let Body::Task(task) = &event.body else { continue };
            let Some(service) = task.service().filter(|_| task.tells_of_stop()) else { continue };
            let stops = self.services.entry(service.clone()).or_default();
            if !stops.known.insert(task.task.hash64()) {
                continue;
            }
            if TaskStop::new(task, event.time.unwrap_or(now)).verdict == Verdict::Benign {
                continue;
            }
            stops.at.push_back(now);
            while stops.at.front().is_some_and(|first| now.duration_since(*first) > WITHIN) {
                stops.at.pop_front();
            }
            fires |= stops.at.len() >= STOPS;
        }
        fires
    }
}
