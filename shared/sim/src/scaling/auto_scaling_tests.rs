//! The worked examples, number by number, and what ends what.

use jiff::SignedDuration;
use steady_core::config::{
    Adjustment, Capacity, Comparison, MissingData, Scaling, Step, StepMetric, StepScaling,
    TargetTracking, TrackedMetric,
};

use steady_core::overrides::OverriddenBy;

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn tracking(name: &str, target: f64) -> TargetTracking {
    TargetTracking {
        name: name.to_owned(),
        metric: TrackedMetric::Cpu { high_resolution: false },
        target,
        scale_out_cooldown: MINUTE * 5,
        scale_in_cooldown: MINUTE * 5,
        disable_scale_in: false,
    }
}

fn stepping(comparison: Comparison, threshold: f64, steps: &[(f64, f64, i32)]) -> StepScaling {
    let bound = |value: f64| value.is_finite().then_some(value);
    let steps =
        steps.iter().map(|(from, to, by)| Step { from: bound(*from), to: bound(*to), by: *by });
    StepScaling {
        name: "step".to_owned(),
        metric: StepMetric::Cpu,
        comparison,
        threshold,
        period: MINUTE,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        missing_data: MissingData::Missing,
        adjustment: Adjustment::PercentChangeInCapacity,
        steps: steps.collect(),
        cooldown: SignedDuration::ZERO,
        min_adjustment_magnitude: None,
    }
}

fn config(tracked: Vec<TargetTracking>, stepped: Vec<StepScaling>) -> Scaling {
    let capacity = Some(Capacity { min: 1, max: 100 });
    Scaling { capacity, target_tracking: tracked, step: stepped, ..Scaling::default() }
}

/// Alarms act on one datapoint at once, so that examples can be told minute by minute.
fn at_once() -> Assumptions {
    Assumptions {
        metric_delay_seconds: 0,
        high_datapoints: 1,
        low_datapoints: 1,
        ..Assumptions::default()
    }
}

/// Plays minutes, each with the tasks that run as it begins and the CPU of the minute before; what is wanted after each.
struct Played {
    scaling: AutoScaling,
    fleet: Fleet,
    step: usize,
}

impl Played {
    fn new(config: &Scaling, assumed: &Assumptions, desired: u32) -> Self {
        Self::given(config, assumed, desired, &Given::default())
    }

    fn given(config: &Scaling, assumed: &Assumptions, desired: u32, given: &Given) -> Self {
        let start = "2026-11-21T00:00:00Z".parse().unwrap();
        let demand = Demand { start, step: 60, tasks: vec![f64::NAN; 1000] };
        let scaling = AutoScaling::new(config, given, &demand, assumed).unwrap();
        Self { scaling, fleet: Fleet::new(desired, 0), step: 0 }
    }

    /// `running` of those wanted serve.
    fn minute(&mut self, running: u32, cpu: f64) -> u32 {
        let load = cpu / 100.0 * f64::from(running);
        let desired = self.fleet.desired();
        let moment = Moment { step: self.step, load, running, starting: 0, started: 0 };
        self.scaling.observe(&moment);
        self.step += 1;
        let mut fleet = Fleet::new(running, 1);
        fleet.set_desired(desired);
        let wanted = self.scaling.decide(self.step, &fleet);
        self.fleet = Fleet::new(wanted, 0);
        wanted
    }
}

#[test]
fn awss_own_run_of_step_scaling_goes_from_10_to_11_14_13_and_10() {
    let inf = f64::INFINITY;
    let out = [(0.0, 10.0, 0), (10.0, 20.0, 10), (20.0, inf, 30)];
    let fewer = [(-10.0, 0.0, 0), (-20.0, -10.0, -10), (-inf, -20.0, -30)];
    let high = stepping(Comparison::GreaterThanOrEqualToThreshold, 50.0, &out);
    let low = StepScaling {
        name: "low".to_owned(),
        ..stepping(Comparison::LessThanOrEqualToThreshold, 50.0, &fewer)
    };
    let mut played = Played::new(&config(vec![], vec![high, low]), &at_once(), 10);
    let mut running = 10;
    let got = [60.0, 70.0, 50.0, 40.0, 30.0].map(|cpu| {
        running = played.minute(running, cpu);
        running
    });
    assert_eq!(got, [11, 14, 14, 13, 10]);
}

#[test]
fn within_the_scale_out_cooldown_only_more_than_before_acts_and_only_the_difference_is_added() {
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &at_once(), 10);
    // (running, CPU, desired afterwards)
    let minutes = [(10, 80.0, 16), (10, 90.0, 18), (16, 70.0, 23), (23, 52.0, 24), (24, 49.0, 24)];
    for (minute, (running, cpu, desired)) in minutes.into_iter().enumerate() {
        assert_eq!(played.minute(running, cpu), desired, "at t0 + {minute} min");
    }
}

#[test]
fn a_step_policy_in_its_cooldown_adds_what_it_asks_for_more_than_it_has_had() {
    let steps = [(0.0, 20.0, 2), (20.0, f64::INFINITY, 3)];
    let step = StepScaling {
        adjustment: Adjustment::ChangeInCapacity,
        cooldown: MINUTE * 5,
        ..stepping(Comparison::GreaterThanThreshold, 50.0, &steps)
    };
    let mut played = Played::new(&config(vec![], vec![step]), &at_once(), 10);
    assert_eq!(played.minute(10, 60.0), 12, "two more");
    assert_eq!(played.minute(12, 60.0), 12, "two are there");
    assert_eq!(played.minute(12, 80.0), 13, "three are asked for: one is added");
    assert_eq!(played.scaling.held.cooldown_out, 1);
}

#[test]
fn scale_in_waits_for_its_cooldown_and_a_scale_out_ends_it() {
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &at_once(), 20);
    assert_eq!(played.minute(20, 40.0), 16);
    assert_eq!(played.minute(16, 40.0), 16, "four minutes to go");
    assert_eq!(played.minute(16, 60.0), 20, "out at once");
    assert_eq!(played.minute(20, 40.0), 16, "and in again: the cooldown is over");
    assert_eq!(played.scaling.held.cooldown_in, 1);
}

#[test]
fn nothing_is_done_where_one_task_fewer_would_be_too_few() {
    let mut played = Played::new(&config(vec![tracking("cpu", 70.0)], vec![]), &at_once(), 2);
    assert_eq!(played.minute(2, 62.0), 2);
    assert_eq!(played.scaling.held.flapping, 1);
}

#[test]
fn between_target_and_margin_nothing_is_asked_for() {
    let mut played = Played::new(&config(vec![tracking("cpu", 70.0)], vec![]), &at_once(), 10);
    assert_eq!([70.0, 69.0, 63.0].map(|cpu| played.minute(10, cpu)), [10, 10, 10]);
    assert_eq!(played.scaling.held, Held::default());
    assert_eq!(played.minute(10, 62.9), 9);
}

#[test]
fn of_several_policies_the_largest_capacity_wins_and_in_needs_all_of_them() {
    let two = vec![tracking("low", 40.0), tracking("high", 80.0)];
    let mut played = Played::new(&config(two.clone(), vec![]), &at_once(), 10);
    assert_eq!(played.minute(10, 60.0), 15, "one asks for more, the other for fewer");
    assert_eq!(played.minute(15, 38.0), 15, "one agrees to fewer, the other not");
    assert_eq!(played.scaling.held.not_all_agree, 1);
    assert_eq!(played.minute(15, 20.0), 8, "ceil(15 x 20 / 40), not ceil(15 x 20 / 80)");

    let mut with_out_only = two;
    with_out_only[0].disable_scale_in = true;
    let mut played = Played::new(&config(with_out_only, vec![]), &at_once(), 10);
    assert_eq!(played.minute(10, 38.0), 5, "one that only scales out is not asked");
}

#[test]
fn a_step_in_is_not_held_by_target_tracking() {
    let fewer = [(-f64::INFINITY, 0.0, -50)];
    let step = stepping(Comparison::LessThanThreshold, 65.0, &fewer);
    let mut played = Played::new(&config(vec![tracking("cpu", 70.0)], vec![step]), &at_once(), 10);
    assert_eq!(played.minute(10, 64.0), 5, "above target tracking's 63");
}

#[test]
fn without_data_nothing_is_scaled_either_way() {
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &at_once(), 10);
    assert_eq!([f64::NAN; 20].map(|cpu| played.minute(10, cpu)), [10; 20]);
    assert_eq!(played.scaling.actions, []);
}

#[test]
fn while_a_deployment_is_in_progress_it_only_scales_out() {
    let at = |text: &str| text.parse().unwrap();
    let given = Given {
        deployments: vec![(at("2026-11-21T00:00:00Z"), at("2026-11-21T00:03:00Z"))],
        ..Given::default()
    };
    let config = config(vec![tracking("cpu", 50.0)], vec![]);
    let mut played = Played::given(&config, &at_once(), 10, &given);
    assert_eq!(played.minute(10, 20.0), 10);
    assert_eq!(played.scaling.held.deployment, 1);
    assert_eq!(played.minute(10, 60.0), 12);
    assert_eq!(played.minute(12, 20.0), 5, "it is over");
}

#[test]
fn three_datapoints_scale_out_and_fifteen_scale_in() {
    let assumed = Assumptions { metric_delay_seconds: 0, ..Assumptions::default() };
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &assumed, 10);
    assert_eq!([80.0; 3].map(|cpu| played.minute(10, cpu)), [10, 10, 16]);
    let quiet: Vec<u32> = (0..15).map(|_| played.minute(16, 10.0)).collect();
    assert_eq!(quiet[..14], [16; 14]);
    assert_eq!(quiet[14], 4);
}

/// Segment, "When AWS Autoscale Doesn't": CPU cannot say more than 100 %, so at a target of 70 a step is 43 % at most.
#[test]
fn a_bounded_metric_caps_each_step() {
    let mut played = Played::new(&config(vec![tracking("cpu", 70.0)], vec![]), &at_once(), 10);
    let load = 1.0e6;
    assert_eq!(played.minute(10, load), 15);
    assert_eq!(played.minute(15, load), 22);
}

/// Dumps of live alarms: of ECS services, then of EC2 groups.
#[test]
fn the_alarm_that_scales_in_is_at_its_share_of_the_target() {
    let table = [
        (0.9, 70.0, 63.0),
        (0.9, 80.0, 72.0),
        (0.9, 30.0, 27.0),
        (0.7, 40.0, 28.0),
        (0.7, 50.0, 35.0),
        (0.7, 30.0, 21.0),
    ];
    for (scale_in_margin, target, alarm) in table {
        let assumed = Assumptions { scale_in_margin, ..at_once() };
        let config = config(vec![tracking("cpu", target)], vec![]);
        let mut played = Played::new(&config, &assumed, 100);
        assert_eq!(played.minute(100, alarm), 100, "{target}: not below {alarm}");
        assert!(played.minute(100, alarm - 0.1) < 100, "{target}: below {alarm}");
    }
}

#[test]
fn an_alarm_that_stays_on_calls_its_policy_each_minute() {
    let more = [(0.0, f64::INFINITY, 2)];
    let step = StepScaling {
        adjustment: Adjustment::ChangeInCapacity,
        ..stepping(Comparison::GreaterThanThreshold, 50.0, &more)
    };
    let mut played = Played::new(&config(vec![], vec![step]), &at_once(), 10);
    let mut running = 10;
    let got = [60.0, 60.0, 60.0, 50.0].map(|cpu| {
        running = played.minute(running, cpu);
        running
    });
    assert_eq!(got, [12, 14, 16, 16]);
}

#[test]
fn a_wish_is_reckoned_from_the_tasks_that_run_and_not_from_those_that_are_wanted() {
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &at_once(), 16);
    assert_eq!(played.minute(10, 80.0), 16, "ten that run ask for 16, which are wanted already");
    assert_eq!(played.scaling.held.at_desired, 1);
    assert_eq!(played.minute(10, 90.0), 18);
}

#[test]
fn at_its_bounds_nothing_is_done_and_that_is_counted() {
    let mut config = config(vec![tracking("cpu", 50.0)], vec![]);
    config.capacity = Some(Capacity { min: 4, max: 10 });
    let mut played = Played::new(&config, &at_once(), 10);
    assert_eq!(played.minute(10, 80.0), 10);
    let mut low = Played::new(&config, &at_once(), 4);
    assert_eq!(low.minute(4, 10.0), 4);
    assert_eq!((played.scaling.held.at_max, low.scaling.held.at_min), (1, 1));
}

#[test]
fn cooldowns_last_to_their_minute_and_no_longer() {
    let mut played = Played::new(&config(vec![tracking("cpu", 50.0)], vec![]), &at_once(), 20);
    assert_eq!(played.minute(20, 40.0), 16);
    assert_eq!([40.0; 5].map(|cpu| played.minute(16, cpu)), [16, 16, 16, 16, 13], "five minutes");

    let step = StepScaling {
        adjustment: Adjustment::ChangeInCapacity,
        cooldown: MINUTE * 5,
        ..stepping(Comparison::GreaterThanThreshold, 50.0, &[(0.0, f64::INFINITY, 2)])
    };
    let mut played = Played::new(&config(vec![], vec![step]), &at_once(), 10);
    assert_eq!(played.minute(10, 60.0), 12);
    assert_eq!([60.0; 5].map(|cpu| played.minute(12, cpu)), [12, 12, 12, 12, 14]);
}

/// From 00:03 to 00:06.
fn overridden(max: Option<u32>, suspended: Suspended) -> Given {
    let at = |text: &str| text.parse().unwrap();
    let one = Override {
        id: "ana".to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since: at("2026-11-21T00:03:00Z"),
        until: at("2026-11-21T00:06:00Z"),
        min: None,
        max,
        suspended,
        rollback_off: false,
    };
    Given { overrides: vec![one], ..Given::default() }
}

#[test]
fn only_a_scale_out_that_was_done_begins_a_cooldown() {
    let mut config = config(vec![tracking("cpu", 50.0)], vec![]);
    config.capacity = Some(Capacity { min: 1, max: 10 });
    let given = overridden(Some(20), Suspended::default());
    let mut played = Played::given(&config, &at_once(), 10, &given);
    let wanted = [80.0; 3].map(|cpu| played.minute(10, cpu));
    assert_eq!(wanted, [10, 10, 16], "at max twice, then max is 20");
    assert_eq!((played.scaling.held.at_max, played.scaling.held.cooldown_out), (2, 0));
}

#[test]
fn what_was_suspended_acts_when_it_resumes_while_its_alarm_is_still_on() {
    let suspended = Suspended { dynamic_scaling_out: true, ..Suspended::default() };
    let config = config(vec![tracking("cpu", 50.0)], vec![]);
    let mut played = Played::given(&config, &at_once(), 10, &overridden(None, suspended));
    played.minute(10, 40.0);
    played.minute(10, 40.0);
    let wanted = [80.0; 4].map(|cpu| played.minute(8, cpu));
    assert_eq!(wanted, [8, 8, 8, 13]);
    assert_eq!(played.scaling.held.suspended, 3);
}

#[test]
fn of_two_that_want_more_the_larger_capacity_wins() {
    let two = vec![tracking("low", 40.0), tracking("high", 80.0)];
    let mut played = Played::new(&config(two, vec![]), &at_once(), 10);
    assert_eq!(played.minute(10, 90.0), 23, "ceil(10 x 90 / 40), not ceil(10 x 90 / 80)");
}

#[test]
fn after_a_step_in_target_tracking_may_scale_out_again() {
    let step = stepping(Comparison::LessThanThreshold, 65.0, &[(-f64::INFINITY, 0.0, -50)]);
    let mut played = Played::new(&config(vec![tracking("cpu", 70.0)], vec![step]), &at_once(), 10);
    assert_eq!([(10, 64.0), (5, 90.0)].map(|(running, cpu)| played.minute(running, cpu)), [5, 7]);
}
