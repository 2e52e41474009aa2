//! `steady backtest` as a process: its JSON, the same bytes, and the published recordings.

#![expect(clippy::unwrap_used, reason = "functions that tests share are tests too")]

mod command;

use std::ffi::OsString;
use std::path::Path;

use command::{Done, Folder, steady};
use serde_json::Value;

const CONFIG: &str =
    "[capacity]\nmin = 2\nmax = 60\n[[target_tracking]]\nmetric = \"cpu\"\ntarget = 55.0\n";

fn backtest(folder: &Folder, load: &Path, more: &[&str]) -> Done {
    folder.file("prod/web.toml", CONFIG);
    let config = folder.path().join("prod/web.toml");
    let mut args =
        vec!["backtest", "--load", load.to_str().unwrap(), "--config", config.to_str().unwrap()];
    args.extend(more);
    steady(folder, &args)
}

fn outcome<'v>(report: &'v Value, name: &str) -> &'v Value {
    let all = report["outcomes"].as_array().unwrap();
    all.iter().find(|one| one["name"].as_str().is_some_and(|it| it.starts_with(name))).unwrap()
}

#[test]
fn json_has_every_action_with_its_reason_and_all_that_was_assumed() {
    let folder = Folder::new();
    let minutes = (0..120).map(|minute| {
        let load = if minute < 60 { 500 } else { 900 };
        format!("2026-11-21T{:02}:{:02}:00Z,{load}\n", minute / 60, minute % 60)
    });
    folder.file("load.csv", minutes.collect::<String>());
    let load = folder.path().join("load.csv");
    let done = backtest(&folder, &load, &["--per-task", "100", "--format", "json"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let report = &done.json()[0];
    assert_eq!(report["service"], "prod/web");
    let actions = report["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["at"], "2026-11-21T01:06:00Z");
    assert_eq!((&actions[0]["from"], &actions[0]["to"]), (&10.into(), &17.into()));
    assert_eq!(actions[0]["reason"], "`cpu`: 90 above 55; 10 running x 90 / 55 asks for 17");
    assert_eq!(report["assumptions"]["metric_delay_seconds"], 180);
    let names: Vec<&str> = report["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["config", "HPA at 55 %", "static peak", "oracle"]);
    assert_eq!(outcome(report, "static")["violating_minutes"], 0.0);
    let again = backtest(&folder, &load, &["--per-task", "100", "--format", "json"]);
    assert_eq!(done.stdout, again.stdout, "the same bytes");
}

#[test]
fn utilization_and_the_tasks_that_ran_are_a_load_too() {
    let folder = Folder::new();
    let rows = |value: fn(usize) -> usize| {
        let row = |minute| format!("2026-11-21T00:{minute:02}:00Z,{}\n", value(minute));
        (0..60).map(row).collect::<String>()
    };
    folder.file("cpu.csv", rows(|minute| if minute < 2 { 97 } else { 50 }));
    folder.file("tasks.csv", rows(|minute| if minute < 30 { 4 } else { 8 }));
    let (cpu, tasks) = (folder.path().join("cpu.csv"), folder.path().join("tasks.csv"));
    let done = backtest(&folder, &cpu, &["--running", tasks.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stdout.contains("the load fills 3.1 tasks on average, 4.0 at most"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("note: in 2 minutes utilization was 95 % or more"),
        "{}",
        done.stdout
    );
}

/// What each published recording needs, chosen so that its peak fills some ten to fifty tasks.
const PUBLISHED: [(&str, &[&str]); 7] = [
    ("nab_elb_request_count_8c0756.csv", &["--per-task", "10"]),
    ("nab_ec2_cpu_utilization_5f5533.csv", &["--running", "10"]),
    ("nab_rds_cpu_utilization_e47b3b.csv", &["--running", "10"]),
    ("nab_cpu_utilization_asg_misconfiguration.csv", &["--running", "10"]),
    ("nab_Twitter_volume_AAPL.csv", &["--per-task", "60"]),
    ("nasa_http_1995-07_per_minute.csv", &["--per-task", "30"]),
    ("azure_llm_2023_conv_10s.csv", &["--per-task", "60", "--column", "requests"]),
];

#[expect(clippy::disallowed_methods, reason = "where recordings lie is the caller's to say")]
fn shared() -> Option<OsString> {
    std::env::var_os("STEADY_SHARED")
}

/// The recordings lie where `STEADY_SHARED` says, and are not in this repository.
#[test]
fn every_published_recording_is_read_and_played() {
    let Some(shared) = shared() else { return };
    let folder = Folder::new();
    for (file, more) in PUBLISHED {
        let more: Vec<&str> = more.iter().copied().chain(["--format", "json"]).collect();
        let done = backtest(&folder, &Path::new(&shared).join("traces").join(file), &more);
        assert_eq!(done.code, Some(0), "{file}: {}", done.stderr);
        let report = &done.json()[0];
        let oracle = outcome(report, "oracle");
        assert_eq!(oracle["violating_minutes"], 0.0, "{file}");
        assert_eq!(outcome(report, "static")["violating_minutes"], 0.0, "{file}");
        for rival in ["config", "HPA", "static"] {
            let cost = |name: &str| outcome(report, name)["task_hours"].as_f64().unwrap();
            let never_short = outcome(report, rival)["violating_minutes"] == 0.0;
            assert!(!never_short || cost(rival) >= cost("oracle") - 1e-6, "{file}: {rival}");
        }
    }
}
