//! What a plan is made of.

use std::fmt;

use serde::Serialize;

use super::super::fields::Fields;
use super::super::object::{Bounds, ScalingCall};
use super::super::record::Managed;
use crate::name::ServiceKey;

/// How to get from what is live to what is desired, for one service; the calls in the order in which they are made.
///
/// ```json
/// {"service": "prod/checkout", "changes": [{"does": "change", "object": {"kind": "scaling-policy", "name": "steady-cpu"},
///  "fields": [{"field": "target", "old": "60", "new": "55"}]}], "left_alone": [], "moves": null, "notes": [], "refused": null}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Whose.
    pub service: ServiceKey,
    /// In the order in which they are made: one call each. Empty: nothing differs, or it is refused.
    pub changes: Vec<Change>,
    /// What others made: never changed.
    pub left_alone: Vec<Object>,
    /// What happens to `desiredCount` at once, if a change of the bounds moves it.
    pub moves: Option<Moves>,
    /// What people should know.
    pub notes: Vec<Note>,
    /// Why nothing is planned at all.
    pub refused: Option<Refused>,
    /// What the record has to hold before the first call: what was there before.
    #[serde(skip)]
    pub managed: Option<Managed>,
    /// Whether the service leaves: once all is done, nothing of it is managed any more.
    #[serde(skip)]
    pub leaves: bool,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    /// It is not there yet.
    Create,
    /// It is there, and differs.
    Change,
    /// It is there, and nobody wants it.
    Delete,
}

/// One change, which is one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What it does.
    pub does: Does,
    /// To what.
    pub object: Object,
    /// What differs; of a deleted object nothing.
    pub fields: Vec<FieldChange>,
    /// Why, where that is not the config alone: a window, an override.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The call.
    #[serde(skip)]
    pub call: ScalingCall,
    /// What the object then holds, as one word; `None` for what is not watched over (deletions).
    #[serde(skip)]
    pub(in crate::scaling) fingerprint: Option<String>,
}

/// A value that changes. `None`: AWS's default, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// `target`
    pub field: String,
    /// What is live.
    pub old: Option<String>,
    /// What will be.
    pub new: Option<String>,
}

/// An object of AWS's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name; of the scalable target its resource id.
    pub name: String,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A scalable target.
    ScalableTarget,
    /// Its tag.
    Tag,
    /// A scaling policy.
    ScalingPolicy,
    /// A CloudWatch alarm.
    Alarm,
    /// A scheduled action.
    ScheduledAction,
}

/// What happens to `desiredCount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moves {
    /// As it is now.
    pub from: u32,
    /// As `RegisterScalableTarget` makes it, at once.
    pub to: u32,
}

/// Why a service is left as it is, whatever its config says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refused {
    /// ECS knows no active service of this name.
    NoService,
    /// Policies of others track what ours would: two would pull at one service.
    SameMetric {
        /// Theirs, and what they track.
        policies: Vec<(String, String)>,
    },
}

/// What people should know of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Note {
    /// A scalable target that was there before is managed from now on.
    Adopted {
        /// Its bounds, which are given back one day.
        bounds: Bounds,
    },
    /// It has our tag, and no record says what was there before.
    Unremembered,
    /// A policy of others goes, since ours tracks the same.
    Replaces {
        /// Its name.
        policy: String,
        /// What it tracks.
        metric: String,
    },
    /// Others' scheduled actions set the bounds too.
    OthersSchedule {
        /// Their names.
        actions: Vec<String>,
    },
    /// Somebody changes it back, again and again: it is left as it is.
    Held {
        /// What.
        object: Object,
        /// What differs.
        fields: Vec<FieldChange>,
    },
    /// Predictive scaling has raised `max`, and what runs needs it.
    RaisedByForecast {
        /// What is live.
        max: u32,
    },
    /// The config wants no scaling any more, and does not say that ours should go.
    NotRemoved,
    /// The bounds from before would move what runs: they are given back as wide as that needs.
    GivenBackWider {
        /// From before.
        before: Bounds,
        /// What is given back.
        given: Bounds,
    },
    /// There was no scalable target before. It stays, as nothing of it is ever deregistered.
    TargetStays {
        /// Its bounds.
        bounds: Bounds,
    },
}

impl Plan {
    pub(super) fn new(service: &ServiceKey, managed: Option<Managed>) -> Self {
        Self {
            service: service.clone(),
            changes: Vec::new(),
            left_alone: Vec::new(),
            moves: None,
            notes: Vec::new(),
            refused: None,
            managed,
            leaves: false,
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many changes do this.
    pub fn count(&self, does: Does) -> usize {
        self.changes.iter().filter(|change| change.does == does).count()
    }

    /// What is left as it is because somebody changed it back again and again.
    pub fn held(&self) -> impl Iterator<Item = (&Object, &[FieldChange])> {
        self.notes.iter().filter_map(|note| match note {
            Note::Held { object, fields } => Some((object, fields.as_slice())),
            _ => None,
        })
    }
}

impl Change {
    pub(super) fn put(
        object: Object,
        old: Option<&Fields>,
        new: &Fields,
        call: ScalingCall,
    ) -> Self {
        let nothing = Fields::default();
        let differing = old.unwrap_or(&nothing).changes_to(new);
        let fields = differing.into_iter().map(|one| FieldChange {
            field: one.name.to_owned(),
            old: one.old.cloned(),
            new: one.new.cloned(),
        });
        Self {
            does: if old.is_some() { Does::Change } else { Does::Create },
            object,
            fields: fields.collect(),
            because: None,
            call,
            fingerprint: Some(new.fingerprint()),
        }
    }

    pub(super) fn delete(object: Object, call: ScalingCall) -> Self {
        Self { does: Does::Delete, object, fields: vec![], because: None, call, fingerprint: None }
    }
}

impl Object {
    pub(super) fn new(kind: ObjectKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// Of a service's scalable target.
    pub(super) fn target(service: &ServiceKey) -> Self {
        Self::new(ObjectKind::ScalableTarget, format!("service/{service}"))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ObjectKind::ScalableTarget => "scalable target",
            ObjectKind::Tag => "tag of scalable target",
            ObjectKind::ScalingPolicy => "scaling policy",
            ObjectKind::Alarm => "alarm",
            ObjectKind::ScheduledAction => "scheduled action",
        };
        write!(f, "{kind} {}", self.name)
    }
}
