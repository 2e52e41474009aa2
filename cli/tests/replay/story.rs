//! One story: a good deployment, a bad one, and the way back.

use serde_json::Value;

use crate::command::{Done, Folder, steady};
use crate::recorded::{
    EXIT_1, REPLACED, Task, at, deployment, healthy_deployment, healthy_task, lines, restart_loop,
    steady_state,
};

/// Lets Steady act by itself.
pub(crate) const AUTO: &str = "[health]\nrollback = \"auto\"\n";

/// The good deployment, the bad one, and ECS's way back: it begins the first deployment again.
pub(crate) fn story() -> Vec<Value> {
    let mut events = healthy_deployment("checkout");
    events.extend(restart_loop("checkout", 0..8));
    events.push(deployment("checkout", "ecs-svc/1", "IN_PROGRESS", at(3800)));
    for number in 10..12 {
        let started = at(3840);
        let task = Task::of_service("checkout", "checkout:41", "ecs-svc/1", started, number);
        events.extend(task.starts());
    }
    events.push(deployment("checkout", "ecs-svc/1", "COMPLETED", at(3900)));
    events.extend(healthy_task("checkout", 0).ends(at(3910), REPLACED));
    events.push(steady_state("checkout", at(4500)));
    events
}

pub(crate) fn replay(defaults: &str, events: &[Value], format: &str) -> Done {
    let folder = Folder::new();
    folder.file("config/defaults.toml", defaults).file("events.jsonl", lines(events));
    let arguments = ["replay", "--config", "config", "--format", format, "events.jsonl"];
    steady(&folder, &arguments).good()
}

/// Time and kind of all lines but the stops.
pub(crate) fn decided(done: &Done) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    done.json()
        .iter()
        .filter(|line| line["kind"] != "stop")
        .map(|line| (text(&line["at"]), text(&line["kind"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(at, kind): &(&str, &str)| ((*at).to_owned(), (*kind).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_restart_loop_opens_an_incident_is_held_rolled_back_and_resolved() {
    let done = replay(AUTO, &story(), "json");
    let expected = [
        ("2026-11-21T03:01:48Z", "incident-opened"),
        ("2026-11-21T03:01:48Z", "notice"),
        ("2026-11-21T03:02:48Z", "rollback"),
        ("2026-11-21T03:02:48Z", "notice"),
        ("2026-11-21T03:07:00Z", "incident-resolved"),
        ("2026-11-21T03:07:00Z", "notice"),
    ];
    assert_eq!(decided(&done), pairs(&expected));
    for line in done.json() {
        assert_eq!(line["service"], "prod/checkout");
    }
    let reasons: Vec<Value> = done
        .json()
        .iter()
        .filter(|line| line["kind"] != "stop" && line["kind"] != "notice")
        .map(|line| line["reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        [
            "4 of 4 starts failed (10 % is tolerated); 1270 : 1 that it fails more than is tolerated; why: an essential container ended with an error code",
            "to checkout:41: StopServiceDeployment with ROLLBACK, deployment ecs-svc/2",
            "rollback verified: checkout:41 (deployment ecs-svc/1) is steady",
        ]
    );
    let notices = done.of_kind("notice");
    let stages: Vec<&Value> = notices.iter().map(|line| &line["notice"]["stage"]).collect();
    assert_eq!(stages, ["opened", "rollback-begun", "resolved"]);
    let opening = &notices[0];
    assert_eq!(opening["incident"], "restart-loop");
    assert_eq!(opening["revision"], "checkout:42");
    assert_eq!(opening["notice"]["severity"], "critical");
    assert_eq!(opening["notice"]["cause"], "exit-code");
    assert_eq!(notices[2]["notice"]["severity"], "info");
}

#[test]
fn every_stop_of_the_story_is_one_line() {
    let stops = replay(AUTO, &story(), "json").of_kind("stop");
    let of = |verdict: &str| stops.iter().filter(|stop| stop["verdict"] == verdict).count();
    assert_eq!((of("revision"), of("benign"), stops.len()), (8, 2, 10));
}

#[test]
fn text_ends_with_what_it_came_to() {
    let text = replay(AUTO, &story(), "text").stdout;
    let (_, summary) = text.rsplit_once("\n\n").unwrap();
    assert_eq!(
        summary,
        "55 events, 2026-11-21 02:00:00 UTC to 2026-11-21 03:15:00 UTC\n\
         10 stops, 8 of them against the revision; 1 incident, 0 open at the end; 1 rollback; 3 notices\n\
         This is a replay: nothing was changed, and nothing was sent.\n"
    );
    let opened = text.lines().find(|line| line.contains("incident-opened")).unwrap();
    assert!(opened.starts_with("2026-11-21 03:01:48 UTC  prod/checkout  incident-opened"));
}

#[test]
fn without_config_the_default_is_to_notify_only() {
    let folder = Folder::new();
    folder.file("events.jsonl", lines(&story()));
    let done = steady(&folder, &["replay", "--format", "json", "events.jsonl"]).good();
    let kinds = done.kinds();
    assert!(!kinds.contains(&"rollback".to_owned()));
    assert_eq!(
        done.of_kind("rollback-refused")[0]["reason"],
        "not rolled back: config says `rollback = \"notify\"` (the default)"
    );
    assert!(kinds.contains(&"incident-resolved".to_owned()));
}

#[test]
fn the_file_of_a_service_has_the_last_word() {
    let folder = Folder::new();
    folder
        .file("config/defaults.toml", AUTO)
        .file("config/prod/checkout.toml", "[health]\nrollback = \"off\"\n")
        .file("events.jsonl", lines(&story()));
    let arguments = ["replay", "--config", "config", "--format", "json", "events.jsonl"];
    let done = steady(&folder, &arguments).good();
    assert!(done.of_kind("rollback").is_empty());
    let refused = &done.of_kind("rollback-refused")[0]["reason"];
    assert_eq!(refused, "not rolled back: config says `rollback = \"off\"`");
}

#[test]
fn three_failed_tasks_are_too_few_for_an_incident() {
    let mut events = healthy_deployment("checkout");
    events.extend(restart_loop("checkout", 0..3));
    let patient = "[health]\nrollback = \"auto\"\ndeadline = \"24h\"\n";
    events.push(steady_state("checkout", at(9000)));
    let done = replay(patient, &events, "json");
    assert_eq!(decided(&done), []);
    // But its deployment does not end, which is told at its deadline.
    let done = replay(AUTO, &events, "json");
    assert_eq!(done.of_kind("incident-opened")[0]["incident"], "deployment-stuck");
}

#[test]
fn an_old_revision_that_fails_too_is_not_gone_back_to() {
    let mut events = healthy_deployment("checkout");
    events.extend(restart_loop("checkout", 0..8));
    // Within the hold, all that runs of the old one crashes as well.
    for number in 0..3 {
        let task = healthy_task("checkout", number);
        events.extend(task.ends(at(3715 + i64::from(number)), EXIT_1));
    }
    let done = replay(AUTO, &events, "json");
    assert!(done.of_kind("rollback").is_empty());
    let refused = &done.of_kind("rollback-refused")[0]["reason"];
    let refused = refused.as_str().unwrap();
    assert!(refused.starts_with("not rolled back: checkout:41 fails too ("), "{refused}");
}

#[test]
fn behind_a_load_balancer_the_exit_code_comes_later_and_decides_then() {
    let mut events = healthy_deployment("checkout");
    events.push(deployment("checkout", "ecs-svc/2", "IN_PROGRESS", at(3600)));
    for number in 0..4 {
        let started = at(3640 + 20 * i64::from(number));
        let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", started, number);
        events.extend(task.starts());
        events.extend(task.drains(at(3648 + 20 * i64::from(number)), EXIT_1));
    }
    let done = replay(AUTO, &events, "json");
    // The fourth is first told of at 03:01:48, its exit code at 03:01:52.
    assert_eq!(done.of_kind("stop").len(), 5);
    let opened = &done.of_kind("incident-opened")[0];
    assert_eq!(opened["at"], "2026-11-21T03:01:52Z");
    assert_eq!(opened["evidence"], 1270.0);
}

#[test]
fn tasks_that_run_by_the_recording_speak_for_their_revision() {
    let with_running = |count: u32| {
        let mut events = healthy_deployment("checkout");
        events.extend(restart_loop("checkout", 0..4));
        for number in 0..count {
            let task = Task::of_service("checkout", "checkout:42", "ecs-svc/2", at(3630), number);
            events.extend(task.starts());
        }
        replay(AUTO, &events, "json")
    };
    assert_eq!(with_running(0).of_kind("incident-opened").len(), 1);
    assert_eq!(decided(&with_running(20)), []);
    let notice = with_running(0).of_kind("notice").remove(0);
    assert_eq!(notice["notice"]["figures"]["running"], 3);
}
