//! Text that is not TOML: what the parser could not read, each place once.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

use super::finding::{Severity, quoted, shortened};
use super::read::Reader;
use super::rule::Rule;

impl Reader<'_> {
    /// Reports what the parser could not read: the first error of each line, and of each array that spans lines.
    /// Findings of ours in the same places are taken back, since they judge what the parser made up to go on.
    pub(super) fn syntax(&mut self, errors: &[toml::de::Error], root: &DeTable<'_>) {
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
        self.push((Severity::Error, Rule::NotToml), &span, "", message, fix);
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
