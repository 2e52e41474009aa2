//! `steady classify`, the process itself: one line for each event that tells of a stop.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod command;
mod recorded;

use command::{Done, Folder, keys, steady, steady_with_stdin};
use recorded::{EXIT_0, EXIT_1, End, REPLACED, Task, at, deployment, lines, steady_state};
use serde_json::{Value, json};

const KEYS: [&str; 9] =
    ["event_id", "service", "family", "task", "revision", "verdict", "cause", "stop_code", "fix"];

fn classify(events: &[Value]) -> Done {
    steady_with_stdin(&Folder::new(), &["classify"], lines(events)).good()
}

fn of_service(end: End) -> Vec<Value> {
    Task::of_service("checkout", "checkout:42", "ecs-svc/2", at(0), 1).life(8, end)
}

#[test]
fn each_line_has_the_nine_fields_in_order() {
    let mut events = of_service(EXIT_1);
    events.extend(of_service(REPLACED));
    events.extend(Task::of_family("import", at(0), 2).life(8, EXIT_1));
    let mut bare = of_service(EXIT_1).pop().unwrap();
    for field in ["id", "account", "region", "time"] {
        bare[field] = Value::Null;
    }
    let task = bare["detail"]["taskArn"].clone();
    bare["detail"] = json!({"taskArn": task, "lastStatus": "STOPPED"});
    events.push(bare);
    let done = classify(&events);
    assert_eq!(done.stdout.lines().count(), 7);
    for line in done.stdout.lines() {
        assert_eq!(keys(line), KEYS, "{line}");
    }
}

#[test]
fn a_stop_is_told_with_its_cause_and_first_fix() {
    let events = of_service(EXIT_1);
    let lines = classify(&events).json();
    let last = &events[events.len() - 1];
    let told = &lines[1];
    assert_eq!(told["event_id"], last["id"]);
    assert_eq!(told["service"], "prod/checkout");
    assert_eq!(told["family"], Value::Null);
    assert_eq!(told["task"], last["detail"]["taskArn"]);
    assert_eq!(told["revision"], "checkout:42");
    assert_eq!(told["verdict"], "revision");
    assert_eq!(told["cause"], "exit-code");
    assert_eq!(told["stop_code"], "EssentialContainerExited");
    assert!(!told["fix"].as_str().unwrap().is_empty());
}

#[test]
fn a_task_of_no_service_has_a_family() {
    for (end, verdict) in [(EXIT_1, "revision"), (EXIT_0, "benign")] {
        let lines = classify(&Task::of_family("import", at(0), 2).life(8, end)).json();
        for line in lines {
            assert_eq!((&line["service"], &line["family"]), (&Value::Null, &json!("import")));
            assert_eq!(line["verdict"], verdict);
        }
    }
}

#[test]
fn only_events_that_tell_of_a_stop_give_a_line() {
    let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", at(0), 1);
    let mut events = task.starts();
    events.push(deployment("checkout", "ecs-svc/2", "COMPLETED", at(5)));
    events.push(steady_state("checkout", at(5)));
    assert_eq!(classify(&events).stdout, "");
    assert_eq!(classify(&task.ends(at(9), EXIT_1)).stdout.lines().count(), 2);
}

#[test]
fn lines_come_as_their_events_do() {
    let mut events = of_service(EXIT_1);
    events.extend(Task::of_family("import", at(-500), 2).life(8, EXIT_1));
    let ids =
        |done: &Done| -> Vec<Value> { done.json().iter().map(|l| l["event_id"].clone()).collect() };
    let mut straight = ids(&classify(&events));
    events.reverse();
    straight.reverse();
    assert_eq!(ids(&classify(&events)), straight);
}

#[test]
fn text_names_who_what_and_the_fix() {
    let folder = Folder::new();
    let mut events = of_service(EXIT_1);
    events.extend(Task::of_family("import", at(0), 2).life(8, EXIT_0));
    folder.file("events.jsonl", lines(&events));
    let done = steady(&folder, &["classify", "--format", "text", "events.jsonl"]).good();
    let text: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(text.len(), 8);
    assert!(text[0].starts_with("prod/checkout checkout:42 task 00000001"), "{}", text[0]);
    assert!(text[0].ends_with(": revision, container app ended with exit code 1"), "{}", text[0]);
    assert!(text[1].starts_with("    Read the container's last log lines"), "{}", text[1]);
    assert!(text[4].starts_with("import import:3 task 00000002"), "{}", text[4]);
}

#[test]
fn several_files_and_stdin_are_read_in_turn() {
    let folder = Folder::new();
    folder.file("one.jsonl", lines(&of_service(EXIT_1)));
    let family = Task::of_family("import", at(0), 2).life(8, EXIT_1);
    let done = steady_with_stdin(&folder, &["classify", "-", "one.jsonl"], lines(&family)).good();
    let families: Vec<Value> = done.json().iter().map(|line| line["family"].clone()).collect();
    assert_eq!(families, [json!("import"), json!("import"), Value::Null, Value::Null]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_classified() {
    let input = format!("{}not an event\n{{}}\n", lines(&of_service(EXIT_1)));
    let done = steady_with_stdin(&Folder::new(), &["classify"], input);
    assert_eq!((done.code, done.stdout.lines().count()), (Some(65), 2));
    let said: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("steady: stdin:5: not JSON: "), "{said:?}");
    assert!(said[1].starts_with("steady: stdin:6: `detail-type` is missing"), "{said:?}");
}

#[test]
fn an_array_of_events_is_classified_too() {
    let document = serde_json::to_string_pretty(&of_service(EXIT_1)).unwrap();
    let done = steady_with_stdin(&Folder::new(), &["classify"], document).good();
    assert_eq!(done.json(), classify(&of_service(EXIT_1)).json());
}
