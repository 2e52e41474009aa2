//! Half hours as the record keeps them: `[half hour, passed starts, exposure in ms]`, and in one with trouble also
//! failed starts and crashes. A healthy service has up to 48, in an item that every write pays for.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::evidence::Counts;

pub(super) fn serialize<S: Serializer>(
    half_hours: &BTreeMap<i64, Counts>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let row = |(half_hour, counts): (&i64, &Counts)| {
        let mut row = vec![*half_hour, i64::from(counts.passed_starts), counts.exposure_ms];
        if counts.failed_tasks() > 0 {
            row.extend([i64::from(counts.failed_starts), i64::from(counts.crashes)]);
        }
        row
    };
    half_hours.iter().map(row).collect::<Vec<_>>().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<i64, Counts>, D::Error> {
    let rows = Vec::<Vec<i64>>::deserialize(deserializer)?;
    let count = |value: Option<&i64>| {
        u32::try_from(value.copied().unwrap_or(0)).map_err(serde::de::Error::custom)
    };
    rows.iter()
        .map(|row| {
            let half_hour = row.first().copied().unwrap_or(0);
            let counts = Counts {
                passed_starts: count(row.get(1))?,
                exposure_ms: row.get(2).copied().unwrap_or(0),
                failed_starts: count(row.get(3))?,
                crashes: count(row.get(4))?,
            };
            Ok((half_hour, counts))
        })
        .collect()
}
