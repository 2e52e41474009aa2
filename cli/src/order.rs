//! Events in order of their time, however they come.

use std::cmp::Ordering;

use jiff::Timestamp;
use steady_core::event::{Body, Event};
use steady_core::name::{Account, Region};

/// Up to so many events are held and ordered whole; of more, always at least the newest half of this many is
/// held back. (About 0.5 GB of events as ECS writes them.)
pub(crate) const WINDOW: usize = 1_000_000;

/// An event that waits for its turn.
#[derive(Debug)]
pub(crate) enum Held {
    /// One that may decide something.
    Event(Box<Event>),
    /// One that moves the clock and nothing else: half of a full recording, so it is not kept whole.
    Idle(Option<Account>, Option<Region>),
}

impl Held {
    pub(crate) fn new(event: Event) -> Self {
        match &event.body {
            Body::Task(task) if !task.tells_of_stop() && !task.is_running() => {
                Self::Idle(event.account, event.region)
            }
            _ => Self::Event(Box::new(event)),
        }
    }

    pub(crate) fn account(&self) -> Option<&Account> {
        match self {
            Self::Event(event) => event.account.as_ref(),
            Self::Idle(account, _) => account.as_ref(),
        }
    }

    pub(crate) fn region(&self) -> Option<&Region> {
        match self {
            Self::Event(event) => event.region.as_ref(),
            Self::Idle(_, region) => region.as_ref(),
        }
    }

    /// Within one second ECS's order is arbitrary; ours is always the same.
    fn within_second(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Event(a), Self::Event(b)) => a.within_second(b),
            (Self::Event(_), Self::Idle(..)) => Ordering::Less,
            (Self::Idle(..), Self::Event(_)) => Ordering::Greater,
            (Self::Idle(a, x), Self::Idle(b, y)) => (a, x).cmp(&(b, y)),
        }
    }
}

/// Orders events by time within [`WINDOW`].
#[derive(Debug)]
pub(crate) struct Order {
    held: Vec<(Timestamp, Held)>,
    window: usize,
}

impl Order {
    pub(crate) fn new(window: usize) -> Self {
        Self { held: Vec::new(), window: window.max(2) }
    }

    /// Takes an event in. If the window is full, returns the older half, in order.
    pub(crate) fn push(&mut self, at: Timestamp, held: Held) -> Vec<(Timestamp, Held)> {
        self.held.push((at, held));
        if self.held.len() <= self.window {
            return Vec::new();
        }
        let mut older = self.rest();
        self.held = older.split_off(self.window / 2);
        older
    }

    /// All that is still held, in order.
    pub(crate) fn rest(&mut self) -> Vec<(Timestamp, Held)> {
        let mut all = std::mem::take(&mut self.held);
        all.sort_by(|(a_at, a), (b_at, b)| a_at.cmp(b_at).then_with(|| a.within_second(b)));
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What tells one event from another here.
    type Key = (Timestamp, u32);

    fn event(second: i64, number: u32) -> (Timestamp, Held) {
        let at = Timestamp::from_second(second).unwrap();
        let name = format!("{number:012}");
        (at, Held::Idle(Some(Account::from(name.as_str())), None))
    }

    fn key((at, held): &(Timestamp, Held)) -> Key {
        (*at, held.account().unwrap().as_str().parse().unwrap())
    }

    /// All that comes out, and what of it before the end.
    fn through(window: usize, events: Vec<(Timestamp, Held)>) -> (Vec<Key>, usize) {
        let mut order = Order::new(window);
        let mut out = Vec::new();
        for (at, held) in events {
            out.extend(order.push(at, held).iter().map(key));
            assert!(order.held.len() <= window);
        }
        let early = out.len();
        out.extend(order.rest().iter().map(key));
        assert!(order.rest().is_empty());
        (out, early)
    }

    fn seconds() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(0_i64..40, 0..200)
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_once(window in 2_usize..20, seconds in seconds()) {
            let events = seconds.into_iter().zip(0..).map(|(second, number)| event(second, number));
            let events: Vec<_> = events.collect();
            let mut expected: Vec<Key> = events.iter().map(key).collect();
            let (mut out, _) = through(window, events);
            expected.sort_unstable();
            out.sort_unstable();
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn what_fits_the_window_is_ordered_whole(seconds in seconds()) {
            let events = seconds.into_iter().zip(0..).map(|(second, number)| event(second, number));
            let (out, early) = through(200, events.collect());
            prop_assert_eq!(early, 0);
            prop_assert!(out.is_sorted());
        }

        /// An event comes at most half a window of others later than it should; equal seconds are many.
        #[test]
        fn what_is_at_most_half_a_window_late_is_ordered(
            window in 2_usize..20,
            late in prop::collection::vec(0.0..1.0, 0..200),
        ) {
            let mut places: Vec<(usize, u32)> = late
                .iter()
                .zip(0..)
                .map(|(late, number)| (number as usize + (late * (window / 2 + 1) as f64) as usize, number))
                .collect();
            places.sort_by_key(|(place, _)| *place);
            let events = places.iter().map(|(_, number)| event(i64::from(*number / 3), *number));
            let (out, early) = through(window, events.collect());
            prop_assert!(out.is_sorted(), "{out:?}");
            // No more is held back than that takes.
            prop_assert!(late.len() <= window || early > 0);
        }
    }

    #[test]
    fn what_is_later_than_a_window_comes_late_and_is_not_lost() {
        let events = (1..=10).map(|number| event(i64::from(number), number));
        let events: Vec<_> = events.chain([event(0, 0)]).collect();
        let (out, early) = through(4, events);
        let numbers: Vec<u32> = out.iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10]);
        assert_eq!(early, 8);
    }
}
