//! An account with many services, all healthy and known, behind the ports of the slow pass.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use steady_core::clusters::Clusters;
use steady_core::event::{Owner, TaskEvent, TaskStatus};
use steady_core::installation::{Account, Trouble};
use steady_core::name::{ServiceKey, TaskArn};
use steady_core::overrides::Handed;
use steady_core::port::{
    KeepPlace, KeepRecords, Loaded, Page, PortError, ReadFleet, Saved, StandingService, StoppedTask,
};
use steady_core::record::Stored;
use steady_core::slow_pass::{Piece, Place, SlowPass};
use steady_core::stop::StopCode;

#[derive(Default)]
pub(crate) struct Fleet {
    /// Names, and how many services each has.
    pub(crate) clusters: Vec<(String, usize)>,
    /// Stopped tasks of each service.
    pub(crate) stopped_each: usize,
    pub(crate) calls: Mutex<Vec<&'static str>>,
    /// The services that were described, in order.
    pub(crate) looked: Mutex<Vec<ServiceKey>>,
    pub(crate) throttle: Mutex<Option<&'static str>>,
    pub(crate) refuses_tokens: Mutex<Option<bool>>,
    /// Somebody else saves first.
    pub(crate) overtakes: Mutex<Option<bool>>,
    place: Mutex<(Option<Place>, u64)>,
    stored: Mutex<BTreeMap<ServiceKey, Stored>>,
}

impl Fleet {
    pub(crate) fn of(clusters: &[(&str, usize)]) -> Self {
        let clusters = clusters.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Self { clusters, ..Self::default() }
    }

    pub(crate) fn services(&self) -> Vec<ServiceKey> {
        let mut all: Vec<_> = self
            .clusters
            .iter()
            .flat_map(|(cluster, count)| (0..*count).map(move |number| key(cluster, number)))
            .collect();
        all.sort();
        all
    }

    /// One minute's piece.
    pub(crate) fn minute(&self, now: Timestamp) -> Piece {
        self.minute_of(now, &Clusters::default())
    }

    /// The same for some of the clusters.
    pub(crate) fn minute_of(&self, now: Timestamp, clusters: &Clusters) -> Piece {
        let pass = SlowPass { fleet: self, table: self, clusters };
        let mut piece = pin!(pass.piece(now, || true));
        match piece.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(piece) => piece,
            Poll::Pending => Piece::default(),
        }
    }

    fn call(&self, call: &'static str) -> Result<(), PortError> {
        self.calls.lock().unwrap().push(call);
        match *self.throttle.lock().unwrap() {
            Some(throttled) if throttled == call => {
                Err(PortError::Throttled { call, text: "Rate exceeded".to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn key(cluster: &str, number: usize) -> ServiceKey {
    ServiceKey::new(cluster, &format!("service-{number:04}"))
}

fn page<T>(all: impl Iterator<Item = T>, token: Option<&str>, size: usize) -> Page<T> {
    let from: usize = token.map_or(0, |token| token.parse().unwrap());
    let mut items: Vec<T> = all.skip(from).take(size + 1).collect();
    let next = (items.len() > size).then(|| (from + size).to_string());
    items.truncate(size);
    Page { items, next }
}

impl ReadFleet for Fleet {
    async fn clusters(&self, token: Option<&str>) -> Result<Page<String>, PortError> {
        self.call("ListClusters")?;
        Ok(page(self.clusters.iter().map(|(name, _)| name.clone()), token, 100))
    }

    async fn services(
        &self,
        cluster: &str,
        token: Option<&str>,
    ) -> Result<Page<ServiceKey>, PortError> {
        self.call("ListServices")?;
        if token.is_some() && self.refuses_tokens.lock().unwrap().is_some() {
            return Err(PortError::Refused {
                call: "ListServices",
                code: "InvalidParameterException".to_owned(),
                text: "Invalid token.".to_owned(),
            });
        }
        let count = self.clusters.iter().find(|(name, _)| name == cluster).unwrap().1;
        Ok(page((0..count).map(|number| key(cluster, number)), token, 10))
    }

    async fn standing(&self, services: &[ServiceKey]) -> Result<Vec<StandingService>, PortError> {
        self.call("DescribeServices")?;
        assert!(services.len() <= 10);
        self.looked.lock().unwrap().extend(services.iter().cloned());
        let standing = |service: &ServiceKey| StandingService {
            service: service.clone(),
            account: None,
            region: None,
            desired_count: 2,
            running_count: 2,
            primary: None,
        };
        Ok(services.iter().map(standing).collect())
    }

    async fn stopped(&self, service: &ServiceKey) -> Result<Vec<TaskArn>, PortError> {
        self.call("ListTasks")?;
        let task = |number| TaskArn::from(format!("arn:{service}/{number}").as_str());
        Ok((0..self.stopped_each).map(task).collect())
    }

    async fn stopped_tasks(
        &self,
        service: &ServiceKey,
        tasks: &[TaskArn],
    ) -> Result<Vec<StoppedTask>, PortError> {
        self.call("DescribeTasks")?;
        Ok(tasks.iter().map(|task| stopped_task(service, task)).collect())
    }
}

pub(crate) fn stopped_task(service: &ServiceKey, task: &TaskArn) -> StoppedTask {
    StoppedTask {
        task: TaskEvent {
            task: task.clone(),
            owner: Owner::Service(service.clone()),
            deployment: Some("ecs-svc/42".into()),
            revision: Some("checkout:42".into()),
            version: None,
            last_status: TaskStatus::Stopped,
            desired_status: TaskStatus::Stopped,
            created_at: None,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stop_code: Some(StopCode::from("EssentialContainerExited")),
            stopped_reason: None,
            containers: Vec::new(),
        },
        stopped_at: None,
    }
}

impl KeepRecords for Fleet {
    async fn load(&self, service: &ServiceKey) -> Result<Loaded, PortError> {
        self.call("table")?;
        let stored = self.stored.lock().unwrap().get(service).cloned();
        Ok(Loaded { stored, version: 0 })
    }

    async fn save(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        _: bool,
        _: u64,
    ) -> Result<Saved, PortError> {
        self.stored.lock().unwrap().insert(service.clone(), stored.clone());
        Ok(Saved::Held)
    }

    async fn account(&self) -> Result<Account, PortError> {
        Ok(Account::default())
    }

    async fn announce(
        &self,
        _: &ServiceKey,
        _: &Trouble,
        _: &[ServiceKey],
    ) -> Result<Account, PortError> {
        Ok(Account::default())
    }

    async fn hand_override(
        &self,
        _: &ServiceKey,
        _: &Handed,
        _: Timestamp,
    ) -> Result<(), PortError> {
        Ok(())
    }
}

impl KeepPlace for Fleet {
    async fn place(&self) -> Result<(Option<Place>, u64), PortError> {
        // Through its stored form, as in the table.
        let (place, version) = self.place.lock().unwrap().clone();
        let text = place.map(|place| serde_json::to_string(&place).unwrap());
        Ok((text.map(|text| serde_json::from_str(&text).unwrap()), version))
    }

    async fn save_place(&self, place: &Place, version: u64) -> Result<Saved, PortError> {
        if self.overtakes.lock().unwrap().is_some() {
            return Ok(Saved::Overtaken);
        }
        let mut stored = self.place.lock().unwrap();
        assert_eq!(stored.1, version);
        *stored = (Some(place.clone()), version + 1);
        Ok(Saved::Held)
    }
}
