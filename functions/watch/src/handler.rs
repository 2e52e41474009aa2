//! The handler: a batch in, the failed messages out.

use std::collections::BTreeMap;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use steady_aws::client::Aws;
use steady_aws::function::queue::{self, Share};
use steady_aws::function::settings::Settings;
use steady_aws::function::{Invocation, Took, Turns};
use steady_core::name::FamilyKey;

use crate::batch::Batch;

/// The function, made once and used by every invocation.
#[derive(Debug)]
pub struct Watch {
    turns: Turns,
}

impl Watch {
    /// With the clients of an account.
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self { turns: Turns::new(aws, settings) }
    }

    /// Takes a batch in. The answer names the messages that have to come again: what cannot be read, what could not be
    /// kept, and what was decided and could not be done.
    pub async fn handle(
        &self,
        batch: SqsEvent,
        invocation: &Invocation,
        clock: impl Fn() -> Timestamp,
    ) -> SqsBatchResponse {
        let batch = Batch::sort(queue::messages(batch));
        let mut failed = queue::give_back(batch.unreadable, invocation);
        for (message, why) in batch.unused {
            tracing::debug!(request = invocation.request, message, kind = "skipped", "{why}");
        }
        for (service, share) in batch.services {
            if self.turns.take(&service, &share.events, invocation, clock()).await != Took::Whole {
                failed.extend(share.messages);
            }
        }
        failed.extend(self.families(batch.families, invocation, &clock).await);
        queue::answer("watch", failed, invocation)
    }

    /// A turn for each family, with one reading of what config asks for; the messages that have to come again.
    async fn families(
        &self,
        families: BTreeMap<FamilyKey, Share>,
        invocation: &Invocation,
        clock: &impl Fn() -> Timestamp,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        if families.is_empty() {
            return failed;
        }
        let defaults = &self.turns.defaults().await;
        for (family, share) in families {
            let events = share.events.as_slice();
            let took = self.turns.take_family(&family, events, defaults, invocation, clock()).await;
            if took != Took::Whole {
                failed.extend(share.messages);
            }
        }
        failed
    }
}
