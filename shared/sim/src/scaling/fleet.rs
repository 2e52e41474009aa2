//! The tasks of a service: wanted, starting, running.

/// How many tasks there are, and when those that start will serve.
///
/// ECS starts what is missing at once. What is too much goes at once too, those first that do not serve yet, the youngest
/// of them first.
#[derive(Debug, Clone)]
pub struct Fleet {
    running: u32,
    starting: u32,
    /// Tasks that begin to serve, by step, in a ring: the slot of now is at `at`.
    due: Vec<u32>,
    at: usize,
    started: u64,
}

impl Fleet {
    /// So many that run; new ones take `start_up` steps.
    pub fn new(running: u32, start_up: usize) -> Self {
        Self { running, starting: 0, due: vec![0; start_up + 1], at: 0, started: 0 }
    }

    /// Tasks that serve.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Tasks that are paid for and do not serve yet.
    pub fn starting(&self) -> u32 {
        self.starting
    }

    /// `desiredCount`: both together.
    pub fn desired(&self) -> u32 {
        self.running.saturating_add(self.starting)
    }

    /// Tasks started since the beginning.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// A step goes by.
    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1) % self.due.len();
        if let Some(due) = self.due.get_mut(self.at) {
            self.running += *due;
            self.starting -= *due;
            *due = 0;
        }
    }

    /// Starts and stops tasks until there are so many.
    pub(super) fn set_desired(&mut self, desired: u32) {
        let have = self.desired();
        if desired > have {
            self.start(desired - have);
        } else if desired < have {
            self.stop(have - desired);
        }
    }

    fn start(&mut self, tasks: u32) {
        self.started += u64::from(tasks);
        let slots = self.due.len();
        if slots == 1 {
            self.running += tasks;
        } else if let Some(due) = self.due.get_mut((self.at + slots - 1) % slots) {
            *due += tasks;
            self.starting += tasks;
        }
    }

    fn stop(&mut self, mut tasks: u32) {
        let slots = self.due.len();
        for back in 1..slots {
            if let Some(due) = self.due.get_mut((self.at + slots - back) % slots) {
                let gone = tasks.min(*due);
                *due -= gone;
                self.starting -= gone;
                tasks -= gone;
            }
        }
        self.running = self.running.saturating_sub(tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::Fleet;

    /// (desired, then expected running and starting) a step.
    #[test]
    fn tasks_serve_when_their_start_up_is_over_and_the_youngest_go_first() {
        let mut fleet = Fleet::new(2, 2);
        let steps = [(5, (2, 3)), (6, (2, 4)), (6, (5, 1)), (5, (5, 0)), (9, (5, 4)), (3, (3, 0))];
        for (desired, expected) in steps {
            fleet.advance();
            fleet.set_desired(desired);
            assert_eq!((fleet.running(), fleet.starting()), expected, "desired {desired}");
        }
        assert_eq!(fleet.started(), 3 + 1 + 4);
    }

    #[test]
    fn without_start_up_a_task_serves_at_once() {
        let mut fleet = Fleet::new(0, 0);
        fleet.advance();
        fleet.set_desired(3);
        assert_eq!((fleet.running(), fleet.starting()), (3, 0));
    }
}
