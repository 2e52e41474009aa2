//! One run: an account with the scenario's services, what befalls it, and one guard.
//!
//! The services run their old revision for a while, so that it is proven; at minute 0 the new one is deployed. ECS tells
//! its events at once; those of one second reach the guard together when that second is over.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_core::event::{self, Event};
use steady_core::name::Interner;
use steady_sim::{Behaviour, Ecs, Mixed, Setup};

use super::aws::Aws;
use super::guard::{Guard, Watching};
use super::scenario::{Conduct, Scenario, Service};
use super::story::Story;
use super::typed::Facts;

/// The account of all scenarios.
const ACCOUNT: &str = "111122223333";

/// Its region.
const REGION: &str = "eu-west-1";

/// Minute 0 of every run.
pub(super) const MINUTE_0: Timestamp = Timestamp::constant(1_795_226_400, 0);

/// The end of a health check's failure where a scenario says nothing: the middle of the recorded 63 to 79 s.
const CHECKS_FAIL_AFTER: SignedDuration = SignedDuration::from_secs(71);

/// Whether ECS tells its events as facts, or as the JSON that it would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// For statistics.
    Facts,
    /// To write them out, too.
    Json,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// When the guard fired first, from minute 0.
    pub(super) fired_after: Option<SignedDuration>,
    /// When key 1 turned first, likewise; `None` too for a guard that has none.
    pub(super) key1_after: Option<SignedDuration>,
    /// What all services run at the end (place of the revision), if they run the same.
    pub(super) ends_on: Option<usize>,
}

/// A run.
#[derive(Debug)]
pub(super) struct World<'a> {
    scenario: &'a Scenario,
    aws: Aws,
    watching: Watching,
    feed: Feed,
    facts: Facts,
    interner: Interner,
    /// The JSON of what was told, where it is wanted.
    told: Vec<Value>,
    /// Deployments to come, in order of time: which service, which revision.
    agenda: VecDeque<(Timestamp, usize, usize)>,
    /// When ECS tells what came of the guard's own call.
    acted_at: Option<Timestamp>,
    outcome: Outcome,
}

impl<'a> World<'a> {
    /// A run of `scenario` with `guard`; everything random in it comes of `seed`.
    pub(super) fn new(scenario: &'a Scenario, guard: Guard, seed: u64, feed: Feed) -> Self {
        let start = MINUTE_0.saturating_sub(scenario.before).unwrap_or(MINUTE_0);
        let setup = Setup { account: ACCOUNT.into(), region: REGION.into(), seed, start };
        let ecs = Ecs::new(setup);
        let mut ecs = if feed == Feed::Facts { ecs.telling_facts() } else { ecs };
        people(&mut ecs, scenario, guard);
        let mut agenda: Vec<(Timestamp, usize, usize)> = Vec::new();
        for (place, service) in scenario.services.iter().enumerate() {
            if service.deploys {
                agenda.push((MINUTE_0, place, 1));
            }
            let later = scenario.deploys.iter().filter(|_| service.deploys);
            agenda.extend(later.map(|one| (after(one.at), place, one.revision)));
        }
        agenda.sort_by_key(|(at, ..)| *at);
        Self {
            scenario,
            aws: Aws::new(ecs),
            watching: Watching::new(guard, scenario, seed),
            feed,
            facts: Facts::of(ACCOUNT, REGION),
            interner: Interner::default(),
            told: Vec::new(),
            agenda: agenda.into(),
            acted_at: None,
            outcome: Outcome::default(),
        }
    }

    /// Plays until the guard has fired, or cannot fire any more, or the horizon is reached.
    pub(super) fn until_fired(mut self) -> Outcome {
        self.play(true, None);
        self.outcome
    }

    /// Plays to the horizon.
    pub(super) fn until_the_end(mut self) -> Outcome {
        self.play(false, None);
        self.outcome.ends_on = self.ends_on();
        self.outcome
    }

    /// Plays to the horizon and writes down what happens.
    pub(super) fn told(mut self) -> (Outcome, Story, Vec<Value>) {
        let mut story = Story::new(self.scenario);
        self.play(false, Some(&mut story));
        self.outcome.ends_on = self.ends_on();
        (self.outcome, story, self.told)
    }

    fn play(&mut self, until_fired: bool, mut story: Option<&mut Story>) {
        let end = after(self.scenario.horizon);
        while let Some(now) = self.next().filter(|next| *next <= end) {
            let mut events = self.events(now);
            while let Some((_, service, revision)) = self.agenda.pop_front_if(|(at, ..)| *at <= now)
            {
                self.deploy(service, revision);
                events.append(&mut self.events(now));
            }
            for event in &events {
                self.aws.note(event);
                if let Some(story) = story.as_deref_mut() {
                    story.event(event, now);
                }
            }
            let heard = self.watching.hear(events, &mut self.aws, now);
            if heard.acted {
                self.acted_at = now.checked_add(SignedDuration::from_secs(1)).ok();
            }
            if now >= MINUTE_0 {
                let since = now.duration_since(MINUTE_0);
                let outcome = &mut self.outcome;
                outcome.fired_after = outcome.fired_after.or(heard.fires.then_some(since));
                outcome.key1_after = outcome.key1_after.or(heard.turns_key1.then_some(since));
            }
            if let Some(story) = story.as_deref_mut() {
                story.heard(heard, &self.watching, &self.aws, now);
            }
            let is_over = now > MINUTE_0 && self.agenda.is_empty() && self.watching.is_done();
            if until_fired && (self.outcome.fired_after.is_some() || is_over) {
                return;
            }
        }
    }

    /// When something happens next: at the end of the second in which ECS does something.
    fn next(&mut self) -> Option<Timestamp> {
        let ecs = self.aws.ecs().next_at();
        let agenda = self.agenda.front().map(|(at, ..)| *at);
        let all = [ecs.map(whole_second), agenda, self.watching.wakes(), self.acted_at.take()];
        all.into_iter().flatten().min()
    }

    fn events(&mut self, until: Timestamp) -> Vec<Event> {
        let ecs = self.aws.ecs();
        match self.feed {
            Feed::Facts => {
                let told = ecs.advance_facts(until).into_iter();
                told.map(|told| self.facts.event(told)).collect()
            }
            Feed::Json => {
                let told = ecs.advance(until);
                let parse = |told: &Value| {
                    event::parse(told.to_string().as_bytes(), &mut self.interner).ok()
                };
                let events = told.iter().filter_map(parse).collect();
                self.told.extend(told);
                events
            }
        }
    }

    fn deploy(&mut self, service: usize, revision: usize) {
        let ecs = self.aws.ecs();
        let Some(service) = self.scenario.services.get(service) else { return };
        let input = json!({
            "cluster": service.cluster, "service": service.name,
            "taskDefinition": format!("{}:{}", service.name, revision + 1),
        });
        let _ = ecs.call("UpdateService", &input);
    }

    fn ends_on(&mut self) -> Option<usize> {
        let ecs = self.aws.ecs();
        let mut on = self.scenario.services.iter().filter(|one| one.deploys).map(|service| {
            let input = json!({"cluster": service.cluster, "services": [service.name]});
            let found = ecs.call("DescribeServices", &input).ok()?;
            let revision = found.pointer("/services/0/taskDefinition")?.as_str()?;
            revision.rsplit(':').next()?.parse::<usize>().ok()?.checked_sub(1)
        });
        let first = on.next()??;
        on.all(|other| other == Some(first)).then_some(first)
    }
}

/// So long after minute 0.
fn after(duration: SignedDuration) -> Timestamp {
    MINUTE_0.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

fn whole_second(at: Timestamp) -> Timestamp {
    let second = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(at)
}

// ---- what people do ----

/// What stands in the account before the run begins, and what is going to befall it.
fn people(ecs: &mut Ecs, scenario: &Scenario, guard: Guard) {
    for service in &scenario.services {
        let _ = ecs.call("CreateCluster", &json!({"clusterName": service.cluster}));
        for (place, conduct) in scenario.revisions.iter().enumerate() {
            let image = format!("{}:{}", service.name, place + 1);
            let containers = json!([{"name": "app", "image": image, "essential": true}]);
            let definition = json!({"family": service.name, "containerDefinitions": containers});
            let _ = ecs.call("RegisterTaskDefinition", &definition);
            ecs.behave(&image, Behaviour::Mixed(Box::new(mixed(conduct))));
        }
        let _ = ecs.call("CreateService", &definition_of(service, guard));
    }
    for fault in &scenario.faults {
        let services = fault.services.iter().flatten();
        let short = |name: &String| name.split_once('/').map_or(name.clone(), |(_, it)| it.into());
        ecs.befall(steady_sim::Fault {
            at: after(fault.at),
            lasts: fault.lasts,
            services: services.map(short).collect(),
            kind: fault.kind.clone(),
        });
    }
}

fn mixed(conduct: &Conduct) -> Mixed {
    let checks = conduct.failing_health_checks;
    let fail_after = conduct.health_checks_fail_after.unwrap_or(CHECKS_FAIL_AFTER);
    Mixed {
        failing_starts: conduct.failing_starts,
        exits_after: conduct.exits_after,
        crashes_per_day: conduct.crashes_per_day,
        out_of_memory_every: conduct.out_of_memory_every,
        failing_health_checks: (checks > 0.0).then_some((checks, fail_after)),
        cannot_pull_image: if conduct.image_missing { 1.0 } else { 0.0 },
        exit_code: conduct.exit_code,
        starts_within: conduct.running_after,
        healthy_within: conduct.healthy_after,
    }
}

fn definition_of(service: &Service, guard: Guard) -> Value {
    let mut breaker = json!({"enable": false, "rollback": false});
    if guard == Guard::Breaker {
        breaker = json!({
            "enable": true, "rollback": true,
            "resetOnHealthyTask": service.breaker.reset_on_healthy_task,
        });
        if let (Some((kind, value)), Some(to)) =
            (service.breaker.threshold, breaker.as_object_mut())
        {
            to.insert("thresholdConfiguration".into(), json!({"type": kind, "value": value}));
        }
    }
    let group = format!(
        "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{}/6d0ecf831eec9f09",
        service.name,
    );
    let balancers =
        json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]);
    let mut configuration = json!({
        "minimumHealthyPercent": service.minimum_healthy_percent,
        "maximumPercent": service.maximum_percent,
        "deploymentCircuitBreaker": breaker,
    });
    if let (Some(strategy), Some(to)) = (&service.strategy, configuration.as_object_mut()) {
        strategy.configure(to);
    }
    json!({
        "cluster": service.cluster,
        "serviceName": service.name,
        "taskDefinition": format!("{}:1", service.name),
        "desiredCount": service.tasks,
        "launchType": "FARGATE",
        "healthCheckGracePeriodSeconds": service.grace.as_secs(),
        "loadBalancers": if service.load_balancer { balancers } else { json!([]) },
        "deploymentConfiguration": configuration,
    })
}
