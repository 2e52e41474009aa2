//! What holds for any fixture, whatever is missing from it, added to it or wrong in it.

use proptest::prelude::*;
use serde_json::{Value, json};
use steady_core::event::EventError;

use crate::broken::check_words;
use crate::change::{Keys, path, pointers, removed, replaced, written};
use crate::{fixtures, parse};

const BOTH: [Keys; 2] = [Keys::Ascending, Keys::Descending];

fn values() -> Vec<(String, Value)> {
    fixtures()
        .into_iter()
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
        .collect()
}

/// The fields without which nothing can be done, by the event's kind.
fn indispensable(event: &Value) -> &'static [&'static str] {
    match event["detail-type"].as_str().unwrap() {
        "ECS Task State Change" => &["/detail", "/detail-type"],
        "ECS Deployment State Change" => &[
            "/detail",
            "/detail-type",
            "/detail/deploymentId",
            "/detail/eventName",
            "/resources",
            "/resources/0",
        ],
        "ECS Service Action" => {
            &["/detail", "/detail-type", "/detail/eventName", "/resources", "/resources/0"]
        }
        "ECS Hook State Change" => &["/detail", "/detail-type"],
        "CloudWatch Alarm State Change" => &["/detail", "/detail-type", "/detail/alarmName"],
        "Parameter Store Change" => &["/detail", "/detail-type", "/detail/name"],
        _ => &["/detail-type"],
    }
}

/// Which fields cannot be spared if `change` is done to them.
fn needed(event: &Value, change: impl Fn(&Value, &str) -> Value) -> Vec<String> {
    let mut needed = Vec::new();
    for pointer in pointers(event) {
        let changed = change(event, &pointer);
        let [one, other] = BOTH.map(|keys| parse(written(&changed, keys)));
        assert_eq!(one, other, "{pointer}");
        match one {
            Ok(_) => {}
            Err(EventError::Missing { field, .. }) => {
                // `resources` is needed for its first.
                let named = path(&pointer).replace("resources[0]", "resources");
                assert_eq!(field.replace("[0]", ""), named);
                needed.push(pointer);
            }
            Err(error) => panic!("{pointer}: {error}"),
        }
    }
    needed.sort();
    needed
}

#[test]
fn only_a_few_fields_are_indispensable_when_one_is_removed() {
    for (name, event) in values() {
        assert_eq!(needed(&event, removed), indispensable(&event), "{name}");
    }
}

#[test]
fn only_a_few_fields_are_indispensable_when_one_is_null() {
    let nulled = |event: &Value, pointer: &str| replaced(event, pointer, Value::Null);
    for (name, event) in values() {
        assert_eq!(needed(&event, nulled), indispensable(&event), "{name}");
    }
}

#[test]
fn without_its_name_a_task_is_named_by_the_resource_and_without_both_refused() {
    for (name, event) in values() {
        if event["detail-type"] != "ECS Task State Change" {
            continue;
        }
        let bare = removed(&event, "/detail/taskArn");
        let [parsed, whole] = [&bare, &event].map(|event| parse(written(event, Keys::Ascending)));
        assert_eq!(parsed, whole, "{name}");
        for resources in ["/resources", "/resources/0"] {
            let error = parse(written(&removed(&bare, resources), Keys::Ascending)).unwrap_err();
            let EventError::Missing { field, .. } = error else { panic!("{error}") };
            assert_eq!(field, "detail.taskArn");
        }
    }
}

#[test]
fn unknown_fields_change_nothing_wherever_they_stand() {
    let unknown = json!({"a": [1, {"b": null}, "\u{1F6D1}"], "detail-type": 5, "exitCode": "x"});
    for (name, event) in values() {
        let whole = parse(written(&event, Keys::Ascending)).unwrap();
        let objects = pointers(&event)
            .into_iter()
            .chain([String::new()])
            .filter(|pointer| event.pointer(pointer).unwrap().is_object());
        for pointer in objects {
            let mut added = event.clone();
            added.pointer_mut(&pointer).unwrap()["newIn2027"] = unknown.clone();
            for keys in BOTH {
                let parsed = parse(written(&added, keys));
                assert_eq!(parsed.as_ref(), Ok(&whole), "{name} {pointer}");
            }
        }
    }
}

#[test]
fn deep_nesting_where_nobody_looks_is_no_matter() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let text = format!(
        r#"{{"x": {deep}, "detail-type": "ECS Task State Change", "detail": {{"y": {deep}, "taskArn": "t"}}}}"#
    );
    assert!(parse(&text).is_ok());
    let text = format!(r#"{{"detail": {deep}, "detail-type": "Nightly Import"}}"#);
    assert!(parse(&text).is_ok());
    let text = format!(r#"{{"detail-type": "ECS Task State Change", "detail": {deep}}}"#);
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(error, "`detail`: expected an object, found a list");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("ECS Task State Change")),
        Just(json!("ECS Service Action")),
        Just(json!("2026-11-21T02:14:07Z")),
        Just(json!("arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout")),
        Just(json!("arn:::::")),
        Just(json!("service:")),
        Just(json!("ecs-svc/")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![
            any::<String>(),
            Just("name".to_owned()),
            Just("exitCode".to_owned()),
            Just("value".to_owned()),
            Just("taskArn".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Reads it in either order of keys: an event, or an error that names a path.
fn read_or_named(event: &Value) {
    let [one, other] = BOTH.map(|keys| parse(written(event, keys)));
    match (&one, &other) {
        (Ok(one), Ok(other)) => assert_eq!(one, other),
        (Err(one), Err(other)) => {
            for error in [one, other] {
                check_words(&error.to_string());
                let field = match error {
                    EventError::Field { field, .. } => field,
                    EventError::Missing { field, .. } => *field,
                    EventError::Json(_) | EventError::NotAnObject(_) => panic!("{error}"),
                };
                assert!(!field.is_empty());
            }
        }
        _ => panic!("{one:?} {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_value_of_another_kind_is_taken_or_named(
        fixture in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
    ) {
        let values = values();
        let mut event = fixture.get(&values).1.clone();
        for (place, by) in places {
            let pointers = pointers(&event);
            event = replaced(&event, place.get::<String>(&pointers), by);
        }
        read_or_named(&event);
    }

    #[test]
    fn the_order_of_keys_does_not_matter(
        fixture in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let fixtures = fixtures();
        let (name, text) = fixture.get(&fixtures);
        let event: Value = serde_json::from_str(text).unwrap();
        prop_assert_eq!(parse(written(&event, Keys::Shuffled(seed))), parse(text), "{}", name);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse(bytes) {
            check_words(&error.to_string());
        }
    }

    #[test]
    fn a_damaged_event_never_panics(
        fixture in any::<prop::sample::Index>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, any::<Vec<u8>>()), 1..4),
    ) {
        let fixtures = fixtures();
        let mut bytes = fixture.get(&fixtures).1.clone().into_bytes();
        for (at, length, by) in damages {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len() - 1).max(at);
            bytes.splice(at..end, by);
        }
        if let Err(error) = parse(bytes) {
            check_words(&error.to_string());
        }
    }
}

#[test]
fn an_event_cut_short_is_refused_wherever_it_is_cut() {
    for (name, text) in fixtures() {
        let text = text.trim_end();
        for end in 0..text.len() {
            let error = parse(&text.as_bytes()[..end]).unwrap_err();
            assert!(matches!(error, EventError::Json(_)), "{name} {end}: {error}");
        }
    }
}
