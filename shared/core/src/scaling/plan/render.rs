//! A plan as people read it.

use std::fmt;

use super::change::{Change, Does, Note, Plan, Refused};
use crate::scaling::object::Bounds;

/// The plans of several services, in their order; those with nothing to say are left out. Ends with the sum.
///
/// ```text
/// prod/checkout
///   ~ scaling policy steady-cpu
///       target: 60 → 55
///   = scaling policy by-hand (not Steady's: left alone)
///
/// Plan: 0 to create, 1 to change, 0 to delete, 1 left alone
/// ```
pub fn render_plans(plans: &[Plan]) -> String {
    let mut text: String = plans.iter().filter(|plan| plan.says_something()).map(one).collect();
    let sum = |does| plans.iter().map(|plan| plan.count(does)).sum::<usize>();
    let (create, change, delete) = (sum(Does::Create), sum(Does::Change), sum(Does::Delete));
    let alone: usize = plans.iter().map(|plan| plan.left_alone.len()).sum();
    let refused = plans.iter().filter(|plan| plan.refused.is_some()).count();
    if create + change + delete == 0 && refused == 0 {
        let is_quiet = text.is_empty();
        text += "Nothing to change";
        text += if is_quiet { ": what is live is what the config wants\n" } else { "\n" };
        return text;
    }
    text += &format!(
        "Plan: {create} to create, {change} to change, {delete} to delete, {alone} left alone"
    );
    if refused > 0 {
        let services = if refused == 1 { "service" } else { "services" };
        text += &format!(", {refused} {services} refused");
    }
    text.push('\n');
    text
}

impl Plan {
    fn says_something(&self) -> bool {
        !self.changes.is_empty() || !self.notes.is_empty() || self.refused.is_some()
    }
}

fn one(plan: &Plan) -> String {
    let mut text = format!("{}\n", plan.service);
    for change in &plan.changes {
        text += &one_change(change);
    }
    if let Some(moves) = plan.moves {
        text += &format!("  ! desired count {} → {}, at once\n", moves.from, moves.to);
    }
    for note in &plan.notes {
        text += &format!("  ! {note}\n");
    }
    if let Some(refused) = &plan.refused {
        text += &format!("  x {refused}\n");
    }
    for object in &plan.left_alone {
        text += &format!("  = {object} (not Steady's: left alone)\n");
    }
    text.push('\n');
    text
}

fn one_change(change: &Change) -> String {
    let sign = match change.does {
        Does::Create => '+',
        Does::Change => '~',
        Does::Delete => '-',
    };
    let mut text = format!("  {sign} {}\n", change.object);
    let width = change.fields.iter().map(|field| field.field.len()).max().unwrap_or(0);
    for field in &change.fields {
        let name = format!("{}:", field.field);
        let value = match (&field.old, &field.new) {
            (None, Some(new)) if change.does == Does::Create => new.clone(),
            (old, new) => {
                let shown = |value: &Option<String>| {
                    value.clone().unwrap_or_else(|| "(default)".to_owned())
                };
                format!("{} → {}", shown(old), shown(new))
            }
        };
        text += &format!("      {name:<0$} {value}\n", width + 1);
    }
    if let Some(because) = &change.because {
        text += &format!("      because of {because}\n");
    }
    text
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService => {
                write!(
                    f,
                    "not planned: ECS knows no active service of this name here; its config takes effect with its first deployment"
                )
            }
            Self::SameMetric { policies } => {
                let policies: Vec<String> =
                    policies.iter().map(|(name, metric)| format!("`{name}` ({metric})")).collect();
                write!(
                    f,
                    "not planned: others' scaling policies track what this config does: {}; remove them, or let Steady \
                     replace them with `adopt = true`",
                    policies.join(", "),
                )
            }
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopted { bounds } => write!(
                f,
                "the scalable target was there before: its bounds, {}, are remembered, and given back when the service leaves",
                range(*bounds),
            ),
            Self::Unremembered => write!(
                f,
                "the scalable target has Steady's tag, but what was there before is not known: no bounds will be given back"
            ),
            Self::Replaces { policy, metric } => {
                write!(
                    f,
                    "`{policy}`, not Steady's, tracks {metric} too: deleted, as `adopt = true` says"
                )
            }
            Self::OthersSchedule { actions } => write!(
                f,
                "others' scheduled actions set these bounds too: {}; what they set is written over once, then left to them",
                names(actions),
            ),
            Self::Held { object, .. } => write!(
                f,
                "{object}: somebody has changed it back twice, so it is left as it is for a week, or until the config changes it"
            ),
            Self::RaisedByForecast { max } => {
                write!(
                    f,
                    "predictive scaling has raised max to {max}, and what runs needs it: left so for now"
                )
            }
            Self::NotRemoved => write!(
                f,
                "the config wants no scaling any more; what Steady made stays, since only `remove = true` removes it"
            ),
            Self::GivenBackWider { before, given } => write!(
                f,
                "the bounds from before, {}, would move what runs: {} are given back",
                range(*before),
                range(*given),
            ),
            Self::TargetStays { bounds } => write!(
                f,
                "the scalable target stays, {}, and nothing of Steady's scales it any more",
                range(*bounds),
            ),
        }
    }
}

fn range(bounds: Bounds) -> String {
    format!("{} to {} tasks", bounds.min, bounds.max)
}

fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
