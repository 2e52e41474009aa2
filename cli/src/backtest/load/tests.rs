//! Every oddity of a recording: put right and said, or refused with its line.

use proptest::prelude::*;

use super::*;

fn how() -> How {
    How { column: None, zone: TimeZone::UTC, gaps_are_zero: false }
}

fn rows(lines: &[&str]) -> String {
    lines.join("\n")
}

/// `12:00` and on, a minute apart.
fn minutes(values: &[&str]) -> String {
    let lines = values.iter().enumerate();
    lines.map(|(minute, value)| format!("2026-11-21T12:{minute:02}:00Z,{value}\n")).collect()
}

fn refusals(text: &str, how: &How) -> Vec<String> {
    read(text, how).expect_err("it is refused").iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_load_is_read_from_every_form_that_it_comes_in() {
    let json = r#"{"MetricDataResults": [{"Id": "m1", "Label": "RequestCount",
        "Timestamps": ["2026-11-21T12:02:00+00:00", "2026-11-21T12:01:00+00:00", "2026-11-21T12:00:00+00:00"],
        "Values": [3.0, 2.0, 1.0], "StatusCode": "Complete"}], "Messages": []}"#;
    let pages = r#"{"MetricDataResults": [
        {"Id": "m1", "Timestamps": [1795262520, 1795262460], "Values": [3.0, 2.0]},
        {"Id": "m1", "Timestamps": [1795262400], "Values": [1.0]}]}"#;
    let statistics = r#"{"Label": "RequestCount", "Datapoints": [
        {"Timestamp": "2026-11-21T12:01:00+00:00", "Sum": 2.0, "Unit": "Count"},
        {"Timestamp": "2026-11-21T12:00:00+00:00", "Sum": 1.0, "Unit": "Count"},
        {"Timestamp": "2026-11-21T12:02:00+00:00", "Sum": 3.0, "Unit": "Count"}]}"#;
    let console = rows(&[
        "Full label,RequestCount",
        "\"Label\",\"RequestCount, all\"",
        "",
        "\"2026/11/21 12:00:00\",\"1\"",
        "2026/11/21 12:01:00,2",
        "2026/11/21 12:02:00,3",
    ]);
    let spoken = "# ours\n2026-11-21 12:00;1\n2026-11-21 12:01;2\n2026-11-21 12:02;3\n";
    let epochs = "1795262400000\t1\n1795262460000\t2\n1795262520000\t3\n";
    let offset = rows(&[
        "time,value",
        "2026-11-21T13:00:00+01:00,1",
        "2026-11-21T13:01+01:00,2",
        "2026-11-21T12:02Z,3",
    ]);
    let plain = minutes(&["1", "2", "3"]);
    for text in [&plain, json, pages, statistics, &console, spoken, epochs, &offset] {
        let read = read(text, &how()).unwrap_or_else(|refused| panic!("{refused:?} of {text}"));
        assert_eq!(read.start.to_string(), "2026-11-21T12:00:00Z", "{text}");
        assert_eq!((read.period, read.values), (60, vec![1.0, 2.0, 3.0]), "{text}");
    }
}

#[test]
fn what_is_odd_and_harmless_is_put_right_and_said() {
    let text = rows(&[
        "2026-11-21T12:01:00Z,2",
        "2026-11-21T12:00:00Z,1",
        "2026-11-21T12:01:00Z,2",
        "2026-11-21T12:02:05Z,3",
        "2026-11-21T12:03:00Z,NaN",
        "2026-11-21T12:06:00Z,7",
        "2026-11-21T12:07:00Z,8",
    ]);
    let got = read(&text, &how()).expect("it is read");
    let unknown = got.values.iter().map(|value| value.is_nan()).collect::<Vec<_>>();
    assert_eq!(unknown, [false, false, false, true, true, true, false, false]);
    assert_eq!(
        got.found.told(false),
        [
            "1 row out of order: sorted by time",
            "1 row there twice, with the same value: counted once",
            "1 row not at the beginning of a period: put into the nearest",
            "1 row without a value",
            "1 gap of 3 periods in all, the longest 3 min: no metric then, and not judged",
        ]
    );
    let zero = read(&text, &How { gaps_are_zero: true, ..how() }).expect("it is read");
    assert_eq!(zero.values, [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 7.0, 8.0]);
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_line_and_all_at_once() {
    let table = [
        (
            minutes(&["1", "-2", "inf", "many"]),
            vec![
                "line 2: `-2` is below 0: a load never is",
                "line 3: `inf` is no load",
                "line 4: `many` is no number",
            ],
        ),
        (
            rows(&["2026-11-21T12:00:00Z,1", "yesterday,2", "2026-11-21T12:02:00Z"]),
            vec![
                "line 2: `yesterday` is no time, expected one such as `2026-11-21T02:14:00Z`",
                "line 3: it has 1 column, expected at least 2",
            ],
        ),
        (
            rows(&["2026-11-21T12:00:00Z,1", "2026-11-21T12:01:00Z,1", "2026-11-21T12:00:00Z,3"]),
            vec!["line 3: 2026-11-21T12:00:00Z is on line 1 too, with another value"],
        ),
        (
            rows(&["2026-11-21T12:00:00Z,1"]),
            vec!["there are fewer than two rows: its period cannot be told"],
        ),
        (
            rows(&["2026-11-21T12:00:00Z,1", "2026-11-21T12:00:07Z,1"]),
            vec!["its rows are 7 s apart, expected a multiple of 10 s"],
        ),
        (
            rows(&[
                "2026-11-21T12:00:00Z,1",
                "2026-11-21T12:01:00Z,1",
                "2026-11-21T12:02:00Z,1",
                "2026-11-21T12:03:20Z,1",
            ]),
            vec!["line 4: it is 20 s off the period of 60 s"],
        ),
        (
            "at,value\n".to_owned(),
            vec!["there is no row that begins with a time such as `2026-11-21T02:14:00Z`"],
        ),
        (
            "{\"Metrics\": []}".to_owned(),
            vec![
                "it has no `MetricDataResults`: expected what `aws cloudwatch get-metric-data` prints",
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(refusals(&text, &how()), expected, "{text}");
    }
}

#[test]
fn two_periods_in_one_export_are_refused_where_the_second_begins() {
    let mut text = minutes(&["1"; 20]);
    for minute in [24, 29, 34, 39, 44] {
        text += &format!("2026-11-21T12:{minute}:00Z,5\n");
    }
    assert_eq!(
        refusals(&text, &how()),
        ["line 25: the rows up to here are 5 min apart, elsewhere 60 s: export one period"]
    );
}

#[test]
fn of_several_columns_or_metrics_one_must_be_named() {
    let text = "time,requests,tokens\n2026-11-21T12:00:00Z,1,10\n2026-11-21T12:01:00Z,2,20\n";
    assert_eq!(
        refusals(text, &how()),
        ["line 2: it has 2 columns of values, `requests`, `tokens`: choose one with --column"]
    );
    let tokens = How { column: Some("tokens".to_owned()), ..how() };
    assert_eq!(read(text, &tokens).expect("it is read").values, [10.0, 20.0]);
    let wrong = How { column: Some("token".to_owned()), ..how() };
    assert_eq!(
        refusals(text, &wrong),
        ["line 2: there is no column `token`; it has `requests`, `tokens`"]
    );
}

/// As the CloudWatch console writes it ("Download as .csv"): five headings, a column a metric.
fn console(status: &str, rows_below: &[&str]) -> String {
    let headings = [
        "Id,m1,m2,m3",
        status,
        "Messages,,,",
        "Full label,app/web/0123 RequestCount,\"web, CPUUtilization\",\"api, CPUUtilization\"",
        "Label,RequestCount,CPUUtilization,CPUUtilization",
    ];
    rows(&[&headings, rows_below].concat())
}

#[test]
fn what_the_console_downloads_is_read_by_id_or_label_with_its_gaps() {
    let text = console(
        "StatusCode,Complete,PartialData,Complete",
        &[
            "2026/11/21 12:00:00,840,41.5,7",
            "2026/11/21 12:01:00,900,,8",
            "2026/11/21 12:02:00,960,44,9",
        ],
    );
    let of = |column: &str| {
        let how = How { column: Some(column.to_owned()), ..how() };
        read(&text, &how).unwrap_or_else(|refused| panic!("{column}: {refused:?}"))
    };
    for column in ["m1", "RequestCount", "app/web/0123 RequestCount"] {
        assert_eq!(of(column).values, [840.0, 900.0, 960.0], "{column}");
        assert!(!of(column).found.partial);
    }
    let cpu = of("web, CPUUtilization");
    assert_eq!((cpu.start.to_string().as_str(), cpu.period), ("2026-11-21T12:00:00Z", 60));
    assert_eq!((cpu.found.empty, cpu.found.partial), (1, true));
    assert_eq!(of("m3").values, [7.0, 8.0, 9.0]);
    assert_eq!(
        refusals(&text, &how()),
        [
            "line 6: it has 3 columns of values, `app/web/0123 RequestCount`, `web, CPUUtilization`, `api, CPUUtilization`: \
             choose one with --column"
        ]
    );
    let alike = How { column: Some("CPUUtilization".to_owned()), ..how() };
    assert_eq!(
        refusals(&text, &alike),
        [
            "line 6: 2 columns are called `CPUUtilization`; it has `app/web/0123 RequestCount`, `web, CPUUtilization`, \
             `api, CPUUtilization`"
        ]
    );
}

#[test]
fn what_the_console_could_not_fetch_is_refused() {
    let below = ["2026/11/21 12:00:00,840,41.5,7", "2026/11/21 12:01:00,900,42,8"];
    let text = console("StatusCode,InternalError,Complete,Complete", &below);
    let first = How { column: Some("m1".to_owned()), ..how() };
    assert_eq!(
        refusals(&text, &first),
        ["CloudWatch had no data to give: `StatusCode` is `InternalError`"]
    );
    let second = How { column: Some("m2".to_owned()), ..how() };
    assert_eq!(read(&text, &second).expect("it is read").values, [41.5, 42.0]);
}

#[test]
fn times_without_a_zone_are_in_the_zone_that_was_named_and_never_guessed_where_clocks_change() {
    let zone = steady_core::scaling::zone("Europe/Berlin").expect("a zone");
    let berlin = How { zone, ..how() };
    let got = read("2026-11-21 13:00,1\n2026-11-21 13:01,2\n", &berlin).expect("it is read");
    assert_eq!(got.start.to_string(), "2026-11-21T12:00:00Z");
    assert_eq!(
        refusals("2026-10-25 01:59,1\n2026-10-25 02:00,2\n", &berlin),
        [
            "line 2: `2026-10-25 02:00` is twice or never in Europe/Berlin, where clocks change then: export in UTC"
        ]
    );
}

#[test]
fn periods_of_ten_seconds_and_of_five_minutes_are_kept() {
    let tens = "2026-11-21T12:00:00Z,1\n2026-11-21T12:00:10Z,2\n2026-11-21T12:00:20Z,3\n";
    assert_eq!(read(tens, &how()).expect("it is read").period, 10);
    let fives = "2026-11-21 12:42:53,1\n2026-11-21 12:47:53,2\n2026-11-21 12:52:53,3\n";
    let got = read(fives, &how()).expect("it is read");
    assert_eq!((got.period, got.start.to_string().as_str()), (300, "2026-11-21T12:42:00Z"));
}

proptest! {
    #[test]
    fn what_is_kept_of_a_fetched_load_reads_back_as_the_same(
        values in proptest::collection::vec(proptest::option::weighted(0.8, 0.0..1e6_f64), 2..200),
        period in proptest::sample::select(vec![60_u32, 300, 3600]),
        gaps_are_zero in any::<bool>(),
    ) {
        let values: Vec<f64> = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        let known = values.iter().filter(|value| !value.is_nan()).count();
        let start = "2026-11-07T02:00:00Z".parse().expect("a time");
        let kept = of_periods(start, period, values, gaps_are_zero);
        prop_assert_eq!(kept.is_some(), known > 1);
        let Some(kept) = kept else { return Ok(()) };
        let again = read(&csv_of(&kept), &how()).expect("a recording");
        prop_assert_eq!((again.start, again.period), (kept.start, kept.period));
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&again.values), bits(&kept.values));
        if !gaps_are_zero {
            let (again, kept) = (&again.found, &kept.found);
            let gaps = |found: &Found| (found.gaps, found.gap_periods, found.longest_gap_seconds);
            prop_assert_eq!(gaps(again), gaps(kept));
            prop_assert_eq!(again.rows - again.empty, kept.rows);
        }
    }
}

#[test]
fn what_was_not_there_yet_and_not_any_more_is_no_gap() {
    let start = "2026-11-07T02:00:00Z".parse().expect("a time");
    let none = f64::NAN;
    let kept = of_periods(start, 300, vec![none, none, 1.0, none, 3.0, none], false).expect("two");
    assert_eq!(kept.start.to_string(), "2026-11-07T02:10:00Z");
    assert_eq!((kept.values.len(), kept.found.gaps, kept.found.rows), (3, 1, 2));
    assert_eq!(csv_of(&kept).lines().nth(2), Some("2026-11-07T02:15:00Z,"));
}
