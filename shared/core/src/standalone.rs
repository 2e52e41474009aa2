//! Tasks of no service (RunTask, StartTask): a failed one is listed, and told of where config asks for it. It
//! never opens an incident, for there is nothing to roll back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Notify;
use crate::event::{Event, Owner, TaskEvent, TaskStatus};
use crate::ledger::{Absorbed, Ledger, TaskStop};
use crate::name::{Account, Family, Region};
use crate::notice;
use crate::report::{Entry, What};
use crate::stop::Verdict;

/// One notice per family in this time; further failures are counted in the next. A job that fails every minute
/// is one piece of news.
pub const TELL_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What is remembered of a family's tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandaloneRecord {
    /// The cluster, where known.
    pub cluster: Option<Arc<str>>,
    /// The family.
    pub family: Family,
    account: Option<Account>,
    region: Option<Region>,
    ledger: Ledger,
    told_at: Option<Timestamp>,
    /// Failed since then, with the newest of them.
    untold: u32,
    newest: Option<TaskStop>,
}

impl StandaloneRecord {
    /// Of a family never seen before.
    pub fn new(cluster: Option<Arc<str>>, family: Family) -> Self {
        Self {
            cluster,
            family,
            account: None,
            region: None,
            ledger: Ledger::default(),
            told_at: None,
            untold: 0,
            newest: None,
        }
    }

    /// When to decide again though nothing comes in.
    pub fn due(&self) -> Option<Timestamp> {
        let told_at = self.told_at.filter(|_| self.untold > 0)?;
        told_at.saturating_add(TELL_EVERY).ok()
    }
}

/// Whether the event is one of these: a standalone task that has ended. Earlier events lack exit codes, and
/// nobody waits for the news.
pub fn concerns(task: &TaskEvent) -> bool {
    matches!(task.owner, Owner::Standalone { .. })
        && task.last_status >= TaskStatus::Deprovisioning
        && task.tells_of_stop()
}

/// Decides: lists a failed task, and writes a notice if `tell` and none was written in [`TELL_EVERY`].
pub fn decide(
    mut record: StandaloneRecord,
    event: Option<&Event>,
    tell: bool,
    notify: &Notify,
    now: Timestamp,
) -> (StandaloneRecord, Vec<Entry>) {
    let mut entries = Vec::new();
    record.ledger.forget_old(now);
    if let Some((event, task)) = event.and_then(|event| Some((event, task_of(event)?))) {
        if record.region.is_none() {
            record.region.clone_from(&event.region);
            record.account.clone_from(&event.account);
        }
        let absorbed = record.ledger.absorb_stop(task, event.time.unwrap_or(now));
        if let Absorbed::New(stop) = absorbed
            && stop.verdict != Verdict::Benign
        {
            entries.push(entry(now, &stop, What::Stop(stop.clone())));
            record.untold = record.untold.saturating_add(1);
            record.newest = Some(*stop);
        }
    }
    let quiet = record.told_at.is_none_or(|told| now.duration_since(told) >= TELL_EVERY);
    if !tell {
        record.untold = 0;
    } else if quiet && record.untold > 0 {
        let envelope = (record.account.clone(), record.region.clone());
        if let Some(stop) = &record.newest {
            let notice = notice::of_standalone_task(
                &record.family,
                record.cluster.as_deref(),
                stop,
                record.untold,
                envelope,
                notify,
                now,
            );
            entries.push(entry(now, stop, What::Notice(Box::new(notice))));
        }
        record.told_at = Some(now);
        record.untold = 0;
    }
    (record, entries)
}

fn task_of(event: &Event) -> Option<&TaskEvent> {
    match &event.body {
        crate::event::Body::Task(task) if concerns(task) => Some(task),
        _ => None,
    }
}

fn entry(at: Timestamp, stop: &TaskStop, what: What) -> Entry {
    Entry {
        revision: stop.revision.clone(),
        cause: Some(stop.cause),
        ..Entry::plain(at, None, what)
    }
}
