//! A picture with its axes. Its shapes are stretched to the width there is and its words are not, so that both stay readable on a
//! telephone and on a wall.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::trace::Span;
use crate::page::escaped;

/// The height of a picture, in its own units. Whole numbers are fine enough, and short.
pub(super) const HEIGHT: f64 = 1000.0;

/// A mark on an axis: how far along it is, 0 to 1, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) text: String,
}

/// From 0 up to a little more than the largest value, with marks at round numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    top: f64,
    pub(super) ticks: Vec<Tick>,
}

impl Axis {
    /// For values up to `most`. It marks four to ten round numbers.
    pub(super) fn to(most: f64) -> Self {
        let most = if most > 0.0 && most.is_finite() { most } else { 1.0 };
        let power = 10_f64.powf((most / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|one| one * power);
        let step = step.into_iter().find(|step| most / step <= 6.0).unwrap_or(power * 10.0);
        let places = if step >= 1.0 { 0 } else { (-step.log10()).ceil().max(0.0) as usize };
        let count = (most * 1.02 / step).ceil().max(1.0);
        let ticks = (0..=count as u32).map(|mark| Tick {
            at: f64::from(mark) / count,
            text: format!("{:.places$}", f64::from(mark) * step),
        });
        Self { top: count * step, ticks: ticks.collect() }
    }

    /// From a value to a height from above.
    pub(super) fn y(&self, value: f64) -> i64 {
        (HEIGHT * (1.0 - (value / self.top).clamp(0.0, 1.0))).round() as i64
    }

    /// From a value to how far to the right it is, of so much.
    pub(super) fn x(&self, value: f64, width: usize) -> i64 {
        (width as f64 * (value / self.top).clamp(0.0, 1.0)).round() as i64
    }

    /// Its largest value.
    pub(super) fn top(&self) -> f64 {
        self.top
    }
}

/// Marks of time between two moments, in UTC: at whole hours, days or months, at most a dozen.
pub(super) fn times(from: Timestamp, to: Timestamp) -> Vec<Tick> {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    const STEPS: [i64; 15] = [
        60,
        300,
        600,
        1800,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        3 * DAY,
        7 * DAY,
        14 * DAY,
        28 * DAY,
    ];
    let whole = to.duration_since(from).as_secs();
    let step = STEPS.into_iter().find(|step| whole / step <= 12);
    let step = match step {
        Some(step) if step < 28 * DAY => step,
        _ => return months(from, to),
    };
    let format = if step < DAY { "%b %-d %H:%M" } else { "%b %-d" };
    // Days are counted from the first one that is shown, so that each of two weeks has its mark.
    let midnight = from.as_second().div_euclid(DAY) * DAY;
    let first = (from.as_second() - midnight).max(0);
    let first = midnight + (first + step - 1) / step * step;
    let mut ticks = Vec::new();
    for second in (first..=to.as_second()).step_by(usize::try_from(step).unwrap_or(60)) {
        let Ok(at) = Timestamp::from_second(second) else { break };
        ticks.push(Tick { at: share(from, to, at), text: at.strftime(format).to_string() });
    }
    ticks
}

fn months(from: Timestamp, to: Timestamp) -> Vec<Tick> {
    let first = from.to_zoned(TimeZone::UTC).date().first_of_month();
    let count = to.duration_since(from).as_secs() / (28 * 24 * 3600);
    let every = [1, 2, 3, 6, 12].into_iter().find(|every| count / every <= 13).unwrap_or(24);
    let mut ticks = Vec::new();
    for month in (0..=count + 2).step_by(usize::try_from(every).unwrap_or(1)) {
        let date = first.checked_add(jiff::Span::new().months(month));
        let at = date.and_then(|date: Date| date.to_zoned(TimeZone::UTC)).map(|at| at.timestamp());
        if let Ok(at) = at
            && (from..=to).contains(&at)
        {
            ticks.push(Tick { at: share(from, to, at), text: at.strftime("%b %Y").to_string() });
        }
    }
    ticks
}

fn share(from: Timestamp, to: Timestamp, at: Timestamp) -> f64 {
    let whole = to.duration_since(from).as_secs_f64().max(1.0);
    at.duration_since(from).max(SignedDuration::ZERO).as_secs_f64() / whole
}

/// A picture so many units wide between its axes; `shapes` fill it. What it shows is said by `label` for those who do not see it.
pub(super) fn frame(
    page: &mut String,
    label: &str,
    width: usize,
    (x, y): (&[Tick], &Axis),
    shapes: &str,
) {
    // An image hides what is in it from whoever does not see it; a link must be found.
    let many = if x.len() > 6 { " many" } else { "" };
    let role = if shapes.contains("<a ") { "group" } else { "img" };
    let _ = write!(page, "<div class=\"plot\">\n<div class=\"ys\" aria-hidden=\"true\">");
    for tick in &y.ticks {
        let _ = write!(page, "<span style=\"bottom:{:.2}%\">{}</span>", tick.at * 100.0, tick.text);
    }
    let _ = write!(
        page,
        "</div>\n<svg viewBox=\"0 0 {width} {HEIGHT:.0}\" preserveAspectRatio=\"none\" role=\"{role}\" aria-label=\"{}\">\n\
         <path class=\"grid\" d=\"",
        escaped(label),
    );
    for tick in &y.ticks {
        let _ = write!(page, "M0 {:.0}H{width}", HEIGHT * (1.0 - tick.at));
    }
    for tick in x {
        let _ = write!(page, "M{:.1} 0V{HEIGHT:.0}", tick.at * width as f64);
    }
    let _ = write!(page, "\"/>\n{shapes}</svg>\n<div class=\"xs{many}\" aria-hidden=\"true\">");
    for tick in x {
        let _ = write!(page, "<span style=\"left:{:.2}%\">{}</span>", tick.at * 100.0, tick.text);
    }
    page.push_str("</div>\n</div>\n");
}

/// A line of steps. In each column it goes from the least to the most and on at the last value; it ends where nothing is known.
pub(super) fn line(
    class: &str,
    axis: &Axis,
    columns: impl Iterator<Item = Option<Span>>,
) -> String {
    let mut path = format!("<path class=\"{class}\" d=\"");
    let mut at = None;
    for (column, span) in columns.enumerate() {
        let Some(span) = span else {
            at = None;
            continue;
        };
        let (least, most, last) = (axis.y(span.least), axis.y(span.most), axis.y(span.last));
        if at.is_none() {
            let _ = write!(path, "M{column} {last}");
            at = Some(last);
        }
        for y in [least, most, last] {
            if at != Some(y) {
                let _ = write!(path, "V{y}");
                at = Some(y);
            }
        }
        let _ = write!(path, "H{}", column + 1);
    }
    path.push_str("\"/>\n");
    path
}

/// The ground below one value of each column; none where nothing is known.
pub(super) fn area(class: &str, axis: &Axis, columns: impl Iterator<Item = Option<f64>>) -> String {
    let mut path = format!("<path class=\"{class}\" d=\"");
    let mut at = None;
    for (column, value) in columns.enumerate() {
        let y = value.map(|value| axis.y(value));
        match (at, y) {
            (None, Some(y)) => {
                let _ = write!(path, "M{column} {HEIGHT:.0}V{y}H{}", column + 1);
            }
            (Some(before), Some(y)) if before == y => {
                let _ = write!(path, "H{}", column + 1);
            }
            (Some(_), Some(y)) => {
                let _ = write!(path, "V{y}H{}", column + 1);
            }
            (Some(_), None) => {
                let _ = write!(path, "V{HEIGHT:.0}Z");
            }
            (None, None) => {}
        }
        at = y;
    }
    if at.is_some() {
        let _ = write!(path, "V{HEIGHT:.0}Z");
    }
    path.push_str("\"/>\n");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_axis_ends_above_the_largest_value_at_a_round_number() {
        let table = [
            (0.0, "0.0 0.2 0.4 0.6 0.8 1.0 1.2"),
            (1.0, "0.0 0.2 0.4 0.6 0.8 1.0 1.2"),
            (7.0, "0 2 4 6 8"),
            (24.0, "0 5 10 15 20 25"),
            (940.0, "0 200 400 600 800 1000"),
        ];
        for (most, expected) in table {
            let texts: Vec<String> = Axis::to(most).ticks.into_iter().map(|it| it.text).collect();
            assert_eq!(texts.join(" "), expected, "{most}");
        }
    }

    #[test]
    fn times_are_marked_at_whole_hours_days_and_months() {
        let table = [
            ("2026-10-04T15:10:00Z", "2026-10-04T20:00:00Z", 4, "Oct 4 15:30"),
            ("2026-10-04T15:00:00Z", "2026-10-18T15:00:00Z", 7, "Oct 6"),
            ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 13, "Jan 2026"),
        ];
        for (from, to, least, first) in table {
            let ticks = times(at(from), at(to));
            assert!((least..=13).contains(&ticks.len()), "{from}: {ticks:?}");
            assert_eq!(ticks[0].text, first);
            assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)), "{ticks:?}");
        }
    }

    #[test]
    fn a_line_shows_the_least_and_the_most_of_each_column_and_breaks_where_nothing_is_known() {
        let span = |least, most, last| Some(Span { least, most, last });
        let columns =
            [span(1.0, 1.0, 1.0), span(0.0, 2.0, 1.0), None, span(1.0, 1.0, 1.0)].into_iter();
        // The axis of 2 ends at 2.5.
        let axis = Axis::to(2.0);
        let expected = "<path class=\"l\" d=\"M0 600H1V1000V200V600H2M3 600H4\"/>\n";
        assert_eq!(line("l", &axis, columns), expected);
    }

    #[test]
    fn the_ground_below_is_closed_where_nothing_is_known() {
        let columns = [Some(1.0), Some(1.0), None, Some(2.0)].into_iter();
        let expected = "<path class=\"a\" d=\"M0 1000V600H1H2V1000ZM3 1000V200H4V1000Z\"/>\n";
        assert_eq!(area("a", &Axis::to(2.0), columns), expected);
    }
}
