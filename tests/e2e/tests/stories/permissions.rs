//! The template's roles and environment beside what the functions make of them. A call that no role allows fails the story that
//! makes it, whichever that is; here is the other side.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use steady_aws::client::Settings as Timing;
use steady_aws::function::settings::Settings;
use steady_e2e::{SWEEP, installed};
use steady_local_aws::{Fault, What, When};
use steady_stack::permissions::Permissions;

use crate::alarms::{
    an_alarm_in_a_deployment_rolls_it_back_and_the_incident_ends_with_it,
    an_alarm_whose_users_cannot_be_read_comes_again,
};
use crate::probes::{
    after_completion_witnesses_that_live_bring_about_the_rollback_and_are_stopped, are_all_stopped,
    asking, until_asked,
};
use crate::rollbacks::{
    a_loop_that_may_be_an_outage_is_held_for_a_minute_first,
    a_revision_that_loops_in_flight_is_stopped_with_rollback,
};
use crate::scaled::{
    a_bad_parameter_leaves_the_last_good_config_in_force_and_is_told,
    who_leaves_gets_back_what_was_there_and_keeps_what_is_not_ours,
};
use crate::swept::a_loop_of_which_no_event_told_is_found_by_the_slow_pass_and_rolled_back;
use crate::told::{created, deploy, exits, minutes, seconds, subjects};

const LIST: &str = include_str!("../../../../infra/permissions.toml");

/// Stories that between them do everything that a role may. An action that is added to a role belongs into one of these.
const STORIES: [fn(); 11] = [
    an_alarm_whose_users_cannot_be_read_comes_again,
    a_bad_parameter_leaves_the_last_good_config_in_force_and_is_told,
    an_alarm_in_a_deployment_rolls_it_back_and_the_incident_ends_with_it,
    what_the_scaling_of_a_service_can_hold_comes_and_goes_by_scale,
    what_scale_could_not_finish_sweep_does,
    witnesses_that_watch_could_not_start_sweep_starts_and_stops,
    a_revision_that_loops_in_flight_is_stopped_with_rollback,
    a_loop_that_may_be_an_outage_is_held_for_a_minute_first,
    after_completion_witnesses_that_live_bring_about_the_rollback_and_are_stopped,
    who_leaves_gets_back_what_was_there_and_keeps_what_is_not_ours,
    a_loop_of_which_no_event_told_is_found_by_the_slow_pass_and_rolled_back,
];

/// Target tracking, steps, whose alarms are Steady's own, and a schedule.
const SCALING: &str = "
[capacity]
min = 2
max = 4

[[target_tracking]]
metric = 'cpu'
target = 55.0

[[step]]
name = 'burst'
metric = 'memory'
comparison = '>='
threshold = 80
adjustment = 'change-in-capacity'
steps = [{ from = 0, by = 2 }]

[[scheduled]]
name = 'morning'
schedule = 'cron(0 8 ? * MON-FRI *)'
min = 2
";

/// `scale` applies all of it, looks why a service that is at its most does not grow, and takes it away again.
#[tokio::test]
async fn what_the_scaling_of_a_service_can_hold_comes_and_goes_by_scale() {
    let mut account = created(Timing::default()).await;
    account.pass(minutes(5)).await.unwrap();
    account.next_pass = Some(account.now() + minutes(15));
    account.push_config(SCALING).await.unwrap();
    account.pass(minutes(40)).await.unwrap();
    let live = |operation: &str| {
        let input = json!({ "ServiceNamespace": "ecs" });
        account.aws.by_hand("application-autoscaling", operation, &input).unwrap()
    };
    let count = |answer: Value, of: &str| answer[of].as_array().map_or(0, Vec::len);
    assert_eq!(count(live("DescribeScalingPolicies"), "ScalingPolicies"), 2);
    assert_eq!(count(live("DescribeScheduledActions"), "ScheduledActions"), 1);
    account.push_config("remove = true\n").await.unwrap();
    account.pass(minutes(40)).await.unwrap();
    let live = |operation: &str| {
        let input = json!({ "ServiceNamespace": "ecs" });
        account.aws.by_hand("application-autoscaling", operation, &input).unwrap()
    };
    assert_eq!(count(live("DescribeScalingPolicies"), "ScalingPolicies"), 0);
    assert_eq!(count(live("DescribeScheduledActions"), "ScheduledActions"), 0);
}

/// AWS fails `scale` at a change, of coming and of going; its messages are hidden for an hour.
#[tokio::test]
async fn what_scale_could_not_finish_sweep_does() {
    let mut account = created(Timing::default()).await;
    account.pass(minutes(5)).await.unwrap();
    for (config, operation) in
        [(SCALING, "RegisterScalableTarget"), ("remove = true\n", "DeleteScheduledAction")]
    {
        let when = When::always("application-autoscaling", operation);
        account.aws.fault(Fault { when, what: What::ServerError });
        account.push_config(config).await.unwrap();
        account.pass(seconds(5)).await.unwrap();
        account.aws.clear_faults();
        account.pass(minutes(40)).await.unwrap();
        let ended = account.aws.calls().into_iter().rfind(|call| call.operation == operation);
        assert_eq!(ended.map(|call| call.caller).as_deref(), Some(SWEEP), "{operation}");
    }
}

/// AWS fails `watch` when it starts its witnesses, and from then on EventBridge tells it nothing.
#[tokio::test]
async fn witnesses_that_watch_could_not_start_sweep_starts_and_stops() {
    let mut account = asking(Timing::default()).await;
    deploy(&account, 2, exits(minutes(4))).await;
    account.aws.fault(Fault { when: When::always("ecs", "RunTask"), what: What::Throttle });
    until_asked(&mut account).await;
    account.aws.clear_faults();
    account.delivers = false;
    account.pass(minutes(60)).await.unwrap();
    for operation in ["RunTask", "StopTask"] {
        let last = account.aws.calls().into_iter().rfind(|call| call.operation == operation);
        assert_eq!(last.map(|call| call.caller).as_deref(), Some(SWEEP), "{operation}");
    }
    assert!(are_all_stopped(&account), "{:?}", subjects(&account));
}

#[test]
fn what_a_role_may_is_done_in_a_story_or_has_its_reason_in_the_list() {
    STORIES.iter().for_each(|story| story());
    let stack = installed::stack().unwrap();
    let granted: BTreeSet<(String, String)> = stack
        .functions
        .values()
        .flat_map(|function| {
            let actions = function.policy.allowed_actions().into_iter();
            actions.map(|action| (function.id.to_lowercase(), action.to_owned()))
        })
        .collect();
    let used = installed::used();
    let listed = Permissions::read(LIST).unwrap().unseen;
    let needless: Vec<_> =
        granted.iter().filter(|one| !used.contains(*one) && !listed.contains_key(*one)).collect();
    assert!(needless.is_empty(), "granted, not used, and not in the list: {needless:#?}");
    let seen: Vec<_> = listed.keys().filter(|one| used.contains(*one)).collect();
    assert!(seen.is_empty(), "in the list of what is not seen, and seen: {seen:#?}");
}

#[test]
fn a_function_reads_the_variables_that_the_template_sets_and_no_others() {
    for function in installed::stack().unwrap().functions.values() {
        let read = RefCell::new(BTreeSet::new());
        let variable = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            function.environment.get(name).cloned()
        };
        Settings::read(variable).unwrap();
        let set: BTreeSet<String> = function.environment.keys().cloned().collect();
        assert_eq!(read.into_inner(), set, "{}", function.id);
    }
}
