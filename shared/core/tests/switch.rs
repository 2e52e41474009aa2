//! The switch that stops everything: nobody turns it in silence, and no pause is forgotten.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end at a surprise")]

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use steady_core::installation::{Account, Pause};
use steady_core::notice::Message;
use steady_core::port::{KeepSwitch, PortError, Publish, Saved};
use steady_core::switch::{self, Place, Switch, SwitchTurn};

#[derive(Default)]
struct World {
    stored: Mutex<(Switch, u64)>,
    sent: Mutex<Vec<Message>>,
    /// Whether SNS takes anything.
    is_closed: Mutex<bool>,
    /// Saved by somebody else just before the next save.
    meanwhile: Mutex<Option<Switch>>,
}

impl KeepSwitch for World {
    async fn load_switch(&self) -> Result<(Switch, u64), PortError> {
        Ok(self.stored.lock().unwrap().clone())
    }

    async fn save_switch(&self, switch: &Switch, version: u64) -> Result<Saved, PortError> {
        let mut stored = self.stored.lock().unwrap();
        if let Some(other) = self.meanwhile.lock().unwrap().take() {
            *stored = (other, stored.1 + 1);
        }
        if stored.1 != version {
            return Ok(Saved::Overtaken);
        }
        // It comes back from the table as JSON.
        let json = serde_json::to_string(switch).unwrap();
        *stored = (serde_json::from_str(&json).unwrap(), version + 1);
        Ok(Saved::Held)
    }
}

impl Publish for World {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        if *self.is_closed.lock().unwrap() {
            return Err(PortError::Throttled { call: "Publish", text: "Throttled".to_owned() });
        }
        self.sent.lock().unwrap().push(message.clone());
        Ok(())
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place() -> Place {
    let (account, region) = (Some("111122223333".into()), Some("eu-west-1".into()));
    Place { account, region, ..Place::default() }
}

impl World {
    fn turn(&self, by: &str, now: Timestamp) {
        let until = now + SignedDuration::from_secs(30);
        let place = place();
        let turn = SwitchTurn { place: &place, now, until, by };
        let mut taken = pin!(switch::take(self, self, &turn));
        match taken.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => drop(taken.unwrap()),
            Poll::Pending => panic!("nothing waits here"),
        }
    }

    fn switch(&self) -> Switch {
        self.stored.lock().unwrap().0.clone()
    }

    fn subjects(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|one| one.subject.clone()).collect()
    }

    /// As the command does.
    fn turned(turn: impl FnOnce(&mut Switch)) -> Self {
        let world = Self::default();
        turn(&mut world.stored.lock().unwrap().0);
        world
    }

    /// Sweep comes whenever something is due, until then.
    fn pass_until(&self, until: Timestamp) {
        for number in 0..20 {
            let Some(due) = self.switch().due().filter(|due| *due <= until) else { return };
            self.turn(&format!("sweep-{number}"), due);
        }
        panic!("it is due again and again");
    }
}

fn paused(until: Option<&str>) -> World {
    World::turned(|switch| {
        let (by, reason) = (Some("ana".to_owned()), Some("migration".to_owned()));
        let pause = Pause { until: until.map(at), by, reason };
        switch.pause(pause, &place(), at("2026-11-21T02:00:00Z"));
    })
}

#[test]
fn a_pause_is_told_when_it_begins_and_when_its_time_is_over_and_is_gone_then() {
    let world = paused(Some("2026-11-21T04:00:00Z"));
    assert_eq!(world.switch().due(), Some(at("2026-11-21T02:00:00Z")), "sweep sends it at once");
    world.pass_until(at("2026-11-21T03:59:59Z"));
    assert_eq!(world.subjects(), ["[warning] Steady: paused by ana until 2026-11-21 04:00:00 UTC"]);
    world.pass_until(at("2026-11-22T04:00:00Z"));
    assert_eq!(world.subjects().last().unwrap(), "[info] Steady: the pause is over");
    assert_eq!((world.subjects().len(), world.switch()), (2, Switch::default()));
}

#[test]
fn a_pause_without_an_end_is_told_each_day_until_somebody_resumes() {
    let world = paused(None);
    world.pass_until(at("2026-11-23T02:00:00Z"));
    assert_eq!(
        world.subjects(),
        [
            "[warning] Steady: paused by ana until somebody resumes",
            "[warning] Steady: still paused, for 1 d now",
            "[warning] Steady: still paused, for 2 d now",
        ]
    );
    let now = at("2026-11-23T09:00:00Z");
    assert!(world.stored.lock().unwrap().0.resume("ben", &place(), now));
    world.turn("sweep", now);
    assert_eq!(world.subjects().last().unwrap(), "[info] Steady: resumed by ben");
    assert_eq!(world.switch(), Switch::default());
}

#[test]
fn the_notice_of_a_pause_says_who_until_when_why_and_what_to_do() {
    let world = paused(Some("2026-11-21T04:00:00Z"));
    world.turn("sweep", at("2026-11-21T02:00:30Z"));
    let body = world.sent.lock().unwrap()[0].body.clone();
    let (text, id) = body.split_once("\nnotice ").unwrap();
    insta::assert_snapshot!(text, @"
    ana has paused Steady until 2026-11-21 04:00:00 UTC: it changes nothing; it watches and tells as before.

    Since     2026-11-21 02:00:00 UTC

    Why       migration

    Done      no rollback, no witnesses, no change of scaling; what AWS has taken before goes on

    You       1. Until it is over, roll back and scale by hand; steady status --region eu-west-1 shows what is open
              2. To let Steady act again: steady resume --region eu-west-1
    ");
    assert!(id.starts_with("pause-") && id.ends_with("-paused-1795226400, Steady 0.1.0\n"), "{id}");
}

#[test]
fn what_sns_does_not_take_is_kept_and_sent_later() {
    let world = paused(None);
    *world.is_closed.lock().unwrap() = true;
    world.turn("first", at("2026-11-21T02:00:30Z"));
    assert_eq!((world.subjects().len(), world.switch().outbox.pending().len()), (0, 1));
    *world.is_closed.lock().unwrap() = false;
    world.turn("second", at("2026-11-21T02:01:30Z"));
    assert_eq!((world.subjects().len(), world.switch().outbox.pending().len()), (1, 0));
}

#[test]
fn somebody_who_pauses_while_sweep_is_at_it_is_not_written_over() {
    let world = paused(Some("2026-11-21T04:00:00Z"));
    let mut other = world.switch();
    let pause = Pause { until: None, by: Some("ben".to_owned()), reason: None };
    other.pause(pause.clone(), &place(), at("2026-11-21T02:00:20Z"));
    *world.meanwhile.lock().unwrap() = Some(other);
    world.turn("sweep", at("2026-11-21T02:00:30Z"));
    assert_eq!(world.switch().paused, Some(pause));
    assert_eq!(world.subjects().len(), 2, "both are told: {:?}", world.subjects());
}

#[test]
fn resuming_what_is_not_paused_tells_nobody() {
    let mut switch = Switch::default();
    assert!(!switch.resume("ana", &place(), at("2026-11-21T02:00:00Z")));
    assert_eq!(switch, Switch::default());
}

#[test]
fn every_action_reads_the_same_pause() {
    let world = paused(Some("2026-11-21T04:00:00Z"));
    let account: Account =
        serde_json::from_str(&serde_json::to_string(&world.switch()).unwrap()).unwrap();
    assert_eq!(account.paused, world.switch().paused);
}
