//! Recordings that others have published. They are not kept here: `STEADY_SHARED` points at a folder with them,
//! and without it these tests say nothing.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Done, replay_json};

/// Name and text of each, by name.
pub(crate) fn recordings() -> Option<Vec<(String, String)>> {
    #[expect(clippy::disallowed_methods, reason = "the recordings are outside of the repository")]
    let shared = std::env::var("STEADY_SHARED").ok()?;
    let folder = Path::new(&shared).join("fixtures/streams");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut recordings: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    recordings.sort();
    assert!(!recordings.is_empty());
    Some(recordings)
}

/// The named one; `None` where there are none at all.
fn recording(name: &str) -> Option<String> {
    let found = recordings()?.into_iter().find(|(known, _)| known == name);
    println!("1 case ran: published recording {name}");
    Some(found.unwrap().1)
}

fn with_incident(done: &Done) -> Vec<Value> {
    let mut lines = done.json();
    lines.retain(|line| !line["incident"].is_null());
    lines
}

fn has_the_failed_deployment(done: &Done) {
    let opened = done.of_kind("incident-opened");
    assert_eq!(opened.len(), 1);
    let service = opened[0]["service"].as_str().unwrap();
    assert!(service.ends_with("testproj_web-1bb0086"), "{service}");
    assert_eq!(opened[0]["incident"], "deployment-failed");

    let joined = done.of_kind("incident-joined");
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0]["evidence"].as_f64().unwrap().round(), 1270.0);

    let notices = done.of_kind("notice");
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["notice"]["cause"], "elb-health-check");
    for line in with_incident(done) {
        assert_eq!(line["service"], service);
        assert_eq!(line["incident"], "deployment-failed");
    }
    let of_api = |line: &&Value| {
        let service = line["service"].as_str();
        service.is_some_and(|service| service.contains("api"))
    };
    let lines = done.json();
    let mut api = lines.iter().filter(of_api).peekable();
    assert!(api.peek().is_some());
    assert!(api.all(|line| line["kind"] == "stop"));
}

fn has_the_failed_build(done: &Done) {
    let mut standalone = done.of_kind("stop");
    standalone.retain(|stop| stop["service"].is_null());
    assert_eq!(standalone.len(), 1);
    let family = standalone[0]["family"].as_str().unwrap();
    assert!(family.contains("kaniko"), "{family}");
    assert_eq!(standalone[0]["verdict"], "revision");
}

#[test]
fn a_deployment_whose_health_checks_fail_is_one_incident() {
    let Some(recording) = recording("healthcheck-failure") else {
        return;
    };
    let done = replay_json(recording).good();
    has_the_failed_deployment(&done);
    let kinds: Vec<Value> = with_incident(&done).iter().map(|l| l["kind"].clone()).collect();
    assert_eq!(kinds, ["incident-opened", "rollback-refused", "notice", "incident-joined"]);
}

#[test]
fn a_deployment_that_succeeds_is_none() {
    let Some(recording) = recording("success") else {
        return;
    };
    let done = replay_json(recording).good();
    assert!(with_incident(&done).is_empty());
    assert_eq!(done.kinds(), ["stop", "stop"]);
}

#[test]
fn a_build_that_fails_is_a_stop_and_no_incident() {
    let Some(recording) = recording("build-failure") else {
        return;
    };
    let done = replay_json(recording).good();
    assert!(with_incident(&done).is_empty());
    has_the_failed_build(&done);
}

#[test]
fn all_together_tell_the_same() {
    let Some(recordings) = recordings() else {
        return;
    };
    println!("{} cases ran: published recordings, replayed together", recordings.len());
    let all: String = recordings.into_iter().map(|(_, text)| text).collect();
    let done = replay_json(all).good();
    has_the_failed_deployment(&done);
    has_the_failed_build(&done);
}
