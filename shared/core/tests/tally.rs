//! What is counted of what the functions do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end at a surprise")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use steady_core::event::{self, Body, Event};
use steady_core::incident::{IncidentKind, Resolution};
use steady_core::ledger::TaskStop;
use steady_core::name::Interner;
use steady_core::report::{Because, Entry, What};
use steady_core::rollback::{Action, Reason, Refusal, Unverified};
use steady_core::scaling::{Object, ObjectKind, ScalingTaken};
use steady_core::tally::{Metric, Tally};

fn now() -> Timestamp {
    "2026-11-21T02:11:05.250Z".parse().unwrap()
}

/// A task of checkout that stopped, as ECS tells it.
fn stopped(stop_code: &str, stopped_reason: &str, exit_code: u8) -> Event {
    let text = format!(
        r#"{{"id": "e1", "detail-type": "ECS Task State Change", "source": "aws.ecs", "time": "2026-11-21T02:11:00Z",
        "detail": {{"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/1dc5c17a422a4b8f9a8c3e1b7e2f4d60",
        "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "group": "service:checkout",
        "startedBy": "ecs-svc/42", "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "{stop_code}",
        "stoppedReason": "{stopped_reason}", "containers": [{{"name": "app", "exitCode": {exit_code}}}]}}}}"#
    );
    event::parse(text.as_bytes(), &mut Interner::default()).unwrap()
}

fn stop(stop_code: &str, stopped_reason: &str, exit_code: u8) -> What {
    let event = stopped(stop_code, stopped_reason, exit_code);
    let Body::Task(task) = event.body else { panic!() };
    What::Stop(Box::new(TaskStop::new(&task, now())))
}

fn action() -> Action {
    let text = r#"{"path": "stop-service-deployment", "away_from": "ecs-svc/42", "target":
        {"revision": "checkout:41", "deployment": "ecs-svc/41", "at": "2026-11-20T02:00:00Z"}}"#;
    serde_json::from_str(text).unwrap()
}

/// An entry of an incident, as `decide` tells it.
fn entry(what: What) -> Entry {
    let incident = Some(IncidentKind::RestartLoop);
    Entry { incident, ..Entry::plain(now(), Some("prod/checkout".into()), what) }
}

/// `Stops revision 1`
fn shown(tally: &Tally) -> Vec<String> {
    let counts = tally.counts().map(|(metric, value, times)| match value {
        Some(value) => format!("{} {value} {times}", metric.name()),
        None => format!("{} {times}", metric.name()),
    });
    counts.collect()
}

#[test]
fn each_thing_that_happens_is_counted_as_what_it_is() {
    let ordered = Because::Ordered { by: "ana".to_owned(), reason: None };
    let verified = Resolution::RollbackVerified { deployment: "ecs-svc/43".into(), revision: None };
    let unverified = Reason::Unverified(Unverified::TasksFail { failed: 3 });
    let cases: Vec<(What, &[&str])> = vec![
        (
            stop("EssentialContainerExited", "Essential container in task exited", 1),
            &["Stops revision 1"],
        ),
        (
            stop("SpotInterruption", "Your Spot Task was interrupted.", 137),
            &["Stops environment 1"],
        ),
        (
            stop(
                "ServiceSchedulerInitiated",
                "Scaling activity initiated by (deployment ecs-svc/42)",
                0,
            ),
            &["Stops benign 1"],
        ),
        (stop("SomethingNew", "Words that nobody knows", 1), &["Stops unknown 1"]),
        (What::Opened(ordered.clone()), &["IncidentsOpened restart-loop 1"]),
        // It has been counted when it opened.
        (What::Joined(ordered), &[]),
        (What::Resolved(verified), &["Rollbacks verified 1"]),
        (What::Resolved(Resolution::Steady), &[]),
        // What becomes of it is counted.
        (What::Rollback(action()), &[]),
        (What::Begun(action()), &["Rollbacks begun 1"]),
        (What::Failed(action(), Reason::Aws("throttled".to_owned())), &["Rollbacks failed 1"]),
        (What::Failed(action(), Reason::Guard(Refusal::Daemon)), &["Rollbacks failed 1"]),
        (What::Failed(action(), unverified), &["Rollbacks unverified 1"]),
        (What::Refused(Refusal::ConfigNotify), &["Rollbacks refused 1"]),
        (What::OrderRefused(Refusal::NothingProven), &["Rollbacks refused 1"]),
        (What::Sent("01JD".to_owned()), &[]),
        (What::PutOff("Publish was throttled".to_owned()), &[]),
        (What::Skipped("of no use".to_owned()), &[]),
    ];
    for (what, expected) in cases {
        let said = format!("{what:?}");
        let tally = Tally::of_entries(&[entry(what)]);
        assert_eq!(shown(&tally), expected, "{said}");
        for (metric, value, _) in tally.counts() {
            assert!(metric.values().contains(&value.unwrap()), "{metric:?} lists {value:?}");
        }
    }
}

#[test]
fn turns_of_an_invocation_are_counted_together() {
    let crash = || entry(stop("EssentialContainerExited", "Essential container in task exited", 1));
    let mut tally = Tally::of_entries(&[crash(), crash()]);
    tally.merge(Tally::of_entries(&[crash(), entry(What::Begun(action()))]));
    tally.merge(Tally::of_events(&[stopped("TaskFailedToStart", "", 1)], now()));
    assert_eq!(shown(&tally), ["Stops revision 3", "Rollbacks begun 1"]);
    assert_eq!(tally.event_lags_ms(), [5250]);
}

#[test]
fn a_scaling_turn_counts_what_was_written() {
    let object = |name: &str| Object { kind: ObjectKind::ScalingPolicy, name: name.to_owned() };
    let mut taken =
        ScalingTaken { done: vec![object("cpu"), object("queue")], ..ScalingTaken::default() };
    assert_eq!(shown(&Tally::of_scaling(&taken)), ["PlanWrites 2"]);
    taken.done.clear();
    assert!(Tally::of_scaling(&taken).is_empty(), "nothing was written");
}

#[test]
fn the_lag_is_of_events_only_and_never_negative() {
    let event = |id: Option<&str>, time: Option<&str>| Event {
        id: id.map(Into::into),
        time: time.map(|time| time.parse().unwrap()),
        ..stopped("TaskFailedToStart", "", 1)
    };
    let cases: [(Option<&str>, Option<&str>, &[u64]); 4] = [
        (Some("e1"), Some("2026-11-21T02:11:04Z"), &[1250]),
        // Clocks differ.
        (Some("e1"), Some("2026-11-21T02:11:06Z"), &[0]),
        (Some("e1"), None, &[]),
        // The slow pass has found it.
        (None, Some("2026-11-21T01:11:04Z"), &[]),
    ];
    for (id, time, lags) in cases {
        assert_eq!(
            Tally::of_events(&[event(id, time)], now()).event_lags_ms(),
            lags,
            "{id:?} {time:?}"
        );
    }
}

#[test]
fn no_two_metrics_have_a_name_in_common() {
    let names: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(names.len(), Metric::ALL.len());
    for metric in Metric::ALL {
        assert_eq!(metric.values().is_empty(), metric.dimension().is_none(), "{metric:?}");
    }
}
