//! What is to come, in order of time; things due at one instant in the order in which they were put in.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::service::ServiceKey;

/// A thing that becomes due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// The next step of a task, by its serial number.
    Task(u64),
    /// A fault begins, by its number.
    Fault(usize),
    /// The scheduler looks at a service.
    Schedule(Arc<ServiceKey>),
}

/// Where an entry stands, to take it out again.
pub(crate) type Place = (Timestamp, u64);

/// A heap. What is taken out early, which is rare, stays in it until it comes to the top.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// INVARIANT: the next one has not been taken out.
    entries: BinaryHeap<Reverse<Entry>>,
    taken_out: BTreeSet<Place>,
    count: u64,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    due: Due,
}

impl Queue {
    pub(crate) fn put(&mut self, at: Timestamp, due: Due) -> Place {
        self.count += 1;
        let place = (at, self.count);
        self.entries.push(Reverse(Entry { place, due }));
        place
    }

    /// Takes out what stands there, which must not have come up yet.
    pub(crate) fn remove(&mut self, place: Place) {
        self.taken_out.insert(place);
        self.clear_top();
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.entries.peek().map(|Reverse(entry)| entry.place.0)
    }

    /// The next thing, if it is due by `until`.
    pub(crate) fn pop(&mut self, until: Timestamp) -> Option<(Timestamp, Due)> {
        if self.next_at()? > until {
            return None;
        }
        let Reverse(Entry { place, due }) = self.entries.pop()?;
        self.clear_top();
        Some((place.0, due))
    }

    fn clear_top(&mut self) {
        while let Some(Reverse(entry)) = self.entries.peek()
            && self.taken_out.remove(&entry.place)
        {
            self.entries.pop();
        }
    }
}

/// By its place alone, which nothing else has.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}
