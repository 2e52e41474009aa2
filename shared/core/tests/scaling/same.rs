//! What AWS gives back equals what it was given, and nothing else does.

use steady_core::config::{Adjustment, Step};
use steady_core::scaling::{PolicyConfig, PolicyMetric, plan};

use crate::aws::Aws;
use crate::wanted::{custom, nightly, record, start, whole};

/// Whether the CPU or the step policy is written again once somebody has changed it so.
fn is_written_again(name: &str, change: impl FnOnce(&mut PolicyConfig)) -> bool {
    let mut aws = Aws::with_tasks(4);
    let mut record = record(whole());
    aws.reach(&mut record, start());
    let policy = aws.live.policies.iter_mut().find(|live| live.policy.name == name).unwrap();
    change(&mut policy.policy.config);
    !plan(&record, &aws.live, start()).is_empty()
}

#[test]
fn defaults_that_aws_fills_in_are_no_difference() {
    let cpu = |change: fn(&mut Option<u32>)| {
        is_written_again("steady-cpu", |config| {
            let PolicyConfig::TargetTracking { scale_in_cooldown, .. } = config else { panic!() };
            change(scale_in_cooldown);
        })
    };
    assert!(!cpu(|cooldown| *cooldown = None), "300 s is the default");
    assert!(!cpu(|cooldown| *cooldown = Some(300)));
    assert!(cpu(|cooldown| *cooldown = Some(60)));
    let step = |change: fn(&mut PolicyConfig)| is_written_again("steady-burst", change);
    assert!(!step(|config| {
        let PolicyConfig::Step { aggregation, .. } = config else { panic!() };
        *aggregation = None;
    }));
    assert!(step(|config| {
        let PolicyConfig::Step { aggregation, .. } = config else { panic!() };
        *aggregation = Some("Maximum".to_owned());
    }));
    assert!(step(|config| {
        let PolicyConfig::Step { adjustment, .. } = config else { panic!() };
        *adjustment = Adjustment::ChangeInCapacity;
    }));
    assert!(step(|config| {
        let PolicyConfig::Step { min_adjustment_magnitude, .. } = config else { panic!() };
        *min_adjustment_magnitude = None;
    }));
}

#[test]
fn the_order_of_steps_and_the_sign_of_zero_are_no_difference() {
    let step = |change: fn(&mut Vec<Step>)| {
        is_written_again("steady-burst", |config| {
            let PolicyConfig::Step { steps, .. } = config else { panic!() };
            change(steps);
        })
    };
    assert!(!step(|steps| steps.reverse()));
    assert!(!step(|steps| steps[0].from = Some(-0.0)));
    assert!(step(|steps| steps[0].from = None));
    assert!(step(|steps| steps[1].by = 51));
    assert!(step(|steps| steps.truncate(1)));
}

#[test]
fn another_metric_is_a_difference_and_an_empty_label_is_none() {
    let cpu = |new: PolicyMetric| {
        is_written_again("steady-cpu", |config| {
            let PolicyConfig::TargetTracking { metric, .. } = config else { panic!() };
            *metric = new;
        })
    };
    let predefined = |kind: &str, resource_label: Option<&str>| PolicyMetric::Predefined {
        kind: kind.to_owned(),
        resource_label: resource_label.map(str::to_owned),
    };
    assert!(!cpu(predefined("ECSServiceAverageCPUUtilization", Some(""))));
    assert!(cpu(predefined("ECSServiceAverageCPUUtilizationHighResolution", None)));
    assert!(cpu(predefined("ECSServiceAverageCPUUtilization", Some("app/x"))));
    assert!(cpu(PolicyMetric::Customized(custom())));
}

#[test]
fn scheduled_actions_compare_by_what_they_do() {
    use steady_core::scaling::ScheduledAction;
    let mut wanted = nightly();
    wanted.start = Some("2026-12-01T00:00:00.7Z".parse().unwrap());
    let same: [fn(&mut ScheduledAction); 4] = [
        |it| it.timezone = Some("UTC".to_owned()),
        |it| it.timezone = Some(String::new()),
        |it| it.start = Some("2026-12-01T00:00:00Z".parse().unwrap()),
        |it| it.schedule = "cron(0  22 * * ? *)".to_owned(),
    ];
    let other: [fn(&mut ScheduledAction); 5] = [
        |it| it.timezone = Some("Asia/Seoul".to_owned()),
        |it| it.start = None,
        |it| it.end = Some("2027-12-01T00:00:00Z".parse().unwrap()),
        |it| it.min = None,
        |it| it.max = Some(9),
    ];
    let is_same = |change: &fn(&mut ScheduledAction)| {
        let mut changed = wanted.clone();
        change(&mut changed);
        wanted.is_equivalent(&changed)
    };
    assert!(same.iter().all(is_same));
    assert!(!other.iter().any(is_same));
}
