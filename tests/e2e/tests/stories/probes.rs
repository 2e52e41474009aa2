//! `witness = "probe"`: tasks of the proven revision, started, heard and stopped in an account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, SWEEP, WATCH, impatient};
use steady_local_aws::{Call, Fault, What, When};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::told::{
    created, deploy, exits, minutes, nothing_is_left_to_do, pass_until_nothing_waits, seconds,
    subjects,
};

const PROBE: &str = "team = 'payments'\n[health]\nrollback = 'auto'\nwitness = 'probe'\n";

/// checkout:1 is proven, in a subnet, which RunTask has to name; its team asks for witnesses.
pub(crate) async fn asking(timing: Timing) -> Account {
    let mut account = created(timing).await;
    account.pass(minutes(5)).await.unwrap();
    account.move_to_subnet("subnet-light").await.unwrap();
    account.push_config(PROBE).await.unwrap();
    account.pass(minutes(15)).await.unwrap();
    account
}

/// The functions' calls of an operation.
fn calls(account: &Account, operation: &str) -> Vec<Call> {
    let by_steady = |call: &Call| [WATCH, SWEEP].contains(&call.caller.as_str());
    let calls = account.aws.calls().into_iter().filter(by_steady);
    calls.filter(|call| call.operation == operation).collect()
}

/// The last that ECS told of each task of no service: `lastStatus`.
fn witnesses(account: &Account) -> BTreeMap<String, String> {
    let text = |event: &Value, at: &str| {
        event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let of_nobody =
        account.events.iter().filter(|event| text(event, "/detail/group") == "family:checkout");
    of_nobody
        .map(|event| (text(event, "/detail/taskArn"), text(event, "/detail/lastStatus")))
        .collect()
}

pub(crate) fn are_all_stopped(account: &Account) -> bool {
    witnesses(account).values().all(|status| status == "STOPPED")
        && account.record().unwrap()["probe"].is_null()
}

pub(crate) async fn until_asked(account: &mut Account) {
    for _ in 0..7_200 {
        if !calls(account, "RunTask").is_empty() {
            return;
        }
        account.pass(seconds(1)).await.unwrap();
    }
    panic!("no witness was asked: {:?}", subjects(account));
}

#[tokio::test]
pub(crate) async fn after_completion_witnesses_that_live_bring_about_the_rollback_and_are_stopped()
{
    let mut account = asking(Timing::default()).await;
    deploy(&account, 2, exits(minutes(4))).await;
    until_asked(&mut account).await;
    let asked = calls(&account, "RunTask");
    let [run] = &asked[..] else { panic!("{asked:?}") };
    for (member, value) in [
        ("cluster", json!("prod")),
        ("taskDefinition", json!("checkout:1")),
        ("count", json!(4)),
        ("tags", json!([{"key": "steady:probe", "value": "checkout"}])),
    ] {
        assert_eq!(run.request[member], value, "{}", run.request);
    }
    let network = &run.request["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["subnets"], json!(["subnet-light"]), "{}", run.request);
    assert!(run.request["startedBy"].as_str().unwrap().starts_with("steady-probe/"));
    assert_eq!(account.changes(), [""; 0], "before they have been heard");

    account.pass(minutes(60)).await.unwrap();
    assert_eq!(account.changes(), ["UpdateService"], "{:?}", subjects(&account));
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(calls(&account, "RunTask").len(), 1);
    assert_eq!(witnesses(&account).len(), 4);
    assert!(are_all_stopped(&account), "{:?}", witnesses(&account));
    let told = subjects(&account);
    assert!(told.iter().any(|one| one.contains("probing checkout:1")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("rolling back to checkout:1")), "{told:?}");
    assert!(nothing_is_left_to_do(&account));
}

#[tokio::test]
async fn witnesses_that_die_keep_the_service_as_it_is_and_people_are_told() {
    let mut account = asking(Timing::default()).await;
    deploy(&account, 2, exits(minutes(4))).await;
    account.pass(minutes(3)).await.unwrap();
    // From now on whatever starts dies: an outage, of which checkout:2 is not the cause.
    account.aws.ecs(|ecs| ecs.behave("checkout:1", exits(minutes(4))));
    account.pass(minutes(60)).await.unwrap();
    assert_eq!(account.changes(), [""; 0], "{:?}", subjects(&account));
    assert_eq!(account.revision().await.unwrap(), "checkout:2");
    assert_eq!(calls(&account, "RunTask").len(), 1, "once for a deployment");
    assert!(are_all_stopped(&account), "{:?}", witnesses(&account));
    let told = account.aws.deliveries();
    let page = told.iter().find(|one| one.attributes["stage"].value == "rollback-refused");
    let page = page.unwrap_or_else(|| panic!("{:?}", subjects(&account)));
    assert!(page.message.contains("checkout:1"), "{}", page.message);
}

/// Stories told at once. Most of a hanging one is waiting.
const AT_ONCE: usize = 8;

/// checkout:2 dies as it starts, with `fault` set once it is deployed.
async fn told(fault: impl FnOnce(&Account, u64)) -> Account {
    let mut account = asking(impatient()).await;
    deploy(&account, 2, exits(seconds(12))).await;
    fault(&account, account.aws.calls().len() as u64);
    pass_until_nothing_waits(&mut account, minutes(25)).await;
    account
}

/// The calls that a probe is made of, by number from the deployment on: each RunTask and StopTask until its tasks are gone,
/// and of everything else in that time the first of each operation and function.
async fn calls_of_the_probe() -> Vec<(u64, String)> {
    let mut from = 0;
    let account = told(|_, calls| from = calls).await;
    assert_eq!(account.changes(), ["StopServiceDeployment"], "{:?}", subjects(&account));
    let calls = account.aws.calls();
    let last = calls.iter().rev().find(|call| call.operation == "StopTask").unwrap().number;
    let first = calls.iter().find(|call| call.operation == "RunTask").unwrap().number;
    let mut seen = BTreeSet::new();
    // The look after StopTask, which finds none left, and its save, come with the next minute.
    let of_it = calls.iter().filter(|call| (first..=last + 8).contains(&call.number));
    of_it
        .filter(|call| {
            ["RunTask", "StopTask"].contains(&call.operation.as_str())
                || seen.insert((call.caller.clone(), call.operation.clone()))
        })
        .map(|call| (call.number - from, call.operation.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_fault_at_any_call_of_a_probe_no_task_of_it_is_left_behind() {
    let calls_of_it = calls_of_the_probe().await;
    let names: BTreeSet<&str> = calls_of_it.iter().map(|(_, name)| name.as_str()).collect();
    for expected in ["RunTask", "StopTask", "ListTasks", "DescribeTasks"] {
        assert!(names.contains(expected), "{names:?}");
    }
    let denied = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User is not authorized to perform this".to_owned(),
    };
    let faults = [What::Throttle, What::Hang, What::AnswerLost, denied];
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut stories = JoinSet::new();
    for (number, operation) in calls_of_it {
        for what in faults.clone() {
            let (places, operation) = (Arc::clone(&places), operation.clone());
            stories.spawn(async move {
                let _place = places.acquire().await.unwrap();
                let case = format!("{what:?} x 3 at call {number}, {operation}");
                let account = told(|account, from| {
                    // Met once, the SDK may try again; met three times in a row, it has to give up.
                    for again in 0..3 {
                        let when = When::Call(from + number + again);
                        account.aws.fault(Fault { when, what: what.clone() });
                    }
                })
                .await;
                judge(&account, &case);
            });
        }
    }
    let cases = stories.len();
    while let Some(story) = stories.join_next().await {
        story.unwrap();
    }
    println!("{cases} stories with faults told");
    assert!(cases >= 50, "{cases}");
}

/// Witnesses were started once at most and none is left; one rollback, or a page that says why not.
fn judge(account: &Account, case: &str) {
    let said = subjects(account);
    let case = format!("{case}: {said:?}, {:?}", account.changes());
    assert!(witnesses(account).len() <= 4, "{case}");
    assert!(are_all_stopped(account), "{case}, {:?}", witnesses(account));
    match account.changes().len() {
        1 => assert!(said.iter().any(|one| one.contains("rolling back to checkout:1")), "{case}"),
        0 => {
            let stages = crate::told::stages(account);
            let pages = ["rollback-refused", "rollback-failed"];
            assert!(stages.iter().any(|one| pages.contains(&one.as_str())), "{case}");
        }
        _ => panic!("{case}"),
    }
    assert!(nothing_is_left_to_do(account), "{case}");
}
