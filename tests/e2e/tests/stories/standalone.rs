//! Tasks of no service: told where config asks for it, once an hour, whatever fails on the way.

use serde_json::{Value, json};
use steady_e2e::{Account, impatient};
use steady_local_aws::{Fault, What, When};

use crate::batches::calls_for;
use crate::told::{minutes, subjects};

const TELL: &str = "[notify]\nstandalone_tasks = ['nightly-report']\n";

/// A task of `FAMILY:3`, started by RunTask, has ended.
fn ended(account: &Account, family: &str, task: u32, exit_code: u8) -> Value {
    let now = account.now().to_string();
    let arn = format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}");
    json!({
        "version": "0", "id": format!("event-{task}"), "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "111122223333", "time": now, "region": "eu-west-1", "resources": [arn],
        "detail": {
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "group": format!("family:{family}"),
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": exit_code}],
            "createdAt": now, "startedAt": now, "stoppingAt": now, "stoppedAt": now,
            "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "startedBy": "events-rule/nightly",
            "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
            "taskArn": arn,
            "taskDefinitionArn": format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{family}:3"), "version": 6
        }
    })
}

/// An account that asks for `nightly-report`.
async fn asking() -> Account {
    let start = "2026-11-21T02:00:00Z".parse().unwrap();
    let account = Account::open(7, start, impatient()).await.unwrap();
    account.push_defaults(TELL).await.unwrap();
    account
}

#[tokio::test]
async fn a_failed_task_is_told_once_and_further_ones_are_counted_in_the_next_hour() {
    let mut account = asking().await;
    let first = ended(&account, "nightly-report", 1, 1);
    let calls = calls_for(&mut account, std::slice::from_ref(&first)).await;
    assert_eq!(calls, ["GetParameters", "Query", "TransactWriteItems", "Publish", "UpdateItem"]);
    assert_eq!(
        subjects(&account),
        ["[warning] prod/nightly-report: task of nightly-report:3 failed"]
    );
    // The same again, and two more: kept, not sent.
    calls_for(&mut account, &[first]).await;
    for task in 2..4 {
        account.pass(minutes(10)).await.unwrap();
        let next = ended(&account, "nightly-report", task, 1);
        let calls = calls_for(&mut account, &[next]).await;
        assert_eq!(calls, ["GetParameters", "Query", "TransactWriteItems"]);
    }
    let item = account.aws.items("steady").unwrap().remove(0);
    let due = item["due"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(
        (&item["pk"]["S"], &item["open"]["S"]),
        (&json!("#family/prod/nightly-report"), &json!("open"))
    );
    let told_at = account.family_record("nightly-report").unwrap()["told_at"].clone();
    let told_at: jiff::Timestamp = serde_json::from_value(told_at).unwrap();
    assert_eq!(due, told_at.as_second() + 3_600);
    // When the hour is over `sweep` tells, though none fails any more.
    account.pass(minutes(60)).await.unwrap();
    assert_eq!(
        subjects(&account)[1..],
        ["[warning] prod/nightly-report: 2 tasks of nightly-report:3 failed"]
    );
    let item = account.aws.items("steady").unwrap().remove(0);
    assert!(item.get("due").is_none(), "{item}");
}

#[tokio::test]
async fn what_nobody_asked_for_costs_one_reading_of_config_for_a_batch_and_what_is_well_nothing() {
    let mut account = asking().await;
    let well: Vec<Value> = (0..50).map(|task| ended(&account, "nightly-report", task, 0)).collect();
    assert_eq!(calls_for(&mut account, &well).await, [""; 0]);
    let failed: Vec<Value> =
        (50..99).map(|task| ended(&account, &format!("import-{}", task % 7), task, 1)).collect();
    assert_eq!(calls_for(&mut account, &failed).await, ["GetParameters"]);
    let items = account.aws.items("steady").unwrap().into_iter();
    // `sweep` and `scale` keep their places in the same table.
    let places = ["#sweep", "#scale"];
    let kept: Vec<Value> =
        items.filter(|item| places.iter().all(|place| item["pk"]["S"] != *place)).collect();
    assert_eq!(kept, [] as [Value; 0]);
    assert!(subjects(&account).is_empty() && !account.is_busy());
}

#[tokio::test]
async fn a_family_that_cannot_be_kept_keeps_no_other_from_being_told() {
    let mut account = asking().await;
    account
        .push_defaults("[notify]\nstandalone_tasks = ['nightly-report', 'import']\n")
        .await
        .unwrap();
    // The first family's read fails, for as long as the SDK tries.
    account.aws.fault(Fault { when: When::times(3, "dynamodb", "Query"), what: What::ServerError });
    let failed = [ended(&account, "import", 1, 1), ended(&account, "nightly-report", 2, 1)];
    calls_for(&mut account, &failed).await;
    assert_eq!(
        subjects(&account),
        ["[warning] prod/nightly-report: task of nightly-report:3 failed"]
    );
    assert!(account.is_busy(), "the other's message comes again");
    account.pass(minutes(10)).await.unwrap();
    assert_eq!(
        subjects(&account)[1],
        "[warning] prod/import: task of import:3 failed: container app ended with exit code 1"
    );
    assert!(!account.is_busy() && account.queue.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_fault_at_any_call_it_is_told_and_nothing_is_left_to_do() {
    let faults = [What::Throttle, What::ServerError, What::Hang, What::Dropped, What::AnswerLost];
    let calls = ["GetParameters", "Query", "TransactWriteItems", "Publish", "UpdateItem"];
    for (number, call) in (1..).zip(calls) {
        for what in &faults {
            // Met once, the SDK may try again; met three times in a row, it has to give up.
            for times in [1, 3] {
                let mut account = asking().await;
                let before = account.aws.calls().len() as u64;
                for again in 0..times {
                    let when = When::Call(before + number + again);
                    account.aws.fault(Fault { when, what: what.clone() });
                }
                let failed = ended(&account, "nightly-report", 1, 1);
                calls_for(&mut account, &[failed]).await;
                account.pass(minutes(20)).await.unwrap();
                let case = format!("{what:?} x {times} at {call}: {:?}", subjects(&account));
                assert!(!subjects(&account).is_empty(), "{case}");
                let ids: std::collections::BTreeSet<String> = account
                    .aws
                    .deliveries()
                    .iter()
                    .map(|delivery| delivery.attributes["notice"].value.clone())
                    .collect();
                assert_eq!(ids.len(), 1, "{case}");
                let record = account.family_record("nightly-report").unwrap();
                assert!(record["outbox"].is_null(), "{case}: {record}");
                assert!(!account.is_busy() && account.queue.dead_letters().is_empty(), "{case}");
            }
        }
    }
}
