//! Several chances of ending at once: each is drawn as often as it says, and the earliest ends the task.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_sim::{Behaviour, Mixed, What};

use crate::story::{Story, ms_between, short};

/// A service of so many tasks goes to a revision with these chances, for so many minutes.
fn deploy(seed: u64, tasks: u32, minutes: i64, mixed: Mixed) -> Story {
    let mut story = Story::created(seed, tasks, json!({}));
    story.ecs.settle("prod", "checkout").unwrap();
    story.ecs.behave("checkout:2", Behaviour::Mixed(Box::new(mixed)));
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(minutes * 60);
    story
}

/// How many of the revision's tasks ended with this `stopCode`.
fn ended(story: &Story, code: &str) -> usize {
    let stops = story.with_status("STOPPED", "checkout:2");
    stops.iter().filter(|event| event["detail"]["stopCode"] == code).count()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[test]
fn without_a_chance_of_ending_nothing_ends() {
    let story = deploy(1, 20, 24 * 60, Mixed::default());
    assert_eq!(story.with_status("STOPPED", "checkout:2").len(), 0);
    assert_eq!(story.said(), ["DEPLOYMENT_IN_PROGRESS", "DEPLOYMENT_COMPLETED", "STEADY_STATE"]);
}

#[test]
fn starts_fail_in_the_share_that_is_asked_for() {
    // Share, and how many of 400 starts at most and at least: three standard deviations.
    for (share, fewest, most) in [(0.016, 1, 15), (0.25, 74, 127), (0.6, 210, 270)] {
        let mixed = Mixed { failing_starts: share, exit_code: 3, ..Mixed::default() };
        // As facts: they are many.
        let mut ecs = deploy(2, 400, 0, mixed).ecs.telling_facts();
        let told = ecs.advance_facts(ecs.now() + SignedDuration::from_mins(2));
        let new = told.iter().filter_map(|told| match &told.what {
            What::Task(task) if &*task.revision == "checkout:2" => Some(task),
            _ => None,
        });
        // Those that the deployment began with, without what replaced them.
        let begun = new.clone().map(|task| task.created_at).min();
        let first: BTreeSet<&str> = new
            .clone()
            .filter(|task| Some(task.created_at) == begun)
            .map(|task| &*task.task_arn)
            .collect();
        assert_eq!(first.len(), 400);
        let stops = new.filter(|task| task.last_status == "STOPPED");
        let died: Vec<_> = stops.filter(|task| first.contains(&*task.task_arn)).collect();
        assert!((fewest..=most).contains(&died.len()), "{share}: {} of 400", died.len());
        for task in died {
            assert_eq!(task.containers[0].1, Some(3));
            let lived = task.stopping_at.unwrap().duration_since(task.started_at.unwrap());
            assert!((0..=12_000).contains(&lived.as_millis()), "{lived}");
        }
    }
}

#[test]
fn crashes_come_as_often_as_the_rate_says() {
    // 100 tasks for two days at 2 a day: 400 expected, sqrt(400) = 20 is the standard deviation.
    let mixed = Mixed { crashes_per_day: 2.0, ..Mixed::default() };
    let story = deploy(3, 100, 2 * 1440, mixed);
    let crashes = ended(&story, "EssentialContainerExited");
    assert!((340..=460).contains(&crashes), "{crashes} crashes");
    assert!(story.said().len() > 100, "the service is steady after each");
}

#[test]
fn memory_runs_out_within_a_tenth_of_its_time() {
    let every = SignedDuration::from_mins(20);
    let mixed = Mixed { out_of_memory_every: Some(every), ..Mixed::default() };
    let story = deploy(4, 10, 120, mixed);
    let stops = story.with_status("STOPPED", "checkout:2");
    assert!(stops.len() >= 30, "{} stops", stops.len());
    let mut lives = Vec::new();
    for event in stops {
        let app = &event["detail"]["containers"][0];
        assert_eq!(app["exitCode"], 137);
        assert_eq!(app["reason"], "OutOfMemoryError: Container killed due to memory usage");
        let ran = ms_between(&event["detail"]["startedAt"], &event["detail"]["executionStoppedAt"]);
        // The process began up to 6.6 s before `startedAt`.
        assert!((1_073_400..=1_320_000).contains(&ran), "{ran} ms");
        lives.push(ran);
    }
    let spread = lives.iter().max().unwrap() - lives.iter().min().unwrap();
    assert!(spread > 120_000, "{spread} ms between the shortest and the longest");
}

#[test]
fn health_checks_fail_for_the_share_and_at_the_time_that_is_asked_for() {
    for after in [50, 75, 150] {
        let mixed =
            Mixed { failing_health_checks: Some((0.5, seconds(after))), ..Mixed::default() };
        let story = deploy(5, 60, 6, mixed);
        let failed: Vec<&Value> = story
            .events
            .iter()
            .filter(|event| event["detail"]["lastStatus"] == "DEACTIVATING")
            .filter(|event| short(&event["detail"]["taskDefinitionArn"]) == "checkout:2")
            .map(|event| &event["detail"])
            .collect();
        assert!((20..=90).contains(&failed.len()), "{} failed", failed.len());
        for detail in failed {
            assert_eq!(detail["stoppedReason"], "Task failed container health checks");
            let verdict = ms_between(&detail["startedAt"], &detail["stoppingAt"]);
            assert_eq!(verdict, after * 1000);
        }
    }
}

#[test]
fn images_cannot_be_pulled_for_the_share_that_is_asked_for() {
    let story = deploy(6, 60, 4, Mixed { cannot_pull_image: 0.5, ..Mixed::default() });
    let failed = ended(&story, "TaskFailedToStart");
    assert!((18..=42).contains(&failed), "{failed} of 60");
}

#[test]
fn the_earliest_of_all_chances_ends_a_task() {
    let all = Mixed {
        exits_after: Some(seconds(600)),
        out_of_memory_every: Some(seconds(300)),
        failing_health_checks: Some((1.0, seconds(100))),
        ..Mixed::default()
    };
    // What is left when the earlier ones are taken away: stop code and exit code.
    let no_checks = Mixed { failing_health_checks: None, ..all.clone() };
    let no_memory = Mixed { out_of_memory_every: None, ..no_checks.clone() };
    let crash = "EssentialContainerExited";
    let cases = [
        (Mixed { failing_starts: 1.0, ..all.clone() }, crash, Some(1)),
        (all, "ServiceSchedulerInitiated", None),
        (no_checks, crash, Some(137)),
        (no_memory, crash, Some(1)),
    ];
    for (mixed, code, exit_code) in cases {
        let story = deploy(7, 3, 15, mixed.clone());
        let stops = story.with_status("STOPPED", "checkout:2");
        assert!(stops.len() >= 3, "{mixed:?}");
        for event in stops {
            assert_eq!(event["detail"]["stopCode"], code, "{mixed:?}");
            if let Some(exit_code) = exit_code {
                assert_eq!(event["detail"]["containers"][0]["exitCode"], exit_code, "{mixed:?}");
            }
        }
    }
}

#[test]
fn tasks_start_and_become_healthy_within_the_ranges_that_are_given() {
    let mixed = Mixed {
        starts_within: Some((seconds(90), seconds(120))),
        healthy_within: Some((seconds(200), seconds(200))),
        ..Mixed::default()
    };
    let story = deploy(8, 30, 10, mixed);
    let runs = story.with_status("RUNNING", "checkout:2");
    assert_eq!(runs.len(), 30);
    for event in &runs {
        let way = ms_between(&event["detail"]["createdAt"], &event["detail"]["startedAt"]);
        assert!((90_000..=120_000).contains(&way), "{way} ms");
    }
    // The first old task goes when the first new one is healthy.
    let stop = story.with_status("DEACTIVATING", "checkout:1")[0];
    let healthy = ms_between(&runs[0]["detail"]["startedAt"], &stop["detail"]["stoppingAt"]);
    assert!((200_000..=201_000).contains(&healthy), "{healthy} ms after the first start");
}

#[test]
fn a_settled_service_is_a_day_old_and_tells_nothing() {
    let mut story = Story::created(9, 40, json!({}));
    story.ecs.settle("prod", "checkout").unwrap();
    story.advance(24 * 3600);
    assert_eq!(story.events, Vec::<Value>::new());
    assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    let deployment = story.service_deployment();
    assert_eq!(deployment["status"], "SUCCESSFUL");
    let (now, tasks) = (story.ecs.now().as_second(), story.tasks());
    let age = now as f64 - deployment["finishedAt"].as_f64().unwrap();
    assert_eq!(age, 48.0 * 3600.0);
    assert_eq!(tasks.len(), 40);
    for task in tasks {
        assert_eq!(task["lastStatus"], "RUNNING");
        let hours = (now as f64 - task["startedAt"].as_f64().unwrap()) / 3600.0;
        assert!((25.0..=48.01).contains(&hours), "{hours} h");
    }
    let error = story.ecs.settle("prod", "cart").unwrap_err();
    assert_eq!(error.code, "ServiceNotFoundException");
}
