//! `--config`: a team's own settings under its own scenarios.

use crate::command::{Folder, steady};

/// Its tasks crash five minutes after their start.
const BAD: &str = "title = \"crash after 5 min\"\nbad = true\n[service]\nname = \"prod/checkout\"\ntasks = 2\n\
                   [new]\nexits_after = \"5m\"\n[run]\nhorizon = \"40m\"\n";

fn fired(folder: &Folder, more: &[&str]) -> f64 {
    let args = ["simulate", "late.toml", "--runs", "10", "--guard", "act", "--format", "json"];
    let done = steady(folder, &[&args, more].concat()).good();
    done.json().first().unwrap().get("share").unwrap().as_f64().unwrap()
}

#[test]
fn a_service_with_a_file_has_its_settings_from_there_and_any_other_from_the_scenario() {
    let folder = Folder::new();
    // What is proven within a minute, and never rolled back after that.
    let narrow = "[health]\nsoak = \"1m\"\nrollback_window = \"0s\"\n";
    folder.file("late.toml", BAD).file("own/prod/checkout.toml", narrow);
    folder.file("other/prod/search.toml", narrow).file("other/defaults.toml", narrow);
    assert_eq!(fired(&folder, &[]), 1.0);
    assert_eq!(fired(&folder, &["--config", "own"]), 0.0);
    assert_eq!(fired(&folder, &["--config", "other"]), 1.0);
}

#[test]
fn with_an_error_in_its_config_nothing_is_simulated() {
    let folder = Folder::new();
    folder.file("late.toml", BAD).file("own/prod/checkout.toml", "[health]\nsoak = 5\n");
    let done = steady(&folder, &["simulate", "late.toml", "--config", "own"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(65), ""));
    assert!(done.stderr.ends_with("steady: nothing was simulated: the config in own has errors\n"));
}
