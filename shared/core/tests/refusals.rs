//! Every refusal has its own words, and is either a guard of the service or a policy for Steady alone.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use steady_core::installation::Pause;
use steady_core::port::TargetState;
use steady_core::rollback::Refusal;
use steady_core::stop::{Cause, Verdict};

/// Its place in the table. A new variant does not compile before it has one, and fails the test before it has a row.
fn place(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::ConfigOff => 0,
        Refusal::ConfigNotify => 1,
        Refusal::NativeRollback(_) => 2,
        Refusal::Replaced(_) => 3,
        Refusal::NotTheRevision { .. } => 4,
        Refusal::NotEnoughEvidence(_) => 5,
        Refusal::NothingProven => 6,
        Refusal::TargetBad(_) => 7,
        Refusal::OntoItself { .. } => 8,
        Refusal::TargetImageMoved { .. } => 9,
        Refusal::OncePerDeployment => 10,
        Refusal::BudgetSpent => 11,
        Refusal::ProvenLongAgo { .. } => 12,
        Refusal::OldRevisionSick { .. } => 13,
        Refusal::NotWorseThanOld { .. } => 14,
        Refusal::NotFailingNow => 15,
        Refusal::NeighboursSick { .. } => 16,
        Refusal::StartedBefore { .. } => 17,
        Refusal::Crowd { .. } => 18,
        Refusal::WitnessPage => 19,
        Refusal::ProbesNotAllowed => 20,
        Refusal::Paused(_) => 21,
        Refusal::Unreadable(_) => 22,
        Refusal::ObserveMode => 23,
        Refusal::TargetUnusable { .. } => 24,
        Refusal::AlreadyRollingBack(_) => 25,
        Refusal::ForeignController(_) => 26,
        Refusal::Daemon => 27,
        Refusal::NotActive(_) => 28,
        Refusal::PutBack { .. } => 29,
        Refusal::OnlyStuck(_) => 30,
        Refusal::OnlyEnvironment => 31,
        Refusal::NotFailedAgain => 32,
        Refusal::FirstDeployment => 33,
        Refusal::WitnessesFailed { .. } => 34,
        Refusal::ProbeUndecided { .. } => 35,
        Refusal::ProbeFailed(_) => 36,
        Refusal::WitnessesUnchecked => 37,
        Refusal::AlarmOver => 38,
        Refusal::NotProven { .. } => 39,
        Refusal::Underway { .. } => 40,
        Refusal::Express => 41,
        Refusal::StoppedBySomebody { .. } => 42,
        Refusal::Overridden { .. } => 43,
    }
}

const PLACES: usize = 44;

fn every() -> Vec<Refusal> {
    let at: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    let old = || Some("checkout:41".into());
    let services = vec!["prod/cart".into(), "prod/search".into()];
    let all = |verdict| Refusal::NotTheRevision { cause: Cause::ExitCode, verdict, tasks: 3 };
    vec![
        Refusal::ConfigOff,
        Refusal::ConfigNotify,
        Refusal::NativeRollback("ecs-svc/43".into()),
        Refusal::Replaced("ecs-svc/43".into()),
        all(Verdict::Ambiguous),
        Refusal::NotEnoughEvidence(147.0),
        Refusal::NothingProven,
        Refusal::TargetBad("checkout:41".into()),
        Refusal::OntoItself { proven: "ecs-svc/41".into() },
        Refusal::TargetImageMoved { image: "app:live".to_owned() },
        Refusal::OncePerDeployment,
        Refusal::BudgetSpent,
        Refusal::ProvenLongAgo { proven_at: at, window: SignedDuration::from_hours(24) },
        Refusal::OldRevisionSick { revision: old(), evidence: 30.0 },
        Refusal::OldRevisionSick { revision: None, evidence: 30.0 },
        Refusal::NotWorseThanOld { revision: old(), evidence: 3.0, tasks: 4 },
        Refusal::NotFailingNow,
        Refusal::NeighboursSick { services: services.clone() },
        Refusal::StartedBefore { proven_at: at },
        Refusal::Crowd { services },
        Refusal::WitnessPage,
        Refusal::ProbesNotAllowed,
        Refusal::Paused(Pause::default()),
        Refusal::Unreadable("GetItem was throttled".to_owned()),
        Refusal::ObserveMode,
        Refusal::TargetUnusable { revision: "checkout:41".into(), state: TargetState::Inactive },
        Refusal::TargetUnusable { revision: "checkout:41".into(), state: TargetState::Gone },
        Refusal::AlreadyRollingBack("ecs-svc/43".into()),
        Refusal::ForeignController("CODE_DEPLOY".to_owned()),
        Refusal::Daemon,
        Refusal::Express,
        Refusal::NotActive(Some("DRAINING".to_owned())),
        Refusal::NotActive(None),
        Refusal::PutBack { deployment: "ecs-svc/43".into(), revision: old() },
        Refusal::PutBack { deployment: "ecs-svc/43".into(), revision: None },
        Refusal::OnlyStuck(18.0),
        Refusal::OnlyEnvironment,
        Refusal::NotFailedAgain,
        Refusal::FirstDeployment,
        Refusal::WitnessesFailed { revision: "checkout:41".into(), failed: 2, of: 10 },
        Refusal::ProbeUndecided { revision: "checkout:41".into() },
        Refusal::ProbeFailed("RunTask was refused (AccessDeniedException: no)".to_owned()),
        Refusal::WitnessesUnchecked,
        Refusal::AlarmOver,
        Refusal::NotProven { revision: "checkout:40".into() },
        Refusal::Underway { to: "checkout:41".into() },
        Refusal::StoppedBySomebody { deployment: "ecs-svc/42".into(), rolls_back: true },
        Refusal::StoppedBySomebody { deployment: "ecs-svc/42".into(), rolls_back: false },
        Refusal::Overridden {
            by: "ana".to_owned(),
            reason: "canary by hand".to_owned(),
            until: "2026-11-20T02:00:00Z".parse().unwrap(),
        },
    ]
}

#[test]
fn every_refusal_has_its_own_words() {
    let table: Vec<String> = every()
        .iter()
        .map(|one| format!("{} {one}", if one.is_safety() { "safety" } else { "policy" }))
        .collect();
    let places: BTreeSet<usize> = every().iter().map(place).collect();
    assert_eq!(places, (0..PLACES).collect(), "each variant has a row");
    let distinct: BTreeSet<&String> = table.iter().collect();
    assert_eq!(distinct.len(), table.len(), "no two say the same");
    insta::assert_snapshot!(table.join("\n"), @r#"
    policy config says `rollback = "off"`
    policy config says `rollback = "notify"` (the default)
    safety ECS itself rolls back, with deployment ecs-svc/43
    safety another deployment, ecs-svc/43, has begun since
    policy 3 tasks were ended by something that may not be the revision's fault: an essential container ended with an error code
    policy the evidence so far, 147 : 1, is below the 1000 : 1 that a rollback needs
    safety no earlier revision of this service is proven (completed, and behaved through its soak)
    safety checkout:41, proven once, has itself been rolled back from since
    safety deployment ecs-svc/41, which is proven, ran the same task definition with the same settings, so something else has changed
    safety the target runs app:live, and that tag names another image by now than when it was proven
    policy this deployment was rolled back once already
    policy this service was rolled back 2 times within 24 h; more would be two revisions taking turns
    policy the failing revision was proven at 2026-11-20 02:00:00 UTC, longer ago than `rollback_window` (24h): something else has changed
    policy checkout:41 fails too (30 : 1), so a cause shared by both is likelier than the new revision
    policy the revision before fails too (30 : 1), so a cause shared by both is likelier than the new revision
    policy the new revision has not proved to fare worse than checkout:41: 4 tasks of it still run beside it, and the comparison stands at 3.0 : 1 (20 : 1 is needed)
    policy no task has failed for some minutes, and those started since live
    policy prod/cart and prod/search got into trouble at the same time, so a cause shared by both is likelier than the new revision
    policy its tasks do not start any more, but did when it was proven at 2026-11-20 02:00:00 UTC: the revision has not changed since, so something else has
    policy prod/cart and prod/search want a rollback too within ten minutes, so a shared cause is likelier than so many bad deployments; all are held
    policy config says `witness = "page"`, and no old task is left to compare with
    policy config says `witness = "probe"`, and this installation may not start probe tasks
    safety Steady is paused
    safety whether it is allowed could not be read: GetItem was throttled
    policy this installation only observes (its mode is `observe`)
    safety checkout:41 was deregistered (INACTIVE), and ECS runs no such revision
    safety ECS does not know checkout:41 any more
    safety it is being rolled back or stopped already, not by Steady (ecs-svc/43)
    safety the service is deployed by CODE_DEPLOY, not by ECS, and has to be rolled back there
    safety its scheduling strategy is DAEMON
    safety it is an Express service, which is updated in its own way
    safety the service is DRAINING
    safety ECS does not know the service any more
    safety deployment ecs-svc/43 of checkout:41 began at the very moment of the rollback, and was run over by it; the service has been updated to checkout:41 again
    safety deployment ecs-svc/43 began at the very moment of the rollback, and was run over by it; it could not be put back
    policy being late is no evidence against a revision; a rollback needs 1000 : 1 from its tasks' failures (18 : 1 so far)
    policy the revision is not known to be what keeps tasks from starting, and an earlier one would need the same
    policy no task of it has failed this time; since it was rolled back before, the first that does is enough
    safety this is the first deployment of the service that Steady has seen, so there is nothing to go back to
    policy 2 of 10 tasks of checkout:41, started just now as witnesses, died as well, so the new revision is not the cause
    policy tasks of checkout:41, started as witnesses, have lived for an hour, but the new revision has not proved to fare worse
    policy no witnesses could be started: RunTask was refused (AccessDeniedException: no)
    policy its tasks fail their health checks, which a witness is not put to, and no old task is left to compare with
    policy the alarm that went off is over again
    safety checkout:40 is not proven (completed, and behaved through its soak)
    safety Steady is rolling it back to checkout:41 already
    safety somebody stopped deployment ecs-svc/42 with rollback (StopServiceDeployment), and ECS goes back
    safety somebody stopped deployment ecs-svc/42 (StopServiceDeployment), and knows why
    policy rollbacks are overridden by ana until 2026-11-20 02:00:00 UTC (canary by hand)
    "#);
}
