//! CloudWatch's metrics: what a service was asked to do, and what it had for it.
//!
//! Facts are those of GetMetricData in the Amazon CloudWatch API reference.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult, ScanBy, StatusCode};
use jiff::Timestamp;
use steady_core::config::MetricStat;
use steady_core::port::{PortError, ReadMetrics};
use steady_core::scaling::Series;

use crate::alarms::metric_stat;
use crate::error::{port_error, unclear};
use crate::scaling::objects::{date_time, timestamp};

const CALL: &str = "GetMetricData";

/// "A single GetMetricData call can include up to 500 MetricDataQuery structures."
const QUERIES_MAX: usize = 500;

/// The metrics of one account and region.
#[derive(Debug, Clone)]
pub struct Metrics {
    client: Client,
}

impl Metrics {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Of at most [`QUERIES_MAX`] metrics.
    async fn pages(
        &self,
        queries: Vec<MetricDataQuery>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Series>, PortError> {
        let ids: Vec<String> = queries.iter().filter_map(|query| query.id.clone()).collect();
        let mut series: BTreeMap<String, Gathered> = BTreeMap::new();
        let mut token: Option<String> = None;
        loop {
            let answer = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(date_time(from))
                .end_time(date_time(until))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| port_error(CALL, error))?;
            for result in answer.metric_data_results() {
                let id = result.id().unwrap_or_default().to_owned();
                series.entry(id).or_default().add(result)?;
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        let whole = |id: &String| match series.remove(id) {
            Some(Gathered { values, is_whole: true }) => Ok(values),
            _ => Err(unclear(CALL, format!("an answer without all of `{id}`"))),
        };
        ids.iter().map(whole).collect()
    }
}

/// What has come of one metric so far.
#[derive(Default)]
struct Gathered {
    values: Series,
    is_whole: bool,
}

impl Gathered {
    fn add(&mut self, result: &MetricDataResult) -> Result<(), PortError> {
        match result.status_code() {
            Some(StatusCode::Complete) | None => self.is_whole = true,
            Some(StatusCode::PartialData) => self.is_whole = false,
            Some(status) => {
                let told = result.messages().iter().filter_map(|message| message.value());
                let told: Vec<&str> = told.collect();
                return Err(unclear(CALL, format!("{} {}", status.as_str(), told.join(" "))));
            }
        }
        let times = result.timestamps().iter().map(timestamp);
        for (at, value) in times.zip(result.values()) {
            self.values.push((at.ok_or_else(|| unclear(CALL, "a time out of range"))?, *value));
        }
        Ok(())
    }
}

impl ReadMetrics for Metrics {
    async fn series(
        &self,
        metrics: &[MetricStat],
        period: u32,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Series>, PortError> {
        let mut all = Vec::with_capacity(metrics.len());
        for metrics in metrics.chunks(QUERIES_MAX) {
            let query = |(at, stat): (usize, &MetricStat)| {
                let stat = metric_stat(stat, period);
                MetricDataQuery::builder().id(format!("m{at}")).metric_stat(stat).build()
            };
            let queries = metrics.iter().enumerate().map(query).collect();
            all.extend(self.pages(queries, from, until).await?);
        }
        Ok(all)
    }
}
