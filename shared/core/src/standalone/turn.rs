//! A family's turn: load, decide, save, send, confirm; as a service's ([`crate::turn`]), without anything to act upon.

use jiff::Timestamp;

use super::{StandaloneRecord, asked, decide};
use crate::config::{ConfigTree, SourceFile, load_tree};
use crate::event::Event;
use crate::name::FamilyKey;
use crate::port::{KeepFamilies, Publish, ReadConfig, Saved};
use crate::record::Whose;
use crate::report::{Entry, What};
use crate::turn::sending::{send_all, settle_all};
use crate::turn::{RACES_MAX, Taken, TurnError};
use crate::watch::Settled;

/// What a turn is about.
#[derive(Debug, Clone, Copy)]
pub struct FamilyTurn<'a> {
    /// Whose.
    pub family: &'a FamilyKey,
    /// What came in of it; none if it falls due.
    pub events: &'a [Event],
    /// What config says: one reading serves all families of an invocation. [`read_defaults`].
    pub defaults: &'a Result<ConfigTree, String>,
    /// The time.
    pub now: Timestamp,
    /// When this invocation ends at the latest: claims last until then.
    pub until: Timestamp,
    /// The invocation's request id, unique.
    pub by: &'a str,
}

/// Reads `defaults.toml`, which alone says which families are told of. `Err`: it could not be read, or has errors; why.
///
/// # Errors
/// That is the value, not a failure: families that were told of before are told of still.
pub async fn read_defaults(config: &impl ReadConfig) -> Result<ConfigTree, String> {
    let text = config.defaults().await.map_err(|error| error.to_string())?;
    let file = text.as_deref().map(|text| SourceFile { path: "defaults.toml", text });
    let loaded = load_tree(&file.into_iter().collect::<Vec<_>>());
    loaded.tree.ok_or_else(|| {
        let errors = loaded.findings.iter().map(ToString::to_string);
        errors.collect::<Vec<_>>().join("; ")
    })
}

/// Takes a turn. A family that config does not ask for costs nothing: its events are left aside.
///
/// # Errors
/// [`TurnError`], if what came in could not be kept. What fails after that is in [`Taken::unfinished`].
pub async fn take<R, P>(records: &R, topics: &P, turn: &FamilyTurn<'_>) -> Result<Taken, TurnError>
where
    R: KeepFamilies + Sync,
    P: Publish + Sync,
{
    let is_asked = |tree| asked(tree, turn.family).is_some();
    if !turn.events.is_empty() && turn.defaults.as_ref().is_ok_and(|tree| !is_asked(tree)) {
        let why = format!(
            "a task of {} failed: told only if `notify.standalone_tasks` of defaults.toml names its family",
            turn.family
        );
        return Ok(Taken { entries: vec![plain(turn, What::Skipped(why))], ..Taken::default() });
    }
    let keeping = Keeping { records, topics, turn };
    for _ in 0..RACES_MAX {
        let base = keeping.load().await?;
        let known = base.record.clone();
        let decided = match turn.defaults {
            Ok(tree) => decide(known, turn.events, asked(tree, turn.family), turn.now),
            // The last good config holds: there is a record, so it asked for this family.
            Err(_) if base.version > 0 => {
                let notify = known.notify.clone();
                decide(known, turn.events, Some(&notify), turn.now)
            }
            Err(why) => {
                return Err(TurnError::Config { whose: keeping.whose(), why: why.clone() });
            }
        };
        let (mut record, entries) = decided;
        let claimed = record.outbox.claim(turn.by, turn.until, turn.now);
        let Some(version) = keeping.save(&base, &record).await? else { continue };
        let mut taken = Taken { entries, unfinished: Vec::new() };
        if !claimed.is_empty() {
            keeping.send_and_confirm(Base { record, version }, &mut taken).await;
        }
        return Ok(taken);
    }
    Err(TurnError::Contended { whose: keeping.whose() })
}

/// A record as loaded.
struct Base {
    record: StandaloneRecord,
    version: u64,
}

/// One turn under way.
struct Keeping<'a, R, P> {
    records: &'a R,
    topics: &'a P,
    turn: &'a FamilyTurn<'a>,
}

impl<R, P> Keeping<'_, R, P>
where
    R: KeepFamilies + Sync,
    P: Publish + Sync,
{
    fn whose(&self) -> Whose {
        Whose::Family(self.turn.family.clone())
    }

    async fn load(&self) -> Result<Base, TurnError> {
        let loaded = self.records.load_family(self.turn.family).await;
        let loaded = loaded.map_err(|source| TurnError::Load { whose: self.whose(), source })?;
        let record = match &loaded.stored {
            None => StandaloneRecord::new(self.turn.family.clone()),
            Some(stored) => StandaloneRecord::restore(stored)
                .map_err(|source| TurnError::Unreadable { whose: self.whose(), source })?,
        };
        Ok(Base { record, version: loaded.version })
    }

    /// The version that is stored now; `None` if somebody else was first. What has not changed is not written.
    async fn save(&self, base: &Base, record: &StandaloneRecord) -> Result<Option<u64>, TurnError> {
        if *record == base.record {
            return Ok(Some(base.version));
        }
        let stops = base.version == 0 || !record.has_stops_of(&base.record);
        let (family, stored) = (self.turn.family, record.store());
        let saved = self.records.save_family(family, &stored, stops, base.version).await;
        let saved = saved.map_err(|source| TurnError::Save { whose: self.whose(), source })?;
        Ok((saved == Saved::Held).then(|| base.version.saturating_add(1)))
    }

    async fn send_and_confirm(&self, base: Base, taken: &mut Taken) {
        let mut record = base.record.clone();
        let sent = send_all(self.topics, &mut record.outbox, self.turn.by).await;
        taken.unfinished.extend(sent.unfinished);
        taken.entries.extend(sent.told.into_iter().map(|what| plain(self.turn, what)));
        if let Err(error) = self.confirm(base, record, &sent.settled).await {
            taken.unfinished.push(format!("what was sent is not confirmed: {error}"));
        }
    }

    /// Saves what became of it, on whatever is stored by now.
    async fn confirm(
        &self,
        mut base: Base,
        mut record: StandaloneRecord,
        settled: &[(String, Settled)],
    ) -> Result<(), TurnError> {
        for _ in 0..RACES_MAX {
            if self.save(&base, &record).await?.is_some() {
                return Ok(());
            }
            base = self.load().await?;
            record = base.record.clone();
            settle_all(&mut record.outbox, settled);
        }
        Err(TurnError::Contended { whose: self.whose() })
    }
}

fn plain(turn: &FamilyTurn<'_>, what: What) -> Entry {
    Entry::plain(turn.now, None, what)
}
