//! Going back to what was proven, and not only to its task definition.

use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, IMAGE};
use steady_sim::Behaviour;

use crate::told::{
    AUTO, created, deploy, exits, minutes, nothing_is_left_to_do, proven, seconds, stages, subjects,
};

async fn subnets(account: &Account) -> Vec<String> {
    let service = account.described().await.unwrap();
    let network = service.network_configuration().and_then(|it| it.awsvpc_configuration());
    network.unwrap().subnets().to_vec()
}

#[tokio::test]
async fn a_change_of_the_network_alone_is_rolled_back_to_the_network_that_was_proven() {
    let mut account = created(Timing::default()).await;
    account.pass(minutes(5)).await.unwrap();
    account.move_to_subnet("subnet-light").await.unwrap();
    account.push_config(AUTO).await.unwrap();
    account.pass(minutes(15)).await.unwrap();

    // The same task definition, where it does not reach its database for long.
    account.aws.ecs(|ecs| ecs.behave("checkout:1", exits(minutes(4))));
    account.move_to_subnet("subnet-dark").await.unwrap();
    for _ in 0..600 {
        if account.changes().is_empty() {
            account.pass(seconds(1)).await.unwrap();
        }
    }
    account.aws.ecs(|ecs| ecs.behave("checkout:1", Behaviour::Healthy));
    assert_eq!(subnets(&account).await, ["subnet-light"]);
    account.pass(minutes(30)).await.unwrap();

    assert_eq!(account.changes(), ["UpdateService"]);
    assert_eq!(account.revision().await.unwrap(), "checkout:1");
    assert_eq!(account.described().await.unwrap().running_count(), 4);
    assert_eq!(stages(&account), ["opened", "rollback-begun", "resolved"]);
    let told = account.aws.deliveries();
    assert!(
        told[1].message.contains("restored with it: networkConfiguration"),
        "{}",
        told[1].message
    );
    assert!(
        told[2].message.contains(
            "Your templates may still hold the other values of networkConfiguration: their next run sets them again"
        ),
        "{}",
        told[2].message
    );
    assert_eq!(
        subjects(&account)[..2],
        [
            "[critical] prod/checkout: restart loop on checkout:1, about to roll back to its proven settings",
            "[critical] prod/checkout: restart loop on checkout:1, rolling back to its proven settings",
        ]
    );
    // Nobody is told to leave or to deploy the task definition, which is the same before and after.
    for one in &told {
        for wrong in
            ["Do not deploy checkout:1", "still name checkout:1", "--task-definition checkout:1"]
        {
            assert!(!one.message.contains(wrong), "{wrong}: {}", one.message);
        }
    }
    assert!(
        told[0].message.contains("aws ecs describe-service-revisions --service-revision-arns arn:"),
        "{}",
        told[0].message
    );
    // The revision itself is not to blame.
    assert!(account.record().unwrap()["ledger"]["bad"].is_null(), "{}", account.record().unwrap());
    assert!(nothing_is_left_to_do(&account));
}

#[tokio::test]
async fn to_a_tag_that_has_moved_nothing_is_rolled_back() {
    let mut account = proven(Timing::default()).await;
    // Both revisions name the same tag, and a build has moved it in between.
    account.aws.ecs(|ecs| ecs.move_tag(IMAGE, "tuesday"));
    deploy(&account, 2, exits(minutes(4))).await;
    account.pass(minutes(9)).await.unwrap();
    assert_eq!(account.changes(), [""; 0], "{:?}", subjects(&account));
    assert_eq!(account.revision().await.unwrap(), "checkout:2");
    assert_eq!(stages(&account), ["opened", "rollback-refused"]);
    let refused = &account.aws.deliveries()[1].message;
    assert!(refused.contains(IMAGE), "{refused}");
    assert!(
        refused.contains("1. To go back by hand, register checkout:1 anew with the digest"),
        "{refused}"
    );
    assert!(!refused.contains("update-service"), "{refused}");
}
