//! Where the slow pass stands: what is listed next, and when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::name::ServiceKey;
use crate::port::Page;
use crate::record::is_default;

/// How long a pass should take, and how long after the begin of one the next begins. ECS shows a stopped task for an
/// hour (DescribeTasks in the API reference), so a pass that came less often would not see every loop.
pub const PASS_TAKES: SignedDuration = SignedDuration::from_hours(1);

/// Kept between two minutes, in an item of its own: under 1 KB, and 25 KB at most (the names of 100 clusters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When this pass began.
    began: Timestamp,
    /// Services that it has met.
    #[serde(default, skip_serializing_if = "is_default")]
    met: u64,
    /// Services that the pass before met; `None`: there was none, and nobody knows how large the fleet is.
    #[serde(default, skip_serializing_if = "is_default")]
    met_before: Option<u64>,
    /// The clusters of this page that are left, the present one first.
    #[serde(default, skip_serializing_if = "is_default")]
    clusters: Vec<String>,
    /// Where in the present cluster's services it stands.
    #[serde(default, skip_serializing_if = "is_default")]
    services_token: Option<String>,
    /// What there is after these clusters.
    rest: Rest,
}

/// What of a list is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rest {
    /// All of it.
    All,
    /// From this token on.
    From(String),
    /// Nothing.
    Nothing,
}

/// What to list next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// ListClusters
    Clusters {
        /// `nextToken`
        token: Option<String>,
    },
    /// ListServices
    Services {
        /// Its name.
        cluster: String,
        /// `nextToken`
        token: Option<String>,
    },
}

impl Place {
    /// Where nothing is known.
    pub fn first(now: Timestamp) -> Self {
        Self::begin(now, None)
    }

    fn begin(now: Timestamp, met_before: Option<u64>) -> Self {
        Self {
            began: now,
            met: 0,
            met_before,
            clusters: Vec::new(),
            services_token: None,
            rest: Rest::All,
        }
    }

    /// What to list now; `None`: nothing, as the pass is through, or ahead of its time. Begins the next pass when it is
    /// time for it.
    pub fn step(&mut self, now: Timestamp) -> Option<Step> {
        if self.is_through() {
            if now.duration_since(self.began) < PASS_TAKES {
                return None;
            }
            *self = Self::begin(now, Some(self.met));
        }
        if self.is_ahead(now) {
            return None;
        }
        if let Some(cluster) = self.clusters.first() {
            let token = self.services_token.clone();
            return Some(Step::Services { cluster: cluster.clone(), token });
        }
        match &self.rest {
            Rest::All => Some(Step::Clusters { token: None }),
            Rest::From(token) => Some(Step::Clusters { token: Some(token.clone()) }),
            Rest::Nothing => None,
        }
    }

    fn is_through(&self) -> bool {
        self.clusters.is_empty() && self.rest == Rest::Nothing
    }

    /// Whether it has met more than its share of the hour. By the clock and not by minutes: what a late or lost minute
    /// leaves, the next ones catch up with.
    fn is_ahead(&self, now: Timestamp) -> bool {
        let elapsed = now.duration_since(self.began);
        let Some(before) = self.met_before.filter(|_| elapsed < PASS_TAKES) else { return false };
        let elapsed = u64::try_from(elapsed.as_secs()).unwrap_or(0);
        let hour = PASS_TAKES.as_secs().unsigned_abs();
        self.met.saturating_mul(hour) > before.saturating_mul(elapsed)
    }

    pub(super) fn add_clusters(&mut self, page: Page<String>) {
        self.clusters.extend(page.items);
        self.rest = page.next.map_or(Rest::Nothing, Rest::From);
    }

    /// Its services, which are met now.
    pub(super) fn add_services(&mut self, page: Page<ServiceKey>) -> Vec<ServiceKey> {
        self.met = self.met.saturating_add(page.items.len() as u64);
        self.services_token = page.next;
        if self.services_token.is_none() && !self.clusters.is_empty() {
            self.clusters.remove(0);
        }
        page.items
    }

    pub(super) fn begin_cluster_again(&mut self) {
        self.services_token = None;
    }
}
