//! `pause`, `resume` and `rollback`: the only ones of these that change anything.

use std::path::Path;

use steady_e2e::Account;
use steady_local_aws::{Fault, What, When};
use steady_sim::Behaviour;

use crate::command::{catches_up, minutes, proven, proven_twice, steady, steady_asked};

const OFF: &str = "[health]\nrollback = 'off'\n";

fn subjects(account: &Account) -> Vec<String> {
    let deliveries = account.aws.deliveries().into_iter();
    deliveries.map(|one| one.subject.unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_at_once_is_told_by_sweep_and_ends_with_resume() {
    let mut account = proven(OFF).await;
    let ran = steady(&account, &["pause", "--for", "2h", "--reason", "database migration"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Steady is paused in eu-west-1 by ana until TIME: database migration
    No rollback, no witnesses, no change of scaling; what AWS has taken before goes on.
    A notice goes out within a minute.
    --- exit code 0
    "#);
    assert_eq!(ran.calls, ["GetCallerIdentity", "GetParameters", "GetItem", "UpdateItem"]);
    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Steady is paused by ana until TIME: database migration

    1 service known, 0 with an open incident
    newest deployments: 1 proven
    --- exit code 0
    "#);
    catches_up(&mut account, minutes(2)).await;
    let [subject] = subjects(&account).try_into().unwrap();
    assert!(subject.starts_with("[warning] Steady: paused by ana until "), "{subject}");

    let ran = steady(&account, &["rollback", "prod/checkout", "--yes"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not rolled back: Steady is paused by ana until TIME (database migration); `steady resume` ends that
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);

    let again = ["pause", "--reason", "still at it", "--by", "ben", "--format", "json"];
    let ran = steady(&account, &again);
    insta::assert_snapshot!(ran.whole(), @r#"
    {"paused":{"until":null,"by":"ben","reason":"still at it"},"before":{"until":"TIME","by":"ana","reason":"database migration"},"region":"eu-west-1"}
    --- exit code 0
    "#);
    assert_eq!(ran.calls, ["GetParameters", "GetItem", "UpdateItem"], "who it is was said");
    let ran = steady(&account, &["resume"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Steady acts again in eu-west-1. It was paused by ben until somebody resumes: still at it
    A notice goes out within a minute.
    --- exit code 0
    "#);
    let ran = steady(&account, &["resume"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Steady is not paused in eu-west-1; nothing was changed.
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    catches_up(&mut account, minutes(4)).await;
    assert_eq!(
        subjects(&account)[1..],
        ["[warning] Steady: paused by ben until somebody resumes", "[info] Steady: resumed by ana"]
    );
    assert_eq!(account.sweeps_failed, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_rolls_back_what_steady_sees_nothing_wrong_with_and_steady_follows_it() {
    let mut account = proven_twice(OFF).await;
    let args = ["rollback", "prod/checkout", "--yes", "--reason", "slow since noon"];
    let ran = steady(&account, &args);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout runs checkout:2 (deployment ecs-svc/7018638183136409814), 4 of 4 tasks.
    It goes back to checkout:1, proven at TIME:
      UpdateService to checkout:1; the desired count stays
    checkout:2 counts as bad from then on; your pipeline and templates still name it, and their next run brings it back.
    AWS has taken it. `steady status prod/checkout` follows it; a notice says when it is steady, and if it does not help.
    --- exit code 0
    "#);
    assert_eq!(ran.calls.iter().filter(|call| *call == "UpdateService").count(), 1);
    assert!(!ran.calls.contains(&"Publish".to_owned()), "that is left to sweep");
    assert_eq!(account.revision().await.unwrap(), "checkout:1");

    let ran = steady(&account, &args);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not rolled back: Steady is rolling it back to checkout:1 already
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    catches_up(&mut account, minutes(10)).await;
    assert_eq!(
        subjects(&account),
        [
            "[warning] prod/checkout: ana rolls it back from checkout:2 to checkout:1",
            "[info] prod/checkout: resolved, rolled back from checkout:2",
        ]
    );
    let ran = steady(&account, &["history", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    TIME to TIME, 2 min: rollback by hand on checkout:2
      rollback  begun at TIME, to checkout:1: UpdateService, away from ecs-svc/7018638183136409814
      ended     rollback verified: checkout:1 (deployment ecs-svc/2380769925821507325) is steady
      incident  INCIDENT
    --- exit code 0
    "#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_nobody_is_asked_and_nothing_is_read() {
    let account = proven_twice(OFF).await;
    let ran = steady(&account, &["rollback", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: there is no terminal to ask on: `--yes` rolls back without asking
    --- exit code 64
    "#);
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_a_rollback_is_shown_and_asked_for_and_only_a_yes_begins_it() {
    let account = proven_twice(OFF).await;
    let asked = |args: &[&str], typed| {
        let args = [&["rollback", "prod/checkout"], args].concat();
        steady_asked(&account, Path::new("/"), &args, typed)
    };
    let ran = asked(&[], "n\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout runs checkout:2 (deployment ecs-svc/7018638183136409814), 4 of 4 tasks.
    It goes back to checkout:1, proven at TIME:
      UpdateService to checkout:1; the desired count stays
    checkout:2 counts as bad from then on; your pipeline and templates still name it, and their next run brings it back.
    prod/checkout is not rolled back: nothing was changed
    --- stderr
    Roll prod/checkout back? [y/N] --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    for typed in ["\n", "", "nay\ny\n"] {
        let ran = asked(&[], typed);
        assert!(ran.code == 2 && ran.only_read(), "{typed:?}: {}", ran.whole());
    }
    let ran = asked(&["--format", "json"], "n\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    {"service":"prod/checkout","outcome":"declined","from":"checkout:2","to":"checkout:1","deployment":"ecs-svc/7018638183136409814","call":"UpdateService","reason":"nothing was changed"}
    --- stderr
    prod/checkout runs checkout:2 (deployment ecs-svc/7018638183136409814), 4 of 4 tasks.
    It goes back to checkout:1, proven at TIME:
      UpdateService to checkout:1; the desired count stays
    checkout:2 counts as bad from then on; your pipeline and templates still name it, and their next run brings it back.
    Roll prod/checkout back? [y/N] --- exit code 2
    "#);
    let ran = asked(&["--reason", "slow since noon"], "yes\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout runs checkout:2 (deployment ecs-svc/7018638183136409814), 4 of 4 tasks.
    It goes back to checkout:1, proven at TIME:
      UpdateService to checkout:1; the desired count stays
    checkout:2 counts as bad from then on; your pipeline and templates still name it, and their next run brings it back.
    AWS has taken it. `steady status prod/checkout` follows it; a notice says when it is steady, and if it does not help.
    --- stderr
    Roll prod/checkout back? [y/N] --- exit code 0
    "#);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_guards_the_service_is_said_with_exit_code_2_and_changes_nothing() {
    let account = proven_twice(OFF).await;
    let to = |revision| steady(&account, &["rollback", "prod/checkout", "--to", revision, "--yes"]);
    let ran = to("checkout:9");
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not rolled back: checkout:9 is not proven (completed, and behaved through its soak); proven are checkout:2, checkout:1
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = to("checkout:2");
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not rolled back: it runs checkout:2 already
    --- exit code 2
    "#);
    account.deregister("checkout:1").await.unwrap();
    let ran = to("checkout:1");
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not rolled back: checkout:1 was deregistered (INACTIVE), and ECS runs no such revision
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let json = ["rollback", "prod/checkout", "--yes", "--format", "json"];
    let ran = steady(&account, &json);
    insta::assert_snapshot!(ran.whole(), @r#"
    {"service":"prod/checkout","outcome":"refused","from":"checkout:2","to":"checkout:1","deployment":"ecs-svc/7018638183136409814","call":null,"reason":"checkout:1 was deregistered (INACTIVE), and ECS runs no such revision"}
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_does_not_take_now_is_left_to_steady_and_said() {
    let mut account = proven_twice(OFF).await;
    account.aws.fault(Fault { when: When::times(2, "ecs", "UpdateService"), what: What::Throttle });
    let ran = steady(&account, &["rollback", "prod/checkout", "--yes"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout runs checkout:2 (deployment ecs-svc/7018638183136409814), 4 of 4 tasks.
    It goes back to checkout:1, proven at TIME:
      UpdateService to checkout:1; the desired count stays
    checkout:2 counts as bad from then on; your pipeline and templates still name it, and their next run brings it back.
    AWS has not taken it yet (UpdateService was throttled (ThrottlingException: Rate exceeded)). Steady tries again for five minutes, and a notice says what came of it.
    --- exit code 0
    "#);
    assert_eq!(account.revision().await.unwrap(), "checkout:2");
    catches_up(&mut account, minutes(3)).await;
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_override_is_put_in_shown_and_ended() {
    let account = proven(OFF).await;
    let service = "prod/checkout";
    let ran = steady(&account, &["override", service, "--list"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: nothing is overridden
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let sale = ["--min", "20", "--rollback", "off", "--for", "2h", "--reason", "sale"];
    let put = [&["override", service, "--by", "ana"], &sale[..]].concat();
    let ran = steady(&account, &put);
    insta::assert_snapshot!(numberless(&ran), @r#"
    prod/checkout: overridden, and applied within a minute
      at least 20 tasks, no rollback by itself until TIME, by ana: sale (ana-SECOND)
    To end it before its time: steady override prod/checkout --end ana-SECOND
    --- stderr
    steady: Steady does not manage the scaling of prod/checkout (no `[capacity]` in its config, or not read yet): bounds change only once it does
    --- exit code 0
    "#);
    assert_eq!(ran.calls, ["Query", "Query", "UpdateItem"]);
    let ran = steady(&account, &["status", service]);
    insta::assert_snapshot!(numberless(&ran), @r#"
    prod/checkout: no incident is open

    Deployment  checkout:1 (ecs-svc/7353848000608806813), proven; it began at TIME
    Tasks       4 desired, as read at TIME
    Proven      checkout:1, since TIME
    Config      rollback = "off"
    Overridden  at least 20 tasks, no rollback by itself until TIME, by ana: sale (ana-SECOND)
    --- exit code 0
    "#);
    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(numberless(&ran), @r#"
    Overridden
      prod/checkout: at least 20 tasks, no rollback by itself until TIME, by ana: sale
        to end it before: steady override prod/checkout --end ana-SECOND

    1 service known, 0 with an open incident
    newest deployments: 1 proven
    --- exit code 0
    "#);
    let ran = steady(&account, &["status", "--format", "json"]);
    insta::assert_snapshot!(numberless(&ran), @r#"
    {"region":"eu-west-1","paused":null,"services":1,"open":0,"overrides":[{"service":"prod/checkout","override":{"id":"ana-SECOND","by":{"person":"ana"},"reason":"sale","since":"TIME","until":"TIME","min":20,"rollback_off":true}}],"troubles":[]}
    {"service":"prod/checkout","incident":null,"deployment":{"id":"ecs-svc/7353848000608806813","revision":"checkout:1","began":"TIME","state":"proven","until":null},"desired_count":4,"read_at":"TIME","proven":[{"revision":"checkout:1","at":"TIME"}],"bad":[],"rollback":"off","to_do":[],"deleted_at":null}
    --- exit code 0
    "#);
    let ran = steady(&account, &["override", service, "--end", "ana-1"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: nothing was ended: no override of that id is in force; `--list` shows what is
    --- exit code 2
    "#);
    let ran = steady(&account, &["override", service, "--end", "all", "--by", "ana"]);
    insta::assert_snapshot!(numberless(&ran), @r#"
    prod/checkout: ended, and undone within a minute
      at least 20 tasks, no rollback by itself until TIME, by ana: sale (ana-SECOND)
    --- exit code 0
    "#);
    let ran = steady(&account, &["override", service, "--end", "all", "--by", "ana"]);
    insta::assert_snapshot!(numberless(&ran), @r#"
    prod/checkout: nothing that people made is in force; nothing was changed
    --- exit code 0
    "#);
    let crossed = ["--min", "20", "--max", "2", "--for", "2h", "--reason", "sale"];
    let ran = steady(&account, &[&["override", service, "--by", "ana"], &crossed[..]].concat());
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout is not overridden: it asks for at least 20 and at most 2 tasks
    --- stderr
    steady: Steady does not manage the scaling of prod/checkout (no `[capacity]` in its config, or not read yet): bounds change only once it does
    --- exit code 2
    "#);
    let ran = steady(&account, &["override", service, "--min", "20"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    error: the following required arguments were not provided:
      --for <DURATION>
      --reason <TEXT>

    Usage: steady override --for <DURATION> --reason <TEXT> --table <NAME> --config-prefix <PATH> <--min <TASKS>|--max <TASKS>|--rollback <off>|--list|--end <ID|all>> <CLUSTER/SERVICE>

    For more information, try '--help'.
    --- exit code 64
    "#);
    let ran = steady(&account, &["override", service]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    error: the following required arguments were not provided:
      <--min <TASKS>|--max <TASKS>|--rollback <off>|--list|--end <ID|all>>

    Usage: steady override --table <NAME> --config-prefix <PATH> <--min <TASKS>|--max <TASKS>|--rollback <off>|--list|--end <ID|all>> <CLUSTER/SERVICE>

    For more information, try '--help'.
    --- exit code 64
    "#);
}

/// Ids have the second in them.
fn numberless(ran: &crate::command::Ran) -> String {
    let whole = ran.whole();
    let words = whole.split_inclusive([' ', '\n', ')']);
    let masked = words.map(|word| match word.split_once("ana-") {
        Some((before, rest)) => {
            format!("{before}ana-SECOND{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => word.to_owned(),
    });
    masked.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_rollbacks_are_overridden_a_loop_is_told_and_not_rolled_back() {
    let mut account = proven("[health]\nrollback = 'auto'\n").await;
    let args = ["--rollback", "off", "--for", "2h", "--reason", "canary by hand", "--by", "ana"];
    let ran = steady(&account, &[&["override", "prod/checkout"], &args[..]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    catches_up(&mut account, minutes(1)).await;
    account.register().await.unwrap();
    let run = jiff::SignedDuration::from_secs(10);
    account.aws.ecs(|ecs| ecs.behave("checkout:2", Behaviour::OutOfMemoryAfter { run }));
    account.deploy("checkout:2").await.unwrap();
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    let told = account.aws.deliveries();
    let said = "nothing: rollbacks are overridden by ana until ";
    assert!(told.iter().any(|one| one.message.contains(said)), "{told:?}");
    // The button is not bound by it.
    let ran = steady(&account, &["rollback", "prod/checkout", "--yes", "--by", "ana"]);
    assert_eq!(ran.code, 0, "{}", ran.whole());
}
