//! A scaling turn in words: why it was taken, and what it has written.

use super::plan::{Change, Does};
use super::turn::{ScalingTaken, WhyTurn};

impl ScalingTaken {
    /// What was written, a line each, in order: `scaling policy steady-cpu changed: target 60 → 55`.
    pub fn written(&self) -> Vec<String> {
        let mut done = self.done.iter().peekable();
        let changes = self.plan.iter().flat_map(|plan| &plan.changes);
        // What was done are some of the changes, in their order.
        changes.filter(|change| done.next_if_eq(&&change.object).is_some()).map(line).collect()
    }
}

impl WhyTurn {
    /// As in the log: `config-changed`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::ConfigChanged => "config-changed",
            Self::Due => "due",
            Self::Drift => "drift",
        }
    }
}

fn line(change: &Change) -> String {
    let does = match change.does {
        Does::Create => "created",
        Does::Change => "changed",
        Does::Delete => "deleted",
    };
    let fields = change.fields.iter().map(|field| {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "default".to_owned());
        match (&field.old, &field.new) {
            (None, Some(new)) if change.does == Does::Create => format!("{} {new}", field.field),
            (old, new) => format!("{} {} → {}", field.field, shown(old), shown(new)),
        }
    });
    let fields: Vec<String> = fields.collect();
    let mut line = format!("{} {does}", change.object);
    if !fields.is_empty() {
        line += &format!(": {}", fields.join(", "));
    }
    if let Some(because) = &change.because {
        line += &format!("; because of {because}");
    }
    line
}
