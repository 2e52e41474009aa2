//! What is in the outbox, done: rollbacks, probes, overrides handed in, messages.

use std::collections::BTreeSet;

use super::sending::{not_done, send, unfinished};
use super::{Ports, ROUNDS_MAX, Taken, Turn};
use crate::installation::{Brakes, Mode};
use crate::outbox::{Pending, Work};
use crate::port::{
    ChangeService, KeepGroups, KeepRecords, Publish, ReadConfig, ReadLogOptions, ReadLogs,
    ReadService, RunProbes,
};
use crate::record::Record;
use crate::rollback::{self, Action, CarryingOut, Outcome, Probe, Refusal, Step};
use crate::watch::{self, Decision, Settled};

impl<E, R, C, P, L> Ports<'_, E, R, C, P, L>
where
    E: ReadService + ReadLogOptions + ChangeService + RunProbes + Sync,
    R: KeepRecords + KeepGroups + Sync,
    C: ReadConfig + Sync,
    P: Publish + Sync,
    L: ReadLogs + Sync,
{
    /// Does what can be done; returns what became of it, and the record with that.
    pub(super) async fn act(
        &self,
        turn: &Turn<'_>,
        record: Record,
        taken: &mut Taken,
    ) -> (Vec<(String, Settled)>, Decision) {
        let mut all = Vec::new();
        let mut left = BTreeSet::new();
        let mut decision =
            Decision { record, ask: None, entries: Vec::new(), due: None, past: None };
        for _ in 0..ROUNDS_MAX {
            let todo = decision.record.outbox.open_to(turn.by, &left);
            if todo.is_empty() {
                break;
            }
            let mut round = Vec::new();
            for pending in todo {
                // What becomes of these decides what is told, which waits for the next round.
                let is_told_of = matches!(pending.work, Work::RollBack(_) | Work::Probe(_));
                let settled = self.do_one(turn, &pending, &decision.record).await;
                if let Some(why) = unfinished(&pending, &settled) {
                    taken.unfinished.push(why);
                    left.insert(pending.id.clone());
                }
                // Tasks take longer to end than a turn: whether they have is for the next one to see.
                if matches!(pending.work, Work::StopProbe(_)) {
                    left.insert(pending.id.clone());
                }
                round.push((pending.id, settled));
                if is_told_of {
                    break;
                }
            }
            let config = decision.record.config.clone();
            decision = watch::settle(decision.record, &round, &config, turn.now);
            taken.entries.append(&mut decision.entries);
            all.append(&mut round);
        }
        (all, decision)
    }

    async fn do_one(&self, turn: &Turn<'_>, pending: &Pending, record: &Record) -> Settled {
        match &pending.work {
            Work::RollBack(action) => {
                Settled::Tried(self.carry_out(turn, action, pending, record).await)
            }
            Work::Probe(probe) => self.run_probe(turn, probe).await,
            Work::StopProbe(probe) => match self.ecs.stop_probe(turn.service, probe).await {
                Ok(0) => Settled::Done,
                Ok(left) => Settled::NotNow(format!("{left} witnesses were told to stop")),
                Err(error) => Settled::NotNow(error.to_string()),
            },
            Work::Override(handed) => {
                match self.records.hand_override(turn.service, handed, turn.now).await {
                    Ok(()) => Settled::Done,
                    Err(error) => not_done(&error),
                }
            }
            Work::Send(message) => send(self.topics, message).await,
        }
    }

    /// Every action reads the switch first.
    async fn run_probe(&self, turn: &Turn<'_>, probe: &Probe) -> Settled {
        let account = match self.records.account().await {
            Ok(account) => account,
            Err(error) => return Settled::NotNow(error.to_string()),
        };
        let brakes = Brakes { mode: turn.mode, account: Some(account), ..Brakes::default() };
        if let Some(refusal) = brakes.refusal(turn.now) {
            return Settled::Refused(refusal.to_string());
        }
        match self.ecs.run_probe(turn.service, probe).await {
            Ok(started) => Settled::Started(started),
            Err(error) => not_done(&error),
        }
    }

    async fn carry_out(
        &self,
        turn: &Turn<'_>,
        action: &Action,
        pending: &Pending,
        record: &Record,
    ) -> Outcome {
        let mut brakes = Brakes { mode: turn.mode, ..Brakes::default() };
        // Every action reads the switch first.
        let account = self.records.account().await;
        let unreadable = account.as_ref().err().cloned();
        brakes.account = account.ok();
        let (decided_at, attempt) = (pending.decided_at, pending.attempt);
        let bad = record.ledger.bad();
        let mut carrying =
            CarryingOut::new(turn.service, action, decided_at, attempt, &brakes, bad);
        if let Some(error) = unreadable {
            return carrying.blind(&error, turn.now);
        }
        // Config was read for the decision. Of an older one, left behind by a killed invocation, say, it is read again.
        if decided_at < turn.now {
            match self.read_config(turn.service).await {
                Ok(Ok(config)) => {
                    rollback::config(&config.health).into_iter().for_each(|it| carrying.forbid(it));
                }
                // The last good one holds, and it allowed it.
                Ok(Err(_)) => {}
                Err(error) => carrying.forbid(Refusal::Unreadable(error.to_string())),
            }
            match self.records.rollback_override(turn.service, turn.now).await {
                Ok(overridden) => {
                    let brakes = Brakes { mode: Mode::Act, overridden, ..Brakes::default() };
                    brakes.refusal(turn.now).into_iter().for_each(|it| carrying.forbid(it));
                }
                Err(error) => carrying.forbid(Refusal::Unreadable(error.to_string())),
            }
        }
        loop {
            let state = match self.ecs.service_state(turn.service, &action.target).await {
                Ok(state) => state,
                Err(error) => return carrying.blind(&error, turn.now),
            };
            match carrying.next(&state, turn.now) {
                Step::Call(call) => carrying.answered(self.ecs.change(&call).await),
                Step::End(outcome) => return outcome,
            }
        }
    }
}
