//! A batch of the queue: events by service, and by family where tasks have none.

use std::collections::BTreeMap;

use steady_aws::function::queue::{self, Message, Share, Unreadable};
use steady_core::event::{Concern, Event};
use steady_core::name::{FamilyKey, ServiceKey};

/// What a batch holds.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events of each service, with the messages that brought them.
    pub services: BTreeMap<ServiceKey, Share>,
    /// The same of tasks of no service that failed, by family.
    pub families: BTreeMap<FamilyKey, Share>,
    /// Messages that hold no event.
    pub unreadable: Vec<Unreadable>,
    /// Events that nothing follows from, and why.
    pub unused: Vec<(String, String)>,
}

impl Batch {
    /// Sorts the messages.
    pub fn sort(messages: Vec<Message>) -> Self {
        let mut batch = Self::default();
        batch.unreadable = queue::read(messages, |message, event| batch.add(message, event));
        batch
    }

    fn add(&mut self, message: String, event: Event) {
        let share = match event.concern() {
            Concern::Service(service) => self.services.entry(service.clone()).or_default(),
            Concern::Standalone(family) => self.families.entry(family.clone()).or_default(),
            Concern::Alarm(alarm) => {
                let why =
                    format!("alarm {}: alarms are the business of the function alarm", alarm.name);
                return self.unused.push((message, why));
            }
            Concern::Parameter(parameter) => {
                let why = format!(
                    "parameter {}: parameters are the business of the function scale",
                    parameter.name
                );
                return self.unused.push((message, why));
            }
            Concern::Nobody => return,
            Concern::Unused(why) => return self.unused.push((message, why)),
        };
        share.add(message, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed(service: &str) -> String {
        format!(
            r#"{{"detail-type": "ECS Deployment State Change", "source": "aws.ecs", "time": "2026-11-21T02:11:00Z",
            "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/{service}"],
            "detail": {{"eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS", "deploymentId": "ecs-svc/1"}}}}"#
        )
    }

    fn task_of_no_service(exit_code: u8) -> String {
        format!(
            r#"{{"detail-type": "ECS Task State Change", "source": "aws.ecs", "time": "2026-11-21T02:11:00Z",
            "detail": {{"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/b", "group": "family:nightly-report",
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "lastStatus": "STOPPED",
            "desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "containers": [{{"name": "app", "exitCode": {exit_code}}}]}}}}"#
        )
    }

    #[test]
    fn each_service_gets_its_own_events_and_what_cannot_be_read_is_named() {
        let started = r#"{"detail-type": "ECS Task State Change", "source": "aws.ecs",
            "detail": {"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/a", "group": "service:checkout",
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "lastStatus": "RUNNING", "desiredStatus": "RUNNING"}}"#;
        let batch = Batch::sort(vec![
            Message::new("m7", &task_of_no_service(1)),
            Message::new("m8", &task_of_no_service(0)),
            Message::new("m1", &deployed("checkout")),
            Message::new("m2", "{"),
            Message::new("m3", &deployed("search")),
            Message::new("m4", &deployed("checkout")),
            Message::new("m5", r#"{"detail-type": "Scheduled Event", "detail": {}}"#),
            Message::new("m6", started),
        ]);
        let shares: Vec<(&str, Vec<&str>)> = batch
            .services
            .iter()
            .map(|(service, share)| {
                (service.as_str(), share.messages.iter().map(String::as_str).collect())
            })
            .collect();
        assert_eq!(shares, [("prod/checkout", vec!["m1", "m4"]), ("prod/search", vec!["m3"])]);
        let families: Vec<(String, &Vec<String>)> =
            batch.families.iter().map(|(key, share)| (key.to_string(), &share.messages)).collect();
        assert_eq!(families, [("prod/nightly-report".to_owned(), &vec!["m7".to_owned()])]);
        assert_eq!(batch.unreadable.len(), 1);
        assert_eq!(batch.unreadable[0].message, "m2");
        assert!(batch.unreadable[0].why.starts_with("not JSON"), "{:?}", batch.unreadable);
        assert_eq!(
            batch.unused,
            [("m5".to_owned(), "`Scheduled Event` is of no use to Steady".to_owned())]
        );
    }
}
