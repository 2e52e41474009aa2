//! What 3,000 services cost in calls and seconds, at the rates that AWS allows.
//!
//! Reads, by what a page holds (the API references): 50 scalable targets for the ids asked for, 50 policies and 50
//! scheduled actions of the namespace, 100 alarms of a prefix, 10 services. Writes: one a second.

use steady_core::name::ServiceKey;
use steady_core::scaling::{PolicyConfig, ScalingRecord};

use crate::aws::Aws;
use crate::wanted::{start, tracking, whole};

const SERVICES: usize = 3_000;

/// The calls of one full pass, and how long they take at a rate that leaves room for everybody else.
#[derive(Debug, Default, PartialEq)]
struct Pass {
    targets: usize,
    policies: usize,
    scheduled: usize,
    alarms: usize,
    services: usize,
    writes: usize,
}

impl Pass {
    /// Two reads a second of Application Auto Scaling, one of CloudWatch (ECS shares that quota of nine), one and a half of
    /// ECS (the account-wide budget of 100 a minute), one write. They overlap: the slowest counts.
    fn seconds(&self) -> usize {
        let scaling = (self.targets + self.policies + self.scheduled).div_ceil(2);
        let ecs = self.services * 60 / 100;
        [scaling, self.alarms, ecs, self.writes].into_iter().max().unwrap()
    }
}

fn pass(account: &mut [(ScalingRecord, Aws)]) -> Pass {
    let pages = |objects: usize, page: usize| objects.div_ceil(page).max(1);
    let sum = |count: fn(&Aws) -> usize| account.iter().map(|(_, aws)| count(aws)).sum::<usize>();
    let mut pass = Pass {
        targets: pages(account.len(), 50),
        policies: pages(sum(|aws| aws.live.policies.len()), 50),
        scheduled: pages(sum(|aws| aws.live.scheduled.len()), 50),
        alarms: pages(sum(|aws| aws.live.alarms.len()), 100),
        services: pages(account.len(), 10),
        writes: 0,
    };
    for (record, aws) in account {
        pass.writes += aws.reach(record, start()).changes.len();
    }
    pass
}

#[test]
fn a_full_pass_over_three_thousand_services_fits_into_a_quarter_of_an_hour() {
    let mut config = whole();
    config.target_tracking.push(tracking("orders", crate::wanted::queue("orders"), 100.0));
    let mut account: Vec<(ScalingRecord, Aws)> = (0..SERVICES)
        .map(|number| {
            let service = ServiceKey::new("prod", &format!("service-{number}"));
            let record = ScalingRecord { config: config.clone(), ..ScalingRecord::new(service) };
            (record, Aws::with_tasks(4))
        })
        .collect();
    let first = pass(&mut account);
    assert_eq!(first.writes, SERVICES * 5);
    println!("first installation: {} writes, {} s", first.writes, first.seconds());
    assert_eq!(first.seconds(), 15_000, "four hours and ten minutes, at one write a second");
    let still = pass(&mut account);
    println!("nothing differs: {still:?}, {} s", still.seconds());
    let expected =
        Pass { targets: 60, policies: 180, scheduled: 1, alarms: 30, services: 300, writes: 0 };
    assert_eq!(still, expected);
    assert!(still.seconds() < 900);
    // Somebody changed one in a hundred by hand.
    for (_, aws) in account.iter_mut().step_by(100) {
        let PolicyConfig::TargetTracking { target, .. } = &mut aws.live.policies[1].policy.config
        else {
            panic!()
        };
        *target = 1.0;
    }
    assert_eq!(pass(&mut account).writes, SERVICES / 100);
}
