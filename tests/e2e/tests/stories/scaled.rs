//! Scaling through the function `scale`: what is pushed is live, what is edited is written, what is changed by hand comes back.

use std::sync::Arc;

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
use serde_json::json;
use steady_aws::client::Settings as Timing;
use steady_e2e::{Account, SCALE, SWEEP, impatient};
use steady_local_aws::{Fault, What, When};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::told::{created, minutes, pass_until_nothing_waits, subjects};

const CONFIG: &str = "
[capacity]
min = 2
max = 20

[[target_tracking]]
metric = 'cpu'
target = 55.0
scale_in_cooldown = '5m'

[[scheduled]]
name = 'morning'
schedule = 'cron(0 8 ? * MON-FRI *)'
timezone = 'Asia/Seoul'
min = 6
";

/// Four tasks, no scaling, and the schedule of the pass on.
async fn installed(timing: Timing) -> Account {
    let mut account = created(timing).await;
    account.pass(minutes(5)).await.unwrap();
    account.next_pass = Some(account.now() + minutes(15));
    account
}

async fn client(account: &Account) -> Client {
    let loader = steady_e2e::loader(&account.aws.endpoint(), steady_e2e::PERSON)
        .http_client(steady_aws::client::http());
    Client::new(&loader.load().await)
}

/// What is live of `prod/checkout`, a line each, as Application Auto Scaling tells it to anybody.
async fn live(account: &Account) -> Vec<String> {
    let client = client(account).await;
    let mut lines = Vec::new();
    let targets = client.describe_scalable_targets().service_namespace(Ecs).send().await.unwrap();
    for one in targets.scalable_targets() {
        let bounds = (one.min_capacity(), one.max_capacity());
        lines.push(format!("target {} to {}", bounds.0, bounds.1));
    }
    let policies = client.describe_scaling_policies().service_namespace(Ecs).send().await.unwrap();
    for one in policies.scaling_policies() {
        let target = one.target_tracking_scaling_policy_configuration().map(|it| it.target_value());
        lines.push(format!("policy {} {}", one.policy_name(), target.unwrap_or_default()));
    }
    let actions = client.describe_scheduled_actions().service_namespace(Ecs).send().await.unwrap();
    for one in actions.scheduled_actions() {
        let zone = one.timezone().unwrap_or_default();
        lines.push(format!("action {} {} {zone}", one.scheduled_action_name(), one.schedule()));
    }
    lines
}

const WHOLE: [&str; 3] = [
    // The newest run of `morning` holds, though it was before.
    "target 6 to 20",
    "policy steady-cpu 55",
    "action steady-morning cron(0 8 ? * MON-FRI *) Asia/Seoul",
];

/// What Steady wrote, by operation.
fn writes(account: &Account) -> Vec<String> {
    let calls = account.aws.calls().into_iter();
    let is_write = |operation: &str| {
        ["Register", "Put", "Delete", "Deregister", "Tag", "Untag"]
            .iter()
            .any(|verb| operation.starts_with(verb))
    };
    calls
        .filter(|call| [SCALE, SWEEP].contains(&call.caller.as_str()))
        .filter(|call| call.service != "dynamodb" && is_write(&call.operation))
        .map(|call| call.operation)
        .collect()
}

#[tokio::test]
async fn what_is_pushed_is_live_and_an_edit_writes_the_difference_only() {
    let mut account = installed(Timing::default()).await;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
    let before = writes(&account).len();
    assert_eq!(before, 3, "{:?}", writes(&account));

    account.pass(minutes(65)).await.unwrap();
    assert_eq!(writes(&account).len(), before, "no drift, no write: {:?}", writes(&account));

    account.push_config(&CONFIG.replace("55.0", "60.0")).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    assert_eq!(live(&account).await[1], "policy steady-cpu 60");
    assert_eq!(writes(&account)[before..], ["PutScalingPolicy"]);
    assert_eq!((subjects(&account).len(), account.passes_failed.len()), (0, 0));
}

#[tokio::test]
async fn a_hand_made_change_is_repaired_within_a_pass() {
    let mut account = installed(Timing::default()).await;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(16)).await.unwrap();
    let target = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 99,
    });
    account.aws.by_hand("application-autoscaling", "RegisterScalableTarget", &target).unwrap();
    assert_eq!(live(&account).await[0], "target 1 to 99");
    account.pass(minutes(15)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
}

#[tokio::test]
async fn what_is_deregistered_by_hand_is_there_again_within_a_pass() {
    let mut account = installed(Timing::default()).await;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(16)).await.unwrap();
    let target = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    account.aws.by_hand("application-autoscaling", "DeregisterScalableTarget", &target).unwrap();
    assert_eq!(live(&account).await, [""; 0]);
    account.pass(minutes(15)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
}

#[tokio::test]
pub(crate) async fn who_leaves_gets_back_what_was_there_and_keeps_what_is_not_ours() {
    let mut account = installed(Timing::default()).await;
    let of = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    let with = |more: serde_json::Value| {
        let mut all = of.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let by_hand = |operation: &str, more: serde_json::Value| {
        let input = with(more);
        account.aws.by_hand("application-autoscaling", operation, &input).unwrap();
    };
    by_hand("RegisterScalableTarget", json!({ "MinCapacity": 1, "MaxCapacity": 8 }));
    by_hand(
        "PutScheduledAction",
        json!({
            "ScheduledActionName": "nightly", "Schedule": "cron(0 1 ? * * *)",
            "ScalableTargetAction": { "MinCapacity": 1 },
        }),
    );
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    assert_eq!(live(&account).await.len(), 4);
    account.push_config("remove = true\n").await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    let left = live(&account).await;
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left[0], "target 1 to 8");
    assert!(left[1].starts_with("action nightly"), "{left:?}");
    let before = writes(&account).len();
    account.pass(minutes(65)).await.unwrap();
    assert_eq!(writes(&account).len(), before);
}

#[tokio::test]
async fn a_vanished_file_changes_nothing_and_is_told() {
    let mut account = installed(Timing::default()).await;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(16)).await.unwrap();
    let name = json!({ "Name": "/steady/config/prod/checkout" });
    account.aws.by_hand("ssm", "DeleteParameter", &name).unwrap();
    let before = writes(&account).len();
    account.pass(minutes(16)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
    assert_eq!(writes(&account).len(), before);
    assert_eq!(
        subjects(&account),
        ["[warning] config: 1 of 1 services' config file is gone, nothing is changed"]
    );
}

#[tokio::test]
pub(crate) async fn a_bad_parameter_leaves_the_last_good_config_in_force_and_is_told() {
    let mut account = installed(Timing::default()).await;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    account.push_config(&CONFIG.replace("max = 20", "max = 1")).await.unwrap();
    account.pass(minutes(65)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
    let told = subjects(&account);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("its config is rejected"), "{told:?}");
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    assert_eq!(subjects(&account)[1], "[info] prod/checkout: its config takes effect again");
}

#[tokio::test]
async fn a_service_whose_config_was_there_first_gets_it_when_it_is_deployed() {
    let start = "2026-11-21T02:00:00Z".parse().unwrap();
    let mut account = Account::open(7, start, Timing::default()).await.unwrap();
    account.delivers = false;
    account.push_config(CONFIG).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    account.delivers = true;
    account.create_service(4).await.unwrap();
    account.pass(minutes(1)).await.unwrap();
    assert_eq!(live(&account).await, WHOLE);
}

/// Stories told at once. Most of a hanging one is waiting.
const AT_ONCE: usize = 8;

/// An install with a fault at the call of that number, and the number of its first call.
async fn told(fault: Option<(u64, What)>) -> (Account, u64) {
    let mut account = installed(impatient()).await;
    account.push_config(CONFIG).await.unwrap();
    let from = account.aws.calls().len() as u64;
    if let Some((number, what)) = fault {
        account.aws.fault(Fault { when: When::Call(from + number), what });
    }
    pass_until_nothing_waits(&mut account, minutes(20)).await;
    (account, from)
}

/// All that is written is there in the end, whatever fails once on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_fault_at_any_call_of_the_install_the_same_is_live_in_the_end() {
    let (smooth, from) = told(None).await;
    let written = writes(&smooth).len();
    let last = smooth.aws.calls().into_iter().filter(|call| call.caller == SCALE);
    let last = last.filter(|call| call.operation == "PutScheduledAction").map(|call| call.number);
    let last = last.max().unwrap() + 1 - from;
    assert!(last > 8, "{last}");
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut stories = JoinSet::new();
    for number in 1..=last {
        for what in [What::Throttle, What::Hang, What::AnswerLost] {
            let places = Arc::clone(&places);
            stories.spawn(async move {
                let _place = places.acquire().await.unwrap();
                let case = format!("{what:?} at call {number} of {last}");
                let (account, _) = told(Some((number, what))).await;
                assert_eq!(live(&account).await, WHOLE, "{case}");
                assert!(writes(&account).len() <= written + 2, "{case}: {:?}", writes(&account));
                assert_eq!((subjects(&account).len(), account.is_busy()), (0, false), "{case}");
            });
        }
    }
    while let Some(story) = stories.join_next().await {
        story.unwrap();
    }
}
