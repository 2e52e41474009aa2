//! Recordings of our own: events as EventBridge delivers them, cut down to what matters.

#![allow(dead_code, reason = "each test crate makes recordings of its own kind")]

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

/// A time of the recordings' usual day, by its seconds since 02:00.
pub(crate) fn at(seconds: i64) -> Timestamp {
    time("2026-11-21T02:00:00Z", seconds)
}

/// So many seconds after a time.
pub(crate) fn time(from: &str, seconds: i64) -> Timestamp {
    let from: Timestamp = from.parse().unwrap();
    from + SignedDuration::from_secs(seconds)
}

/// Events as JSON lines.
pub(crate) fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// The envelope around a detail.
pub(crate) fn event(detail_type: &str, at: Timestamp, resource: &str, detail: Value) -> Value {
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-000000000000", at.as_second()),
        "detail-type": detail_type,
        "source": "aws.ecs",
        "account": ACCOUNT,
        "time": format!("{at:.0}"),
        "region": REGION,
        "resources": [resource],
        "detail": detail,
    })
}

fn arn(resource: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{resource}")
}

/// A deployment's event; `what` as in `SERVICE_DEPLOYMENT_…`.
pub(crate) fn deployment(service: &str, id: &str, what: &str, at: Timestamp) -> Value {
    let words = what.to_lowercase().replace('_', " ");
    deployment_because(service, id, what, at, &format!("ECS deployment {id} {words}."))
}

/// As [`deployment`], with ECS's reason.
pub(crate) fn deployment_because(
    service: &str,
    id: &str,
    what: &str,
    at: Timestamp,
    reason: &str,
) -> Value {
    event(
        "ECS Deployment State Change",
        at,
        &arn(&format!("service/prod/{service}")),
        json!({
            "eventType": if what == "FAILED" { "ERROR" } else { "INFO" },
            "eventName": format!("SERVICE_DEPLOYMENT_{what}"),
            "deploymentId": id,
            "updatedAt": at.to_string(),
            "reason": reason,
        }),
    )
}

/// The scheduler's word that all is well, which decides nothing and moves the clock.
pub(crate) fn steady_state(service: &str, at: Timestamp) -> Value {
    scheduler_says(service, ("INFO", "SERVICE_STEADY_STATE"), None, at)
}

/// `ECS Service Action`, by its `eventType` and `eventName`.
pub(crate) fn scheduler_says(
    service: &str,
    (kind, name): (&str, &str),
    reason: Option<&str>,
    at: Timestamp,
) -> Value {
    let mut detail = json!({
        "eventType": kind,
        "eventName": name,
        "clusterArn": arn("cluster/prod"),
        "createdAt": at.to_string(),
    });
    if let Some(reason) = reason {
        detail["reason"] = reason.into();
    }
    event("ECS Service Action", at, &arn(&format!("service/prod/{service}")), detail)
}

/// How a task ends.
#[derive(Clone, Copy)]
pub(crate) struct End {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) exit: i64,
}

/// Its process gives up.
pub(crate) const EXIT_1: End =
    End { code: "EssentialContainerExited", reason: "Essential container in task exited", exit: 1 };

/// Its process is done.
pub(crate) const EXIT_0: End = End { exit: 0, ..EXIT_1 };

/// A newer deployment takes its place.
pub(crate) const REPLACED: End = End {
    code: "ServiceSchedulerInitiated",
    reason: "Scaling activity initiated by (deployment ecs-svc/77)",
    exit: 143,
};

/// One task of a service or of a family.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) revision: String,
    pub(crate) started_by: String,
    pub(crate) started: Timestamp,
}

impl Task {
    /// Of a service: `revision` as `family:number`.
    pub(crate) fn of_service(
        service: &str,
        revision: &str,
        deployment: &str,
        started: Timestamp,
        number: u32,
    ) -> Self {
        Self {
            id: format!("{number:08x}{:024x}", started.as_second()),
            group: format!("service:{service}"),
            revision: revision.to_owned(),
            started_by: deployment.to_owned(),
            started,
        }
    }

    /// Of no service, by RunTask.
    pub(crate) fn of_family(family: &str, started: Timestamp, number: u32) -> Self {
        Self {
            id: format!("{number:08x}{:024x}", started.as_second()),
            group: format!("family:{family}"),
            revision: format!("{family}:3"),
            started_by: "events-rule/nightly".to_owned(),
            started,
        }
    }

    pub(crate) fn arn(&self) -> String {
        arn(&format!("task/prod/{}", self.id))
    }

    fn event(&self, status: &str, version: u64, at: Timestamp, more: Value) -> Value {
        let stops = more.get("stopCode").is_some();
        let mut detail = json!({
            "clusterArn": arn("cluster/prod"),
            "containers": [{"name": "app", "lastStatus": status}],
            "createdAt": (self.started - SignedDuration::from_secs(30)).to_string(),
            "desiredStatus": if stops { "STOPPED" } else { "RUNNING" },
            "group": self.group,
            "lastStatus": status,
            "startedBy": self.started_by,
            "taskArn": self.arn(),
            "taskDefinitionArn": arn(&format!("task-definition/{}", self.revision)),
            "updatedAt": at.to_string(),
            "version": version,
        });
        for (key, value) in more.as_object().unwrap() {
            detail[key] = value.clone();
        }
        event("ECS Task State Change", at, &self.arn(), detail)
    }

    /// Up to RUNNING.
    pub(crate) fn starts(&self) -> Vec<Value> {
        let before = self.started - SignedDuration::from_secs(20);
        let started = json!({"startedAt": self.started.to_string()});
        vec![
            self.event("PENDING", 2, before, json!({})),
            self.event("RUNNING", 4, self.started, started),
        ]
    }

    /// From the first word of its end to STOPPED. Exit codes come with the second word.
    pub(crate) fn ends(&self, at: Timestamp, end: End) -> Vec<Value> {
        let told = |status: &str, version: u64, after: i64, exit: Option<i64>| {
            let container = json!({"name": "app", "lastStatus": status, "exitCode": exit});
            let more = json!({
                "containers": [container],
                "startedAt": self.started.to_string(),
                "stoppingAt": at.to_string(),
                "stopCode": end.code,
                "stoppedReason": end.reason,
            });
            self.event(status, version, at + SignedDuration::from_secs(after), more)
        };
        vec![told("DEPROVISIONING", 6, 0, Some(end.exit)), told("STOPPED", 7, 17, Some(end.exit))]
    }

    /// As [`Self::ends`] behind a load balancer: the first word comes before there is an exit code.
    pub(crate) fn drains(&self, at: Timestamp, end: End) -> Vec<Value> {
        let mut events = self.ends(at, end);
        let mut first = events[0].clone();
        first["detail"]["lastStatus"] = "DEACTIVATING".into();
        first["detail"]["version"] = 5.into();
        first["detail"]["containers"] = json!([{"name": "app", "lastStatus": "STOPPED"}]);
        events[0]["time"] = format!("{:.0}", at + SignedDuration::from_secs(4)).into();
        events.insert(0, first);
        events
    }

    /// All of its events, when it ran for so many seconds.
    pub(crate) fn life(&self, seconds: i64, end: End) -> Vec<Value> {
        let mut events = self.starts();
        events.extend(self.ends(self.started + SignedDuration::from_secs(seconds), end));
        events
    }
}

/// Revision 41 has been deployed and is proven after its soak of ten minutes: deployment `ecs-svc/1` from
/// second 0, complete at 150, four tasks, one of which is scaled in at 300.
pub(crate) fn healthy_deployment(service: &str) -> Vec<Value> {
    let mut events = vec![deployment(service, "ecs-svc/1", "IN_PROGRESS", at(0))];
    for number in 0..4 {
        events.extend(healthy_task(service, number).starts());
    }
    events.extend(healthy_task(service, 3).ends(at(300), REPLACED));
    events.push(deployment(service, "ecs-svc/1", "COMPLETED", at(150)));
    events.push(steady_state(service, at(150)));
    events
}

/// One of the tasks of [`healthy_deployment`].
pub(crate) fn healthy_task(service: &str, number: u32) -> Task {
    let started = at(40 + i64::from(number));
    Task::of_service(service, &format!("{service}:41"), "ecs-svc/1", started, number)
}

/// Revision 42 from second 3600 on, as deployment `ecs-svc/2`: its tasks start every 20 s and exit 1 after
/// 8 s. `tasks` says which of them are in the recording.
pub(crate) fn restart_loop(service: &str, tasks: Range<u32>) -> Vec<Value> {
    let mut events = vec![deployment(service, "ecs-svc/2", "IN_PROGRESS", at(3600))];
    let revision = format!("{service}:42");
    for number in tasks {
        let started = at(3640 + 20 * i64::from(number));
        let task = Task::of_service(service, &revision, "ecs-svc/2", started, 100 + number);
        events.extend(task.life(8, EXIT_1));
    }
    events
}

/// One failed task of a family, a minute after the one before: one line in the timeline, for its last event.
pub(crate) fn failed(number: u32) -> Value {
    let started = at(60 * i64::from(number));
    let mut events = Task::of_family("import", started, number).ends(started, EXIT_1);
    events.pop().unwrap()
}
