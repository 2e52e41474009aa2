//! `ECS Hook State Change`.

use serde::Deserialize;

use super::raw::{Envelope, Text, filled};
use crate::name::{Arn, Interner, ServiceKey};

/// A lifecycle hook of a service deployment has changed its status (ECS developer guide, "Amazon ECS service deployment
/// hook state change events"). What it says of the hook is not read: an event may be late, and the hook answered by now,
/// so it is a reason to look.
///
/// ```json
/// {"detail-type": "ECS Hook State Change", "source": "aws.ecs", "time": "2026-11-21T02:20:41Z",
///  "resources": ["arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/AbCd"],
///  "detail": {"eventName": "HOOK_AWAITING_ACTION", "hookId": "ecs-pause-e7tK9G", "hookType": "PAUSE",
///             "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout", …}}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEvent {
    /// From the service deployment's ARN, else from `detail.serviceArn`; `None` where neither names a cluster and a
    /// service.
    pub service: Option<ServiceKey>,
    /// Whether it waits for ContinueServiceDeployment: `eventName` is `HOOK_AWAITING_ACTION`. Of the others nothing
    /// follows: a hook that runs, or has ended, is between its deployment and ECS.
    pub is_waiting: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    event_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    service_arn: Option<Text<'a>>,
}

pub(super) fn read(
    detail: &Detail<'_>,
    envelope: &Envelope<'_>,
    interner: &mut Interner,
) -> HookEvent {
    let deployment = envelope.resource().and_then(|arn| service_in(arn, "service-deployment"));
    let service = deployment.or_else(|| service_in(filled(&detail.service_arn)?, "service"));
    HookEvent {
        service: service.map(|(cluster, name)| interner.get(&format!("{cluster}/{name}")).into()),
        is_waiting: filled(&detail.event_name) == Some("HOOK_AWAITING_ACTION"),
    }
}

/// `arn:…:KIND/CLUSTER/SERVICE`, with or without an id behind it.
fn service_in<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.kind == kind)?;
    let mut names = arn.path.split('/').filter(|name| !name.is_empty());
    names.next().zip(names.next())
}
