//! Services: created, updated, described, listed, deleted.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::deploy::{self, configuration};
use super::input::{Input, answer, described, missing};
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::service::{RolloutState, Service, ServiceKey, ServiceStatus};

impl Ecs {
    pub(super) fn create_service(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let name = input.required("serviceName")?.into();
        let cluster = self.cluster(input)?;
        let key = Arc::new(ServiceKey { cluster: cluster.as_str().into(), name });
        if self.services.get(&key).is_some_and(|one| one.status != ServiceStatus::Inactive) {
            // AWS's words, as published.
            return Err(ApiError::invalid("Creation of service was not idempotent."));
        }
        deploy::refuse_what_is_not_simulated(input)?;
        let Some(definition) = input.text("taskDefinition")? else {
            return Err(ApiError::missing("taskDefinition"));
        };
        let revision = self.usable_definition(definition)?;
        let Some(desired_count) = input.count("desiredCount")? else {
            // "required if schedulingStrategy is REPLICA or isn't specified" (API reference).
            return Err(ApiError::missing("desiredCount"));
        };
        let mut settings = deploy::defaults();
        settings.extend(deploy::given(input));
        let configuration = configuration(&mut settings, input)?;
        let mut service = Service {
            arn: self.names.service(&key),
            cluster_arn: self.names.cluster(&cluster),
            key: key.clone(),
            status: ServiceStatus::Active,
            created_at: self.now,
            desired_count,
            task_definition: revision,
            settings,
            configuration,
            deployments: Vec::new(),
            completed: None,
            service_deployments: Vec::new(),
            service_revisions: Vec::new(),
            events: std::collections::VecDeque::new(),
            tasks: std::collections::BTreeSet::new(),
            wakes: std::collections::BTreeSet::new(),
            steady: false,
        };
        self.deploy(&mut service);
        let shown = self.service_json(&service);
        self.services.insert(key, Box::new(service));
        Ok(answer([("service", shown)]))
    }

    /// What begins a deployment is the API reference's list (UpdateService): a new task definition, `forceNewDeployment`,
    /// or a change of a setting that tasks are started with. `desiredCount`, `deploymentConfiguration` and the grace
    /// period never do.
    pub(super) fn update_service(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let key = self.service_named(&cluster, name::last(input.required("service")?))?.key.clone();
        deploy::refuse_what_is_not_simulated(input)?;
        let definition = input.text("taskDefinition")?;
        let revision = definition.map(|text| self.usable_definition(text)).transpose()?;
        let desired_count = input.count("desiredCount")?;
        let force = input.flag("forceNewDeployment")?.unwrap_or(false);
        let given = deploy::given(input);
        let Some(mut service) = self.services.remove(&key) else {
            return Err(ApiError::no_service());
        };
        let updated = self.apply_update(
            &mut service,
            input,
            Update { revision, desired_count, force, given },
        );
        self.services.insert(key, service);
        updated
    }

    fn apply_update(
        &mut self,
        service: &mut Service,
        input: Input<'_>,
        update: Update,
    ) -> Result<Value, ApiError> {
        if service.status != ServiceStatus::Active {
            // AWS's words, as published.
            return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let mut settings = service.settings.clone();
        settings.extend(update.given);
        let configuration = configuration(&mut settings, input)?;
        let changed = deploy::STARTS_TASKS
            .iter()
            .any(|name| settings.get(*name) != service.settings.get(*name))
            || update.revision.as_ref().is_some_and(|new| *new != service.task_definition);
        service.settings = settings;
        service.configuration = configuration;
        if let Some(revision) = update.revision {
            service.task_definition = revision;
        }
        if let Some(desired_count) = update.desired_count {
            if desired_count != service.desired_count {
                service.steady = false;
            }
            service.desired_count = desired_count;
            if let Some(primary) = service.deployments.first_mut() {
                primary.desired_count = desired_count;
            }
        }
        if changed || update.force {
            self.deploy(service);
        } else {
            let at = self.now + self.seed.millis(2_000, 8_000);
            self.wake(service, at);
        }
        Ok(answer([("service", self.service_json(service))]))
    }

    /// At most 10 (API reference).
    pub(super) fn describe_services(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let wanted = input.required_texts("services", 10)?;
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for text in wanted {
            let key =
                ServiceKey { cluster: cluster.as_str().into(), name: name::last(text).into() };
            match self.services.get(&key) {
                Some(service) => services.push(self.service_json(service)),
                None => failures.push(missing(&self.names.service(&key))),
            }
        }
        Ok(described("services", services, failures))
    }

    /// 10 a page; without DRAINING and INACTIVE ones ("no longer visible in … ListServices", DeleteService).
    pub(super) fn list_services(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let none = input.text("launchType")?.is_some_and(|launch| launch != "FARGATE")
            || input.text("schedulingStrategy")?.is_some_and(|strategy| strategy != "REPLICA");
        let all = self
            .services
            .values()
            .filter(|one| {
                !none && *one.key.cluster == *cluster && one.status == ServiceStatus::Active
            })
            .map(|one| Value::from(one.arn.clone()))
            .collect();
        input.page("serviceArns", all, 10)
    }

    pub(super) fn delete_service(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let key = self.service_named(&cluster, name::last(input.required("service")?))?.key.clone();
        let force = input.flag("force")?.unwrap_or(false);
        let Some(mut service) = self.services.remove(&key) else {
            return Err(ApiError::no_service());
        };
        let answer = if service.desired_count > 0 && !force {
            // AWS's words, as published.
            Err(ApiError::invalid("The service cannot be stopped while it is scaled above 0."))
        } else {
            service.status = ServiceStatus::Draining;
            service.desired_count = 0;
            if let Some(primary) = service.deployments.first_mut() {
                primary.rollout_state = RolloutState::Completed;
            }
            let now = self.now;
            crate::rollback::close(
                &mut service,
                crate::service::ServiceDeploymentStatus::Stopped,
                now,
            );
            self.wake(&mut service, now);
            Ok(answer([("service", self.service_json(&service))]))
        };
        self.services.insert(key, service);
        answer
    }

    /// # Errors
    /// `ServiceNotFoundException`
    pub(super) fn service_named(&self, cluster: &str, name: &str) -> Result<&Service, ApiError> {
        let key = ServiceKey { cluster: cluster.into(), name: name.into() };
        self.services.get(&key).map(AsRef::as_ref).ok_or_else(ApiError::no_service)
    }
}

/// An UpdateService that was read.
struct Update {
    revision: Option<Arc<str>>,
    desired_count: Option<u32>,
    force: bool,
    given: Map<String, Value>,
}
