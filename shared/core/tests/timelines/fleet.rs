//! Several services of one account, in one time.

use jiff::SignedDuration;
use steady_core::group::{LOOK_EVERY, SEEN_WITHIN};
use steady_core::installation::Account;
use steady_core::name::ServiceKey;
use steady_core::notice::Notice;
use steady_core::report::What;

use crate::story::{Story, minutes, seconds};

pub(crate) struct Fleet {
    pub(crate) stories: Vec<Story>,
    pub(crate) account: Account,
    /// For how long each service's open incident has been told by nobody, with the same one thought to tell of it.
    untold: Vec<(SignedDuration, Option<ServiceKey>)>,
    /// Whether somebody was told on another topic than before.
    pub(crate) moved: bool,
}

/// The fleet's time goes on in such steps.
const STEP: SignedDuration = SignedDuration::from_secs(10);

impl Fleet {
    /// `prod/a`, `prod/b` and so on, all on a proven revision 41 with four tasks of it.
    pub(crate) fn of(size: usize) -> Self {
        let name = |number: usize| format!("prod/{}", char::from(b'a' + number as u8));
        let stories = (0..size).map(|number| Story::with_proven_of(&name(number)));
        Self {
            stories: stories.collect(),
            account: Account::default(),
            untold: vec![(SignedDuration::ZERO, None); size],
            moved: false,
        }
    }

    /// Something happens to one of them.
    pub(crate) fn befalls(&mut self, number: usize, happens: impl FnOnce(&mut Story)) {
        let story = &mut self.stories[number];
        std::mem::swap(&mut story.account, &mut self.account);
        happens(story);
        std::mem::swap(&mut story.account, &mut self.account);
    }

    /// The same to each of them, so many seconds apart.
    pub(crate) fn befalls_all(&mut self, apart: i64, mut happens: impl FnMut(&mut Story)) {
        for number in 0..self.stories.len() {
            self.befalls(number, &mut happens);
            self.pass(seconds(apart));
        }
    }

    /// Lets time pass for all.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        let mut left = time;
        while left > SignedDuration::ZERO {
            let step = left.min(STEP);
            for number in 0..self.stories.len() {
                self.befalls(number, |story| story.pass(step));
            }
            self.mind_the_untold(step);
            left -= step;
        }
    }

    /// INVARIANT: an open incident is told by itself, or by an open one on the same topic that is led by nobody: at once,
    /// but for the time until a page has gathered, and until it is seen that whoever told is out of trouble; the next in line
    /// may be so too by then, before it has told. Who leads and moves to another topic says so at its own next look, which
    /// may come just after that of who is led: two looks.
    fn mind_the_untold(&mut self, step: SignedDuration) {
        let looks = if self.moved { 2 } else { 1 };
        for number in 0..self.stories.len() {
            if self.is_told(number) {
                self.untold[number] = (SignedDuration::ZERO, None);
                continue;
            }
            let known = self.stories[number].record.incident.as_ref().unwrap();
            let led_by = known.group.as_ref().and_then(|group| group.led_by.as_ref());
            let (time, by) = &mut self.untold[number];
            if by.as_ref() != led_by {
                (*time, *by) = (SignedDuration::ZERO, led_by.cloned());
            }
            *time += step;
            assert!(
                *time <= LOOK_EVERY * looks + minutes(1),
                "{} is told by nobody: {known:?}",
                self.stories[number].record.service,
            );
        }
        assert!(SEEN_WITHIN > LOOK_EVERY);
    }

    fn is_told(&self, number: usize) -> bool {
        let story = &self.stories[number];
        let Some(incident) = &story.record.incident else { return true };
        if !incident.untold {
            return true;
        }
        let leader = incident.group.as_ref().and_then(|group| group.led_by.clone());
        let Some(leader) = leader else { return false };
        let topic = &story.config.notify.topic;
        self.stories.iter().any(|other| {
            let open = other.record.incident.as_ref().filter(|one| !one.untold);
            other.record.service == leader
                && other.config.notify.topic == *topic
                && open.is_some_and(|one| one.group.as_ref().is_some_and(|it| it.led_by.is_none()))
        })
    }

    /// All notices, in the order of time: who, what, and the subject.
    pub(crate) fn notices(&self) -> Vec<(ServiceKey, Notice)> {
        let mut all: Vec<(ServiceKey, Notice)> = Vec::new();
        for story in &self.stories {
            for entry in &story.entries {
                if let What::Notice(notice) = &entry.what {
                    all.push((story.record.service.clone(), notice.as_ref().clone()));
                }
            }
        }
        all.sort_by_key(|(service, notice)| (notice.at, service.clone()));
        all
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.notices().into_iter().map(|(_, notice)| notice.subject).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.stories.iter().map(|story| story.count(kind)).sum()
    }
}
