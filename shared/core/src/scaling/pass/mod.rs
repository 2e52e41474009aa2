//! The pass: every 15 minutes everything that is live is compared with what is desired.
//!
//! Somebody may have changed it by hand, an event may have been lost, a turn may have been killed. So the account's scaling is
//! listed once, which costs a sixth of asking service by service, and each service's record is planned against it. Only a
//! service of which something differs gets a turn, which looks again before it writes; the others cost no write.
//!
//! ```text
//! PassPlace ─▶ config listed (once an hour, or when asked) ─▶ PassPlace saved ─▶ 50 services: records, live, plan ─▶ turns
//!   ▲                                          │ somebody else's saved first: it is at it      │ next page
//!   └───────────── PassPlace saved: where to go on ◀──── through, or no time is left ──────────┘
//! ```
//!
//! Which services there are is known from three sides: what is live, what has a file, and what had one when the config was
//! read last. A service that is in none of them wants nothing.

mod config;
mod place;

pub use config::AllConfig;
pub(in crate::scaling) use config::{Says, digest, says};
pub use place::{CONFIG_READ_EVERY, PassPlace};

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::object::LiveScaling;
use super::plan::plan;
use super::record::ScalingRecord;
use super::trouble;
use super::turn::WhyTurn;
use crate::clusters::Clusters;
use crate::config::Notify;
use crate::installation::Home;
use crate::name::ServiceKey;
use crate::notice;
use crate::port::{
    KeepPassPlace, KeepScaling, PortError, Publish, ReadAllConfig, ReadAllScaling, Saved,
};
use crate::turn::RACES_MAX;
use crate::turn::sending::send_all;
use crate::watch;

/// Services of a page, as [`ReadAllScaling`] takes them.
pub const SERVICES_A_PAGE: usize = 50;

/// A piece of the pass: what one invocation does of it.
#[derive(Debug)]
pub struct Pass<'a, T, C, P> {
    table: &'a T,
    config: &'a C,
    topics: &'a P,
    home: Home,
    place: PassPlace,
    version: u64,
    /// All files, where they are compared.
    files: Option<AllConfig>,
    /// Why they are not, though they were to be.
    unread: Option<PortError>,
    /// The services that are left, the next one first.
    left: Vec<ServiceKey>,
}

/// Who begins it, and when.
#[derive(Debug, Clone, Copy)]
pub struct PassTurn<'a> {
    /// The time.
    pub now: Timestamp,
    /// When this invocation ends at the latest.
    pub until: Timestamp,
    /// The invocation's request id, unique.
    pub by: &'a str,
    /// Services of other clusters are left out, and so are their files.
    pub clusters: &'a Clusters,
    /// Where it is.
    pub home: &'a Home,
}

/// What a page came to.
#[derive(Debug, Default)]
pub struct PassPage {
    /// Services that need a turn, in order, with why.
    pub turns: Vec<(ServiceKey, WhyTurn)>,
    /// Those whose record could not be read, with why; they are looked at again in the next pass.
    pub trouble: Vec<(ServiceKey, String)>,
    /// How many were compared.
    pub services: usize,
    /// The last of them.
    pub last: Option<ServiceKey>,
}

impl<'a, T, C, P> Pass<'a, T, C, P>
where
    T: KeepPassPlace + KeepScaling + Sync,
    C: ReadAllConfig + Sync,
    P: Publish + Sync,
{
    /// Goes on with the pass that is under way, or begins one; `live`: the services of which something is live. `None`:
    /// another invocation is at it.
    ///
    /// # Errors
    /// [`PortError`], if the place is out of reach. Config that cannot be read ends nothing: see [`Self::unread`].
    pub async fn begin(
        (table, config, topics): (&'a T, &'a C, &'a P),
        live: impl Iterator<Item = &ServiceKey>,
        turn: &PassTurn<'_>,
    ) -> Result<Option<Self>, PortError> {
        let (place, version) = table.pass_place().await?;
        let mut place = place.unwrap_or_default();
        place.begin(turn.now);
        let run = place.run.clone().unwrap_or_default();
        let (files, unread, left) = (None, None, Vec::new());
        let home = turn.home.clone();
        let mut pass = Self { table, config, topics, home, place, version, files, unread, left };
        if run.compares_config
            && let Err(error) = pass.read_config(run.after.is_none(), turn).await
        {
            // What was changed by hand is repaired nevertheless, by the last good config; the next pass reads.
            pass.place.config_changed();
            pass.unread = Some(error);
        }
        let mut services: BTreeSet<ServiceKey> = live.cloned().collect();
        services.extend(pass.place.services().cloned());
        services.retain(|service| turn.clusters.has_service(service));
        let is_next = |one: &ServiceKey| run.after.as_ref().is_none_or(|after| one > after);
        pass.left = services.into_iter().filter(is_next).collect();
        watch::expire(&mut pass.place.outbox, turn.now);
        pass.place.outbox.claim(turn.by, turn.until, turn.now);
        if pass.table.save_pass_place(&pass.place, pass.version).await? == Saved::Overtaken {
            return Ok(None);
        }
        pass.version = pass.version.saturating_add(1);
        // What became of it is saved when the pass ends.
        send_all(pass.topics, &mut pass.place.outbox, turn.by).await;
        Ok(Some(pass))
    }

    /// Why the config was not compared, though it was to be: the next pass tries again.
    pub fn unread(&self) -> Option<&PortError> {
        self.unread.as_ref()
    }

    async fn read_config(&mut self, is_first: bool, turn: &PassTurn<'_>) -> Result<(), PortError> {
        let now = turn.now;
        let mut files = self.config.all_config().await?;
        files.retain(|file| turn.clusters.has_file(&file.name));
        let files = AllConfig::of(files);
        let notify = match files.wrong_defaults() {
            Ok(notify) => {
                self.place.defaults_rejected = None;
                notify
            }
            // None of them could take effect: not told three thousand times, and nothing is compared.
            Err(findings) => {
                let digest = digest(&findings);
                if self.place.defaults_rejected.replace(digest) != Some(digest) {
                    let notice = notice::of_rejected_defaults(&findings, now).told_from(&self.home);
                    self.place.outbox.push_message(notice.message(), now);
                }
                self.place.config_read_at = Some(now);
                self.place.config_changed = false;
                if let Some(run) = &mut self.place.run {
                    run.compares_config = false;
                }
                return Ok(());
            }
        };
        if is_first {
            self.miss(&files, &notify, now).await?;
            self.place.config_read_at = Some(now);
            self.place.config_changed = false;
        }
        self.files = Some(files);
        Ok(())
    }

    /// Which files are gone. Those that were to go are forgotten.
    async fn miss(
        &mut self,
        files: &AllConfig,
        notify: &Notify,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let present = files.services();
        let (mut absent, mut kept) = (Vec::new(), BTreeSet::new());
        let gone: Vec<ServiceKey> =
            self.place.services().filter(|one| !present.contains(one)).cloned().collect();
        for service in gone {
            let record = self.load(&service).await?;
            let is_kept =
                record.is_ok_and(|it| it.is_some_and(|it| it.has_own_file && !it.config.remove));
            if is_kept && self.place.with_file.contains(&service) {
                absent.push(service.clone());
            }
            if is_kept {
                kept.insert(service);
            }
        }
        let of = self.place.with_file.len();
        let here: Vec<ServiceKey> = present.iter().cloned().collect();
        if let Some(vanished) = self.place.missing.look(&here, &absent, of, now) {
            let notice = notice::of_vanished_config(&vanished, notify, now).told_from(&self.home);
            self.place.outbox.push_message(notice.message(), now);
        }
        self.place.without_file = kept;
        self.place.with_file = present;
        self.place.shorten();
        Ok(())
    }

    /// Compares the next page; `None`: the pass is through. What it gives is to be done before [`Self::went`].
    ///
    /// # Errors
    /// [`PortError`]. Asked again it is the same page.
    pub async fn page(
        &self,
        live: &impl ReadAllScaling,
        now: Timestamp,
    ) -> Result<Option<PassPage>, PortError> {
        let services: Vec<ServiceKey> = self.left.iter().take(SERVICES_A_PAGE).cloned().collect();
        if services.is_empty() {
            return Ok(None);
        }
        let last = services.last().cloned();
        let mut page = PassPage { services: services.len(), last, ..PassPage::default() };
        let mut records = Vec::new();
        for service in &services {
            match self.load(service).await? {
                Ok(record) => records.push(record),
                Err(why) => {
                    page.trouble.push((service.clone(), why));
                    records.push(None);
                }
            }
        }
        let live = live.live_scaling_of(&services).await?;
        for ((service, record), live) in services.into_iter().zip(records).zip(live) {
            let record = record.unwrap_or_else(|| ScalingRecord::new(service.clone()));
            if page.trouble.iter().any(|(troubled, _)| *troubled == service) {
                continue;
            }
            if let Some(why) = needs_turn(&record, &live, self.files.as_ref(), now) {
                page.turns.push((service, why));
            }
        }
        Ok(Some(page))
    }

    /// All services up to `last` are done.
    pub fn went(&mut self, last: Option<&ServiceKey>) {
        let Some(last) = last else { return };
        let done = self.left.partition_point(|one| one <= last);
        let done: Vec<ServiceKey> = self.left.drain(..done).collect();
        if let (Some(run), Some(last)) = (&mut self.place.run, done.last()) {
            run.after = Some(last.clone());
        }
    }

    /// Remembers where to go on; whether the pass is through.
    ///
    /// # Errors
    /// [`PortError`]: the next invocation does this piece again.
    pub async fn end(mut self) -> Result<bool, PortError> {
        let is_through = self.left.is_empty();
        if is_through {
            self.place.run = None;
        }
        for _ in 0..RACES_MAX {
            if self.table.save_pass_place(&self.place, self.version).await? == Saved::Held {
                break;
            }
            // Only that something has changed is written by others while a pass is under way.
            let (stored, version) = self.table.pass_place().await?;
            self.place.config_changed |= stored.is_some_and(|it| it.config_changed);
            self.version = version;
        }
        Ok(is_through)
    }

    async fn load(
        &self,
        service: &ServiceKey,
    ) -> Result<Result<Option<ScalingRecord>, String>, PortError> {
        match self.table.load_scaling(service).await {
            Ok(loaded) => Ok(loaded.stored.as_ref().map(ScalingRecord::restore).transpose())
                .map(|record| record.map_err(|why| why.to_string())),
            Err(error) if error.may_pass() => Err(error),
            // A damaged item is this service's alone.
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

/// Whether something is to be done for a service. `files`: all of the config, where it is compared.
pub fn needs_turn(
    record: &ScalingRecord,
    live: &LiveScaling,
    files: Option<&AllConfig>,
    now: Timestamp,
) -> Option<WhyTurn> {
    if files.is_some_and(|files| files.differs(record)) {
        return Some(WhyTurn::ConfigChanged);
    }
    let plan = plan(record, live, now);
    let mut written = record.written.clone();
    let holds_news = plan.held().any(|(object, _)| written.tell(object));
    // Whether more is asked for only a turn reads.
    let is_at_max = record.is_at_max() || trouble::has_all(record, live);
    let is_news = !plan.is_empty() || plan.leaves && record.managed.is_some() || holds_news;
    let is_gone = live.desired_count.is_none() && {
        let mut gone = record.clone();
        gone.service_is_gone(live);
        gone != *record
    };
    let adopts = plan.refused.is_none() && plan.managed != record.managed;
    (is_news || adopts || is_at_max || is_gone).then_some(WhyTurn::Drift)
}

/// Lets the next invocation read all of the config: `defaults.toml` has changed, or files are gone.
///
/// # Errors
/// [`PortError`]. Nothing is noted then.
pub async fn ask_for_config(table: &(impl KeepPassPlace + Sync)) -> Result<(), PortError> {
    for _ in 0..RACES_MAX {
        let (place, version) = table.pass_place().await?;
        let mut place = place.unwrap_or_default();
        place.config_changed();
        if table.save_pass_place(&place, version).await? == Saved::Held {
            return Ok(());
        }
    }
    let text = "somebody else saves the place of the pass again and again".to_owned();
    Err(PortError::Throttled { call: "UpdateItem", text })
}
