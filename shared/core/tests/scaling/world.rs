//! One service's scaling behind the ports, faulty where told to be. Every call is counted.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use steady_core::config::Scaling;
use steady_core::installation::{Account, Home, Mode, Trouble};
use steady_core::name::ServiceKey;
use steady_core::notice::Message;
use steady_core::overrides::Handed;
use steady_core::port::{
    AlarmUse, ChangeScaling, ConfigFiles, KeepAlarmUses, KeepRecords, KeepScaling, Loaded, Pace,
    PortError, Publish, ReadActivities, ReadConfig, ReadScaling, Saved,
};
use steady_core::record::Stored;
use steady_core::scaling::{
    LiveScaling, ScalingActivity, ScalingAnswer, ScalingCall, ScalingPorts, ScalingRecord,
    ScalingTaken, ScalingTurn, WhyTurn,
};
use steady_core::turn::TurnError;

use crate::aws::Aws;
use crate::faulty::{Fault, make, unless_killed};
use crate::wanted::start;

/// What somebody else saves right before a call of that name is made.
pub(crate) type Meanwhile = (&'static str, fn(&mut ScalingRecord));

pub(crate) struct State {
    pub(crate) calls: Vec<&'static str>,
    /// By number of the call, counted from 0.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// Calls that fail always.
    pub(crate) broken: BTreeMap<&'static str, Fault>,
    pub(crate) now: Timestamp,
    pub(crate) mode: Mode,
    pub(crate) aws: Aws,
    /// Writes that AWS took.
    pub(crate) writes: usize,
    /// How many writes there is time for.
    pub(crate) writes_left: usize,
    pub(crate) waited: Vec<SignedDuration>,
    pub(crate) stored: Option<Stored>,
    pub(crate) version: u64,
    pub(crate) saves: usize,
    pub(crate) account: Account,
    pub(crate) config: ConfigFiles,
    pub(crate) sent: Vec<Message>,
    pub(crate) alarm_uses: BTreeMap<String, AlarmUse>,
    /// What Application Auto Scaling has done, or not.
    pub(crate) activities: Vec<ScalingActivity>,
    /// The service's own record.
    pub(crate) health: Option<Stored>,
    pub(crate) meanwhile: Option<Meanwhile>,
}

pub(crate) struct World(pub(crate) Mutex<State>);

impl World {
    pub(crate) fn new(aws: Aws) -> Self {
        Self(Mutex::new(State {
            calls: vec![],
            faults: BTreeMap::new(),
            broken: BTreeMap::new(),
            now: start(),
            mode: Mode::Act,
            aws,
            writes: 0,
            writes_left: usize::MAX,
            waited: vec![],
            stored: None,
            version: 0,
            saves: 0,
            account: Account::default(),
            config: ConfigFiles::default(),
            sent: vec![],
            alarm_uses: BTreeMap::new(),
            activities: vec![],
            health: None,
            meanwhile: None,
        }))
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    pub(crate) fn record(&self) -> ScalingRecord {
        let stored = self.with(|state| state.stored.clone());
        stored.map_or_else(
            || ScalingRecord::new("prod/checkout".into()),
            |stored| ScalingRecord::restore(&stored).unwrap(),
        )
    }

    /// Somebody saves the record so.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut ScalingRecord)) {
        let mut record = self.record();
        change(&mut record);
        self.with(|state| {
            state.stored = Some(record.store(Some(state.now)));
            state.version += 1;
        });
    }

    pub(crate) fn wants(&self, config: Scaling) {
        self.edit(|record| record.config = config);
    }

    pub(crate) fn turn(&self, why: WhyTurn) -> Option<Result<ScalingTaken, TurnError>> {
        let (now, mode) = self.with(|state| (state.now, state.mode));
        let turn = ScalingTurn {
            service: &"prod/checkout".into(),
            now,
            until: now + SignedDuration::from_mins(1),
            by: &format!("at-{now}"),
            home: &Home { account: Some("111122223333".into()), region: Some("eu-west-1".into()) },
            mode,
            why,
        };
        let ports =
            ScalingPorts { aws: self, records: self, config: self, topics: self, pace: self };
        unless_killed(ports.take(&turn))
    }

    /// A turn a minute later that nothing happens to.
    pub(crate) fn drift(&self) -> ScalingTaken {
        self.with(|state| {
            state.now += SignedDuration::from_mins(2);
            state.faults.clear();
        });
        self.turn(WhyTurn::Drift).unwrap().unwrap()
    }

    async fn call<T>(
        &self,
        call: &'static str,
        done: impl FnOnce(&mut State) -> Result<T, PortError> + Send,
    ) -> Result<T, PortError> {
        let fault = self.with(|state| {
            let fault = state.faults.get(&state.calls.len());
            let fault = fault.or(state.broken.get(call)).copied();
            state.calls.push(call);
            if let Some((_, change)) = state.meanwhile.take_if(|(before, _)| *before == call) {
                let mut record = ScalingRecord::restore(state.stored.as_ref().unwrap()).unwrap();
                change(&mut record);
                state.stored = Some(record.store(Some(state.now)));
                state.version += 1;
            }
            fault
        });
        make(call, fault, || self.with(done)).await
    }
}

impl ReadScaling for World {
    async fn live_scaling(&self, _: &ServiceKey) -> Result<LiveScaling, PortError> {
        self.call("live_scaling", |state| Ok(state.aws.read())).await
    }
}

impl ReadActivities for World {
    async fn scaling_activities(
        &self,
        _: &ServiceKey,
        since: Timestamp,
    ) -> Result<Vec<ScalingActivity>, PortError> {
        let is_new = |one: &&ScalingActivity| one.started_at >= since;
        Ok(self.with(|state| state.activities.iter().filter(is_new).cloned().collect()))
    }
}

impl ChangeScaling for World {
    async fn change_scaling(
        &self,
        service: &ServiceKey,
        call: &ScalingCall,
    ) -> Result<ScalingAnswer, PortError> {
        let name = match call {
            ScalingCall::RegisterScalableTarget { .. } => "RegisterScalableTarget",
            ScalingCall::TagTarget { .. } => "TagResource",
            ScalingCall::UntagTarget { .. } => "UntagResource",
            ScalingCall::PutScalingPolicy(_) => "PutScalingPolicy",
            ScalingCall::DeleteScalingPolicy { .. } => "DeleteScalingPolicy",
            ScalingCall::PutScheduledAction(_) => "PutScheduledAction",
            ScalingCall::DeleteScheduledAction { .. } => "DeleteScheduledAction",
            ScalingCall::PutMetricAlarm(_) => "PutMetricAlarm",
            ScalingCall::DeleteAlarm { .. } => "DeleteAlarms",
        };
        self.call(name, |state| {
            let answer = state.aws.call(service, call)?;
            state.writes += 1;
            Ok(answer)
        })
        .await
    }
}

impl Pace for World {
    async fn write(&self) -> bool {
        self.with(|state| {
            let left = state.writes_left.checked_sub(1);
            state.writes_left = left.unwrap_or(0);
            left.is_some()
        })
    }

    async fn back_off(&self, wait: SignedDuration) -> bool {
        self.with(|state| state.waited.push(wait));
        true
    }
}

impl KeepScaling for World {
    async fn load_scaling(&self, _: &ServiceKey) -> Result<Loaded, PortError> {
        self.call("load", |state| {
            Ok(Loaded { stored: state.stored.clone(), version: state.version })
        })
        .await
    }

    async fn save_scaling(
        &self,
        _: &ServiceKey,
        stored: &Stored,
        version: u64,
    ) -> Result<Saved, PortError> {
        self.call("save", |state| {
            if version != state.version {
                return Ok(Saved::Overtaken);
            }
            state.stored = Some(stored.clone());
            state.version += 1;
            state.saves += 1;
            Ok(Saved::Held)
        })
        .await
    }
}

impl KeepRecords for World {
    async fn load(&self, _: &ServiceKey) -> Result<Loaded, PortError> {
        Ok(Loaded { stored: self.with(|state| state.health.clone()), version: 1 })
    }

    async fn save(&self, _: &ServiceKey, _: &Stored, _: bool, _: u64) -> Result<Saved, PortError> {
        panic!("a scaling turn never writes the service's record")
    }

    async fn account(&self) -> Result<Account, PortError> {
        self.call("account", |state| Ok(state.account.clone())).await
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

impl ReadConfig for World {
    async fn config_files(&self, _: &ServiceKey) -> Result<ConfigFiles, PortError> {
        self.call("config", |state| Ok(state.config.clone())).await
    }

    async fn defaults(&self) -> Result<Option<String>, PortError> {
        panic!("the files of the service are read in one call")
    }
}

impl Publish for World {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        self.call("Publish", |state| {
            state.sent.push(message.clone());
            Ok(())
        })
        .await
    }
}

impl KeepAlarmUses for World {
    async fn note_alarm_use(
        &self,
        alarm: &str,
        _: &ServiceKey,
        used: AlarmUse,
    ) -> Result<(), PortError> {
        self.call("note alarm", |state| {
            state.alarm_uses.insert(alarm.to_owned(), used);
            Ok(())
        })
        .await
    }
}
