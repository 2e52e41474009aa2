//! State as JSON: a task (in events and in answers), and the answers about services and their deployments.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Ecs;
use crate::seed::{Seed, digest};
use crate::service::{
    Deployment, RolloutState, Service, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision,
};
use crate::task::{Placement, Status, Task};

/// Who reads it: times and a few names differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// EventBridge: times are ISO texts, the interface's attachment is of type `eni`, no health.
    Event,
    /// The API: times are seconds, the attachment is an `ElasticNetworkInterface`, health is UNKNOWN.
    Api,
}

/// A time: `"2026-11-21T02:11:04.77Z"` or `1795227064.77`.
pub(crate) fn time(at: Timestamp, form: Form) -> Value {
    match form {
        Form::Event => Value::from(at.to_string()),
        Form::Api => {
            // Exact: milliseconds of our times fit a double's 53 bits.
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds since 1970 are below 2^53"
            )]
            let milliseconds = at.as_millisecond() as f64;
            Value::from(milliseconds / 1000.0)
        }
    }
}

impl Ecs {
    /// `Task`, and the detail of `ECS Task State Change`. Which fields are there from which status on is as in the
    /// recordings.
    pub(crate) fn task_json(&self, task: &Task, form: Form) -> Value {
        let cluster = &task.service.cluster;
        // The event that tells the connectivity alone comes without attachments and attributes.
        let bare = task.connected && form == Form::Event;
        let identity = self.identity(task);
        let mut to = Map::new();
        to.insert(
            "attachments".into(),
            if bare { json!([]) } else { attachments(task, &identity, form) },
        );
        if !bare {
            to.insert(
                "attributes".into(),
                json!([{"name": "ecs.cpu-architecture", "value": "x86_64"}]),
            );
        }
        to.insert("availabilityZone".into(), identity.zone.clone().into());
        if let Some(provider) = &task.placement.capacity_provider {
            to.insert("capacityProviderName".into(), provider.clone().into());
        }
        to.insert("clusterArn".into(), self.names.cluster(cluster).into());
        if task.started_at.is_some() || task.connected {
            to.insert("connectivity".into(), "CONNECTED".into());
            Self::put_time(&mut to, "connectivityAt", Some(task.connectivity_at), form);
        }
        let containers: Vec<Value> = (0..task.placement.images.len())
            .map(|one| self.container_json(task, one, &identity, bare, form))
            .collect();
        to.insert("containers".into(), containers.into());
        to.insert("cpu".into(), self.size(&task.revision, "cpu", "256").into());
        Self::put_time(&mut to, "createdAt", Some(task.created_at), form);
        to.insert("desiredStatus".into(), task.desired_status().into());
        to.insert("enableExecuteCommand".into(), task.placement.enable_execute_command.into());
        to.insert("ephemeralStorage".into(), json!({"sizeInGiB": 20}));
        to.insert("group".into(), (*task.placement.group).into());
        to.insert("launchType".into(), "FARGATE".into());
        to.insert("lastStatus".into(), task.status.word().into());
        to.insert("memory".into(), self.size(&task.revision, "memory", "512").into());
        to.insert("overrides".into(), overrides(&task.placement));
        to.insert("platformVersion".into(), "1.4.0".into());
        if !task.deployment.is_empty() {
            to.insert("startedBy".into(), (*task.deployment).into());
        }
        to.insert("taskArn".into(), (*task.arn).into());
        let definition = self.names.task_definition(&task.revision);
        to.insert("taskDefinitionArn".into(), definition.into());
        to.insert("version".into(), task.version.into());
        task_times(task, &mut to, form);
        if form == Form::Api {
            to.insert("healthStatus".into(), "UNKNOWN".into());
            to.insert("platformFamily".into(), "Linux".into());
            to.insert("tags".into(), task.placement.tags.clone().into());
        } else {
            Self::put_time(&mut to, "updatedAt", Some(task.updated_at), form);
        }
        to.into()
    }

    /// `cpu` or `memory` of a task definition; the smallest of Fargate where it says nothing.
    fn size(&self, revision: &str, member: &str, smallest: &str) -> String {
        let given = self.definition(revision).and_then(|one| one.given.get(member)?.as_str());
        given.unwrap_or(smallest).to_owned()
    }

    fn container_json(
        &self,
        task: &Task,
        number: usize,
        identity: &Identity,
        bare: bool,
        form: Form,
    ) -> Value {
        let cluster = &task.service.cluster;
        let Some(one) = task.placement.images.get(number) else { return Value::Null };
        let (id, runtime) = identity.containers.get(number).cloned().unwrap_or_default();
        let ended = task.ended.get(number);
        let status = match task.status {
            Status::Provisioning | Status::Pending => "PENDING",
            Status::Deprovisioning | Status::Stopped => "STOPPED",
            _ => "RUNNING",
        };
        let mut to = Map::new();
        let arn = self.names.container(cluster, &task.id, &id);
        to.insert("containerArn".into(), arn.into());
        if let Some(ended) = ended {
            to.insert("exitCode".into(), ended.code.into());
        }
        to.insert("lastStatus".into(), status.into());
        to.insert("name".into(), (*one.name).into());
        to.insert("image".into(), (*one.image).into());
        if task.resolved {
            to.insert("imageDigest".into(), one.digest().into());
            to.insert("runtimeId".into(), runtime.into());
        }
        if let Some(reason) = ended.and_then(|ended| ended.reason) {
            to.insert("reason".into(), reason.into());
        }
        to.insert("taskArn".into(), (*task.arn).into());
        let interfaces = if task.status == Status::Provisioning || bare {
            json!([])
        } else {
            json!([{
                "attachmentId": identity.attachment,
                "privateIpv4Address": identity.address,
            }])
        };
        to.insert("networkInterfaces".into(), interfaces);
        to.insert("cpu".into(), "0".into());
        if form == Form::Api {
            to.insert("healthStatus".into(), "UNKNOWN".into());
        }
        to.into()
    }

    /// `Service`
    pub(crate) fn service_json(&self, service: &Service) -> Value {
        let mut to = service.settings.clone();
        let (running, pending) = self.counts(service, |_| true);
        to.insert("serviceArn".into(), service.arn.clone().into());
        to.insert("serviceName".into(), (*service.key.name).into());
        to.insert("clusterArn".into(), service.cluster_arn.clone().into());
        to.insert("status".into(), service.status.word().into());
        to.insert("desiredCount".into(), service.desired_count.into());
        to.insert("runningCount".into(), running.into());
        to.insert("pendingCount".into(), pending.into());
        let definition = self.names.task_definition(&service.task_definition);
        to.insert("taskDefinition".into(), definition.into());
        let deployments: Vec<Value> = service
            .deployments
            .iter()
            .enumerate()
            .map(|(place, one)| self.deployment_json(service, one, place == 0))
            .collect();
        to.insert("deployments".into(), deployments.into());
        let events: Vec<Value> = service
            .events
            .iter()
            .map(|one| {
                json!({
                    "id": one.id,
                    "createdAt": time(one.created_at, Form::Api),
                    "message": one.message,
                })
            })
            .collect();
        to.insert("events".into(), events.into());
        Self::put_time(&mut to, "createdAt", Some(service.created_at), Form::Api);
        if let Some(current) = service.service_deployments.last() {
            to.insert("currentServiceDeployment".into(), current.arn.clone().into());
        }
        let revisions: Vec<Value> = service
            .deployments
            .iter()
            .map(|one| self.revision_summary(service, &one.service_revision))
            .collect();
        to.insert("currentServiceRevisions".into(), revisions.into());
        to.insert("schedulingStrategy".into(), "REPLICA".into());
        to.into()
    }

    /// `Deployment`
    fn deployment_json(&self, service: &Service, one: &Deployment, primary: bool) -> Value {
        let (running, pending) = self.counts(service, |task| task.deployment == one.id);
        let mut to = Map::new();
        to.insert("id".into(), (*one.id).into());
        to.insert("status".into(), if primary { "PRIMARY" } else { "ACTIVE" }.into());
        let definition = self.names.task_definition(&one.revision);
        to.insert("taskDefinition".into(), definition.into());
        to.insert("desiredCount".into(), one.desired_count.into());
        to.insert("pendingCount".into(), pending.into());
        to.insert("runningCount".into(), running.into());
        to.insert("failedTasks".into(), one.failed_tasks.into());
        Self::put_time(&mut to, "createdAt", Some(one.created_at), Form::Api);
        Self::put_time(&mut to, "updatedAt", Some(one.updated_at), Form::Api);
        for name in [
            "launchType",
            "capacityProviderStrategy",
            "platformVersion",
            "platformFamily",
            "networkConfiguration",
        ] {
            if let Some(value) = service.settings.get(name) {
                to.insert(name.into(), value.clone());
            }
        }
        to.insert("rolloutState".into(), one.rollout_state.word().into());
        to.insert("rolloutStateReason".into(), one.reason.clone().into());
        to.into()
    }

    /// How many tasks run, and how many are on the way there.
    fn counts(&self, service: &Service, of: impl Fn(&Task) -> bool) -> (u32, u32) {
        let (mut running, mut pending) = (0, 0);
        for task in service.tasks.iter().filter_map(|serial| self.tasks.get(*serial)) {
            match task.status {
                _ if !of(task) => {}
                Status::Running => running += 1,
                Status::Provisioning | Status::Pending | Status::Activating => pending += 1,
                _ => {}
            }
        }
        (running, pending)
    }

    /// `ServiceRevisionSummary` and `ServiceCurrentRevisionSummary`: as things are now.
    fn revision_summary(&self, service: &Service, arn: &str) -> Value {
        let ids: Vec<&str> = service
            .deployments
            .iter()
            .filter(|one| one.service_revision == arn)
            .map(|one| &*one.id)
            .collect();
        let requested: u32 = service
            .deployments
            .iter()
            .filter(|one| one.service_revision == arn)
            .map(|one| one.desired_count)
            .sum();
        let (running, pending) = self.counts(service, |task| ids.contains(&&*task.deployment));
        json!({
            "arn": arn,
            "requestedTaskCount": requested,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    }

    /// `ServiceDeployment`
    pub(crate) fn service_deployment_json(
        &self,
        service: &Service,
        one: &ServiceDeployment,
    ) -> Value {
        let mut to = brief(service, one);
        to.remove("targetServiceRevisionArn");
        Self::put_time(&mut to, "stoppedAt", one.stopped_at, Form::Api);
        Self::put_time(&mut to, "updatedAt", Some(one.updated_at), Form::Api);
        let source: Vec<Value> =
            one.source.iter().map(|arn| self.revision_summary(service, arn)).collect();
        to.insert("sourceServiceRevisions".into(), source.into());
        let mut target = self.revision_summary(service, &one.target);
        if let Some(percent) = one.new_traffic()
            && let Some(target) = target.as_object_mut()
        {
            target.insert("requestedProductionTrafficWeight".into(), percent.into());
        }
        to.insert("targetServiceRevision".into(), target);
        if let Some(configuration) = service.settings.get("deploymentConfiguration") {
            to.insert("deploymentConfiguration".into(), configuration.clone());
        }
        if let Some(stage) = one.stage() {
            to.insert("lifecycleStage".into(), stage.word().into());
        }
        if let Some(pause) = one.pause() {
            let hook = json!({
                "hookId": pause.id,
                "targetType": "PAUSE",
                "status": "AWAITING_ACTION",
                "expiresAt": time(pause.expires_at, Form::Api),
                "timeoutAction": pause.action.word(),
            });
            to.insert("lifecycleHookDetails".into(), json!([hook]));
        }
        if let Some(rollback) = &one.rollback {
            to.insert(
                "rollback".into(),
                json!({
                    "reason": rollback.reason,
                    "startedAt": time(rollback.started_at, Form::Api),
                    "serviceRevisionArn": rollback.service_revision,
                }),
            );
        }
        let breaker = &service.configuration.breaker;
        let enabled = breaker.enable && one.progress.is_none();
        let status = match (enabled, one.triggered, one.status.is_over()) {
            (false, ..) => "DISABLED",
            (true, true, _) => "TRIGGERED",
            (true, false, true) => "MONITORING_COMPLETE",
            (true, false, false) => "MONITORING",
        };
        to.insert(
            "deploymentCircuitBreaker".into(),
            json!({
                "status": status,
                "failureCount": one.failures,
                "threshold": breaker.failures_tolerated(service.desired_count),
            }),
        );
        to.into()
    }

    /// `ServiceRevision`
    pub(crate) fn service_revision_json(&self, service: &Service, one: &ServiceRevision) -> Value {
        let mut to = one.settings.clone();
        to.insert("serviceRevisionArn".into(), one.arn.clone().into());
        to.insert("serviceArn".into(), service.arn.clone().into());
        to.insert("clusterArn".into(), service.cluster_arn.clone().into());
        let definition = self.names.task_definition(&one.revision);
        to.insert("taskDefinition".into(), definition.into());
        Self::put_time(&mut to, "createdAt", Some(one.created_at), Form::Api);
        // The digest is known once a task has pulled the image ("container image resolution", developer guide).
        let pulled = self.tasks.values().any(|task| task.revision == one.revision && task.resolved)
            || service.deployments.iter().chain(&service.completed).any(|deployment| {
                deployment.service_revision == one.arn
                    && deployment.rollout_state == RolloutState::Completed
            });
        let images: Vec<Value> = one
            .images
            .iter()
            .map(|image| {
                let mut to = Map::new();
                to.insert("containerName".into(), (*image.name).into());
                if pulled {
                    to.insert("imageDigest".into(), image.digest().into());
                }
                to.insert("image".into(), (*image.image).into());
                to.into()
            })
            .collect();
        to.insert("containerImages".into(), images.into());
        to.into()
    }
}

/// `ServiceDeploymentBrief`
pub(crate) fn brief(service: &Service, one: &ServiceDeployment) -> Map<String, Value> {
    let mut to = Map::new();
    to.insert("serviceDeploymentArn".into(), one.arn.clone().into());
    to.insert("serviceArn".into(), service.arn.clone().into());
    to.insert("clusterArn".into(), service.cluster_arn.clone().into());
    to.insert("targetServiceRevisionArn".into(), one.target.clone().into());
    to.insert("status".into(), one.status.word().into());
    if let Some(reason) = &one.status_reason {
        to.insert("statusReason".into(), reason.clone().into());
    }
    Ecs::put_time(&mut to, "createdAt", Some(one.created_at), Form::Api);
    let started = one.started_at.filter(|_| one.status != ServiceDeploymentStatus::Pending);
    Ecs::put_time(&mut to, "startedAt", started, Form::Api);
    Ecs::put_time(&mut to, "finishedAt", one.finished_at, Form::Api);
    to
}

/// `overrides`: each container is named, with what the caller gave for it.
fn overrides(placement: &Placement) -> Value {
    let given = placement.overrides.as_ref();
    let of = |name: &str| {
        let all = given.and_then(|given| given.get("containerOverrides")?.as_array());
        all.into_iter().flatten().find(|one| one.get("name").and_then(Value::as_str) == Some(name))
    };
    let containers = placement.images.iter();
    let containers: Vec<Value> = containers
        .map(|one| of(&one.name).cloned().unwrap_or_else(|| json!({"name": *one.name})))
        .collect();
    let mut to = given.cloned().unwrap_or_default();
    to.insert("containerOverrides".into(), containers.into());
    to.into()
}

fn task_times(task: &Task, to: &mut Map<String, Value>, form: Form) {
    if task.status >= Status::Activating && task.pull_stopped_at > task.created_at {
        Ecs::put_time(to, "pullStartedAt", Some(task.pull_started_at), form);
        Ecs::put_time(to, "pullStoppedAt", Some(task.pull_stopped_at), form);
    }
    Ecs::put_time(to, "startedAt", task.started_at, form);
    if let Some(end) = &task.end {
        to.insert("stopCode".into(), end.code.into());
        to.insert("stoppedReason".into(), (*end.reason).into());
        Ecs::put_time(to, "stoppingAt", task.stopping_at, form);
    }
    if task.status >= Status::Deprovisioning {
        Ecs::put_time(to, "executionStoppedAt", task.execution_stopped_at, form);
    }
    Ecs::put_time(to, "stoppedAt", task.stopped_at, form);
}

/// What of a task only JSON shows: all of it comes from its token.
pub(crate) struct Identity {
    zone: String,
    attachment: String,
    interface: String,
    subnet: String,
    mac: String,
    address: String,
    load_balancer: String,
    /// The UUID at the end of each container's ARN, and its runtime id.
    containers: Vec<(String, String)>,
}

impl Ecs {
    fn identity(&self, task: &Task) -> Identity {
        let mut seed = Seed::new(task.token ^ 0x5bd1_e995);
        let zone = match seed.below(3) {
            0 => "a",
            1 => "b",
            _ => "c",
        };
        let subnets = &task.placement.subnets;
        let chosen = seed.below(u64::try_from(subnets.len()).unwrap_or(0));
        let subnet = usize::try_from(chosen).ok().and_then(|chosen| subnets.get(chosen));
        // The same three for every service that names none.
        let usual = || format!("subnet-0{}", digest(zone).get(7..23).unwrap_or_default());
        let mac: Vec<String> = (0..5).map(|_| seed.hex(2)).collect();
        let containers = task.placement.images.iter();
        let mut container = |_| (seed.uuid(), format!("{}-{}", task.id, seed.below(4_000_000_000)));
        let containers = containers.map(&mut container).collect();
        Identity {
            zone: format!("{}{zone}", self.names.region),
            attachment: seed.uuid(),
            interface: format!("eni-0{}", seed.hex(16)),
            subnet: subnet.cloned().unwrap_or_else(usual),
            mac: format!("0a:{}", mac.join(":")),
            address: format!("10.0.{}.{}", seed.below(256), 4 + seed.below(250)),
            load_balancer: seed.uuid(),
            containers,
        }
    }
}

fn attachments(task: &Task, identity: &Identity, form: Form) -> Value {
    let status = match task.status {
        Status::Provisioning => "PRECREATED",
        Status::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let mut details = vec![json!({"name": "subnetId", "value": identity.subnet})];
    if task.status != Status::Provisioning {
        let host = identity.address.replace('.', "-");
        let region = identity.zone.trim_end_matches(char::is_alphabetic);
        details.extend([
            json!({"name": "networkInterfaceId", "value": identity.interface}),
            json!({"name": "macAddress", "value": identity.mac}),
            json!({"name": "privateDnsName", "value": format!("ip-{host}.{region}.compute.internal")}),
            json!({"name": "privateIPv4Address", "value": identity.address}),
        ]);
    }
    let kind = match form {
        Form::Event => "eni",
        Form::Api => "ElasticNetworkInterface",
    };
    let mut all = vec![json!({
        "id": identity.attachment,
        "type": kind,
        "status": status,
        "details": details,
    })];
    if task.placement.has_load_balancer && form == Form::Event {
        let id = &identity.load_balancer;
        let status = match task.status {
            Status::Running | Status::Deactivating => "ATTACHED",
            Status::Stopping | Status::Deprovisioning | Status::Stopped => "DELETED",
            _ => "PRECREATED",
        };
        all.push(json!({"id": id, "type": "elb", "status": status, "details": []}));
    }
    all.into()
}
