//! Walking the spanned TOML tree: tables by their list of keys, fields by what they must hold.
//!
//! Every reader returns what it understood and leaves a [`Finding`] for the rest, so that nothing stops
//! at the first mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::duration::{
    DurationError, parse_duration, render_duration, suggest_duration, suggest_unit,
};
use super::finding::{Finding, Lines, Severity, listed, nearest, quoted, shortened};
use super::keys::{self, Key, Layer, Place};

/// Where the reading of one file stands.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    lines: Lines<'a>,
    /// What kind of file this is: some keys belong in one kind only.
    pub(super) place: &'a Place,
    /// Where each value that is present begins, by key path: for checks across fields.
    seen: BTreeMap<String, usize>,
    findings: Vec<Finding>,
}

/// A key with its value, somewhere in the file.
pub(super) struct Item<'t> {
    /// `health.soak`
    pub(super) path: String,
    /// Byte offset of the key (of the value, inside an array).
    key_at: usize,
    value: &'t Spanned<DeValue<'t>>,
}

/// What is wrong with a text that was expected to be something particular.
pub(super) struct Flaw {
    /// Continues "`key` is `value`, …".
    pub(super) why: String,
    pub(super) fix: Option<String>,
}

impl Flaw {
    pub(super) fn new(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { why, fix: None }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into());
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
        self.push(Severity::Error, item.value.span().start, &item.path, message, flaw.fix);
    }

    /// A finding at the key of `item`.
    pub(super) fn at_key(
        &mut self,
        severity: Severity,
        item: &Item<'_>,
        message: String,
        fix: Option<String>,
    ) {
        self.push(severity, item.key_at, &item.path, message, fix);
    }

    /// A warning at the value of the key `path`; nothing if this file does not contain it.
    pub(super) fn warn_at(&mut self, path: &str, message: String, fix: &str) {
        if let Some(at) = self.seen.get(path).copied() {
            self.push(Severity::Warning, at, path, message, Some(fix.to_owned()));
        }
    }

    /// Whether this file contains the key `path`.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.seen.contains_key(path)
    }

    fn push(
        &mut self,
        severity: Severity,
        offset: usize,
        key: &str,
        message: String,
        fix: Option<String>,
    ) {
        let (line, column) = self.lines.position(offset);
        self.findings.push(Finding {
            severity,
            file: self.file.to_owned(),
            line,
            column,
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

    // Tables.

    /// Reads each key of `table` by its entry in `keys`.
    fn walk(&mut self, table: &DeTable<'_>, prefix: &str, keys: &[Key], layer: &mut Layer) {
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            let item = Item { path: join(prefix, name), key_at: key.span().start, value };
            match keys.iter().find(|known| known.name == name) {
                Some(known) => {
                    self.seen.insert(item.path.clone(), value.span().start);
                    (known.read)(self, &item, layer);
                }
                None => self.unknown(&item, name, prefix, keys),
            }
        }
    }

    fn unknown(&mut self, item: &Item<'_>, name: &str, prefix: &str, keys: &[Key]) {
        let here = || keys.iter().map(|key| key.name);
        let place = match prefix {
            "" => "at the top level".to_owned(),
            _ => format!("in `[{prefix}]`"),
        };
        let fix = if let Some(table) = keys::table_of(name) {
            match table {
                "" => "it belongs at the top level, above the first `[…]`".to_owned(),
                _ => format!("it belongs in `[{table}]`"),
            }
        } else if let Some(near) = nearest(name, here()) {
            format!("did you mean `{}`", join(prefix, near))
        } else {
            format!("the keys here are {}", listed(here()))
        };
        let message = format!("`{}` is unknown {place}", item.path);
        self.at_key(Severity::Error, item, message, Some(fix));
    }

    /// A table with keys of its own.
    pub(super) fn table(&mut self, item: &Item<'_>, keys: &[Key], layer: &mut Layer) {
        let path = &item.path;
        match item.value.get_ref() {
            DeValue::Table(table) => self.walk(table, path, keys, layer),
            DeValue::Array(_) => self.flaw(
                item,
                Flaw::new("expected a table").fix(format!("write `[{path}]` with single brackets")),
            ),
            _ => self.flaw(
                item,
                Flaw::new("expected a table").fix(format!("begin a section `[{path}]`")),
            ),
        }
    }

    // Fields.

    /// A string that passes `check`.
    pub(super) fn text(&mut self, item: &Item<'_>, check: Check) -> Option<String> {
        let Some(text) = item.value.get_ref().as_str() else {
            self.flaw(item, Flaw::new("expected a string"));
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
            let expected = Flaw::new("expected an array of strings");
            let single = item.value.get_ref().as_str();
            let fix = single.map(|text| format!("write `[\"{}\"]`", shortened(text)));
            self.flaw(item, Flaw { fix, ..expected });
            return None;
        };
        let mut kept: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for (index, value) in array.iter().enumerate() {
            let element =
                Item { path: format!("{}[{index}]", item.path), key_at: value.span().start, value };
            let Some(text) = self.text(&element, check) else {
                continue;
            };
            if known.insert(text.clone()) {
                kept.push(text);
            } else {
                let message = format!("`{}` contains {} twice", item.path, quoted(&text));
                let fix = Some("leave the second one out".to_owned());
                self.at_key(Severity::Warning, &element, message, fix);
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
            let expected = Flaw::new(format!("expected one of {}", strings.join(", ")));
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
        match check_duration(item.value.get_ref(), range) {
            Ok(duration) => Some(duration),
            Err(flaw) => {
                self.flaw(item, flaw);
                None
            }
        }
    }

    // Syntax.

    /// Reports what the parser could not read: the first error of each line, and of each array that spans lines.
    /// Findings of ours in the same places are taken back, since they judge what the parser made up to go on.
    fn syntax(&mut self, errors: &[toml::de::Error], root: &DeTable<'_>) {
        let mut errors: Vec<(Range<usize>, &str)> = errors
            .iter()
            .map(|error| (error.span().unwrap_or_default(), error.message()))
            .collect();
        errors.sort_by_key(|(span, _)| (span.start, span.end));
        let mut arrays = Vec::new();
        collect_arrays(root, &mut arrays);

        let mut broken = BTreeSet::new();
        let mut first = Vec::new();
        for (span, message) in errors {
            let line = self.lines.line(span.start);
            if !broken.insert(line) {
                continue;
            }
            let around =
                arrays.iter().filter(|array| array.start <= span.start && span.start <= array.end);
            for array in around {
                broken.extend(self.lines.line(array.start)..=self.lines.line(array.end));
            }
            first.push((span, message));
        }
        let doubtful = self.below_broken_headers(&broken);
        self.findings
            .retain(|finding| !broken.contains(&finding.line) && !doubtful.contains(&finding.line));
        for (span, message) in first {
            self.syntax_error(span, message);
        }
    }

    /// The lines below a section's header that could not be read, up to the next header: the parser counts their keys
    /// to the section above.
    fn below_broken_headers(&self, broken: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut doubtful = BTreeSet::new();
        let mut below = false;
        for (line, text) in (1..).zip(self.text.split('\n')) {
            if text.trim_start().starts_with('[') {
                below = broken.contains(&line);
            } else if below {
                doubtful.insert(line);
            }
        }
        doubtful
    }

    fn syntax_error(&mut self, span: Range<usize>, why: &str) {
        const UNQUOTED: &str = "string values must be quoted";
        let source = self.text.get(span.clone()).unwrap_or_default().trim();
        let unquoted = why.starts_with(UNQUOTED);
        let why = match source {
            "" if unquoted => "a value is missing".to_owned(),
            _ => shortened(why),
        };
        let message = match source {
            "" => format!("not valid TOML: {why}"),
            _ => format!("not valid TOML at {}: {why}", quoted(source)),
        };
        let fix = unquoted && !source.is_empty();
        let fix = fix.then(|| format!("write `\"{}\"`", shortened(source)));
        self.push(Severity::Error, span.start, "", message, fix);
    }
}

/// Whether the parser read the file without an error.
pub(super) struct SyntaxOk(pub(super) bool);

fn join(prefix: &str, name: &str) -> String {
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

/// The arrays of a file, wherever they are. (The parser bounds how deep tables and arrays nest.)
fn collect_arrays(table: &DeTable<'_>, found: &mut Vec<Range<usize>>) {
    for (_, value) in table.iter() {
        match value.get_ref() {
            DeValue::Array(array) => found.push(array_span(value.span(), array)),
            DeValue::Table(table) => collect_arrays(table, found),
            _ => {}
        }
    }
}

/// The span of an array with what it contains: that of `[[window]]` covers its first header only.
fn array_span(own: Range<usize>, array: &DeArray<'_>) -> Range<usize> {
    let of_tables = array.iter().any(|value| value.get_ref().is_table());
    if of_tables { own.start..own.start } else { own }
}

fn check_duration(
    value: &DeValue<'_>,
    range: &RangeInclusive<SignedDuration>,
) -> Result<SignedDuration, Flaw> {
    const EXPECTED: &str = "expected a duration such as `\"10m\"`";
    let text = match value {
        DeValue::String(text) => text,
        other => {
            let number = other.as_integer().and_then(whole_number);
            let fix = number.and_then(suggest_unit);
            return Err(Flaw { fix, ..Flaw::new(EXPECTED) });
        }
    };
    let duration = parse_duration(text).map_err(|error| {
        let why = format!("{EXPECTED}: {}", shortened(&error.to_string()));
        Flaw { fix: duration_fix(text, &error), ..Flaw::new(why) }
    })?;
    let (least, most) = (*range.start(), *range.end());
    if duration < least {
        let least = render_duration(least);
        let why = format!("shorter than the shortest allowed, `\"{least}\"`");
        return Err(Flaw::new(why).fix(format!("write `\"{least}\"` or more")));
    }
    if duration > most {
        let most = render_duration(most);
        let why = format!("longer than the longest allowed, `\"{most}\"`");
        return Err(Flaw::new(why).fix(format!("write `\"{most}\"` or less")));
    }
    Ok(duration)
}

fn duration_fix(text: &str, error: &DurationError) -> Option<String> {
    match error {
        DurationError::Fraction => Some("write whole numbers, such as `\"1h30m\"`".to_owned()),
        DurationError::NoUnit(number) if number == text => {
            number.parse().ok().and_then(suggest_unit)
        }
        _ => suggest_duration(text).map(|meant| format!("did you mean `\"{meant}\"`")),
    }
}

fn whole_number(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
