//! What is to come, in order of time; things due at one instant in the order in which they were put in.

use std::collections::BTreeMap;
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

#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<Place, Due>,
    count: u64,
}

impl Queue {
    pub(crate) fn put(&mut self, at: Timestamp, due: Due) -> Place {
        self.count += 1;
        let place = (at, self.count);
        self.entries.insert(place, due);
        place
    }

    pub(crate) fn remove(&mut self, place: Place) {
        self.entries.remove(&place);
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing, if it is due by `until`.
    pub(crate) fn pop(&mut self, until: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.entries.first_entry()?;
        if entry.key().0 > until {
            return None;
        }
        let ((at, _), due) = entry.remove_entry();
        Some((at, due))
    }
}
