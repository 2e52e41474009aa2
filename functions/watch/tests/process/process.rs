//! A process under its own Runtime API, and the account that it works on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_simulator::process::{ManagedProcess, ProcessConfig, ProcessRole};
use lambda_simulator::{InvocationBuilder, Simulator};
use serde_json::Value;
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::table::Table;
use steady_core::port::{KeepRecords, Saved};
use steady_e2e::{Account, PERSON, REGION, TABLE, loader};
use steady_sim::Behaviour;

/// Longer than any of it takes, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

/// The function `watch`, spawned.
pub(crate) struct Process {
    simulator: Simulator,
    process: ManagedProcess,
}

impl Process {
    /// Spawns it with an access key of its own, by which the call log knows it, and waits until it asks for work.
    pub(crate) async fn spawn(account: &Account, access_key: &str) -> Self {
        let simulator = Simulator::builder()
            .function_name("steady-watch")
            .region(REGION)
            .build()
            .await
            .unwrap();
        let config = ProcessConfig::new(env!("CARGO_BIN_EXE_watch"), ProcessRole::Runtime)
            .inherit_stdio(false)
            .env("AWS_ENDPOINT_URL", account.aws.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("STEADY_TABLE", TABLE)
            .env("STEADY_TOPIC", account.topic.as_str())
            .env("STEADY_MODE", "act");
        let process = simulator.spawn_process_with_config(config).unwrap();
        simulator.wait_for(|| async { simulator.is_initialized().await }, LONG).await.unwrap();
        Self { simulator, process }
    }

    /// Hands a batch in, and does not wait.
    pub(crate) async fn begin(&self, batch: &Value) -> String {
        let invocation =
            InvocationBuilder::new().timeout_ms(30_000).payload(batch.clone()).build().unwrap();
        self.simulator.enqueue(invocation).await
    }

    /// Hands a batch in; the answer.
    pub(crate) async fn invoke(&self, batch: &Value) -> Value {
        let request = self.begin(batch).await;
        let done = self.simulator.wait_for_invocation_complete(&request, LONG).await.unwrap();
        done.response.unwrap().payload
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, is_so: impl Fn() -> bool) {
        let is_so = &is_so;
        self.simulator.wait_for(|| async move { is_so() }, LONG).await.unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// An account whose clock stands at the machine's: checkout:1 is proven, checkout:2 has begun to loop, and the queue holds
/// what ECS has told of that.
pub(crate) async fn looping(seed: u64) -> Account {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let now = Timestamp::now();
    let start = now - SignedDuration::from_mins(17);
    let mut account = Account::open(seed, start, Timing::default()).await.unwrap();
    account.push_config("[health]\nrollback = 'auto'\n").await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(SignedDuration::from_mins(15)).await.unwrap();
    account.register().await.unwrap();
    let run = SignedDuration::from_secs(10);
    account.aws.ecs(|ecs| ecs.behave("checkout:2", Behaviour::OutOfMemoryAfter { run }));
    account.deploy("checkout:2").await.unwrap();
    account.pass(SignedDuration::from_secs(5)).await.unwrap();
    account.pass_unheard(SignedDuration::from_secs(110));
    account
}

/// The table of records, as any function has it.
pub(crate) async fn record_table(account: &Account) -> Table {
    let loader = loader(&account.aws.endpoint(), PERSON);
    Aws::of(loader, Timing::default()).await.unwrap().table(TABLE)
}

/// Time passes for the claims of a service: all that are held have run out.
pub(crate) async fn loses_time(account: &Account, service: &str) {
    let table = record_table(account).await;
    let loaded = table.load(&service.into()).await.unwrap();
    let mut stored = loaded.stored.unwrap();
    let mut record: Value = serde_json::from_str(&stored.record).unwrap();
    for pending in record["outbox"].as_array_mut().unwrap() {
        pending["claim"]["until"] = "2026-01-01T00:00:00Z".into();
    }
    stored.record = record.to_string();
    let saved = table.save(&service.into(), &stored, false, loaded.version).await.unwrap();
    assert_eq!(saved, Saved::Held);
}
