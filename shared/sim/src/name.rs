//! ARNs: made in ECS's shapes (long form, with the cluster's name), and read back wherever the API takes either a name
//! or an ARN.

use crate::service::ServiceKey;

/// Whose ARNs these are.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) account: String,
    pub(crate) region: String,
    prefix: String,
}

impl Names {
    pub(crate) fn new(account: String, region: String) -> Self {
        let partition = if region.starts_with("cn-") {
            "aws-cn"
        } else if region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        };
        let prefix = format!("arn:{partition}:ecs:{region}:{account}:");
        Self { account, region, prefix }
    }

    pub(crate) fn cluster(&self, name: &str) -> String {
        format!("{}cluster/{name}", self.prefix)
    }

    pub(crate) fn service(&self, key: &ServiceKey) -> String {
        format!("{}service/{}/{}", self.prefix, key.cluster, key.name)
    }

    /// `revision` is `family:revision`.
    pub(crate) fn task_definition(&self, revision: &str) -> String {
        format!("{}task-definition/{revision}", self.prefix)
    }

    pub(crate) fn task(&self, cluster: &str, id: &str) -> String {
        format!("{}task/{cluster}/{id}", self.prefix)
    }

    pub(crate) fn container(&self, cluster: &str, task: &str, id: &str) -> String {
        format!("{}container/{cluster}/{task}/{id}", self.prefix)
    }

    pub(crate) fn service_deployment(&self, key: &ServiceKey, id: &str) -> String {
        format!("{}service-deployment/{}/{}/{id}", self.prefix, key.cluster, key.name)
    }

    pub(crate) fn service_revision(&self, key: &ServiceKey, id: &str) -> String {
        format!("{}service-revision/{}/{}/{id}", self.prefix, key.cluster, key.name)
    }
}

/// What an ARN ends with, or the whole text if it is none: `prod/checkout` of `arn:aws:ecs:…:service/prod/checkout`.
pub(crate) fn path(text: &str) -> &str {
    match text.strip_prefix("arn:") {
        Some(rest) => rest.split_once('/').map_or(rest, |(_, path)| path),
        None => text,
    }
}

/// The last part of an ARN, or the whole text: a service's, a task's, a cluster's name.
pub(crate) fn last(text: &str) -> &str {
    let path = path(text);
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// The service that the ARN of a service deployment or service revision belongs to.
pub(crate) fn service_of(arn: &str) -> Option<ServiceKey> {
    let mut parts = path(arn).split('/');
    let (cluster, name) = (parts.next()?, parts.next()?);
    parts.next()?;
    Some(ServiceKey { cluster: cluster.into(), name: name.into() })
}
