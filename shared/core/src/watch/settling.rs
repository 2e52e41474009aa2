//! What became of what was decided, taken into the record.

use jiff::Timestamp;

use super::deciding::Deciding;
use super::{Decision, Logs, READ_EVERY, Running};
use crate::config::ServiceConfig;
use crate::incident::IncidentKind;
use crate::installation::Brakes;
use crate::notice::{Stage, words::said};
use crate::outbox::{MESSAGE_KEPT_FOR, Outbox, Pending, Work};
use crate::record::Record;
use crate::report::What;
use crate::rollback::{Action, GIVE_UP_AFTER, Outcome, Reason, Refusal, RollbackState};

/// What became of one thing of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// A rollback was tried.
    Tried(Outcome),
    /// So many tasks of a probe were started.
    Started(u32),
    /// None of a probe's tasks is left.
    Done,
    /// A message was taken by SNS.
    Sent,
    /// A message was not sent now, and why.
    NotNow(String),
    /// SNS refused a message, and why. It goes to the account's default topic instead.
    Refused(String),
}

/// Takes in what became of pending things, by their ids. One that is not pending any more, another invocation having
/// settled it, changes nothing. What follows for people is put into the outbox.
pub fn settle(
    record: Record,
    settled: &[(String, Settled)],
    config: &ServiceConfig,
    now: Timestamp,
) -> Decision {
    let mut deciding = Deciding {
        config,
        now,
        running: Running::NotAsked,
        brakes: Brakes::default(),
        logs: Logs::Nowhere,
        order: None,
        record,
        entries: Vec::new(),
        has_news: false,
        want_read: None,
        wish: None,
        past: None,
        worsened: false,
        joined: None,
        left: None,
        can_ask: false,
        ask_group: None,
    };
    for (id, settled) in settled {
        deciding.settle(id, settled);
    }
    let due = deciding.due();
    let Deciding { record, entries, .. } = deciding;
    Decision { record, ask: None, entries, due, past: None }
}

impl Deciding<'_> {
    fn settle(&mut self, id: &str, settled: &Settled) {
        let Some(pending) = self.record.outbox.get(id) else { return };
        let (work, decided_at) = (pending.work.clone(), pending.decided_at);
        match (work, settled) {
            (Work::RollBack(action), Settled::Tried(outcome)) => {
                self.settle_rollback(id, action, decided_at, outcome);
            }
            (Work::Send(_), settled) => {
                if let Some(incident) = &mut self.record.incident
                    && *settled == Settled::Sent
                    && incident.has_notice(id)
                {
                    incident.notices.push(id.to_owned());
                }
                if let Some(what) = settle_message(&mut self.record.outbox, id, settled) {
                    self.tell(what);
                }
            }
            (Work::Probe(probe), Settled::Started(started)) => {
                self.record.outbox.confirm(id);
                self.probe_begun(&probe, *started, decided_at);
            }
            (Work::Probe(probe), Settled::NotNow(why))
                if self.now.duration_since(decided_at) < GIVE_UP_AFTER =>
            {
                self.put_off(id, why);
                self.probe_waits(&probe, why, decided_at);
            }
            (Work::Probe(_), Settled::NotNow(why) | Settled::Refused(why)) => {
                self.record.outbox.confirm(id);
                self.probe_failed(why);
            }
            (Work::StopProbe(probe), Settled::Done) => {
                self.record.outbox.confirm(id);
                self.record.probe.take_if(|known| known.is(&probe));
                self.tell(What::ProbeEnded(probe));
            }
            (Work::StopProbe(probe), Settled::NotNow(why) | Settled::Refused(why)) => {
                self.put_off(id, why);
                self.probe_stays(id, &probe, why, decided_at);
            }
            (Work::Override(_), Settled::Done) => drop(self.record.outbox.confirm(id)),
            (Work::Override(_), Settled::NotNow(why)) => self.put_off(id, why),
            (Work::Override(_), Settled::Refused(why)) => {
                self.record.outbox.confirm(id);
                self.tell(What::Skipped(format!("{id}: {why}")));
            }
            // Work and what became of it are of one kind; a mix-up leaves it to the next invocation.
            (Work::RollBack(_) | Work::Probe(_) | Work::StopProbe(_) | Work::Override(_), _) => {
                self.record.outbox.release(id);
            }
        }
    }

    /// Witnesses could not be started: a person has to decide.
    fn probe_failed(&mut self, why: &str) {
        if let Some(incident) = &mut self.record.incident
            && matches!(incident.rollback, RollbackState::Probing(_))
        {
            let refusal = Refusal::ProbeFailed(why.to_owned());
            incident.rollback = RollbackState::Refused(refusal.clone());
            self.tell(What::Refused(refusal));
            self.notify(Stage::RollbackRefused);
        }
        // It may have gone through after all.
        self.end_probe();
    }

    fn put_off(&mut self, id: &str, why: &str) {
        self.record.outbox.release(id);
        self.tell(What::PutOff(why.to_owned()));
    }

    fn settle_rollback(
        &mut self,
        id: &str,
        action: Action,
        decided_at: Timestamp,
        outcome: &Outcome,
    ) {
        match outcome {
            Outcome::Later(why) => {
                self.put_off(id, why);
                self.rollback_waits(&action, decided_at, why);
            }
            Outcome::Begun(begun) => {
                self.record.outbox.confirm(id);
                self.rollback_begun(action, decided_at, begun);
            }
            Outcome::Failed(reason) => {
                self.record.outbox.confirm(id);
                self.rollback_failed(action, decided_at, reason);
            }
        }
    }

    /// A decided rollback does not come: it spends no budget, condemns nothing, and what announces it and has not been
    /// sent would be wrong by now.
    fn take_back(&mut self, action: &Action, decided_at: Timestamp) {
        let deployment = self.record.ledger.deployment(&action.away_from);
        let revision = deployment.and_then(|deployment| deployment.revision()).cloned();
        let was_bad = self.record.unnote_rollback(&action.away_from);
        if let Some(revision) = revision.filter(|_| !was_bad) {
            self.record.ledger.unmark_bad(&revision);
        }
        let second = decided_at.as_second();
        let with_it = ["opened", "rollback-begun"].map(|stage| format!("-{stage}-{second}"));
        self.record
            .outbox
            .drop_messages(|message| with_it.iter().any(|suffix| message.id.ends_with(suffix)));
    }

    /// Withdraws what was decided about the incident and nobody has done. `false`: somebody may be at it right now.
    pub(super) fn withdraw_rollback(&mut self) -> bool {
        let Some(incident) = &self.record.incident else { return true };
        let of_it = self.record.outbox.pending().iter().find_map(|one| match &one.work {
            Work::RollBack(action) if action.away_from == incident.about => Some((one, action)),
            _ => None,
        });
        let Some((pending, action)) = of_it else { return true };
        if pending.claim.as_ref().is_some_and(|claim| claim.until > self.now) {
            return false;
        }
        let (id, decided_at, action) = (pending.id.clone(), pending.decided_at, action.clone());
        self.record.outbox.confirm(&id);
        self.take_back(&action, decided_at);
        if let Some(incident) = &mut self.record.incident {
            incident.rollback = RollbackState::Undecided;
        }
        self.tell(What::Skipped(format!("{id} is withdrawn: it was over before it was done")));
        true
    }

    fn rollback_failed(&mut self, action: Action, decided_at: Timestamp, reason: &Reason) {
        self.take_back(&action, decided_at);
        let ours = self.record.incident.as_ref().filter(|one| one.about == action.away_from);
        let Some(incident) = ours else {
            return self.tell(What::Failed(action, reason.clone()));
        };
        // A pause ends: then it is looked at again. Everything else is for a person, until another deployment.
        let (state, stage) = match reason {
            Reason::Guard(refusal) if refusal.is_passing() || *refusal == Refusal::ObserveMode => {
                (RollbackState::Refused(refusal.clone()), Stage::RollbackRefused)
            }
            Reason::Guard(_) => (
                RollbackState::Failed { action: action.clone(), why: reason.clone() },
                Stage::RollbackRefused,
            ),
            Reason::Aws(_) | Reason::Unverified(_) => (
                RollbackState::Failed { action: action.clone(), why: reason.clone() },
                Stage::RollbackFailed,
            ),
        };
        // What announces a rollback and has not been sent would be wrong by now; the notice that follows says it all.
        let announced =
            ["opened", "rollback-begun"].map(|stage| format!("{}-{stage}-", incident.id));
        self.record
            .outbox
            .drop_messages(|message| announced.iter().any(|prefix| message.id.starts_with(prefix)));
        if let Some(incident) = &mut self.record.incident {
            incident.rollback = state;
            if incident.is_now() == IncidentKind::ByHand {
                // Nothing else ends the incident that was opened for it.
                self.want_read = self.now.saturating_add(READ_EVERY).ok();
            }
        }
        self.tell(What::Failed(action, reason.clone()));
        self.notify(stage);
    }

    /// Drops messages that are no news any more.
    pub(super) fn expire(&mut self) {
        for what in expire(&mut self.record.outbox, self.now) {
            self.tell(what);
        }
    }
}

/// Takes in what became of a message, whosever the outbox is; what to say of that. One that is not pending any more
/// changes nothing.
pub(crate) fn settle_message(outbox: &mut Outbox, id: &str, settled: &Settled) -> Option<What> {
    let pending = outbox.get(id)?;
    let (work, decided_at) = (pending.work.clone(), pending.decided_at);
    match (work, settled) {
        (Work::Send(message), Settled::Sent) => {
            outbox.confirm(id);
            Some(What::Sent(message.id))
        }
        (Work::Send(mut message), Settled::Refused(why)) if message.topic.is_some() => {
            let topic = message.topic.take().unwrap_or_default();
            // Somebody has to hear of it.
            message.body += &format!(
                "\n(sent to the default topic, since {topic} takes none: {})\n",
                said(why, 300)
            );
            outbox.confirm(id);
            outbox.push_message(message, decided_at);
            Some(What::PutOff(format!("topic {topic}: {why}")))
        }
        (Work::Send(_), Settled::NotNow(why) | Settled::Refused(why)) => {
            outbox.release(id);
            Some(What::PutOff(why.clone()))
        }
        // Work and what became of it are of one kind; a mix-up leaves it to the next invocation.
        (Work::RollBack(_) | Work::Probe(_) | Work::StopProbe(_) | Work::Override(_), _)
        | (Work::Send(_), Settled::Tried(_) | Settled::Started(_) | Settled::Done) => {
            outbox.release(id);
            None
        }
    }
}

/// Drops messages that are no news any more; what to say of each.
pub(crate) fn expire(outbox: &mut Outbox, now: Timestamp) -> Vec<What> {
    let is_old = |one: &&Pending| now.duration_since(one.decided_at) >= MESSAGE_KEPT_FOR;
    let messages = outbox.pending().iter().filter(|one| matches!(one.work, Work::Send(_)));
    let expired: Vec<String> = messages.filter(is_old).map(|one| one.id.clone()).collect();
    let drop = |id: String| {
        outbox.confirm(&id);
        What::Skipped(format!("notice {id} could not be sent for a day, and is dropped"))
    };
    expired.into_iter().map(drop).collect()
}
