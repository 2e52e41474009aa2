//! What is told of a rollback that takes stages, while ECS goes through them.

use jiff::Timestamp;

use super::compose::Telling;
use super::words;
use crate::name::TaskDefinitionRevision;

/// How far ECS is on its way back, as read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct WayBack {
    /// Where it goes.
    pub target: TaskDefinitionRevision,
    /// `lifecycleStage`: `SCALE_UP`, `PRODUCTION_TRAFFIC_SHIFT`, `BAKE_TIME`, …; `None` before ECS gives one.
    pub stage: Option<String>,
    /// So many tasks of the target run,
    pub tasks: usize,
    /// of so many wanted.
    pub desired: Option<u32>,
    /// When the shift and the bake times should be over; `None` once that has passed.
    pub expected_by: Option<Timestamp>,
    /// If it has not ended by then, people are told that it makes no progress.
    pub late_at: Timestamp,
}

impl Telling<'_> {
    pub(super) fn way_back_tail(&self, way: &WayBack) -> String {
        let until = way.expected_by.unwrap_or(way.late_at).strftime("%H:%M UTC");
        format!("the rollback to {} goes on, until about {until}", way.target)
    }

    pub(super) fn way_back_summary(&self, way: &WayBack) -> String {
        let service = self.service();
        let tasks = match way.desired {
            Some(desired) => format!("{} of {desired} tasks", way.tasks),
            None => format!("{} of its tasks", way.tasks),
        };
        let stage = match &way.stage {
            Some(stage) => format!("ECS is at {stage}"),
            None => "ECS has begun".to_owned(),
        };
        let expected = match way.expected_by {
            Some(by) => {
                format!("The shift and the bake times should be over by {}", words::clock(by))
            }
            None => format!("It should be over by {}", words::clock(way.late_at)),
        };
        format!(
            "The rollback of {service} to {} goes on as it should: {stage}, and {tasks} of {} run. {expected}; until the traffic has shifted, {} may still serve some of it.",
            way.target,
            way.target,
            self.revision(),
        )
    }

    pub(super) fn way_back_steps(&self, way: &WayBack) -> Vec<String> {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        vec![
            format!(
                "Nothing now: you are told when it is steady, and at {} if it is not",
                words::clock(way.late_at)
            ),
            format!(
                "To follow it: aws ecs list-service-deployments --cluster {cluster} --service {service}{}",
                self.region_flag(),
            ),
        ]
    }
}
