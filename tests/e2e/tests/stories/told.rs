//! How a story is told, and what has come of it.

use jiff::{SignedDuration, Timestamp};
use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_local_aws::Delivery;
use steady_sim::Behaviour;

pub(crate) const AUTO: &str = "team = 'payments'\n[health]\nrollback = 'auto'\n";

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Killed for memory as it starts: no hold is needed.
pub(crate) fn out_of_memory() -> Behaviour {
    Behaviour::OutOfMemoryAfter { run: seconds(10) }
}

/// Ends with exit code 1.
pub(crate) fn exits(run: SignedDuration) -> Behaviour {
    Behaviour::ExitsAfter { run, container: None, code: 1 }
}

/// An account with `prod/checkout` of four tasks on checkout:1, at 2026-11-21 02:00, without config.
pub(crate) async fn created(timing: Timing) -> Account {
    let start: Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
    let account = Account::open(7, start, timing).await.unwrap();
    account.create_service(4).await.unwrap();
    account
}

/// The same a quarter of an hour later: checkout:1 has completed and behaved; config says `rollback = "auto"`.
pub(crate) async fn proven(timing: Timing) -> Account {
    let mut account = created(timing).await;
    account.push_config(AUTO).await.unwrap();
    account.pass(minutes(15)).await.unwrap();
    account
}

/// So much time passes; and if a message of `scale` failed, which comes again after an hour, that too.
pub(crate) async fn pass_until_nothing_waits(account: &mut Account, time: SignedDuration) {
    account.pass(time).await.unwrap();
    if account.is_busy() {
        account.pass(minutes(62)).await.unwrap();
    }
}

/// Registers the next revision, `checkout:NUMBER`, with this behaviour, and deploys it.
pub(crate) async fn deploy(account: &Account, number: u32, behaviour: Behaviour) {
    let revision = format!("checkout:{number}");
    account.register().await.unwrap();
    account.aws.ecs(|ecs| ecs.behave(&revision, behaviour));
    account.deploy(&revision).await.unwrap();
}

pub(crate) fn subjects(account: &Account) -> Vec<String> {
    let deliveries = account.aws.deliveries().into_iter();
    deliveries.map(|delivery| delivery.subject.unwrap_or_default()).collect()
}

pub(crate) fn stages(account: &Account) -> Vec<String> {
    account.aws.deliveries().iter().map(stage).collect()
}

pub(crate) fn stage(delivery: &Delivery) -> String {
    delivery.attributes["stage"].value.clone()
}

/// What the first notice says was done.
pub(crate) fn done(account: &Account) -> String {
    let message = account.aws.deliveries()[0].message.clone();
    let line = message.lines().find_map(|line| line.strip_prefix("Done"));
    line.unwrap_or_default().trim().to_owned()
}

pub(crate) fn nothing_is_left_to_do(account: &Account) -> bool {
    let outbox = account.record().unwrap()["outbox"].clone();
    outbox.is_null() && account.queue.dead_letters().is_empty() && !account.is_busy()
}
