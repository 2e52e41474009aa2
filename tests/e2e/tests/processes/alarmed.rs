//! Alarms through `alarm` as a process: one that a team counts against its deployments, and one that raises the floor.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_e2e::process::{Process, catches_up, grows_older, scaling_grows_older};

use super::scaled::{live, scale, writes};
use super::{SERVICE, pending, stages, subjects, sweep, watch};

const NAME: &str = "checkout-5xx";

const CONFIG: &str = "
[capacity]
min = 2
max = 20

[[surge]]
alarm = 'checkout-latency'
min = 12
for = '15m'

[health]
rollback = 'auto'
rollback_alarms = ['checkout-5xx']
";

async fn alarm(account: &Account) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_alarm-process"), account, "AKIAALARMING").await
}

/// checkout:1 is proven, both alarms of the config are OK, and `scale` has taken the config in. The account's clock is so far
/// behind the machine's.
async fn alarmed(behind: SignedDuration) -> Account {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    let start = Timestamp::now() - SignedDuration::from_mins(15) - behind;
    let mut account = Account::open(7, start, Timing::default()).await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(SignedDuration::from_mins(15)).await.unwrap();
    for name in [NAME, "checkout-latency"] {
        let alarm = json!({
            "AlarmName": name, "Namespace": "Checkout", "MetricName": name, "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
        });
        account.aws.by_hand("monitoring", "PutMetricAlarm", &alarm).unwrap();
        account.alarm_goes(name, "OK").unwrap();
    }
    account.push_config(CONFIG).await.unwrap();
    account.pass_unheard(SignedDuration::from_secs(1));
    scale(&account, "AKIASCALING").await.take(&mut account.config).await;
    assert_eq!(live(&account).0, json!([2, 20]));
    account
}

/// The alarm changes, and CloudWatch tells `alarm`.
async fn goes(account: &mut Account, alarm: &Process, name: &str, to: &str) {
    account.alarm_goes(name, to).unwrap();
    account.pass_unheard(SignedDuration::from_secs(1));
    alarm.take(&mut account.alarms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_within_the_soak_rolls_back_and_is_resolved_once_it_is_over() {
    let mut account = alarmed(SignedDuration::from_mins(5)).await;
    let (watch, sweep) = (watch(&account).await, sweep(&account, "AKIASWEEPING").await);
    let alarm = alarm(&account).await;
    account.register().await.unwrap();
    account.deploy("checkout:2").await.unwrap();
    catches_up(&mut account);
    watch.take(&mut account.queue).await;
    goes(&mut account, &alarm, NAME, "ALARM").await;
    assert_eq!(account.changes(), [""; 0], "held for a minute");
    grows_older(&account, SERVICE, SignedDuration::from_secs(70)).await;
    sweep.invoke(&json!({})).await;
    assert_eq!(account.changes(), ["UpdateService"], "{:?}", subjects(&account));

    account.pass_unheard(SignedDuration::from_secs(150));
    watch.take(&mut account.queue).await;
    grows_older(&account, SERVICE, SignedDuration::from_secs(160)).await;
    sweep.invoke(&json!({})).await;
    assert_eq!(stages(&account), ["opened", "rollback-begun"], "steady, but the alarm is on");
    goes(&mut account, &alarm, NAME, "OK").await;
    grows_older(&account, SERVICE, SignedDuration::from_secs(290)).await;
    sweep.invoke(&json!({})).await;
    let story = [
        "[critical] prod/checkout: alarm checkout-5xx on checkout:2, about to roll back to checkout:1",
        "[critical] prod/checkout: alarm checkout-5xx on checkout:2, rolling back to checkout:1",
        "[info] prod/checkout: resolved, rolled back from checkout:2",
    ];
    assert_eq!(subjects(&account), story);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!((account.changes().len(), pending(&account)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_raises_the_floor_and_the_floor_goes_back_when_its_time_is_over() {
    let mut account = alarmed(SignedDuration::from_mins(1)).await;
    let (alarm, sweep) = (alarm(&account).await, sweep(&account, "AKIASWEEPING").await);
    let before = writes(&account);
    goes(&mut account, &alarm, "checkout-latency", "ALARM").await;
    assert_eq!(writes(&account), before, "`alarm` only hands it over");
    // Due is counted in whole seconds.
    scaling_grows_older(&account, SERVICE, SignedDuration::from_secs(1)).await;
    sweep.invoke(&json!({})).await;
    assert_eq!((live(&account).0, writes(&account)), (json!([12, 20]), before + 1));
    account.pass_unheard(SignedDuration::from_secs(1));
    assert_eq!(account.described().await.unwrap().desired_count(), 12);
    // Back in OK it stays up for its time: what is over for a moment would go off again.
    goes(&mut account, &alarm, "checkout-latency", "OK").await;
    sweep.invoke(&json!({})).await;
    assert_eq!((live(&account).0, writes(&account)), (json!([12, 20]), before + 1));
    scaling_grows_older(&account, SERVICE, SignedDuration::from_mins(16)).await;
    sweep.invoke(&json!({})).await;
    assert_eq!((live(&account).0, writes(&account)), (json!([2, 20]), before + 2));
    sweep.invoke(&json!({})).await;
    assert_eq!((account.changes(), writes(&account)), (vec![], before + 2));
    assert_eq!(subjects(&account), [""; 0], "a quarter of an hour is too short to tell of");
}
