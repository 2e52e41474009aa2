//! What is committed beside the command is what it prints: the notices in `examples/notices`, `docs/config.md`.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

use steady_core::incident::IncidentKind;

/// What `steady replay` prints for an example.
fn replayed(incident: &Path) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let output = Command::new(env!("CARGO_BIN_EXE_steady"))
        .arg("replay")
        .arg(incident)
        .arg("--config")
        .arg(examples.join("config"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_notices_are_those_of_the_incidents() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut checked = 0;
    for entry in fs::read_dir(examples.join("notices")).unwrap() {
        let path = entry.unwrap().path();
        let notice = fs::read_to_string(&path).unwrap();
        let (subject, body) = notice.split_once("\n\n").unwrap();
        let incident = path.file_stem().unwrap().to_str().unwrap();
        let timeline = replayed(&examples.join("incidents").join(format!("{incident}.jsonl")));
        let subject = subject.strip_prefix("Subject: ").unwrap();
        let mut told = format!("{subject}\n");
        for line in body.lines() {
            told += format!("    | {line}").trim_end();
            told.push('\n');
        }
        assert!(timeline.contains(&told), "{incident}: expected\n{told}\nin\n{timeline}");
        checked += 1;
    }
    assert_eq!(checked, 3);
}

#[test]
fn the_page_of_all_keys_is_what_the_command_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.md");
    let output = Command::new(env!("CARGO_BIN_EXE_steady"))
        .args(["schema", "--format", "markdown"])
        .output()
        .unwrap();
    assert!(
        fs::read_to_string(path).unwrap() == String::from_utf8(output.stdout).unwrap(),
        "docs/config.md is stale: cargo run -p steady --no-default-features -- schema --format markdown > docs/config.md"
    );
}

#[test]
fn the_runbook_has_every_kind_of_incident() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let runbook = fs::read_to_string(path).unwrap();
    for kind in IncidentKind::ALL {
        assert!(runbook.contains(&format!("| `{}` |", kind.slug())), "{}", kind.slug());
    }
}
