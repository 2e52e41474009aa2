//! Every fault at every call of the story.

use std::collections::BTreeSet;
use std::sync::Arc;

use steady_e2e::{Account, SWEEP, WATCH, impatient};
use steady_local_aws::{Fault, What, When};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::told::{
    deploy, minutes, nothing_is_left_to_do, out_of_memory, pass_until_nothing_waits, proven,
    subjects,
};

/// Stories told at once. Most of a hanging one is waiting.
const AT_ONCE: usize = 8;

fn faults() -> [What; 5] {
    [What::Throttle, What::ServerError, What::Hang, What::Dropped, What::AnswerLost]
}

/// checkout:2 loops, with `fault` set when it is deployed.
async fn told(fault: impl FnOnce(&Account, u64)) -> Account {
    let mut account = proven(impatient()).await;
    deploy(&account, 2, out_of_memory()).await;
    fault(&account, account.aws.calls().len() as u64);
    pass_until_nothing_waits(&mut account, minutes(20)).await;
    account
}

/// Calls from the deployment on, without a fault (number, service, operation): all of `watch`, and of `sweep`, which asks
/// the same each minute, the first of each operation.
async fn calls_of_the_story() -> [Vec<(u64, String, String)>; 2] {
    let mut from = 0;
    let account = told(|_, calls| from = calls).await;
    let by = |caller: &str| {
        let calls = account.aws.calls().into_iter().filter(|call| call.number > from);
        let calls = calls.filter(|call| call.caller == caller);
        calls.map(|call| (call.number - from, call.service, call.operation)).collect::<Vec<_>>()
    };
    let mut seen = BTreeSet::new();
    let mut of_sweep = by(SWEEP);
    of_sweep.retain(|(_, _, operation)| seen.insert(operation.clone()));
    [by(WATCH), of_sweep]
}

/// One rollback and a notice, or a page that says why not; and nothing left to do.
fn judge(account: &Account, case: &str) {
    let said = subjects(account);
    let case = format!("{case}: {said:?}, {:?}", account.changes());
    if said.iter().any(|one| one.contains("the rollback FAILED")) {
        assert_eq!(account.deployments_begun(), 2, "{case}");
    } else {
        assert_eq!(account.deployments_begun(), 3, "one rollback after two deployments; {case}");
        assert!(said.iter().any(|one| one.contains("rolling back to checkout:1")), "{case}");
    }
    assert!(!account.changes().contains(&"UpdateService".to_owned()), "{case}");
    assert!(nothing_is_left_to_do(account), "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_fault_at_any_call_there_is_one_rollback_and_a_notice_or_a_page() {
    let [of_watch, of_sweep] = calls_of_the_story().await;
    let names: Vec<&str> = of_watch.iter().map(|(_, _, operation)| operation.as_str()).collect();
    for expected in
        ["Query", "TransactWriteItems", "StopServiceDeployment", "Publish", "UpdateItem"]
    {
        assert!(names.contains(&expected), "{names:?}");
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut stories = JoinSet::new();
    assert!(of_sweep.len() >= 6, "{of_sweep:?}");
    // Met once, the SDK may try again; met three times in a row, it has to give up.
    let calls = of_watch.into_iter().map(|call| (call, &[1, 3][..]));
    let calls = calls.chain(of_sweep.into_iter().map(|call| (call, &[3][..])));
    for ((number, service, operation), times) in calls {
        for what in faults() {
            for &times in times {
                let (places, what) = (Arc::clone(&places), what.clone());
                let (service, operation) = (service.clone(), operation.clone());
                stories.spawn(async move {
                    let _place = places.acquire().await.unwrap();
                    let case =
                        format!("{what:?} x {times} at call {number}, {service} {operation}");
                    let account = told(|account, from| {
                        account
                            .aws
                            .fault(Fault { when: When::Call(from + number), what: what.clone() });
                        for again in 1..times {
                            let when = When::Call(from + number + again);
                            account.aws.fault(Fault { when, what: what.clone() });
                        }
                    })
                    .await;
                    judge(&account, &case);
                });
            }
        }
    }
    let cases = stories.len();
    while let Some(story) = stories.join_next().await {
        story.unwrap();
    }
    println!("{cases} stories with faults told");
    assert!(cases >= 200, "{cases}");
}
