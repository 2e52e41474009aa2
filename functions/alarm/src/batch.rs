//! A batch of the queue: events by alarm.

use std::collections::BTreeMap;

use steady_aws::function::queue::{self, Message, Share, Unreadable};
use steady_core::event::{Concern, Event};

/// What a batch holds.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events of each alarm, with the messages that brought them.
    pub alarms: BTreeMap<String, Share>,
    /// Messages that hold no event.
    pub unreadable: Vec<Unreadable>,
}

impl Batch {
    /// Sorts the messages. Those of alarms that are made for scaling, and whatever is no alarm's, are left out.
    pub fn sort(messages: Vec<Message>) -> Self {
        let mut batch = Self::default();
        batch.unreadable = queue::read(messages, |message, event| batch.add(message, event));
        batch
    }

    fn add(&mut self, message: String, event: Event) {
        let Concern::Alarm(alarm) = event.concern() else { return };
        self.alarms.entry(alarm.name.to_string()).or_default().add(message, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Message::new("m1", &alarm("checkout-5xx")),
            Message::new("m2", "{"),
            Message::new("m3", &alarm("TargetTracking-service/prod/checkout-AlarmHigh-0d1e")),
            Message::new("m4", &alarm("checkout-5xx")),
            Message::new("m5", &alarm("steady-prod/checkout-burst")),
            Message::new("m6", r#"{"detail-type": "Scheduled Event", "detail": {}}"#),
        ]);
        let shares: Vec<(&str, &Vec<String>)> =
            batch.alarms.iter().map(|(name, share)| (name.as_str(), &share.messages)).collect();
        assert_eq!(shares, [("checkout-5xx", &vec!["m1".to_owned(), "m4".to_owned()])]);
        assert_eq!(batch.unreadable.len(), 1);
        assert_eq!(batch.unreadable[0].message, "m2");
    }
}
