//! Clusters.

use serde_json::{Value, json};

use super::input::{Input, described, missing};
use crate::Ecs;
use crate::error::ApiError;
use crate::name;
use crate::service::ServiceStatus;
use crate::task::Status;

/// A cluster. It is never deleted.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
}

impl Ecs {
    /// Creating one that exists answers with it, as ECS does.
    pub(super) fn create_cluster(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let name = input.text("clusterName")?.unwrap_or("default").to_owned();
        let answer = self.cluster_json(&name);
        self.clusters.entry(name.clone()).or_insert(Cluster { name });
        Ok(json!({"cluster": answer}))
    }

    pub(super) fn describe_clusters(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let mut wanted = input.texts("clusters")?;
        if wanted.is_empty() {
            wanted.push("default");
        }
        if wanted.len() > 100 {
            return Err(ApiError::too_many("clusters", 100));
        }
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for text in wanted {
            match self.clusters.get(name::last(text)) {
                Some(cluster) => clusters.push(self.cluster_json(&cluster.name)),
                None => failures.push(missing(&self.names.cluster(name::last(text)))),
            }
        }
        Ok(described("clusters", clusters, failures))
    }

    /// 100 a page (API reference).
    pub(super) fn list_clusters(&mut self, input: Input<'_>) -> Result<Value, ApiError> {
        let all = self.clusters.keys().map(|name| Value::from(self.names.cluster(name))).collect();
        input.page("clusterArns", all, 100)
    }

    fn cluster_json(&self, name: &str) -> Value {
        let services = self
            .services
            .values()
            .filter(|one| *one.key.cluster == *name && one.status == ServiceStatus::Active)
            .count();
        let (mut running, mut pending) = (0, 0);
        for task in self.tasks.values().filter(|task| *task.service.cluster == *name) {
            match task.status {
                Status::Running => running += 1,
                Status::Provisioning | Status::Pending | Status::Activating => pending += 1,
                _ => {}
            }
        }
        json!({
            "clusterArn": self.names.cluster(name),
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "activeServicesCount": services,
            "statistics": [],
            "tags": [],
            "settings": [],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
        })
    }

    /// The cluster that a call means: a name, an ARN, or `default` (API reference, everywhere).
    ///
    /// # Errors
    /// `ClusterNotFoundException`
    pub(super) fn cluster(&self, input: Input<'_>) -> Result<String, ApiError> {
        let name = name::last(input.text("cluster")?.unwrap_or("default"));
        self.clusters.get(name).map(|cluster| cluster.name.clone()).ok_or_else(ApiError::no_cluster)
    }
}
