//! Takes secrets out of text that is shown to people: log lines in notices.
//!
//! What is taken out becomes `[redacted]`; what tells which it was stays: `password=[redacted]`,
//! `postgres://app:[redacted]@db`, `AKIA[redacted]`. Text without a secret stays as it is, byte for byte.
//!
//! Known by name: `password`, `passwd`, `pwd`, `passphrase`, `secret`, `token`, `api_key`, `private_key`,
//! `Authorization`, `Cookie` and their like, as `name=value`, `name: value`, JSON, query string, XML and `--flag value`
//! (`name.rs`). Known by form: passwords in URLs, `Bearer …` and `Basic …`, AWS keys, JSON web tokens, PEM private keys, and
//! the tokens of providers that begin them alike (`form.rs`). A secret with neither, in the middle of a sentence, is not
//! known as one.
//!
//! Where it is in doubt it redacts: a line that tells too little can be read in the log itself. It scans by hand: regular
//! expressions would be compiled at every cold start. Each byte is looked at a bounded number of times, so hostile
//! text costs no more than its length.

mod clean;
mod form;
mod line;
mod name;

use std::borrow::Cow;
use std::ops::Range;

use line::Line;

/// Stands where a secret was.
pub const REDACTED: &str = "[redacted]";

const KEY_BEGIN: &str = "-----BEGIN ";
const KEY_END: &str = "-----END ";
const KEY_KIND: &str = "PRIVATE KEY";
const KEY_DASHES: &str = "-----";
/// Longest kind of private key with room to spare: `ENCRYPTED `, `OPENSSH `, `PGP … BLOCK`.
const KEY_KIND_MAX: usize = 40;
/// A key's inner lines have 64 characters (RFC 7468), or 76; shorter ones may be words.
const KEY_LINE_MIN: usize = 40;

/// `text` without secrets, control characters and terminal escapes; line breaks stay. A private key is taken out to its
/// end, or to the end of the text.
///
/// ```
/// use steady_core::redact::redact;
///
/// assert_eq!(redact("db: postgres://app:hunter2@db/orders"), "db: postgres://app:[redacted]@db/orders");
/// assert_eq!(redact("listening on 8080"), "listening on 8080");
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    let lines: Vec<&str> = text.split('\n').collect();
    let redacted = redact_lines(&lines);
    let lines: Vec<&str> = redacted.iter().map(|(_, line)| line.as_ref()).collect();
    let redacted = lines.join("\n");
    if redacted == text { Cow::Borrowed(text) } else { Cow::Owned(redacted) }
}

/// The same of lines that belong together: each that is left, with its index. The inner lines of a private key are left
/// out.
pub fn redact_lines<'a>(lines: &[&'a str]) -> Vec<(usize, Cow<'a, str>)> {
    let mut kept: Vec<(usize, Cow<'a, str>)> = Vec::new();
    let mut in_key = false;
    for (at, line) in lines.iter().enumerate() {
        let line = clean::clean(line);
        let end = find_key(&line, KEY_END);
        if in_key && end.is_none() {
            continue;
        }
        if let Some(end) = end.as_ref().filter(|end| !in_key && !begins_before(&line, end)) {
            // The begin was cut off. What stands before the end is the key, here and in the lines above.
            let body = body_before(&line, end.start)..end.start;
            if line.get(body.clone()) != Some(REDACTED) {
                drop_key_body(&mut kept);
            }
            kept.push((at, redact_line(spliced(line, &[body]))));
            continue;
        }
        let (spans, open) = key_spans(&line, in_key);
        in_key = open;
        let line = match spans.is_empty() {
            true => line,
            false => spliced(line, &spans),
        };
        kept.push((at, redact_line(line)));
    }
    kept
}

/// One line, without what needs its neighbours.
fn redact_line(line: Cow<'_, str>) -> Cow<'_, str> {
    let mut spans = Vec::new();
    {
        let line = Line::new(&line);
        name::find(line, &mut spans);
        form::find(line, &mut spans);
    }
    if spans.is_empty() { line } else { spliced(line, &merged(spans)) }
}

fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// `text` with [`REDACTED`] in the place of each of the spans, which are in order and apart.
fn spliced<'a>(text: Cow<'a, str>, spans: &[Range<usize>]) -> Cow<'a, str> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out += text.get(from..span.start).unwrap_or_default();
        out += REDACTED;
        from = span.end;
    }
    out += text.get(from..).unwrap_or_default();
    // What was redacted before stays the same text.
    if out == text { text } else { Cow::Owned(out) }
}

// ---- private keys ----

/// The first `-----BEGIN … PRIVATE KEY…-----` (or END), whole.
fn find_key(line: &str, marker: &str) -> Option<Range<usize>> {
    find_key_from(line, marker, 0)
}

fn find_key_from(line: &str, marker: &str, from: usize) -> Option<Range<usize>> {
    for (at, _) in line.get(from..)?.match_indices(marker) {
        let start = from + at;
        let kind_from = start + marker.len();
        let to = line.floor_char_boundary((kind_from + KEY_KIND_MAX).min(line.len()));
        let kind = line.get(kind_from..to)?;
        let Some(dashes) = kind.find(KEY_DASHES) else { continue };
        if kind.get(..dashes).is_some_and(|kind| kind.contains(KEY_KIND)) {
            return Some(start..kind_from + dashes + KEY_DASHES.len());
        }
    }
    None
}

fn begins_before(line: &str, end: &Range<usize>) -> bool {
    find_key(line, KEY_BEGIN).is_some_and(|begin| begin.start < end.start)
}

/// The bodies of the keys in a line, and whether the last one goes on in the next.
fn key_spans(line: &str, mut in_key: bool) -> (Vec<Range<usize>>, bool) {
    let mut spans = Vec::new();
    let mut from = 0;
    loop {
        if !in_key {
            let Some(begin) = find_key_from(line, KEY_BEGIN, from) else { return (spans, false) };
            from = begin.end;
        }
        let end = find_key_from(line, KEY_END, from);
        let to = end.as_ref().map_or(line.len(), |end| end.start);
        // A key's lines end in one mark, where its first one does.
        if !in_key || to > from {
            spans.push(from..to);
        }
        let Some(end) = end else { return (spans, true) };
        (from, in_key) = (end.end, false);
    }
}

/// Where the key's body begins that ends at `end`: its text in one line has no blank but before and between escapes.
fn body_before(line: &str, end: usize) -> usize {
    let before = line.get(..end).unwrap_or_default();
    before.rfind([' ', '"', '\'', '=']).map_or(0, |at| at + 1)
}

/// Takes the inner lines of a key off the end: nothing but base 64, the last of them of any length.
fn drop_key_body(kept: &mut Vec<(usize, Cow<'_, str>)>) {
    let mut at_least = 1;
    while kept.last().is_some_and(|(_, line)| is_base64(line.trim(), at_least)) {
        kept.pop();
        at_least = KEY_LINE_MIN;
    }
}

fn is_base64(text: &str, at_least: usize) -> bool {
    text.len() >= at_least
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}
