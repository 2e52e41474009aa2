//! What is emitted is what the domain reads: every event parses, and every stop is classified as it was meant.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;
use steady_core::event::{self, Body, TaskEvent};
use steady_core::name::Interner;
use steady_core::stop::{ContainerEnd, GroupKind, Stop, classify};
use steady_sim::Behaviour;

use crate::story::Story;

fn verdict(task: &TaskEvent) -> String {
    let containers: Vec<ContainerEnd<'_>> = task
        .containers
        .iter()
        .map(|one| ContainerEnd {
            name: one.name.as_deref(),
            exit_code: one.exit_code,
            reason: one.reason.as_deref(),
        })
        .collect();
    let found = classify(&Stop {
        stop_code: task.stop_code.as_ref(),
        stopped_reason: task.stopped_reason.as_deref(),
        containers: &containers,
        group: GroupKind::Service,
    });
    format!("{} {}", found.verdict, found.cause.slug())
}

/// Behaviour, whether behind a load balancer, verdict and cause of the stops it makes.
fn cases() -> Vec<(Behaviour, bool, &'static str)> {
    let run = SignedDuration::from_secs(4);
    let exit = |code| Behaviour::ExitsAfter { run, container: None, code };
    vec![
        (exit(1), false, "revision exit-code"),
        (exit(0), false, "revision exit-zero"),
        (exit(139), true, "revision signal-crash"),
        (Behaviour::OutOfMemoryAfter { run }, false, "revision out-of-memory"),
        (Behaviour::CannotPullImage, false, "revision image-not-found"),
        (Behaviour::FailsHealthChecks, true, "revision elb-health-check"),
        (Behaviour::FailsHealthChecks, false, "revision container-health-check"),
    ]
}

#[test]
fn every_event_parses_and_every_stop_is_classified_as_it_was_meant() {
    for (seed, (behaviour, load_balancer, expected)) in (0..).zip(cases()) {
        let balancers = if load_balancer {
            json!([{"targetGroupArn": "arn:aws:x:targetgroup/a"}])
        } else {
            json!([])
        };
        let mut story = Story::steady(seed, 2, json!({"loadBalancers": balancers}));
        story.ecs.behave("checkout:2", behaviour.clone());
        story.update(json!({"taskDefinition": "checkout:2"}));
        story.advance(600);
        let asked = story.service()["currentServiceDeployment"].clone();
        story.call("StopServiceDeployment", json!({"serviceDeploymentArn": asked}));
        story.advance(600);
        let mut interner = Interner::default();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for event in &story.events {
            let read = event::parse(event.to_string().as_bytes(), &mut interner)
                .unwrap_or_else(|error| panic!("{error}: {event}"));
            assert_eq!(read.time.unwrap().to_string(), event["time"].as_str().unwrap());
            match read.body {
                Body::Task(task) => {
                    assert_eq!(task.service().unwrap().as_str(), "prod/checkout");
                    assert_eq!(
                        task.deployment.as_ref().unwrap().as_str(),
                        event["detail"]["startedBy"].as_str().unwrap()
                    );
                    if event["detail"]["lastStatus"] == "STOPPED" {
                        *found.entry(verdict(&task)).or_default() += 1;
                    }
                }
                Body::Deployment(one) => assert_eq!(one.service.unwrap().as_str(), "prod/checkout"),
                Body::ServiceAction(one) => {
                    assert_eq!(one.service.unwrap().as_str(), "prod/checkout")
                }
                Body::Hook(_) | Body::Alarm(_) | Body::Parameter(_) | Body::Other { .. } => {
                    panic!("{event}")
                }
            }
        }
        assert!(found.remove(expected).unwrap_or(0) >= 2, "{behaviour:?}: {found:?}");
        found.remove("benign replaced");
        assert_eq!(found, BTreeMap::new(), "{behaviour:?}");
    }
}

#[test]
fn a_scale_in_and_a_callers_stop_are_benign() {
    let mut story = Story::steady(31, 3, json!({}));
    let task = story.tasks()[0]["taskArn"].clone();
    story.call("StopTask", json!({"cluster": "prod", "task": task}));
    story.settle();
    story.update(json!({"desiredCount": 1}));
    story.settle();
    let mut interner = Interner::default();
    let found: Vec<String> = story
        .with_status("STOPPED", "checkout:1")
        .into_iter()
        .map(|event| event::parse(event.to_string().as_bytes(), &mut interner).unwrap())
        .filter_map(|event| match event.body {
            Body::Task(task) => Some(verdict(&task)),
            _ => None,
        })
        .collect();
    assert_eq!(found, ["benign stopped-by-caller", "benign replaced", "benign replaced"]);
}
