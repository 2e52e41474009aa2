//! One case in full, and its refusals.

use steady_aws::client::Settings as Timing;
use steady_local_aws::{Fault, What, When};
use steady_sim::Behaviour;

use crate::told::{
    AUTO, created, deploy, done, exits, minutes, nothing_is_left_to_do, out_of_memory, proven,
    seconds, stage, stages, subjects,
};

#[tokio::test]
pub(crate) async fn a_revision_that_loops_in_flight_is_stopped_with_rollback() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(10)).await.unwrap();
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(account.described().await.unwrap().running_count(), 4);
    assert_eq!(
        subjects(&account)[0],
        "[critical] prod/checkout: restart loop on checkout:2, rolling back to checkout:1"
    );
    assert!(nothing_is_left_to_do(&account));
}

#[tokio::test]
async fn a_bad_canary_is_stopped_while_its_traffic_shifts_and_one_after_it_is_told_when_the_traffic_is_back()
 {
    let mut account = proven(Timing::default()).await;
    account.deploy_by_canary(10, 5).await.unwrap();
    account.pass(minutes(40)).await.unwrap();
    assert_eq!(subjects(&account), [""; 0]);
    let dies_after = |time| Behaviour::OutOfMemoryAfter { run: minutes(time) };
    deploy(&account, 2, dies_after(6)).await;
    account.pass(minutes(20)).await.unwrap();
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(stages(&account), ["opened", "resolved"]);
    assert!(nothing_is_left_to_do(&account));
    // The shift and both bake times are over, the soak is not: 18 minutes, and the 10 of the soak.
    deploy(&account, 3, dies_after(23)).await;
    // Four kills in one and a half task-hours are not yet enough; those of the next tasks are.
    account.pass(minutes(55)).await.unwrap();
    assert_eq!(account.changes(), ["StopServiceDeployment", "UpdateService"]);
    // The way back takes the stages that the way there took.
    account.pass(minutes(30)).await.unwrap();
    assert_eq!(
        stages(&account),
        ["opened", "resolved", "opened", "rollback-under-way", "resolved"]
    );
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
}

#[tokio::test]
pub(crate) async fn a_loop_that_may_be_an_outage_is_held_for_a_minute_first() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, exits(seconds(12))).await;
    account.pass(minutes(10)).await.unwrap();
    assert_eq!(stages(&account)[..2], ["opened", "rollback-begun"]);
    let deliveries = account.aws.deliveries();
    assert!((deliveries[1].at - deliveries[0].at).get_seconds() >= 60);
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
}

#[tokio::test]
async fn a_revision_that_crashes_after_it_has_completed_is_updated_away_from() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, exits(minutes(4))).await;
    account.pass(minutes(60)).await.unwrap();
    assert_eq!(account.changes(), ["UpdateService"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(account.deployments_begun(), 3);
    assert!(stages(&account).contains(&"rollback-begun".to_owned()), "{:?}", stages(&account));
}

#[tokio::test]
async fn a_rollback_that_aws_never_takes_becomes_a_page_that_says_so() {
    let denied = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User is not authorized to perform: ecs:StopServiceDeployment".to_owned(),
    };
    for what in [denied, What::Throttle] {
        let mut account = proven(Timing::default()).await;
        deploy(&account, 2, out_of_memory()).await;
        let when = When::always("ecs", "StopServiceDeployment");
        account.aws.fault(Fault { when, what: what.clone() });
        account.pass(minutes(20)).await.unwrap();
        assert_eq!(account.changes(), [""; 0], "{what:?}");
        let pages =
            account.aws.deliveries().into_iter().filter(|one| stage(one) == "rollback-failed");
        let pages: Vec<String> = pages.map(|one| one.message).collect();
        assert_eq!(pages.len(), 1, "{what:?}: {:?}", subjects(&account));
        assert!(pages[0].contains("AWS: \"StopServiceDeployment was"), "{}", pages[0]);
        assert!(
            pages[0].contains("1. To go back to checkout:1 by hand: aws ecs update-service"),
            "{}",
            pages[0]
        );
        assert!(nothing_is_left_to_do(&account), "{what:?}");
    }
}

// ---- refusals: nothing is changed, and the notice says why ----

#[tokio::test]
async fn without_config_nothing_is_changed() {
    let mut account = created(Timing::default()).await;
    account.pass(minutes(15)).await.unwrap();
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    assert_eq!(done(&account), "nothing: config says `rollback = \"notify\"` (the default)");
}

#[tokio::test]
async fn with_nothing_proven_nothing_is_changed() {
    let mut account = created(Timing::default()).await;
    account.push_config(AUTO).await.unwrap();
    // Deployed over before its soak had ended.
    account.pass(minutes(5)).await.unwrap();
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    assert!(
        done(&account).starts_with("nothing: no earlier revision of this service is proven"),
        "{}",
        done(&account)
    );
}

#[tokio::test]
async fn to_a_deregistered_revision_nothing_is_rolled_back() {
    let mut account = proven(Timing::default()).await;
    account.deregister("checkout:1").await.unwrap();
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(5)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    assert!(
        done(&account).contains("checkout:1 was deregistered (INACTIVE)"),
        "{}",
        done(&account)
    );
}

#[tokio::test]
async fn the_third_rollback_of_a_day_is_left_to_people() {
    let mut account = proven(Timing::default()).await;
    for bad in 2..=4 {
        deploy(&account, bad, out_of_memory()).await;
        account.pass(minutes(5)).await.unwrap();
        // An event after the verification, so that the incident is over.
        account.scale(5).await.unwrap();
        account.pass(minutes(3)).await.unwrap();
        account.scale(4).await.unwrap();
        account.pass(minutes(3)).await.unwrap();
    }
    assert_eq!(account.changes(), ["StopServiceDeployment"; 2]);
    let said = account.aws.deliveries();
    assert!(
        said.iter().any(|one| one.message.contains("was rolled back 2 times within 24 h")),
        "{:?}",
        subjects(&account)
    );
}

#[tokio::test]
async fn a_deployment_that_moved_on_is_left_alone() {
    let mut account = proven(Timing::default()).await;
    deploy(&account, 2, exits(seconds(12))).await;
    while !stages(&account).contains(&"opened".to_owned()) {
        account.pass(seconds(5)).await.unwrap();
    }
    // While the rollback is held, somebody mends it.
    account.register().await.unwrap();
    account.deploy("checkout:3").await.unwrap();
    account.pass(minutes(10)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    assert_eq!(account.revision().await.unwrap(), "checkout:3");
}
