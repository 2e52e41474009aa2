//! The handler: a batch in, the failed messages out.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use steady_aws::client::Aws;
use steady_aws::function::queue::{self, Share};
use steady_aws::function::settings::Settings;
use steady_aws::function::{Invocation, Took, Turns, log};
use steady_core::event::Body;
use steady_core::name::ServiceKey;
use steady_core::overrides;
use steady_core::port::FindByAlarm;

use crate::batch::Batch;

/// The function, made once and used by every invocation.
#[derive(Debug)]
pub struct Alarm {
    turns: Turns,
}

impl Alarm {
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
        for (alarm, share) in batch.alarms {
            if !self.pass_on(&alarm, &share, invocation, &clock).await {
                failed.extend(share.messages);
            }
        }
        queue::answer("alarm", failed, invocation)
    }

    /// To each service whose config names the alarm; whether all of it was done.
    async fn pass_on(
        &self,
        alarm: &str,
        share: &Share,
        invocation: &Invocation,
        clock: &impl Fn() -> Timestamp,
    ) -> bool {
        let uses = match self.turns.table().uses_of_alarm(alarm).await {
            Ok(uses) => uses,
            Err(error) => {
                let request = invocation.request.as_str();
                tracing::error!(request, alarm, "whom it concerns is not known: {error}");
                return false;
            }
        };
        if uses.rollback.is_empty() && uses.surge.is_empty() {
            let request = invocation.request.as_str();
            tracing::debug!(request, alarm, "no service's config names it");
        }
        let mut done = true;
        for service in &uses.rollback {
            let took = self.turns.take(service, &share.events, invocation, clock()).await;
            done &= took == Took::Whole;
        }
        for service in &uses.surge {
            done &= self.surge(service, share, invocation, clock()).await;
        }
        done
    }

    /// Raises the service's floor; its scaling turn, which is due then, writes it.
    async fn surge(
        &self,
        service: &ServiceKey,
        share: &Share,
        invocation: &Invocation,
        now: Timestamp,
    ) -> bool {
        let request = invocation.request.as_str();
        for event in &share.events {
            let Body::Alarm(alarm) = &event.body else { continue };
            match overrides::surge(self.turns.table(), service, alarm, now).await {
                Ok(put) => put.iter().for_each(|one| {
                    let said = one.does();
                    let service = service.as_str();
                    tracing::info!(
                        request,
                        service,
                        kind = "surge",
                        alarm = &*alarm.name,
                        "{said}"
                    );
                }),
                Err(error) => {
                    let why = log::chain(&error);
                    tracing::error!(request, service = service.as_str(), "no surge: {why}");
                    return false;
                }
            }
        }
        true
    }
}
