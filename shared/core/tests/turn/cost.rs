//! What a million events of tasks that stop cost, by AWS's prices, from the calls and bytes of real turns.
//!
//! A service of 20 tasks that has had five deployments in the last day is deployed again: its 20 old tasks stop, with three
//! events each (DEACTIVATING, DEPROVISIONING, STOPPED). They come in batches with so many events of the service at a time.

use std::fmt::Write;

use jiff::SignedDuration;
use steady_core::event::{Body, Event, TaskStatus};
use steady_core::record::Stored;
use steady_core::report::Entry;

use crate::story::{End, stop};
use crate::world::World;

/// USD a million, us-east-1, 2026-11 (the pricing pages of each service).
mod price {
    /// DynamoDB on demand, write and read request units.
    pub(super) const WRITE_UNIT: f64 = 0.625;
    pub(super) const READ_UNIT: f64 = 0.125;
    /// SQS, standard queue.
    pub(super) const SQS_REQUEST: f64 = 0.40;
    /// Lambda: an invocation, and a millisecond with 256 MB on x86.
    pub(super) const INVOCATION: f64 = 0.20;
    pub(super) const MILLISECOND: f64 = 0.0000166667 * 0.25 / 1000.0 * 1e6;
    /// CloudWatch Logs, standard class: a byte taken in.
    pub(super) const LOG_BYTE: f64 = 0.50 / 1e9 * 1e6;
}

/// What DynamoDB counts of an item beside its texts: names of attributes, key, versions.
const ITEM_BYTES: usize = 150;

/// A turn's wait for a read and a write of DynamoDB.
const TURN_MS: f64 = 15.0;

/// What Lambda takes for an invocation beside its turns.
const INVOCATION_MS: f64 = 2.0;

/// A stop's line in the log, beside its words; a line of metrics, and what each lag adds to it. All with the 26 bytes that
/// CloudWatch Logs counts for a line. A test of the function as a process sees to it that lines are no longer.
const STOP_LINE_BYTES: usize = 460;
const METRIC_LINE_BYTES: usize = 330;
const LAG_BYTES: usize = 10;

/// Each event is sent once (EventBridge), and received and deleted with nine others.
const SQS_REQUESTS: f64 = 1.2;

#[derive(Default)]
struct Units {
    events: f64,
    turns: f64,
    reads: f64,
    writes: f64,
    log_bytes: usize,
}

fn kib(bytes: usize, of: usize) -> f64 {
    (bytes + ITEM_BYTES).div_ceil(of * 1024) as f64
}

impl Units {
    fn add(&mut self, calls: &[&str], before: &Stored, after: &Stored) {
        let stops = |stored: &Stored| stored.stops.len() + stored.hashes.len();
        for call in calls {
            match *call {
                "Query" => self.reads += kib(before.record.len() + stops(before), 4),
                // A transaction costs twice what its writes do.
                "TransactWriteItems" => {
                    self.writes += 2.0 * (kib(after.record.len(), 1) + kib(stops(after), 1));
                }
                "PutItem" => self.writes += kib(after.record.len(), 1),
                other => unreachable!("a healthy service's turn calls {other}"),
            }
        }
    }

    /// A line for each stop, one for how many of them, one for how late they came.
    fn log(&mut self, entries: &[Entry], events: usize) {
        let lines = entries.iter().map(|entry| STOP_LINE_BYTES + entry.reason().len());
        self.log_bytes += lines.sum::<usize>();
        let of_stops = if entries.is_empty() { 0 } else { METRIC_LINE_BYTES };
        self.log_bytes += of_stops + METRIC_LINE_BYTES + LAG_BYTES * events;
    }

    /// USD a million events, by part: SQS, Lambda, reads and writes of DynamoDB, logs. A batch holds the events of one service.
    fn usd(&self) -> [f64; 5] {
        let of = |amount: f64| amount / self.events;
        let ms = of(self.turns) * (TURN_MS + INVOCATION_MS);
        [
            SQS_REQUESTS * price::SQS_REQUEST,
            of(self.turns) * price::INVOCATION + ms * price::MILLISECOND,
            of(self.reads) * price::READ_UNIT,
            of(self.writes) * price::WRITE_UNIT,
            of(self.log_bytes as f64) * price::LOG_BYTE,
        ]
    }
}

/// One event of each of 20 tasks, from this number on.
fn stops(world: &World, first: u32, status: TaskStatus) -> Vec<Event> {
    let at = world.now();
    let event = |task| {
        let mut event = stop(at, task, 41, End::ScaleIn);
        if let Body::Task(stop) = &mut event.body {
            stop.last_status = status;
            stop.stopping_at = Some(at);
            if status == TaskStatus::Deactivating {
                stop.containers.clear();
            }
        }
        event
    };
    (first..first + 20).map(event).collect()
}

fn deployed_again(events_at_once: usize) -> Units {
    let world = World::with_proven();
    let mut units = Units::default();
    for deployment in 0..6 {
        for status in [TaskStatus::Deactivating, TaskStatus::Deprovisioning, TaskStatus::Stopped] {
            let events = stops(&world, 1000 + 100 * deployment, status);
            for batch in events.chunks(events_at_once) {
                let before = world.with(|state| {
                    state.calls.clear();
                    state.entries.clear();
                    state.stored.clone().unwrap()
                });
                world.deliver("batch", batch);
                if deployment == 5 {
                    let (calls, entries, after) = world.with(|state| {
                        (state.calls.clone(), state.entries.clone(), state.stored.clone().unwrap())
                    });
                    units.turns += 1.0;
                    units.events += batch.len() as f64;
                    units.add(&calls, &before, &after);
                    units.log(&entries, batch.len());
                }
            }
            world.pass(25);
        }
        world.with(|state| state.now += SignedDuration::from_hours(4));
    }
    units
}

#[test]
fn a_million_events_cost_what_the_readme_says() {
    let mut table = String::new();
    for events in [1, 5, 20] {
        let parts = deployed_again(events).usd();
        let [sqs, lambda, reads, writes, logs] = parts;
        let sum: f64 = parts.iter().sum();
        let _ = writeln!(
            table,
            "| {events} | {sqs:.2} | {lambda:.2} | {reads:.2} | {writes:.2} | {logs:.2} | {sum:.2} |"
        );
    }
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&table), "README should say\n{table}");
}
