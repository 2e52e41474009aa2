//! Who tells for whom: the line, whoever comes in whatever order.

#![expect(clippy::unwrap_used, reason = "a test may end at a surprise")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use steady_core::config::Notify;
use steady_core::group::{Group, GroupKey, Joining, LINE_MAX, Page, SEEN_WITHIN};
use steady_core::name::ServiceKey;
use steady_core::notice::Severity;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_226_400 + second).unwrap()
}

fn page(topic: &str) -> Page {
    let topic = Some(format!("arn:aws:sns:eu-west-1:111122223333:{topic}"));
    Page::of(&Notify { topic, ..Notify::default() }, Severity::Warning)
}

fn joining(key: &GroupKey, topic: &str, came: i64, now: i64) -> Joining {
    Joining { key: key.clone(), page: page(topic), at: at(came), now: at(now) }
}

fn no_capacity() -> GroupKey {
    GroupKey::environment("no-capacity")
}

fn name(number: usize) -> ServiceKey {
    format!("prod/service-{number:03}").as_str().into()
}

/// Services come one after the other; who tells for each when it has come.
fn told_by(came: &[(&str, &str, i64)]) -> Vec<Option<String>> {
    let mut group = Group::default();
    let told = came.iter().map(|(service, topic, second)| {
        let service = ServiceKey::from(*service);
        let joining = joining(&no_capacity(), topic, *second, *second);
        group.join(&service, &joining, &group.stale(joining.now));
        group.leader_of(&service, &joining).map(ToString::to_string)
    });
    told.collect()
}

#[test]
fn the_first_on_a_page_tells_for_those_that_come_within_five_minutes() {
    let came = [
        ("prod/checkout", "a", 0),
        ("prod/cart", "a", 24),
        ("prod/billing", "b", 55),
        ("prod/search", "a", 300),
        ("prod/mail", "a", 301),
        ("prod/pdf", "a", 310),
        ("prod/tax", "b", 320),
    ];
    let (checkout, mail, billing) = ("prod/checkout", "prod/mail", "prod/billing");
    let told = told_by(&came);
    let expected = [None, Some(checkout), None, Some(checkout), None, Some(mail), Some(billing)];
    assert_eq!(told, expected.map(|one| one.map(str::to_owned)));
}

#[test]
fn whoever_is_first_in_the_line_leads_whatever_the_clocks_say() {
    // The later in the line has the earlier clock, or the smaller name.
    for (first, second) in [(("prod/b", 5), ("prod/a", 3)), (("prod/a", 3), ("prod/b", 5))] {
        let told = told_by(&[(first.0, "a", first.1), (second.0, "a", second.1)]);
        assert_eq!(told, [None, Some(first.0.to_owned())]);
    }
}

#[test]
fn a_graver_page_is_another_page() {
    let notify = Notify::default();
    assert_ne!(Page::of(&notify, Severity::Critical), Page::of(&notify, Severity::Warning));
}

#[test]
fn when_the_leader_goes_the_next_in_line_tells() {
    let mut group = Group::default();
    let join = |number: usize| joining(&no_capacity(), "a", number as i64, 60);
    for number in 0..3 {
        group.join(&name(number), &join(number), &[]);
    }
    assert_eq!(group.leader_of(&name(2), &join(2)), Some(&name(0)));
    group.leave(&name(0));
    assert_eq!(group.leader_of(&name(1), &join(1)), None);
    assert_eq!(group.leader_of(&name(2), &join(2)), Some(&name(1)));
    // Back again it is the last.
    group.join(&name(0), &join(0), &[]);
    assert_eq!(group.leader_of(&name(0), &join(0)), Some(&name(1)));
}

#[test]
fn who_is_not_seen_any_more_tells_for_nobody() {
    let mut group = Group::default();
    group.join(&name(0), &joining(&no_capacity(), "a", 0, 0), &[]);
    let later = SEEN_WITHIN.as_secs() + 1;
    let joining = joining(&no_capacity(), "a", 10, later);
    assert_eq!(group.stale(joining.now), [name(0)]);
    assert_eq!(group.leader_of(&name(1), &joining), None);
}

#[test]
fn a_long_line_grows_no_more_where_somebody_tells_for_the_newcomer() {
    let mut group = Group::default();
    let held = GroupKey::held();
    for number in 0..LINE_MAX {
        let joining = joining(&held, "a", 0, 0);
        assert!(!group.is_full_for(&name(number), &joining));
        group.join(&name(number), &joining, &[]);
    }
    let newcomer = joining(&held, "a", 30, 30);
    assert!(group.is_full_for(&name(LINE_MAX), &newcomer));
    assert_eq!(group.leader_of(&name(LINE_MAX), &newcomer), Some(&name(0)));
    assert!(!group.is_full_for(&name(3), &newcomer), "who is in it stays");
    assert!(!group.is_full_for(&name(LINE_MAX), &joining(&held, "b", 30, 30)), "another page");
}

/// What a service does.
#[derive(Debug, Clone)]
enum Move {
    Join { service: usize, topic: usize, clock_behind: i64 },
    Leave(usize),
    Pass(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..12_usize, 0..2_usize, 0..3_i64).prop_map(|(service, topic, clock_behind)| {
            Move::Join { service, topic, clock_behind }
        }),
        1 => (0..12_usize).prop_map(Move::Leave),
        2 => (1..200_i64).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..60)
}

proptest! {
    #[test]
    fn whoever_is_led_is_led_by_one_that_is_there_tells_by_itself_and_has_the_same_page(
        moves in moves(),
    ) {
        let mut group = Group::default();
        let mut now = 0;
        let mut came: Vec<Option<i64>> = vec![None; 12];
        for one in moves {
            match one {
                Move::Pass(seconds) => now += seconds,
                Move::Leave(service) => {
                    group.leave(&name(service));
                    came[service] = None;
                }
                Move::Join { service, topic, clock_behind } => {
                    let first = *came[service].get_or_insert(now - clock_behind);
                    let joining = joining(&no_capacity(), ["a", "b"][topic], first, now);
                    let stale = group.stale(joining.now);
                    group.join(&name(service), &joining, &stale);
                }
            }
            let place = |service: &ServiceKey| group.members.get(service).map(|one| one.place);
            for (service, member) in &group.members {
                let asks = Joining {
                    key: no_capacity(),
                    page: member.page.clone(),
                    at: member.at,
                    now: at(now),
                };
                let there = |seen: Timestamp| at(now).duration_since(seen) <= SEEN_WITHIN;
                if !there(member.seen) {
                    continue;
                }
                let Some(leader) = group.leader_of(service, &asks).cloned() else { continue };
                let told_for = group.led_by(&leader, &asks);
                prop_assert!(told_for.iter().any(|(led, _)| *led == service));
                let leads = &group.members[&leader];
                prop_assert!(there(leads.seen) && leads.page == member.page);
                let apart = leads.at.duration_since(member.at).abs();
                prop_assert!(apart <= SignedDuration::from_mins(5));
                prop_assert!(place(&leader) < place(service), "it came before");
                let theirs = Joining { at: leads.at, ..asks };
                prop_assert_eq!(group.leader_of(&leader, &theirs), None, "it tells by itself");
            }
        }
    }
}
