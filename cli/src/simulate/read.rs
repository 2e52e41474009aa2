//! Reading a scenario's TOML: every reader returns what it understood and leaves a [`Finding`] for the rest, so that all
//! that is wrong with a file is said at once. The keys of a table are those that were asked for.

use std::fmt::Display;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use steady_core::config::{Finding, Severity, parse_duration, render_duration, suggest_duration};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One file being read.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    findings: Vec<Finding>,
}

/// A table, and which of its keys were asked for.
pub(super) struct Table<'t> {
    path: String,
    at: usize,
    table: &'t DeTable<'t>,
    asked: Vec<&'static str>,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Item<'t> {
    pub(super) path: String,
    pub(super) value: &'t Spanned<DeValue<'t>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, findings: Vec::new() }
    }

    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|one| (one.line, one.column));
        self.findings
    }

    pub(super) fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Says each syntax error of the file.
    pub(super) fn syntax(&mut self, errors: &[toml::de::Error]) {
        for error in errors {
            let at = error.span().unwrap_or_default().start;
            let why = error.message().lines().next().unwrap_or_default();
            self.push(at, "", format!("not valid TOML: {why}"), None);
        }
    }

    fn push(&mut self, offset: usize, key: &str, message: String, fix: Option<String>) {
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        self.findings.push(Finding {
            severity: Severity::Error,
            rule: None,
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            width: 0,
            key: key.to_owned(),
            message,
            fix,
        });
    }

    /// A finding at a value: "`key` is `value`, …".
    pub(super) fn flaw(&mut self, item: &Item<'_>, why: impl Display, fix: Option<String>) {
        let shown = match item.value.get_ref() {
            DeValue::Array(_) => "an array".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
            _ => {
                let source = self.text.get(item.value.span()).unwrap_or_default();
                let source: String = source.chars().filter(|c| !c.is_control()).take(80).collect();
                format!("`{source}`")
            }
        };
        let message = format!("`{}` is {shown}, {why}", item.path);
        self.push(item.value.span().start, &item.path, message, fix);
    }

    /// A finding about a table as a whole.
    pub(super) fn about(&mut self, table: &Table<'_>, message: String, fix: Option<String>) {
        self.push(table.at, &table.path, message, fix);
    }

    // ---- tables ----

    /// The file's top level.
    pub(super) fn root<'t>(&self, table: &'t DeTable<'t>) -> Table<'t> {
        Table { path: String::new(), at: 0, table, asked: Vec::new() }
    }

    /// `[name]`
    pub(super) fn table<'t>(
        &mut self,
        parent: &mut Table<'t>,
        name: &'static str,
    ) -> Option<Table<'t>> {
        let item = parent.get(name)?;
        self.as_table(&item)
    }

    /// The item as a table.
    pub(super) fn as_table<'t>(&mut self, item: &Item<'t>) -> Option<Table<'t>> {
        let DeValue::Table(table) = item.value.get_ref() else {
            let fix = format!("begin a section `[{}]`", item.path);
            self.flaw(item, "expected a table", Some(fix));
            return None;
        };
        let at = item.value.span().start;
        Some(Table { path: item.path.clone(), at, table, asked: Vec::new() })
    }

    /// `[[name]]`; a single `[name]` is taken as one.
    pub(super) fn tables<'t>(
        &mut self,
        parent: &mut Table<'t>,
        name: &'static str,
    ) -> Vec<Table<'t>> {
        let Some(item) = parent.get(name) else { return Vec::new() };
        let DeValue::Array(array) = item.value.get_ref() else {
            return self.as_table(&item).into_iter().collect();
        };
        let each = array.iter().enumerate();
        let items =
            each.map(|(place, value)| Item { path: format!("{}[{place}]", item.path), value });
        let items: Vec<Item<'t>> = items.collect();
        items.iter().filter_map(|item| self.as_table(item)).collect()
    }

    /// Says which keys of a table nobody asked for.
    pub(super) fn finish(&mut self, table: &Table<'_>) {
        let place = match table.path.as_str() {
            "" => "at the top level".to_owned(),
            path => format!("in `[{path}]`"),
        };
        for (key, _) in table.table.iter() {
            let name: &str = key.get_ref();
            if table.asked.contains(&name) {
                continue;
            }
            let path = table.path_of(name);
            let fix = match nearest(name, &table.asked) {
                Some(near) => format!("did you mean `{}`", table.path_of(near)),
                None => format!("the keys here are {}", listed(&table.asked)),
            };
            let at = key.span().start;
            self.push(at, &path, format!("`{path}` is unknown {place}"), Some(fix));
        }
    }

    // ---- fields ----

    /// A string that is not empty.
    pub(super) fn text(&mut self, table: &mut Table<'_>, name: &'static str) -> Option<String> {
        let item = table.get(name)?;
        match item.value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                self.flaw(&item, "expected a text", None);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, table: &mut Table<'_>, name: &'static str) -> Option<bool> {
        let item = table.get(name)?;
        let flag = item.value.get_ref().as_bool();
        if flag.is_none() {
            self.flaw(&item, "expected `true` or `false`", None);
        }
        flag
    }

    /// A number within `range`, with or without decimals.
    pub(super) fn number(
        &mut self,
        table: &mut Table<'_>,
        name: &'static str,
        range: &RangeInclusive<f64>,
    ) -> Option<f64> {
        let item = table.get(name)?;
        let number = number_of(item.value.get_ref()).filter(|number| range.contains(number));
        if number.is_none() {
            let why = format!("expected a number from {} to {}", range.start(), range.end());
            let percent = number_of(item.value.get_ref())
                .filter(|given| *range.end() == 1.0 && (1.0..=100.0).contains(given));
            let fix = percent.map(|given| format!("a share: write `{}`", given / 100.0));
            self.flaw(&item, why, fix);
        }
        number
    }

    /// A share: 0 to 1.
    pub(super) fn share(&mut self, table: &mut Table<'_>, name: &'static str) -> Option<f64> {
        self.number(table, name, &(0.0..=1.0))
    }

    /// A whole number within `range`.
    pub(super) fn count(
        &mut self,
        table: &mut Table<'_>,
        name: &'static str,
        range: &RangeInclusive<u32>,
    ) -> Option<u32> {
        let item = table.get(name)?;
        let digits = item.value.get_ref().as_integer();
        let number = digits
            .and_then(|digits| u32::from_str_radix(digits.as_str(), digits.radix()).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.flaw(&item, format!("expected a whole number from {from} to {to}"), None);
        }
        number
    }

    pub(super) fn duration(
        &mut self,
        table: &mut Table<'_>,
        name: &'static str,
        range: &RangeInclusive<SignedDuration>,
    ) -> Option<SignedDuration> {
        let item = table.get(name)?;
        self.as_duration(&item, range)
    }

    fn as_duration(
        &mut self,
        item: &Item<'_>,
        range: &RangeInclusive<SignedDuration>,
    ) -> Option<SignedDuration> {
        const EXPECTED: &str = "expected a duration such as `\"5m\"`";
        let Some(text) = item.value.get_ref().as_str() else {
            self.flaw(item, EXPECTED, None);
            return None;
        };
        match parse_duration(text) {
            Ok(duration) if range.contains(&duration) => Some(duration),
            Ok(_) => {
                let (from, to) = (render_duration(*range.start()), render_duration(*range.end()));
                self.flaw(
                    item,
                    format!("expected a duration from `\"{from}\"` to `\"{to}\"`"),
                    None,
                );
                None
            }
            Err(error) => {
                let fix = suggest_duration(text).map(|near| format!("did you mean `\"{near}\"`"));
                self.flaw(item, format!("{EXPECTED}: {error}"), fix);
                None
            }
        }
    }

    /// `["25s", "55s"]`: from, to.
    pub(super) fn span(
        &mut self,
        table: &mut Table<'_>,
        name: &'static str,
        range: &RangeInclusive<SignedDuration>,
    ) -> Option<(SignedDuration, SignedDuration)> {
        let item = table.get(name)?;
        let array = item.value.get_ref().as_array();
        let values: Vec<_> = array.into_iter().flat_map(|array| array.iter()).collect();
        let [from, to] = values.as_slice() else {
            self.flaw(
                &item,
                "expected two durations, from and to, such as `[\"25s\", \"55s\"]`",
                None,
            );
            return None;
        };
        let mut one = |value, place| {
            let item = Item { path: format!("{}[{place}]", item.path), value };
            self.as_duration(&item, range)
        };
        let (from, to) = (one(from, 0)?, one(to, 1)?);
        if from > to {
            self.flaw(&item, "expected the shorter one first", None);
            return None;
        }
        Some((from, to))
    }

    /// One of a few words.
    pub(super) fn one_of<T: Clone>(
        &mut self,
        table: &mut Table<'_>,
        name: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let item = table.get(name)?;
        let text = item.value.get_ref().as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == text);
        if found.is_none() {
            let names: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
            let near = text.and_then(|text| nearest(text, &names));
            let fix = near.map(|near| format!("did you mean `\"{near}\"`"));
            self.flaw(&item, format!("expected one of {}", listed(&names)), fix);
        }
        found.map(|(_, value)| value.clone())
    }
}

impl<'t> Table<'t> {
    /// The value of a key, which from now on is one of this table's.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Item<'t>> {
        self.asked.push(name);
        let value = self.table.get(name)?;
        Some(Item { path: self.path_of(name), value })
    }

    /// Whether the file has the key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    fn path_of(&self, name: &str) -> String {
        let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        if self.path.is_empty() { name } else { format!("{}.{name}", self.path) }
    }
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    let number: Option<f64> = match value {
        DeValue::Integer(digits) => {
            let whole = i32::from_str_radix(digits.as_str(), digits.radix()).ok();
            whole.map(f64::from)
        }
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

fn listed(names: &[&'static str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The name that was probably meant: at most a third of its letters wrong.
fn nearest(word: &str, names: &[&'static str]) -> Option<&'static str> {
    if word.chars().count() > 64 {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    let distance = |name: &str| strsim::damerau_levenshtein(&word, &name.replace('-', "_"));
    let nearest = names.iter().map(|name| (distance(name), *name)).min()?;
    (nearest.0 <= (nearest.1.chars().count() / 3).max(1)).then_some(nearest.1)
}
