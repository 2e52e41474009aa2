//! What a role may not, it does not do: refused in each service's own words, and remembered.

use aws_sdk_ecs::error::ProvideErrorMetadata;
use serde_json::json;
use steady_stack::policy::Policy;

use crate::clients::{Caller, caller, start};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod";

fn policy() -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*",
          "Condition": { "ArnEquals": { "ecs:cluster": CLUSTER } } },
        { "Effect": "Allow", "Action": "ecs:StopTask", "Resource": "arn:aws:ecs:eu-west-1:111122223333:task/prod/*",
          "Condition": { "StringLike": { "aws:ResourceTag/steady:probe": "*" } } },
        { "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-west-1:111122223333:steady" },
    ] });
    Policy::read(&document).unwrap()
}

#[tokio::test]
async fn a_role_may_what_its_policy_says_and_anybody_else_everything() {
    let aws = start().await;
    aws.give("AKIDROLE", "watch", policy());
    let role = Caller { access_key: "AKIDROLE", ..caller(&aws) };
    let person = caller(&aws);
    for cluster in ["prod", "dev"] {
        person.ecs().create_cluster().cluster_name(cluster).send().await.unwrap();
    }
    let topics = ["steady", "other"].map(|name| aws.create_topic(name));

    role.ecs().list_tasks().cluster("prod").send().await.unwrap();
    role.ecs().list_tasks().cluster(CLUSTER).send().await.unwrap();
    role.sns().publish().topic_arn(&topics[0]).message("m").send().await.unwrap();
    let used = ["ecs:ListTasks", "sns:Publish"].map(|used| ("watch".to_owned(), used.to_owned()));
    assert_eq!(aws.used().into_iter().collect::<Vec<_>>(), used);
    assert_eq!(aws.denied(), [""; 0]);

    let refused = role.ecs().list_tasks().cluster("dev").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let refused = role.sns().publish().topic_arn(&topics[1]).message("m").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AuthorizationError"));
    let refused = role.cloudwatch().describe_alarms().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDenied"));
    assert_eq!(
        aws.denied(),
        [
            "watch may not ecs:ListTasks on *, ecs:cluster arn:aws:ecs:eu-west-1:111122223333:cluster/dev",
            "watch may not sns:Publish on arn:aws:sns:eu-west-1:111122223333:other",
            "watch may not cloudwatch:DescribeAlarms on arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*",
        ]
    );
    assert_eq!(aws.deliveries().len(), 1);
    person.ecs().list_tasks().cluster("dev").send().await.unwrap();
}

#[tokio::test]
async fn a_task_is_stopped_by_its_tags() {
    let aws = start().await;
    aws.give("AKIDROLE", "watch", policy());
    let (role, person) = (Caller { access_key: "AKIDROLE", ..caller(&aws) }, caller(&aws));
    person.ecs().create_cluster().cluster_name("prod").send().await.unwrap();
    let definition = json!({
        "family": "checkout", "containerDefinitions": [{ "name": "app", "image": "checkout:1" }],
    });
    aws.ecs(|ecs| ecs.call("RegisterTaskDefinition", &definition).map(drop)).unwrap();
    let task = |tags: serde_json::Value| {
        let input = json!({
            "cluster": "prod", "taskDefinition": "checkout:1", "tags": tags,
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-light"] } },
        });
        let ran = aws.ecs(|ecs| ecs.call("RunTask", &input)).unwrap();
        ran.pointer("/tasks/0/taskArn").and_then(|arn| arn.as_str()).unwrap().to_owned()
    };
    let (witness, other) =
        (task(json!([{ "key": "steady:probe", "value": "1" }])), task(json!([])));
    let stop = |task: &str| role.ecs().stop_task().cluster("prod").task(task).send();
    stop(&witness).await.unwrap();
    let refused = stop(&other).await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    assert_eq!(
        aws.denied(),
        [format!("watch may not ecs:StopTask on {other}, ecs:cluster {CLUSTER}")]
    );
}
