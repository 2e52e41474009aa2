//! Tasks: listed, described, stopped by a caller.

use std::sync::Arc;

use serde_json::{Value, json};

use super::input::{Input, described, missing};
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::render::Form;
use crate::service::ServiceKey;
use crate::task::{Of, Placement};
use crate::tasks::Tasks;

impl Ecs {
    /// 100 a page, newest first (ECS promises no order). `startedBy` "must be the only filter that you use" beside the
    /// cluster (API reference); it is not refused here when it is not.
    pub(super) fn list_tasks(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let service = input.text("serviceName")?.map(name::last);
        if let Some(service) = service {
            self.service_named(&cluster, service)?;
        }
        let family = input.text("family")?;
        let started_by = input.text("startedBy")?;
        let stopped = match input.text("desiredStatus")? {
            None | Some("RUNNING") => Some(false),
            Some("STOPPED") => Some(true),
            // "doesn't return any results" (API reference).
            Some("PENDING") => None,
            Some(_) => return Err(ApiError::invalid("Invalid desiredStatus.")),
        };
        if input.text("launchType")?.is_some_and(|launch| launch != "FARGATE")
            || input.text("containerInstance")?.is_some()
        {
            return input.page("taskArns", Vec::new(), 100);
        }
        self.forget_stopped();
        let all = self
            .tasks
            .values()
            .rev()
            .filter(|task| *task.service.cluster == *cluster)
            .filter(|task| stopped == Some(task.told_to_stop))
            .filter(|task| service.is_none_or(|service| *task.service.name == *service))
            .filter(|task| started_by.is_none_or(|by| *task.deployment == *by))
            .filter(|task| {
                family.is_none_or(|family| {
                    task.revision.rsplit_once(':').is_some_and(|(name, _)| name == family)
                })
            })
            .map(|task| Value::from(self.names.task(&cluster, &task.id)))
            .collect();
        input.page("taskArns", all, 100)
    }

    /// At most 100 (API reference).
    pub(super) fn describe_tasks(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let wanted = input.required_texts("tasks", 100)?;
        self.forget_stopped();
        let with_tags = input.texts("include")?.contains(&"TAGS");
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for text in wanted {
            match self.find_task(&cluster, text) {
                Some((_, task)) => {
                    let mut task = self.task_json(task, Form::Api);
                    if let (false, Some(task)) = (with_tags, task.as_object_mut()) {
                        // "If this field is omitted, the tags aren't included" (DescribeTasks).
                        task.insert("tags".into(), json!([]));
                    }
                    tasks.push(task);
                }
                None => failures.push(missing(&self.names.task(&cluster, name::last(text)))),
            }
        }
        Ok(described("tasks", tasks, failures))
    }

    /// `stoppedReason` is the caller's reason, or "Task stopped by user" (StopTask, API reference; recorded samples).
    pub(super) fn stop_task_call(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let text = input.required("task")?;
        let reason = input.text("reason")?.unwrap_or("Task stopped by user").to_owned();
        let Some((serial, task)) = self.find_task(&cluster, text) else {
            // AWS's words, as published.
            return Err(ApiError::invalid("The referenced task was not found."));
        };
        let (key, known) = (task.service.clone(), task.told_to_stop);
        self.stop_task(serial, "UserInitiated", reason.into());
        if !known && let Some(mut service) = self.services.remove(&key) {
            service.steady = false;
            self.miss(&mut service, serial);
            self.services.insert(key, service);
        }
        let task = self.tasks.get(serial).map(|task| self.task_json(task, Form::Api));
        Ok(json!({"task": task}))
    }

    /// Tasks of no service (RunTask, API reference): `count` 1 to 10, with awsvpc's `networkConfiguration` as Fargate
    /// requires. `startedBy` is at most 128 letters, digits, hyphens, slashes and underscores. The same `clientToken`
    /// again answers with the same tasks. `overrides` are given back; what tasks do, [`Ecs::behave`] says alone.
    pub(super) fn run_task(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster(input)?;
        let revision = self.usable_definition(input.required("taskDefinition")?)?;
        if input.text("launchType")?.is_some_and(|launch| launch != "FARGATE") {
            return Err(ApiError::not_simulated("a launchType other than FARGATE"));
        }
        let count = input.count("count")?.unwrap_or(1);
        if !(1..=10).contains(&count) {
            return Err(ApiError::invalid("count must be between 1 and 10."));
        }
        let started_by: Arc<str> = input.text("startedBy")?.unwrap_or_default().into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
        if started_by.len() > 128 || !started_by.chars().all(allowed) {
            return Err(ApiError::invalid("Invalid startedBy."));
        }
        let placement = Arc::new(self.placement_of_nobody(input, &revision)?);
        let token = input.text("clientToken")?.map(str::to_owned);
        let known = token.as_ref().and_then(|token| self.run_tokens.get(token).cloned());
        if known.is_none() && self.no_capacity_until("").is_some() {
            // Published among RunTask's failures; no task is made.
            let reason = "Capacity is unavailable at this time. Please try again later or in a different availability \
                          zone.";
            return Ok(json!({"tasks": [], "failures": [{"reason": reason}]}));
        }
        let serials = known.unwrap_or_else(|| {
            let nobody = Arc::new(ServiceKey { cluster: cluster.into(), name: "".into() });
            let mut run = || {
                let of = Of {
                    service: nobody.clone(),
                    deployment: started_by.clone(),
                    crew: Tasks::NOBODYS,
                    revision: revision.clone(),
                };
                let serial = self.make_task(of, &placement);
                self.put_next(serial);
                self.tell_task(serial);
                serial
            };
            (0..count).map(|_| run()).collect()
        });
        if let Some(token) = token {
            self.run_tokens.insert(token, serials.clone());
        }
        let tasks = serials.iter().filter_map(|serial| self.tasks.get(*serial));
        let tasks: Vec<Value> = tasks.map(|task| self.task_json(task, Form::Api)).collect();
        Ok(json!({"tasks": tasks, "failures": []}))
    }

    /// What RunTask says about its tasks.
    fn placement_of_nobody(&self, input: Input<'_>, revision: &str) -> Result<Placement, ApiError> {
        let subnets = input
            .value("networkConfiguration")
            .and_then(|one| one.get("awsvpcConfiguration")?.get("subnets")?.as_array())
            .filter(|subnets| !subnets.is_empty());
        let Some(subnets) = subnets else {
            // AWS's words, as published.
            return Err(ApiError::invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        };
        let family = revision.rsplit_once(':').map_or(revision, |(family, _)| family);
        let group = input.text("group")?.map_or_else(|| format!("family:{family}"), str::to_owned);
        let tags = input.value("tags").and_then(Value::as_array);
        Ok(Placement {
            group: group.into(),
            images: self.images(revision),
            subnets: subnets.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            tags: tags.cloned().unwrap_or_default(),
            overrides: input.value("overrides").and_then(Value::as_object).cloned(),
            ..Placement::default()
        })
    }

    fn find_task(&self, cluster: &str, text: &str) -> Option<(u64, &crate::task::Task)> {
        let id = name::last(text);
        self.tasks.iter().find(|(_, task)| *task.id == *id && *task.service.cluster == *cluster)
    }
}
