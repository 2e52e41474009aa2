//! The real binary as a process under a Runtime API, against the embedded AWS: races, deaths, and what it says when it cannot
//! start.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
async fn what_is_decided_is_a_line_with_its_events_and_what_is_counted_a_metric() {
    let mut account = looping(3).await;
    let batch = account.queue.batch(100).unwrap();
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watch.log");
    let watch =
        Process::spawn_printing(env!("CARGO_BIN_EXE_watch"), &account, "AKIALOG", &log).await;
    watch.invoke(&batch).await;
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Lambda keeps a line back that lacks either.
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"] == "INFO"));
    let of_kind = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);

    // A stop names the events of its own task, and no others.
    let messages = batch["Records"].as_array().unwrap();
    let events: Vec<Value> = messages
        .iter()
        .map(|message| serde_json::from_str(message["body"].as_str().unwrap()).unwrap())
        .collect();
    let told = |line: &Value| -> BTreeSet<String> {
        line["events"].as_str().unwrap().split(' ').map(str::to_owned).collect()
    };
    let stops: Vec<&Value> = of_kind("stop").collect();
    assert_eq!(stops.len(), 6, "{text}");
    for line in &stops {
        let message = line["message"].as_str().unwrap();
        let task = message.split([' ', ':']).nth(1).unwrap();
        let of_task = |event: &&Value| {
            let arn = event["detail"]["taskArn"].as_str().unwrap_or_default();
            arn.rsplit('/').next().is_some_and(|id| id.starts_with(task))
        };
        let ids: BTreeSet<String> = events
            .iter()
            .filter(of_task)
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(told(line), ids, "{message}");
        assert_eq!(
            (&line["verdict"], &line["cause"]),
            (&json!("revision"), &json!("out-of-memory"))
        );
        // What the README's cost of logs rests on (the core's test of it has the numbers): one event, and no more than this
        // beside the words, with the 26 bytes that CloudWatch Logs adds.
        let beside = line.to_string().len() - message.len() - 37 * (ids.len() - 1) + 26;
        assert!(beside <= 460, "{beside}: {line}");
    }

    // A decision names all that it was taken on.
    let all: BTreeSet<String> =
        events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    for kind in ["incident-opened", "rollback", "rollback-begun", "notice", "notice-sent"] {
        let [line] = of_kind(kind).collect::<Vec<_>>()[..] else { panic!("one of {kind}: {text}") };
        assert_eq!(told(line), all, "{kind}");
        assert_eq!(line["service"], SERVICE);
        assert_eq!(line["revision"], "checkout:2");
        assert!(line["deployment"].as_str().unwrap().starts_with("ecs-svc/"), "{line}");
    }

    // What was counted, once.
    let counted = |name: &str| -> Vec<&Value> {
        lines.iter().map(|line| &line[name]).filter(|value| !value.is_null()).collect()
    };
    assert_eq!(counted("Stops"), [&json!(6)]);
    assert_eq!(counted("IncidentsOpened"), [&json!(1)]);
    assert_eq!(counted("Rollbacks"), [&json!(1)]);
    let [lags] = counted("EventLag")[..] else { panic!("one line of lags: {text}") };
    assert_eq!(lags.as_array().unwrap().len(), events.len());
    for line in lines.iter().filter(|line| line["_aws"].is_object()) {
        let beside = line.to_string().len() - 10 * line["EventLag"].as_array().map_or(0, Vec::len);
        assert!(beside + 26 <= 330, "{beside}: {line}");
    }
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
