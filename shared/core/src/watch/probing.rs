//! Probes: begun, looked at, and always ended.
//!
//! // INVARIANT: while the record has a probe, either its incident is still being probed, or stopping its tasks is in the
//! outbox. It leaves the record when none of its tasks is left, or for another, and stays in the outbox until then.

use jiff::{SignedDuration, Timestamp};

use super::deciding::Deciding;
use super::{READ_EVERY, Running};
use crate::ledger::Fate;
use crate::name::DeploymentId;
use crate::notice;
use crate::outbox::Work;
use crate::report::What;
use crate::rollback::{Asked, Considered, Probe, Refusal, RollbackState};

/// People are told of tasks that could not be stopped for so long: what is throttled, or slow, is over by then.
const LEFT_TOLD_AFTER: SignedDuration = SignedDuration::from_mins(10);

impl Deciding<'_> {
    /// The probe that bears on the open incident.
    pub(super) fn probe(&self) -> Option<&Probe> {
        let about = &self.record.incident.as_ref()?.about;
        self.record.probe.as_ref().filter(|probe| probe.about == *about)
    }

    /// When the witnesses are looked at next.
    pub(super) fn probe_look(&self) -> Option<Timestamp> {
        let probing = matches!(
            self.record.incident.as_ref().map(|incident| &incident.rollback),
            Some(RollbackState::Probing(_))
        );
        let probe = self.probe().filter(|_| probing)?;
        let look = self.record.read_at.and_then(|read| read.checked_add(READ_EVERY).ok());
        Some(look.unwrap_or(self.now).min(probe.until))
    }

    /// Whether each start of the new revision since the probe began has passed; young ones have not said.
    pub(super) fn starts_since(&self, about: &DeploymentId, began: Timestamp) -> Vec<bool> {
        let (began, trial) = (began.as_second(), crate::evidence::TRIAL.as_secs());
        let stopped = self.record.ledger.lives_of(about).filter_map(|lived| {
            let tried_at = lived.started.unwrap_or(lived.ended);
            match lived.fate {
                _ if tried_at < began => None,
                Fate::FailedStart => Some(false),
                Fate::Crash => Some(true),
                Fate::Other => (lived.ended - lived.started? >= trial).then_some(true),
            }
        });
        let running = self.tasks_of(about).into_iter().filter_map(|task| {
            let started = task.started_at.as_second();
            (started >= began && self.now.as_second() - started >= trial).then_some(true)
        });
        stopped.chain(running).collect()
    }

    /// Whether the witnesses are kept though this was refused: what cannot be read now may be read in half a minute, and
    /// then nobody need start others.
    pub(super) fn goes_on_probing(&self, outcome: &Considered) -> bool {
        let probing = self.record.incident.as_ref().map(|incident| &incident.rollback);
        matches!(outcome, Considered::Refuse(Refusal::Unreadable(_)))
            && matches!(probing, Some(RollbackState::Probing(probe)) if self.now < probe.until)
    }

    /// Begins a probe, unless it has begun.
    pub(super) fn begin_probe(&mut self, probe: &Probe) {
        match self.record.probe.clone() {
            Some(known) if known.is(probe) => return,
            Some(known) => self.stop_probe(known),
            None => {}
        }
        self.record.probe = Some(probe.clone());
        self.record.outbox.push_probe(probe.clone(), self.now);
        self.tell(What::Probe(probe.clone()));
    }

    /// ECS has started so many of its tasks.
    pub(super) fn probe_begun(&mut self, probe: &Probe, started: u32, decided_at: Timestamp) {
        let mut begun = probe.clone();
        begun.begin(started);
        self.keep_probe(&begun);
        self.tell(What::ProbeBegun(begun));
        self.announce_anew(decided_at);
    }

    /// ECS has not started them now. People need not wait to hear of the incident.
    pub(super) fn probe_waits(&mut self, probe: &Probe, why: &str, decided_at: Timestamp) {
        self.keep_probe(&Probe { asked: Asked::Untaken(why.to_owned()), ..probe.clone() });
        self.announce_anew(decided_at);
    }

    /// What ECS has made of it, wherever it is remembered.
    fn keep_probe(&mut self, probe: &Probe) {
        let incident = self.record.incident.as_mut().map(|incident| &mut incident.rollback);
        let asked_for = match incident {
            Some(RollbackState::Probing(asked_for)) => Some(asked_for),
            _ => None,
        };
        let all = self.record.probe.iter_mut().chain(asked_for);
        all.filter(|one| one.is(probe)).for_each(|one| one.clone_from(probe));
    }

    /// Ends a probe that is wanted no more, or has had its time.
    pub(super) fn end_probe(&mut self) {
        let Some(probe) = self.record.probe.clone() else { return };
        let wanted = self.now < probe.until
            && self.record.incident.as_ref().is_some_and(|incident| {
                incident.about == probe.about
                    && matches!(incident.rollback, RollbackState::Probing(_))
            });
        if wanted {
            return;
        }
        self.stop_probe(probe);
    }

    fn stop_probe(&mut self, probe: Probe) {
        let stops = |work: &Work| matches!(work, Work::StopProbe(other) if other.is(&probe));
        if !self.record.outbox.pending().iter().any(|one| stops(&one.work)) {
            self.record.outbox.push_stop_probe(probe, self.now);
        }
    }

    /// Its tasks have not been stopped yet, or it cannot be seen whether they have.
    pub(super) fn probe_stays(&mut self, id: &str, probe: &Probe, why: &str, since: Timestamp) {
        if probe.left_told || self.now.duration_since(since) < LEFT_TOLD_AFTER {
            return;
        }
        self.record.outbox.note_left_told(id);
        let (record, config, now) = (&self.record, self.config, self.now);
        let notice = notice::of_witnesses_left(record, probe, why, since, config, now);
        self.record.outbox.push_message(notice.message(), now);
        self.tell(What::Notice(Box::new(notice)));
    }

    /// What the witnesses have come to, as read just now.
    pub(super) fn witnesses(&self) -> Option<&[crate::port::Witness]> {
        match &self.running {
            Running::Known(running) => Some(&running.witnesses),
            _ => None,
        }
    }
}
