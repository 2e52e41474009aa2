//! Rows onto a grid: one value a period.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Found, Recorded, Refused, Row, Rows, spell};

/// Years of seconds would be no recording but a slip in a time.
const PERIODS_MAX: usize = 6_000_000;

/// So many rows in a row at another distance are another period, not gaps.
const OTHER_PERIOD_ROWS: usize = 5;

/// The series.
pub(super) fn of(read: Rows, gaps_are_zero: bool) -> Result<Recorded, Vec<Refused>> {
    let mut found = Found { rows: read.rows.len(), partial: read.partial, ..Found::default() };
    let mut rows = read.rows;
    let pairs = rows.iter().zip(rows.iter().skip(1));
    found.unordered = pairs.filter(|(one, next)| next.at < one.at).count();
    // CloudWatch answers with the newest first; that is no disorder.
    if found.unordered + 1 == rows.len() {
        found.unordered = 0;
    }
    rows.sort_by_key(|row| row.at);
    found.repeated = drop_repeated(&mut rows)?;
    found.empty = rows.iter().filter(|row| row.value.is_nan()).count();
    let Some(period) = period(&rows) else {
        return Err(vec![Refused::file(
            "there are fewer than two rows: its period cannot be told",
        )]);
    };
    let [Some(first), Some(last)] = [rows.first(), rows.last()] else { return Err(Vec::new()) };
    let length = periods_between(first.at, last.at, period) + 1;
    if period < 10 || !period.is_multiple_of(10) {
        let why = format!("its rows are {} apart, expected a multiple of 10 s", spell(period));
        return Err(vec![Refused::file(why)]);
    }
    if length > PERIODS_MAX {
        let why =
            format!("from {} to {} every {}: a time is wrong", first.at, last.at, spell(period));
        return Err(vec![Refused::file(why)]);
    }
    one_period(&rows, period)?;
    let mut values = vec![f64::NAN; length];
    let start = first.at;
    let mut refused = Vec::new();
    let mut owner: Option<(usize, super::Place)> = None;
    for row in &rows {
        let slot = periods_between(start, row.at, period);
        let off = off_grid(start, row.at, period);
        if off * 4 > period {
            let why = format!("it is {} off the period of {}", spell(off), spell(period));
            refused.push(Refused::at(row.place, why));
        } else if let Some((_, other)) = owner.filter(|(taken, _)| *taken == slot) {
            let why = format!("it falls into the same period of {} as {other}", spell(period));
            refused.push(Refused::at(row.place, why));
        }
        found.off_grid += usize::from(off > 0);
        owner = Some((slot, row.place));
        if let Some(value) = values.get_mut(slot) {
            *value = row.value;
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    mark_gaps(&mut found, &values, period);
    if gaps_are_zero {
        fill_gaps(&mut values);
    }
    let period = u32::try_from(period).unwrap_or(u32::MAX);
    Ok(Recorded { start: whole(start, period), period, values, found })
}

/// A series that is on a grid already.
#[cfg(any(feature = "live", test))]
pub(super) fn of_periods(
    start: Timestamp,
    period: u32,
    mut values: Vec<f64>,
    gaps_are_zero: bool,
) -> Option<Recorded> {
    let is_known = |value: &f64| !value.is_nan();
    let rows = values.iter().filter(|value| is_known(value)).count();
    let first = values.iter().position(is_known)?;
    values.truncate(values.iter().rposition(is_known)? + 1);
    values.drain(..first);
    let first = i64::try_from(first).ok()?.checked_mul(i64::from(period))?;
    let start = Timestamp::from_second(start.as_second().checked_add(first)?).ok()?;
    let mut found = Found { rows, ..Found::default() };
    mark_gaps(&mut found, &values, u64::from(period));
    if gaps_are_zero {
        fill_gaps(&mut values);
    }
    (rows > 1).then_some(Recorded { start, period, values, found })
}

fn fill_gaps(values: &mut [f64]) {
    values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
}

/// Rows that say the same again go; those that say something else are refused.
fn drop_repeated(rows: &mut Vec<Row>) -> Result<usize, Vec<Refused>> {
    let before = rows.len();
    let mut refused = Vec::new();
    rows.dedup_by(|later, first| {
        if later.at != first.at {
            return false;
        }
        if later.value != first.value && !(later.value.is_nan() && first.value.is_nan()) {
            let why = format!("{} is on {} too, with another value", later.at, first.place);
            refused.push(Refused::at(later.place, why));
        }
        true
    });
    if refused.is_empty() { Ok(before - rows.len()) } else { Err(refused) }
}

/// The distance, in seconds, that most rows have to the one before; of several the shortest.
fn period(rows: &[Row]) -> Option<u64> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for (one, next) in rows.iter().zip(rows.iter().skip(1)) {
        *counts.entry(seconds(one.at, next.at)).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(period, _)| period)
}

/// An export that has one period here and another there holds sums or means of different lengths.
fn one_period(rows: &[Row], period: u64) -> Result<(), Vec<Refused>> {
    let (mut other, mut alike) = (period, 0);
    for (one, next) in rows.iter().zip(rows.iter().skip(1)) {
        let apart = seconds(one.at, next.at);
        alike = if apart == other { alike + 1 } else { 1 };
        other = apart;
        if apart != period && alike == OTHER_PERIOD_ROWS {
            let (here, else_) = (spell(apart), spell(period));
            let why = format!(
                "the rows up to here are {here} apart, elsewhere {else_}: export one period"
            );
            return Err(vec![Refused::at(next.place, why)]);
        }
    }
    Ok(())
}

fn mark_gaps(found: &mut Found, values: &[f64], period: u64) {
    let mut length = 0;
    for value in values {
        if value.is_nan() {
            found.gaps += usize::from(length == 0);
            found.gap_periods += 1;
            length += 1;
            found.longest_gap_seconds = found.longest_gap_seconds.max(length * period);
        } else {
            length = 0;
        }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

fn periods_between(from: Timestamp, to: Timestamp, period: u64) -> usize {
    let since = seconds(from, to).saturating_add(period / 2);
    usize::try_from(since.checked_div(period).unwrap_or(0)).unwrap_or(usize::MAX)
}

fn off_grid(from: Timestamp, at: Timestamp, period: u64) -> u64 {
    let since = seconds(from, at).checked_rem(period).unwrap_or(0);
    since.min(period - since)
}

/// Down to the minute; to 10 s for periods shorter than that.
fn whole(at: Timestamp, period: u32) -> Timestamp {
    let grain = if period.is_multiple_of(60) { 60 } else { 10 };
    Timestamp::from_second(at.as_second() - at.as_second().rem_euclid(grain)).unwrap_or(at)
}
