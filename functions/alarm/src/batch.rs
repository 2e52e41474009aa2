//! A batch of the queue: events by alarm.

use std::collections::BTreeMap;

use aws_lambda_events::event::sqs::SqsMessage;
use steady_core::event::{self, Concern, Event};
use steady_core::name::Interner;

/// What a batch holds.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events of each alarm, with the messages that brought them.
    pub alarms: BTreeMap<String, Share>,
    /// Messages that hold no event, and why.
    pub unreadable: Vec<(String, String)>,
}

/// An alarm's share in a batch.
#[derive(Debug, Default)]
pub struct Share {
    /// Ids of its messages.
    pub messages: Vec<String>,
    /// What they say.
    pub events: Vec<Event>,
}

impl Batch {
    /// Sorts the messages. A message's body is one event, as EventBridge puts it into a queue. Those of alarms that are
    /// made for scaling, and whatever is no alarm's, are left out.
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
        let Concern::Alarm(alarm) = event.concern() else { return };
        let share = self.alarms.entry(alarm.name.to_string()).or_default();
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

    fn alarm(name: &str) -> String {
        format!(
            r#"{{"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "time": "2026-11-21T02:11:00Z",
            "resources": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"],
            "detail": {{"alarmName": "{name}", "state": {{"value": "ALARM", "timestamp": "2026-11-21T02:10:58.113+0000"}}}}}}"#
        )
    }

    #[test]
    fn each_alarm_gets_its_own_events_and_those_of_scaling_are_left_out() {
        let batch = Batch::sort(vec![
            message("m1", &alarm("checkout-5xx")),
            message("m2", "{"),
            message("m3", &alarm("TargetTracking-service/prod/checkout-AlarmHigh-0d1e")),
            message("m4", &alarm("checkout-5xx")),
            message("m5", &alarm("steady-prod/checkout-burst")),
            message("m6", r#"{"detail-type": "Scheduled Event", "detail": {}}"#),
        ]);
        let shares: Vec<(&str, &Vec<String>)> =
            batch.alarms.iter().map(|(name, share)| (name.as_str(), &share.messages)).collect();
        assert_eq!(shares, [("checkout-5xx", &vec!["m1".to_owned(), "m4".to_owned()])]);
        assert_eq!(batch.unreadable.len(), 1);
        assert_eq!(batch.unreadable[0].0, "m2");
    }
}
