//! What Application Auto Scaling is about to do by itself.

use jiff::{SignedDuration, Timestamp};

use crate::scaling::desired::{Desired, desired};
use crate::scaling::fields;
use crate::scaling::object::{LiveScaling, LiveTarget, ScheduledAction};
use crate::scaling::record::ScalingRecord;

/// So late a scheduled action may run: "might be delayed by up to two minutes" (scheduled scaling in the EC2 Auto Scaling
/// user guide; that of Application Auto Scaling says nothing), and a minute for clocks that differ.
const RUNS_LATE: SignedDuration = SignedDuration::from_mins(3);

/// Whether the live bounds are those from before a scheduled action that is just due, and that AWS has.
///
/// A pass that comes each quarter of an hour comes at the same second every morning: it would write the bounds of a window
/// that begins at eight before AWS does, day after day, and take AWS for somebody who changes them back.
pub(super) fn is_awaited(
    record: &ScalingRecord,
    live: &LiveScaling,
    target: &LiveTarget,
    wanted: &Desired,
    now: Timestamp,
) -> bool {
    let Ok(then) = now.checked_sub(RUNS_LATE) else { return false };
    let before = desired(&record.service, &record.config, &record.overrides, then);
    // An action that runs once is not awaited, since it goes with its time; nor is what an override leaves behind.
    let is_same = |before: &Desired| {
        before.scheduled == wanted.scheduled
            && before.in_force.overrides == wanted.in_force.overrides
    };
    let Some(before) = before.filter(is_same) else { return false };
    let is_live = |wanted: &ScheduledAction| {
        let fields = fields::of_scheduled(wanted);
        let mut live = live.scheduled.iter();
        live.any(|live| live.name == wanted.name && fields::of_scheduled(live) == fields)
    };
    !wanted.target.suspended.scheduled_scaling
        && target.target == before.target
        && wanted.scheduled.iter().all(is_live)
}
