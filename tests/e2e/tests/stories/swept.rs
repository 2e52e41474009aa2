//! What no event brings about: what is due, what a dead process left, what EventBridge lost.

use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, SWEEP, WATCH};

use crate::told::{
    AUTO, created, deploy, exits, minutes, nothing_is_left_to_do, out_of_memory, proven, seconds,
    stages, subjects,
};

/// The calls of `sweep` so far, by operation.
fn sweeps(account: &Account) -> Vec<String> {
    let calls = account.aws.calls().into_iter().filter(|call| call.caller == SWEEP);
    calls.map(|call| call.operation).collect()
}

#[tokio::test]
async fn a_quiet_minute_costs_two_reads_and_no_write() {
    let mut account = proven(Timing::default()).await;
    account.pass(minutes(30)).await.unwrap();
    let before = sweeps(&account).len();
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(sweeps(&account)[before..], ["Query", "GetItem"].repeat(5));
    assert_eq!(account.sweeps_failed, [""; 0]);
}

#[tokio::test]
async fn a_soak_ends_and_proves_a_revision_though_nothing_happens() {
    let mut account = proven(Timing::default()).await;
    let by_watch = account.aws.calls().iter().filter(|call| call.caller == WATCH).count();
    account.pass(minutes(30)).await.unwrap();
    let record = account.record().unwrap();
    assert_eq!(record["ledger"]["proven"][0]["revision"], "checkout:1");
    let still = account.aws.calls().iter().filter(|call| call.caller == WATCH).count();
    assert_eq!(still, by_watch, "no event came");
}

#[tokio::test]
async fn a_hold_ends_though_no_event_comes() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, exits(seconds(12))).await;
    while !stages(&account).contains(&"opened".to_owned()) {
        account.pass(seconds(1)).await.unwrap();
    }
    account.delivers = false;
    account.pass(minutes(2)).await.unwrap();
    assert_eq!(stages(&account), ["opened", "rollback-begun"]);
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    let [opened, begun] = &account.aws.deliveries()[..] else { panic!("two notices") };
    let waited = (begun.at - opened.at).get_seconds();
    assert!(
        (60..=120).contains(&waited),
        "a minute's hold, and a minute at most until it is seen: {waited} s"
    );
}

#[tokio::test]
async fn a_loop_after_completion_is_rolled_back_verified_and_resolved_and_its_notices_read_as_one_story()
 {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, exits(minutes(4))).await;
    account.pass(minutes(60)).await.unwrap();
    assert_eq!(account.changes(), ["UpdateService"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert!(nothing_is_left_to_do(&account));
    let told: Vec<String> = account
        .aws
        .deliveries()
        .iter()
        .map(|one| {
            let subject = one.subject.as_deref().unwrap_or_default();
            format!("{}\n\n{subject}\n\n{}", one.at, one.message.trim_end())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}

#[tokio::test]
pub(crate) async fn a_loop_of_which_no_event_told_is_found_by_the_slow_pass_and_rolled_back() {
    let mut account = proven(Timing::default()).await;
    account.delivers = false;
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(40)).await.unwrap();
    assert_eq!(subjects(&account), [""; 0], "nobody knows yet");
    // The pass that began with the first minute is an hour old.
    account.pass(minutes(10)).await.unwrap();
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    assert_eq!(
        subjects(&account)[0],
        "[critical] prod/checkout: restart loop on checkout:2, rolling back to checkout:1"
    );
    // And that the rollback stands, the next pass sees.
    account.pass(minutes(70)).await.unwrap();
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(stages(&account).last().unwrap(), "resolved", "{:?}", subjects(&account));
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    assert!(nothing_is_left_to_do(&account));
}

#[tokio::test]
async fn what_events_told_before_the_slow_pass_came_is_not_counted_again() {
    let mut heard = proven(Timing::default()).await;
    deploy(&heard, 2, exits(minutes(4))).await;
    heard.pass(minutes(180)).await.unwrap();
    let missed = sweeps(&heard).iter().filter(|call| *call == "DescribeTasks").count();
    let record = heard.record().unwrap();
    assert_eq!(heard.changes(), ["UpdateService"]);
    assert_eq!(stages(&heard).last().unwrap(), "resolved");
    println!("{missed} DescribeTasks by sweep; {}", record["ledger"]);
    assert_eq!(heard.sweeps_failed, [""; 0]);
}

#[tokio::test]
async fn what_ran_before_steady_was_installed_is_known_and_proven_within_the_hour() {
    let mut account = created(Timing::default()).await;
    account.push_config(AUTO).await.unwrap();
    account.delivers = false;
    account.pass(minutes(20)).await.unwrap();
    account.pass(minutes(50)).await.unwrap();
    let record = account.record().unwrap();
    assert_eq!(record["ledger"]["proven"][0]["revision"], "checkout:1");
    assert_eq!(subjects(&account), [""; 0]);
}
