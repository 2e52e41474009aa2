//! The same seed gives the same bytes, however time passes.

use serde_json::json;

use crate::story::Story;

/// A crash loop with everything that may vary, in one leap or step by step.
fn told(seed: u64, step_by_step: bool) -> String {
    let mut story = Story::created(seed, 3, json!({}));
    story.advance(300);
    story.crash("checkout:2", 30);
    story.update(json!({"taskDefinition": "checkout:2"}));
    if step_by_step {
        for _ in 0..1800 {
            story.advance(1);
        }
    } else {
        story.advance(1800);
    }
    let service = story.service();
    let events: String = story.events.iter().map(|event| format!("{event}\n")).collect();
    format!("{events}{service}")
}

#[test]
fn a_seed_gives_the_same_bytes_each_time_and_another_one_other_ids() {
    assert_eq!(told(7, false), told(7, false));
    let (seven, eight) = (told(7, false), told(8, false));
    let ids = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|event| event["id"].as_str().map(str::to_owned))
            .collect()
    };
    let (seven, eight) = (ids(&seven), ids(&eight));
    assert!(seven.len() > 100);
    let unique: std::collections::BTreeSet<&String> = seven.iter().chain(&eight).collect();
    assert_eq!(unique.len(), seven.len() + eight.len(), "an id was given twice");
}

#[test]
fn small_steps_and_one_leap_give_the_same_bytes() {
    assert_eq!(told(7, true), told(7, false));
}

#[test]
fn time_never_goes_back() {
    let mut story = Story::created(7, 1, json!({}));
    let before = story.ecs.now();
    // What the call emitted comes out although no time passes.
    assert_eq!(story.ecs.advance(before - jiff::SignedDuration::from_secs(60)).len(), 1);
    assert_eq!(story.ecs.now(), before);
    assert!(story.ecs.next_at().unwrap() > before);
    let mut last = String::new();
    story.settle();
    for event in &story.events {
        let time = event["time"].as_str().unwrap().to_owned();
        assert!(time >= last, "{time} after {last}");
        assert_eq!(time.len(), "2026-11-21T02:00:00Z".len());
        if let Some(updated) = event["detail"]["updatedAt"].as_str()
            && event["detail-type"] == "ECS Task State Change"
        {
            assert_eq!(time[..19], updated[..19], "the event's time is the truncated `updatedAt`");
        }
        last = time;
    }
    assert_eq!(story.ecs.next_at(), None);
}
