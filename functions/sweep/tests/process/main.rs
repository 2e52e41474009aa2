//! The real binary as a process under a Runtime API, against the embedded AWS.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end at a surprise")]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_core::name::ServiceKey;
use steady_core::port::KeepRecords;
use steady_core::record::{Record, Stored};
use steady_e2e::process::{Process, names_the_variable_that_it_lacks, record_table};
use steady_e2e::{Account, TABLE};
use steady_local_aws::{Fault, What, When};

const DUE: usize = 20;

const TWENTY_MINUTES: SignedDuration = SignedDuration::from_mins(20);

async fn spawn(account: &Account, access_key: &str) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_sweep"), account, access_key).await
}

/// What EventBridge's schedule sends; nothing of it is needed.
fn minute() -> Value {
    json!({"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the processes have the machine's clock")]
    Timestamp::now()
}

/// An account without services, whose table says that so many have been due for a minute, the first the longest; and one
/// that is due tomorrow.
async fn due(services: usize) -> Account {
    let earlier = now() - TWENTY_MINUTES;
    let account = Account::open(1, earlier, Timing::default()).await.unwrap();
    for number in 0..services {
        let since = now() - SignedDuration::from_secs(60 + 2 * (services - number) as i64);
        save(&account, number, |record| record.store(Some(since))).await;
    }
    let tomorrow = now() + SignedDuration::from_hours(24);
    save(&account, services, |record| record.store(Some(tomorrow))).await;
    account
}

async fn save(account: &Account, number: usize, stored: impl FnOnce(&Record) -> Stored) {
    let service = ServiceKey::new("prod", &format!("service-{number}"));
    let stored = stored(&Record::new(service.clone()));
    let table = record_table(account).await;
    let loaded = table.load(&service).await.unwrap();
    table.save(&service, &stored, true, loaded.version).await.unwrap();
}

/// The services that are in the index `open`.
fn open(account: &Account) -> Vec<String> {
    let items = account.aws.items(TABLE).unwrap();
    let open = items.iter().filter(|item| item.get("open").is_some());
    open.map(|item| item["pk"]["S"].as_str().unwrap().to_owned()).collect()
}

fn calls_of(account: &Account, caller: &str) -> Vec<String> {
    let calls = account.aws.calls().into_iter().filter(|call| call.caller == caller);
    calls.map(|call| call.operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_that_is_due_has_its_turn_and_no_other() {
    let account = due(DUE).await;
    let sweep = spawn(&account, "AKIAONE").await;
    assert_eq!(sweep.invoke(&minute()).await, Value::Null);
    assert_eq!(open(&account), [format!("prod/service-{DUE}")]);
    let calls = calls_of(&account, "AKIAONE");
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    // The index, and each record once; nothing follows but that it is not due any more.
    assert_eq!((count("Query"), count("UpdateItem")), (1 + DUE, DUE), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_nothing_due_it_reads_twice_and_writes_nothing() {
    let account = due(0).await;
    let sweep = spawn(&account, "AKIAONE").await;
    // The first minute begins the slow pass, which is through at once.
    sweep.invoke(&minute()).await;
    let before = calls_of(&account, "AKIAONE").len();
    sweep.invoke(&minute()).await;
    assert_eq!(calls_of(&account, "AKIAONE")[before..], ["Query", "GetItem"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_leave_nothing_due_and_look_at_the_fleet_once() {
    let mut account = due(DUE).await;
    account.create_service(2).await.unwrap();
    account.pass_unheard(TWENTY_MINUTES);
    let one = spawn(&account, "AKIAONE").await;
    let other = spawn(&account, "AKIAOTHER").await;
    let minute = minute();
    let (first, second) = tokio::join!(one.try_invoke(&minute), other.try_invoke(&minute));
    assert_eq!((first, second), (Ok(Value::Null), Ok(Value::Null)));
    assert_eq!(open(&account), [format!("prod/service-{DUE}")]);
    let looked = [calls_of(&account, "AKIAONE"), calls_of(&account, "AKIAOTHER")].concat();
    let looked = looked.iter().filter(|call| *call == "DescribeServices").count();
    assert_eq!(looked, 2, "a page of one service, and its turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_makes_no_sense_fails_the_invocation_and_keeps_no_other_from_its_turn() {
    let account = due(DUE).await;
    let since = now() - SignedDuration::from_hours(1);
    let damaged = |_: &Record| Stored {
        record: "{".to_owned(),
        ..Record::new("a/b".into()).store(Some(since))
    };
    save(&account, 3, damaged).await;
    let sweep = spawn(&account, "AKIAONE").await;
    let failed = sweep.try_invoke(&minute()).await.unwrap_err();
    assert!(
        failed.contains("1 of the services that were due could not have their turn"),
        "{failed}"
    );
    assert_eq!(open(&account), [format!("prod/service-{DUE}"), "prod/service-3".to_owned()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_does_not_answer_fails_the_invocation_and_the_next_one_catches_up() {
    let account = due(DUE).await;
    let sweep = spawn(&account, "AKIAONE").await;
    let refused = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "is not authorized to perform: dynamodb:Query".to_owned(),
    };
    account.aws.fault(Fault { when: When::always("dynamodb", "Query"), what: refused });
    let failed = sweep.try_invoke(&minute()).await.unwrap_err();
    assert!(failed.contains("the index of what is due could not be read"), "{failed}");
    assert_eq!(open(&account).len(), DUE + 1);
    account.aws.clear_faults();
    sweep.invoke(&minute()).await;
    assert_eq!(open(&account).len(), 1);
}

#[test]
fn without_its_environment_it_ends_with_a_message_that_names_the_variable() {
    names_the_variable_that_it_lacks(env!("CARGO_BIN_EXE_sweep"));
}
