//! The record: one per service, everything that must be known between two events.

use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

use crate::alarm::Alarms;
use crate::config::ServiceConfig;
use crate::history::StoredIncident;
use crate::incident::Incident;
use crate::installation::Trouble;
use crate::ledger::{Ledger, Stops};
use crate::name::{Account, DeploymentId, FamilyKey, Region, ServiceKey};
use crate::outbox::Outbox;
use crate::rollback::Probe;

/// One service's record. The ledger's stops are kept apart ([`Record::store`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whose it is.
    pub service: ServiceKey,
    /// The account, for links and commands in notices; from the first event.
    pub account: Option<Account>,
    /// The region, likewise.
    pub region: Option<Region>,
    /// What its deployments have done.
    pub ledger: Ledger,
    /// What is wrong now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub incident: Option<Incident>,
    /// The newest rollbacks decided, oldest first, for the budget; at most [`Record::ROLLBACKS_KEPT`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub rollbacks: Vec<PastRollback>,
    /// Tasks started as witnesses, until none can be left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub probe: Option<Probe>,
    /// The trouble that the account was told of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trouble: Option<Trouble>,
    /// Whether a deployment was seen to begin while nothing was proven yet, and what ran before it was looked at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub has_looked_back: bool,
    /// When running tasks were last read, for the limit of one read in 30 s.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_at: Option<Timestamp>,
    /// `desiredCount`, when last read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub desired: Option<u32>,
    /// Since when key 1 could turn, if what runs spoke against it no more than when last read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub could_turn_at: Option<Timestamp>,
    /// Whether they were wanted again sooner than that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_owed: bool,
    /// Who deploys it, where that is not ECS: `CODE_DEPLOY` or `EXTERNAL`; or `DAEMON`, its scheduling strategy; or
    /// `EXPRESS`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deployed_by: Option<String>,
    /// When ECS said that the service is deleted, or being so. A deployment that begins later ends that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deleted_at: Option<Timestamp>,
    /// What the service scheduler said of placing its tasks, while that fails.
    #[serde(default, skip_serializing_if = "is_default")]
    pub placement: Placement,
    /// What alarms say that config counts against a new revision.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alarms: Alarms,
    /// The last good config. It is read anew whenever the running tasks are.
    #[serde(default, skip_serializing_if = "is_default", serialize_with = "unlike_default")]
    pub config: ServiceConfig,
    /// What was decided and is not confirmed yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outbox: Outbox,
}

/// What `ECS Service Action` events tell of a service whose tasks are not placed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The newest `SERVICE_TASK_PLACEMENT_FAILURE`s, oldest first; at most [`Placement::KEPT`].
    pub failed_at: Vec<Timestamp>,
    /// The newest one's `reason`: `RESOURCE:FARGATE`.
    pub reason: Option<String>,
    /// The newest `SERVICE_STEADY_STATE` since, of a service with an incident.
    #[serde(default, skip_serializing_if = "is_default")]
    pub steady_at: Option<Timestamp>,
}

impl Placement {
    /// As many as open an incident.
    pub const KEPT: usize = crate::watch::ENVIRONMENT_TASKS_MIN;
}

/// A rollback that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRollback {
    /// When.
    pub at: Timestamp,
    /// The deployment it went away from.
    pub away_from: DeploymentId,
    /// Whether that deployment's revision was known as bad before: if this one does not come, it stays so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub was_bad: bool,
}

/// Whose record it is, and so whose turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// A service's [`Record`].
    Service(ServiceKey),
    /// What is remembered of tasks of no service, a [`crate::standalone::StandaloneRecord`].
    Family(FamilyKey),
    /// The account's own item: its [`crate::switch::Switch`].
    Account,
    /// What is remembered of a service's scaling, a [`crate::scaling::ScalingRecord`].
    Scaling(ServiceKey),
}

/// Begins the key of a family. No service's key begins with `#`: see [`ServiceKey`].
const FAMILY: &str = "#family/";

/// Begins the key of a service's scaling, whose own key follows.
const SCALING: &str = "#scaling/";

/// The key of the account's own item.
const ACCOUNT: &str = "#account";

impl Whose {
    /// The key of its items in the table.
    ///
    /// ```
    /// use steady_core::name::FamilyKey;
    /// use steady_core::record::Whose;
    /// let nightly = FamilyKey { cluster: Some("prod".into()), family: "nightly-report".into() };
    /// assert_eq!(Whose::Family(nightly.clone()).key(), "#family/prod/nightly-report");
    /// assert_eq!(Whose::of_key("#family/prod/nightly-report"), Some(Whose::Family(nightly)));
    /// assert_eq!(Whose::of_key("prod/checkout"), Some(Whose::Service("prod/checkout".into())));
    /// assert_eq!(Whose::of_key("#account"), Some(Whose::Account));
    /// assert_eq!(Whose::Scaling("prod/checkout".into()).key(), "#scaling/prod/checkout");
    /// assert_eq!(Whose::of_key("#scaling/prod/checkout"), Some(Whose::Scaling("prod/checkout".into())));
    /// assert_eq!(Whose::of_key("#sweep"), None);
    /// ```
    pub fn key(&self) -> String {
        match self {
            Self::Service(service) => service.to_string(),
            Self::Family(FamilyKey { cluster, family }) => {
                format!("{FAMILY}{}/{family}", cluster.as_deref().unwrap_or_default())
            }
            Self::Account => ACCOUNT.to_owned(),
            Self::Scaling(service) => format!("{SCALING}{service}"),
        }
    }

    /// The reverse of [`Self::key`]; `None` for the key of an item that is nobody's, such as the slow pass's place.
    pub fn of_key(key: &str) -> Option<Self> {
        if key == ACCOUNT {
            return Some(Self::Account);
        }
        if let Some(service) = key.strip_prefix(SCALING) {
            return Some(Self::Scaling(service.into()));
        }
        let Some(family) = key.strip_prefix(FAMILY) else {
            return (!key.starts_with('#')).then(|| Self::Service(key.into()));
        };
        let (cluster, family) = family.split_once('/')?;
        let cluster = (!cluster.is_empty()).then(|| cluster.into());
        Some(Self::Family(FamilyKey { cluster, family: family.into() }))
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => write!(f, "service `{service}`"),
            Self::Family(family) => write!(f, "family `{family}`"),
            Self::Account => f.write_str("the account"),
            Self::Scaling(service) => write!(f, "scaling of service `{service}`"),
        }
    }
}

/// A record as it is kept: what every write costs apart from what only stops need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// JSON: everything but the stops. Under 2 KB for a healthy service.
    pub record: String,
    /// JSON: the newest stops in full.
    pub stops: String,
    /// The tasks that stopped within a day, 21 bytes each.
    pub hashes: Vec<u8>,
    /// When somebody has to look though nothing comes in; `None`: nothing is unfinished.
    pub due: Option<Timestamp>,
    /// An incident that ended with this save, kept apart: it is never loaded with the record.
    pub past: Option<StoredIncident>,
}

impl Record {
    /// As many as can bear on a decision: the budget's two, and one for each deployment of the ledger.
    pub const ROLLBACKS_KEPT: usize = crate::ledger::DEPLOYMENTS_KEPT + crate::rollback::BUDGET;

    /// Of a service never seen before.
    pub fn new(service: ServiceKey) -> Self {
        Self {
            service,
            account: None,
            region: None,
            ledger: Ledger::default(),
            incident: None,
            rollbacks: Vec::new(),
            probe: None,
            trouble: None,
            has_looked_back: false,
            read_at: None,
            desired: None,
            could_turn_at: None,
            read_owed: false,
            deployed_by: None,
            deleted_at: None,
            placement: Placement::default(),
            alarms: Alarms::default(),
            config: ServiceConfig::default(),
            outbox: Outbox::default(),
        }
    }

    /// As it is kept. `due`: when somebody has to look though nothing comes in.
    pub fn store(&self, due: Option<Timestamp>) -> Stored {
        store(self, &self.ledger, &self.outbox, due)
    }

    /// The reverse of [`Self::store`].
    ///
    /// # Errors
    /// [`Unreadable`], for what another version of Steady wrote in a way that this one cannot read.
    pub fn restore(stored: &Stored) -> Result<Self, Unreadable> {
        restore(stored, |record: &mut Self| &mut record.ledger)
    }

    /// The rollback away from `deployment` did not come: it spends no budget, and condemns nothing. Whether its revision
    /// was known as bad before.
    pub(crate) fn unnote_rollback(&mut self, deployment: &DeploymentId) -> bool {
        let was_bad =
            self.rollbacks.iter().any(|past| past.away_from == *deployment && past.was_bad);
        self.rollbacks.retain(|past| past.away_from != *deployment);
        was_bad
    }

    pub(crate) fn note_rollback(&mut self, rollback: PastRollback) {
        self.rollbacks.push(rollback);
        let surplus = self.rollbacks.len().saturating_sub(Self::ROLLBACKS_KEPT);
        self.rollbacks.drain(..surplus);
    }
}

/// A record, whosever, as it is kept: its stops apart.
pub(crate) fn store(
    record: &impl Serialize,
    ledger: &Ledger,
    outbox: &Outbox,
    due: Option<Timestamp>,
) -> Stored {
    let stops = ledger.stops();
    Stored {
        record: serde_json::to_string(record).unwrap_or_default(),
        stops: stops.to_json(),
        hashes: stops.to_bytes(),
        due: [due, outbox.due()].into_iter().flatten().min(),
        past: None,
    }
}

/// The reverse of [`store`]; `ledger` says where its stops belong.
pub(crate) fn restore<T: DeserializeOwned>(
    stored: &Stored,
    ledger: impl FnOnce(&mut T) -> &mut Ledger,
) -> Result<T, Unreadable> {
    let unreadable = |part: &'static str| {
        move |error: serde_json::Error| Unreadable { part, why: error.to_string() }
    };
    let mut record: T = serde_json::from_str(&stored.record).map_err(unreadable("record"))?;
    if !stored.stops.is_empty() {
        let stops = Stops::read(&stored.stops, &stored.hashes).map_err(unreadable("stops"))?;
        ledger(&mut record).set_stops(stops);
    }
    Ok(record)
}

/// A stored record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the stored `{part}` cannot be read: {why}")]
pub struct Unreadable {
    /// `record` or `stops`
    pub part: &'static str,
    /// Where, and what was expected.
    pub why: String,
}

/// Left out of the record: what is as it was at first costs nothing.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes of a config what differs from the default: every write of a record pays for its bytes.
fn unlike_default<S: Serializer>(config: &ServiceConfig, serializer: S) -> Result<S::Ok, S::Error> {
    let mut config = serde_json::to_value(config).map_err(serde::ser::Error::custom)?;
    let default = serde_json::to_value(ServiceConfig::default());
    subtract(&mut config, &default.map_err(serde::ser::Error::custom)?);
    config.serialize(serializer)
}

fn subtract(value: &mut Value, default: &Value) {
    let (Value::Object(value), Value::Object(default)) = (value, default) else { return };
    value.retain(|key, value| {
        let Some(default) = default.get(key) else { return true };
        subtract(value, default);
        value != default && *value != Value::Object(serde_json::Map::new())
    });
}
