//! The stack as its template has it: what ECS tells goes by the rules into the queues, and from there in batches to the four
//! functions, which are processes with their environment and their roles. On it the story of the demo, and a poisoned message.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_e2e::installed::function;
use steady_e2e::process::{Process, catches_up, grows_older};
use steady_local_aws::Queue;
use steady_sim::Behaviour;

use super::{SERVICE, pending, stages, subjects};

const CONFIG: &str =
    "team = 'payments'\n[capacity]\nmin = 2\nmax = 20\n[health]\nrollback = 'auto'\n";

/// The four functions, each with an access key of its own.
struct Functions {
    watch: Process,
    alarm: Process,
    scale: Process,
    sweep: Process,
}

impl Functions {
    async fn spawn(account: &Account) -> Self {
        Self {
            watch: Process::spawn(env!("CARGO_BIN_EXE_watch-process"), account, "AKIAONE").await,
            alarm: Process::spawn(env!("CARGO_BIN_EXE_alarm-process"), account, "AKIATWO").await,
            scale: Process::spawn(env!("CARGO_BIN_EXE_scale-process"), account, "AKIATHREE").await,
            sweep: Process::spawn(env!("CARGO_BIN_EXE_sweep-process"), account, "AKIAFOUR").await,
        }
    }

    /// Everything that waits in the queues, in batches of the mappings' sizes; what failed is visible again at once.
    async fn take(&self, account: &mut Account) {
        let size = |name: &str| {
            let function = function(&account.stack, name).unwrap();
            let (mapping, queue) = account.stack.queues_of(function).next().unwrap();
            assert!(mapping.partial_failures, "{name}");
            assert!(queue.visibility_timeout >= 6 * function.timeout, "{name}");
            mapping.batch_size
        };
        let sizes = ["watch", "alarm", "scale"].map(size);
        drain(&self.watch, &mut account.queue, sizes[0]).await;
        drain(&self.alarm, &mut account.alarms, sizes[1]).await;
        drain(&self.scale, &mut account.config, sizes[2]).await;
    }
}

async fn drain(function: &Process, queue: &mut Queue, size: usize) {
    while let Some(batch) = queue.batch(size) {
        let answer = function.invoke(&batch).await;
        queue.settle(&batch, &answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demos_story_runs_through_what_the_template_makes() {
    let (proven, looped) = (SignedDuration::from_mins(15), SignedDuration::from_mins(4));
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let start = Timestamp::now() - proven - looped;
    let mut account = Account::open(42, start, Timing::default()).await.unwrap();
    let functions = Functions::spawn(&account).await;
    account.push_config(CONFIG).await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass_unheard(proven);
    functions.take(&mut account).await;
    functions.sweep.invoke(&json!({})).await;
    functions.scale.invoke(&json!({})).await;
    assert_eq!(stages(&account), [""; 0]);
    let target = json!({ "ServiceNamespace": "ecs" });
    let targets =
        account.aws.by_hand("application-autoscaling", "DescribeScalableTargets", &target);
    assert_eq!(targets.unwrap()["ScalableTargets"][0]["MaxCapacity"], 20);

    account.register().await.unwrap();
    account.says_before_it_stops("checkout:2", &["FATAL no such host: orders.internal"]);
    let run = SignedDuration::from_secs(12);
    account.aws.ecs(|ecs| {
        ecs.behave("checkout:2", Behaviour::ExitsAfter { run, container: None, code: 1 });
    });
    account.deploy("checkout:2").await.unwrap();
    account.pass_unheard(looped);
    functions.take(&mut account).await;
    // ECS was read for the proof, and is read again half a minute later; then it is held for a minute, since it may be an outage.
    for _ in 0..2 {
        grows_older(&account, SERVICE, SignedDuration::from_secs(70)).await;
        functions.sweep.invoke(&json!({})).await;
    }
    assert_eq!(account.changes(), ["StopServiceDeployment"], "{:?}", subjects(&account));

    catches_up(&mut account);
    account.pass_unheard(SignedDuration::from_mins(4));
    functions.take(&mut account).await;
    grows_older(&account, SERVICE, SignedDuration::from_mins(8)).await;
    functions.sweep.invoke(&json!({})).await;
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(
        stages(&account).last().map(String::as_str),
        Some("resolved"),
        "{:?}",
        stages(&account)
    );
    let told = account.aws.deliveries();
    assert!(told[0].message.contains("FATAL no such host: orders.internal"), "{}", told[0].message);
    assert_eq!((pending(&account), &account.record().unwrap()["incident"]), (0, &Value::Null));
    assert!(!account.is_busy() && account.queue.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_message_ends_in_the_dead_letters_and_the_others_of_its_batch_are_processed() {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let start = Timestamp::now() - SignedDuration::from_mins(15);
    let mut account = Account::open(42, start, Timing::default()).await.unwrap();
    let functions = Functions::spawn(&account).await;
    account.create_service(4).await.unwrap();
    account.pass_unheard(SignedDuration::from_mins(14));
    let poison = json!({ "source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": { "taskArn": 7 } });
    account.queue.send(&poison);
    let waiting = account.queue.waiting();
    assert!(waiting > 1);
    // One batch with all of it, of which one message comes back.
    let batch = account.queue.batch(100).unwrap();
    let answer = functions.watch.invoke(&batch).await;
    let settled = account.queue.settle(&batch, &answer);
    assert_eq!((settled.deleted, settled.returned, settled.failed_whole), (waiting - 1, 1, None));
    assert!(account.record().is_some());
    functions.take(&mut account).await;
    let watch = function(&account.stack, "watch").unwrap();
    let (_, queue) = account.stack.queues_of(watch).next().unwrap();
    let dead = queue.dead_letters.as_ref().unwrap();
    assert_eq!(account.queue.dead_letters(), [poison]);
    let alarm = |name: &str| {
        let properties = &account.stack.resources[name].properties;
        (properties["MetricName"].clone(), properties["Dimensions"][0]["Value"].clone())
    };
    // And somebody is told of it.
    let (metric, of) = alarm("WatchDeadLetter");
    assert_eq!(metric, "ApproximateNumberOfMessagesVisible");
    assert!(dead.queue.ends_with(of.as_str().unwrap()), "{of}");
}
