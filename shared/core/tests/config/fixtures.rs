//! One file for each rule that breaks it, `tests/fixtures/config/<rule>.toml`, and all that is said about them in one place.
//!
//! A line `# === path` begins a file; what stands before the first is `prod/checkout.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use steady_core::config::{Finding, Rule, SourceFile, load_tree};

/// The fixtures by the name of their rule.
pub(crate) fn fixtures() -> BTreeMap<String, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config");
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), read(&path))).collect()
}

/// The files of a fixture, as path and text.
pub(crate) fn files(fixture: &str) -> Vec<(&str, String)> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in fixture.lines() {
        match line.strip_prefix("# === ") {
            Some(path) => files.push((path, String::new())),
            None if files.is_empty() => files.push(("prod/checkout.toml", format!("{line}\n"))),
            None => {
                let text = &mut files.last_mut().unwrap().1;
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

fn findings(fixture: &str) -> Vec<Finding> {
    let files = files(fixture);
    let sources: Vec<SourceFile<'_>> =
        files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    load_tree(&sources).findings
}

/// As in JSON: `max-below-min`.
fn name_of(rule: Rule) -> String {
    serde_json::to_value(rule).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_rule_has_a_file_that_breaks_it() {
    let fixtures = fixtures();
    for rule in Rule::ALL {
        let name = name_of(*rule);
        let Some(fixture) = fixtures.get(&name) else { panic!("no fixture for {name}") };
        let found = findings(fixture);
        assert!(found.iter().any(|one| one.rule == Some(*rule)), "{name}: {found:#?}");
    }
    assert_eq!(fixtures.len(), Rule::ALL.len());
}

#[test]
fn all_that_is_said_of_the_files_that_break_a_rule() {
    let fixtures = fixtures();
    let mut said = String::new();
    for rule in Rule::ALL {
        let name = name_of(*rule);
        said += &format!("\n[{name}]\n");
        for finding in fixtures.get(&name).map(|fixture| findings(fixture)).unwrap_or_default() {
            let other = finding.rule.filter(|of| of != rule).map(name_of);
            let other = other.map(|other| format!("({other}) ")).unwrap_or_default();
            said += &format!("{other}{finding}\n");
        }
    }
    insta::assert_snapshot!("messages", said);
}
