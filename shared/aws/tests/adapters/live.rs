//! What is written is what is read, over the embedded AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use steady_aws::parameters::StoredFile;
use steady_core::installation::{Account, Pause};
use steady_core::name::ServiceKey;
use steady_core::notice::Message;
use steady_core::port::{
    ConfigFiles, KeepRecords, Loaded, PortError, Publish, ReadConfig, ReadLogs, Saved,
};
use steady_core::record::Stored;

use crate::setup::{aws_at, checkout, patient, start};

fn stored(n: u64, due: Option<&str>) -> Stored {
    Stored {
        record: format!(r#"{{"n":{n}}}"#),
        stops: format!("[{n}]"),
        hashes: vec![0, 255, n as u8],
        due: due.map(|due| due.parse().expect("a time")),
        past: None,
    }
}

#[tokio::test]
async fn a_record_is_loaded_as_it_was_saved() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let nothing = table.load(&checkout()).await;
    assert_eq!(nothing, Ok(Loaded { stored: None, version: 0 }));

    let first = stored(1, Some("2026-11-21T02:14:07Z"));
    assert_eq!(table.save(&checkout(), &first, true, 0).await, Ok(Saved::Held));
    let loaded = table.load(&checkout()).await.expect("an answer");
    assert_eq!(loaded, Loaded { stored: Some(first.clone()), version: 1 });

    // The stops stay as they were, and nothing is due any more.
    let second = stored(2, None);
    assert_eq!(table.save(&checkout(), &second, false, 1).await, Ok(Saved::Held));
    let loaded = table.load(&checkout()).await.expect("an answer");
    let expected = Stored { stops: first.stops, hashes: first.hashes, ..second };
    assert_eq!(loaded, Loaded { stored: Some(expected), version: 2 });

    let third = stored(3, Some("2026-11-21T02:15:00Z"));
    assert_eq!(table.save(&checkout(), &third, true, 2).await, Ok(Saved::Held));
    let loaded = table.load(&checkout()).await.expect("an answer");
    assert_eq!(loaded, Loaded { stored: Some(third), version: 3 });
}

#[tokio::test]
async fn a_record_without_stops_is_loaded_without_them() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let record = stored(1, None);
    assert_eq!(table.save(&checkout(), &record, false, 0).await, Ok(Saved::Held));
    let expected = Stored { record: record.record, ..Stored::default() };
    let loaded = table.load(&checkout()).await;
    assert_eq!(loaded, Ok(Loaded { stored: Some(expected), version: 1 }));
}

#[tokio::test]
async fn the_items_are_those_that_the_index_and_other_functions_expect() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let due = stored(1, Some("2026-11-21T02:14:07Z"));
    let quiet = stored(2, None);
    let api = ServiceKey::new("prod", "api");
    for (service, stored) in [(&checkout(), &due), (&api, &due)] {
        assert_eq!(table.save(service, stored, true, 0).await, Ok(Saved::Held));
    }
    // One ends with its stops written, one without: the index loses both.
    assert_eq!(table.save(&api, &quiet, true, 1).await, Ok(Saved::Held));
    let items = local.items("records").expect("a table");
    let api_record = json!({
        "pk": { "S": "prod/api" }, "sk": { "S": "record" },
        "record": { "S": "{\"n\":2}" }, "version": { "N": "2" }, "stops_version": { "N": "2" },
    });
    let record = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "record" },
        "record": { "S": "{\"n\":1}" }, "version": { "N": "1" }, "stops_version": { "N": "1" },
        "open": { "S": "open" }, "due": { "N": "1795227247" },
    });
    let stops = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "stops" },
        "stops": { "S": "[1]" }, "version": { "N": "1" }, "hashes": { "B": "AP8B" },
    });
    assert_eq!((&items[0], &items[2], &items[3]), (&api_record, &record, &stops));

    assert_eq!(table.save(&checkout(), &quiet, false, 1).await, Ok(Saved::Held));
    let items = local.items("records").expect("a table");
    let record = json!({
        "pk": { "S": "prod/checkout" }, "sk": { "S": "record" },
        "record": { "S": "{\"n\":2}" }, "version": { "N": "2" }, "stops_version": { "N": "1" },
    });
    assert_eq!((&items[2], &items[3]), (&record, &stops));
}

#[tokio::test]
async fn a_save_on_another_version_is_overtaken_and_writes_nothing() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    assert_eq!(table.save(&checkout(), &stored(1, None), true, 0).await, Ok(Saved::Held));
    let before = local.items("records").expect("a table");
    for stops in [false, true] {
        for version in [0, 2, 7] {
            let saved = table.save(&checkout(), &stored(9, None), stops, version).await;
            assert_eq!(saved, Ok(Saved::Overtaken), "{stops} {version}");
        }
    }
    assert_eq!(local.items("records").expect("a table"), before);
}

/// What each of many writers saved, read back after all: none lost, none won twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_saves_one_holds() {
    const WRITERS: u64 = 16;
    const SAVES: u64 = 5;
    let local = start().await;
    let aws = aws_at(&local.endpoint(), patient()).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let table = aws.table("records");
        writers.spawn(async move {
            let mut held = Vec::new();
            while (held.len() as u64) < SAVES {
                let version = table.load(&checkout()).await.expect("an answer").version;
                // Every other one with its stops.
                let (mine, stops) = (stored(writer, None), writer % 2 == 0);
                match table.save(&checkout(), &mine, stops, version).await {
                    Ok(Saved::Held) => held.push(version + 1),
                    Ok(Saved::Overtaken) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            held
        });
    }
    let mut versions = BTreeSet::new();
    while let Some(held) = writers.join_next().await {
        for version in held.expect("no writer panicked") {
            assert!(versions.insert(version), "version {version} held twice");
        }
    }
    assert_eq!(versions, (1..=WRITERS * SAVES).collect());
    let loaded = table_version(&local).await;
    assert_eq!(loaded, WRITERS * SAVES);
}

async fn table_version(local: &steady_local_aws::LocalAws) -> u64 {
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    table.load(&checkout()).await.expect("an answer").version
}

#[tokio::test]
async fn an_account_that_nobody_paused_has_no_item() {
    let local = start().await;
    let aws = aws_at(&local.endpoint(), patient()).await;
    assert_eq!(aws.table("records").account().await, Ok(Account::default()));
}

#[tokio::test]
async fn a_pause_is_read_from_the_accounts_item() {
    let local = start().await;
    let aws = aws_at(&local.endpoint(), patient()).await;
    local_put(&local, r#"{"paused":{"by":"ana","reason":"migration"}}"#).await;
    let pause =
        Pause { until: None, by: Some("ana".to_owned()), reason: Some("migration".to_owned()) };
    assert_eq!(
        aws.table("records").account().await,
        Ok(Account { paused: Some(pause), ..Account::default() })
    );

    local_put(&local, "not JSON").await;
    let error = aws.table("records").account().await.expect_err("damaged");
    assert!(matches!(&error, PortError::Refused { code, .. } if code == "DamagedItem"), "{error}");
}

async fn local_put(local: &steady_local_aws::LocalAws, account: &str) {
    use aws_sdk_dynamodb::types::AttributeValue::S;
    let config = crate::setup::loader(&local.endpoint())
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await;
    aws_sdk_dynamodb::Client::new(&config)
        .put_item()
        .table_name("records")
        .item("pk", S("#account".to_owned()))
        .item("sk", S("account".to_owned()))
        .item("account", S(account.to_owned()))
        .send()
        .await
        .expect("written");
}

#[tokio::test]
async fn a_table_that_is_not_there_is_refused_by_name() {
    let local = start().await;
    let aws = aws_at(&local.endpoint(), patient()).await;
    let error = aws.table("other").load(&checkout()).await.expect_err("no such table");
    assert!(
        matches!(&error, PortError::Refused { code, .. } if code == "ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn config_files_are_there_or_absent() {
    let local = start().await;
    let parameters = aws_at(&local.endpoint(), patient()).await.parameters("/steady/config/");
    let files = |defaults: Option<&str>, service: Option<&str>| {
        Ok(ConfigFiles {
            defaults: defaults.map(str::to_owned),
            service: service.map(str::to_owned),
        })
    };
    assert_eq!(parameters.config_files(&checkout()).await, files(None, None));
    assert_eq!(parameters.put("prod/checkout", "team = \"b\"").await, Ok(1));
    assert_eq!(parameters.config_files(&checkout()).await, files(None, Some("team = \"b\"")));
    assert_eq!(parameters.put("defaults", "team = \"a\"").await, Ok(1));
    assert_eq!(parameters.put("prod/checkout", "team = \"c\"").await, Ok(2));
    assert_eq!(
        parameters.config_files(&checkout()).await,
        files(Some("team = \"a\""), Some("team = \"c\""))
    );
    let one_call = local.calls().iter().filter(|call| call.operation == "GetParameters").count();
    assert_eq!(one_call, 3, "one call per reading");
}

#[tokio::test]
async fn all_files_are_listed_over_several_pages() {
    let local = start().await;
    let parameters = aws_at(&local.endpoint(), patient()).await.parameters("/steady/config");
    assert_eq!(parameters.list().await, Ok(Vec::new()));
    let mut expected = Vec::new();
    for n in (0..23).rev() {
        let name = format!("prod/service-{n:02}");
        let text = format!("team = \"{n}\"");
        assert_eq!(parameters.put(&name, &text).await, Ok(1));
        expected.insert(0, StoredFile { name, text, version: 1 });
    }
    assert_eq!(parameters.list().await, Ok(expected));
    let pages = local.calls().iter().filter(|call| call.operation == "GetParametersByPath").count();
    assert_eq!(pages, 1 + 3);
}

#[tokio::test]
async fn a_file_over_4_kb_is_refused() {
    let local = start().await;
    let parameters = aws_at(&local.endpoint(), patient()).await.parameters("/steady/config");
    assert_eq!(parameters.put("defaults", &"#".repeat(4096)).await, Ok(1));
    let error = parameters.put("defaults", &"#".repeat(4097)).await.expect_err("too long");
    assert!(matches!(&error, PortError::Refused { call: "PutParameter", .. }), "{error}");
}

fn message(topic: Option<String>) -> Message {
    let attributes = [("severity", "critical"), ("service", "checkout"), ("notice", "n-1")];
    Message {
        id: "n-1".to_owned(),
        topic,
        subject: "[critical] prod/checkout: restart loop".to_owned(),
        body: "prod/checkout is in a restart loop.\n<&> and \"quotes\"".to_owned(),
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

#[tokio::test]
async fn a_message_goes_to_its_topic_or_else_to_the_default_one() {
    let local = start().await;
    let (default, own) = (local.create_topic("oncall"), local.create_topic("payments"));
    let topics = aws_at(&local.endpoint(), patient()).await.topics(&default);
    assert_eq!(topics.publish(&message(None)).await, Ok(()));
    assert_eq!(topics.publish(&message(Some(own.clone()))).await, Ok(()));

    let delivered = local.deliveries();
    let to: Vec<_> = delivered.iter().map(|delivery| delivery.topic.as_str()).collect();
    assert_eq!(to, [&default, &own]);
    let sent = message(None);
    assert_eq!(delivered[0].subject.as_ref(), Some(&sent.subject));
    assert_eq!(delivered[0].message, sent.body);
    let attributes: BTreeMap<_, _> = delivered[0]
        .attributes
        .iter()
        .map(|(name, attribute)| {
            assert_eq!(attribute.data_type, "String");
            (name.clone(), attribute.value.clone())
        })
        .collect();
    assert_eq!(attributes, sent.attributes);
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_refused() {
    let local = start().await;
    let gone = "arn:aws:sns:eu-west-1:111122223333:gone";
    let topics = aws_at(&local.endpoint(), patient()).await.topics(gone);
    let error = topics.publish(&message(None)).await.expect_err("no such topic");
    assert!(matches!(&error, PortError::Refused { code, .. } if code == "NotFound"), "{error}");
}

#[tokio::test]
async fn the_last_lines_of_a_stream_are_read_and_an_absent_one_is_none() {
    let local = start().await;
    let logs = aws_at(&local.endpoint(), patient()).await.logs();
    let at = |second: i64| jiff::Timestamp::from_second(1_795_226_000 + second).expect("a time");
    local.log_lines("/ecs/checkout", "app/1", &[(at(0), "a"), (at(1), "b"), (at(2), "c")]);
    let found = logs.tail("/ecs/checkout", "app/1", 2).await.expect("an answer");
    let texts: Vec<_> = found.expect("a stream").into_iter().map(|line| line.text).collect();
    assert_eq!(texts, ["b", "c"]);
    assert_eq!(logs.tail("/ecs/checkout", "app/2", 2).await, Ok(None));
    assert_eq!(logs.tail("/ecs/other", "app/1", 2).await, Ok(None));
    local.log_lines("/ecs/checkout", "app/3", &[]);
    assert_eq!(logs.tail("/ecs/checkout", "app/3", 2).await, Ok(Some(Vec::new())));
}

#[tokio::test]
async fn every_call_is_signed_for_the_region_by_the_caller() {
    let local = start().await;
    let aws = aws_at(&local.endpoint(), patient()).await;
    aws.table("records").account().await.expect("an answer");
    let calls = local.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].caller.as_str(), calls[0].service.as_str()), ("AKIATEST", "dynamodb"));
    assert_eq!(calls[0].request.get("TableName"), Some(&Value::from("records")));
}
