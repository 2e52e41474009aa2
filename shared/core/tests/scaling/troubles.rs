//! A rejected config, and a service that cannot grow: told when it begins, after a day, and when it is over.

use jiff::SignedDuration;
use steady_core::evidence::Counts;
use steady_core::incident::{Incident, IncidentId, IncidentKind};
use steady_core::port::ConfigFiles;
use steady_core::record::Record;
use steady_core::rollback::RollbackState;
use steady_core::scaling::{NotScaled, ScalingActivity, WhyTurn};

use crate::aws::Aws;
use crate::wanted::start;
use crate::world::World;

const GOOD: &str =
    "[capacity]\nmin = 2\nmax = 10\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";

fn write(world: &World, text: &str) {
    let config = ConfigFiles { defaults: None, service: Some(text.to_owned()) };
    world.with(|state| state.config = config);
    world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
}

fn pass(world: &World, time: SignedDuration) {
    world.with(|state| state.now += time);
    world.turn(WhyTurn::Drift).unwrap().unwrap();
}

/// Subjects of what was sent since the last time.
fn told(world: &World) -> Vec<String> {
    world.with(|state| std::mem::take(&mut state.sent).into_iter().map(|it| it.subject).collect())
}

fn managed() -> World {
    let world = World::new(Aws::with_tasks(4));
    write(&world, GOOD);
    assert_eq!(told(&world), [""; 0]);
    world
}

#[test]
fn a_rejected_config_is_told_once_and_the_last_good_one_holds_until_another_takes_effect() {
    let world = managed();
    let good = world.record().config;
    let writes = world.with(|state| state.writes);
    let bad = GOOD.replace("max = 10", "max = 1");
    for _ in 0..3 {
        write(&world, &bad);
    }
    assert_eq!(
        told(&world),
        ["[warning] prod/checkout: its config is rejected, 1 error; the last good one holds"]
    );
    assert_eq!((world.record().config, world.with(|state| state.writes)), (good.clone(), writes));
    write(&world, &bad.replace("55.0", "'high'"));
    assert_eq!(told(&world).len(), 1, "other findings are news");
    pass(&world, SignedDuration::from_hours(23));
    assert_eq!(told(&world), [""; 0]);
    pass(&world, SignedDuration::from_hours(1));
    pass(&world, SignedDuration::from_hours(48));
    let still = told(&world);
    assert_eq!(still.len(), 1, "{still:?}");
    assert!(still[0].contains("still rejected"), "{still:?}");
    write(&world, GOOD);
    assert_eq!(told(&world), ["[info] prod/checkout: its config takes effect again"]);
    assert!(world.record().troubles.is_empty());
    assert_eq!(world.record().config, good);
}

#[test]
fn what_is_wrong_with_the_defaults_is_not_each_services_trouble() {
    let world = managed();
    let config = ConfigFiles { defaults: Some("team = 5".to_owned()), service: Some(GOOD.into()) };
    world.with(|state| state.config = config);
    let taken = world.turn(WhyTurn::ConfigChanged).unwrap().unwrap();
    assert!(taken.rejected.is_some());
    assert_eq!((told(&world).len(), world.record().troubles.len()), (0, 0));
}

fn asks(world: &World) {
    world.with(|state| {
        let activity = ScalingActivity {
            id: "1".to_owned(),
            started_at: state.now,
            ended_at: None,
            description: "Attempting to scale due to alarm triggered".to_owned(),
            cause: "monitor alarm TargetTracking-service/prod/checkout-AlarmHigh-1 in state ALARM triggered policy steady-cpu".to_owned(),
            status: "Successful".to_owned(),
            status_message: None,
            not_scaled: vec![NotScaled {
                code: "AlreadyAtMaxCapacity".to_owned(),
                max: Some(10),
                min: None,
                current: Some(10),
            }],
        };
        state.activities.push(activity);
    });
}

#[test]
fn at_its_maximum_a_service_is_told_of_once_if_more_is_asked_for() {
    let world = managed();
    world.with(|state| state.aws.live.desired_count = Some(10));
    pass(&world, SignedDuration::from_mins(15));
    assert_eq!(told(&world), [""; 0], "nobody asks for more");
    for _ in 0..4 {
        asks(&world);
        pass(&world, SignedDuration::from_mins(15));
    }
    let sent = world.with(|state| state.sent.clone());
    assert_eq!(
        told(&world),
        ["[warning] prod/checkout: at its maximum of 10 tasks, more are asked for"]
    );
    assert!(sent[0].body.contains("triggered policy steady-cpu"), "{}", sent[0].body);
    pass(&world, SignedDuration::from_mins(15));
    pass(&world, SignedDuration::from_mins(15));
    assert_eq!(
        told(&world),
        ["[info] prod/checkout: nothing asks for more than 10 tasks any more"]
    );
}

#[test]
fn while_an_incident_is_open_it_is_kept_and_not_told() {
    let world = managed();
    let mut record = Record::new("prod/checkout".into());
    record.incident = Some(Incident {
        id: IncidentId::new(&record.service, &"ecs-svc/1".into(), start()),
        kind: IncidentKind::RestartLoop,
        graver: None,
        opened_at: start(),
        about: "ecs-svc/1".into(),
        revision: None,
        key1_turned_at: None,
        evidence: 0.0,
        counts: Counts::default(),
        rollback: RollbackState::Undecided,
        escalations: 0,
        promised_by: None,
        tasks: None,
        notices: vec![],
        tail: None,
        alarms: vec![],
        scale_in_held: false,
        untold: false,
        starved_by: None,
        group: None,
    });
    world.with(|state| {
        state.health = Some(record.store(None));
        state.aws.live.desired_count = Some(10);
    });
    asks(&world);
    pass(&world, SignedDuration::from_mins(15));
    assert_eq!((told(&world).len(), world.record().troubles.len()), (0, 1));
    world.with(|state| state.health = None);
    asks(&world);
    pass(&world, SignedDuration::from_mins(15));
    assert_eq!(told(&world).len(), 1);
}
