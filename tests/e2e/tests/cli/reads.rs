//! `status` and `history`.

use jiff::SignedDuration;
use serde_json::json;
use steady_sim::Behaviour;

use crate::command::{Ran, catches_up, minutes, now, proven, steady, takes_config_in};

/// As many tasks at most as run.
const SCALED: &str =
    "[capacity]\nmin = 2\nmax = 4\n\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";

const NOTIFY: &str = "[health]\nrollback = 'notify'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_well_is_shown_as_it_stands() {
    let account = proven(NOTIFY).await;
    let ran = steady(&account, &["status", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: no incident is open

    Deployment  checkout:1 (ecs-svc/7353848000608806813), proven; it began at TIME
    Tasks       4 desired, as read at TIME
    Proven      checkout:1, since TIME
    Config      rollback = "notify"
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    1 service known, 0 with an open incident
    newest deployments: 1 proven
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_incident_is_shown_first_with_exit_code_2_and_in_the_history_once_it_is_over() {
    let mut account = proven(NOTIFY).await;
    account.register().await.unwrap();
    let run = SignedDuration::from_secs(10);
    account.aws.ecs(|ecs| ecs.behave("checkout:2", Behaviour::OutOfMemoryAfter { run }));
    account.deploy("checkout:2").await.unwrap();
    account.pass(minutes(8)).await.unwrap();

    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(aged(&ran), @r#"
    SERVICE        OPEN FOR    RUNNING    WHAT
    prod/checkout  NN min      4 of 4     restart loop on checkout:2; not rolled back: config says `rollback = "notify"` (the default)

    1 service known, 1 with an open incident
    newest deployments: 1 in progress
    --- exit code 2
    "#);
    let ran = steady(&account, &["status", "prod/checkout"]);
    insta::assert_snapshot!(aged(&ran), @r#"
    prod/checkout: restart loop, open for NN min

    Incident    INCIDENT, since TIME, on checkout:2, deployment ecs-svc/7018638183136409814
    Evidence    4 of 4 starts failed (10 % is tolerated); 1270 : 1 that it fails more than is tolerated
    Rollback    not rolled back: config says `rollback = "notify"` (the default)
    Deployment  checkout:2 (ecs-svc/7018638183136409814), in progress; it began at TIME
    Tasks       4 of 4 running, as read at TIME
    Proven      checkout:1, since TIME
    Config      rollback = "notify"
    --- exit code 2
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady(&account, &["status", "prod/checkout", "--format", "json"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    {"service":"prod/checkout","incident":{"id":"INCIDENT","kind":"restart-loop","opened_at":"TIME","about":"ecs-svc/7018638183136409814","revision":"checkout:2","starts":4,"failed_starts":4,"crashes":0,"evidence":1270.0,"running_count":4,"rollback":"not rolled back: config says `rollback = \"notify\"` (the default)"},"deployment":{"id":"ecs-svc/7018638183136409814","revision":"checkout:2","began":"TIME","state":"in-progress","until":null},"desired_count":4,"read_at":"TIME","proven":[{"revision":"checkout:1","at":"TIME"}],"bad":[],"rollback":"notify","to_do":[],"deleted_at":null,"overrides":[],"troubles":[],"paused":null}
    --- exit code 2
    "#);
    let ran = steady(&account, &["history", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    no incident of prod/checkout that is over is kept (each is, for 90 days)
    --- exit code 0
    "#);

    account.deploy("checkout:1").await.unwrap();
    catches_up(&mut account, minutes(14)).await;
    let ran = steady(&account, &["history", "prod/checkout", "--limit", "5"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    TIME to TIME, 18 min: restart loop on checkout:2
      evidence  32 of 32 starts failed (10 % is tolerated); more than 1,000,000 : 1 that it fails more than is tolerated
      why       a container was killed for passing its memory limit
      rollback  not rolled back: another deployment, ecs-svc/1060585286228222314, has begun since
      ended     checkout:1 (deployment ecs-svc/1060585286228222314) completed and has behaved for 10 min
      incident  INCIDENT
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    assert_eq!(steady(&account, &["status"]).code, 0);
}

/// The machine's clock goes on while the account is made: how old an incident is depends on how fast that was.
fn aged(ran: &Ran) -> String {
    let whole = ran.whole();
    (14..18).fold(whole, |whole, minutes| whole.replace(&format!("{minutes} min"), "NN min"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_config_is_shown_with_exit_code_2_until_it_takes_effect() {
    let account = proven(SCALED).await;
    takes_config_in(&account).await;
    account.push_config(&SCALED.replace("max = 4", "max = 1")).await.unwrap();
    takes_config_in(&account).await;
    let ran = steady(&account, &["status", "prod/checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: no incident is open

    Deployment  checkout:1 (ecs-svc/7353848000608806813), proven; it began at TIME
    Tasks       4 desired, as read at TIME
    Proven      checkout:1, since TIME
    Config      rollback = "notify"
    Scaling     since TIME: its config is rejected (1 error), the last good one holds: prod/checkout.toml:3:7: `capacity.max` is `1`, less than `capacity.min`, `2`; write `max = 2` or more
    --- exit code 2
    "#);
    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    Scaling
      prod/checkout: since TIME: its config is rejected (1 error), the last good one holds: prod/checkout.toml:3:7: `capacity.max` is `1`, less than `capacity.min`, `2`; write `max = 2` or more

    1 service known, 0 with an open incident
    newest deployments: 1 proven
    --- exit code 2
    "#);
    let ran = steady(&account, &["status", "--format", "json"]);
    let head = ran.out.lines().next().unwrap();
    assert!(
        head.contains(
            r#""troubles":[{"service":"prod/checkout","trouble":{"kind":{"config-rejected""#
        ),
        "{head}"
    );
    account.push_config(SCALED).await.unwrap();
    takes_config_in(&account).await;
    assert_eq!(steady(&account, &["status"]).code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_service_does_not_scale_is_one_timeline_of_aws_and_steady() {
    let account = proven(NOTIFY).await;
    let service = "prod/checkout";
    let ran = steady(&account, &["why", service]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: 4 of 4 tasks running; no scalable target: nothing scales it

    Steady      does not manage its scaling

    nothing has scaled it, or tried to, since TIME
    --- exit code 0
    "#);
    account.push_config(SCALED).await.unwrap();
    takes_config_in(&account).await;
    let target = "service/prod/checkout";
    let cause = "monitor alarm high in state ALARM triggered policy steady-cpu";
    let at = |minutes: i64| now().as_second() - 60 * minutes;
    let scaled = json!({
        "Description": "Setting desired count to 4.", "Cause": cause, "StartTime": at(9),
        "StatusCode": "Successful", "StatusMessage": "Successfully set desired count to 4.",
    });
    account.aws.add_scaling_activity(target, &scaled);
    let not_scaled = json!({
        "Description": "Attempting to scale due to alarm triggered", "Cause": cause, "StartTime": at(5),
        "StatusCode": "Failed", "NotScaledReasons": [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 4}],
    });
    account.aws.add_scaling_activity(target, &not_scaled);
    let long_ago = json!({
        "Description": "Setting desired count to 3.", "Cause": cause, "StartTime": at(60 * 25),
        "StatusCode": "Successful",
    });
    account.aws.add_scaling_activity(target, &long_ago);
    let ran = steady(&account, &["why", service]);
    insta::assert_snapshot!(ran.whole(), @r#"
    prod/checkout: 4 of 4 tasks running; at max: nothing adds tasks

    Bounds      2 to 4 tasks are live
    Wanted      2 to 4 tasks: [capacity]
    Alarm       INSUFFICIENT_DATA since TIME: TargetTracking-service/prod/checkout-AlarmHigh-00000001-0000-4000-8000-000000000003, of policy steady-cpu
    Alarm       INSUFFICIENT_DATA since TIME: TargetTracking-service/prod/checkout-AlarmLow-00000001-0000-4000-8000-000000000004, of policy steady-cpu

    TIME  alarm       TargetTracking-service/prod/checkout-AlarmHigh-00000001-0000-4000-8000-000000000003 of policy steady-cpu went to INSUFFICIENT_DATA: Unchecked: Initial alarm creation
    TIME  alarm       TargetTracking-service/prod/checkout-AlarmLow-00000001-0000-4000-8000-000000000004 of policy steady-cpu went to INSUFFICIENT_DATA: Unchecked: Initial alarm creation
    TIME  scaled      Setting desired count to 4: monitor alarm high in state ALARM triggered policy steady-cpu
    TIME  not scaled  at max already, 4 tasks: monitor alarm high in state ALARM triggered policy steady-cpu
    --- exit code 0
    "#);
    assert!(ran.only_read(), "{:?}", ran.calls);
    let ran = steady(&account, &["why", service, "--since", "7m", "--format", "json"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains(r#""kind":"not-scaled""#)).count(), 1);
    assert!(!ran.out.contains(r#""kind":"scaled""#), "{}", ran.out);
    assert!(ran.out.contains(r#""place":"at-max""#), "{}", ran.out);
}
