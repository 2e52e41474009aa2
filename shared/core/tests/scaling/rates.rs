//! What 3,000 services of five objects each cost in calls and seconds: the pass and its turns themselves, in virtual time, over
//! a region that refuses what comes faster than AWS allows.

use steady_core::scaling::PolicyConfig;

use crate::region::{LIMITS, Region, TIMEOUT};

const SERVICES: usize = 3_000;

/// A scalable target, two policies of target tracking, and a step policy with its alarm.
const FILE: &str = "
[capacity]
min = 2
max = 40

[[target_tracking]]
metric = 'cpu'
target = 55.0

[[target_tracking]]
metric = 'memory'
target = 70.0

[[step]]
name = 'burst'
metric = 'cpu'
comparison = '>='
threshold = 80
period = '1m'
evaluation_periods = 2
adjustment = 'percent-change-in-capacity'
steps = [{ from = 0, by = 20 }]
cooldown = '3m'
";

const WRITES: [&str; 4] = ["Put", "Register", "Delete", "Tag"];

/// The busiest second, or minute, of each of [`LIMITS`]; says so.
fn busiest(region: &Region) -> [usize; LIMITS.len()] {
    let busiest = region.state(|state| state.busiest());
    for ((operations, most, within), busiest) in LIMITS.into_iter().zip(busiest) {
        println!("  {operations:?}: at most {busiest} within {within:#}, where {most} may be");
    }
    busiest
}

fn calls(region: &Region) -> Vec<(&'static str, usize)> {
    region.state(|state| state.calls.iter().map(|(operation, made)| (*operation, *made)).collect())
}

/// DynamoDB's: one for each KB begun.
fn write_units(region: &Region) -> usize {
    region.state(|state| state.places.iter().map(|bytes| bytes.div_ceil(1024)).sum())
}

#[test]
fn three_thousand_services_are_installed_kept_and_repaired_within_the_rates() {
    let region = Region::with(SERVICES, FILE);
    let mut invocations = vec![region.invoke()];
    while !invocations.last().unwrap().is_through {
        invocations.push(region.invoke());
    }
    // Each goes on where the one before had no time left.
    let turns: Vec<usize> = invocations.iter().map(|one| one.turns).collect();
    println!("first installation, {} invocations: {turns:?} services", invocations.len());
    assert_eq!(turns.iter().sum::<usize>(), SERVICES, "each had one turn");
    assert_eq!(region.calls(&WRITES), SERVICES * 5);
    assert_eq!(region.state(|state| state.granted), SERVICES * 5, "none out of its time");
    assert_eq!(busiest(&region), [1, 7, 17, 4]);
    assert_eq!(invocations.len(), 37, "nine hours, where no event brings it about sooner");

    region.forget_calls();
    let still = region.invoke();
    println!("nothing differs: {:#}, {:?}", still.took, calls(&region));
    assert_eq!((still.turns, still.is_through), (0, true));
    assert!(still.took < TIMEOUT, "{:#}", still.took);
    let reads = [
        ("DescribeAlarms", 30),
        ("DescribeScalableTargets", 60),
        ("DescribeScalingPolicies", 900),
        ("DescribeScheduledActions", 1),
        ("DescribeServices", 300),
        ("GetParametersByPath", 300),
    ];
    assert_eq!(calls(&region), reads, "no write, of AWS or of a record");
    assert_eq!(busiest(&region), [0, 7, 85, 4]);
    // What it costs to remember all names: half a million units a month.
    assert_eq!(write_units(&region), 166);

    region.forget_calls();
    let still = region.invoke();
    assert_eq!(region.calls(&["GetParameters"]), 0, "config is read once an hour");
    println!("nothing differs, within the hour: {:#}", still.took);

    region.forget_calls();
    // Somebody changed one in a hundred by hand.
    region.state(|state| {
        for aws in state.aws.values_mut().step_by(100) {
            let policy = &mut aws.live.policies[1].policy.config;
            let PolicyConfig::TargetTracking { target, .. } = policy else { panic!() };
            *target = 1.0;
        }
    });
    let repaired = region.invoke();
    println!("one in a hundred changed by hand: {:#}", repaired.took);
    assert_eq!((repaired.turns, repaired.is_through), (SERVICES / 100, true));
    assert_eq!(region.calls(&["PutScalingPolicy"]), region.calls(&WRITES));
    assert_eq!(region.calls(&WRITES), SERVICES / 100);
    assert_eq!(region.state(|state| state.sent.clone()), [""; 0], "nobody is told of any of it");
}
