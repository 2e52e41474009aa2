//! One service's world behind the ports: the table, config, topics, and ECS (`ecs.rs`); stateful, and faulty where told
//! to be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;
use steady_core::event::{Concern, Event};
use steady_core::group::{Group, GroupKey, Joining};
use steady_core::history::StoredIncident;
use steady_core::installation::{Account, Mode, Trouble};
use steady_core::name::{FamilyKey, ServiceKey, ServiceRevisionArn, TaskDefinitionRevision};
use steady_core::notice::Message;
use steady_core::overrides::{Handed, Override};
use steady_core::port::{
    Call, ConfigFiles, ContainerLog, KeepFamilies, KeepGroups, KeepRecords, Loaded, LogLine,
    PortError, Publish, ReadConfig, ReadLogs, RunningTask, Saved, ServiceRevision, ServiceState,
    Witness,
};
use steady_core::record::{Record, Stored};
use steady_core::report::Entry;
use steady_core::rollback::Setting;
use steady_core::standalone::{self, FamilyTurn, read_defaults};
use steady_core::turn::{Ports, Taken, Turn, TurnError};

use crate::faulty::{Fault, make, unless_killed};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) calls: Vec<&'static str>,
    /// By number of the call, counted from 0.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// Calls that fail always.
    pub(crate) broken: BTreeMap<&'static str, Fault>,
    pub(crate) now: Timestamp,
    // ECS
    pub(crate) service: ServiceState,
    pub(crate) running: Vec<RunningTask>,
    pub(crate) inactive: BTreeSet<TaskDefinitionRevision>,
    /// The service revisions that ECS keeps. The PRIMARY deployment's has the deployment's id for an ARN.
    pub(crate) revisions: BTreeMap<ServiceRevisionArn, ServiceRevision>,
    /// UpdateService takes no setting of these.
    pub(crate) refuses: BTreeSet<Setting>,
    /// Every change that ECS took.
    pub(crate) changes: Vec<Call>,
    /// Somebody's deployment that begins just before the next change is taken.
    pub(crate) meanwhile: Option<&'static str>,
    /// Somebody's deployment that begins just before this call: its id, and its revision's number.
    pub(crate) before_call: Option<(&'static str, &'static str, u32)>,
    /// The deployment completes just before this call.
    pub(crate) completes_before: Option<&'static str>,
    /// ECS itself goes back to `ecs-svc/41` just before the next change is taken.
    pub(crate) gives_up: bool,
    // the rest
    pub(crate) stored: Option<Stored>,
    pub(crate) version: u64,
    /// Overrides handed to the service's scaling, and their ends.
    pub(crate) handed: Vec<Handed>,
    /// Incidents that were saved as over, as often as they were.
    pub(crate) past: Vec<StoredIncident>,
    /// The same of `prod/nightly-report`.
    pub(crate) family: Option<Stored>,
    pub(crate) family_version: u64,
    pub(crate) account: Account,
    /// The override that forbids rollbacks.
    pub(crate) overridden: Option<Override>,
    /// `startedBy` of each probe that was started, and the tasks of the newest that run.
    pub(crate) probes: Vec<String>,
    pub(crate) witnesses: Vec<Witness>,
    /// ECS has room for no more of them than this.
    pub(crate) room: Option<u32>,
    /// What turns told, in order.
    pub(crate) entries: Vec<Entry>,
    pub(crate) config: ConfigFiles,
    pub(crate) sent: Vec<Message>,
    /// Another invocation, whose turn is taken in the middle of this one's: at which call of it, with what.
    pub(crate) other: Option<(usize, Vec<Event>)>,
    /// Where the containers of every task definition log.
    pub(crate) container_logs: Vec<ContainerLog>,
    /// What is in the log streams: group and stream, and the lines.
    pub(crate) logs: BTreeMap<(String, String), Vec<LogLine>>,
    /// Topics that take nothing.
    pub(crate) closed: BTreeSet<String>,
}

pub(crate) struct World(pub(crate) Mutex<State>);

impl World {
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// Makes a call: `done` is what it does, if it is done.
    pub(crate) async fn call<T>(
        &self,
        call: &'static str,
        done: impl FnOnce(&mut State) -> Result<T, PortError> + Send,
    ) -> Result<T, PortError> {
        let other = self.with(|state| {
            let now = state.calls.len();
            state.other.take_if(|(at, _)| *at == now)
        });
        if let Some((_, events)) = other {
            let is_family =
                matches!(events.first().map(Event::concern), Some(Concern::Standalone(_)));
            let taken = if is_family {
                self.family_turn("other", &events)
            } else {
                self.turn("other", &events)
            };
            taken.unwrap().unwrap();
        }
        self.with(|state| {
            if state.completes_before.take_if(|at| *at == call).is_some() {
                state.complete();
            }
            if let Some((_, id, number)) = state.before_call.take_if(|(at, ..)| *at == call) {
                state.begin(id, number);
            }
        });
        let fault = self.with(|state| {
            let fault = state.faults.get(&state.calls.len()).or(state.broken.get(call)).copied();
            state.calls.push(call);
            fault
        });
        make(call, fault, || self.with(done)).await
    }

    /// Takes a turn with these events; `None` if it was killed.
    pub(crate) fn turn(&self, by: &str, events: &[Event]) -> Option<Result<Taken, TurnError>> {
        let service = ServiceKey::from("prod/checkout");
        let now = self.with(|state| state.now);
        let until = now + jiff::SignedDuration::from_secs(30);
        let turn =
            Turn { service: &service, events, now, until, by, mode: Mode::Act, probes: true };
        let ports = Ports { ecs: self, records: self, config: self, topics: self, logs: self };
        let taken = unless_killed(ports.take(&turn))?;
        let entries = taken.as_ref().map(|taken| taken.entries.clone()).unwrap_or_default();
        self.with(|state| state.entries.extend(entries));
        Some(taken)
    }

    /// Takes a turn of `prod/nightly-report` with these events, as an invocation does that has nothing else in its
    /// batch; `None` if it was killed.
    pub(crate) fn family_turn(
        &self,
        by: &str,
        events: &[Event],
    ) -> Option<Result<Taken, TurnError>> {
        let family = nightly_report();
        let now = self.with(|state| state.now);
        let until = now + jiff::SignedDuration::from_secs(30);
        unless_killed(async {
            let defaults = &read_defaults(self).await;
            let turn = FamilyTurn { family: &family, events, defaults, now, until, by };
            standalone::take(self, self, &turn).await
        })
    }

    /// Two invocations get the same events; the second takes its turn at the first one's call `number`.
    pub(crate) fn race(&self, number: usize, events: &[Event]) {
        self.with(|state| {
            state.calls.clear();
            state.other = Some((number, events.to_vec()));
        });
        self.turn("one", events).unwrap().unwrap();
    }

    pub(crate) fn record(&self) -> Record {
        self.with(|state| Record::restore(state.stored.as_ref().unwrap()).unwrap())
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.with(|state| state.sent.iter().map(|message| message.subject.clone()).collect())
    }

    /// The rollbacks that ECS took.
    pub(crate) fn rollbacks(&self) -> Vec<Call> {
        self.with(|state| state.changes.clone())
    }
}

/// Tasks of no service.
pub(crate) fn nightly_report() -> FamilyKey {
    FamilyKey { cluster: Some("prod".into()), family: "nightly-report".into() }
}

impl ReadLogs for World {
    async fn tail(
        &self,
        group: &str,
        stream: &str,
        lines: u32,
    ) -> Result<Option<Vec<LogLine>>, PortError> {
        self.call("GetLogEvents", |state| {
            let all = state.logs.get(&(group.to_owned(), stream.to_owned()));
            let last = |all: &Vec<LogLine>| {
                let from = all.len().saturating_sub(lines.try_into().unwrap());
                all[from..].to_vec()
            };
            Ok(all.map(last))
        })
        .await
    }
}

impl KeepRecords for World {
    async fn load(&self, _: &ServiceKey) -> Result<Loaded, PortError> {
        self.call("Query", |state| {
            Ok(Loaded { stored: state.stored.clone(), version: state.version })
        })
        .await
    }

    async fn save(
        &self,
        _: &ServiceKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> Result<Saved, PortError> {
        let both = stops || stored.past.is_some();
        self.call(if both { "TransactWriteItems" } else { "PutItem" }, |state| {
            if state.version != version {
                return Ok(Saved::Overtaken);
            }
            let mut stored = stored.clone();
            if let Some(known) = state.stored.as_ref().filter(|_| !stops) {
                (stored.stops, stored.hashes) = (known.stops.clone(), known.hashes.clone());
            }
            if let Some(past) = stored.past.take() {
                state.past.push(past);
            }
            state.stored = Some(stored);
            state.version += 1;
            Ok(Saved::Held)
        })
        .await
    }

    async fn account(&self) -> Result<Account, PortError> {
        self.call("GetItem", |state| Ok(state.account.clone())).await
    }

    async fn rollback_override(
        &self,
        _: &ServiceKey,
        now: Timestamp,
    ) -> Result<Option<Override>, PortError> {
        let in_force = |one: &Override| one.rollback_off && one.is_in_force(now);
        self.call("QueryScaling", |state| Ok(state.overridden.clone().filter(in_force))).await
    }

    async fn announce(
        &self,
        service: &ServiceKey,
        trouble: &Trouble,
        stale: &[ServiceKey],
    ) -> Result<Account, PortError> {
        self.call("UpdateItem", |state| {
            state.account.troubles.retain(|known, _| !stale.contains(known));
            state.account.troubles.insert(service.clone(), trouble.clone());
            Ok(state.account.clone())
        })
        .await
    }

    async fn hand_override(
        &self,
        _: &ServiceKey,
        handed: &Handed,
        _: Timestamp,
    ) -> Result<(), PortError> {
        self.call("HandOverride", |state| {
            if !state.handed.contains(handed) {
                state.handed.push(handed.clone());
            }
            Ok(())
        })
        .await
    }
}

impl KeepGroups for World {
    async fn group(&self, key: &GroupKey) -> Result<Group, PortError> {
        let line = |state: &mut State| state.account.groups.get(key).cloned().unwrap_or_default();
        self.call("GetItem of a line", |state| Ok(line(state))).await
    }

    async fn join(
        &self,
        service: &ServiceKey,
        joining: &Joining,
        stale: &[ServiceKey],
    ) -> Result<Group, PortError> {
        self.call("UpdateItem of a line", |state| {
            let group = state.account.groups.entry(joining.key.clone()).or_default();
            group.join(service, joining, stale);
            Ok(group.clone())
        })
        .await
    }

    async fn leave(&self, service: &ServiceKey, key: &GroupKey) -> Result<Group, PortError> {
        self.call("UpdateItem of a line", |state| Ok(state.account.leave(service, key))).await
    }
}

impl KeepFamilies for World {
    async fn load_family(&self, _: &FamilyKey) -> Result<Loaded, PortError> {
        self.call("Query", |state| {
            Ok(Loaded { stored: state.family.clone(), version: state.family_version })
        })
        .await
    }

    async fn save_family(
        &self,
        _: &FamilyKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> Result<Saved, PortError> {
        self.call(if stops { "TransactWriteItems" } else { "PutItem" }, |state| {
            if state.family_version != version {
                return Ok(Saved::Overtaken);
            }
            let mut stored = stored.clone();
            if let Some(known) = state.family.as_ref().filter(|_| !stops) {
                (stored.stops, stored.hashes) = (known.stops.clone(), known.hashes.clone());
            }
            state.family = Some(stored);
            state.family_version += 1;
            Ok(Saved::Held)
        })
        .await
    }
}

impl ReadConfig for World {
    async fn defaults(&self) -> Result<Option<String>, PortError> {
        self.call("GetParameters", |state| Ok(state.config.defaults.clone())).await
    }

    async fn config_files(&self, _: &ServiceKey) -> Result<ConfigFiles, PortError> {
        self.call("GetParameters", |state| Ok(state.config.clone())).await
    }
}

impl Publish for World {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        self.call("Publish", |state| {
            if message.topic.as_ref().is_some_and(|topic| state.closed.contains(topic)) {
                return Err(PortError::Refused {
                    call: "Publish",
                    code: "NotFound".to_owned(),
                    text: "Topic does not exist".to_owned(),
                });
            }
            state.sent.push(message.clone());
            Ok(())
        })
        .await
    }
}
