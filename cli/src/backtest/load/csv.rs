//! CSV: a time first, then values; whatever stands above the first time is a heading.
//!
//! So is what the CloudWatch console's "Download as .csv" puts there, one column a metric:
//!
//! ```text
//! Id,m1,m2
//! StatusCode,Complete,Complete
//! Messages,,
//! Full label,RequestCount,CPUUtilization
//! Label,RequestCount,CPUUtilization
//! 2026/11/21 12:00:00,840,41.5
//! ```

use std::collections::BTreeSet;

use super::{How, Place, Refused, Row, Rows, time, value};

/// Lines that CloudWatch's export and people put above the values, at most.
const HEADINGS_MAX: usize = 20;

/// Reads one column.
pub(super) fn read(text: &str, how: &How) -> Rows {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut headings: Vec<Vec<String>> = Vec::new();
    let is_data = |line: &&(usize, &str)| !line.1.trim().is_empty() && !line.1.starts_with('#');
    let data: Vec<(usize, &str)> = lines.by_ref().collect();
    let mut data = data.iter().filter(is_data).copied().peekable();
    let mut separator = ',';
    while let Some((_, line)) = data.peek() {
        separator = separator_of(line);
        let cells = cells(line, separator);
        if cells.first().is_some_and(|first| time::is_time(first)) {
            break;
        }
        headings.push(cells);
        data.next();
        if headings.len() > HEADINGS_MAX {
            break;
        }
    }
    let Some((first, line)) = data.peek().copied() else {
        let why = "there is no row that begins with a time such as `2026-11-21T02:14:00Z`";
        return Rows { refused: vec![Refused::file(why)], ..Rows::default() };
    };
    let column = match column(&headings, cells(line, separator).len(), how.column.as_deref()) {
        Ok(column) => column,
        Err(why) => {
            let refused = vec![Refused::at(Place::Line(first), why)];
            return Rows { refused, ..Rows::default() };
        }
    };
    let status = headings.iter().find(|cells| cells.first().is_some_and(|it| it == "StatusCode"));
    let status = status.and_then(|cells| cells.get(column)).map(String::as_str);
    let partial = match status {
        Some(status) if !["", "Complete", "PartialData"].contains(&status) => {
            let why = format!("CloudWatch had no data to give: `StatusCode` is `{status}`");
            return Rows { refused: vec![Refused::file(why)], ..Rows::default() };
        }
        status => status == Some("PartialData"),
    };
    let mut read = Rows { partial, ..Rows::default() };
    for (number, line) in data {
        let place = Place::Line(number);
        match row(place, &cells(line, separator), column, how) {
            Ok(row) => read.rows.push(row),
            Err(why) => read.refused.push(Refused::at(place, why)),
        }
    }
    read
}

fn row(place: Place, cells: &[String], column: usize, how: &How) -> Result<Row, String> {
    let at = time::parse(cells.first().map(String::as_str).unwrap_or_default(), &how.zone)?;
    let cell = cells.get(column).ok_or_else(|| {
        let (have, want) = (cells.len(), column + 1);
        format!(
            "it has {have} {}, expected at least {want}",
            if have == 1 { "column" } else { "columns" }
        )
    })?;
    Ok(Row { place, at, value: value(cell)? })
}

/// Which column has the values: the second of two, else the one that was named.
fn column(headings: &[Vec<String>], columns: usize, named: Option<&str>) -> Result<usize, String> {
    let listed = || match names(headings, columns) {
        names if names.is_empty() => "which it gives no names".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    };
    match named {
        Some(name) => {
            let cells = headings.iter().flat_map(|cells| cells.iter().enumerate().skip(1));
            let places = cells.filter(|(_, cell)| cell.as_str() == name).map(|(place, _)| place);
            let places: BTreeSet<usize> = places.collect();
            match (places.first(), places.len()) {
                (Some(place), 1) => Ok(*place),
                (Some(_), several) => {
                    Err(format!("{several} columns are called `{name}`; it has {}", listed()))
                }
                (None, _) => Err(format!("there is no column `{name}`; it has {}", listed())),
            }
        }
        None if columns == 2 => Ok(1),
        None if columns < 2 => Err("it has no second column with values".to_owned()),
        None => Err(format!(
            "it has {} columns of values, {}: choose one with --column",
            columns - 1,
            listed()
        )),
    }
}

/// What the columns of values are called: by the heading nearest to them that tells them apart. Labels of the console may be
/// alike, the ids above them never are.
fn names(headings: &[Vec<String>], columns: usize) -> Vec<String> {
    let whole = headings.iter().rev().filter(|cells| cells.len() == columns);
    let mut names = whole.map(|cells| cells.iter().skip(1).cloned().collect::<Vec<_>>());
    let differ = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    names.find(differ).unwrap_or_default()
}

fn separator_of(line: &str) -> char {
    [',', ';', '\t'].into_iter().find(|separator| line.contains(*separator)).unwrap_or(',')
}

/// The cells of a line; quotes around one hold separators, and two of them within are one.
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            char if char == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            char => cell.push(char),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
