//! What an event says, as text to compare. Fields are taken apart by name, so that a new one cannot be forgotten.

use std::fmt::{Debug, Display};

use steady_core::event::{
    AlarmEvent, Body, Container, DeploymentEvent, Event, HookEvent, Owner, ParameterEvent,
    ServiceActionEvent, TaskEvent, TaskStatus,
};
use steady_core::name::FamilyKey;

fn or_dash<T: Display>(value: &Option<T>) -> String {
    value.as_ref().map_or("-".to_owned(), T::to_string)
}

/// Free text, with its line breaks and quotes visible.
fn text<T: Debug>(value: &Option<T>) -> String {
    value.as_ref().map_or("-".to_owned(), |text| format!("{text:?}"))
}

/// Everything.
pub(crate) fn whole(event: &Event) -> String {
    let Event { id, time, account, region, body } = event;
    let body = match body {
        Body::Task(event) => task(event),
        Body::Deployment(event) => deployment(event),
        Body::ServiceAction(event) => action(event),
        Body::Hook(event) => hook(event),
        Body::Alarm(event) => alarm(event),
        Body::Parameter(event) => parameter(event),
        Body::Other { detail_type } => format!("other {detail_type}"),
    };
    let (id, time) = (or_dash(id), or_dash(time));
    let (account, region) = (or_dash(account), or_dash(region));
    format!("{id} at {time} in {account} {region}\n{body}\n")
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Service(service) => format!("service {service}"),
        Owner::Standalone(FamilyKey { cluster, family }) => {
            format!("family {family} in {}", or_dash(cluster))
        }
        Owner::Unknown => "nobody's".to_owned(),
    }
}

fn task(event: &TaskEvent) -> String {
    let TaskEvent {
        task,
        owner: whose,
        deployment,
        revision,
        version,
        last_status,
        desired_status,
        created_at,
        started_at,
        stopping_at,
        execution_stopped_at,
        stop_code,
        stopped_reason,
        containers,
    } = event;
    let mut lines = vec![
        format!("task {task}"),
        format!(
            "{} | {} | {} | version {}",
            owner(whose),
            or_dash(revision),
            or_dash(deployment),
            or_dash(version)
        ),
        format!("{last_status:?}, wanted {desired_status:?}"),
        format!(
            "created {} started {} stopping {} ended {} ran {}",
            or_dash(created_at),
            or_dash(started_at),
            or_dash(stopping_at),
            or_dash(execution_stopped_at),
            event.ran().map_or("-".to_owned(), |ran| format!("{:?}", ran)),
        ),
        format!("code {} reason {}", or_dash(stop_code), text(stopped_reason)),
    ];
    for container in containers {
        let Container { name, exit_code, reason } = container;
        lines.push(format!(
            "container {} exit {} reason {}",
            or_dash(name),
            or_dash(exit_code),
            text(reason)
        ));
    }
    let says = [(event.is_running(), "is running"), (event.tells_of_stop(), "tells of a stop")];
    lines.extend(says.iter().filter(|(so, _)| *so).map(|(_, s)| format!("=> {s}")));
    lines.join("\n")
}

fn deployment(event: &DeploymentEvent) -> String {
    let DeploymentEvent { service, deployment, name, reason } = event;
    let rollback = if event.is_native_rollback() { "\n=> is a rollback of ECS's own" } else { "" };
    format!(
        "deployment {deployment} of {} {name:?}\nreason {}{rollback}",
        or_dash(service),
        text(reason)
    )
}

fn action(event: &ServiceActionEvent) -> String {
    let ServiceActionEvent { service, name, reason } = event;
    format!("service {} {name}\nreason {}", or_dash(service), text(reason))
}

fn hook(event: &HookEvent) -> String {
    let HookEvent { service, is_waiting } = event;
    let waits = if *is_waiting { "waits for somebody" } else { "waits for nobody" };
    format!("a hook of {} {waits}", or_dash(service))
}

fn alarm(event: &AlarmEvent) -> String {
    let AlarmEvent { name, state, changed_at, reason, previous } = event;
    format!(
        "alarm {name} {state:?} since {}, before {previous:?}\nreason {}",
        or_dash(changed_at),
        text(reason)
    )
}

fn parameter(event: &ParameterEvent) -> String {
    let what = if event.is_deleted { "deleted" } else { "written" };
    format!("parameter {} {what}", event.name)
}

/// Kind, whose, and where it stands, in one line.
pub(crate) fn brief(event: &Event) -> String {
    match &event.body {
        Body::Task(task) => {
            let whose = match &task.owner {
                Owner::Service(service) => service.to_string(),
                Owner::Standalone(FamilyKey { family, .. }) => format!("family {family}"),
                Owner::Unknown => "?".to_owned(),
            };
            let status = match (task.last_status, task.desired_status) {
                (last, TaskStatus::Running | TaskStatus::Unknown) => format!("{last:?}"),
                (last, desired) if last == desired => format!("{last:?}"),
                (last, desired) => format!("{last:?}/{desired:?}"),
            };
            let exits: Vec<String> = task
                .containers
                .iter()
                .filter_map(|container| container.exit_code)
                .map(|code| format!(" exit {code}"))
                .collect();
            let code = task.stop_code.as_ref().map_or(String::new(), |code| format!(" {code}"));
            format!("task {whose} {} {status}{code}{}", or_dash(&task.revision), exits.concat())
        }
        Body::Deployment(event) => {
            format!("deployment {} {:?}", or_dash(&event.service), event.name)
        }
        Body::ServiceAction(event) => format!("service {} {}", or_dash(&event.service), event.name),
        Body::Hook(event) => format!("hook {}", or_dash(&event.service)),
        Body::Alarm(event) => format!("alarm {} {:?}", event.name, event.state),
        Body::Parameter(event) => parameter(event),
        Body::Other { detail_type } => format!("other {detail_type}"),
    }
}
