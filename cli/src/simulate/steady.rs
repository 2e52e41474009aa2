//! Steady as a guard: the very turns that its functions take, on the simulated ECS.
//!
//! What `watch` does with the events of a second, and `sweep` with what has fallen due, is done here with the same
//! [`Ports::take_kept`]; only the adapters are others. `sweep` looks once a minute, at a second of the minute that the seed
//! chooses: what falls due is decided with the next event or the next look, not before.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use steady_core::event::{Body, Concern, Event};
use steady_core::group::{Group, GroupKey, Joining};
use steady_core::installation::{self, Mode, Trouble};
use steady_core::name::ServiceKey;
use steady_core::notice::Message;
use steady_core::overrides::Handed;
use steady_core::port::{
    ConfigFiles, KeepGroups, KeepRecords, Loaded, PortError, Publish, ReadConfig, Saved,
};
use steady_core::record::{Record, Stored};
use steady_core::report::{Because, Entry, What};
use steady_core::stop::StopCode;
use steady_core::turn::{Ports, Turn};

use super::aws::Aws;
use super::guard::{Guard, Heard};
use super::scenario::Scenario;

/// How often `sweep` looks.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// An invocation's timeout: a claim lasts no longer.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// Steady in one account.
#[derive(Debug)]
pub(super) struct Steady {
    guard: Guard,
    /// The second of the minute at which `sweep` looks.
    phase: i64,
    /// When it looked last.
    swept_at: Option<Timestamp>,
    invocations: u64,
    /// What each task's stop was last told with.
    told: HashMap<u64, StopTold>,
    /// Services with an open incident.
    open: BTreeSet<ServiceKey>,
    /// By service: its record, and when somebody has to look.
    records: BTreeMap<ServiceKey, (Record, Option<Timestamp>)>,
    memory: Memory,
}

impl Steady {
    pub(super) fn new(guard: Guard, scenario: &Scenario, seed: u64) -> Self {
        let configs = scenario.services.iter().map(|service| {
            let key = format!("{}/{}", service.cluster, service.name);
            let health = service.health.as_ref().unwrap_or(&scenario.health);
            let guard = guard.word();
            let config = format!("[health]\nrollback = \"auto\"\nwitness = \"{guard}\"\n{health}");
            (ServiceKey::from(key.as_str()), config)
        });
        Self {
            guard,
            phase: i64::try_from((seed >> 17) % 60).unwrap_or(0),
            swept_at: None,
            invocations: 0,
            told: HashMap::new(),
            open: BTreeSet::new(),
            records: BTreeMap::new(),
            memory: Memory { account: Mutex::default(), configs: configs.collect() },
        }
    }

    pub(super) fn hear(&mut self, events: Vec<Event>, aws: &mut Aws, now: Timestamp) -> Heard {
        let mut shares: BTreeMap<ServiceKey, Vec<Event>> = BTreeMap::new();
        let mut news = BTreeSet::new();
        for event in events {
            if let Concern::Service(service) = event.concern() {
                let service = service.clone();
                if self.is_news(&event) {
                    news.insert(service.clone());
                }
                shares.entry(service).or_default().push(event);
            }
        }
        // A repeat brings a turn, and nothing follows from it but that what is due is looked at, or what waits in an open
        // incident. Turns that would change nothing are not taken: they are most of all.
        let due = self.due_by(now);
        shares.retain(|service, _| {
            news.contains(service) || self.open.contains(service) || due.contains(service)
        });
        if self.sweeps_at(now) {
            self.swept_at = Some(now);
            for service in due {
                shares.entry(service).or_default();
            }
        }
        let mut heard = Heard::default();
        for (service, events) in shares {
            heard.entries.append(&mut self.turn(&service, &events, aws, now));
        }
        for entry in &heard.entries {
            self.note_incident(entry);
        }
        heard.fires = heard.entries.iter().any(|entry| self.is_firing(entry));
        heard.turns_key1 = heard.entries.iter().any(turns_key1);
        heard.acted = heard.entries.iter().any(|entry| matches!(entry.what, What::Begun(_)));
        heard
    }

    fn is_firing(&self, entry: &Entry) -> bool {
        match self.guard {
            Guard::Page => turns_key1(entry),
            _ => matches!(entry.what, What::Rollback(_)),
        }
    }

    fn note_incident(&mut self, entry: &Entry) {
        let Some(service) = entry.service.clone() else { return };
        match entry.what {
            What::Opened(_) => drop(self.open.insert(service)),
            What::Resolved(_) => drop(self.open.remove(&service)),
            _ => {}
        }
    }

    /// Whether it tells more than was told before.
    fn is_news(&mut self, event: &Event) -> bool {
        match &event.body {
            Body::Task(task) => {
                let stop = StopTold {
                    code: task.stop_code.clone(),
                    exit_codes: task.containers.iter().map(|one| one.exit_code).collect(),
                    execution_stopped: task.execution_stopped_at.is_some(),
                };
                let known = self.told.entry(task.task.hash64());
                let is_news =
                    !matches!(&known, hash_map::Entry::Occupied(known) if *known.get() == stop);
                if is_news {
                    known.insert_entry(stop);
                }
                is_news
            }
            Body::Deployment(_) => true,
            // A steady state is none: a service in a crash loop reports one after every restart.
            Body::ServiceAction(action) => &*action.name != "SERVICE_STEADY_STATE",
            Body::Hook(hook) => hook.is_waiting,
            Body::Alarm(_) | Body::Parameter(_) | Body::Other { .. } => false,
        }
    }

    fn sweeps_at(&self, now: Timestamp) -> bool {
        (now.as_second() - self.phase).rem_euclid(SWEEP_EVERY.as_secs()) == 0
    }

    /// The next look of `sweep` that finds something due.
    pub(super) fn wakes(&self) -> Option<Timestamp> {
        let due = self.next_due()?;
        let second = due.as_second() + i64::from(due.subsec_nanosecond() > 0);
        // What a look has left undone waits for the next one.
        let second = self.swept_at.map_or(second, |swept| second.max(swept.as_second() + 1));
        let wait = (self.phase - second).rem_euclid(SWEEP_EVERY.as_secs());
        Timestamp::from_second(second + wait).ok()
    }

    fn turn(
        &mut self,
        service: &ServiceKey,
        events: &[Event],
        aws: &Aws,
        now: Timestamp,
    ) -> Vec<Entry> {
        self.invocations += 1;
        let by = format!("request-{}", self.invocations);
        let until = now.saturating_add(TIMEOUT).unwrap_or(now);
        let (mode, probes) = (Mode::Act, true);
        let turn = Turn { service, events, now, until, by: &by, mode, probes };
        let memory = &self.memory;
        let ports = Ports { ecs: aws, records: memory, config: memory, topics: memory, logs: aws };
        let kept = self.records.remove(service);
        let record = kept.map_or_else(|| Record::new(service.clone()), |(record, _)| record);
        let mut taking = pin!(ports.take_kept(&turn, record));
        // Every answer here is there at once.
        let Poll::Ready((record, due, taken)) =
            taking.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            return Vec::new();
        };
        self.records.insert(service.clone(), (record, due));
        taken.entries
    }

    fn due_by(&self, now: Timestamp) -> BTreeSet<ServiceKey> {
        let is_due = |due: &Option<Timestamp>| due.is_some_and(|due| due <= now);
        let due = self.records.iter().filter(|(_, (_, due))| is_due(due));
        due.map(|(service, _)| service.clone()).collect()
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.records.values().filter_map(|(_, due)| *due).min()
    }

    /// A service's record.
    pub(super) fn record(&self, service: &ServiceKey) -> Option<&Record> {
        self.records.get(service).map(|(record, _)| record)
    }
}

/// What of a stop may come later than its first word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StopTold {
    code: Option<StopCode>,
    exit_codes: Vec<Option<i64>>,
    execution_stopped: bool,
}

fn turns_key1(entry: &Entry) -> bool {
    matches!(entry.what, What::Opened(Because::Key1 { .. }) | What::Joined(Because::Key1 { .. }))
}

/// The account's item, the config and the topics, which never fail here. Records are kept by [`Steady`] itself: a world
/// has one invocation at a time.
#[derive(Debug)]
struct Memory {
    account: Mutex<installation::Account>,
    configs: BTreeMap<ServiceKey, String>,
}

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut installation::Account) -> T) -> T {
        work(&mut self.account.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeepRecords for Memory {
    async fn load(&self, _: &ServiceKey) -> Result<Loaded, PortError> {
        Ok(Loaded { stored: None, version: 0 })
    }

    async fn save(&self, _: &ServiceKey, _: &Stored, _: bool, _: u64) -> Result<Saved, PortError> {
        Ok(Saved::Held)
    }

    async fn account(&self) -> Result<installation::Account, PortError> {
        Ok(self.with(|account| account.clone()))
    }

    async fn announce(
        &self,
        service: &ServiceKey,
        trouble: &Trouble,
        stale: &[ServiceKey],
    ) -> Result<installation::Account, PortError> {
        Ok(self.with(|account| {
            account.troubles.retain(|known, _| !stale.contains(known));
            account.troubles.insert(service.clone(), trouble.clone());
            account.clone()
        }))
    }

    /// Nothing scales in a simulation.
    async fn hand_override(
        &self,
        _: &ServiceKey,
        _: &Handed,
        _: Timestamp,
    ) -> Result<(), PortError> {
        Ok(())
    }
}

impl KeepGroups for Memory {
    async fn group(&self, key: &GroupKey) -> Result<Group, PortError> {
        Ok(self.with(|account| account.groups.get(key).cloned().unwrap_or_default()))
    }

    async fn join(
        &self,
        service: &ServiceKey,
        joining: &Joining,
        stale: &[ServiceKey],
    ) -> Result<Group, PortError> {
        Ok(self.with(|account| {
            let group = account.groups.entry(joining.key.clone()).or_default();
            group.join(service, joining, stale);
            group.clone()
        }))
    }

    async fn leave(&self, service: &ServiceKey, key: &GroupKey) -> Result<Group, PortError> {
        Ok(self.with(|account| account.leave(service, key)))
    }
}

impl ReadConfig for Memory {
    async fn defaults(&self) -> Result<Option<String>, PortError> {
        Ok(None)
    }

    async fn config_files(&self, service: &ServiceKey) -> Result<ConfigFiles, PortError> {
        Ok(ConfigFiles { defaults: None, service: self.configs.get(service).cloned() })
    }
}

impl Publish for Memory {
    async fn publish(&self, _: &Message) -> Result<(), PortError> {
        Ok(())
    }
}
