//! A simulated ECS with one service, and what it said.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use steady_sim::{ApiError, Behaviour, Ecs, Setup};

pub(crate) const CLUSTER: &str = "prod";
pub(crate) const SERVICE: &str = "checkout";

pub(crate) struct Story {
    pub(crate) ecs: Ecs,
    pub(crate) events: Vec<Value>,
}

pub(crate) fn setup(seed: u64) -> Setup {
    Setup {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        seed,
        start: "2026-11-21T02:00:00Z".parse().unwrap(),
    }
}

/// The last line of an ARN or id.
pub(crate) fn short(arn: &Value) -> String {
    let text = arn.as_str().unwrap_or_default();
    text.rsplit_once('/').map_or(text, |(_, last)| last).to_owned()
}

impl Story {
    /// A cluster and task definitions `checkout:1` to `:4`; no service yet.
    pub(crate) fn empty(seed: u64) -> Self {
        let mut story = Self { ecs: Ecs::new(setup(seed)), events: Vec::new() };
        story.call("CreateCluster", json!({"clusterName": CLUSTER}));
        for revision in 1..=4 {
            story.call(
                "RegisterTaskDefinition",
                json!({
                    "family": SERVICE,
                    "cpu": "256",
                    "memory": "512",
                    "containerDefinitions": [
                        {"name": "app", "image": format!("registry.example/checkout:{revision}")},
                        {"name": "router", "image": "registry.example/router:1", "essential": false},
                    ],
                }),
            );
        }
        story
    }

    /// The service, with more members of CreateService over the usual ones, not yet moved.
    pub(crate) fn created(seed: u64, desired_count: u32, more: Value) -> Self {
        let mut story = Self::empty(seed);
        let mut input = json!({
            "cluster": CLUSTER,
            "serviceName": SERVICE,
            "taskDefinition": "checkout:1",
            "desiredCount": desired_count,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}},
        });
        let Value::Object(more) = more else { panic!("{more}") };
        input.as_object_mut().unwrap().extend(more);
        story.call("CreateService", input);
        story
    }

    /// The same, deployed and steady; what was said until then is forgotten.
    pub(crate) fn steady(seed: u64, desired_count: u32, more: Value) -> Self {
        let mut story = Self::created(seed, desired_count, more);
        story.settle();
        assert_eq!(story.rollout(), ["PRIMARY checkout:1 COMPLETED"]);
        story.events.clear();
        story
    }

    pub(crate) fn call(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(operation, input).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn try_call(&mut self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.ecs.call(operation, &input)
    }

    /// UpdateService of the service.
    pub(crate) fn update(&mut self, more: Value) -> Value {
        let mut input = json!({"cluster": CLUSTER, "service": SERVICE});
        let Value::Object(more) = more else { panic!("{more}") };
        input.as_object_mut().unwrap().extend(more);
        self.call("UpdateService", input)["service"].clone()
    }

    pub(crate) fn crash(&mut self, revision: &str, run_s: i64) {
        let run = SignedDuration::from_secs(run_s);
        self.ecs.behave(revision, Behaviour::ExitsAfter { run, container: None, code: 1 });
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        let until = self.ecs.now() + SignedDuration::from_secs(seconds);
        self.events.extend(self.ecs.advance(until));
    }

    /// One thing that is to come, and whatever comes at the same instant. `false` if nothing does.
    pub(crate) fn step(&mut self) -> bool {
        let Some(next) = self.ecs.next_at() else {
            let now = self.ecs.now();
            self.events.extend(self.ecs.advance(now));
            return false;
        };
        self.events.extend(self.ecs.advance(next));
        true
    }

    /// Until nothing is to come, an hour at most.
    pub(crate) fn settle(&mut self) {
        let end = self.ecs.now() + SignedDuration::from_hours(1);
        while self.step() {
            assert!(self.ecs.now() < end, "not settled within an hour");
        }
    }

    pub(crate) fn service(&mut self) -> Value {
        self.call("DescribeServices", json!({"cluster": CLUSTER, "services": [SERVICE]}))
            ["services"][0]
            .clone()
    }

    /// `PRIMARY checkout:2 IN_PROGRESS` for each deployment.
    pub(crate) fn rollout(&mut self) -> Vec<String> {
        let service = self.service();
        service["deployments"].as_array().unwrap().iter().map(brief).collect()
    }

    pub(crate) fn primary(&mut self) -> String {
        self.service()["deployments"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The service deployment that the service names as its current one.
    pub(crate) fn service_deployment(&mut self) -> Value {
        let arn = self.service()["currentServiceDeployment"].clone();
        self.describe_service_deployment(&arn)
    }

    pub(crate) fn describe_service_deployment(&mut self, arn: &Value) -> Value {
        self.call("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]}))
            ["serviceDeployments"][0]
            .clone()
    }

    /// All tasks of the service that ECS wants to run, described.
    pub(crate) fn tasks(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut input = json!({"cluster": CLUSTER, "serviceName": SERVICE});
        loop {
            let page = self.call("ListTasks", input.clone());
            let arns = page["taskArns"].clone();
            if !arns.as_array().unwrap().is_empty() {
                let found = self.call("DescribeTasks", json!({"cluster": CLUSTER, "tasks": arns}));
                all.extend(found["tasks"].as_array().unwrap().clone());
            }
            match page.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => return all,
            }
        }
    }

    /// What deployments and the service said: `DEPLOYMENT_COMPLETED`, `STEADY_STATE`.
    pub(crate) fn said(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| event["detail"]["eventName"].as_str())
            .map(|name| name.trim_start_matches("SERVICE_").to_owned())
            .collect()
    }

    /// The events of one task, by its id.
    pub(crate) fn of_task(&self, id: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| short(&event["detail"]["taskArn"]) == id).collect()
    }

    /// Task events with this `lastStatus` of a revision.
    pub(crate) fn with_status(&self, status: &str, revision: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|event| event["detail"]["lastStatus"] == status)
            .filter(|event| short(&event["detail"]["taskDefinitionArn"]) == revision)
            .collect()
    }
}

pub(crate) fn brief(deployment: &Value) -> String {
    format!(
        "{} {} {}",
        deployment["status"].as_str().unwrap(),
        short(&deployment["taskDefinition"]),
        deployment["rolloutState"].as_str().unwrap()
    )
}

/// A time of an event's detail, as milliseconds after another one.
pub(crate) fn ms_between(from: &Value, to: &Value) -> i64 {
    let read = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    read(to).duration_since(read(from)).as_millis().try_into().unwrap()
}
