//! An SQS standard queue as a Lambda event source sees it: pure data, not served.
//!
//! AWS Lambda Developer Guide, "Using Lambda with Amazon SQS" (the event), "Handling errors for an SQS event source in Lambda"
//! (partial batch responses); Amazon SQS Developer Guide, "Using dead-letter queues in Amazon SQS".
//!
//! Deliberately without time: a message that failed is visible again at once, behind those that wait, and one that was received
//! often enough goes to the dead letters when it fails, where SQS waits for the next receive. Neither can be told apart by the
//! function. Without `md5OfBody`, which no function of ours reads.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::numbered_id;

/// `maxReceiveCount` unless [`Queue::received_at_most`] says another.
const RECEIVE_COUNT_MAX: u32 = 5;

/// A queue with its dead letters.
///
/// ```
/// use steady_local_aws::Queue;
///
/// let mut queue = Queue::new("arn:aws:sqs:eu-west-1:111122223333:watch");
/// queue.send(&serde_json::json!({ "id": "e1", "time": "2026-11-21T02:14:07Z" }));
/// let event = queue.batch(10).expect("a message waits");
/// // The function is invoked with `event` and answers:
/// let settled = queue.settle(&event, &serde_json::json!({ "batchItemFailures": [] }));
/// assert_eq!(settled.deleted, 1);
/// assert_eq!(queue.batch(10), None);
/// ```
#[derive(Clone, Debug)]
pub struct Queue {
    arn: String,
    receive_count_max: u32,
    sent: u64,
    received: u64,
    waiting: VecDeque<Message>,
    in_flight: Vec<Message>,
    dead: Vec<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    id: String,
    body: Value,
    at: i64,
    receive_count: u32,
}

/// What became of a batch, in messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Processed, and gone.
    pub deleted: usize,
    /// Failed, and will come again.
    pub returned: usize,
    /// Failed for the last time.
    pub dead: usize,
    /// Why the batch failed whole, if it did.
    pub failed_whole: Option<String>,
}

impl Queue {
    /// An empty queue. The region of its events is the ARN's: `arn:aws:sqs:REGION:ACCOUNT:NAME`.
    pub fn new(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            receive_count_max: RECEIVE_COUNT_MAX,
            sent: 0,
            received: 0,
            waiting: VecDeque::new(),
            in_flight: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// A message that so many invocations could not process is a dead letter (`maxReceiveCount` of the redrive policy).
    #[must_use]
    pub fn received_at_most(self, times: u32) -> Self {
        Self { receive_count_max: times, ..self }
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Sends an EventBridge event, as a rule with this queue as its target does: the event is the body. Gives the message's id.
    ///
    /// `SentTimestamp` is the event's own `time`, or 0 without one. To send the same event twice, as EventBridge may, is two
    /// messages with one body.
    pub fn send(&mut self, event: &Value) -> String {
        self.sent += 1;
        let id = numbered_id(2, self.sent);
        let at = event
            .get("time")
            .and_then(Value::as_str)
            .and_then(|time| time.parse::<Timestamp>().ok())
            .map_or(0, Timestamp::as_millisecond);
        self.waiting.push_back(Message {
            id: id.clone(),
            body: event.clone(),
            at,
            receive_count: 0,
        });
        id
    }

    /// The event with which Lambda invokes the function for up to `max` messages, in the order sent; `None` if none waits:
    /// Lambda invokes nothing then.
    ///
    /// The messages are in flight until [`settle`](Self::settle) or [`settle_error`](Self::settle_error); further batches may be
    /// taken meanwhile, as concurrent invocations do.
    ///
    /// `{"Records":[{"messageId":…,"receiptHandle":…,"body":"{…}","attributes":{"ApproximateReceiveCount":"1",…},
    /// "messageAttributes":{},"eventSource":"aws:sqs","eventSourceARN":…,"awsRegion":…}]}`
    pub fn batch(&mut self, max: usize) -> Option<Value> {
        let count = max.min(self.waiting.len());
        let mut taken: Vec<Message> = self.waiting.drain(..count).collect();
        if taken.is_empty() {
            return None;
        }
        let region = self.arn.split(':').nth(3).unwrap_or_default().to_owned();
        let mut records = Vec::with_capacity(count);
        for message in &mut taken {
            self.received += 1;
            message.receive_count += 1;
            records.push(json!({
                "messageId": message.id,
                // Another for each receive (SQS Developer Guide, "Queue and message identifiers").
                "receiptHandle": format!("receipt-{}-{}", message.id, self.received),
                "body": message.body.to_string(),
                "attributes": {
                    "ApproximateReceiveCount": message.receive_count.to_string(),
                    "SentTimestamp": message.at.to_string(),
                    "SenderId": "AIDALOCALAWS",
                    "ApproximateFirstReceiveTimestamp": message.at.to_string(),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": self.arn,
                "awsRegion": region,
            }));
        }
        self.in_flight.extend(taken);
        Some(json!({ "Records": records }))
    }

    /// Settles the batch of `event` by what the function answered, with ReportBatchItemFailures switched on:
    /// `{"batchItemFailures":[{"itemIdentifier":MESSAGE_ID},…]}`.
    ///
    /// A null or empty answer, and a null or empty list, are success. The whole batch failed if an identifier is missing, null,
    /// empty, under another key, or of no message in the batch, or if the answer is no object at all ("Handling errors for an
    /// SQS event source in Lambda", success and failure conditions).
    pub fn settle(&mut self, event: &Value, answer: &Value) -> Settled {
        let batch = ids_of(event);
        match failures(answer, &batch) {
            Ok(failed) => self.finish(&batch, &failed, None),
            Err(why) => self.finish(&batch, &batch, Some(why)),
        }
    }

    /// Settles the batch of `event` after an invocation that failed whole: an error, a timeout, a crash. All of it comes again.
    pub fn settle_error(&mut self, event: &Value) -> Settled {
        let batch = ids_of(event);
        self.finish(&batch, &batch, Some("the invocation failed".to_owned()))
    }

    /// The bodies of the messages that failed for the last time, in that order.
    pub fn dead_letters(&self) -> Vec<Value> {
        self.dead.iter().map(|message| message.body.clone()).collect()
    }

    /// How many messages wait for a batch, those in flight not counted.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn finish(
        &mut self,
        batch: &BTreeSet<String>,
        failed: &BTreeSet<String>,
        failed_whole: Option<String>,
    ) -> Settled {
        let mut settled = Settled { failed_whole, ..Settled::default() };
        let (done, still): (Vec<Message>, Vec<Message>) =
            self.in_flight.drain(..).partition(|message| batch.contains(&message.id));
        self.in_flight = still;
        for message in done {
            if !failed.contains(&message.id) {
                settled.deleted += 1;
            } else if message.receive_count >= self.receive_count_max {
                settled.dead += 1;
                self.dead.push(message);
            } else {
                settled.returned += 1;
                self.waiting.push_back(message);
            }
        }
        settled
    }
}

fn ids_of(event: &Value) -> BTreeSet<String> {
    let records = event.get("Records").and_then(Value::as_array);
    records
        .into_iter()
        .flatten()
        .filter_map(|record| record.get("messageId").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// The messages that the function reports as failed, or why its answer fails the whole batch.
fn failures(answer: &Value, batch: &BTreeSet<String>) -> Result<BTreeSet<String>, String> {
    let list = match answer {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(members) => members.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return Err("the answer is no JSON object".to_owned()),
    };
    let list = match list {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Array(list) => list,
        _ => return Err("`batchItemFailures` is no list".to_owned()),
    };
    list.iter()
        .map(|item| match item.get("itemIdentifier") {
            Some(Value::String(id)) if batch.contains(id) => Ok(id.clone()),
            Some(Value::String(id)) if id.is_empty() => {
                Err("an `itemIdentifier` is empty".to_owned())
            }
            Some(Value::String(id)) => Err(format!("no message of the batch has the id `{id}`")),
            _ => Err("an item has no `itemIdentifier`".to_owned()),
        })
        .collect()
}
