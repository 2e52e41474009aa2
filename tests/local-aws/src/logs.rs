//! CloudWatch Logs: GetLogEvents over seeded lines.
//!
//! Shapes and errors: CloudWatch Logs API Reference, GetLogEvents, and botocore's model (2014-03-28). A page holds up to `limit`
//! events (10,000) or 1 MB; tokens are never null, and the end of the stream gives back the token that was passed in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::front::unknown_operation;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

/// `EventsLimit` in botocore's model.
const EVENTS_MAX: u64 = 10_000;
/// A page's size in bytes, and what each event counts beyond its UTF-8 text (PutLogEvents: "plus 26 bytes for each log event").
const PAGE_BYTES: usize = 1_048_576;
const EVENT_OVERHEAD: usize = 26;

type Stream = Vec<(Timestamp, String)>;

/// Groups, their streams, and the lines of those in the order of time.
#[derive(Debug, Default)]
pub(crate) struct LogGroups(BTreeMap<String, BTreeMap<String, Stream>>);

impl LogGroups {
    pub(crate) fn add(&mut self, group: &str, stream: &str, lines: &[(Timestamp, &str)]) {
        let streams = self.0.entry(group.to_owned()).or_default();
        let stream = streams.entry(stream.to_owned()).or_default();
        stream.extend(lines.iter().map(|(at, line)| (*at, (*line).to_owned())));
        stream.sort_by_key(|(at, _)| *at);
    }

    fn find(&self, group: &str, stream: &str) -> Result<&Stream, Refusal> {
        let missing = |what: &str| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("The specified log {what} does not exist."),
            )
        };
        self.0
            .get(group)
            .ok_or_else(|| missing("group"))?
            .get(stream)
            .ok_or_else(|| missing("stream"))
    }
}

pub(crate) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    if request.operation != "GetLogEvents" {
        return Err(unknown_operation(request));
    }
    let input = &request.input;
    let groups = lock(&state.log_groups);
    let wanted = Wanted::read(input)?;
    let stream = groups.find(wanted.group, wanted.stream)?;
    let within: Vec<&(Timestamp, String)> = stream
        .iter()
        .filter(|(at, _)| {
            let at = at.as_millisecond();
            wanted.start.is_none_or(|start| at >= start) && wanted.end.is_none_or(|end| at < end)
        })
        .collect();
    let (from, to) = wanted.page(&within);
    let events: Vec<Value> = within
        .get(from..to)
        .unwrap_or_default()
        .iter()
        .map(|(at, line)| {
            let at = at.as_millisecond();
            json!({ "timestamp": at, "ingestionTime": at, "message": line })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": Token::Forward(to).to_string(),
        "nextBackwardToken": Token::Backward(from).to_string(),
    }))
}

/// Where a page begins (forward) or ends (backward), as an index into the events within the time range.
#[derive(Clone, Copy, Debug)]
enum Token {
    Forward(usize),
    Backward(usize),
}

impl std::fmt::Display for Token {
    /// AWS's begin with `f/` and `b/` too; the rest is opaque.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Forward(at) => write!(f, "f/{at:056}/s"),
            Self::Backward(at) => write!(f, "b/{at:056}/s"),
        }
    }
}

impl Token {
    fn read(token: &str) -> Option<Self> {
        let (direction, rest) = token.split_once('/')?;
        let at = rest.strip_suffix("/s")?.parse().ok()?;
        match direction {
            "f" => Some(Self::Forward(at)),
            "b" => Some(Self::Backward(at)),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Wanted<'a> {
    group: &'a str,
    stream: &'a str,
    start: Option<i64>,
    end: Option<i64>,
    limit: usize,
    token: Token,
}

impl<'a> Wanted<'a> {
    fn read(input: &'a Value) -> Result<Self, Refusal> {
        let text = |member: &str| input.get(member).and_then(Value::as_str);
        let invalid = |message: &str| Refusal::new("InvalidParameterException", message);
        let group = match (text("logGroupName"), text("logGroupIdentifier")) {
            (Some(name), None) => name,
            // A name, or an ARN: arn:aws:logs:REGION:ACCOUNT:log-group:NAME
            (None, Some(identifier)) => {
                identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name)
            }
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
                ));
            }
            (None, None) => {
                return Err(invalid("Either the LogGroup name or the LogGroup ARN is required."));
            }
        };
        let stream = text("logStreamName").ok_or_else(|| {
            invalid("1 validation error detected: Value null at 'logStreamName' failed to satisfy constraint: Member must not be null")
        })?;
        let limit = input.get("limit").and_then(Value::as_i64);
        let limit = match limit.map(u64::try_from) {
            None => EVENTS_MAX,
            Some(Ok(limit @ 1..=EVENTS_MAX)) => limit,
            Some(_) => {
                let rule = match limit {
                    Some(..=0) => "greater than or equal to 1",
                    _ => "less than or equal to 10000",
                };
                return Err(invalid(&format!(
                    "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must have value {rule}",
                    limit.unwrap_or_default(),
                )));
            }
        };
        let from_head = input.get("startFromHead").and_then(Value::as_bool).unwrap_or(false);
        let token = match text("nextToken") {
            Some(token) => {
                Token::read(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?
            }
            None if from_head => Token::Forward(0),
            None => Token::Backward(usize::MAX),
        };
        Ok(Self {
            group,
            stream,
            start: input.get("startTime").and_then(Value::as_i64),
            end: input.get("endTime").and_then(Value::as_i64),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            token,
        })
    }

    /// The page as a range of indices, in the order of time in both directions.
    fn page(&self, events: &[&(Timestamp, String)]) -> (usize, usize) {
        let fitting = |sizes: &mut dyn Iterator<Item = usize>| {
            let mut left = PAGE_BYTES;
            sizes
                .take(self.limit)
                .take_while(|size| {
                    let fits = *size <= left;
                    left = left.saturating_sub(*size);
                    fits
                })
                .count()
        };
        let size = |event: &&(Timestamp, String)| event.1.len() + EVENT_OVERHEAD;
        match self.token {
            Token::Forward(from) => {
                let from = from.min(events.len());
                let rest = events.get(from..).unwrap_or_default();
                (from, from + fitting(&mut rest.iter().map(size)))
            }
            Token::Backward(to) => {
                let to = to.min(events.len());
                let rest = events.get(..to).unwrap_or_default();
                (to - fitting(&mut rest.iter().rev().map(size)), to)
            }
        }
    }
}
