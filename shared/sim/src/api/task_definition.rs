//! Task definitions: registered, deregistered (INACTIVE, and still there to be described), listed.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::input::Input;
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::render::Form;
use crate::seed::digest;

/// A task definition: what was registered, and whether it may still be used.
#[derive(Debug)]
pub(crate) struct TaskDefinition {
    /// What RegisterTaskDefinition was given.
    pub(crate) given: Map<String, Value>,
    pub(crate) family: String,
    /// Counts from 1 in its family.
    pub(crate) revision: usize,
    pub(crate) registered_at: Timestamp,
    /// Deregistered: INACTIVE.
    pub(crate) deregistered_at: Option<Timestamp>,
}

/// A container of a task definition.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) name: Arc<str>,
    pub(crate) image: Arc<str>,
    pub(crate) essential: bool,
    /// What its tag was moved to ([`Ecs::move_tag`]); `None`: it never was.
    pub(crate) build: Option<Arc<str>>,
}

impl Image {
    /// `imageDigest`
    pub(crate) fn digest(&self) -> String {
        match &self.build {
            None => digest(&self.image),
            Some(build) => digest(&format!("{}@{build}", self.image)),
        }
    }
}

impl TaskDefinition {
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    /// `essential` is true unless said otherwise (`ContainerDefinition`, API reference).
    pub(crate) fn containers(&self) -> Vec<Image> {
        let all = self.given.get("containerDefinitions").and_then(Value::as_array);
        let text = |one: &Value, name: &str| {
            one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        all.into_iter()
            .flatten()
            .map(|one| Image {
                name: text(one, "name").into(),
                image: text(one, "image").into(),
                essential: one.get("essential").and_then(Value::as_bool).unwrap_or(true),
                build: None,
            })
            .collect()
    }
}

impl Ecs {
    pub(super) fn register_task_definition(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let family = input.required("family")?.to_owned();
        let containers = input.value("containerDefinitions").and_then(Value::as_array);
        let Some(containers) = containers.filter(|all| !all.is_empty()) else {
            // AWS's words, as published.
            return Err(ApiError::client("Container list cannot be empty."));
        };
        for container in containers {
            for member in ["name", "image"] {
                let text = container.get(member).and_then(Value::as_str).unwrap_or_default();
                if text.is_empty() {
                    return Err(ApiError::client(format!(
                        "Container.{member} should not be null or empty."
                    )));
                }
            }
        }
        let kept = [
            "containerDefinitions",
            "taskRoleArn",
            "executionRoleArn",
            "networkMode",
            "volumes",
            "placementConstraints",
            "requiresCompatibilities",
            "cpu",
            "memory",
            "pidMode",
            "ipcMode",
            "proxyConfiguration",
            "ephemeralStorage",
            "runtimePlatform",
            "enableFaultInjection",
        ];
        let given = kept
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), input.value(name)?.clone())))
            .collect();
        let all = self.families.entry(family.clone()).or_default();
        let definition = TaskDefinition {
            given,
            family,
            revision: all.len() + 1,
            registered_at: self.now,
            deregistered_at: None,
        };
        let answer = definition_json(&definition, &self.names);
        all.push(definition);
        Ok(
            json!({"taskDefinition": answer, "tags": input.value("tags").cloned().unwrap_or(json!([]))}),
        )
    }

    pub(super) fn deregister_task_definition(
        &mut self,
        input: Input<'_>,
    ) -> Result<Value, ApiError> {
        let text = input.required("taskDefinition")?;
        let Some((family, revision)) = parts(text) else {
            // `taskDefinition`: "You must specify a revision" (DeregisterTaskDefinition, API reference).
            return Err(ApiError::client("Revision is missing."));
        };
        let now = self.now;
        let definition = self
            .families
            .get_mut(family)
            .and_then(|all| all.get_mut(revision.checked_sub(1)?))
            .ok_or_else(not_described)?;
        definition.deregistered_at.get_or_insert(now);
        Ok(json!({"taskDefinition": definition_json(definition, &self.names)}))
    }

    pub(super) fn describe_task_definition(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let definition =
            self.find_definition(input.required("taskDefinition")?).ok_or_else(not_described)?;
        let mut answer = json!({"taskDefinition": definition_json(definition, &self.names)});
        if let (true, Some(answer)) =
            (input.texts("include")?.contains(&"TAGS"), answer.as_object_mut())
        {
            answer.insert("tags".into(), json!([]));
        }
        Ok(answer)
    }

    /// By family and revision, ascending unless `sort` is DESC; ACTIVE ones unless `status` says otherwise; 100 a page.
    pub(super) fn list_task_definitions(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let family = input.text("familyPrefix")?;
        let inactive = match input.text("status")? {
            None | Some("ACTIVE") => false,
            Some("INACTIVE") => true,
            Some(_) => return Err(ApiError::invalid("Invalid status.")),
        };
        let mut all: Vec<Value> = self
            .families
            .iter()
            // The whole name, though it is called a prefix ("the full family name", API reference).
            .filter(|(name, _)| family.is_none_or(|family| family == name.as_str()))
            .flat_map(|(_, all)| all)
            .filter(|one| one.deregistered_at.is_some() == inactive)
            .map(|one| Value::from(self.names.task_definition(&one.name())))
            .collect();
        if input.text("sort")? == Some("DESC") {
            all.reverse();
        }
        input.page("taskDefinitionArns", all, 100)
    }

    /// The task definition that a text means: an ARN, `family:revision`, or a family for its newest ACTIVE one.
    fn find_definition(&self, text: &str) -> Option<&TaskDefinition> {
        match parts(text) {
            Some((family, revision)) => self.families.get(family)?.get(revision.checked_sub(1)?),
            None => self
                .families
                .get(name::last(text))?
                .iter()
                .rev()
                .find(|one| one.deregistered_at.is_none()),
        }
    }

    /// By `family:revision`.
    pub(crate) fn definition(&self, revision: &str) -> Option<&TaskDefinition> {
        self.find_definition(revision)
    }

    /// The containers of a task definition, with its images as their tags stand now.
    pub(crate) fn images(&self, revision: &str) -> Vec<Image> {
        let mut images = self.definition(revision).map(|one| one.containers()).unwrap_or_default();
        for one in &mut images {
            one.build = self.builds.get(&*one.image).cloned();
        }
        images
    }

    /// The task definition that a service is to run, as `family:revision`.
    ///
    /// # Errors
    /// `ClientException`: "TaskDefinition not found." and "TaskDefinition is inactive", both AWS's words; the second one
    /// was seen from UpdateService.
    pub(super) fn usable_definition(&self, text: &str) -> Result<Arc<str>, ApiError> {
        let definition = self
            .find_definition(text)
            .ok_or_else(|| ApiError::client("TaskDefinition not found."))?;
        if definition.deregistered_at.is_some() {
            return Err(ApiError::client("TaskDefinition is inactive"));
        }
        Ok(definition.name().into())
    }
}

/// AWS's words, as published.
fn not_described() -> ApiError {
    ApiError::client("Unable to describe task definition.")
}

/// Family and revision of `family:revision` or an ARN.
fn parts(text: &str) -> Option<(&str, usize)> {
    let (family, revision) = name::last(text).rsplit_once(':')?;
    Some((family, revision.parse().ok()?))
}

fn definition_json(one: &TaskDefinition, names: &name::Names) -> Value {
    let mut to = one.given.clone();
    to.insert("taskDefinitionArn".into(), names.task_definition(&one.name()).into());
    to.insert("family".into(), one.family.clone().into());
    to.insert("revision".into(), one.revision.into());
    let status = if one.deregistered_at.is_some() { "INACTIVE" } else { "ACTIVE" };
    to.insert("status".into(), status.into());
    for empty in ["volumes", "placementConstraints", "requiresAttributes"] {
        to.entry(empty).or_insert_with(|| json!([]));
    }
    to.entry("compatibilities").or_insert_with(|| json!(["EC2", "FARGATE"]));
    Ecs::put_time(&mut to, "registeredAt", Some(one.registered_at), Form::Api);
    Ecs::put_time(&mut to, "deregisteredAt", one.deregistered_at, Form::Api);
    to.into()
}
