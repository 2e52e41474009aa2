//! Calls that fail as AWS's do, and invocations that die in the middle of one. For the worlds behind the ports.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use steady_core::port::PortError;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// AWS says "not now".
    Throttled,
    /// AWS says "no".
    Refused,
    /// No answer, and nothing done.
    Lost,
    /// Done, and no answer.
    AnswerLost,
    /// The invocation dies before the call is made.
    Killed,
    /// It dies after the call was done.
    KilledAfter,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Throttled,
    Fault::Refused,
    Fault::Lost,
    Fault::AnswerLost,
    Fault::Killed,
    Fault::KilledAfter,
];

/// Makes a call: `done` is what it does, if it is done.
pub(crate) async fn make<T>(
    call: &'static str,
    fault: Option<Fault>,
    done: impl FnOnce() -> Result<T, PortError> + Send,
) -> Result<T, PortError> {
    let unclear = || PortError::Unclear { call, text: "timed out".to_owned() };
    match fault {
        None => done(),
        Some(Fault::Throttled) => {
            Err(PortError::Throttled { call, text: "Rate exceeded".to_owned() })
        }
        Some(Fault::Refused) => Err(PortError::Refused {
            call,
            code: "AccessDeniedException".to_owned(),
            text: "is not authorized".to_owned(),
        }),
        Some(Fault::Lost) => Err(unclear()),
        Some(Fault::AnswerLost) => {
            let _ = done();
            Err(unclear())
        }
        Some(fault @ (Fault::Killed | Fault::KilledAfter)) => {
            if fault == Fault::KilledAfter {
                let _ = done();
            }
            // As an invocation does that Lambda has killed.
            std::future::pending().await
        }
    }
}

/// What came of a turn over a world in which nothing waits; `None` if it was killed.
pub(crate) fn unless_killed<T>(turn: impl Future<Output = T>) -> Option<T> {
    match pin!(turn).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(taken) => Some(taken),
        Poll::Pending => None,
    }
}
