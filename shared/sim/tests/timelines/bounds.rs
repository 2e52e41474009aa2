//! What no deployment may do, over many seeds, sizes and percentages; judged from the API's answers, not from inside.

use serde_json::json;

use crate::story::Story;

/// Minimum healthy and maximum percent.
const PERCENTAGES: &[(u64, u64)] =
    &[(100, 200), (100, 150), (50, 100), (50, 200), (0, 100), (34, 134)];

#[test]
fn no_deployment_leaves_the_bounds_of_minimum_and_maximum_percent() {
    let mut steps = 0;
    for seed in 0..6 {
        for (number, (minimum, maximum)) in PERCENTAGES.iter().enumerate() {
            let size = [1, 2, 3, 7, 12][(usize::try_from(seed).unwrap() + number) % 5];
            let percent = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
            let mut story = Story::steady(
                seed,
                u32::try_from(size).unwrap(),
                json!({"deploymentConfiguration": percent}),
            );
            let fewest = (size * minimum).div_ceil(100);
            let most = size * maximum / 100;
            if fewest == most {
                continue; // Nothing can be replaced then, in ECS neither.
            }
            story.update(json!({"taskDefinition": "checkout:2"}));
            while story.step() {
                steps += 1;
                let tasks = story.tasks();
                let running = tasks.iter().filter(|task| task["lastStatus"] == "RUNNING").count();
                let (running, wanted) = (running as u64, tasks.len() as u64);
                let what = format!("seed {seed}, {size} tasks, {minimum} to {maximum} %");
                assert!(running >= fewest, "{running} run: {what}");
                assert!(wanted <= most.max(1), "{wanted} are wanted: {what}");
            }
            assert_eq!(story.rollout(), ["PRIMARY checkout:2 COMPLETED"]);
            assert_eq!(story.tasks().len() as u64, size);
        }
    }
    assert!(steps > 1500, "only {steps} steps");
}

#[test]
fn no_more_tasks_than_the_maximum_are_wanted_while_they_crash() {
    for seed in 0..3 {
        let mut story = Story::steady(seed, 4, json!({}));
        story.crash("checkout:2", 5);
        story.update(json!({"taskDefinition": "checkout:2"}));
        let end = story.ecs.now() + jiff::SignedDuration::from_mins(20);
        while story.ecs.now() < end && story.step() {
            let tasks = story.tasks();
            assert!(tasks.len() <= 8, "{} tasks", tasks.len());
            let old = tasks
                .iter()
                .filter(|task| task["taskDefinitionArn"].as_str().unwrap().ends_with(":1"))
                .filter(|task| task["lastStatus"] == "RUNNING")
                .count();
            assert_eq!(old, 4, "an old task was stopped for a new one that never was healthy");
        }
    }
}
