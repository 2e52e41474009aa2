//! What a value may be: how it is read, and how the JSON Schema says it. Both from one description, so that an editor
//! accepts what `steady` reads.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use toml::de::DeValue;

use super::finding::{Severity, shortened};
use super::read::{Check, Flaw, Item, Reader};
use super::rule::Rule;
use crate::scaling::Schedule;

/// A kind of value.
pub(super) trait Form: Sync {
    /// What is read.
    type Value;

    /// Reads it; `None` where it is something else, which is then a finding.
    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Self::Value>;

    /// The same in JSON Schema.
    fn schema(&self) -> Value;
}

/// A key of a table that is read into a `T`.
pub(super) struct Key<T: 'static> {
    pub(super) name: &'static str,
    /// What it means, for the schema: one or two sentences with unit, range and default.
    pub(super) about: &'static str,
    pub(super) field: &'static dyn Field<T>,
}

/// Where a key's value goes.
pub(super) trait Field<T>: Sync {
    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>, to: &mut T);
    fn schema(&self) -> Value;
}

/// A form with its place in `T`.
pub(super) struct Put<F: Form, T> {
    pub(super) form: F,
    pub(super) slot: fn(&mut T) -> &mut Option<F::Value>,
}

impl<F: Form, T> Field<T> for Put<F, T> {
    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>, to: &mut T) {
        *(self.slot)(to) = self.form.read(file, item);
    }

    fn schema(&self) -> Value {
        self.form.schema()
    }
}

/// `key!(HealthEntry.soak, Span(&SOAK), "…")`; with `"for" => ` in front where the key is no Rust name.
macro_rules! key {
    ($to:ident . $($slot:ident).+, $form:expr, $about:expr) => {
        $crate::config::form::key!(
            $crate::config::form::last!($($slot).+) => $to . $($slot).+, $form, $about
        )
    };
    ($name:expr => $to:ident . $($slot:ident).+, $form:expr, $about:expr) => {
        $crate::config::form::Key {
            name: $name,
            about: $about,
            field: &$crate::config::form::Put {
                form: $form,
                slot: |to: &mut $to| &mut to.$($slot).+,
            },
        }
    };
}
/// The last of some names: the key's.
macro_rules! last {
    ($one:ident) => { stringify!($one) };
    ($one:ident . $($more:ident).+) => { $crate::config::form::last!($($more).+) };
}
pub(super) use {key, last};

/// A string that passes `check`; `pattern` is a regular expression for the same, as far as one can say it.
pub(super) struct Text {
    pub(super) check: Check,
    pub(super) pattern: &'static str,
}

impl Form for Text {
    type Value = String;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<String> {
        file.text(item, self.check)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": self.pattern})
    }
}

/// An array of such strings.
pub(super) struct Texts(pub(super) Text);

impl Form for Texts {
    type Value = Vec<String>;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Vec<String>> {
        file.texts(item, self.0.check)
    }

    fn schema(&self) -> Value {
        json!({"type": "array", "items": self.0.schema()})
    }
}

/// Another form, in `defaults.toml` only.
pub(super) struct InDefaults<F>(pub(super) F);

impl<F: Form> Form for InDefaults<F> {
    type Value = F::Value;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<F::Value> {
        if file.is_of_service() {
            let message = format!("`{}` is allowed in `defaults.toml` only", item.path);
            let table = item.path.split_once('.').map(|(table, _)| table).unwrap_or_default();
            let fix = format!("move it to `[{table}]` in `defaults.toml`");
            file.at_key(Severity::Error, Rule::DefaultsOnly, item, message, Some(fix));
        }
        self.0.read(file, item)
    }

    fn schema(&self) -> Value {
        marked(self.0.schema(), DEFAULTS_ONLY)
    }
}

/// Another form, in a service's file only.
pub(super) struct InService<F>(pub(super) F);

impl<F: Form> Form for InService<F> {
    type Value = F::Value;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<F::Value> {
        if file.is_defaults() {
            let message =
                format!("`{}` is about one service, not allowed in `defaults.toml`", item.path);
            let fix = "move it to the service's own file, `<cluster>/<service>.toml`".to_owned();
            file.at_key(Severity::Error, Rule::ServiceOnly, item, message, Some(fix));
        }
        self.0.read(file, item)
    }

    fn schema(&self) -> Value {
        marked(self.0.schema(), SERVICE_ONLY)
    }
}

/// Marks in a schema under construction, taken out by [`super::schema`]: which of the two files has the key.
pub(super) const DEFAULTS_ONLY: &str = "x-defaults-only";
/// See [`DEFAULTS_ONLY`].
pub(super) const SERVICE_ONLY: &str = "x-service-only";

fn marked(mut schema: Value, mark: &str) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert(mark.to_owned(), Value::Bool(true));
    }
    schema
}

/// A duration within a range.
pub(super) struct Span(pub(super) &'static RangeInclusive<SignedDuration>);

impl Form for Span {
    type Value = SignedDuration;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<SignedDuration> {
        file.duration(item, self.0)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 2, "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"})
    }
}

/// A whole number within a range.
pub(super) struct Whole(pub(super) RangeInclusive<i32>);

impl Form for Whole {
    type Value = i32;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<i32> {
        file.whole(item, &self.0)
    }

    fn schema(&self) -> Value {
        json!({"type": "integer", "minimum": self.0.start(), "maximum": self.0.end()})
    }
}

/// So many tasks.
pub(super) struct Tasks;

/// Highest number of tasks that Application Auto Scaling takes: its capacities are 32-bit integers.
const TASKS_MAX: i32 = i32::MAX;

impl Form for Tasks {
    type Value = u32;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<u32> {
        file.whole(item, &(0..=TASKS_MAX)).and_then(|tasks| u32::try_from(tasks).ok())
    }

    fn schema(&self) -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": TASKS_MAX})
    }
}

/// A number that is finite.
pub(super) struct Number;

impl Form for Number {
    type Value = f64;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<f64> {
        file.number(item)
    }

    fn schema(&self) -> Value {
        json!({"type": "number"})
    }
}

/// A number within a range.
pub(super) struct Within {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Within {
    /// Above 0, however little.
    pub(super) const ABOVE_0: Self = Self { least: f64::MIN_POSITIVE, most: f64::MAX };
    /// Not negative.
    pub(super) const FROM_0: Self = Self { least: 0.0, most: f64::MAX };

    fn is_any_above_0(&self) -> bool {
        self.least == Self::ABOVE_0.least
    }

    fn expected(&self) -> String {
        match (self.least, self.most) {
            _ if self.is_any_above_0() => "expected a number above 0".to_owned(),
            (least, f64::MAX) => format!("expected a number, {least} or more"),
            (least, most) => format!("expected a number from {least} to {most}"),
        }
    }
}

impl Form for Within {
    type Value = f64;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<f64> {
        let number = file.number(item)?;
        if (self.least..=self.most).contains(&number) {
            return Some(number);
        }
        file.flaw(item, Flaw::new(Rule::NumberOutOfRange, self.expected()));
        None
    }

    fn schema(&self) -> Value {
        let mut schema = Map::from_iter([("type".to_owned(), Value::from("number"))]);
        if self.is_any_above_0() {
            schema.insert("exclusiveMinimum".to_owned(), Value::from(0));
        } else {
            schema.insert("minimum".to_owned(), Value::from(self.least));
        }
        if self.most < f64::MAX {
            schema.insert("maximum".to_owned(), Value::from(self.most));
        }
        Value::Object(schema)
    }
}

/// `true` or `false`.
pub(super) struct Flag;

impl Form for Flag {
    type Value = bool;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<bool> {
        let found = item.value.get_ref().as_bool();
        if found.is_none() {
            let flaw = Flaw::new(Rule::WrongType, "expected `true` or `false`");
            let word = item.value.get_ref().as_str().map(str::to_lowercase);
            let fix = match word.as_deref() {
                Some(word @ ("true" | "false")) => Some(format!("write `{word}` without quotes")),
                Some("yes" | "on") => Some("write `true`".to_owned()),
                Some("no" | "off") => Some("write `false`".to_owned()),
                _ => None,
            };
            file.flaw(item, Flaw { fix, ..flaw });
        }
        found
    }

    fn schema(&self) -> Value {
        json!({"type": "boolean"})
    }
}

/// One of a few words.
pub(super) struct Word<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy + Sync> Form for Word<T> {
    type Value = T;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<T> {
        file.one_of(item, self.0)
    }

    fn schema(&self) -> Value {
        let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        json!({"type": "string", "enum": words})
    }
}

/// One of a few words, where people like to write several.
pub(super) struct OneWord<T: 'static> {
    pub(super) words: Word<T>,
    pub(super) rule: Rule,
    /// Why there is only one: continues "expected one metric: ".
    pub(super) why: &'static str,
    pub(super) fix: &'static str,
}

impl<T: Copy + Sync> Form for OneWord<T> {
    type Value = T;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<T> {
        if item.value.get_ref().is_array() {
            file.flaw(item, Flaw::new(self.rule, self.why).fix(self.fix));
            return None;
        }
        self.words.read(file, item)
    }

    fn schema(&self) -> Value {
        self.words.schema()
    }
}

/// `cron(…)`, `rate(…)` or `at(…)`.
pub(super) struct When;

impl Form for When {
    type Value = Schedule;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Schedule> {
        let Some(text) = item.value.get_ref().as_str() else {
            let expected = "expected a schedule such as `\"cron(0 8 ? * MON-FRI *)\"`";
            file.flaw(item, Flaw::new(Rule::WrongType, expected));
            return None;
        };
        match Schedule::parse(text) {
            Ok(schedule) => Some(schedule),
            Err(error) => {
                let why = format!("not a schedule: {}", shortened(&error.why));
                let fix = error.fix.map(|fix| format!("did you mean `\"{}\"`", shortened(&fix)));
                file.flaw(item, Flaw { fix, ..Flaw::new(Rule::NotASchedule, why) });
                None
            }
        }
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^(cron|rate|at)\\(.*\\)$"})
    }
}

/// A moment: TOML's own date-time with an offset, or the same as a string.
pub(super) struct Moment;

impl Form for Moment {
    type Value = Timestamp;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Timestamp> {
        let text = match item.value.get_ref() {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        let found = text.parse().ok();
        if found.is_none() {
            let expected = "expected a time with its offset such as `2026-11-27T06:00:00Z`";
            let flaw = Flaw::new(Rule::NotATime, expected);
            let with_offset = format!("{text}Z");
            let fix = with_offset.parse::<Timestamp>().is_ok();
            let fix = fix.then(|| format!("write `{with_offset}` if UTC is meant"));
            file.flaw(item, Flaw { fix, ..flaw });
        }
        found
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "date-time"})
    }
}

/// A table of strings by name: the dimensions of a metric.
pub(super) struct Dimensions;

impl Form for Dimensions {
    type Value = BTreeMap<String, String>;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<BTreeMap<String, String>> {
        file.dimensions(item)
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "maxProperties": super::keys::DIMENSIONS_MAX,
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 1024},
        })
    }
}

/// A table with keys of its own.
pub(super) struct Table<T: 'static> {
    pub(super) keys: &'static [Key<T>],
    /// What to say of an array: two tables where one is meant.
    pub(super) one: Option<(Rule, &'static str)>,
}

impl<T: Default> Form for Table<T> {
    type Value = T;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<T> {
        file.table(item, self)
    }

    fn schema(&self) -> Value {
        object(self.keys, &[])
    }
}

/// An array of tables.
pub(super) struct Tables<T: 'static> {
    pub(super) keys: &'static [Key<T>],
    /// The keys that each must have.
    pub(super) required: &'static [&'static str],
    /// How one is written in a line, where that is the custom: `{ from = 0, by = 1 }`. Empty: as `[[name]]`.
    pub(super) inline: &'static str,
}

impl<T: Default> Form for Tables<T> {
    type Value = Vec<T>;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Vec<T>> {
        file.tables(item, self)
    }

    fn schema(&self) -> Value {
        json!({"type": "array", "items": object(self.keys, self.required)})
    }
}

/// The schema of a table.
pub(super) fn object<T>(keys: &[Key<T>], required: &[&str]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut schema = key.field.schema();
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), Value::from(key.about));
            }
            (key.name.to_owned(), schema)
        })
        .collect();
    let mut object =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if let (Some(object), false) = (object.as_object_mut(), required.is_empty()) {
        object.insert("required".to_owned(), json!(required));
    }
    object
}
