//! Application Auto Scaling's objects, from the SDK's types to the core's and back. What has a form that Steady never makes
//! becomes [`PolicyConfig::Other`], so that it is seen, is equal to nothing of ours, and is never written.

use aws_sdk_applicationautoscaling::operation::put_scaling_policy::builders::PutScalingPolicyFluentBuilder;
use aws_sdk_applicationautoscaling::types::{
    self as sdk, AdjustmentType, CustomizedMetricSpecification, MetricAggregationType,
    MetricDimension, MetricStatistic, MetricType, PolicyType, PredefinedMetricSpecification,
    PredictiveScalingMaxCapacityBreachBehavior, PredictiveScalingMetricSpecification,
    PredictiveScalingMode, PredictiveScalingPolicyConfiguration,
    PredictiveScalingPredefinedMetricPairSpecification, ScalableTargetAction, StepAdjustment,
    StepScalingPolicyConfiguration, TargetTrackingMetric, TargetTrackingMetricDataQuery,
    TargetTrackingMetricDimension, TargetTrackingMetricStat,
    TargetTrackingScalingPolicyConfiguration,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::operation::BuildError;
use jiff::Timestamp;
use steady_core::config::{Adjustment, Metric, MetricQuery, MetricStat, QueryOf, Step};
use steady_core::name::ServiceKey;
use steady_core::port::PortError;
use steady_core::scaling::{
    Bounds, LivePolicy, LiveTarget, NotScaled, PolicyConfig, PolicyMetric, ScalableTarget,
    ScalingActivity, ScalingPolicy, ScheduledAction, Suspended,
};

use crate::error::not_built;

const PUT_POLICY: &str = "PutScalingPolicy";

/// `service/prod/checkout`
pub(super) fn resource(service: &ServiceKey) -> String {
    format!("service/{service}")
}

fn service_of(resource: &str) -> Option<ServiceKey> {
    let key = resource.strip_prefix("service/")?;
    let (cluster, service) = key.split_once('/')?;
    Some(ServiceKey::new(cluster, service))
}

/// As the API has counts and seconds. None of ours is beyond its range.
pub(crate) fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// AWS's counts and seconds are not negative.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

pub(crate) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_nanos(at.as_nanosecond())
        // Any time of this type is one of that.
        .unwrap_or_else(|_| DateTime::from_secs(at.as_second()))
}

/// To the millisecond: on the wire it is a floating-point number of seconds, whose last digits are noise.
pub(crate) fn timestamp(at: &DateTime) -> Option<Timestamp> {
    let at = Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()?;
    at.round(jiff::Unit::Millisecond).ok()
}

pub(super) fn live_target(target: &sdk::ScalableTarget) -> Option<(ServiceKey, LiveTarget)> {
    let suspended = target.suspended_state();
    let flag = |of: fn(&sdk::SuspendedState) -> Option<bool>| suspended.and_then(of) == Some(true);
    let live = LiveTarget {
        target: ScalableTarget {
            bounds: Bounds { min: count(target.min_capacity()), max: count(target.max_capacity()) },
            suspended: Suspended {
                dynamic_scaling_in: flag(|state| state.dynamic_scaling_in_suspended()),
                dynamic_scaling_out: flag(|state| state.dynamic_scaling_out_suspended()),
                scheduled_scaling: flag(|state| state.scheduled_scaling_suspended()),
            },
        },
        arn: target.scalable_target_arn().map(str::to_owned),
        tags: None,
        created_at: timestamp(target.creation_time()),
    };
    Some((service_of(target.resource_id())?, live))
}

pub(super) fn scheduled_action(
    action: &sdk::ScheduledAction,
) -> Option<(ServiceKey, ScheduledAction)> {
    let target = action.scalable_target_action();
    let read = ScheduledAction {
        name: action.scheduled_action_name().to_owned(),
        schedule: action.schedule().to_owned(),
        timezone: action.timezone().map(str::to_owned),
        start: action.start_time().and_then(timestamp),
        end: action.end_time().and_then(timestamp),
        min: target.and_then(|target| target.min_capacity()).map(count),
        max: target.and_then(|target| target.max_capacity()).map(count),
    };
    Some((service_of(action.resource_id())?, read))
}

pub(super) fn target_action(action: &ScheduledAction) -> ScalableTargetAction {
    ScalableTargetAction::builder()
        .set_min_capacity(action.min.map(int))
        .set_max_capacity(action.max.map(int))
        .build()
}

pub(super) fn activity(activity: &sdk::ScalingActivity) -> Option<ScalingActivity> {
    let reason = |reason: &sdk::NotScaledReason| NotScaled {
        code: reason.code().to_owned(),
        max: reason.max_capacity().map(count),
        min: reason.min_capacity().map(count),
        current: reason.current_capacity().map(count),
    };
    Some(ScalingActivity {
        id: activity.activity_id().to_owned(),
        started_at: timestamp(activity.start_time())?,
        ended_at: activity.end_time().and_then(timestamp),
        description: activity.description().to_owned(),
        cause: activity.cause().to_owned(),
        status: activity.status_code().as_str().to_owned(),
        status_message: activity.status_message().map(str::to_owned),
        not_scaled: activity.not_scaled_reasons().iter().map(reason).collect(),
    })
}

pub(super) fn live_policy(policy: &sdk::ScalingPolicy) -> Option<(ServiceKey, LivePolicy)> {
    let config = config(policy)
        .unwrap_or_else(|| PolicyConfig::Other(policy.policy_type().as_str().to_owned()));
    let live = LivePolicy {
        policy: ScalingPolicy { name: policy.policy_name().to_owned(), config },
        arn: policy.policy_arn().to_owned(),
        alarms: policy.alarms().iter().map(|alarm| alarm.alarm_name().to_owned()).collect(),
    };
    Some((service_of(policy.resource_id())?, live))
}

/// `None`: it has a form that Steady never makes.
fn config(policy: &sdk::ScalingPolicy) -> Option<PolicyConfig> {
    match policy.policy_type() {
        PolicyType::TargetTrackingScaling => {
            let config = policy.target_tracking_scaling_policy_configuration()?;
            Some(PolicyConfig::TargetTracking {
                metric: tracked(config)?,
                target: config.target_value(),
                scale_out_cooldown: config.scale_out_cooldown().map(count),
                scale_in_cooldown: config.scale_in_cooldown().map(count),
                disable_scale_in: config.disable_scale_in() == Some(true),
            })
        }
        PolicyType::StepScaling => {
            let config = policy.step_scaling_policy_configuration()?;
            let mut steps: Vec<Step> = config.step_adjustments().iter().map(step).collect();
            let from = |step: &Step| step.from.unwrap_or(f64::NEG_INFINITY);
            steps.sort_by(|a, b| from(a).total_cmp(&from(b)));
            Some(PolicyConfig::Step {
                adjustment: match config.adjustment_type()? {
                    AdjustmentType::ChangeInCapacity => Adjustment::ChangeInCapacity,
                    AdjustmentType::ExactCapacity => Adjustment::ExactCapacity,
                    AdjustmentType::PercentChangeInCapacity => Adjustment::PercentChangeInCapacity,
                    _ => return None,
                },
                steps,
                cooldown: config.cooldown().map(count),
                min_adjustment_magnitude: config.min_adjustment_magnitude().map(count),
                aggregation: config.metric_aggregation_type().map(|of| of.as_str().to_owned()),
            })
        }
        PolicyType::PredictiveScaling => {
            let config = policy.predictive_scaling_policy_configuration()?;
            let [specification] = config.metric_specifications() else { return None };
            let pair = specification.predefined_metric_pair_specification()?;
            let increases = PredictiveScalingMaxCapacityBreachBehavior::IncreaseMaxCapacity;
            let buffer = config.max_capacity_buffer().map_or(0, count);
            Some(PolicyConfig::Predictive {
                pair: (
                    pair.predefined_metric_type().to_owned(),
                    pair.resource_label().map(str::to_owned),
                ),
                target: specification.target_value(),
                scales: config.mode() == Some(&PredictiveScalingMode::ForecastAndScale),
                scheduling_buffer: config.scheduling_buffer_time().map(count),
                max_capacity_buffer: (config.max_capacity_breach_behavior() == Some(&increases))
                    .then_some(buffer),
            })
        }
        _ => None,
    }
}

fn step(step: &StepAdjustment) -> Step {
    Step {
        from: step.metric_interval_lower_bound(),
        to: step.metric_interval_upper_bound(),
        by: step.scaling_adjustment(),
    }
}

fn tracked(config: &TargetTrackingScalingPolicyConfiguration) -> Option<PolicyMetric> {
    if let Some(predefined) = config.predefined_metric_specification() {
        return Some(PolicyMetric::Predefined {
            kind: predefined.predefined_metric_type().as_str().to_owned(),
            resource_label: predefined.resource_label().map(str::to_owned),
        });
    }
    let customized = config.customized_metric_specification()?;
    let metric = if customized.metrics().is_empty() {
        let dimension = |one: &MetricDimension| (one.name().to_owned(), one.value().to_owned());
        Metric::One(MetricStat {
            namespace: customized.namespace()?.to_owned(),
            metric_name: customized.metric_name()?.to_owned(),
            dimensions: customized.dimensions().iter().map(dimension).collect(),
            statistic: customized.statistic()?.as_str().to_owned(),
            unit: customized.unit().map(str::to_owned),
        })
    } else {
        Metric::Math(customized.metrics().iter().map(query).collect::<Option<_>>()?)
    };
    Some(PolicyMetric::Customized(metric))
}

fn query(query: &TargetTrackingMetricDataQuery) -> Option<MetricQuery> {
    let of = match (query.metric_stat(), query.expression()) {
        (Some(stat), None) => {
            let metric = stat.metric()?;
            let dimension = |one: &TargetTrackingMetricDimension| {
                (one.name().to_owned(), one.value().to_owned())
            };
            QueryOf::Metric(MetricStat {
                namespace: metric.namespace()?.to_owned(),
                metric_name: metric.metric_name()?.to_owned(),
                dimensions: metric.dimensions().iter().map(dimension).collect(),
                statistic: stat.stat().to_owned(),
                unit: stat.unit().map(str::to_owned),
            })
        }
        (None, Some(expression)) => QueryOf::Expression(expression.to_owned()),
        _ => return None,
    };
    let return_data = query.return_data().unwrap_or(true);
    Some(MetricQuery { id: query.id().to_owned(), of, return_data })
}

/// The request with a policy's type and configuration.
///
/// # Errors
/// [`PortError::Refused`]: [`PolicyConfig::Other`] is never written.
pub(super) fn with_config(
    put: PutScalingPolicyFluentBuilder,
    config: &PolicyConfig,
) -> Result<PutScalingPolicyFluentBuilder, PortError> {
    let built = built(put, config).map_err(|error| not_built(PUT_POLICY, &error))?;
    built.ok_or_else(|| PortError::Refused {
        call: PUT_POLICY,
        code: "ConstructionFailure".to_owned(),
        text: "a policy of a form that Steady never makes".to_owned(),
    })
}

/// `None`: of another form.
fn built(
    put: PutScalingPolicyFluentBuilder,
    config: &PolicyConfig,
) -> Result<Option<PutScalingPolicyFluentBuilder>, BuildError> {
    Ok(Some(match config {
        PolicyConfig::TargetTracking {
            metric,
            target,
            scale_out_cooldown,
            scale_in_cooldown,
            disable_scale_in,
        } => {
            let config = TargetTrackingScalingPolicyConfiguration::builder()
                .target_value(*target)
                .set_scale_out_cooldown(scale_out_cooldown.map(int))
                .set_scale_in_cooldown(scale_in_cooldown.map(int))
                .disable_scale_in(*disable_scale_in);
            let config = match metric {
                PolicyMetric::Predefined { kind, resource_label } => config
                    .predefined_metric_specification(
                        PredefinedMetricSpecification::builder()
                            .predefined_metric_type(MetricType::from(kind.as_str()))
                            .set_resource_label(resource_label.clone())
                            .build()?,
                    ),
                PolicyMetric::Customized(metric) => {
                    config.customized_metric_specification(customized(metric)?)
                }
            };
            put.policy_type(PolicyType::TargetTrackingScaling)
                .target_tracking_scaling_policy_configuration(config.build()?)
        }
        PolicyConfig::Step {
            adjustment,
            steps,
            cooldown,
            min_adjustment_magnitude,
            aggregation,
        } => {
            let adjustment = match adjustment {
                Adjustment::ChangeInCapacity => AdjustmentType::ChangeInCapacity,
                Adjustment::ExactCapacity => AdjustmentType::ExactCapacity,
                Adjustment::PercentChangeInCapacity => AdjustmentType::PercentChangeInCapacity,
            };
            let step = |step: &Step| {
                StepAdjustment::builder()
                    .set_metric_interval_lower_bound(step.from)
                    .set_metric_interval_upper_bound(step.to)
                    .scaling_adjustment(step.by)
                    .build()
            };
            let aggregation = aggregation.as_deref().map(MetricAggregationType::from);
            let config = StepScalingPolicyConfiguration::builder()
                .adjustment_type(adjustment)
                .set_step_adjustments(Some(steps.iter().map(step).collect::<Result<_, _>>()?))
                .set_cooldown(cooldown.map(int))
                .set_min_adjustment_magnitude(min_adjustment_magnitude.map(int))
                .set_metric_aggregation_type(aggregation)
                .build();
            put.policy_type(PolicyType::StepScaling).step_scaling_policy_configuration(config)
        }
        PolicyConfig::Predictive {
            pair: (kind, label),
            target,
            scales,
            scheduling_buffer,
            max_capacity_buffer,
        } => {
            let pair = PredictiveScalingPredefinedMetricPairSpecification::builder()
                .predefined_metric_type(kind)
                .set_resource_label(label.clone())
                .build()?;
            let specification = PredictiveScalingMetricSpecification::builder()
                .target_value(*target)
                .predefined_metric_pair_specification(pair)
                .build()?;
            let config = PredictiveScalingPolicyConfiguration::builder()
                .metric_specifications(specification)
                .mode(if *scales {
                    PredictiveScalingMode::ForecastAndScale
                } else {
                    PredictiveScalingMode::ForecastOnly
                })
                .set_scheduling_buffer_time(scheduling_buffer.map(int))
                .max_capacity_breach_behavior(if max_capacity_buffer.is_some() {
                    PredictiveScalingMaxCapacityBreachBehavior::IncreaseMaxCapacity
                } else {
                    PredictiveScalingMaxCapacityBreachBehavior::HonorMaxCapacity
                })
                .set_max_capacity_buffer(max_capacity_buffer.map(int));
            put.policy_type(PolicyType::PredictiveScaling)
                .predictive_scaling_policy_configuration(config.build()?)
        }
        PolicyConfig::Other(_) => return Ok(None),
    }))
}

fn customized(metric: &Metric) -> Result<CustomizedMetricSpecification, BuildError> {
    let customized = CustomizedMetricSpecification::builder();
    Ok(match metric {
        Metric::One(stat) => {
            let dimension = |(name, value): (&String, &String)| {
                MetricDimension::builder().name(name).value(value).build()
            };
            let dimensions = stat.dimensions.iter().map(dimension).collect::<Result<_, _>>()?;
            customized
                .namespace(&stat.namespace)
                .metric_name(&stat.metric_name)
                .set_dimensions(Some(dimensions))
                .statistic(MetricStatistic::from(stat.statistic.as_str()))
                .set_unit(stat.unit.clone())
                .build()
        }
        Metric::Math(queries) => {
            let queries = queries.iter().map(data_query).collect::<Result<_, _>>()?;
            customized.set_metrics(Some(queries)).build()
        }
    })
}

fn data_query(query: &MetricQuery) -> Result<TargetTrackingMetricDataQuery, BuildError> {
    let built =
        TargetTrackingMetricDataQuery::builder().id(&query.id).return_data(query.return_data);
    match &query.of {
        QueryOf::Expression(expression) => built.expression(expression),
        QueryOf::Metric(stat) => {
            let dimension = |(name, value): (&String, &String)| {
                TargetTrackingMetricDimension::builder().name(name).value(value).build()
            };
            let dimensions = stat.dimensions.iter().map(dimension).collect::<Result<_, _>>()?;
            let metric = TargetTrackingMetric::builder()
                .namespace(&stat.namespace)
                .metric_name(&stat.metric_name)
                .set_dimensions(Some(dimensions))
                .build();
            let stat = TargetTrackingMetricStat::builder()
                .metric(metric)
                .stat(&stat.statistic)
                .set_unit(stat.unit.clone())
                .build()?;
            built.metric_stat(stat)
        }
    }
    .build()
}
