//! Tables: each key by its entry in a list of keys, unknown ones with what was probably meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Severity, listed, nearest};
use super::form::{Key, Table, Tables};
use super::keys;
use super::read::{Flaw, Item, Reader, join};
use super::rule::Rule;

impl Reader<'_> {
    /// Reads each key of `table` by its entry in `keys`.
    pub(super) fn walk<T>(
        &mut self,
        table: &DeTable<'_>,
        prefix: &str,
        keys: &[Key<T>],
        to: &mut T,
    ) {
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            let item = Item { path: join(prefix, name), key_at: key.span(), value };
            match keys.iter().find(|known| known.name == name) {
                Some(known) => {
                    self.seen.insert(item.path.clone(), value.span());
                    known.field.read(self, &item, to);
                }
                None => {
                    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
                    self.unknown(&item, name, prefix, &names);
                }
            }
        }
    }

    fn unknown(&mut self, item: &Item<'_>, name: &str, prefix: &str, here: &[&str]) {
        let place = match prefix.strip_suffix(']').and_then(|path| path.split_once('[')) {
            _ if prefix.is_empty() => "at the top level".to_owned(),
            None => format!("in `[{prefix}]`"),
            Some((section, index)) if !index.contains('.') => format!("in `[[{section}]]`"),
            Some(_) => format!("in `{prefix}`"),
        };
        let near = || nearest(name, here.iter().copied());
        let fix = if let Some(ours) = keys::other_name(name).filter(|ours| here.contains(ours)) {
            did_you_mean(prefix, ours)
        } else if let Some(section) = keys::section_of(name, prefix) {
            match section {
                "" => "it belongs at the top level, above the first `[…]`".to_owned(),
                _ => format!("it belongs in `{section}`"),
            }
        } else if let Some(near) = near() {
            did_you_mean(prefix, near)
        } else {
            format!("the keys here are {}", listed(here.iter().copied()))
        };
        let message = format!("`{}` is unknown {place}", item.path);
        self.at_key(Severity::Error, Rule::UnknownKey, item, message, Some(fix));
    }

    /// A table with keys of its own.
    pub(super) fn table<T: Default>(&mut self, item: &Item<'_>, form: &Table<T>) -> Option<T> {
        let path = &item.path;
        let flaw = match item.value.get_ref() {
            DeValue::Table(table) => {
                let mut to = T::default();
                self.walk(table, path, form.keys, &mut to);
                return Some(to);
            }
            DeValue::Array(_) => {
                let (rule, why) = form.one.unwrap_or((Rule::WrongBrackets, "expected a table"));
                Flaw::new(rule, why).fix(format!("write `[{path}]` with single brackets"))
            }
            _ => Flaw::new(Rule::WrongType, "expected a table")
                .fix(format!("begin a section `[{path}]`")),
        };
        self.flaw(item, flaw);
        None
    }

    /// An array of such tables. What is no table is as good as an empty one: the others keep their numbers.
    pub(super) fn tables<T: Default>(
        &mut self,
        item: &Item<'_>,
        form: &Tables<T>,
    ) -> Option<Vec<T>> {
        let path = &item.path;
        let flaw = match item.value.get_ref() {
            DeValue::Array(array) => {
                let mut all = Vec::new();
                for (index, value) in array.iter().enumerate() {
                    let one = self.element(item, index, value);
                    let mut to = T::default();
                    if let DeValue::Table(table) = value.get_ref() {
                        self.walk(table, &one.path, form.keys, &mut to);
                        self.required(&one, form.required);
                    } else {
                        self.flaw(&one, Flaw::new(Rule::WrongType, "expected a table"));
                    }
                    all.push(to);
                }
                return Some(all);
            }
            DeValue::Table(_) if form.inline.is_empty() => {
                Flaw::new(Rule::WrongBrackets, "expected an array of tables")
                    .fix(format!("write `[[{path}]]` with double brackets, once for each"))
            }
            _ => {
                let flaw = Flaw::new(Rule::WrongType, "expected an array of tables");
                match form.inline {
                    "" => flaw.fix(format!("begin a section `[[{path}]]`")),
                    inline => flaw.fix(format!("write `[{inline}, …]`")),
                }
            }
        };
        self.flaw(item, flaw);
        None
    }

    /// An element of an array, as an item of its own.
    pub(super) fn element<'t>(
        &mut self,
        item: &Item<'_>,
        index: usize,
        value: &'t Spanned<DeValue<'t>>,
    ) -> Item<'t> {
        let path = format!("{}[{index}]", item.path);
        self.seen.insert(path.clone(), value.span());
        Item { path, key_at: value.span(), value }
    }

    /// The keys that the table `item` must have. Held back until the syntax is known to be right: what is missing may
    /// stand in a line that could not be read.
    fn required(&mut self, item: &Item<'_>, required: &[&'static str]) {
        for name in required {
            if !self.contains(&join(&item.path, name)) {
                self.absent.push((item.path.clone(), *name));
            }
        }
    }

    /// Says which keys are missing.
    pub(super) fn tell_absent(&mut self) {
        for (table, name) in std::mem::take(&mut self.absent) {
            self.missing(&table, name, "");
        }
    }

    /// The key `name` is missing in `table`; `because` follows it. Not where it is there, misspelt.
    pub(super) fn missing(&mut self, table: &str, name: &str, because: &str) {
        let misspelt = Some(did_you_mean(table, name));
        if self.findings.iter().any(|finding| finding.fix == misspelt) {
            return;
        }
        let message = format!("`{table}` has no `{name}`{because}");
        let fix = format!("write `{name} = {}`", keys::example(table, name));
        self.at_first((Severity::Error, Rule::MissingKey), &[table], message, fix);
    }
}

fn did_you_mean(table: &str, name: &str) -> String {
    format!("did you mean `{}`", join(table, name))
}
