//! Alarms that a team counts against its deployments, through the function `alarm`.

use serde_json::json;
use steady_aws::client::Settings as Timing;
use steady_core::port::{AlarmUse, KeepAlarmUses};
use steady_e2e::process::record_table;
use steady_e2e::{ALARM, Account};
use steady_local_aws::{Fault, What, When};
use steady_sim::Behaviour;

use crate::told::{deploy, minutes, nothing_is_left_to_do, proven, stages, subjects};

const NAME: &str = "checkout-5xx";

/// checkout:1 is proven, and its config counts an alarm, which is OK.
async fn alarmed(timing: Timing) -> Account {
    let account = proven(timing).await;
    let config = "[health]\nrollback = 'auto'\nrollback_alarms = ['checkout-5xx']\n";
    account.push_config(config).await.unwrap();
    let table = record_table(&account).await;
    let used = AlarmUse { rollback: true, surge: false };
    table.note_alarm_use(NAME, &"prod/checkout".into(), used).await.unwrap();
    let alarm = json!({
        "AlarmName": NAME, "Namespace": "Checkout", "MetricName": "5xx", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
    });
    account.aws.by_hand("monitoring", "PutMetricAlarm", &alarm).unwrap();
    account.alarm_goes(NAME, "OK").unwrap();
    account
}

#[tokio::test]
pub(crate) async fn an_alarm_in_a_deployment_rolls_it_back_and_the_incident_ends_with_it() {
    let mut account = alarmed(Timing::default()).await;
    deploy(&account, 2, Behaviour::default()).await;
    account.pass(minutes(2)).await.unwrap();
    account.alarm_goes(NAME, "ALARM").unwrap();
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(account.changes().len(), 1, "{:?}", account.changes());
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(
        subjects(&account)[0],
        "[critical] prod/checkout: alarm checkout-5xx on checkout:2, about to roll back to checkout:1"
    );
    account.pass(minutes(5)).await.unwrap();
    assert!(!stages(&account).contains(&"resolved".to_owned()), "the alarm is on");
    account.alarm_goes(NAME, "OK").unwrap();
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(stages(&account), ["opened", "rollback-begun", "escalated", "resolved"]);
    assert!(nothing_is_left_to_do(&account));
}

#[tokio::test]
async fn an_alarm_that_concerns_nobody_costs_one_read() {
    let mut account = alarmed(Timing::default()).await;
    let alarm = json!({
        "AlarmName": "cart-5xx", "Namespace": "Cart", "MetricName": "5xx", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
    });
    account.aws.by_hand("monitoring", "PutMetricAlarm", &alarm).unwrap();
    account.pass(minutes(1)).await.unwrap();
    let before = account.aws.calls().len();
    account.alarm_goes("cart-5xx", "ALARM").unwrap();
    account.pass(minutes(1)).await.unwrap();
    let calls = account.aws.calls().into_iter().skip(before);
    let calls: Vec<String> =
        calls.filter(|call| call.caller == ALARM).map(|call| call.operation).collect();
    assert_eq!(calls, ["GetItem"]);
}

#[tokio::test]
pub(crate) async fn an_alarm_whose_users_cannot_be_read_comes_again() {
    let mut account = alarmed(steady_e2e::impatient()).await;
    deploy(&account, 2, Behaviour::default()).await;
    account.pass(minutes(2)).await.unwrap();
    for what in [What::Throttle, What::Hang, What::AnswerLost] {
        account.aws.fault(Fault { when: When::always("dynamodb", "GetItem"), what });
        account.alarm_goes(NAME, "ALARM").unwrap();
        account.pass(minutes(1)).await.unwrap();
        assert_eq!(account.changes(), [""; 0]);
        assert!(account.is_busy(), "it is in the queue");
        account.aws.clear_faults();
    }
    account.pass(minutes(8)).await.unwrap();
    assert_eq!(account.changes().len(), 1);
}
