//! Events in order of their time, however they come.

use std::cmp::Ordering;

use jiff::Timestamp;
use steady_core::event::{Body, Event};
use steady_core::name::{Account, Region};

/// Up to so many events are held and ordered whole; of more, always at least the newest half of this many is
/// held back. (About 0.5 GB of events as ECS writes them.)
pub(crate) const WINDOW: usize = 1_000_000;

/// An event that waits for its turn.
#[derive(Debug)]
pub(crate) enum Held {
    /// One that may decide something.
    Event(Box<Event>),
    /// One that moves the clock and nothing else: half of a full recording, so it is not kept whole.
    Idle(Option<Account>, Option<Region>),
}

impl Held {
    pub(crate) fn new(event: Event) -> Self {
        match &event.body {
            // A steady state is not health; nothing is decided on what the scheduler says of itself.
            Body::ServiceAction(_) => Self::Idle(event.account, event.region),
            Body::Task(task) if !task.tells_of_stop() && !task.is_running() => {
                Self::Idle(event.account, event.region)
            }
            _ => Self::Event(Box::new(event)),
        }
    }

    pub(crate) fn account(&self) -> Option<&Account> {
        match self {
            Self::Event(event) => event.account.as_ref(),
            Self::Idle(account, _) => account.as_ref(),
        }
    }

    pub(crate) fn region(&self) -> Option<&Region> {
        match self {
            Self::Event(event) => event.region.as_ref(),
            Self::Idle(_, region) => region.as_ref(),
        }
    }

    /// Within one second ECS's order is arbitrary; ours is always the same.
    fn within_second(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Event(a), Self::Event(b)) => a.within_second(b),
            (Self::Event(_), Self::Idle(..)) => Ordering::Less,
            (Self::Idle(..), Self::Event(_)) => Ordering::Greater,
            (Self::Idle(a, x), Self::Idle(b, y)) => (a, x).cmp(&(b, y)),
        }
    }
}

/// Orders events by time within [`WINDOW`].
#[derive(Debug)]
pub(crate) struct Order {
    held: Vec<(Timestamp, Held)>,
    window: usize,
}

impl Order {
    pub(crate) fn new(window: usize) -> Self {
        Self { held: Vec::new(), window: window.max(2) }
    }

    /// Takes an event in. If the window is full, returns the older half, in order.
    pub(crate) fn push(&mut self, at: Timestamp, held: Held) -> Vec<(Timestamp, Held)> {
        self.held.push((at, held));
        if self.held.len() <= self.window {
            return Vec::new();
        }
        let mut older = self.rest();
        self.held = older.split_off(self.window / 2);
        older
    }

    /// All that is still held, in order.
    pub(crate) fn rest(&mut self) -> Vec<(Timestamp, Held)> {
        let mut all = std::mem::take(&mut self.held);
        all.sort_by(|(a_at, a), (b_at, b)| a_at.cmp(b_at).then_with(|| a.within_second(b)));
        all
    }
}
