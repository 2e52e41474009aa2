//! Tasks: listed, described, stopped by a caller.

use serde_json::{Value, json};

use super::input::{Input, missing};
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::render::Form;

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
        let all = self
            .tasks
            .values()
            .rev()
            .filter(|task| task.service.cluster == cluster)
            .filter(|task| stopped == Some(task.told_to_stop))
            .filter(|task| service.is_none_or(|service| task.service.name == service))
            .filter(|task| started_by.is_none_or(|by| task.deployment == by))
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
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for text in wanted {
            match self.find_task(&cluster, text) {
                Some((_, task)) => tasks.push(self.task_json(task, Form::Api)),
                None => failures.push(missing(&self.names.task(&cluster, name::last(text)))),
            }
        }
        Ok(json!({"tasks": tasks, "failures": failures}))
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
        self.stop_task(serial, "UserInitiated", reason);
        if !known && let Some(mut service) = self.services.remove(&key) {
            service.steady = false;
            self.miss(&mut service, serial);
            self.services.insert(key, service);
        }
        let task = self.tasks.get(&serial).map(|task| self.task_json(task, Form::Api));
        Ok(json!({"task": task}))
    }

    fn find_task(&self, cluster: &str, text: &str) -> Option<(u64, &crate::task::Task)> {
        let id = name::last(text);
        self.tasks
            .iter()
            .find(|(_, task)| task.id == id && task.service.cluster == cluster)
            .map(|(serial, task)| (*serial, task))
    }
}
