//! What is live of the whole account, listed once.

use std::collections::BTreeMap;
use std::time::Duration;

use steady_core::name::ServiceKey;
use steady_core::port::{PortError, ReadAllScaling};
use steady_core::scaling::LiveScaling;

use super::pages::{Pace, all};
use super::{Scaling, sort};

/// Services in one DescribeServices.
const SERVICES_MAX: usize = 10;

/// How often a page is asked for that is throttled: after 0.25, 0.5, 1, 2 and 4 s.
const TRIES: u32 = 6;

/// The scaling of all services, as it was when it was listed. See [`ReadAllScaling`].
#[derive(Debug, Clone)]
pub struct AccountScaling {
    scaling: Scaling,
    live: BTreeMap<ServiceKey, LiveScaling>,
    /// Waited between two DescribeServices of a page.
    between_counts: Duration,
}

impl Scaling {
    /// Lists targets, policies, scheduled actions and our alarms of the account, waiting for `pause` before each call. A page
    /// that is throttled is asked for again, later each time, for about eight seconds.
    ///
    /// With `pause` of 100 ms, 3,000 services with three policies and a scheduled action each take 60 + 900 + 60 calls, and two
    /// minutes; alarms come by 100.
    ///
    /// # Errors
    /// [`PortError`] of any page: half an account would look as if the other half had no scaling.
    pub async fn account(&self, pause: Duration) -> Result<AccountScaling, PortError> {
        let pace = Pace { pause, tries: TRIES };
        let mut live: BTreeMap<ServiceKey, LiveScaling> = BTreeMap::new();
        for (service, target) in all(pace, |token| self.targets(None, token)).await? {
            live.entry(service).or_default().target = Some(target);
        }
        for (service, policy) in all(pace, |token| self.policies(None, token)).await? {
            live.entry(service).or_default().policies.push(policy);
        }
        for (service, action) in all(pace, |token| self.scheduled(None, token)).await? {
            live.entry(service).or_default().scheduled.push(action);
        }
        for (service, alarm) in all(pace, |token| self.alarms.ours(token)).await? {
            live.entry(service).or_default().alarms.push(alarm);
        }
        live.values_mut().for_each(sort);
        Ok(AccountScaling { scaling: self.clone(), live, between_counts: Duration::ZERO })
    }
}

impl AccountScaling {
    /// The services that have a scalable target or an alarm of ours.
    pub fn services(&self) -> impl Iterator<Item = &ServiceKey> {
        self.live.keys()
    }

    /// Waits so long between two calls of DescribeServices for a page, whose quota deployments share.
    #[must_use]
    pub fn counting_every(mut self, between_counts: Duration) -> Self {
        self.between_counts = between_counts;
        self
    }
}

impl ReadAllScaling for AccountScaling {
    async fn live_scaling_of(
        &self,
        services: &[ServiceKey],
    ) -> Result<Vec<LiveScaling>, PortError> {
        let mut by_cluster: BTreeMap<&str, Vec<&ServiceKey>> = BTreeMap::new();
        for service in services {
            by_cluster.entry(service.cluster()).or_default().push(service);
        }
        let mut counts = BTreeMap::new();
        let chunks = by_cluster.values().flat_map(|services| services.chunks(SERVICES_MAX));
        for (number, asked) in chunks.enumerate() {
            if number > 0 {
                tokio::time::sleep(self.between_counts).await;
            }
            counts.extend(asked.iter().copied().zip(self.scaling.desired_counts(asked).await?));
        }
        let of = |service: &ServiceKey| LiveScaling {
            desired_count: counts.get(service).copied().flatten(),
            ..self.live.get(service).cloned().unwrap_or_default()
        };
        Ok(services.iter().map(of).collect())
    }
}
