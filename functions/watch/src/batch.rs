//! A batch of the queue: events by service.

use std::collections::BTreeMap;

use aws_lambda_events::event::sqs::SqsMessage;
use steady_core::event::{self, Concern, Event};
use steady_core::name::{Interner, ServiceKey};

/// What a batch holds.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events of each service, with the messages that brought them.
    pub services: BTreeMap<ServiceKey, Share>,
    /// Messages that hold no event, and why.
    pub unreadable: Vec<(String, String)>,
    /// Events that nothing follows from, and why.
    pub unused: Vec<(String, String)>,
}

/// One service's share in a batch.
#[derive(Debug, Default)]
pub struct Share {
    /// Ids of its messages.
    pub messages: Vec<String>,
    /// What they say.
    pub events: Vec<Event>,
}

impl Batch {
    /// Sorts the messages. A message's body is one event, as EventBridge puts it into a queue.
    pub fn sort(messages: Vec<SqsMessage>) -> Self {
        let mut batch = Self::default();
        let mut interner = Interner::default();
        for message in messages {
            let id = message.message_id.unwrap_or_default();
            let body = message.body.unwrap_or_default();
            match event::parse(body.as_bytes(), &mut interner) {
                Ok(event) => batch.add(id, event),
                Err(error) => batch.unreadable.push((id, error.to_string())),
            }
        }
        batch
    }

    fn add(&mut self, message: String, event: Event) {
        let service = match event.concern() {
            Concern::Service(service) => service.clone(),
            Concern::Nobody => return,
            Concern::Standalone(_) => {
                let why = "a task of no service: not told by this function yet";
                return self.unused.push((message, why.to_owned()));
            }
            Concern::Unused(why) => return self.unused.push((message, why)),
        };
        let share = self.services.entry(service).or_default();
        share.messages.push(message);
        share.events.push(event);
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

    fn deployed(service: &str) -> String {
        format!(
            r#"{{"detail-type": "ECS Deployment State Change", "source": "aws.ecs", "time": "2026-11-21T02:11:00Z",
            "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/{service}"],
            "detail": {{"eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS", "deploymentId": "ecs-svc/1"}}}}"#
        )
    }

    #[test]
    fn each_service_gets_its_own_events_and_what_cannot_be_read_is_named() {
        let started = r#"{"detail-type": "ECS Task State Change", "source": "aws.ecs",
            "detail": {"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/a", "group": "service:checkout",
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "lastStatus": "RUNNING", "desiredStatus": "RUNNING"}}"#;
        let batch = Batch::sort(vec![
            message("m1", &deployed("checkout")),
            message("m2", "{"),
            message("m3", &deployed("search")),
            message("m4", &deployed("checkout")),
            message("m5", r#"{"detail-type": "Scheduled Event", "detail": {}}"#),
            message("m6", started),
        ]);
        let shares: Vec<(&str, Vec<&str>)> = batch
            .services
            .iter()
            .map(|(service, share)| {
                (service.as_str(), share.messages.iter().map(String::as_str).collect())
            })
            .collect();
        assert_eq!(shares, [("prod/checkout", vec!["m1", "m4"]), ("prod/search", vec!["m3"])]);
        assert_eq!(batch.unreadable.len(), 1);
        assert_eq!(batch.unreadable[0].0, "m2");
        assert!(batch.unreadable[0].1.starts_with("not JSON"), "{:?}", batch.unreadable);
        assert_eq!(
            batch.unused,
            [("m5".to_owned(), "`Scheduled Event` is of no use to Steady".to_owned())]
        );
    }
}
