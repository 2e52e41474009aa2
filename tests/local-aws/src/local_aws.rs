//! The handle that tests and the demo hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::Value;
use steady_sim::{ApiError, Ecs, Setup};
use steady_stack::policy::Policy;

use crate::answer::numbered_id;
use crate::autoscaling::{self, Autoscaling};
use crate::call::Call;
use crate::cloudwatch::{self, Alarms, Metrics};
use crate::dynamodb::DynamoDb;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::journal::{Journal, lock};
use crate::logs::LogGroups;
use crate::server::Server;
use crate::sns::{Delivery, Topics};
use crate::ssm::{self, Parameters};

/// Why the server did not start, or a table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port, no thread, no runtime.
    #[error("the embedded AWS cannot listen on loopback")]
    Listen(#[from] std::io::Error),
    /// dynoxide did not start or refused.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
}

/// Everything the services know. Each lock is held for one call.
pub(crate) struct State {
    pub(crate) setup: Setup,
    pub(crate) journal: Journal,
    pub(crate) ecs: Mutex<Ecs>,
    pub(crate) scaling: Mutex<Autoscaling>,
    pub(crate) alarms: Mutex<Alarms>,
    pub(crate) metrics: Mutex<Metrics>,
    pub(crate) parameters: Mutex<Parameters>,
    pub(crate) topics: Mutex<Topics>,
    pub(crate) log_groups: Mutex<LogGroups>,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) iam: Mutex<Iam>,
    /// What other services than ECS have sent to EventBridge and nobody has taken yet.
    events: Mutex<Events>,
}

#[derive(Debug, Default)]
struct Events {
    sent: u64,
    waiting: Vec<Value>,
}

impl State {
    /// What time it is: the simulator's.
    pub(crate) fn now(&self) -> Timestamp {
        lock(&self.ecs).now()
    }

    /// The id of the next event.
    pub(crate) fn next_event(&self) -> String {
        let mut events = lock(&self.events);
        events.sent += 1;
        numbered_id(4, events.sent)
    }

    /// Sends an event to EventBridge.
    pub(crate) fn send(&self, event: Value) {
        lock(&self.events).waiting.push(event);
    }
}

/// An AWS account in one region, on loopback, until it is dropped.
///
/// ```
/// use steady_local_aws::{LocalAws, Setup};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let aws = LocalAws::start(Setup {
///     account: "111122223333".to_owned(),
///     region: "eu-west-1".to_owned(),
///     seed: 1,
///     start: "2026-11-21T02:00:00Z".parse()?,
/// })
/// .await?;
/// assert!(aws.endpoint().starts_with("http://127.0.0.1:"));
/// assert!(aws.calls().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The server has threads of its own: the caller may block. Dropping the handle closes every connection, those that hang too.
pub struct LocalAws {
    server: Server,
    state: Arc<State>,
}

impl std::fmt::Debug for LocalAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalAws").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

impl LocalAws {
    /// Starts on a free port of 127.0.0.1. Clients must sign for `setup.region`; any access key will do.
    ///
    /// # Errors
    ///
    /// [`StartError`] if there is no port, thread or memory.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        Self::start_on(setup, 0)
    }

    /// Starts on this port of 127.0.0.1; 0 is any free one. Not async: it waits until the port is bound, some milliseconds.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the port is taken, or there is no thread or memory.
    pub fn start_on(setup: Setup, port: u16) -> Result<Self, StartError> {
        let (server, state) = Server::start(port, async || {
            Ok::<_, StartError>(State {
                journal: Journal::default(),
                ecs: Mutex::new(Ecs::new(setup.clone())),
                scaling: Mutex::default(),
                alarms: Mutex::default(),
                metrics: Mutex::default(),
                events: Mutex::default(),
                parameters: Mutex::default(),
                topics: Mutex::default(),
                log_groups: Mutex::default(),
                iam: Mutex::default(),
                dynamodb: DynamoDb::start().await.map_err(StartError::DynamoDb)?,
                setup,
            })
        })?;
        Ok(Self { server, state })
    }

    /// The endpoint of all services, for `AWS_ENDPOINT_URL` or a client's `endpoint_url`: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The simulator, locked: make services behave, advance time, look. Calls of clients wait meanwhile, so do not wait for
    /// one in here.
    pub fn ecs<R>(&self, look: impl FnOnce(&mut Ecs) -> R) -> R {
        look(&mut lock(&self.state.ecs))
    }

    /// The events that other services than ECS have sent since they were taken last, in order: `CloudWatch Alarm State Change` and
    /// `Parameter Store Change`.
    /// Those of ECS come out of [`Ecs::advance`].
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut lock(&self.state.events).waiting)
    }

    /// What somebody else does to the account, by hand or with another tool: one call of `application-autoscaling`,
    /// `monitoring` or `ssm`, in the JSON of the AWS CLI. No fault meets it, and it is not in the call log.
    ///
    /// ```json
    /// {"ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout", "ScalableDimension": "ecs:service:DesiredCount",
    ///  "MinCapacity": 1, "MaxCapacity": 10}
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiError`], as the service refuses; `UnknownOperationException` for what is not served.
    pub fn by_hand(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let answer = match service {
            "application-autoscaling" => autoscaling::call(&self.state, operation, input),
            "monitoring" => cloudwatch::call(&self.state, operation, input),
            "ssm" => ssm::call(&self.state, operation, input),
            _ => None,
        };
        match answer {
            Some(answer) => {
                answer.map_err(|refusal| ApiError { code: refusal.code, message: refusal.message })
            }
            None => Err(ApiError {
                code: "UnknownOperationException".to_owned(),
                message: format!("{service} {operation}"),
            }),
        }
    }

    /// An alarm goes to `OK`, `ALARM` or `INSUFFICIENT_DATA`. The event of it is among [`events`](Self::events), if that was
    /// another state.
    ///
    /// # Errors
    ///
    /// [`ApiError`]: there is no such alarm, or no such state.
    pub fn set_alarm_state(&self, name: &str, value: &str, reason: &str) -> Result<(), ApiError> {
        let input = serde_json::json!({
            "AlarmName": name, "StateValue": value, "StateReason": reason,
        });
        self.by_hand("monitoring", "SetAlarmState", &input).map(drop)
    }

    /// Adds a scaling activity of `service/CLUSTER/SERVICE`, newest last, in the shape of DescribeScalingActivities
    /// (`StartTime` in seconds since 1970); ids are filled in. One with `NotScaledReasons` is told only where they are asked
    /// for.
    ///
    /// `{"Description":"Attempting to scale due to alarm triggered","Cause":"…","StartTime":1795226400,"StatusCode":"Successful",
    /// "NotScaledReasons":[{"Code":"AlreadyAtMaxCapacity","MaxCapacity":40}]}`
    pub fn add_scaling_activity(&self, resource: &str, activity: &Value) {
        let activity = activity.as_object().cloned().unwrap_or_default();
        lock(&self.state.scaling).add_activity(resource, activity);
    }

    /// Adds values of a metric, as PutMetricData would, for any time.
    pub fn add_metric(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        values: &[(Timestamp, f64)],
    ) {
        let name = (namespace.to_owned(), name.to_owned(), dimensions.clone());
        lock(&self.state.metrics).add(name, values);
    }

    /// From now on GetMetricData answers with at most so many values a page, as CloudWatch may whenever it likes; 0: as many as
    /// are asked for.
    pub fn page_metrics(&self, values: u32) {
        lock(&self.state.metrics).page = values;
    }

    /// From now on calls with this access key may only what the policy allows: it is a role's, of that name. An access key
    /// without one may do anything.
    pub fn give(&self, access_key: &str, role: &str, policy: Policy) {
        lock(&self.state.iam).give(access_key, role, policy);
    }

    /// What roles have asked for and were allowed so far: role and action, `("watch", "ecs:DescribeServices")`.
    pub fn used(&self) -> BTreeSet<(String, String)> {
        lock(&self.state.iam).used()
    }

    /// What roles have asked for and were denied so far, in order: `watch may not ecs:StopTask on arn:…`.
    pub fn denied(&self) -> Vec<String> {
        lock(&self.state.iam).denied()
    }

    /// Every call so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state.journal.calls()
    }

    /// Sets a fault, after those already set.
    pub fn fault(&self, fault: Fault) {
        self.state.journal.set_fault(fault);
    }

    /// The faults that still wait for a call. A test that set one and ends with it here has tested nothing.
    pub fn waiting_faults(&self) -> Vec<Fault> {
        self.state.journal.faults()
    }

    /// Ends all faults, those for ever too. A call that hangs goes on hanging.
    pub fn clear_faults(&self) {
        self.state.journal.clear_faults();
    }

    /// Makes an SNS topic, as CreateTopic would, and gives its ARN. Not in the call log.
    pub fn create_topic(&self, name: &str) -> String {
        lock(&self.state.topics).create(&self.state.setup, name)
    }

    /// What SNS has delivered, in order: one per publish, as a subscription would get it.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.state.topics).deliveries()
    }

    /// Adds lines to a log stream, which is made, group and all, if it is not there; no lines make an empty stream. Lines are
    /// kept in the order of their times.
    pub fn log_lines(&self, group: &str, stream: &str, lines: &[(Timestamp, &str)]) {
        lock(&self.state.log_groups).add(group, stream, lines);
    }

    /// Makes the record table: key `pk` (hash) and `sk` (range), both texts; the sparse index `open` over `open` (text) and
    /// `due` (number); on demand. Not in the call log.
    ///
    /// # Errors
    ///
    /// [`StartError::DynamoDb`] if there is a table of that name.
    pub fn create_record_table(&self, name: &str) -> Result<(), StartError> {
        self.state.dynamodb.create_record_table(name).map_err(StartError::DynamoDb)
    }

    /// All items of a table as DynamoDB writes them (`{"pk":{"S":"…"},…}`), by `pk` and `sk`. Not in the call log.
    ///
    /// # Errors
    ///
    /// [`StartError::DynamoDb`] if there is no such table, or it holds more than 1 MiB.
    pub fn items(&self, table: &str) -> Result<Vec<Value>, StartError> {
        self.state.dynamodb.items(table).map_err(StartError::DynamoDb)
    }
}
