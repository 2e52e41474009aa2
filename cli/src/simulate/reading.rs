//! From a scenario's file to a checked [`Scenario`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use steady_core::config::Finding;
use toml::de::DeTable;

use super::guard::Guard;
use super::read::{Reader, Table};
use super::scenario::{Breaker, Conduct, Deploy, Expect, Fault, FaultKind, Scenario, Service};
use super::strategy;

const PERCENT: RangeInclusive<u32> = 0..=400;
const ANY: RangeInclusive<SignedDuration> = SignedDuration::ZERO..=SignedDuration::from_hours(72);
const SOME: RangeInclusive<SignedDuration> =
    SignedDuration::from_secs(1)..=SignedDuration::from_hours(72);
/// More tasks would be more than one ECS service runs well; more services are more than one account's outage needs.
const TASKS: RangeInclusive<u32> = 1..=1000;
const COPIES: RangeInclusive<u32> = 1..=50;

/// Reads one file. `file` is its path as the caller gave it.
///
/// # Errors
/// All that is wrong with it, in the file's order.
pub fn read(file: &str, text: &str) -> Result<Scenario, Vec<Finding>> {
    let mut reader = Reader::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        reader.syntax(&errors);
        return Err(reader.into_findings());
    }
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.strip_suffix(".toml").unwrap_or(name).to_owned();
    let mut scenario = scenario(&mut reader, name, root.get_ref());
    scenario.reckon_before();
    if reader.is_clean() { Ok(scenario) } else { Err(reader.into_findings()) }
}

fn scenario(reader: &mut Reader<'_>, name: String, root: &DeTable<'_>) -> Scenario {
    let mut top = reader.root(root);
    let title = reader.text(&mut top, "title").unwrap_or_else(|| name.replace('-', " "));
    let about = reader.text(&mut top, "about");
    let bad = reader.flag(&mut top, "bad");
    if bad.is_none() && !root.contains_key("bad") {
        let fix = "write `bad = true` if the new revision is to blame, `bad = false` if it is not";
        reader.about(&top, "`bad` is missing".to_owned(), Some(fix.to_owned()));
    }
    let services = services(reader, &mut top);
    let mut revisions = Vec::new();
    let old = conduct(reader, &mut top, "old", &Conduct::default());
    let new = conduct(reader, &mut top, "new", &old);
    revisions.extend([old, new]);
    let faults = reader.tables(&mut top, "fault").into_iter();
    let faults: Vec<Fault> = faults.filter_map(|table| fault(reader, table, &services)).collect();
    let deploys = reader.tables(&mut top, "deploy").into_iter();
    let deploys = deploys.filter_map(|table| deploy(reader, table, &mut revisions)).collect();
    let mut horizon = SignedDuration::from_hours(2);
    let mut runs_at_most = None;
    if let Some(mut run) = reader.table(&mut top, "run") {
        let range = SignedDuration::from_mins(1)..=SignedDuration::from_hours(72);
        horizon = reader.duration(&mut run, "horizon", &range).unwrap_or(horizon);
        runs_at_most = reader.count(&mut run, "at_most", &(1..=1_000_000));
        reader.finish(&run);
    }
    let health = health(reader, &mut top);
    let expect = expectations(reader, &mut top, revisions.len());
    reader.finish(&top);
    Scenario {
        name,
        title,
        about,
        bad: bad.unwrap_or(false),
        services,
        revisions,
        faults,
        deploys,
        horizon,
        runs_at_most,
        health,
        expect,
        before: SignedDuration::ZERO,
    }
}

fn services(reader: &mut Reader<'_>, top: &mut Table<'_>) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let tables = reader.tables(top, "service");
    if !top.has("service") {
        let fix = "begin a section `[service]` with `tasks = 20`".to_owned();
        reader.about(top, "`service` is missing".to_owned(), Some(fix));
    }
    for mut table in tables {
        let name = reader.text(&mut table, "name").unwrap_or_else(|| "prod/checkout".to_owned());
        let copies = reader.count(&mut table, "copies", &COPIES);
        let (cluster, short) = name.split_once('/').unwrap_or(("prod", name.as_str()));
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if cluster.is_empty()
            || short.is_empty()
            || !(cluster.to_owned() + short).chars().all(allowed)
        {
            let message = format!("`{name}` is no service's name, expected `cluster/service`");
            reader.about(&table, message, None);
        }
        let tasks = reader.count(&mut table, "tasks", &TASKS);
        let one = Service {
            cluster: cluster.to_owned(),
            name: short.to_owned(),
            tasks: tasks.unwrap_or(2),
            deploys: reader.flag(&mut table, "deploys").unwrap_or(true),
            minimum_healthy_percent: reader
                .count(&mut table, "minimum_healthy_percent", &PERCENT)
                .unwrap_or(100),
            maximum_percent: reader.count(&mut table, "maximum_percent", &PERCENT).unwrap_or(200),
            strategy: strategy::read(reader, &mut table),
            load_balancer: reader.flag(&mut table, "load_balancer").unwrap_or(false),
            grace: reader.duration(&mut table, "grace", &ANY).unwrap_or_default(),
            breaker: breaker(reader, &mut table),
            health: None,
        };
        if one.maximum_percent <= one.minimum_healthy_percent && one.maximum_percent <= 100 {
            let message = "with these percentages ECS can replace no task".to_owned();
            let fix = "let `maximum_percent` be over 100, or `minimum_healthy_percent` under it";
            reader.about(&table, message, Some(fix.to_owned()));
        }
        if one.strategy.is_some() && !one.load_balancer {
            let message = "without a load balancer there is no traffic to shift".to_owned();
            reader.about(&table, message, Some("write `load_balancer = true`".to_owned()));
        }
        reader.finish(&table);
        match copies {
            None => services.push(one),
            Some(copies) => {
                services.extend((1..=copies).map(|number| Service {
                    name: format!("{}-{number}", one.name),
                    ..one.clone()
                }))
            }
        }
    }
    for (place, one) in services.iter().enumerate() {
        let before = services.iter().take(place);
        if before.into_iter().any(|other| other.name == one.name) {
            let message = format!("two services are named `{}/{}`", one.cluster, one.name);
            let fix = "give each a `name` of its own (it is also the task definition's family)";
            reader.about(top, message, Some(fix.to_owned()));
            break;
        }
    }
    services
}

fn breaker(reader: &mut Reader<'_>, service: &mut Table<'_>) -> Breaker {
    let mut breaker = Breaker { reset_on_healthy_task: true, threshold: None };
    let Some(mut table) = reader.table(service, "breaker") else { return breaker };
    if let Some(reset) = reader.flag(&mut table, "reset_on_healthy_task") {
        breaker.reset_on_healthy_task = reset;
    }
    let kinds = [
        ("count", "COUNT"),
        ("bounded-percent", "BOUNDED_PERCENT"),
        ("unbounded-percent", "UNBOUNDED_PERCENT"),
    ];
    let kind = reader.one_of(&mut table, "threshold", &kinds);
    let value = reader.count(&mut table, "value", &(1..=10_000));
    breaker.threshold = kind.zip(value);
    reader.finish(&table);
    breaker
}

/// A section of behaviour; what it does not say is as in `base`.
fn conduct(
    reader: &mut Reader<'_>,
    top: &mut Table<'_>,
    name: &'static str,
    base: &Conduct,
) -> Conduct {
    let Some(mut table) = reader.table(top, name) else { return base.clone() };
    let conduct = conduct_of(reader, &mut table, base);
    reader.finish(&table);
    conduct
}

/// Below 10,000 a day (one in nine seconds) nothing runs at all.
const CRASHES_PER_DAY: RangeInclusive<f64> = 0.0..=10_000.0;

fn conduct_of(reader: &mut Reader<'_>, table: &mut Table<'_>, base: &Conduct) -> Conduct {
    let code = reader.count(table, "exit_code", &(0..=255));
    let or = |given: Option<f64>, base: f64| given.unwrap_or(base);
    Conduct {
        failing_starts: or(reader.share(table, "failing_starts"), base.failing_starts),
        exit_code: code.map_or(base.exit_code, i64::from),
        exits_after: reader.duration(table, "exits_after", &ANY).or(base.exits_after),
        crashes_per_day: or(
            reader.number(table, "crashes_per_day", &CRASHES_PER_DAY),
            base.crashes_per_day,
        ),
        out_of_memory_every: reader
            .duration(table, "out_of_memory_every", &SOME)
            .or(base.out_of_memory_every),
        failing_health_checks: or(
            reader.share(table, "failing_health_checks"),
            base.failing_health_checks,
        ),
        health_checks_fail_after: reader
            .duration(table, "health_checks_fail_after", &SOME)
            .or(base.health_checks_fail_after),
        image_missing: reader.flag(table, "image_missing").unwrap_or(base.image_missing),
        running_after: reader.span(table, "running_after", &SOME).or(base.running_after),
        healthy_after: reader.span(table, "healthy_after", &ANY).or(base.healthy_after),
    }
}

const FAULTS: [(&str, &str); 5] = [
    ("outage", "outage"),
    ("lose-tasks", "lose-tasks"),
    ("spot-interruption", "spot-interruption"),
    ("no-capacity", "no-capacity"),
    ("registry-outage", "registry-outage"),
];

fn fault(reader: &mut Reader<'_>, mut table: Table<'_>, services: &[Service]) -> Option<Fault> {
    let at = required(reader, &mut table, "at");
    let kind = reader.one_of(&mut table, "kind", &FAULTS);
    if kind.is_none() && !table.has("kind") {
        reader.about(
            &table,
            "`kind` is missing".to_owned(),
            Some("write `kind = \"outage\"`".to_owned()),
        );
    }
    let kind = match kind? {
        "outage" => FaultKind::Outage {
            boots: reader.share(&mut table, "boots").unwrap_or(1.0),
            running_per_minute: reader
                .number(&mut table, "running_per_minute", &(0.0..=60.0))
                .unwrap_or(0.0),
            exit_code: reader.count(&mut table, "exit_code", &(0..=255)).map_or(1, i64::from),
        },
        "lose-tasks" => FaultKind::LoseTasks {
            share: reader.share(&mut table, "share").unwrap_or(1.0),
            as_host_failure: reader.flag(&mut table, "told_as_host").unwrap_or(false),
        },
        "spot-interruption" => {
            FaultKind::SpotInterruption { share: reader.share(&mut table, "share").unwrap_or(1.0) }
        }
        "no-capacity" => FaultKind::NoCapacity,
        _ => FaultKind::NoRegistry,
    };
    let is_instant =
        matches!(kind, FaultKind::LoseTasks { .. } | FaultKind::SpotInterruption { .. });
    let lasts = if is_instant { None } else { required(reader, &mut table, "for") };
    let of = named(reader, &mut table, services);
    reader.finish(&table);
    Some(Fault { at: at?, lasts: lasts.unwrap_or_default(), kind, services: of })
}

/// `services = ["prod/checkout"]`, each one of the scenario's.
fn named(
    reader: &mut Reader<'_>,
    table: &mut Table<'_>,
    services: &[Service],
) -> Option<Vec<String>> {
    let item = table.get("services")?;
    let known =
        |name: &str| services.iter().any(|one| format!("{}/{}", one.cluster, one.name) == name);
    let names: Option<Vec<&str>> = item
        .value
        .get_ref()
        .as_array()
        .and_then(|array| array.iter().map(|one| one.get_ref().as_str()).collect());
    match names {
        Some(names) if names.iter().all(|name| known(name)) => {
            Some(names.into_iter().map(str::to_owned).collect())
        }
        _ => {
            reader.flaw(
                &item,
                "expected names of services of this scenario, `[\"prod/checkout\"]`",
                None,
            );
            None
        }
    }
}

fn required(
    reader: &mut Reader<'_>,
    table: &mut Table<'_>,
    name: &'static str,
) -> Option<SignedDuration> {
    let duration = reader.duration(table, name, &ANY);
    if !table.has(name) {
        let fix = format!("write `{name} = \"2m\"`");
        reader.about(table, format!("`{name}` is missing"), Some(fix));
    }
    duration
}

fn deploy(
    reader: &mut Reader<'_>,
    mut table: Table<'_>,
    revisions: &mut Vec<Conduct>,
) -> Option<Deploy> {
    let at = required(reader, &mut table, "at");
    let known = reader.one_of(&mut table, "revision", &[("old", 0), ("new", 1)]);
    let revision = match known {
        Some(revision) => revision,
        // One of its own: what it does not say is as in the old revision.
        None => {
            let base = revisions.first().cloned().unwrap_or_default();
            let own = conduct_of(reader, &mut table, &base);
            revisions.push(own);
            revisions.len() - 1
        }
    };
    reader.finish(&table);
    Some(Deploy { at: at?, revision })
}

/// `[health]` of the services' config; `rollback` and `witness` are the guard's.
fn health(reader: &mut Reader<'_>, top: &mut Table<'_>) -> String {
    let Some(mut table) = reader.table(top, "health") else { return String::new() };
    let mut lines = String::new();
    for name in ["soak", "deadline", "rollback_window"] {
        if let Some(duration) = reader.duration(&mut table, name, &ANY) {
            let duration = steady_core::config::render_duration(duration);
            lines += &format!("{name} = \"{duration}\"\n");
        }
    }
    reader.finish(&table);
    lines
}

fn expectations(
    reader: &mut Reader<'_>,
    top: &mut Table<'_>,
    revisions: usize,
) -> BTreeMap<Guard, Expect> {
    let mut all = BTreeMap::new();
    let Some(mut table) = reader.table(top, "expect") else { return all };
    for guard in Guard::ALL {
        let Some(mut of) = reader.table(&mut table, guard.word()) else { continue };
        let minutes = 0.0..=4320.0;
        let expect = Expect {
            fired_at_least: reader.share(&mut of, "fired_at_least"),
            fired_at_most: reader.share(&mut of, "fired_at_most"),
            median_minutes_at_most: reader.number(&mut of, "median_minutes_at_most", &minutes),
            p90_minutes_at_most: reader.number(&mut of, "p90_minutes_at_most", &minutes),
            ends_on: reader.one_of(&mut of, "ends_on", ends(revisions)),
        };
        reader.finish(&of);
        all.insert(guard, expect);
    }
    reader.finish(&table);
    all
}

/// `newer` is that of the first deployment with a behaviour of its own.
fn ends(revisions: usize) -> &'static [(&'static str, usize)] {
    const ALL: &[(&str, usize)] = &[("old", 0), ("new", 1), ("newer", 2)];
    ALL.get(..revisions.min(ALL.len())).unwrap_or(ALL)
}
