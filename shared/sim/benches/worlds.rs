//! How long a world takes: `cargo bench -p steady-sim`. Each is run many times with seeds of its own, in turns with the
//! same world telling JSON, so that the ratio holds whatever the machine.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and may end at a surprise"
)]

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::json;
use steady_sim::{Behaviour, Ecs, Mixed, Setup};

struct World {
    name: &'static str,
    tasks: u32,
    new: Mixed,
    minutes: i64,
    runs: u32,
}

fn main() {
    let crash = |failing_starts| Mixed { failing_starts, ..Mixed::default() };
    let daily = Mixed { crashes_per_day: 1.0, ..Mixed::default() };
    let worlds = [
        World {
            name: "every start crashes, 3 min",
            tasks: 500,
            new: crash(1.0),
            minutes: 3,
            runs: 20,
        },
        World {
            name: "every start crashes, 10 min",
            tasks: 20,
            new: crash(1.0),
            minutes: 10,
            runs: 200,
        },
        World {
            name: "1 crash per task-day, 24 h",
            tasks: 500,
            new: daily,
            minutes: 1440,
            runs: 5,
        },
    ];
    println!(
        "{:32} {:>5} {:>12} {:>12} {:>7} {:>10}",
        "world", "tasks", "facts, ms", "JSON, ms", "ratio", "events"
    );
    for world in worlds {
        let (mut facts, mut texts, mut events) = (Duration::ZERO, Duration::ZERO, 0);
        for seed in 0..world.runs {
            let begun = Instant::now();
            events = run(&world, seed.into(), true);
            facts += begun.elapsed();
            let begun = Instant::now();
            assert_eq!(run(&world, seed.into(), false), events, "both tell the same");
            texts += begun.elapsed();
        }
        let ms = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(world.runs);
        let (facts, texts) = (ms(facts), ms(texts));
        println!(
            "{:32} {:>5} {facts:>12.2} {texts:>12.2} {:>7.1} {events:>10}",
            world.name,
            world.tasks,
            texts / facts
        );
    }
}

fn run(world: &World, seed: u64, as_facts: bool) -> usize {
    let start = "2026-11-21T02:00:00Z".parse().expect("a time");
    let setup = Setup { account: "111122223333".into(), region: "eu-west-1".into(), seed, start };
    let ecs = Ecs::new(setup);
    let mut ecs = if as_facts { ecs.telling_facts() } else { ecs };
    ecs.call("CreateCluster", &json!({"clusterName": "prod"})).unwrap();
    for _ in 0..2 {
        let containers = json!([{"name": "app", "image": "checkout:1"}]);
        ecs.call(
            "RegisterTaskDefinition",
            &json!({"family": "checkout", "containerDefinitions": containers}),
        )
        .unwrap();
    }
    let service = json!({
        "cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1", "desiredCount": world.tasks,
    });
    ecs.call("CreateService", &service).unwrap();
    ecs.settle("prod", "checkout").unwrap();
    ecs.behave("checkout:2", Behaviour::Mixed(Box::new(world.new.clone())));
    ecs.call(
        "UpdateService",
        &json!({"cluster": "prod", "service": "checkout", "taskDefinition": "checkout:2"}),
    )
    .unwrap();
    let until = start + SignedDuration::from_mins(world.minutes);
    let mut count = 0;
    while let Some(next) = ecs.next_at().filter(|next| *next <= until) {
        count += if as_facts { ecs.advance_facts(next).len() } else { ecs.advance(next).len() };
    }
    count
}
