//! `--emit-events`: what the simulated ECS sends, for `replay`.

use serde_json::Value;

use crate::CRASH;
use crate::command::{Folder, steady, steady_with_stdin};

const AUTO: &str = "[health]\nrollback = \"auto\"\nwitness = \"act\"\n";

#[test]
fn replay_decides_on_the_events_what_the_simulated_steady_decided() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH).file("config/defaults.toml", AUTO);
    for seed in ["1", "2", "3"] {
        let lines = ["simulate", "crash.toml", "--seed", seed, "--runs", "1", "--format", "json"];
        let fired: Vec<Value> = steady(&folder, &lines).good().json();
        let emitted = steady(&folder, &["simulate", "crash.toml", "--seed", seed, "--emit-events"]);
        let args = ["replay", "-", "--config", "config", "--format", "json"];
        let replayed = steady_with_stdin(&folder, &args, emitted.good().stdout).good();
        let minutes = |kind: &str| {
            let at: jiff::Timestamp =
                replayed.of_kind(kind)[0]["at"].as_str().unwrap().parse().unwrap();
            at.duration_since("2026-11-21T02:00:00Z".parse().unwrap()).as_secs_f64() / 60.0
        };
        // Sweep looks once a minute there, and at the very second here.
        for (guard, kind) in [("page", "incident-opened"), ("act", "rollback")] {
            let line = fired.iter().find(|line| line["guard"] == guard).unwrap();
            let simulated = line["median_minutes"].as_f64().unwrap();
            let replayed = minutes(kind);
            assert!(
                (0.0..1.1).contains(&(simulated + 0.05 - replayed)),
                "{guard}: {simulated} {replayed}"
            );
        }
        let kinds = replayed.kinds();
        let decided = |kind: &&String| ["incident-opened", "rollback"].contains(&kind.as_str());
        let decided: Vec<&String> = kinds.iter().filter(decided).collect();
        assert_eq!(decided, ["incident-opened", "rollback"]);
    }
}

#[test]
fn events_of_several_scenarios_are_no_recording() {
    let folder = Folder::new();
    folder.file("a.toml", CRASH).file("b.toml", CRASH);
    let done = steady(&folder, &["simulate", "a.toml", "b.toml", "--emit-events"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(64), ""));
    assert!(done.stderr.contains("the events of one scenario, 2 were given"), "{}", done.stderr);
}
