//! The switch that stops everything, and what is told of it.
//!
//! ```text
//! steady pause ─┐                        ┌─ every action reads it first (installation::Account)
//! steady resume ┼─▶ the account's item ──┤
//!               │   paused, outbox       └─ sweep: sends, reminds, ends it at its time
//! ```
//!
//! Whoever turns it only saves: what people are to be told is saved with it, and `sweep` sends it, so that no switch is
//! turned in silence, whatever ends the process that turned it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Notify;
use crate::installation::Pause;
use crate::name::{Account, Region};
use crate::notice::{self, PauseStage};
use crate::outbox::Outbox;
use crate::port::{KeepSwitch, Publish, Saved};
use crate::record::{Whose, is_default};
use crate::report::{Entry, What};
use crate::turn::sending::{send_all, settle_all};
use crate::turn::{RACES_MAX, Taken, TurnError};
use crate::watch::{self, Settled};

/// While everything is paused, people are told again this often: a pause that nobody remembers leaves every service
/// without help.
pub const REMIND_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What people have set for the account, and what is to be told of it. In the account's item, beside what services
/// have in common ([`crate::installation::Account`] reads `paused` of the same JSON).
///
/// ```json
/// {"paused": {"until": "2026-11-21T04:00:00Z", "by": "ana", "reason": "migration"}, "paused_at": "2026-11-21T02:00:00Z",
///  "outbox": [{…}]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// Whether people have stopped everything, and until when. One whose time is over stops nothing.
    pub paused: Option<Pause>,
    /// Since when; `None` while nothing is paused, and for a pause that was written by hand.
    #[serde(skip_serializing_if = "is_default")]
    pub paused_at: Option<Timestamp>,
    /// How often people were reminded of it.
    #[serde(skip_serializing_if = "is_default")]
    pub reminded: u32,
    /// What is to be told, and not yet sent.
    #[serde(skip_serializing_if = "is_default")]
    pub outbox: Outbox,
}

/// Where and how it is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The account, where known.
    pub account: Option<Account>,
    /// The region, where known.
    pub region: Option<Region>,
    /// Of `defaults.toml`.
    pub notify: Notify,
}

impl Switch {
    /// Stops everything, whatever was said before.
    pub fn pause(&mut self, pause: Pause, place: &Place, now: Timestamp) {
        self.paused = Some(pause);
        self.paused_at = Some(now);
        self.reminded = 0;
        self.tell(PauseStage::Paused, place, now);
    }

    /// Lets everything go on. Whether there was a pause to end.
    pub fn resume(&mut self, by: &str, place: &Place, now: Timestamp) -> bool {
        if self.pause_at(now).is_none() {
            return false;
        }
        self.tell(PauseStage::Resumed { by: by.to_owned() }, place, now);
        self.forget();
        true
    }

    /// The pause in force at `now`, if one is.
    pub fn pause_at(&self, now: Timestamp) -> Option<&Pause> {
        self.paused.as_ref().filter(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// What has become of it by itself: over, or in force for another day.
    fn tend(&mut self, place: &Place, now: Timestamp) -> Vec<What> {
        let expired = watch::expire(&mut self.outbox, now);
        if self.paused.is_some() && self.pause_at(now).is_none() {
            self.tell(PauseStage::Over, place, now);
            self.forget();
        }
        if self.reminder_at().is_some_and(|at| at <= now) {
            while self.reminder_at().is_some_and(|at| at <= now) {
                self.reminded = self.reminded.saturating_add(1);
            }
            self.tell(PauseStage::StillPaused, place, now);
        }
        expired
    }

    fn forget(&mut self) {
        (self.paused, self.paused_at, self.reminded) = (None, None, 0);
    }

    fn reminder_at(&self) -> Option<Timestamp> {
        self.paused.as_ref()?;
        let days = i32::try_from(self.reminded).ok()?.checked_add(1)?;
        self.paused_at?.checked_add(REMIND_EVERY.checked_mul(days)?).ok()
    }

    /// When somebody has to look though nobody turns it.
    pub fn due(&self) -> Option<Timestamp> {
        let ends = self.paused.as_ref().and_then(|pause| pause.until);
        [self.outbox.due(), ends, self.reminder_at()].into_iter().flatten().min()
    }

    fn tell(&mut self, stage: PauseStage, place: &Place, now: Timestamp) {
        let Some(pause) = &self.paused else { return };
        let notice = notice::of_pause(pause, self.paused_at, &stage, place, now);
        self.outbox.push_message(notice.message(), now);
    }
}

/// The switch's turn, for `sweep`: it falls due as services do.
#[derive(Debug, Clone, Copy)]
pub struct SwitchTurn<'a> {
    /// Where and how it is told.
    pub place: &'a Place,
    /// The time.
    pub now: Timestamp,
    /// When this invocation ends at the latest: claims last until then.
    pub until: Timestamp,
    /// The invocation's request id, unique.
    pub by: &'a str,
}

/// Takes it: load, decide, save, send, confirm, as a service's ([`crate::turn`]).
///
/// # Errors
/// [`TurnError`]. What fails after that is in [`Taken::unfinished`].
pub async fn take<R, P>(records: &R, topics: &P, turn: &SwitchTurn<'_>) -> Result<Taken, TurnError>
where
    R: KeepSwitch + Sync,
    P: Publish + Sync,
{
    for _ in 0..RACES_MAX {
        let (known, version) = load(records).await?;
        let mut switch = known.clone();
        let expired = switch.tend(turn.place, turn.now);
        let claimed = switch.outbox.claim(turn.by, turn.until, turn.now);
        let Some(version) = save(records, &known, &switch, version).await? else { continue };
        let mut taken = Taken::default();
        taken.entries.extend(expired.into_iter().map(|what| plain(turn, what)));
        if !claimed.is_empty() {
            let before = switch.clone();
            let sent = send_all(topics, &mut switch.outbox, turn.by).await;
            taken.unfinished.extend(sent.unfinished);
            taken.entries.extend(sent.told.into_iter().map(|what| plain(turn, what)));
            if let Err(error) = confirm(records, (before, version), switch, &sent.settled).await {
                taken.unfinished.push(format!("what was sent is not confirmed: {error}"));
            }
        }
        return Ok(taken);
    }
    Err(TurnError::Contended { whose: Whose::Account })
}

async fn load(records: &impl KeepSwitch) -> Result<(Switch, u64), TurnError> {
    let loaded = records.load_switch().await;
    loaded.map_err(|source| TurnError::Load { whose: Whose::Account, source })
}

/// The version that is stored now; `None` if somebody else was first. What has not changed is not written.
async fn save(
    records: &impl KeepSwitch,
    known: &Switch,
    switch: &Switch,
    version: u64,
) -> Result<Option<u64>, TurnError> {
    if switch == known {
        return Ok(Some(version));
    }
    let saved = records.save_switch(switch, version).await;
    let saved = saved.map_err(|source| TurnError::Save { whose: Whose::Account, source })?;
    Ok((saved == Saved::Held).then(|| version.saturating_add(1)))
}

/// Saves what became of it, on whatever is stored by now.
async fn confirm(
    records: &impl KeepSwitch,
    (mut known, mut version): (Switch, u64),
    mut switch: Switch,
    settled: &[(String, Settled)],
) -> Result<(), TurnError> {
    for _ in 0..RACES_MAX {
        if save(records, &known, &switch, version).await?.is_some() {
            return Ok(());
        }
        (known, version) = load(records).await?;
        switch = known.clone();
        settle_all(&mut switch.outbox, settled);
    }
    Err(TurnError::Contended { whose: Whose::Account })
}

fn plain(turn: &SwitchTurn<'_>, what: What) -> Entry {
    Entry::plain(turn.now, None, what)
}
