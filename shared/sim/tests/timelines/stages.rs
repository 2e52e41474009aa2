//! Blue/green, linear and canary deployments: their stages, their times, and how they end.

use serde_json::{Value, json};

use crate::story::{SERVICE, Story, short};

fn strategy(more: Value) -> Value {
    json!({
        "deploymentConfiguration": more,
        "loadBalancers": [{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"}],
    })
}

fn blue_green(bake: u32) -> Value {
    strategy(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": bake}))
}

/// A line for each stage that is seen when one looks every second: its name, its minutes, and of `checkout:1` and `:2` how
/// many tasks run when it ends.
fn stages(story: &mut Story, minutes: i64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last: Option<(String, i64, [u64; 2])> = None;
    for second in 0..minutes * 60 {
        story.advance(1);
        let now = story.service_deployment();
        let stage = match now["status"].as_str().unwrap() {
            "IN_PROGRESS" => now["lifecycleStage"].as_str().unwrap_or("none").to_owned(),
            other => other.to_owned(),
        };
        let runs = [running(story, "checkout:1"), running(story, "checkout:2")];
        let since = match &last {
            Some((known, since, _)) if *known == stage => *since,
            _ => {
                lines.extend(
                    last.take().map(|(stage, since, runs)| line(&stage, second - since, runs)),
                );
                second
            }
        };
        last = Some((stage, since, runs));
    }
    lines.extend(last.map(|(stage, ..)| stage));
    lines
}

fn line(stage: &str, seconds: i64, [blue, green]: [u64; 2]) -> String {
    format!("{stage} {} min, {blue} + {green}", (seconds as f64 / 6.0).round() / 10.0)
}

fn running(story: &mut Story, revision: &str) -> u64 {
    let service = story.service();
    let of_it = service["deployments"].as_array().unwrap().iter();
    let of_it = of_it.filter(|one| short(&one["taskDefinition"]) == revision);
    of_it.map(|one| one["runningCount"].as_u64().unwrap()).sum()
}

fn ids(story: &mut Story) -> Vec<String> {
    let mut ids: Vec<String> = story.tasks().iter().map(|task| short(&task["taskArn"])).collect();
    ids.sort();
    ids
}

fn in_stage(story: &mut Story, stage: &str) {
    while story.service_deployment()["lifecycleStage"] != stage {
        assert!(story.step(), "{stage} never came");
    }
}

fn roll_back(story: &mut Story) {
    let arn = story.service()["currentServiceDeployment"].clone();
    let input = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    story.call("StopServiceDeployment", input);
}

#[test]
fn green_is_started_beside_blue_and_blue_is_stopped_after_the_bake_time() {
    let mut story = Story::steady(1, 4, blue_green(5));
    story.update(json!({"taskDefinition": "checkout:2"}));
    assert_eq!(
        stages(&mut story, 12),
        [
            "PENDING 0.2 min, 4 + 0",
            "PRE_SCALE_UP 0.1 min, 4 + 0",
            "SCALE_UP 1.2 min, 4 + 4",
            "POST_SCALE_UP 0.1 min, 4 + 4",
            "TEST_TRAFFIC_SHIFT 0.2 min, 4 + 4",
            "POST_TEST_TRAFFIC_SHIFT 0.1 min, 4 + 4",
            "PRODUCTION_TRAFFIC_SHIFT 0.2 min, 4 + 4",
            "POST_PRODUCTION_TRAFFIC_SHIFT 0.1 min, 4 + 4",
            "BAKE_TIME 5 min, 4 + 4",
            "CLEAN_UP 1 min, 0 + 4",
            "SUCCESSFUL",
        ]
    );
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
    assert_eq!(story.rollout(), ["PRIMARY checkout:2 COMPLETED"]);
}

#[test]
fn a_service_deployment_tells_how_much_of_the_traffic_the_new_revision_has() {
    let weights = |more: Value| {
        let mut story = Story::steady(1, 2, strategy(more));
        story.update(json!({"taskDefinition": "checkout:2"}));
        let mut weights: Vec<f64> = Vec::new();
        while story.service_deployment()["status"] != "SUCCESSFUL" {
            story.advance(1);
            let target = &story.service_deployment()["targetServiceRevision"];
            weights.push(target["requestedProductionTrafficWeight"].as_f64().unwrap());
        }
        weights.dedup();
        weights
    };
    assert_eq!(weights(json!({"strategy": "BLUE_GREEN"})), [0.0, 100.0]);
    let canary = json!({"canaryPercent": 12.5});
    assert_eq!(
        weights(json!({"strategy": "CANARY", "canaryConfiguration": canary})),
        [0.0, 12.5, 100.0]
    );
    let thirds = json!({"stepPercent": 40.0});
    assert_eq!(
        weights(json!({"strategy": "LINEAR", "linearConfiguration": thirds})),
        [0.0, 40.0, 80.0, 100.0]
    );
}

#[test]
fn a_canary_waits_once_and_steps_wait_after_each_but_the_last() {
    let minutes_of_shift = |more: Value| {
        let mut story = Story::steady(2, 2, strategy(more));
        story.update(json!({"taskDefinition": "checkout:2"}));
        let all = stages(&mut story, 60);
        let shift = all.iter().find_map(|line| line.strip_prefix("PRODUCTION_TRAFFIC_SHIFT "));
        let minutes = shift.and_then(|line| line.split_once(' ')).unwrap().0.to_owned();
        (minutes.parse::<f64>().unwrap().floor(), all.last().unwrap().clone())
    };
    let canary = json!({"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 7});
    let quarters = json!({"stepPercent": 25.0, "stepBakeTimeInMinutes": 3});
    let done = |minutes: f64| (minutes, "SUCCESSFUL".to_owned());
    assert_eq!(
        minutes_of_shift(json!({"strategy": "CANARY", "canaryConfiguration": canary})),
        done(7.0)
    );
    assert_eq!(
        minutes_of_shift(json!({"strategy": "LINEAR", "linearConfiguration": quarters})),
        done(9.0)
    );
    // What ECS takes where nothing is said: 10 minutes.
    assert_eq!(minutes_of_shift(json!({"strategy": "CANARY"})), done(10.0));
}

#[test]
fn green_that_dies_at_its_start_never_gets_traffic_and_blue_is_left_alone() {
    let mut story = Story::steady(3, 3, blue_green(5));
    let blue = ids(&mut story);
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(1200);
    assert_eq!(story.service_deployment()["lifecycleStage"], "SCALE_UP");
    assert_eq!(running(&mut story, "checkout:1"), 3);
    roll_back(&mut story);
    story.settle();
    assert_eq!(ids(&mut story), blue);
    assert_eq!(story.service_deployment()["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
}

#[test]
fn a_stage_that_takes_a_day_is_rolled_back() {
    let mut story = Story::steady(3, 1, blue_green(5));
    story.crash("checkout:2", 0);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(24 * 3600 - 60);
    assert_eq!(story.service_deployment()["status"], "IN_PROGRESS");
    story.advance(600);
    let now = story.service_deployment();
    assert_eq!(now["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(now["rollback"]["reason"], "Lifecycle stage SCALE_UP timed out.");
}

#[test]
fn a_rollback_while_green_bakes_goes_back_to_the_tasks_of_blue_and_stops_green_at_once() {
    let mut story = Story::steady(4, 3, blue_green(30));
    let (blue, completed) = (ids(&mut story), story.primary());
    story.update(json!({"taskDefinition": "checkout:2"}));
    in_stage(&mut story, "BAKE_TIME");
    story.events.clear();
    roll_back(&mut story);
    story.advance(20);
    assert_eq!(
        story.rollout(),
        ["PRIMARY checkout:1 IN_PROGRESS", "ACTIVE checkout:2 IN_PROGRESS"]
    );
    assert_eq!(ids(&mut story), blue);
    let now = story.service_deployment();
    assert_eq!(
        (&now["status"], &now["lifecycleStage"]),
        (&json!("ROLLBACK_IN_PROGRESS"), &json!("CLEAN_UP"))
    );
    story.settle();
    assert_eq!(ids(&mut story), blue);
    assert_eq!(story.primary(), completed);
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
}

#[test]
fn another_deployment_in_flight_first_leaves_one_revision_which_is_the_one_with_the_traffic() {
    for (stage, stays) in [("POST_SCALE_UP", "checkout:1"), ("BAKE_TIME", "checkout:2")] {
        let mut story = Story::steady(5, 2, blue_green(10));
        story.update(json!({"taskDefinition": "checkout:2"}));
        in_stage(&mut story, stage);
        let before = story.service()["currentServiceDeployment"].clone();
        story.update(json!({"taskDefinition": "checkout:3"}));
        in_stage(&mut story, "RECONCILE_SERVICE");
        assert_eq!(story.describe_service_deployment(&before)["status"], "STOPPED");
        in_stage(&mut story, "SCALE_UP");
        let mut served = story.rollout();
        served.remove(0);
        assert_eq!(
            served,
            [format!("ACTIVE {stays} IN_PROGRESS")
                .replace("checkout:1 IN_PROGRESS", "checkout:1 COMPLETED",)]
        );
        story.settle();
        assert_eq!(story.rollout(), ["PRIMARY checkout:3 COMPLETED"]);
    }
}

fn paused(action: &str) -> Story {
    let hook = json!({
        "targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        "timeoutConfiguration": {"timeoutInMinutes": 20, "action": action},
    });
    let mut story =
        Story::steady(6, 2, strategy(json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]})));
    story.update(json!({"taskDefinition": "checkout:2"}));
    in_stage(&mut story, "POST_TEST_TRAFFIC_SHIFT");
    story
}

#[test]
fn a_pause_hook_holds_its_stage_until_its_timeout_does_what_it_says() {
    for (action, ends) in [("CONTINUE", "SUCCESSFUL"), ("ROLLBACK", "ROLLBACK_SUCCESSFUL")] {
        let mut story = paused(action);
        let hook = story.service_deployment()["lifecycleHookDetails"][0].clone();
        assert_eq!(
            (&hook["targetType"], &hook["status"], &hook["timeoutAction"]),
            (&json!("PAUSE"), &json!("AWAITING_ACTION"), &json!(action))
        );
        story.advance(19 * 60);
        assert_eq!(story.service_deployment()["lifecycleStage"], "POST_TEST_TRAFFIC_SHIFT");
        story.settle();
        let now = story.service_deployment();
        assert_eq!(now["status"], ends);
        assert_eq!(now["lifecycleHookDetails"], Value::Null);
    }
}

#[test]
fn a_caller_answers_a_pause_hook_once() {
    for (action, ends) in [("CONTINUE", "SUCCESSFUL"), ("ROLLBACK", "ROLLBACK_SUCCESSFUL")] {
        let mut story = paused("ROLLBACK");
        let now = story.service_deployment();
        let input = json!({
            "serviceDeploymentArn": now["serviceDeploymentArn"],
            "hookId": now["lifecycleHookDetails"][0]["hookId"], "action": action,
        });
        story.call("ContinueServiceDeployment", input.clone());
        story.advance(240);
        assert_eq!(story.service_deployment()["status"], ends);
        let refused = story.try_call("ContinueServiceDeployment", input).unwrap_err();
        assert_eq!(refused.code, "ConflictException");
    }
}

#[test]
fn what_a_strategy_cannot_be_is_refused() {
    let mut story = Story::steady(7, 1, json!({}));
    for (configuration, why) in [
        (json!({"strategy": "YELLOW"}), "Invalid deployment strategy."),
        (
            json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441}),
            "bakeTimeInMinutes must be between 0 and 1440.",
        ),
        (
            json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}),
            "Invalid stepPercent.",
        ),
        (
            json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100.1}}),
            "Invalid canaryPercent.",
        ),
        (
            json!({"strategy": "CANARY"}),
            "The deployment strategy requires a load balancer or Service Connect.",
        ),
    ] {
        let input = json!({"cluster": "prod", "service": SERVICE, "deploymentConfiguration": configuration});
        let refused = story.try_call("UpdateService", input).unwrap_err();
        assert_eq!((&*refused.code, &*refused.message), ("InvalidParameterException", why));
    }
}

/// Whenever it is rolled back, replaced or left alone: as many tasks as the service wants run at all times.
#[test]
fn no_way_through_the_stages_leaves_a_service_with_fewer_tasks_than_it_wants() {
    for seed in 0..30_u64 {
        // Anywhere in the quarter of an hour that the deployment takes.
        let (at, then, crashes) = (seed * 7919 % 900, seed % 3, seed % 4 == 0);
        let mut story = Story::steady(
            seed,
            3,
            strategy(json!({
                "strategy": "LINEAR", "bakeTimeInMinutes": 3,
                "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 2},
            })),
        );
        if crashes {
            story.crash("checkout:2", 0);
        }
        story.update(json!({"taskDefinition": "checkout:2"}));
        for second in 0..1500 {
            story.advance(1);
            if second == at && story.service_deployment()["status"] == "IN_PROGRESS" {
                match then {
                    0 => roll_back(&mut story),
                    1 => drop(story.update(json!({"taskDefinition": "checkout:3"}))),
                    _ => {}
                }
            }
            let service = story.service();
            let all = service["deployments"].as_array().unwrap().iter();
            let good = all.filter(|one| !crashes || short(&one["taskDefinition"]) != "checkout:2");
            let runs: u64 = good.map(|one| one["runningCount"].as_u64().unwrap()).sum();
            assert!(runs >= 3, "seed {seed}: {runs} run after {second} s: {service}");
        }
    }
}
