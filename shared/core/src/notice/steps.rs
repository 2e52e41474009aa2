//! What Steady did, and what the reader does now.

use jiff::Timestamp;

use super::Stage;
use super::compose::{Telling, console, quoted};
use super::probing;
use super::words;
use crate::config::RollbackMode;
use crate::incident::Resolution;
use crate::name::TaskDefinitionRevision;
use crate::port::TargetState;
use crate::rollback::{Action, Begun, GIVE_UP_AFTER, Path, Reason, Refusal, RollbackState, named};
use crate::stop::Verdict;

impl Telling<'_> {
    // ---- done ----

    pub(super) fn done(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.ordered_told().into_iter().collect();
        match &self.incident.rollback {
            RollbackState::Decided { at, action, untaken: Some(why), .. } => {
                lines.extend(untaken_told(*at, action, why));
            }
            RollbackState::Decided { at, action, begun, .. } => {
                let how = match action.path {
                    Path::StopServiceDeployment => format!(
                        "Steady stops deployment {} with rollback (StopServiceDeployment); ECS then goes back to {}",
                        action.away_from, action.target.revision,
                    ),
                    Path::UpdateService => {
                        format!("Steady updates the service to {} (UpdateService)", action.target.revision)
                    }
                };
                lines.push(format!("{}: {how}", words::clock(*at)));
                lines.extend(begun.iter().flat_map(settings_told));
                if !matches!(self.stage, Stage::Resolved(_)) {
                    let told = match begun {
                        Some(_) => "AWS has taken it; you are told when it is steady, and if it does not help",
                        None => "You are told when it is steady, and if AWS does not take it",
                    };
                    lines.push(told.to_owned());
                }
            }
            RollbackState::Probing(probe) => lines.extend(probing::told(probe)),
            RollbackState::Holding { until, .. } if self.rests_on_alarms() => lines.push(format!(
                "waits until {}: if the alarm is over by then, or others of the account are in trouble too, nothing is rolled back",
                words::clock(*until),
            )),
            RollbackState::Holding { until, target } => lines.push(format!(
                "waits until {}: if {} fails too by then, the revision is not to blame and nothing is rolled back",
                words::clock(*until),
                match self.same_revision() {
                    Some(_) => "what ran before".to_owned(),
                    None => target.revision.to_string(),
                },
            )),
            RollbackState::Refused(refusal) => lines.push(format!("nothing: {refusal}")),
            RollbackState::Failed { action, why: Reason::Aws(why) } => {
                let how = match action.path {
                    Path::StopServiceDeployment => {
                        format!("StopServiceDeployment with ROLLBACK, deployment {}", action.away_from)
                    }
                    Path::UpdateService => "UpdateService".to_owned(),
                };
                let target = &action.target.revision;
                lines.push(format!("tried to roll back to {target} ({how}), and AWS did not take it"));
                lines.push(quoted("AWS", why));
            }
            RollbackState::Failed {
                action,
                why: Reason::Guard(refusal @ Refusal::PutBack { revision, .. }),
            } => {
                let target = &action.target.revision;
                let undone = if revision.is_some() { ", and undid that" } else { "" };
                lines.push(format!("updated the service to {target}{undone}: {refusal}"));
            }
            RollbackState::Failed { action, why: Reason::Unverified(why) } => lines.push(format!(
                "rolled back to {}, and that did not help: {why}",
                action.target.revision,
            )),
            RollbackState::Failed { why: Reason::Guard(refusal), .. } => {
                lines.push(format!("nothing: {refusal}"));
            }
            RollbackState::Undecided if matches!(self.stage, Stage::Resolved(_)) => {
                lines.push("nothing: it was over before anything was done".to_owned());
            }
            RollbackState::Undecided => lines.push("nothing yet".to_owned()),
        }
        lines
    }

    // ---- you ----

    pub(super) fn you(&self) -> Vec<String> {
        let mut steps: Vec<String> = match self.stage {
            Stage::Resolved(resolution) => return self.after(resolution),
            Stage::RollbackUnderWay(way) => return self.way_back_steps(way),
            _ => self.look_for_what_is_shared().into_iter().chain(self.first_fix()).collect(),
        };
        steps.extend(self.look_at_alarm());
        steps.extend(self.look_at_stuck());
        steps.extend(self.let_it_prove());
        if !self.is_environment() {
            steps.extend(self.compare());
        }
        if let RollbackState::Failed { action, why: Reason::Unverified(_) } =
            &self.incident.rollback
        {
            return self.after_no_help(&action.target.revision, steps);
        }
        match (self.decided(), &self.incident.rollback) {
            (Some(_), _) => steps.extend(self.drift()),
            // What was meant to be done at once comes first.
            (None, RollbackState::Failed { .. }) => {
                steps.splice(0..0, self.by_hand()).for_each(drop)
            }
            (None, _) => steps.extend(self.by_hand()),
        }
        if self.incident.rollback == RollbackState::Refused(Refusal::ConfigNotify) {
            steps.push(format!(
                "To have Steady do this by itself next time: rollback = \"auto\" under [health] in {}.toml",
                self.service(),
            ));
        }
        steps
    }

    /// The cause's first fix, its commands made ready to be run.
    fn first_fix(&self) -> Option<String> {
        let (cause, ..) = self.main_cause()?;
        let stops = self.stops_by(cause);
        let task = stops.last().map_or("TASK", |stop| stop.task.id());
        let fix = filled_in(cause.fix(), self.service().cluster(), self.service().service(), task);
        let group = self.incident.tail.as_ref().and_then(|tail| tail.group.as_deref());
        Some(match group {
            Some(group) => fix.replace("aws logs tail GROUP ", &format!("aws logs tail {group} ")),
            None => fix,
        })
    }

    fn compare(&self) -> Option<String> {
        if let Some(step) = self.compare_settings() {
            return Some(step);
        }
        let failing = self.incident.revision.as_ref()?;
        let region = self.region_flag();
        let describe =
            format!("aws ecs describe-task-definition --task-definition {failing}{region}");
        Some(match self.going_back_to().or(self.not_failing_before()) {
            Some(good) => format!("See what changed: {describe}, and the same for {good}"),
            None => format!("See what it runs: {describe}"),
        })
    }

    /// The revision before, not proven, but without a failed task as far as Steady has seen.
    fn not_failing_before(&self) -> Option<&TaskDefinitionRevision> {
        let (_, old) = self.record.ledger.replaced_by(&self.incident.about)?;
        let clean =
            old.totals().failed_tasks() == 0 && old.revision() != self.incident.revision.as_ref();
        old.revision().filter(|_| clean)
    }

    /// The proven revision that the service goes, or could go, back to.
    pub(super) fn going_back_to(&self) -> Option<&TaskDefinitionRevision> {
        match &self.incident.rollback {
            RollbackState::Decided { action, .. } => Some(&action.target.revision),
            RollbackState::Holding { target, .. } => Some(&target.revision),
            RollbackState::Probing(probe) => Some(&probe.target.revision),
            _ => self
                .record
                .ledger
                .proven_before(self.incident.revision.as_ref())
                .map(|p| &p.revision),
        }
    }

    fn by_hand(&self) -> Option<String> {
        // An environment that fails will fail the old revision too.
        if self.is_environment()
            || self.main_cause().is_some_and(|(_, verdict, _)| verdict == Verdict::Environment)
        {
            return None;
        }
        let region = self.region_flag();
        let choose = || {
            let family = self.incident.revision.as_ref().map(TaskDefinitionRevision::family);
            let family = family.unwrap_or(self.service().service());
            format!(
                "choose a revision that you know as good: aws ecs list-task-definitions --family-prefix {family} --sort DESC{region}"
            )
        };
        if let RollbackState::Refused(refusal)
        | RollbackState::Failed { why: Reason::Guard(refusal), .. } = &self.incident.rollback
        {
            match refusal {
                refusal if refusal.is_overtaken() => return None,
                Refusal::ForeignController(controller) => {
                    return Some(self.by_its_controller(controller));
                }
                Refusal::Express => return Some(self.express_by_hand(choose)),
                Refusal::NotActive(_) => return None,
                Refusal::FirstDeployment => return Some(self.without_earlier()),
                Refusal::TargetUnusable { revision, state: TargetState::Inactive } => {
                    return Some(format!(
                        "To go back by hand, register {revision} anew (it can still be read: aws ecs describe-task-definition --task-definition {revision}{region}), or {}",
                        choose(),
                    ));
                }
                Refusal::TargetUnusable { .. } => {
                    return Some(format!("To go back by hand, {}", choose()));
                }
                _ => {}
            }
        }
        if let Some(step) = self.image_by_hand().or_else(|| self.settings_by_hand()) {
            return Some(step);
        }
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let update = |revision: &TaskDefinitionRevision| {
            format!(
                "aws ecs update-service --cluster {cluster} --service {service} --task-definition {revision}{region}"
            )
        };
        Some(match (self.going_back_to(), self.not_failing_before()) {
            (Some(good), _) => format!("To go back to {good} by hand: {}", update(good)),
            (None, Some(before)) => format!(
                "To go back to {before} by hand (not proven, but Steady saw none of its tasks fail): {}",
                update(before),
            ),
            (None, None) => format!("To go back by hand, {}", choose()),
        })
    }

    /// Both revisions fail, or nothing becomes steady: a third one is a person's choice.
    fn after_no_help(
        &self,
        target: &TaskDefinitionRevision,
        mut steps: Vec<String>,
    ) -> Vec<String> {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        steps.insert(0, format!(
            "See what keeps {target} from being steady: aws ecs describe-services --cluster {cluster} --services {service} --query \"services[0].events[:10].message\"{region}",
        ));
        steps.push(format!(
            "Look for what {target} and {} share: a database, a secret, a network, an image tag",
            self.revision(),
        ));
        steps.push(format!(
            "Choose another revision that you know as good: aws ecs list-task-definitions --family-prefix {} --sort DESC{region}",
            target.family(),
        ));
        steps
    }

    fn was_rolled_back(&self) -> bool {
        matches!(
            self.incident.rollback,
            RollbackState::Decided { .. }
                | RollbackState::Failed { why: Reason::Unverified(_), .. }
        )
    }

    /// What a rollback left differing between the service and what believes to describe it.
    fn drift_when_over(&self) -> Vec<String> {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let mut steps = self.drift();
        steps.push(format!(
            "See what runs: aws ecs describe-services --cluster {cluster} --services {service} --query \"services[0].taskDefinition\"{}",
            self.region_flag(),
        ));
        if let RollbackState::Decided { begun: Some(begun), .. } = &self.incident.rollback {
            if !begun.restored.is_empty() {
                steps.push(format!(
                    "Your templates may still hold the other values of {}: their next run sets them again",
                    named(&begun.restored),
                ));
            }
            if !begun.not_restored.is_empty() {
                steps.push(format!(
                    "Set by hand what the rollback could not restore, if it matters: {}",
                    named(&begun.not_restored),
                ));
            }
        }
        steps
    }

    fn drift(&self) -> Vec<String> {
        if let Some(steps) = self.drift_of_settings() {
            return steps;
        }
        let revision = self.revision();
        vec![
            format!("Do not deploy {revision} again before that is mended"),
            format!(
                "Your pipeline and templates still name {revision}: their next run brings it back"
            ),
        ]
    }

    fn after(&self, resolution: &Resolution) -> Vec<String> {
        match resolution {
            // ECS's own rollbacks leave no less behind.
            Resolution::RollbackVerified { .. } => self.drift_when_over(),
            // ECS may go back without saying so in an event.
            Resolution::Ceased { .. } if self.was_rolled_back() => self.drift(),
            Resolution::Replaced { .. }
            | Resolution::Completed { .. }
            | Resolution::Behaved { .. }
            | Resolution::NotDone
            | Resolution::Deleted => vec!["Nothing needs to be done".to_owned()],
            Resolution::AlarmsOver { .. } => vec![format!(
                "Find out what set it off: {} was not changed, so it may come back",
                self.revision(),
            )],
            Resolution::Steady => self.after_environment(),
            Resolution::Ceased { .. } if self.is_environment() => self.after_environment(),
            Resolution::Ceased { .. } => vec![format!(
                "Find out what ended it: {} was not changed, so the cause may come back",
                self.revision(),
            )],
        }
    }

    // ---- links ----

    pub(super) fn links(&self) -> Vec<String> {
        let Some(region) = &self.record.region else {
            return vec![format!("incident {}", self.incident.id)];
        };
        let console = console(region);
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let base = format!("{console}/ecs/v2/clusters/{cluster}");
        let mut lines = vec![
            format!("service   {base}/services/{service}/health?region={region}"),
            format!("logs      {base}/services/{service}/logs?region={region}"),
        ];
        if let Some(stop) = self.main_cause().and_then(|(cause, ..)| self.stops_by(cause).pop()) {
            lines.push(format!("task      {base}/tasks/{}?region={region}", stop.task.id()));
        }
        lines.push(format!("incident  {}", self.incident.id));
        lines
    }

    pub(super) fn not_now(&self) -> Vec<String> {
        let coming = matches!(
            self.incident.rollback,
            RollbackState::Holding { .. }
                | RollbackState::Probing(_)
                | RollbackState::Decided { untaken: Some(_), .. }
        );
        if !coming || self.config.health.rollback != RollbackMode::Auto {
            return Vec::new();
        }
        vec![format!("rollback = \"off\" under [health] in {}.toml stops this", self.service())]
    }

    pub(super) fn region_flag(&self) -> String {
        self.record.region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default()
    }
}

/// A rollback that AWS has not taken.
fn untaken_told(at: Timestamp, action: &Action, why: &str) -> [String; 3] {
    let how = match action.path {
        Path::StopServiceDeployment => {
            format!("to stop deployment {} with rollback (StopServiceDeployment)", action.away_from)
        }
        Path::UpdateService => {
            format!("to update the service to {} (UpdateService)", action.target.revision)
        }
    };
    let until = at.saturating_add(GIVE_UP_AFTER).unwrap_or(at);
    [
        format!("{}: decided {how}, which AWS has not taken yet", words::clock(at)),
        quoted("AWS", why),
        format!(
            "It is tried again until {}; you are told when AWS takes it, and if it does not",
            words::clock(until),
        ),
    ]
}

/// What became of the service's other settings, and of others' deployments.
fn settings_told(begun: &Begun) -> Vec<String> {
    let mut lines = Vec::new();
    if !begun.restored.is_empty() {
        lines.push(format!("restored with it: {}", named(&begun.restored)));
    }
    if !begun.not_restored.is_empty() {
        let why = match &begun.settings_refused {
            Some(why) => format!(" ({})", quoted("AWS", why)),
            None => String::new(),
        };
        lines.push(format!("not restored: {}{why}", named(&begun.not_restored)));
    }
    if begun.settings_unread && begun.path == Some(Path::UpdateService) {
        lines.push(
            "only the task definition is restored: the service revision that was proven cannot be read, so its other settings are not known"
                .to_owned(),
        );
    }
    if begun.shift_minutes > 0 {
        lines.push(format!(
            "its traffic shift and bake time take about {} min, besides hooks",
            begun.shift_minutes,
        ));
    }
    if let Some(deployment) = &begun.replaced_by {
        lines.push(format!("deployment {deployment} began right after it, and has replaced it"));
    }
    if let Some(deployment) = &begun.ran_over {
        lines.push(format!(
            "deployment {deployment} began at that very moment and was run over; it is not put back, since its revision is known as bad"
        ));
    }
    lines
}

/// A first fix with the names in its commands: `--cluster CLUSTER` becomes `--cluster prod`.
pub(super) fn filled_in(fix: &str, cluster: &str, service: &str, task: &str) -> String {
    let word = |word| match word {
        "CLUSTER" => cluster,
        "SERVICE" => service,
        "TASK" => task,
        other => other,
    };
    fix.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
