//! What is kept of a run for a picture: as much as a picture can show, however long the recording is.
//!
//! A picture is so many columns wide. Of each, the least and the most are kept and what was last, never a sample: a peak of one
//! minute in a year is still seen (M4, Jugel et al., VLDB 2014: drawn as steps, these give the very pixels that all values would).

use steady_sim::scaling::{Demand, Moment, needed};

/// More than this a picture does not have room for.
const COLUMNS: usize = 1000;

/// The least, the most and the last value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) last: f64,
}

impl Span {
    fn with(before: Option<Self>, value: f64) -> Option<Self> {
        let Some(Self { least, most, .. }) = before else {
            return Some(Self { least: value, most: value, last: value });
        };
        Some(Self { least: least.min(value), most: most.max(value), last: value })
    }
}

/// Some steps of the config's run, side by side in a picture.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    /// The load, in tasks that it fills; `None`: not known in any step.
    pub(super) load: Option<Span>,
    pub(super) running: Option<Span>,
    pub(super) desired: Option<Span>,
    /// Fewer tasks served than the load needed, in a step at least.
    pub(super) short: bool,
}

/// A stretch of steps in which fewer tasks served than the load needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortage {
    pub(super) first: usize,
    pub(super) steps: usize,
    /// Tasks that were missing at most.
    pub(super) missing: u32,
}

/// All runs of a report: of the config what each column was like, of all of them what was paid for.
#[derive(Debug)]
pub(in crate::backtest) struct Traces {
    steps: usize,
    pub(super) columns: Vec<Column>,
    /// By run as in [`crate::backtest::play::Played::outcomes`]: steps of tasks in each column.
    pub(super) paid: Vec<Vec<u64>>,
    pub(super) shortages: Vec<Shortage>,
}

impl Traces {
    pub(in crate::backtest) fn of(demand: &Demand, runs: usize) -> Self {
        let steps = demand.tasks.len();
        let columns = steps.min(COLUMNS);
        Self {
            steps,
            columns: vec![Column::default(); columns],
            paid: vec![vec![0; columns]; runs],
            shortages: Vec::new(),
        }
    }

    /// A step of a run; of each run they come in order.
    pub(in crate::backtest) fn see(&mut self, run: usize, moment: &Moment) {
        let column = moment.step * self.columns.len() / self.steps.max(1);
        let paid = self.paid.get_mut(run).and_then(|paid| paid.get_mut(column));
        if let Some(paid) = paid {
            *paid += u64::from(moment.desired());
        }
        if run == 0 {
            self.look(column, moment);
        }
    }

    fn look(&mut self, column: usize, moment: &Moment) {
        let is_known = !moment.load.is_nan();
        let missing = if is_known { needed(moment.load) } else { 0 }.saturating_sub(moment.running);
        if let Some(column) = self.columns.get_mut(column) {
            if is_known {
                column.load = Span::with(column.load, moment.load);
            }
            column.running = Span::with(column.running, f64::from(moment.running));
            column.desired = Span::with(column.desired, f64::from(moment.desired()));
            column.short |= missing > 0;
        }
        if missing == 0 {
            return;
        }
        match self.shortages.last_mut() {
            Some(last) if last.first + last.steps == moment.step => {
                last.steps += 1;
                last.missing = last.missing.max(missing);
            }
            _ => self.shortages.push(Shortage { first: moment.step, steps: 1, missing }),
        }
    }

    /// The most of load, running and desired tasks.
    pub(super) fn top(&self) -> f64 {
        let all = self.columns.iter().flat_map(|one| [one.load, one.running, one.desired]);
        all.flatten().map(|span| span.most).fold(0.0, f64::max)
    }
}

/// What tells the traces of each step, if there are any.
pub(in crate::backtest) fn watch(mut traces: Option<&mut Traces>) -> impl FnMut(usize, &Moment) {
    move |run, moment| {
        if let Some(traces) = traces.as_deref_mut() {
            traces.see(run, moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(step: usize, load: f64, running: u32) -> Moment {
        Moment { step, load, running, starting: 1, started: 0 }
    }

    fn demand(steps: usize) -> Demand {
        let start = "2026-11-21T00:00:00Z".parse().unwrap();
        Demand { start, step: 60, tasks: vec![1.0; steps] }
    }

    #[test]
    fn the_peak_of_one_minute_in_a_year_is_kept() {
        let demand = demand(525_600);
        let mut traces = Traces::of(&demand, 1);
        for step in 0..demand.tasks.len() {
            traces.see(0, &moment(step, if step == 300_007 { 42.5 } else { 1.5 }, 3));
        }
        assert_eq!(traces.columns.len(), 1000);
        assert_eq!(traces.top(), 42.5);
        let short: Vec<usize> = (0..1000).filter(|at| traces.columns[*at].short).collect();
        assert_eq!(short, [300_007 * 1000 / 525_600]);
        assert_eq!(traces.shortages, [Shortage { first: 300_007, steps: 1, missing: 40 }]);
        assert_eq!(traces.paid[0].iter().sum::<u64>(), 4 * 525_600);
    }

    #[test]
    fn a_step_without_known_load_is_no_shortage_and_ends_one() {
        let mut traces = Traces::of(&demand(5), 1);
        for (step, load) in [5.0, 6.0, f64::NAN, 5.0, 1.0].into_iter().enumerate() {
            traces.see(0, &moment(step, load, 4));
        }
        assert_eq!(
            traces.shortages,
            [
                Shortage { first: 0, steps: 2, missing: 2 },
                Shortage { first: 3, steps: 1, missing: 1 }
            ]
        );
        let known: Vec<bool> = traces.columns.iter().map(|one| one.load.is_some()).collect();
        assert_eq!(known, [true, true, false, true, true]);
    }
}
