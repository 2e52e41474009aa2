//! The handler: a batch in, the failed messages out.

use std::pin::Pin;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use steady_aws::client::Aws;
use steady_aws::ecs::Ecs;
use steady_aws::parameters::Parameters;
use steady_aws::table::Table;
use steady_aws::topics::Topics;
use steady_core::installation::Mode;
use steady_core::name::ServiceKey;
use steady_core::turn::{Ports, Turn};

use crate::batch::{Batch, Share};
use crate::log;
use crate::settings::Settings;

/// A turn is begun only if so much of the invocation's time is left: the longest that one with its actions should
/// take while AWS is slow. What is not begun comes again with the queue, better than being killed half way.
const TURN_TAKES: SignedDuration = SignedDuration::from_secs(10);

/// The function, made once and used by every invocation.
#[derive(Debug)]
pub struct Watch {
    ecs: Ecs,
    table: Table,
    parameters: Parameters,
    topics: Topics,
    mode: Mode,
}

/// An invocation, as Lambda describes it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`: who holds a claim.
    pub request: String,
    /// `Lambda-Runtime-Deadline-Ms`: when Lambda ends it, and so until when a claim lasts.
    pub deadline: Timestamp,
}

impl Watch {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            ecs: aws.ecs(),
            table: aws.table(&settings.table),
            parameters: aws.parameters(&settings.config_prefix),
            topics: aws.topics(&settings.topic),
            mode: settings.mode,
        }
    }

    /// Takes a batch in. The answer names the messages that have to come again (Lambda developer guide, "Using Lambda
    /// with Amazon SQS", partial batch responses): what cannot be read, what could not be kept, and what was decided
    /// and could not be done.
    pub async fn handle(
        &self,
        batch: SqsEvent,
        invocation: &Invocation,
        clock: impl Fn() -> Timestamp,
    ) -> SqsBatchResponse {
        let batch = Batch::sort(batch.records);
        let mut failed = Vec::new();
        for (message, why) in batch.unreadable {
            tracing::error!(
                request = invocation.request,
                message,
                "the event cannot be read: {why}"
            );
            failed.push(message);
        }
        for (message, why) in batch.unused {
            tracing::info!(request = invocation.request, message, kind = "skipped", "{why}");
        }
        for (service, share) in batch.services {
            if !self.turn(&service, &share, invocation, &clock).await {
                failed.extend(share.messages);
            }
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed.into_iter().map(failure).collect();
        response
    }

    /// Whether the turn was taken and nothing is left to do.
    async fn turn(
        &self,
        service: &ServiceKey,
        share: &Share,
        invocation: &Invocation,
        clock: &impl Fn() -> Timestamp,
    ) -> bool {
        let request = invocation.request.as_str();
        let now = clock();
        if invocation.deadline.duration_since(now) < TURN_TAKES {
            tracing::warn!(request, service = service.as_str(), "no time is left for this service");
            return false;
        }
        let (events, until) = (share.events.as_slice(), invocation.deadline);
        let turn = Turn { service, events, now, until, by: request, mode: self.mode };
        let ports = Ports {
            ecs: &self.ecs,
            records: &self.table,
            config: &self.parameters,
            topics: &self.topics,
        };
        // The SDK's futures nest deeper than the compiler follows in one type.
        let taking: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(ports.take(&turn));
        match taking.await {
            Ok(taken) => {
                taken.entries.iter().for_each(|entry| log::entry(request, entry));
                for why in &taken.unfinished {
                    tracing::warn!(request, service = service.as_str(), "not finished: {why}");
                }
                taken.unfinished.is_empty()
            }
            Err(error) => {
                let why = log::chain(&error);
                tracing::error!(request, service = service.as_str(), "{why}");
                false
            }
        }
    }
}

fn failure(message: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message;
    failure
}
