//! Desired beside live: what to write, in which order, and what not.
//!
//! **What is ours** is known by name (`steady-…`; policies and scheduled actions cannot carry tags). Nothing else is
//! changed or deleted, with one exception that config must ask for: `adopt = true` replaces policies of others that
//! track what ours would.
//!
//! **Order.** The scalable target first, since policies hang on it; what would be in the way of a policy (Application Auto
//! Scaling takes one for each metric) before it; a policy before its alarm, which needs its ARN; an alarm before its
//! policy on the way out; bounds are given back last. Resuming comes after everything else, so that nothing runs on what
//! is about to change.

mod change;
mod late;
mod render;
mod written;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use change::{Change, Does, FieldChange, Moves, Note, Object, ObjectKind, Plan, Refused};
pub use render::render_plans;
pub use written::Written;

use super::desired::{Desired, desired};
use super::fields::{self, Fields};
use super::in_force::SetBy;
use super::object::{
    AlarmAction, Bounds, LivePolicy, LiveScaling, LiveTarget, MetricAlarm, PREFIX, ScalableTarget,
    ScalingCall, ScalingPolicy, Suspended, TARGET_TAG,
};
use super::record::{Managed, ScalingRecord};

/// How to get from `live` to what the record's config and overrides want at `now`. Empty where nothing differs.
///
/// Applied in full and asked again it is empty.
pub fn plan(record: &ScalingRecord, live: &LiveScaling, now: Timestamp) -> Plan {
    let mut planning = Planning {
        record,
        live,
        now,
        plan: Plan::new(&record.service, record.managed.clone()),
        ranked: Vec::new(),
    };
    match desired(&record.service, &record.config, &record.overrides, now) {
        Some(desired) => planning.reach(&desired),
        None if record.config.remove => planning.leave(),
        None if record.managed.is_some() || planning.has_ours() => {
            planning.plan.notes.push(Note::NotRemoved);
        }
        None => {}
    }
    planning.finish()
}

/// When a change is made, before and after the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Target,
    Tag,
    AlarmInTheWay,
    PolicyInTheWay,
    Policy,
    Alarm,
    Scheduled,
    ScheduledGone,
    AlarmGone,
    PolicyGone,
    TargetLast,
    Untag,
}

struct Planning<'a> {
    record: &'a ScalingRecord,
    live: &'a LiveScaling,
    now: Timestamp,
    plan: Plan,
    ranked: Vec<(Rank, Change)>,
}

impl Planning<'_> {
    fn finish(self) -> Plan {
        let Self { mut plan, mut ranked, record, now, .. } = self;
        if plan.refused.is_some() {
            return plan;
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        for (_, change) in ranked {
            if record.written.holds(&change, now) {
                let Change { object, fields, .. } = change;
                plan.notes.push(Note::Held { object, fields });
            } else {
                plan.changes.push(change);
            }
        }
        // A target that is left as it is moves nothing.
        let registers =
            |change: &Change| matches!(change.call, ScalingCall::RegisterScalableTarget { .. });
        if !plan.changes.iter().any(registers) {
            plan.moves = None;
        }
        plan
    }

    fn add(&mut self, rank: Rank, change: Change) {
        self.ranked.push((rank, change));
    }

    fn refuse(&mut self, why: Refused) {
        self.plan.refused = Some(why);
    }

    // ---- to what is desired ----

    fn reach(&mut self, desired: &Desired) {
        let Some(count) = self.live.desired_count else { return self.refuse(Refused::NoService) };
        let blocking = self.policies_of_others(desired);
        if self.plan.refused.is_some() {
            return;
        }
        self.target(desired, count);
        let in_the_way = self.policies(desired, &blocking);
        self.alarms(desired, &in_the_way);
        self.scheduled(desired);
        self.leave_alone(&blocking);
    }

    /// The names of others' policies that ours replace.
    fn policies_of_others(&mut self, desired: &Desired) -> BTreeSet<String> {
        let ours: BTreeSet<String> = desired
            .policies
            .iter()
            .filter_map(|policy| fields::metric_identity(&policy.config))
            .collect();
        let tracks_ours = |live: &&LivePolicy| {
            !is_ours(&live.policy.name)
                && fields::metric_identity(&live.policy.config).is_some_and(|it| ours.contains(&it))
        };
        let same: Vec<(String, String)> = self
            .live
            .policies
            .iter()
            .filter(tracks_ours)
            .map(|live| (live.policy.name.clone(), fields::metric_words(&live.policy.config)))
            .collect();
        if same.is_empty() {
            return BTreeSet::new();
        }
        if !self.record.config.adopt {
            self.refuse(Refused::SameMetric { policies: same });
            return BTreeSet::new();
        }
        let notes = same.iter().map(|(policy, metric)| Note::Replaces {
            policy: policy.clone(),
            metric: metric.clone(),
        });
        self.plan.notes.extend(notes);
        same.into_iter().map(|(name, _)| name).collect()
    }

    fn target(&mut self, desired: &Desired, count: u32) {
        let mut wanted = desired.target;
        let object = Object::target(&self.record.service);
        let Some(live) = &self.live.target else {
            self.manage(None);
            let fields = fields::of_target(&wanted);
            let call = ScalingCall::RegisterScalableTarget { target: wanted, is_new: true };
            let change = Change::put(object, None, &fields, call);
            self.add(Rank::Target, because(change, self.record, desired));
            self.moves(count, wanted.bounds);
            return;
        };
        if self.record.managed.is_none() {
            self.adopt(live);
        }
        self.tag(live);
        if late::is_awaited(self.record, self.live, live, desired, self.now) {
            return;
        }
        let may_raise = self.record.config.predictive.as_ref();
        let may_raise = may_raise.is_some_and(|it| it.max_capacity_buffer.is_some());
        if may_raise && live.target.bounds.max > wanted.bounds.max && count > wanted.bounds.max {
            wanted.bounds.max = live.target.bounds.max;
            self.plan.notes.push(Note::RaisedByForecast { max: wanted.bounds.max });
        }
        let rank = if resumes(live.target.suspended, wanted.suspended) {
            Rank::TargetLast
        } else {
            Rank::Target
        };
        if let Some(change) = self.register(object, live, wanted) {
            self.add(rank, because(change, self.record, desired));
            self.moves(count, wanted.bounds);
        }
    }

    /// `None`: it is so already.
    fn register(
        &self,
        object: Object,
        live: &LiveTarget,
        wanted: ScalableTarget,
    ) -> Option<Change> {
        let (old, new) = (fields::of_target(&live.target), fields::of_target(&wanted));
        let call = ScalingCall::RegisterScalableTarget { target: wanted, is_new: false };
        (old != new).then(|| Change::put(object, Some(&old), &new, call))
    }

    fn manage(&mut self, bounds_before: Option<Bounds>) {
        let since = self.now;
        self.plan.managed.get_or_insert(Managed { since, bounds_before });
    }

    fn adopt(&mut self, live: &LiveTarget) {
        let is_tagged = live.tags.as_ref().is_some_and(|tags| tags.contains_key(TARGET_TAG));
        if is_tagged {
            self.plan.notes.push(Note::Unremembered);
            self.manage(None);
        } else {
            let bounds = live.target.bounds;
            self.plan.notes.push(Note::Adopted { bounds });
            self.manage(Some(bounds));
        }
    }

    fn tag(&mut self, live: &LiveTarget) {
        let (Some(arn), Some(tags)) = (&live.arn, &live.tags) else { return };
        let service = self.record.service.as_str();
        let present = tags.get(TARGET_TAG);
        if present.is_some_and(|value| value == service) {
            return;
        }
        let fields = |value: &str| Fields(vec![(TARGET_TAG.to_owned(), value.to_owned())]);
        let old = present.map(|value| fields(value));
        let object = Object::new(ObjectKind::Tag, format!("service/{service}"));
        let call = ScalingCall::TagTarget { arn: arn.clone() };
        self.add(Rank::Tag, Change::put(object, old.as_ref(), &fields(service), call));
    }

    fn moves(&mut self, count: u32, bounds: Bounds) {
        let to = count.clamp(bounds.min, bounds.max.max(bounds.min));
        self.plan.moves = (to != count).then_some(Moves { from: count, to });
    }

    /// The ARNs of the policies that are gone once the desired ones are put.
    fn policies(&mut self, desired: &Desired, blocking: &BTreeSet<String>) -> BTreeSet<String> {
        let mut puts: Vec<(&ScalingPolicy, Option<&LivePolicy>)> = Vec::new();
        for wanted in &desired.policies {
            let live = self.live.policies.iter().find(|live| live.policy.name == wanted.name);
            let fields = |policy: &ScalingPolicy| fields::of_policy(&policy.config);
            if live.is_none_or(|live| fields(&live.policy) != fields(wanted)) {
                puts.push((wanted, live));
            }
        }
        let mut in_the_way = BTreeSet::new();
        for live in &self.live.policies {
            let name = &live.policy.name;
            let is_in_the_way = blocking.contains(name)
                || is_ours(name)
                    && puts.iter().any(|(put, _)| stands_in_the_way(&live.policy, put));
            if is_in_the_way {
                in_the_way.insert(name.clone());
                self.add(Rank::PolicyInTheWay, delete_policy(name));
            } else if is_ours(name) && !desired.policies.iter().any(|it| it.name == *name) {
                self.add(Rank::PolicyGone, delete_policy(name));
            }
        }
        for wanted in &desired.policies {
            let put = puts.iter().find(|(put, _)| put.name == wanted.name);
            let is_gone = in_the_way.contains(&wanted.name);
            if put.is_none() && !is_gone {
                continue;
            }
            let old = put.and_then(|(_, live)| *live).filter(|_| !is_gone);
            let old = old.map(|live| fields::of_policy(&live.policy.config));
            let new = fields::of_policy(&wanted.config);
            let object = Object::new(ObjectKind::ScalingPolicy, &wanted.name);
            let call = ScalingCall::PutScalingPolicy(wanted.clone());
            self.add(Rank::Policy, Change::put(object, old.as_ref(), &new, call));
        }
        in_the_way
    }

    /// Alarms call policies by ARN: those of a policy that is deleted and made anew call nobody.
    fn alarms(&mut self, desired: &Desired, in_the_way: &BTreeSet<String>) {
        let named = |alarm: &MetricAlarm| {
            let mut alarm = alarm.clone();
            for action in &mut alarm.actions {
                let AlarmAction::Arn(arn) = action else { continue };
                let mut known = self.live.policies.iter();
                let known =
                    known.find(|live| live.arn == *arn && !in_the_way.contains(&live.policy.name));
                if let Some(live) = known {
                    *action = AlarmAction::Policy(live.policy.name.clone());
                }
            }
            fields::of_alarm(&alarm)
        };
        let mut added = Vec::new();
        for wanted in &desired.alarms {
            let live = self.live.alarms.iter().find(|live| live.name == wanted.name);
            let (old, new) = (live.map(named), fields::of_alarm(wanted));
            if old.as_ref() == Some(&new) {
                continue;
            }
            let object = Object::new(ObjectKind::Alarm, &wanted.name);
            let call = ScalingCall::PutMetricAlarm(wanted.clone());
            added.push((Rank::Alarm, Change::put(object, old.as_ref(), &new, call)));
        }
        for live in &self.live.alarms {
            if !self.is_our_alarm(&live.name)
                || desired.alarms.iter().any(|it| it.name == live.name)
            {
                continue;
            }
            let calls_gone = self.live.policies.iter().any(|policy| {
                in_the_way.contains(&policy.policy.name)
                    && live.actions.contains(&AlarmAction::Arn(policy.arn.clone()))
            });
            let rank = if calls_gone { Rank::AlarmInTheWay } else { Rank::AlarmGone };
            added.push((rank, delete_alarm(&live.name)));
        }
        self.ranked.extend(added);
    }

    fn scheduled(&mut self, desired: &Desired) {
        for wanted in &desired.scheduled {
            let live = self.live.scheduled.iter().find(|live| live.name == wanted.name);
            let old = live.map(fields::of_scheduled);
            let new = fields::of_scheduled(wanted);
            if old.as_ref() == Some(&new) {
                continue;
            }
            let object = Object::new(ObjectKind::ScheduledAction, &wanted.name);
            let call = ScalingCall::PutScheduledAction(wanted.clone());
            self.add(Rank::Scheduled, Change::put(object, old.as_ref(), &new, call));
        }
        self.unwanted_schedules(|name| desired.scheduled.iter().any(|it| it.name == name));
    }

    fn unwanted_schedules(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let live = self.live.scheduled.iter().map(|live| &live.name);
        let gone = live.filter(|name| is_ours(name) && !is_wanted(name));
        for name in gone.collect::<Vec<_>>() {
            let object = Object::new(ObjectKind::ScheduledAction, name);
            let call = ScalingCall::DeleteScheduledAction { name: name.clone() };
            self.add(Rank::ScheduledGone, Change::delete(object, call));
        }
    }

    fn leave_alone(&mut self, replaced: &BTreeSet<String>) {
        let policies = self.live.policies.iter().map(|live| &live.policy.name);
        let policies = policies.filter(|name| !is_ours(name) && !replaced.contains(*name));
        let policies = policies.map(|name| Object::new(ObjectKind::ScalingPolicy, name));
        let scheduled = self.live.scheduled.iter().map(|live| &live.name);
        let scheduled: Vec<&String> = scheduled.filter(|name| !is_ours(name)).collect();
        self.plan.left_alone.extend(policies);
        if scheduled.is_empty() {
            return;
        }
        let actions = scheduled.iter().map(|name| Object::new(ObjectKind::ScheduledAction, *name));
        self.plan.left_alone.extend(actions);
        if self.plan.managed.is_some() && !self.plan.leaves {
            let actions = scheduled.into_iter().cloned().collect();
            self.plan.notes.push(Note::OthersSchedule { actions });
        }
    }

    // ---- away ----

    fn has_ours(&self) -> bool {
        self.live.policies.iter().any(|live| is_ours(&live.policy.name))
            || self.live.scheduled.iter().any(|live| is_ours(&live.name))
            || self.live.alarms.iter().any(|live| self.is_our_alarm(&live.name))
    }

    fn leave(&mut self) {
        if self.record.managed.is_none() && !self.has_ours() {
            return;
        }
        self.plan.leaves = true;
        for live in self.live.policies.iter().filter(|live| is_ours(&live.policy.name)) {
            self.add(Rank::PolicyGone, delete_policy(&live.policy.name));
        }
        let alarms = self.live.alarms.iter().filter(|live| self.is_our_alarm(&live.name));
        let alarms: Vec<Change> = alarms.map(|live| delete_alarm(&live.name)).collect();
        self.ranked.extend(alarms.into_iter().map(|change| (Rank::AlarmGone, change)));
        self.unwanted_schedules(|_| false);
        if let (Some(managed), Some(live)) = (&self.record.managed, &self.live.target) {
            match self.live.desired_count {
                Some(count) => self.give_back(managed, live, count),
                // The service is gone, and nothing can be registered for it.
                None => self.plan.notes.push(Note::TargetStays { bounds: live.target.bounds }),
            }
            self.untag(live);
        }
        self.leave_alone(&BTreeSet::new());
    }

    fn give_back(&mut self, managed: &Managed, live: &LiveTarget, count: u32) {
        let bounds = match managed.bounds_before {
            Some(before) => {
                let given = Bounds { min: before.min.min(count), max: before.max.max(count) };
                if given != before {
                    self.plan.notes.push(Note::GivenBackWider { before, given });
                }
                given
            }
            None => {
                self.plan.notes.push(Note::TargetStays { bounds: live.target.bounds });
                // Even bounds that stay are written when something is resumed, and would move what lies outside.
                let Bounds { min, max } = live.target.bounds;
                Bounds { min: min.min(count), max: max.max(count) }
            }
        };
        let suspended = Suspended::default();
        if managed.bounds_before.is_some() || live.target.suspended != suspended {
            let wanted = ScalableTarget { bounds, suspended };
            let object = Object::target(&self.record.service);
            if let Some(mut change) = self.register(object, live, wanted) {
                change.fingerprint = None;
                self.add(Rank::TargetLast, change);
            }
        }
    }

    fn untag(&mut self, live: &LiveTarget) {
        let is_tagged = live.tags.as_ref().is_some_and(|tags| tags.contains_key(TARGET_TAG));
        if let Some(arn) = live.arn.as_ref().filter(|_| is_tagged) {
            let object = Object::new(ObjectKind::Tag, format!("service/{}", self.record.service));
            self.add(
                Rank::Untag,
                Change::delete(object, ScalingCall::UntagTarget { arn: arn.clone() }),
            );
        }
    }

    fn is_our_alarm(&self, name: &str) -> bool {
        name.starts_with(&super::desired::alarm_prefix(&self.record.service))
    }
}

/// Policies, scheduled actions and alarms that Steady made, of whatever service.
pub fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Application Auto Scaling takes no second policy that tracks the same, and no other type under the same name.
fn stands_in_the_way(live: &ScalingPolicy, put: &ScalingPolicy) -> bool {
    if live.name == put.name {
        return std::mem::discriminant(&live.config) != std::mem::discriminant(&put.config);
    }
    let (live, put) = (fields::metric_identity(&live.config), fields::metric_identity(&put.config));
    live.is_some() && live == put
}

/// Whether anything that is suspended is not to be any more, and nothing is newly suspended.
fn resumes(live: Suspended, wanted: Suspended) -> bool {
    let pairs = [
        (live.dynamic_scaling_in, wanted.dynamic_scaling_in),
        (live.dynamic_scaling_out, wanted.dynamic_scaling_out),
        (live.scheduled_scaling, wanted.scheduled_scaling),
    ];
    pairs.contains(&(true, false)) && !pairs.contains(&(false, true))
}

fn delete_policy(name: &str) -> Change {
    let call = ScalingCall::DeleteScalingPolicy { name: name.to_owned() };
    Change::delete(Object::new(ObjectKind::ScalingPolicy, name), call)
}

fn delete_alarm(name: &str) -> Change {
    let call = ScalingCall::DeleteAlarm { name: name.to_owned() };
    Change::delete(Object::new(ObjectKind::Alarm, name), call)
}

/// Says why the bounds are not the base ones.
fn because(mut change: Change, record: &ScalingRecord, desired: &Desired) -> Change {
    let in_force = &desired.in_force;
    let mut set_by = vec![&in_force.min_by, &in_force.max_by];
    set_by.dedup();
    let by_config = |by: &&SetBy| matches!(by, SetBy::Window(_) | SetBy::Scheduled(_));
    let set_by = set_by.into_iter().filter(by_config).map(ToString::to_string);
    let overrides = record.overrides.iter().filter(|one| in_force.overrides.contains(&one.id));
    let overrides = overrides.map(|one| {
        let reason =
            if one.reason.is_empty() { String::new() } else { format!(": {}", one.reason) };
        format!("override `{}` until {}{reason}", one.id, one.until)
    });
    let all: Vec<String> = set_by.chain(overrides).collect();
    change.because = (!all.is_empty()).then(|| all.join(", "));
    change
}
