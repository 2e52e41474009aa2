//! A notice about an override: it is set, soon over, or over.

use jiff::Timestamp;

use super::{Notice, Section, Severity, subject, words};
use crate::name::fnv1a;
use crate::overrides::{OverriddenBy, Override};
use crate::scaling::{Bounds, InForce, ScalingRecord};

/// What about an override is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideStage {
    /// It was made.
    Set,
    /// It ends in some minutes.
    SoonOver,
    /// It has ended.
    Over,
}

impl OverrideStage {
    fn slug(self) -> &'static str {
        match self {
            Self::Set => "override-set",
            Self::SoonOver => "override-soon-over",
            Self::Over => "override-over",
        }
    }
}

/// A notice about an override of the record.
pub fn of_override(
    record: &ScalingRecord,
    one: &Override,
    stage: OverrideStage,
    now: Timestamp,
) -> Notice {
    let service = &record.service;
    let by = words::cut(&one.by.to_string(), 100);
    let (does, until) = (one.does(), words::clock(one.until));
    let left = words::duration(one.until.duration_since(now));
    let (tail, summary) = match stage {
        OverrideStage::Set => (
            format!("override until {until}: {does}"),
            format!("An override of {service} is set until {until}: {does}."),
        ),
        OverrideStage::SoonOver => (
            format!("override ends in {left}: {does}"),
            format!("The override of {service} ends in {left}, at {until}: {does}."),
        ),
        OverrideStage::Over => (
            format!("override is over: {does}"),
            format!("The override of {service} ended at {until}: {does}."),
        ),
    };
    let short = stage.slug().replace('-', " ");
    Notice {
        id: format!(
            "override-{:016x}-{}-{}",
            fnv1a(format!("{service} {} {}", one.id, one.since).as_bytes()),
            stage.slug(),
            now.as_second(),
        ),
        stage: stage.slug(),
        kind: "override",
        cluster: Some(service.cluster().to_owned()),
        service: Some(service.to_string()),
        subject: subject(Severity::Info, service.as_str(), &[tail, short]),
        summary,
        sections: sections(record, one, stage, &by),
        ..Notice::blank(Severity::Info, now, &record.notify)
    }
}

fn sections(
    record: &ScalingRecord,
    one: &Override,
    stage: OverrideStage,
    by: &str,
) -> Vec<Section> {
    let lasts = words::duration(one.lasts());
    let mut sections = vec![("Since", vec![format!("{}, for {lasts}", words::clock(one.since))])];
    let reason = words::cut(&one.reason, 400);
    sections.push((
        "Why",
        vec![if reason.is_empty() { by.to_owned() } else { format!("{by}: {reason}") }],
    ));
    let names_bounds = one.min.is_some() || one.max.is_some();
    let mut done = Vec::new();
    if names_bounds && stage != OverrideStage::Over {
        done.push("scheduled scaling is suspended meanwhile; Steady itself sets what windows and scheduled actions say of the other bound".to_owned());
    }
    if names_bounds {
        done.extend(then(record, one, stage));
    }
    if one.rollback_off {
        done.push(match stage {
            OverrideStage::Over => "rollbacks are decided by the config again".to_owned(),
            _ => {
                "failures of this service are told and not rolled back; steady rollback still works"
                    .to_owned()
            }
        });
    }
    if !done.is_empty() {
        sections.push(("Done", done));
    }
    sections.push(("You", you(record, one, stage)));
    sections.into_iter().map(|(label, lines)| Section { label, lines }).collect()
}

/// What holds when it is over.
fn then(record: &ScalingRecord, one: &Override, stage: OverrideStage) -> Option<String> {
    let InForce { bounds: Bounds { min, max }, min_by, max_by, .. } =
        InForce::at(&record.config, &record.overrides, one.until)?;
    let by = if min_by == max_by { min_by.to_string() } else { format!("{min_by}, {max_by}") };
    Some(match stage {
        OverrideStage::Over => format!("{min} to {max} tasks hold again ({by})"),
        _ => format!("afterwards {min} to {max} tasks hold, as far as is known now ({by})"),
    })
}

fn you(record: &ScalingRecord, one: &Override, stage: OverrideStage) -> Vec<String> {
    let (service, id) = (&record.service, &one.id);
    if stage == OverrideStage::Over {
        return vec!["Nothing needs to be done".to_owned()];
    }
    let region = record.home.region_flag();
    let mut steps = vec![format!("To end it now: steady override {service} --end {id}{region}")];
    if matches!(one.by, OverriddenBy::Person(_)) {
        let bound = |name: &str, tasks: Option<u32>| {
            tasks.map(|tasks| format!(" --{name} {tasks}")).unwrap_or_default()
        };
        let rollback = if one.rollback_off { " --rollback off" } else { "" };
        steps.push(format!(
            "If it is needed for longer, set another: steady override {service}{}{}{rollback} --for 2h --reason \"...\"{region}",
            bound("min", one.min),
            bound("max", one.max),
        ));
        steps.push(format!("If it is needed for good, write it into {service}.toml"));
    }
    steps
}
