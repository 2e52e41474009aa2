//! Walking the spanned TOML tree: tables by their list of keys, fields by what they must hold.
//!
//! Every reader returns what it understood and leaves a [`Finding`] for the rest, so that nothing stops
//! at the first mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Place;
use super::finding::{Finding, Lines, Severity, nearest, quoted, shortened};
use super::keys::{self, Layer};
use super::rule::Rule;
use super::value;

/// Where the reading of one file stands.
pub(super) struct Reader<'a> {
    file: &'a str,
    pub(super) text: &'a str,
    pub(super) lines: Lines<'a>,
    /// What kind of file this is: some keys belong in one kind only.
    place: &'a Place,
    /// Where each value that is present stands, by key path: for checks across fields.
    pub(super) seen: BTreeMap<String, Range<usize>>,
    /// Keys that are not there and must be: table and name.
    pub(super) absent: Vec<(String, &'static str)>,
    pub(super) findings: Vec<Finding>,
}

/// A key with its value, somewhere in the file.
pub(super) struct Item<'t> {
    /// `health.soak`
    pub(super) path: String,
    /// The bytes of the key (of the value, inside an array).
    pub(super) key_at: Range<usize>,
    pub(super) value: &'t Spanned<DeValue<'t>>,
}

/// What is wrong with a text that was expected to be something particular.
pub(super) struct Flaw {
    pub(super) rule: Rule,
    /// Continues "`key` is `value`, …".
    pub(super) why: String,
    pub(super) fix: Option<String>,
}

impl Flaw {
    pub(super) fn new(rule: Rule, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { rule, why, fix: None }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        self.fix_if(Some(fix.into()))
    }

    pub(super) fn fix_if(self, fix: Option<String>) -> Self {
        Self { fix, ..self }
    }
}

/// Says whether a text will do, and if not, why.
pub(super) type Check = fn(&str) -> Result<(), Flaw>;

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str, place: &'a Place) -> Self {
        Self {
            file,
            text,
            lines: Lines::of(text),
            place,
            seen: BTreeMap::new(),
            absent: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Reads the whole file. Where its syntax is broken, checks across keys would judge what the parser happened to
    /// recover: [`SyntaxOk`] says whether they can be trusted.
    pub(super) fn read(&mut self) -> (Layer, SyntaxOk) {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        let mut layer = Layer::default();
        self.walk(root.get_ref(), "", keys::TOP, &mut layer);
        let syntax_ok = SyntaxOk(errors.is_empty());
        self.syntax(&errors, root.get_ref());
        (layer, syntax_ok)
    }

    // Findings.

    /// A finding at the value of `item`, as "`key` is `value`, …".
    pub(super) fn flaw(&mut self, item: &Item<'_>, flaw: Flaw) {
        let shown = self.shown(item.value);
        let message = format!("`{}` is {shown}, {}", item.path, flaw.why);
        let span = item.value.span();
        self.push((Severity::Error, flaw.rule), &span, &item.path, message, flaw.fix);
    }

    /// A finding at the key of `item`.
    pub(super) fn at_key(
        &mut self,
        severity: Severity,
        rule: Rule,
        item: &Item<'_>,
        message: String,
        fix: Option<String>,
    ) {
        self.push((severity, rule), &item.key_at.clone(), &item.path, message, fix);
    }

    /// A finding at the first of the keys `paths` that this file contains; nothing if it contains none of them: what
    /// `defaults.toml` does is said there and not again for every service.
    pub(super) fn at_first(
        &mut self,
        grade: (Severity, Rule),
        paths: &[&str],
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let found = paths.iter().find_map(|path| Some((*path, self.seen.get(*path)?.clone())));
        if let Some((path, span)) = found {
            self.push(grade, &span, path, message.into(), Some(fix.into()));
        }
    }

    /// Whether this file contains the key `path`.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.seen.contains_key(path)
    }

    /// Whether this is `defaults.toml`.
    pub(super) fn is_defaults(&self) -> bool {
        *self.place == Place::Defaults
    }

    /// Whether this is a service's file.
    pub(super) fn is_of_service(&self) -> bool {
        matches!(self.place, Place::Service(_))
    }

    /// A finding at `span`.
    pub(super) fn push(
        &mut self,
        (severity, rule): (Severity, Rule),
        span: &Range<usize>,
        key: &str,
        message: String,
        fix: Option<String>,
    ) {
        let (line, column) = self.lines.position(span.start);
        self.findings.push(Finding {
            severity,
            rule: Some(rule),
            file: self.file.to_owned(),
            line,
            column,
            width: self.lines.width(span),
            key: key.to_owned(),
            message,
            fix,
        });
    }

    /// The value as its author wrote it; arrays and tables only by kind.
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        match value.get_ref() {
            DeValue::Array(_) => "an array".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
            _ => quoted(self.text.get(value.span()).unwrap_or_default()),
        }
    }

    // Fields.

    /// A string that passes `check`.
    pub(super) fn text(&mut self, item: &Item<'_>, check: Check) -> Option<String> {
        let Some(text) = item.value.get_ref().as_str() else {
            self.flaw(item, Flaw::new(Rule::WrongType, "expected a string"));
            return None;
        };
        match check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(flaw) => {
                self.flaw(item, flaw);
                None
            }
        }
    }

    /// An array of strings that each pass `check`; a second occurrence is dropped with a warning.
    pub(super) fn texts(&mut self, item: &Item<'_>, check: Check) -> Option<Vec<String>> {
        let Some(array) = item.value.get_ref().as_array() else {
            let expected = Flaw::new(Rule::WrongType, "expected an array of strings");
            let single = item.value.get_ref().as_str();
            let fix = single.map(|text| format!("write `[\"{}\"]`", shortened(text)));
            self.flaw(item, Flaw { fix, ..expected });
            return None;
        };
        let mut kept: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for (index, value) in array.iter().enumerate() {
            let element = self.element(item, index, value);
            let Some(text) = self.text(&element, check) else {
                continue;
            };
            if known.insert(text.clone()) {
                kept.push(text);
            } else {
                let message = format!("`{}` contains {} twice", item.path, quoted(&text));
                let fix = Some("leave the second one out".to_owned());
                self.at_key(Severity::Warning, Rule::TwiceInList, &element, message, fix);
            }
        }
        Some(kept)
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, item: &Item<'_>, words: &[(&str, T)]) -> Option<T> {
        let names = || words.iter().map(|(name, _)| *name);
        let text = item.value.get_ref().as_str();
        let found = words.iter().find(|(name, _)| Some(*name) == text);
        if found.is_none() {
            let strings: Vec<String> = names().map(|name| format!("`\"{name}\"`")).collect();
            let expected = Flaw::new(
                if text.is_some() { Rule::UnknownWord } else { Rule::WrongType },
                format!("expected one of {}", strings.join(", ")),
            );
            let near = text.and_then(|text| nearest(text, names()));
            let fix = near.map(|near| format!("did you mean `\"{near}\"`"));
            self.flaw(item, Flaw { fix, ..expected });
        }
        found.map(|(_, value)| *value)
    }

    /// A duration within `range`.
    pub(super) fn duration(
        &mut self,
        item: &Item<'_>,
        range: &RangeInclusive<SignedDuration>,
    ) -> Option<SignedDuration> {
        match value::duration(item.value.get_ref(), range) {
            Ok(duration) => Some(duration),
            Err(flaw) => {
                self.flaw(item, flaw);
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn whole(&mut self, item: &Item<'_>, range: &RangeInclusive<i32>) -> Option<i32> {
        match value::whole(item.value.get_ref(), range) {
            Ok(number) => Some(number),
            Err(flaw) => {
                self.flaw(item, flaw);
                None
            }
        }
    }

    /// A number that is finite.
    pub(super) fn number(&mut self, item: &Item<'_>) -> Option<f64> {
        match value::finite(item.value.get_ref()) {
            Ok(number) => Some(number),
            Err(flaw) => {
                self.flaw(item, flaw);
                None
            }
        }
    }

    /// Strings by name.
    pub(super) fn dimensions(&mut self, item: &Item<'_>) -> Option<BTreeMap<String, String>> {
        let DeValue::Table(table) = item.value.get_ref() else {
            let flaw = Flaw::new(Rule::WrongType, "expected a table of dimensions")
                .fix("write `{ QueueName = \"orders\" }`");
            self.flaw(item, flaw);
            return None;
        };
        let mut dimensions = BTreeMap::new();
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            let one = Item { path: join(&item.path, name), key_at: key.span(), value };
            self.seen.insert(one.path.clone(), value.span());
            if let Some(text) = self.text(&one, keys::check_dimension) {
                dimensions.insert(name.to_owned(), text);
            }
        }
        Some(dimensions)
    }
}

/// Whether the parser read the file without an error.
pub(super) struct SyntaxOk(pub(super) bool);

pub(super) fn join(prefix: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = if !name.is_empty() && name.chars().all(bare) {
        shortened(name)
    } else {
        format!("\"{}\"", shortened(name))
    };
    match prefix {
        "" => name,
        _ => format!("{prefix}.{name}"),
    }
}
