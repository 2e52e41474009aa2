//! A function as a process under its own Runtime API, and the account that it works on.
//!
//! Processes have the machine's clock, so the account's stands there too, and time passes for a record by moving what it
//! says into the past.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests, which may end at a surprise"
)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_simulator::process::{ManagedProcess, ProcessConfig, ProcessRole};
use lambda_simulator::{InvocationBuilder, Simulator};
use serde_json::{Value, json};
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::table::Table;
use steady_core::port::{KeepRecords, KeepScaling, Saved};
use steady_local_aws::{Fault, Queue, What, When};
use steady_sim::Behaviour;

use crate::installed::{assume, function};
use crate::{Account, PERSON, REGION, TABLE, loader};

/// Longer than any of it takes, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

/// A function, spawned; killed when it is dropped.
pub struct Process {
    simulator: Simulator,
    process: ManagedProcess,
}

impl Process {
    /// Spawns the binary (`…/watch`, `…/watch-process`) as the template has that function: with its environment, and with its role for
    /// this access key, by which the call log knows it. Waits until it asks for work.
    pub async fn spawn(binary: &str, account: &Account, access_key: &str) -> Self {
        Self::run(ProcessConfig::new(binary, ProcessRole::Runtime), binary, account, access_key)
            .await
    }

    /// The same; what it prints goes into a file.
    pub async fn spawn_printing(
        binary: &str,
        account: &Account,
        access_key: &str,
        to: &Path,
    ) -> Self {
        // The simulator throws output away or shows it. The shell becomes the function.
        let shell = ProcessConfig::new("/bin/sh", ProcessRole::Runtime);
        let shell = shell.arg("-c").arg("exec \"$0\" > \"$1\"").arg(binary);
        Self::run(shell.arg(to.to_str().unwrap()), binary, account, access_key).await
    }

    async fn run(config: ProcessConfig, binary: &str, account: &Account, access_key: &str) -> Self {
        let name = Path::new(binary).file_name().unwrap().to_str().unwrap();
        let name = name.strip_suffix("-process").unwrap_or(name);
        assume(&account.aws, &account.stack, name, access_key).unwrap();
        let simulator =
            Simulator::builder().function_name("steady").region(REGION).build().await.unwrap();
        let config = config
            .inherit_stdio(false)
            .env("AWS_ENDPOINT_URL", account.aws.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        let environment = function(&account.stack, name).unwrap().environment.iter();
        let config = environment.fold(config, |config, (name, value)| config.env(name, value));
        let process = simulator.spawn_process_with_config(config).unwrap();
        simulator.wait_for(|| async { simulator.is_initialized().await }, LONG).await.unwrap();
        Self { simulator, process }
    }

    /// Hands a batch in, and does not wait.
    pub async fn begin(&self, batch: &Value) -> String {
        let invocation =
            InvocationBuilder::new().timeout_ms(30_000).payload(batch.clone()).build().unwrap();
        self.simulator.enqueue(invocation).await
    }

    /// Hands a batch in; the answer.
    pub async fn invoke(&self, batch: &Value) -> Value {
        self.try_invoke(batch).await.unwrap()
    }

    /// Hands something in; the answer, or the words of the error.
    ///
    /// # Errors
    /// The error that the function ended with.
    pub async fn try_invoke(&self, payload: &Value) -> Result<Value, String> {
        let request = self.begin(payload).await;
        let done = self.simulator.wait_for_invocation_complete(&request, LONG).await.unwrap();
        done.response.map(|response| response.payload).ok_or_else(|| format!("{:?}", done.error))
    }

    /// Hands everything in that waits in a queue, batch by batch.
    ///
    /// # Panics
    /// If a message failed.
    pub async fn take(&self, queue: &mut Queue) {
        while let Some(batch) = queue.batch(100) {
            let answer = self.invoke(&batch).await;
            assert_eq!(answer["batchItemFailures"], json!([]), "of {batch}");
            queue.settle(&batch, &answer);
        }
    }

    /// Waits until something is so.
    pub async fn until(&self, is_so: impl Fn() -> bool) {
        let is_so = &is_so;
        self.simulator.wait_for(|| async move { is_so() }, LONG).await.unwrap();
    }

    /// Kills it, as Lambda does at its deadline.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// An account whose clock stands at the machine's, with `prod/checkout` of four tasks and no config.
pub async fn standing(seed: u64) -> Account {
    let start = now() - SignedDuration::from_mins(15);
    let mut account = Account::open(seed, start, Timing::default()).await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(SignedDuration::from_mins(15)).await.unwrap();
    account
}

/// Where `watch` dies with the batch of [`looping`], once its decision is saved: in which call of which operation, and how
/// many changes of ECS were made by then. Before that two UpdateItems tell the account of the trouble and of the wish to roll
/// back; the third confirms what was done.
pub const DEATHS: [(&str, usize, usize); 4] = [
    ("DescribeServiceDeployments", 0, 0),
    ("StopServiceDeployment", 0, 0),
    ("Publish", 0, 1),
    ("UpdateItem", 2, 1),
];

/// What a process calls for a batch, by operation.
pub async fn calls_for(process: &Process, account: &Account, batch: &Value) -> Vec<String> {
    let before = account.aws.calls().len();
    process.invoke(batch).await;
    account.aws.calls().into_iter().skip(before).map(|call| call.operation).collect()
}

/// Kills a process with a batch in its `nth` call (from 0) of an operation, which hangs. `undisturbed`: what it calls for
/// the same batch otherwise.
pub async fn kill_in(
    mut process: Process,
    account: &Account,
    batch: &Value,
    undisturbed: &[String],
    (operation, nth): (&str, usize),
) {
    let before = account.aws.calls().len() as u64;
    let of_it = (before + 1..).zip(undisturbed).filter(|(_, call)| *call == operation);
    let fatal = of_it.map(|(number, _)| number).nth(nth).unwrap();
    account.aws.fault(Fault { when: When::Call(fatal), what: What::Hang });
    process.begin(batch).await;
    let is_there = || {
        let calls = account.aws.calls();
        calls.iter().any(|call| call.number == fatal && call.operation == operation)
    };
    process.until(is_there).await;
    process.kill();
}

/// Runs a function's binary without one variable of its environment after the other; it has to end with a message that names
/// the variable.
///
/// # Panics
/// If it does not.
pub fn names_the_variable_that_it_lacks(binary: &str) {
    let set = [
        ("STEADY_TABLE", "steady"),
        ("STEADY_TOPIC", "arn:aws:sns:eu-west-1:111122223333:steady"),
        ("STEADY_MODE", "act"),
    ];
    for (missing, _) in set {
        let rest = set.into_iter().filter(|(name, _)| *name != missing);
        let ended = Command::new(binary).env_clear().envs(rest).output().unwrap();
        assert_eq!(ended.status.code(), Some(1));
        let said = String::from_utf8(ended.stdout).unwrap();
        let line: Value = serde_json::from_str(said.trim()).unwrap();
        assert_eq!(line["level"], "ERROR");
        let message = line["message"].as_str().unwrap();
        let named =
            format!("the function cannot run: the environment variable `{missing}` is not set");
        assert!(message.starts_with(&named), "{message}");
    }
}

/// An account whose clock stands at the machine's: checkout:1 is proven, checkout:2 has begun to loop while it is deployed,
/// and the queue holds what ECS has told of that.
pub async fn looping(seed: u64) -> Account {
    let run = SignedDuration::from_secs(10);
    killed_for_memory(seed, run, SignedDuration::from_secs(115)).await
}

/// The same, but its tasks live for so long first, and it was deployed so long ago.
pub async fn killed_for_memory(seed: u64, run: SignedDuration, since: SignedDuration) -> Account {
    let start = now() - SignedDuration::from_mins(15) - since;
    let mut account = Account::open(seed, start, Timing::default()).await.unwrap();
    account.push_config("[health]\nrollback = 'auto'\n").await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(SignedDuration::from_mins(15)).await.unwrap();
    account.register().await.unwrap();
    account.aws.ecs(|ecs| ecs.behave("checkout:2", Behaviour::OutOfMemoryAfter { run }));
    account.deploy("checkout:2").await.unwrap();
    account.pass(SignedDuration::from_secs(5)).await.unwrap();
    account.pass_unheard(since - SignedDuration::from_secs(5));
    account
}

/// The account's clock goes on until it is a little ahead of the machine's: what a process then does happens after it was
/// decided.
pub fn catches_up(account: &mut Account) {
    let ahead = now() + SignedDuration::from_secs(5);
    account.pass_unheard(ahead.duration_since(account.now()));
}

#[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The table of records, as any function has it.
pub async fn record_table(account: &Account) -> Table {
    let loader = loader(&account.aws.endpoint(), PERSON);
    Aws::of(loader, Timing::default()).await.unwrap().table(TABLE)
}

/// Time passes for the claims of a service: all that are held have run out.
pub async fn loses_time(account: &Account, service: &str) {
    let table = record_table(account).await;
    let loaded = table.load(&service.into()).await.unwrap();
    let mut stored = loaded.stored.unwrap();
    let mut record: Value = serde_json::from_str(&stored.record).unwrap();
    let past = "2026-01-01T00:00:00Z";
    for pending in record["outbox"].as_array_mut().unwrap() {
        pending["claim"]["until"] = past.into();
    }
    stored.record = record.to_string();
    stored.due = Some(past.parse().unwrap());
    let saved = table.save(&service.into(), &stored, false, loaded.version).await.unwrap();
    assert_eq!(saved, Saved::Held);
}

/// Time passes for a service: everything that its record says is so much older.
pub async fn grows_older(account: &Account, service: &str, by: SignedDuration) {
    rewrite(account, service, &|at| at - by).await;
}

/// An account's clock is behind the machine's: what processes wrote by theirs is moved to the account's, so that the rest of
/// the story happens after it.
pub async fn keeps_the_accounts_time(account: &Account, service: &str) {
    let (here, behind) = (account.now(), now().duration_since(account.now()));
    rewrite(account, service, &|at| if at > here { at - behind } else { at }).await;
}

/// Changes all times of a service's record.
async fn rewrite(account: &Account, service: &str, change: &dyn Fn(Timestamp) -> Timestamp) {
    let table = record_table(account).await;
    let loaded = table.load(&service.into()).await.unwrap();
    let mut stored = loaded.stored.unwrap();
    stored.record = rewritten(&stored.record, change);
    stored.stops = rewritten(&stored.stops, change);
    stored.due = stored.due.map(change);
    let saved = table.save(&service.into(), &stored, true, loaded.version).await.unwrap();
    assert_eq!(saved, Saved::Held);
}

/// Time passes for a service's scaling: everything that its record says is so much older.
pub async fn scaling_grows_older(account: &Account, service: &str, by: SignedDuration) {
    let table = record_table(account).await;
    let loaded = table.load_scaling(&service.into()).await.unwrap();
    let mut stored = loaded.stored.unwrap();
    stored.record = rewritten(&stored.record, &|at| at - by);
    stored.due = stored.due.map(|due| due - by);
    let saved = table.save_scaling(&service.into(), &stored, loaded.version).await.unwrap();
    assert_eq!(saved, Saved::Held);
}

fn rewritten(text: &str, change: &dyn Fn(Timestamp) -> Timestamp) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    rewrite_times(&mut value, change);
    value.to_string()
}

fn rewrite_times(value: &mut Value, change: &dyn Fn(Timestamp) -> Timestamp) {
    match value {
        Value::String(text) => {
            if let Ok(at) = text.parse::<Timestamp>() {
                *text = change(at).to_string();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| rewrite_times(one, change)),
        Value::Object(all) => all.values_mut().for_each(|one| rewrite_times(one, change)),
        _ => {}
    }
}
