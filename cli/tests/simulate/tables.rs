//! What comes out, and how it ends.

use crate::command::{Folder, steady};
use crate::{CRASH, HEALTHY};

#[test]
fn a_row_for_each_scenario_and_a_column_for_each_guard() {
    let folder = Folder::new();
    folder.file("s/crash.toml", CRASH).file("s/healthy.toml", HEALTHY);
    let done =
        steady(&folder, &["simulate", "s", "--runs", "20", "--guard", "breaker,count,page,act"])
            .good();
    insta::assert_snapshot!(done.stdout, @r"
    The new revision is bad: it should be rolled back  runs  ECS breaker       5 stops / 10 min  Steady: page      Steady: act
    every start crashes                                20    100% · 1.0 (1.1)  100% · 1.5 (1.6)  100% · 0.9 (0.9)  100% · 1.9 (2.0)

    It is not the revision's fault: nothing should be rolled back  runs  ECS breaker  5 stops / 10 min  Steady: page  Steady: act
    all is well                                                    20    0            0                 0             0

    Seed 1. Share of runs in which it fired · median (nine of ten) minutes after the deployment.
    Never in 20 runs means: less than 15%, 19 times of 20.
    ");
}

#[test]
fn each_line_of_json_is_a_scenario_and_a_guard() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH).file("healthy.toml", HEALTHY);
    let args = ["simulate", "crash.toml", "healthy.toml", "--runs", "10", "--format", "json"];
    let lines = steady(&folder, &args).good().json();
    assert_eq!(lines.len(), 10);
    let crash = lines.iter().find(|line| line["scenario"] == "crash" && line["guard"] == "act");
    let crash = crash.unwrap();
    assert_eq!((&crash["share"], &crash["false_share"]), (&1.0.into(), &serde_json::Value::Null));
    assert!(crash["median_minutes"].as_f64().unwrap() < 5.0, "{crash}");
    let healthy = lines.iter().filter(|line| line["scenario"] == "healthy");
    assert!(
        healthy.clone().count() == 5 && healthy.into_iter().all(|line| line["false_share"] == 0.0)
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH);
    let with = |seed| {
        let args = ["simulate", "crash.toml", "--runs", "7", "--seed", seed, "--html", "page.html"];
        let done = steady(&folder, &args).good();
        (done.stdout, std::fs::read(folder.path().join("page.html")).unwrap())
    };
    let first = with("5");
    assert!(first == with("5"));
    assert!(first.1 != with("6").1);
}

#[test]
fn an_expectation_that_is_not_met_is_said_and_ends_with_2() {
    let folder = Folder::new();
    let expect = "[expect.act]\nfired_at_least = 0.99\nmedian_minutes_at_most = 0.5\nends_on = \"old\"\n\
                  [expect.page]\nfired_at_most = 0.2\n";
    folder.file("crash.toml", format!("{CRASH}{expect}"));
    let done = steady(&folder, &["simulate", "crash.toml", "--runs", "5"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let said: Vec<&str> = done.stdout.lines().filter(|line| line.starts_with("not met")).collect();
    assert_eq!(said.len(), 2, "{}", done.stdout);
    assert!(
        said[0].contains("crash.toml, page: fired in 5 of 5 runs, expected at most 20%"),
        "{said:?}"
    );
    assert!(said[1].contains("crash.toml, act: median"), "{said:?}");
    assert!(done.stdout.contains("2 of 4 expectations met"), "{}", done.stdout);
}

#[test]
fn what_is_expected_and_comes_ends_with_0() {
    let folder = Folder::new();
    let expect = "[expect.act]\nfired_at_least = 1.0\np90_minutes_at_most = 6.0\n";
    folder.file("crash.toml", format!("{CRASH}{expect}"));
    let done = steady(&folder, &["simulate", "crash.toml", "--runs", "5"]).good();
    assert!(done.stdout.contains("2 of 2 expectations met"), "{}", done.stdout);
}

#[test]
fn a_deployment_by_ci_in_the_middle_of_a_rollback_stays() {
    let folder = Folder::new();
    let more = "[[deploy]]\nat = \"5m\"\nfailing_starts = 0.0\n[expect.act]\nends_on = \"newer\"\n";
    folder.file("ci.toml", format!("{CRASH}{more}"));
    steady(&folder, &["simulate", "ci.toml", "--runs", "8", "--guard", "act"]).good();
}
