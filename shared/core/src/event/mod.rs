//! EventBridge JSON into our own events.
//!
//! Lenient to AWS: every field may be missing or null, unknown fields and values pass. What cannot be used
//! says which field and why ([`EventError`]). The facts about what ECS sends, and when, come from the ECS
//! developer guide ("Amazon ECS events") and from published recordings; each type names what it relies on.
//!
//! The detail is read as the type that the envelope names, and not at all if that is not ours: an event of
//! somebody else's, whatever its shape, never fails here.

mod alarm;
mod hook;
mod parameter;
mod raw;
mod service;
mod task;

use std::cmp::Ordering;

use jiff::Timestamp;
use thiserror::Error;

pub use alarm::{AlarmEvent, AlarmState};
pub use hook::HookEvent;
pub use parameter::{ConfigFile, ParameterEvent};
pub use service::{DeploymentEvent, DeploymentEventName, ServiceActionEvent};
pub use task::{Container, Owner, TaskEvent, TaskStatus};

use crate::name::{Account, FamilyKey, Interner, Region, ServiceKey};

/// An event in our own words.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// EventBridge's id, unique per event but repeated when an event is delivered twice. `None` in samples
    /// trimmed by their publishers.
    pub id: Option<Box<str>>,
    /// When it happened, in whole seconds: for task events the truncated `updatedAt`. `None` as above.
    pub time: Option<Timestamp>,
    /// The account it belongs to; read from the resource's ARN where the envelope lacks it.
    pub account: Option<Account>,
    /// The region, likewise.
    pub region: Option<Region>,
    /// What it says.
    pub body: Body,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `ECS Task State Change`
    Task(Box<TaskEvent>),
    /// `ECS Deployment State Change`
    Deployment(DeploymentEvent),
    /// `ECS Service Action`
    ServiceAction(ServiceActionEvent),
    /// `ECS Hook State Change`
    Hook(HookEvent),
    /// `CloudWatch Alarm State Change`
    Alarm(Box<AlarmEvent>),
    /// `Parameter Store Change`
    Parameter(ParameterEvent),
    /// Anything else, which Steady has no use for.
    Other {
        /// The envelope's `detail-type`.
        detail_type: Box<str>,
    },
}

/// Why an event cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    /// The text is not JSON, or ends too early.
    #[error("not JSON: {0}")]
    Json(String),
    /// The text is JSON, but not an object.
    #[error("not an event: {0}")]
    NotAnObject(String),
    /// A field holds something else than it should.
    #[error("`{field}`: {problem}")]
    Field {
        /// Path of the field: `detail.containers[0].exitCode`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A field that nothing can be done without is missing or null.
    #[error("`{field}` is missing, so {consequence}")]
    Missing {
        /// Path of the field.
        field: &'static str,
        /// What cannot be known then.
        consequence: &'static str,
    },
}

/// Reads one event from its JSON text.
///
/// ```
/// use steady_core::event::{self, Body};
/// use steady_core::name::Interner;
/// let text = br#"{"detail-type": "ECS Deployment State Change", "time": "2026-11-21T02:11:00Z",
///     "resources": ["arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout"],
///     "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": "ecs-svc/5830167122874509811"}}"#;
/// let event = event::parse(text, &mut Interner::default()).unwrap();
/// let Body::Deployment(deployment) = event.body else { panic!() };
/// assert_eq!(deployment.service.unwrap().as_str(), "prod/checkout");
/// ```
///
/// # Errors
/// [`EventError::Json`] and [`EventError::NotAnObject`] for text that is not one JSON object,
/// [`EventError::Field`] for a field of the wrong type or an unreadable time, [`EventError::Missing`] where a
/// field is missing that nothing can replace.
pub fn parse(text: &[u8], interner: &mut Interner) -> Result<Event, EventError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        EventError::Json(format!("not UTF-8 after {} bytes", error.valid_up_to()))
    })?;
    let mut envelope: raw::Envelope<'_> = raw::read(text, "")?;
    let detail = envelope.read_detail()?;
    let detail_type = envelope.detail_type.as_ref().ok_or(EventError::Missing {
        field: "detail-type",
        consequence: "it cannot be told what kind of event this is",
    })?;
    let body = match detail {
        _ if is_foreign(&envelope, detail_type.as_str()) => {
            Body::Other { detail_type: detail_type.as_str().into() }
        }
        Some(raw::Detail::Task(detail)) => {
            Body::Task(Box::new(task::read(&detail, &envelope, interner)?))
        }
        Some(raw::Detail::Service(detail)) => {
            if detail_type.as_str() == "ECS Service Action" {
                Body::ServiceAction(service::read_action(&detail, &envelope, interner)?)
            } else {
                Body::Deployment(service::read_deployment(&detail, &envelope, interner)?)
            }
        }
        Some(raw::Detail::Hook(detail)) => Body::Hook(hook::read(&detail, &envelope, interner)),
        Some(raw::Detail::Alarm(detail)) => Body::Alarm(Box::new(alarm::read(detail, interner)?)),
        Some(raw::Detail::Parameter(detail)) => {
            Body::Parameter(parameter::read(&detail, interner)?)
        }
        Some(raw::Detail::Other | raw::Detail::Unread(_)) | None => {
            return Err(EventError::Missing {
                field: "detail",
                consequence: "the event says nothing",
            });
        }
    };
    let arn = envelope.resource().and_then(crate::name::Arn::parse);
    let account = raw::filled(&envelope.account).or(arn.map(|arn| arn.account));
    let region = raw::filled(&envelope.region).or(arn.map(|arn| arn.region));
    let present = |text: &&str| !text.is_empty();
    Ok(Event {
        id: envelope.id.as_ref().map(|id| id.as_str().into()),
        time: raw::time(&envelope.time, "time")?,
        account: account.filter(present).map(|text| interner.get(text).into()),
        region: region.filter(present).map(|text| interner.get(text).into()),
        body,
    })
}

/// Whether somebody else says what only AWS can say. Whoever may call PutEvents can choose any `detail-type`, but
/// no `source` that begins with `aws.` (PutEvents in the EventBridge API reference). Trimmed samples lack it.
fn is_foreign(envelope: &raw::Envelope<'_>, detail_type: &str) -> bool {
    let ours = match raw::DetailKind::of(detail_type) {
        raw::DetailKind::Task | raw::DetailKind::Service | raw::DetailKind::Hook => "aws.ecs",
        raw::DetailKind::Alarm => "aws.cloudwatch",
        raw::DetailKind::Parameter => "aws.ssm",
        raw::DetailKind::Other => return true,
    };
    raw::filled(&envelope.source).is_some_and(|source| source != ours)
}

/// Whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern<'a> {
    /// A service: one of its tasks stops, or it is deployed, or ECS says something of it.
    Service(&'a ServiceKey),
    /// A task of no service has failed.
    Standalone(&'a FamilyKey),
    /// The services whose config names the alarm: [`crate::port::FindByAlarm`].
    Alarm(&'a AlarmEvent),
    /// Whoever the parameter is config of, if it is: [`ParameterEvent::config_file`].
    Parameter(&'a ParameterEvent),
    /// Nobody: nothing follows from it (a task that starts or runs, say).
    Nobody,
    /// Somebody, and it cannot be told whom; or nothing that Steady has a use for. Why.
    Unused(String),
}

fn of_service(service: &Option<ServiceKey>) -> Concern<'_> {
    service.as_ref().map_or_else(
        || {
            let why = "`resources[0]` is a service ARN without its cluster, and `detail.clusterArn` is missing";
            Concern::Unused(why.to_owned())
        },
        Concern::Service,
    )
}

impl Event {
    /// Whom it concerns.
    pub fn concern(&self) -> Concern<'_> {
        match &self.body {
            Body::Task(task) => match &task.owner {
                Owner::Service(service) if task.tells_of_stop() => Concern::Service(service),
                Owner::Standalone(family) if crate::standalone::concerns(task) => {
                    Concern::Standalone(family)
                }
                Owner::Unknown if task.tells_of_stop() => {
                    Concern::Unused("`detail.group` does not tell whose task it is".to_owned())
                }
                _ => Concern::Nobody,
            },
            Body::Deployment(DeploymentEvent { service, .. })
            | Body::ServiceAction(ServiceActionEvent { service, .. }) => of_service(service),
            Body::Hook(hook) if !hook.is_waiting => Concern::Nobody,
            Body::Hook(HookEvent { service, .. }) => service.as_ref().map_or_else(
                || {
                    let why = "neither `resources[0]` nor `detail.serviceArn` names a cluster and a service";
                    Concern::Unused(why.to_owned())
                },
                Concern::Service,
            ),
            Body::Alarm(alarm) if crate::alarm::is_of_scaling(&alarm.name) => Concern::Nobody,
            Body::Alarm(alarm) => Concern::Alarm(alarm),
            Body::Parameter(parameter) => Concern::Parameter(parameter),
            Body::Other { detail_type } => {
                Concern::Unused(format!("`{detail_type}` is of no use to Steady"))
            }
        }
    }

    /// An order for events of the same second, in which ECS's own is arbitrary (a recorded COMPLETED comes before
    /// STEADY_STATE, and the other way round): what begins, then tasks, then what ends. Events that it calls equal
    /// are one event delivered twice, wherever events have ids.
    pub fn within_second(&self, other: &Self) -> Ordering {
        self.rank()
            .cmp(&other.rank())
            .then_with(|| match (&self.body, &other.body) {
                (Body::Task(a), Body::Task(b)) => {
                    (&a.task, a.version, a.last_status).cmp(&(&b.task, b.version, b.last_status))
                }
                (Body::Deployment(a), Body::Deployment(b)) => {
                    (&a.service, &a.deployment).cmp(&(&b.service, &b.deployment))
                }
                (Body::ServiceAction(a), Body::ServiceAction(b)) => {
                    (&a.service, &a.name).cmp(&(&b.service, &b.name))
                }
                (Body::Hook(a), Body::Hook(b)) => {
                    (&a.service, a.is_waiting).cmp(&(&b.service, b.is_waiting))
                }
                (Body::Alarm(a), Body::Alarm(b)) => {
                    (&a.name, a.changed_at).cmp(&(&b.name, b.changed_at))
                }
                (Body::Parameter(a), Body::Parameter(b)) => {
                    (&a.name, a.is_deleted).cmp(&(&b.name, b.is_deleted))
                }
                (Body::Other { detail_type: a }, Body::Other { detail_type: b }) => a.cmp(b),
                _ => Ordering::Equal,
            })
            // Whose recording it is, is settled by its first event.
            .then_with(|| (&self.account, &self.region).cmp(&(&other.account, &other.region)))
            .then_with(|| self.id.cmp(&other.id))
    }

    fn rank(&self) -> u8 {
        match &self.body {
            Body::Deployment(deployment) => match deployment.name {
                DeploymentEventName::InProgress => 0,
                DeploymentEventName::Completed => 2,
                DeploymentEventName::Failed => 3,
                DeploymentEventName::Other(_) => 4,
            },
            Body::Task(_) => 1,
            Body::ServiceAction(_) => 5,
            Body::Hook(_) => 6,
            Body::Alarm(_) => 7,
            Body::Parameter(_) => 8,
            Body::Other { .. } => 9,
        }
    }
}
