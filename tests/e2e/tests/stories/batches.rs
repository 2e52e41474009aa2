//! What a batch costs, and what becomes of messages that are no events.

use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, WATCH};

use crate::told::{minutes, proven};

/// A task of checkout:1 that ended at 02:20.
fn stop(by: &str, task: u32, code: &str, reason: &str, exit_code: u8) -> Value {
    json!({
        "version": "0", "id": format!("event-{task}"), "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "111122223333", "time": "2026-11-21T02:20:00Z", "region": "eu-west-1",
        "resources": [format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}")],
        "detail": {
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "group": "service:checkout",
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": exit_code}],
            "createdAt": "2026-11-21T02:19:00Z", "startedAt": "2026-11-21T02:19:40Z", "stoppingAt": "2026-11-21T02:20:00Z",
            "lastStatus": "DEPROVISIONING", "desiredStatus": "STOPPED", "startedBy": by,
            "stopCode": code, "stoppedReason": reason,
            "taskArn": format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{task:032x}"),
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:1", "version": 6
        }
    })
}

/// The function's calls while it takes these.
pub(crate) async fn calls_for(account: &mut Account, events: &[Value]) -> Vec<String> {
    let before = account.aws.calls().len();
    for event in events {
        account.queue.send(event);
    }
    account.pass(minutes(1)).await.unwrap();
    let calls = account.aws.calls().into_iter().skip(before);
    calls.filter(|call| call.caller == WATCH).map(|call| call.operation).collect()
}

/// A service whose revision is proven, at 02:21.
async fn healthy() -> (Account, String) {
    let mut account = proven(Timing::default()).await;
    account.pass(minutes(6)).await.unwrap();
    let by = account.described().await.unwrap().deployments()[0].id().unwrap().to_owned();
    // With this event its soak is found to have ended, which costs a look at what runs.
    calls_for(&mut account, &[benign(&by, 1_000)]).await;
    (account, by)
}

fn crash(by: &str, task: u32) -> Value {
    stop(by, task, "EssentialContainerExited", "Essential container in task exited", 1)
}

fn benign(by: &str, task: u32) -> Value {
    let reason = "Scaling activity initiated by (deployment ecs-svc/1)";
    stop(by, task, "ServiceSchedulerInitiated", reason, 0)
}

#[tokio::test]
async fn a_hundred_stops_of_one_service_are_one_read_and_one_write() {
    let (mut account, by) = healthy().await;
    let stops: Vec<Value> = (0..100).map(|task| benign(&by, task)).collect();
    assert_eq!(calls_for(&mut account, &stops).await, ["Query", "TransactWriteItems"]);
    // The same once more: a read, and nothing to write.
    assert_eq!(calls_for(&mut account, &stops).await, ["Query"]);
}

#[tokio::test]
async fn a_hundred_failures_are_one_read_and_one_write_of_the_record_before_anything_is_done() {
    let (mut account, by) = healthy().await;
    let stops: Vec<Value> = (0..100).map(|task| crash(&by, task)).collect();
    let calls = calls_for(&mut account, &stops).await;
    let until_told: Vec<&str> =
        calls.iter().map(String::as_str).take_while(|call| *call != "Publish").collect();
    // The second Query is of the service's overrides, which may forbid a rollback.
    let reads =
        ["GetParameters", "GetItem", "Query", "DescribeServices", "ListTasks", "DescribeTasks"];
    // The account hears of the trouble, and nobody is told without the failing container's last lines.
    let once = ["UpdateItem", "DescribeTaskDefinition", "GetLogEvents"];
    let expected: Vec<&str> =
        ["Query"].into_iter().chain(reads).chain(once).chain(["TransactWriteItems"]).collect();
    assert_eq!(until_told, expected);
}

#[tokio::test]
async fn what_is_no_event_ends_in_the_dead_letters_and_the_rest_of_its_batch_is_taken() {
    let (mut account, by) = healthy().await;
    let mut wrong = crash(&by, 7);
    wrong["detail"]["taskArn"] = json!(7);
    let good = benign(&by, 8);
    let calls = calls_for(&mut account, &[json!("no event"), wrong.clone(), good]).await;
    assert_eq!(calls, ["Query", "TransactWriteItems"]);
    account.pass(minutes(60)).await.unwrap();
    assert_eq!(account.queue.dead_letters(), [json!("no event"), wrong]);
}
