//! The real binary as a process under a Runtime API, against the embedded AWS: races, deaths, and what it says when it cannot
//! start.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_core::port::KeepRecords;
use steady_e2e::process::{
    DEATHS, Process, calls_for, kill_in, looping, loses_time, names_the_variable_that_it_lacks,
    record_table,
};
use steady_e2e::{Account, WATCH};

const SERVICE: &str = "prod/checkout";

async fn spawn(account: &Account, access_key: &str) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_watch"), account, access_key).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_racing_on_the_same_batch_make_one_rollback_and_tell_it() {
    let (mut overtaken, mut races) = (0, 0);
    // Five, and on a machine so busy that the two never met in them, a few more.
    for seed in 0..25 {
        if races >= 5 && overtaken > 0 {
            break;
        }
        races += 1;
        let mut account = looping(seed).await;
        let batch = account.queue.batch(100).unwrap();
        let one = spawn(&account, "AKIAONE").await;
        let other = spawn(&account, "AKIAOTHER").await;
        // Both wait in `next`, so both get it at the same moment.
        let (first, second) = tokio::join!(one.invoke(&batch), other.invoke(&batch));
        for answer in [first, second] {
            assert_eq!(answer["batchItemFailures"], json!([]), "seed {seed}");
        }
        account.pass_unheard(SignedDuration::from_mins(3));
        assert_eq!(account.changes(), ["StopServiceDeployment"], "seed {seed}");
        assert_eq!(
            account.deployments_begun(),
            3,
            "one rollback after two deployments, seed {seed}"
        );
        assert!(!account.aws.deliveries().is_empty(), "seed {seed}");
        let refused = |error: &str| error == "TransactionCanceledException";
        overtaken += account
            .aws
            .calls()
            .iter()
            .filter(|call| call.outcome.error().is_some_and(refused))
            .count();
    }
    println!("{races} races ran, {overtaken} saves were overtaken");
    assert!(overtaken > 0, "no two processes met: this is no race");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_leaves_is_finished_by_the_next_event() {
    let undisturbed: Vec<String> = {
        let mut account = looping(9).await;
        let batch = account.queue.batch(100).unwrap();
        calls_for(&spawn(&account, "AKIAFIRST").await, &account, &batch).await
    };
    for (operation, nth, done) in DEATHS {
        let mut account = looping(9).await;
        let batch = account.queue.batch(100).unwrap();
        let first = spawn(&account, "AKIAFIRST").await;
        kill_in(first, &account, &batch, &undisturbed, (operation, nth)).await;
        let pending = |record: &Value| record["outbox"].as_array().map_or(0, Vec::len);
        assert_eq!(
            (account.changes().len(), pending(&account.record().unwrap())),
            (done, 2),
            "{operation}"
        );

        // The next event comes while the first might still be at it: hands off.
        let second = spawn(&account, "AKIASECOND").await;
        let mut next = || {
            account.pass_unheard(SignedDuration::from_secs(45));
            // After a rollback little happens: then the queue brings the killed one's batch again.
            account.queue.batch(100).unwrap_or_else(|| batch.clone())
        };
        let (early, late) = (next(), next());
        second.invoke(&early).await;
        assert_eq!(
            (account.changes().len(), pending(&account.record().unwrap())),
            (done, 2),
            "{operation}"
        );

        // And when it cannot be any more.
        loses_time(&account, SERVICE).await;
        second.invoke(&late).await;
        account.pass_unheard(SignedDuration::from_mins(3));
        assert_eq!(account.changes(), ["StopServiceDeployment"], "{operation}");
        assert_eq!(
            (account.deployments_begun(), pending(&account.record().unwrap())),
            (3, 0),
            "{operation}"
        );
        assert!(!account.aws.deliveries().is_empty(), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_takes_a_batch_and_saves_it_once() {
    let mut account = looping(1).await;
    let batch = account.queue.batch(100).unwrap();
    let calls = calls_for(&spawn(&account, WATCH).await, &account, &batch).await;
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert_eq!(
        (count("Query"), count("TransactWriteItems"), count("UpdateItem")),
        // The second Query is of overrides. Two updates tell the account, and one confirms what was done.
        (2, 1, 3),
        "{calls:?}"
    );
    let table = record_table(&account).await;
    assert!(table.load(&SERVICE.into()).await.unwrap().stored.is_some());
}

#[test]
fn without_its_environment_it_ends_with_a_message_that_names_the_variable() {
    names_the_variable_that_it_lacks(env!("CARGO_BIN_EXE_watch"));
}
