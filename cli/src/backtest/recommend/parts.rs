//! Candidates over an earlier part and a later one, on all cores.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use steady_core::config::Scaling;
use steady_sim::scaling::{
    Assumptions, AutoScaling, Demand, Figures, Hpa, Scaler, Score, Static, run,
};

use super::candidates::{Candidates, Knobs};
use super::learn::Learned;
use super::{Answer, Asked, Fold, Tuned, WORTHWHILE, days, otherwise};

/// Two parts of a recording, and what is tried on them.
#[derive(Debug)]
pub(super) struct Parts {
    /// The recording until the end of the later part.
    demand: Demand,
    tuned: Range<usize>,
    shown: Range<usize>,
    learned: Learned,
    pub(super) candidates: Candidates,
}

/// What one candidate came to on both.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) tuned: Figures,
    pub(super) shown: Figures,
}

impl Parts {
    pub(super) fn of(asked: &Asked<'_>, tuned: usize, shown: usize) -> Self {
        let demand = Demand {
            tasks: asked.demand.tasks.iter().take(shown).copied().collect(),
            ..*asked.demand
        };
        let learned = Learned::from(&demand, tuned, asked.timezone);
        let candidates = Candidates::of(asked.config, asked.assumed, &learned, asked.budget);
        Self { demand, tuned: 0..tuned, shown: tuned..shown, learned, candidates }
    }

    fn play(&self, asked: &Asked<'_>, config: &Scaling) -> Option<Part> {
        let scaling = AutoScaling::new(config, asked.given, &self.demand, asked.assumed).ok()?;
        Some(self.judge(asked.assumed, scaling))
    }

    fn judge(&self, assumed: &Assumptions, mut by: impl Scaler) -> Part {
        let (mut tuned, mut shown) = (Score::default(), Score::default());
        run(&self.demand, assumed.start_up_seconds, &mut by, |moment, _| {
            let score = if moment.step < self.tuned.end { &mut tuned } else { &mut shown };
            score.see(moment, None);
        });
        let step = self.demand.step;
        Part { tuned: tuned.figures(step), shown: shown.figures(step) }
    }

    /// The cheapest within the budget on the earlier part, with what it and others came to on the later one.
    pub(super) fn fold(&self, asked: &Asked<'_>, played: &[Part], budget: f64) -> Option<Fold> {
        let best = super::cheapest(played, budget)?;
        let (part, knobs) = (played.get(best)?, self.candidates.all.get(best)?);
        let at_capacity = asked.assumed.utilization_at_capacity;
        let target = knobs.fill * at_capacity;
        let hpa = Hpa::new(&self.demand, target, at_capacity, knobs.min, knobs.max);
        let of = |by: Part| by.shown;
        Some(Fold {
            tuned_days: days(self.tuned.len(), self.demand.step),
            shown_days: days(self.shown.len(), self.demand.step),
            tuned: part.tuned.clone(),
            shown: part.shown.clone(),
            present: of(self.play(asked, asked.config)?),
            hpa: of(self.judge(asked.assumed, hpa)),
            static_peak: of(self.judge(asked.assumed, Static(self.learned.peak))),
            knobs: knobs.clone(),
        })
    }

    /// The answer, once all has been found to hold.
    pub(super) fn answer(
        &self,
        asked: &Asked<'_>,
        played: &[Part],
        best: usize,
        margin: f64,
        folds: Vec<Fold>,
    ) -> Answer {
        let nothing = || Answer::No("the config cannot be played".to_owned(), Vec::new());
        let (Some(part), Some(knobs)) = (played.get(best), self.candidates.all.get(best)) else {
            return nothing();
        };
        let config = knobs.applied(asked.config, asked.assumed);
        let Some(present) = self.play(asked, asked.config) else { return nothing() };
        let holds = present.tuned.violating_load <= asked.budget;
        let keep = holds && part.tuned.task_hours > present.tuned.task_hours * WORTHWHILE;
        let front = self.front(played);
        // Ever dearer and better: those that are good enough come last.
        let good = front.partition_point(|(_, one)| one.violating_load > asked.budget * margin);
        let trusted = front.get(good..).unwrap_or_default();
        let tuned = Box::new(Tuned {
            sensitivity: otherwise::all(asked, &config, keep, trusted),
            candidates: self.candidates.all.len(),
            margin,
            figures: part.tuned.clone(),
            present: present.tuned,
            folds,
            front,
            peak: self.learned.peak,
            min_is_enough: self.learned.enough(knobs.min),
            knobs: knobs.clone(),
            config,
        });
        if keep { Answer::Keep(tuned) } else { Answer::Tuned(tuned) }
    }

    /// Those that no other beats both ways, the cheapest first.
    fn front(&self, played: &[Part]) -> Vec<(Knobs, Figures)> {
        let mut all: Vec<(&Knobs, &Figures)> =
            self.candidates.all.iter().zip(played.iter().map(|part| &part.tuned)).collect();
        all.sort_by(|(_, one), (_, other)| {
            let cost = one.task_hours.total_cmp(&other.task_hours);
            cost.then(one.violating_load.total_cmp(&other.violating_load))
        });
        let mut least = f64::INFINITY;
        all.retain(|(_, figures)| {
            let better = figures.violating_load < least;
            least = least.min(figures.violating_load);
            better
        });
        all.into_iter().map(|(knobs, figures)| (knobs.clone(), figures.clone())).collect()
    }
}

/// Every candidate, in its order, however many cores there are. `progress` is told how many are done.
pub(super) fn play_all(
    asked: &Asked<'_>,
    parts: &Parts,
    progress: &(impl Fn(usize) + Sync),
) -> Vec<Part> {
    let all = &parts.candidates.all;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let slots: Mutex<Vec<Option<Part>>> = Mutex::new(vec![None; all.len()]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(knobs) = all.get(index) else { return };
            let part = parts.play(asked, &knobs.applied(asked.config, asked.assumed));
            if let Some(slot) = slots.lock().ok().as_mut().and_then(|slots| slots.get_mut(index)) {
                *slot = part;
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..asked.threads.max(1) {
            scope.spawn(work);
        }
    });
    let played: Option<Vec<Part>> = slots.into_inner().unwrap_or_default().into_iter().collect();
    played.unwrap_or_default()
}
