//! What is kept of an incident that is over.

use serde_json::{Value, json};
use steady_aws::client::{Aws, Settings as Timing};
use steady_core::incident::Resolution;
use steady_core::port::ReadHistory;
use steady_e2e::{Account, PERSON, TABLE, loader};

use crate::told::{deploy, minutes, out_of_memory, proven, seconds, stages};

fn kept(account: &Account) -> Vec<Value> {
    let items = account.aws.items(TABLE).unwrap().into_iter();
    items.filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("incident#")).collect()
}

#[tokio::test]
async fn an_incident_that_was_rolled_back_from_is_found_in_the_history_once_it_is_over() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, out_of_memory()).await;
    while account.changes().is_empty() {
        account.pass(seconds(1)).await.unwrap();
    }
    assert_eq!(kept(&account), [] as [Value; 0], "it is open");
    account.pass(minutes(20)).await.unwrap();
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(stages(&account).last().unwrap(), "resolved");

    let [item] = kept(&account).try_into().unwrap();
    let clients =
        Aws::of(loader(&account.aws.endpoint(), PERSON), Timing::default()).await.unwrap();
    let history = clients.table(TABLE).history(&"prod/checkout".into(), 10).await.unwrap();
    let [past] = history.try_into().unwrap();
    let id = past.incident.id.to_string();
    assert_eq!(item["sk"]["S"], json!(format!("incident#{id}")));
    let ninety_days = past.resolved_at.as_second() + 90 * 86_400;
    assert_eq!(item["expires"]["N"], json!(ninety_days.to_string()));
    assert!(matches!(past.resolution, Resolution::RollbackVerified { .. }), "{past:?}");
    let sent: Vec<String> = account
        .aws
        .deliveries()
        .iter()
        .map(|delivery| delivery.attributes["notice"].value.clone())
        .collect();
    assert_eq!(past.incident.notices, sent);
    assert!(account.record().unwrap()["incident"].is_null());
}
