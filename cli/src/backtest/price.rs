//! What a task costs on Fargate.

use serde::Serialize;

/// When the prices below were read, from pages that quote AWS's price list. They change seldom; `--price` overrides them.
pub(super) const AS_OF: &str = "2026-03";

/// Region, then USD for a vCPU and a GB of memory, each for an hour: Linux on x86, then on ARM.
///
/// Read for us-east-1, ap-southeast-2 and sa-east-1; us-east-2, us-west-2 and eu-west-1 have us-east-1's price (Fargate's
/// pricing page). Other regions are not guessed: `--price`.
const PRICES: [(&str, [f64; 2], [f64; 2]); 6] = [
    ("us-east-1", [0.04048, 0.004445], [0.03238, 0.00356]),
    ("us-east-2", [0.04048, 0.004445], [0.03238, 0.00356]),
    ("us-west-2", [0.04048, 0.004445], [0.03238, 0.00356]),
    ("eu-west-1", [0.04048, 0.004445], [0.03238, 0.00356]),
    ("ap-southeast-2", [0.04856, 0.00532], [0.03885, 0.00426]),
    ("sa-east-1", [0.0696, 0.0076], [0.0557, 0.00612]),
];

/// What a task is, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Price {
    pub(super) vcpu: f64,
    pub(super) gb: f64,
    /// Where the price is from: `us-east-1, x86, 2026-03`.
    pub(super) by: String,
    /// USD for a task and hour, Spot taken into account.
    pub(super) task_hour: f64,
    /// The share of task-hours on Fargate Spot, 0 to 1.
    pub(super) spot: f64,
}

/// The price of `vcpu` and `gb` for an hour.
///
/// # Errors
/// What to say, where the region has no price here.
pub(super) fn of_region(region: &str, arm: bool) -> Result<([f64; 2], String), String> {
    let known = PRICES.iter().find(|(name, ..)| *name == region);
    let (_, x86, on_arm) = known.ok_or_else(|| {
        let names: Vec<&str> = PRICES.iter().map(|(name, ..)| *name).collect();
        format!("there is no price of `{region}` here, only of {}", names.join(", "))
    })?;
    let (price, kind) = if arm { (*on_arm, "ARM") } else { (*x86, "x86") };
    Ok((price, format!("{region}, {kind}, {AS_OF}")))
}

impl Price {
    /// Of a task so large; `spot` of its hours, which cost `discount` less, are on Spot. Both shares, 0 to 1.
    pub(super) fn new(
        [vcpu, gb]: [f64; 2],
        [vcpu_hour, gb_hour]: [f64; 2],
        by: String,
        spot: f64,
        discount: f64,
    ) -> Self {
        let full = vcpu * vcpu_hour + gb * gb_hour;
        Self { vcpu, gb, by, task_hour: full * (1.0 - spot * discount), spot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_costs_its_cpu_and_memory_and_less_on_spot() {
        let (price, by) = of_region("sa-east-1", true).expect("a price");
        assert_eq!(by, "sa-east-1, ARM, 2026-03");
        let of = |spot| Price::new([2.0, 4.0], price, by.clone(), spot, 0.7).task_hour;
        assert!((of(0.0) - (2.0 * 0.0557 + 4.0 * 0.00612)).abs() < 1e-12);
        assert!((of(1.0) / of(0.0) - 0.3).abs() < 1e-12);
        assert!((of(0.5) / of(0.0) - 0.65).abs() < 1e-12);
    }

    #[test]
    fn a_region_without_a_price_is_not_guessed() {
        let why = of_region("mars-1", false).expect_err("none");
        assert!(
            why.starts_with("there is no price of `mars-1` here, only of us-east-1, "),
            "{why}"
        );
    }
}
