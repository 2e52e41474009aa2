//! The API: an operation's name and its JSON in, its answer or refusal out.
//!
//! Shapes, required members, limits and errors are those of the ECS service model (botocore's `ecs/2014-11-13`) and the
//! API reference. Messages are AWS's own where they are published.

mod cluster;
mod deploy;
mod input;
mod service;
mod service_deployment;
mod strategy;
mod task;
mod task_definition;

use serde_json::Value;

use crate::Ecs;
use crate::error::ApiError;
use input::Input;

pub(crate) use cluster::Cluster;
pub(crate) use deploy::is_of_revision;
pub(crate) use task_definition::{Image, TaskDefinition};

/// See [`Ecs::call`].
pub(crate) fn call(ecs: &mut Ecs, operation: &str, input: &Value) -> Result<Value, ApiError> {
    let input = Input::new(input)?;
    match operation {
        "CreateCluster" => ecs.create_cluster(input),
        "ListClusters" => ecs.list_clusters(input),
        "DescribeClusters" => ecs.describe_clusters(input),
        "RegisterTaskDefinition" => ecs.register_task_definition(input),
        "DeregisterTaskDefinition" => ecs.deregister_task_definition(input),
        "DescribeTaskDefinition" => ecs.describe_task_definition(input),
        "ListTaskDefinitions" => ecs.list_task_definitions(input),
        "CreateService" => ecs.create_service(input),
        "UpdateService" => ecs.update_service(input),
        "DescribeServices" => ecs.describe_services(input),
        "ListServices" => ecs.list_services(input),
        "DeleteService" => ecs.delete_service(input),
        "ListTasks" => ecs.list_tasks(input),
        "DescribeTasks" => ecs.describe_tasks(input),
        "RunTask" => ecs.run_task(input),
        "StopTask" => ecs.stop_task_call(input),
        "ListServiceDeployments" => ecs.list_service_deployments(input),
        "DescribeServiceDeployments" => ecs.describe_service_deployments(input),
        "DescribeServiceRevisions" => ecs.describe_service_revisions(input),
        "StopServiceDeployment" => ecs.stop_service_deployment(input),
        "ContinueServiceDeployment" => ecs.continue_service_deployment(input),
        _ => Err(ApiError::unknown_operation()),
    }
}
