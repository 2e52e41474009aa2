//! What of a service's settings begins a deployment, and beginning one.

use serde_json::{Map, Value, json};

use super::input::Input;
use super::strategy;
use crate::Ecs;
use crate::error::ApiError;
use crate::service::{
    Breaker, Configuration, Deployment, RolloutState, Service, ServiceDeployment,
    ServiceDeploymentStatus as Status, ServiceRevision, Threshold, Throttle,
};
use crate::stages::Progress;

/// Settings that tasks are started with: a change begins a deployment (UpdateService, API reference).
pub(super) const STARTS_TASKS: &[&str] = &[
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "propagateTags",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Whether a setting is part of a service revision.
pub(crate) fn is_of_revision(name: &str) -> bool {
    STARTS_TASKS.contains(&name) || matches!(name, "launchType" | "platformFamily")
}

/// Settings that are kept and given back, and begin nothing.
const KEPT: &[&str] = &[
    "healthCheckGracePeriodSeconds",
    "launchType",
    "placementConstraints",
    "placementStrategy",
    "deploymentController",
];

/// What DescribeServices shows of a service for which nothing was said.
pub(super) fn defaults() -> Map<String, Value> {
    let mut to = Map::new();
    for list in ["loadBalancers", "serviceRegistries", "placementConstraints", "placementStrategy"]
    {
        to.insert(list.into(), json!([]));
    }
    for (name, value) in [
        ("launchType", "FARGATE"),
        ("platformVersion", "LATEST"),
        ("platformFamily", "Linux"),
        ("propagateTags", "NONE"),
        ("availabilityZoneRebalancing", "DISABLED"),
    ] {
        to.insert(name.into(), value.into());
    }
    to.insert("enableECSManagedTags".into(), false.into());
    to.insert("enableExecuteCommand".into(), false.into());
    to.insert("healthCheckGracePeriodSeconds".into(), 0.into());
    to
}

pub(super) fn given(input: Input<'_>) -> Map<String, Value> {
    STARTS_TASKS
        .iter()
        .chain(KEPT)
        .filter_map(|name| Some(((*name).to_owned(), input.value(name)?.clone())))
        .collect()
}

/// # Errors
/// `UnsupportedFeatureException` for what ECS has and the simulation has not.
pub(super) fn refuse_what_is_not_simulated(input: Input<'_>) -> Result<(), ApiError> {
    if input.text("launchType")?.is_some_and(|launch| launch != "FARGATE") {
        return Err(ApiError::not_simulated("a launchType other than FARGATE"));
    }
    if input.text("schedulingStrategy")?.is_some_and(|strategy| strategy != "REPLICA") {
        return Err(ApiError::not_simulated("a schedulingStrategy other than REPLICA"));
    }
    let of = |outer: &str, inner: &str| {
        input.value(outer).and_then(|value| value.get(inner)?.as_str().map(str::to_owned))
    };
    if of("deploymentController", "type").is_some_and(|kind| kind != "ECS") {
        return Err(ApiError::not_simulated("a deploymentController other than ECS"));
    }
    Ok(())
}

/// Reads `deploymentConfiguration` over what holds, writes the whole back into the settings, and gives it as numbers.
/// Also forgets what an empty list has removed (UpdateService, API reference), and sees to it that a service has a launch
/// type or a capacity provider strategy, not both.
/// The defaults are 100 and 200 percent, and no circuit breaker (`DeploymentConfiguration`, API reference).
pub(super) fn configuration(
    settings: &mut Map<String, Value>,
    input: Input<'_>,
) -> Result<Configuration, ApiError> {
    let mut whole = match settings.get("deploymentConfiguration") {
        Some(Value::Object(before)) => before.clone(),
        _ => Map::new(),
    };
    if let Some(new) = input.value("deploymentConfiguration") {
        let new = new
            .as_object()
            .ok_or_else(|| ApiError::wrong_type("deploymentConfiguration", "a structure"))?;
        whole.extend(
            new.iter().filter(|(_, value)| !value.is_null()).map(|(a, b)| (a.clone(), b.clone())),
        );
    }
    for (name, value) in [
        ("deploymentCircuitBreaker", json!({"enable": false, "rollback": false})),
        ("maximumPercent", json!(200)),
        ("minimumHealthyPercent", json!(100)),
        ("strategy", json!("ROLLING")),
        ("bakeTimeInMinutes", json!(0)),
    ] {
        whole.entry(name).or_insert(value);
    }
    let members = Value::Object(whole.clone());
    let members = Input::new(&members)?;
    let percent = |name: &str| Ok::<u32, ApiError>(members.count(name)?.unwrap_or(0));
    let (maximum, minimum_healthy) =
        (percent("maximumPercent")?, percent("minimumHealthyPercent")?);
    if (maximum, minimum_healthy) == (100, 100) {
        // AWS's words, as published.
        return Err(ApiError::invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block \
             deployments.",
        ));
    }
    if maximum < minimum_healthy {
        return Err(ApiError::invalid("maximumPercent cannot be less than minimumHealthyPercent."));
    }
    let breaker = breaker(members)?;
    let strategy = strategy::read(members, settings)?;
    strategy::show_defaults(&mut whole);
    settings.insert("deploymentConfiguration".into(), whole.into());
    let shown_empty = defaults();
    settings.retain(|name, value| {
        shown_empty.contains_key(name) || value.as_array().is_none_or(|list| !list.is_empty())
    });
    if settings.contains_key("capacityProviderStrategy") {
        // "If a capacityProviderStrategy is specified, the launchType parameter must be omitted" (CreateService).
        settings.remove("launchType");
    } else {
        settings.entry("launchType").or_insert("FARGATE".into());
    }
    Ok(Configuration { minimum_healthy, maximum, breaker, strategy })
}

fn breaker(members: Input<'_>) -> Result<Breaker, ApiError> {
    let empty = json!({});
    let breaker = Input::new(members.value("deploymentCircuitBreaker").unwrap_or(&empty))?;
    let mut threshold = Threshold::BoundedPercent(50);
    if let Some(given) = breaker.value("thresholdConfiguration") {
        let given = Input::new(given)?;
        let value = given.count("value")?.unwrap_or(50);
        threshold = match given.required("type")? {
            "COUNT" => Threshold::Count(value),
            "BOUNDED_PERCENT" => Threshold::BoundedPercent(value),
            "UNBOUNDED_PERCENT" => Threshold::UnboundedPercent(value),
            _ => return Err(ApiError::invalid("Invalid threshold type.")),
        };
    }
    Ok(Breaker {
        enable: breaker.flag("enable")?.unwrap_or(false),
        rollback: breaker.flag("rollback")?.unwrap_or(false),
        reset_on_healthy_task: breaker.flag("resetOnHealthyTask")?.unwrap_or(true),
        threshold,
    })
}

impl Ecs {
    /// Begins a deployment of what the service's settings say now: a service revision, a service deployment, and the
    /// deployment that moves the tasks. One that is still under way is over with that (STOPPED).
    pub(super) fn deploy(&mut self, service: &mut Service) {
        let now = self.now;
        crate::rollback::close(service, Status::Stopped, now);
        let revision = ServiceRevision {
            arn: self.names.service_revision(&service.key, &self.seed.digits()),
            revision: service.task_definition.clone(),
            created_at: now,
            settings: service
                .settings
                .iter()
                .filter(|(name, _)| is_of_revision(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            images: self.images(&service.task_definition),
        };
        let mut source: Vec<String> = Vec::new();
        for one in &service.deployments {
            if !source.contains(&one.service_revision) {
                source.push(one.service_revision.clone());
            }
        }
        let letters = self.seed.letters();
        service.service_deployments.push(ServiceDeployment {
            arn: self.names.service_deployment(&service.key, &letters),
            status: Status::Pending,
            status_reason: None,
            source,
            target: revision.arn.clone(),
            rollback: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            updated_at: now,
            failures: 0,
            triggered: false,
            progress: Progress::of(service, now),
        });
        let id = format!("ecs-svc/{}", self.seed.digits());
        let deployment = Deployment {
            reason: format!("ECS deployment {id} in progress."),
            id: id.into(),
            crew: self.tasks.new_crew(),
            revision: service.task_definition.clone(),
            service_revision: revision.arn.clone(),
            desired_count: service.desired_count,
            failed_tasks: 0,
            created_at: now,
            updated_at: now,
            rollout_state: RolloutState::InProgress,
            gives_up_at: None,
            throttle: Throttle::default(),
        };
        service.service_revisions.push(revision);
        self.begin(service, deployment);
    }
}
