//! A batch of the queue: whose config may have changed, and who is deployed.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::event::sqs::SqsMessage;
use steady_core::event::{
    self, Body, ConfigFile, DeploymentEvent, DeploymentEventName, Event, ParameterEvent,
};
use steady_core::name::{Interner, ServiceKey};

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
    /// Messages that hold no event, and why.
    pub unreadable: Vec<(String, String)>,
}

impl Batch {
    /// Sorts the messages. A message's body is one event, as EventBridge puts it into a queue. Parameters that are not
    /// below `prefix`, and whatever is no begin of a deployment, are left out.
    pub fn sort(messages: Vec<SqsMessage>, prefix: &str) -> Self {
        let mut batch = Self::default();
        let mut interner = Interner::default();
        for message in messages {
            let id = message.message_id.unwrap_or_default();
            let body = message.body.unwrap_or_default();
            match event::parse(body.as_bytes(), &mut interner) {
                Ok(event) => batch.add(id, event, prefix),
                Err(error) => batch.unreadable.push((id, error.to_string())),
            }
        }
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

    fn message(id: &str, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.body = Some(body.to_owned());
        message
    }

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
                message("m1", &parameter("Create", "/steady/config/prod/checkout")),
                message("m2", "{"),
                message("m3", &deployment("prod/search", "IN_PROGRESS")),
                message("m4", &deployment("prod/checkout", "IN_PROGRESS")),
                message("m5", &deployment("prod/search", "COMPLETED")),
                message("m6", &parameter("Update", "/steady/config/defaults")),
                message("m7", &parameter("Delete", "/steady/config/prod/search")),
                message("m8", &parameter("Update", "/steady/config/prod/checkout")),
                message("m9", &parameter("Update", "/steady/configuration/prod/checkout")),
                message("m10", &parameter("Update", "/steady/config/prod/checkout/more")),
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
