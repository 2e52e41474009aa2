//! What a task costs on Fargate.

use serde::Serialize;

/// USD for a vCPU and a GB of memory, each for an hour.
type Pair = [f64; 2];

/// A region, its prices on Linux for x86 and ARM (`None`: not read), and when they were read. They change seldom; `--price`
/// overrides them.
type Region = (&'static str, Pair, Option<Pair>, &'static str);

/// Sources: for us-east-1, ap-southeast-2 and sa-east-1 pages that quote AWS's price list; us-east-2, us-west-2 and eu-west-1 have
/// us-east-1's price (Fargate's pricing page). For eu-central-1 and ap-northeast-1 public copies of rows of the price list of
/// AmazonECS as published on 2026-07-07 (usage types `EUC1-Fargate-…`, x86 only, and `APN1-Fargate-…`), for eu-west-2 one that was in
/// use in 2026-09 (`EUW2-Fargate-…`). Tokyo's GB on x86 was read in tables kept by hand only; ARM's, which is dated, is the usual 0.8
/// of it. Other regions are not guessed: `--price`.
const PRICES: [Region; 9] = [
    ("us-east-1", [0.04048, 0.004445], Some([0.03238, 0.00356]), "2026-03"),
    ("us-east-2", [0.04048, 0.004445], Some([0.03238, 0.00356]), "2026-03"),
    ("us-west-2", [0.04048, 0.004445], Some([0.03238, 0.00356]), "2026-03"),
    ("eu-west-1", [0.04048, 0.004445], Some([0.03238, 0.00356]), "2026-03"),
    ("eu-west-2", [0.04656, 0.00511], Some([0.03725, 0.00409]), "2026-09"),
    ("eu-central-1", [0.04656, 0.00511], None, "2026-07"),
    ("ap-northeast-1", [0.05056, 0.00553], Some([0.04045, 0.00442]), "2026-07"),
    ("ap-southeast-2", [0.04856, 0.00532], Some([0.03885, 0.00426]), "2026-03"),
    ("sa-east-1", [0.0696, 0.0076], Some([0.0557, 0.00612]), "2026-03"),
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
    let (_, x86, on_arm, as_of) = known.ok_or_else(|| {
        let names: Vec<&str> = PRICES.iter().map(|(name, ..)| *name).collect();
        format!("there is no price of `{region}` here, only of {}", names.join(", "))
    })?;
    if !arm {
        return Ok((*x86, format!("{region}, x86, {as_of}")));
    }
    let price = on_arm.ok_or_else(|| format!("there is no price of ARM in `{region}` here"))?;
    Ok((price, format!("{region}, ARM, {as_of}")))
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
        let why = of_region("eu-central-1", true).expect_err("none");
        assert_eq!(why, "there is no price of ARM in `eu-central-1` here");
        let (price, by) = of_region("eu-central-1", false).expect("a price");
        assert_eq!((price, by.as_str()), ([0.04656, 0.00511], "eu-central-1, x86, 2026-07"));
    }

    /// A slip of a digit would show: Fargate on ARM costs a fifth less, and a GB about a ninth of a vCPU, in every region.
    #[test]
    fn the_table_has_no_slip_of_a_digit() {
        for (region, x86, on_arm, _) in PRICES {
            let ratio = x86[0] / x86[1];
            assert!((9.0..9.3).contains(&ratio), "{region}: {ratio}");
            for (arm, x86) in on_arm.into_iter().flat_map(|arm| arm.into_iter().zip(x86)) {
                assert!((arm / x86 - 0.8).abs() < 0.01, "{region}: {arm} of {x86}");
            }
        }
    }
}
