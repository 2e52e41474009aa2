//! The project's own fixtures, each with all that is read from it: the snapshot beside this file, to be read as prose.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use steady_core::event::Body;

use crate::{fixtures, parse, say};

#[test]
fn every_fixture_says_what_is_written_down_for_it() {
    let mut said = String::new();
    let files = fixtures();
    for (name, text) in &files {
        let event = parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let _ = writeln!(said, "== {name}\n{}", say::whole(&event));
    }
    assert!(files.len() >= 35, "only {} fixtures", files.len());
    insta::assert_snapshot!("own", said);
}

#[test]
fn fixtures_are_of_our_own_account_and_have_ids_of_their_own() {
    let mut ids = BTreeSet::new();
    for (name, text) in fixtures() {
        let event = parse(&text).unwrap();
        if let Some(account) = event.account {
            assert_eq!(account.as_str(), "111122223333", "{name}");
        }
        if let Some(id) = event.id {
            assert!(ids.insert(id), "{name}");
        }
    }
}

#[test]
fn somebody_elses_detail_may_have_any_shape_and_come_first_or_last() {
    let kinds =
        ["Nightly Import", "ECS Container Instance State Change", "ecs task state change", ""];
    let details = [
        "null",
        "true",
        "-1e400",
        r#""a text""#,
        r#"["a", {"list": 1}]"#,
        r#"{"taskArn": 5, "containers": 7, "state": "OK", "createdAt": "yesterday"}"#,
    ];
    for kind in kinds {
        for detail in details {
            for text in [
                format!(r#"{{"detail-type": "{kind}", "detail": {detail}}}"#),
                format!(r#"{{"detail": {detail}, "detail-type": "{kind}"}}"#),
                format!(r#"{{"detail-type": "{kind}"}}"#),
            ] {
                let event = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                let detail_type = kind.into();
                assert_eq!(event.body, Body::Other { detail_type }, "{text}");
            }
        }
    }
}
