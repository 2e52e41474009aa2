//! `scale` as a process that dies half way.

use serde_json::{Value, json};
use steady_e2e::Account;
use steady_e2e::process::{Process, standing};
use steady_local_aws::{Fault, What, When};

const CONFIG: &str =
    "[capacity]\nmin = 2\nmax = 20\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";

pub(crate) async fn scale(account: &Account, access_key: &str) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_scale-process"), account, access_key).await
}

fn scaling(account: &Account, operation: &str, input: &Value) -> Value {
    account.aws.by_hand("application-autoscaling", operation, input).unwrap()
}

/// Somebody else's call about the scaling of `prod/checkout`.
pub(crate) fn by_hand(account: &Account, operation: &str, more: &Value) {
    let mut input = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scaling(account, operation, &input);
}

/// Bounds and policies, as Application Auto Scaling tells them.
pub(crate) fn live(account: &Account) -> (Value, usize) {
    let ecs = json!({ "ServiceNamespace": "ecs" });
    let target = scaling(account, "DescribeScalableTargets", &ecs)["ScalableTargets"][0].clone();
    let policies = scaling(account, "DescribeScalingPolicies", &ecs)["ScalingPolicies"].clone();
    let bounds = json!([target["MinCapacity"], target["MaxCapacity"]]);
    (bounds, policies.as_array().map_or(0, Vec::len))
}

pub(crate) fn writes(account: &Account) -> usize {
    let calls = account.aws.calls().into_iter();
    calls
        .filter(|call| ["RegisterScalableTarget", "PutScalingPolicy"].contains(&&*call.operation))
        .count()
}

/// The message that the file was written.
async fn pushed(account: &mut Account) -> Value {
    while account.config.batch(100).is_some() {}
    account.push_config(CONFIG).await.unwrap();
    account.pass_unheard(jiff::SignedDuration::from_secs(1));
    account.config.batch(100).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_scale_leaves_the_next_pass_finishes() {
    let mut account = standing(5).await;
    let batch = pushed(&mut account).await;
    let when = When::always("application-autoscaling", "PutScalingPolicy");
    account.aws.fault(Fault { when, what: What::Hang });
    let mut killed = scale(&account, "AKIAONE").await;
    killed.begin(&batch).await;
    let is_there = || account.aws.calls().iter().any(|call| call.operation == "PutScalingPolicy");
    killed.until(is_there).await;
    killed.kill();
    account.aws.clear_faults();
    assert_eq!(live(&account), (json!([2, 20]), 0));

    let other = scale(&account, "AKIAOTHER").await;
    other.invoke(&json!({})).await;
    assert_eq!(live(&account), (json!([2, 20]), 1));
}
