//! `steady test` as a process: what teams expect of their config, met, not met, and not to be played.

#![expect(clippy::unwrap_used, reason = "functions that tests share are tests too")]

mod command;

use std::fs;

use command::{Done, Folder, steady};
use serde_json::Value;

const CONFIG: &str =
    "[capacity]\nmin = 2\nmax = 60\n[[target_tracking]]\nmetric = \"cpu\"\ntarget = 55.0\n";

const CRASH: &str = "title = \"crash\"\nbad = true\n[service]\ntasks = 4\n[new]\nfailing_starts = 1.0\n\
                     [expect.act]\nfired_at_least = 1.0\n[expect.page]\nfired_at_most = 0.5\n";

/// An hour at 500 a minute, then an hour at 1500, with a gap of half an hour in the first.
fn load() -> String {
    let rows = (0..120).filter(|minute| !(25..55).contains(minute)).map(|minute| {
        let load = if minute < 60 { 500 } else { 1500 };
        format!("2026-11-21T{:02}:{:02}:00,{load},{}\n", minute / 60, minute % 60, load / 20)
    });
    format!("time,requests,cpu\n{}", rows.collect::<String>())
}

/// A config of one service with these expectations, and something to play.
fn folder(expect: &str) -> Folder {
    let folder = Folder::new();
    let tasks = load()
        .lines()
        .skip(1)
        .map(|row| format!("{},9\n", row.split(',').next().unwrap()))
        .collect::<String>();
    folder
        .file("config/prod/web.toml", format!("{CONFIG}{expect}"))
        .file("config/prod/load.csv", load())
        .file("config/prod/tasks.csv", tasks)
        .file("crash.toml", CRASH);
    folder
}

fn test(folder: &Folder, more: &[&str]) -> Done {
    let args: Vec<&str> = ["test", "config"].iter().chain(more).copied().collect();
    steady(folder, &args)
}

const LOAD: &str = "[[expect]]\nload = \"load.csv\"\ncolumn = \"requests\"\nper_task = 100\n";

#[test]
fn what_is_met_and_what_is_not_is_told_with_the_command_that_shows_more() {
    let folder = folder(&format!(
        "{LOAD}violating_minutes_at_most = 8\ntasks_at_most = 16\n\
         [[expect]]\nname = \"cheap enough\"\nload = \"load.csv\"\ncolumn = \"requests\"\nper_task = 100\ncost_usd_at_most = 2\n\
         [[expect]]\nscenario = \"../../crash.toml\"\nruns = 6\n"
    ));
    let done = test(&folder, &[]);
    insta::assert_snapshot!(done.stdout, @"
    prod/web
      NOT MET  load.csv
               7 violating minutes, expected at most 8
             ! most tasks wanted 28, expected at most 16
               see: steady backtest --load config/prod/load.csv --config config/prod/web.toml --per-task 100 --column requests
      met      cheap enough
               1.75 USD, expected at most 2
      NOT MET  ../../crash.toml (page, 6 runs)
             ! fired in 6 of 6 runs, expected at most 50%
               see: steady simulate config/prod/../../crash.toml --config config --service prod/web --guard page --runs 6 --seed 1
    3 expectations: 1 met, 2 not met
    ");
    assert_eq!((done.code, done.stderr.as_str()), (Some(2), ""));
    assert_eq!(done.stdout, test(&folder, &[]).stdout, "the same bytes");
}

#[test]
fn the_guard_of_a_scenario_is_what_the_config_comes_to() {
    let scenario = "[[expect]]\nscenario = \"../../crash.toml\"\nruns = 4\n";
    let table = [
        ("rollback = \"auto\"", 0, "met"),
        ("rollback = \"auto\"\nwitness = \"act\"", 0, "met"),
        ("rollback = \"notify\"\nwitness = \"act\"", 2, "not met"),
        ("rollback = \"off\"", 2, "not met"),
        ("rollback = \"auto\"\nwitness = \"probe\"", 65, "error"),
    ];
    for (health, code, result) in table {
        let folder = folder(&format!("[health]\n{health}\n{scenario}"));
        let done = test(&folder, &["--format", "json"]);
        let line = &done.json()[0];
        assert_eq!((done.code, line["result"].as_str()), (Some(code), Some(result)), "{health}");
        if result == "error" {
            let why = "config/prod/../../crash.toml: it expects nothing of `probe`, which this config's `rollback` and \
                       `witness` come to: write `[expect.probe]` there";
            assert_eq!(line["errors"][0], why);
        }
    }
}

#[test]
fn a_scenario_is_played_with_the_health_of_the_config() {
    // A revision that is proven a minute after its deployment completes is not rolled back where the window is none.
    let scenario = "title = \"late\"\nbad = true\n[service]\ntasks = 20\n[new]\nexits_after = \"5m\"\n[run]\nhorizon = \"30m\"\n\
                    [expect.act]\nfired_at_least = 1.0\n";
    let expect = "[[expect]]\nscenario = \"../../late.toml\"\nruns = 2\n";
    for (soak, met) in [("1h", true), ("1m", false)] {
        let health =
            format!("[health]\nrollback = \"auto\"\nsoak = \"{soak}\"\nrollback_window = \"0s\"\n");
        let folder = folder(&format!("{health}{expect}"));
        folder.file("late.toml", scenario);
        let done = test(&folder, &["--format", "json"]);
        let line = &done.json()[0];
        assert_eq!(line["result"] == "met", met, "{soak}: {line}");
        // The command that is named plays the same.
        let words: Vec<&str> = line["see"].as_str().unwrap().split(' ').skip(1).collect();
        assert_eq!(steady(&folder, &words).code, Some(if met { 0 } else { 2 }), "{soak}");
    }
}

#[test]
fn every_bound_can_fail() {
    let table = [
        ("violating_percent_at_most", "10", "9.9"),
        ("violating_minutes_at_most", "7", "6"),
        ("longest_shortage_at_most", "\"7m\"", "\"6m\""),
        ("cost_usd_at_most", "1.76", "1.74"),
        ("tasks_at_least", "10", "11"),
        ("tasks_at_most", "28", "27"),
        ("actions_per_day_at_most", "24", "23"),
        ("starts_per_day_at_most", "216", "215"),
    ];
    for (key, holds, fails) in table {
        for (bound, result) in [(holds, "met"), (fails, "not met")] {
            let done = test(&folder(&format!("{LOAD}{key} = {bound}\n")), &["--format", "json"]);
            let line = &done.json()[0];
            assert_eq!(line["result"], result, "{key} = {bound}: {line}");
            assert_eq!(line["checked"][0]["key"], key);
        }
    }
}

/// Costs and violating minutes, as `test` and as `backtest` say them.
#[test]
fn each_setting_does_what_the_option_of_backtest_does() {
    let requests = "column = \"requests\"\nper_task = 100\n";
    let cpu = "column = \"cpu\"\nrunning = 9\n";
    let table = [
        requests.to_owned(),
        cpu.to_owned(),
        "column = \"cpu\"\nrunning = \"tasks.csv\"\n".to_owned(),
        format!("{cpu}capacity_at = 60\n"),
        format!("{requests}timezone = \"Asia/Seoul\"\n"),
        format!("{requests}gaps = \"zero\"\n"),
        format!("{requests}tasks = 30\n"),
        format!("{requests}start_up = \"10m\"\n"),
        format!("{requests}task = \"4/8\"\n"),
        format!("{requests}region = \"sa-east-1\"\n"),
        format!("{requests}region = \"sa-east-1\"\narm = true\n"),
        format!("{requests}price = \"1/1\"\n"),
        format!("{requests}spot = 50\n"),
    ];
    let mut figures = Vec::new();
    for settings in table {
        let bounds = "cost_usd_at_most = 0\nviolating_minutes_at_most = 0\n";
        let folder = folder(&format!("[[expect]]\nload = \"load.csv\"\n{settings}{bounds}"));
        let done = test(&folder, &["--format", "json"]);
        assert_eq!(done.code, Some(2), "{settings}: {}", done.stderr);
        let line = &done.json()[0];
        let mut words: Vec<&str> = line["see"].as_str().unwrap().split(' ').skip(1).collect();
        words.extend(["--format", "json"]);
        let backtest = steady(&folder, &words);
        assert_eq!(backtest.code, Some(0), "{settings}: {}", backtest.stderr);
        let config = &backtest.json()[0]["outcomes"][0];
        let said = |place: usize| -> f64 {
            let said = line["checked"][place]["said"].as_str().unwrap();
            said.split(' ').next().unwrap().parse().unwrap()
        };
        let figure = |name: &str| config[name].as_f64().unwrap();
        assert!((said(1) - figure("cost_usd")).abs() <= 0.005, "{settings}: {line}");
        assert!((said(0) - figure("violating_minutes")).abs() <= 0.005, "{settings}: {line}");
        figures.push(((figure("cost_usd"), figure("violating_minutes")), settings));
    }
    let plain = figures[0].0;
    let same: Vec<&str> = figures[1..]
        .iter()
        .filter(|(figures, settings)| settings.contains("requests") && *figures == plain)
        .map(|(_, settings)| settings.lines().last().unwrap())
        .collect();
    assert_eq!(same, ["timezone = \"Asia/Seoul\""], "the config has no window");
}

#[test]
fn what_cannot_be_played_is_told_and_the_rest_is_played() {
    let folder = folder(&format!(
        "[[expect]]\nload = \"nowhere.csv\"\nper_task = 100\ntasks_at_most = 9\n\
         [[expect]]\nload = \"words.csv\"\nper_task = 100\ntasks_at_most = 9\n\
         [[expect]]\nload = \"load.csv\"\nper_task = 100\ncolumn = \"requests\"\nregion = \"mars-1\"\ntasks_at_most = 9\n\
         [[expect]]\nscenario = \"../../broken.toml\"\n{LOAD}tasks_at_least = 10\n"
    ));
    folder.file("config/prod/words.csv", "2026-11-21T00:00:00Z,many\n");
    folder.file("broken.toml", "title = 7\n");
    let done = test(&folder, &["--junit", "report.xml"]);
    insta::assert_snapshot!(done.stdout, @r#"
    prod/web
      ERROR    nowhere.csv
             ! config/prod/nowhere.csv: cannot read it: No such file or directory (os error 2)
      ERROR    words.csv
             ! config/prod/words.csv: line 1: `many` is no number
             ! nothing was played: config/prod/words.csv cannot be used as it is
      ERROR    load.csv
             ! `region`: there is no price of `mars-1` here, only of us-east-1, us-east-2, us-west-2, eu-west-1, eu-west-2, eu-central-1, ap-northeast-1, ap-southeast-2, sa-east-1: write `price = "VCPU/GB"`, in USD an hour
      ERROR    ../../broken.toml
             ! config/prod/../../broken.toml:1:1: `bad` is missing; write `bad = true` if the new revision is to blame, `bad = false` if it is not
             ! config/prod/../../broken.toml:1:1: `service` is missing; begin a section `[service]` with `tasks = 20`
             ! config/prod/../../broken.toml:1:9: `title` is `7`, expected a text
      met      load.csv
               fewest tasks wanted 10, expected at least 10
    5 expectations: 1 met, 4 could not be played
    "#);
    assert_eq!((done.code, done.stderr.as_str()), (Some(65), ""));
    insta::assert_snapshot!(fs::read_to_string(folder.path().join("report.xml")).unwrap(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="steady test" tests="5" skipped="0" failures="0" errors="4">
        <testsuite name="prod/web" tests="5" skipped="0" errors="4" failures="0">
            <testcase name="nowhere.csv" classname="prod/web">
                <error message="config/prod/nowhere.csv: cannot read it: No such file or directory (os error 2)" type="could not be played">config/prod/nowhere.csv: cannot read it: No such file or directory (os error 2)</error>
            </testcase>
            <testcase name="words.csv" classname="prod/web">
                <error message="config/prod/words.csv: line 1: `many` is no number" type="could not be played">config/prod/words.csv: line 1: `many` is no number
    nothing was played: config/prod/words.csv cannot be used as it is</error>
            </testcase>
            <testcase name="load.csv" classname="prod/web">
                <error message="`region`: there is no price of `mars-1` here, only of us-east-1, us-east-2, us-west-2, eu-west-1, eu-west-2, eu-central-1, ap-northeast-1, ap-southeast-2, sa-east-1: write `price = &quot;VCPU/GB&quot;`, in USD an hour" type="could not be played">`region`: there is no price of `mars-1` here, only of us-east-1, us-east-2, us-west-2, eu-west-1, eu-west-2, eu-central-1, ap-northeast-1, ap-southeast-2, sa-east-1: write `price = &quot;VCPU/GB&quot;`, in USD an hour</error>
            </testcase>
            <testcase name="../../broken.toml" classname="prod/web">
                <error message="config/prod/../../broken.toml:1:1: `bad` is missing; write `bad = true` if the new revision is to blame, `bad = false` if it is not" type="could not be played">config/prod/../../broken.toml:1:1: `bad` is missing; write `bad = true` if the new revision is to blame, `bad = false` if it is not
    config/prod/../../broken.toml:1:1: `service` is missing; begin a section `[service]` with `tasks = 20`
    config/prod/../../broken.toml:1:9: `title` is `7`, expected a text</error>
            </testcase>
            <testcase name="load.csv" classname="prod/web">
                <system-out>fewest tasks wanted 10, expected at least 10</system-out>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn where_nothing_is_expected_nothing_passes() {
    let empty = folder("");
    let done = test(&empty, &[]);
    assert_eq!(done.code, Some(64));
    assert_eq!(done.stderr, "steady: nothing was tested: no file in config has an `[[expect]]`\n");
    let one = folder(&format!("{LOAD}tasks_at_most = 30\n"));
    one.file("config/prod/cart.toml", CONFIG);
    for (service, code, said) in [
        ("prod/web", 0, ""),
        ("prod/cart", 64, "steady: nothing was tested: "),
        ("prod/cars", 64, "steady: --service: there is no config/prod/cars.toml"),
    ] {
        let done = test(&one, &["--service", service]);
        assert_eq!(done.code, Some(code), "{service}");
        assert!(done.stderr.starts_with(said), "{service}: {}", done.stderr);
    }
}

#[test]
fn a_config_with_errors_and_a_report_that_cannot_be_written_are_named() {
    let wrong = folder("[[expect]]\nload = \"load.csv\"\ntasks_at_most = 3\n");
    let done = test(&wrong, &[]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(65), ""));
    assert!(
        done.stderr.starts_with("config/prod/web.toml:8:8: `expect[0]` does not say"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.ends_with("nothing was tested: the config in config has errors\n"));

    let done = test(&folder(&format!("{LOAD}tasks_at_most = 30\n")), &["--junit", "no/report.xml"]);
    assert_eq!(done.code, Some(70));
    assert!(
        done.stderr.starts_with("steady: --junit: cannot write no/report.xml: "),
        "{}",
        done.stderr
    );
}

#[test]
fn json_says_what_text_says() {
    let folder = folder(&format!("{LOAD}tasks_at_most = 16\n"));
    let lines: Vec<Value> = test(&folder, &["--format", "json"]).json();
    let expected = serde_json::json!([{
        "service": "prod/web", "name": "load.csv", "result": "not met", "how": null, "errors": null,
        "checked": [{"key": "tasks_at_most", "met": false, "said": "most tasks wanted 28, expected at most 16"}],
        "see": "steady backtest --load config/prod/load.csv --config config/prod/web.toml --per-task 100 --column requests",
    }]);
    assert_eq!(Value::from(lines), expected);
}
