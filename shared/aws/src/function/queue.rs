//! A batch of a queue: in come messages, of which each holds one event; out go those that have to come again.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use steady_core::event::{self, Event};
use steady_core::name::Interner;
use steady_core::tally::{Metric, Tally};

use super::Invocation;

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// By which the queue knows it.
    pub id: String,
    /// One event, as EventBridge puts it into a queue.
    pub body: String,
}

impl Message {
    /// With its body.
    pub fn new(id: &str, body: &str) -> Self {
        Self { id: id.to_owned(), body: body.to_owned() }
    }
}

/// The messages of a batch. One without a body holds no event, and one without an id cannot be named in the answer; SQS sends
/// neither.
pub fn messages(batch: SqsEvent) -> Vec<Message> {
    let message = |message: SqsMessage| Message {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    };
    batch.records.into_iter().map(message).collect()
}

/// A message that holds no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id.
    pub message: String,
    /// What is wrong with its body.
    pub why: String,
}

/// Hands each event to `take`, with the id of its message, in the order of the batch. Returns the messages that hold none.
pub fn read(messages: Vec<Message>, mut take: impl FnMut(String, Event)) -> Vec<Unreadable> {
    let mut unreadable = Vec::new();
    let mut interner = Interner::default();
    for Message { id, body } in messages {
        match event::parse(body.as_bytes(), &mut interner) {
            Ok(event) => take(id, event),
            Err(error) => unreadable.push(Unreadable { message: id, why: error.to_string() }),
        }
    }
    unreadable
}

/// What a batch says of one thing: a service, a family, an alarm.
#[derive(Debug, Default)]
pub struct Share {
    /// Ids of its messages.
    pub messages: Vec<String>,
    /// What they say.
    pub events: Vec<Event>,
}

impl Share {
    /// One more message, with its event.
    pub fn add(&mut self, message: String, event: Event) {
        self.messages.push(message);
        self.events.push(event);
    }
}

/// Logs why they cannot be read. Their ids: they come again, and at last lie in the dead-letter queue, where somebody can
/// look at them.
pub fn give_back(unreadable: Vec<Unreadable>, invocation: &Invocation) -> Vec<String> {
    let log = |Unreadable { message, why }| {
        tracing::error!(request = invocation.request, message, "the event cannot be read: {why}");
        message
    };
    unreadable.into_iter().map(log).collect()
}

/// The answer of `function` that names the messages that have to come again (Lambda developer guide, "Using Lambda with Amazon
/// SQS", partial batch responses). They are counted.
pub fn answer(
    function: &'static str,
    failed: Vec<String>,
    invocation: &Invocation,
) -> SqsBatchResponse {
    let mut tally = Tally::default();
    tally.add(Metric::MessagesFailed, Some(function), failed.len());
    invocation.count(tally);
    let failure = |message| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed.into_iter().map(failure).collect();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_hold_no_event_are_told_apart_from_those_that_hold_one() {
        let event = r#"{"detail-type": "Scheduled Event", "detail": {}}"#;
        let batch: SqsEvent = serde_json::from_value(serde_json::json!({ "Records": [
            { "messageId": "m1", "body": "{" },
            { "messageId": "m2", "body": event },
            { "messageId": "m3" },
        ]}))
        .unwrap();
        let mut taken = Vec::new();
        let unreadable = read(messages(batch), |message, _| taken.push(message));
        assert_eq!(taken, ["m2"]);
        let messages: Vec<&str> = unreadable.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["m1", "m3"]);
        assert!(unreadable[0].why.starts_with("not JSON"), "{unreadable:?}");
    }

    #[test]
    fn the_answer_names_what_has_to_come_again_and_counts_it() {
        let invocation = Invocation::new("1", jiff::Timestamp::UNIX_EPOCH, None);
        let answer = answer("watch", vec!["m1".to_owned(), "m3".to_owned()], &invocation);
        let expected = serde_json::json!({ "batchItemFailures": [
            { "itemIdentifier": "m1" },
            { "itemIdentifier": "m3" },
        ]});
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
        let counted: Vec<_> = invocation.counted().counts().collect();
        assert_eq!(counted, [(Metric::MessagesFailed, Some("watch"), 2)]);
    }
}
