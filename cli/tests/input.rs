//! Input as it comes: cut, mangled, in other shapes. What cannot be read is named, and the rest is done.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod command;
mod recorded;

use command::{Folder, check, replay_json, seen, steady, steady_with_stdin};
use recorded::{failed, lines};
use serde_json::Value;

const MIB: usize = 1 << 20;

fn line(number: u32) -> String {
    lines(&[failed(number)])
}

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn a_broken_line_in_the_middle_is_named_and_passed_over() {
    let recording = format!("{}{{\"detail-type\": \n{}", line(1), line(2));
    check(
        &replay_json(recording),
        65,
        &[1, 2],
        &["steady: events.jsonl:2: not JSON: EOF while parsing a value, at column 16"],
    );
}

#[test]
fn a_cut_last_line_is_named() {
    let (first, last) = (line(1), line(2));
    let recording = format!("{first}{}", &last[..100]);
    let done = replay_json(recording);
    assert_eq!((done.code, seen(&done)), (Some(65), vec![1]));
    assert!(done.stderr.starts_with("steady: events.jsonl:2: not JSON: EOF while parsing "));
    assert_eq!(done.stderr.lines().count(), 1);
}

#[test]
fn wherever_the_first_line_was_cut_off_the_rest_is_read() {
    let whole = line(1);
    for from in 1..whole.len() - 2 {
        // Every offset would take a while; all that begin with a bracket, brace or quote, and some others.
        if !b"[{\"".contains(&whole.as_bytes()[from]) && !from.is_multiple_of(97) {
            continue;
        }
        let done = replay_json(format!("{}{}{}", &whole[from..], line(2), line(3)));
        assert_eq!((done.code, seen(&done)), (Some(65), vec![2, 3]), "{}", &whole[from..]);
        let said = done.stderr;
        assert!(
            said.starts_with("steady: events.jsonl:1: ") && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[test]
fn wherever_the_first_line_ends_too_early_the_rest_is_read() {
    let whole = line(1);
    // A brace alone is no cut line: it begins a document of several.
    for until in (2..whole.len() - 2).step_by(37) {
        let done = replay_json(format!("{}\n{}{}", &whole[..until], line(2), line(3)));
        assert_eq!((done.code, seen(&done)), (Some(65), vec![2, 3]), "{}", &whole[..until]);
        let said = done.stderr;
        assert!(
            said.starts_with("steady: events.jsonl:1: ") && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[test]
fn a_line_too_long_for_an_event_is_passed_over_wherever_it_is() {
    let long = vec![b'x'; 10 * MIB];
    let said = |line: usize| {
        format!(
            "steady: events.jsonl:{line}: a line of 10485760 bytes is no event (at most 1048576 bytes)"
        )
    };
    let (one, two) = (line(1), line(2));
    let (one, two) = (one.as_bytes(), two.as_bytes());
    check(&replay_json(bytes(&[&long, b"\n", one, two])), 65, &[1, 2], &[&said(1)]);
    check(&replay_json(bytes(&[one, &long, b"\n", two])), 65, &[1, 2], &[&said(2)]);
    check(&replay_json(bytes(&[one, two, &long, b"\n"])), 65, &[1, 2], &[&said(3)]);
    check(&replay_json(bytes(&[one, two, &long])), 65, &[1, 2], &[&said(3)]);
    check(&replay_json(&long), 65, &[], &[&said(1)]);
}

#[test]
fn a_long_line_is_too_long_even_if_it_is_an_event_and_after_a_cut_first_line() {
    let mut event = failed(1);
    event["padding"] = "x".repeat(MIB).into();
    let long = event.to_string();
    let said = format!("a line of {} bytes is no event (at most 1048576 bytes)", long.len());
    let done = replay_json(format!("{long}\n{}", line(2)));
    check(&done, 65, &[2], &[&format!("steady: events.jsonl:1: {said}")]);
    let done = replay_json(format!("{{\"detail\":\n{}{long}\n{}", line(2), line(3)));
    assert_eq!((done.code, seen(&done)), (Some(65), vec![2, 3]));
    assert!(done.stderr.contains(&format!("steady: events.jsonl:3: {said}\n")), "{}", done.stderr);
}

#[test]
fn an_event_of_nearly_the_greatest_length_is_read() {
    let mut event = failed(1);
    event["padding"] = "".into();
    let room = MIB - event.to_string().len();
    event["padding"] = "x".repeat(room).into();
    assert_eq!(event.to_string().len(), MIB);
    let done = replay_json(format!("{event}\n{}{event}", line(2)));
    check(&done, 0, &[1, 2], &[]);
}

#[test]
fn garbage_is_named_by_line() {
    let (one, two) = (line(1), line(2));
    let garbage = b"\x00\xff\xfe\x89PNG\r\n";
    let done = replay_json(bytes(&[one.as_bytes(), garbage, two.as_bytes()]));
    check(&done, 65, &[1, 2], &["steady: events.jsonl:2: not JSON: not UTF-8 after 1 bytes"]);
    // In the first line, and within a text that would be JSON otherwise.
    let mangled = bytes(&[br#"{"id": "caf"#, b"\xe9", br#""}"#, b"\n", one.as_bytes()]);
    check(
        &replay_json(mangled),
        65,
        &[1],
        &["steady: events.jsonl:1: not JSON: not UTF-8 after 11 bytes"],
    );
    let mut noise = Vec::new();
    let mut state = 1_u32;
    for _ in 0..2 * MIB {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((state >> 24) as u8);
    }
    let done = replay_json(&noise);
    assert_eq!((done.code, done.stdout.as_str()), (Some(65), ""));
    assert!(done.stderr.lines().all(|line| line.starts_with("steady: events.jsonl:")));
}

#[test]
fn an_event_that_says_nothing_is_named() {
    let nulls = r#"{"version":null,"id":null,"detail-type":null,"source":null,"account":null,"time":null,"region":null,"resources":null,"detail":null}"#;
    let mut timeless = failed(3);
    timeless["time"] = Value::Null;
    let recording = format!("{}{nulls}\n{{}}\n7\n\"text\"\nnull\n{timeless}\n{}", line(1), line(2));
    let missing = "`detail-type` is missing, so it cannot be told what kind of event this is";
    check(
        &replay_json(recording),
        65,
        &[1, 2],
        &[
            &format!("steady: events.jsonl:2: {missing}"),
            &format!("steady: events.jsonl:3: {missing}"),
            "steady: events.jsonl:4: not an event: expected an object, found `7`",
            "steady: events.jsonl:5: not an event: expected an object, found `\"text\"`",
            "steady: events.jsonl:6: not an event: expected an object, found null",
            "steady: events.jsonl:7: `time` is missing, so the event has no place in the timeline",
        ],
    );
}

#[test]
fn a_task_event_of_nulls_alone_is_named_and_one_with_a_name_is_read() {
    let mut nulls = failed(1);
    for value in nulls["detail"].as_object_mut().unwrap().values_mut() {
        *value = Value::Null;
    }
    let mut nameless = nulls.clone();
    nameless["resources"] = Value::Null;
    check(
        &replay_json(format!("{nameless}\n{nulls}\n{}", line(2))),
        65,
        &[2],
        &["steady: events.jsonl:1: `detail.taskArn` is missing, so the task has no name"],
    );
}

#[test]
fn nothing_is_no_error() {
    for nothing in ["", "\n", " \n\r\n\t\n", "\u{feff}", "\u{feff}\n\n", "[]", "[\n]\n"] {
        check(&replay_json(nothing), 0, &[], &[]);
    }
}

#[test]
fn blank_lines_line_ends_of_windows_and_a_byte_order_mark_are_read_over() {
    let windows = format!("{}{}", line(1), line(2)).replace('\n', "\r\n");
    check(&replay_json(&windows), 0, &[1, 2], &[]);
    check(&replay_json(format!("\u{feff}{windows}")), 0, &[1, 2], &[]);
    check(&replay_json(format!("\n\n{}\n \r\n{}\n\n", line(1), line(2))), 0, &[1, 2], &[]);
    // They count as lines all the same.
    let done = replay_json(format!("\u{feff}\n\n{}\nbroken\n", line(1)));
    assert!(done.stderr.starts_with("steady: events.jsonl:5: "), "{}", done.stderr);
}

#[test]
fn files_that_cannot_be_opened_or_read_are_named_and_the_others_read() {
    let folder = Folder::new();
    folder.file("one.jsonl", line(1)).file("two.jsonl", line(2)).file("folder/x", "");
    let names = ["one.jsonl", "missing.jsonl", "folder", "two.jsonl"];
    let arguments = [&["replay", "--format", "json"], &names[..]].concat();
    let done = steady(&folder, &arguments);
    assert_eq!((done.code, seen(&done)), (Some(65), vec![1, 2]));
    let said: Vec<&str> = done.stderr.lines().collect();
    assert!(said[0].starts_with("steady: missing.jsonl: cannot open it: "), "{said:?}");
    assert!(said[1].starts_with("steady: folder: cannot read it: "), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn line_numbers_begin_anew_in_each_file() {
    let folder = Folder::new();
    folder.file("one.jsonl", line(1) + "broken").file("two.jsonl", line(2) + "broken");
    let done = steady(&folder, &["replay", "--format", "json", "one.jsonl", "two.jsonl"]);
    assert_eq!(seen(&done), [1, 2]);
    let places: Vec<&str> = done.stderr.lines().map(|line| &line[..21]).collect();
    assert_eq!(places, ["steady: one.jsonl:2: ", "steady: two.jsonl:2: "]);
}

#[test]
fn stdin_is_read_where_it_is_named_among_files() {
    let folder = Folder::new();
    folder.file("one.jsonl", line(1));
    let arguments = ["replay", "--format", "json", "-", "one.jsonl"];
    let done = steady_with_stdin(&folder, &arguments, line(2) + "broken");
    assert_eq!((done.code, seen(&done)), (Some(65), vec![1, 2]));
    assert!(done.stderr.starts_with("steady: stdin:2: not JSON: "), "{}", done.stderr);
}

#[test]
fn events_without_a_line_break_between_them_are_read() {
    // As Firehose writes them by default: on one line, whatever its length.
    let short = format!("{}{}{}", failed(1), failed(2), failed(3));
    check(&replay_json(&short), 0, &[1, 2, 3], &[]);
    check(&replay_json(format!("{}{short}", line(4))), 0, &[1, 2, 3, 4], &[]);
    let cut = format!("{}{}{{\"id\": ", failed(1), failed(2));
    let said = "steady: events.jsonl:1: not JSON: EOF while parsing a value";
    check(&replay_json(cut), 65, &[1, 2], &[said]);
    let long: String = (1..=1500).map(|task| failed(task).to_string()).collect();
    let all: Vec<u32> = (1..=1500).collect();
    check(&replay_json(long), 0, &all, &[]);
}
