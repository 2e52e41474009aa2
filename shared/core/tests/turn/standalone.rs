//! Turns of a family: failed tasks of no service, counted once, told once an hour, never lost.

use jiff::{SignedDuration, Timestamp};
use steady_core::event::{Body, Concern, Event, Owner, TaskStatus};
use steady_core::port::ConfigFiles;
use steady_core::standalone::StandaloneRecord;

use crate::faulty::{FAULTS, Fault};
use crate::story::{End, stop};
use crate::world::{World, nightly_report};

const TELL: &str = "[notify]\nstandalone_tasks = ['nightly-report']\n";

/// An account with this `defaults.toml`.
fn with_defaults(text: &str) -> World {
    World::of(ConfigFiles { defaults: Some(text.to_owned()), service: None })
}

/// A task of `nightly-report:3` that ends with this exit code.
fn ended(at: Timestamp, task: u32, exit_code: i64) -> Event {
    let mut event = stop(at, task, 3, End::Exit);
    if let Body::Task(task) = &mut event.body {
        task.owner = Owner::Standalone(nightly_report());
        task.deployment = None;
        task.revision = Some("nightly-report:3".into());
        task.containers[0].exit_code = Some(exit_code);
    }
    event
}

impl World {
    fn fails(&self, task: u32) -> Event {
        ended(self.now(), task, 1)
    }

    /// As the queue does: see [`World::deliver`].
    fn deliver_family(&self, by: &str, events: &[Event]) {
        for receive in 1..=5 {
            let taken = self.family_turn(&format!("{by}.{receive}"), events);
            if matches!(&taken, Some(Ok(taken)) if taken.unfinished.is_empty()) {
                return;
            }
            self.pass(60);
        }
    }

    fn family_record(&self) -> StandaloneRecord {
        self.with(|state| StandaloneRecord::restore(state.family.as_ref().unwrap()).unwrap())
    }

    fn family_due(&self) -> Option<Timestamp> {
        self.with(|state| state.family.as_ref().unwrap().due)
    }

    fn calls(&self) -> Vec<&'static str> {
        self.with(|state| std::mem::take(&mut state.calls))
    }
}

// ---- what it costs ----

#[test]
fn a_failed_task_of_a_family_on_the_list_is_kept_sent_and_confirmed() {
    let world = with_defaults(TELL);
    world.deliver_family("one", &[world.fails(1)]);
    assert_eq!(
        world.calls(),
        ["GetParameters", "Query", "TransactWriteItems", "Publish", "PutItem"]
    );
    assert_eq!(
        world.subjects(),
        ["[warning] prod/nightly-report: task of nightly-report:3 failed"]
    );
    assert!(world.family_record().outbox.is_empty());
    assert_eq!(world.family_due(), None);
}

#[test]
fn a_family_not_on_the_list_costs_no_read_and_no_write_and_is_said() {
    for defaults in ["[notify]\nstandalone_tasks = ['import']\n", "team = 'payments'\n"] {
        let world = with_defaults(defaults);
        let taken = world.family_turn("one", &[world.fails(1)]).unwrap().unwrap();
        assert_eq!(world.calls(), ["GetParameters"]);
        assert_eq!(
            taken.entries[0].reason(),
            "a task of prod/nightly-report failed: told only if `notify.standalone_tasks` of defaults.toml names its family"
        );
    }
}

#[test]
fn a_task_that_is_done_or_does_not_say_yet_why_it_ended_concerns_nobody() {
    let at = with_defaults(TELL).now();
    assert_eq!(ended(at, 1, 1).concern(), Concern::Standalone(&nightly_report()));
    assert_eq!(ended(at, 1, 0).concern(), Concern::Nobody);
    let change = |change: fn(&mut steady_core::event::TaskEvent)| {
        let mut event = ended(at, 1, 1);
        if let Body::Task(task) = &mut event.body {
            change(task);
        }
        event.concern() == Concern::Nobody
    };
    assert!(change(|task| task.containers[0].exit_code = None), "its exit code is still to come");
    assert!(change(|task| task.last_status = TaskStatus::Deactivating));
}

#[test]
fn a_batch_of_a_hundred_failures_is_one_notice_that_counts_them() {
    let world = with_defaults(TELL);
    let hundred: Vec<Event> = (0..100).map(|task| world.fails(task)).collect();
    world.deliver_family("hundred", &hundred);
    assert_eq!(
        world.calls(),
        ["GetParameters", "Query", "TransactWriteItems", "Publish", "PutItem"]
    );
    assert_eq!(world.subjects().len(), 1);
    assert!(world.subjects()[0].contains("100 tasks of nightly-report:3 failed"));
    // The same once more: nothing to write.
    world.deliver_family("again", &hundred);
    assert_eq!(world.calls(), ["GetParameters", "Query"]);
    assert_eq!(world.subjects().len(), 1);
}

// ---- once an hour ----

#[test]
fn further_failures_wait_for_the_hour_and_are_told_when_it_has_passed_though_nothing_comes_in() {
    let world = with_defaults(TELL);
    let first = world.now();
    world.deliver_family("one", &[world.fails(1)]);
    for task in 2..5 {
        world.pass(600);
        world.deliver_family("more", &[world.fails(task)]);
    }
    let hour = first + SignedDuration::from_hours(1);
    assert_eq!((world.subjects().len(), world.family_due()), (1, Some(hour)));
    // Too early.
    world.deliver_family("early", &[]);
    assert_eq!(world.subjects().len(), 1);
    world.with(|state| state.now = hour);
    world.deliver_family("due", &[]);
    assert_eq!(
        world.subjects()[1],
        "[warning] prod/nightly-report: 3 tasks of nightly-report:3 failed"
    );
    assert_eq!(world.family_due(), None);
    // And nothing is left to tell.
    world.calls();
    world.pass(7_200);
    world.deliver_family("later", &[]);
    assert_eq!((world.subjects().len(), world.calls()), (2, vec!["GetParameters", "Query"]));
}

#[test]
fn a_family_taken_off_the_list_is_told_of_no_more_and_is_not_due_any_more() {
    let world = with_defaults(TELL);
    world.deliver_family("one", &[world.fails(1)]);
    world.pass(600);
    world.deliver_family("two", &[world.fails(2)]);
    assert!(world.family_due().is_some());
    world.with(|state| state.config.defaults = None);
    world.pass(3_600);
    world.deliver_family("due", &[]);
    assert_eq!((world.subjects().len(), world.family_due()), (1, None));
}

// ---- faults, races ----

/// One task fails, ten minutes later another; an hour later it is due.
fn story(world: &World) {
    world.deliver_family("one", &[world.fails(1)]);
    world.pass(600);
    world.deliver_family("two", &[world.fails(2)]);
    world.pass(3_600);
    world.deliver_family("due", &[]);
}

fn calls_of_the_story() -> usize {
    let world = with_defaults(TELL);
    story(&world);
    world.calls().len()
}

/// Both failures are told, each at least once, and nothing is left to do.
fn judge(world: &World, case: &str) {
    let sent = world.with(|state| state.sent.clone());
    let mut told: Vec<&str> = sent.iter().map(|message| message.id.as_str()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 2, "{case}: {:?}", world.subjects());
    assert!(world.family_record().outbox.is_empty(), "{case}");
    assert_eq!(world.family_due(), None, "{case}");
}

#[test]
fn with_any_fault_at_any_call_every_failure_is_told() {
    let calls = calls_of_the_story();
    assert_eq!(calls, 5 + 3 + 5);
    for number in 0..calls {
        for first in FAULTS {
            for second in [None].into_iter().chain(FAULTS.map(Some)) {
                let world = with_defaults(TELL);
                world.with(|state| {
                    state.faults.insert(number, first);
                    state.faults.extend(second.map(|second| (number + 1, second)));
                });
                story(&world);
                judge(&world, &format!("{first:?} then {second:?} at call {number}"));
            }
        }
    }
}

#[test]
fn turns_that_race_send_one_notice() {
    for number in 0..5 {
        let world = with_defaults(TELL);
        world.with(|state| state.other = Some((number, vec![ended(state.now, 1, 1)])));
        world.family_turn("one", &[world.fails(1)]).unwrap().unwrap();
        assert_eq!(world.subjects().len(), 1, "the second comes at call {number}");
        assert!(world.family_record().outbox.is_empty(), "the second comes at call {number}");
    }
}

#[test]
fn what_a_killed_invocation_left_is_sent_when_its_claim_has_run_out() {
    let world = with_defaults(TELL);
    world.with(|state| state.broken.insert("Publish", Fault::Killed));
    assert!(world.family_turn("first", &[world.fails(1)]).is_none(), "killed");
    world.with(|state| state.broken.clear());
    let claimed_until = world.now() + SignedDuration::from_secs(30);
    assert_eq!(world.family_due(), Some(claimed_until));
    // It may still be at it.
    world.pass(10);
    world.deliver_family("second", &[]);
    assert_eq!(world.subjects().len(), 0);
    world.with(|state| state.now = claimed_until);
    world.deliver_family("third", &[]);
    assert_eq!((world.subjects().len(), world.family_due()), (1, None));
}

#[test]
fn a_topic_that_takes_nothing_is_followed_by_the_default_one() {
    let topic = "arn:aws:sns:eu-west-1:111122223333:gone";
    let world = with_defaults(&format!("{TELL}topic = '{topic}'\n"));
    world.with(|state| state.closed.insert(topic.to_owned()));
    world.deliver_family("one", &[world.fails(1)]);
    let sent = world.with(|state| state.sent.clone());
    assert_eq!((sent.len(), &sent[0].topic), (1, &None));
    assert!(sent[0].body.contains(&format!("{topic} takes none")), "{}", sent[0].body);
}

#[test]
fn a_message_that_no_topic_takes_is_tried_once_a_turn_and_stays() {
    let world = with_defaults(TELL);
    world.with(|state| state.broken.insert("Publish", Fault::Refused));
    let taken = world.family_turn("one", &[world.fails(1)]).unwrap().unwrap();
    assert_eq!(world.calls().iter().filter(|call| **call == "Publish").count(), 1);
    assert_eq!(taken.unfinished.len(), 1);
    assert_eq!(world.family_record().outbox.pending().len(), 1);
    assert!(world.family_due().is_some());
}

// ---- config ----

#[test]
fn config_that_cannot_be_used_leaves_the_last_good_one_in_force_for_families_that_were_told_of() {
    let breakages: [fn(&World); 2] = [
        |world| {
            world.with(|state| {
                state.config.defaults = Some("[notify]\nstandalone_task = 1\n".to_owned());
            });
        },
        |world| {
            world.with(|state| {
                state.broken.insert("GetParameters", Fault::Refused);
            });
        },
    ];
    for break_it in breakages {
        let topic = "arn:aws:sns:eu-west-1:111122223333:reports";
        let world = with_defaults(&format!("{TELL}topic = '{topic}'\n"));
        world.deliver_family("one", &[world.fails(1)]);
        world.pass(7_200);
        break_it(&world);
        world.deliver_family("two", &[world.fails(2)]);
        let sent = world.with(|state| state.sent.clone());
        assert_eq!((sent.len(), sent[1].topic.as_deref()), (2, Some(topic)));

        // Of one never seen nobody can say whether it is asked for: it comes again, and its end is told.
        world.with(|state| (state.family, state.family_version) = (None, 0));
        let error = world.family_turn("three", &[world.fails(3)]).unwrap().unwrap_err();
        let said = error.to_string();
        let expected =
            "family `prod/nightly-report`: whether failed tasks are told of is not known (";
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(world.with(|state| state.family.clone()), None);
    }
}
