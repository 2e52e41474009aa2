//! What ECS refuses, as a table: operation, input, code, message.

use serde_json::{Value, json};

use crate::{call, ecs, finished};

#[test]
fn what_ecs_refuses_is_refused_with_its_code_and_words() {
    let mut ecs = ecs();
    let done = finished(&mut ecs);
    let many: Vec<String> = (0..101).map(|n| format!("{n:032x}")).collect();
    let new = |more: Value| {
        let mut input = json!({"cluster": "prod", "serviceName": "new", "taskDefinition": "web:2", "desiredCount": 1});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let percent = |minimum: u32, maximum: u32| json!({"deploymentConfiguration": {"minimumHealthyPercent": minimum, "maximumPercent": maximum}});
    let cases = [
        ("RunSomething", json!({}), "UnknownOperationException", ""),
        (
            "DescribeServices",
            json!([]),
            "SerializationException",
            "input can not be converted to a structure",
        ),
        (
            "DescribeServices",
            json!({"cluster": "nowhere", "services": ["web"]}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            "DescribeServices",
            json!({"services": ["web"]}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            "DescribeServices",
            json!({"cluster": "prod"}),
            "InvalidParameterException",
            "Services cannot be empty.",
        ),
        (
            "DescribeServices",
            json!({"cluster": "prod", "services": many[..11]}),
            "InvalidParameterException",
            "services cannot have more than 10 elements.",
        ),
        (
            "DescribeTasks",
            json!({"cluster": "prod", "tasks": []}),
            "InvalidParameterException",
            "Tasks cannot be empty.",
        ),
        (
            "DescribeTasks",
            json!({"cluster": "prod", "tasks": many}),
            "InvalidParameterException",
            "tasks cannot have more than 100 elements.",
        ),
        (
            "DescribeTasks",
            json!({"cluster": "prod", "tasks": "one"}),
            "SerializationException",
            "tasks can not be converted to a list",
        ),
        (
            "ListTasks",
            json!({"cluster": "prod", "serviceName": "gone"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "ListTasks",
            json!({"cluster": "prod", "maxResults": 101}),
            "InvalidParameterException",
            "maxResults must be between 1 and 100.",
        ),
        (
            "ListTasks",
            json!({"cluster": "prod", "nextToken": "7x"}),
            "InvalidParameterException",
            "Invalid token.",
        ),
        (
            "StopTask",
            json!({"cluster": "prod", "task": many[0]}),
            "InvalidParameterException",
            "The referenced task was not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod", "service": "gone"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod"}),
            "InvalidParameterException",
            "Service cannot be empty.",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod", "service": "web", "taskDefinition": "web:1"}),
            "ClientException",
            "TaskDefinition is inactive",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod", "service": "web", "taskDefinition": "web:9"}),
            "ClientException",
            "TaskDefinition not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod", "service": "web", "desiredCount": -1}),
            "InvalidParameterException",
            "desiredCount cannot be less than 0.",
        ),
        (
            "UpdateService",
            json!({"cluster": "prod", "service": "web", "desiredCount": "2"}),
            "SerializationException",
            "desiredCount can not be converted to an Integer",
        ),
        (
            "CreateService",
            new(json!({"serviceName": "web"})),
            "InvalidParameterException",
            "Creation of service was not idempotent.",
        ),
        (
            "CreateService",
            new(json!({"taskDefinition": "web:1"})),
            "ClientException",
            "TaskDefinition is inactive",
        ),
        (
            "CreateService",
            new(json!({"desiredCount": null})),
            "InvalidParameterException",
            "DesiredCount cannot be empty.",
        ),
        (
            "CreateService",
            new(percent(100, 100)),
            "InvalidParameterException",
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ),
        (
            "CreateService",
            new(json!({"launchType": "EC2"})),
            "UnsupportedFeatureException",
            "a launchType other than FARGATE is not simulated",
        ),
        (
            "CreateService",
            new(json!({"schedulingStrategy": "DAEMON"})),
            "UnsupportedFeatureException",
            "a schedulingStrategy other than REPLICA is not simulated",
        ),
        (
            "CreateService",
            new(json!({"deploymentController": {"type": "CODE_DEPLOY"}})),
            "UnsupportedFeatureException",
            "a deploymentController other than ECS is not simulated",
        ),
        (
            "CreateService",
            new(
                json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "lifecycleHooks": [{"targetType": "AWS_LAMBDA"}]}}),
            ),
            "UnsupportedFeatureException",
            "a lifecycle hook that calls a function is not simulated",
        ),
        (
            "DeleteService",
            json!({"cluster": "prod", "service": "web"}),
            "InvalidParameterException",
            "The service cannot be stopped while it is scaled above 0.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"containerDefinitions": []}),
            "InvalidParameterException",
            "Family cannot be empty.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "web", "containerDefinitions": []}),
            "ClientException",
            "Container list cannot be empty.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "web", "containerDefinitions": [{"name": "app"}]}),
            "ClientException",
            "Container.image should not be null or empty.",
        ),
        (
            "DescribeTaskDefinition",
            json!({"taskDefinition": "web:9"}),
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "DescribeTaskDefinition",
            json!({"taskDefinition": "web:0"}),
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "DeregisterTaskDefinition",
            json!({"taskDefinition": "web"}),
            "ClientException",
            "Revision is missing.",
        ),
        (
            "StopServiceDeployment",
            json!({}),
            "InvalidParameterException",
            "ServiceDeploymentArn cannot be empty.",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/web/none"}),
            "ServiceDeploymentNotFoundException",
            "The service deployment was not found.",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": done, "stopType": "PAUSE"}),
            "InvalidParameterException",
            "Invalid stopType.",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": done}),
            "ConflictException",
            "The service deployment is in the SUCCESSFUL state and cannot be stopped.",
        ),
        (
            "ListServiceDeployments",
            json!({"cluster": "prod", "service": "gone"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "DescribeServiceDeployments",
            json!({"serviceDeploymentArns": many[..21]}),
            "InvalidParameterException",
            "serviceDeploymentArns cannot have more than 20 elements.",
        ),
        (
            "DescribeServiceRevisions",
            json!({"serviceRevisionArns": []}),
            "InvalidParameterException",
            "ServiceRevisionArns cannot be empty.",
        ),
    ];
    for (operation, input, code, message) in cases {
        let before = call(
            &mut ecs,
            "DescribeServices",
            json!({"cluster": "prod", "services": ["web", "new"]}),
        );
        let refused = ecs.call(operation, &input).expect_err(operation);
        assert_eq!(
            (refused.code.as_str(), refused.message.as_str()),
            (code, message),
            "{operation} {input}"
        );
        let after = call(
            &mut ecs,
            "DescribeServices",
            json!({"cluster": "prod", "services": ["web", "new"]}),
        );
        assert_eq!(before, after, "{operation} {input} was refused, and changed something");
    }
    assert_eq!(ecs.next_at(), None);
}
