//! One service's scaling turn: load, plan, save, apply, confirm.
//!
//! ```text
//! load ─▶ config (where asked) ─▶ live state ─▶ plan ─▶ brakes ─▶ save ─▶ calls, one by one ─▶ save
//!   ▲                                                            │
//!   └──────────────── somebody else saved first ─────────────────┘
//! ```
//!
//! What was there before is saved before the first call, so it is given back whatever this is killed at. What to do is not
//! saved: the next turn plans again from what is live, so a plan that was applied in part is finished, whoever began it.
//! An override that ends is undone in the same way: what is desired is another then.

mod applying;

use jiff::{SignedDuration, Timestamp};

use super::alarm_uses;
use super::object::LiveScaling;
use super::pass::{Says, says};
use super::plan::{Change, FieldChange, Object, Plan, plan};
use super::record::ScalingRecord;
use super::trouble::{self, ASKED_WITHIN};
use crate::config::{Finding, ServiceConfig};
use crate::installation::{Brakes, Home, Mode};
use crate::name::ServiceKey;
use crate::notice;
use crate::overrides;
use crate::port::{
    ChangeScaling, KeepAlarmUses, KeepRecords, KeepScaling, Pace, PortError, Publish,
    ReadActivities, ReadConfig, ReadScaling, Saved,
};
use crate::record::{Record, Whose};
use crate::report::Entry;
use crate::rollback::Refusal;
use crate::turn::sending::{send_all, settle_all};
use crate::turn::{RACES_MAX, TurnError};
use crate::watch::Settled;

/// When somebody looks again at what could not be finished.
const AGAIN_IN: SignedDuration = SignedDuration::from_mins(1);

/// When somebody looks again while nothing may be written and nobody said for how long.
const BRAKED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How often the record says when it was compared last, if nothing else of it changed: each write costs.
const COMPARED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// The world, behind the ports.
#[derive(Debug)]
pub struct ScalingPorts<'a, A, R, C, P, W> {
    /// Application Auto Scaling and CloudWatch.
    pub aws: &'a A,
    /// The records.
    pub records: &'a R,
    /// The teams' config.
    pub config: &'a C,
    /// The topics.
    pub topics: &'a P,
    /// How fast writes may follow each other.
    pub pace: &'a W,
}

/// What a turn is about.
#[derive(Debug, Clone, Copy)]
pub struct ScalingTurn<'a> {
    /// Whose.
    pub service: &'a ServiceKey,
    /// The time.
    pub now: Timestamp,
    /// When this invocation ends at the latest: claims last until then.
    pub until: Timestamp,
    /// The invocation's request id, unique.
    pub by: &'a str,
    /// Where it is.
    pub home: &'a Home,
    /// What the installation may do.
    pub mode: Mode,
    /// Why it is taken.
    pub why: WhyTurn,
}

/// Why a scaling turn is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyTurn {
    /// The service's config may have changed, or was never read: it is read.
    ConfigChanged,
    /// Something falls due: an override begins or ends, something was left unfinished. The last good config holds.
    Due,
    /// Nothing in particular: somebody may have changed what is live. The last good config holds.
    Drift,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub struct ScalingTaken {
    /// What was planned; `None`: what is live could not be read.
    pub plan: Option<Plan>,
    /// What was done of it, in order.
    pub done: Vec<Object>,
    /// Why nothing was written though there was something to write.
    pub brake: Option<Refusal>,
    /// What AWS refuses: people have to do something. They are told.
    pub refused: Vec<(Object, PortError)>,
    /// What could not be finished, and why: the next turn goes on.
    pub unfinished: Vec<String>,
    /// The findings of a config with errors; the last good one holds. `None`: it has none, or was not read.
    pub rejected: Option<Vec<Finding>>,
    /// What was told of overrides.
    pub entries: Vec<Entry>,
    /// Nobody finds the service's own file any more; the last good config holds.
    pub vanished: bool,
}

/// A record as loaded.
struct Base {
    record: ScalingRecord,
    version: u64,
    due: Option<Timestamp>,
}

/// What was done, to be noted on whatever is stored by then.
#[derive(Default)]
struct Done {
    changes: Vec<Change>,
    refused: Vec<(Change, PortError)>,
    leaves: bool,
    settled: Vec<(String, Settled)>,
}

impl<A, R, C, P, W> ScalingPorts<'_, A, R, C, P, W>
where
    A: ReadScaling + ChangeScaling + ReadActivities + Sync,
    R: KeepScaling + KeepRecords + KeepAlarmUses + Sync,
    C: ReadConfig + Sync,
    P: Publish + Sync,
    W: Pace + Sync,
{
    /// Takes a turn.
    ///
    /// # Errors
    /// [`TurnError`], if the record could not be read or kept; nothing was changed then. What fails after that is in
    /// [`ScalingTaken::unfinished`].
    pub async fn take(&self, turn: &ScalingTurn<'_>) -> Result<ScalingTaken, TurnError> {
        for _ in 0..RACES_MAX {
            let base = self.load(turn).await?;
            let mut taken = ScalingTaken::default();
            let mut record = base.record.clone();
            if turn.why == WhyTurn::ConfigChanged {
                self.read_config(turn, &mut record, &mut taken).await;
            }
            taken.entries = overrides::decide(&mut record, turn.now);
            let live = match self.aws.live_scaling(turn.service).await {
                Ok(live) => live,
                Err(error) => {
                    taken.unfinished.push(error.to_string());
                    let due = Some(turn.now.saturating_add(AGAIN_IN).unwrap_or(turn.now));
                    if self.save(&base, &record, due, turn.now).await?.is_none() {
                        continue;
                    }
                    return Ok(taken);
                }
            };
            if live.desired_count.is_none() {
                record.service_is_gone(&live);
            }
            let plan = plan(&record, &live, turn.now);
            if !plan.is_empty() {
                taken.brake = self.brake(turn).await;
            }
            let acts = !plan.is_empty() && taken.brake.is_none();
            if acts || plan.is_empty() && plan.refused.is_none() && turn.mode == Mode::Act {
                record.managed.clone_from(&plan.managed);
            }
            if plan.leaves && plan.is_empty() {
                record.leave();
            }
            // What is over is remembered until nothing of it is live any more.
            if plan.is_empty() || turn.mode == Mode::Observe {
                overrides::forget(&mut record, turn.now);
            }
            tell_held(&mut record, &plan, turn.now);
            self.look_at_max(turn, &live, &mut record).await;
            trouble::escalate(&mut record, turn.now);
            let is_old = |at: Timestamp| turn.now.duration_since(at) >= COMPARED_EVERY;
            if record != base.record || record.compared_at.is_none_or(is_old) {
                record.compared_at = Some(turn.now);
            }
            let claimed = record.outbox.claim(turn.by, turn.until, turn.now);
            let due = due(&record, &taken, turn.now);
            let saved = self.save(&base, &record, due, turn.now).await?;
            let Some(version) = saved else { continue };
            let mut done = Done { leaves: plan.leaves, ..Done::default() };
            if acts {
                self.apply(turn, &plan, &live, &mut done, &mut taken).await;
            }
            taken.plan = Some(plan);
            let is_settled = done.changes.is_empty() && done.refused.is_empty();
            if !(is_settled && claimed.is_empty() && taken.unfinished.is_empty()) {
                let base = Base { record, version, due };
                self.confirm(turn, base, done, &mut taken).await;
            }
            return Ok(taken);
        }
        Err(TurnError::Contended { whose: whose(turn.service) })
    }

    // ---- load, save ----

    async fn load(&self, turn: &ScalingTurn<'_>) -> Result<Base, TurnError> {
        let service = turn.service;
        let loaded = self.records.load_scaling(service).await;
        let loaded = loaded.map_err(|source| TurnError::Load { whose: whose(service), source })?;
        let mut record = match &loaded.stored {
            None => ScalingRecord::new(service.clone()),
            Some(stored) => ScalingRecord::restore(stored)
                .map_err(|source| TurnError::Unreadable { whose: whose(service), source })?,
        };
        record.home.clone_from(turn.home);
        let due = loaded.stored.and_then(|stored| stored.due);
        Ok(Base { record, version: loaded.version, due })
    }

    /// The version that is stored now; `None` if somebody else was first. What has not changed is not written, and
    /// neither is a service that nobody asked anything for.
    async fn save(
        &self,
        base: &Base,
        record: &ScalingRecord,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<u64>, TurnError> {
        let stored = record.store(due);
        let is_past = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        let is_reset = is_past(base.due) && !is_past(stored.due);
        let is_sooner = stored.due.is_some() && stored.due != base.due;
        let is_nobodys = base.version == 0 && record.is_idle() && due.is_none();
        if is_nobodys || *record == base.record && !is_reset && !is_sooner {
            return Ok(Some(base.version));
        }
        let saved = self.records.save_scaling(&record.service, &stored, base.version).await;
        let saved =
            saved.map_err(|source| TurnError::Save { whose: whose(&record.service), source })?;
        Ok((saved == Saved::Held).then(|| base.version.saturating_add(1)))
    }

    // ---- what holds ----

    async fn read_config(
        &self,
        turn: &ScalingTurn<'_>,
        record: &mut ScalingRecord,
        taken: &mut ScalingTaken,
    ) {
        let files = match self.config.config_files(turn.service).await {
            Ok(files) => files,
            Err(error) => return taken.unfinished.push(error.to_string()),
        };
        let said = says(turn.service, files.defaults.as_deref(), files.service.as_deref());
        let (config, has_own) = match said {
            Says::Config { config, has_own_file } => (config, has_own_file),
            Says::Rejected(findings) => {
                trouble::reject(record, &findings, turn.now);
                taken.rejected = Some(findings);
                return;
            }
        };
        if record.has_a_file_to_miss() && !has_own {
            // Absence is not deletion: only `remove = true` removes.
            taken.vanished = true;
            return;
        }
        let uses = alarm_uses::alarm_uses(&config);
        if let Err(error) = alarm_uses::note(self.records, turn.service, record, &uses).await {
            taken.unfinished.push(error.to_string());
        }
        let ServiceConfig { scaling, notify, .. } = *config;
        record.config = scaling;
        record.notify = notify;
        record.has_own_file = has_own;
        trouble::accept(record, turn.now);
    }

    /// Whether more tasks are asked for than there may be. What cannot be read leaves what is known as it is.
    async fn look_at_max(
        &self,
        turn: &ScalingTurn<'_>,
        live: &LiveScaling,
        record: &mut ScalingRecord,
    ) {
        let mut asked = None;
        if trouble::has_all(record, live) {
            let since = turn.now.saturating_sub(ASKED_WITHIN).unwrap_or(turn.now);
            match self.aws.scaling_activities(turn.service, since).await {
                Ok(activities) => asked = trouble::asked(live, &activities),
                Err(_) => return,
            }
        }
        let is_ill = asked.is_some() && self.is_ill(turn.service).await;
        trouble::at_max(record, asked, is_ill, turn.now);
    }

    /// Whether an incident of the service is open. Nobody knows: then it is told of, rather than not.
    async fn is_ill(&self, service: &ServiceKey) -> bool {
        let loaded = self.records.load(service).await.ok().and_then(|loaded| loaded.stored);
        loaded
            .and_then(|stored| Record::restore(&stored).ok())
            .is_some_and(|record| record.incident.is_some())
    }

    /// What forbids writing, read just before anything is written.
    async fn brake(&self, turn: &ScalingTurn<'_>) -> Option<Refusal> {
        let mut brakes = Brakes { mode: turn.mode, ..Brakes::default() };
        if turn.mode == Mode::Act {
            match self.records.account().await {
                Ok(account) => brakes.account = Some(account),
                Err(error) => brakes.unreadable = Some(error.to_string()),
            }
        }
        brakes.refusal(turn.now)
    }

    // ---- tell, confirm ----

    /// Saves what was done, on whatever is stored by now, and sends what is to be told.
    async fn confirm(
        &self,
        turn: &ScalingTurn<'_>,
        mut base: Base,
        mut done: Done,
        taken: &mut ScalingTaken,
    ) {
        let mut record = base.record.clone();
        note(&mut record, &done, taken, turn);
        record.outbox.claim(turn.by, turn.until, turn.now);
        let sent = send_all(self.topics, &mut record.outbox, turn.by).await;
        taken.unfinished.extend(sent.unfinished);
        done.settled = sent.settled;
        for _ in 0..RACES_MAX {
            let due = due(&record, taken, turn.now);
            match self.save(&base, &record, due, turn.now).await {
                Ok(Some(_)) => return,
                Ok(None) => {}
                Err(error) => {
                    taken.unfinished.push(format!("what was done is not confirmed: {error}"));
                    return;
                }
            }
            match self.load(turn).await {
                Ok(loaded) => base = loaded,
                Err(error) => {
                    taken.unfinished.push(format!("what was done is not confirmed: {error}"));
                    return;
                }
            }
            record = base.record.clone();
            note(&mut record, &done, taken, turn);
            settle_all(&mut record.outbox, &done.settled);
        }
    }
}

fn whose(service: &ServiceKey) -> Whose {
    Whose::Scaling(service.clone())
}

/// When somebody has to look though nothing comes in.
fn due(record: &ScalingRecord, taken: &ScalingTaken, now: Timestamp) -> Option<Timestamp> {
    let after = |wait| now.saturating_add(wait).unwrap_or(now);
    let again = (!taken.unfinished.is_empty()).then(|| after(AGAIN_IN));
    let changes = match &taken.brake {
        None | Some(Refusal::ObserveMode) => record.due(now),
        // What is due now stays so; to look each minute would not bring it nearer.
        Some(Refusal::Paused(pause)) => Some(pause.until.unwrap_or(after(BRAKED_FOR))),
        Some(_) => Some(after(BRAKED_FOR)),
    };
    [again, changes].into_iter().flatten().min()
}

fn note(record: &mut ScalingRecord, done: &Done, taken: &ScalingTaken, turn: &ScalingTurn<'_>) {
    for change in &done.changes {
        record.written.note(change, turn.now);
    }
    let refused = done.refused.iter().filter(|(change, _)| record.written.refuse(change));
    let lines: Vec<String> =
        refused.map(|(change, error)| format!("{}: {error}", change.object)).collect();
    if !lines.is_empty() {
        let notice = notice::of_refused_scaling(turn.service, &lines, &record.notify, turn.now)
            .told_from(turn.home);
        record.outbox.push_message(notice.message(), turn.now);
    }
    if !done.refused.is_empty() || !taken.unfinished.is_empty() {
        return;
    }
    overrides::forget(record, turn.now);
    if done.leaves && record.config.remove {
        record.leave();
    }
}

/// Tells once of what is left as it is because somebody changed it back.
fn tell_held(record: &mut ScalingRecord, plan: &Plan, now: Timestamp) {
    let differs = |field: &FieldChange| {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        format!("{} is {}, wanted {}", field.field, shown(&field.old), shown(&field.new))
    };
    let news = plan.held().filter(|(object, _)| record.written.tell(object));
    let held: Vec<String> = news
        .map(|(object, fields)| {
            let fields: Vec<String> = fields.iter().map(differs).collect();
            format!("{object}: {}", fields.join(", "))
        })
        .collect();
    if !held.is_empty() {
        let notice = notice::of_held_scaling(&record.service, &held, &record.notify, now)
            .told_from(&record.home);
        record.outbox.push_message(notice.message(), now);
    }
}
