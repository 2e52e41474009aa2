//! Many runs in a few figures.

use jiff::SignedDuration;
use serde::Serialize;

use super::scenario::Expect;
use super::world::Outcome;
use crate::checked::Checked;

/// What a guard did in many runs of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// How many runs.
    pub(crate) runs: usize,
    /// In how many it fired.
    pub(super) fired: usize,
    /// The share of them, 0 to 1.
    pub(super) share: f64,
    /// Where the true share lies, with 95 % confidence (Wilson's interval).
    pub(super) share_between: (f64, f64),
    /// Minutes from the deployment to the firing, where it fired: half of the runs took no longer.
    pub(super) median_minutes: Option<f64>,
    /// Nine of ten took no longer.
    pub(super) p90_minutes: Option<f64>,
    /// The revision that most runs end on, and in how many they do; only where that was asked.
    #[serde(skip)]
    pub(super) ends_on: Vec<Option<usize>>,
}

impl Summary {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let fired = outcomes.iter().filter_map(|one| one.fired_after);
        let mut minutes: Vec<SignedDuration> = fired.collect();
        minutes.sort_unstable();
        let (runs, fired) = (outcomes.len(), minutes.len());
        Self {
            runs,
            fired,
            share: ratio(fired, runs),
            share_between: wilson(fired, runs),
            median_minutes: quantile(&minutes, 0.5),
            p90_minutes: quantile(&minutes, 0.9),
            ends_on: outcomes.iter().map(|one| one.ends_on).collect(),
        }
    }

    /// Goes through what is expected.
    pub(crate) fn check(&self, expect: &Expect) -> Vec<Checked> {
        let mut all = Vec::new();
        let (fired, runs) = (self.fired, self.runs);
        let share = |key, wanted: Option<f64>, met: fn(f64, f64) -> bool, words: &str| {
            wanted.map(|wanted| Checked {
                key,
                met: met(self.share, wanted),
                said: format!(
                    "fired in {fired} of {runs} runs, expected {words} {}",
                    percent(wanted)
                ),
            })
        };
        all.extend(share("fired_at_least", expect.fired_at_least, |a, b| a >= b, "at least"));
        all.extend(share("fired_at_most", expect.fired_at_most, |a, b| a <= b, "at most"));
        let minutes = |key, name: &str, got: Option<f64>, wanted: Option<f64>| {
            wanted.map(|wanted| Checked {
                key,
                // One that never fired is late.
                met: got.is_some_and(|got| got <= wanted),
                said: match got {
                    Some(got) => format!("{name} {got:.1} min, expected at most {wanted} min"),
                    None => format!("never fired, expected a {name} of at most {wanted} min"),
                },
            })
        };
        let median = expect.median_minutes_at_most;
        all.extend(minutes("median_minutes_at_most", "median", self.median_minutes, median));
        let p90 = expect.p90_minutes_at_most;
        all.extend(minutes("p90_minutes_at_most", "90th percentile", self.p90_minutes, p90));
        all.extend(expect.ends_on.map(|wanted| {
            let as_wanted = self.ends_on.iter().filter(|on| **on == Some(wanted)).count();
            let name = ["old", "new", "newer"].get(wanted).copied().unwrap_or("newer");
            Checked {
                key: "ends_on",
                met: as_wanted == runs,
                said: format!(
                    "{as_wanted} of {runs} runs end on the {name} revision, expected all"
                ),
            }
        }));
        all
    }
}

fn ratio(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// `97%`, `12.7%`, `0`
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    match tenths {
        _ if share == 0.0 => "0".to_owned(),
        t if t.fract() == 0.0 => format!("{t:.0}%"),
        t => format!("{t:.1}%"),
    }
}

/// The smallest duration that so large a part of them does not pass, in minutes.
fn quantile(sorted: &[SignedDuration], part: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list: never negative, and small"
    )]
    let place = (part * sorted.len() as f64).ceil() as usize;
    let found = sorted.get(place.saturating_sub(1))?;
    Some((found.as_secs_f64() / 6.0).round() / 10.0)
}

/// Wilson's 95 % interval for a share: right also where nothing, or everything, fired.
fn wilson(fired: usize, runs: usize) -> (f64, f64) {
    const Z: f64 = 1.96;
    if runs == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (runs as f64, ratio(fired, runs));
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    let round = |share: f64| (share.clamp(0.0, 1.0) * 1e5).round() / 1e5;
    (round((middle - half) / whole), round((middle + half) / whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(minutes: &[Option<i64>]) -> Vec<Outcome> {
        let after = |minutes: &Option<i64>| minutes.map(SignedDuration::from_mins);
        minutes
            .iter()
            .map(|one| Outcome { fired_after: after(one), ..Outcome::default() })
            .collect()
    }

    #[test]
    fn the_median_is_the_middle_and_the_ninetieth_percentile_the_ninth_of_ten() {
        let all: Vec<Option<i64>> = (1..=10).map(Some).collect();
        let summary = Summary::of(&outcomes(&all));
        assert_eq!((summary.median_minutes, summary.p90_minutes), (Some(5.0), Some(9.0)));
        assert_eq!(Summary::of(&outcomes(&[Some(7)])).p90_minutes, Some(7.0));
        assert_eq!(Summary::of(&outcomes(&[None])).median_minutes, None);
    }

    #[test]
    fn runs_in_which_it_did_not_fire_count_in_the_share_only() {
        let summary = Summary::of(&outcomes(&[Some(2), None, None, None]));
        assert_eq!((summary.runs, summary.fired, summary.share), (4, 1, 0.25));
        assert_eq!(summary.median_minutes, Some(2.0));
    }

    #[test]
    fn the_interval_is_wilsons() {
        // By R: prop.test(0, 200, correct = FALSE), and of 5 in 100.
        assert_eq!(wilson(0, 200), (0.0, 0.01885));
        assert_eq!(wilson(5, 100), (0.02154, 0.11175));
    }

    #[test]
    fn each_expectation_is_judged_on_its_own() {
        let summary = Summary::of(&outcomes(&[Some(2), Some(4), None, None]));
        let expect = Expect {
            fired_at_least: Some(0.6),
            fired_at_most: Some(0.6),
            median_minutes_at_most: Some(2.0),
            p90_minutes_at_most: Some(3.9),
            ends_on: Some(0),
        };
        let judged: Vec<(&str, bool)> =
            summary.check(&expect).iter().map(|one| (one.key, one.met)).collect();
        assert_eq!(
            judged,
            [
                ("fired_at_least", false),
                ("fired_at_most", true),
                ("median_minutes_at_most", true),
                ("p90_minutes_at_most", false),
                ("ends_on", false),
            ]
        );
    }
}
