//! Cron expressions in AWS's dialect: `minutes hours day-of-month month day-of-week year`.

use jiff::civil::{Date, DateTime, Time, Weekday};

use super::ScheduleError;
use super::slip::{self, Field, reject};

/// A cron expression, each field as the values that it lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    years: Set,
}

/// The days of a month: by their number, or by the day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    /// `1`, `1-15`, `*`
    Numbered(Set),
    /// `L`
    Last,
    /// `15W`: the weekday (Monday to Friday) nearest to it, within the month. A month without that day has none.
    NearWeekday(i8),
    /// `MON-FRI`, `2-6`, as numbers from 1, Sunday.
    OfWeek(Set),
    /// `6L`: the last Friday.
    LastOfWeek(Weekday),
    /// `3#2`: the second Tuesday.
    NthOfWeek(Weekday, i8),
}

const MINUTES: Field = Field { name: "minutes", low: 0, high: 59, names: &[] };
const HOURS: Field = Field { name: "hours", low: 0, high: 23, names: &[] };
pub(super) const DAY_OF_MONTH: Field = Field { name: "day of month", low: 1, high: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
pub(super) const DAY_OF_WEEK: Field = Field {
    name: "day of week",
    low: 1,
    high: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
const YEAR: Field = Field { name: "year", low: 1970, high: 2199, names: &[] };

impl Cron {
    /// Reads what stands between `cron(` and `)`.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub(super) fn parse(inner: &str) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = inner.split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
            return Err(slip::number_of_fields(&fields));
        };
        // What is wrong with one field is told with the rest of the expression as it stands.
        let with = |at: usize, fixed: String| {
            let mut fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
            if let Some(field) = fields.get_mut(at) {
                *field = fixed;
            }
            format!("cron({})", fields.join(" "))
        };
        let read = |at: usize, field: &Field, text: &str| {
            set(field, text).map_err(|slip| slip.within(|fixed| with(at, fixed)))
        };
        let days = match (*day_of_month, *day_of_week) {
            ("?", "?") => {
                let why = "day of month and day of week are both `?`: one must say which days";
                return Err(reject(why, Some(with(2, "*".to_owned()))));
            }
            ("?", text) => {
                days_of_week(text).map_err(|slip| slip.within(|fixed| with(4, fixed)))?
            }
            (text, "?") => {
                days_of_month(text).map_err(|slip| slip.within(|fixed| with(2, fixed)))?
            }
            (of_month, of_week) => {
                let why = "day of month and day of week are both given: one must be `?`";
                let fixed = match (of_month, of_week) {
                    (_, "*") => Some(with(4, "?".to_owned())),
                    ("*", _) => Some(with(2, "?".to_owned())),
                    _ => None,
                };
                return Err(reject(why, fixed));
            }
        };
        Ok(Self {
            minutes: read(0, &MINUTES, minutes)?,
            hours: read(1, &HOURS, hours)?,
            days,
            months: read(3, &MONTH, month)?,
            years: read(5, &YEAR, year)?,
        })
    }

    /// What the clock says when it runs, from `from` on, in order.
    pub(super) fn from(&self, from: DateTime) -> impl Iterator<Item = DateTime> + '_ {
        self.between(from, DateTime::MAX).skip_while(move |clock| *clock < from)
    }

    /// The same up to `until`, backwards.
    pub(super) fn until(&self, until: DateTime) -> impl Iterator<Item = DateTime> + '_ {
        self.between(DateTime::MIN, until).rev().skip_while(move |clock| *clock > until)
    }

    /// All of the days from `first`'s to `last`'s.
    fn between(
        &self,
        first: DateTime,
        last: DateTime,
    ) -> impl DoubleEndedIterator<Item = DateTime> + '_ {
        let (first, last) = (first.date(), last.date());
        let years = self.years.within(first.year().max(1970), last.year().min(2199));
        let months = years.flat_map(|year| {
            self.months
                .within(1, 12)
                .filter_map(move |month| Date::new(year, i8::try_from(month).ok()?, 1).ok())
        });
        let months = months.filter(move |month| *month <= last && month.last_of_month() >= first);
        let dates = months.flat_map(|month| {
            let days = self.days.of(month);
            days.collect::<Vec<Date>>().into_iter()
        });
        let dates = dates.filter(move |date| first <= *date && *date <= last);
        dates.flat_map(move |date| {
            self.hours.within(0, 23).flat_map(move |hour| {
                self.minutes.within(0, 59).filter_map(move |minute| {
                    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
                    Some(date.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
                })
            })
        })
    }
}

impl Days {
    /// Which of a month's days; `month` is its first.
    fn of(&self, month: Date) -> impl Iterator<Item = Date> {
        let last = month.days_in_month();
        (1..=last).filter_map(move |day| {
            let date = month.with().day(day).build().ok()?;
            self.has(date, last).then_some(date)
        })
    }

    fn has(&self, date: Date, last: i8) -> bool {
        match self {
            Self::Numbered(days) => days.has(i16::from(date.day())),
            Self::Last => date.day() == last,
            Self::NearWeekday(day) => near_weekday(date, *day, last) == Some(date.day()),
            Self::OfWeek(days) => days.has(i16::from(date.weekday().to_sunday_one_offset())),
            Self::LastOfWeek(weekday) => date.weekday() == *weekday && date.day() > last - 7,
            Self::NthOfWeek(weekday, nth) => {
                date.weekday() == *weekday && (date.day() - 1) / 7 == nth - 1
            }
        }
    }
}

/// The day of `date`'s month for `15W`.
fn near_weekday(date: Date, day: i8, last: i8) -> Option<i8> {
    let wanted = date.with().day(day).build().ok()?;
    Some(match wanted.weekday() {
        Weekday::Saturday if day == 1 => 3,
        Weekday::Saturday => day - 1,
        Weekday::Sunday if day == last => day - 2,
        Weekday::Sunday => day + 1,
        _ => day,
    })
}

fn days_of_month(text: &str) -> Result<Days, ScheduleError> {
    if text == "L" {
        return Ok(Days::Last);
    }
    if let Some(day) = text.strip_suffix('W') {
        return match number(&DAY_OF_MONTH, day) {
            Some(day) => Ok(Days::NearWeekday(day)),
            None => Err(reject(
                format!("`{text}`: before `W` goes one day of the month, 1 to 31"),
                None,
            )),
        };
    }
    set(&DAY_OF_MONTH, text).map(Days::Numbered)
}

fn days_of_week(text: &str) -> Result<Days, ScheduleError> {
    if text == "L" {
        // "The last day of the week", which begins on Sunday.
        return Ok(Days::OfWeek(Set::of(7, 7, 1)));
    }
    if let Some(day) = text.strip_suffix(['L', 'l']) {
        return match weekday(day) {
            Some(day) if text.ends_with('L') => Ok(Days::LastOfWeek(day)),
            _ => {
                let why = format!("`{text}`: before `L` goes one day of the week, 1 (SUN) to 7");
                let named = DAY_OF_WEEK.named(day);
                Err(reject(why, named.map(|number| format!("{number}L"))))
            }
        };
    }
    if let Some((day, nth)) = text.split_once('#') {
        let nth = nth.parse::<i8>().ok().filter(|nth| (1..=5).contains(nth));
        return match (weekday(day), nth) {
            (Some(day), Some(nth)) => Ok(Days::NthOfWeek(day, nth)),
            (_, nth) => {
                let why = format!(
                    "`{text}`: `#` stands between one day of the week, 1 (SUN) to 7, and which of the month, 1 to 5"
                );
                let fixed = DAY_OF_WEEK.named(day).zip(nth);
                Err(reject(why, fixed.map(|(day, nth)| format!("{day}#{nth}"))))
            }
        };
    }
    if text.contains('/') {
        let why = "day of week takes no `/`: list the days";
        return Err(reject(why, None));
    }
    set(&DAY_OF_WEEK, text).map(Days::OfWeek)
}

fn number(field: &Field, text: &str) -> Option<i8> {
    let value = field.number(text)?;
    i8::try_from(value).ok()
}

fn weekday(text: &str) -> Option<Weekday> {
    Weekday::from_sunday_one_offset(number(&DAY_OF_WEEK, text)?).ok()
}

/// A field's list of values, ranges and steps.
fn set(field: &Field, text: &str) -> Result<Set, ScheduleError> {
    let mut set = Set::default();
    for (at, item) in text.split(',').enumerate() {
        let (low, high, step) = field.item(item).map_err(|slip| {
            slip.within(|fixed| {
                let same = |(n, other): (usize, &str)| match n == at {
                    true => fixed.clone(),
                    false => other.to_owned(),
                };
                text.split(',').enumerate().map(same).collect::<Vec<_>>().join(",")
            })
        })?;
        set.add(Set::of(low, high, step));
    }
    Ok(set)
}

/// Whole numbers from 0 to 255, years from 1970: a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set([u64; 4]);

impl Set {
    /// `low`, `low + step`, … up to `high`.
    fn of(low: i16, high: i16, step: i16) -> Self {
        let mut set = Self::default();
        let mut value = low;
        while value <= high {
            let (word, bit) = Self::place(value);
            if let Some(word) = set.0.get_mut(word) {
                *word |= 1 << bit;
            }
            value = value.saturating_add(step.max(1));
        }
        set
    }

    fn add(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    fn has(&self, value: i16) -> bool {
        let (word, bit) = Self::place(value);
        self.0.get(word).is_some_and(|word| word & (1 << bit) != 0)
    }

    fn within(&self, low: i16, high: i16) -> impl DoubleEndedIterator<Item = i16> + '_ {
        (low..=high).filter(|value| self.has(*value))
    }

    /// The word and the bit in it. No field reaches 1970 but the years, which begin there.
    fn place(value: i16) -> (usize, u32) {
        let value = if value >= YEAR.low { value - YEAR.low } else { value };
        let value = u8::try_from(value).unwrap_or(u8::MAX);
        (usize::from(value / 64), u32::from(value % 64))
    }
}
