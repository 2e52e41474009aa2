//! A region of many services behind the ports, in virtual time: each call takes as long as AWS takes, is counted, and is
//! refused where it comes faster than AWS allows.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use steady_core::clusters::Clusters;
use steady_core::installation::{Account, Home, Mode, Trouble};
use steady_core::name::ServiceKey;
use steady_core::notice::Message;
use steady_core::overrides::Handed;
use steady_core::port::{
    AlarmUse, ChangeScaling, ConfigFiles, KeepAlarmUses, KeepPassPlace, KeepRecords, KeepScaling,
    Loaded, NamedFile, Pace, PortError, Publish, ReadActivities, ReadAllConfig, ReadAllScaling,
    ReadConfig, ReadScaling, Saved,
};
use steady_core::record::Stored;
use steady_core::scaling::{
    LiveScaling, Pass, PassPlace, PassTurn, ScalingActivity, ScalingAnswer, ScalingCall,
    ScalingPorts, ScalingTurn, WhyTurn,
};

use crate::aws::Aws;
use crate::wanted::start;

/// The function's timeout.
pub(crate) const TIMEOUT: SignedDuration = SignedDuration::from_mins(10);

/// Its schedule.
pub(crate) const EVERY: SignedDuration = SignedDuration::from_mins(15);

/// What a turn, a page and a write are given at least, as the function has them.
const TURN_TAKES: SignedDuration = SignedDuration::from_secs(10);
const PAGE_TAKES: SignedDuration = SignedDuration::from_secs(10);
const WRITE_TAKES: SignedDuration = SignedDuration::from_secs(9);

/// What an adapter waits: before a page of a list, between pages of parameters, between two DescribeServices of a page, and
/// between writes.
const BETWEEN_LISTS: SignedDuration = SignedDuration::from_millis(100);
const BETWEEN_PARAMETERS: SignedDuration = SignedDuration::from_millis(250);
const BETWEEN_COUNTS: SignedDuration = SignedDuration::from_millis(750);
const BETWEEN_WRITES: SignedDuration = SignedDuration::from_secs(1);

/// How long a call of DynamoDB takes, and one of anything else; assumed.
const TABLE_TAKES: SignedDuration = SignedDuration::from_millis(5);
const CALL_TAKES: SignedDuration = SignedDuration::from_millis(60);

/// So many calls within so long, of calls whose names begin so.
pub(crate) type Limit = (&'static [&'static str], usize, SignedDuration);

/// What may be asked for: theory §1 and design §9, §10. Writes make alarms (PutMetricAlarm: three a second for the account);
/// DescribeServices is shared with deployments, parameter reads with the secrets of starting tasks.
pub(crate) const LIMITS: [Limit; 4] = [
    (&["Put", "Register", "Delete", "Tag"], 1, SignedDuration::from_secs(1)),
    (&["DescribeScal", "DescribeSched", "DescribeAl"], 10, SignedDuration::from_secs(1)),
    (&["DescribeServices"], 100, SignedDuration::from_secs(60)),
    (&["GetParameters"], 4, SignedDuration::from_secs(1)),
];

pub(crate) struct State {
    pub(crate) now: Timestamp,
    deadline: Timestamp,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) aws: BTreeMap<ServiceKey, Aws>,
    records: BTreeMap<ServiceKey, (Stored, u64)>,
    place: Option<String>,
    place_version: u64,
    /// How often each operation was called.
    pub(crate) calls: BTreeMap<&'static str, usize>,
    /// Of each limit: the calls that count, and the most that ever did.
    recent: [(VecDeque<Timestamp>, usize); LIMITS.len()],
    /// Bytes of each save of the pass's place.
    pub(crate) places: Vec<usize>,
    last_write: Option<Timestamp>,
    /// How many writes were granted.
    pub(crate) granted: usize,
    pub(crate) sent: Vec<String>,
}

pub(crate) struct Region(Mutex<State>);

/// What one invocation has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invoked {
    /// Services that had a turn.
    pub(crate) turns: usize,
    /// Whether the pass is through.
    pub(crate) is_through: bool,
    /// How long it took.
    pub(crate) took: SignedDuration,
}

fn done<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => it,
        Poll::Pending => panic!("nothing here waits"),
    }
}

impl Region {
    /// So many services of four tasks, all with this file; nothing is live.
    pub(crate) fn with(services: usize, file: &str) -> Self {
        let names: Vec<String> =
            (0..services).map(|number| format!("prod/payments-worker-{number:04}")).collect();
        let state = State {
            now: start(),
            deadline: start(),
            files: names.iter().map(|name| (name.clone(), file.to_owned())).collect(),
            aws: names.iter().map(|name| (name.as_str().into(), Aws::with_tasks(4))).collect(),
            records: BTreeMap::new(),
            place: None,
            place_version: 0,
            calls: BTreeMap::new(),
            recent: <[(VecDeque<Timestamp>, usize); LIMITS.len()]>::default(),
            places: Vec::new(),
            last_write: None,
            granted: 0,
            sent: Vec::new(),
        };
        Self(Mutex::new(state))
    }

    pub(crate) fn state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// Calls of the operations whose names begin so.
    pub(crate) fn calls(&self, prefixes: &[&str]) -> usize {
        let is_one = |operation: &str| prefixes.iter().any(|one| operation.starts_with(one));
        self.state(|state| {
            let of = state.calls.iter().filter(|(operation, _)| is_one(operation));
            of.map(|(_, made)| made).sum()
        })
    }

    /// Forgets what was called so far.
    pub(crate) fn forget_calls(&self) {
        self.state(|state| {
            state.calls.clear();
            state.places.clear();
            state.granted = 0;
            state.recent = Default::default();
        });
    }

    /// Invokes the pass at its next time. Goes about it as the function does: whatever it has no time for, the next one does.
    pub(crate) fn invoke(&self) -> Invoked {
        let began = self.state(|state| {
            state.deadline = state.now + TIMEOUT;
            state.now
        });
        let by = format!("at-{began}");
        let deadline = began + TIMEOUT;
        let live = self.list();
        let clusters = &Clusters::default();
        let turn = PassTurn {
            now: self.now(),
            until: deadline,
            by: &by,
            clusters,
            home: &Home::default(),
        };
        let pass = done(Pass::begin((self, self, self), live.iter(), &turn));
        let mut pass = pass.unwrap().unwrap();
        assert_eq!(pass.unread(), None);
        let mut turns = 0;
        'pages: while self.has(PAGE_TAKES + TURN_TAKES) {
            let Some(page) = done(pass.page(self, self.now())).unwrap() else { break };
            assert_eq!(page.trouble, []);
            for (service, why) in &page.turns {
                if !self.has(TURN_TAKES) {
                    break 'pages;
                }
                self.take(service, *why, &by);
                turns += 1;
                pass.went(Some(service));
            }
            pass.went(page.last.as_ref());
        }
        let is_through = done(pass.end()).unwrap();
        let took = self.now().duration_since(began);
        assert!(took <= TIMEOUT, "{took:#}");
        self.sweep();
        self.state(|state| state.now = began + EVERY);
        Invoked { turns, is_through, took }
    }

    /// What `sweep` does in the minutes between: turns that are due, since there was no time for all of their writes.
    fn sweep(&self) {
        let due = |(service, (stored, _)): (&ServiceKey, &(Stored, u64))| {
            stored.due.is_some().then(|| service.clone())
        };
        let due: Vec<ServiceKey> = self.state(|state| {
            state.now += SignedDuration::from_mins(1);
            state.deadline = state.now + TIMEOUT;
            state.records.iter().filter_map(due).collect()
        });
        for service in due {
            self.take(&service, WhyTurn::Due, &format!("sweep-{}", self.now()));
        }
    }

    fn take(&self, service: &ServiceKey, why: WhyTurn, by: &str) {
        let (now, until) = self.state(|state| (state.now, state.deadline));
        let turn =
            ScalingTurn { service, now, until, by, home: &Home::default(), mode: Mode::Act, why };
        let ports =
            ScalingPorts { aws: self, records: self, config: self, topics: self, pace: self };
        let taken = done(ports.take(&turn)).unwrap();
        assert_eq!((taken.refused, taken.rejected), (vec![], None));
    }

    fn now(&self) -> Timestamp {
        self.state(|state| state.now)
    }

    fn has(&self, time: SignedDuration) -> bool {
        self.state(|state| state.has(time))
    }

    /// Lists the account, as the adapter does: so many calls as it has pages, of as many objects as the API reference says.
    fn list(&self) -> Vec<ServiceKey> {
        let count = |of: fn(&Aws) -> usize| self.state(|state| state.aws.values().map(of).sum());
        let lists: [(&'static str, usize, usize); 4] = [
            ("DescribeScalableTargets", count(|aws| usize::from(aws.live.target.is_some())), 50),
            ("DescribeScalingPolicies", count(|aws| aws.live.policies.len()), 10),
            ("DescribeScheduledActions", count(|aws| aws.live.scheduled.len()), 50),
            ("DescribeAlarms", count(|aws| aws.live.alarms.len()), 100),
        ];
        for (operation, objects, page) in lists {
            for _ in 0..objects.div_ceil(page).max(1) {
                self.state(|state| state.now += BETWEEN_LISTS);
                self.call(operation).unwrap();
            }
        }
        let is_live = |aws: &Aws| aws.live.target.is_some();
        self.state(|state| {
            let live = state.aws.iter().filter(|(_, aws)| is_live(aws));
            live.map(|(service, _)| service.clone()).collect()
        })
    }

    /// Makes a call: it is counted, takes its time, and is throttled where too many were made.
    fn call(&self, operation: &'static str) -> Result<(), PortError> {
        self.state(|state| {
            let now = state.now;
            *state.calls.entry(operation).or_default() += 1;
            state.now += CALL_TAKES;
            for ((prefixes, most, within), (recent, busiest)) in
                LIMITS.iter().zip(&mut state.recent)
            {
                if !prefixes.iter().any(|prefix| operation.starts_with(prefix)) {
                    continue;
                }
                recent.push_back(now);
                while recent.front().is_some_and(|at| now.duration_since(*at) >= *within) {
                    recent.pop_front();
                }
                *busiest = (*busiest).max(recent.len());
                if recent.len() > *most {
                    let text = format!("{} within {within:#}", recent.len());
                    return Err(PortError::Throttled { call: operation, text });
                }
            }
            Ok(())
        })
    }

    fn table(&self) {
        self.state(|state| state.now += TABLE_TAKES);
    }
}

impl State {
    /// Of each limit: the most calls that were ever made within its time.
    pub(crate) fn busiest(&self) -> [usize; LIMITS.len()] {
        self.recent.each_ref().map(|(_, busiest)| *busiest)
    }

    fn has(&self, time: SignedDuration) -> bool {
        self.now + time <= self.deadline
    }
}

impl KeepPassPlace for Region {
    async fn pass_place(&self) -> Result<(Option<PassPlace>, u64), PortError> {
        self.table();
        Ok(self.state(|state| {
            let place = state.place.as_ref().map(|text| serde_json::from_str(text).unwrap());
            (place, state.place_version)
        }))
    }

    async fn save_pass_place(&self, place: &PassPlace, version: u64) -> Result<Saved, PortError> {
        self.table();
        Ok(self.state(|state| {
            assert_eq!(version, state.place_version, "nobody else is at it");
            let text = serde_json::to_string(place).unwrap();
            state.places.push(text.len());
            state.place = Some(text);
            state.place_version += 1;
            Saved::Held
        }))
    }
}

impl ReadAllConfig for Region {
    async fn all_config(&self) -> Result<Vec<NamedFile>, PortError> {
        let files: Vec<NamedFile> = self.state(|state| {
            let named = |(name, text): (&String, &String)| NamedFile {
                name: name.clone(),
                text: text.clone(),
            };
            state.files.iter().map(named).collect()
        });
        for _ in 0..files.len().div_ceil(10) {
            self.call("GetParametersByPath")?;
            self.state(|state| state.now += BETWEEN_PARAMETERS);
        }
        Ok(files)
    }
}

impl ReadConfig for Region {
    async fn config_files(&self, service: &ServiceKey) -> Result<ConfigFiles, PortError> {
        self.call("GetParameters")?;
        let own = self.state(|state| state.files.get(service.as_str()).cloned());
        Ok(ConfigFiles { defaults: None, service: own })
    }

    async fn defaults(&self) -> Result<Option<String>, PortError> {
        panic!("the files of the service are read in one call")
    }
}

impl ReadAllScaling for Region {
    async fn live_scaling_of(
        &self,
        services: &[ServiceKey],
    ) -> Result<Vec<LiveScaling>, PortError> {
        for page in 0..services.len().div_ceil(10) {
            if page > 0 {
                self.state(|state| state.now += BETWEEN_COUNTS);
            }
            self.call("DescribeServices")?;
        }
        Ok(self.state(|state| services.iter().map(|service| state.aws[service].read()).collect()))
    }
}

impl ReadScaling for Region {
    async fn live_scaling(&self, service: &ServiceKey) -> Result<LiveScaling, PortError> {
        for operation in [
            "DescribeScalableTargets",
            "DescribeScalingPolicies",
            "DescribeScheduledActions",
            "DescribeAlarms",
            "DescribeServices",
        ] {
            self.call(operation)?;
        }
        Ok(self.state(|state| state.aws[service].read()))
    }
}

impl ReadActivities for Region {
    async fn scaling_activities(
        &self,
        _: &ServiceKey,
        _: Timestamp,
    ) -> Result<Vec<ScalingActivity>, PortError> {
        self.call("DescribeScalingActivities")?;
        Ok(vec![])
    }
}

impl ChangeScaling for Region {
    async fn change_scaling(
        &self,
        service: &ServiceKey,
        call: &ScalingCall,
    ) -> Result<ScalingAnswer, PortError> {
        self.call(match call {
            ScalingCall::RegisterScalableTarget { .. } => "RegisterScalableTarget",
            ScalingCall::PutScalingPolicy(_) => "PutScalingPolicy",
            ScalingCall::PutScheduledAction(_) => "PutScheduledAction",
            ScalingCall::PutMetricAlarm(_) => "PutMetricAlarm",
            other => panic!("not in this story: {other:?}"),
        })?;
        self.state(|state| state.aws.get_mut(service).unwrap().call(service, call))
    }
}

impl Pace for Region {
    async fn write(&self) -> bool {
        self.state(|state| {
            let at =
                state.last_write.map_or(state.now, |last| (last + BETWEEN_WRITES).max(state.now));
            if at + WRITE_TAKES > state.deadline {
                return false;
            }
            (state.now, state.last_write) = (at, Some(at));
            state.granted += 1;
            true
        })
    }

    async fn back_off(&self, _: SignedDuration) -> bool {
        panic!("nothing is throttled at this pace")
    }
}

impl KeepScaling for Region {
    async fn load_scaling(&self, service: &ServiceKey) -> Result<Loaded, PortError> {
        self.table();
        let stored = self.state(|state| state.records.get(service).cloned());
        let version = stored.as_ref().map_or(0, |(_, version)| *version);
        Ok(Loaded { stored: stored.map(|(stored, _)| stored), version })
    }

    async fn save_scaling(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        version: u64,
    ) -> Result<Saved, PortError> {
        self.table();
        self.state(|state| {
            *state.calls.entry("save").or_default() += 1;
            let known = state.records.get(service).map_or(0, |(_, version)| *version);
            assert_eq!(version, known, "nobody else is at it");
            state.records.insert(service.clone(), (stored.clone(), version + 1));
        });
        Ok(Saved::Held)
    }
}

impl KeepRecords for Region {
    async fn load(&self, _: &ServiceKey) -> Result<Loaded, PortError> {
        panic!("no service is at its maximum")
    }

    async fn save(&self, _: &ServiceKey, _: &Stored, _: bool, _: u64) -> Result<Saved, PortError> {
        panic!("a scaling turn never writes the service's record")
    }

    async fn account(&self) -> Result<Account, PortError> {
        self.table();
        Ok(Account::default())
    }

    async fn announce(
        &self,
        _: &ServiceKey,
        _: &Trouble,
        _: &[ServiceKey],
    ) -> Result<Account, PortError> {
        panic!("a scaling turn announces nothing")
    }

    async fn hand_override(
        &self,
        _: &ServiceKey,
        _: &Handed,
        _: Timestamp,
    ) -> Result<(), PortError> {
        panic!("a scaling turn hands nothing over")
    }
}

impl KeepAlarmUses for Region {
    async fn note_alarm_use(&self, _: &str, _: &ServiceKey, _: AlarmUse) -> Result<(), PortError> {
        panic!("these configs name no alarm")
    }
}

impl Publish for Region {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        self.state(|state| state.sent.push(message.subject.clone()));
        Ok(())
    }
}
