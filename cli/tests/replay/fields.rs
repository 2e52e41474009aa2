//! The JSON lines are an interface: names, order and meaning of their fields.

use crate::command::keys;
use crate::recorded::{EXIT_1, Task, at, deployment_because, event, steady_state};
use crate::story::{AUTO, replay, story};

const KINDS: [&str; 9] = [
    "stop",
    "incident-opened",
    "incident-joined",
    "incident-escalated",
    "incident-resolved",
    "rollback",
    "rollback-refused",
    "notice",
    "skipped",
];

const FIRST: [&str; 7] = ["at", "service", "kind", "incident", "revision", "evidence", "reason"];

/// Something of every kind.
fn of_every_kind() -> Vec<serde_json::Value> {
    let mut events = story();
    events.extend(Task::of_family("import", at(10), 70).life(5, EXIT_1));
    events.push(event("ECS Container Instance State Change", at(20), "", serde_json::json!({})));
    // Another service, which stays broken: opened, joined, refused, escalated.
    let reason = "ECS deployment circuit breaker: tasks failed to start.";
    for number in 0..5 {
        let started = at(60 + 30 * i64::from(number));
        let task = Task::of_service("cart", "cart:7", "ecs-svc/9", started, 80 + number);
        events.extend(task.life(5, EXIT_1));
    }
    events.push(deployment_because("cart", "ecs-svc/9", "FAILED", at(150), reason));
    events.push(steady_state("cart", at(5000)));
    events
}

#[test]
fn every_line_has_the_seven_fields_first_and_a_documented_kind() {
    let done = replay(AUTO, &of_every_kind(), "json");
    for line in done.stdout.lines() {
        assert_eq!(keys(line)[..7], FIRST, "{line}");
    }
    let mut seen = done.kinds();
    seen.sort();
    seen.dedup();
    let mut documented = KINDS.to_vec();
    documented.sort_unstable();
    assert_eq!(seen, documented);
}

#[test]
fn fields_have_their_documented_types() {
    for line in replay(AUTO, &of_every_kind(), "json").json() {
        let at = line["at"].as_str().unwrap();
        assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(), "{at}");
        if let Some(service) = line["service"].as_str() {
            assert_eq!(service.split('/').count(), 2, "{service}");
        } else {
            assert!(line["service"].is_null());
        }
        assert!(line["incident"].is_string() || line["incident"].is_null());
        assert!(line["revision"].is_string() || line["revision"].is_null());
        assert!(line["evidence"].is_number() || line["evidence"].is_null());
        let reason = line["reason"].as_str().unwrap();
        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
        let kind = line["kind"].as_str().unwrap();
        assert_eq!(line["notice"].is_object(), kind == "notice");
        assert_eq!(line["task"].is_string(), kind == "stop");
        let of_incident = kind.starts_with("incident") || kind.starts_with("rollback");
        assert!(!of_incident || line["incident"].is_string(), "{line}");
        assert!(!of_incident || line["evidence"].is_number(), "{line}");
    }
}

#[test]
fn lines_are_in_order_of_time() {
    let done = replay(AUTO, &of_every_kind(), "json");
    let times: Vec<String> = done.json().iter().map(|line| line["at"].to_string()).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_task_of_no_service_has_a_family_and_no_service() {
    let done = replay(AUTO, &of_every_kind(), "json");
    let stops = done.of_kind("stop");
    let import: Vec<_> = stops.iter().filter(|stop| stop["service"].is_null()).collect();
    assert_eq!(import.len(), 1);
    assert_eq!(import[0]["family"], "import");
    let of_services = stops.iter().filter(|stop| stop["service"].is_string());
    assert_eq!(of_services.filter(|stop| stop["family"].is_null()).count(), 15);
}

#[test]
fn a_family_is_known_by_its_group_where_the_task_definition_is_missing() {
    let mut events = Task::of_family("import", at(10), 70).life(5, EXIT_1);
    for event in &mut events {
        event["detail"]["taskDefinitionArn"] = serde_json::Value::Null;
    }
    let stops = replay(AUTO, &events, "json").of_kind("stop");
    assert_eq!(
        (&stops[0]["revision"], &stops[0]["family"]),
        (&serde_json::Value::Null, &"import".into())
    );
    let text = replay(AUTO, &events, "text").stdout;
    assert!(text.contains("  import  stop (revision)"), "{text}");
}
