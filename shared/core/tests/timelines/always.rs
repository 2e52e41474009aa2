//! What holds in every story, whatever happens in it: told by chance, judged by a checker simpler than the code.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use steady_core::incident::IncidentKind;
use steady_core::name::TaskArn;
use steady_core::report::What;

use crate::story::{End, Story, seconds};

/// One thing that happens. Deployments are numbered in the order in which they begin; their tasks carry the
/// revision of the same number, or, for a rollback, an older one's.
#[derive(Debug, Clone)]
enum Step {
    Pass(i64),
    Begin {
        revision_back: u32,
        native: bool,
    },
    Complete,
    Fail,
    Start(u8),
    End {
        which: prop::sample::Index,
        end: u8,
    },
    EcsAnswers(bool),
    /// Tasks of the newest deployment start and end at once, one after another.
    Loop(u8),
    /// The newest deployment gets its tasks, completes, and its soak goes by.
    Behave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..200_i64).prop_map(Step::Pass),
        1 => (1..40_000_i64).prop_map(Step::Pass),
        4 => (prop_oneof![3 => Just(0), 1 => 1..3_u32], prop::bool::weighted(0.1))
            .prop_map(|(revision_back, native)| Step::Begin { revision_back, native }),
        1 => Just(Step::Complete),
        1 => Just(Step::Fail),
        2 => (1..5_u8).prop_map(Step::Start),
        4 => (any::<prop::sample::Index>(), 0..10_u8).prop_map(|(which, end)| Step::End { which, end }),
        1 => prop::bool::weighted(0.8).prop_map(Step::EcsAnswers),
        5 => (3..9_u8).prop_map(Step::Loop),
        3 => Just(Step::Behave),
    ]
}

/// Tells the steps; the story and, by deployment, the revision that it carries.
fn tell(steps: &[Step]) -> (Story, BTreeMap<u32, u32>) {
    let mut story = Story::with_proven();
    let mut deployment = 41;
    let mut revisions = BTreeMap::from([(41, 41)]);
    let mut alive: Vec<TaskArn> = Vec::new();
    for step in steps {
        match step {
            Step::Pass(time) => story.pass(seconds(*time)),
            Step::Begin { revision_back, native } => {
                deployment += 1;
                let revision =
                    if *revision_back == 0 { deployment } else { deployment - revision_back };
                revisions.insert(deployment, revision);
                if *native {
                    story.begin_native_rollback(deployment)
                } else {
                    story.begin(deployment)
                }
            }
            Step::Complete => story.complete(deployment),
            Step::Fail => story.fail(deployment),
            Step::Start(count) => {
                let revision = revisions[&deployment];
                alive.extend((0..*count).map(|_| story.start_of(deployment, revision)));
            }
            Step::End { which, end } if !alive.is_empty() => {
                let task = alive.swap_remove(which.index(alive.len()));
                let end = match end {
                    0..=4 => End::Exit(1),
                    5 => End::OutOfMemory,
                    6 => End::ElbHealthCheck,
                    7 => End::ScaleIn,
                    8 => End::NoRegistry,
                    _ => End::Spot,
                };
                story.end(&task, end);
            }
            Step::End { .. } => {}
            Step::EcsAnswers(answers) => story.ecs.answers = *answers,
            Step::Loop(times) => {
                for _ in 0..*times {
                    story.live_of(deployment, revisions[&deployment], seconds(4), End::Exit(1));
                }
            }
            Step::Behave => {
                let revision = revisions[&deployment];
                alive.extend((0..4).map(|_| story.start_of(deployment, revision)));
                story.complete(deployment);
                story.pass(seconds(700));
            }
        }
    }
    (story, revisions)
}

fn check(story: &Story, revisions: &BTreeMap<u32, u32>) -> Result<(), TestCaseError> {
    let mut open = false;
    let mut rollbacks: Vec<(u32, Timestamp)> = Vec::new();
    let mut bad: Vec<(String, Timestamp)> = Vec::new();
    for pair in story.entries.windows(2) {
        prop_assert!(pair[0].at <= pair[1].at, "entries are in order of time");
    }
    for entry in &story.entries {
        match &entry.what {
            What::Opened(_) => {
                prop_assert!(!open, "a second incident opened");
                open = true;
            }
            What::Joined(_) | What::Escalated { .. } => prop_assert!(open),
            What::Resolved(_) => {
                prop_assert!(open);
                open = false;
            }
            What::Rollback(action) => {
                prop_assert!(open, "a rollback without an incident");
                let away: u32 = action.away_from.as_str()["ecs-svc/".len()..].parse().unwrap();
                let from = format!("checkout:{}", revisions[&away]);
                let to = action.target.revision.to_string();
                prop_assert_ne!(&to, &from, "onto itself");
                // Unless it has been proven again since.
                let proven = action.target.at;
                let is_bad = bad.iter().any(|(revision, at)| *revision == to && proven <= *at);
                prop_assert!(!is_bad, "back to {}, which was rolled back from", to);
                let of_it = rollbacks.iter().filter(|(done, _)| *done == away);
                prop_assert_eq!(of_it.count(), 0, "twice for one deployment");
                let day =
                    rollbacks.iter().filter(|(_, at)| (entry.at - *at).get_seconds() < 86_400);
                prop_assert!(day.count() < 2, "three within a day");
                rollbacks.push((away, entry.at));
                bad.push((from, entry.at));
            }
            _ => {}
        }
    }
    prop_assert_eq!(open, story.record.incident.is_some());
    // One read in thirty seconds, whatever comes.
    for pair in story.ecs.reads.windows(2) {
        prop_assert!((pair[1] - pair[0]).get_seconds() >= 30);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_rules_that_say_never_hold(steps in prop::collection::vec(step(), 1..40)) {
        let (story, revisions) = tell(&steps);
        check(&story, &revisions)?;
        // And again, to the same end.
        let (again, _) = tell(&steps);
        prop_assert_eq!(&again.entries, &story.entries);
        prop_assert_eq!(&again.record, &story.record);
    }

    #[test]
    fn a_story_without_the_revisions_fault_is_never_blamed_on_it(steps in prop::collection::vec(step(), 1..40)) {
        let harmless: Vec<Step> = steps
            .into_iter()
            .filter(|step| !matches!(step, Step::Fail | Step::Loop(_)))
            .map(|step| match step {
                Step::End { which, end } => Step::End { which, end: 7 + end % 3 },
                step => step,
            })
            .collect();
        let (story, _) = tell(&harmless);
        // Deployments in it may never complete, and tasks may never start.
        let harmless = [IncidentKind::DeploymentStuck, IncidentKind::Environment];
        for entry in &story.entries {
            prop_assert!(entry.incident.is_none_or(|kind| harmless.contains(&kind)), "{:?}", entry);
        }
        prop_assert_eq!(story.count("rollback"), 0);
    }
}
