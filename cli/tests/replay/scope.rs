//! Whose events are taken, and which call is wrong.

use serde_json::Value;

use crate::command::{Done, Folder, command, replay_json, steady};
use crate::recorded::{EXIT_1, Task, at, lines};

/// One failed task each in two accounts and, of the first, two regions; the first event is of the first.
fn two_accounts() -> String {
    let life = |number: u32, account: &str, region: &str| {
        let started = at(i64::from(number));
        let task = Task::of_service("cart", "cart:7", "ecs-svc/9", started, number);
        let mut events = task.life(5, EXIT_1);
        for event in &mut events {
            event["account"] = account.into();
            event["region"] = region.into();
        }
        events
    };
    let mut events: Vec<Value> = life(1, "111122223333", "eu-west-1");
    events.extend(life(2, "444455556666", "eu-west-1"));
    events.extend(life(3, "111122223333", "us-east-1"));
    // Whose the recording is, does not hang on the order of its lines.
    events.reverse();
    lines(&events)
}

fn replay(more: &[&str]) -> Done {
    let folder = Folder::new();
    folder.file("events.jsonl", two_accounts());
    let mut arguments = vec!["replay", "--format", "json", "events.jsonl"];
    arguments.extend(more);
    steady(&folder, &arguments)
}

fn stopped(done: &Done) -> Vec<String> {
    let stops = done.of_kind("stop");
    let id = |stop: &Value| stop["reason"].as_str().unwrap()[..13].to_owned();
    stops.iter().map(id).collect()
}

/// How often each reason was given for skipping.
fn skipped(done: &Done) -> Vec<(String, usize)> {
    let mut reasons: Vec<String> = done
        .of_kind("skipped")
        .iter()
        .map(|line| line["reason"].as_str().unwrap().to_owned())
        .collect();
    reasons.sort();
    let chunks = reasons.chunk_by(|a, b| a == b);
    chunks.map(|same| (same[0].clone(), same.len())).collect()
}

#[test]
fn the_first_event_decides_whose_events_are_taken() {
    let done = replay(&[]).good();
    assert_eq!(stopped(&done), ["task 00000001"]);
    assert_eq!(
        skipped(&done),
        [
            ("of account 444455556666, not of 111122223333".to_owned(), 4),
            ("of region us-east-1, not of eu-west-1".to_owned(), 4),
        ]
    );
}

#[test]
fn account_and_region_choose() {
    let done = replay(&["--account", "444455556666"]).good();
    assert_eq!(stopped(&done), ["task 00000002"]);
    assert_eq!(skipped(&done).len(), 1);
    let done = replay(&["--region", "us-east-1"]).good();
    assert_eq!(stopped(&done), ["task 00000003"]);
    let done = replay(&["--account", "111122223333", "--region", "us-east-1"]).good();
    assert_eq!(stopped(&done), ["task 00000003"]);
    let done = replay(&["--account", "999999999999"]).good();
    assert_eq!(stopped(&done), Vec::<String>::new());
    assert_eq!(done.of_kind("skipped").len(), 12);
}

#[test]
fn in_text_what_was_skipped_is_counted_by_reason() {
    let folder = Folder::new();
    folder.file("events.jsonl", two_accounts());
    let done = steady(&folder, &["replay", "events.jsonl"]).good();
    let said = "4 events skipped: of account 444455556666, not of 111122223333\n\
                4 events skipped: of region us-east-1, not of eu-west-1\n";
    assert!(done.stdout.contains(said), "{}", done.stdout);
}

#[test]
fn an_account_that_is_none_is_a_wrong_call() {
    for wrong in ["12", "11112222333x", ""] {
        let done = replay(&["--account", wrong]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(64), ""));
        let said =
            format!("steady: --account is `{wrong}`, expected 12 digits such as `111122223333`\n");
        assert_eq!(done.stderr, said);
    }
}

#[test]
fn wrong_calls_end_with_64_and_say_where_help_is() {
    let folder = Folder::new();
    let done = steady(&folder, &[]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(64), ""));
    assert!(done.stderr.contains("Usage: steady <COMMAND>"), "{}", done.stderr);
    let wrong: [&[&str]; 5] = [
        &["replay"],
        &["replay", "--speed", "2", "x.jsonl"],
        &["replay", "--format", "yaml", "x.jsonl"],
        &["reply", "x.jsonl"],
        &["classify", "--account", "111122223333"],
    ];
    for arguments in wrong {
        let done = steady(&folder, arguments);
        assert_eq!((done.code, done.stdout.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(
            done.stderr.contains("\nFor more information, try '--help'."),
            "{arguments:?}: {}",
            done.stderr
        );
    }
}

#[test]
fn help_is_an_answer() {
    let folder = Folder::new();
    for arguments in [&["--help"][..], &["replay", "--help"], &["classify", "-h"], &["--version"]] {
        let done = steady(&folder, arguments).good();
        assert!(!done.stdout.is_empty());
    }
    assert!(steady(&folder, &["--help"]).stdout.contains("Exit codes: 0 done; 1 `check`"));
}

#[test]
fn without_its_config_nothing_is_replayed() {
    let folder = Folder::new();
    folder.file("events.jsonl", two_accounts()).file("empty/README.md", "none here");
    let done = steady(&folder, &["replay", "--config", "nowhere", "events.jsonl"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(70), ""));
    assert!(done.stderr.starts_with("steady: nowhere: cannot read it: "), "{}", done.stderr);

    let done = steady(&folder, &["replay", "--config", "empty", "events.jsonl"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(64), ""));
    assert!(done.stderr.starts_with("steady: empty: no config there"), "{}", done.stderr);
}

#[test]
fn with_an_error_in_its_config_nothing_is_replayed() {
    let folder = Folder::new();
    folder
        .file("events.jsonl", two_accounts())
        .file("config/defaults.toml", "[health]\nsoak = \"10m\"\nrollback = \"always\"\n");
    let done = steady(&folder, &["replay", "--config", "config", "events.jsonl"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(65), ""));
    let (finding, rest) = done.stderr.split_once('\n').unwrap();
    assert!(finding.starts_with("config/defaults.toml:3:12: "), "{finding}");
    assert!(finding.contains("`health.rollback`") && finding.contains("always"), "{finding}");
    assert!(
        rest.ends_with("steady: nothing was replayed: the config in config has errors\n"),
        "{rest}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    // More than fits a pipe, so that the process writes after its reader is gone.
    let mut events = Vec::new();
    for number in 0..1000 {
        let task = Task::of_family("import", at(i64::from(number)), number);
        events.extend(task.life(5, EXIT_1));
    }
    folder.file("events.jsonl", lines(&events));
    for verb in ["replay", "classify"] {
        let mut child = command(&folder, &[verb, "--format", "json", "events.jsonl"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn a_closed_stderr_costs_nothing_of_the_result() {
    let folder = Folder::new();
    folder.file("events.jsonl", format!("{}{}", "no event\n".repeat(20_000), two_accounts()));
    let mut child = command(&folder, &["replay", "--format", "json", "events.jsonl"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(65));
    let expected = replay_json(two_accounts()).stdout;
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
