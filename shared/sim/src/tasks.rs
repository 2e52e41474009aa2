//! All tasks by serial number, and how many of each deployment do what: a shelf that counts itself, since every look of
//! the scheduler asks for the counts, and going through hundreds of tasks each time is what a simulation would spend its
//! time on.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::task::{Status, Task};

/// The tasks of one deployment, by its number; [`Tasks::NOBODYS`] is of no service.
pub(crate) type CrewId = usize;

/// Tasks of a deployment that are not STOPPED.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Crew {
    /// All of them.
    pub(crate) alive: u32,
    /// Those that ECS wants to run.
    pub(crate) wanted: u32,
    /// Of those, in RUNNING.
    pub(crate) running: u32,
    /// Of those, healthy.
    pub(crate) healthy: u32,
    /// When the scheduler notices that they are gone, with their serial number.
    missed: BTreeSet<(Timestamp, u64)>,
}

impl Crew {
    /// The tasks that are gone and not noticed yet: when they will be.
    pub(crate) fn unnoticed(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.missed.range((now, u64::MAX)..).map(|(at, _)| *at)
    }

    fn add(&mut self, one: Share, serial: u64) {
        self.alive += u32::from(one.alive);
        self.wanted += u32::from(one.wanted);
        self.running += u32::from(one.running);
        self.healthy += u32::from(one.healthy);
        self.missed.extend(one.missed.map(|at| (at, serial)));
    }

    fn take_out(&mut self, one: Share, serial: u64) {
        self.alive -= u32::from(one.alive);
        self.wanted -= u32::from(one.wanted);
        self.running -= u32::from(one.running);
        self.healthy -= u32::from(one.healthy);
        if let Some(at) = one.missed {
            self.missed.remove(&(at, serial));
        }
    }
}

/// What one task adds to its crew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    alive: bool,
    wanted: bool,
    running: bool,
    healthy: bool,
    missed: Option<Timestamp>,
}

impl Share {
    fn of(task: &Task) -> Self {
        let alive = task.status != Status::Stopped;
        let wanted = alive && task.wanted();
        let running = wanted && task.status == Status::Running;
        let healthy = running && task.healthy;
        Self { alive, wanted, running, healthy, missed: task.missed_at.filter(|_| alive) }
    }
}

/// Serial numbers begin at 1 and are never used again.
#[derive(Debug)]
pub(crate) struct Tasks {
    shelf: Vec<Option<Box<Task>>>,
    crews: Vec<Crew>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { shelf: Vec::new(), crews: vec![Crew::default()] }
    }
}

impl Tasks {
    /// The tasks of no service.
    pub(crate) const NOBODYS: CrewId = 0;

    /// A number for a new deployment's tasks.
    pub(crate) fn new_crew(&mut self) -> CrewId {
        self.crews.push(Crew::default());
        self.crews.len() - 1
    }

    /// How many tasks of a deployment do what.
    pub(crate) fn crew(&self, crew: CrewId) -> &Crew {
        const NONE: &Crew =
            &Crew { alive: 0, wanted: 0, running: 0, healthy: 0, missed: BTreeSet::new() };
        self.crews.get(crew).unwrap_or(NONE)
    }

    /// Puts a task in; its serial number.
    pub(crate) fn add(&mut self, task: Task) -> u64 {
        let serial = self.shelf.len() as u64 + 1;
        if let Some(crew) = self.crews.get_mut(task.crew) {
            crew.add(Share::of(&task), serial);
        }
        self.shelf.push(Some(Box::new(task)));
        serial
    }

    pub(crate) fn get(&self, serial: u64) -> Option<&Task> {
        self.shelf.get(place(serial)?)?.as_deref()
    }

    /// Changes a task, and the counts with it: there is no other way to a task that can be changed.
    pub(crate) fn change<T>(
        &mut self,
        serial: u64,
        change: impl FnOnce(&mut Task) -> T,
    ) -> Option<T> {
        let task = self.shelf.get_mut(place(serial)?)?.as_deref_mut()?;
        let before = Share::of(task);
        let answer = change(task);
        let after = Share::of(task);
        if before != after
            && let Some(crew) = self.crews.get_mut(task.crew)
        {
            crew.take_out(before, serial);
            crew.add(after, serial);
        }
        Some(answer)
    }

    /// Takes out a task that is STOPPED.
    pub(crate) fn remove(&mut self, serial: u64) {
        if let Some(slot) = place(serial).and_then(|place| self.shelf.get_mut(place)) {
            *slot = None;
        }
    }

    /// In the order in which they were created.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Task)> {
        let tasks = self.shelf.iter().enumerate();
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
