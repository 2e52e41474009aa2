//! Tasks of no service (RunTask, StartTask): a failed one is listed, and told of where config asks for it. It
//! never opens an incident, for there is nothing to roll back.
//!
//! ```text
//! failed tasks of a family ─▶ decide ─▶ record (counted once, told once an hour) · outbox (the notice) · entries
//! ```
//!
//! `turn` keeps, sends and confirms as a service's turn does; a replay takes every notice for sent ([`step`]).

mod record;
mod turn;

use jiff::{SignedDuration, Timestamp};

pub use record::StandaloneRecord;
pub use turn::{FamilyTurn, read_defaults, take};

use crate::config::{ConfigTree, Notify};
use crate::event::{Body, Event, Owner, TaskEvent, TaskStatus};
use crate::ledger::{Absorbed, TaskStop};
use crate::name::FamilyKey;
use crate::notice::{self, words};
use crate::report::{Entry, What};
use crate::stop::Verdict;
use crate::watch;

/// One notice per family in this time; further failures are counted in the next. A job that fails every minute
/// is one piece of news.
pub const TELL_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Whether the event is one of these: a standalone task that has failed, and the event says why. Earlier events lack
/// exit codes, and nobody waits for the news; a task that is done is none.
pub fn concerns(task: &TaskEvent) -> bool {
    if !matches!(task.owner, Owner::Standalone(_))
        || task.last_status < TaskStatus::Deprovisioning
        || !task.tells_of_stop()
    {
        return false;
    }
    let stop = TaskStop::new(task, Timestamp::UNIX_EPOCH);
    stop.is_told && stop.verdict != Verdict::Benign
}

/// Where failed tasks of the family are told of; `None`: config does not ask for it.
pub fn asked<'a>(tree: &'a ConfigTree, family: &FamilyKey) -> Option<&'a Notify> {
    let is_asked = tree.standalone_tasks.iter().any(|name| name == family.family.as_str());
    is_asked.then_some(&tree.defaults.notify)
}

/// Decides: lists each failed task, and writes a notice if `asked` says where and none was written in [`TELL_EVERY`].
/// `events` are the family's, in any order, repeated or not; may be none.
pub fn decide(
    mut record: StandaloneRecord,
    events: &[Event],
    asked: Option<&Notify>,
    now: Timestamp,
) -> (StandaloneRecord, Vec<Entry>) {
    let plain = |what| Entry::plain(now, None, what);
    let mut entries: Vec<Entry> =
        watch::expire(&mut record.outbox, now).into_iter().map(plain).collect();
    absorb(&mut record, events, &mut entries, now);
    let Some(notify) = asked else {
        record.untold = 0;
        record.newest = None;
        return (record, entries);
    };
    record.notify = notify.clone();
    if record.due().is_none_or(|due| now < due) {
        return (record, entries);
    }
    if let Some(stop) = record.newest.take() {
        let notice = notice::of_standalone_task(
            &record.key.family,
            record.key.cluster.as_deref(),
            &stop,
            record.untold,
            (record.account.clone(), record.region.clone()),
            notify,
            now,
        );
        record.outbox.push_message(notice.message(), now);
        entries.push(entry(now, &stop, What::Notice(Box::new(notice))));
    }
    record.told_at = Some(now);
    record.untold = 0;
    (record, entries)
}

/// Decides, and takes everything decided for done: how a replay goes on.
pub fn step(
    record: StandaloneRecord,
    events: &[Event],
    asked: Option<&Notify>,
    now: Timestamp,
) -> (StandaloneRecord, Vec<Entry>) {
    let (mut record, entries) = decide(record, events, asked, now);
    record.outbox.clear();
    (record, entries)
}

/// Takes failures into the record, oldest first.
fn absorb(
    record: &mut StandaloneRecord,
    events: &[Event],
    entries: &mut Vec<Entry>,
    now: Timestamp,
) {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.within_second(b)));
    record.ledger.forget_old(now);
    for event in events {
        let Body::Task(task) = &event.body else { continue };
        if !concerns(task) {
            continue;
        }
        if record.region.is_none() {
            record.region.clone_from(&event.region);
            record.account.clone_from(&event.account);
        }
        match record.ledger.absorb_stop(task, event.time.unwrap_or(now)) {
            Absorbed::New(stop) => {
                entries.push(entry(now, &stop, What::Stop(stop.clone())));
                record.untold = record.untold.saturating_add(1);
                record.newest = Some(*stop);
            }
            Absorbed::TooOld(stop) => {
                let ended = words::clock(stop.ended_at());
                let why = format!(
                    "task {} stopped {ended}, too long ago to be told from a repeat",
                    stop.task.id()
                );
                entries.push(entry(now, &stop, What::Skipped(why)));
            }
            Absorbed::Detail | Absorbed::Repeat => {}
        }
    }
}

fn entry(at: Timestamp, stop: &TaskStop, what: What) -> Entry {
    Entry {
        revision: stop.revision.clone(),
        cause: Some(stop.cause),
        ..Entry::plain(at, None, what)
    }
}
