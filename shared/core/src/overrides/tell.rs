//! What people are told of overrides: of long ones that they are set, soon over, and over.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{OverriddenBy, Override};
use crate::notice::{self, OverrideStage};
use crate::record::is_default;
use crate::report::{Entry, What};
use crate::scaling::ScalingRecord;

/// Overrides that last longer are told of: whoever made a shorter one still looks. What an incident made is told with the
/// incident.
const LONG: SignedDuration = SignedDuration::from_hours(1);

/// So long before its end one is told as soon over.
const SOON: SignedDuration = SignedDuration::from_mins(15);

/// What people were told of an override; that it is set, if there is one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// That it is soon over: the end that this was said of. A later one is told again.
    #[serde(skip_serializing_if = "is_default")]
    pub soon: Option<Timestamp>,
    /// That it is over.
    #[serde(skip_serializing_if = "is_default")]
    pub over: bool,
}

/// Writes what is to be told by `now` into the record's outbox.
pub fn decide(record: &mut ScalingRecord, now: Timestamp) -> Vec<Entry> {
    let mut entries = Vec::new();
    for one in record.overrides.clone() {
        let Some(stage) = stage(record, &one, now) else { continue };
        let told = record.told.entry(one.id.clone()).or_default();
        match stage {
            // Set so late that the end was at hand: that is told with it.
            OverrideStage::Set if one.until.duration_since(now) <= SOON => {
                told.soon = Some(one.until);
            }
            OverrideStage::Set => {}
            OverrideStage::SoonOver => told.soon = Some(one.until),
            OverrideStage::Over => told.over = true,
        }
        let notice = notice::of_override(record, &one, stage, now).told_from(&record.home);
        record.outbox.push_message(notice.message(), now);
        let service = Some(record.service.clone());
        entries.push(Entry::plain(now, service, What::Notice(Box::new(notice))));
    }
    entries
}

/// What is to be told of it, if anything.
fn stage(record: &ScalingRecord, one: &Override, now: Timestamp) -> Option<OverrideStage> {
    let told = record.told.get(&one.id);
    let is_over = one.until <= now;
    match told {
        None if is_over || one.lasts() <= LONG || is_of_incident(one) => None,
        None => Some(OverrideStage::Set),
        Some(told) if is_over => (!told.over).then_some(OverrideStage::Over),
        Some(told) => {
            let is_soon = one.until.duration_since(now) <= SOON;
            (is_soon && told.soon != Some(one.until)).then_some(OverrideStage::SoonOver)
        }
    }
}

fn is_of_incident(one: &Override) -> bool {
    matches!(one.by, OverriddenBy::Incident(_))
}

/// When something is to be done about it next, after `now`: it begins, is told as soon over, or is over. `now` where it is over.
pub fn due(record: &ScalingRecord, one: &Override, now: Timestamp) -> Timestamp {
    let soon = one.until.checked_sub(SOON).ok().filter(|_| record.told.contains_key(&one.id));
    let times = [Some(one.since), soon, Some(one.until)];
    times.into_iter().flatten().filter(|at| *at > now).min().unwrap_or(now)
}
