//! How often AWS says "not so fast": counted attempt by attempt, since the SDK's own retries hide it from whoever calls.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime::client::retries::classifiers::run_classifiers_on_ctx;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::retries::classifiers::{RetryAction, RetryReason};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use steady_core::tally::{Metric, Tally};

/// The attempts that were throttled, of all clients of an account.
#[derive(Debug, Clone, Default)]
pub struct Throttles(Arc<Mutex<Tally>>);

impl Throttles {
    /// What was counted since this was asked last.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What counts those of a service's client, by the name of the service's SDK crate: `ecs`.
    pub(crate) fn of(&self, service: &'static str) -> CountThrottles {
        CountThrottles { service, throttles: self.clone() }
    }
}

/// Looks at each attempt of a client. Whether it was throttled is the SDK's own judgement, by which it retries.
#[derive(Debug)]
pub(crate) struct CountThrottles {
    service: &'static str,
    throttles: Throttles,
}

#[dyn_dispatch_hint]
impl Intercept for CountThrottles {
    fn name(&self) -> &'static str {
        "CountThrottles"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = context.output_or_error().is_some_and(|outcome| outcome.is_err());
        if failed {
            let classifiers = components.retry_classifiers();
            let judged = run_classifiers_on_ctx(classifiers, context.inner());
            if matches!(
                judged,
                RetryAction::RetryIndicated(RetryReason::RetryableError {
                    kind: ErrorKind::ThrottlingError,
                    ..
                })
            ) {
                let mut tally = self.throttles.0.lock().unwrap_or_else(PoisonError::into_inner);
                tally.add(Metric::Throttles, Some(self.service), 1);
            }
        }
        Ok(())
    }
}
