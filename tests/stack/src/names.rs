//! What CloudFormation says of a resource by `Ref` and `Fn::GetAtt`: its physical name and its ARN.
//!
//! CloudFormation Template Reference, "Return values" of each resource type.

use crate::template::{Deployment, Resource};

/// The partition of a region.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// A pseudo parameter's value.
pub(crate) fn pseudo(name: &str, deployment: &Deployment) -> Option<String> {
    let Deployment { account, region, stack, .. } = deployment;
    let partition = partition(region);
    Some(match name {
        "AWS::AccountId" => account.clone(),
        "AWS::Region" => region.clone(),
        "AWS::Partition" => partition.to_owned(),
        "AWS::URLSuffix" if partition == "aws-cn" => "amazonaws.com.cn".to_owned(),
        "AWS::URLSuffix" => "amazonaws.com".to_owned(),
        "AWS::StackName" => stack.clone(),
        "AWS::StackId" => format!(
            "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/\
             51af3dc0-da77-11e4-872e-1234567db123"
        ),
        _ => return None,
    })
}

/// The properties of which a resource's name is made.
pub(crate) fn naming(kind: &str) -> &'static [&'static str] {
    match kind {
        "AWS::Lambda::Function" => &["FunctionName"],
        "AWS::SQS::Queue" => &["QueueName"],
        "AWS::Events::Rule" | "AWS::Scheduler::Schedule" => &["Name", "GroupName"],
        "AWS::IAM::Role" => &["RoleName", "Path"],
        "AWS::IAM::ManagedPolicy" => &["ManagedPolicyName", "Path"],
        "AWS::DynamoDB::Table" => &["TableName"],
        "AWS::SNS::Topic" => &["TopicName"],
        "AWS::Logs::LogGroup" => &["LogGroupName"],
        "AWS::CloudWatch::Alarm" => &["AlarmName"],
        "AWS::CloudWatch::Dashboard" => &["DashboardName"],
        "AWS::KMS::Alias" => &["AliasName"],
        _ => &[],
    }
}

/// The name: what the template gives, else what the deployment gives, else one made of the stack's name.
fn name(resource: &Resource, deployment: &Deployment) -> String {
    let given = naming(&resource.kind).first();
    let given = given.and_then(|name| resource.properties.get(*name)?.as_str());
    match (given, deployment.names.get(&resource.id)) {
        (Some(given), _) => given.to_owned(),
        (None, Some(open)) => open.clone(),
        (None, None) => format!("{}-{}", deployment.stack, resource.id),
    }
}

/// `Ref` of a resource; `None` where that is not known here.
pub(crate) fn reference(resource: &Resource, deployment: &Deployment) -> Option<String> {
    let name = name(resource, deployment);
    let Deployment { account, region, .. } = deployment;
    Some(match resource.kind.as_str() {
        "AWS::SNS::Topic" | "AWS::IAM::ManagedPolicy" => arn(resource, deployment)?,
        "AWS::SQS::Queue" => format!("https://sqs.{region}.amazonaws.com/{account}/{name}"),
        "AWS::Lambda::Function"
        | "AWS::Events::Rule"
        | "AWS::Scheduler::Schedule"
        | "AWS::IAM::Role"
        | "AWS::DynamoDB::Table"
        | "AWS::Logs::LogGroup"
        | "AWS::CloudWatch::Alarm"
        | "AWS::CloudWatch::Dashboard"
        | "AWS::KMS::Key"
        | "AWS::KMS::Alias"
        | "AWS::Lambda::EventSourceMapping" => name,
        _ => return None,
    })
}

/// `Fn::GetAtt` of a resource; `None` where that is not known here.
pub(crate) fn attribute(
    resource: &Resource,
    attribute: &str,
    deployment: &Deployment,
) -> Option<String> {
    match (resource.kind.as_str(), attribute) {
        ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => {
            Some(name(resource, deployment))
        }
        ("AWS::SQS::Queue", "QueueUrl") => reference(resource, deployment),
        ("AWS::SNS::Topic", "TopicArn") => arn(resource, deployment),
        ("AWS::KMS::Key", "KeyId") => reference(resource, deployment),
        // Of a log group the ARN ends with `:*`, as policies want it.
        ("AWS::Logs::LogGroup", "Arn") => Some(format!("{}:*", arn(resource, deployment)?)),
        (_, "Arn") => arn(resource, deployment),
        _ => None,
    }
}

/// A resource's ARN; `None` where that is not known here.
pub(crate) fn arn(resource: &Resource, deployment: &Deployment) -> Option<String> {
    let Deployment { account, region, .. } = deployment;
    let (partition, name) = (partition(region), name(resource, deployment));
    let text = |property: &str| resource.properties.get(property).and_then(|it| it.as_str());
    let (service, rest) = match resource.kind.as_str() {
        "AWS::Lambda::Function" => ("lambda", format!("function:{name}")),
        "AWS::SQS::Queue" => ("sqs", name),
        "AWS::SNS::Topic" => ("sns", name),
        "AWS::Events::Rule" => ("events", format!("rule/{name}")),
        "AWS::Scheduler::Schedule" => {
            ("scheduler", format!("schedule/{}/{name}", text("GroupName").unwrap_or("default")))
        }
        "AWS::DynamoDB::Table" => ("dynamodb", format!("table/{name}")),
        "AWS::Logs::LogGroup" => ("logs", format!("log-group:{name}")),
        "AWS::CloudWatch::Alarm" => ("cloudwatch", format!("alarm:{name}")),
        "AWS::KMS::Key" => ("kms", format!("key/{name}")),
        kind @ ("AWS::IAM::Role" | "AWS::IAM::ManagedPolicy") => {
            let kind = if kind == "AWS::IAM::Role" { "role" } else { "policy" };
            let path = text("Path").unwrap_or("/");
            return Some(format!("arn:{partition}:iam::{account}:{kind}{path}{name}"));
        }
        _ => return None,
    };
    Some(format!("arn:{partition}:{service}:{region}:{account}:{rest}"))
}
