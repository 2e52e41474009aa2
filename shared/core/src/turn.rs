//! One service's turn: load, decide, save, act, confirm.
//!
//! ```text
//! load ─▶ decide ─(asks)─▶ read ECS, config, pause, logs ─▶ decide ─▶ save, claims with it ─▶ act ─▶ settle ─▶ save
//!   ▲                                                     │
//!   └───────────────── somebody else saved first ─────────┘
//! ```
//!
//! Nothing is done that was not saved before, and nothing leaves the outbox that was not done: whatever this is killed
//! at, the next turn goes on from there. There is no judgement here; that is [`watch::decide`]'s and
//! [`CarryingOut`](crate::rollback::CarryingOut)'s. Every function that acts takes its turns here, and so do the tests,
//! with a fake behind the ports.

mod acting;
pub(crate) mod sending;

use jiff::Timestamp;
use thiserror::Error;

use crate::config::{self, ServiceConfig, SourceFile};
use crate::event::Event;
use crate::group::{Group, Joining};
use crate::history::PastIncident;
use crate::installation::{Brakes, Mode, Trouble};
use crate::name::ServiceKey;
use crate::port::{
    ChangeService, KeepGroups, KeepRecords, PortError, Publish, ReadConfig, ReadLogOptions,
    ReadLogs, ReadService, RunProbes, Saved,
};
use crate::record::{Record, Stored, Unreadable, Whose};
use crate::report::{Entry, What};
use crate::rollback::Order;
use crate::watch::{self, Ask, Decision, LogTail, Logs, LogsOf, Observation, Running, Settled};

/// Saves that may be overtaken before a turn gives up. Each loss means that somebody else's turn got through, so this
/// is reached only where very many come for one service at once; the queue brings the events again.
pub(crate) const RACES_MAX: usize = 10;

/// Rounds of acting within a turn: what settling brings about (a notice that a rollback failed, another topic) is done
/// in the next one.
pub(crate) const ROUNDS_MAX: usize = 4;

/// The world, behind the ports.
#[derive(Debug)]
pub struct Ports<'a, E, R, C, P, L> {
    /// Amazon ECS.
    pub ecs: &'a E,
    /// The records.
    pub records: &'a R,
    /// The teams' config.
    pub config: &'a C,
    /// The topics.
    pub topics: &'a P,
    /// The containers' logs.
    pub logs: &'a L,
}

/// What a turn is about.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Whose.
    pub service: &'a ServiceKey,
    /// What came in of it; may be nothing.
    pub events: &'a [Event],
    /// The time.
    pub now: Timestamp,
    /// When this invocation ends at the latest: claims last until then.
    pub until: Timestamp,
    /// The invocation's request id, unique.
    pub by: &'a str,
    /// What the installation may do.
    pub mode: Mode,
    /// Whether it may start probe tasks.
    pub probes: bool,
}

/// A turn that was taken: what came in is in the record.
#[derive(Debug, Default)]
pub struct Taken {
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// What could not be finished, and why; it is in the outbox, or will be found there again.
    pub unfinished: Vec<String>,
}

/// A turn that was not taken: nothing of what came in was kept, and it has to come again.
#[derive(Debug, Error)]
pub enum TurnError {
    /// The record could not be read.
    #[error("{whose}: the record could not be loaded")]
    Load {
        /// Whose.
        whose: Whose,
        /// Why.
        source: PortError,
    },
    /// The record is there and makes no sense to this version.
    #[error("{whose}: the record makes no sense")]
    Unreadable {
        /// Whose.
        whose: Whose,
        /// Why.
        source: Unreadable,
    },
    /// The record could not be written, or it is not known whether it was.
    #[error("{whose}: the record could not be saved")]
    Save {
        /// Whose.
        whose: Whose,
        /// Why.
        source: PortError,
    },
    /// Whether this is to be told could not be found out.
    #[error("{whose}: whether failed tasks are told of is not known ({why})")]
    Config {
        /// Whose.
        whose: Whose,
        /// Why `defaults.toml` cannot be used.
        why: String,
    },
    /// Others were first, again and again.
    #[error("{whose}: others saved its record first, {RACES_MAX} times in a row")]
    Contended {
        /// Whose.
        whose: Whose,
    },
}

/// A record as loaded.
struct Base {
    record: Record,
    version: u64,
    /// When somebody should have looked, as stored.
    due: Option<Timestamp>,
}

impl<E, R, C, P, L> Ports<'_, E, R, C, P, L>
where
    E: ReadService + ReadLogOptions + ChangeService + RunProbes + Sync,
    R: KeepRecords + KeepGroups + Sync,
    C: ReadConfig + Sync,
    P: Publish + Sync,
    L: ReadLogs + Sync,
{
    /// Takes a turn.
    ///
    /// # Errors
    /// [`TurnError`], if what came in could not be kept. What fails after that is in [`Taken::unfinished`].
    pub async fn take(&self, turn: &Turn<'_>) -> Result<Taken, TurnError> {
        self.take_ordered(turn, None).await
    }

    /// Takes a turn in which a person's order is decided, and done.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub async fn take_ordered(
        &self,
        turn: &Turn<'_>,
        order: Option<&Order>,
    ) -> Result<Taken, TurnError> {
        for _ in 0..RACES_MAX {
            let base = self.load(turn.service).await?;
            let mut decision = self.decide(turn, base.record.clone(), order).await;
            let claimed = decision.record.outbox.claim(turn.by, turn.until, turn.now);
            let Some(version) = self.save(&base, &decision, turn.now).await? else { continue };
            let mut taken = Taken { entries: decision.entries, unfinished: Vec::new() };
            if !claimed.is_empty() {
                let base = Base { record: decision.record, version, due: None };
                self.act_and_confirm(turn, base, &mut taken).await;
            }
            return Ok(taken);
        }
        Err(TurnError::Contended { whose: whose(turn.service) })
    }

    /// As [`Self::take`], on a record that the caller keeps between its turns: nothing is loaded or saved, nobody else is
    /// first, and a claim is for nobody to see. For worlds in memory, of which a simulation plays many. Returns the record,
    /// when somebody has to look though nothing comes in, and what happened.
    pub async fn take_kept(
        &self,
        turn: &Turn<'_>,
        record: Record,
    ) -> (Record, Option<Timestamp>, Taken) {
        let mut decision = self.decide(turn, record, None).await;
        let claimed = decision.record.outbox.claim(turn.by, turn.until, turn.now);
        let mut taken =
            Taken { entries: std::mem::take(&mut decision.entries), unfinished: Vec::new() };
        if !claimed.is_empty() {
            decision = self.act(turn, decision.record, &mut taken).await.1;
        }
        let due = [decision.due, decision.record.outbox.due()].into_iter().flatten().min();
        (decision.record, due, taken)
    }

    // ---- load, save ----

    async fn load(&self, service: &ServiceKey) -> Result<Base, TurnError> {
        let loaded = self.records.load(service).await;
        let loaded = loaded.map_err(|source| TurnError::Load { whose: whose(service), source })?;
        let record = match &loaded.stored {
            None => Record::new(service.clone()),
            Some(stored) => Record::restore(stored)
                .map_err(|source| TurnError::Unreadable { whose: whose(service), source })?,
        };
        let due = loaded.stored.and_then(|stored| stored.due);
        Ok(Base { record, version: loaded.version, due })
    }

    /// The version that is stored now; `None` if somebody else was first. What has not changed is not written.
    async fn save(
        &self,
        base: &Base,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Option<u64>, TurnError> {
        let record = &decision.record;
        let is_past = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        // A time that has come and stays stored would have somebody look again each minute, for nothing.
        let is_reset = || is_past(base.due) && !is_past(record.store(decision.due).due);
        if *record == base.record && !is_reset() {
            return Ok(Some(base.version));
        }
        let stops = base.version == 0 || record.ledger.stops() != base.record.ledger.stops();
        let past = decision.past.as_ref().map(PastIncident::store);
        let stored = Stored { past, ..record.store(decision.due) };
        let saved = self.records.save(&record.service, &stored, stops, base.version).await;
        let saved =
            saved.map_err(|source| TurnError::Save { whose: whose(&record.service), source })?;
        Ok((saved == Saved::Held).then(|| base.version.saturating_add(1)))
    }

    // ---- observe, decide ----

    async fn decide(&self, turn: &Turn<'_>, record: Record, order: Option<&Order>) -> Decision {
        let brakes = Brakes { mode: turn.mode, probes: turn.probes, ..Brakes::default() };
        let (events, order) = (turn.events.to_vec(), order.cloned());
        let mut observation = Observation { events, brakes, order, ..Observation::default() };
        let mut asked_before: Vec<Ask> = Vec::new();
        let mut record = record;
        let mut entries = Vec::new();
        loop {
            let config = record.config.clone();
            let mut decision = watch::decide(record, observation.clone(), &config, turn.now);
            entries.append(&mut decision.entries);
            // Nothing is asked twice in a turn.
            let ask = decision.ask.take().filter(|ask| !asked_before.contains(ask));
            let Some(ask) = ask else {
                decision.entries = entries;
                return decision;
            };
            record = decision.record;
            observation.events.clear();
            match &ask {
                Ask::Running => {
                    observation.brakes = self.read_brakes(turn, &mut record, &mut entries).await;
                    observation.running = self.read_running(turn.service, &record).await;
                }
                Ask::Announce(trouble) => {
                    self.announce(turn, trouble, &mut observation.brakes).await;
                }
                Ask::Join(joining) => {
                    let group = self.join(turn.service, joining).await;
                    observation.joined = Some((joining.key.clone(), group));
                }
                Ask::Leave(key) => {
                    let left = self.records.leave(turn.service, key).await;
                    observation.left = Some((key.clone(), left.map_err(|e| e.to_string())));
                }
                Ask::Logs(of) => observation.logs = Logs::Read(self.read_tail(of).await),
            }
            asked_before.push(ask);
        }
    }

    /// What runs, with the witnesses while there is a probe.
    async fn read_running(&self, service: &ServiceKey, record: &Record) -> Running {
        let mut running = match self.ecs.running_tasks(service).await {
            Ok(running) => running,
            Err(error) => return Running::Unknown(error.to_string()),
        };
        if let Some(probe) = &record.probe {
            running.witnesses = match self.ecs.witnesses(service, probe).await {
                Ok(witnesses) => witnesses,
                Err(error) => return Running::Unknown(error.to_string()),
            };
        }
        Running::Known(running)
    }

    /// Tells the account of this service's trouble. Where that fails nobody knows who else is in trouble, so nothing is
    /// done.
    async fn announce(&self, turn: &Turn<'_>, trouble: &Trouble, brakes: &mut Brakes) {
        let stale = brakes.account.as_ref().map(|account| account.stale(turn.now));
        let stale = stale.unwrap_or_default();
        match self.records.announce(turn.service, trouble, &stale).await {
            Ok(account) => brakes.account = Some(account),
            Err(error) => brakes.unreadable = Some(error.to_string()),
        }
    }

    /// Takes a place in a line, unless it is long enough without.
    async fn join(&self, service: &ServiceKey, joining: &Joining) -> Result<Group, String> {
        let group = self.records.group(&joining.key).await.map_err(|error| error.to_string())?;
        if group.is_full_for(service, joining) {
            return Ok(group);
        }
        let joined = self.records.join(service, joining, &group.stale(joining.now)).await;
        joined.map_err(|error| error.to_string())
    }

    async fn read_tail(&self, of: &LogsOf) -> LogTail {
        let place = match of.place(self.ecs.container_logs(&of.revision).await) {
            Ok(place) => place,
            Err(why) => return of.absent(why),
        };
        let lines = self.logs.tail(&place.group, &place.stream, watch::LINES_READ).await;
        of.tail(&place, lines)
    }

    /// Reads what may forbid acting: the config as it is now, which the record keeps, and the account's item. What
    /// cannot be read forbids it, and keeps nobody from being told.
    async fn read_brakes(
        &self,
        turn: &Turn<'_>,
        record: &mut Record,
        entries: &mut Vec<Entry>,
    ) -> Brakes {
        let mut brakes = Brakes { mode: turn.mode, probes: turn.probes, ..Brakes::default() };
        match self.read_config(turn.service).await {
            Ok(Ok(config)) => record.config = config,
            Ok(Err(findings)) => entries.push(Entry::plain(
                turn.now,
                Some(turn.service.clone()),
                What::Skipped(format!(
                    "the config has errors, the last good one holds: {findings}"
                )),
            )),
            Err(error) => brakes.unreadable = Some(error.to_string()),
        }
        match self.records.account().await {
            Ok(account) => brakes.account = Some(account),
            Err(error) => brakes.unreadable = Some(error.to_string()),
        }
        match self.records.rollback_override(turn.service, turn.now).await {
            Ok(overridden) => brakes.overridden = overridden,
            Err(error) => brakes.unreadable = Some(error.to_string()),
        }
        brakes
    }

    async fn read_config(
        &self,
        service: &ServiceKey,
    ) -> Result<Result<ServiceConfig, String>, PortError> {
        let files = self.config.config_files(service).await?;
        let path = format!("{service}.toml");
        let defaults =
            files.defaults.as_deref().map(|text| SourceFile { path: "defaults.toml", text });
        let own = files.service.as_deref().map(|text| SourceFile { path: &path, text });
        let files: Vec<SourceFile<'_>> = defaults.into_iter().chain(own).collect();
        let loaded = config::load_tree(&files);
        Ok(match loaded.tree {
            Some(tree) => Ok(tree.for_service(service.as_str()).clone()),
            None => {
                let errors = loaded.findings.iter().map(ToString::to_string);
                Err(errors.collect::<Vec<_>>().join("; "))
            }
        })
    }

    // ---- act, confirm ----

    async fn act_and_confirm(&self, turn: &Turn<'_>, base: Base, taken: &mut Taken) {
        let (settled, decision) = self.act(turn, base.record.clone(), taken).await;
        if let Err(error) = self.confirm(turn, base, decision, &settled).await {
            taken.unfinished.push(format!("what was done is not confirmed: {error}"));
        }
    }

    /// Saves what became of it, on whatever is stored by now.
    async fn confirm(
        &self,
        turn: &Turn<'_>,
        mut base: Base,
        mut decision: Decision,
        settled: &[(String, Settled)],
    ) -> Result<(), TurnError> {
        for _ in 0..RACES_MAX {
            if self.save(&base, &decision, turn.now).await?.is_some() {
                return Ok(());
            }
            base = self.load(turn.service).await?;
            let config = base.record.config.clone();
            decision = watch::settle(base.record.clone(), settled, &config, turn.now);
        }
        Err(TurnError::Contended { whose: whose(turn.service) })
    }
}

fn whose(service: &ServiceKey) -> Whose {
    Whose::Service(service.clone())
}
