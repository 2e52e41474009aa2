//! A person presses the button: the same record, guards and turn.

use steady_core::installation::{Account, Mode, Pause};
use steady_core::name::ServiceKey;
use steady_core::overrides::{OverriddenBy, Override};
use steady_core::port::{Call, ConfigFiles, RunningTask};
use steady_core::report::What;
use steady_core::rollback::{Order, Refusal};
use steady_core::turn::{Ports, Taken, Turn};

use crate::ecs::revision;
use crate::faulty::{FAULTS, Fault, unless_killed};
use crate::world::World;
use crate::{stopped, story::End, updated_to};

fn order() -> Order {
    let (by, reason) = ("ana".to_owned(), Some("checkout is slow since noon".to_owned()));
    Order { id: "order-1".to_owned(), by, reason, to: None, away_from: None }
}

/// What came of it; `None` if the process was killed.
fn press(world: &World, order: &Order) -> Option<Taken> {
    let service = ServiceKey::from("prod/checkout");
    let now = world.now();
    let until = now + jiff::SignedDuration::from_secs(60);
    let (events, by, mode, probes) = (&[][..], order.id.as_str(), Mode::Act, false);
    let turn = Turn { service: &service, events, now, until, by, mode, probes };
    let ports = Ports { ecs: world, records: world, config: world, topics: world, logs: world };
    unless_killed(ports.take_ordered(&turn, Some(order)))?.ok()
}

fn refusal(world: &World, order: &Order) -> Option<Refusal> {
    refused(press(world, order)?)
}

fn refused(taken: Taken) -> Option<Refusal> {
    taken.entries.into_iter().find_map(|entry| match entry.what {
        What::OrderRefused(refusal) => Some(refusal),
        _ => None,
    })
}

/// checkout:42 has completed and behaves, and config says `rollback = "off"`.
fn behaving() -> World {
    let world = World::with_proven();
    world.completes();
    let off = Some("[health]\nrollback = 'off'\n".to_owned());
    world.with(|state| {
        state.config = ConfigFiles { defaults: None, service: off };
        state.running.push(RunningTask {
            task: "arn:aws:ecs:eu-west-1:111122223333:task/prod/00420042".into(),
            deployment: Some("ecs-svc/42".into()),
            revision: Some(revision(42)),
            started_at: state.now,
        });
    });
    world
}

#[test]
fn a_service_in_no_incident_goes_back_though_config_says_off_and_one_notice_says_who_and_why() {
    let world = behaving();
    press(&world, &order()).unwrap();
    assert_eq!(world.rollbacks(), [updated_to(41)]);
    assert_eq!(
        world.subjects(),
        ["[warning] prod/checkout: ana rolls it back from checkout:42 to checkout:41"]
    );
    let body = world.with(|state| state.sent[0].body.clone());
    insta::assert_snapshot!(body.replace(world.record().incident.unwrap().id.as_str(), "INCIDENT"));
    assert!(world.record().outbox.is_empty());
    assert!(world.record().ledger.is_bad(&revision(42)));
}

#[test]
fn a_deployment_in_flight_is_stopped_with_rollback() {
    let world = World::with_proven();
    world.deploys();
    press(&world, &order()).unwrap();
    assert_eq!(world.rollbacks(), stopped());
}

#[test]
fn the_same_order_twice_is_one_rollback_and_another_one_is_refused() {
    let world = behaving();
    press(&world, &order()).unwrap();
    assert_eq!(refusal(&world, &order()), None);
    let other = Order { id: "order-2".to_owned(), ..order() };
    assert_eq!(refusal(&world, &other), Some(Refusal::Underway { to: revision(41) }));
    assert_eq!(world.rollbacks(), [updated_to(41)]);
}

#[test]
fn what_guards_the_service_binds_a_person_and_leaves_no_trace() {
    type Case = (fn(&World), Order, Refusal);
    let pause = || Pause { until: None, by: Some("ben".to_owned()), reason: None };
    let cases: [Case; 5] = [
        (
            |world| {
                let paused = Some(Pause { until: None, by: Some("ben".to_owned()), reason: None });
                world.with(|state| state.account = Account { paused, ..Account::default() });
            },
            order(),
            Refusal::Paused(pause()),
        ),
        (
            |_| (),
            Order { to: Some(revision(39)), ..order() },
            Refusal::NotProven { revision: revision(39) },
        ),
        (
            |world| world.with(|state| state.begin("ecs-svc/43", 43)),
            Order { away_from: Some("ecs-svc/42".into()), ..order() },
            Refusal::Replaced("ecs-svc/43".into()),
        ),
        (
            |world| {
                world.with(|state| state.broken.insert("GetParameters", Fault::Refused));
            },
            order(),
            Refusal::Unreadable(
                "GetParameters was refused (AccessDeniedException: is not authorized)".to_owned(),
            ),
        ),
        (
            |world| {
                world.with(|state| state.broken.insert("DescribeTasks", Fault::Throttled));
            },
            order(),
            Refusal::Unreadable("DescribeTasks was throttled (Rate exceeded)".to_owned()),
        ),
    ];
    for (prepare, order, expected) in cases {
        let world = behaving();
        prepare(&world);
        let refused = refusal(&world, &order);
        assert_eq!(refused.as_ref(), Some(&expected));
        assert!(expected.is_safety());
        assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 0), "{expected}");
        assert_eq!(world.record().incident, None, "{expected}");
    }
}

#[test]
fn an_order_that_cannot_be_carried_out_is_told_and_its_incident_ends_by_itself() {
    let world = behaving();
    world.with(|state| state.inactive.insert(revision(41)));
    press(&world, &order()).unwrap();
    assert_eq!(world.rollbacks(), []);
    assert_eq!(
        world.subjects(),
        ["[warning] prod/checkout: rollback by hand on checkout:42, not rolled back"]
    );
    assert!(!world.record().ledger.is_bad(&revision(42)), "it was not rolled back from");
    assert!(world.record().rollbacks.is_empty(), "and no budget is spent");
    world.pass(60);
    world.deliver("sweep", &[]);
    assert_eq!((world.record().incident, world.subjects().len()), (None, 1));
}

#[test]
fn whatever_fails_or_dies_there_is_one_rollback_or_a_page_that_says_why_not() {
    let calls = {
        let world = behaving();
        world.with(|state| state.calls.clear());
        press(&world, &order()).unwrap();
        world.with(|state| state.calls.len())
    };
    assert!(calls >= 8, "{calls}");
    for number in 0..calls {
        for fault in FAULTS {
            let world = behaving();
            world.with(|state| {
                state.calls.clear();
                state.faults.insert(number, fault);
            });
            let case = format!("{fault:?} at call {number}");
            let taken = press(&world, &order());
            let was_kept = taken.is_some();
            let refused = taken.and_then(refused);
            // Sweep comes each minute.
            for minute in 0..7 {
                world.pass(61);
                world.deliver(&format!("sweep-{minute}"), &[]);
            }
            let done: Vec<Call> = world.rollbacks();
            let told = world.subjects();
            match done.as_slice() {
                [] if refused.is_some() => assert_eq!(told.len(), 0, "{case}: {told:?}"),
                // The order never was saved: the person saw an error, and presses again.
                [] if !was_kept && told.is_empty() => {}
                [] => assert!(told.iter().any(|one| one.contains("FAILED")), "{case}: {told:?}"),
                [one] => {
                    assert_eq!(*one, updated_to(41), "{case}");
                    assert!(
                        told.iter().any(|one| one.contains("ana rolls it back")),
                        "{case}: {told:?}"
                    );
                }
                more => panic!("{case}: {more:?}"),
            }
        }
    }
}

#[test]
fn an_observing_installation_still_finishes_what_a_person_ordered() {
    let world = behaving();
    let at = {
        let dry = behaving();
        dry.with(|state| state.calls.clear());
        press(&dry, &order()).unwrap();
        dry.with(|state| state.calls.iter().position(|call| *call == "UpdateService")).unwrap()
    };
    world.with(|state| {
        state.calls.clear();
        state.faults.insert(at, Fault::Killed);
    });
    assert!(press(&world, &order()).is_none(), "killed");
    world.pass(61);
    let service = ServiceKey::from("prod/checkout");
    let now = world.now();
    let until = now + jiff::SignedDuration::from_secs(30);
    let (by, mode) = ("sweep", Mode::Observe);
    let turn = Turn { service: &service, events: &[], now, until, by, mode, probes: false };
    let ports =
        Ports { ecs: &world, records: &world, config: &world, topics: &world, logs: &world };
    assert!(unless_killed(ports.take(&turn)).is_some());
    assert_eq!(world.rollbacks(), [updated_to(41)]);
}

#[test]
fn an_order_in_an_open_incident_joins_it() {
    let world = World::with_proven();
    let notify = Some("[health]\nrollback = 'notify'\n".to_owned());
    world.with(|state| state.config.service = notify);
    world.loops(End::Exit);
    press(&world, &order()).unwrap();
    assert_eq!(world.rollbacks(), stopped());
    assert_eq!(
        world.subjects().last().unwrap(),
        "[critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41"
    );
    let body = world.with(|state| state.sent.last().unwrap().body.clone());
    assert!(body.contains("Done      ordered by ana: checkout is slow since noon\n"), "{body}");
}

/// Ana's, for so many minutes from now on.
fn override_for(world: &World, minutes: i64) -> Override {
    let since = world.now();
    Override {
        id: "ana-1".to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "canary by hand".to_owned(),
        since,
        until: since + jiff::SignedDuration::from_mins(minutes),
        min: None,
        max: None,
        suspended: steady_core::scaling::Suspended::default(),
        rollback_off: true,
    }
}

#[test]
fn while_rollbacks_are_overridden_none_begins_and_when_that_ends_the_loop_that_goes_on_is_rolled_back()
 {
    let world = World::with_proven();
    let one = override_for(&world, 60);
    world.with(|state| state.overridden = Some(one));
    world.loops(End::OutOfMemory);
    assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 1));
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("nothing: rollbacks are overridden by ana until "), "{body}");
    let due = world.with(|state| state.stored.as_ref().unwrap().due.unwrap());
    assert!(due < world.now() + jiff::SignedDuration::from_mins(60));
    world.pass(3_600);
    world.deliver("after", &[crate::story::stop(world.now(), 300, 42, End::OutOfMemory)]);
    assert_eq!(world.rollbacks(), stopped());
}

#[test]
fn a_person_is_not_bound_by_the_override() {
    let world = behaving();
    let one = override_for(&world, 60);
    world.with(|state| state.overridden = Some(one));
    press(&world, &order()).unwrap();
    assert_eq!(world.rollbacks(), [updated_to(41)]);
}
