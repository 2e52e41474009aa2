//! Several services in one account: what befalls them together is one page.

use steady_aws::client::Settings as Timing;
use steady_e2e::Account;
use steady_sim::{Behaviour, Fault, FaultKind};

use crate::told::{AUTO, created, exits, minutes, seconds, stages, subjects};

const SERVICES: [&str; 3] = ["checkout", "cart", "billing"];

/// Three services of four tasks on checkout:1, which is proven; config says `rollback = "auto"`.
async fn three_services() -> Account {
    let mut account = created(Timing::default()).await;
    for service in SERVICES.into_iter().skip(1) {
        account.create_other(service, 4).await.unwrap();
    }
    account.push_defaults(AUTO).await.unwrap();
    account.pass(minutes(15)).await.unwrap();
    account
}

async fn deploy_to_all(account: &Account, behaviour: Behaviour) {
    account.register().await.unwrap();
    account.aws.ecs(|ecs| ecs.behave("checkout:2", behaviour));
    for service in SERVICES {
        account.deploy_to(service, "checkout:2").await.unwrap();
    }
}

fn no_capacity(account: &Account) {
    account.aws.ecs(|ecs| {
        let (at, lasts, services) = (ecs.now(), minutes(60), Vec::new());
        ecs.befall(Fault { at, lasts, services, kind: FaultKind::NoCapacity });
    });
}

#[tokio::test]
async fn three_services_that_lose_capacity_are_one_message() {
    let mut account = three_services().await;
    no_capacity(&account);
    deploy_to_all(&account, Behaviour::default()).await;
    while stages(&account).is_empty() {
        account.pass(seconds(10)).await.unwrap();
    }
    account.pass(minutes(7)).await.unwrap();
    // Which of them is first in the line is a race of their turns.
    let told = subjects(&account);
    assert_eq!(told.len(), 1, "{told:?}");
    let same = "and 2 more: tasks do not start: ECS cannot place them, RESOURCE:FARGATE";
    assert!(told[0].starts_with("[warning] prod/") && told[0].ends_with(same), "{told:?}");
    let body = account.aws.deliveries()[0].message.clone();
    assert!(SERVICES.iter().all(|service| body.contains(&format!("prod/{service}"))), "{body}");
    assert_eq!(account.changes(), [""; 0]);
}

#[tokio::test]
async fn three_bad_deployments_at_once_are_held_and_told_in_one_page() {
    let mut account = three_services().await;
    deploy_to_all(&account, exits(seconds(12))).await;
    account.pass(minutes(9)).await.unwrap();
    assert_eq!(account.changes(), [""; 0]);
    // Each of the first two might have been the only one.
    let alone = |subject: &String| subject.contains("about to roll back to checkout:1");
    let (alone, held): (Vec<_>, Vec<_>) = subjects(&account).into_iter().partition(alone);
    assert!(alone.len() <= 2, "{alone:?}");
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held[0].ends_with("and 2 more: in trouble together, rollbacks held"), "{held:?}");
}
