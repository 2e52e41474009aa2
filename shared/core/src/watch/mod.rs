//! Decide over everything that concerns a service's health.
//!
//! [`decide`] is total and synchronous: (record, observation, config, now) → decision. It asks for what it
//! lacks ([`Decision::ask`]) instead of fetching it, so the Lambda functions, `steady replay` and tests share
//! it whole. [`step`] is the loop of asking and deciding for callers who can answer at once.

mod alarms;
mod announcing;
mod deciding;
mod ending;
mod judging;
mod lifecycle;
mod ordering;
mod probing;
mod rolling_back;
mod scale_in;
mod settling;
mod tail;
mod together;
mod verifying;
mod way_back;

pub use lifecycle::{ENVIRONMENT_TASKS_MIN, ENVIRONMENT_WITHIN};
pub use settling::{Settled, settle};
pub(crate) use settling::{expire, settle_message};
pub use tail::{
    Absence, Found, LINE_CHARS_MAX, LINES_READ, LINES_SHOWN, LogTail, Logs, LogsOf, Place, TailLine,
};

use jiff::{SignedDuration, Timestamp};

use crate::config::ServiceConfig;
use crate::event::{Body, DeploymentEventName, Event};
use crate::group::{Group, GroupKey, Joining};
use crate::history::PastIncident;
use crate::installation::{Account, Brakes, Trouble};
use crate::ledger::Absorbed;
use crate::name::ServiceKey;
use crate::notice;
use crate::port::RunningTasks;
use crate::record::Record;
use crate::report::{Entry, What};
use crate::rollback::Order;
use deciding::Deciding;

/// At most one read of a service's running tasks in this time: DescribeTasks shares its quota with everybody
/// in the account.
pub const READ_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// What came in.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Events of this service, in any order, repeated or not.
    pub events: Vec<Event>,
    /// Its running tasks, if they were asked for.
    pub running: Running,
    /// Whether Steady may act.
    pub brakes: Brakes,
    /// What a failed container logged last, if that was asked for.
    pub logs: Logs,
    /// What a person wants done.
    pub order: Option<Order>,
    /// A line of services that share a cause, joined just now: which, and who is in it then, or why nobody can tell.
    pub joined: Option<(GroupKey, Result<Group, String>)>,
    /// The same of one that was left.
    pub left: Option<(GroupKey, Result<Group, String>)>,
}

/// Whether the running tasks are known.
#[derive(Debug, Clone, Default)]
pub enum Running {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// They could not be read, and why. Not being able to tell is not failure.
    Unknown(String),
    /// As read.
    Known(RunningTasks),
}

/// What follows.
#[derive(Debug)]
pub struct Decision {
    /// The record from now on. What is to be done is in its outbox.
    pub record: Record,
    /// What has to be answered before anything else: then decide again, without the events.
    pub ask: Option<Ask>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// When to decide again though nothing comes in; always after `now`.
    pub due: Option<Timestamp>,
    /// The incident that ended, to be kept with the record.
    pub past: Option<PastIncident>,
}

/// What a decision needs to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// What runs, and whether Steady may act: [`Observation::running`] and [`Observation::brakes`].
    Running,
    /// Tell the account of this service's trouble, and say how the account stands then: [`Brakes::account`].
    Announce(Trouble),
    /// What a container logged last: [`Observation::logs`].
    Logs(LogsOf),
    /// Take a place in a line, and say who is in it: [`Observation::joined`].
    Join(Joining),
    /// Leave a line, and say who is left: [`Observation::left`].
    Leave(GroupKey),
}

/// Decides.
pub fn decide(
    mut record: Record,
    observation: Observation,
    config: &ServiceConfig,
    now: Timestamp,
) -> Decision {
    let mut entries = Vec::new();
    let has_news = !observation.events.is_empty();
    absorb(&mut record, observation.events, &mut entries, now);
    let running = observation.running;
    let mut want_read = None;
    if !matches!(running, Running::NotAsked) {
        record.read_at = Some(now);
    }
    if matches!(running, Running::Unknown(_)) {
        want_read = now.saturating_add(READ_EVERY).ok();
    }
    if let Running::Known(running) = &running {
        running.tasks.iter().for_each(|task| record.ledger.absorb_running(task));
        record.desired = running.desired_count.or(record.desired);
        record.could_turn_at = None;
        if let Some(standing) = &running.standing {
            lifecycle::absorb_standing(&mut record, standing, now);
        }
    }
    let (brakes, logs, order) = (observation.brakes, observation.logs, observation.order);
    let mut deciding = Deciding {
        config,
        now,
        running,
        brakes,
        logs,
        order,
        record,
        entries,
        has_news,
        want_read,
        wish: None,
        past: None,
        worsened: false,
        joined: observation.joined,
        left: observation.left,
        can_ask: true,
        ask_group: None,
    };
    if deciding.is_deleted() {
        let before = (deciding.record.clone(), deciding.entries.clone());
        deciding.expire();
        deciding.refuse_order();
        deciding.resolve();
        if let Some(ask) = deciding.ask_group.take() {
            return asking_anew(before, ask);
        }
        deciding.end_probe();
        let due = deciding.due_when_deleted();
        let Deciding { record, entries, past, .. } = deciding;
        return Decision { record, ask: None, entries, due, past };
    }
    // A person waits for the answer, and presses the button once: that one read is never too soon.
    if deciding.order_needs_running() || (deciding.needs_running() && deciding.may_read()) {
        return deciding.asking(Ask::Running);
    }
    if let Some(trouble) = deciding.trouble_begins() {
        return deciding.asking(Ask::Announce(trouble));
    }
    let may_ask = deciding.is_known() || deciding.may_share();
    let before = may_ask.then(|| (deciding.record.clone(), deciding.entries.clone()));
    deciding.can_ask = may_ask;
    deciding.expire();
    deciding.refresh();
    deciding.look_back();
    deciding.prove_overdue();
    deciding.soak();
    deciding.verify();
    if let Some(of) = deciding.logs_wanted() {
        return deciding.asking(Ask::Logs(of));
    }
    deciding.recognise_bad();
    deciding.open_or_join();
    deciding.look_at_life();
    deciding.look_at_alarms();
    deciding.hold_scale_in();
    deciding.keep_tail();
    deciding.obey();
    deciding.roll_back();
    deciding.resolve();
    deciding.end_probe();
    deciding.escalate();
    deciding.mind_group();
    let wish = deciding.wish.take().map(Ask::Announce).or_else(|| deciding.ask_group.take());
    if let (Some(ask), Some(before)) = (wish, before) {
        return asking_anew(before, ask);
    }
    deciding.record.ledger.tidy(now, deciding.record.incident.as_ref().map(|open| &open.about));
    let due = deciding.due();
    let Deciding { record, entries, past, .. } = deciding;
    Decision { record, ask: None, entries, due, past }
}

/// Something has to be answered first, and then everything is decided anew.
fn asking_anew((record, entries): (Record, Vec<Entry>), ask: Ask) -> Decision {
    Decision { record, ask: Some(ask), entries, due: None, past: None }
}

/// Decides, answers with `read` what is asked, and takes everything decided for done: how a replay goes on. `account` is
/// what the services of the replay have in common. It has no logs, and starts no probes.
pub fn step(
    record: Record,
    events: Vec<Event>,
    config: &ServiceConfig,
    now: Timestamp,
    account: &mut Account,
    read: impl FnOnce(&ServiceKey) -> Result<RunningTasks, String>,
) -> Decision {
    let mut decision = observe(record, events, config, now, account, false, read);
    decision.record.outbox.clear();
    decision
}

/// The same, with what is to be done left in the outbox for a caller who does it and says what came of it ([`settle`]).
/// `probes`: whether probe tasks may be started.
pub fn observe(
    mut record: Record,
    events: Vec<Event>,
    config: &ServiceConfig,
    now: Timestamp,
    account: &mut Account,
    probes: bool,
    read: impl FnOnce(&ServiceKey) -> Result<RunningTasks, String>,
) -> Decision {
    let mut read = Some(read);
    let brakes = |account: &Account| Brakes { probes, ..Brakes::released(account) };
    let mut observation = Observation {
        events,
        running: Running::NotAsked,
        brakes: brakes(account),
        logs: Logs::Nowhere,
        order: None,
        joined: None,
        left: None,
    };
    let mut asked_before = Vec::new();
    let mut entries = Vec::new();
    loop {
        let mut decision = decide(record, observation.clone(), config, now);
        entries.append(&mut decision.entries);
        // Nothing is asked twice.
        let ask = decision.ask.take().filter(|ask| !asked_before.contains(ask));
        let Some(ask) = ask else {
            decision.entries = entries;
            return decision;
        };
        match &ask {
            Ask::Running => {
                let answer = read.take().map(|read| read(&decision.record.service));
                observation.running = match answer {
                    Some(Ok(tasks)) => Running::Known(tasks),
                    Some(Err(why)) => Running::Unknown(why),
                    None => Running::NotAsked,
                };
            }
            Ask::Announce(trouble) => {
                account.announce(&decision.record.service, trouble.clone(), now);
            }
            Ask::Join(joining) => {
                let group = account.join(&decision.record.service, joining);
                observation.joined = Some((joining.key.clone(), Ok(group)));
            }
            Ask::Leave(key) => {
                let left = account.leave(&decision.record.service, key);
                observation.left = Some((key.clone(), Ok(left)));
            }
            Ask::Logs(_) => {}
        }
        asked_before.push(ask);
        observation.brakes = brakes(account);
        observation.events.clear();
        record = decision.record;
    }
}

/// Takes events into the record, oldest first.
fn absorb(record: &mut Record, mut events: Vec<Event>, entries: &mut Vec<Entry>, now: Timestamp) {
    events.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.within_second(b)));
    record.ledger.forget_old(now);
    for event in events {
        let at = event.time.unwrap_or(now);
        if record.region.is_none() {
            record.region = event.region;
            record.account = event.account;
        }
        match event.body {
            Body::Task(task) if task.tells_of_stop() => {
                let what = match record.ledger.absorb_stop(&task, at) {
                    Absorbed::New(stop) => What::Stop(stop),
                    Absorbed::TooOld(stop) => What::Skipped(format!(
                        "task {} stopped {}, too long ago to be told from a repeat",
                        stop.task.id(),
                        notice::words::clock(stop.ended_at()),
                    )),
                    Absorbed::Detail | Absorbed::Repeat => continue,
                };
                entries.push(Entry {
                    deployment: task.deployment.clone(),
                    revision: task.revision.clone(),
                    ..Entry::plain(at, Some(record.service.clone()), what)
                });
            }
            Body::Deployment(deployment) => {
                // A service of the same name was made again.
                let begins = deployment.name == DeploymentEventName::InProgress;
                record.deleted_at = record.deleted_at.filter(|deleted| !(begins && at > *deleted));
                record.ledger.absorb_deployment(&deployment, at);
            }
            Body::ServiceAction(action) => lifecycle::absorb_action(record, &action, at),
            Body::Hook(hook) => lifecycle::absorb_hook(record, &hook, at),
            Body::Alarm(alarm) => record.alarms.absorb(&alarm, at),
            // Tasks that begin or run are read from ECS when it matters; the rest decides nothing yet.
            Body::Task(_) | Body::Parameter(_) | Body::Other { .. } => {}
        }
    }
}
