//! The simulated ECS behind the ports: what Steady reads of it, and the calls that it makes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_core::event::{Body, Event, TaskEvent};
use steady_core::ledger::Proven;
use steady_core::name::{DeploymentId, ServiceKey, ServiceRevisionArn, TaskDefinitionRevision};
use steady_core::port::{
    Call, ChangeService, ContainerLog, DeploymentState, DeploymentStrategy, LogLine, PauseHook,
    PortError, ReadLogOptions, ReadLogs, ReadService, Rollout, RolloutState, RunningTask,
    RunningTasks, ServiceDeploymentState, ServiceRevision, ServiceState, Stage, Standing,
    TargetState,
};
use steady_core::rollback::Settings;
use steady_sim::{ApiError, Ecs};

/// The simulated ECS of one account.
#[derive(Debug)]
pub(super) struct Aws {
    ecs: Mutex<Ecs>,
    /// What runs, by what ECS has told, which here is everything: reading it task by task would answer the same.
    running: BTreeMap<ServiceKey, BTreeMap<u64, RunningTask>>,
}

impl Aws {
    pub(super) fn new(ecs: Ecs) -> Self {
        Self { ecs: Mutex::new(ecs), running: BTreeMap::new() }
    }

    /// For whoever lets time pass.
    pub(super) fn ecs(&mut self) -> &mut Ecs {
        self.ecs.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what ECS tells.
    pub(super) fn note(&mut self, event: &Event) {
        let Body::Task(task) = &event.body else { return };
        let Some(service) = task.service() else { return };
        if task.is_running() {
            let known = self.running.entry(service.clone()).or_default();
            known.extend(running_task(task).map(|running| (task.task.hash64(), running)));
        } else if task.tells_of_stop()
            && let Some(known) = self.running.get_mut(service)
        {
            known.remove(&task.task.hash64());
        }
    }

    /// The running tasks of a service.
    pub(super) fn running(&self, service: &ServiceKey) -> impl Iterator<Item = &RunningTask> {
        self.running.get(service).into_iter().flat_map(|tasks| tasks.values())
    }

    pub(super) fn call(&self, call: &'static str, input: &Value) -> Result<Value, PortError> {
        let mut ecs = self.ecs.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |ApiError { code, message }| PortError::Refused { call, code, text: message };
        ecs.call(call, input).map_err(refused)
    }

    fn describe(&self, service: &ServiceKey) -> Result<Option<Value>, PortError> {
        let input = json!({"cluster": service.cluster(), "services": [service.service()]});
        let mut found = self.call("DescribeServices", &input)?;
        Ok(found.pointer_mut("/services/0").map(Value::take))
    }

    /// Where the deployment in flight is, of a service whose deployments go through stages.
    fn stage(&self, service: &Value) -> Result<Option<Stage>, PortError> {
        let primary = list(service, "deployments").find(|one| is_primary(one));
        let in_flight = primary.is_some_and(|one| text(one, "rolloutState") == Some("IN_PROGRESS"));
        let arn = text(service, "currentServiceDeployment").filter(|_| in_flight);
        let (Some(arn), true) = (arn, strategy(service) != DeploymentStrategy::Rolling) else {
            return Ok(None);
        };
        let input = json!({"serviceDeploymentArns": [arn]});
        let found = self.call("DescribeServiceDeployments", &input)?;
        Ok(found.pointer("/serviceDeployments/0").map(|found| Stage {
            service_deployment: arn.to_owned(),
            name: text(found, "lifecycleStage").map(str::to_owned),
            new_traffic: found
                .pointer("/targetServiceRevision/requestedProductionTrafficWeight")
                .and_then(Value::as_f64),
            hook: list(found, "lifecycleHookDetails").find_map(|hook| {
                Some(PauseHook {
                    id: text(hook, "hookId")?.to_owned(),
                    expires_at: hook.get("expiresAt").and_then(time),
                    timeout_action: text(hook, "timeoutAction").map(str::to_owned),
                })
            }),
        }))
    }

    fn target(&self, revision: &TaskDefinitionRevision) -> TargetState {
        let input = json!({"taskDefinition": revision.as_str()});
        match self.call("DescribeTaskDefinition", &input) {
            Ok(found) if found.pointer("/taskDefinition/status") == Some(&json!("ACTIVE")) => {
                TargetState::Active
            }
            Ok(_) => TargetState::Inactive,
            Err(_) => TargetState::Gone,
        }
    }

    fn sources(
        &self,
        arns: &[ServiceRevisionArn],
    ) -> Result<Vec<TaskDefinitionRevision>, PortError> {
        let arns: Vec<&str> = arns.iter().map(ServiceRevisionArn::as_str).collect();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.call("DescribeServiceRevisions", &json!({"serviceRevisionArns": arns}))?;
        Ok(list(&found, "serviceRevisions").filter_map(revision_of).collect())
    }
}

impl ReadService for Aws {
    async fn running_tasks(&self, service: &ServiceKey) -> Result<RunningTasks, PortError> {
        let Some(found) = self.describe(service)? else {
            let standing = Some(Box::default());
            return Ok(RunningTasks { standing, ..RunningTasks::default() });
        };
        let primary = list(&found, "deployments").find(|one| is_primary(one));
        let mut revisions =
            list(&found, "currentServiceRevisions").filter_map(|one| text(one, "arn"));
        let (first, second) = (revisions.next(), revisions.next());
        Ok(RunningTasks {
            desired_count: found
                .get("desiredCount")
                .and_then(Value::as_u64)
                .and_then(|count| count.try_into().ok()),
            primary: primary.and_then(|one| text(one, "id")).map(DeploymentId::from),
            standing: Some(Box::new(Standing {
                status: text(&found, "status").map(str::to_owned),
                controller: CONTROLLER.to_owned(),
                scheduling_strategy: STRATEGY.to_owned(),
                is_express: false,
                rollouts: list(&found, "deployments").filter_map(rollout).collect(),
                stage: self.stage(&found)?,
            })),
            service_revision: first.filter(|_| second.is_none()).map(ServiceRevisionArn::from),
            tasks: self.running(service).cloned().collect(),
            witnesses: Vec::new(),
        })
    }

    async fn service_state(
        &self,
        service: &ServiceKey,
        target: &Proven,
    ) -> Result<ServiceState, PortError> {
        let target_state = self.target(&target.revision);
        let Some(found) = self.describe(service)? else {
            return Ok(ServiceState { target: target_state, ..ServiceState::default() });
        };
        let mut state = ServiceState {
            status: text(&found, "status").map(str::to_owned),
            controller: CONTROLLER.to_owned(),
            scheduling_strategy: STRATEGY.to_owned(),
            is_express: false,
            deployments: list(&found, "deployments").filter_map(deployment_state).collect(),
            service_deployment: None,
            target: target_state,
            proven: target.service_revision.clone().map(alike),
            current: None,
            strategy: strategy(&found),
        };
        if let Some(arn) = text(&found, "currentServiceDeployment") {
            let input = json!({"serviceDeploymentArns": [arn]});
            let found = self.call("DescribeServiceDeployments", &input)?;
            if let Some(found) = found.pointer("/serviceDeployments/0") {
                let arns = list(found, "sourceServiceRevisions").filter_map(|one| text(one, "arn"));
                let source_arns: Vec<_> = arns.map(ServiceRevisionArn::from).collect();
                state.service_deployment = Some(ServiceDeploymentState {
                    arn: arn.to_owned(),
                    status: text(found, "status").unwrap_or_default().to_owned(),
                    given_up: found.pointer("/deploymentCircuitBreaker/status")
                        == Some(&json!("TRIGGERED")),
                    sources: self.sources(&source_arns)?,
                    source_arns,
                });
                let current = found.get("targetServiceRevision").and_then(|one| text(one, "arn"));
                state.current = current.map(ServiceRevisionArn::from).map(alike);
            }
        }
        Ok(state)
    }
}

/// `deploymentController.type` of every simulated service.
const CONTROLLER: &str = "ECS";

/// `schedulingStrategy`, likewise.
const STRATEGY: &str = "REPLICA";

/// The revisions of a scenario differ in how their tasks behave, and in no setting of the service.
fn alike(arn: ServiceRevisionArn) -> ServiceRevision {
    ServiceRevision { arn, settings: Settings::new(), images: Vec::new() }
}

impl ChangeService for Aws {
    async fn change(&self, call: &Call) -> Result<(), PortError> {
        match call {
            Call::StopServiceDeployment { arn } => {
                let input = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
                self.call("StopServiceDeployment", &input).map(drop)
            }
            // There is nothing else to restore: see `alike`.
            Call::UpdateService { service, revision, restore: _ } => {
                let input = json!({
                    "cluster": service.cluster(), "service": service.service(),
                    "taskDefinition": revision.as_str(),
                });
                self.call("UpdateService", &input).map(drop)
            }
        }
    }
}

/// Simulated processes log nothing.
impl ReadLogOptions for Aws {
    async fn container_logs(
        &self,
        _: &TaskDefinitionRevision,
    ) -> Result<Option<Vec<ContainerLog>>, PortError> {
        Ok(Some(Vec::new()))
    }
}

impl ReadLogs for Aws {
    async fn tail(&self, _: &str, _: &str, _: u32) -> Result<Option<Vec<LogLine>>, PortError> {
        Ok(None)
    }
}

fn strategy(service: &Value) -> DeploymentStrategy {
    let of = |path: &str| service.pointer(&format!("/deploymentConfiguration/{path}"));
    let minutes = |path: &str| {
        let given = of(path).and_then(Value::as_u64);
        given.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
    };
    let bake_minutes = minutes("bakeTimeInMinutes");
    match of("strategy").and_then(Value::as_str) {
        Some("BLUE_GREEN") => DeploymentStrategy::BlueGreen { bake_minutes },
        Some("CANARY") => DeploymentStrategy::Canary {
            canary_bake_minutes: minutes("canaryConfiguration/canaryBakeTimeInMinutes"),
            bake_minutes,
        },
        Some("LINEAR") => {
            let percent = of("linearConfiguration/stepPercent").and_then(Value::as_f64);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to 1..=100"
            )]
            let step_percent = percent.unwrap_or(100.0).clamp(1.0, 100.0) as u32;
            DeploymentStrategy::Linear {
                step_percent,
                step_bake_minutes: minutes("linearConfiguration/stepBakeTimeInMinutes"),
                bake_minutes,
            }
        }
        _ => DeploymentStrategy::Rolling,
    }
}

fn running_task(task: &TaskEvent) -> Option<RunningTask> {
    Some(RunningTask {
        task: task.task.clone(),
        deployment: task.deployment.clone(),
        revision: task.revision.clone(),
        started_at: task.started_at?,
    })
}

fn rollout(found: &Value) -> Option<Rollout> {
    Some(Rollout {
        deployment: DeploymentId::from(text(found, "id")?),
        is_primary: is_primary(found),
        revision: revision_of(found),
        state: match text(found, "rolloutState")? {
            "COMPLETED" => Some(RolloutState::Completed),
            "FAILED" => Some(RolloutState::Failed),
            _ => Some(RolloutState::InProgress),
        },
        reason: text(found, "rolloutStateReason").map(str::to_owned),
    })
}

fn deployment_state(found: &Value) -> Option<DeploymentState> {
    Some(DeploymentState {
        id: DeploymentId::from(text(found, "id")?),
        is_primary: is_primary(found),
        revision: revision_of(found),
        created_at: found.get("createdAt").and_then(time),
    })
}

fn is_primary(deployment: &Value) -> bool {
    text(deployment, "status") == Some("PRIMARY")
}

fn revision_of(found: &Value) -> Option<TaskDefinitionRevision> {
    let arn = text(found, "taskDefinition")?;
    arn.rsplit('/').next().map(TaskDefinitionRevision::from)
}

/// Seconds since 1970, with milliseconds as their fraction.
pub(super) fn time(seconds: &Value) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
    let milliseconds = (seconds.as_f64()? * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
