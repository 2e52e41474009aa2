//! The pass over a small fleet: what differs gets a turn, nothing else does, and it goes on where it ended.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use steady_core::clusters::Clusters;
use steady_core::installation::Home;
use steady_core::name::ServiceKey;
use steady_core::notice::Message;
use steady_core::port::{
    KeepPassPlace, KeepScaling, Loaded, NamedFile, PortError, Publish, ReadAllConfig,
    ReadAllScaling, Saved,
};
use steady_core::record::Stored;
use steady_core::scaling::{
    LiveScaling, Pass, PassPlace, PassTurn, ScalingRecord, WhyTurn, ask_for_config,
};

use crate::aws::Aws;
use crate::faulty::unless_killed;
use crate::wanted::start;

const FILE: &str = "[capacity]\nmin = 2\nmax = 10\n";

#[derive(Default)]
struct State {
    now: Timestamp,
    files: BTreeMap<String, String>,
    records: BTreeMap<ServiceKey, ScalingRecord>,
    live: BTreeMap<ServiceKey, LiveScaling>,
    place: Option<PassPlace>,
    version: u64,
    lists: usize,
    clusters: Clusters,
    /// Whether Parameter Store answers "not now".
    is_throttled: bool,
    sent: Vec<String>,
}

struct Fleet(Mutex<State>);

/// Nothing here waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    unless_killed(future).unwrap()
}

impl Fleet {
    /// So many services with files, whose records and live state are as the files want them.
    fn settled(count: usize) -> Self {
        let mut state = State { now: start(), ..State::default() };
        for number in 0..count {
            let service = ServiceKey::from(format!("prod/service-{number:03}").as_str());
            state.files.insert(service.to_string(), FILE.to_owned());
            let config = steady_core::config::load_tree(&[steady_core::config::SourceFile {
                path: &format!("{service}.toml"),
                text: FILE,
            }]);
            let config = config.tree.unwrap().for_service(service.as_str()).clone();
            let mut record = ScalingRecord::new(service.clone());
            record.config = config.scaling;
            record.has_own_file = true;
            let mut aws = Aws::with_tasks(4);
            aws.reach(&mut record, start());
            state.live.insert(service.clone(), aws.read());
            state.records.insert(service, record);
        }
        Self(Mutex::new(state))
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// An invocation with time for so many pages; the turns that it takes, and whether the pass is through. `None`:
    /// somebody else is at it.
    fn invocation(&self, pages: usize) -> Option<(Vec<(String, WhyTurn)>, bool)> {
        let now = self.with(|state| state.now);
        let clusters = &self.with(|state| state.clusters.clone());
        let until = now + SignedDuration::from_mins(1);
        let turn = PassTurn { now, until, by: "one", clusters, home: &Home::default() };
        let live: Vec<ServiceKey> = self.with(|state| state.live.keys().cloned().collect());
        let mut pass = done(Pass::begin((self, self, self), live.iter(), &turn)).unwrap()?;
        let mut turns = Vec::new();
        for _ in 0..pages {
            let Some(page) = done(pass.page(self, now)).unwrap() else { break };
            turns.extend(page.turns.iter().map(|(service, why)| (service.to_string(), *why)));
            pass.went(page.last.as_ref());
        }
        Some((turns, done(pass.end()).unwrap()))
    }

    fn later(&self, minutes: i64) {
        self.with(|state| state.now += SignedDuration::from_mins(minutes));
    }

    /// A whole pass.
    fn pass(&self) -> Vec<(String, WhyTurn)> {
        self.later(15);
        let (turns, is_through) = self.invocation(usize::MAX).unwrap();
        assert!(is_through);
        turns
    }
}

impl KeepScaling for Fleet {
    async fn load_scaling(&self, service: &ServiceKey) -> Result<Loaded, PortError> {
        let record = self.with(|state| state.records.get(service).cloned());
        Ok(Loaded { stored: record.map(|record| record.store(None)), version: 1 })
    }

    async fn save_scaling(&self, _: &ServiceKey, _: &Stored, _: u64) -> Result<Saved, PortError> {
        panic!("the pass saves no record")
    }
}

impl KeepPassPlace for Fleet {
    async fn pass_place(&self) -> Result<(Option<PassPlace>, u64), PortError> {
        Ok(self.with(|state| (state.place.clone(), state.version)))
    }

    async fn save_pass_place(&self, place: &PassPlace, version: u64) -> Result<Saved, PortError> {
        Ok(self.with(|state| {
            if state.version != version {
                return Saved::Overtaken;
            }
            // As it comes back from where it is kept.
            let text = serde_json::to_string(place).unwrap();
            state.place = serde_json::from_str(&text).unwrap();
            state.version += 1;
            Saved::Held
        }))
    }
}

impl ReadAllConfig for Fleet {
    async fn all_config(&self) -> Result<Vec<NamedFile>, PortError> {
        self.with(|state| {
            state.lists += 1;
            if state.is_throttled {
                let text = "Rate exceeded".to_owned();
                return Err(PortError::Throttled { call: "GetParametersByPath", text });
            }
            let files = state.files.iter();
            let named = |(name, text): (&String, &String)| NamedFile {
                name: name.clone(),
                text: text.clone(),
            };
            Ok(files.map(named).collect())
        })
    }
}

impl ReadAllScaling for Fleet {
    async fn live_scaling_of(
        &self,
        services: &[ServiceKey],
    ) -> Result<Vec<LiveScaling>, PortError> {
        let live = |service: &ServiceKey| {
            let none = LiveScaling { desired_count: Some(4), ..LiveScaling::default() };
            self.with(|state| state.live.get(service).cloned().unwrap_or(none))
        };
        Ok(services.iter().map(live).collect())
    }
}

impl Publish for Fleet {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        self.with(|state| state.sent.push(message.subject.clone()));
        Ok(())
    }
}

#[test]
fn where_nothing_differs_nobody_gets_a_turn_and_the_config_is_read_once_an_hour() {
    let fleet = Fleet::settled(60);
    for _ in 0..9 {
        assert_eq!(fleet.pass(), []);
    }
    assert_eq!(fleet.with(|state| (state.lists, state.sent.len())), (3, 0));
}

#[test]
fn what_was_changed_by_hand_gets_a_turn_in_the_next_pass_even_if_nothing_is_left_of_it() {
    let fleet = Fleet::settled(60);
    assert_eq!(fleet.pass(), []);
    fleet.with(|state| {
        let bounds = state.live.get_mut(&"prod/service-007".into()).unwrap();
        bounds.target.as_mut().unwrap().target.bounds.max = 99;
        state.live.remove(&"prod/service-055".into());
    });
    let turns = [("prod/service-007", WhyTurn::Drift), ("prod/service-055", WhyTurn::Drift)];
    assert_eq!(fleet.pass(), turns.map(|(service, why)| (service.to_owned(), why)));
}

#[test]
fn a_file_whose_event_was_lost_is_read_within_the_hour_and_after_the_defaults_changed_at_once() {
    let fleet = Fleet::settled(3);
    fleet.pass();
    let edit = |max: &str| {
        let text = FILE.replace("10", max);
        fleet.with(|state| state.files.insert("prod/service-001".to_owned(), text));
    };
    edit("12");
    let passes: Vec<usize> = (0..4).map(|_| fleet.pass().len()).collect();
    assert_eq!(passes, [0, 0, 0, 1]);
    fleet.pass();
    done(ask_for_config(&fleet)).unwrap();
    assert_eq!(fleet.pass(), [("prod/service-001".to_owned(), WhyTurn::ConfigChanged)]);
}

#[test]
fn what_one_invocation_has_no_time_for_the_next_goes_on_with() {
    let fleet = Fleet::settled(120);
    for live in fleet.with(|state| state.live.clone()).keys() {
        fleet.with(|state| {
            let live = state.live.get_mut(live).unwrap();
            live.target.as_mut().unwrap().target.bounds.max = 99;
        });
    }
    let mut seen = Vec::new();
    for (through, left) in [(false, 70), (false, 20), (true, 0)] {
        let (turns, is_through) = fleet.invocation(1).unwrap();
        seen.extend(turns);
        assert_eq!((is_through, 120 - seen.len()), (through, left));
        fleet.later(15);
    }
    seen.dedup();
    assert_eq!(seen.len(), 120, "each once");
    assert_eq!(fleet.with(|state| state.lists), 3, "what they compare with is read by each");
}

#[test]
fn neither_services_nor_files_of_other_clusters_are_looked_at() {
    let fleet = Fleet::settled(2);
    fleet.pass();
    fleet.with(|state| {
        state.clusters = "staging".parse().unwrap();
        let live = state.live.get_mut(&"prod/service-001".into()).unwrap();
        live.target.as_mut().unwrap().target.bounds.max = 99;
        state.files.insert("staging/search".to_owned(), FILE.to_owned());
    });
    done(ask_for_config(&fleet)).unwrap();
    assert_eq!(fleet.pass(), [("staging/search".to_owned(), WhyTurn::ConfigChanged)]);
}

#[test]
fn of_two_invocations_at_once_one_goes_on() {
    let fleet = Fleet::settled(3);
    let now = start();
    let clusters = &Clusters::default();
    let turn = PassTurn {
        now,
        until: now + SignedDuration::from_mins(1),
        by: "one",
        clusters,
        home: &Home::default(),
    };
    let live: Vec<ServiceKey> = vec![];
    let pass = done(Pass::begin((&fleet, &fleet, &fleet), live.iter(), &turn)).unwrap().unwrap();
    done(ask_for_config(&fleet)).unwrap();
    assert!(!done(pass.end()).unwrap(), "it was not through");
    fleet.with(|state| state.lists = 0);
    fleet.pass();
    assert_eq!(fleet.with(|state| state.lists), 1, "what was asked meanwhile is not forgotten");
}

#[test]
fn a_tree_that_vanishes_changes_nothing_and_is_told_once() {
    let fleet = Fleet::settled(20);
    fleet.pass();
    fleet.with(|state| state.files.clear());
    done(ask_for_config(&fleet)).unwrap();
    assert_eq!(fleet.pass(), []);
    let told = ["[warning] config: 20 of 20 services' config files are gone, nothing is changed"];
    assert_eq!(fleet.with(|state| state.sent.clone()), told);
    for _ in 0..12 {
        assert_eq!(fleet.pass(), []);
    }
    assert_eq!(fleet.with(|state| state.sent.len()), 1);
    fleet.with(|state| {
        let live = state.live.get_mut(&"prod/service-001".into()).unwrap();
        live.target.as_mut().unwrap().target.bounds.max = 99;
    });
    assert_eq!(fleet.pass().len(), 1, "the last good config is kept up");
}

#[test]
fn broken_defaults_are_told_once_and_change_nothing() {
    let fleet = Fleet::settled(20);
    fleet.pass();
    fleet.with(|state| state.files.insert("defaults".to_owned(), "team = 5".to_owned()));
    for _ in 0..3 {
        done(ask_for_config(&fleet)).unwrap();
        assert_eq!(fleet.pass(), []);
    }
    let told = ["[warning] config: defaults.toml is rejected, no change of config takes effect"];
    assert_eq!(fleet.with(|state| state.sent.clone()), told);
}

#[test]
fn config_that_cannot_be_read_keeps_nobody_from_repairing_what_is_live() {
    let fleet = Fleet::settled(3);
    fleet.pass();
    fleet.with(|state| {
        state.is_throttled = true;
        state.files.clear();
        let live = state.live.get_mut(&"prod/service-001".into()).unwrap();
        live.target.as_mut().unwrap().target.bounds.max = 99;
    });
    done(ask_for_config(&fleet)).unwrap();
    assert_eq!(fleet.pass(), [("prod/service-001".to_owned(), WhyTurn::Drift)]);
    assert_eq!(fleet.with(|state| state.sent.len()), 0, "nothing is known to be gone");
    fleet.with(|state| state.is_throttled = false);
    fleet.pass();
    assert_eq!(fleet.with(|state| state.sent.len()), 1, "it was not forgotten");
}

#[test]
fn who_is_told_and_which_alarms_count_are_read_anew_like_the_rest() {
    for more in [
        "[notify]\ntopic = 'arn:aws:sns:eu-west-1:111122223333:payments'\n",
        "[health]\nrollback_alarms = ['checkout-5xx']\n",
    ] {
        let fleet = Fleet::settled(3);
        fleet.pass();
        let text = format!("{FILE}{more}");
        fleet.with(|state| state.files.insert("prod/service-001".to_owned(), text));
        done(ask_for_config(&fleet)).unwrap();
        let turns = [("prod/service-001".to_owned(), WhyTurn::ConfigChanged)];
        assert_eq!(fleet.pass(), turns, "{more}");
    }
}

#[test]
fn a_file_that_goes_after_its_scaling_was_removed_is_not_missed() {
    let fleet = Fleet::settled(3);
    fleet.pass();
    fleet.with(|state| {
        state.files.remove("prod/service-001");
        state.records.get_mut(&"prod/service-001".into()).unwrap().config.remove = true;
    });
    done(ask_for_config(&fleet)).unwrap();
    fleet.pass();
    assert_eq!(fleet.with(|state| state.sent.clone()), [""; 0]);
}
