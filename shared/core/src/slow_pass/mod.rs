//! The slow pass: once an hour every service of the account is looked at, for what events have missed.
//!
//! EventBridge delivers at least once, *usually*: a rule that was disabled, a queue that was full or a Steady that was
//! installed a minute ago have seen nothing. So each minute a piece of the fleet is read from ECS and compared with its
//! records. What a record does not know becomes ordinary events ([`events_of`]), which go through an ordinary turn: a stop
//! counts once by its task, a deployment's begin by its time, and there is one `decide`. A service whose record knows
//! everything costs no turn and no write.
//!
//! ```text
//! Place ─▶ ListClusters, ListServices ─▶ Place saved ─▶ records, DescribeServices, ListTasks ─▶ missed ─▶ turns
//!   ▲                                        │ somebody else's sweep saved first: it is at it
//!   └── next minute, or the next page ───────┘
//! ```
//!
//! # The rate
//!
//! ECS's quotas are shared by everything in the account and region, deployments and consoles included ("Request throttling
//! for the Amazon ECS API" in its developer guide). The pass makes at most [`CALLS_A_MINUTE`] calls a minute, and stops for
//! that minute where ECS says "not now". A page of ten services costs 12 calls where all is known, so 50 services a minute and
//! 3,000 in an hour; a larger fleet's pass takes longer. The first pass goes as fast as that allows; later ones spread over
//! the hour by the number of services that the one before had met.

mod missed;
mod place;

pub use missed::{EVENTS_TAKE, Missed, UNKNOWN_STOPS_MIN, events_of, stops_to_describe};
pub use place::{PASS_TAKES, Place, Step};

use jiff::Timestamp;

use crate::clusters::Clusters;
use crate::name::{ServiceKey, TaskArn};
use crate::port::{
    KeepPlace, KeepRecords, Loaded, PortError, ReadFleet, SERVICES_A_PAGE, Saved, StandingService,
};
use crate::record::{Record, Unreadable};

/// Calls of ECS that one minute's piece may make, those of the turns that follow from it included: 1.7 a second.
pub const CALLS_A_MINUTE: usize = 100;

/// Calls of ECS that a turn may make before it acts: DescribeServices, ListTasks, DescribeTasks.
const CALLS_A_TURN: usize = 3;

/// The most that a page may cost: ListServices, DescribeServices, and for each service ListTasks, DescribeTasks and a turn.
const CALLS_A_PAGE_MAX: usize = 2 + SERVICES_A_PAGE as usize * (2 + CALLS_A_TURN);

/// Who reads.
#[derive(Debug)]
pub struct SlowPass<'a, F, T> {
    /// ECS.
    pub fleet: &'a F,
    /// The records, and where the pass stands.
    pub table: &'a T,
    /// The others are not looked at.
    pub clusters: &'a Clusters,
}

/// What a minute's piece came to.
#[derive(Debug, Default)]
pub struct Piece {
    /// Services that need a turn, with what their records do not know.
    pub missed: Vec<Missed>,
    /// What could not be read. What is left out for it is looked at in an hour.
    pub trouble: Vec<Trouble>,
    /// Services looked at.
    pub services: usize,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// ECS or the table did not answer: the piece ends here.
    #[error("the slow pass stops for this minute")]
    Port(#[from] PortError),
    /// A record cannot be read; the service's next turn says the same.
    #[error("service `{service}`: the record makes no sense")]
    Unreadable {
        /// Whose.
        service: ServiceKey,
        /// Why.
        source: Unreadable,
    },
}

impl Trouble {
    /// Whether it passes by itself, most likely within the hour.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Port(error) if error.may_pass())
    }
}

impl<F, T> SlowPass<'_, F, T>
where
    F: ReadFleet + Sync,
    T: KeepRecords + KeepPlace + Sync,
{
    /// Reads this minute's piece. Before each page it asks `has_time`.
    pub async fn piece(&self, now: Timestamp, has_time: impl Fn() -> bool + Send + Sync) -> Piece {
        let mut piece = Piece::default();
        if let Err(error) = self.pages(now, has_time, &mut piece).await {
            piece.trouble.push(error.into());
        }
        piece
    }

    async fn pages(
        &self,
        now: Timestamp,
        has_time: impl Fn() -> bool + Send + Sync,
        piece: &mut Piece,
    ) -> Result<(), PortError> {
        let (place, mut version) = self.table.place().await?;
        let mut place = place.unwrap_or_else(|| Place::first(now));
        let mut calls = 0;
        while calls + CALLS_A_PAGE_MAX <= CALLS_A_MINUTE && has_time() {
            let Some(step) = place.step(now) else { break };
            calls += 1;
            let services = self.list(&mut place, step).await?;
            // Before the page is looked at: of two sweeps at once one goes on, and a page that cannot be read does not
            // keep the pass from the next one.
            match self.table.save_place(&place, version).await? {
                Saved::Held => version = version.saturating_add(1),
                Saved::Overtaken => break,
            }
            if !services.is_empty() {
                calls += self.look(&services, now, piece).await?;
            }
        }
        Ok(())
    }

    /// Takes the step; the services that it found.
    async fn list(&self, place: &mut Place, step: Step) -> Result<Vec<ServiceKey>, PortError> {
        match step {
            Step::Clusters { token } => {
                let mut page = self.fleet.clusters(token.as_deref()).await?;
                page.items.retain(|cluster| self.clusters.has(cluster));
                place.add_clusters(page);
                Ok(Vec::new())
            }
            Step::Services { cluster, token } => {
                let page = match self.fleet.services(&cluster, token.as_deref()).await {
                    Ok(page) => page,
                    // How long ECS takes a token is documented nowhere.
                    Err(PortError::Refused { .. }) if token.is_some() => {
                        place.begin_cluster_again();
                        return Ok(Vec::new());
                    }
                    Err(error) => return Err(error),
                };
                Ok(place.add_services(page))
            }
        }
    }

    /// Looks at a page of services; how many calls of ECS that took, with those of the turns that it brings about.
    async fn look(
        &self,
        services: &[ServiceKey],
        now: Timestamp,
        piece: &mut Piece,
    ) -> Result<usize, PortError> {
        // The records come first: what is in none of them and in ECS's answer after it was missed, or is on its way.
        let mut records = Vec::new();
        for service in services {
            records.push((service, self.record(service, piece).await?));
        }
        let standing = self.fleet.standing(services).await?;
        let mut calls = 1;
        for (service, record) in records {
            let seen = standing.iter().find(|seen| seen.service == *service);
            let (Some(record), Some(seen)) = (record, seen) else { continue };
            piece.services += 1;
            let (events, took) = self.compare(&record, seen, now).await?;
            calls += took;
            if !events.is_empty() {
                calls += CALLS_A_TURN;
                piece.missed.push(Missed { service: service.clone(), events });
            }
        }
        Ok(calls)
    }

    /// `None` if it makes no sense.
    async fn record(
        &self,
        service: &ServiceKey,
        piece: &mut Piece,
    ) -> Result<Option<Record>, PortError> {
        let stored = match self.table.load(service).await {
            Ok(Loaded { stored: Some(stored), .. }) => stored,
            Ok(Loaded { stored: None, .. }) => return Ok(Some(Record::new(service.clone()))),
            // A damaged item is this service's alone.
            Err(error) if !error.may_pass() => {
                piece.trouble.push(error.into());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match Record::restore(&stored) {
            Ok(record) => Ok(Some(record)),
            Err(source) => {
                piece.trouble.push(Trouble::Unreadable { service: service.clone(), source });
                Ok(None)
            }
        }
    }

    async fn compare(
        &self,
        record: &Record,
        seen: &StandingService,
        now: Timestamp,
    ) -> Result<(Vec<crate::event::Event>, usize), PortError> {
        let stopped = self.fleet.stopped(&seen.service).await?;
        let unknown: Vec<TaskArn> = stops_to_describe(record, seen, stopped);
        if unknown.is_empty() {
            return Ok((events_of(record, seen, Vec::new(), now), 1));
        }
        let stopped = self.fleet.stopped_tasks(&seen.service, &unknown).await?;
        Ok((events_of(record, seen, stopped, now), 2))
    }
}
