//! What Application Auto Scaling is said to do over time, rule by rule.

use super::*;

const CPU_50: &str =
    "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 50.0\n";

#[test]
fn a_scheduled_action_acts_within_a_cooldown_and_nothing_is_restored_after_it() {
    let text = format!(
        "{CPU_50}[[scheduled]]\nname = 'small'\nschedule = 'at(2026-11-21T01:00:00)'\nmax = 5\n"
    );
    let demand = demand(60, stretches(&[(50, 5.0), (70, 6.0)]));
    let played = play(&config(&text), &Given::default(), &demand, &Assumptions::default());
    assert_eq!(played.moves(), [(56, 10, 12), (60, 12, 5)]);
    assert_eq!(played.told()[1], "scheduled action `small`: max is 5");
    let bounds = played.bounds.last().copied();
    assert_eq!(bounds, Some(Bounds { min: 2, max: 5 }), "of the two only what it names is set");
}

#[test]
fn a_scheduled_minimum_lifts_a_service_at_once_while_it_cools_down_from_a_scale_in() {
    let text = format!(
        "{CPU_50}[[scheduled]]\nname = 'large'\nschedule = 'at(2026-11-21T00:40:00)'\nmin = 15\n"
    );
    let demand = demand(60, stretches(&[(20, 10.0), (25, 4.0)]));
    let played = play(&config(&text), &Given::default(), &demand, &Assumptions::default());
    assert_eq!(played.moves(), [(38, 20, 8), (40, 8, 15)]);
}

#[test]
fn high_resolution_scales_in_after_forty_five_datapoints() {
    let text = "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\nhigh_resolution = true\ntarget = 50.0\n";
    let demand = demand(20, stretches(&[(90, 10.0), (60, 4.0)]));
    let played = play(&config(text), &Given::default(), &demand, &Assumptions::default());
    // 45 of 20 s, and 25 s on their way, in whole steps.
    assert_eq!(played.moves(), [(136, 20, 8)]);
}

/// The guide's own numbers: a forecast of 50, a maximum of 40, a buffer of 10 %.
#[test]
fn a_forecast_of_50_with_a_buffer_of_a_tenth_makes_55_the_maximum_of_policies_too() {
    let base = "[capacity]\nmin = 2\nmax = 40\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 25.0\n[predictive]\nmetric = 'cpu'\ntarget = 50.0\nmode = 'forecast-and-scale'\n";
    let raised = format!("{base}max_capacity_breach = 'increase'\nmax_capacity_buffer = 10\n");
    let demand = demand(60, vec![25.0; 1620]);
    let at_end = |text: &str| {
        let played = play(&config(text), &Given::default(), &demand, &Assumptions::default());
        played.moments.last().map(Moment::desired)
    };
    assert_eq!(at_end(base), Some(40));
    assert_eq!(at_end(&raised), Some(55));
}
