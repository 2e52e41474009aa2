//! A plan, applied: its calls, one by one, as fast as AWS takes them.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Done, ScalingPorts, ScalingTaken, ScalingTurn};
use crate::name::fnv1a;
use crate::port::{ChangeScaling, Pace, PortError};
use crate::scaling::object::{AlarmAction, LiveScaling, ScalingCall};
use crate::scaling::plan::{Change, Does, ObjectKind, Plan};

/// Tries of a throttled call within a turn; afterwards the next turn goes on.
const TRIES_MAX: u32 = 5;

/// Longest wait before a throttled call is tried again for the first time; it doubles with each try.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(1);

impl<A, R, C, P, W> ScalingPorts<'_, A, R, C, P, W>
where
    A: ChangeScaling + Sync,
    W: Pace + Sync,
{
    /// Makes the plan's calls, as far as they can be made.
    pub(super) async fn apply(
        &self,
        turn: &ScalingTurn<'_>,
        plan: &Plan,
        live: &LiveScaling,
        done: &mut Done,
        taken: &mut ScalingTaken,
    ) {
        let known = live.policies.iter();
        let mut arns: BTreeMap<String, String> =
            known.map(|live| (live.policy.name.clone(), live.arn.clone())).collect();
        for change in &plan.changes {
            let call = match resolved(&change.call, &arns) {
                Ok(call) => call,
                Err(why) => {
                    // Where its policy was refused, people know, and to look again soon is of no use.
                    if done.refused.is_empty() {
                        taken.unfinished.push(why);
                    }
                    continue;
                }
            };
            match self.call(turn, change, &call).await {
                Ok(arn) => {
                    match (&change.call, arn) {
                        (ScalingCall::PutScalingPolicy(policy), Some(arn)) => {
                            arns.insert(policy.name.clone(), arn);
                        }
                        // Its alarm must not be told an ARN that is gone.
                        (ScalingCall::DeleteScalingPolicy { name }, _) => drop(arns.remove(name)),
                        _ => {}
                    }
                    taken.done.push(change.object.clone());
                    done.changes.push(change.clone());
                }
                Err(NotDone::Refused(error)) => {
                    taken.refused.push((change.object.clone(), error.clone()));
                    done.refused.push((change.clone(), error));
                    // Everything hangs on the scalable target.
                    if change.object.kind == ObjectKind::ScalableTarget
                        && change.does == Does::Create
                    {
                        return;
                    }
                }
                Err(NotDone::NotNow(why)) => return taken.unfinished.push(why),
            }
        }
    }

    /// Makes one call, more than once only where AWS says that it did nothing. What it answered with.
    async fn call(
        &self,
        turn: &ScalingTurn<'_>,
        change: &Change,
        call: &ScalingCall,
    ) -> Result<Option<String>, NotDone> {
        let mut tries = 0;
        loop {
            if !self.pace.write().await {
                let why = format!("{}: no time is left to write it", change.object);
                return Err(NotDone::NotNow(why));
            }
            tries += 1;
            match self.aws.change_scaling(turn.service, call).await {
                Ok(answer) => return Ok(answer.policy_arn),
                // Somebody was quicker: it is gone, which is all that was wanted.
                Err(PortError::Refused { code, .. })
                    if change.does == Does::Delete && is_not_found(&code) =>
                {
                    return Ok(None);
                }
                Err(error @ PortError::Refused { .. }) => return Err(NotDone::Refused(error)),
                Err(error @ PortError::Throttled { .. }) if tries < TRIES_MAX => {
                    if !self.pace.back_off(back_off(turn, change, tries)).await {
                        return Err(NotDone::NotNow(error.to_string()));
                    }
                }
                // Whether an unclear one was done, the next turn sees from what is live.
                Err(error) => return Err(NotDone::NotNow(error.to_string())),
            }
        }
    }
}

/// Why a call was not made.
enum NotDone {
    /// AWS says no.
    Refused(PortError),
    /// It may pass.
    NotNow(String),
}

/// An alarm's actions as ARNs.
fn resolved(call: &ScalingCall, arns: &BTreeMap<String, String>) -> Result<ScalingCall, String> {
    let ScalingCall::PutMetricAlarm(alarm) = call else { return Ok(call.clone()) };
    let mut alarm = alarm.clone();
    for action in &mut alarm.actions {
        let AlarmAction::Policy(policy) = action else { continue };
        let Some(arn) = arns.get(policy) else {
            return Err(format!("alarm {}: policy `{policy}` is not there yet", alarm.name));
        };
        *action = AlarmAction::Arn(arn.clone());
    }
    Ok(ScalingCall::PutMetricAlarm(alarm))
}

/// `ObjectNotFoundException` of Application Auto Scaling, `ResourceNotFound` of CloudWatch's DeleteAlarms.
fn is_not_found(code: &str) -> bool {
    code.contains("NotFound")
}

/// Half of it to all of it, by a hash: two invocations that were throttled together do not come again together.
fn back_off(turn: &ScalingTurn<'_>, change: &Change, tries: u32) -> SignedDuration {
    let longest = BACK_OFF.saturating_mul(1 << tries.min(6).saturating_sub(1));
    let seed = fnv1a(format!("{}{}{tries}", turn.by, change.object).as_bytes());
    let thousandths = i32::try_from(seed % 500).unwrap_or(0).saturating_add(500);
    longest.saturating_mul(thousandths) / 1000
}
