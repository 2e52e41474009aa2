//! The order, the repetition and the files of a recording change nothing.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::command::{Folder, steady};
use crate::published;
use crate::recorded::{EXIT_1, Task, at, lines, steady_state};
use crate::story::{AUTO, story};

/// How a recording is mistreated.
#[derive(Debug)]
struct Mistreated {
    /// Another order of its lines.
    order: Vec<usize>,
    /// Which of them come twice.
    twice: Vec<bool>,
    /// Where it is cut.
    cut: Index,
}

fn mistreated(recording: &str) -> impl Strategy<Value = Mistreated> + use<> {
    let lines = recording.lines().count();
    let order = Just((0..lines).collect::<Vec<_>>()).prop_shuffle();
    let twice = prop::collection::vec(any::<bool>(), lines);
    (order, twice, any::<Index>()).prop_map(|(order, twice, cut)| Mistreated { order, twice, cut })
}

fn replay(files: &[&str], format: &str) -> String {
    let folder = Folder::new();
    folder.file("config/defaults.toml", AUTO);
    let names: Vec<String> = (0..files.len()).map(|number| format!("{number}.jsonl")).collect();
    for (name, content) in names.iter().zip(files) {
        folder.file(name, content);
    }
    let mut arguments = vec!["replay", "--config", "config", "--format", format];
    arguments.extend(names.iter().map(String::as_str));
    steady(&folder, &arguments).good().stdout
}

/// The summary says how many events were read; the rest is the same.
fn without_count(text: &str) -> String {
    let counts = |line: &str| line.contains(" events, ") && line.contains(" UTC to ");
    let kept = text.lines().filter(|line| !counts(line));
    kept.map(|line| format!("{line}\n")).collect()
}

/// The first line that differs tells more than two whole timelines.
fn equal(what: &str, straight: &str, mistreated: &str) -> Result<(), TestCaseError> {
    let mut pairs = straight.lines().zip(mistreated.lines());
    let first = pairs.find(|(straight, mistreated)| straight != mistreated);
    prop_assert!(straight == mistreated, "{what}: {first:#?}");
    Ok(())
}

fn same(recording: &str, how: &Mistreated) -> Result<(), TestCaseError> {
    let (json, text) = (replay(&[recording], "json"), replay(&[recording], "text"));
    let lines: Vec<&str> = recording.split_inclusive('\n').collect();
    let shuffled: String = how.order.iter().map(|line| lines[*line]).collect();
    equal("shuffled", &json, &replay(&[&shuffled], "json"))?;
    equal("shuffled", &text, &replay(&[&shuffled], "text"))?;

    let twice = |(line, twice): (&usize, &bool)| lines[*line].repeat(1 + usize::from(*twice));
    let doubled: String = how.order.iter().zip(&how.twice).map(twice).collect();
    equal("doubled", &json, &replay(&[&doubled], "json"))?;
    let doubled_text = replay(&[&doubled], "text");
    equal("doubled", &without_count(&text), &without_count(&doubled_text))?;

    let (first, second) = lines.split_at(how.cut.index(lines.len() + 1));
    let (first, second) = (first.concat(), second.concat());
    equal("cut", &json, &replay(&[&first, &second], "json"))?;
    equal("cut", &json, &replay(&[&second, &first], "json"))?;
    equal("cut", &text, &replay(&[&second, &first], "text"))
}

fn holds_for(recording: &str) {
    let config = ProptestConfig {
        cases: 48,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config).run(&mistreated(recording), |how| same(recording, &how)).unwrap();
}

#[test]
fn of_the_whole_story_order_repetition_and_files_change_nothing() {
    holds_for(&lines(&story()));
}

#[test]
fn of_many_services_in_the_same_seconds_order_repetition_and_files_change_nothing() {
    let mut events = Vec::new();
    for (service, first) in [("a", 0), ("b", 10), ("c", 20)] {
        for number in first..first + 5 {
            let revision = format!("{service}:{}", 1 + number % 2);
            let deployment = format!("ecs-svc/{}", 1 + number % 2);
            let task = Task::of_service(service, &revision, &deployment, at(0), number);
            events.extend(task.life(8, EXIT_1));
        }
        events.extend(Task::of_family(service, at(0), first + 9).life(8, EXIT_1));
        events.push(steady_state(service, at(8)));
    }
    events.push(steady_state("a", at(5000)));
    holds_for(&lines(&events));
}

#[test]
fn of_published_recordings_order_repetition_and_files_change_nothing() {
    let Some(recordings) = published::recordings() else {
        return;
    };
    let all: String = recordings.iter().map(|(_, text)| text.as_str()).collect();
    holds_for(&all);
    println!("{} cases ran: published recordings, replayed together", recordings.len());
}
