//! Alarms that a team named in `health.rollback_alarms`.

use steady_core::config::{RollbackMode, Witness};
use steady_core::incident::IncidentKind;
use steady_core::rollback::{Refusal, RollbackState};

use crate::story::{End, Story, id, minutes, seconds};

const ALARM: &str = "checkout-5xx";

/// checkout:42 is being deployed beside the proven 41, for three minutes.
fn deploying() -> Story {
    let mut story = Story::with_proven();
    story.config.health.rollback_alarms = vec![ALARM.to_owned(), "checkout-slow".to_owned()];
    story.pass(minutes(10));
    story.begin(42);
    (0..4).for_each(|_| drop(story.start(42)));
    story.pass(minutes(3));
    story
}

/// The rollback is under way: the tasks of 41 run, and those of 42 are gone.
fn on_41_again(story: &mut Story) {
    story.begin(43);
    for task in story.running_of(42) {
        story.end(&task, End::ScaleIn);
    }
    (0..4).for_each(|_| drop(story.start_of(43, 41)));
    for task in story.running_of(41) {
        story.end(&task, End::ScaleIn);
    }
    story.complete(43);
}

#[test]
fn an_alarm_in_a_deployment_holds_for_a_minute_and_rolls_it_back_and_both_have_to_mend() {
    let mut story = deploying();
    story.alarm(ALARM, true);
    assert_eq!(story.record.incident.as_ref().unwrap().kind, IncidentKind::Alarm);
    assert_eq!(story.kinds(), ["incident-opened", "notice"]);
    assert!(matches!(
        story.record.incident.as_ref().unwrap().rollback,
        RollbackState::Holding { .. }
    ));
    insta::assert_snapshot!(story.told(), @r#"
    Alarm checkout-5xx of prod/checkout went off 3 min after the deployment of checkout:42 began. Steady rolls it back to checkout:41 at 2026-11-21 01:14:00 UTC, unless the alarm is over by then.

    Since     2026-11-21 01:13:00 UTC, 3 min after deployment ecs-svc/42 of checkout:42 began

    How bad   8 of 4 tasks running
              no failed task of checkout:42 has been seen
              checkout:41, before it: 0 of 4 tasks failed, 4 of them running still

    Why       alarm checkout-5xx went off at 2026-11-21 01:13:00 UTC, 3 min after the deployment began: "Threshold Crossed: 3 datapoints were greater than the threshold (5.0)."

    Done      waits until 2026-11-21 01:14:00 UTC: if the alarm is over by then, or others of the account are in trouble too, nothing is rolled back

    You       1. See what it measures: aws cloudwatch describe-alarms --alarm-names checkout-5xx --region eu-west-1
              2. See what changed: aws ecs describe-task-definition --task-definition checkout:42 --region eu-west-1, and the same for checkout:41
              3. To go back to checkout:41 by hand: aws ecs update-service --cluster prod --service checkout --task-definition checkout:41 --region eu-west-1

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              incident  01M7XTKVB03FEXRH7ZDPTYWSZ6

    Not now   rollback = "off" under [health] in prod/checkout.toml stops this

    notice 01M7XTKVB03FEXRH7ZDPTYWSZ6-opened-1795223580, Steady 0.1.0
    "#);
    story.pass(seconds(61));
    assert_eq!(
        story.rollback().unwrap(),
        "to checkout:41: StopServiceDeployment with ROLLBACK, deployment ecs-svc/42"
    );
    on_41_again(&mut story);
    story.pass(minutes(6));
    assert!(story.record.incident.is_some(), "steady, and the alarm is not over");
    story.alarm(ALARM, false);
    story.pass(minutes(3));
    assert_eq!(story.record.incident, None);
    assert_eq!(story.stages(), ["opened", "rollback-begun", "resolved"]);
    insta::assert_snapshot!(story.notices().last().unwrap().subject, @"[info] prod/checkout: resolved, rolled back from checkout:42");
}

#[test]
fn an_alarm_that_stays_though_the_service_is_steady_again_tells_that_the_rollback_did_not_help() {
    let mut story = deploying();
    story.alarm(ALARM, true);
    story.pass(minutes(2));
    on_41_again(&mut story);
    story.pass(minutes(20));
    assert_eq!(story.stages().last(), Some(&"rollback-unverified"));
    insta::assert_snapshot!(story.notices().last().unwrap().subject, @"[critical] prod/checkout: rollback to checkout:41 did not help: alarm checkout-5xx is still on");
}

#[test]
fn an_alarm_from_before_the_deployment_is_named_and_not_counted() {
    let mut story = Story::with_proven();
    story.config.health.rollback_alarms = vec![ALARM.to_owned()];
    story.config.health.rollback_window = minutes(5);
    story.alarm(ALARM, true);
    assert_eq!(story.kinds(), ["skipped"]);
    assert_eq!(
        story.entries.last().unwrap().what.to_string(),
        "alarm checkout-5xx went off after the `rollback_window` of deployment ecs-svc/41 (5 min): it is not counted"
    );
    story.begin(42);
    story.pass(minutes(1));
    for _ in 0..4 {
        story.live(42, seconds(5), End::Exit(1));
    }
    story.pass(minutes(2));
    assert!(story.record.incident.as_ref().unwrap().alarms.is_empty());
    assert!(
        story.told().contains(
            "not counted: alarm checkout-5xx was in ALARM already when the deployment began"
        ),
        "{}",
        story.told()
    );
}

#[test]
fn an_alarm_of_the_very_second_in_which_the_deployment_began_was_there_before() {
    let mut story = Story::with_proven();
    story.config.health.rollback_alarms = vec![ALARM.to_owned()];
    story.begin(42);
    story.alarm(ALARM, true);
    assert_eq!(
        story.entries.last().unwrap().what.to_string(),
        "alarm checkout-5xx was in ALARM already when deployment ecs-svc/42 began: it is not counted"
    );
    assert_eq!(story.record.incident, None);
}

#[test]
fn an_alarm_that_is_over_within_the_hold_rolls_nothing_back_and_resolves() {
    let mut story = deploying();
    story.alarm(ALARM, true);
    story.pass(seconds(30));
    story.alarm(ALARM, false);
    story.pass(minutes(1));
    assert_eq!(story.refusal(), Some(Refusal::AlarmOver));
    story.pass(minutes(6));
    assert_eq!(story.record.incident, None);
    assert_eq!(story.count("rollback"), 0);
    insta::assert_snapshot!(story.told(), @r#"
    prod/checkout is out of trouble: alarm checkout-5xx is over. The incident was open for 5 min.

    Since     2026-11-21 01:13:00 UTC, 3 min after deployment ecs-svc/42 of checkout:42 began

    How bad   8 of 4 tasks running
              no failed task of checkout:42 has been seen
              checkout:41, before it: 0 of 4 tasks failed, 4 of them running still

    Why       alarm checkout-5xx went off at 2026-11-21 01:13:00 UTC, 3 min after the deployment began: "Threshold Crossed: 3 datapoints were greater than the threshold (5.0)."; over since 2026-11-21 01:13:30 UTC

    Done      nothing: the alarm that went off is over again

    You       1. Find out what set it off: checkout:42 was not changed, so it may come back

    Links     service   https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/health?region=eu-west-1
              logs      https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/checkout/logs?region=eu-west-1
              incident  01M7XTKVB03FEXRH7ZDPTYWSZ6

    notice 01M7XTKVB03FEXRH7ZDPTYWSZ6-resolved-1795223910, Steady 0.1.0
    "#);
}

#[test]
fn alarms_that_config_does_not_name_and_those_of_a_service_with_rollback_off_say_nothing() {
    let mut story = deploying();
    story.alarm("somebody-elses", true);
    assert_eq!(story.kinds(), [""; 0]);
    story.config.health.rollback = RollbackMode::Off;
    story.alarm(ALARM, true);
    story.pass(minutes(2));
    assert_eq!(story.kinds(), [""; 0]);
    assert!(story.record.alarms.in_alarm().next().is_none(), "and nothing is remembered of them");
}

#[test]
fn guards_and_policies_bind_alarms_as_they_bind_evidence() {
    let expected = [
        (RollbackMode::Notify, Witness::Act, Refusal::ConfigNotify),
        (RollbackMode::Auto, Witness::Page, Refusal::WitnessPage),
    ];
    for (rollback, witness, refusal) in expected {
        let mut story = deploying();
        story.config.health.rollback = rollback;
        story.config.health.witness = witness;
        story.alarm(ALARM, true);
        story.pass(minutes(2));
        assert_eq!(story.refusal(), Some(refusal));
        assert_eq!(story.count("rollback"), 0);
    }
    let mut story = Story::new();
    story.config.health.rollback_alarms = vec![ALARM.to_owned()];
    story.begin(41);
    story.pass(seconds(90));
    story.alarm(ALARM, true);
    story.pass(minutes(2));
    assert_eq!(story.refusal(), Some(Refusal::FirstDeployment));
}

#[test]
fn an_alarm_joins_a_loop_and_the_loop_is_graver_than_an_alarm() {
    let mut story = deploying();
    story.config.health.rollback = RollbackMode::Notify;
    story.alarm(ALARM, true);
    (0..12).for_each(|_| story.live(42, seconds(8), End::Exit(1)));
    story.pass(minutes(1));
    let incident = story.record.incident.as_ref().unwrap();
    assert_eq!(
        (incident.kind, incident.is_now()),
        (IncidentKind::Alarm, IncidentKind::RestartLoop)
    );
    assert_eq!(story.stages(), ["opened", "worsened"]);
    story.alarm("checkout-slow", true);
    let alarms = &story.record.incident.as_ref().unwrap().alarms;
    assert_eq!(alarms.len(), 2);
    assert_eq!(story.stages(), ["opened", "worsened"], "what joins is no news");
}

#[test]
fn order_and_repetition_of_an_alarms_events_change_nothing() {
    let mut story = deploying();
    let off = story.alarm_event(ALARM, true);
    story.pass(minutes(1));
    let over = story.alarm_event(ALARM, false);
    let mut both = deploying();
    both.pass(minutes(1));
    for events in [vec![over.clone()], vec![off.clone()], vec![off, over]] {
        both.decide(events);
    }
    assert_eq!(both.record.incident, None, "it was over before anybody heard that it went off");
    assert_eq!(both.kinds(), [""; 0]);
}

#[test]
fn an_alarm_waits_for_an_ecs_that_cannot_be_read() {
    let mut story = deploying();
    story.ecs.answers = false;
    story.alarm(ALARM, true);
    assert_eq!(story.record.incident, None);
    story.ecs.answers = true;
    story.pass(minutes(3));
    assert_eq!(story.record.incident.as_ref().unwrap().about, id(42));
    assert_eq!(story.count("rollback"), 1);
}
