//! Numbers and durations: what is one, and what to write instead of what is none.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::de::{DeInteger, DeValue};

use super::duration::{
    DurationError, parse_duration, render_duration, suggest_duration, suggest_unit,
};
use super::finding::{quoted, shortened};
use super::read::Flaw;
use super::rule::Rule;

/// A duration within `range`.
pub(super) fn duration(
    value: &DeValue<'_>,
    range: &RangeInclusive<SignedDuration>,
) -> Result<SignedDuration, Flaw> {
    const OUT: Rule = Rule::DurationOutOfRange;
    const EXPECTED: &str = "expected a duration such as `\"10m\"`";
    let text = match value {
        DeValue::String(text) => text,
        other => {
            let number = other.as_integer().and_then(whole_number);
            let fix = number.and_then(suggest_unit);
            let rule = if number.is_some() { Rule::NotADuration } else { Rule::WrongType };
            return Err(Flaw { fix, ..Flaw::new(rule, EXPECTED) });
        }
    };
    let duration = parse_duration(text).map_err(|error| {
        let why = format!("{EXPECTED}: {}", shortened(&error.to_string()));
        Flaw { fix: duration_fix(text, &error), ..Flaw::new(Rule::NotADuration, why) }
    })?;
    let (least, most) = (*range.start(), *range.end());
    if duration < least {
        let least = render_duration(least);
        let why = format!("shorter than the shortest allowed, `\"{least}\"`");
        return Err(Flaw::new(OUT, why).fix(format!("write `\"{least}\"` or more")));
    }
    if duration > most {
        let most = render_duration(most);
        let why = format!("longer than the longest allowed, `\"{most}\"`");
        return Err(Flaw::new(OUT, why).fix(format!("write `\"{most}\"` or less")));
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

/// A whole number within `range`.
pub(super) fn whole(value: &DeValue<'_>, range: &RangeInclusive<i32>) -> Result<i32, Flaw> {
    let expected = "expected a whole number";
    let number = match value {
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix()).ok(),
        DeValue::Float(float) => {
            return Err(Flaw::new(Rule::NotANumber, expected).fix_if(rounded(float.as_str())));
        }
        DeValue::String(text) => {
            let number = text.trim().parse::<i64>().ok();
            return Err(Flaw::new(Rule::WrongType, expected)
                .fix_if(number.map(|number| format!("write `{number}` without quotes"))));
        }
        _ => return Err(Flaw::new(Rule::WrongType, expected)),
    };
    let within = number.and_then(|number| i32::try_from(number).ok());
    match within.filter(|number| range.contains(number)) {
        Some(number) => Ok(number),
        None => {
            let why = format!("expected a whole number from {} to {}", range.start(), range.end());
            Err(Flaw::new(Rule::NumberOutOfRange, why))
        }
    }
}

/// `write 8` for `8.0`; of what is no whole number it is not told which one was meant.
fn rounded(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 1e9).then(|| format!("write `{number}`"))
}

/// A number, whole or not, that is neither infinite nor none at all.
pub(super) fn finite(value: &DeValue<'_>) -> Result<f64, Flaw> {
    let expected = "expected a number";
    let text = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i64::MAX);
            number.to_string()
        }
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::String(text) => {
            let plain = text.trim().trim_end_matches('%').trim_end();
            let number = plain.parse::<f64>().ok().filter(|number| number.is_finite());
            let fix = number
                .map(|number| format!("write {} without quotes", quoted(&number.to_string())));
            return Err(Flaw::new(Rule::WrongType, expected).fix_if(fix));
        }
        _ => return Err(Flaw::new(Rule::WrongType, expected)),
    };
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| Flaw::new(Rule::NotANumber, "expected a finite number"))
}
