//! Reading what people write, and what they meant by what is no schedule.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::cron::{DAY_OF_MONTH, DAY_OF_WEEK};
use super::{Schedule, ScheduleError};

/// PutScheduledAction takes so many characters of a schedule (API reference).
const LENGTH_MAX: usize = 1600;

/// Units of `rate`, singular and plural, in seconds.
const UNITS: [(&str, &str, i64); 3] =
    [("minute", "minutes", 60), ("hour", "hours", 3_600), ("day", "days", 86_400)];

/// Others that people write, and what they are worth.
const OTHER_UNITS: [(&str, i64); 10] = [
    ("m", 60),
    ("min", 60),
    ("mins", 60),
    ("h", 3_600),
    ("hr", 3_600),
    ("hrs", 3_600),
    ("d", 86_400),
    ("week", 604_800),
    ("weeks", 604_800),
    ("w", 604_800),
];

/// One of cron's fields: what it is called, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) low: i16,
    pub(super) high: i16,
    /// Names of its values, from `low` on.
    pub(super) names: &'static [&'static str],
}

/// An error; `fixed`: what was meant, as far as it is right itself.
pub(super) fn reject(why: impl Into<String>, fixed: Option<String>) -> ScheduleError {
    ScheduleError { why: why.into(), fix: fixed }
}

/// `Some`: a text that is a schedule, or one whose own fix is.
fn meant(text: String) -> Option<String> {
    match Schedule::parse(&text) {
        Ok(_) => Some(text),
        Err(error) => error.fix,
    }
}

impl ScheduleError {
    /// What was wrong with a part, told of the whole: `whole` puts a fixed part in its place.
    pub(super) fn within(self, whole: impl FnOnce(String) -> String) -> Self {
        Self { why: self.why, fix: self.fix.map(whole) }
    }

    /// Its fix is a schedule, or there is none.
    pub(super) fn told(self) -> Self {
        Self { why: self.why, fix: self.fix.and_then(meant) }
    }
}

/// Which of the three, and what stands between the brackets.
///
/// # Errors
/// [`ScheduleError`].
pub(super) fn call(text: &str) -> Result<(&'static str, &str), ScheduleError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(reject("it is empty", None));
    }
    if trimmed.len() != text.len() {
        return Err(reject("it begins or ends with a space", meant(trimmed.to_owned())));
    }
    if text.chars().count() > LENGTH_MAX {
        return Err(reject(format!("it is longer than {LENGTH_MAX} characters"), None));
    }
    if text.chars().any(char::is_control) {
        return Err(reject("it contains a tab, a line break or another control character", None));
    }
    const FORMS: &str = "expected `cron(…)`, `rate(…)` or `at(…)`";
    let Some((name, rest)) = text.split_once('(') else {
        return Err(reject(FORMS, bare(text)));
    };
    let known = ["cron", "rate", "at"].into_iter().find(|known| *known == name);
    let Some(known) = known else {
        let lower = name.trim().to_ascii_lowercase();
        let near = ["cron", "rate", "at"]
            .into_iter()
            .find(|known| strsim::osa_distance(known, &lower) <= usize::from(*known != "at"));
        let fixed = near.and_then(|near| meant(format!("{near}({rest}")));
        return Err(reject(FORMS, fixed));
    };
    let Some(inner) = rest.strip_suffix(')') else {
        let fixed = (!rest.contains(')')).then(|| meant(format!("{text})"))).flatten();
        return Err(reject("it does not end with `)`", fixed));
    };
    if inner.contains(['(', ')']) {
        return Err(reject("it contains more than one pair of brackets", None));
    }
    Ok((known, inner))
}

/// What was meant without `cron(…)` around it.
fn bare(text: &str) -> Option<String> {
    let form = match text {
        _ if text.split_ascii_whitespace().count() >= 5 => "cron",
        _ if text.contains('T') || text.matches('-').count() >= 2 => "at",
        _ => "rate",
    };
    meant(format!("{form}({text})"))
}

/// `1 hour`, `15 minutes`
///
/// # Errors
/// [`ScheduleError`].
pub(super) fn rate(inner: &str) -> Result<SignedDuration, ScheduleError> {
    let digits = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
    let (number, rest) = inner.split_at(digits);
    let unit = rest.trim();
    let usual = "expected a whole number and `minutes`, `hours` or `days`, such as `15 minutes`";
    let Some(count) = number.parse::<i64>().ok().filter(|_| !unit.is_empty()) else {
        return Err(reject(usual, None));
    };
    if count == 0 {
        return Err(reject("its number is 0, expected 1 or more", None));
    }
    let lower = unit.to_ascii_lowercase();
    let known = UNITS.iter().find(|(one, many, _)| lower == *one || lower == *many);
    let Some((one, many, seconds)) = known else {
        if lower.starts_with("sec") || lower == "s" {
            let minutes = (count % 60 == 0).then(|| spelt(count)).flatten();
            return Err(reject("seconds are too fine: its finest unit is a minute", minutes));
        }
        let other = OTHER_UNITS.iter().find(|(name, _)| *name == lower);
        let seconds = other.and_then(|(_, each)| count.checked_mul(*each));
        let why = format!("`{unit}` is none of `minutes`, `hours` and `days`");
        return Err(reject(why, seconds.and_then(spelt)));
    };
    let right = if count == 1 { one } else { many };
    if format!("{count} {right}") != inner {
        let why = match () {
            () if unit == *many && count == 1 => format!("after 1 the unit is `{one}`"),
            () if unit == *one && count > 1 => format!("after {count} the unit is `{many}`"),
            () => format!("expected it to be written `{count} {right}`"),
        };
        return Err(reject(why, Some(format!("rate({count} {right})"))));
    }
    let most = 36_500 * 86_400;
    match count.checked_mul(*seconds).filter(|all| *all <= most) {
        Some(all) => Ok(SignedDuration::from_secs(all)),
        None => Err(reject("it is longer than a hundred years", None)),
    }
}

/// A number of seconds as a rate, in the longest unit that divides it.
fn spelt(seconds: i64) -> Option<String> {
    let (one, many, each) = UNITS.iter().rev().find(|(.., each)| seconds % each == 0)?;
    let count = seconds / each;
    Some(format!("rate({count} {})", if count == 1 { one } else { many }))
}

/// `2026-11-27T06:00:00`
///
/// # Errors
/// [`ScheduleError`].
pub(super) fn at(inner: &str) -> Result<DateTime, ScheduleError> {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let shape_of = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    };
    let shape = shape_of(inner);
    if shape == SHAPE {
        let time: Option<DateTime> = inner.parse().ok();
        // jiff takes a leap second for the one before it.
        return time
            .filter(|_| !inner.ends_with(":60"))
            .ok_or_else(|| reject(format!("`{inner}` is no date and time that there is"), None));
    }
    let fixed = |clock: &str| meant(format!("at({clock})"));
    // A zone: `Z`, `+01:00`, `-0500`, `[Europe/Berlin]`.
    if let (Some(head), Some(tail)) = (inner.get(..19), inner.get(19..))
        && shape_of(head) == SHAPE
        && tail.starts_with(['Z', 'z', '+', '-', '[', ' '])
    {
        let why = format!("`{}` is not taken: the zone goes into `timezone`", tail.trim());
        return Err(reject(why, (tail == "Z").then(|| fixed(head)).flatten()));
    }
    if shape_of(&inner.replacen([' ', 't'], "T", 1)) == SHAPE {
        let why = "between date and time goes a `T`";
        return Err(reject(why, fixed(&inner.replacen([' ', 't'], "T", 1))));
    }
    let why = "expected a date and time such as `2026-11-27T06:00:00`";
    let fixed = match shape.as_str() {
        "0000-00-00T00:00" | "0000-00-00 00:00" => fixed(&format!("{inner}:00")),
        _ => None,
    };
    Err(reject(why, fixed))
}

/// Another number of cron's fields than six.
pub(super) fn number_of_fields(fields: &[&str]) -> ScheduleError {
    match fields {
        [minutes, hours, day_of_month, month, day_of_week] => {
            let why = "it has five fields: the sixth, the year, is missing";
            let (day_of_month, day_of_week) = days_from_unix(day_of_month, day_of_week);
            let fixed = format!("cron({minutes} {hours} {day_of_month} {month} {day_of_week} *)");
            reject(why, meant(fixed))
        }
        [_, six @ ..] if six.len() == 6 => reject(
            "it has seven fields: seconds, which AWS takes but does not keep to, are not taken",
            meant(format!("cron({})", six.join(" "))),
        ),
        other => {
            let why = format!(
                "it has {} field{}, expected six: minutes, hours, day of month, month, day of week, year",
                other.len(),
                if other.len() == 1 { "" } else { "s" },
            );
            reject(why, None)
        }
    }
}

/// The two fields of days as Unix's cron has them, which is where five fields come from: Sunday is 0 (or 7) there, and a
/// `*` in one leaves it to the other. Where both say something Unix takes either, which nothing here can say.
fn days_from_unix(day_of_month: &str, day_of_week: &str) -> (String, String) {
    match (day_of_month, day_of_week) {
        (_, "*") => (day_of_month.to_owned(), "?".to_owned()),
        ("*" | "?", _) => {
            let named = |c: char| {
                let number = c.to_digit(10).and_then(|n| usize::try_from(n % 7).ok());
                number.and_then(|n| DAY_OF_WEEK.names.get(n)).map(|name| (*name).to_owned())
            };
            let is_plain = day_of_week.chars().all(|c| matches!(c, '0'..='7' | ',' | '-'));
            let names =
                day_of_week.chars().map(|c| named(c).unwrap_or_else(|| c.to_string())).collect();
            ("?".to_owned(), if is_plain { names } else { day_of_week.to_owned() })
        }
        _ => (day_of_month.to_owned(), day_of_week.to_owned()),
    }
}

impl Field {
    /// One of a list: the first and the last value, and the step. A fix is the item's.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub(super) fn item(&self, item: &str) -> Result<(i16, i16, i16), ScheduleError> {
        let Self { name, low, high, .. } = self;
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => {
                let number = step.parse::<i16>().ok().filter(|step| *step >= 1);
                let fits = number.filter(|step| *step <= high - low);
                let Some(step) = fits else {
                    let why =
                        format!("`{step}` is no step for {name}: expected 1 to {}", high - low);
                    return Err(reject(why, None));
                };
                (range, Some(step))
            }
            None => (item, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (*low, *high),
            (_, None) => {
                let from = self.value(range, item)?;
                (from, if step.is_some() { *high } else { from })
            }
            (_, Some((from, to))) => (self.value(from, item)?, self.value(to, item)?),
        };
        if from > to {
            let upper = self.spelt(from, *high);
            let lower = self.spelt(*low, to);
            let why = format!("`{range}` goes backwards in {name}");
            return Err(reject(why, step.is_none().then(|| format!("{upper},{lower}"))));
        }
        Ok((from, to, step.unwrap_or(1)))
    }

    /// A number or a name; `item` is what it stands in, for the fix.
    fn value(&self, text: &str, item: &str) -> Result<i16, ScheduleError> {
        if let Some(value) = self.number(text) {
            return Ok(value);
        }
        let Self { name, low, high, names } = self;
        let fixed = |right: &str| Some(item.replacen(text, right, 1));
        let expected = match (names.first(), names.last()) {
            (Some(first), Some(last)) => format!("{low} to {high} or {first} to {last}"),
            _ => format!("{low} to {high}"),
        };
        if text == "?" {
            let why = format!("`?` stands for a day only, not for {name}");
            return Err(reject(why, Some("*".to_owned())));
        }
        if text.is_empty() {
            return Err(reject(format!("a value is missing in {name}, expected {expected}"), None));
        }
        let why = format!("{name} cannot be `{text}`: expected {expected}");
        let is_day = *name == DAY_OF_MONTH.name || *name == DAY_OF_WEEK.name;
        if is_day && text.ends_with(['L', 'W']) {
            let why =
                format!("`{text}` in {name}: `L`, `W` and `#` stand alone, in no list or range");
            return Err(reject(why, None));
        }
        if text == "0" && *name == DAY_OF_WEEK.name {
            return Err(reject(format!("{why}; AWS counts from 1, Sunday"), fixed("1")));
        }
        let near = self.named(text).and_then(|number| self.name_of(number));
        Err(reject(why, near.and_then(fixed)))
    }

    /// A number in range, or a name as AWS spells it.
    pub(super) fn number(&self, text: &str) -> Option<i16> {
        let digits =
            !text.is_empty() && text.len() <= 4 && text.chars().all(|c| c.is_ascii_digit());
        if digits {
            return text.parse().ok().filter(|n| (self.low..=self.high).contains(n));
        }
        let at = self.names.iter().position(|name| *name == text)?;
        Some(self.low.saturating_add(i16::try_from(at).ok()?))
    }

    /// The value that a misspelt name probably means: `mon`, `Monday`, `MOND`.
    pub(super) fn named(&self, text: &str) -> Option<i16> {
        let upper = text.to_ascii_uppercase();
        let begins = |name: &&&str| text.len() >= 3 && upper.starts_with(**name);
        let near = |name: &&&str| text.len() >= 2 && strsim::osa_distance(name, &upper) == 1;
        let mut all = self.names.iter();
        let name = all.clone().find(begins).or_else(|| {
            // Only where no other is as near.
            let found = all.find(near)?;
            all.find(near).is_none().then_some(found)
        })?;
        self.number(name)
    }

    fn name_of(&self, value: i16) -> Option<&'static str> {
        let at = usize::try_from(value - self.low).ok()?;
        self.names.get(at).copied()
    }

    /// A range, or the value alone where it is one.
    fn spelt(&self, from: i16, to: i16) -> String {
        let one = |value| self.name_of(value).map_or_else(|| value.to_string(), str::to_owned);
        if from == to { one(from) } else { format!("{}-{}", one(from), one(to)) }
    }
}
