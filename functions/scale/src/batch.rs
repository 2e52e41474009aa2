//! A batch of the queue: whose config may have changed, and who is deployed.

use std::collections::{BTreeMap, BTreeSet};

use steady_aws::function::queue::{self, Message, Unreadable};
use steady_core::event::{
    Body, ConfigFile, DeploymentEvent, DeploymentEventName, Event, ParameterEvent,
};
use steady_core::name::ServiceKey;

/// What a batch holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The services whose files were written, with the messages that say so.
    pub written: BTreeMap<ServiceKey, Vec<String>>,
    /// The services that are deployed, likewise; none that is in `written`.
    pub deployed: BTreeMap<ServiceKey, Vec<String>>,
    /// Messages that `defaults.toml` was written.
    pub defaults: Vec<String>,
    /// Messages that a file was deleted.
    pub gone: Vec<String>,
    /// Messages that hold no event.
    pub unreadable: Vec<Unreadable>,
}

impl Batch {
    /// Sorts the messages. Parameters that are not below `prefix`, and whatever is no begin of a deployment, are left out.
    pub fn sort(messages: Vec<Message>, prefix: &str) -> Self {
        let mut batch = Self::default();
        batch.unreadable =
            queue::read(messages, |message, event| batch.add(message, event, prefix));
        let written: BTreeSet<ServiceKey> = batch.written.keys().cloned().collect();
        for service in written {
            if let Some(messages) = batch.deployed.remove(&service) {
                batch.written.entry(service).or_default().extend(messages);
            }
        }
        batch
    }

    fn add(&mut self, message: String, event: Event, prefix: &str) {
        match event.body {
            Body::Parameter(parameter) => self.add_parameter(message, &parameter, prefix),
            Body::Deployment(DeploymentEvent {
                service: Some(service),
                name: DeploymentEventName::InProgress,
                ..
            }) => self.deployed.entry(service).or_default().push(message),
            _ => {}
        }
    }

    fn add_parameter(&mut self, message: String, parameter: &ParameterEvent, prefix: &str) {
        match parameter.config_file(prefix) {
            Some(_) if parameter.is_deleted => self.gone.push(message),
            Some(ConfigFile::Defaults) => self.defaults.push(message),
            Some(ConfigFile::Service(service)) => {
                self.written.entry(service).or_default().push(message);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(operation: &str, name: &str) -> String {
        format!(
            r#"{{"detail-type": "Parameter Store Change", "source": "aws.ssm", "time": "2026-11-21T02:11:00Z",
            "detail": {{"operation": "{operation}", "name": "{name}", "type": "String"}}}}"#
        )
    }

    fn deployment(service: &str, name: &str) -> String {
        format!(
            r#"{{"detail-type": "ECS Deployment State Change", "source": "aws.ecs", "time": "2026-11-21T02:11:00Z",
            "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/{service}"],
            "detail": {{"eventName": "SERVICE_DEPLOYMENT_{name}", "deploymentId": "ecs-svc/1"}}}}"#
        )
    }

    #[test]
    fn each_service_is_named_once_and_what_concerns_no_config_is_left_out() {
        let batch = Batch::sort(
            vec![
                Message::new("m1", &parameter("Create", "/steady/config/prod/checkout")),
                Message::new("m2", "{"),
                Message::new("m3", &deployment("prod/search", "IN_PROGRESS")),
                Message::new("m4", &deployment("prod/checkout", "IN_PROGRESS")),
                Message::new("m5", &deployment("prod/search", "COMPLETED")),
                Message::new("m6", &parameter("Update", "/steady/config/defaults")),
                Message::new("m7", &parameter("Delete", "/steady/config/prod/search")),
                Message::new("m8", &parameter("Update", "/steady/config/prod/checkout")),
                Message::new("m9", &parameter("Update", "/steady/configuration/prod/checkout")),
                Message::new("m10", &parameter("Update", "/steady/config/prod/checkout/more")),
            ],
            "/steady/config",
        );
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(batch.unreadable.len(), 1);
        let expected = Batch {
            written: BTreeMap::from([("prod/checkout".into(), ids(&["m1", "m8", "m4"]))]),
            deployed: BTreeMap::from([("prod/search".into(), ids(&["m3"]))]),
            defaults: ids(&["m6"]),
            gone: ids(&["m7"]),
            unreadable: batch.unreadable.clone(),
        };
        assert_eq!(batch, expected);
    }
}
