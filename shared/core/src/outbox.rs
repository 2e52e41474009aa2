//! What was decided and is not confirmed yet.
//!
//! An action is in here, saved, before it is tried, and leaves when it is confirmed. Whoever tries it holds a claim
//! that was saved with it, so two invocations never do the same at the same time, and what a killed one left behind is
//! taken over when its claim has run out. A claim lasts as long as its invocation may: until Lambda's deadline.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::notice::Message;
use crate::overrides::Handed;
use crate::rollback::{Action, Probe};

/// Messages kept. An incident sends fewer than ten a day; with a topic that takes none for long, the oldest go.
pub const MESSAGES_KEPT: usize = 20;

/// A message that could not be sent for so long is no news any more.
pub const MESSAGE_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Decided, not confirmed; oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox {
    pending: Vec<Pending>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Unique within the service: the notice's id, or what is rolled back.
    pub id: String,
    /// What.
    pub work: Work,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// How many invocations have taken it up.
    #[serde(default)]
    pub attempt: u32,
    /// Who is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

/// The right to do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The invocation's request id.
    pub by: String,
    /// Afterwards anybody may take it.
    pub until: Timestamp,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Roll the service back.
    RollBack(Action),
    /// Start a probe's tasks.
    Probe(Probe),
    /// Stop what is left of them.
    StopProbe(Probe),
    /// Hand an override in, or end some.
    Override(Handed),
    /// Send a message.
    Send(Message),
}

impl Outbox {
    /// Puts a rollback in, before any message: what is done comes before what is told of it.
    pub(crate) fn push_rollback(&mut self, action: Action, now: Timestamp) {
        let id = format!("rollback-{}-{}", action.away_from, now.as_second());
        let rollbacks = self.pending.partition_point(|one| matches!(one.work, Work::RollBack(_)));
        self.pending.insert(rollbacks, Pending::new(id, Work::RollBack(action), now));
    }

    /// Puts a probe in, before any message.
    pub(crate) fn push_probe(&mut self, probe: Probe, now: Timestamp) {
        let id = format!("probe-{}-{}", probe.about, now.as_second());
        self.push_before_messages(Pending::new(id, Work::Probe(probe), now));
    }

    /// Puts a probe's end in; its begin, if it has not been tried, is dropped.
    pub(crate) fn push_stop_probe(&mut self, probe: Probe, now: Timestamp) {
        let begins = |work: &Work| matches!(work, Work::Probe(begun) if begun.is(&probe));
        self.pending.retain(|one| one.attempt > 0 || !begins(&one.work));
        let id = format!("stop-probe-{}-{}", probe.about, now.as_second());
        self.push_before_messages(Pending::new(id, Work::StopProbe(probe), now));
    }

    /// Puts an override in, or an end of some, before any message.
    pub(crate) fn push_override(&mut self, id: String, handed: Handed, now: Timestamp) {
        self.push_before_messages(Pending::new(id, Work::Override(handed), now));
    }

    fn push_before_messages(&mut self, pending: Pending) {
        let at = self.pending.partition_point(|one| !matches!(one.work, Work::Send(_)));
        self.pending.insert(at, pending);
    }

    /// Puts a message in. One that is in already (the same notice) stays as it is.
    pub(crate) fn push_message(&mut self, message: Message, now: Timestamp) {
        if self.pending.iter().any(|known| known.id == message.id) {
            return;
        }
        self.pending.push(Pending::new(message.id.clone(), Work::Send(message), now));
        let messages = self.pending.iter().filter(|one| matches!(one.work, Work::Send(_))).count();
        let oldest = self.pending.iter().position(|one| matches!(one.work, Work::Send(_)));
        if let Some(oldest) = oldest.filter(|_| messages > MESSAGES_KEPT) {
            self.pending.remove(oldest);
        }
    }

    /// Puts a message in the place of the one with its id, if that is in.
    pub(crate) fn replace_message(&mut self, message: Message) {
        if let Some(one) = self.pending.iter_mut().find(|one| one.id == message.id) {
            one.work = Work::Send(message);
        }
    }

    /// People were told that the tasks of this probe, which is to end, cannot be stopped.
    pub(crate) fn note_left_told(&mut self, id: &str) {
        let one = self.pending.iter_mut().find(|one| one.id == id);
        if let Some(Work::StopProbe(probe)) = one.map(|one| &mut one.work) {
            probe.left_told = true;
        }
    }

    /// Takes up everything that nobody else is at, for `by`, until `until`; the ids, in the order in which it is to be
    /// done. What `by` holds already counts too: it may have lost the answer to its own save.
    pub(crate) fn claim(&mut self, by: &str, until: Timestamp, now: Timestamp) -> Vec<String> {
        let free = |one: &Pending| {
            one.claim.as_ref().is_none_or(|claim| claim.by == by || claim.until <= now)
        };
        let mut taken = Vec::new();
        for one in self.pending.iter_mut().filter(|one| free(one)) {
            let known = one.claim.as_ref().is_some_and(|claim| claim.by == by);
            one.attempt = one.attempt.saturating_add(u32::from(!known));
            one.claim = Some(Claim { by: by.to_owned(), until });
            taken.push(one.id.clone());
        }
        taken
    }

    /// What `by`, having claimed what was free, can do now, in the order in which it is to be done; without those in `left`,
    /// which have been tried.
    pub(crate) fn open_to(&self, by: &str, left: &BTreeSet<String>) -> Vec<Pending> {
        let is_open = |one: &&Pending| {
            !left.contains(&one.id) && one.claim.as_ref().is_none_or(|claim| claim.by == by)
        };
        self.pending.iter().filter(is_open).cloned().collect()
    }

    /// It is done, or will never be: it leaves.
    pub(crate) fn confirm(&mut self, id: &str) -> Option<Pending> {
        let at = self.pending.iter().position(|one| one.id == id)?;
        Some(self.pending.remove(at))
    }

    /// Not now: anybody may take it.
    pub(crate) fn release(&mut self, id: &str) {
        if let Some(one) = self.pending.iter_mut().find(|one| one.id == id) {
            one.claim = None;
        }
    }

    /// Drops messages that `unwanted` says nobody needs any more.
    pub(crate) fn drop_messages(&mut self, unwanted: impl Fn(&Message) -> bool) {
        self.pending.retain(|one| match &one.work {
            Work::Send(message) => !unwanted(message),
            Work::RollBack(_) | Work::Probe(_) | Work::StopProbe(_) | Work::Override(_) => true,
        });
    }

    /// What is in it, in the order in which it is to be done.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Pending> {
        self.pending.iter().find(|one| one.id == id)
    }

    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Empties it, as if everything had been done: for a replay, which does nothing.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    /// When somebody can take up what is in it; `None` if it is empty.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let at = |one: &Pending| one.claim.as_ref().map_or(one.decided_at, |claim| claim.until);
        self.pending.iter().map(at).min()
    }
}

impl Pending {
    fn new(id: String, work: Work, now: Timestamp) -> Self {
        Self { id, work, decided_at: now, attempt: 0, claim: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn message(id: &str) -> Message {
        Message {
            id: id.to_owned(),
            topic: None,
            subject: "s".to_owned(),
            body: "b".to_owned(),
            attributes: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn what_one_invocation_holds_nobody_else_takes_until_the_claim_has_run_out() {
        let mut outbox = Outbox::default();
        outbox.push_message(message("n1"), at(0));
        assert_eq!(outbox.claim("first", at(30), at(0)), ["n1"]);
        assert_eq!(outbox.claim("second", at(40), at(29)), [""; 0]);
        assert_eq!(outbox.claim("first", at(30), at(29)), ["n1"], "its own stays its own");
        assert_eq!(outbox.get("n1").unwrap().attempt, 1);
        assert_eq!(outbox.due(), Some(at(30)));
        assert_eq!(outbox.claim("second", at(60), at(30)), ["n1"]);
        assert_eq!(outbox.get("n1").unwrap().attempt, 2);
    }

    #[test]
    fn a_released_one_is_free_and_a_confirmed_one_is_gone() {
        let mut outbox = Outbox::default();
        outbox.push_message(message("n1"), at(0));
        outbox.claim("first", at(30), at(0));
        outbox.release("n1");
        assert_eq!(outbox.claim("second", at(40), at(1)), ["n1"]);
        assert!(outbox.confirm("n1").is_some());
        assert!(outbox.is_empty() && outbox.confirm("n1").is_none() && outbox.due().is_none());
    }

    #[test]
    fn the_same_notice_is_in_it_once_and_the_oldest_go_when_there_are_too_many() {
        let mut outbox = Outbox::default();
        for n in 0..MESSAGES_KEPT + 5 {
            outbox.push_message(message(&format!("n{n}")), at(0));
            outbox.push_message(message(&format!("n{n}")), at(1));
        }
        assert_eq!(outbox.pending().len(), MESSAGES_KEPT);
        assert_eq!(outbox.pending()[0].id, "n5");
    }
}
