//! `[service.strategy]`: blue/green, linear and canary, from a scenario's TOML to ECS's `deploymentConfiguration`.
//!
//! ```toml
//! [service.strategy]
//! kind = "canary"               # blue-green | linear | canary
//! canary_percent = 10.0
//! canary_bake = "10m"
//! bake = "5m"
//!
//! [service.strategy.pause]      # a PAUSE hook that nobody answers
//! stage = "POST_TEST_TRAFFIC_SHIFT"
//! timeout = "30m"
//! action = "continue"           # continue | rollback
//! ```

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::read::{Reader, Table};
use super::scenario::{Pause, Shift, Strategy};

/// ECS's bake times are whole minutes, up to a day.
const BAKE: RangeInclusive<SignedDuration> = SignedDuration::ZERO..=SignedDuration::from_hours(24);

const TIMEOUT: RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(72);

/// The stages that can have a hook.
const STAGES: [(&str, &str); 7] = [
    ("RECONCILE_SERVICE", "RECONCILE_SERVICE"),
    ("PRE_SCALE_UP", "PRE_SCALE_UP"),
    ("POST_SCALE_UP", "POST_SCALE_UP"),
    ("TEST_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"),
    ("POST_TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"),
    ("PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"),
    ("POST_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"),
];

#[derive(Clone, Copy)]
enum Kind {
    BlueGreen,
    Linear,
    Canary,
}

/// Reads `[service.strategy]`; without it deployments are rolling updates.
pub(super) fn read(reader: &mut Reader<'_>, service: &mut Table<'_>) -> Option<Strategy> {
    let mut table = reader.table(service, "strategy")?;
    let kinds =
        [("blue-green", Kind::BlueGreen), ("linear", Kind::Linear), ("canary", Kind::Canary)];
    let kind = reader.one_of(&mut table, "kind", &kinds);
    if kind.is_none() && !table.has("kind") {
        let fix = "write `kind = \"canary\"`".to_owned();
        reader.about(&table, "`kind` is missing".to_owned(), Some(fix));
    }
    let minutes = SignedDuration::from_mins;
    let shift = kind.map(|kind| match kind {
        Kind::BlueGreen => Shift::BlueGreen,
        // ECS's own defaults, as for the canary.
        Kind::Linear => Shift::Linear {
            step_percent: reader.number(&mut table, "step_percent", &(3.0..=100.0)).unwrap_or(10.0),
            step_bake: bake(reader, &mut table, "step_bake").unwrap_or(minutes(6)),
        },
        Kind::Canary => Shift::Canary {
            percent: reader.number(&mut table, "canary_percent", &(0.1..=100.0)).unwrap_or(5.0),
            bake: bake(reader, &mut table, "canary_bake").unwrap_or(minutes(10)),
        },
    });
    let bake = bake(reader, &mut table, "bake").unwrap_or_default();
    let pause = pause(reader, &mut table);
    reader.finish(&table);
    Some(Strategy { shift: shift?, bake, pause })
}

fn bake(
    reader: &mut Reader<'_>,
    table: &mut Table<'_>,
    name: &'static str,
) -> Option<SignedDuration> {
    whole_minutes(reader, table, name, &BAKE)
}

fn whole_minutes(
    reader: &mut Reader<'_>,
    table: &mut Table<'_>,
    name: &'static str,
    range: &RangeInclusive<SignedDuration>,
) -> Option<SignedDuration> {
    let time = reader.duration(table, name, range)?;
    if time.as_secs() % 60 != 0 {
        let item = table.get(name)?;
        reader.flaw(&item, "expected whole minutes, which is what ECS counts", None);
        return None;
    }
    Some(time)
}

fn pause(reader: &mut Reader<'_>, strategy: &mut Table<'_>) -> Option<Pause> {
    let mut table = reader.table(strategy, "pause")?;
    let stage = reader.one_of(&mut table, "stage", &STAGES);
    if stage.is_none() && !table.has("stage") {
        let fix = "write `stage = \"POST_TEST_TRAFFIC_SHIFT\"`".to_owned();
        reader.about(&table, "`stage` is missing".to_owned(), Some(fix));
    }
    let timeout = whole_minutes(reader, &mut table, "timeout", &TIMEOUT);
    let actions = [("continue", "CONTINUE"), ("rollback", "ROLLBACK")];
    let action = reader.one_of(&mut table, "action", &actions).unwrap_or("ROLLBACK");
    reader.finish(&table);
    Some(Pause {
        stage: stage?,
        timeout: timeout.unwrap_or(SignedDuration::from_hours(24)),
        action,
    })
}

impl Strategy {
    /// Writes it into a `deploymentConfiguration`.
    pub(super) fn configure(&self, to: &mut Map<String, Value>) {
        let minutes = |time: SignedDuration| time.as_mins();
        let kind = match self.shift {
            Shift::BlueGreen => "BLUE_GREEN",
            Shift::Linear { step_percent, step_bake } => {
                let linear = json!({
                    "stepPercent": step_percent, "stepBakeTimeInMinutes": minutes(step_bake),
                });
                to.insert("linearConfiguration".into(), linear);
                "LINEAR"
            }
            Shift::Canary { percent, bake } => {
                let canary = json!({
                    "canaryPercent": percent, "canaryBakeTimeInMinutes": minutes(bake),
                });
                to.insert("canaryConfiguration".into(), canary);
                "CANARY"
            }
        };
        to.insert("strategy".into(), kind.into());
        to.insert("bakeTimeInMinutes".into(), minutes(self.bake).into());
        if let Some(pause) = &self.pause {
            let timeout =
                json!({"timeoutInMinutes": minutes(pause.timeout), "action": pause.action});
            let hook = json!({
                "targetType": "PAUSE", "lifecycleStages": [pause.stage], "timeoutConfiguration": timeout,
            });
            to.insert("lifecycleHooks".into(), json!([hook]));
        }
    }
}
