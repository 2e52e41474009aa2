//! What holds for everything in the account: whether Steady may act at all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::group::{Group, GroupKey, Joining};
use crate::name::{Account as AccountId, Region, ServiceKey};
use crate::overrides::Override;
use crate::rollback::Refusal;

/// Other services that got into trouble so long before (or after) one can acquit its revision.
pub const NEIGHBOURS_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// Services that want a rollback within so long are a crowd.
pub const CROWD_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// A refusal lists at most so many others: it is kept in the record, and every write pays for its size.
pub const OTHERS_MAX: usize = 200;

/// So many others in trouble acquit, whatever they run.
const NEIGHBOURS_ACQUIT: usize = 2;

/// Where an installation is: in one account and region. People who have several are told which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// The account, where known.
    pub account: Option<AccountId>,
    /// The region, where known.
    pub region: Option<Region>,
}

impl Home {
    /// `account 111122223333, eu-west-1`; `None`: nothing of it is known.
    pub fn words(&self) -> Option<String> {
        let account = self.account.as_ref().map(|account| format!("account {account}"));
        let region = self.region.as_ref().map(ToString::to_string);
        let known: Vec<String> = [account, region].into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    /// ` --region eu-west-1`, to be put behind a command; nothing where it is not known.
    pub fn region_flag(&self) -> String {
        self.region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default()
    }
}

/// The account's own item: `steady pause` writes it, and every action reads it first; and what several services have in
/// common.
///
/// ```json
/// {"paused": {"until": "2026-11-21T04:00:00Z", "by": "ana", "reason": "migration"},
///  "troubles": {"prod/checkout": {"since": "2026-11-21T02:14:07Z", "settled": false, "wants_rollback": "2026-11-21T02:15:09Z"}}}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Whether people have stopped everything.
    pub paused: Option<Pause>,
    /// Services that got into trouble a short while ago.
    pub troubles: BTreeMap<ServiceKey, Trouble>,
    /// Lines of services that share a cause, for who keeps the account in memory. A table has an item for each.
    #[serde(skip)]
    pub groups: BTreeMap<GroupKey, Group>,
}

/// A service in trouble, as the others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When the evidence against its revision came to [`SICK_AT`](crate::evidence::SICK_AT).
    pub since: Timestamp,
    /// Whether what fails was proven before. A service that falls ill in the middle of its own deployment is likely
    /// ill of that; one that had settled is ill of something else.
    pub settled: bool,
    /// When its rollback was about to be decided, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants_rollback: Option<Timestamp>,
}

/// Everything is stopped, until a time or until somebody resumes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pause {
    /// Until when; `None`: until somebody resumes.
    pub until: Option<Timestamp>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Account {
    /// Takes in what a service says of itself, and forgets what is past.
    pub fn announce(&mut self, service: &ServiceKey, trouble: Trouble, now: Timestamp) {
        let stale = self.stale(now);
        self.troubles.retain(|known, _| !stale.contains(known));
        self.troubles.insert(service.clone(), trouble);
    }

    /// Whose trouble is too long ago to bear on anybody else.
    pub fn stale(&self, now: Timestamp) -> Vec<ServiceKey> {
        let is_stale = |trouble: &Trouble| {
            let newest = trouble.wants_rollback.unwrap_or(trouble.since).max(trouble.since);
            now.duration_since(newest) > CROWD_WITHIN
        };
        let stale = self.troubles.iter().filter(|(_, trouble)| is_stale(trouble));
        stale.map(|(service, _)| service.clone()).collect()
    }

    /// Joins a line, if there is a place for it: what a table does in its own items.
    pub fn join(&mut self, service: &ServiceKey, joining: &Joining) -> Group {
        let group = self.groups.entry(joining.key.clone()).or_default();
        if !group.is_full_for(service, joining) {
            group.join(service, joining, &group.stale(joining.now));
        }
        group.clone()
    }

    /// Leaves a line; who is left.
    pub fn leave(&mut self, service: &ServiceKey, key: &GroupKey) -> Group {
        let group = self.groups.entry(key.clone()).or_default();
        group.leave(service);
        group.clone()
    }

    /// Whether `service` has said that it wants a rollback now.
    pub(crate) fn wants_rollback(&self, service: &ServiceKey, now: Timestamp) -> bool {
        self.troubles.get(service).is_some_and(|trouble| trouble.wants_rollback_at(now))
    }

    /// The services besides `service` that want a rollback now.
    pub(crate) fn others_wanting_rollback(
        &self,
        service: &ServiceKey,
        now: Timestamp,
    ) -> Vec<ServiceKey> {
        let wants = move |trouble: &Trouble| trouble.wants_rollback_at(now);
        let others = self.others(service, wants).take(OTHERS_MAX);
        others.map(|(service, _)| service.clone()).collect()
    }

    /// The services whose trouble began with that of `service`, if they acquit its revision: one that had settled, or
    /// two of any kind.
    pub(crate) fn neighbours_in_trouble(
        &self,
        service: &ServiceKey,
        now: Timestamp,
    ) -> Option<Vec<ServiceKey>> {
        let since = self.troubles.get(service).map_or(now, |own| own.since);
        let near =
            |trouble: &Trouble| trouble.since.duration_since(since).abs() <= NEIGHBOURS_WITHIN;
        let neighbours: Vec<_> = self.others(service, near).collect();
        let acquits = neighbours.len() >= NEIGHBOURS_ACQUIT
            || neighbours.iter().any(|(_, trouble)| trouble.settled);
        let neighbours = neighbours.into_iter().take(OTHERS_MAX);
        acquits.then(|| neighbours.map(|(service, _)| service.clone()).collect())
    }

    fn others<'a>(
        &'a self,
        service: &'a ServiceKey,
        which: impl Fn(&Trouble) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a ServiceKey, &'a Trouble)> {
        self.troubles.iter().filter(move |(other, trouble)| *other != service && which(trouble))
    }

    /// The pause in force at `now`, if one is.
    pub fn pause_at(&self, now: Timestamp) -> Option<&Pause> {
        self.paused.as_ref().filter(|pause| pause.until.is_none_or(|until| now < until))
    }
}

impl Trouble {
    fn wants_rollback_at(&self, now: Timestamp) -> bool {
        self.wants_rollback.is_some_and(|at| now.duration_since(at) <= CROWD_WITHIN)
    }
}

/// What this installation may do: a parameter of the stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// See and tell; change nothing.
    #[default]
    Observe,
    /// Do what config allows.
    Act,
}

/// Whether Steady may act now, as far as that is not one service's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brakes {
    /// What the installation may do.
    pub mode: Mode,
    /// Whether this installation may start probe tasks: a parameter of the stack.
    pub probes: bool,
    /// What holds for the account, as read just now; `None`: not read.
    pub account: Option<Account>,
    /// The override that forbids rollbacks of this service, as read just now.
    pub overridden: Option<Override>,
    /// Why the account's item or the config could not be read: then nobody can say that acting is allowed.
    pub unreadable: Option<String>,
}

impl Brakes {
    /// No brake at all: for a replay, which does nothing.
    pub fn released(account: &Account) -> Self {
        Self { mode: Mode::Act, account: Some(account.clone()), ..Self::default() }
    }

    /// What forbids acting at `now`, if anything does.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        if self.mode == Mode::Observe {
            return Some(Refusal::ObserveMode);
        }
        if let Some(why) = &self.unreadable {
            return Some(Refusal::Unreadable(why.clone()));
        }
        if let Some(pause) = self.account.as_ref().and_then(|account| account.pause_at(now)) {
            return Some(Refusal::Paused(pause.clone()));
        }
        let one =
            self.overridden.as_ref().filter(|one| one.rollback_off && one.is_in_force(now))?;
        let (by, reason) = (one.by.to_string(), one.reason.clone());
        Some(Refusal::Overridden { by, reason, until: one.until })
    }

    /// What of it binds a person who orders: the switch, and what could not be read.
    pub(crate) fn for_a_person(&self) -> Self {
        Self { mode: Mode::Act, overridden: None, ..self.clone() }
    }
}
