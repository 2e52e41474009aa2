//! An account on the embedded AWS with Steady installed, as the translated template says.
//!
//! ```text
//! a person ──SDK──▶ embedded AWS ◀──SDK── watch, alarm, scale, sweep (the real handlers, the real adapters)
//!                        │                  ▲      ▲      ▲ ▲     ▲
//!                        └─ events ─▶ queues ┴──────┴──────┘ │     └─ every minute
//!                                                 every 15 minutes
//! ```
//!
//! Nothing of Steady is replaced: only the endpoint is another, and time is the simulator's. What EventBridge, SQS and
//! Lambda do between an event or a minute and the handler is done by [`Account::run_until`]: rules, queues, schedules,
//! timeouts and environment are the template's ([`installed`]), and each function may what its role may. A call that is denied
//! fails the story. All ECS events of a second are a batch.

pub mod installed;
mod logging;
mod person;
pub mod process;
mod seen;

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::Credentials;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use steady_alarm::handler::Alarm;
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::function::{Invocation, settings::Settings};
use steady_core::clusters::Clusters;
use steady_core::installation::Mode;
use steady_local_aws::{LocalAws, Queue, Setup};
use steady_scale::handler::Scale;
use steady_stack::Stack;
use steady_sweep::handler::Sweep;
use steady_watch::handler::Watch;

use installed::{Installed, assume};

/// The region of the account.
pub const REGION: &str = "eu-west-1";

/// The account's id.
pub const ACCOUNT: &str = "111122223333";

/// The table of records.
pub const TABLE: &str = "steady";

/// Where config is kept.
pub const CONFIG_PREFIX: &str = "/steady/config";

/// Where the containers of all task definitions log.
pub const LOG_GROUP: &str = "/ecs/checkout";

/// The image of all task definitions, by a tag that can be moved.
pub const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:latest";

/// The access key id of the function `watch`, by which the call log tells its calls from others.
pub const WATCH: &str = "AKIAWATCH";

/// The same of the function `alarm`.
pub const ALARM: &str = "AKIAALARM";

/// The same of the function `scale`.
pub const SCALE: &str = "AKIASCALE";

/// The same of the function `sweep`.
pub const SWEEP: &str = "AKIASWEEP";

/// The same of the person who deploys.
pub const PERSON: &str = "AKIAPERSON";

/// What went wrong in setting up or using the account. There is nothing to be done about it but to read it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An account with Steady installed.
#[derive(Debug)]
pub struct Account {
    /// The embedded AWS.
    pub aws: LocalAws,
    /// What the template makes.
    pub stack: Arc<Stack>,
    /// The default topic's ARN.
    pub topic: String,
    /// ECS's events on their way to `watch`.
    pub queue: Queue,
    /// Alarms on their way to `alarm`.
    pub alarms: Queue,
    /// Changes of parameters and begins of deployments on their way to `scale`.
    pub config: Queue,
    /// All events that AWS has emitted, in order.
    pub events: Vec<Value>,
    person: aws_sdk_ecs::Client,
    watch: Watch,
    alarm: Alarm,
    scale: Scale,
    sweep: Sweep,
    installed: Functions,
    next_sweep: Timestamp,
    /// When the pass of `scale` is next; `None`: its schedule is off, as it is until a story turns it on.
    pub next_pass: Option<Timestamp>,
    /// What the pass of `scale` said where it failed.
    pub passes_failed: Vec<String>,
    /// What `sweep` said where it failed.
    pub sweeps_failed: Vec<String>,
    /// Whether EventBridge delivers: while it does not, what ECS tells is lost.
    pub delivers: bool,
    invocations: u64,
    last_words: Vec<logging::LastWords>,
    /// Batches of which something failed, with what the function answered: in flight, as SQS has it, until their messages
    /// are visible again.
    failed: Vec<Failed>,
}

/// A batch of which something failed.
#[derive(Debug)]
struct Failed {
    visible_at: Timestamp,
    to: To,
    batch: Value,
    answer: Value,
}

/// The functions as the template has them.
#[derive(Debug)]
struct Functions {
    watch: Installed,
    alarm: Installed,
    scale: Installed,
    sweep: Installed,
}

/// The functions behind a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Watch,
    Alarm,
    Scale,
}

/// How the SDK is pointed at the embedded AWS: what environment and role say in an account.
pub fn loader(endpoint: &str, access_key: &str) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(access_key, "secret", None, None, "embedded"))
        .endpoint_url(endpoint)
}

/// What the stack's parameters would be.
pub fn settings(topic: &str, mode: Mode) -> Settings {
    Settings {
        table: TABLE.to_owned(),
        topic: topic.to_owned(),
        mode,
        config_prefix: CONFIG_PREFIX.to_owned(),
        probes: true,
        clusters: Clusters::default(),
        stack: "steady".to_owned(),
    }
}

/// Timeouts for tests in which calls hang: production waits seconds, nobody wants to for each of hundreds.
pub fn impatient() -> Timing {
    Timing {
        connect_timeout: Duration::from_millis(300),
        attempt_timeout: Duration::from_millis(300),
        operation_timeout: Duration::from_millis(1_200),
        initial_backoff: Duration::from_millis(1),
        between_writes: Duration::ZERO,
        ..Timing::default()
    }
}

impl Account {
    /// An account at `start`, with a table, a topic, and the functions in mode `act`; the first minute is
    /// a minute later. The same seed gives the same story.
    ///
    /// # Errors
    /// If the embedded AWS does not start.
    pub async fn open(seed: u64, start: Timestamp, timing: Timing) -> Result<Self, Failure> {
        let setup = Setup { account: ACCOUNT.to_owned(), region: REGION.to_owned(), seed, start };
        let aws = LocalAws::start(setup).await?;
        aws.create_record_table(TABLE)?;
        let topic = aws.create_topic(installed::TOPIC);
        let stack = installed::stack()?;
        let installed = Functions {
            watch: Installed::of(&stack, "watch")?,
            alarm: Installed::of(&stack, "alarm")?,
            scale: Installed::of(&stack, "scale")?,
            sweep: Installed::of(&stack, "sweep")?,
        };
        for (name, access_key) in
            [("watch", WATCH), ("alarm", ALARM), ("scale", SCALE), ("sweep", SWEEP)]
        {
            assume(&aws, &stack, name, access_key)?;
        }
        let clients = Aws::of(loader(&aws.endpoint(), WATCH), timing).await?;
        let watch = Watch::new(&clients, &installed.watch.settings);
        let clients = Aws::of(loader(&aws.endpoint(), ALARM), timing).await?;
        let alarm = Alarm::new(&clients, &installed.alarm.settings);
        let clients = Aws::of(loader(&aws.endpoint(), SCALE), timing).await?;
        let scale = Scale::new(&clients, &installed.scale.settings);
        let clients = Aws::of(loader(&aws.endpoint(), SWEEP), timing).await?;
        let sweep = Sweep::new(&clients, &installed.sweep.settings);
        let next_sweep = start.saturating_add(installed.sweep.every()?)?;
        let loader = loader(&aws.endpoint(), PERSON).http_client(steady_aws::client::http());
        let person = aws_sdk_ecs::Client::new(&loader.load().await);
        Ok(Self {
            aws,
            stack,
            topic,
            queue: installed.watch.queue()?,
            alarms: installed.alarm.queue()?,
            config: installed.scale.queue()?,
            events: Vec::new(),
            person,
            watch,
            alarm,
            scale,
            sweep,
            installed,
            next_sweep,
            next_pass: None,
            passes_failed: Vec::new(),
            sweeps_failed: Vec::new(),
            delivers: true,
            invocations: 0,
            last_words: Vec::new(),
            failed: Vec::new(),
        })
    }

    /// Lets so much time pass, as [`Self::run_until`].
    ///
    /// # Errors
    /// As there.
    pub async fn pass(&mut self, time: SignedDuration) -> Result<(), Failure> {
        self.run_until(self.now().saturating_add(time)?).await
    }

    /// What time it is in the account.
    pub fn now(&self) -> Timestamp {
        self.aws.ecs(|ecs| ecs.now())
    }

    /// Lets time pass, step by step as things happen; what ECS tells meanwhile goes through the queue to `watch`,
    /// and each minute `sweep` looks.
    ///
    /// # Errors
    /// If what the queue and the function say to each other cannot be read: a defect.
    pub async fn run_until(&mut self, until: Timestamp) -> Result<(), Failure> {
        loop {
            let next = self.aws.ecs(|ecs| ecs.next_at());
            // A second's events are one batch, as the queue's window would have it.
            let next = next.and_then(|at| {
                at.round(jiff::Unit::Second).ok()?.checked_add(SignedDuration::from_secs(1)).ok()
            });
            let step = next
                .into_iter()
                .chain(self.failed.iter().map(|failed| failed.visible_at))
                .chain([self.next_sweep])
                .chain(self.next_pass)
                .min()
                .unwrap_or(until)
                .min(until);
            let events = self.aws.ecs(|ecs| ecs.advance(step));
            self.deliver(events);
            self.drain().await?;
            if step >= self.next_sweep {
                self.invoke_sweep().await?;
                self.next_sweep = step.saturating_add(self.installed.sweep.every()?)?;
            }
            if self.next_pass.is_some_and(|next| step >= next) {
                self.invoke_pass().await?;
                self.next_pass = Some(step.saturating_add(self.installed.scale.every()?)?);
            }
            if step >= until {
                return self.nothing_was_denied();
            }
        }
    }

    /// Lets so much time pass while no function runs: what ECS tells stays in the queue.
    pub fn pass_unheard(&mut self, time: SignedDuration) {
        let events =
            self.aws.ecs(|ecs| ecs.advance(ecs.now().saturating_add(time).unwrap_or(ecs.now())));
        self.deliver(events);
    }

    /// EventBridge: by rule into a queue.
    fn deliver(&mut self, mut events: Vec<Value>) {
        events.iter().for_each(|event| self.log_last_words(event));
        events.extend(self.aws.events());
        for event in events.iter().filter(|_| self.delivers) {
            for (_, queue) in self.stack.routes(event) {
                let queues = [&mut self.queue, &mut self.alarms, &mut self.config];
                if let Some(to) = queues.into_iter().find(|one| one.arn() == queue.arn) {
                    to.send(event);
                }
            }
        }
        self.events.extend(events);
    }

    /// An alarm that anybody has made goes to `ALARM` or `OK`, now; what follows from that follows with the next time that
    /// passes.
    ///
    /// # Errors
    /// If CloudWatch knows no such alarm.
    pub fn alarm_goes(&self, name: &str, to: &str) -> Result<(), Failure> {
        Ok(self.aws.set_alarm_state(name, to, "Threshold Crossed: 3 datapoints")?)
    }

    fn queue_to(&mut self, to: To) -> &mut Queue {
        match to {
            To::Watch => &mut self.queue,
            To::Alarm => &mut self.alarms,
            To::Scale => &mut self.config,
        }
    }

    fn installed_at(&self, to: To) -> &Installed {
        match to {
            To::Watch => &self.installed.watch,
            To::Alarm => &self.installed.alarm,
            To::Scale => &self.installed.scale,
        }
    }

    /// No function has called what its role does not allow.
    fn nothing_was_denied(&self) -> Result<(), Failure> {
        let denied = self.aws.denied();
        if denied.is_empty() { Ok(()) } else { Err(denied.join("\n").into()) }
    }

    /// Hands everything that is visible in the queues to the functions, once.
    async fn drain(&mut self) -> Result<(), Failure> {
        let now = self.now();
        let (visible, hidden): (Vec<Failed>, Vec<Failed>) =
            self.failed.drain(..).partition(|failed| failed.visible_at <= now);
        self.failed = hidden;
        for Failed { to, batch, answer, .. } in visible {
            self.queue_to(to).settle(&batch, &answer);
        }
        for to in [To::Watch, To::Alarm, To::Scale] {
            let source = self.installed_at(to).source()?;
            let (size, hidden) = (source.mapping.batch_size, source.visibility_timeout);
            while let Some(batch) = self.queue_to(to).batch(size) {
                let answer = self.invoke_with(to, &batch).await?;
                let failures = answer.get("batchItemFailures").and_then(Value::as_array);
                if failures.is_none_or(Vec::is_empty) {
                    self.queue_to(to).settle(&batch, &answer);
                } else {
                    let visible_at = now.saturating_add(hidden)?;
                    self.failed.push(Failed { visible_at, to, batch, answer });
                }
            }
        }
        Ok(())
    }

    /// Whether messages are in flight or waiting.
    pub fn is_busy(&self) -> bool {
        let waiting = [&self.queue, &self.alarms, &self.config].map(Queue::waiting);
        waiting.iter().any(|waiting| *waiting > 0) || !self.failed.is_empty()
    }

    /// Invokes `sweep`, as its schedule does.
    async fn invoke_sweep(&mut self) -> Result<(), Failure> {
        let timeout = self.installed.sweep.timeout;
        let (invocation, now) = (self.invocation(timeout)?, self.now());
        if let Err(failed) = self.sweep.handle(&invocation, || now).await {
            self.sweeps_failed.push(failed.to_string());
        }
        Ok(())
    }

    /// Invokes `scale`, as its schedule does.
    async fn invoke_pass(&mut self) -> Result<(), Failure> {
        let timeout = self.installed.scale.timeout;
        let (invocation, now) = (self.invocation(timeout)?, self.now());
        if let Err(failed) = self.scale.pass(&invocation, &|| now).await {
            self.passes_failed.push(failed.to_string());
        }
        Ok(())
    }

    fn invocation(&mut self, timeout: SignedDuration) -> Result<Invocation, Failure> {
        self.invocations += 1;
        let request = format!("request-{}", self.invocations);
        let deadline = self.now().saturating_add(timeout)?;
        Ok(Invocation::new(request, deadline, Some(ACCOUNT.into())))
    }

    /// Invokes `watch`, as Lambda does.
    ///
    /// # Errors
    /// If the batch or the answer is not in the shape that Lambda has for them.
    pub async fn invoke(&mut self, batch: &Value) -> Result<Value, Failure> {
        self.invoke_with(To::Watch, batch).await
    }

    async fn invoke_with(&mut self, to: To, batch: &Value) -> Result<Value, Failure> {
        let timeout = self.installed_at(to).timeout;
        let (invocation, now) = (self.invocation(timeout)?, self.now());
        let batch: SqsEvent = serde_json::from_value(batch.clone())?;
        let answer: SqsBatchResponse = match to {
            To::Watch => self.watch.handle(batch, &invocation, || now).await,
            To::Alarm => self.alarm.handle(batch, &invocation, || now).await,
            To::Scale => self.scale.handle(batch, &invocation, || now).await,
        };
        Ok(serde_json::to_value(answer)?)
    }
}

impl Drop for Account {
    /// Keeps what the roles have used; and judges a story that is told by processes, or that lets no time pass at its end.
    fn drop(&mut self) {
        installed::keep(self.aws.used());
        let denied = self.aws.denied();
        assert!(denied.is_empty() || std::thread::panicking(), "{}", denied.join("\n"));
    }
}
