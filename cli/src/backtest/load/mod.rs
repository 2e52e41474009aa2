//! A recorded load: CSV with two columns, CSV as CloudWatch exports it, or the JSON of `aws cloudwatch get-metric-data`.
//!
//! ```text
//! text ─▶ csv | json ─▶ rows: where, when, how much ─▶ series: one value a period, gaps marked
//! ```
//!
//! What is odd and harmless is put right and said ([`Found`]): order, rows that are there twice, values that are missing.
//! What could mean two things is refused, each with its line and reason ([`Refused`]): half a load is not what was recorded.

mod csv;
mod json;
mod series;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How a file is to be read.
#[derive(Debug, Clone)]
pub(crate) struct How {
    /// Which column, or which `Id` or `Label`; `None`: the only one.
    pub(crate) column: Option<String>,
    /// The zone of times that name none.
    pub(crate) zone: TimeZone,
    /// A period without a value had no load, rather than one that is not known.
    pub(crate) gaps_are_zero: bool,
}

/// One value a period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    /// When the first period begins; whole minutes for periods of a minute and more, else whole 10 s.
    pub(crate) start: Timestamp,
    /// Seconds, a multiple of 10.
    pub(crate) period: u32,
    /// `NaN`: not known.
    pub(crate) values: Vec<f64>,
    /// What was found on the way.
    pub(crate) found: Found,
}

/// What was odd, and was put right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// Rows read.
    pub(crate) rows: usize,
    /// Rows that came before an earlier one.
    pub(crate) unordered: usize,
    /// Rows that said again what another said of the same time.
    pub(crate) repeated: usize,
    /// Rows without a value.
    pub(crate) empty: usize,
    /// Stretches without a value, how many periods they have in all, and the longest in seconds.
    pub(crate) gaps: usize,
    pub(crate) gap_periods: usize,
    pub(crate) longest_gap_seconds: u64,
    /// Rows that were not at the beginning of a period, and were put into the nearest.
    pub(crate) off_grid: usize,
    /// CloudWatch said that there is more.
    pub(crate) partial: bool,
}

/// Something that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// `line 17`, `value 17 of m1`; empty: the file.
    pub(crate) place: String,
    pub(crate) why: String,
}

/// One value and its time.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    place: Place,
    at: Timestamp,
    /// `NaN`: none.
    value: f64,
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Line(usize),
    Value(usize),
}

/// What a reader gives.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Row>,
    refused: Vec<Refused>,
    partial: bool,
}

/// Reads a recording.
///
/// # Errors
/// All that is wrong with it, in the file's order.
pub(crate) fn read(text: &str, how: &How) -> Result<Recorded, Vec<Refused>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = match text.trim_start().starts_with(['{', '[']) {
        true => json::read(text, how),
        false => csv::read(text, how),
    };
    if !rows.refused.is_empty() {
        return Err(rows.refused);
    }
    series::of(rows, how.gaps_are_zero)
}

/// Values of one period each, from `start` on; `NaN` where there is none. What is not known at both ends is left away. `None`: fewer
/// than two are known, from which nobody could tell the period again.
#[cfg(any(feature = "live", test))]
pub(crate) fn of_periods(
    start: Timestamp,
    period: u32,
    values: Vec<f64>,
    gaps_are_zero: bool,
) -> Option<Recorded> {
    series::of_periods(start, period, values, gaps_are_zero)
}

/// As CSV with two columns, a row for each period, which [`read`] reads as the same.
#[cfg(any(feature = "live", test))]
pub(crate) fn csv_of(recorded: &Recorded) -> String {
    let mut text = "time,value\n".to_owned();
    for (at, value) in (0_i64..).zip(&recorded.values) {
        let seconds = recorded.start.as_second() + at * i64::from(recorded.period);
        let time = Timestamp::from_second(seconds).unwrap_or(recorded.start);
        let value = if value.is_nan() { String::new() } else { value.to_string() };
        text.push_str(&format!("{time},{value}\n"));
    }
    text
}

/// A value as text or JSON has it: `NaN` where there is none.
fn value(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if text.is_empty() || ["nan", "null", "none", "-"].contains(&text.to_ascii_lowercase().as_str())
    {
        return Ok(f64::NAN);
    }
    match text.parse::<f64>() {
        Ok(value) => checked(value),
        Err(_) => Err(format!("`{text}` is no number")),
    }
}

fn checked(value: f64) -> Result<f64, String> {
    match value {
        value if value.is_infinite() => Err(format!("`{value}` is no load")),
        value if value < 0.0 => Err(format!("`{value}` is below 0: a load never is")),
        value => Ok(value),
    }
}

impl Refused {
    fn at(place: Place, why: impl Into<String>) -> Self {
        Self { place: place.to_string(), why: why.into() }
    }

    fn file(why: impl Into<String>) -> Self {
        Self { place: String::new(), why: why.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.why),
            place => write!(f, "{place}: {}", self.why),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Value(value) => write!(f, "value {value}"),
        }
    }
}

impl Found {
    /// What was put right, a line each.
    pub(crate) fn told(&self, gaps_are_zero: bool) -> Vec<String> {
        let mut all = Vec::new();
        let rows = |count: usize| if count == 1 { "row" } else { "rows" };
        let mut of_rows = |count: usize, said: &str| {
            if count > 0 {
                all.push(format!("{count} {} {said}", rows(count)));
            }
        };
        of_rows(self.unordered, "out of order: sorted by time");
        of_rows(self.repeated, "there twice, with the same value: counted once");
        of_rows(self.off_grid, "not at the beginning of a period: put into the nearest");
        of_rows(self.empty, "without a value");
        if self.gaps > 0 {
            let taken = match gaps_are_zero {
                true => "taken for no load",
                false => "no metric then, and not judged",
            };
            let longest = spell(self.longest_gap_seconds);
            let (gaps, periods) = (self.gaps, self.gap_periods);
            all.push(format!(
                "{gaps} {} of {periods} {} in all, the longest {longest}: {taken}",
                if gaps == 1 { "gap" } else { "gaps" },
                if periods == 1 { "period" } else { "periods" },
            ));
        }
        if self.partial {
            all.push(
                "CloudWatch says that this is part of the data only (`PartialData`)".to_owned(),
            );
        }
        all
    }
}

/// `10 min`, `40 s`, `2 h`, `3 d`.
pub(crate) fn spell(seconds: u64) -> String {
    let duration = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    steady_core::notice::words::duration(duration)
}
