//! Service deployments and service revisions: listed, described, stopped.

use serde_json::{Value, json};

use super::input::{Input, described, missing};
use super::strategy;
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::render::brief;
use crate::service::{Service, ServiceDeployment, ServiceDeploymentStatus as Status};

impl Ecs {
    /// Newest first, 20 a page (API reference).
    pub(super) fn list_service_deployments(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let service = self.service_named(&cluster, name::last(input.required("service")?))?;
        let wanted = input.texts("status")?;
        let between = |one: &ServiceDeployment| {
            let at = one.created_at.as_millisecond();
            let bound = |name: &str| {
                let seconds = input.value("createdAt")?.get(name)?.as_f64()?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "saturates, which is right for a bound"
                )]
                Some((seconds * 1000.0) as i64)
            };
            bound("after").is_none_or(|after| at >= after)
                && bound("before").is_none_or(|before| at <= before)
        };
        let all = service
            .service_deployments
            .iter()
            .rev()
            .filter(|one| wanted.is_empty() || wanted.contains(&one.status.word()))
            .filter(|one| between(one))
            .map(|one| Value::from(brief(service, one)))
            .collect();
        input.page("serviceDeployments", all, 20)
    }

    /// At most 20 (API reference).
    pub(super) fn describe_service_deployments(
        &mut self,
        input: Input<'_>,
    ) -> Result<Value, ApiError> {
        let wanted = input.required_texts("serviceDeploymentArns", 20)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in wanted {
            match self.find_service_deployment(arn) {
                Some((service, one)) => found.push(self.service_deployment_json(service, one)),
                None => failures.push(missing(arn)),
            }
        }
        Ok(described("serviceDeployments", found, failures))
    }

    /// At most 20 (API reference).
    pub(super) fn describe_service_revisions(
        &mut self,
        input: Input<'_>,
    ) -> Result<Value, ApiError> {
        let wanted = input.required_texts("serviceRevisionArns", 20)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in wanted {
            let service = name::service_of(arn).and_then(|key| self.services.get(&key));
            let one = service.and_then(|service| {
                Some((service, service.service_revisions.iter().find(|one| one.arn == arn)?))
            });
            match one {
                Some((service, one)) => found.push(self.service_revision_json(service, one)),
                None => failures.push(missing(arn)),
            }
        }
        Ok(described("serviceRevisions", found, failures))
    }

    /// Which states can be stopped, and what follows, is the developer guide's list ("Stopping Amazon ECS service
    /// deployments"): PENDING and IN_PROGRESS go to ROLLBACK_REQUESTED; one that already stops or rolls back just goes on,
    /// and the call is answered as if it had begun it.
    ///
    /// The guide does not say what a finished one is answered with. `ConflictException` ("conflict in the current state of
    /// the resource") is in the model for this operation, and nothing else of it is about state, so that is taken. A
    /// rollback needs a deployment that once completed (developer guide, "deployment failure detection"); the code for
    /// its absence is not published either, and is the same. `stopType` is not required; ROLLBACK is what is then taken.
    /// ABORT is in the model, but not described: it leaves the deployment where it is.
    pub(super) fn stop_service_deployment(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let arn = input.required("serviceDeploymentArn")?;
        let (request, status) = match input.text("stopType")?.unwrap_or("ROLLBACK") {
            "ROLLBACK" => ("roll back", Status::RollbackRequested),
            "ABORT" => ("stop", Status::StopRequested),
            _ => return Err(ApiError::invalid("Invalid stopType.")),
        };
        let key = self
            .find_service_deployment(arn)
            .map(|(service, _)| service.key.clone())
            .ok_or_else(not_found)?;
        let now = self.now;
        let Some(mut service) = self.services.remove(&key) else {
            return Err(ApiError::no_service());
        };
        let nowhere = service.completed.is_none() && status == Status::RollbackRequested;
        let found = service.service_deployments.iter_mut().find(|one| one.arn == arn);
        let answer = match found {
            Some(one) if one.status.is_over() => Err(conflict(format!(
                "The service deployment is in the {} state and cannot be stopped.",
                one.status.word()
            ))),
            Some(one) if matches!(one.status, Status::Pending | Status::InProgress) => {
                if nowhere {
                    Err(conflict("No completed deployment to roll back to.".to_owned()))
                } else {
                    one.status = status;
                    one.status_reason = Some(format!("Requested to {request} by a caller."));
                    one.updated_at = now;
                    Ok(true)
                }
            }
            _ => Ok(false),
        };
        if answer == Ok(true) {
            let at = now + self.seed.millis(2_000, 5_000);
            self.wake(&mut service, at);
        }
        self.services.insert(key, service);
        answer.map(|_| json!({"serviceDeploymentArn": arn}))
    }

    /// Answers a PAUSE hook: `hookId` and `action`, CONTINUE or ROLLBACK ("Pause hooks for Amazon ECS service deployments",
    /// developer guide). A hook that does not wait is refused; AWS's code for that is not published, and
    /// `ConflictException` is taken.
    pub(super) fn continue_service_deployment(
        &mut self,
        input: Input<'_>,
    ) -> Result<Value, ApiError> {
        let arn = input.required("serviceDeploymentArn")?;
        let hook = input.required("hookId")?;
        let action = strategy::action(input.text("action")?.unwrap_or("CONTINUE"))?;
        let key = self.find_service_deployment(arn).map(|(service, _)| service.key.clone());
        let key = key.ok_or_else(not_found)?;
        let Some(mut service) = self.services.remove(&key) else {
            return Err(ApiError::no_service());
        };
        let now = self.now;
        let is_current = service.service_deployments.last().is_some_and(|one| one.arn == arn);
        let waiting = service.progress_mut().filter(|_| is_current);
        let is_answered = waiting.is_some_and(|progress| progress.answer(hook, action, now));
        if is_answered {
            self.wake(&mut service, now);
        }
        self.services.insert(key, service);
        if is_answered {
            Ok(json!({"serviceDeploymentArn": arn}))
        } else {
            Err(conflict("The lifecycle hook is not awaiting an action.".to_owned()))
        }
    }

    fn find_service_deployment(&self, arn: &str) -> Option<(&Service, &ServiceDeployment)> {
        let service = self.services.get(&name::service_of(arn)?)?;
        Some((service, service.service_deployments.iter().find(|one| one.arn == arn)?))
    }
}

/// Named by the model; the words are not published.
fn not_found() -> ApiError {
    ApiError::new("ServiceDeploymentNotFoundException", "The service deployment was not found.")
}

fn conflict(message: String) -> ApiError {
    ApiError::new("ConflictException", message)
}
