//! Lines of services that share a cause, in DynamoDB: a place is given once, in the write that reads the line.

use jiff::{SignedDuration, Timestamp};
use steady_core::config::Notify;
use steady_core::group::{Group, GroupKey, Joining, Page};
use steady_core::installation::Account;
use steady_core::name::ServiceKey;
use steady_core::notice::Severity;
use steady_core::port::{KeepGroups, KeepRecords};
use tokio::task::JoinSet;

use crate::setup::{aws_at, patient, start};

fn joining(minutes: i64) -> Joining {
    let came: Timestamp = "2026-11-21T02:00:00Z".parse().expect("a time");
    let notify =
        Notify { topic: Some("arn:aws:sns:eu-west-1:1:oncall".to_owned()), ..Notify::default() };
    Joining {
        key: GroupKey::environment("RESOURCE:FARGATE"),
        page: Page::of(&notify, Severity::Warning),
        at: came,
        now: came + SignedDuration::from_mins(minutes),
    }
}

fn name(number: usize) -> ServiceKey {
    format!("prod/service-{number:02}").as_str().into()
}

#[tokio::test]
async fn a_line_is_what_it_would_be_in_memory() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let key = joining(0).key;
    assert_eq!(table.group(&key).await, Ok(Group::default()));
    let mut memory = Account::default();
    for number in [3, 1, 2] {
        let joined = table.join(&name(number), &joining(0), &[]).await;
        assert_eq!(joined, Ok(memory.join(&name(number), &joining(0))));
    }
    // Once more changes nothing but when it was seen.
    let again = table.join(&name(3), &joining(5), &[]).await.expect("an answer");
    let expected = memory.join(&name(3), &joining(5));
    assert_eq!(again.members, expected.members);
    assert_eq!(again.members[&name(3)].place, 1);
    assert_eq!(table.group(&key).await, Ok(again));
    // Two go: one by itself, one since nobody has seen it for long.
    let left = table.leave(&name(3), &key).await.expect("an answer");
    assert_eq!(left.members.keys().collect::<Vec<_>>(), [&name(1), &name(2)]);
    let stale = left.stale(joining(13).now);
    let joined = table.join(&name(2), &joining(13), &stale).await.expect("an answer");
    assert_eq!(joined.members.keys().collect::<Vec<_>>(), [&name(2)]);
    // Whoever comes back is the last.
    let back = table.join(&name(3), &joining(13), &[]).await.expect("an answer");
    assert!(back.members[&name(3)].place > back.members[&name(2)].place);
    assert_eq!(table.account().await, Ok(Account::default()), "it is an item of its own");
}

#[tokio::test]
async fn of_many_that_come_at_once_each_has_a_place_and_one_leads() {
    let local = start().await;
    let mut joins = JoinSet::new();
    for number in 0..20 {
        let table = aws_at(&local.endpoint(), patient()).await.table("records");
        joins.spawn(async move {
            let seen = table.join(&name(number), &joining(0), &[]).await.expect("an answer");
            seen.leader_of(&name(number), &joining(0)).cloned()
        });
    }
    let leaders = joins.join_all().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let line = table.group(&joining(0).key).await.expect("an answer");
    let mut places: Vec<u64> = line.members.values().map(|member| member.place).collect();
    places.sort_unstable();
    assert_eq!(places, (1..=20).collect::<Vec<u64>>());
    let first = line.members.iter().find(|(_, member)| member.place == 1).map(|(name, _)| name);
    assert_eq!(leaders.iter().filter(|leader| leader.is_none()).count(), 1, "{leaders:?}");
    assert!(leaders.iter().flatten().all(|leader| Some(leader) == first), "{leaders:?}");
}
