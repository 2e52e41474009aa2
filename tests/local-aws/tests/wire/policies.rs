//! Scaling policies over the wire, and the alarms that go with them.

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{
    AdjustmentType, MetricType, PolicyType, PredefinedMetricSpecification, StepAdjustment,
    StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration,
};
use serde_json::{Value, json};
use steady_local_aws::LocalAws;

use crate::clients::{caller, code, refusal, start};
use crate::scaling::{CHECKOUT, DIMENSION, ECS, register, run};

/// Tracks CPU.
fn track(target: f64) -> TargetTrackingScalingPolicyConfiguration {
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::EcsServiceAverageCpuUtilization)
        .build()
        .unwrap();
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(target)
        .predefined_metric_specification(metric)
        .build()
        .unwrap()
}

async fn put_tracking(client: &Client, target: f64) -> Vec<String> {
    let put = client
        .put_scaling_policy()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .policy_name("cpu")
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(track(target));
    let answer = put.send().await.unwrap();
    assert!(answer.policy_arn().ends_with(":resource/ecs/service/prod/checkout:policyName/cpu"));
    answer.alarms().iter().map(|alarm| alarm.alarm_name().to_owned()).collect()
}

async fn ready() -> (LocalAws, Client) {
    let aws = start().await;
    run(&aws, "checkout", 2);
    let client = caller(&aws).scaling();
    register(&client, 1, 10).await;
    (aws, client)
}

async fn thresholds(aws: &LocalAws) -> Vec<(f64, i32)> {
    let told = caller(aws).cloudwatch().describe_alarms().send().await.unwrap();
    let of = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| {
        (alarm.threshold().unwrap(), alarm.evaluation_periods().unwrap())
    };
    told.metric_alarms().iter().map(of).collect()
}

#[tokio::test]
async fn target_tracking_makes_its_alarms_changes_them_and_takes_them_with_it() {
    let (aws, client) = ready().await;
    let alarms = put_tracking(&client, 50.0).await;
    assert_eq!(alarms.len(), 2);
    assert!(alarms[0].starts_with("TargetTracking-service/prod/checkout-AlarmHigh-"), "{alarms:?}");
    assert_eq!(thresholds(&aws).await, [(50.0, 3), (45.0, 15)]);
    assert_eq!(put_tracking(&client, 60.0).await, alarms, "the same alarms");
    assert_eq!(thresholds(&aws).await, [(60.0, 3), (54.0, 15)]);

    let told = client.describe_scaling_policies().service_namespace(ECS).send().await.unwrap();
    let [policy] = told.scaling_policies() else { panic!("one policy") };
    assert_eq!(policy.target_tracking_scaling_policy_configuration(), Some(&track(60.0)));
    assert_eq!(policy.alarms().len(), 2);

    let delete = client
        .delete_scaling_policy()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .policy_name("cpu");
    delete.clone().send().await.unwrap();
    assert_eq!(thresholds(&aws).await, []);
    let (code, message) = refusal!(delete.send());
    assert_eq!(code, "ObjectNotFoundException");
    assert_eq!(
        message,
        "No scaling policy found for service namespace: ecs, resource ID: service/prod/checkout, scalable dimension: ecs:service:DesiredCount, policy name: cpu"
    );
}

#[tokio::test]
async fn an_alarm_of_a_step_policy_stays_when_it_goes_and_calls_nobody() {
    let (aws, client) = ready().await;
    let step = StepAdjustment::builder()
        .metric_interval_lower_bound(0.0)
        .scaling_adjustment(2)
        .build()
        .unwrap();
    let config = StepScalingPolicyConfiguration::builder()
        .adjustment_type(AdjustmentType::ChangeInCapacity)
        .step_adjustments(step)
        .cooldown(60)
        .build();
    let put = client
        .put_scaling_policy()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .policy_name("burst")
        .policy_type(PolicyType::StepScaling)
        .step_scaling_policy_configuration(config.clone());
    let arn = put.send().await.unwrap().policy_arn().to_owned();
    let alarm = json!({
        "AlarmName": "burst-alarm", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization",
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [arn],
    });
    aws.by_hand("monitoring", "PutMetricAlarm", &alarm).unwrap();
    let told = client.describe_scaling_policies().service_namespace(ECS).send().await.unwrap();
    let [policy] = told.scaling_policies() else { panic!("one policy") };
    assert_eq!(policy.step_scaling_policy_configuration(), Some(&config));
    assert_eq!(policy.alarms()[0].alarm_name(), "burst-alarm");

    let deregister = client
        .deregister_scalable_target()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION);
    deregister.clone().send().await.unwrap();
    assert_eq!(code!(deregister.send()), "ObjectNotFoundException");
    let told = client.describe_scaling_policies().service_namespace(ECS).send().await.unwrap();
    assert_eq!(told.scaling_policies().len(), 0);
    let told = caller(&aws).cloudwatch().describe_alarms().send().await.unwrap();
    assert!(told.metric_alarms()[0].alarm_actions().is_empty());
}

/// Puts a policy by hand and gives the refusal's sentence.
fn refused(aws: &LocalAws, name: &str, kind: &str, config: &Value) -> String {
    let input = json!({
        "ServiceNamespace": "ecs", "ResourceId": CHECKOUT, "ScalableDimension": DIMENSION.as_str(),
        "PolicyName": name, "PolicyType": kind, format!("{kind}PolicyConfiguration"): config,
    });
    let refusal = aws.by_hand("application-autoscaling", "PutScalingPolicy", &input).unwrap_err();
    assert_eq!(refusal.code, "ValidationException", "{refusal}");
    refusal.message
}

fn cpu() -> Value {
    json!({ "PredefinedMetricType": "ECSServiceAverageCPUUtilization" })
}

#[tokio::test]
async fn what_is_refused_of_target_tracking_and_prediction() {
    let (aws, client) = ready().await;
    put_tracking(&client, 50.0).await;
    let alb = json!({ "PredefinedMetricType": "ALBRequestCountPerTarget" });
    let query = json!({ "Id": "m1", "Expression": "1", "ReturnData": false });
    let tracking = [
        (json!({ "TargetValue": 40, "PredefinedMetricSpecification": cpu() }), "Only one Target"),
        (json!({ "TargetValue": 0, "PredefinedMetricSpecification": cpu() }), "The target value"),
        (json!({ "PredefinedMetricSpecification": cpu() }), "The target value must be greater"),
        (json!({ "TargetValue": 40 }), "Either a predefined or a customized metric"),
        (
            json!({ "TargetValue": 4, "PredefinedMetricSpecification": alb }),
            "A resource label is required",
        ),
        (
            json!({ "TargetValue": 4, "CustomizedMetricSpecification": { "Metrics": [query] } }),
            "Exactly one of the queries must return data",
        ),
        (
            json!({ "TargetValue": 4, "PredefinedMetricSpecification": cpu(), "ScaleInCooldown": -1 }),
            "1 validation error detected: Value '-1' at 'scaleInCooldown'",
        ),
    ];
    for (config, begins) in tracking {
        let message = refused(&aws, "other", "TargetTrackingScaling", &config);
        assert!(message.starts_with(begins), "{message}");
    }
    let pair = json!({ "PredefinedMetricType": "ECSServiceCPUUtilization" });
    let one = json!({ "TargetValue": 40, "PredefinedMetricPairSpecification": pair });
    let predictive = [
        (json!({ "MetricSpecifications": [one, one] }), "Exactly one metric specification"),
        (
            json!({ "MetricSpecifications": [one], "MaxCapacityBuffer": 5 }),
            "MaxCapacityBuffer must",
        ),
        (
            json!({ "MetricSpecifications": [one], "SchedulingBufferTime": 3601 }),
            "1 validation error detected: Value '3601' at 'schedulingBufferTime'",
        ),
    ];
    for (config, begins) in predictive {
        let message = refused(&aws, "ahead", "PredictiveScaling", &config);
        assert!(message.starts_with(begins), "{message}");
    }
    let message = refused(&aws, "cpu", "PredictiveScaling", &json!({}));
    assert_eq!(message, "The policy type of a scaling policy cannot be changed");
}

#[tokio::test]
async fn what_is_refused_of_steps() {
    let (aws, _) = ready().await;
    let step = |lower: Option<i32>, upper: Option<i32>| {
        json!({
            "MetricIntervalLowerBound": lower, "MetricIntervalUpperBound": upper,
            "ScalingAdjustment": 1,
        })
    };
    let cases = [
        (vec![], "At least one StepAdjustment is required"),
        (vec![step(None, None)], "Both lower and upper bounds of a step adjustment cannot be left"),
        (vec![step(Some(5), Some(5))], "The lower bound of a step adjustment must be less"),
        (vec![step(Some(0), None), step(Some(5), None)], "At most one StepAdjustment"),
        (vec![step(Some(0), Some(5)), step(Some(6), None)], "StepAdjustment intervals can't have"),
        (vec![step(Some(0), Some(6)), step(Some(5), None)], "StepAdjustment intervals can't have"),
        (vec![step(Some(0), Some(5))], "There must be a StepAdjustment with an unspecified upper"),
        (vec![step(Some(-5), Some(0))], "There must be a StepAdjustment with an unspecified lower"),
    ];
    for (steps, begins) in cases {
        let config = json!({ "AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps });
        let message = refused(&aws, "burst", "StepScaling", &config);
        assert!(message.starts_with(begins), "{message}");
    }
    let config = json!({
        "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step(Some(0), None)],
        "MinAdjustmentMagnitude": 2,
    });
    let message = refused(&aws, "burst", "StepScaling", &config);
    assert!(message.starts_with("MinAdjustmentMagnitude can be given"), "{message}");
}

#[tokio::test]
async fn a_policy_needs_its_target_and_a_target_has_fifty_in_pages_of_ten() {
    let aws = start().await;
    run(&aws, "checkout", 2);
    let client = caller(&aws).scaling();
    let put = |number: u32| {
        client
            .put_scaling_policy()
            .service_namespace(ECS)
            .resource_id(CHECKOUT)
            .scalable_dimension(DIMENSION)
            .policy_name(format!("p{number:02}"))
            .policy_type(PolicyType::StepScaling)
            .step_scaling_policy_configuration(
                StepScalingPolicyConfiguration::builder()
                    .adjustment_type(AdjustmentType::ExactCapacity)
                    .step_adjustments(
                        StepAdjustment::builder()
                            .metric_interval_upper_bound(0.0)
                            .scaling_adjustment(1)
                            .build()
                            .unwrap(),
                    )
                    .build(),
            )
    };
    let (code, message) = refusal!(put(0).send());
    assert_eq!(code, "ObjectNotFoundException");
    assert_eq!(
        message,
        "No scalable target registered for service namespace: ecs, resource ID: service/prod/checkout, scalable dimension: ecs:service:DesiredCount"
    );
    register(&client, 1, 10).await;
    for number in 0..50 {
        put(number).send().await.unwrap();
    }
    assert_eq!(code!(put(50).send()), "LimitExceededException");
    let ask = || client.describe_scaling_policies().service_namespace(ECS).resource_id(CHECKOUT);
    let page = ask().send().await.unwrap();
    assert_eq!(page.scaling_policies().len(), 10);
    let next = ask().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(next.scaling_policies()[0].policy_name(), "p10");
    assert_eq!(code!(ask().max_results(11).send()), "ValidationException");
    let named = ask().policy_names("p07").send().await.unwrap();
    assert_eq!(named.scaling_policies().len(), 1);
}
