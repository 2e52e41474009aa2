//! A notice that everything is paused, or is not any more.

use jiff::Timestamp;

use super::{Notice, Section, Severity, subject, words};
use crate::installation::Pause;
use crate::name::fnv1a;
use crate::switch::Place;

/// What about a pause is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseStage {
    /// Somebody has paused everything.
    Paused,
    /// It is in force still.
    StillPaused,
    /// Somebody has ended it.
    Resumed {
        /// Who.
        by: String,
    },
    /// Its time is over.
    Over,
}

impl PauseStage {
    fn slug(&self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::StillPaused => "still-paused",
            Self::Resumed { .. } => "resumed",
            Self::Over => "pause-over",
        }
    }

    fn is_in_force(&self) -> bool {
        matches!(self, Self::Paused | Self::StillPaused)
    }
}

/// A notice about the account's switch. `since`: since when it is paused, where known.
pub fn of_pause(
    pause: &Pause,
    since: Option<Timestamp>,
    stage: &PauseStage,
    place: &Place,
    now: Timestamp,
) -> Notice {
    let severity = if stage.is_in_force() { Severity::Warning } else { Severity::Info };
    let by = pause.by.as_ref().map(|by| words::cut(by, 100));
    let who = by.as_deref().unwrap_or("somebody");
    let until = match pause.until {
        Some(until) => format!("until {}", words::clock(until)),
        None => "until somebody resumes".to_owned(),
    };
    let (tail, summary) = match stage {
        PauseStage::Paused => (
            format!("paused by {who} {until}"),
            format!(
                "{who} has paused Steady {until}: it changes nothing; it watches and tells as before."
            ),
        ),
        PauseStage::StillPaused => {
            let lasts =
                words::duration(since.map(|since| now.duration_since(since)).unwrap_or_default());
            (
                format!("still paused, for {lasts} now"),
                format!(
                    "Steady has been paused for {lasts}, by {who}, {until}: it changes nothing."
                ),
            )
        }
        PauseStage::Resumed { by } => {
            let by = words::cut(by, 100);
            (format!("resumed by {by}"), format!("{by} has resumed Steady: it acts again."))
        }
        PauseStage::Over => (
            "the pause is over".to_owned(),
            format!("The pause of {who} is over: Steady acts again."),
        ),
    };
    let short = stage.slug().replace('-', " ");
    let at = since.unwrap_or(now);
    Notice {
        id: format!("pause-{:016x}-{}-{}", identity(pause, since), stage.slug(), now.as_second()),
        stage: stage.slug(),
        kind: "pause",
        account: place.account.clone(),
        region: place.region.clone(),
        subject: subject(severity, "Steady", &[tail, short]),
        summary,
        sections: sections(pause, at, stage, place),
        ..Notice::blank(severity, now, &place.notify)
    }
}

fn sections(pause: &Pause, since: Timestamp, stage: &PauseStage, place: &Place) -> Vec<Section> {
    let mut sections = vec![("Since", vec![words::clock(since)])];
    let why = pause.reason.as_ref().map(|reason| words::cut(reason, 400));
    sections.push(("Why", vec![why.unwrap_or_else(|| "no reason was given".to_owned())]));
    if stage.is_in_force() {
        let done =
            "no rollback, no witnesses, no change of scaling; what AWS has taken before goes on";
        sections.push(("Done", vec![done.to_owned()]));
        let region = place.region.as_ref().map(|region| format!(" --region {region}"));
        let region = region.unwrap_or_default();
        sections.push((
            "You",
            vec![
                format!("Until it is over, roll back and scale by hand; steady status{region} shows what is open"),
                format!("To let Steady act again: steady resume{region}"),
            ],
        ));
    } else {
        let done = "what was refused because of the pause is looked at again with each service's next event, or within an hour";
        sections.push(("Done", vec![done.to_owned()]));
    }
    let sections = sections.into_iter();
    sections.map(|(label, lines)| Section { label, lines }).collect()
}

/// The same for all notices of one pause.
fn identity(pause: &Pause, since: Option<Timestamp>) -> u64 {
    let Pause { until, by, reason } = pause;
    fnv1a(format!("{since:?} {until:?} {by:?} {reason:?}").as_bytes())
}
