//! Application Auto Scaling in virtual time: timelines, and what must hold of every one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "functions that tests share are tests too")]

mod properties;
mod theory;
mod timelines;

use steady_core::config::{Scaling, SourceFile, load_tree};
use steady_core::scaling::Bounds;
use steady_sim::scaling::{
    Action, Assumptions, AutoScaling, Base, Demand, Given, Held, LeftOut, Moment, run,
};

/// The scaling of a config file, read as the product reads it.
fn config(text: &str) -> Scaling {
    let loaded = load_tree(&[SourceFile { path: "prod/checkout.toml", text }]);
    let tree = loaded.tree.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    tree.for_service("prod/checkout").scaling.clone()
}

/// A load from 2026-11-21, a Saturday, 00:00 on.
fn demand(step: u32, tasks: impl IntoIterator<Item = f64>) -> Demand {
    let start = "2026-11-21T00:00:00Z".parse().unwrap();
    Demand { start, step, tasks: tasks.into_iter().collect() }
}

/// So many steps of each load.
fn stretches(parts: &[(usize, f64)]) -> Vec<f64> {
    parts.iter().flat_map(|(steps, load)| vec![*load; *steps]).collect()
}

struct Played {
    moments: Vec<Moment>,
    bounds: Vec<Bounds>,
    actions: Vec<Action>,
    held: Held,
    left_out: Vec<LeftOut>,
}

impl Played {
    /// `(step, from, to)` of every action.
    fn moves(&self) -> Vec<(usize, u32, u32)> {
        self.actions.iter().map(|action| (action.step, action.from, action.to)).collect()
    }

    fn told(&self) -> Vec<String> {
        self.actions.iter().map(ToString::to_string).collect()
    }
}

fn play(config: &Scaling, given: &Given, demand: &Demand, assumed: &Assumptions) -> Played {
    let mut scaling = AutoScaling::new(config, given, demand, assumed).unwrap();
    let (mut moments, mut bounds) = (Vec::new(), Vec::new());
    run(demand, assumed.start_up_seconds, &mut scaling, |moment, scaling| {
        moments.push(*moment);
        bounds.push(scaling.bounds());
    });
    let AutoScaling { actions, held, left_out, .. } = scaling;
    Played { moments, bounds, actions, held, left_out }
}
