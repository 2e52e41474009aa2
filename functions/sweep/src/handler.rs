//! The handler: a minute has passed.

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use steady_aws::client::Aws;
use steady_aws::function::scaling::ScalingTurns;
use steady_aws::function::settings::Settings;
use steady_aws::function::{Invocation, TURN_TAKES, Took, Turns, boxed, log};
use steady_core::clusters::Clusters;
use steady_core::event::Event;
use steady_core::port::{FindOpen, Open};
use steady_core::record::Whose;
use steady_core::scaling::WhyTurn;
use steady_core::slow_pass::SlowPass;
use thiserror::Error;

/// Turns taken at a time. A turn mostly waits; one in which AWS hangs should not keep the others waiting, and eight do
/// not press on quotas that all of the account shares.
const AT_ONCE: usize = 8;

/// Services asked of the index at a time.
const PAGE: u16 = 100;

/// What a page of the slow pass takes at most, beside the turns that follow from it.
const PIECE_TAKES: SignedDuration = SignedDuration::from_secs(10);

/// The function, made once and used by every invocation.
#[derive(Debug)]
pub struct Sweep {
    turns: Turns,
    scaling: ScalingTurns,
    clusters: Clusters,
}

/// The invocation has failed, after everything that could be done was done. Each cause is in the log, on its own line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Failed {
    /// It is not known what is due.
    #[error("the index of what is due could not be read")]
    Index,
    /// Of some services the record could not be loaded or saved.
    #[error("{services} of the services that were due could not have their turn")]
    Turns {
        /// How many.
        services: usize,
    },
    /// What events miss is not found, until somebody mends it.
    #[error("the slow pass could not read what it compares")]
    SlowPass,
}

impl Sweep {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        let (turns, scaling) = (Turns::new(aws, settings), ScalingTurns::new(aws, settings));
        Self { turns, scaling, clusters: settings.clusters.clone() }
    }

    /// Takes the turn of every service that is due, then this minute's piece of the slow pass.
    ///
    /// # Errors
    /// [`Failed`], so that the function's errors count what could not be done. Asking again at once brings nothing that
    /// the next minute does not.
    pub async fn handle(
        &self,
        invocation: &Invocation,
        clock: impl Fn() -> Timestamp + Send + Sync,
    ) -> Result<(), Failed> {
        let (index, mut failed) = self.take_due(invocation, &clock).await;
        let (slow_pass, failed_too) = self.take_missed(invocation, &clock).await;
        failed += failed_too;
        index?;
        if failed > 0 {
            return Err(Failed::Turns { services: failed });
        }
        slow_pass
    }

    /// How many turns could not be taken.
    async fn take_due(
        &self,
        invocation: &Invocation,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> (Result<(), Failed>, usize) {
        let request = invocation.request.as_str();
        let until = clock();
        let (mut after, mut failed): (Option<Open>, usize) = (None, 0);
        loop {
            let page = match self.turns.table().find_open(until, after.as_ref(), PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(request, "what is due could not be found: {error}");
                    return (Err(Failed::Index), failed);
                }
            };
            after = page.last().cloned();
            let is_last = page.len() < usize::from(PAGE);
            let due = page.into_iter().map(|open| (open.whose, Vec::new())).collect();
            let took = self.take_all(due, invocation, clock).await;
            failed += count(&took, Took::Failed);
            if is_last || took.contains(&Took::NoTime) {
                return (Ok(()), failed);
            }
        }
    }

    /// Whether the slow pass could read what it compares, and how many turns could not be taken.
    async fn take_missed(
        &self,
        invocation: &Invocation,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> (Result<(), Failed>, usize) {
        let request = invocation.request.as_str();
        let (fleet, table) = (self.turns.ecs(), self.turns.table());
        let pass = SlowPass { fleet, table, clusters: &self.clusters };
        let has_time = || invocation.has(TURN_TAKES + PIECE_TAKES, clock());
        let piece = boxed(pass.piece(clock(), has_time)).await;
        let mut result = Ok(());
        for trouble in &piece.trouble {
            let why = log::chain(trouble);
            if trouble.may_pass() {
                tracing::warn!(request, "{why}");
            } else {
                tracing::error!(request, "{why}");
                result = Err(Failed::SlowPass);
            }
        }
        let mut missed = Vec::new();
        for one in piece.missed {
            let said = one.to_string();
            tracing::warn!(request, service = one.service.as_str(), kind = "missed", "{said}");
            missed.push((Whose::Service(one.service), one.events));
        }
        let took = self.take_all(missed, invocation, clock).await;
        (result, count(&took, Took::Failed) + count(&took, Took::NoTime))
    }

    async fn take_all(
        &self,
        due: Vec<(Whose, Vec<Event>)>,
        invocation: &Invocation,
        clock: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> Vec<Took> {
        // Read only if somebody needs it, and once for all.
        let of_defaults = |whose: &Whose| matches!(whose, Whose::Family(_) | Whose::Account);
        let defaults = match due.iter().any(|(whose, _)| of_defaults(whose)) {
            true => self.turns.defaults().await,
            false => Err("not read".to_owned()),
        };
        let (defaults, pace) = (&defaults, &self.scaling.pace(invocation, clock()));
        let turns = due.into_iter().map(|(whose, events)| async move {
            match &whose {
                Whose::Service(service) => {
                    self.turns.take(service, &events, invocation, clock()).await
                }
                Whose::Family(family) => {
                    self.turns.take_family(family, &events, defaults, invocation, clock()).await
                }
                Whose::Account => self.turns.take_switch(defaults, invocation, clock()).await,
                Whose::Scaling(service) => {
                    self.scaling.take(service, WhyTurn::Due, pace, clock()).await.0
                }
            }
        });
        stream::iter(turns).buffer_unordered(AT_ONCE).collect().await
    }
}

fn count(took: &[Took], what: Took) -> usize {
    took.iter().filter(|one| **one == what).count()
}
