//! The template's dashboard and what the functions count: each shows exactly the other's metrics.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end at a surprise")]

use std::collections::BTreeSet;

use serde_json::Value;
use steady_core::tally::{Metric, NAMESPACE, STACK};
use steady_stack::{Deployment, Stack};

/// `Stops Stack=steady Verdict=revision`
type Series = BTreeSet<String>;

/// What the functions of the stack `steady` can count.
fn counted() -> Series {
    let of_metric = |metric: Metric| {
        let series = format!("{} {STACK}=steady", metric.name());
        match metric.dimension() {
            None => vec![series],
            Some(dimension) => {
                let values = metric.values().into_iter();
                values.map(|value| format!("{series} {dimension}={value}")).collect()
            }
        }
    };
    Metric::ALL.into_iter().flat_map(of_metric).collect()
}

/// What the stack's dashboard shows of the namespace.
fn shown() -> Series {
    let template = include_str!("../../../infra/translated.json");
    let deployment = Deployment {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        stack: "steady".to_owned(),
        ..Deployment::default()
    };
    let stack = Stack::read(&serde_json::from_str(template).unwrap(), &deployment).unwrap();
    let mut dashboards =
        stack.resources.values().filter(|resource| resource.kind == "AWS::CloudWatch::Dashboard");
    let body = dashboards.next().unwrap().properties["DashboardBody"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    metrics.filter_map(|metric| series(metric.as_array().unwrap())).collect()
}

/// `["Steady", "Stops", "Stack", "steady", "Verdict", "revision", {…}]`; `None`: of another namespace.
fn series(metric: &[Value]) -> Option<String> {
    // The last may be how it is drawn.
    let words: Vec<&str> = metric.iter().filter_map(Value::as_str).collect();
    let [namespace, name, dimensions @ ..] = words.as_slice() else { return None };
    let dimensions = dimensions.chunks(2).map(|pair| format!(" {}", pair.join("=")));
    (*namespace == NAMESPACE).then(|| format!("{name}{}", dimensions.collect::<String>()))
}

#[test]
fn the_dashboard_shows_what_the_functions_count_and_nothing_else() {
    assert_eq!(shown(), counted());
}
