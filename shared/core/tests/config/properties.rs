//! Whatever is handed in: no panic, and findings that point into the file and can be read.

use jiff::SignedDuration;
use proptest::prelude::*;
use steady_core::config::{
    Loaded, Severity, SourceFile, load_tree, parse_duration, render_duration, suggest_duration,
};

use crate::SAMPLE;

/// What holds for every outcome, whatever the text.
fn check(path: &str, text: &str, loaded: &Loaded) {
    let errors = loaded.findings.iter().any(|f| f.severity == Severity::Error);
    assert_eq!(loaded.tree.is_none(), errors);
    let places: Vec<(usize, usize)> = loaded.findings.iter().map(|f| (f.line, f.column)).collect();
    assert!(places.is_sorted());
    let lines: Vec<&str> = text.split('\n').collect();
    for finding in &loaded.findings {
        let line = lines.get(finding.line - 1).copied().unwrap_or_default();
        assert!(finding.line <= lines.len(), "{finding}");
        assert!(finding.column <= line.chars().count() + 1, "{finding}");
        assert!(finding.column >= 1);
        assert_eq!(finding.file, path);
        let fix = finding.fix.clone().unwrap_or_default();
        for said in [&finding.message, &fix] {
            assert!(!said.contains(char::is_control), "{said:?}");
            assert!(!said.ends_with('.'), "{said:?}");
            assert!(!said.starts_with(char::is_uppercase), "{said:?}");
        }
    }
}

fn load_and_check(path: &str, text: &str) {
    let loaded = load_tree(&[SourceFile { path, text }]);
    check(path, text, &loaded);
}

/// Pieces from which nearly valid files are made.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ",",
        "\n",
        "\r\n",
        "\"",
        "\"\"\"",
        "'",
        ".",
        "#",
        " ",
        "é",
        "\u{feff}",
        "health",
        "notify",
        "capacity",
        "soak",
        "rollback",
        "rollback_alarms",
        "topic",
        "team",
        "standalone_tasks",
        "5",
        "-1",
        "1.5",
        "0x1F",
        "true",
        "1979-05-27",
        "\"5m\"",
        "\"auto\"",
        "[health]\n",
        "[notify]\n",
        "\\u0000",
        "arn:aws:sns:eu-west-1:111122223333:x",
    ];
    prop_oneof![
        4 => proptest::sample::select(pieces.map(str::to_owned).to_vec()),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Replaces `length` characters of the text at `at` (both taken modulo what there is).
fn mutate(text: &str, at: usize, length: usize, piece: &str) -> String {
    let at = at % (text.chars().count() + 1);
    let head = text.chars().take(at);
    let tail = text.chars().skip(at.saturating_add(length));
    head.chain(piece.chars()).chain(tail).collect()
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        load_and_check("defaults.toml", &text);
    }

    #[test]
    fn nearly_toml_never_panics(pieces in prop::collection::vec(piece(), 0..40)) {
        load_and_check("prod/checkout.toml", &pieces.concat());
    }

    #[test]
    fn a_damaged_file_never_panics(
        damages in prop::collection::vec((any::<usize>(), 0_usize..30, piece()), 1..5),
    ) {
        let mut text = SAMPLE.to_owned();
        for (at, length, piece) in &damages {
            text = mutate(&text, *at, *length, piece);
        }
        load_and_check("defaults.toml", &text);
    }

    #[test]
    fn arbitrary_paths_never_panic(path in any::<String>()) {
        let loaded = load_tree(&[SourceFile { path: &path, text: SAMPLE }]);
        check(&path, SAMPLE, &loaded);
    }

    #[test]
    fn the_order_of_files_does_not_matter(
        texts in prop::collection::vec(prop::collection::vec(piece(), 0..10), 3),
        rotation in 0_usize..3,
    ) {
        let texts: Vec<String> = texts.iter().map(|pieces| pieces.concat()).collect();
        let paths = ["prod/a.toml", "defaults.toml", "test/b.toml"];
        let mut files: Vec<SourceFile<'_>> =
            paths.iter().zip(&texts).map(|(path, text)| SourceFile { path, text }).collect();
        let before = load_tree(&files);
        files.rotate_left(rotation);
        prop_assert_eq!(before, load_tree(&files));
    }

    #[test]
    fn durations_round_trip(seconds in 0_i64..=i64::MAX) {
        let duration = SignedDuration::from_secs(seconds);
        prop_assert_eq!(parse_duration(&render_duration(duration)), Ok(duration));
        let json = serde_json::to_string(&duration).unwrap();
        prop_assert_eq!(serde_json::from_str::<SignedDuration>(&json).unwrap(), duration);
    }

    #[test]
    fn arbitrary_durations_never_panic(text in "([0-9]{0,20}[dhmswDHMSWéin. -]{0,4}){0,4}") {
        let _ = parse_duration(&text);
        if let Some(meant) = suggest_duration(&text) {
            prop_assert!(parse_duration(&meant).is_ok());
        }
        let _ = render_duration(SignedDuration::MIN);
    }
}

#[test]
fn deep_and_long_files_are_read_in_time() {
    for text in [
        "a.".repeat(50_000) + "a = 1",
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(50_000)),
        format!("health.rollback_alarms = [\n{}", "x\n".repeat(20_000)),
        format!("{} = 1", "a".repeat(100_000)),
    ] {
        load_and_check("prod/checkout.toml", &text);
    }
}
