//! Documents over several lines, and arrays of events: what `jq` and consoles write.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod command;
mod recorded;

use command::{check, replay_json, seen};
use recorded::failed;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn documents_over_several_lines_are_read_one_after_another() {
    check(&replay_json(pretty(&failed(1))), 0, &[1], &[]);
    let several = format!("{}\n{}\n\n{}\n", pretty(&failed(1)), pretty(&failed(2)), failed(3));
    check(&replay_json(&several), 0, &[1, 2, 3], &[]);
    check(&replay_json(several.replace('\n', "\r\n")), 0, &[1, 2, 3], &[]);
    check(&replay_json(format!("\u{feff}\n{several}")), 0, &[1, 2, 3], &[]);
}

#[test]
fn a_broken_document_among_others_is_named_and_the_next_one_read() {
    let mut broken = pretty(&failed(2));
    let lines = broken.lines().count();
    broken = broken.replacen("\"version\"", "version", 1);
    let at = 1 + lines + broken.lines().position(|line| line.contains(" version")).unwrap();
    let next = 2 * lines + 1;
    let recording = format!("{}\n{broken}\n{}\n", pretty(&failed(1)), pretty(&failed(3)));
    let said = format!(
        "steady: events.jsonl:{at}: not JSON: key must be a string; read on at line {next}"
    );
    check(&replay_json(recording), 65, &[1, 3], &[&said]);
}

#[test]
fn of_a_cut_document_the_line_is_told_once() {
    let whole = pretty(&failed(1));
    let cut: String = whole.lines().take(12).collect::<Vec<_>>().join("\n");
    let said = "steady: events.jsonl:12: not JSON: EOF while parsing ";
    let done = replay_json(&cut);
    assert_eq!((done.code, seen(&done)), (Some(65), vec![]));
    assert!(done.stderr.starts_with(said) && done.stderr.lines().count() == 1, "{}", done.stderr);
}

#[test]
fn an_array_is_its_events() {
    let array = json!([failed(1), failed(2), failed(3)]);
    check(&replay_json(array.to_string()), 0, &[1, 2, 3], &[]);
    check(&replay_json(pretty(&array)), 0, &[1, 2, 3], &[]);
    check(&replay_json(format!("\u{feff}\n {}\n\n", pretty(&array))), 0, &[1, 2, 3], &[]);
    // Two of them, as `jq` prints for two files.
    let two = format!("{}\n{}\n", json!([failed(1)]), json!([failed(2)]));
    check(&replay_json(two), 0, &[1, 2], &[]);
}

#[test]
fn an_array_on_one_long_line_is_read() {
    let many: Vec<Value> = (1..=1500).map(failed).collect();
    let array = json!(many).to_string();
    assert!(array.len() > MIB);
    let all: Vec<u32> = (1..=1500).collect();
    check(&replay_json(&array), 0, &all, &[]);
    check(&replay_json(array + "\n"), 0, &all, &[]);
}

#[test]
fn an_element_that_is_no_event_is_named_by_its_line() {
    let array = format!("[\n{},\n7,\n\n[],\n{}\n]\n", failed(1), failed(2));
    check(
        &replay_json(array),
        65,
        &[1, 2],
        &[
            "steady: events.jsonl:3: not an event: expected an object, found `7`",
            "steady: events.jsonl:5: not an event: expected an object, found a list",
        ],
    );
}

#[test]
fn of_a_cut_array_the_whole_events_are_read() {
    let array = pretty(&json!([failed(1), failed(2), failed(3)]));
    let all: Vec<&str> = array.lines().collect();
    for kept in [all.len() - 1, all.len() - 2, all.len() - 10] {
        let done = replay_json(all[..kept].join("\n"));
        let expected: &[u32] = if kept == all.len() - 1 { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!((done.code, seen(&done).as_slice()), (Some(65), expected));
        let said = format!("steady: events.jsonl:{kept}: not JSON: EOF while parsing ");
        assert!(
            done.stderr.starts_with(&said) && done.stderr.lines().count() == 1,
            "{}",
            done.stderr
        );
    }
    let line = json!([failed(1), failed(2)]).to_string();
    let done = replay_json(&line[..line.len() - 40]);
    assert_eq!((done.code, seen(&done)), (Some(65), vec![1]));
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
}

#[test]
fn of_an_array_with_a_broken_element_those_before_it_are_read() {
    let array = format!("[\n  {},\n  {{\"id\" 1}},\n  {}\n]\n", failed(1), failed(2));
    check(
        &replay_json(array),
        65,
        &[1],
        &["steady: events.jsonl:3: not JSON: expected `:`, and the rest cannot be read"],
    );
    let array = format!("[\n{},\n{{\"id\" 1}},\n{}\n]\n", failed(1), failed(2));
    check(
        &replay_json(array),
        65,
        &[1, 2],
        &["steady: events.jsonl:3: not JSON: expected `:`; read on at line 4"],
    );
}
