//! Turns: decide, persist, act, confirm, with a fake world behind the ports that fails as AWS does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end at a surprise")]

mod announced;
mod cost;
mod ecs;
#[path = "../faulty/mod.rs"]
mod faulty;
mod late;
mod logs;
mod ordered;
mod past;
mod probe;
mod settings;
mod standalone;
mod stopped;
mod story;
mod together;
mod world;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use steady_core::event::{Body, DeploymentEventName};
use steady_core::installation::{Account, Pause};
use steady_core::notice::Message;
use steady_core::port::{Call, ConfigFiles};
use steady_core::rollback::{Reason, Refusal, RollbackState};

use ecs::revision;
use faulty::{FAULTS, Fault};
use story::{End, deployment, stop};
use world::World;

fn stopped() -> Vec<Call> {
    let arn = "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/ecs-svc/42";
    vec![Call::StopServiceDeployment { arn: arn.to_owned() }]
}

fn updated_to(number: u32) -> Call {
    Call::UpdateService {
        service: "prod/checkout".into(),
        revision: revision(number),
        restore: None,
    }
}

fn failed_guard(world: &World) -> Option<Refusal> {
    match world.record().incident?.rollback {
        RollbackState::Failed { why: Reason::Guard(refusal), .. } => Some(refusal),
        _ => None,
    }
}

/// checkout:42 has completed, and then its tasks end; `before` happens in between.
fn completed_and_looping(before: impl FnOnce(&World)) -> World {
    let world = World::with_proven();
    world.completes();
    before(&world);
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    world
}

// ---- one case in full ----

#[test]
fn a_loop_in_flight_is_stopped_with_rollback_and_told_once() {
    let world = World::with_proven();
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), stopped());
    assert_eq!(
        world.subjects(),
        ["[critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41"]
    );
    assert!(world.record().outbox.is_empty());
}

#[test]
fn a_loop_after_completion_is_updated_to_the_proven_revision() {
    let world = completed_and_looping(|_| ());
    assert_eq!(world.rollbacks(), [updated_to(41)]);
    assert_eq!(world.subjects().len(), 1);
}

#[test]
fn a_hold_is_told_and_the_rollback_follows_when_it_has_ended() {
    let world = World::with_proven();
    world.loops(End::Exit);
    assert_eq!(world.rollbacks(), stopped());
    let said = world.subjects().join("\n");
    assert_eq!(
        said,
        "[critical] prod/checkout: restart loop on checkout:42, about to roll back to checkout:41\n\
         [critical] prod/checkout: restart loop on checkout:42, rolling back to checkout:41"
    );
}

#[test]
fn a_batch_of_a_hundred_stops_is_one_read_and_one_write() {
    let world = World::with_proven();
    let stops: Vec<_> = (0..100).map(|n| stop(world.now(), 1000 + n, 41, End::ScaleIn)).collect();
    world.deliver("hundred", &stops);
    assert_eq!(world.with(|state| state.calls.clone()), ["Query", "TransactWriteItems"]);
}

#[test]
fn what_came_before_costs_one_read_and_no_write() {
    let world = World::with_proven();
    let known = [stop(world.now(), 100, 41, End::ScaleIn)];
    let before = world.with(|state| state.stored.clone());
    world.deliver("again", &known);
    assert_eq!(world.with(|state| state.stored.clone()), before);
    assert_eq!(world.with(|state| state.calls.clone()), ["Query"]);
}

#[test]
fn a_healthy_services_record_stays_under_two_kilobytes() {
    let world = World::with_proven();
    let mut largest = String::new();
    for day in 42..72 {
        let id = format!("ecs-svc/58301671228745098{day}");
        world.pass(1_800);
        world.with(|state| state.begin(&id, day));
        world.deliver("begin", &[deployment(world.now(), &id, DeploymentEventName::InProgress)]);
        world.with(world::State::complete);
        world.deliver("done", &[deployment(world.now(), &id, DeploymentEventName::Completed)]);
        // Scaled in and out every half hour.
        for half_hour in 0..47 {
            world.pass(1_800);
            let mut scaled_in = stop(world.now(), day * 100 + half_hour, day, End::ScaleIn);
            if let Body::Task(task) = &mut scaled_in.body {
                task.deployment = Some(id.as_str().into());
                task.started_at = task.started_at.map(|at| at - SignedDuration::from_mins(50));
            }
            world.deliver("scale-in", &[scaled_in]);
            let record = world.with(|state| state.stored.as_ref().unwrap().record.clone());
            if record.len() > largest.len() {
                largest = record;
            }
        }
    }
    assert!((1_000..2_048).contains(&largest.len()), "{}: {largest}", largest.len());
}

// ---- faults ----

/// The calls of the story without a fault.
fn calls_of_the_story() -> usize {
    let world = World::with_proven();
    world.loops(End::OutOfMemory);
    world.with(|state| state.calls.len())
}

#[test]
fn with_any_fault_at_any_call_there_is_one_rollback_and_a_notice_or_a_page_that_says_why_not() {
    let calls = calls_of_the_story();
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 0..calls {
        for fault in FAULTS {
            let world = World::with_fault(number, fault);
            world.loops(End::OutOfMemory);
            let told = world.subjects();
            let call = world.with(|state| state.calls[number]);
            let case = format!("{fault:?} at call {number}, {call}: {told:?}");
            match world.rollbacks() {
                done if done == stopped() => {
                    assert!(
                        told.iter().any(|one| one.contains("rolling back to checkout:41")),
                        "{case}"
                    );
                    *ends.entry("rolled back").or_default() += 1;
                }
                none => {
                    assert_eq!(none, [], "{case}");
                    assert_eq!(fault, Fault::Refused, "{case}");
                    assert!(told.iter().any(|one| one.contains("the rollback FAILED")), "{case}");
                    assert!(
                        !told.iter().any(|one| one.contains("rolling back")),
                        "nothing is announced that is known not to come: {case}"
                    );
                    *ends.entry("paged").or_default() += 1;
                }
            }
            assert!(world.record().outbox.is_empty(), "{case}");
        }
    }
    assert!(calls >= 15, "{calls}");
    assert!(ends["rolled back"] > 60 && ends["paged"] >= 3, "{ends:?}");
}

#[test]
fn two_faults_in_a_row_change_nothing_of_that() {
    let calls = calls_of_the_story();
    let pairs =
        [Fault::Throttled, Fault::Lost, Fault::AnswerLost, Fault::Killed, Fault::KilledAfter];
    for number in 0..calls {
        for (first, second) in pairs.into_iter().flat_map(|a| pairs.map(|b| (a, b))) {
            let world = World::with_fault(number, first);
            world.with(|state| state.faults.insert(number + 1, second));
            world.loops(End::OutOfMemory);
            let case = format!("{first:?} then {second:?} at call {number}");
            assert_eq!(world.rollbacks(), stopped(), "{case}");
            assert!(!world.subjects().is_empty(), "{case}");
        }
    }
}

#[test]
fn an_api_that_takes_nothing_for_long_is_given_up_and_paged() {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopServiceDeployment", Fault::Throttled));
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), []);
    let failed = |message: &&Message| message.attributes["stage"] == "rollback-failed";
    let sent = world.with(|state| state.sent.clone());
    assert_eq!(sent.iter().filter(failed).count(), 1, "{:?}", world.subjects());
    let last = sent.iter().find(failed).unwrap();
    assert_eq!(
        last.subject,
        "[critical] prod/checkout: restart loop on checkout:42, and the rollback FAILED"
    );
    assert!(last.body.contains("Rate exceeded"), "{}", last.body);
    assert!(last.body.contains(
        "aws ecs update-service --cluster prod --service checkout --task-definition checkout:41"
    ));
}

#[test]
fn an_action_left_by_a_killed_invocation_waits_for_its_claim_and_is_finished_by_the_next_event() {
    let world = World::with_proven();
    let before_it = {
        let dry = World::with_proven();
        dry.loops(End::OutOfMemory);
        dry.with(|state| state.calls.iter().position(|call| *call == "StopServiceDeployment"))
            .unwrap()
    };
    world.with(|state| {
        state.faults.insert(before_it, Fault::Killed);
        state.begin("ecs-svc/42", 42);
    });
    let now = world.now();
    world.deliver("begin", &[deployment(now, "ecs-svc/42", DeploymentEventName::InProgress)]);
    world.pass(45);
    let four = world.four(End::OutOfMemory);
    assert!(world.turn("first", &four).is_none(), "killed");
    assert_eq!((world.rollbacks(), world.record().outbox.pending().len()), (vec![], 2));
    // Another invocation comes while the first may still be at it.
    world.pass(10);
    world.turn("second", &[stop(world.now(), 204, 42, End::OutOfMemory)]).unwrap().unwrap();
    assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 0));
    // And one when it cannot be any more.
    world.pass(20);
    world.turn("third", &[stop(world.now(), 205, 42, End::OutOfMemory)]).unwrap().unwrap();
    assert_eq!((world.rollbacks(), world.subjects().len()), (stopped(), 1));
}

// ---- refusals ----

#[test]
fn nothing_is_done_without_config_that_says_so() {
    let world = World::with_proven();
    world.with(|state| state.config = ConfigFiles { defaults: None, service: None });
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), []);
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("nothing: config says `rollback = \"notify\"` (the default)"), "{body}");
}

#[test]
fn config_with_an_error_leaves_the_last_good_one_in_force() {
    let world = World::with_proven();
    world.with(|state| state.config.service = Some("[health]\nrolback = 'off'\n".to_owned()));
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), stopped());
}

#[test]
fn a_target_that_was_deregistered_is_refused_with_its_name() {
    let world = World::with_proven();
    world.with(|state| state.inactive.insert(revision(41)));
    world.loops(End::OutOfMemory);
    assert_eq!(world.rollbacks(), []);
    assert_eq!(world.subjects().len(), 1, "{:?}", world.subjects());
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("checkout:41 was deregistered (INACTIVE)"), "{body}");
    assert!(!world.record().ledger.is_bad(&revision(42)), "it was not rolled back from");
    assert!(world.record().rollbacks.is_empty(), "and no budget is spent");
}

#[test]
fn a_deployment_that_has_moved_on_is_left_alone() {
    let world = World::with_proven();
    world.deploys();
    // Somebody deploys, and ECS has not told yet.
    world.with(|state| state.begin("ecs-svc/43", 43));
    let four = world.four(End::OutOfMemory);
    world.deliver("four", &four);
    assert_eq!(world.rollbacks(), []);
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(body.contains("another deployment, ecs-svc/43, has begun since"), "{body}");
    let looked = world.with(|state| state.calls.contains(&"DescribeServices"));
    assert!(!looked, "what the first look shows is not decided, and so not tried");
}

#[test]
fn a_deployment_that_moves_on_between_the_decision_and_the_look_is_left_alone() {
    let world = World::with_proven();
    world.with(|state| state.before_call = Some(("DescribeServices", "ecs-svc/43", 43)));
    world.loops(End::OutOfMemory);
    assert_eq!(
        (world.rollbacks(), failed_guard(&world)),
        (vec![], Some(Refusal::Replaced("ecs-svc/43".into())))
    );
}

#[test]
fn a_rollback_that_somebody_was_quicker_with_is_not_called_ours() {
    let world = World::with_proven();
    world.with(|state| state.before_call = Some(("DescribeServices", "ecs-svc/44", 41)));
    world.loops(End::OutOfMemory);
    let theirs = Refusal::AlreadyRollingBack("ecs-svc/44".into());
    assert_eq!((world.rollbacks(), failed_guard(&world)), (vec![], Some(theirs)));
    assert_eq!(world.subjects().len(), 1);
}

#[test]
fn a_deployment_run_over_by_the_rollback_is_put_back_and_paged() {
    let world = completed_and_looping(|world| {
        world.with(|state| state.meanwhile = Some("ecs-svc/43"));
    });
    assert_eq!(world.rollbacks(), [updated_to(41), updated_to(43)]);
    let Some(Refusal::PutBack { deployment, revision: Some(back) }) = failed_guard(&world) else {
        panic!("{:?}", world.record().incident);
    };
    assert_eq!((deployment.as_str(), back), ("ecs-svc/43", revision(43)));
    let last = world.with(|state| state.sent.last().cloned()).unwrap();
    assert!(last.body.contains("has been updated to checkout:43 again"), "{}", last.body);
}

#[test]
fn a_pause_stops_everything_and_is_said_once() {
    let world = World::with_proven();
    let until = world.now() + jiff::SignedDuration::from_hours(1);
    let pause = Pause { until: Some(until), by: Some("ana".to_owned()), reason: None };
    world.with(|state| state.account = Account { paused: Some(pause), ..Account::default() });
    world.loops(End::OutOfMemory);
    assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 1));
    let body = world.with(|state| state.sent[0].body.clone());
    assert!(
        body.contains("nothing: Steady is paused by ana until 2026-11-21 03:30:00 UTC"),
        "{body}"
    );
    // When it ends, the next event finds it so.
    world.pass(3_600);
    world.deliver("after", &[stop(world.now(), 300, 42, End::OutOfMemory)]);
    assert_eq!(world.rollbacks(), stopped());
}

#[test]
fn a_pause_without_an_end_is_over_when_somebody_resumes() {
    let world = World::with_proven();
    world.with(|state| {
        state.account = Account { paused: Some(Pause::default()), ..Account::default() }
    });
    world.loops(End::OutOfMemory);
    assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 1));
    world.with(|state| state.account = Account::default());
    world.pass(45);
    world.deliver("resumed", &[stop(world.now(), 300, 42, End::OutOfMemory)]);
    assert_eq!(world.rollbacks(), stopped());
}

#[test]
fn what_cannot_be_read_forbids_acting_and_keeps_nobody_from_being_told() {
    for call in ["GetParameters", "GetItem"] {
        let world = World::with_proven();
        world.with(|state| state.broken.insert(call, Fault::Refused));
        world.loops(End::OutOfMemory);
        assert_eq!((world.rollbacks(), world.subjects().len()), (vec![], 1), "{call}");
        let body = world.with(|state| state.sent[0].body.clone());
        let why = format!("nothing: whether it is allowed could not be read: {call} was refused");
        assert!(body.contains(&why), "{body}");
        // When it can be read again, the next event finds it so.
        world.with(|state| state.broken.clear());
        world.pass(45);
        world.deliver("later", &[stop(world.now(), 300, 42, End::OutOfMemory)]);
        assert_eq!(world.rollbacks(), stopped(), "{call}");
    }
}

#[test]
fn a_pause_between_the_decision_and_the_act_holds_too() {
    let world = World::with_proven();
    let act = {
        let dry = World::with_proven();
        dry.loops(End::OutOfMemory);
        let calls = dry.with(|state| state.calls.clone());
        let stops = calls.iter().position(|call| *call == "StopServiceDeployment").unwrap();
        calls[..stops].iter().rposition(|call| *call == "GetItem").unwrap()
    };
    // The invocation dies just before it reads the switch.
    world.with(|state| state.faults.insert(act, Fault::Killed));
    world.deploys();
    let four = world.four(End::OutOfMemory);
    assert!(world.turn("first", &four).is_none());
    world.with(|state| {
        state.account = Account { paused: Some(Pause::default()), ..Account::default() }
    });
    world.pass(60);
    world.deliver("next", &four);
    assert_eq!(world.rollbacks(), []);
    assert_eq!(world.subjects(), ["[critical] prod/checkout: restart loop on checkout:42"]);
}

#[test]
fn a_topic_that_takes_nothing_is_followed_by_the_default_one() {
    let world = World::with_proven();
    let topic = "arn:aws:sns:eu-west-1:111122223333:gone";
    world.with(|state| {
        let config = format!("[health]\nrollback = 'auto'\n[notify]\ntopic = '{topic}'\n");
        state.config.service = Some(config);
        state.closed.insert(topic.to_owned());
    });
    world.loops(End::OutOfMemory);
    let sent = world.with(|state| state.sent.clone());
    assert_eq!((sent.len(), &sent[0].topic), (1, &None));
    assert!(sent[0].body.contains(&format!("{topic} takes none")), "{}", sent[0].body);
}

// ---- races ----

#[test]
fn turns_that_race_make_one_rollback() {
    // The second turn runs whole in the middle of the first one's, at each of its calls.
    let calls = calls_of_the_story();
    for number in 0..calls {
        let world = World::with_proven();
        world.deploys();
        let four = world.four(End::OutOfMemory);
        world.race(number, &four);
        assert_eq!(world.rollbacks(), stopped(), "the second comes at call {number}");
        assert_eq!(world.subjects().len(), 1, "the second comes at call {number}");
    }
}

// ---- what people read ----

/// The last notice, without what other tests hold: subject, what, done, your steps.
fn last_notice(world: &World) -> String {
    let message = world.with(|state| state.sent.last().cloned()).unwrap();
    let paragraphs: Vec<&str> = message.body.split("\n\n").collect();
    let told = |label: &str| paragraphs.iter().find(|one| one.starts_with(label)).unwrap();
    format!("{}\n\n{}\n\n{}\n\n{}", message.subject, paragraphs[0], told("Done"), told("You"))
}

#[test]
fn a_rollback_that_was_refused_by_aws_is_told_with_what_to_do_first() {
    let world = World::with_proven();
    world.with(|state| state.broken.insert("StopServiceDeployment", Fault::Refused));
    world.loops(End::OutOfMemory);
    insta::assert_snapshot!(last_notice(&world));
}

#[test]
fn a_rollback_to_what_cannot_run_is_told_without_a_command_that_would_fail() {
    let world = World::with_proven();
    world.with(|state| state.inactive.insert(revision(41)));
    world.loops(End::OutOfMemory);
    insta::assert_snapshot!(last_notice(&world));
}

#[test]
fn a_deployment_that_was_run_over_is_told_with_what_became_of_it() {
    let world = completed_and_looping(|world| {
        world.with(|state| state.meanwhile = Some("ecs-svc/43"));
    });
    insta::assert_snapshot!(last_notice(&world));
}
