//! What is remembered of services' scaling, over the embedded AWS.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use steady_core::overrides::{self, Handed, OverriddenBy, Override, Which};
use steady_core::port::{FindOpen, KeepRecords, KeepScaling, Loaded, Open, Saved};
use steady_core::record::{Stored, Whose};
use steady_core::scaling::{ScalingRecord, Suspended};
use steady_local_aws::{Fault, What, When};

use crate::setup::{aws_at, checkout, patient, start};

const NOW: Timestamp = Timestamp::constant(1_795_226_400, 0);

fn sale(min: u32) -> Override {
    Override {
        id: "sale".to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since: NOW,
        until: NOW + SignedDuration::from_hours(2),
        min: Some(min),
        max: None,
        suspended: Suspended::default(),
        rollback_off: false,
    }
}

#[tokio::test]
async fn a_scaling_record_is_kept_beside_the_services_under_its_own_key() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let nothing = Ok(Loaded { stored: None, version: 0 });
    assert_eq!(table.load_scaling(&checkout()).await, nothing);
    let stored = ScalingRecord::new(checkout()).store(Some(NOW));
    assert_eq!(table.save_scaling(&checkout(), &stored, 0).await, Ok(Saved::Held));
    assert_eq!(table.save_scaling(&checkout(), &stored, 0).await, Ok(Saved::Overtaken));
    assert_eq!(table.save_scaling(&checkout(), &stored, 2).await, Ok(Saved::Overtaken));
    // The service's own record is another item.
    assert_eq!(table.load(&checkout()).await, nothing);
    let own = Stored { record: "{}".to_owned(), ..Stored::default() };
    assert_eq!(table.save(&checkout(), &own, false, 0).await, Ok(Saved::Held));
    let loaded = Ok(Loaded { stored: Some(stored.clone()), version: 1 });
    assert_eq!(table.load_scaling(&checkout()).await, loaded);
    let due = Open { whose: Whose::Scaling(checkout()), due: NOW };
    assert_eq!(table.find_open(NOW, None, 10).await, Ok(vec![due]));
    let quiet = Stored { due: None, ..stored };
    assert_eq!(table.save_scaling(&checkout(), &quiet, 1).await, Ok(Saved::Held));
    assert_eq!(table.find_open(NOW, None, 10).await, Ok(Vec::new()));
    let keys: Vec<_> = local
        .items("records")
        .expect("a table")
        .iter()
        .map(|item| item["pk"]["S"].clone())
        .collect();
    assert_eq!(json!(keys), json!(["#scaling/prod/checkout", "prod/checkout"]));
}

#[tokio::test]
async fn an_override_is_handed_in_whatever_becomes_of_the_answers() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let put = Handed::Put(sale(20));
    // The first save is done and its answer lost: the SDK tries again and finds the version changed.
    local.fault(Fault { when: When::once("dynamodb", "UpdateItem"), what: What::AnswerLost });
    let handed = overrides::hand(&table, &checkout(), &put, NOW).await;
    assert_eq!(handed.expect("it is taken"), [sale(20)]);
    let Ok(Loaded { stored: Some(stored), version: 1 }) = table.load_scaling(&checkout()).await
    else {
        panic!("saved once");
    };
    assert_eq!(stored.due, Some(NOW));
    assert_eq!(ScalingRecord::restore(&stored).expect("a record").overrides, [sale(20)]);
    // Twenty at a time, each with its own: none is lost.
    let many = (0..20).map(|number| {
        let (table, id) = (table.clone(), format!("sale-{number}"));
        tokio::spawn(async move {
            let put = Handed::Put(Override { id, ..sale(number) });
            overrides::hand(&table, &checkout(), &put, NOW).await.is_ok()
        })
    });
    let mut taken = 0;
    for one in many.collect::<Vec<_>>() {
        taken += usize::from(one.await.expect("no panic"));
    }
    let loaded = table.load_scaling(&checkout()).await.expect("an answer");
    let record = ScalingRecord::restore(&loaded.stored.expect("saved")).expect("a record");
    assert_eq!(record.overrides.len(), 1 + taken);
    assert!(taken < overrides::MOST && taken > 0, "{taken}");
    let ended =
        overrides::hand(&table, &checkout(), &Handed::End(Which::Id("sale".to_owned())), NOW).await;
    assert_eq!(ended.expect("it is taken"), [sale(20)]);
}
