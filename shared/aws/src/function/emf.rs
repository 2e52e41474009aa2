//! Metrics: what was counted in an invocation, printed in CloudWatch's Embedded Metric Format, a line for each value of a
//! dimension. CloudWatch Logs reads such lines as metrics, so nothing is called (CloudWatch user guide, "Embedded metric format
//! specification").

use std::fmt;
use std::io::{self, Write};

use jiff::Timestamp;
use metrics_cloudwatch_embedded::{Builder, Collector};
use steady_core::tally::{Metric, NAMESPACE, STACK, Tally, Unit};
use tracing::Level;

/// Values of one metric that a line may hold, by the specification.
const VALUES_MAX: usize = 100;

/// Prints what was counted. Made once, at start: what it prints goes through the process's recorder of metrics.
pub struct Emf(&'static Collector);

impl fmt::Debug for Emf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Emf")
    }
}

impl Emf {
    /// For a stack's functions.
    ///
    /// Lambda takes a line without a level and a time for one at INFO, and keeps it back where the function logs less than that
    /// (Lambda developer guide, "Log-level filtering"). So each has `level`, the one that the function logs at, and `timestamp`.
    ///
    /// # Errors
    /// If it was made before.
    pub fn start(stack: &str, level: Level) -> Result<Self, metrics_cloudwatch_embedded::Error> {
        let builder = Builder::new().cloudwatch_namespace(NAMESPACE);
        let collector = builder.with_dimension(STACK, stack.to_owned()).init()?;
        for metric in Metric::ALL {
            match metric.unit() {
                Unit::Count => metrics::describe_counter!(metric.name(), metrics::Unit::Count, ""),
                Unit::Milliseconds => {
                    metrics::describe_histogram!(metric.name(), metrics::Unit::Milliseconds, "");
                }
            }
        }
        collector.set_property("level", level.as_str());
        Ok(Self(collector))
    }

    /// Prints it; of nothing, nothing.
    ///
    /// # Errors
    /// As the writer's.
    pub fn print(&self, tally: &Tally, now: Timestamp, mut to: impl Write) -> io::Result<()> {
        if tally.is_empty() {
            return Ok(());
        }
        self.0.set_property("timestamp", now.to_string());
        for (metric, value, times) in tally.counts() {
            let labels = metric.dimension().zip(value);
            let labels: Vec<(&'static str, &'static str)> = labels.into_iter().collect();
            metrics::counter!(metric.name(), labels.as_slice()).increment(times);
        }
        for lags in tally.event_lags_ms().chunks(VALUES_MAX) {
            for lag in lags {
                #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms")]
                metrics::histogram!(Metric::EventLag.name()).record(*lag as f64);
            }
            self.0.flush(&mut to)?;
        }
        self.0.flush(&mut to)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What was printed, without its clock.
    fn printed(emf: &Emf, tally: &Tally) -> Vec<Value> {
        let now = "2026-11-21T02:11:05Z".parse().unwrap();
        let mut out = Vec::new();
        emf.print(tally, now, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let line = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            assert!(line["_aws"]["Timestamp"].take().is_u64(), "{line}");
            line
        };
        lines.lines().map(line).collect()
    }

    fn line(dimensions: &[&str], metrics: &Value, rest: &Value) -> Value {
        let mut line = json!({
            "_aws": { "Timestamp": null, "CloudWatchMetrics": [
                { "Namespace": "Steady", "Dimensions": [dimensions], "Metrics": metrics },
            ]},
            "Stack": "prod", "level": "WARN", "timestamp": "2026-11-21T02:11:05Z",
        });
        line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line
    }

    /// One test: a process has one recorder of metrics.
    #[test]
    fn what_was_counted_is_printed_once_a_line_for_each_value_of_a_dimension() {
        let emf = Emf::start("prod", Level::WARN).unwrap();
        assert!(printed(&emf, &Tally::default()).is_empty(), "nothing is nothing");

        let mut tally = Tally::default();
        tally.add(Metric::Stops, Some("revision"), 3);
        tally.add(Metric::Stops, Some("benign"), 1);
        tally.add(Metric::PlanWrites, None, 2);
        let count = |name: &str| json!([{ "Name": name, "Unit": "Count" }]);
        let stops = |verdict: &str, times: u64| {
            line(
                &["Stack", "Verdict"],
                &count("Stops"),
                &json!({ "Verdict": verdict, "Stops": times }),
            )
        };
        let writes = line(&["Stack"], &count("PlanWrites"), &json!({ "PlanWrites": 2 }));
        assert_eq!(printed(&emf, &tally), [writes, stops("benign", 1), stops("revision", 3)]);

        // The next invocation begins at nothing.
        let mut tally = Tally::default();
        tally.add(Metric::Stops, Some("benign"), 5);
        assert_eq!(printed(&emf, &tally), [stops("benign", 5)]);

        // More values than a line may hold.
        let event = |second: i64| steady_core::event::Event {
            id: Some("e".into()),
            time: Some(Timestamp::from_second(second).unwrap()),
            account: None,
            region: None,
            body: steady_core::event::Body::Other { detail_type: "any".into() },
        };
        let events: Vec<_> = (0..250).map(event).collect();
        let now = Timestamp::from_second(250).unwrap();
        let lines = printed(&emf, &Tally::of_events(&events, now));
        let values: Vec<Vec<Value>> =
            lines.iter().map(|line| line["EventLag"].as_array().unwrap().clone()).collect();
        assert_eq!(values.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(values[0][0], json!(250_000.0));
        let metrics = &lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(metrics, &json!([{ "Name": "EventLag", "Unit": "Milliseconds" }]));
    }
}
