//! Custom metrics: one, or metric math.

use std::collections::BTreeMap;

use super::error;
use crate::config::finding::{listed, nearest, quoted};
use crate::config::keys::{
    DIMENSIONS_MAX, MetricEntry, QUERIES_MAX, QueryEntry, StatEntry, is_percentile, is_query_id,
};
use crate::config::read::Reader;
use crate::config::rule::Rule;

/// The keys of one metric.
const ONE: [&str; 5] = ["namespace", "metric_name", "dimensions", "statistic", "unit"];

/// Those that it must have.
const NEEDED: [&str; 3] = ["namespace", "metric_name", "statistic"];

/// `metric = "custom"` at `path`.
pub(super) fn custom(file: &mut Reader<'_>, path: &str, metric: &MetricEntry) {
    if !file.contains(path) {
        return;
    }
    let has = |file: &Reader<'_>, name: &str| file.contains(&format!("{path}.{name}"));
    if !has(file, "queries") {
        for name in NEEDED.into_iter().filter(|name| !has(file, name)).collect::<Vec<_>>() {
            file.missing(path, name, ", which `metric = \"custom\"` needs");
        }
        one(file, path, &metric.stat, false);
        return;
    }
    if let Some(name) = ONE.into_iter().find(|name| has(file, name)) {
        let message =
            format!("`{path}` has both `{name}` and `queries`: one metric, or metric math");
        let fix = "put the metric into `queries`, with an `id`";
        file.at_first(error(Rule::MetricAndQueries), &[&format!("{path}.{name}")], message, fix);
    }
    if let Some(all) = &metric.queries {
        queries(file, &format!("{path}.queries"), all);
    }
}

fn one(file: &mut Reader<'_>, path: &str, stat: &StatEntry, in_math: bool) {
    let count = stat.dimensions.as_ref().map_or(0, BTreeMap::len);
    if count > DIMENSIONS_MAX {
        let at = format!("{path}.dimensions");
        let message =
            format!("`{at}` has {count} dimensions, a metric has at most {DIMENSIONS_MAX}");
        let fix = "leave out what the metric was not published with";
        file.at_first(error(Rule::TooManyDimensions), &[&at], message, fix);
    }
    if let Some(statistic) = stat.statistic.as_ref().filter(|one| !in_math && is_percentile(one)) {
        let at = format!("{path}.statistic");
        let message = format!("`{at}` is `\"{statistic}\"`, which is allowed in metric math only");
        let fix = format!(
            "write `queries = [{{ id = \"m1\", statistic = \"{statistic}\", return_data = true, … }}]`"
        );
        file.at_first(error(Rule::PercentileOutsideMath), &[&at], message, fix);
    }
}

fn queries(file: &mut Reader<'_>, path: &str, all: &[QueryEntry]) {
    if all.len() > QUERIES_MAX {
        let message = format!("`{path}` has {} entries, expected at most {QUERIES_MAX}", all.len());
        let fix =
            "leave out those that no expression names, or publish what they come to as a metric";
        file.at_first(error(Rule::TooManyQueries), &[path], message, fix);
    }
    returned(file, path, all);
    let ids: Vec<&str> = all.iter().filter_map(|query| query.id.as_deref()).collect();
    // An id that could not be read may be the one that an expression names.
    let complete = ids.len() == all.len();
    for (index, query) in all.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let id = query.id.as_deref();
        if ids.iter().take(index).any(|other| complete && Some(*other) == id) {
            let message =
                format!("`{path}.id` is `\"{}\"`, as another query's", id.unwrap_or_default());
            let fix = "give each query an id of its own";
            file.at_first(error(Rule::QueryIdTwice), &[&format!("{path}.id")], message, fix);
        }
        metric_or_expression(file, &path);
        one(file, &path, &query.stat, true);
        if let Some(expression) = query.expression.as_ref().filter(|_| complete) {
            let others: Vec<&str> =
                ids.iter().copied().filter(|other| Some(*other) != id).collect();
            named(file, &format!("{path}.expression"), expression, &others);
        }
    }
}

/// Exactly one returns data: it is what is tracked.
fn returned(file: &mut Reader<'_>, path: &str, all: &[QueryEntry]) {
    let returning: Vec<usize> = (0..)
        .zip(all)
        .filter(|(_, one)| one.return_data == Some(true))
        .map(|(index, _)| index)
        .collect();
    let broken = (0..all.len()).any(|index| {
        let at = format!("{path}[{index}].return_data");
        file.contains(&at) && all.get(index).is_some_and(|one| one.return_data.is_none())
    });
    let rule = error(Rule::QueriesReturnOne);
    match returning.as_slice() {
        _ if broken => {}
        [_] => {}
        [] => {
            let message = format!("no entry of `{path}` returns data");
            let fix = "write `return_data = true` in the one whose value is meant";
            file.at_first(rule, &[path], message, fix);
        }
        [first, second, ..] => {
            let message = format!(
                "`{path}[{second}]` returns data, and `{path}[{first}]` does too: one value is meant"
            );
            let fix = "leave `return_data` out in all but the one whose value is meant";
            file.at_first(rule, &[&format!("{path}[{second}].return_data")], message, fix);
        }
    }
}

fn metric_or_expression(file: &mut Reader<'_>, path: &str) {
    let has = |file: &Reader<'_>, name: &str| file.contains(&format!("{path}.{name}"));
    let rule = error(Rule::QueryOfNothing);
    let of_metric = ONE.into_iter().find(|name| has(file, name));
    match (has(file, "expression"), of_metric) {
        (true, Some(name)) => {
            let message = format!(
                "`{path}` has both `expression` and `{name}`: a query is a metric or an expression"
            );
            file.at_first(rule, &[&format!("{path}.{name}")], message, "make two queries of it");
        }
        (false, None) => {
            let message = format!("`{path}` is neither a metric nor an expression");
            let fix = "write `expression`, or `namespace`, `metric_name` and `statistic`";
            file.at_first(rule, &[path], message, fix);
        }
        (false, Some(_)) => {
            for name in NEEDED.into_iter().filter(|name| !has(file, name)).collect::<Vec<_>>() {
                file.missing(path, name, "");
            }
        }
        (true, None) => {}
    }
}

/// The ids that an expression names are there.
fn named(file: &mut Reader<'_>, at: &str, expression: &str, ids: &[&str]) {
    let unknown = words(expression).into_iter().find(|word| !ids.contains(word));
    if let Some(word) = unknown {
        let message = format!("`{at}` names {}, which is no other query's id", quoted(word));
        let fix = match nearest(word, ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`"),
            None if ids.is_empty() => "add a query of that id".to_owned(),
            None => format!("the other ids are {}", listed(ids.iter().copied())),
        };
        file.at_first(error(Rule::UnknownQueryId), &[at], message, fix);
    }
}

/// The words of an expression that can be ids: functions and operators are in capitals, `1e6` is a number, and what is
/// in quotes is text.
fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (index, part) in expression.split(['\'', '"']).enumerate() {
        if index % 2 == 0 {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            words.extend(part.split(|c| !is_word(c)).filter(|word| is_query_id(word)));
        }
    }
    words
}
