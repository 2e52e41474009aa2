//! What a custom metric is made of.

use super::entry::QueryEntry;
use super::metric;
use crate::config::finding::nearest;
use crate::config::form::{Dimensions, Flag, Key, Tables, Text, Word, key};
use crate::config::read::Flaw;
use crate::config::rule::Rule;

/// Keys of a table, and then those of one metric, whose place in `$to` follows it.
macro_rules! with_stat {
    ($to:ident . $($at:ident).+; $($key:expr),* $(,)?) => {
        &[
            $($key,)*
            key!($to.$($at).+.namespace, metric::NAMESPACE, metric::ABOUT_NAMESPACE),
            key!($to.$($at).+.metric_name, metric::METRIC_NAME, metric::ABOUT_METRIC_NAME),
            key!($to.$($at).+.dimensions, Dimensions, metric::ABOUT_DIMENSIONS),
            key!($to.$($at).+.statistic, metric::STATISTIC, metric::ABOUT_STATISTIC),
            key!($to.$($at).+.unit, Word(metric::UNITS), metric::ABOUT_UNIT),
        ]
    };
}
pub(super) use with_stat;

/// `queries`
pub(super) const QUERIES: Tables<QueryEntry> =
    Tables { keys: QUERY, required: &["id"], inline: "{ id = \"m1\", … }" };

pub(super) const ABOUT_QUERIES: &str = "With metric = \"custom\": metric math, 1 to 10 metrics and expressions, of which exactly one returns data.";

/// One of `queries`.
const QUERY: &[Key<QueryEntry>] = with_stat!(
    QueryEntry.stat;
    key!(
        QueryEntry.id,
        Text { check: check_id, pattern: "^[a-z][A-Za-z0-9_]{0,63}$" },
        "Its name in expressions: a lower-case letter, then letters, digits or `_`; at most 64 characters."
    ),
    key!(
        QueryEntry.expression,
        Text { check: check_expression, pattern: "^[\\s\\S]{1,1024}$" },
        "Metric math over other ids, such as \"m1 / m2\"; instead of a metric. 1 to 1024 characters."
    ),
    key!(
        QueryEntry.return_data,
        Flag,
        "Whether this is the one whose value counts: true for exactly one. Default: false."
    ),
);

pub(super) const NAMESPACE: Text = Text { check: check_namespace, pattern: "^[^:].{0,254}$" };
pub(super) const METRIC_NAME: Text = Text { check: check_metric_name, pattern: "^.{1,255}$" };
pub(super) const STATISTIC: Text =
    Text { check: check_statistic, pattern: "^[A-Za-z0-9.:%()]{1,40}$" };

pub(super) const ABOUT_NAMESPACE: &str =
    "With metric = \"custom\": the metric's namespace, such as \"AWS/SQS\".";
pub(super) const ABOUT_METRIC_NAME: &str = "With metric = \"custom\": the metric's name.";
pub(super) const ABOUT_DIMENSIONS: &str = "With metric = \"custom\": all dimensions that the metric was published with, by name; at most 30. Default: none.";
pub(super) const ABOUT_STATISTIC: &str = "With metric = \"custom\": Average, Minimum, Maximum, SampleCount or Sum; in metric math \
                               also one such as \"p99\".";
pub(super) const ABOUT_UNIT: &str = "With metric = \"custom\": the metric's unit, as CloudWatch names it. Default: whatever it has.";

/// Most dimensions of a metric (Dimension in the CloudWatch API reference).
pub(in crate::config) const DIMENSIONS_MAX: usize = 30;

/// Most queries of one policy. An alarm may have 20 (PutMetricAlarm), of which 10 metrics; a policy's alarms are made
/// from it.
pub(in crate::config) const QUERIES_MAX: usize = 10;

/// What CloudWatch calls its statistics; others need metric math.
const STATISTICS: [&str; 5] = ["Average", "Minimum", "Maximum", "SampleCount", "Sum"];

fn check_statistic(text: &str) -> Result<(), Flaw> {
    if STATISTICS.contains(&text) || is_percentile(text) {
        return Ok(());
    }
    let names: Vec<String> = STATISTICS.iter().map(|name| format!("`\"{name}\"`")).collect();
    let why = format!("expected one of {}, or one such as `\"p99\"`", names.join(", "));
    let short = [("avg", "Average"), ("mean", "Average"), ("min", "Minimum"), ("max", "Maximum")];
    let word = text.to_lowercase();
    let meant = short.iter().find(|(short, _)| *short == word).map(|(_, meant)| *meant);
    let meant = meant.or_else(|| nearest(&word, STATISTICS));
    let flaw = Flaw::new(Rule::UnknownStatistic, why);
    Err(match meant {
        Some(meant) => flaw.fix(format!("did you mean `\"{meant}\"`")),
        None => flaw,
    })
}

/// Whether it is a percentile or one of its kin: `p99`, `p99.9`, `tm95`, `wm98`, `tc90`, `ts90`, `IQM`, `PR(10:90)`
/// (CloudWatch user guide, "Statistics definitions").
pub(in crate::config) fn is_percentile(text: &str) -> bool {
    let kin = ["p", "tm", "wm", "tc", "ts"];
    let share = |rest: &str| rest.parse::<f64>().is_ok_and(|share| (0.0..=100.0).contains(&share));
    let plain = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let ranges = ["PR(", "TM(", "WM(", "TC(", "TS("];
    text == "IQM"
        || kin
            .iter()
            .filter_map(|kind| text.strip_prefix(kind))
            .any(|rest| plain(rest) && share(rest))
        || ranges.iter().any(|kind| text.starts_with(kind)) && text.ends_with(')')
}

/// The units of CloudWatch (`StandardUnit` in its API reference).
pub(super) const UNITS: &[(&str, &str)] = &[
    ("Seconds", "Seconds"),
    ("Microseconds", "Microseconds"),
    ("Milliseconds", "Milliseconds"),
    ("Bytes", "Bytes"),
    ("Kilobytes", "Kilobytes"),
    ("Megabytes", "Megabytes"),
    ("Gigabytes", "Gigabytes"),
    ("Terabytes", "Terabytes"),
    ("Bits", "Bits"),
    ("Kilobits", "Kilobits"),
    ("Megabits", "Megabits"),
    ("Gigabits", "Gigabits"),
    ("Terabits", "Terabits"),
    ("Percent", "Percent"),
    ("Count", "Count"),
    ("Bytes/Second", "Bytes/Second"),
    ("Kilobytes/Second", "Kilobytes/Second"),
    ("Megabytes/Second", "Megabytes/Second"),
    ("Gigabytes/Second", "Gigabytes/Second"),
    ("Terabytes/Second", "Terabytes/Second"),
    ("Bits/Second", "Bits/Second"),
    ("Kilobits/Second", "Kilobits/Second"),
    ("Megabits/Second", "Megabits/Second"),
    ("Gigabits/Second", "Gigabits/Second"),
    ("Terabits/Second", "Terabits/Second"),
    ("Count/Second", "Count/Second"),
    ("None", "None"),
];

/// Longest id of a query, in characters (TargetTrackingMetricDataQuery in the Application Auto Scaling API reference).
const ID_CHARS_MAX: usize = 64;

/// Whether it can be the id of a query.
pub(in crate::config) fn is_query_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= ID_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn check_id(text: &str) -> Result<(), Flaw> {
    if is_query_id(text) {
        return Ok(());
    }
    let why = "expected a lower-case letter, then letters, digits or `_`, at most 64 characters";
    let flaw = Flaw::new(Rule::NotAQueryId, why);
    let meant = text.to_lowercase().replace('-', "_");
    Err(match is_query_id(&meant) {
        true => flaw.fix(format!("did you mean `\"{meant}\"`")),
        false => flaw,
    })
}

/// A text of so many characters, without control characters.
fn check_length(text: &str, of: &str, chars_max: usize) -> Result<(), Flaw> {
    let chars = text.chars().count();
    let flaw = |why: String| Err(Flaw::new(Rule::NotAName, why));
    if text.trim().is_empty() {
        flaw(format!("expected {of}"))
    } else if text.chars().any(char::is_control) {
        flaw(format!("expected {of}, without control characters"))
    } else if chars > chars_max {
        flaw(format!("{chars} characters, expected at most {chars_max}"))
    } else {
        Ok(())
    }
}

fn check_namespace(text: &str) -> Result<(), Flaw> {
    if text.starts_with(':') {
        return Err(Flaw::new(Rule::NotAName, "a namespace does not begin with `:`"));
    }
    check_length(text, "a namespace such as `AWS/SQS`", 255)
}

fn check_metric_name(text: &str) -> Result<(), Flaw> {
    check_length(text, "a metric's name", 255)
}

fn check_expression(text: &str) -> Result<(), Flaw> {
    check_length(text, "an expression such as `m1 / m2`", 1_024)
}

/// The value of a dimension.
pub(in crate::config) fn check_dimension(text: &str) -> Result<(), Flaw> {
    check_length(text, "a dimension's value", 1_024)
}
