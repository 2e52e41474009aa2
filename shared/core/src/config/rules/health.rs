//! `[health]`

use super::{InForce, warning};
use crate::config::read::Reader;
use crate::config::rule::Rule;
use crate::config::{RollbackMode, Witness};

pub(super) fn auto_without_witness(file: &mut Reader<'_>, all: &InForce<'_>) {
    let health = &all.config.health;
    if health.rollback == RollbackMode::Auto && health.witness == Witness::Page {
        file.at_first(
            warning(Rule::AutoWithoutWitness),
            &["health.witness", "health.rollback"],
            "`health.rollback` is `\"auto\"` and `health.witness` is `\"page\"`: once no task of the old revision runs \
             any more, only loops of OOM kills are rolled back",
            "write `witness = \"act\"`, or `rollback = \"notify\"` if people are to decide",
        );
    }
}

pub(super) fn alarms_while_off(file: &mut Reader<'_>, all: &InForce<'_>) {
    let health = &all.config.health;
    if health.rollback == RollbackMode::Off && !health.rollback_alarms.is_empty() {
        file.at_first(
            warning(Rule::AlarmsWhileOff),
            &["health.rollback_alarms"],
            "`health.rollback_alarms` has no effect while `health.rollback` is `\"off\"`",
            "leave it out, or write `rollback = \"notify\"` or `\"auto\"`",
        );
    }
}
