//! Secrets known by their name: `password=…`, `"api_key": "…"`, `<token>…</token>`, `--secret …`, `Authorization: …`.

use std::ops::Range;

use super::REDACTED;
use super::line::{Line, is_blank, is_quote};

/// What a name ends in, or contains, that says "secret": letters only, in lower case.
const SECRET: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "secretkeybase",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "accountkey",
    "credential",
    "credentials",
    "signature",
];

/// What makes a name that of something beside the secret: its path, its ARN, its length.
const BESIDE: [&str; 24] = [
    "name",
    "arn",
    "id",
    "file",
    "path",
    "dir",
    "type",
    "url",
    "uri",
    "endpoint",
    "count",
    "length",
    "len",
    "policy",
    "version",
    "expiry",
    "expires",
    "expiresin",
    "expiresat",
    "ttl",
    "age",
    "limit",
    "size",
    "manager",
];

/// Values that tell why something fails, and are no secret.
const NO_SECRET: [&str; 30] = [
    "null",
    "(null)",
    "none",
    "nil",
    "<nil>",
    "undefined",
    "nan",
    "true",
    "false",
    "yes",
    "no",
    "not",
    "is",
    "was",
    "must",
    "cannot",
    "missing",
    "required",
    "empty",
    "unset",
    "invalid",
    "expired",
    "incorrect",
    "wrong",
    "denied",
    "mismatch",
    "malformed",
    "unauthorized",
    "unknown",
    "rejected",
];

/// Longest name that is looked at.
const NAME_MAX: usize = 64;
/// Blanks before and after a separator.
const BLANKS_MAX: usize = 32;

/// What follows an authorization's scheme is the secret; the scheme itself tells what was tried.
const SCHEMES: [&str; 9] = [
    "bearer ",
    "basic ",
    "digest ",
    "token ",
    "negotiate ",
    "apikey ",
    "key ",
    "aws4-hmac-sha256 ",
    "hmac ",
];

pub(super) fn find(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while at < line.len() {
        let value = match line.at(at) {
            b'=' | b':' => assigned(line, at),
            b'>' => element(line, at),
            b'-' if line.at(at + 1) == b'-' => flag(line, at),
            _ => None,
        };
        match value {
            Some(value) => {
                let next = value.end.max(at + 1);
                if !tells_nothing(line.slice(value.start, value.end)) {
                    spans.push(value);
                }
                at = next;
            }
            None => at += 1,
        }
    }
}

/// How a name is written, which says how sure it is that a value follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// `name=…`, `"name": …`, `<name>…`, `--name …`
    Plainly,
    /// `name: …`, as in prose too
    AsInProse,
}

/// The value after the separator at `at`, if the name before it is a secret's.
fn assigned(line: Line<'_>, at: usize) -> Option<Range<usize>> {
    let mut name_end = line.run_back(at, BLANKS_MAX, is_blank);
    // `:=`, `==`
    if line.before(name_end) == b':' {
        name_end = line.run_back(name_end - 1, BLANKS_MAX, is_blank);
    }
    let bare_end = line.run_back(name_end, 4, |b| is_quote(b) || matches!(b, b'\\' | b']'));
    let is_bare = bare_end == name_end;
    let name_from = line.run_back(bare_end, NAME_MAX, is_of_name);
    let name = line.slice(name_from, bare_end);
    let is_colon = line.at(at) == b':' && line.at(at + 1) != b'=';
    if is_colon && is_bare && belongs_to_other(line, name_from, at) {
        return None;
    }
    // Looked for only after a name: a line of nothing but separators would cost its square.
    let from = || blanks_after(line, line.run(at + 1, |b| matches!(b, b'=' | b'>')));
    if is_header(name) {
        return Some(header_value(line, from(), is_colon));
    }
    let written = if is_colon && is_bare { Written::AsInProse } else { Written::Plainly };
    is_secret(name, written).then(|| value(line, from()))
}

/// Whether a colon is a part of something else: `arn:…:secret:name`, `https://…`, `unexpected token: <`.
fn belongs_to_other(line: Line<'_>, name_from: usize, at: usize) -> bool {
    let in_path = line.before(name_from) == b':' && !is_blank(line.at(at + 1));
    let scheme = line.at(at + 1) == b'/' && line.at(at + 2) == b'/';
    let word = name_from.saturating_sub("unexpected ".len());
    in_path || scheme || line.has(word, "unexpected ")
}

/// `<password>…</password>`
fn element(line: Line<'_>, at: usize) -> Option<Range<usize>> {
    let from = line.run_back(at, NAME_MAX, is_of_name);
    if line.before(from) != b'<' || !is_secret(line.slice(from, at), Written::Plainly) {
        return None;
    }
    Some(at + 1..line.run(at + 1, |b| b != b'<'))
}

/// `--password …`, also as `"--password", "…"`; `--password=…` is an assignment.
fn flag(line: Line<'_>, at: usize) -> Option<Range<usize>> {
    if !line.is_word_start(at) || line.before(at) == b'-' {
        return None;
    }
    let end = line.run(at + 2, is_of_name).min(at + 2 + NAME_MAX);
    if !is_secret(line.slice(at + 2, end), Written::Plainly) {
        return None;
    }
    let is_between = |b: u8| is_blank(b) || is_quote(b) || b == b',';
    let from = line.run(end, is_between);
    // Another flag follows: this one has no value.
    let has_value = from > end && from - end <= BLANKS_MAX && line.at(from) != b'-';
    if !has_value || from >= line.len() {
        return None;
    }
    match line.before(from) {
        quote if is_quote(quote) => Some(from..quoted_end(line, from, quote, 0)),
        _ => Some(from..unquoted_end(line, from)),
    }
}

// ---- names ----

fn is_of_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

fn is_header(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
}

fn is_secret(name: &str, written: Written) -> bool {
    let flat: String = name
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|b| char::from(b.to_ascii_lowercase()))
        .collect();
    let flat = flat.trim_end_matches(|c: char| c.is_ascii_digit());
    // The working directory, in every dump of an environment.
    if flat.is_empty() || matches!(name, "PWD" | "OLDPWD") {
        return false;
    }
    if SECRET.iter().any(|word| flat.ends_with(word)) {
        return true;
    }
    if written == Written::Plainly && (flat == "auth" || flat == "sig" || is_pass(name)) {
        return true;
    }
    // `DB_PASSWORD_PROD=`; not `TokenExpiredError: `, not `secret_arn=`, not `max_tokens: `.
    let in_parts = written == Written::Plainly || name.contains(['_', '-']);
    in_parts
        && !BESIDE.iter().any(|word| flat.ends_with(word))
        && !flat.contains("tokens")
        && !flat.contains("tokeniz")
        && !flat.contains("secretsmanager")
        && SECRET.iter().any(|word| flat.contains(word))
}

/// `pass`, `DB_PASS`, `smtpPass`; not `bypass`.
fn is_pass(name: &str) -> bool {
    let before = match name.len().checked_sub(4) {
        Some(at) if name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case("pass")) => at,
        _ => return false,
    };
    let ends_word = name.get(..before).is_some_and(|it| it.ends_with(['_', '-', '.']));
    before == 0 || ends_word || name.get(before..) == Some("Pass")
}

// ---- values ----

fn blanks_after(line: Line<'_>, at: usize) -> usize {
    line.run(at, is_blank)
}

/// Whether a value is none, or one that says what is wrong.
fn tells_nothing(value: &str) -> bool {
    let word = value.trim_end_matches(['.', '!', ',', ';']);
    word.is_empty()
        || word.starts_with(REDACTED)
        || word.starts_with("arn:aws")
        || word.bytes().all(|b| b == b'*')
        || NO_SECRET.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Where the value begins and ends, without its quotes.
fn value(line: Line<'_>, from: usize) -> Range<usize> {
    let escapes = line.run(from, |b| b == b'\\');
    let quote = line.at(escapes);
    if is_quote(quote) {
        return escapes + 1..quoted_end(line, escapes + 1, quote, escapes - from);
    }
    from..unquoted_end(line, from)
}

/// Where what a quote began ends: at the next one with as many backslashes before it, or fewer.
fn quoted_end(line: Line<'_>, from: usize, quote: u8, escapes: usize) -> usize {
    let (mut at, mut backslashes) = (from, 0);
    while at < line.len() {
        match line.at(at) {
            b if b == quote && backslashes <= escapes => return at - backslashes,
            b'\\' => backslashes += 1,
            _ => backslashes = 0,
        }
        at += 1;
    }
    line.len()
}

/// Where a value without quotes ends: at a blank, at what begins the next one, at what closes the whole.
fn unquoted_end(line: Line<'_>, from: usize) -> usize {
    let (mut at, mut open) = (from, 0_usize);
    while at < line.len() {
        match line.at(at) {
            b if is_blank(b) => break,
            // `Some("a b")`: the quotes within are the value's.
            quote if is_quote(quote) && matches!(line.before(at), b'(' | b'[') && open > 0 => {
                at = quoted_end(line, at + 1, quote, 0);
            }
            quote if is_quote(quote) => break,
            b'\\' if is_quote(line.at(at + 1)) => break,
            b'<' if line.at(at + 1) == b'/' => break,
            b'&' | b',' | b';' | b'|' if begins_next(line, at + 1) => break,
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' if open > 0 => open -= 1,
            b')' | b']' | b'}' if closes(line, at + 1) => break,
            _ => {}
        }
        at += 1;
    }
    at.min(line.len())
}

/// Whether a list goes on here: another name with a separator, a quote, a blank, or nothing.
fn begins_next(line: Line<'_>, at: usize) -> bool {
    let next = line.at(at);
    if at >= line.len() || is_blank(next) || is_quote(next) {
        return true;
    }
    let name = line.slice(at, line.floor(at + NAME_MAX));
    let end = name.bytes().position(|b| !is_of_name(b)).unwrap_or(name.len());
    end > 0 && matches!(line.at(at + end), b'=' | b':')
}

/// Whether what follows a closing bracket shows that it closes more than the value.
fn closes(line: Line<'_>, at: usize) -> bool {
    at >= line.len()
        || is_quote(line.at(at))
        || matches!(
            line.at(at),
            b' ' | b'\t' | b',' | b';' | b'.' | b':' | b')' | b']' | b'}' | b'\\'
        )
}

/// A header's value: without its scheme; to the end of the line, or to the quote that closes the whole.
fn header_value(line: Line<'_>, from: usize, to_end: bool) -> Range<usize> {
    let whole = value(line, from);
    let from = scheme_end(line, whole.start);
    let is_quoted = whole.start > 0 && is_quote(line.before(whole.start));
    let end = match (is_quoted, to_end) {
        (true, _) => whole.end,
        (false, true) => line.run(from, |b| !matches!(b, b'"' | b'\'')),
        (false, false) => unquoted_end(line, from),
    };
    from..end.max(from)
}

fn scheme_end(line: Line<'_>, from: usize) -> usize {
    let scheme = SCHEMES.iter().find(|scheme| line.has(from, scheme));
    scheme.map_or(from, |scheme| blanks_after(line, from + scheme.len()))
}
