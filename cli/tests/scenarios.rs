//! The scenarios in `examples/scenarios` are read without a finding, and what is expected in the quick ones comes.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

use std::path::Path;

use steady_cli::simulate::scenario;

#[path = "command/mod.rs"]
mod command;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/scenarios")
}

#[test]
fn every_example_is_read_without_a_finding() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        scenario::read(name, &text).unwrap();
        count += 1;
    }
    let page = include_str!("../../docs/commands.md");
    assert!(
        page.contains(&format!("has\n{count} of them")),
        "{count} scenarios; docs/commands.md says another number"
    );
}

#[test]
fn the_quick_ones_come_out_as_expected() {
    let quick = [
        "crash-at-start-1",
        "crash-at-start-20",
        "leak-2",
        "zone-loss-21",
        "ci-deploys-during-rollback-20",
    ];
    let paths = quick.map(|name| folder().join(name).with_extension("toml").display().to_string());
    let mut args = vec!["simulate", "--runs", "10", "--guard", "breaker,page,act"];
    args.extend(paths.iter().map(String::as_str));
    let done = command::steady(&command::Folder::new(), &args).good();
    assert!(done.stdout.contains("13 of 13 expectations met"), "{}", done.stdout);
}
