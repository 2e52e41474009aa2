//! What befalls several services at once is told once.
//!
//! Every service keeps its own incident; only *telling* is joint. Services that share a cause stand in one line, in the
//! order in which they came. The first of those whose notices go to the same page tells for the others that came
//! shortly after it; when it is out of trouble, the next in line does. Whoever cannot see the line tells by itself.
//!
//! ```text
//! line of `environment/no-capacity`      page   tells
//! 1  prod/checkout  02:14:07             a      itself, and for 2 and 4
//! 2  prod/cart      02:14:31             a      (prod/checkout)
//! 3  prod/billing   02:15:02             b      itself
//! 4  prod/search    02:18:40             a      (prod/checkout)
//! 5  prod/mail      02:31:00             a      itself: it came too late
//! ```
//!
//! A place is given in the same write that reads the line, and never changes, so everybody sees those who came before.
//! That is why nothing is said of times here but how far apart they are: clocks of two invocations differ.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Notify;
use crate::installation::CROWD_WITHIN;
use crate::name::{ServiceKey, fnv1a};
use crate::notice::Severity;

/// Services that fail for the same environmental cause within so long share a page (design, section 8).
pub const SHARED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// How often a service in a line looks who is in it. A leader that is out of trouble is followed within so long.
pub const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Who was not seen for so long is not in the line any more: two looks, and the minutes until `sweep` takes them.
pub const SEEN_WITHIN: SignedDuration = SignedDuration::from_mins(12);

/// A page that can wait does, for so long, so that it names the others too.
pub const GATHERS_FOR: SignedDuration = SignedDuration::from_secs(60);

/// A line longer than this grows no more, as long as somebody in it tells for the newcomer: each in it costs a write of
/// the whole line in [`LOOK_EVERY`], and DynamoDB takes 1,000 KB of writes a second for one item.
pub const LINE_MAX: usize = 200;

/// So many services are named; the rest are counted.
pub const NAMED_MAX: usize = 10;

/// What services share: `environment/registry-unreachable`, `environment/RESOURCE:FARGATE`, `held`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupKey(String);

/// Begins the key of an environment's cause.
const ENVIRONMENT: &str = "environment/";

/// Longest part of an unplaced task's reason in a key.
const REASON_MAX: usize = 60;

impl GroupKey {
    /// Tasks do not start for `cause`: a cause's slug, or ECS's reason why it cannot place them.
    pub fn environment(cause: &str) -> Self {
        let cause: String = cause.chars().filter(char::is_ascii_graphic).take(REASON_MAX).collect();
        Self(format!("{ENVIRONMENT}{cause}"))
    }

    /// That cause; `None` where it is none of the environment's, or ECS gave no reason.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.strip_prefix(ENVIRONMENT).filter(|cause| !cause.is_empty())
    }

    /// Rollbacks are held, since several services got into trouble together.
    pub fn held() -> Self {
        Self("held".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How far apart two may come and still share a page.
    fn within(&self) -> SignedDuration {
        if *self == Self::held() { CROWD_WITHIN } else { SHARED_WITHIN }
    }
}

/// Where notices go, and how much they matter: what shares a page must share both. Eight hexadecimal digits, since a
/// line should be short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Page(String);

impl Page {
    /// Of a service with this config.
    pub fn of(notify: &Notify, severity: Severity) -> Self {
        let topic = notify.topic.as_deref().unwrap_or_default();
        let hash = fnv1a(format!("{} {topic}", severity.slug()).as_bytes());
        Self(format!("{:08x}", hash >> 32))
    }
}

/// A service that comes, or is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// What it shares.
    pub key: GroupKey,
    /// Its page.
    pub page: Page,
    /// When it came first.
    pub at: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// Those who share something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Who is in the line.
    pub members: BTreeMap<ServiceKey, Member>,
    /// The last place that was given; places begin at 1.
    pub last_place: u64,
}

/// A service in a line.
///
/// ```json
/// {"at": "2026-11-21T02:14:07Z", "seen": "2026-11-21T02:19:07Z", "page": "9f3a1c22"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its place, kept beside the rest: whoever came before has a smaller one.
    #[serde(skip)]
    pub place: u64,
    /// When it came.
    pub at: Timestamp,
    /// When it last said that it is there.
    pub seen: Timestamp,
    /// Its page.
    pub page: Page,
}

impl Group {
    /// Takes `service` in; it keeps the place that it has. `stale` ones go.
    pub fn join(&mut self, service: &ServiceKey, joining: &Joining, stale: &[ServiceKey]) {
        self.members.retain(|known, _| known == service || !stale.contains(known));
        let (page, at, seen) = (joining.page.clone(), joining.at, joining.now);
        let place = self.members.get(service).map(|known| known.place);
        let place = place.unwrap_or_else(|| {
            self.last_place = self.last_place.saturating_add(1);
            self.last_place
        });
        self.members.insert(service.clone(), Member { place, at, seen, page });
    }

    /// Lets `service` go.
    pub fn leave(&mut self, service: &ServiceKey) {
        self.members.remove(service);
    }

    /// Who has not been seen for too long.
    pub fn stale(&self, now: Timestamp) -> Vec<ServiceKey> {
        let stale = self.members.iter().filter(|(_, member)| !member.is_there(now));
        stale.map(|(service, _)| service.clone()).collect()
    }

    /// Whether `service` need not stand in the line: it is long enough, and somebody in it tells for it.
    pub fn is_full_for(&self, service: &ServiceKey, joining: &Joining) -> bool {
        let there = self.members.values().filter(|member| member.is_there(joining.now)).count();
        there >= LINE_MAX
            && !self.members.contains_key(service)
            && self.leader_of(service, joining).is_some()
    }

    /// Who tells for `service`; `None`: it tells by itself.
    pub fn leader_of(&self, service: &ServiceKey, joining: &Joining) -> Option<&ServiceKey> {
        let line = self.line(joining);
        match line.iter().find(|one| one.service == service) {
            Some(one) => one.led_by,
            // As the last in the line.
            None => nearest(&line, joining.at, joining.key.within()),
        }
    }

    /// Those for whom `service` tells, with their places.
    pub fn led_by<'a>(
        &'a self,
        service: &ServiceKey,
        joining: &Joining,
    ) -> Vec<(&'a ServiceKey, u64)> {
        let line = self.line(joining).into_iter();
        let led = line.filter(|one| one.led_by == Some(service));
        led.map(|one| (one.service, one.member.place)).collect()
    }

    /// All others that came at about the same time, whatever their page.
    pub fn beside<'a>(
        &'a self,
        service: &'a ServiceKey,
        joining: &'a Joining,
    ) -> impl Iterator<Item = &'a ServiceKey> {
        let near = |at: Timestamp| at.duration_since(joining.at).abs() <= joining.key.within();
        let beside = self.members.iter().filter(move |(name, member)| {
            *name != service && member.is_there(joining.now) && near(member.at)
        });
        beside.map(|(name, _)| name)
    }

    /// Those who are there and share the page, in the order in which they came.
    fn line(&self, joining: &Joining) -> Vec<InLine<'_>> {
        let here = self.members.iter();
        let here = here.filter(|(_, one)| one.page == joining.page && one.is_there(joining.now));
        let mut here: Vec<_> = here.collect();
        here.sort_by_key(|(service, member)| (member.place, *service));
        let mut line: Vec<InLine<'_>> = Vec::new();
        for (service, member) in here {
            let led_by = nearest(&line, member.at, joining.key.within());
            line.push(InLine { service, member, led_by });
        }
        line
    }
}

/// A member, and who tells for it.
struct InLine<'a> {
    service: &'a ServiceKey,
    member: &'a Member,
    led_by: Option<&'a ServiceKey>,
}

/// The first in the line that tells by itself and came at about the same time.
fn nearest<'a>(
    line: &[InLine<'a>],
    at: Timestamp,
    within: SignedDuration,
) -> Option<&'a ServiceKey> {
    let near = |one: &&InLine<'_>| at.duration_since(one.member.at).abs() <= within;
    line.iter().filter(|one| one.led_by.is_none()).find(near).map(|one| one.service)
}

impl Member {
    fn is_there(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen) <= SEEN_WITHIN
    }
}

/// What an open incident shares with others, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouped {
    /// What.
    pub key: GroupKey,
    /// When this one came.
    pub at: Timestamp,
    /// When the line was last seen.
    pub seen_at: Timestamp,
    /// When to look again.
    pub look_at: Timestamp,
    /// Who tells of this incident; `None`: itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_by: Option<ServiceKey>,
    /// The others, at most [`NAMED_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ServiceKey>,
    /// How many others there are.
    #[serde(default)]
    pub count: usize,
    /// For how many of them this one tells.
    #[serde(default)]
    pub leads: usize,
    /// The newest place of those that no notice has named.
    #[serde(default)]
    pub newest: u64,
    /// What that was when a notice last told of them.
    #[serde(default)]
    pub told: u64,
    /// Whom that notice named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_of: Vec<ServiceKey>,
    /// Whether a notice has told that it has grown.
    #[serde(default)]
    pub grown_told: bool,
}

impl Grouped {
    /// One that came at `at`, and has seen nobody yet.
    pub(crate) fn new(key: GroupKey, at: Timestamp) -> Self {
        Self {
            key,
            at,
            seen_at: at,
            look_at: at,
            led_by: None,
            others: Vec::new(),
            count: 0,
            leads: 0,
            newest: 0,
            told: 0,
            told_of: Vec::new(),
            grown_told: false,
        }
    }

    /// Takes in who is in the line; `known` are others that are known to share it.
    pub(crate) fn see(
        &mut self,
        service: &ServiceKey,
        group: &Group,
        known: &[ServiceKey],
        joining: &Joining,
    ) {
        self.seen_at = joining.now;
        self.look_at = self.next_look(joining.now);
        self.led_by = group.leader_of(service, joining).cloned();
        self.name(group.beside(service, joining).chain(known));
        let led = group.led_by(service, joining);
        self.leads = led.len();
        let unnamed = led.into_iter().filter(|(name, _)| !self.told_of.contains(name));
        self.newest = unnamed.map(|(_, place)| place).max().unwrap_or(0);
    }

    /// Takes in who is left of those for whom it told, when it has gone itself.
    pub(crate) fn see_left(&mut self, group: &Group, joining: &Joining) {
        let (came, within) = (self.at, self.key.within());
        let near = |at: Timestamp| at.duration_since(came).abs() <= within;
        let left = group.members.iter().filter(|(_, member)| {
            member.page == joining.page && member.is_there(joining.now) && near(member.at)
        });
        self.name(left.map(|(name, _)| name));
        self.leads = self.count;
    }

    /// Takes in that the line could not be seen: who tells of it may have gone, so it does so itself.
    pub(crate) fn see_nobody(&mut self) {
        (self.led_by, self.others, self.count, self.leads) = (None, Vec::new(), 0, 0);
    }

    /// Takes in that a notice has told of them.
    pub(crate) fn tell(&mut self) {
        self.told = self.newest.max(self.told);
        self.told_of = self.others.clone();
    }

    /// Whether those for whom it tells have become more since a notice told of them.
    pub(crate) fn has_grown(&self, now: Timestamp) -> bool {
        let over = now.duration_since(self.at) >= SHARED_WITHIN;
        over && !self.grown_told && self.newest > self.told
    }

    fn name<'a>(&mut self, others: impl Iterator<Item = &'a ServiceKey>) {
        let others: BTreeSet<&ServiceKey> = others.collect();
        self.count = others.len();
        self.others = others.into_iter().take(NAMED_MAX).cloned().collect();
    }

    /// Every five minutes from its beginning on.
    fn next_look(&self, now: Timestamp) -> Timestamp {
        let looks = now.duration_since(self.at).as_secs().max(0) / LOOK_EVERY.as_secs() + 1;
        let after = SignedDuration::from_secs(looks.saturating_mul(LOOK_EVERY.as_secs()));
        self.at.saturating_add(after).unwrap_or(now)
    }
}
