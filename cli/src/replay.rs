//! `steady replay`: what Steady would have seen, decided, done and sent.
//!
//! The clock is the events' own: each second's events of a service are decided together, as one batch of the
//! queue would be (within a second ECS's order is arbitrary), and what falls due between events is decided when
//! it falls due. There is no ECS to ask, so running tasks are read from the recorded events, behind the same port.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueHint;
use jiff::Timestamp;
use steady_core::config::ConfigTree;
use steady_core::event::{Body, Concern, Event, Owner, TaskEvent};
use steady_core::installation;
use steady_core::name::{Account, FamilyKey, Region, ServiceKey};
use steady_core::port::{RunningTask, RunningTasks};
use steady_core::record::{Record, Whose};
use steady_core::report::{Entry, What};
use steady_core::standalone::{self, StandaloneRecord};
use steady_core::watch;

use crate::exit::{Exit, Failure};
use crate::input::{self, Place, Sink, Unreadable};
use crate::order::{Held, Order, WINDOW};
use crate::print::{Printer, Summary};
use crate::{Format, configs};

/// Replay recorded events: the timeline of what would have been seen, decided, done and sent.
///
/// Reads ECS events as EventBridge delivers them (JSON lines, or one JSON document), from several files as one
/// recording, in any order, repeated or not: they are ordered by time, up to a million whole, of more within a
/// window of half a million. Changes nothing and sends nothing. Its clock ends with the last event.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of events; `-` is stdin.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Config: DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml. Without it every service has the defaults.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    config: Option<PathBuf>,
    /// Take this account's events; by default those of the first event's account.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Take this region's events; by default those of the account's first event.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// For people, or JSON lines.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`], when nothing can be replayed or the result cannot be written.
pub fn run(args: &Args, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Failure> {
    let tree = match &args.config {
        Some(dir) => configs::load(dir, "replayed", err)?,
        None => ConfigTree::default(),
    };
    let account = args.account.as_deref().map(account_id).transpose()?;
    let mut replaying = Replaying {
        err,
        exit: Exit::Good,
        order: Order::new(WINDOW),
        timeline: Timeline {
            tree,
            account,
            region: args.region.as_deref().map(Region::from),
            common: installation::Account::default(),
            services: HashMap::new(),
            families: HashMap::new(),
            due: BTreeSet::new(),
            clock: Timestamp::MIN,
            summary: Summary::default(),
            printer: Printer::new(out, args.format),
        },
    };
    input::read(&args.files, &mut replaying)?;
    let rest = replaying.order.rest();
    replaying.timeline.play(rest)?;
    replaying.timeline.finish()?;
    Ok(replaying.exit)
}

fn account_id(text: &str) -> Result<Account, Failure> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.into());
    }
    Err(Failure::Usage(format!("--account is `{text}`, expected 12 digits such as `111122223333`")))
}

/// From input to ordered events.
struct Replaying<'a, O, E> {
    err: &'a mut E,
    exit: Exit,
    order: Order,
    timeline: Timeline<'a, O>,
}

impl<O: Write, E: Write> Sink for Replaying<'_, O, E> {
    fn event(&mut self, event: Event, at: &Place<'_>) -> io::Result<()> {
        let Some(time) = event.time else {
            let reason = "`time` is missing, so the event has no place in the timeline";
            return self.unreadable(at.unreadable(reason));
        };
        let ready = self.order.push(time, Held::new(event));
        if ready.is_empty() { Ok(()) } else { self.timeline.play(ready) }
    }

    fn unreadable(&mut self, what: Unreadable) -> io::Result<()> {
        self.exit = Exit::Input;
        // The exit code says it too; a closed stderr must not cost the result.
        let _ = writeln!(self.err, "steady: {what}");
        Ok(())
    }
}

/// A service's state between its events.
struct Slot {
    /// `None` only while it is being decided on.
    record: Option<Record>,
    running: RecordedTasks,
    due: Option<Timestamp>,
}

impl Slot {
    fn new(service: &ServiceKey) -> Self {
        let record = Some(Record::new(service.clone()));
        Self { record, running: RecordedTasks::default(), due: None }
    }
}

/// What runs, by the RUNNING and stop events so far; keyed by the task's hash.
#[derive(Default)]
struct RecordedTasks(BTreeMap<u64, RunningTask>);

impl RecordedTasks {
    fn note(&mut self, task: &TaskEvent) {
        if task.tells_of_stop() {
            self.0.remove(&task.task.hash64());
        } else if let Some(started_at) = task.started_at.filter(|_| task.is_running()) {
            let running = RunningTask {
                task: task.task.clone(),
                deployment: task.deployment.clone(),
                revision: task.revision.clone(),
                started_at,
            };
            self.0.insert(task.task.hash64(), running);
        }
    }

    fn running(&self) -> RunningTasks {
        let tasks = self.0.values().cloned().collect();
        RunningTasks { tasks, ..RunningTasks::default() }
    }
}

/// Ordered events into entries.
struct Timeline<'a, O> {
    tree: ConfigTree,
    account: Option<Account>,
    region: Option<Region>,
    /// What the account's services have in common.
    common: installation::Account,
    services: HashMap<ServiceKey, Slot>,
    families: HashMap<FamilyKey, StandaloneRecord>,
    due: BTreeSet<(Timestamp, Whose)>,
    clock: Timestamp,
    summary: Summary,
    printer: Printer<'a, O>,
}

impl<O: Write> Timeline<'_, O> {
    fn play(&mut self, events: Vec<(Timestamp, Held)>) -> io::Result<()> {
        let mut batch: BTreeMap<ServiceKey, Vec<Event>> = BTreeMap::new();
        for (at, held) in events {
            if at > self.clock {
                self.decide_batch(&mut batch)?;
                self.fall_due(at)?;
                self.clock = at;
            }
            self.summary.events += 1;
            self.summary.from.get_or_insert(at);
            self.summary.until = self.summary.until.max(Some(at));
            if let Some(why) = self.foreign(&held) {
                self.skip(at, None, why)?;
                continue;
            }
            let Held::Event(event) = held else { continue };
            match self.sort_out(&event) {
                Sorted::Service(service) => batch.entry(service).or_default().push(*event),
                Sorted::Services(services) => services.into_iter().for_each(|service| {
                    batch.entry(service).or_default().push(Event::clone(&event));
                }),
                Sorted::Family(family) => self.standalone(family, &[*event])?,
                Sorted::Idle => {}
                Sorted::Skip(service, why) => self.skip(at, service, why)?,
            }
        }
        self.decide_batch(&mut batch)
    }

    fn finish(&mut self) -> io::Result<()> {
        // What falls due with the last second has still been decided in it.
        if let Ok(after) = self.clock.checked_add(jiff::SignedDuration::from_nanos(1)) {
            self.fall_due(after)?;
        }
        let open = self.services.values().filter_map(|slot| slot.record.as_ref());
        self.summary.open = open.filter(|record| record.incident.is_some()).count() as u64;
        self.printer.summary(&self.summary)
    }

    fn skip(&mut self, at: Timestamp, service: Option<ServiceKey>, why: String) -> io::Result<()> {
        self.printer.entry(&Entry::plain(at, service, What::Skipped(why)), None)
    }

    /// Why an event is somebody else's, if it is. The first event settles account and region.
    fn foreign(&mut self, held: &Held) -> Option<String> {
        if let (Some(ours), Some(theirs)) = (&self.account, held.account())
            && ours != theirs
        {
            return Some(format!("of account {theirs}, not of {ours}"));
        }
        if let (Some(ours), Some(theirs)) = (&self.region, held.region())
            && ours != theirs
        {
            return Some(format!("of region {theirs}, not of {ours}"));
        }
        self.account = self.account.take().or_else(|| held.account().cloned());
        self.region = self.region.take().or_else(|| held.region().cloned());
        None
    }

    /// Whether, and for whom, an event is of use.
    fn sort_out(&mut self, event: &Event) -> Sorted {
        if let Body::Task(task) = &event.body
            && let Owner::Service(service) = &task.owner
        {
            let slot = self.services.entry(service.clone()).or_insert_with(|| Slot::new(service));
            slot.running.note(task);
        }
        match event.concern() {
            Concern::Nobody => Sorted::Idle,
            Concern::Service(service) => Sorted::Service(service.clone()),
            Concern::Standalone(family) => Sorted::Family(family.clone()),
            Concern::Alarm(alarm) => match self.counting(&alarm.name) {
                services if services.is_empty() => Sorted::Skip(
                    None,
                    format!("alarm {}: no config has it in `health.rollback_alarms`", alarm.name),
                ),
                services => Sorted::Services(services),
            },
            Concern::Parameter(_) => {
                Sorted::Skip(None, "config is read from files here".to_owned())
            }
            Concern::Unused(why) => Sorted::Skip(None, why),
        }
    }

    /// The services whose config counts an alarm against a new revision.
    fn counting(&self, alarm: &str) -> Vec<ServiceKey> {
        let seen = self.services.keys().cloned();
        let named = self.tree.services().map(|(service, _)| ServiceKey::from(service));
        let all: BTreeSet<ServiceKey> = seen.chain(named).collect();
        let counts = |service: &ServiceKey| {
            let health = &self.tree.for_service(service.as_str()).health;
            health.rollback_alarms.iter().any(|name| name == alarm)
        };
        all.into_iter().filter(counts).collect()
    }

    fn decide_batch(&mut self, batch: &mut BTreeMap<ServiceKey, Vec<Event>>) -> io::Result<()> {
        while let Some((service, events)) = batch.pop_first() {
            self.decide(service, events, self.clock)?;
        }
        Ok(())
    }

    /// Decides what falls due before `until`, each at its time.
    fn fall_due(&mut self, until: Timestamp) -> io::Result<()> {
        while self.due.first().is_some_and(|(at, _)| *at < until) {
            let Some((at, whose)) = self.due.pop_first() else {
                break;
            };
            let now = at.max(self.clock);
            match whose {
                Whose::Service(service) => self.decide(service, Vec::new(), now)?,
                Whose::Family(family) => {
                    self.clock = now;
                    self.standalone(family, &[])?;
                }
                // A recording has no switch, and no scaling.
                Whose::Account | Whose::Scaling(_) => {}
            }
        }
        Ok(())
    }

    fn decide(
        &mut self,
        service: ServiceKey,
        events: Vec<Event>,
        now: Timestamp,
    ) -> io::Result<()> {
        let slot = self.services.entry(service.clone()).or_insert_with(|| Slot::new(&service));
        let record = slot.record.take().unwrap_or_else(|| Record::new(service.clone()));
        let config = self.tree.for_service(service.as_str());
        let decision = watch::step(record, events, config, now, &mut self.common, |_| {
            Ok(slot.running.running())
        });
        slot.record = Some(decision.record);
        let before = std::mem::replace(&mut slot.due, decision.due);
        if before != decision.due {
            if let Some(before) = before {
                self.due.remove(&(before, Whose::Service(service.clone())));
            }
            if let Some(due) = decision.due {
                self.due.insert((due, Whose::Service(service)));
            }
        }
        decision.entries.iter().try_for_each(|entry| self.printer.entry(entry, None))
    }

    fn standalone(&mut self, key: FamilyKey, events: &[Event]) -> io::Result<()> {
        let record = self.families.remove(&key);
        let record = record.unwrap_or_else(|| StandaloneRecord::new(key.clone()));
        if let Some(before) = record.due() {
            self.due.remove(&(before, Whose::Family(key.clone())));
        }
        let asked = standalone::asked(&self.tree, &key);
        let (record, entries) = standalone::step(record, events, asked, self.clock);
        if let Some(due) = record.due() {
            self.due.insert((due, Whose::Family(key.clone())));
        }
        let family = key.family.as_str();
        entries.iter().try_for_each(|entry| self.printer.entry(entry, Some(family)))?;
        self.families.insert(key, record);
        Ok(())
    }
}

enum Sorted {
    Service(ServiceKey),
    Services(Vec<ServiceKey>),
    Family(FamilyKey),
    Idle,
    Skip(Option<ServiceKey>, String),
}
