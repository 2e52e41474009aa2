//! Probes on the simulated ECS: tasks of no service, started, read and stopped as in an account.

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_core::event::Container;
use steady_core::name::{ServiceKey, TaskArn};
use steady_core::port::{PortError, RunProbes, Witness, WitnessStop};
use steady_core::rollback::Probe;
use steady_core::stop::StopCode;

use super::aws::{Aws, list, text, time};

impl RunProbes for Aws {
    async fn run_probe(&self, service: &ServiceKey, probe: &Probe) -> Result<u32, PortError> {
        let input = json!({
            "cluster": service.cluster(),
            "taskDefinition": probe.target.revision.as_str(),
            "count": probe.count,
            "startedBy": probe.started_by,
            "clientToken": probe.started_by,
            "launchType": "FARGATE",
            // Which subnets those are makes no difference here.
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}},
            "tags": [{"key": "steady:probe", "value": service.as_str()}],
        });
        let answer = self.call("RunTask", &input)?;
        match list(&answer, "tasks").count() {
            0 => Err(PortError::Throttled { call: "RunTask", text: "no capacity".to_owned() }),
            started => Ok(u32::try_from(started).unwrap_or(u32::MAX)),
        }
    }

    async fn witnesses(
        &self,
        service: &ServiceKey,
        probe: &Probe,
    ) -> Result<Vec<Witness>, PortError> {
        let mut tasks = Vec::new();
        for status in ["RUNNING", "STOPPED"] {
            tasks.extend(self.of_probe(service, probe, status)?);
        }
        Ok(tasks.iter().filter_map(witness).collect())
    }

    async fn stop_probe(&self, service: &ServiceKey, probe: &Probe) -> Result<usize, PortError> {
        let tasks = self.of_probe(service, probe, "RUNNING")?;
        for task in tasks.iter().filter_map(|task| text(task, "taskArn")) {
            let input =
                json!({"cluster": service.cluster(), "task": task, "reason": "steady: probe"});
            self.call("StopTask", &input)?;
        }
        Ok(tasks.len())
    }
}

impl Aws {
    fn of_probe(
        &self,
        service: &ServiceKey,
        probe: &Probe,
        desired_status: &str,
    ) -> Result<Vec<Value>, PortError> {
        let input = json!({
            "cluster": service.cluster(), "startedBy": probe.started_by, "desiredStatus": desired_status,
        });
        let found = self.call("ListTasks", &input)?;
        let arns: Vec<&Value> = list(&found, "taskArns").collect();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let input = json!({"cluster": service.cluster(), "tasks": arns});
        let mut found = self.call("DescribeTasks", &input)?;
        let tasks = found.get_mut("tasks").and_then(Value::as_array_mut).map(std::mem::take);
        Ok(tasks.unwrap_or_default())
    }
}

fn witness(task: &Value) -> Option<Witness> {
    let at = ["stoppingAt", "executionStoppedAt", "stoppedAt"]
        .into_iter()
        .find_map(|name| of(task, name));
    let containers = list(task, "containers").map(|one| Container {
        name: text(one, "name").map(Into::into),
        exit_code: one.get("exitCode").and_then(Value::as_i64),
        reason: text(one, "reason").map(Into::into),
    });
    Some(Witness {
        task: TaskArn::from(text(task, "taskArn")?),
        started_at: of(task, "startedAt"),
        stop: at.map(|at| WitnessStop {
            at,
            stop_code: text(task, "stopCode").map(StopCode::from),
            stopped_reason: text(task, "stoppedReason").map(str::to_owned),
            containers: containers.collect(),
        }),
    })
}

fn of(task: &Value, name: &str) -> Option<Timestamp> {
    time(task.get(name)?)
}
