//! Scheduled actions over the wire.

use aws_sdk_applicationautoscaling::primitives::DateTime;
use aws_sdk_applicationautoscaling::types::ScalableTargetAction;
use serde_json::{Value, json};

use crate::clients::{caller, code, start};
use crate::scaling::{CHECKOUT, DIMENSION, ECS, register, run};

#[tokio::test]
async fn what_is_left_out_stays_but_for_start_and_end() {
    let aws = start().await;
    run(&aws, "checkout", 2);
    let client = caller(&aws).scaling();
    let put = || {
        client
            .put_scheduled_action()
            .service_namespace(ECS)
            .resource_id(CHECKOUT)
            .scalable_dimension(DIMENSION)
            .scheduled_action_name("morning")
    };
    assert_eq!(code!(put().schedule("rate(1 hour)").send()), "ObjectNotFoundException");
    register(&client, 1, 10).await;
    let action = ScalableTargetAction::builder().min_capacity(6).build();
    let end = DateTime::from_secs(1_800_000_000);
    put()
        .schedule("cron(0 8 ? * MON-FRI *)")
        .timezone("Asia/Seoul")
        .end_time(end)
        .scalable_target_action(action.clone())
        .send()
        .await
        .unwrap();
    let told = async || {
        let ask = client.describe_scheduled_actions().service_namespace(ECS);
        ask.send().await.unwrap().scheduled_actions.unwrap().remove(0)
    };
    let first = told().await;
    assert_eq!(first.end_time(), Some(&end));
    assert_eq!(first.scalable_target_action(), Some(&action));
    put().schedule("cron(0 9 ? * MON-FRI *)").send().await.unwrap();
    let second = told().await;
    assert_eq!(second.schedule(), "cron(0 9 ? * MON-FRI *)");
    assert_eq!(second.timezone(), Some("Asia/Seoul"));
    assert_eq!(second.scalable_target_action(), Some(&action));
    assert_eq!(second.end_time(), None);
    assert_eq!(second.scheduled_action_arn(), first.scheduled_action_arn());

    let delete = client
        .delete_scheduled_action()
        .service_namespace(ECS)
        .resource_id(CHECKOUT)
        .scalable_dimension(DIMENSION)
        .scheduled_action_name("morning");
    delete.clone().send().await.unwrap();
    assert_eq!(code!(delete.send()), "ObjectNotFoundException");
}

#[tokio::test]
async fn what_is_refused_of_a_schedule() {
    let aws = start().await;
    run(&aws, "checkout", 2);
    register(&caller(&aws).scaling(), 1, 10).await;
    // It is 2026-11-21T02:00:00Z.
    let cases: [(Value, Option<&str>); 14] = [
        (json!({ "Schedule": "at(2026-11-21T02:00:00)" }), Some("Scheduled action time cannot be")),
        (json!({ "Schedule": "at(2026-11-21T02:00:01)" }), None),
        (json!({ "Schedule": "at(2026-11-20T20:00:00)", "Timezone": "America/New_York" }), None),
        (
            json!({ "Schedule": "at(2026-11-20T11:00:00)", "Timezone": "America/New_York" }),
            Some("Scheduled action time cannot be in the past"),
        ),
        (json!({ "Schedule": "rate(5 minutes)" }), None),
        (json!({ "Schedule": "rate(0 minutes)" }), Some("Schedule expression is invalid: rate(0")),
        (json!({ "Schedule": "cron(0 8 * *)" }), Some("Schedule expression is invalid: cron")),
        (json!({ "Schedule": "every day" }), Some("Schedule expression is invalid: every day")),
        (
            json!({ "Schedule": "rate(1 day)", "EndTime": 1_795_226_399 }),
            Some("The end time of a scheduled action cannot be in the past"),
        ),
        (
            json!({ "Schedule": "rate(1 day)", "StartTime": 1_800_000_000, "EndTime": 1_800_000_000 }),
            Some("The end time of a scheduled action must be after its start time"),
        ),
        (
            json!({ "Schedule": "rate(1 day)", "ScalableTargetAction": {} }),
            Some("A scheduled action needs a minimum or a maximum capacity"),
        ),
        (
            json!({
                "Schedule": "rate(1 day)",
                "ScalableTargetAction": { "MinCapacity": 3, "MaxCapacity": 2 },
            }),
            Some("Maximum capacity cannot be less than minimum capacity"),
        ),
        (json!({}), Some("1 validation error detected: Value null at 'schedule'")),
        (json!({ "Schedule": "rate(1 day)", "StartTime": 1_700_000_000 }), None),
    ];
    for (at, (put, expected)) in cases.into_iter().enumerate() {
        let mut input = json!({
            "ServiceNamespace": "ecs", "ResourceId": CHECKOUT,
            "ScalableDimension": DIMENSION.as_str(), "ScheduledActionName": format!("a{at}"),
            "ScalableTargetAction": { "MinCapacity": 1 },
        });
        let members = put.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(members);
        let outcome = aws.by_hand("application-autoscaling", "PutScheduledAction", &input);
        let refused = outcome.err().map(|error| error.message);
        let matches = match (&refused, expected) {
            (Some(refused), Some(expected)) => refused.starts_with(expected),
            (refused, expected) => refused.is_none() && expected.is_none(),
        };
        assert!(matches, "{put}: {refused:?}");
    }
}
