//! What is remembered of tasks of no service, and the config that asks for it, over the embedded AWS.

use serde_json::{Value, json};
use steady_core::name::FamilyKey;
use steady_core::port::{KeepFamilies, KeepRecords, Loaded, ReadConfig, Saved};
use steady_core::record::Stored;

use crate::setup::{aws_at, checkout, patient, start};

fn nightly_report(cluster: Option<&str>) -> FamilyKey {
    FamilyKey { cluster: cluster.map(Into::into), family: "nightly-report".into() }
}

fn stored(text: &str) -> Stored {
    Stored {
        record: format!("{{\"of\":\"{text}\"}}"),
        stops: "[]".to_owned(),
        hashes: vec![1, 2],
        due: Some("2026-11-21T02:14:07Z".parse().expect("a time")),
        past: None,
    }
}

#[tokio::test]
async fn a_familys_record_is_kept_under_its_own_key_beside_the_services() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let keys = [nightly_report(Some("prod")), nightly_report(Some("test")), nightly_report(None)];
    for key in &keys {
        let nothing = Ok(Loaded { stored: None, version: 0 });
        assert_eq!(table.load_family(key).await, nothing);
        let saved = table.save_family(key, &stored(&key.to_string()), true, 0).await;
        assert_eq!(saved, Ok(Saved::Held));
    }
    assert_eq!(table.save(&checkout(), &stored("a service"), true, 0).await, Ok(Saved::Held));
    for key in &keys {
        let mine = stored(&key.to_string());
        let loaded = Ok(Loaded { stored: Some(mine.clone()), version: 1 });
        assert_eq!(table.load_family(key).await, loaded);
        assert_eq!(table.save_family(key, &mine, false, 0).await, Ok(Saved::Overtaken));
        assert_eq!(table.save_family(key, &mine, false, 1).await, Ok(Saved::Held));
    }
    let items = local.items("records").expect("a table");
    let due: Vec<&Value> = items
        .iter()
        .filter(|item| item.get("due").is_some())
        .map(|item| &item["pk"]["S"])
        .collect();
    let expected = json!([
        "#family//nightly-report",
        "#family/prod/nightly-report",
        "#family/test/nightly-report",
        "prod/checkout"
    ]);
    assert_eq!(json!(due), expected);
}

#[tokio::test]
async fn the_defaults_alone_are_read_in_one_call_for_one_name() {
    let local = start().await;
    let parameters = aws_at(&local.endpoint(), patient()).await.parameters("/steady/config");
    assert_eq!(parameters.defaults().await, Ok(None));
    assert_eq!(parameters.put("defaults", "team = \"a\"").await, Ok(1));
    assert_eq!(parameters.defaults().await, Ok(Some("team = \"a\"".to_owned())));
    let asked: Vec<Value> = local
        .calls()
        .into_iter()
        .filter(|call| call.operation == "GetParameters")
        .map(|call| call.request["Names"].clone())
        .collect();
    assert_eq!(asked, vec![json!(["/steady/config/defaults"]); 2]);
}
