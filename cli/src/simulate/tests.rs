//! What holds for every scenario, whatever is in it.

use proptest::prelude::*;
use serde_json::{Value, json};
use steady_core::event::{self, Body, Event};
use steady_core::name::Interner;
use steady_core::report::{Entry, What};
use steady_sim::{Behaviour, Ecs, Setup};

use super::guard::Guard;
use super::scenario::{self, Scenario};
use super::world::{Feed, MINUTE_0, World};
use super::{runs, typed};

/// A small scenario of every kind of behaviour and fault.
fn scenario() -> impl Strategy<Value = Scenario> {
    let new = prop::sample::select(vec![
        "failing_starts = 1.0",
        "failing_starts = 0.4",
        "exits_after = \"4m\"",
        "crashes_per_day = 700.0",
        "out_of_memory_every = \"6m\"",
        "failing_health_checks = 1.0",
        "image_missing = true",
        "exit_code = 3",
    ]);
    let fault = prop::sample::select(vec![
        "",
        "kind = \"outage\"\nfor = \"5m\"\nboots = 0.5\nrunning_per_minute = 0.5",
        "kind = \"lose-tasks\"\nshare = 0.5",
        "kind = \"lose-tasks\"\nshare = 0.5\ntold_as_host = true",
        "kind = \"spot-interruption\"\nshare = 0.5",
        "kind = \"no-capacity\"\nfor = \"5m\"",
        "kind = \"registry-outage\"\nfor = \"5m\"",
    ]);
    (new, fault, 1_u32..6, any::<bool>(), 0_u32..5).prop_map(|(new, fault, tasks, balanced, at)| {
        let mut text = format!(
            "bad = true\n[[service]]\ntasks = {tasks}\nload_balancer = {balanced}\n\
             [[service]]\nname = \"prod/search\"\ntasks = 2\ndeploys = false\n[new]\n{new}\n",
        );
        if !fault.is_empty() {
            text += &format!("[[fault]]\nat = \"{at}m\"\n{fault}\n");
        }
        text += &format!("[[deploy]]\nat = \"{}m\"\n[run]\nhorizon = \"30m\"\n", at + 8);
        scenario::read("random.toml", &text).unwrap()
    })
}

fn guard() -> impl Strategy<Value = Guard> {
    prop::sample::select(Guard::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The hot loop hands over facts. What ECS would have sent, as JSON and parsed, must decide the same.
    #[test]
    fn the_json_of_the_events_decides_what_the_facts_decide(
        scenario in scenario(), guard in guard(), seed in any::<u64>(),
    ) {
        let (facts, told, _) = World::new(&scenario, guard, seed, Feed::Facts).told();
        let (json, written, events) = World::new(&scenario, guard, seed, Feed::Json).told();
        prop_assert_eq!(facts, json);
        prop_assert_eq!(told.entries, written.entries);
        prop_assert!(!events.is_empty());
    }

    /// What one of Steady's guards has seen is not played again for the others.
    #[test]
    fn a_guard_beside_others_does_what_it_does_alone(scenario in scenario(), seed in any::<u64>()) {
        let together = runs::one(&scenario, &Guard::ALL, seed);
        let alone = Guard::ALL.map(|guard| runs::one(&scenario, &[guard], seed)[0].fired_after);
        prop_assert_eq!(together.iter().map(|one| one.fired_after).collect::<Vec<_>>(), alone);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let text = "bad = true\n[service]\ntasks = 4\n[new]\nfailing_starts = 0.5\n";
    let scenarios: Vec<Scenario> =
        ["a.toml", "b.toml", "c.toml"].map(|file| scenario::read(file, text).unwrap()).into();
    let with = |threads| runs::all(&scenarios, &Guard::ALL, 10, 3, threads);
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(7));
}

/// An ECS that deploys an image that is not there.
fn failing(ecs: Ecs) -> Ecs {
    let mut ecs = ecs;
    let call = |ecs: &mut Ecs, operation: &str, input: Value| {
        ecs.call(operation, &input).unwrap();
    };
    call(&mut ecs, "CreateCluster", json!({"clusterName": "prod"}));
    let containers = json!([{"name": "app", "image": "checkout:1"}]);
    let definition = json!({"family": "checkout", "containerDefinitions": containers});
    call(&mut ecs, "RegisterTaskDefinition", definition);
    ecs.behave(
        "checkout:1",
        Behaviour::Sometimes { percent: 50, how: Box::new(Behaviour::CannotPullImage) },
    );
    let service = json!({
        "cluster": "prod", "serviceName": "checkout", "taskDefinition": "checkout:1", "desiredCount": 5,
    });
    call(&mut ecs, "CreateService", service);
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    call(
        &mut ecs,
        "RunTask",
        json!({"cluster": "prod", "taskDefinition": "checkout:1", "networkConfiguration": network}),
    );
    ecs
}

#[test]
fn every_kind_of_event_becomes_what_its_json_becomes() {
    let start: jiff::Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
    let setup =
        || Setup { account: "111122223333".into(), region: "eu-west-1".into(), seed: 5, start };
    let until = start + jiff::SignedDuration::from_hours(1);
    let mut to = typed::Facts::of("111122223333", "eu-west-1");
    let facts = failing(Ecs::new(setup()).telling_facts()).advance_facts(until);
    let events: Vec<Event> = facts.into_iter().map(|told| to.event(told)).collect();
    let mut interner = Interner::default();
    let told = failing(Ecs::new(setup())).advance(until);
    let parsed = told
        .iter()
        .map(|told| (event::parse(told.to_string().as_bytes(), &mut interner).unwrap(), told));
    // On its way to RUNNING a task tells nobody anything.
    let tells = |event: &Event| match &event.body {
        Body::Task(task) => task.tells_of_stop() || task.is_running(),
        _ => true,
    };
    let told: Vec<(Event, &Value)> = parsed.filter(|(event, _)| tells(event)).collect();
    assert_eq!(events.len(), told.len());
    for (event, (parsed, told)) in events.into_iter().zip(told) {
        assert_eq!(event, Event { id: None, ..parsed }, "{told}");
    }
}

/// What Steady decides in the first run of a scenario's file: whole minutes, and what.
fn decided(file: &str) -> Vec<String> {
    let path = format!("{}/../examples/scenarios/{file}.toml", env!("CARGO_MANIFEST_DIR"));
    let scenario = scenario::read(file, &std::fs::read_to_string(path).unwrap()).unwrap();
    let (_, story, _) = World::new(&scenario, Guard::Act, runs::seed_of(1, 0), Feed::Facts).told();
    let line = |entry: &Entry| {
        let minutes = entry.at.duration_since(MINUTE_0).as_mins();
        match &entry.what {
            // What is open is told again by the clock.
            What::Stop(_) | What::Sent(_) | What::Notice(_) | What::Escalated { .. } => None,
            What::Rollback(action) => {
                let call = action.to_string();
                let call = call.split([':', ',']).find(|part| part.contains("Service"));
                Some(format!("{minutes} {}", call.unwrap_or_default().trim()))
            }
            what => Some(format!("{minutes} {}", what.kind())),
        }
    };
    story.entries.iter().filter(|entry| entry.at > MINUTE_0).filter_map(line).collect()
}

#[test]
fn a_rollback_by_stages_is_over_when_its_traffic_is() {
    let stop = "StopServiceDeployment with ROLLBACK";
    let (opened, begun, resolved) = ("incident-opened", "rollback-begun", "incident-resolved");
    // In flight ECS goes back at once. After completion it goes through all stages again: 7, 15 and 17 minutes.
    for (file, [at, acts, ends], call) in [
        ("blue-green-crash-at-start-20", [1, 2, 5], stop),
        // All traffic has shifted, so blue is no comparison: it is held as after completion.
        ("blue-green-crash-in-bake-20", [6, 8, 12], stop),
        ("canary-crash-mid-shift-20", [6, 6, 10], stop),
        ("blue-green-crash-after-completion-20", [13, 15, 26], "UpdateService"),
        ("linear-crash-after-completion-20", [21, 23, 43], "UpdateService"),
        ("canary-crash-after-completion-20", [23, 25, 46], "UpdateService"),
    ] {
        assert_eq!(
            decided(file),
            [
                format!("{at} {opened}"),
                format!("{acts} {call}"),
                format!("{acts} {begun}"),
                format!("{ends} {resolved}"),
            ],
            "{file}"
        );
    }
    // The old tasks take a part of the traffic, and convict as that: it takes half a minute more of crashes.
    assert_eq!(
        decided("linear-crash-mid-shift-20"),
        [
            format!("6 {opened}"),
            "6 rollback-refused".to_owned(),
            format!("7 {stop}"),
            format!("7 {begun}"),
            format!("10 {resolved}"),
        ]
    );
    assert_eq!(decided("canary-healthy-20"), [""; 0]);
}
