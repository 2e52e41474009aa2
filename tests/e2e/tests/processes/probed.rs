//! `witness = "probe"` through `watch` and `sweep` as processes: witnesses asked, heard and stopped.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_e2e::process::{Process, catches_up, grows_older, keeps_the_accounts_time};
use steady_sim::Behaviour;

use super::{SERVICE, pending, stages, subjects, sweep, watch};

const PROBE: &str = "team = 'payments'\n[health]\nrollback = 'auto'\nwitness = 'probe'\n";

/// The account's clock is so far behind the machine's when `watch` is first asked: time for witnesses to live, or not.
const BEHIND: SignedDuration = SignedDuration::from_mins(4);

fn exits() -> Behaviour {
    Behaviour::ExitsAfter { run: SignedDuration::from_secs(12), container: None, code: 1 }
}

/// checkout:1 is proven, in a subnet, which RunTask has to name; checkout:2 dies as it starts, and its team asks for
/// witnesses.
async fn dying(seed: u64) -> Account {
    let (before, since) = (SignedDuration::from_mins(20), SignedDuration::from_mins(2));
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let start = Timestamp::now() - before - since - BEHIND;
    let mut account = Account::open(seed, start, Timing::default()).await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(SignedDuration::from_mins(5)).await.unwrap();
    account.move_to_subnet("subnet-light").await.unwrap();
    account.push_config(PROBE).await.unwrap();
    account.pass(SignedDuration::from_mins(15)).await.unwrap();
    account.register().await.unwrap();
    account.aws.ecs(|ecs| ecs.behave("checkout:2", exits()));
    account.deploy("checkout:2").await.unwrap();
    account.pass(SignedDuration::from_secs(5)).await.unwrap();
    account.pass_unheard(since - SignedDuration::from_secs(5));
    account
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

/// How often processes have called an operation.
fn calls(account: &Account, operation: &str) -> usize {
    account.aws.calls().iter().filter(|call| call.operation == operation).count()
}

/// `watch` hears of the loop and asks witnesses; then they have had time to live.
async fn asked(account: &mut Account, watch: &Process) {
    watch.take(&mut account.queue).await;
    assert_eq!(calls(account, "RunTask"), 1, "{:?}", subjects(account));
    assert_eq!((stages(account), account.changes()), (vec!["opened".to_owned()], vec![]));
    keeps_the_accounts_time(account, SERVICE).await;
    catches_up(account);
    assert_eq!(witnesses(account).len(), 4);
}

/// Nothing is left: no task of no service, no probe in the record, nothing to do.
fn is_left_nothing(account: &Account) {
    let left = witnesses(account);
    assert!(left.values().all(|status| status == "STOPPED"), "{left:?}");
    let record = account.record().unwrap();
    assert_eq!((pending(account), &record["probe"]), (0, &Value::Null), "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn witnesses_that_live_bring_about_the_rollback_and_none_is_left() {
    let mut account = dying(7).await;
    let (watch, sweep) = (watch(&account).await, sweep(&account, "AKIASWEEPING").await);
    asked(&mut account, &watch).await;
    watch.take(&mut account.queue).await;
    assert_eq!(account.changes(), ["StopServiceDeployment"], "{:?}", subjects(&account));
    account.pass_unheard(SignedDuration::from_mins(3));
    watch.take(&mut account.queue).await;
    grows_older(&account, SERVICE, SignedDuration::from_mins(5)).await;
    sweep.invoke(&json!({})).await;
    let story = [
        "[critical] prod/checkout: restart loop on checkout:2, probing checkout:1",
        "[critical] prod/checkout: restart loop on checkout:2, rolling back to checkout:1",
        "[info] prod/checkout: resolved, rolled back from checkout:2",
    ];
    assert_eq!(subjects(&account), story);
    let [opened, begun, resolved] = &account.aws.deliveries()[..] else { panic!("three notices") };
    for (notice, says) in [
        (opened, "so Steady starts 4 of them as witnesses"),
        (opened, "Steady started 4 tasks of checkout:1 (RunTask, startedBy steady-probe/"),
        (begun, "Steady is rolling it back to checkout:1."),
        (resolved, "rollback verified: checkout:1"),
    ] {
        assert!(notice.message.contains(says), "{says}: {}", notice.message);
    }
    is_left_nothing(&account);
    assert_eq!((calls(&account, "RunTask"), account.changes().len()), (1, 1));
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn witnesses_that_die_too_acquit_the_revision_and_none_is_left() {
    let mut account = dying(7).await;
    let (watch, sweep) = (watch(&account).await, sweep(&account, "AKIASWEEPING").await);
    // Whatever starts now dies: an outage, of which checkout:2 is not the cause.
    account.aws.ecs(|ecs| ecs.behave("checkout:1", exits()));
    asked(&mut account, &watch).await;
    watch.take(&mut account.queue).await;
    account.pass_unheard(SignedDuration::from_mins(1));
    watch.take(&mut account.queue).await;
    grows_older(&account, SERVICE, SignedDuration::from_mins(2)).await;
    sweep.invoke(&json!({})).await;
    let story = [
        "[critical] prod/checkout: restart loop on checkout:2, probing checkout:1",
        "[critical] prod/checkout: restart loop on checkout:2: container app ended with exit code 1",
    ];
    assert_eq!(subjects(&account), story);
    let message = &account.aws.deliveries()[1].message;
    let says = "4 of 4 tasks of checkout:1, started just now as witnesses, died as well";
    assert!(message.contains(says), "{message}");
    is_left_nothing(&account);
    assert_eq!((calls(&account, "RunTask"), account.changes()), (1, vec![]));
    assert_eq!(account.revision().await.unwrap(), "checkout:2");
}
