//! Application Auto Scaling: what is live of a service's scaling, and the calls that change it.
//!
//! Shapes, limits and errors are those of the Application Auto Scaling API reference, on the page of each action named here.
//! What to change is decided in the core; every change is one call, tried once (see [`crate::client`]). CloudWatch's alarms are
//! in [`crate::alarms`], and the whole account at once in `scaling/account.rs`.

mod account;
pub(crate) mod objects;
pub(crate) mod pages;

pub use account::AccountScaling;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use jiff::Timestamp;
use steady_core::name::ServiceKey;
use steady_core::port::{ChangeScaling, Page, PortError, ReadActivities, ReadScaling};
use steady_core::scaling::{
    LivePolicy, LiveScaling, LiveTarget, ScalableTarget, ScalingActivity, ScalingAnswer,
    ScalingCall, ScheduledAction, Suspended, TARGET_TAG,
};

use crate::alarms::Alarms;
use crate::error::{port_error, unclear};
use objects::{date_time, int, resource};
use pages::{Pace, all};

const NAMESPACE: ServiceNamespace = ServiceNamespace::Ecs;
const DIMENSION: ScalableDimension = ScalableDimension::EcsServiceDesiredCount;

/// Asks for a page of a list, of a service or of the whole account. The SDK has a type for each list, with the same setters
/// and no trait for them.
macro_rules! page {
    ($call:literal, $asked:expr, $service:expr, $token:expr) => {
        $asked
            .service_namespace(NAMESPACE)
            .set_scalable_dimension($service.map(|_| DIMENSION))
            .set_next_token($token)
            .send()
            .await
            .map_err(|error| port_error($call, error))
    };
}

/// The scaling of one account and region.
#[derive(Debug, Clone)]
pub struct Scaling {
    reads: Client,
    /// One attempt per call, see [`crate::client`].
    changes: Client,
    alarms: Alarms,
    ecs: aws_sdk_ecs::Client,
}

impl Scaling {
    pub(crate) fn new(
        reads: Client,
        changes: Client,
        alarms: Alarms,
        ecs: aws_sdk_ecs::Client,
    ) -> Self {
        Self { reads, changes, alarms, ecs }
    }

    /// A page of the account's targets, or the one of a service.
    async fn targets(
        &self,
        service: Option<&ServiceKey>,
        token: Option<String>,
    ) -> Result<Page<(ServiceKey, LiveTarget)>, PortError> {
        let asked = self
            .reads
            .describe_scalable_targets()
            .set_resource_ids(service.map(|service| vec![resource(service)]));
        let answer = page!("DescribeScalableTargets", asked, service, token)?;
        let items = answer.scalable_targets().iter().filter_map(objects::live_target).collect();
        Ok(Page { items, next: answer.next_token })
    }

    /// A page of the account's policies, or of a service's.
    async fn policies(
        &self,
        service: Option<&ServiceKey>,
        token: Option<String>,
    ) -> Result<Page<(ServiceKey, LivePolicy)>, PortError> {
        let asked = self.reads.describe_scaling_policies().set_resource_id(service.map(resource));
        let answer = page!("DescribeScalingPolicies", asked, service, token)?;
        let items = answer.scaling_policies().iter().filter_map(objects::live_policy).collect();
        Ok(Page { items, next: answer.next_token })
    }

    /// A page of the account's scheduled actions, or of a service's.
    async fn scheduled(
        &self,
        service: Option<&ServiceKey>,
        token: Option<String>,
    ) -> Result<Page<(ServiceKey, ScheduledAction)>, PortError> {
        let asked = self.reads.describe_scheduled_actions().set_resource_id(service.map(resource));
        let answer = page!("DescribeScheduledActions", asked, service, token)?;
        let items = answer.scheduled_actions().iter().filter_map(objects::scheduled_action);
        Ok(Page { items: items.collect(), next: answer.next_token })
    }

    async fn tags(
        &self,
        arn: &str,
    ) -> Result<std::collections::BTreeMap<String, String>, PortError> {
        let answer = self.reads.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = answer.map_err(|error| port_error("ListTagsForResource", error))?;
        Ok(answer.tags.unwrap_or_default().into_iter().collect())
    }

    /// Of services of one cluster, at most ten; `None` for those that are not ACTIVE, or that ECS does not know.
    async fn desired_counts(
        &self,
        services: &[&ServiceKey],
    ) -> Result<Vec<Option<u32>>, PortError> {
        const CALL: &str = "DescribeServices";
        let Some(cluster) = services.first().map(|service| service.cluster()) else {
            return Ok(Vec::new());
        };
        let names = services.iter().map(|service| service.service().to_owned()).collect();
        let asked = self.ecs.describe_services().cluster(cluster).set_services(Some(names));
        let answer = match asked.send().await {
            Ok(answer) => answer,
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_cluster_not_found_exception()) =>
            {
                return Ok(vec![None; services.len()]);
            }
            Err(error) => return Err(port_error(CALL, error)),
        };
        crate::ecs::only_missing(CALL, answer.failures())?;
        let count = |service: &&ServiceKey| {
            let mut found = answer.services().iter();
            let found = found.find(|one| one.service_name() == Some(service.service()))?;
            (found.status() == Some("ACTIVE"))
                .then(|| u32::try_from(found.desired_count()).ok())
                .flatten()
        };
        Ok(services.iter().map(count).collect())
    }
}

impl ReadScaling for Scaling {
    async fn live_scaling(&self, service: &ServiceKey) -> Result<LiveScaling, PortError> {
        let targets = all(Pace::NONE, |token| self.targets(Some(service), token)).await?;
        let target = targets.into_iter().map(|(_, target)| target).next();
        let mut live = LiveScaling::default();
        // Policies and scheduled actions go with their target.
        if let Some(mut target) = target {
            if let Some(arn) = &target.arn {
                target.tags = Some(self.tags(arn).await?);
            }
            live.target = Some(target);
            let policies = all(Pace::NONE, |token| self.policies(Some(service), token)).await?;
            live.policies = policies.into_iter().map(|(_, policy)| policy).collect();
            let scheduled = all(Pace::NONE, |token| self.scheduled(Some(service), token)).await?;
            live.scheduled = scheduled.into_iter().map(|(_, action)| action).collect();
        }
        live.alarms = self.alarms.of_service(service).await?;
        live.desired_count = self.desired_counts(&[service]).await?.into_iter().next().flatten();
        sort(&mut live);
        Ok(live)
    }
}

/// By name, whatever order AWS tells them in.
fn sort(live: &mut LiveScaling) {
    live.policies.sort_by(|a, b| a.policy.name.cmp(&b.policy.name));
    live.scheduled.sort_by(|a, b| a.name.cmp(&b.name));
    live.alarms.sort_by(|a, b| a.name.cmp(&b.name));
}

impl ChangeScaling for Scaling {
    async fn change_scaling(
        &self,
        service: &ServiceKey,
        call: &ScalingCall,
    ) -> Result<ScalingAnswer, PortError> {
        match call {
            ScalingCall::RegisterScalableTarget { target, is_new } => {
                self.register(service, target, *is_new).await?;
            }
            ScalingCall::TagTarget { arn } => {
                let tagged = self
                    .changes
                    .tag_resource()
                    .resource_arn(arn)
                    .tags(TARGET_TAG, service.as_str());
                tagged.send().await.map_err(|error| port_error("TagResource", error))?;
            }
            ScalingCall::UntagTarget { arn } => {
                let untagged =
                    self.changes.untag_resource().resource_arn(arn).tag_keys(TARGET_TAG).send();
                gone_is_done("UntagResource", untagged.await, |error| {
                    error.is_resource_not_found_exception()
                })?;
            }
            ScalingCall::PutScalingPolicy(policy) => {
                const CALL: &str = "PutScalingPolicy";
                let put = self
                    .changes
                    .put_scaling_policy()
                    .service_namespace(NAMESPACE)
                    .resource_id(resource(service))
                    .scalable_dimension(DIMENSION)
                    .policy_name(&policy.name);
                let put = objects::with_config(put, &policy.config)?;
                let answer = put.send().await.map_err(|error| port_error(CALL, error))?;
                let policy_arn = Some(answer.policy_arn).filter(|arn| !arn.is_empty());
                if policy_arn.is_none() {
                    return Err(unclear(CALL, "an answer without the policy's ARN"));
                }
                return Ok(ScalingAnswer { policy_arn });
            }
            ScalingCall::DeleteScalingPolicy { name } => {
                let deleted = self
                    .changes
                    .delete_scaling_policy()
                    .service_namespace(NAMESPACE)
                    .resource_id(resource(service))
                    .scalable_dimension(DIMENSION)
                    .policy_name(name)
                    .send();
                gone_is_done("DeleteScalingPolicy", deleted.await, |error| {
                    error.is_object_not_found_exception()
                })?;
            }
            ScalingCall::PutScheduledAction(action) => self.put_scheduled(service, action).await?,
            ScalingCall::DeleteScheduledAction { name } => {
                let deleted = self
                    .changes
                    .delete_scheduled_action()
                    .service_namespace(NAMESPACE)
                    .resource_id(resource(service))
                    .scalable_dimension(DIMENSION)
                    .scheduled_action_name(name)
                    .send();
                gone_is_done("DeleteScheduledAction", deleted.await, |error| {
                    error.is_object_not_found_exception()
                })?;
            }
            ScalingCall::PutMetricAlarm(alarm) => self.alarms.put(alarm).await?,
            ScalingCall::DeleteAlarm { name } => self.alarms.delete(name).await?,
        }
        Ok(ScalingAnswer::default())
    }
}

impl Scaling {
    async fn register(
        &self,
        service: &ServiceKey,
        target: &ScalableTarget,
        is_new: bool,
    ) -> Result<(), PortError> {
        let Suspended { dynamic_scaling_in, dynamic_scaling_out, scheduled_scaling } =
            target.suspended;
        let suspended = SuspendedState::builder()
            .dynamic_scaling_in_suspended(dynamic_scaling_in)
            .dynamic_scaling_out_suspended(dynamic_scaling_out)
            .scheduled_scaling_suspended(scheduled_scaling)
            .build();
        let mut registered = self
            .changes
            .register_scalable_target()
            .service_namespace(NAMESPACE)
            .resource_id(resource(service))
            .scalable_dimension(DIMENSION)
            .min_capacity(int(target.bounds.min))
            .max_capacity(int(target.bounds.max))
            .suspended_state(suspended);
        if is_new {
            registered = registered.tags(TARGET_TAG, service.as_str());
        }
        let answer = registered.send().await;
        answer.map(drop).map_err(|error| port_error("RegisterScalableTarget", error))
    }

    /// With all that it holds: a start or end that is not named is deleted, but a time zone that is not named stays, so UTC is
    /// named.
    async fn put_scheduled(
        &self,
        service: &ServiceKey,
        action: &ScheduledAction,
    ) -> Result<(), PortError> {
        let answer = self
            .changes
            .put_scheduled_action()
            .service_namespace(NAMESPACE)
            .resource_id(resource(service))
            .scalable_dimension(DIMENSION)
            .scheduled_action_name(&action.name)
            .schedule(&action.schedule)
            .timezone(action.timezone.as_deref().unwrap_or("UTC"))
            .set_start_time(action.start.map(date_time))
            .set_end_time(action.end.map(date_time))
            .scalable_target_action(objects::target_action(action))
            .send()
            .await;
        answer.map(drop).map_err(|error| port_error("PutScheduledAction", error))
    }
}

/// To delete what is gone already is done.
pub(crate) fn gone_is_done<T, E>(
    call: &'static str,
    answer: Result<
        T,
        aws_smithy_runtime_api::client::result::SdkError<
            E,
            aws_smithy_runtime_api::client::orchestrator::HttpResponse,
        >,
    >,
    is_gone: impl Fn(&E) -> bool,
) -> Result<(), PortError>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata
        + std::error::Error
        + Send
        + Sync
        + 'static,
{
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(is_gone) => Ok(()),
        Err(error) => Err(port_error(call, error)),
    }
}

impl ReadActivities for Scaling {
    async fn scaling_activities(
        &self,
        service: &ServiceKey,
        since: Timestamp,
    ) -> Result<Vec<ScalingActivity>, PortError> {
        let (mut activities, mut token) = (Vec::new(), None);
        loop {
            let asked = self
                .reads
                .describe_scaling_activities()
                .resource_id(resource(service))
                .include_not_scaled_activities(true);
            let answer = page!("DescribeScalingActivities", asked, Some(service), token)?;
            let page: Vec<ScalingActivity> =
                answer.scaling_activities().iter().filter_map(objects::activity).collect();
            // The newest come first: a page that reaches further back is the last one that counts.
            let reaches_back = page.iter().any(|activity| activity.started_at < since);
            activities.extend(page.into_iter().filter(|activity| activity.started_at >= since));
            token = answer.next_token.filter(|_| !reaches_back);
            if token.is_none() {
                activities.sort_by_key(|activity| std::cmp::Reverse(activity.started_at));
                return Ok(activities);
            }
        }
    }
}
