//! What is told of others that share an incident's cause.

use super::Stage;
use super::compose::Telling;
use super::words;
use crate::group::{GroupKey, Grouped};
use crate::name::ServiceKey;
use crate::stop::Cause;

impl Telling<'_> {
    /// What it shares with others, if it tells of that: who is led by another tells only of itself.
    fn shared(&self) -> Option<&Grouped> {
        let group = self.incident.group.as_ref()?;
        (group.led_by.is_none() && group.count > 0).then_some(group)
    }

    pub(super) fn others(&self) -> &[ServiceKey] {
        self.shared().map_or(&[], |group| &group.others)
    }

    pub(super) fn others_count(&self) -> usize {
        self.shared().map_or(0, |group| group.count)
    }

    /// The subject's first words: `prod/checkout`, `prod/checkout and 6 more`.
    pub(super) fn who(&self) -> String {
        let own = self.service().as_str();
        match self.shared() {
            // What is over is over for this one.
            Some(group) if !matches!(self.stage, Stage::Resolved(_)) => {
                format!("{own} and {} more", group.count)
            }
            _ => own.to_owned(),
        }
    }

    /// What it shares, while that lasts and nothing graver is told.
    fn shares_still(&self) -> Option<&Grouped> {
        let of_all = matches!(
            self.stage,
            Stage::Opened | Stage::RollbackRefused | Stage::Grown | Stage::Escalated
        );
        self.shared().filter(|_| of_all)
    }

    /// `prod/checkout: `, where a notice about several says something of its own service.
    pub(super) fn of_own(&self) -> String {
        self.shares_still().map(|_| format!("{}: ", self.service())).unwrap_or_default()
    }

    /// The subject's last words, where it is about several.
    pub(super) fn shared_tails(&self) -> Option<Vec<String>> {
        let group = self.shares_still()?;
        let still = match self.stage {
            Stage::Escalated => format!(", still open after {}", words::duration(self.open_for())),
            _ => String::new(),
        };
        if group.key == GroupKey::held() {
            return Some(vec![
                format!("in trouble together, rollbacks held{still}"),
                format!("rollbacks held{still}"),
            ]);
        }
        let short = format!("tasks do not start{still}");
        let why = self.shared_cause();
        Some(why.map(|why| format!("{short}: {why}")).into_iter().chain([short]).collect())
    }

    pub(super) fn shared_summary(&self) -> Option<String> {
        let group = self.shares_still()?;
        let own = self.service();
        let others = match group.count {
            1 => "1 more service".to_owned(),
            count => format!("{count} more services"),
        };
        if group.key == GroupKey::held() {
            return Some(format!(
                "{own} and {others} got into trouble together, so a cause that they share is likelier than a bad deployment of each. Steady holds their rollbacks for now; this one is yours."
            ));
        }
        let why = self.shared_cause().map(|why| format!(": {why}")).unwrap_or_default();
        Some(format!(
            "New tasks of {own} and {others} do not start{why}. As far as can be told that is not the doing of their revisions, so Steady does not roll back; this one is yours."
        ))
    }

    /// What keeps tasks from starting, in a few words.
    fn shared_cause(&self) -> Option<String> {
        let cause = self.shared()?.key.cause()?;
        let known = Cause::ALL.iter().find(|known| known.slug() == cause);
        Some(match known {
            Some(known) => known.words().to_owned(),
            None => format!("ECS cannot place them, {cause}"),
        })
    }

    /// Several that fail at once share something.
    pub(super) fn look_for_what_is_shared(&self) -> Option<String> {
        let held = self.shares_still().filter(|group| group.key == GroupKey::held());
        held.map(|_| {
            "Look for what these services share and what of it has changed: a database, a secret, a network, a certificate, a dependency that they call".to_owned()
        })
    }

    pub(super) fn also(&self) -> Vec<String> {
        let Some(group) = self.shared() else { return Vec::new() };
        let names = words::listed_of(&group.others, group.count);
        if let Stage::Resolved(_) = self.stage {
            let goes_on = match group.count {
                1 => "is still in trouble for the same cause, and tells of it from now on",
                _ => "are still in trouble for the same cause; one of them tells of it from now on",
            };
            return vec![format!("{names} {goes_on}")];
        }
        let same = if group.key == GroupKey::held() {
            "in trouble at the same time"
        } else {
            "tasks do not start there either, for the same cause"
        };
        let mut lines = vec![format!("{names}: {same}")];
        lines.extend(match group.leads {
            0 => None,
            led if led == group.count => Some(
                "you are told of all of them here, not one by one, while this incident is open"
                    .to_owned(),
            ),
            led => Some(format!(
                "of {led} of them you are told here, not one by one, while this incident is open; the others have notices of their own"
            )),
        });
        lines
    }
}
