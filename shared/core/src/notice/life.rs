//! What is told of a deployment's life: late ones, bad revisions that come back, tasks that do not start, and hooks that
//! wait for somebody.

use jiff::Timestamp;

use super::compose::{Telling, console, quoted};
use super::{Notice, Section, Severity, subject, words};
use crate::config::ServiceConfig;
use crate::incident::IncidentKind;
use crate::ledger::Deployment;
use crate::name::{DeploymentId, TaskDefinitionRevision, fnv1a};
use crate::port::{PauseHook, Stage};
use crate::record::Record;

impl Telling<'_> {
    /// A service that has the tasks it needs can wait until morning; if how many run is not known, it cannot.
    pub(super) fn severity(&self) -> Severity {
        let counted =
            self.incident.tasks.and_then(|tasks| Some((tasks.running, tasks.desired? as usize)));
        let has_enough = match (self.incident.is_now(), counted) {
            (IncidentKind::DeploymentStuck, Some((running, desired))) => running >= desired,
            // What cannot start takes nothing away yet: the others of it run on.
            (IncidentKind::Environment, Some((running, desired))) => running * 2 >= desired,
            (IncidentKind::BadRedeployed | IncidentKind::ByHand, _) => true,
            _ => false,
        };
        if has_enough { Severity::Warning } else { Severity::Critical }
    }

    /// The state, for kinds that come of a deployment's life.
    pub(super) fn life_summary(&self) -> String {
        let (service, revision) = (self.service(), self.revision());
        match self.incident.is_now() {
            IncidentKind::DeploymentStuck => {
                let began = self.deployment().map_or(self.incident.opened_at, Deployment::began);
                let lasts = words::duration(self.now.duration_since(began));
                format!(
                    "The deployment of {revision} to {service} is stuck: it has not ended for {lasts}."
                )
            }
            IncidentKind::BadRedeployed => {
                let when = self.rolled_back_at();
                let when =
                    when.map_or("before".to_owned(), |at| format!("at {}", words::clock(at)));
                format!("{revision} was rolled back {when}, and is deployed to {service} again.")
            }
            IncidentKind::Alarm => {
                let first = self.incident.alarms.first();
                let name = first.map_or("", |alarm| alarm.name.as_str());
                let began = self.deployment().map_or(self.incident.opened_at, Deployment::began);
                let since = first.map_or(self.incident.opened_at, |alarm| alarm.since);
                let after = words::duration(since.duration_since(began));
                format!(
                    "Alarm {} of {service} went off {after} after the deployment of {revision} began.",
                    words::cut(name, 255)
                )
            }
            _ => format!(
                "New tasks of {service} do not start, and as far as can be told that is not the doing of {revision}."
            ),
        }
    }

    fn rolled_back_at(&self) -> Option<Timestamp> {
        let of_it = |away: &DeploymentId| {
            let deployment = self.record.ledger.deployment(away);
            deployment.and_then(Deployment::revision) == self.incident.revision.as_ref()
        };
        let past =
            self.record.rollbacks.iter().filter(|past| past.away_from != self.incident.about);
        past.filter(|past| of_it(&past.away_from)).map(|past| past.at).max()
    }

    /// The alarms that went off, and those that are no evidence because they had before.
    pub(super) fn alarms(&self) -> Vec<String> {
        let began = self.deployment().map(Deployment::began);
        let counted = self.incident.alarms.iter().map(|alarm| {
            let after = began.map(|began| words::duration(alarm.since.duration_since(began)));
            let after = after.map(|after| format!(", {after} after the deployment began"));
            let said = alarm.reason.as_deref().map(|said| quoted("", said));
            let over = alarm.over_at.map(|at| format!("; over since {}", words::clock(at)));
            format!(
                "alarm {} went off at {}{}{}{}",
                words::cut(&alarm.name, 255),
                words::clock(alarm.since),
                after.unwrap_or_default(),
                said.unwrap_or_default(),
                over.unwrap_or_default(),
            )
        });
        let is_before = |since: Timestamp| began.is_some_and(|began| since <= began);
        let before = self.record.alarms.in_alarm().filter(|alarm| is_before(alarm.since));
        let before = before.map(|alarm| {
            format!(
                "not counted: alarm {} was in ALARM already when the deployment began (since {})",
                words::cut(&alarm.name, 255),
                words::clock(alarm.since),
            )
        });
        counted.chain(before).collect()
    }

    /// Where to look, for an alarm that tells no more than that it went off.
    pub(super) fn look_at_alarm(&self) -> Option<String> {
        let alarm = self.incident.alarms.first()?;
        let region = self.region_flag();
        Some(format!(
            "See what it measures: aws cloudwatch describe-alarms --alarm-names {}{region}",
            quoted_for_shell(&alarm.name),
        ))
    }

    /// Whether nothing but alarms speaks against the revision.
    pub(super) fn rests_on_alarms(&self) -> bool {
        self.incident.key1_turned_at.is_none() && !self.incident.alarms.is_empty()
    }

    pub(super) fn is_environment(&self) -> bool {
        self.incident.is_now() == IncidentKind::Environment
    }

    /// What the service scheduler says, where it could not even place tasks.
    pub(super) fn unplaced(&self) -> Option<String> {
        let placement = &self.record.placement;
        let times = u32::try_from(placement.failed_at.len()).ok().filter(|times| *times > 0)?;
        let reason = placement.reason.as_ref().map(|reason| words::said(reason, 200));
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("ECS could not place a task, {}{reason}", words::times(times)))
    }

    /// Where to look, if a deployment is late and no failed task tells why; or if tasks are not placed.
    pub(super) fn look_at_stuck(&self) -> Option<String> {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        if self.unplaced().is_some() {
            return Some(format!(
                "See what is missing (capacity, subnets, placement constraints): aws ecs describe-services --cluster {cluster} --services {service}{region} --query \"services[0].events[:5].message\""
            ));
        }
        let is_stuck = self.incident.is_now() == IncidentKind::DeploymentStuck;
        (is_stuck && self.main_cause().is_none()).then(|| {
            format!(
                "See what ECS waits for: aws ecs describe-services --cluster {cluster} --services {service}{region} --query \"services[0].events[:5].message\""
            )
        })
    }

    /// What a bad revision that is deployed again asks of its team.
    pub(super) fn let_it_prove(&self) -> Option<String> {
        let is_quiet = self.incident.is_now() == IncidentKind::BadRedeployed;
        is_quiet.then(|| {
            format!(
                "If what it failed for is mended elsewhere, let it be: it is taken for good once it has completed and behaved for {}",
                words::duration(self.config.health.soak),
            )
        })
    }

    pub(super) fn after_environment(&self) -> Vec<String> {
        vec!["Nothing needs to be done, if what was missing is known".to_owned()]
    }

    /// Going back where not ECS deploys.
    pub(super) fn by_its_controller(&self, controller: &str) -> String {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        let task_sets = format!(
            "aws ecs describe-services --cluster {cluster} --services {service}{region} --query \"services[0].taskSets\""
        );
        match controller {
            // TaskSet.externalId, API reference: "the externalId contains the CodeDeploy deployment ID".
            "CODE_DEPLOY" => format!(
                "To go back, while CodeDeploy is still at it: aws deploy stop-deployment --auto-rollback-enabled{region} --deployment-id with the externalId of the newest task set ({task_sets}); later, deploy the revision before with CodeDeploy"
            ),
            "EXTERNAL" => format!(
                "To go back: aws ecs update-service-primary-task-set --cluster {cluster} --service {service}{region} --primary-task-set with the id of the task set before ({task_sets})"
            ),
            other => format!("To go back, use what deploys it ({other})"),
        }
    }

    /// An Express service goes back by UpdateExpressGatewayService, which takes ARNs.
    pub(super) fn express_by_hand(&self, choose: impl Fn() -> String) -> String {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        let Some(target) = self.going_back_to() else {
            return format!(
                "To go back, {}, and hand it to aws ecs update-express-gateway-service as --task-definition-arn",
                choose(),
            );
        };
        format!(
            "To go back to {target}, unless its alarms have begun to: aws ecs update-express-gateway-service{region} --service-arn $(aws ecs describe-services --cluster {cluster} --services {service}{region} --query \"services[0].serviceArn\" --output text) --task-definition-arn $(aws ecs describe-task-definition --task-definition {target}{region} --query taskDefinition.taskDefinitionArn --output text)"
        )
    }

    /// There is nothing to go back to.
    pub(super) fn without_earlier(&self) -> String {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        let family = self.incident.revision.as_ref().map(TaskDefinitionRevision::family);
        let family = family.unwrap_or(service);
        format!(
            "Mend it and deploy a new revision; until then it can be set to no tasks: aws ecs update-service --cluster {cluster} --service {service} --desired-count 0{region}. If another revision ran here before Steady was installed, find it: aws ecs list-task-definitions --family-prefix {family} --sort DESC{region}"
        )
    }
}

/// A notice that a PAUSE hook waits, and that ECS soon takes the default action by itself.
pub fn of_pause_hook(
    record: &Record,
    deployment: &DeploymentId,
    stage: &Stage,
    hook: &PauseHook,
    config: &ServiceConfig,
    now: Timestamp,
) -> Notice {
    let service = &record.service;
    let revision = record.ledger.deployment(deployment).and_then(Deployment::revision).cloned();
    let what = revision.as_ref().map_or_else(|| deployment.to_string(), ToString::to_string);
    let region = record.region.as_ref().map(|region| format!(" --region {region}"));
    let command = format!(
        "aws ecs continue-service-deployment --service-deployment-arn {} --hook-id {}{} --action",
        stage.service_deployment,
        hook.id,
        region.unwrap_or_default(),
    );
    // ECS's own default is ROLLBACK (DeploymentLifecycleHook.timeoutConfiguration).
    let then = match hook.timeout_action.as_deref() {
        Some("CONTINUE") => "goes on with it",
        Some("ROLLBACK") | None => "rolls it back",
        Some(_) => "takes the hook's default action",
    };
    let until = hook.expires_at.map(words::clock);
    let until = until.unwrap_or_else(|| "some time".to_owned());
    let at = stage.name.as_deref().unwrap_or("a lifecycle hook");
    let tails = [
        format!("deployment of {what} waits for you until {until}"),
        format!("deployment waits for you until {until}"),
    ];
    let mut links = vec![format!("deployment {deployment}")];
    if let Some(region) = &record.region {
        links.push(format!(
            "service   {}/ecs/v2/clusters/{}/services/{}/deployments?region={region}",
            console(region),
            service.cluster(),
            service.service(),
        ));
    }
    Notice {
        id: format!("hook-{:016x}", fnv1a(hook.id.as_bytes())),
        stage: "hook-waiting",
        kind: "pause-hook",
        account: record.account.clone(),
        region: record.region.clone(),
        cluster: Some(service.cluster().to_owned()),
        service: Some(service.to_string()),
        team: config.team.clone(),
        deployment: Some(deployment.to_string()),
        revision,
        subject: subject(Severity::Warning, service.as_str(), &tails),
        summary: format!(
            "The deployment of {what} to {service} is paused at {at} and waits for somebody to let it go on. At {until} ECS {then} by itself."
        ),
        sections: vec![
            Section {
                label: "Done",
                lines: vec!["nothing: Steady leaves it to whoever set the hook".to_owned()],
            },
            Section {
                label: "You",
                lines: vec![
                    format!("To let it go on: {command} CONTINUE"),
                    format!("To roll it back now: {command} ROLLBACK"),
                ],
            },
            Section { label: "Links", lines: links },
        ],
        ..Notice::blank(Severity::Warning, now, &config.notify)
    }
}

/// A name as the shell takes it for one word.
pub(super) fn quoted_for_shell(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", words::cut(name, 255).replace('\'', "'\\''"))
}
