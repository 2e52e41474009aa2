//! What a service's config makes of alarms, noted where an alarm that goes off finds the services it concerns.

use std::collections::BTreeMap;

use super::record::ScalingRecord;
use crate::config::ServiceConfig;
use crate::name::ServiceKey;
use crate::port::{AlarmUse, KeepAlarmUses, PortError};

/// What `config` makes of alarms, by their names.
pub(super) fn alarm_uses(config: &ServiceConfig) -> BTreeMap<String, AlarmUse> {
    let mut uses: BTreeMap<String, AlarmUse> = BTreeMap::new();
    for name in &config.health.rollback_alarms {
        uses.entry(name.clone()).or_default().rollback = true;
    }
    for surge in &config.scaling.surge {
        uses.entry(surge.alarm.clone()).or_default().surge = true;
    }
    uses
}

/// Notes what has changed, one write for each alarm; the record says what is noted. What could not be is tried by the next
/// turn that reads the config.
///
/// # Errors
/// [`PortError`] of the first that could not be noted.
pub(super) async fn note(
    records: &impl KeepAlarmUses,
    service: &ServiceKey,
    record: &mut ScalingRecord,
    wanted: &BTreeMap<String, AlarmUse>,
) -> Result<(), PortError> {
    let known = record.alarm_uses.clone();
    let gone = known.keys().filter(|name| !wanted.contains_key(*name));
    let gone = gone.map(|name| (name, AlarmUse::default()));
    let wanted = wanted.iter().map(|(name, used)| (name, *used));
    for (name, used) in gone.chain(wanted) {
        if known.get(name).copied().unwrap_or_default() == used {
            continue;
        }
        records.note_alarm_use(name, service, used).await?;
        match used == AlarmUse::default() {
            true => drop(record.alarm_uses.remove(name)),
            false => drop(record.alarm_uses.insert(name.clone(), used)),
        }
    }
    Ok(())
}
