//! Tasks of no service: a failed one is a line, and a notice where the config asks for it.

use serde_json::Value;

use crate::recorded::{EXIT_0, EXIT_1, End, Task, at, steady_state};
use crate::story::{decided, replay};

const TELL: &str = "[notify]\nstandalone_tasks = [\"nightly-report\"]\n";

/// One task that ran 30 s, for each of these starts.
fn runs(family: &str, starts: &[i64], end: End) -> Vec<Value> {
    let mut events = Vec::new();
    for (start, number) in starts.iter().zip(0..) {
        events.extend(Task::of_family(family, at(*start), number).life(30, end));
    }
    events
}

fn until(mut events: Vec<Value>, seconds: i64) -> Vec<Value> {
    events.push(steady_state("anything", at(seconds)));
    events
}

#[test]
fn a_family_on_the_list_is_told_of_at_once_and_then_hourly() {
    let events = until(runs("nightly-report", &[0, 600, 1200, 1800], EXIT_1), 9000);
    let done = replay(TELL, &events, "json");
    assert_eq!(done.of_kind("stop").len(), 4);
    let told: Vec<String> = decided(&done).into_iter().map(|(at, _)| at).collect();
    assert_eq!(told, ["2026-11-21T02:00:30Z", "2026-11-21T03:00:30Z"]);
    let notices = done.of_kind("notice");
    let subject = notices[0]["reason"].as_str().unwrap();
    assert!(subject.starts_with("[warning] prod/nightly-report: "), "{subject}");
    let how_bad = |notice: &Value| notice["notice"]["sections"][1].clone();
    assert_eq!(how_bad(&notices[0])["label"], "Why");
    assert_eq!(
        how_bad(&notices[1])["lines"],
        serde_json::json!(["3 tasks of it failed since you were last told"])
    );
    for line in done.of_kind("notice") {
        assert_eq!(line["service"], Value::Null);
        assert_eq!(line["incident"], Value::Null);
        assert_eq!(line["family"], "nightly-report");
        assert_eq!(line["notice"]["family"], "nightly-report");
        assert_eq!(line["notice"]["stage"], "task-failed");
    }
}

#[test]
fn without_further_failures_there_is_no_second_notice() {
    let events = until(runs("nightly-report", &[0], EXIT_1), 9000);
    assert_eq!(replay(TELL, &events, "json").of_kind("notice").len(), 1);
}

#[test]
fn a_failure_long_after_the_last_notice_is_told_at_once() {
    let events = until(runs("nightly-report", &[0, 7200], EXIT_1), 9000);
    let told = decided(&replay(TELL, &events, "json"));
    assert_eq!(told[1], ("2026-11-21T04:00:30Z".to_owned(), "notice".to_owned()));
}

#[test]
fn an_hour_that_ends_after_the_last_event_is_not_waited_for() {
    let events = until(runs("nightly-report", &[0, 600], EXIT_1), 3629);
    assert_eq!(replay(TELL, &events, "json").of_kind("notice").len(), 1);
    let events = until(runs("nightly-report", &[0, 600], EXIT_1), 3630);
    assert_eq!(replay(TELL, &events, "json").of_kind("notice").len(), 2);
}

#[test]
fn a_family_not_on_the_list_is_a_line_and_no_notice() {
    let events = until(runs("import", &[0, 600], EXIT_1), 9000);
    assert_eq!(replay(TELL, &events, "json").kinds(), ["stop", "stop"]);
}

#[test]
fn a_task_that_is_done_is_nothing() {
    let events = until(runs("nightly-report", &[0, 600], EXIT_0), 9000);
    assert_eq!(replay(TELL, &events, "json").stdout, "");
}

#[test]
fn families_are_told_of_apart_from_each_other() {
    let config = "[notify]\nstandalone_tasks = [\"nightly-report\", \"import\"]\n";
    let mut events = runs("nightly-report", &[0], EXIT_1);

    events.extend(Task::of_family("import", at(5), 40).life(30, EXIT_1));
    assert_eq!(replay(config, &until(events, 60), "json").of_kind("notice").len(), 2);
}
