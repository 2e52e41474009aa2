//! The log of calls and the faults, under one lock: a call's number and what happens to it are decided together, so that "the
//! seventh call" is the same one in both, however many calls come at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::call::{Call, Outcome};
use crate::fault::{Fault, Faults, What};
use crate::request::Request;

/// Locks, also after a test has panicked while it held the lock: what it leaves behind is whole after every call.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    calls: Vec<Call>,
    faults: Faults,
}

impl Journal {
    /// Enters a call that has just come: its number, and what is to happen to it.
    pub(crate) fn enter(&self, request: &Request) -> (u64, Option<What>) {
        let mut pages = lock(&self.0);
        let number = pages.calls.len() as u64 + 1;
        let what = pages.faults.meet(number, &request.service, &request.operation);
        // A call that is to be carried out first is not faulted before it has been.
        let outcome = match &what {
            Some(What::AnswerLost) | None => Outcome::Open,
            Some(what) => Outcome::Faulted(what.clone()),
        };
        pages.calls.push(Call {
            number,
            service: request.service.clone(),
            operation: request.operation.clone(),
            caller: request.caller.clone(),
            request: request.input.clone(),
            outcome,
        });
        (number, what)
    }

    /// Enters how a call ended.
    pub(crate) fn close(&self, number: u64, outcome: Outcome) {
        let mut pages = lock(&self.0);
        if let Some(call) = pages.calls.iter_mut().rfind(|call| call.number == number) {
            call.outcome = outcome;
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.0).calls.clone()
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        lock(&self.0).faults.set(fault);
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        lock(&self.0).faults.waiting()
    }

    pub(crate) fn clear_faults(&self) {
        lock(&self.0).faults.clear();
    }
}
