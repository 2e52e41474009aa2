//! What the load is like: how many tasks how often, and in which hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Weekday;
use steady_core::config::Window;
use steady_core::scaling::{Schedule, zone};
use steady_sim::scaling::{Demand, needed};

/// What is known of a load.
#[derive(Debug)]
pub(super) struct Learned {
    /// The most tasks needed at once.
    pub(super) peak: u32,
    /// What is needed, by size.
    sorted: Vec<u32>,
    /// The load that came while so many or fewer were needed, as a share of all, by what is needed.
    load_within: Vec<(u32, f64)>,
    /// The hours in which much is needed, with two floors to try; empty if no hours stand out.
    pub(super) windows: Vec<Window>,
}

/// An hour is busy when it needs so many times what the quiet quarter of the day does.
const BUSY: f64 = 1.4;

/// Shorter is a peak, longer is no window.
const HOURS: std::ops::RangeInclusive<usize> = 3..=20;

/// On weekends so much less is needed that the window leaves them out.
const QUIET_WEEKEND: f64 = 0.7;

/// What a window's floor is tried at: what this share of its minutes needs at most.
const FLOORS: [f64; 2] = [0.5, 0.9];

impl Learned {
    /// From the first `until` steps.
    pub(super) fn from(demand: &Demand, until: usize, timezone: &str) -> Self {
        let tasks = demand.tasks.iter().take(until).enumerate();
        let known: Vec<(usize, u32)> = tasks
            .filter(|(_, load)| !load.is_nan())
            .map(|(step, load)| (step, needed(*load)))
            .collect();
        let mut sorted: Vec<u32> = known.iter().map(|(_, need)| *need).collect();
        sorted.sort_unstable();
        let peak = sorted.last().copied().unwrap_or(0);
        let windows = Hours::of(demand, &known, timezone).map(|hours| hours.windows(timezone));
        let load_within = load_within(demand, &known);
        Self { peak, sorted, load_within, windows: windows.unwrap_or_default() }
    }

    /// So many tasks are enough in this share of the time.
    pub(super) fn needed_in(&self, share: f64) -> u32 {
        at(&self.sorted, share)
    }

    /// So many tasks are enough for this share of the load: what is above it comes when more are needed.
    pub(super) fn needed_for(&self, share: f64) -> u32 {
        let place = self.load_within.partition_point(|(_, within)| *within < share);
        self.load_within.get(place).map_or(self.peak, |(need, _)| *need)
    }

    /// The share of the time in which so many are enough.
    pub(super) fn enough(&self, tasks: u32) -> f64 {
        let enough = self.sorted.partition_point(|need| *need <= tasks);
        enough as f64 / self.sorted.len().max(1) as f64
    }
}

/// How much of the load comes while no more than each number of tasks is needed.
fn load_within(demand: &Demand, known: &[(usize, u32)]) -> Vec<(u32, f64)> {
    let load = |step: usize| demand.tasks.get(step).copied().unwrap_or(0.0);
    let mut by_need: BTreeMap<u32, f64> = BTreeMap::new();
    for (step, need) in known {
        *by_need.entry(*need).or_default() += load(*step);
    }
    let all = by_need.values().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut sum = 0.0;
    let within = by_need.into_iter().map(|(need, load)| {
        sum += load;
        (need, sum / all)
    });
    within.collect()
}

/// What the hours of a day need, on working days and on weekends, by the clock.
struct Hours {
    working: [Vec<u32>; 24],
    weekend: [Vec<u32>; 24],
}

impl Hours {
    fn of(demand: &Demand, known: &[(usize, u32)], timezone: &str) -> Option<Self> {
        let zone = zone(timezone)?;
        let empty = || std::array::from_fn(|_| Vec::new());
        let mut hours = Self { working: empty(), weekend: empty() };
        // A clock is asked once an hour, not once a step.
        let mut clock: Option<(i64, usize, bool)> = None;
        for (step, need) in known {
            let at: Timestamp = demand.at(*step);
            // Zones differ by quarters of an hour.
            let quarter = at.as_second().div_euclid(900);
            let (_, hour, weekend) = match clock {
                Some(known) if known.0 == quarter => known,
                _ => {
                    let local = zone.to_datetime(at);
                    let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
                    (quarter, usize::try_from(local.hour()).unwrap_or(0), weekend)
                }
            };
            clock = Some((quarter, hour, weekend));
            let day = if weekend { &mut hours.weekend } else { &mut hours.working };
            if let Some(hour) = day.get_mut(hour) {
                hour.push(*need);
            }
        }
        let all = hours.working.iter_mut().chain(&mut hours.weekend);
        all.for_each(|hour| hour.sort_unstable());
        Some(hours)
    }

    /// One window over the busy hours of working days, or of all days, with each of the floors.
    fn windows(&self, timezone: &str) -> Vec<Window> {
        let typical: Vec<u32> = self.working.iter().map(|hour| at(hour, 0.9)).collect();
        let mut by_size = typical.clone();
        by_size.sort_unstable();
        let quiet = f64::from(at(&by_size, 0.25)).max(1.0);
        let busy: Vec<bool> = typical.iter().map(|need| f64::from(*need) > BUSY * quiet).collect();
        let Some((first, length)) = longest_run(&busy) else { return Vec::new() };
        if !HOURS.contains(&length) {
            return Vec::new();
        }
        let within = |day: &[Vec<u32>; 24]| {
            let hours = (first..first + length).filter_map(|hour| day.get(hour % 24));
            let mut needs: Vec<u32> = hours.flatten().copied().collect();
            needs.sort_unstable();
            needs
        };
        let (working, weekend) = (within(&self.working), within(&self.weekend));
        let quiet_weekend = !weekend.is_empty()
            && f64::from(at(&weekend, 0.9)) < QUIET_WEEKEND * f64::from(at(&working, 0.9));
        let days = if quiet_weekend { "? * MON-FRI *" } else { "* * ? *" };
        // Half an hour ahead, so that tasks serve when it begins. One that ends after midnight ends on the same days.
        let before = (first + 23) % 24;
        let start = Schedule::parse(&format!("cron(30 {before} {days})"));
        let end = Schedule::parse(&format!("cron(0 {} * * ? *)", (first + length) % 24));
        let (Ok(start), Ok(end)) = (start, end) else { return Vec::new() };
        let mut floors: Vec<u32> = FLOORS.iter().map(|share| at(&working, *share)).collect();
        floors.dedup();
        let window = |floor: &u32| Window {
            name: "busy-hours".to_owned(),
            start: start.clone(),
            end: end.clone(),
            timezone: timezone.to_owned(),
            min: Some(*floor),
            max: None,
        };
        floors.iter().map(window).collect()
    }
}

/// Where the longest stretch of `true` begins on a clock of 24 hours, and how long it is.
fn longest_run(busy: &[bool]) -> Option<(usize, usize)> {
    let hours = busy.len();
    let length = |from: usize| {
        (0..hours).take_while(|more| busy.get((from + more) % hours).copied() == Some(true)).count()
    };
    let runs = (0..hours).map(|from| (from, length(from)));
    runs.filter(|(_, length)| *length > 0).max_by_key(|(from, length)| (*length, hours - from))
}

/// Of values by size, the one below which this share lies.
fn at(sorted: &[u32], share: f64) -> u32 {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * share).round() as usize;
    sorted.get(place.min(last)).copied().unwrap_or(0)
}
