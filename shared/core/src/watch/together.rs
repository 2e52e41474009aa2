//! What befalls several services is told once: who tells, and when.
//!
//! Only notices of an environment in which nothing starts, and of rollbacks that are held because several services are in
//! trouble together, are left to another service's ([`crate::group`]). Everything graver is told at once, by the service
//! that it befalls. What cannot be asked is told: failing to share a page never silences.

use jiff::{SignedDuration, Timestamp};

use super::Ask;
use super::deciding::Deciding;
use crate::group::{GATHERS_FOR, Group, GroupKey, Grouped, Joining, Page, SEEN_WITHIN};
use crate::incident::{Incident, IncidentKind};
use crate::name::ServiceKey;
use crate::notice::{self, Severity, Stage};
use crate::report::What;
use crate::rollback::{Refusal, RollbackState};

/// What was asked of a line, and what it is then; or why it cannot be told.
pub(super) type Seen = Option<(GroupKey, Result<Group, String>)>;

/// A line that could not be seen is looked at again so soon, while its leader may still be there.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// This service.
    Own,
    /// Another one, or nobody yet.
    NotOwn,
    /// That has to be asked: what is decided now is decided anew with the answer.
    Asked,
}

impl Deciding<'_> {
    /// Tells people, unless another service's notice does.
    pub(super) fn notify(&mut self, stage: Stage) {
        let stage = self.first_stage(stage);
        match self.voice(&stage) {
            Voice::Asked => {}
            Voice::NotOwn => {
                if let Some(leader) = self.led_by() {
                    self.tell(What::Skipped(format!("no notice of its own: {leader} tells of it")));
                }
            }
            Voice::Own => {
                self.tell_people(stage);
                if let Some(incident) = &mut self.record.incident {
                    incident.untold = false;
                    if let Some(group) = &mut incident.group {
                        group.tell();
                    }
                }
            }
        }
    }

    /// The first that people hear of an incident is that it is open, whatever has come of it since.
    fn first_stage(&self, stage: Stage) -> Stage {
        let untold = self.record.incident.as_ref().is_some_and(|incident| incident.untold);
        match stage {
            Stage::Worsened
            | Stage::RollbackBegun
            | Stage::RollbackUnderWay(_)
            | Stage::RollbackRefused
            | Stage::Grown
            | Stage::Escalated
                if untold =>
            {
                Stage::Opened
            }
            stage => stage,
        }
    }

    fn voice(&mut self, stage: &Stage) -> Voice {
        match stage {
            Stage::Resolved(_) => self.voice_at_the_end(),
            Stage::Opened | Stage::RollbackRefused | Stage::Escalated | Stage::Grown => {
                match self.look() {
                    Some(Looked::Asked) => Voice::Asked,
                    Some(Looked::Seen) if self.led_by().is_some() => Voice::NotOwn,
                    Some(Looked::Seen) if *stage == Stage::Opened && self.gathers() => {
                        Voice::NotOwn
                    }
                    Some(Looked::Seen) | None => Voice::Own,
                    Some(Looked::NotSeen) => {
                        self.see_nobody();
                        Voice::Own
                    }
                }
            }
            Stage::Worsened
            | Stage::RollbackBegun
            | Stage::RollbackUnderWay(_)
            | Stage::RollbackFailed
            | Stage::RollbackUnverified => Voice::Own,
        }
    }

    /// Nobody is told that something is over of which nobody was told; but who is left, if it told for others.
    fn voice_at_the_end(&mut self) -> Voice {
        let Some(incident) = &self.record.incident else { return Voice::Own };
        let untold = incident.untold;
        if let Some(group) = incident.group.clone() {
            let left = self.left.clone().filter(|(key, _)| *key == group.key);
            let Some((_, left)) = left else {
                self.ask_of_group(Ask::Leave(group.key));
                return Voice::Asked;
            };
            let joining = self.joining(&group.key, group.at);
            let group = self.record.incident.as_mut().and_then(|incident| incident.group.as_mut());
            match (group, left) {
                (Some(group), Ok(left)) if group.led_by.is_none() => {
                    group.see_left(&left, &joining);
                }
                (Some(group), _) => group.see_nobody(),
                (None, _) => {}
            }
        }
        if untold { Voice::NotOwn } else { Voice::Own }
    }

    /// Minds what an open incident shares: who tells for it may have gone, and those for whom it tells may have become
    /// more.
    pub(super) fn mind_group(&mut self) {
        let Some(incident) = &self.record.incident else { return };
        let shares = self.shares();
        if let Some(key) = incident.group.as_ref().map(|group| group.key.clone())
            && Some(&key) != shares.as_ref()
        {
            if !self.has_left(&key) {
                return self.ask_of_group(Ask::Leave(key));
            }
            if let Some(incident) = &mut self.record.incident {
                incident.group = None;
            }
        }
        if self.group_due().is_some_and(|at| at <= self.now) && shares.is_some() {
            match self.look() {
                Some(Looked::Asked) => return,
                Some(Looked::NotSeen) => self.look_again(),
                Some(Looked::Seen) | None => {}
            }
        }
        let Some(incident) = &self.record.incident else { return };
        if self.led_by().is_some() {
            return;
        }
        if incident.untold && !self.gathers() {
            return self.notify(Stage::Opened);
        }
        if let Some(group) = &incident.group
            && !incident.untold
            && group.has_grown(self.now)
        {
            self.notify(Stage::Grown);
            self.with_group(|group| group.grown_told = true);
        }
    }

    /// When the line is looked at, or the page goes out.
    pub(super) fn group_due(&self) -> Option<Timestamp> {
        let incident = self.record.incident.as_ref()?;
        let Some(group) = &incident.group else {
            return self.shares().map(|_| self.now);
        };
        let gathered = gathered_at(incident).filter(|_| incident.untold && group.led_by.is_none());
        Some(gathered.map_or(group.look_at, |at| at.min(group.look_at)))
    }

    // ---- what is known ----

    /// Whether a line may have to be asked: a decision that has to is made anew, from what was known before it.
    pub(super) fn may_share(&self) -> bool {
        let Some(incident) = &self.record.incident else { return self.is_starving() };
        let may_be_held = match &incident.rollback {
            RollbackState::Undecided
            | RollbackState::Holding { .. }
            | RollbackState::Probing(_) => true,
            RollbackState::Refused(refusal) => refusal.is_passing(),
            RollbackState::Decided { .. } | RollbackState::Failed { .. } => false,
        };
        may_be_held
            || incident.untold
            || incident.group.is_some()
            || incident.is_now() == IncidentKind::Environment
    }

    /// What the open incident may share with others now.
    fn shares(&self) -> Option<GroupKey> {
        let incident = self.record.incident.as_ref()?;
        match &incident.rollback {
            RollbackState::Refused(Refusal::Crowd { .. } | Refusal::NeighboursSick { .. }) => {
                Some(GroupKey::held())
            }
            RollbackState::Undecided | RollbackState::Refused(_)
                if incident.is_now() == IncidentKind::Environment =>
            {
                incident.starved_by.clone()
            }
            _ => None,
        }
    }

    /// The others for whose sake the rollback is held.
    fn held_for(&self) -> &[ServiceKey] {
        match self.record.incident.as_ref().map(|incident| &incident.rollback) {
            Some(RollbackState::Refused(
                Refusal::Crowd { services } | Refusal::NeighboursSick { services },
            )) => services,
            _ => &[],
        }
    }

    fn led_by(&self) -> Option<&ServiceKey> {
        self.record.incident.as_ref()?.group.as_ref()?.led_by.as_ref()
    }

    /// Whether the page waits for others: only one of a service that has the tasks it needs can.
    fn gathers(&self) -> bool {
        let Some(incident) = &self.record.incident else { return false };
        incident.is_now() == IncidentKind::Environment
            && incident.group.is_some()
            && gathered_at(incident).is_some_and(|at| self.now < at)
            && self.severity() == Severity::Warning
    }

    fn severity(&self) -> Severity {
        notice::severity(&self.record, self.config, self.now).unwrap_or(Severity::Critical)
    }

    fn joining(&self, key: &GroupKey, at: Timestamp) -> Joining {
        let page = Page::of(&self.config.notify, self.severity());
        Joining { key: key.clone(), page, at, now: self.now }
    }

    // ---- ask ----

    /// Takes in who is in the line; `None` if there is nothing to share.
    fn look(&mut self) -> Option<Looked> {
        let key = self.shares()?;
        let known = self.record.incident.as_ref().and_then(|incident| incident.group.clone());
        // Those for whom it told in another line have to see that it does so no more.
        if let Some(other) = known.as_ref().map(|group| &group.key).filter(|other| **other != key)
            && self.can_ask
            && !self.has_left(other)
        {
            self.ask_of_group(Ask::Leave(other.clone()));
            return Some(Looked::Asked);
        }
        let group = known.filter(|group| group.key == key);
        let mut group = group.unwrap_or_else(|| Grouped::new(key.clone(), self.now));
        let joining = self.joining(&key, group.at);
        match &self.joined {
            None if !self.can_ask => return Some(Looked::NotSeen),
            Some((joined, Ok(seen))) if *joined == key => {
                group.see(&self.record.service, seen, self.held_for(), &joining);
            }
            Some((joined, Err(_))) if *joined == key => return Some(Looked::NotSeen),
            _ => {
                self.ask_of_group(Ask::Join(joining));
                return Some(Looked::Asked);
            }
        }
        if let Some(incident) = &mut self.record.incident {
            incident.group = Some(group);
        }
        Some(Looked::Seen)
    }

    /// Whether the line was left in this turn, or could not be.
    fn has_left(&self, key: &GroupKey) -> bool {
        self.left.as_ref().is_some_and(|(left, _)| left == key)
    }

    fn ask_of_group(&mut self, ask: Ask) {
        self.ask_group.get_or_insert(ask);
    }

    /// The line could not be seen. Who told of this incident was there when it last was, and counts for as long as it may
    /// not have been seen by others.
    fn look_again(&mut self) {
        let again = self.now.saturating_add(LOOK_AGAIN).unwrap_or(self.now);
        let now = self.now;
        self.with_group(|group| {
            group.look_at = again;
            if now.duration_since(group.seen_at) > SEEN_WITHIN {
                group.see_nobody();
            }
        });
    }

    fn see_nobody(&mut self) {
        self.with_group(Grouped::see_nobody);
    }

    fn with_group(&mut self, change: impl FnOnce(&mut Grouped)) {
        if let Some(group) = self.record.incident.as_mut().and_then(|one| one.group.as_mut()) {
            change(group);
        }
    }
}

/// What a look at the line has come to.
enum Looked {
    Seen,
    NotSeen,
    Asked,
}

fn gathered_at(incident: &Incident) -> Option<Timestamp> {
    incident.opened_at.saturating_add(GATHERS_FOR).ok()
}
