//! Durations as people write them: `"90s"`, `"5m"`, `"2h"`, `"1h30m"`, `"7d"`.
//!
//! Stricter than a general parser on purpose: a unit is never guessed, because `"5"` read as seconds
//! where minutes were meant gives up on a deployment sixty times too early. What looks like a slip
//! gets a suggestion instead ([`suggest_duration`]).

use jiff::SignedDuration;

/// The units of a duration and their length in seconds, from long to short.
const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Other spellings, for suggestions only. `mo` and `ms` are absent: months and milliseconds are not meant here.
const SPELLINGS: &[(&str, i64)] = &[
    ("s", 1),
    ("sec", 1),
    ("secs", 1),
    ("second", 1),
    ("seconds", 1),
    ("m", 60),
    ("min", 60),
    ("mins", 60),
    ("minute", 60),
    ("minutes", 60),
    ("h", 3_600),
    ("hr", 3_600),
    ("hrs", 3_600),
    ("hour", 3_600),
    ("hours", 3_600),
    ("d", 86_400),
    ("day", 86_400),
    ("days", 86_400),
    ("w", 604_800),
    ("week", 604_800),
    ("weeks", 604_800),
];

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// `""`
    #[error("it is empty")]
    Empty,
    /// `"-5m"`
    #[error("it is negative")]
    Negative,
    /// `"5 m"`
    #[error("it contains a space")]
    Space,
    /// `"1.5h"`
    #[error("numbers are whole")]
    Fraction,
    /// `"m"`, `"soon"`
    #[error("it does not begin with a number")]
    NoNumber,
    /// `"5"`, `"1h30"`: the number that stands alone.
    #[error("`{0}` has no unit")]
    NoUnit(String),
    /// `"5min"`: the unit that is none of ours.
    #[error("unit `{0}` is none of `d`, `h`, `m`, `s`")]
    UnknownUnit(String),
    /// `"30m1h"`, `"5m5m"`
    #[error("units go from long to short, each at most once")]
    Order,
    /// More seconds than 63 bits hold.
    #[error("it is too long")]
    TooLong,
}

/// Reads a duration: whole numbers, each followed by `d`, `h`, `m` or `s`, from long to short.
///
/// Zero is a duration (`"0s"`); whether it makes sense is for the field to say. Never negative.
///
/// ```
/// use jiff::SignedDuration;
/// use steady_core::config::{DurationError, parse_duration};
///
/// assert_eq!(parse_duration("1h30m"), Ok(SignedDuration::from_mins(90)));
/// assert_eq!(parse_duration("5"), Err(DurationError::NoUnit("5".to_owned())));
/// ```
///
/// # Errors
///
/// [`DurationError`] says what is wrong; [`suggest_duration`] what may have been meant.
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    check_shape(text)?;
    let mut total: i64 = 0;
    let mut shortest = i64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, unit, next) = split_pair(rest);
        if digits.is_empty() {
            return Err(DurationError::NoNumber);
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit(digits.to_owned()));
        }
        let seconds =
            length_of(unit, &UNITS).ok_or_else(|| DurationError::UnknownUnit(unit.to_owned()))?;
        if seconds >= shortest {
            return Err(DurationError::Order);
        }
        total = add(total, digits, seconds).ok_or(DurationError::TooLong)?;
        shortest = seconds;
        rest = next;
    }
    Ok(SignedDuration::from_secs(total))
}

/// What can be told from the text as a whole.
fn check_shape(text: &str) -> Result<(), DurationError> {
    if text.trim().is_empty() {
        Err(DurationError::Empty)
    } else if text.starts_with('-') {
        Err(DurationError::Negative)
    } else if text.contains(char::is_whitespace) {
        Err(DurationError::Space)
    } else if text.contains(['.', ',']) {
        Err(DurationError::Fraction)
    } else {
        Ok(())
    }
}

/// Writes a duration so that [`parse_duration`] reads it back: `1h30m`, `24h`, `7d`, `0s`.
///
/// Days only from two days on, since people say 24 h. Fractions of a second are left out.
///
/// ```
/// use jiff::SignedDuration;
/// use steady_core::config::render_duration;
///
/// assert_eq!(render_duration(SignedDuration::from_secs(5_400)), "1h30m");
/// assert_eq!(render_duration(SignedDuration::from_hours(24)), "24h");
/// ```
pub fn render_duration(duration: SignedDuration) -> String {
    let mut text = String::new();
    if duration.as_secs() < 0 {
        text.push('-');
    }
    let mut left = duration.as_secs().unsigned_abs();
    let days_from = 2 * 86_400;
    for (unit, seconds) in UNITS {
        let seconds = seconds.unsigned_abs();
        if unit == "d" && left < days_from {
            continue;
        }
        if left >= seconds {
            text.push_str(&format!("{}{unit}", left / seconds));
            left %= seconds;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

/// The duration that a slip such as `"5 min"`, `"10M"`, `"1w"` or `"30m1h"` probably meant, ready to be written.
///
/// `None` where a guess would be a gamble: no unit, an unknown one, a sign, a fraction.
pub fn suggest_duration(text: &str) -> Option<String> {
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let mut total: i64 = 0;
    let mut rest = plain.as_str();
    while !rest.is_empty() {
        let (digits, unit, next) = split_pair(rest);
        total = add(total, digits, length_of(unit, SPELLINGS)?)?;
        rest = next;
    }
    (!plain.is_empty()).then(|| render_duration(SignedDuration::from_secs(total)))
}

/// What to write instead of a number without a unit: minutes first for small numbers, seconds for large ones.
pub(super) fn suggest_unit(number: i64) -> Option<String> {
    let as_seconds = render_duration(SignedDuration::from_secs(number));
    let in_minutes = SignedDuration::from_secs(number.checked_mul(60)?);
    Some(match number {
        ..0 => return None,
        0 => "write `\"0s\"`".to_owned(),
        1..60 => {
            let same = in_minutes.as_secs();
            format!("write `\"{number}m\"` (the same as `\"{same}s\"`), or `\"{number}s\"`")
        }
        _ if number % 60 == 0 => {
            format!("write `\"{number}s\"` (the same as `\"{as_seconds}\"`), or `\"{number}m\"`")
        }
        _ => format!("write `\"{number}s\"` or `\"{number}m\"`"),
    })
}

/// Leading digits, what follows them up to the next digit, and the rest.
fn split_pair(text: &str) -> (&str, &str, &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let digits = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let (digits, after) = text.split_at(digits);
    let unit = after.find(is_digit).unwrap_or(after.len());
    let (unit, rest) = after.split_at(unit);
    (digits, unit, rest)
}

fn length_of(unit: &str, units: &[(&str, i64)]) -> Option<i64> {
    let found = units.iter().find(|(name, _)| *name == unit)?;
    Some(found.1)
}

fn add(total: i64, digits: &str, seconds: i64) -> Option<i64> {
    let number: i64 = digits.parse().ok()?;
    number.checked_mul(seconds)?.checked_add(total)
}
