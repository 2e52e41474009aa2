//! What becomes of overrides: put in, told, ended, forgotten.

use jiff::{SignedDuration, Timestamp};
use steady_core::config::{Capacity, Notify, Scaling};
use steady_core::installation::Home;
use steady_core::overrides::{
    self, MOST, OverriddenBy, Override, OverrideError, Which, decide, end, forget, put,
};
use steady_core::report::What;
use steady_core::scaling::{ScalingRecord, Suspended};

use crate::at;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn record() -> ScalingRecord {
    ScalingRecord {
        config: Scaling { capacity: Some(Capacity { min: 2, max: 40 }), ..Scaling::default() },
        notify: Notify {
            topic: Some("arn:aws:sns:eu-west-1:111122223333:team".to_owned()),
            ..Notify::default()
        },
        ..ScalingRecord::new("prod/checkout".into())
    }
}

fn one(id: &str, since: &str, lasts: SignedDuration) -> Override {
    Override {
        id: id.to_owned(),
        by: OverriddenBy::Person("ana".to_owned()),
        reason: "sale".to_owned(),
        since: at(since),
        until: at(since) + lasts,
        min: Some(20),
        max: None,
        suspended: Suspended::default(),
        rollback_off: false,
    }
}

/// What a turn does at `now`, all of it going well: tell, undo what is over, forget it. The stages told, and the next due.
fn turn(record: &mut ScalingRecord, now: &str) -> (Vec<&'static str>, Option<Timestamp>) {
    let now = at(now);
    let told = decide(record, now).into_iter().map(|entry| match entry.what {
        What::Notice(notice) => notice.stage,
        other => panic!("{other:?}"),
    });
    let told = told.collect();
    assert_eq!(decide(record, now), [], "told once");
    forget(record, now);
    (told, record.due(now))
}

#[test]
fn a_long_one_is_told_when_set_when_soon_over_and_when_over() {
    let mut record = record();
    put(&mut record, one("sale", "2026-11-21T02:00:00Z", HOUR * 2), at("2026-11-21T02:00:00Z"))
        .unwrap();
    let step = |record: &mut ScalingRecord, now: &str| turn(record, now);
    assert_eq!(
        step(&mut record, "2026-11-21T02:00:00Z"),
        (vec!["override-set"], Some(at("2026-11-21T03:45:00Z")))
    );
    assert_eq!(
        step(&mut record, "2026-11-21T02:30:00Z"),
        (vec![], Some(at("2026-11-21T03:45:00Z")))
    );
    assert_eq!(
        step(&mut record, "2026-11-21T03:45:20Z"),
        (vec!["override-soon-over"], Some(at("2026-11-21T04:00:00Z")))
    );
    assert_eq!(step(&mut record, "2026-11-21T04:00:10Z"), (vec!["override-over"], None));
    assert!(record.overrides.is_empty() && record.told.is_empty());
    assert_eq!(record.outbox.pending().len(), 3);
    assert_eq!(step(&mut record, "2026-11-21T05:00:00Z"), (vec![], None));
}

#[test]
fn a_short_one_and_an_incidents_are_not_told_but_undone() {
    let mut record = record();
    let start = "2026-11-21T02:00:00Z";
    let surge =
        Override { by: OverriddenBy::Alarm("latency".to_owned()), ..one("surge", start, HOUR) };
    let incident = OverriddenBy::Incident(steady_core::incident::IncidentId::new(
        &"prod/checkout".into(),
        &"ecs-svc/1".into(),
        at(start),
    ));
    let looping = Override {
        min: None,
        suspended: Suspended { dynamic_scaling_in: true, ..Suspended::default() },
        by: incident,
        ..one("incident", start, HOUR * 5)
    };
    put(&mut record, surge, at(start)).unwrap();
    put(&mut record, looping, at(start)).unwrap();
    assert_eq!(turn(&mut record, start), (vec![], Some(at("2026-11-21T03:00:00Z"))));
    assert_eq!(
        turn(&mut record, "2026-11-21T03:00:00Z"),
        (vec![], Some(at("2026-11-21T07:00:00Z")))
    );
    assert_eq!(turn(&mut record, "2026-11-21T07:00:00Z"), (vec![], None));
}

#[test]
fn what_is_over_stays_due_until_it_is_undone() {
    let mut record = record();
    let now = at("2026-11-21T05:00:00Z");
    put(&mut record, one("sale", "2026-11-21T02:00:00Z", HOUR * 2), at("2026-11-21T02:00:00Z"))
        .unwrap();
    assert_eq!(decide(&mut record, now), [], "nobody was told that it was set");
    assert_eq!(record.due(now), Some(now));
    assert_eq!(record.store(record.due(now)).due, Some(now));
    forget(&mut record, now);
    assert_eq!(record.due(now), None);
}

#[test]
fn a_surge_that_goes_off_again_is_prolonged_and_told_once_it_is_long() {
    let mut record = record();
    let alarm = |since: &str| Override {
        by: OverriddenBy::Alarm("latency".to_owned()),
        ..one("surge-latency", since, SignedDuration::from_mins(50))
    };
    let go = |record: &mut ScalingRecord, now: &str| {
        put(record, alarm(now), at(now)).unwrap();
        turn(record, now).0
    };
    assert_eq!(go(&mut record, "2026-11-21T02:00:00Z"), [""; 0]);
    assert_eq!(go(&mut record, "2026-11-21T02:30:00Z"), ["override-set"]);
    assert_eq!(record.overrides.len(), 1);
    assert_eq!(record.overrides[0].since, at("2026-11-21T02:00:00Z"));
    assert_eq!(turn(&mut record, "2026-11-21T03:10:00Z").0, ["override-soon-over"]);
    assert_eq!(go(&mut record, "2026-11-21T03:15:00Z"), [""; 0]);
    assert_eq!(turn(&mut record, "2026-11-21T03:50:00Z").0, ["override-soon-over"]);
    assert_eq!(turn(&mut record, "2026-11-21T04:05:00Z").0, ["override-over"]);
}

#[test]
fn ending_takes_those_that_are_named_and_nothing_else() {
    let now = at("2026-11-21T02:30:00Z");
    let full = || {
        let mut record = record();
        let start = "2026-11-21T02:00:00Z";
        let bea = OverriddenBy::Person("bea".to_owned());
        for new in [
            one("a", start, HOUR * 2),
            Override { by: bea, ..one("b", start, HOUR * 2) },
            Override { by: OverriddenBy::Alarm("x".to_owned()), ..one("c", start, HOUR * 2) },
            one("later", "2026-11-21T06:00:00Z", HOUR * 2),
        ] {
            put(&mut record, new, at(start)).unwrap();
        }
        record
    };
    for (which, expected) in [
        (Which::Id("c".to_owned()), "c"),
        (Which::Id("none".to_owned()), ""),
        (Which::OfPerson("ana".to_owned()), "a later"),
        (Which::OfPeople, "a b later"),
    ] {
        let mut record = full();
        decide(&mut record, at("2026-11-21T02:00:00Z"));
        let ended: Vec<String> =
            end(&mut record, &which, now).into_iter().map(|one| one.id).collect();
        assert_eq!(ended.join(" "), expected);
        assert!(record.overrides.iter().all(|one| ended.contains(&one.id) == (one.until <= now)));
        let told = decide(&mut record, now).len();
        assert_eq!(told, ended.len(), "whoever was told that it was set is told that it is over");
        assert_eq!(end(&mut record, &which, now), []);
        forget(&mut record, now);
        assert_eq!(record.overrides.len(), 4 - ended.len());
    }
}

#[test]
fn what_is_no_override_is_refused_with_the_reason() {
    let now = at("2026-11-21T02:00:00Z");
    let usual = || one("sale", "2026-11-21T02:00:00Z", HOUR * 2);
    let table = [
        (
            Override { min: None, ..usual() },
            "it changes nothing: expected other bounds, or no rollback",
        ),
        (
            Override { until: now, ..usual() },
            "it would be over at 2026-11-21 02:00:00 UTC, which is not after it begins",
        ),
        (
            Override { since: at("2026-11-21T09:00:00Z"), ..usual() },
            "it would be over at 2026-11-21 04:00:00 UTC, which is not after it begins",
        ),
        (
            Override { until: now + HOUR * 721, ..usual() },
            "it would last 30 d 1 h, at most 30 d are taken: what is wanted for longer belongs into the config",
        ),
        (
            Override { min: Some(5_001), ..usual() },
            "5001 tasks are more than ECS runs of one service, 5000",
        ),
        (Override { max: Some(4), ..usual() }, "it asks for at least 20 and at most 4 tasks"),
    ];
    for (new, expected) in table {
        let mut record = record();
        assert_eq!(put(&mut record, new, now).unwrap_err().to_string(), expected);
        assert_eq!(record, self::record());
    }
    let mut record = record();
    for number in 0..MOST {
        put(&mut record, one(&number.to_string(), "2026-11-21T02:00:00Z", HOUR), now).unwrap();
    }
    assert_eq!(put(&mut record, usual(), now), Err(OverrideError::TooMany));
    put(&mut record, one("3", "2026-11-21T02:00:00Z", HOUR * 3), now).unwrap();
    // Those that are over make room.
    put(&mut record, Override { until: now + HOUR * 4, ..usual() }, now + HOUR).unwrap();
}

#[test]
fn a_record_is_restored_as_it_was_stored_and_small() {
    let mut record = record();
    put(
        &mut record,
        one("ana-1795226400", "2026-11-21T02:00:00Z", HOUR * 2),
        at("2026-11-21T02:00:00Z"),
    )
    .unwrap();
    let now = at("2026-11-21T02:10:00Z");
    let next = record.due(now);
    let stored = record.store(next);
    assert_eq!(ScalingRecord::restore(&stored), Ok(record.clone()));
    assert!(stored.record.len() < 2_048, "{} bytes: {}", stored.record.len(), stored.record);
    assert_eq!(stored.due, next);
    decide(&mut record, now);
    // A message waits in the outbox: that is due first.
    assert_eq!(record.store(record.due(now)).due, Some(now));
    assert_eq!(ScalingRecord::restore(&record.store(None)), Ok(record));
}

#[test]
fn notices_read_as_prose() {
    let mut told = String::new();
    let start = "2026-11-21T02:00:00Z";
    let home = Home { account: Some("111122223333".into()), region: Some("eu-west-1".into()) };
    let mut sale = ScalingRecord { home, ..record() };
    put(&mut sale, one("ana-1795226400", start, HOUR * 2), at(start)).unwrap();
    let mut off = record();
    let quiet = Override {
        min: None,
        rollback_off: true,
        reason: "load test".to_owned(),
        ..one("bea-1", start, HOUR * 26)
    };
    put(&mut off, quiet, at(start)).unwrap();
    for (record, times) in [
        (&mut sale, vec![start, "2026-11-21T03:45:00Z", "2026-11-21T04:00:00Z"]),
        (&mut off, vec![start, "2026-11-22T04:00:00Z"]),
    ] {
        for now in times {
            for entry in overrides::decide(record, at(now)) {
                let What::Notice(notice) = entry.what else { continue };
                told += &format!("Subject: {}\n\n{}\n", notice.subject, notice.text());
                assert!(notice.subject.len() <= steady_core::notice::SUBJECT_MAX);
            }
        }
    }
    insta::assert_snapshot!(told);
}
