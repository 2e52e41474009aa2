//! Times, in the forms that exports have.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `2026-11-21T02:14:00Z`, with an offset or without a zone, with a space or slashes; or seconds or milliseconds since
/// 1970. `None`: no time at all.
pub(super) fn is_time(text: &str) -> bool {
    forms(text).is_some()
}

enum Form {
    Moment(Timestamp),
    Clock(DateTime),
}

/// The time.
///
/// # Errors
/// Why it is none, or none that is certain.
pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    match forms(text) {
        Some(Form::Moment(at)) => Ok(at),
        Some(Form::Clock(clock)) => {
            zone.to_ambiguous_timestamp(clock).unambiguous().map_err(|_| {
                let name = zone.iana_name().unwrap_or("the zone");
                format!(
                    "`{}` is twice or never in {name}, where clocks change then: export in UTC",
                    text.trim()
                )
            })
        }
        None => Err(format!(
            "`{}` is no time, expected one such as `2026-11-21T02:14:00Z`",
            text.trim()
        )),
    }
}

fn forms(text: &str) -> Option<Form> {
    let text = text.trim();
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return epoch(text.parse().ok()?).map(Form::Moment);
    }
    let dashed = text.replace('/', "-");
    let moment = dashed.parse::<Timestamp>().ok().map(Form::Moment);
    moment.or_else(|| dashed.parse::<DateTime>().ok().map(Form::Clock))
}

/// Seconds since 1970, or milliseconds, which are told apart by their size.
pub(super) fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number >= 1e11 { number / 1000.0 } else { number };
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}
