//! What loads, and how files come together.

use jiff::SignedDuration;
use steady_core::config::{
    ConfigTree, Expect, Health, LoadBounds, LoadSettings, Loaded, Measure, NoticeFormat, Notify,
    Play, RollbackMode, Running, Scaling, ServiceConfig, SourceFile, Witness, load_tree,
    parse_duration, render_duration,
};

use crate::SAMPLE;

fn load(files: &[(&str, &str)]) -> Loaded {
    let files: Vec<SourceFile<'_>> =
        files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    load_tree(&files)
}

/// The tree of files without a finding.
fn tree(files: &[(&str, &str)]) -> ConfigTree {
    let loaded = load(files);
    assert_eq!(loaded.findings, []);
    loaded.tree.unwrap_or_default()
}

fn rendered(files: &[(&str, &str)]) -> String {
    let loaded = load(files);
    let lines: Vec<String> = loaded.findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn complete_sample_loads_with_its_values() {
    let loaded = load(&[("defaults.toml", SAMPLE)]);
    let tree = loaded.tree.unwrap();
    let expected = ServiceConfig {
        team: Some("payments".to_owned()),
        health: Health {
            rollback: RollbackMode::Auto,
            witness: Witness::Act,
            rollback_window: SignedDuration::from_hours(24),
            deadline: SignedDuration::from_mins(20),
            soak: SignedDuration::from_mins(10),
            rollback_alarms: vec!["checkout-5xx".to_owned()],
        },
        notify: Notify {
            topic: Some("arn:aws:sns:eu-west-1:111122223333:payments-oncall".to_owned()),
            format: NoticeFormat::Text,
        },
        // Of a service that nobody named nothing is scaled.
        scaling: Scaling::default(),
        expect: Vec::new(),
    };
    assert_eq!(loaded.findings, []);
    assert_eq!(tree.defaults, expected);
    assert_eq!(tree.standalone_tasks, ["nightly-report"]);
    assert_eq!(tree.services().count(), 0);
    assert_eq!(tree.for_service("prod/anything"), &expected);
}

#[test]
fn what_is_expected_is_read_as_it_stands() {
    let text = r#"
[capacity]
min = 2
max = 10

[[expect]]
load = "loads/friday.csv"
per_task = 600
gaps = "zero"
start_up = "2m"
task = "0.5/1"
violating_percent_at_most = 1
tasks_at_most = 8

[[expect]]
name = "CPU of October"
load = "october.csv"
running = "october-tasks.csv"
cost_usd_at_most = 40.5

[[expect]]
scenario = "../scenarios/crash-at-start.toml"
runs = 200
"#;
    let tree = tree(&[("prod/checkout.toml", text), ("prod/cart.toml", "")]);
    let friday = Expect {
        name: "loads/friday.csv".to_owned(),
        play: Play::Load {
            file: "loads/friday.csv".to_owned(),
            measure: Measure::PerTask(600.0),
            settings: Box::new(LoadSettings {
                gaps_are_zero: Some(true),
                start_up: Some(SignedDuration::from_mins(2)),
                task: Some([0.5, 1.0]),
                ..LoadSettings::default()
            }),
            bounds: LoadBounds {
                violating_percent_at_most: Some(1.0),
                tasks_at_most: Some(8),
                ..LoadBounds::default()
            },
        },
    };
    let october = Expect {
        name: "CPU of October".to_owned(),
        play: Play::Load {
            file: "october.csv".to_owned(),
            measure: Measure::Running(Running::File("october-tasks.csv".to_owned())),
            settings: Box::default(),
            bounds: LoadBounds { cost_usd_at_most: Some(40.5), ..LoadBounds::default() },
        },
    };
    let crash = "../scenarios/crash-at-start.toml".to_owned();
    let crash =
        Expect { name: crash.clone(), play: Play::Scenario { file: crash, runs: Some(200) } };
    assert_eq!(tree.for_service("prod/checkout").expect, [friday, october, crash]);
    assert_eq!(tree.for_service("prod/cart").expect, []);
}

#[test]
fn no_config_at_all_changes_nothing() {
    let tree = tree(&[]);
    assert_eq!(tree, ConfigTree::default());
    let config = tree.for_service("prod/checkout");
    assert_eq!(config, &ServiceConfig::default());
    insta::assert_json_snapshot!(config, @r#"
    {
      "team": null,
      "health": {
        "rollback": "notify",
        "witness": "act",
        "rollback_window": "PT24H",
        "deadline": "PT20M",
        "soak": "PT10M",
        "rollback_alarms": []
      },
      "notify": {
        "topic": null,
        "format": "text"
      }
    }
    "#);
}

#[test]
fn service_files_hold_field_by_field_over_the_defaults() {
    const DEFAULTS: &str = r#"
        team = "platform"
        [health]
        rollback = "auto"
        witness = "probe"
        rollback_window = "2h"
        deadline = "30m"
        soak = "5m"
        rollback_alarms = ["a", "b"]
        [notify]
        topic = "arn:aws:sns:eu-west-1:111122223333:platform"
        format = "chat"
    "#;
    type Change = fn(&mut ServiceConfig);
    let cases: &[(&str, Change)] = &[
        ("", |_| {}),
        ("team = 'x'", |c| c.team = Some("x".to_owned())),
        ("health.rollback = 'notify'", |c| {
            c.health.rollback = RollbackMode::Notify;
        }),
        ("health.witness = 'act'", |c| c.health.witness = Witness::Act),
        ("health.rollback_window = '0s'", |c| {
            c.health.rollback_window = SignedDuration::ZERO;
        }),
        ("health.deadline = '1h30m'", |c| {
            c.health.deadline = SignedDuration::from_mins(90);
        }),
        ("health.soak = '90s'", |c| {
            c.health.soak = SignedDuration::from_secs(90);
        }),
        ("health.rollback_alarms = ['c']", |c| {
            c.health.rollback_alarms = vec!["c".to_owned()];
        }),
        ("health.rollback_alarms = []", |c| c.health.rollback_alarms.clear()),
        ("[notify]\nformat = 'json'", |c| c.notify.format = NoticeFormat::Json),
        ("notify = { topic = 'arn:aws:sns:eu-west-1:111122223333:x' }", |c| {
            c.notify.topic = Some("arn:aws:sns:eu-west-1:111122223333:x".to_owned());
        }),
    ];
    for (service, change) in cases {
        let tree = tree(&[("prod/checkout.toml", service), ("defaults.toml", DEFAULTS)]);
        let mut expected = tree.defaults.clone();
        assert_eq!(expected.team.as_deref(), Some("platform"));
        change(&mut expected);
        assert_eq!(tree.for_service("prod/checkout"), &expected, "{service}");
        assert_eq!(tree.for_service("test/checkout"), &tree.defaults);
        let named: Vec<&str> = tree.services().map(|(name, _)| name).collect();
        assert_eq!(named, ["prod/checkout"]);
    }
}

#[test]
fn limits_of_the_ranges_are_allowed() {
    for text in [
        "health.soak = '0s'",
        "health.soak = '24h'",
        "health.soak = '1d'",
        "health.deadline = '1m'",
        "health.deadline = '23h59m60s'",
        "health.rollback_window = '0s'",
        "health.rollback_window = '30d'",
    ] {
        tree(&[("prod/checkout.toml", text)]);
    }
    let alarm = "é".repeat(255);
    tree(&[("prod/checkout.toml", &format!("health.rollback_alarms = ['{alarm}']"))]);
    let team = "é".repeat(100);
    tree(&[("prod/checkout.toml", &format!("team = '{team}'"))]);
    let name = "a".repeat(255);
    tree(&[(&format!("{name}/{name}.toml"), "")]);
}

#[test]
fn topics_of_every_partition_are_allowed() {
    for topic in [
        "arn:aws:sns:eu-west-1:111122223333:oncall",
        "arn:aws-cn:sns:cn-north-1:111122223333:oncall",
        "arn:aws-us-gov:sns:us-gov-west-1:111122223333:oncall",
        "arn:aws-eusc:sns:eusc-de-east-1:111122223333:oncall",
        "arn:aws-iso-b:sns:us-isob-east-1:111122223333:on_call-2",
    ] {
        let tree = tree(&[("defaults.toml", &format!("notify.topic = '{topic}'"))]);
        assert_eq!(tree.defaults.notify.topic.as_deref(), Some(topic));
    }
}

#[test]
fn all_errors_of_all_files_are_told_in_order() {
    let checkout = r#"tean = "payments"

[health]
rollback = "atuo"
soak = 5
deadline = "0s"
rollback_alarms = ["", "a", 7, "a"]

[[surge]]

[notify]
format = "txt"
topic = "oncall"
standalone_tasks = ["nightly report"]
"#;
    let files = [
        ("prod/checkout.toml", checkout),
        ("prod/api.toml", "team = \n[health]\nsoak = 5"),
        ("defaults.toml", "health = 1"),
    ];
    insta::assert_snapshot!(rendered(&files), @r#"
    defaults.toml:1:10: `health` is `1`, expected a table; begin a section `[health]`
    prod/api.toml:1:8: not valid TOML: a value is missing
    prod/api.toml:3:8: `health.soak` is `5`, expected a duration such as `"10m"`; write `"5m"` (the same as `"300s"`), or `"5s"`
    prod/checkout.toml:1:1: `tean` is unknown at the top level; did you mean `team`
    prod/checkout.toml:4:12: `health.rollback` is `"atuo"`, expected one of `"auto"`, `"notify"`, `"off"`; did you mean `"auto"`
    prod/checkout.toml:5:8: `health.soak` is `5`, expected a duration such as `"10m"`; write `"5m"` (the same as `"300s"`), or `"5s"`
    prod/checkout.toml:6:12: `health.deadline` is `"0s"`, shorter than the shortest allowed, `"1m"`; write `"1m"` or more
    prod/checkout.toml:7:20: `health.rollback_alarms[0]` is `""`, expected an alarm's name; leave the entry out if there is none
    prod/checkout.toml:7:29: `health.rollback_alarms[2]` is `7`, expected a string
    prod/checkout.toml:7:32: warning: `health.rollback_alarms` contains `a` twice; leave the second one out
    prod/checkout.toml:9:1: `surge` has no effect without `[capacity]`: nothing of the service's scaling is managed; begin a section `[capacity]` with `min` and `max`
    prod/checkout.toml:9:1: `surge[0]` has no `alarm`; write `alarm = "…"`
    prod/checkout.toml:9:1: `surge[0]` has no `min`; write `min = 2`
    prod/checkout.toml:12:10: `notify.format` is `"txt"`, expected one of `"text"`, `"json"`, `"chat"`; did you mean `"text"`
    prod/checkout.toml:13:9: `notify.topic` is `"oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`; see `aws sns list-topics`, or leave it out for the account's default topic
    prod/checkout.toml:14:1: `notify.standalone_tasks` is allowed in `defaults.toml` only; move it to `[notify]` in `defaults.toml`
    prod/checkout.toml:14:21: `notify.standalone_tasks[0]` is `"nightly report"`, expected a task definition's family: 1 to 255 letters, digits, `-` or `_`
    "#);
    assert_eq!(load(&files).tree, None);
}

#[test]
fn columns_count_characters() {
    let cases = [
        ("health = { \"é\" = 1, soak = 5 }", "prod/a.toml:1:28:"),
        ("\u{feff}team = 7", "prod/a.toml:1:8:"),
        ("# 서울\r\nhealth.rollback_alarms = ['é서울', 7]\r\n", "prod/a.toml:2:34:"),
        ("team = 'é' x", "prod/a.toml:1:12:"),
    ];
    for (text, at) in cases {
        let said = rendered(&[("prod/a.toml", text)]);
        assert!(said.lines().any(|line| line.starts_with(at)), "{at}: {said}");
    }
}

#[test]
fn what_the_defaults_do_is_said_in_the_defaults_only() {
    let defaults = "[health]\nrollback = 'auto'\nwitness = 'page'";
    let page = "health.witness = 'page'";
    let cases: &[(&str, &str, &str)] = &[
        (defaults, "team = 'x'", "defaults.toml:3:11"),
        ("health.rollback = 'auto'", page, "prod/a.toml:1:18"),
        (page, "health.rollback = 'auto'", "prod/a.toml:1:19"),
        (page, "health.rollback = 'notify'", ""),
        ("health.rollback = 'off'", "health.rollback_alarms = ['a']", "prod/a.toml:1:26"),
        ("health.rollback_alarms = ['a']", "health.rollback = 'off'", ""),
        ("", "[health]\nrollback = 'off'\nrollback_alarms = []", ""),
    ];
    for (defaults, service, expected) in cases {
        let said = rendered(&[("defaults.toml", defaults), ("prod/a.toml", service)]);
        let at: Vec<&str> = said.lines().filter_map(|l| l.split(": ").next()).collect();
        assert_eq!(at.join(" "), *expected, "{defaults} / {service}");
    }
}

#[test]
fn a_value_with_an_error_counts_as_absent() {
    let defaults = "[health]\nrollback = 'off'";
    let service = "[health]\nrollback = 'atuo'\nrollback_alarms = ['a']";
    let files = [("defaults.toml", defaults), ("prod/a.toml", service)];
    insta::assert_snapshot!(rendered(&files), @r#"
    prod/a.toml:2:12: `health.rollback` is `'atuo'`, expected one of `"auto"`, `"notify"`, `"off"`; did you mean `"auto"`
    prod/a.toml:3:19: warning: `health.rollback_alarms` has no effect while `health.rollback` is `"off"`; leave it out, or write `rollback = "notify"` or `"auto"`
    "#);
}

#[test]
fn a_file_handed_in_twice_is_an_error() {
    let files = [("prod/a.toml", ""), ("prod/a.toml", "")];
    insta::assert_snapshot!(rendered(&files), @"prod/a.toml:1:1: the file is there twice; hand each file in once");
}

#[test]
fn findings_in_json_have_the_same_data() {
    let loaded = load(&[("prod/a.toml", "[health]\nsoak = 5")]);
    insta::assert_json_snapshot!(loaded.findings, @r#"
    [
      {
        "severity": "error",
        "rule": "not-a-duration",
        "file": "prod/a.toml",
        "line": 2,
        "column": 8,
        "width": 1,
        "key": "health.soak",
        "message": "`health.soak` is `5`, expected a duration such as `\"10m\"`",
        "fix": "write `\"5m\"` (the same as `\"300s\"`), or `\"5s\"`"
      }
    ]
    "#);
}

#[test]
fn a_tree_survives_json() {
    // What is wanted of scaling is kept elsewhere.
    let defaults = SAMPLE.split("[capacity]").next().unwrap();
    let files = [("defaults.toml", defaults), ("prod/a.toml", "health.soak = '1h30m7s'")];
    let tree = load(&files).tree.unwrap();
    let json = serde_json::to_string(&tree).unwrap();
    assert_eq!(serde_json::from_str::<ConfigTree>(&json).unwrap(), tree);
    // A record written before a field existed still loads.
    let empty: ServiceConfig = serde_json::from_str(r#"{"health": {}}"#).unwrap();
    assert_eq!(empty, ServiceConfig::default());
}

#[test]
fn words_are_the_same_in_toml_and_in_json() {
    for (key, word) in [
        ("rollback", "auto"),
        ("rollback", "notify"),
        ("rollback", "off"),
        ("witness", "act"),
        ("witness", "probe"),
        ("witness", "page"),
        ("format", "text"),
        ("format", "json"),
        ("format", "chat"),
    ] {
        let table = if key == "format" { "notify" } else { "health" };
        let tree = tree(&[("defaults.toml", &format!("{table}.{key} = '{word}'"))]);
        let json = serde_json::to_value(&tree.defaults).unwrap();
        assert_eq!(json[table][key], word);
    }
}

#[test]
fn durations_are_read_and_written_alike() {
    let cases = [
        ("0s", 0, "0s"),
        ("90s", 90, "1m30s"),
        ("5m", 300, "5m"),
        ("2h", 7_200, "2h"),
        ("1h30m", 5_400, "1h30m"),
        ("1d", 86_400, "24h"),
        ("36h", 129_600, "36h"),
        ("7d", 604_800, "7d"),
        ("2d1h1m1s", 176_461, "2d1h1m1s"),
    ];
    for (text, seconds, written) in cases {
        let duration = SignedDuration::from_secs(seconds);
        assert_eq!(parse_duration(text), Ok(duration));
        assert_eq!(render_duration(duration), written);
    }
}
