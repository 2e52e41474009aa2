//! What is wrong with a file, where, and what to do about it.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// How grave a finding is. In JSON: `"error"`, `"warning"`, `"info"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot take effect; nor can the tree it is part of.
    Error,
    /// The file takes effect and probably does not do what its author thinks.
    Warning,
    /// Worth knowing, nothing to do.
    Info,
}

/// One finding of the checks.
///
/// ```json
/// {"severity": "error", "rule": "not-a-duration", "file": "prod/checkout.toml", "line": 12, "column": 8, "width": 1,
///  "key": "health.soak", "message": "`health.soak` is `5`, expected a duration such as `\"10m\"`",
///  "fix": "write `\"5m\"` (the same as `\"300s\"`), or `\"5s\"`"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// Which rule of the config says so. `None`: none of them, the file is another's (a scenario).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The file's path, as the caller gave it.
    pub file: String,
    /// Line, from 1. A finding about the file as a whole stands at 1:1.
    pub line: usize,
    /// Column in characters (not bytes), from 1: the value's, or the key's where the key is the trouble.
    pub column: usize,
    /// How many characters of that line are meant. 0: the place itself, or the file as a whole.
    #[serde(default)]
    pub width: usize,
    /// Path of the key, `health.soak` or `health.rollback_alarms[1]`. Empty: the file as a whole, or its syntax.
    pub key: String,
    /// What is wrong: one line, with the user's own text in backticks.
    pub message: String,
    /// What to do. `None`: the message says all there is to say.
    pub fix: Option<String>,
}

impl fmt::Display for Finding {
    /// ``prod/checkout.toml:12:8: `health.soak` is `5`, expected a duration such as `"10m"`; write …``.
    /// Warnings and infos say so in front of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        match self.severity {
            Severity::Error => {}
            Severity::Warning => f.write_str("warning: ")?,
            Severity::Info => f.write_str("info: ")?,
        }
        f.write_str(&self.message)?;
        match &self.fix {
            Some(fix) => write!(f, "; {fix}"),
            None => Ok(()),
        }
    }
}

/// Sorts by file, line and column; at one place the gravest first.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
}

fn order(finding: &Finding) -> impl Ord {
    (&finding.file, finding.line, finding.column, finding.severity, &finding.key, &finding.message)
}

/// From byte offsets to lines and columns.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The byte offset at which each line begins; the first is 0.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        let starts = std::iter::once(0).chain(after_breaks).collect();
        Self { text, starts }
    }

    /// Line and column, both from 1, the column in characters. A byte order mark takes no column.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.starts.get(line.saturating_sub(1)).copied();
        let start = start.unwrap_or_default();
        let before = self.text.get(start..).unwrap_or_default().char_indices();
        let column = before
            .take_while(|(at, _)| start.saturating_add(*at) < offset)
            .filter(|(_, c)| *c != '\u{feff}')
            .count();
        (line, column.saturating_add(1))
    }

    /// How many characters of `span` are on the line where it begins.
    pub(super) fn width(&self, span: &Range<usize>) -> usize {
        let text = self.text.get(span.clone()).unwrap_or_default();
        text.split(['\n', '\r']).next().unwrap_or_default().chars().count()
    }

    /// The line, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

/// Longest piece of user input a message repeats, in characters: an SNS topic ARN fits, a pasted file does not.
const SHOWN_CHARS_MAX: usize = 120;

/// The user's text in backticks: on one line, and not longer than a message can bear.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

/// Control characters and line breaks escaped, the end cut off where it is too long.
pub(super) fn shortened(text: &str) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN_CHARS_MAX {
            shown.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// `` `text`, `json`, `chat` ``
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    names.join(", ")
}

/// Longest word for which a near miss is looked up: no key is half as long, and the search is quadratic.
const NEAR_CHARS_MAX: usize = 64;

/// The name that was probably meant: at most a third of its letters wrong, whatever the case and `-` for `_`.
pub(super) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.chars().count() > NEAR_CHARS_MAX {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    let distances = names.into_iter().map(|name| (strsim::damerau_levenshtein(&word, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    let allowed = (name.chars().count() / 3).max(1);
    (distance <= allowed && distance < name.chars().count()).then_some(name)
}
