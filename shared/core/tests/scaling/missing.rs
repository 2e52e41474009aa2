//! Files that nobody finds any more: when that is told.

use jiff::SignedDuration;
use steady_core::config::Notify;
use steady_core::name::ServiceKey;
use steady_core::notice::of_vanished_config;
use steady_core::scaling::Missing;

use crate::wanted::start;

fn services(numbers: std::ops::Range<usize>) -> Vec<ServiceKey> {
    numbers.map(|number| ServiceKey::new("prod", &format!("service-{number}"))).collect()
}

#[test]
fn more_than_five_or_a_tenth_within_an_hour_is_told_once() {
    for (of, gone, is_told) in [
        (200, 5, false),
        (200, 6, true),
        (20, 2, false),
        (20, 3, true),
        (3, 1, true),
        (3, 0, false),
    ] {
        let mut missing = Missing::default();
        let told = missing.look(&[], &services(0..gone), of, start());
        assert_eq!(told.is_some(), is_told, "{gone} of {of}");
        assert_eq!(missing.look(&[], &services(0..gone), of, start()), None, "once");
    }
}

#[test]
fn they_add_up_within_the_hour_and_not_beyond_it() {
    for (minutes, is_told) in [(9, true), (15, false)] {
        let mut missing = Missing::default();
        let told = (0..6).filter_map(|number| {
            let at = start() + SignedDuration::from_mins(minutes) * i32::try_from(number).unwrap();
            missing.look(&[], &services(number..number + 1), 200, at)
        });
        assert_eq!(told.count(), usize::from(is_told), "one each {minutes} minutes");
    }
}

#[test]
fn what_is_there_again_does_not_count() {
    let mut missing = Missing::default();
    assert_eq!(missing.look(&[], &services(0..5), 200, start()), None);
    assert_eq!(missing.look(&services(0..5), &services(5..6), 200, start()), None);
}

#[test]
fn a_whole_tree_that_is_gone_is_one_notice_and_a_small_item() {
    let mut missing = Missing::default();
    let vanished = missing.look(&[], &services(0..3000), 3000, start()).unwrap();
    assert_eq!((vanished.count, vanished.services.len()), (3000, 100));
    assert!(serde_json::to_string(&missing).unwrap().len() < 6_000);
    let message = of_vanished_config(&vanished, &Notify::default(), start()).message();
    insta::assert_snapshot!(format!("{}\n\n{}", message.subject, message.body), @r"
    [warning] config: 3000 of 3000 services' config files are gone, nothing is changed

    The config of 3000 of 3000 services cannot be found any more. Nothing is changed: each keeps its last good config.

    Since     2026-11-21 02:00:00 UTC

    Why       prod/service-0, prod/service-1, prod/service-10, prod/service-11, prod/service-12
              and 2995 more

    You       1. See whether somebody deleted the parameters (CloudTrail: DeleteParameter), or the prefix of the config has changed
              2. Put them back: steady push of your config directory
              3. If these services are to leave, say so: `remove = true` in their files, or steady push --prune

    notice scaling-1795226400-9a566793094d3582, Steady 0.1.0
    ");
}
