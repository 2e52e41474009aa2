//! A config file with other numbers, line by line: what people wrote stays, comments included.
//!
//! Only values of keys change, each with a comment above that says why; what is missing is put below its section's heading,
//! a section that is missing at the end. TOML can also be written in ways that are not met so (inline tables): so what comes
//! out is read again by the core, and is handed out only if it says what was recommended.

use steady_core::config::{
    Scaling, SourceFile, TargetTracking, TrackedMetric, Window, load_tree, render_duration,
};

/// A line of the new file beside the old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::backtest) enum Line {
    Same(String),
    Gone(String),
    New(String),
}

/// A value that is to be other than it was.
#[derive(Debug)]
struct Change {
    /// `capacity`, `target_tracking`, and which of several.
    section: &'static str,
    place: usize,
    key: &'static str,
    value: String,
    why: String,
}

/// Why numbers are what they are, in a few words each.
#[derive(Debug)]
pub(in crate::backtest) struct Reasons {
    /// Above the first line.
    pub(in crate::backtest) head: Vec<String>,
    pub(in crate::backtest) min: String,
    pub(in crate::backtest) max: String,
    pub(in crate::backtest) target: String,
    pub(in crate::backtest) cooldown: String,
    pub(in crate::backtest) window: String,
}

/// The file `text`, whose scaling (with what it inherits) is `before`, as one that says `after`. `sources` are what it is read
/// with: its own path in the tree first, then the defaults. `None`: it is not written in a way that can be changed so.
pub(in crate::backtest) fn edit(
    text: &str,
    path: &str,
    defaults: Option<&str>,
    before: &Scaling,
    after: &Scaling,
    reasons: &Reasons,
) -> Option<Vec<Line>> {
    let mut lines: Vec<Line> = text.lines().map(|line| Line::Same(line.to_owned())).collect();
    for change in changes(before, after, reasons) {
        apply(&mut lines, &change)?;
    }
    for window in after.window.iter().skip(before.window.len()) {
        lines.push(Line::New(String::new()));
        lines.push(Line::New(format!("# {}", reasons.window)));
        lines.extend(rendered(window).into_iter().map(Line::New));
    }
    let head = reasons.head.iter().map(|line| Line::New(format!("# {line}")));
    let lines: Vec<Line> = head.chain(lines).collect();
    let new = new_text(&lines);
    let mut sources = vec![SourceFile { path, text: &new }];
    sources.extend(defaults.map(|text| SourceFile { path: "defaults.toml", text }));
    let tree = load_tree(&sources).tree?;
    let service = path.trim_end_matches(".toml");
    (tree.for_service(service).scaling == *after).then_some(lines)
}

/// The new file alone.
pub(in crate::backtest) fn new_text(lines: &[Line]) -> String {
    let there = lines.iter().filter_map(|line| match line {
        Line::Same(text) | Line::New(text) => Some(format!("{text}\n")),
        Line::Gone(_) => None,
    });
    there.collect()
}

fn changes(before: &Scaling, after: &Scaling, reasons: &Reasons) -> Vec<Change> {
    let mut all = Vec::new();
    let mut change = |section, place, key, was: String, value: String, why: &str| {
        if was != value {
            all.push(Change { section, place, key, why: format!("was {was}: {why}"), value });
        }
    };
    let bounds =
        |scaling: &Scaling| scaling.capacity.map(|one| (one.min, one.max)).unwrap_or_default();
    let ((min, max), (new_min, new_max)) = (bounds(before), bounds(after));
    change("capacity", 0, "min", min.to_string(), new_min.to_string(), &reasons.min);
    change("capacity", 0, "max", max.to_string(), new_max.to_string(), &reasons.max);
    let policies = before.target_tracking.iter().zip(&after.target_tracking);
    for (place, (one, new)) in policies.enumerate() {
        let section = "target_tracking";
        change(
            section,
            place,
            "target",
            one.target.to_string(),
            new.target.to_string(),
            &reasons.target,
        );
        let quoted = |duration| format!("\"{}\"", render_duration(duration));
        let (was, value) = (quoted(one.scale_out_cooldown), quoted(new.scale_out_cooldown));
        change(section, place, "scale_out_cooldown", was, value, &reasons.cooldown);
        let (was, value) = (quoted(one.scale_in_cooldown), quoted(new.scale_in_cooldown));
        change(section, place, "scale_in_cooldown", was, value, &reasons.cooldown);
    }
    for (place, (one, new)) in before.window.iter().zip(&after.window).enumerate() {
        let text = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        change("window", place, "min", text(one.min), text(new.min), &reasons.window);
        change("window", place, "max", text(one.max), text(new.max), &reasons.max);
    }
    all
}

/// Changes one value where it is, or puts it below its section's heading. `None`: the section is not there.
fn apply(lines: &mut Vec<Line>, change: &Change) -> Option<()> {
    let heading = section_at(lines, change)?;
    let mut at = heading + 1;
    while let Some(line) = lines.get(at) {
        match line {
            Line::Same(text) if text.trim_start().starts_with('[') => break,
            Line::Same(text) if has_key(text, change.key) => {
                let (indent, comment) = around(text);
                let new = format!("{indent}{} = {}{comment}", change.key, change.value);
                let why = format!("{indent}# {}", change.why);
                let old = Line::Gone(text.clone());
                lines.splice(at..=at, [old, Line::New(why), Line::New(new)]);
                return Some(());
            }
            _ => at += 1,
        }
    }
    let below = [
        Line::New(format!("# {}", change.why)),
        Line::New(format!("{} = {}", change.key, change.value)),
    ];
    lines.splice(heading + 1..=heading, below);
    Some(())
}

fn section_at(lines: &[Line], change: &Change) -> Option<usize> {
    let (one, several) = (format!("[{}]", change.section), format!("[[{}]]", change.section));
    let is_heading = |line: &Line| match line {
        Line::Same(text) => {
            let text = text.split('#').next().unwrap_or_default().trim();
            text == one || text == several
        }
        Line::Gone(_) | Line::New(_) => false,
    };
    let places = lines.iter().enumerate().filter(|(_, line)| is_heading(line));
    places.map(|(place, _)| place).nth(change.place)
}

fn has_key(line: &str, key: &str) -> bool {
    let rest = line.trim_start().strip_prefix(key);
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// What stands before a key, and the comment after its value with the space before it.
fn around(line: &str) -> (String, String) {
    let indent = line.chars().take_while(|char| char.is_whitespace()).collect();
    // Values that are changed are numbers and durations: no `#` is in them.
    let comment = line.find('#').map(|at| line.split_at(at));
    let comment = comment.map(|(value, comment)| {
        let space: String = value.chars().rev().take_while(|char| char.is_whitespace()).collect();
        space + comment
    });
    (indent, comment.unwrap_or_default())
}

fn rendered(window: &Window) -> Vec<String> {
    let mut lines = vec![
        "[[window]]".to_owned(),
        format!("name = \"{}\"", window.name),
        format!("start = \"{}\"", window.start),
        format!("end = \"{}\"", window.end),
    ];
    if window.timezone != "UTC" {
        lines.push(format!("timezone = \"{}\"", window.timezone));
    }
    lines.extend(window.min.map(|min| format!("min = {min}")));
    lines.extend(window.max.map(|max| format!("max = {max}")));
    lines
}

/// The numbers of a policy, where the file cannot be written: `cpu: target 62`.
pub(in crate::backtest) fn in_words(one: &TargetTracking) -> String {
    let unit = match one.metric {
        TrackedMetric::Cpu { .. } | TrackedMetric::Memory { .. } => " %",
        _ => "",
    };
    format!(
        "{}: target {}{unit}, cooldown {} out and {} in",
        one.name,
        one.target,
        render_duration(one.scale_out_cooldown),
        render_duration(one.scale_in_cooldown),
    )
}
