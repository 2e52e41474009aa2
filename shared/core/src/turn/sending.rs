//! The messages of an outbox, sent, and what became of them.

use std::collections::BTreeSet;

use super::ROUNDS_MAX;
use crate::notice::Message;
use crate::outbox::{Outbox, Pending, Work};
use crate::port::{PortError, Publish};
use crate::report::What;
use crate::rollback::Outcome;
use crate::watch::{Settled, settle_message};

/// What came of sending.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// What became of each message: for [`settle_all`], should somebody else have saved meanwhile.
    pub(crate) settled: Vec<(String, Settled)>,
    /// The same, for the log.
    pub(crate) told: Vec<What>,
    /// Why some stay in the outbox.
    pub(crate) unfinished: Vec<String>,
}

/// Sends what can be sent of `outbox` by `by`, who holds the claims, and settles it there.
pub(crate) async fn send_all(topics: &impl Publish, outbox: &mut Outbox, by: &str) -> Sent {
    let mut sent = Sent::default();
    let mut left = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let todo = outbox.open_to(by, &left);
        if todo.is_empty() {
            break;
        }
        for pending in todo {
            let Work::Send(message) = &pending.work else { continue };
            let settled = send(topics, message).await;
            if let Some(why) = unfinished(&pending, &settled) {
                sent.unfinished.push(why);
                left.insert(pending.id.clone());
            }
            sent.told.extend(settle_message(outbox, &pending.id, &settled));
            sent.settled.push((pending.id, settled));
        }
    }
    sent
}

/// Settles in `outbox`, as it is stored by now, what [`send_all`] has sent.
pub(crate) fn settle_all(outbox: &mut Outbox, settled: &[(String, Settled)]) {
    for (id, settled) in settled {
        settle_message(outbox, id, settled);
    }
}

/// Sends a message; what became of it.
pub(super) async fn send(topics: &impl Publish, message: &Message) -> Settled {
    match topics.publish(message).await {
        Ok(()) => Settled::Sent,
        Err(error) => not_done(&error),
    }
}

/// What became of a call that failed.
pub(super) fn not_done(error: &PortError) -> Settled {
    if error.may_pass() {
        Settled::NotNow(error.to_string())
    } else {
        Settled::Refused(error.to_string())
    }
}

/// Why something stays in the outbox, if it does.
pub(super) fn unfinished(pending: &Pending, settled: &Settled) -> Option<String> {
    match (&pending.work, settled) {
        // Its tasks were told to stop: `sweep` sees whether they have.
        (Work::StopProbe(_), _) => None,
        (_, Settled::Tried(Outcome::Later(why)) | Settled::NotNow(why)) => Some(why.clone()),
        // A team's topic that refuses is followed by the default one; beyond that there is nobody.
        (Work::Send(message), Settled::Refused(why)) if message.topic.is_none() => {
            Some(why.clone())
        }
        _ => None,
    }
}
