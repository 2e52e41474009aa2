//! `plan` and `push`: a config tree beside the account, and into it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, CONFIG_PREFIX};

use crate::command::{ANA, Ran, now, proven, steady_asked, steady_in, takes_config_in};

const SCALED: &str =
    "[capacity]\nmin = 2\nmax = 40\n\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";

/// A tree of this test's own, in `config` of a directory in which the command is run.
pub(crate) fn tree(test: &str, files: &[(&str, &str)]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&dir);
    for (path, text) in files {
        let path = dir.join("config").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn written(ran: &Ran) -> usize {
    ran.calls
        .iter()
        .filter(|call| ["PutParameter", "DeleteParameters"].contains(&call.as_str()))
        .count()
}

/// What the parameters hold, by their names below the prefix.
fn parameters(account: &Account) -> Vec<(String, String)> {
    let input = json!({"Path": CONFIG_PREFIX, "Recursive": true});
    let answer = account.aws.by_hand("ssm", "GetParametersByPath", &input).unwrap();
    let parameters = answer.get("Parameters").and_then(|all| all.as_array()).unwrap();
    let text =
        |of: &serde_json::Value, key: &str| of.get(key).unwrap().as_str().unwrap().to_owned();
    let mut all: Vec<_> = parameters
        .iter()
        .map(|one| (text(one, "Name").replace("/steady/config/", ""), text(one, "Value")))
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_shows_what_would_change_and_changes_nothing() {
    let account = proven("team = 'a'\n").await;
    let files = [("prod/checkout.toml", SCALED), ("prod/plain.toml", "team = 'a'\n")];
    let dir = tree("plan", &files);
    let plan = ["plan", "config"];
    let ran = steady_in(&account, &dir, &plan);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout
      + scalable target service/prod/checkout
          min: 2
          max: 40
      + scaling policy steady-cpu
          type:               target tracking
          metric:             ECSServiceAverageCPUUtilization
          target:             55
          scale_out_cooldown: 5m
          scale_in_cooldown:  5m

    Plan: 2 to create, 0 to change, 0 to delete, 0 left alone
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);

    account.push_config(SCALED).await.unwrap();
    takes_config_in(&account).await;
    let ran = steady_in(&account, &dir, &plan);
    insta::assert_snapshot!(ran.whole(), @r#"
    Nothing to change: what is live is what the config wants
    --- exit code 0
    "#);

    let wider = SCALED.replace("max = 40", "max = 60").replace("55.0", "60.0");
    let dir = tree("plan", &[("prod/checkout.toml", &wider)]);
    let ran = steady_in(&account, &dir, &["plan", "config", "--service", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout
      ~ scalable target service/prod/checkout
          max: 40 → 60
      ~ scaling policy steady-cpu
          target: 55 → 60

    Plan: 0 to create, 2 to change, 0 to delete, 0 left alone
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady_in(&account, &dir, &["plan", "config", "--format", "json"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    {"service":"prod/checkout","changes":[{"does":"change","object":{"kind":"scalable-target","name":"service/prod/checkout"},"fields":[{"field":"max","old":"40","new":"60"}]},{"does":"change","object":{"kind":"scaling-policy","name":"steady-cpu"},"fields":[{"field":"target","old":"55","new":"60"}]}],"left_alone":[],"moves":null,"notes":[],"refused":null}
    --- exit code 2
    "#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_names_what_has_no_file_and_takes_no_half_config() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    let dir = tree("plan-left", &[("prod/other.toml", "team = 'a'\n")]);
    let ran = steady_in(&account, &dir, &["plan", "config"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Nothing to change: what is live is what the config wants

    Without a file, and left as they are, since absence removes nothing (`remove = true` or `steady push --prune` does):
      prod/checkout
    --- exit code 0
    "#);
    let ran = steady_in(&account, &dir, &["plan", "config", "--service", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: there is no config/prod/checkout.toml: nothing is wanted of this service's scaling, and nothing of it would change
    --- exit code 64
    "#);
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);

    let dir = tree("plan-wrong", &[("prod/checkout.toml", "[capacity]\nmin = 9\nmax = 4\n")]);
    let ran = steady_in(&account, &dir, &["plan", "config"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    error: `capacity.max` is `4`, less than `capacity.min`, `9`
     --> config/prod/checkout.toml:3:7
      |
    3 | max = 4
      |       ^
      |
      = help: write `max = 9` or more

    steady: nothing was planned: the config in config has errors
    --- exit code 65
    "#);
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_of_the_examples_in_an_account_without_scaling() {
    let account = Account::open(7, now(), Timing::default()).await.unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    account.register().await.unwrap();
    let ecs = |operation: &str, input: &serde_json::Value| {
        account.aws.ecs(|ecs| ecs.call(operation, input)).unwrap();
    };
    for cluster in ["batch", "prod", "prod-us", "staging"] {
        ecs("CreateCluster", &json!({"clusterName": cluster}));
        for file in fs::read_dir(root.join("examples/config").join(cluster)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            // Two are not deployed yet.
            if !["ab-testing", "gift-cards"].contains(&name) {
                let revision = "checkout:1";
                let service = json!({"cluster": cluster, "serviceName": name, "taskDefinition": revision, "desiredCount": 2});
                ecs("CreateService", &service);
            }
        }
    }
    // The Friday night of the sale: a window is open.
    let ran =
        steady_in(&account, &root, &["plan", "examples/config", "--at", "2026-11-27T23:00:00Z"]);
    insta::assert_snapshot!("plan_of_the_examples", ran.whole());
    assert!(ran.only_read(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_services_are_planned_from_one_listing_of_the_account() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    let others: Vec<String> = (0..25).map(|at| format!("prod/other-{at}.toml")).collect();
    let mut files: Vec<(&str, &str)> =
        others.iter().map(|it| (it.as_str(), "team = 'a'\n")).collect();
    files.push(("prod/checkout.toml", SCALED));
    let dir = tree("plan-many", &files);
    let ran = steady_in(&account, &dir, &["plan", "config"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Nothing to change: what is live is what the config wants
    --- exit code 0
    "#);
    let listed = ran.calls.iter().filter(|call| *call == "DescribeScalingPolicies").count();
    assert_eq!((listed, ran.only_read()), (1, true), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_writes_what_differs_and_nothing_the_second_time() {
    let account = proven(SCALED).await;
    let wider = SCALED.replace("max = 40", "max = 60");
    let files = [("defaults.toml", "team = 'a'\n"), ("prod/checkout.toml", wider.as_str())];
    let dir = tree("push", &files);
    let ran = steady_in(&account, &dir, &["push", "config"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: there is no terminal to ask on: `--yes` writes without asking, `--dry-run` writes nothing
    --- exit code 64
    "#);
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);
    let ran = steady_in(&account, &dir, &["push", "config", "--dry-run"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    + defaults (new)
    ~ prod/checkout (over version 1)
        - max = 40
        + max = 60

    Push: 1 new, 1 to change, 0 to remove, 0 to delete; 0 as the files
    Nothing was written.
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady_in(&account, &dir, &["push", "config", "--yes"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    + defaults (new)
    ~ prod/checkout (over version 1)
        - max = 40
        + max = 60

    Push: 1 new, 1 to change, 0 to remove, 0 to delete; 0 as the files
    defaults: written, version 1
    prod/checkout: written, version 2
    Steady takes it in within a minute: `steady plan config` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected.
    --- exit code 0
    "#);
    assert_eq!(written(&ran), 2);
    let pairs = [("defaults", "team = 'a'\n"), ("prod/checkout", wider.as_str())];
    let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(parameters(&account), pairs);
    let ran = steady_in(&account, &dir, &["push", "config", "--yes"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Nothing to write: the parameters are as the files
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prune_takes_scaling_back_before_its_parameter_goes() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    let dir = tree("prune", &[("prod/other.toml", "team = 'a'\n")]);
    let ran = steady_in(&account, &dir, &["push", "config", "--yes"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    + prod/other (new)

    Push: 1 new, 0 to change, 0 to remove, 0 to delete; 0 as the files
    Left as it is: prod/checkout (it has no file; `--prune` removes it)
    prod/other: written, version 1
    Steady takes it in within a minute: `steady plan config` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected.
    --- exit code 0
    "#);
    let prune = ["push", "config", "--prune", "--yes"];
    let ran = steady_in(&account, &dir, &prune);
    insta::assert_snapshot!(ran.whole(), @r#"
    - prod/checkout (no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back)

    Push: 0 new, 0 to change, 1 to remove, 0 to delete; 1 as the files
    prod/checkout: written, version 2
    Steady takes it in within a minute: `steady plan config` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected.
    --- exit code 0
    "#);
    let ran = steady_in(&account, &dir, &prune);
    insta::assert_snapshot!(ran.whole(), @r#"
    Nothing to write: the parameters are as the files
    Left as it is: prod/checkout (`remove = true` is written, and Steady has not removed all yet; push with `--prune` again later)
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);

    takes_config_in(&account).await;
    let ran = steady_in(&account, &dir, &[&prune[..], &["--format", "json"]].concat());
    insta::assert_snapshot!(ran.whole(), @r#"
    {"name":"prod/checkout","does":"delete","was":2,"outcome":"done","version":null,"why":null}
    --- exit code 0
    "#);
    assert_eq!(parameters(&account), [("prod/other".to_owned(), "team = 'a'\n".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prune_that_would_remove_many_services_is_not_done_without_being_asked_for_so_many() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    let dir = tree("prune-wrong", &[("prod/other.toml", "team = 'a'\n")]);
    let prune = ["push", "config", "--prune", "--yes", "--prune-at-most"];
    let ran = steady_in(&account, &dir, &[&prune[..], &["0"]].concat());
    insta::assert_snapshot!(ran.whole(), @"
    + prod/other (new)
    - prod/checkout (no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back)

    Push: 1 new, 0 to change, 1 to remove, 0 to delete; 0 as the files
    Nothing was written.
    --- stderr
    steady: services whose scaling would be removed: 1; without a question it is 0 at most. If config is all of your config, say `--prune-at-most 1`
    --- exit code 2
    ");
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady_in(&account, &dir, &[&prune[..], &["1"]].concat());
    assert_eq!((ran.code, written(&ran)), (0, 2), "{}", ran.whole());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_a_prune_names_what_goes_and_asks() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    let dir = tree("prune-asked", &[("prod/other.toml", "team = 'a'\n")]);
    let prune = ["push", "config", "--prune"];
    let ran = steady_asked(&account, &dir, &prune, "n\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    + prod/other (new)
    - prod/checkout (no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back)

    Push: 1 new, 0 to change, 1 to remove, 0 to delete; 0 as the files
    Nothing was written.
    --- stderr
    Write 2 parameters, 1 of them to remove a service's scaling? [y/N] --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady_asked(&account, &dir, &[&prune[..], &["--format", "json"]].concat(), "\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    {"name":"prod/other","does":"create","was":null,"outcome":"declined","version":null,"why":null}
    {"name":"prod/checkout","does":"remove","was":1,"outcome":"declined","version":1,"why":null}
    --- stderr
    + prod/other (new)
    - prod/checkout (no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back)

    Push: 1 new, 0 to change, 1 to remove, 0 to delete; 0 as the files
    Write 2 parameters, 1 of them to remove a service's scaling? [y/N] --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady_asked(&account, &dir, &prune, "y\n");
    insta::assert_snapshot!(ran.whole(), @r#"
    + prod/other (new)
    - prod/checkout (no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back)

    Push: 1 new, 0 to change, 1 to remove, 0 to delete; 0 as the files
    prod/other: written, version 1
    prod/checkout: written, version 2
    Steady takes it in within a minute: `steady plan config` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected.
    --- stderr
    Write 2 parameters, 1 of them to remove a service's scaling? [y/N] --- exit code 0
    "#);
    assert_eq!(written(&ran), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_where_the_config_has_errors() {
    let account = proven("team = 'a'\n").await;
    let dir = tree("push-wrong", &[("prod/checkout.toml", "[capacity]\nmin = 9\nmax = 4\n")]);
    let ran = steady_in(&account, &dir, &["push", "config", "--yes"]);
    assert_eq!((ran.code, ran.calls.len()), (65, 0), "{}", ran.err);
    assert!(
        ran.err.ends_with("steady: nothing was written: the config in config has errors\n"),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changes_meanwhile_is_named_and_not_written_over() {
    let account = proven("team = 'a'\n").await;
    let names = ["a", "b", "c", "checkout", "d", "e"].map(|name| format!("prod/{name}.toml"));
    let files: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), "team = 'b'\n")).collect();
    let dir = tree("push-overtaken", &files);
    let aws = &account.aws;
    let ran = std::thread::scope(|scope| {
        let push = scope.spawn(|| steady_in(&account, &dir, &["push", "config", "--yes"]));
        // After the listing, and before the fourth is written.
        while !aws.calls().iter().any(|call| call.operation == "PutParameter" && call.caller == ANA)
        {
            std::thread::yield_now();
        }
        let name = format!("{CONFIG_PREFIX}/prod/checkout");
        let theirs =
            json!({"Name": name, "Value": "team = 'c'", "Type": "String", "Overwrite": true});
        aws.by_hand("ssm", "PutParameter", &theirs).unwrap();
        push.join().unwrap()
    });
    insta::assert_snapshot!(ran.whole(), @r#"
    + prod/a (new)
    + prod/b (new)
    + prod/c (new)
    ~ prod/checkout (over version 1)
        - team = 'a'
        + team = 'b'
    + prod/d (new)
    + prod/e (new)

    Push: 5 new, 1 to change, 0 to remove, 0 to delete; 0 as the files
    prod/a: written, version 1
    prod/b: written, version 1
    prod/c: written, version 1
    prod/checkout: not written: somebody has changed the parameter meanwhile; push again to see what differs now
    prod/d: written, version 1
    prod/e: written, version 1
    Steady takes it in within a minute: `steady plan config` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected.
    --- exit code 2
    "#);
    let theirs = ("prod/checkout".to_owned(), "team = 'c'".to_owned());
    assert!(parameters(&account).contains(&theirs));
}
