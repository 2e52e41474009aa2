//! How many tasks a policy asks for: the arithmetic alone.

use steady_core::config::{Adjustment, Step};
use steady_core::scaling::Bounds;

use super::action::Limit;

/// How many tasks target tracking asks for: `ceil(running x metric / target)`.
///
/// The base is the running count, not the desired one (ECS developer guide). Rounded up both ways: "remove 1.5" removes
/// one (Application Auto Scaling user guide). Of a service without tasks the smallest step is asked for, one.
///
/// ```
/// use steady_sim::scaling::tracking_wish;
/// assert_eq!(tracking_wish(10, 80.0, 50.0), 16);
/// assert_eq!(tracking_wish(10, 42.5, 50.0), 9, "1.5 too many: one goes");
/// assert_eq!(tracking_wish(2, 62.0, 70.0), 2, "with one the metric would be 124: flapping");
/// assert_eq!(tracking_wish(0, 500.0, 50.0), 1);
/// ```
pub fn tracking_wish(running: u32, metric: f64, target: f64) -> u32 {
    if running == 0 {
        return u32::from(metric > target);
    }
    // The division first: 10 x 50 / 50 must not be a hair above 10.
    let ratio = metric / target;
    (f64::from(running) * ratio - 1e-9).ceil().max(0.0) as u32
}

/// How many tasks step scaling adds (or, negative, removes) while its metric is `over` the threshold; `None`: no step is
/// for that.
///
/// Above the threshold a step holds from its lower bound, below it from beyond its lower to its upper bound. Percentages
/// are rounded down above one and to one below it, and the other way round for fewer ("Step scaling policies",
/// Application Auto Scaling user guide).
pub fn step_change(
    running: u32,
    over: f64,
    adjustment: Adjustment,
    steps: &[Step],
    min_magnitude: Option<u32>,
) -> Option<i64> {
    let (from, to) = (
        |step: &Step| step.from.unwrap_or(f64::NEG_INFINITY),
        |step: &Step| step.to.unwrap_or(f64::INFINITY),
    );
    let step = steps.iter().find(|step| {
        if over >= 0.0 {
            // The step that begins where the one below ends is the upper one, save at the top.
            from(step) <= over && over < to(step)
        } else {
            from(step) < over && over <= to(step)
        }
    });
    // At the threshold itself a policy for low values has only a step that ends there.
    let step = step.or_else(|| steps.iter().find(|step| over == 0.0 && to(step) == 0.0))?;
    let by = i64::from(step.by);
    Some(match adjustment {
        Adjustment::ChangeInCapacity => by,
        Adjustment::ExactCapacity => by - i64::from(running),
        Adjustment::PercentChangeInCapacity => percent_of(running, by, min_magnitude),
    })
}

fn percent_of(running: u32, percent: i64, min_magnitude: Option<u32>) -> i64 {
    // Exact: hundredths of a task.
    let hundredths = i64::from(running) * percent;
    let change = match hundredths {
        0 => 0,
        1..=100 => 1,
        -100..=-1 => -1,
        // Towards zero both ways.
        _ => hundredths / 100,
    };
    let least = i64::from(min_magnitude.unwrap_or(0));
    if change == 0 { 0 } else { change.signum() * change.abs().max(least) }
}

/// What bounds make of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clamped {
    /// So many it is to be; the limit that made it other than wished, if one did.
    To(u32, Option<Limit>),
    /// Nothing is done.
    Held(Limit),
}

/// What becomes of a wish for `wish` tasks, out or in, of a service that is to have `desired`.
///
/// Outside its bounds a service is brought to them first: below the minimum by a scale-out, above the maximum by a
/// scale-in, and nothing else is done there ("Register a scalable target", Application Auto Scaling user guide).
///
/// ```
/// use steady_core::scaling::Bounds;
/// use steady_sim::scaling::{Clamped, Limit, clamp};
/// let bounds = Bounds { min: 4, max: 10 };
/// assert_eq!(clamp(12, 8, true, bounds), Clamped::To(10, Some(Limit::Max)));
/// assert_eq!(clamp(12, 2, true, bounds), Clamped::To(4, Some(Limit::Min)), "to the minimum first");
/// assert_eq!(clamp(1, 2, false, bounds), Clamped::Held(Limit::Min));
/// assert_eq!(clamp(12, 12, true, bounds), Clamped::Held(Limit::Max));
/// ```
pub fn clamp(wish: u32, desired: u32, out: bool, bounds: Bounds) -> Clamped {
    let Bounds { min, max } = bounds;
    match (out, desired) {
        (true, _) if desired < min => Clamped::To(min, Some(Limit::Min)),
        (true, _) if desired >= max => Clamped::Held(Limit::Max),
        (true, _) if wish <= desired => Clamped::Held(Limit::Desired),
        (true, _) if wish > max => Clamped::To(max, Some(Limit::Max)),
        (false, _) if desired > max => Clamped::To(max, Some(Limit::Max)),
        (false, _) if desired <= min => Clamped::Held(Limit::Min),
        (false, _) if wish >= desired => Clamped::Held(Limit::Desired),
        (false, _) if wish < min => Clamped::To(min, Some(Limit::Min)),
        _ => Clamped::To(wish, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guide's own examples of rounding, and of the smallest magnitude.
    #[test]
    fn percentages_are_rounded_as_the_guide_has_it() {
        let any = [Step { from: Some(0.0), to: None, by: 0 }];
        // (running, percent, least, change)
        let table = [
            (127, 10, None, 12),
            (10, 6, None, 1),
            (10, 1, None, 1),
            (10, -6, None, -1),
            (667, -1, None, -6),
            (10, 0, Some(3), 0),
            (4, 25, None, 1),
            (4, 25, Some(2), 2),
            (4, -25, Some(2), -2),
        ];
        for (running, percent, least, change) in table {
            let steps = any.map(|step| Step { by: percent, ..step });
            let percent_change = Adjustment::PercentChangeInCapacity;
            let got = step_change(running, 1.0, percent_change, &steps, least);
            assert_eq!(got, Some(change), "{percent} % of {running}, at least {least:?}");
        }
    }

    #[test]
    fn a_step_begins_at_its_bound_above_the_threshold_and_ends_at_it_below() {
        let step = |from: Option<f64>, to: Option<f64>, by| Step { from, to, by };
        let steps = [
            step(None, Some(-10.0), -2),
            step(Some(-10.0), Some(0.0), -1),
            step(Some(0.0), Some(10.0), 1),
            step(Some(10.0), None, 2),
        ];
        let table =
            [(-11.0, -2), (-10.0, -2), (-9.0, -1), (0.0, 1), (9.0, 1), (10.0, 2), (50.0, 2)];
        for (over, change) in table {
            let got = step_change(10, over, Adjustment::ChangeInCapacity, &steps, None);
            assert_eq!(got, Some(change), "{over} over the threshold");
        }
        let only_low = [step(None, Some(0.0), -1)];
        let got = step_change(10, 0.0, Adjustment::ChangeInCapacity, &only_low, None);
        assert_eq!(got, Some(-1));
        let exact = [step(Some(0.0), None, 7)];
        assert_eq!(step_change(10, 0.0, Adjustment::ExactCapacity, &exact, None), Some(-3));
        assert_eq!(step_change(10, -1.0, Adjustment::ExactCapacity, &exact, None), None);
    }

    /// "Register a scalable target", case by case.
    #[test]
    fn bounds_come_first_and_are_never_passed() {
        use Clamped::{Held, To};
        let bounds = Bounds { min: 4, max: 10 };
        // (wish, desired, out, what becomes of it)
        let table = [
            (8, 6, true, To(8, None)),
            (12, 6, true, To(10, Some(Limit::Max))),
            (12, 2, true, To(4, Some(Limit::Min))),
            (12, 10, true, Held(Limit::Max)),
            (15, 12, true, Held(Limit::Max)),
            (6, 6, true, Held(Limit::Desired)),
            (6, 8, false, To(6, None)),
            (1, 8, false, To(4, Some(Limit::Min))),
            (1, 12, false, To(10, Some(Limit::Max))),
            (1, 4, false, Held(Limit::Min)),
            (1, 2, false, Held(Limit::Min)),
            (8, 8, false, Held(Limit::Desired)),
        ];
        for (wish, desired, out, expected) in table {
            let way = if out { "out" } else { "in" };
            assert_eq!(clamp(wish, desired, out, bounds), expected, "{wish} of {desired}, {way}");
        }
    }
}
