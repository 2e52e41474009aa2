//! Secrets known by their form, whatever they are called.

use std::ops::Range;

use super::line::{Line, is_blank, is_quote};

/// How far a password in a URL is looked for.
const USER_INFO_MAX: usize = 512;

/// Base 64 of JSON as long as this is a token without its dots.
const JSON_MIN: usize = 40;

/// How tokens begin, and how much has to follow. AWS: IAM user guide, "IAM identifiers"; GitHub: "Behind GitHub's new
/// authentication token formats"; the others: each provider's own pages.
const TOKENS: [(&str, usize); 41] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("eyJ", 10),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xoxe-", 10),
    ("xoxe.", 10),
    ("xapp-", 10),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 10),
    ("sk-ant-", 10),
    ("sk-proj-", 10),
    ("sk-", 32),
    ("AIza", 30),
    ("ya29.", 16),
    ("npm_", 30),
    ("pypi-", 30),
    ("hvs.", 20),
    ("hvb.", 20),
    ("dop_v1_", 30),
    ("SG.", 30),
    ("shpat_", 20),
    ("shpss_", 20),
    ("lin_api_", 20),
    ("NRAK-", 20),
    ("dapi", 32),
    ("AGE-SECRET-KEY-", 20),
    ("hooks.slack.com/services/", 10),
];

pub(super) fn find(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    tokens(line, spans);
    urls(line, spans);
    schemes(line, spans);
    aws_secrets(line, spans);
}

/// What begins as tokens do; its beginning stays.
fn tokens(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while at < line.len() {
        let tail = line.is_word_start(at).then(|| token_tail(line, at)).flatten();
        match tail {
            Some(tail) => {
                at = tail.end;
                spans.push(tail);
            }
            None => at += 1,
        }
    }
}

fn token_tail(line: Line<'_>, at: usize) -> Option<Range<usize>> {
    let fitting = |(prefix, at_least): &(&str, usize)| {
        let from = at + prefix.len();
        let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
        let end = line.starts(at, prefix).then(|| line.run(from, is_token))?;
        let length = end - from;
        // A JSON web token has header, payload and signature. What is long and has no dot is base 64 of JSON, or was cut.
        let is_whole =
            *prefix != "eyJ" || length >= JSON_MIN || line.slice(from, end).contains('.');
        (length >= *at_least && is_whole).then_some(from..end)
    };
    TOKENS.iter().find_map(fitting)
}

/// The password of `scheme://user:password@host`.
fn urls(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(found) = line.text.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + found + 3;
        from = start;
        if let Some(password) = password(line, start) {
            from = password.end;
            spans.push(password);
        }
    }
}

fn password(line: Line<'_>, start: usize) -> Option<Range<usize>> {
    let is_within = |b: u8| !is_blank(b) && !is_quote(b) && !matches!(b, b'<' | b'>' | b'\\');
    let near = line.slice(start, line.floor(start + USER_INFO_MAX));
    let within = near.bytes().position(|b| !is_within(b));
    let near = near.get(..within.unwrap_or(near.len()))?;
    let colon = near.find(':')?;
    let authority_end = near.find(['/', '?', '#']).unwrap_or(near.len());
    if colon > authority_end {
        return None;
    }
    let after = near.get(colon + 1..)?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let ends_port = |b: &u8| !b.is_ascii_alphanumeric() && *b != b'@' && *b != b'%';
    let is_port = digits > 0 && after.as_bytes().get(digits).is_none_or(ends_port);
    let has_user = near.get(..authority_end).is_some_and(|authority| authority.contains('@'));
    if is_port && !has_user {
        return None;
    }
    let from = start + colon + 1;
    let end = match last_at(near) {
        Some(end) => start + end,
        // Longer than was looked at, and no port: a password all the same.
        None if within.is_none() && near.len() + 4 > USER_INFO_MAX => line.run(start, is_within),
        None => return None,
    };
    (end > from).then_some(from..end)
}

/// The last `@` before a query that does not begin a path's segment.
fn last_at(near: &str) -> Option<usize> {
    let to = near.find(['?', ',']).filter(|to| near.get(..*to).is_some_and(|it| it.contains('@')));
    let near = near.get(..to.unwrap_or(near.len()))?;
    near.rmatch_indices('@')
        .map(|(at, _)| at)
        .find(|at| !near.get(..*at).is_some_and(|it| it.ends_with('/')))
}

/// `Bearer …` and `Basic …` without the header's name before them.
fn schemes(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    for scheme in ["bearer ", "basic "] {
        let mut at = 0;
        while at < line.len() {
            if !(line.has(at, scheme) && line.is_word_start(at)) {
                at += 1;
                continue;
            }
            let from = line.run(at + scheme.len(), is_blank);
            let is_token = |b: u8| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':' | b'|')
            };
            let end = line.run(from, is_token);
            let token = line.slice(from, end);
            // "Bearer authentication", "basic usage:" are words.
            let is_word =
                !token.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'=' | b'+' | b'~'))
                    && token.len() < 20;
            if token.len() >= 8 && !is_word {
                spans.push(from..end);
            }
            at = end.max(at + 1);
        }
    }
}

/// AWS secret access keys: 40 characters of base 64, in a line that speaks of AWS, keys or secrets. A Git hash has 40 as
/// well, but in lower case only.
fn aws_secrets(line: Line<'_>, spans: &mut Vec<Range<usize>>) {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut candidates = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let end = line.run(at, is_base64);
        let run = line.slice(at, end).as_bytes();
        let mixed = run.iter().any(u8::is_ascii_uppercase)
            && run.iter().any(u8::is_ascii_lowercase)
            && run.iter().any(|b| !b.is_ascii_alphabetic());
        if end - at == 40 && mixed {
            candidates.push(at..end);
        }
        at = end.max(at + 1);
    }
    if candidates.is_empty() {
        return;
    }
    let lower = line.text.to_ascii_lowercase();
    if ["aws", "secret", "akia", "asia", "key"].iter().any(|word| lower.contains(word)) {
        spans.append(&mut candidates);
    }
}
