//! What a config does with a load, step by step.

use steady_core::overrides::{OverriddenBy, Override, raised_by};
use steady_core::scaling::Suspended;

use super::*;

const CPU_50: &str =
    "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 50.0\n";

#[test]
fn a_step_of_load_is_answered_after_six_minutes_as_awss_own_benchmark_has_it() {
    let demand = demand(60, stretches(&[(30, 5.0), (30, 9.0)]));
    let played = play(&config(CPU_50), &Given::default(), &demand, &Assumptions::default());
    // 363 s in the benchmark: three periods and 180 s on the way.
    assert_eq!(played.moves(), [(36, 10, 18)]);
    assert_eq!(
        played.told(),
        ["`cpu`: 90 above 50; 10 running x 90 / 50 asks for 18"],
        "nothing is wrong after that"
    );
    assert_eq!((played.moments[36].running, played.moments[37].running), (10, 18));
}

#[test]
fn high_resolution_answers_in_a_minute_and_a_half() {
    let text = "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\nhigh_resolution = true\ntarget = 50.0\n";
    let config = config(text);
    assert_eq!(AutoScaling::step_seconds(&config), 20);
    let demand = demand(20, stretches(&[(90, 5.0), (90, 9.0)]));
    let played = play(&config, &Given::default(), &demand, &Assumptions::default());
    // 86 s in the benchmark; three periods and 25 s, in whole steps.
    assert_eq!(played.moves(), [(94, 10, 18)]);
}

#[test]
fn a_pinned_cpu_climbs_step_by_step_as_fast_as_its_metric_comes() {
    let demand = demand(60, stretches(&[(20, 5.0), (40, 19.0)]));
    let played = play(&config(CPU_50), &Given::default(), &demand, &Assumptions::default());
    // 100 % says "double" at most; what 20 tasks are like is seen when a minute of them has ended and was on its way for three.
    assert_eq!(played.moves(), [(26, 10, 20), (31, 20, 38)]);
    assert_eq!(played.told()[1], "`cpu`: 95 above 50; 20 running x 95 / 50 asks for 38");
}

#[test]
fn reckoned_from_the_tasks_of_now_an_old_metric_doubles_what_was_just_doubled() {
    let assumed = Assumptions { base: Base::Now, ..Assumptions::default() };
    let demand = demand(60, stretches(&[(30, 5.0), (10, 9.0)]));
    let played = play(&config(CPU_50), &Given::default(), &demand, &assumed);
    assert_eq!(played.moves(), [(36, 10, 18), (37, 18, 33), (38, 33, 40)]);
    assert!(played.told()[1].ends_with("asks for 33, more than before in this cooldown"));
}

#[test]
fn requests_per_target_know_no_ceiling_and_jump_at_once() {
    let text = "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'alb-requests-per-target'\ntarget = 300\nresource_label = 'app/web/0123456789abcdef/targetgroup/web/0123456789abcdef'\n";
    let assumed = Assumptions { per_task_minute: Some(600.0), ..Assumptions::default() };
    let demand = demand(60, stretches(&[(20, 5.0), (20, 19.0)]));
    let played = play(&config(text), &Given::default(), &demand, &assumed);
    assert_eq!(played.moves(), [(26, 10, 38)]);

    let without = play(&config(text), &Given::default(), &demand, &Assumptions::default());
    assert_eq!(without.left_out, [LeftOut::NotInRequests("alb-requests-per-target".into())]);
}

#[test]
fn a_quiet_quarter_of_an_hour_scales_in_once_each_cooldown() {
    let demand = demand(60, stretches(&[(20, 10.0), (40, 4.0)]));
    let played = play(&config(CPU_50), &Given::default(), &demand, &Assumptions::default());
    // 15 datapoints and 180 s; the next is seen 3 minutes late, when it says what has been.
    assert_eq!(played.moves(), [(38, 20, 8)]);
    assert_eq!(played.told(), ["`cpu`: 20 below 45; 20 running x 20 / 50 asks for 8"]);
}

#[test]
fn windows_and_schedules_move_the_service_at_their_minute_whatever_cools_down() {
    let text = format!(
        "{CPU_50}[[window]]\nname = 'morning'\nstart = 'cron(0 8 * * ? *)'\nend = 'cron(0 10 * * ? *)'\ntimezone = 'Europe/Berlin'\nmin = 12\n[[scheduled]]\nname = 'small'\nschedule = 'at(2026-11-21T12:00:00)'\nmax = 5\n"
    );
    let demand = demand(60, vec![1.0; 24 * 60]);
    let played = play(&config(&text), &Given::default(), &demand, &Assumptions::default());
    // 08:00 in Berlin is 07:00 UTC. After 09:00 UTC the floor is 2 again, and the alarm that was on all the time calls.
    assert_eq!(played.moves(), [(7 * 60, 2, 12), (9 * 60, 12, 2)]);
    assert_eq!(played.told()[0], "window `morning`: min is 12");
    assert_eq!(played.bounds[7 * 60].min, 12);
    assert_eq!(played.bounds[12 * 60].max, 5);
}

#[test]
fn a_surge_raises_the_floor_while_it_lasts_and_an_override_may_suspend_scale_in() {
    let text = format!("{CPU_50}[[surge]]\nalarm = 'latency'\nmin = 12\nfor = '15m'\n");
    let config = config(&text);
    let since = "2026-11-21T00:30:00Z".parse().unwrap();
    let surge = raised_by(&config.surge[0], since).unwrap();
    let held = Override {
        id: "ana".to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since,
        until: "2026-11-21T01:30:00Z".parse().unwrap(),
        min: None,
        max: None,
        suspended: Suspended { dynamic_scaling_in: true, ..Suspended::default() },
        rollback_off: false,
    };
    let given = Given { overrides: vec![surge, held], ..Given::default() };
    let demand = demand(60, vec![1.0; 120]);
    let played = play(&config, &given, &demand, &Assumptions::default());
    assert_eq!(played.moves(), [(30, 2, 12), (90, 12, 2)]);
    assert!(played.held.suspended > 0);

    let silent = play(&config, &Given::default(), &demand, &Assumptions::default());
    assert_eq!(silent.left_out, [LeftOut::Surge("latency".into())]);
}

#[test]
fn a_queue_wakes_a_service_without_tasks_and_lets_it_sleep_again() {
    let text = "[capacity]\nmin = 0\nmax = 10\n[[target_tracking]]\nmetric = 'queue-backlog-per-task'\nqueue = 'jobs'\ntarget = 100\n";
    let assumed = Assumptions { per_task_minute: Some(60.0), ..Assumptions::default() };
    let demand = demand(60, stretches(&[(10, 0.0), (5, 0.5), (60, 0.0)]));
    let played = play(&config(text), &Given::default(), &demand, &assumed);
    assert_eq!(played.moments[0].desired(), 0);
    let moves = played.moves();
    assert_eq!(moves[0], (14, 0, 1), "a minute and the delay after the first message");
    assert_eq!(moves.last().map(|(_, _, to)| *to), Some(0), "{moves:?}");
    assert_eq!(played.told()[0], "`queue-backlog-per-task`: messages wait and no task runs");
}

#[test]
fn predictive_scaling_is_ahead_of_what_came_every_day() {
    let text = format!(
        "{CPU_50}[predictive]\nmetric = 'cpu'\ntarget = 50.0\nmode = 'forecast-and-scale'\n"
    );
    let day = stretches(&[(540, 2.0), (480, 10.0), (420, 2.0)]);
    let demand = demand(60, day.repeat(3));
    let played = play(&config(&text), &Given::default(), &demand, &Assumptions::default());
    let third_morning = 2 * 1440 + 9 * 60;
    assert_eq!(played.moments[third_morning - 6].running, 4);
    assert_eq!(played.moments[third_morning].running, 20, "five minutes ahead, and started");
    assert!(played.told().contains(&"forecast (stand-in): 20 tasks next hour".to_owned()));
}

#[test]
fn a_forecast_above_max_raises_it_by_the_buffer_if_the_team_says_so() {
    let base = "[capacity]\nmin = 2\nmax = 40\n[predictive]\nmetric = 'cpu'\ntarget = 50.0\nmode = 'forecast-and-scale'\n";
    let raised = format!("{base}max_capacity_breach = 'increase'\nmax_capacity_buffer = 10\n");
    let demand = demand(60, stretches(&[(1440, 25.0), (180, 25.0)]));
    let at_end = |text: &str| {
        let played = play(&config(text), &Given::default(), &demand, &Assumptions::default());
        played.moments.last().map(Moment::desired)
    };
    assert_eq!(at_end(base), Some(40), "50 are foretold, `max` is honoured");
    assert_eq!(at_end(&raised), Some(50));
}

#[test]
fn what_does_not_follow_from_load_is_left_out_and_said() {
    let text = "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'memory'\ntarget = 50.0\n[predictive]\nmetric = 'cpu'\ntarget = 50.0\n";
    let demand = demand(60, vec![1.0; 10]);
    let played = play(&config(text), &Given::default(), &demand, &Assumptions::default());
    assert_eq!(played.left_out, [LeftOut::Metric("memory".into()), LeftOut::ForecastOnly]);
}
