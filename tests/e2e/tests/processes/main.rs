//! The functions as processes, side by side on one account.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end at a surprise")]

mod alarmed;
mod installed;
mod probed;
mod pushed;
mod scaled;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_e2e::process::{
    DEATHS, Process, calls_for, catches_up, grows_older, kill_in, killed_for_memory, looping,
    loses_time,
};

const SERVICE: &str = "prod/checkout";

async fn watch(account: &Account) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_watch-process"), account, "AKIAWATCHING").await
}

async fn sweep(account: &Account, access_key: &str) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_sweep-process"), account, access_key).await
}

fn stages(account: &Account) -> Vec<String> {
    let deliveries = account.aws.deliveries().into_iter();
    deliveries.map(|one| one.attributes["stage"].value.clone()).collect()
}

fn pending(account: &Account) -> usize {
    account.record().unwrap()["outbox"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_after_completion_is_rolled_back_by_watch_and_verified_and_resolved_by_sweep() {
    let (run, since) = (SignedDuration::from_mins(4), SignedDuration::from_secs(350));
    let mut account = killed_for_memory(3, run, since).await;
    let watch = watch(&account).await;
    let sweep = sweep(&account, "AKIASWEEPING").await;
    catches_up(&mut account);
    while let Some(batch) = account.queue.batch(100) {
        assert_eq!(watch.invoke(&batch).await["batchItemFailures"], json!([]));
    }
    assert_eq!(account.changes(), ["UpdateService"]);
    sweep.invoke(&json!({})).await;
    assert_eq!(stages(&account), ["opened"], "not yet steady for two minutes");

    // What ECS tells of the rollback, and then nothing any more.
    account.pass_unheard(SignedDuration::from_mins(4));
    while let Some(batch) = account.queue.batch(100) {
        assert_eq!(watch.invoke(&batch).await["batchItemFailures"], json!([]));
    }
    assert_eq!(stages(&account), ["opened"]);
    grows_older(&account, SERVICE, SignedDuration::from_mins(8)).await;
    sweep.invoke(&json!({})).await;
    assert_eq!(stages(&account), ["opened", "resolved"]);
    let told = account.aws.deliveries();
    assert!(told[1].message.contains("rollback verified: checkout:1"), "{}", told[1].message);
    assert_eq!(account.changes(), ["UpdateService"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!((pending(&account), &account.record().unwrap()["incident"]), (0, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_watch_leaves_sweep_finishes_once_its_claim_has_run_out() {
    let undisturbed: Vec<String> = {
        let mut account = looping(9).await;
        let batch = account.queue.batch(100).unwrap();
        calls_for(&watch(&account).await, &account, &batch).await
    };
    for (operation, nth, done) in DEATHS {
        let mut account = looping(9).await;
        let batch = account.queue.batch(100).unwrap();
        kill_in(watch(&account).await, &account, &batch, &undisturbed, (operation, nth)).await;

        // While it might still be at it: hands off.
        let one = sweep(&account, "AKIAONE").await;
        one.invoke(&json!({})).await;
        assert_eq!((account.changes().len(), pending(&account)), (done, 2), "{operation}");

        // And when it cannot be any more: two sweeps at once, and one of them does it.
        loses_time(&account, SERVICE).await;
        let other = sweep(&account, "AKIAOTHER").await;
        let minute = json!({});
        let (first, second) = tokio::join!(one.try_invoke(&minute), other.try_invoke(&minute));
        assert_eq!((first, second), (Ok(Value::Null), Ok(Value::Null)), "{operation}");
        account.pass_unheard(SignedDuration::from_mins(3));
        assert_eq!(account.changes(), ["StopServiceDeployment"], "{operation}");
        assert_eq!((account.deployments_begun(), pending(&account)), (3, 0), "{operation}");
        assert!(stages(&account).contains(&"opened".to_owned()), "{operation}");
    }
}

/// A task of `FAMILY:3` that RunTask started has failed a minute ago, as EventBridge tells it.
fn failed(family: &str, task: u32) -> Value {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let then = Timestamp::now() - SignedDuration::from_mins(1);
    let (then, arn) =
        (then.to_string(), format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}"));
    json!({
        "version": "0", "id": format!("event-{task}"), "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "111122223333", "time": then, "region": "eu-west-1", "resources": [arn],
        "detail": {
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "group": format!("family:{family}"),
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 1}],
            "createdAt": then, "startedAt": then, "stoppingAt": then, "stoppedAt": then,
            "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "startedBy": "events-rule/nightly",
            "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
            "taskArn": arn,
            "taskDefinitionArn": format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{family}:3"), "version": 6
        }
    })
}

/// An account that asks for `nightly-report`, and a batch with its failed tasks, and one of a family that nobody asks for.
async fn standalone(tasks: std::ops::Range<u32>) -> (Account, Value) {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let start = Timestamp::now() - SignedDuration::from_mins(5);
    let mut account = Account::open(7, start, Timing::default()).await.unwrap();
    account.push_defaults("[notify]\nstandalone_tasks = ['nightly-report']\n").await.unwrap();
    account.queue.send(&failed("import", 99));
    tasks.for_each(|task| drop(account.queue.send(&failed("nightly-report", task))));
    let batch = account.queue.batch(100).unwrap();
    (account, batch)
}

fn subjects(account: &Account) -> Vec<String> {
    account.aws.deliveries().into_iter().map(|one| one.subject.unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_tasks_of_no_service_are_told_by_watch_and_the_later_ones_by_sweep() {
    const FAMILY: &str = "#family/prod/nightly-report";
    let (mut account, batch) = standalone(0..1).await;
    let watch = watch(&account).await;
    assert_eq!(watch.invoke(&batch).await["batchItemFailures"], json!([]));
    let first = "[warning] prod/nightly-report: task of nightly-report:3 failed";
    assert_eq!(subjects(&account), [first]);
    account.queue.send(&failed("nightly-report", 1));
    account.queue.send(&failed("nightly-report", 2));
    let batch = account.queue.batch(100).unwrap();
    assert_eq!(watch.invoke(&batch).await["batchItemFailures"], json!([]));
    let sweep = sweep(&account, "AKIASWEEPING").await;
    sweep.invoke(&json!({})).await;
    assert_eq!(subjects(&account), [first], "within the hour they are counted");
    grows_older(&account, FAMILY, SignedDuration::from_mins(61)).await;
    sweep.invoke(&json!({})).await;
    let second = "[warning] prod/nightly-report: 2 tasks of nightly-report:3 failed";
    assert_eq!(subjects(&account), [first, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_watch_leaves_untold_of_a_family_sweep_tells() {
    let undisturbed = {
        let (account, batch) = standalone(0..1).await;
        calls_for(&watch(&account).await, &account, &batch).await
    };
    let (account, batch) = standalone(0..1).await;
    kill_in(watch(&account).await, &account, &batch, &undisturbed, ("Publish", 0)).await;
    let sweep = sweep(&account, "AKIASWEEPING").await;
    sweep.invoke(&json!({})).await;
    assert_eq!(subjects(&account), [""; 0], "it might still be at it");
    loses_time(&account, "#family/prod/nightly-report").await;
    sweep.invoke(&json!({})).await;
    let told = "[warning] prod/nightly-report: task of nightly-report:3 failed";
    assert_eq!(subjects(&account), [told]);
}
