//! All tasks by serial number: a shelf, since every look at a service goes through many.

use crate::task::Task;

/// Serial numbers begin at 1 and are never used again.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Vec<Option<Box<Task>>>);

impl Tasks {
    /// Puts a task in; its serial number.
    pub(crate) fn add(&mut self, task: Task) -> u64 {
        self.0.push(Some(Box::new(task)));
        self.0.len() as u64
    }

    pub(crate) fn get(&self, serial: u64) -> Option<&Task> {
        self.0.get(place(serial)?)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, serial: u64) -> Option<&mut Task> {
        self.0.get_mut(place(serial)?)?.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, serial: u64) {
        if let Some(slot) = place(serial).and_then(|place| self.0.get_mut(place)) {
            *slot = None;
        }
    }

    /// In the order in which they were created.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Task)> {
        let tasks = self.0.iter().enumerate();
        tasks.filter_map(|(place, task)| Some((place as u64 + 1, task.as_deref()?)))
    }

    /// Likewise.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.iter().map(|(_, task)| task)
    }
}

fn place(serial: u64) -> Option<usize> {
    usize::try_from(serial.checked_sub(1)?).ok()
}
