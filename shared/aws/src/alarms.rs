//! CloudWatch's alarms: those that call our step policies, and how any of them stands.
//!
//! Shapes, limits and errors are those of the Amazon CloudWatch API reference, on the page of each action named here. ECS shares
//! the quota of DescribeAlarms for its deployment alarms: it is called once for a service that has its turn, and by 100 names or
//! alarms otherwise.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, MetricAlarm as SdkAlarm, MetricDataQuery,
    MetricStat as SdkStat, StandardUnit, StateValue, Statistic,
};
use aws_smithy_types::DateTime;
use steady_core::config::{Comparison, Metric, MetricQuery, MetricStat, MissingData, QueryOf};
use steady_core::event::AlarmState;
use steady_core::name::ServiceKey;
use steady_core::port::{Page, PortError, ReadAlarms};
use steady_core::scaling::{AlarmAction, AlarmStanding, MetricAlarm, PREFIX, alarm_prefix};

use crate::error::port_error;
use crate::scaling::objects::{count, int, timestamp};
use crate::scaling::{gone_is_done, pages};

/// `MaxRecords` of DescribeAlarms, and names in one.
const PAGE: i32 = 100;

/// The alarms of one account and region.
#[derive(Debug, Clone)]
pub struct Alarms {
    reads: Client,
    /// One attempt per call, see [`crate::client`].
    changes: Client,
}

impl Alarms {
    pub(crate) fn new(reads: Client, changes: Client) -> Self {
        Self { reads, changes }
    }

    /// Ours that name this service.
    pub(crate) async fn of_service(
        &self,
        service: &ServiceKey,
    ) -> Result<Vec<MetricAlarm>, PortError> {
        let prefix = alarm_prefix(service);
        let page = |token| self.page(prefix.clone(), token);
        let found = pages::all(pages::Pace::NONE, page).await?;
        Ok(found.iter().filter_map(read_alarm).collect())
    }

    /// A page of all that are ours, each with its service.
    pub(crate) async fn ours(
        &self,
        token: Option<String>,
    ) -> Result<Page<(ServiceKey, MetricAlarm)>, PortError> {
        let page = self.page(PREFIX.to_owned(), token).await?;
        let owned = |alarm: &SdkAlarm| Some((owner(alarm)?, read_alarm(alarm)?));
        Ok(Page { items: page.items.iter().filter_map(owned).collect(), next: page.next })
    }

    /// Metric alarms by their names, ours or not: those that call somebody's step policies. What is not there, or is a composite
    /// alarm, is left out.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn named(&self, names: &[String]) -> Result<Vec<MetricAlarm>, PortError> {
        let mut found = Vec::new();
        for names in names.chunks(usize::try_from(PAGE).unwrap_or(1)) {
            let asked = self.reads.describe_alarms().set_alarm_names(Some(names.to_vec()));
            let answer = asked.alarm_types(AlarmType::MetricAlarm).max_records(PAGE).send().await;
            let answer = answer.map_err(|error| port_error("DescribeAlarms", error))?;
            found.extend(answer.metric_alarms().iter().filter_map(read_alarm));
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    async fn page(
        &self,
        prefix: String,
        token: Option<String>,
    ) -> Result<Page<SdkAlarm>, PortError> {
        let answer = self
            .reads
            .describe_alarms()
            .alarm_name_prefix(prefix)
            .alarm_types(AlarmType::MetricAlarm)
            .max_records(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| port_error("DescribeAlarms", error))?;
        Ok(Page { items: answer.metric_alarms.unwrap_or_default(), next: answer.next_token })
    }

    /// New, or in the place of the one of that name, which keeps its state.
    pub(crate) async fn put(&self, alarm: &MetricAlarm) -> Result<(), PortError> {
        const CALL: &str = "PutMetricAlarm";
        let action = |action: &AlarmAction| match action {
            AlarmAction::Arn(arn) => Ok(arn.clone()),
            AlarmAction::Policy(name) => Err(PortError::Refused {
                call: CALL,
                code: "ConstructionFailure".to_owned(),
                text: format!("the ARN of policy `{name}` is not known yet"),
            }),
        };
        let actions = alarm.actions.iter().map(action).collect::<Result<_, _>>()?;
        let put = self
            .changes
            .put_metric_alarm()
            .alarm_name(&alarm.name)
            .actions_enabled(true)
            .set_alarm_actions(Some(actions))
            .evaluation_periods(int(alarm.evaluation_periods))
            .datapoints_to_alarm(int(alarm.datapoints_to_alarm))
            .threshold(alarm.threshold)
            .comparison_operator(operator(alarm.comparison))
            .treat_missing_data(treat(alarm.missing_data));
        let put = match &alarm.metric {
            Metric::One(stat) => {
                let put = put
                    .namespace(&stat.namespace)
                    .metric_name(&stat.metric_name)
                    .set_dimensions(Some(dimensions(stat)))
                    .set_unit(stat.unit.as_deref().map(StandardUnit::from))
                    .period(int(alarm.period));
                match Statistic::from(stat.statistic.as_str()) {
                    // Percentiles and the like.
                    statistic if !Statistic::values().contains(&statistic.as_str()) => {
                        put.extended_statistic(&stat.statistic)
                    }
                    statistic => put.statistic(statistic),
                }
            }
            Metric::Math(queries) => {
                let queries = queries.iter().map(|query| data_query(query, alarm.period));
                put.set_metrics(Some(queries.collect()))
            }
        };
        put.send().await.map(drop).map_err(|error| port_error(CALL, error))
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), PortError> {
        let answer = self.changes.delete_alarms().alarm_names(name).send().await;
        gone_is_done("DeleteAlarms", answer, |error| error.is_resource_not_found())
    }
}

impl ReadAlarms for Alarms {
    async fn alarm_standings(&self, names: &[String]) -> Result<Vec<AlarmStanding>, PortError> {
        let mut standings = Vec::new();
        for names in names.chunks(usize::try_from(PAGE).unwrap_or(1)) {
            let answer = self
                .reads
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(PAGE)
                .send()
                .await
                .map_err(|error| port_error("DescribeAlarms", error))?;
            standings.extend(answer.metric_alarms().iter().filter_map(|alarm| {
                Some(AlarmStanding {
                    name: alarm.alarm_name()?.to_owned(),
                    state: state(alarm.state_value()),
                    since: since(
                        alarm.state_transitioned_timestamp(),
                        alarm.state_updated_timestamp(),
                    ),
                    reason: alarm.state_reason().map(str::to_owned),
                    threshold: alarm.threshold(),
                })
            }));
            standings.extend(answer.composite_alarms().iter().filter_map(|alarm| {
                Some(AlarmStanding {
                    name: alarm.alarm_name()?.to_owned(),
                    state: state(alarm.state_value()),
                    since: since(
                        alarm.state_transitioned_timestamp(),
                        alarm.state_updated_timestamp(),
                    ),
                    reason: alarm.state_reason().map(str::to_owned),
                    threshold: None,
                })
            }));
        }
        standings.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(standings)
    }
}

/// The time of the last change of state; CloudWatch updates the other one whenever the reason changes too.
fn since(transitioned: Option<&DateTime>, updated: Option<&DateTime>) -> Option<jiff::Timestamp> {
    transitioned.or(updated).and_then(timestamp)
}

fn state(value: Option<&StateValue>) -> AlarmState {
    match value {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        Some(StateValue::InsufficientData) => AlarmState::InsufficientData,
        _ => AlarmState::Unknown,
    }
}

/// The service that an alarm of ours names. Where its names were too long and are cut, the one whose policy it calls.
fn owner(alarm: &SdkAlarm) -> Option<ServiceKey> {
    let (key, _) = alarm.alarm_name()?.strip_prefix(PREFIX)?.rsplit_once('/')?;
    // `~` is in no name of ECS's: it stands where one was cut.
    let whole = key.split_once('/').filter(|_| !key.contains('~'));
    let named = whole.map(|(cluster, service)| ServiceKey::new(cluster, service));
    let called = || alarm.alarm_actions().iter().find_map(|action| policy_of(action));
    let is_of = |service: &ServiceKey| {
        alarm.alarm_name().is_some_and(|name| name.starts_with(&alarm_prefix(service)))
    };
    named.filter(is_of).or_else(|| called().filter(is_of))
}

/// `None`: it lacks what every alarm has.
fn read_alarm(alarm: &SdkAlarm) -> Option<MetricAlarm> {
    let is_enabled = alarm.actions_enabled() != Some(false);
    let actions = alarm.alarm_actions().iter().filter(|_| is_enabled);
    let evaluation_periods = alarm.evaluation_periods().map(count)?;
    let (metric, period, comparison) = condition(alarm);
    Some(MetricAlarm {
        name: alarm.alarm_name()?.to_owned(),
        metric,
        period,
        evaluation_periods,
        datapoints_to_alarm: alarm.datapoints_to_alarm().map_or(evaluation_periods, count),
        threshold: alarm.threshold().unwrap_or_default(),
        comparison,
        missing_data: match alarm.treat_missing_data() {
            Some("ignore") => MissingData::Ignore,
            Some("breaching") => MissingData::Breaching,
            Some("notBreaching") => MissingData::NotBreaching,
            _ => MissingData::Missing,
        },
        actions: actions.map(|arn| AlarmAction::Arn(arn.clone())).collect(),
    })
}

/// The service of `arn:aws:autoscaling:…:scalingPolicy:…:resource/ecs/service/prod/checkout:policyName/steady-burst`.
fn policy_of(action: &str) -> Option<ServiceKey> {
    let (_, resource) = action.split_once(":resource/ecs/service/")?;
    let (service, _) = resource.split_once(":policyName/")?;
    let (cluster, service) = service.split_once('/')?;
    Some(ServiceKey::new(cluster, service))
}

/// What it looks at, for how long, and how it compares. What has a form that Steady never makes (anomaly detection, labels of
/// other accounts) looks at nothing, and so is equal to nothing of ours.
fn condition(alarm: &SdkAlarm) -> (Metric, u32, Comparison) {
    let comparison = match alarm.comparison_operator() {
        Some(ComparisonOperator::GreaterThanOrEqualToThreshold) => {
            Some(Comparison::GreaterThanOrEqualToThreshold)
        }
        Some(ComparisonOperator::GreaterThanThreshold) => Some(Comparison::GreaterThanThreshold),
        Some(ComparisonOperator::LessThanOrEqualToThreshold) => {
            Some(Comparison::LessThanOrEqualToThreshold)
        }
        Some(ComparisonOperator::LessThanThreshold) => Some(Comparison::LessThanThreshold),
        _ => None,
    };
    let metric = if alarm.metrics().is_empty() {
        one(alarm).zip(alarm.period())
    } else {
        let queries: Option<_> = alarm.metrics().iter().map(query).collect();
        let period =
            |one: &MetricDataQuery| one.metric_stat().and_then(SdkStat::period).or(one.period());
        queries.map(Metric::Math).zip(alarm.metrics().iter().find_map(period))
    };
    match (metric, comparison) {
        (Some((metric, period)), Some(comparison)) => (metric, count(period), comparison),
        _ => (Metric::Math(Vec::new()), 0, Comparison::GreaterThanThreshold),
    }
}

fn one(alarm: &SdkAlarm) -> Option<Metric> {
    let statistic = alarm.statistic().map(Statistic::as_str).or(alarm.extended_statistic())?;
    Some(Metric::One(MetricStat {
        namespace: alarm.namespace()?.to_owned(),
        metric_name: alarm.metric_name()?.to_owned(),
        dimensions: alarm.dimensions().iter().filter_map(dimension).collect(),
        statistic: statistic.to_owned(),
        unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
    }))
}

fn dimension(one: &Dimension) -> Option<(String, String)> {
    Some((one.name()?.to_owned(), one.value()?.to_owned()))
}

fn query(query: &MetricDataQuery) -> Option<MetricQuery> {
    let of = match (query.metric_stat(), query.expression(), query.account_id()) {
        (Some(stat), None, None) => {
            let metric = stat.metric()?;
            QueryOf::Metric(MetricStat {
                namespace: metric.namespace()?.to_owned(),
                metric_name: metric.metric_name()?.to_owned(),
                dimensions: metric.dimensions().iter().filter_map(dimension).collect(),
                statistic: stat.stat()?.to_owned(),
                unit: stat.unit().map(|unit| unit.as_str().to_owned()),
            })
        }
        (None, Some(expression), None) => QueryOf::Expression(expression.to_owned()),
        _ => return None,
    };
    let return_data = query.return_data().unwrap_or(true);
    Some(MetricQuery { id: query.id()?.to_owned(), of, return_data })
}

/// `period` is every metric's.
fn data_query(query: &MetricQuery, period: u32) -> MetricDataQuery {
    let built = MetricDataQuery::builder().id(&query.id).return_data(query.return_data);
    match &query.of {
        QueryOf::Expression(expression) => built.expression(expression),
        QueryOf::Metric(stat) => built.metric_stat(metric_stat(stat, period)),
    }
    .build()
}

pub(crate) fn metric_stat(stat: &MetricStat, period: u32) -> SdkStat {
    let metric = aws_sdk_cloudwatch::types::Metric::builder()
        .namespace(&stat.namespace)
        .metric_name(&stat.metric_name)
        .set_dimensions(Some(dimensions(stat)))
        .build();
    SdkStat::builder()
        .metric(metric)
        .period(int(period))
        .stat(&stat.statistic)
        .set_unit(stat.unit.as_deref().map(StandardUnit::from))
        .build()
}

fn dimensions(stat: &MetricStat) -> Vec<Dimension> {
    let dimension = |(name, value)| Dimension::builder().name(name).value(value).build();
    stat.dimensions.iter().map(dimension).collect()
}

fn operator(comparison: Comparison) -> ComparisonOperator {
    match comparison {
        Comparison::GreaterThanOrEqualToThreshold => {
            ComparisonOperator::GreaterThanOrEqualToThreshold
        }
        Comparison::GreaterThanThreshold => ComparisonOperator::GreaterThanThreshold,
        Comparison::LessThanOrEqualToThreshold => ComparisonOperator::LessThanOrEqualToThreshold,
        Comparison::LessThanThreshold => ComparisonOperator::LessThanThreshold,
    }
}

fn treat(missing: MissingData) -> &'static str {
    match missing {
        MissingData::Missing => "missing",
        MissingData::Ignore => "ignore",
        MissingData::Breaching => "breaching",
        MissingData::NotBreaching => "notBreaching",
    }
}
