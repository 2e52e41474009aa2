//! Amazon ECS in virtual time: a seed in, bytes out.
//!
//! [`Ecs`] holds clusters, task definitions, services, their deployments and tasks. Whoever uses it calls the API
//! ([`Ecs::call`], in ECS's own JSON), lets time pass ([`Ecs::advance`]) and gets the EventBridge events that ECS would
//! have sent, as genuine JSON; or, for thousands of worlds a minute, as plain facts ([`Ecs::telling_facts`]). How tasks
//! behave is said per task definition ([`Ecs::behave`]), what befalls the account with its time ([`Ecs::befall`]), and a
//! service can begin as one that has long been running ([`Ecs::settle`]). There is no clock, no network and no randomness
//! but the seed: the same calls at the same times give the same bytes.
//!
//! What is here: rolling, blue/green, linear and canary deployments of replica services on Fargate, PAUSE hooks, circuit
//! breaker, rollbacks, restarts and their throttle, tasks of no service (RunTask), and faults: outages, lost tasks, Spot,
//! no capacity, no registry, no secrets. What is deliberately not: hooks that call a function, DAEMON, EC2 instances and
//! their capacity, load balancers and their traffic (which revision it goes to changes nothing for a task), IAM. What ECS has and this has not is refused (`UnsupportedFeatureException`), not answered wrongly.
//!
//! ```text
//! call ──▶ api ──▶ state ◀── schedule   what a service wants: start, stop, complete, roll back; stages
//!                    ▲ │
//!                    │ ├──▶ render ──▶ answers and events
//!                    │ └──▶ told ────▶ the same events as facts
//!          queue ──▶ life               what happens to one task
//!            └─────▶ fault              what befalls all of them
//! ```
//!
//! [`scaling`] is a world of its own beside it: Application Auto Scaling over months of load, where tasks are only counted.
//!
//! Start reading at [`Ecs`], then `schedule.rs` for how a service moves and `task.rs` for the times of a task.

mod api;
mod behaviour;
mod error;
mod event;
mod fault;
mod life;
mod name;
mod queue;
mod render;
mod rollback;
pub mod scaling;
mod schedule;
mod seed;
mod service;
mod settle;
mod stages;
mod task;
mod tasks;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

pub use behaviour::{Behaviour, Fault, FaultKind, Mixed};
pub use error::ApiError;
pub use told::{TaskTold, Told, What};

use name::Names;
use queue::{Due, Queue};
use seed::Seed;
use service::{Service, ServiceKey};
use tasks::Tasks;

/// Where and when a simulated ECS begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The account's id, 12 digits: `"111122223333"`. It is not checked.
    pub account: String,
    /// The region: `"eu-west-1"`. Regions of China and GovCloud get their own partition.
    pub region: String,
    /// Everything random depends on it alone.
    pub seed: u64,
    /// When virtual time begins; cut to whole milliseconds, ECS's resolution.
    pub start: Timestamp,
}

/// ECS of one account and region.
///
/// ```
/// use serde_json::json;
/// use steady_sim::{Ecs, Setup};
///
/// let start = "2026-11-21T02:00:00Z".parse().unwrap();
/// let mut ecs = Ecs::new(Setup {
///     account: "111122223333".into(), region: "eu-west-1".into(), seed: 7, start,
/// });
/// ecs.call("CreateCluster", &json!({"clusterName": "prod"})).unwrap();
/// ecs.call("RegisterTaskDefinition", &json!({
///     "family": "checkout",
///     "containerDefinitions": [{"name": "app", "image": "checkout:1"}],
/// })).unwrap();
/// ecs.call("CreateService", &json!({
///     "cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1", "desiredCount": 2,
/// })).unwrap();
/// let mut events = Vec::new();
/// while let Some(next) = ecs.next_at() {
///     events.extend(ecs.advance(next));
/// }
/// let last = events.last().unwrap();
/// assert_eq!(last["detail"]["eventName"], "SERVICE_STEADY_STATE");
/// ```
#[derive(Debug)]
pub struct Ecs {
    names: Names,
    now: Timestamp,
    seed: Seed,
    queue: Queue,
    /// Events not yet handed out.
    events: Vec<Value>,
    clusters: BTreeMap<String, api::Cluster>,
    /// Task definitions by family; the revision is the place plus one.
    families: BTreeMap<String, Vec<api::TaskDefinition>>,
    services: BTreeMap<Arc<ServiceKey>, Box<Service>>,
    tasks: Tasks,
    /// Tasks that are STOPPED and can still be described, by when.
    stopped: VecDeque<(Timestamp, u64)>,
    behaviours: BTreeMap<String, Arc<Behaviour>>,
    /// What image tags were moved to.
    builds: BTreeMap<String, Arc<str>>,
    faults: Vec<Fault>,
    /// The tasks that RunTask has answered with, by the caller's token.
    run_tokens: BTreeMap<String, Vec<u64>>,
    /// Ids of events and the like, which nothing depends on.
    ids: Seed,
    /// Events as facts, instead of as JSON.
    facts: Option<Vec<Told>>,
}

impl Ecs {
    /// An ECS in which there is nothing yet, not even a cluster.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            names: Names::new(setup.account, setup.region),
            now: whole_milliseconds(setup.start),
            seed: Seed::new(setup.seed),
            queue: Queue::default(),
            events: Vec::new(),
            clusters: BTreeMap::new(),
            families: BTreeMap::new(),
            services: BTreeMap::new(),
            tasks: Tasks::default(),
            stopped: VecDeque::new(),
            behaviours: BTreeMap::new(),
            builds: BTreeMap::new(),
            faults: Vec::new(),
            run_tokens: BTreeMap::new(),
            ids: Seed::new(!setup.seed),
            facts: None,
        }
    }

    /// The virtual time: what [`Setup::start`] or the last [`Ecs::advance`] said.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// One API call, in ECS's own JSON (`AmazonEC2ContainerServiceV20141113`, AWS JSON 1.1): members in camelCase, times
    /// as seconds since 1970 (numbers, with milliseconds as their fraction). `operation` is the bare name:
    /// `"UpdateService"`.
    ///
    /// A call takes no time. Members that an operation does not know are ignored, as AWS's servers do.
    ///
    /// # Errors
    /// An [`ApiError`] with AWS's code wherever ECS would refuse; `UnsupportedFeatureException` for what ECS has and the
    /// simulation has not; `UnknownOperationException` for anything else.
    pub fn call(&mut self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        api::call(self, operation, input)
    }

    /// When something happens next; `None` if nothing is to come until somebody calls. Never before [`Ecs::now`]. Events
    /// that calls have emitted are not counted: they come out of the next [`Ecs::advance`], also of `advance(now)`.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.queue.next_at()
    }

    /// Lets time pass up to and including `until`, and returns the events that ECS emitted, in order, each a whole
    /// EventBridge event (`version`, `id`, `detail-type`, `source`, `account`, `time`, `region`, `resources`, `detail`).
    /// A time before [`Ecs::now`] changes nothing. In small steps or in one leap, the events are the same.
    pub fn advance(&mut self, until: Timestamp) -> Vec<Value> {
        self.pass(until);
        std::mem::take(&mut self.events)
    }

    /// The same world, telling its events as facts: no JSON is made, and only [`Ecs::advance_facts`] gives events.
    /// Everything happens as it does otherwise, to the millisecond. Of a task's steps those on the way to RUNNING are not
    /// told: they are a third of all events, and nobody decides on them.
    #[must_use]
    pub fn telling_facts(self) -> Self {
        Self { facts: Some(Vec::new()), ..self }
    }

    /// As [`Ecs::advance`], with the events as facts; none unless [`Ecs::telling_facts`].
    pub fn advance_facts(&mut self, until: Timestamp) -> Vec<Told> {
        self.pass(until);
        self.facts.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn pass(&mut self, until: Timestamp) {
        while let Some((at, due)) = self.queue.pop(until) {
            self.now = self.now.max(at);
            match due {
                Due::Task(serial) => self.step(serial),
                Due::Fault(number) => self.begin_fault(number),
                Due::Schedule(key) => self.schedule(&key, at),
            }
        }
        self.now = self.now.max(whole_milliseconds(until));
    }

    /// How the tasks of a task definition (`"checkout:42"`) behave that are created from now on; without a word they are
    /// [`Behaviour::Healthy`]. The task definition need not exist yet.
    pub fn behave(&mut self, revision: &str, behaviour: Behaviour) {
        self.behaviours.insert(revision.to_owned(), Arc::new(behaviour));
    }

    /// From now on an image (`"checkout:live"`, as task definitions name it) is another one, with a digest that comes from
    /// both names: what is deployed later gets that, and what was deployed before keeps what it got.
    pub fn move_tag(&mut self, image: &str, build: &str) {
        self.builds.insert(image.to_owned(), build.into());
    }
}

fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
