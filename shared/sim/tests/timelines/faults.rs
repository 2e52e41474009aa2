//! What befalls the account: which tasks it takes, in which words, and that it ends.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_sim::{Fault, FaultKind};

use crate::story::{CLUSTER, SERVICE, Story, ms_between, short};

/// It begins in a minute and lasts so many.
fn befall(story: &mut Story, minutes: i64, kind: FaultKind) {
    befall_only(story, minutes, kind, Vec::new());
}

fn befall_only(story: &mut Story, minutes: i64, kind: FaultKind, services: Vec<String>) {
    let at = story.ecs.now() + SignedDuration::from_mins(1);
    story.ecs.befall(Fault { at, lasts: SignedDuration::from_mins(minutes), services, kind });
}

/// Who ended how: stop code, exit code of the first container, and `stoppedReason`, each once.
fn ends(story: &Story) -> Vec<(String, Option<i64>, String)> {
    let mut ends: Vec<_> = story
        .with_status("STOPPED", "checkout:1")
        .into_iter()
        .map(|event| &event["detail"])
        .map(|detail| {
            let text = |name: &str| detail[name].as_str().unwrap().to_owned();
            let code = detail["containers"][0]["exitCode"].as_i64();
            (text("stopCode"), code, text("stoppedReason"))
        })
        .collect();
    ends.sort();
    ends.dedup();
    ends
}

#[test]
fn an_outage_looks_like_the_application_s_own_fault_and_ends() {
    let mut story = Story::steady(3, 8, json!({}));
    befall(&mut story, 10, FaultKind::Outage { boots: 1.0, running_per_minute: 0.5, exit_code: 7 });
    story.advance(11 * 60);
    let crash = "Essential container in task exited".to_owned();
    assert_eq!(ends(&story), [("EssentialContainerExited".to_owned(), Some(7), crash)]);
    let died = story.with_status("STOPPED", "checkout:1").len();
    // Eight at first, and what replaced them dies at once: thirteen times 48 s at most.
    assert!((16..=8 * 13).contains(&died), "{died} died");
    story.settle();
    assert_eq!(story.tasks().len(), 8);
    assert_eq!(story.said().last().unwrap(), "STEADY_STATE");
    let end = story.ecs.now();
    story.advance(24 * 3600);
    assert_eq!(story.ecs.now(), end + SignedDuration::from_hours(24));
    assert!(story.said().iter().all(|name| name == "STEADY_STATE"), "{:?}", story.said());
}

#[test]
fn an_outage_befalls_all_revisions_alike() {
    let mut story = Story::steady(5, 10, json!({}));
    befall(&mut story, 30, FaultKind::Outage { boots: 0.5, running_per_minute: 0.3, exit_code: 1 });
    story.advance(61);
    story.update(json!({"taskDefinition": "checkout:2"}));
    story.advance(20 * 60);
    for revision in ["checkout:1", "checkout:2"] {
        let died = story.with_status("STOPPED", revision);
        let died =
            died.iter().filter(|one| one["detail"]["stopCode"] == "EssentialContainerExited");
        assert!(died.count() > 3, "{revision}");
    }
}

#[test]
fn only_the_named_services_are_befallen() {
    let mut story = Story::steady(4, 3, json!({}));
    let input = json!({
        "cluster": CLUSTER, "serviceName": "cart", "taskDefinition": "checkout:3", "desiredCount": 3,
    });
    story.call("CreateService", input);
    story.settle();
    story.events.clear();
    let kind = FaultKind::LoseTasks { share: 1.0, as_host_failure: false };
    befall_only(&mut story, 0, kind, vec![SERVICE.to_owned()]);
    story.settle();
    assert_eq!(story.with_status("STOPPED", "checkout:1").len(), 3);
    assert_eq!(story.with_status("STOPPED", "checkout:3").len(), 0);
}

#[test]
fn lost_tasks_are_seen_as_ended_processes_or_as_a_failed_host() {
    let cases = [
        (false, "EssentialContainerExited", "Essential container in task exited"),
        (true, "InfrastructureHealth", "Task stopped due to an underlying host failure."),
    ];
    for (as_host_failure, code, reason) in cases {
        let mut story = Story::steady(6, 30, json!({}));
        befall(&mut story, 0, FaultKind::LoseTasks { share: 1.0 / 3.0, as_host_failure });
        story.settle();
        let lost = story.with_status("STOPPED", "checkout:1");
        assert!((4..=17).contains(&lost.len()), "{} of 30, a third expected", lost.len());
        for event in &lost {
            assert_eq!(event["detail"]["stopCode"], code);
            assert_eq!(event["detail"]["stoppedReason"], reason);
            // All in one instant, give or take what ECS takes to notice.
            assert!(
                ms_between(&lost[0]["detail"]["stoppingAt"], &event["detail"]["stoppingAt"]) < 1000
            );
        }
        assert_eq!(story.tasks().len(), 30, "they are replaced");
        assert_eq!(story.said(), ["STEADY_STATE"]);
    }
}

#[test]
fn spot_warns_before_it_takes_a_task_and_the_service_replaces_it_meanwhile() {
    let mut story = Story::steady(8, 4, json!({}));
    befall(&mut story, 0, FaultKind::SpotInterruption { share: 1.0 });
    story.settle();
    for stop in story.with_status("STOPPED", "checkout:1") {
        let id = short(&stop["detail"]["taskArn"]);
        let told: Vec<(&str, &str)> = story
            .of_task(&id)
            .into_iter()
            .map(|event| {
                let word = |name: &str| event["detail"][name].as_str().unwrap();
                assert_eq!(word("stopCode"), "SpotInterruption");
                assert_eq!(word("stoppedReason"), "Your Spot Task was interrupted.");
                (word("lastStatus"), word("desiredStatus"))
            })
            .collect();
        let way = ["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
        assert_eq!(told, way.map(|status| (status, "STOPPED")));
        let all = ms_between(&stop["detail"]["stoppingAt"], &stop["detail"]["stoppedAt"]);
        assert!((10_000..=180_000).contains(&all), "{all} ms");
    }
    assert_eq!(story.with_status("STOPPED", "checkout:1").len(), 4);
    assert_eq!(story.tasks().len(), 4);
}

#[test]
fn without_capacity_nothing_starts_and_ecs_says_so_until_there_is_some() {
    let mut story = Story::steady(9, 2, json!({}));
    befall(&mut story, 10, FaultKind::NoCapacity);
    story.advance(61);
    story.update(json!({"desiredCount": 5}));
    story.advance(8 * 60);
    assert_eq!(story.with_status("PROVISIONING", "checkout:1"), Vec::<&Value>::new());
    let said = story.said();
    assert!(
        said.len() >= 5 && said.iter().all(|name| name == "TASK_PLACEMENT_FAILURE"),
        "{said:?}"
    );
    let event = &story.events[0];
    assert_eq!(event["detail-type"], "ECS Service Action");
    assert_eq!(event["detail"]["eventType"], "ERROR");
    assert_eq!(event["detail"]["reason"], "RESOURCE:FARGATE");
    let input = json!({
        "cluster": CLUSTER, "taskDefinition": "checkout:1",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    let answer = story.call("RunTask", input);
    assert_eq!(answer["tasks"], json!([]));
    let reason = answer["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Capacity is unavailable"), "{reason}");
    story.settle();
    assert_eq!(story.tasks().len(), 5);
    assert_eq!(story.said().last().unwrap(), "STEADY_STATE");
}

#[test]
fn without_registry_or_secrets_tasks_fail_to_start_in_ecs_s_words() {
    let cases = [
        (FaultKind::NoRegistry, "CannotPullContainerError: ", "dial tcp: i/o timeout"),
        (
            FaultKind::NoSecrets,
            "ResourceInitializationError: unable to pull secrets",
            "configuration.",
        ),
    ];
    for (kind, begin, end) in cases {
        let mut story = Story::steady(10, 2, json!({}));
        befall(&mut story, 5, kind);
        story.advance(61);
        story.update(json!({"forceNewDeployment": true}));
        story.advance(240);
        let [failed, ..] = story.with_status("STOPPED", "checkout:1")[..] else {
            panic!("none failed");
        };
        assert_eq!(failed["detail"]["stopCode"], "TaskFailedToStart");
        let reason = failed["detail"]["stoppedReason"].as_str().unwrap();
        assert!(reason.starts_with(begin) && reason.ends_with(end), "{reason}");
        assert_eq!(failed["detail"].get("startedAt"), None);
        story.settle();
        assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
    }
}

#[test]
fn a_fault_that_began_in_the_past_begins_now() {
    let mut story = Story::steady(2, 2, json!({}));
    let at = story.ecs.now() - SignedDuration::from_hours(1);
    let kind = FaultKind::LoseTasks { share: 1.0, as_host_failure: true };
    let fault = Fault { at, lasts: SignedDuration::ZERO, services: Vec::new(), kind };
    story.ecs.befall(fault);
    story.advance(0);
    assert_eq!(story.with_status("DEACTIVATING", "checkout:1").len(), 2);
}
