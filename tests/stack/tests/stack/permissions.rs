//! What the roles of the template may, beside the reviewed list. What they do of it, the stories of `tests/e2e` show.

use std::collections::BTreeSet;

use steady_stack::Stack;
use steady_stack::permissions::Permissions;

use crate::routes::stack;

const LIST: &str = include_str!("../../../../infra/permissions.toml");

/// With everything on that a parameter can turn on.
fn at_most() -> Stack {
    let all =
        [("Mode", "act"), ("Probes", "allowed"), ("TeamTopics", "oncall-*"), ("Tracing", "Active")];
    stack("111122223333", "eu-west-1", &all)
}

fn actions(stack: &Stack) -> BTreeSet<&str> {
    stack.functions.values().flat_map(|function| function.policy.allowed_actions()).collect()
}

#[test]
fn actions_are_granted_one_by_one() {
    let stack = at_most();
    let actions = actions(&stack);
    assert!(actions.len() > 20);
    assert!(actions.iter().all(|action| !action.contains('*')), "{actions:?}");
}

#[test]
fn what_is_granted_on_everything_is_what_the_list_gives_a_reason_for() {
    let stack = at_most();
    let on_all = stack.functions.values().flat_map(|one| one.policy.actions_on_everything());
    let on_all: BTreeSet<&str> = on_all.collect();
    let listed = Permissions::read(LIST).unwrap().all_resources;
    assert_eq!(on_all, listed.keys().map(String::as_str).collect());
}

#[test]
fn what_the_list_names_is_granted() {
    let stack = at_most();
    for ((function, action), why) in Permissions::read(LIST).unwrap().unseen {
        let of_that_name = |id: &&String| id.eq_ignore_ascii_case(&function);
        let id = stack.functions.keys().find(of_that_name);
        let granted =
            id.is_some_and(|id| stack.functions[id].policy.allowed_actions().contains(&*action));
        assert!(granted, "{function} has no {action} ({why})");
    }
}

/// What changes anything that is not Steady's own.
const CHANGES: [&str; 15] = [
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:TagResource",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:PutMetricAlarm",
    "ecs:RunTask",
    "ecs:StopServiceDeployment",
    "ecs:StopTask",
    "ecs:TagResource",
    "ecs:UpdateService",
    "iam:PassRole",
];

#[test]
fn a_stack_that_observes_may_change_nothing() {
    for parameters in
        [[("Mode", "observe"), ("Probes", "off")], [("Mode", "observe"), ("Probes", "allowed")]]
    {
        let stack = stack("111122223333", "eu-west-1", &parameters);
        let actions = actions(&stack);
        let changes: Vec<_> = CHANGES.iter().filter(|action| actions.contains(**action)).collect();
        assert!(changes.is_empty(), "{changes:?}");
    }
    let acting = at_most();
    let acting = actions(&acting);
    let without = CHANGES.iter().filter(|action| !acting.contains(**action)).collect::<Vec<_>>();
    assert_eq!(
        without,
        [&"application-autoscaling:DeregisterScalableTarget"],
        "never a target that is not ours"
    );
}

#[test]
fn only_a_stack_that_may_probe_may_start_tasks() {
    let stack = stack("111122223333", "eu-west-1", &[("Mode", "act"), ("Probes", "off")]);
    let actions = actions(&stack);
    assert!(actions.contains("ecs:UpdateService"));
    assert!(
        ["ecs:RunTask", "ecs:StopTask", "ecs:TagResource"]
            .iter()
            .all(|action| !actions.contains(action))
    );
}

#[test]
fn an_entry_that_is_not_understood_is_refused() {
    let cases = [
        ("[[unseen]]\naction = 'a:B'\nfunctions = ['watch']", "permissions: an entry has no `why`"),
        (
            "[[unseen]]\naction = 'a:B'\nwhy = 'x'\nfor = ['watch']",
            "permissions: `unseen` of `a:B` is not known",
        ),
        (
            "[[all_resources]]\naction = 'a:B'\nwhy = 'x'\n[[all_resources]]\naction = 'a:B'\nwhy = 'y'",
            "permissions: `a:B` is there twice",
        ),
        ("[[granted]]\naction = 'a:B'\nwhy = 'x'", "permissions: `granted` of `a:B` is not known"),
    ];
    for (text, said) in cases {
        assert_eq!(Permissions::read(text).unwrap_err().to_string(), said);
    }
}
